import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from senmei.geometry import Region, Size
from senmei.tiling import Margins, TilePlan, computed_pixels, plan_parts, plan_tiles, round_up

sides = st.integers(1, 400)
sizes = st.builds(Size, sides, sides)
cores = st.builds(Size, st.integers(1, 150), st.integers(1, 150))


@st.composite
def margins(draw: st.DrawFn) -> Margins:
    overlap = draw(st.integers(0, 40))
    return Margins(overlap, draw(st.integers(0, overlap)), draw(st.integers(1, 8)))


def check_cores(plan: TilePlan, wanted: Region) -> None:
    """They cover what is wanted exactly once, row by row."""
    covered = np.zeros((wanted.bottom, wanted.right), int)
    for tile in plan.tiles:
        assert tile.core.within(Size(wanted.right, wanted.bottom))
        covered[tile.core.slices] += 1
    assert (covered[wanted.slices] == 1).all() and covered.sum() == wanted.size.pixels
    assert [(tile.core.y, tile.core.x) for tile in plan.tiles] == sorted((t.core.y, t.core.x) for t in plan.tiles)
    assert plan.columns == sum(tile.core.y == wanted.y for tile in plan.tiles)
    assert len(plan.tiles) % plan.columns == 0
    assert plan.cost == sum(tile.source.size.pixels for tile in plan.tiles)


def check_sources(plan: TilePlan, domain: Region, network: Margins) -> None:
    """They have one shape, lie in the domain, and see the overlap wherever it goes on."""
    for tile in plan.tiles:
        source, core = tile.source, tile.core
        assert source.size == plan.shape
        assert source.x <= core.x and core.right <= source.right and source.y <= core.y and core.bottom <= source.bottom
        assert source.shifted(-domain.x, -domain.y).within(domain.size)
        assert source.x == domain.x or source.x <= core.x - network.overlap
        assert source.y == domain.y or source.y <= core.y - network.overlap
        assert source.right == domain.right or source.right >= core.right + network.overlap
        assert source.bottom == domain.bottom or source.bottom >= core.bottom + network.overlap
        assert not any(number % network.multiple_of for number in (source.x, source.y, source.width, source.height))


@given(sizes, cores, margins())
def test_tiles_cover_the_picture_once_and_stay_inside_it(picture: Size, core: Size, network: Margins) -> None:
    plan = plan_tiles(picture, network, shape=network.source(core))
    check_cores(plan, Region(0, 0, picture.width, picture.height))
    whole = network.whole(picture)
    check_sources(plan, Region(-network.padding, -network.padding, whole.width, whole.height), network)
    assert whole.width < picture.width + 2 * network.padding + network.multiple_of
    # A further tile in a row writes all that one inside the picture can.
    stride = round_up(core.width, network.multiple_of)
    assert plan.columns <= max(1, -(-picture.width // stride))


@given(sizes, cores, cores, margins())
def test_a_tile_is_cut_into_parts_likewise(picture: Size, core: Size, smaller: Size, network: Margins) -> None:
    """Of every tile the parts answer for its core, and see what it sees."""
    for tile in plan_tiles(picture, network, shape=network.source(core)).tiles[:20]:
        inside = tile.core.shifted(-tile.source.x, -tile.source.y)
        parts = plan_parts(tile.source.size, inside, network, shape=network.source(smaller))
        check_cores(parts, inside)
        check_sources(parts, Region(0, 0, tile.source.width, tile.source.height), network)


def test_a_picture_that_fits_one_source_is_one_tile_with_nothing_but_its_padding() -> None:
    plan = plan_tiles(Size(50, 30), Margins(18, 2), shape=Size(90, 90))
    assert plan.shape == Size(54, 34) and len(plan.tiles) == 1
    assert plan.tiles[0].source == Region(-2, -2, 54, 34) and plan.tiles[0].core == Region(0, 0, 50, 30)


def test_tiles_at_the_border_shift_inwards() -> None:
    plan = plan_tiles(Size(100, 10), Margins(8, 1), shape=Size(50, 12))
    assert [(tile.source.x, tile.core.x, tile.core.right) for tile in plan.tiles] == [
        (-1, 0, 41),
        (33, 41, 75),
        (51, 75, 100),
    ]


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
    for numbers in ((-1, 0, 1), (3, 4, 1), (3, 0, 0)):
        with pytest.raises(ValueError, match="padding <= overlap and multiple_of >= 1"):
            Margins(*numbers)
    for shape in (Size(16, 40), Size(41, 40)):
        with pytest.raises(ValueError, match="too short, or of a wrong multiple"):
            plan_tiles(Size(100, 100), Margins(8, multiple_of=4), shape=shape)
