import pytest
from hypothesis import given
from hypothesis import strategies as st

from repeating import arrangement, card
from senmei.catalogue import ModelCard
from senmei.geometry import Size
from senmei.grids import MOST_RUN_MS, choose_grid, split
from senmei.pace import run_ms
from senmei.tiling import plan_tiles

sides = st.integers(1, 3000)
sizes = st.builds(Size, sides, sides)
gpu = arrangement(1, provider="webgpu", fixed_shapes=True, pixel_ns=400)


@given(sizes, st.integers(1, 8), st.integers(1, 64), st.integers(16, 400))
def test_chosen_cores_keep_to_the_multiple_and_to_the_longest_side(
    picture: Size, multiple_of: int, workers: int, longest: int
) -> None:
    model = card(overlap=7, multiple_of=multiple_of)
    shape = choose_grid(picture, model, arrangement(workers), longest=longest).shape
    assert shape.width % multiple_of == shape.height % multiple_of == 0
    assert max(shape.width, shape.height) <= longest + 2 * model.margins.overlap


@given(sizes, st.integers(16, 400))
def test_a_split_is_even_and_no_coarser_than_asked(picture: Size, longest: int) -> None:
    model = card()
    shape = split(picture, model, arrangement(), longest=longest)
    for side, length in ((picture.width, shape.width), (picture.height, shape.height)):
        parts = max(1, -(-(side - 2 * model.overlap) // longest))
        assert length == -(-(side - 2 * model.overlap) // parts) + 2 * model.overlap


def test_a_picture_of_one_tile_is_shared_out_among_the_workers() -> None:
    picture = Size(200, 200)
    shape = choose_grid(picture, card(overlap=7), arrangement(2)).shape
    assert len(plan_tiles(picture, card(overlap=7).margins, shape=shape).tiles) == 2


def test_a_tiny_picture_stays_whole() -> None:
    assert choose_grid(Size(1, 1), card(overlap=7, padding=2), arrangement(8)).shape == Size(5, 5)


def test_a_run_is_as_short_as_a_cancel_and_a_bar_want_it_and_longer_only_for_a_wide_overlap() -> None:
    picture = Size(4000, 3000)
    for pixel_ns in (2_000, 20_000, 100_000):
        on = arrangement(1, pixel_ns=pixel_ns)
        shape = choose_grid(picture, card(overlap=7), on).shape
        one_ms = run_ms(on, float(shape.pixels))
        assert MOST_RUN_MS / 2 < one_ms <= MOST_RUN_MS
    slow = arrangement(1, pixel_ns=500_000)
    shape = choose_grid(picture, card(overlap=40), slow).shape
    assert min(shape.width, shape.height) >= 180, "most of what is computed is not its overlap"


def test_the_callers_tile_may_take_as_long_as_it_does() -> None:
    on = arrangement(1, pixel_ns=500_000)
    assert choose_grid(Size(1000, 1000), card(), on, longest=500).shape == Size(503, 503)


def test_working_memory_bounds_a_tile() -> None:
    model = card(overlap=10)
    for worker_bytes in (200_000, 1_000_000, 5_000_000):
        on = arrangement(2, pixel_ns=1_000, worker_bytes=worker_bytes)
        shape = choose_grid(Size(3000, 2000), model, on).shape
        assert worker_bytes / 2 < shape.pixels * model.tile_bytes_per_pixel <= worker_bytes
    hungry = card(overlap=10, winograd_bytes=400)
    on = arrangement(2, pixel_ns=1_000, worker_bytes=5_000_000, graph="winograd")
    shape = choose_grid(Size(3000, 2000), hungry, on).shape
    assert 5_000_000 / 2 < shape.pixels * 400 <= 5_000_000, "of the graph that is run"
    # So little that nothing fits: the smallest tile is tried all the same.
    shape = choose_grid(Size(3000, 2000), model, arrangement(2, worker_bytes=1000)).shape
    assert max(shape.width, shape.height) <= 44


def test_a_row_of_tiles_of_a_very_wide_picture_is_low() -> None:
    model = card(scale=4, overlap=7)
    picture = Size(60_000, 3000)
    shape = choose_grid(picture, model, arrangement(1, pixel_ns=300)).shape
    highest = max(tile.core.height for tile in plan_tiles(picture, model.margins, shape=shape).tiles)
    assert highest * 4 * 60_000 * 4 * 3 <= 200_000_000


@pytest.mark.parametrize("model", [card(overlap=7), card(overlap=18, multiple_of=4), card(overlap=40, multiple_of=3)])
def test_where_shapes_are_dear_all_pictures_share_a_few(model: ModelCard) -> None:
    shapes = set()
    for width in range(400, 4000, 97):
        for height in (330, 512, 2160):
            shape = choose_grid(Size(width, height), model, gpu).shape
            assert shape.width == shape.height and shape.width % model.multiple_of == 0
            assert max(shape.width, shape.height) < min(width, height) + model.multiple_of
            shapes.add(shape)
    assert 3 <= len(shapes) <= 6
    assert choose_grid(Size(1000, 1000), model, gpu, longest=100).shape.width <= 100 + 2 * model.margins.overlap


def test_a_picture_smaller_than_the_least_fixed_shape_is_cut_to() -> None:
    model = card(overlap=7, padding=2)
    assert choose_grid(Size(40, 30), model, gpu).shape == Size(44, 34)
    assert choose_grid(Size(500, 30), model, gpu).shape == Size(64, 34)


def test_fixed_shapes_fit_the_memory_and_the_pace() -> None:
    picture, model = Size(4000, 4000), card(overlap=7)
    wide = choose_grid(picture, model, gpu).shape
    short = choose_grid(picture, model, arrangement(1, pixel_ns=400, fixed_shapes=True, worker_bytes=10_000_000)).shape
    slow = choose_grid(picture, model, arrangement(1, pixel_ns=1_500_000, fixed_shapes=True)).shape
    assert (wide, short, slow) == (Size(1024, 1024), Size(256, 256), Size(96, 96))


def test_runs_of_a_tile_count() -> None:
    one, eight = (choose_grid(Size(500, 500), card(), arrangement(), runs=runs) for runs in (1, 8))
    assert eight.shape == one.shape and eight.duration_ms == pytest.approx(8 * one.duration_ms, rel=0.01)
