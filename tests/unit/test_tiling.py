import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from senmei.geometry import Size
from senmei.tiling import computed_pixels, plan_tiles

sides = st.integers(1, 400)
sizes = st.builds(Size, sides, sides)
cores = st.builds(Size, st.integers(1, 150), st.integers(1, 150))


@given(sizes, cores, st.integers(0, 40), st.integers(1, 8))
def test_cores_cover_the_picture_exactly_once(picture: Size, core: Size, overlap: int, multiple_of: int) -> None:
    plan = plan_tiles(picture, core=core, overlap=overlap, multiple_of=multiple_of)
    covered = np.zeros((picture.height, picture.width), int)
    for tile in plan.tiles:
        assert tile.core.within(picture)
        covered[tile.core.slices] += 1
    assert (covered == 1).all()


@given(sizes, cores, st.integers(0, 40), st.integers(1, 8))
def test_sources_are_equal_and_see_the_overlap(picture: Size, core: Size, overlap: int, multiple_of: int) -> None:
    plan = plan_tiles(picture, core=core, overlap=overlap, multiple_of=multiple_of)
    for tile in plan.tiles:
        assert tile.source.size == plan.shape
        assert tile.source.x <= tile.core.x - overlap and tile.source.right >= tile.core.right + overlap
        assert tile.source.y <= tile.core.y - overlap and tile.source.bottom >= tile.core.bottom + overlap
        for number in (tile.source.x, tile.source.y, tile.source.width, tile.source.height):
            assert number % multiple_of == 0
    # Every core lies at the same place in its source, so that one tile's answer is cut like the others'.
    assert len({(tile.core.x - tile.source.x, tile.core.y - tile.source.y) for tile in plan.tiles}) == 1
    assert [(tile.core.y, tile.core.x) for tile in plan.tiles] == sorted((t.core.y, t.core.x) for t in plan.tiles)
    assert plan.cost == sum(tile.source.size.pixels for tile in plan.tiles)


@given(sizes, cores)
def test_columns_are_the_tiles_side_by_side(picture: Size, core: Size) -> None:
    plan = plan_tiles(picture, core=core, overlap=3)
    assert plan.columns == sum(tile.core.y == 0 for tile in plan.tiles)


def test_a_network_that_trims_computes_less_of_its_borders() -> None:
    """upconv_7's multiply-adds: with each layer a tile gets two pixels smaller and has more channels."""
    channels = [(3, 16), (16, 32), (32, 64), (64, 128), (128, 128), (128, 256)]

    def macs(side: int) -> int:
        convolutions = sum(9 * a * b * (side - 2 * layer) ** 2 for layer, (a, b) in enumerate(channels, start=1))
        return convolutions + 16 * 256 * 3 * (side - 12) ** 2

    for side in (32, 48, 96, 256):
        share = macs(side) / macs(2000) * computed_pixels(Size(2000, 2000), trim=7)
        assert computed_pixels(Size(side, side), trim=7) == pytest.approx(share, rel=0.03)
    assert computed_pixels(Size(100, 50), trim=0) == 5000
    assert computed_pixels(Size(8, 8), trim=7) == 1


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        plan_tiles(Size(5, 5), core=Size(5, 5), overlap=-1)
    with pytest.raises(ValueError, match="multiple_of"):
        plan_tiles(Size(5, 5), core=Size(5, 5), overlap=0, multiple_of=0)
