import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from senmei.geometry import Size
from senmei.tiling import choose_core, plan_tiles

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


@given(sizes, st.integers(0, 20), st.integers(1, 8), st.integers(16, 200))
def test_the_chosen_core_is_as_quick_as_any_even_split(
    picture: Size, overlap: int, parallelism: int, longest: int
) -> None:
    chosen = choose_core(picture, overlap=overlap, parallelism=parallelism, longest=longest)
    assert chosen.width <= longest and chosen.height <= longest

    def job_time(core: Size) -> int:
        tiles = -(-picture.width // core.width) * -(-picture.height // core.height)
        return -(-tiles // parallelism) * (core.width + 2 * overlap) * (core.height + 2 * overlap)

    # Finer grids than the coarsest plus one wave a side are worse or equal: this tries three times as many.
    def splits(side: int) -> list[int]:
        fewest = -(-side // longest)
        return [-(-side // parts) for parts in range(fewest, min(side, fewest + 3 * parallelism) + 1)]

    best = min(job_time(Size(width, height)) for width in splits(picture.width) for height in splits(picture.height))
    # Of a picture of a few pixels, tiles of one pixel each may be a few pixels' time quicker.
    assert job_time(chosen) <= 1.1 * best + 16


@given(sizes, st.integers(1, 8), st.integers(1, 64))
def test_chosen_cores_keep_to_the_multiple(picture: Size, multiple_of: int, parallelism: int) -> None:
    core = choose_core(picture, overlap=7, multiple_of=multiple_of, parallelism=parallelism)
    assert core.width % multiple_of == core.height % multiple_of == 0


def test_a_picture_of_one_tile_is_shared_out_among_the_sessions() -> None:
    picture = Size(200, 200)
    core = choose_core(picture, overlap=7, parallelism=2)
    assert len(plan_tiles(picture, core=core, overlap=7).tiles) == 2


def test_a_tiny_picture_stays_whole() -> None:
    assert choose_core(Size(1, 1), overlap=7, parallelism=8) == Size(1, 1)


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        plan_tiles(Size(5, 5), core=Size(5, 5), overlap=-1)
    with pytest.raises(ValueError, match="multiple_of"):
        plan_tiles(Size(5, 5), core=Size(5, 5), overlap=0, multiple_of=0)
    with pytest.raises(ValueError, match="parallelism"):
        choose_core(Size(5, 5), overlap=0, parallelism=0)
