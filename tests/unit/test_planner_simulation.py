"""The planner's choice against every other one, by a simulation that goes through a job event by event.

No arrangement and no even grid that keeps to the same limits is more than 3 % faster than the one that was chosen.
"""

import random
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drawings import drawing
from repeating import card
from senmei.arrangement import Arrangement
from senmei.catalogue import ModelCard
from senmei.geometry import Size
from senmei.grids import LEAST_CORE, MOST_RUN_MS
from senmei.jobs import CancelToken
from senmei.pace import TilePace, tile_pace
from senmei.planner import JobPlan, plan_job
from senmei.row_stages import whole_picture
from senmei.tile_runner import TileRunner
from senmei.tiling import Margins, computed_pixels, round_up
from senmei.upscaler import enlarge_rows
from simulated_workers import SleepingSession, on_a_clock_of_its_own, simulated_ms

NEAR = 1.03
"""How much longer than the best of all the planner's choice may take."""

MODELS = [
    (card("upconv", overlap=7, trim=7), 35_000.0),
    (card("compact", overlap=16, padding=2, scale=4), 49_000.0),
    (card("even", overlap=18, trim=18, multiple_of=2), 60_000.0),
    (card("huge", overlap=40, multiple_of=4, scale=4), 500_000.0),
    (card("tiny", overlap=8), 1_300.0),
]
PICTURES = [
    Size(1, 1),
    Size(37, 61),
    Size(100, 100),
    Size(300, 40),
    Size(320, 240),
    Size(512, 384),
    Size(61, 900),
    Size(800, 601),
    Size(1000, 700),
]


def offered(
    cores: int, pixel_ns: float, *, threads: bool, memory_bytes: int | None, slow_start: bool
) -> list[Arrangement]:
    """Every number of workers that fits the cores, with as many threads as are left; the more there are, the less
    each helps."""
    counts = [workers for workers in range(1, cores + 1) if threads or workers == cores]
    return [
        Arrangement(
            provider="wasm",
            workers=workers,
            threads=cores // workers,
            pixel_ns=pixel_ns * (1 + 0.08 * (cores // workers - 1)) / (cores // workers),
            worker_bytes=memory_bytes and memory_bytes // workers,
            start_ms=0.0 if workers == cores or not slow_start else 400.0,
        )
        for workers in counts
        if workers == cores // (cores // workers)
    ]


def pace_of(model: ModelCard, arrangement: Arrangement, shape: Size) -> TilePace[float]:
    computed = computed_pixels(shape, trim=model.trim)
    return tile_pace(arrangement, float(shape.pixels), computed, scale=model.scale, runs=1)


def is_allowed(model: ModelCard, arrangement: Arrangement, shape: Size) -> bool:
    """Whether a tile fits the worker's memory, and a run is not too long, or no longer than its overlap makes it."""
    if arrangement.worker_bytes and shape.pixels * model.tile_bytes_per_pixel > arrangement.worker_bytes:
        return False
    side = 14 * model.overlap
    longest_ms = max(MOST_RUN_MS, pace_of(model, arrangement, Size(side, side)).compute_ms)
    return pace_of(model, arrangement, shape).compute_ms <= longest_ms


@lru_cache(maxsize=64)
def lengths(side: int, margins: Margins) -> Sequence[int]:
    """The whole side, and every other whose cores inside the picture are equal parts of it."""
    overlaps, whole = 2 * margins.overlap, round_up(side + 2 * margins.padding, margins.multiple_of)
    parts = range(2, -(-(whole - overlaps) // LEAST_CORE) + 1)
    inner = {round_up(-(-(whole - overlaps) // count), margins.multiple_of) for count in parts}
    return sorted({min(whole, one + overlaps) for one in inner} | {whole})


def every_plan(picture: Size, model: ModelCard, arrangement: Arrangement) -> Iterator[tuple[Size, int]]:
    """Each shape of a tile that splits the picture evenly, and how many of them it takes."""
    margins = model.margins
    whole, overlaps = margins.whole(picture), 2 * margins.overlap

    def count(length: int, side: int) -> int:
        return 1 if length >= side else -(-(side - overlaps) // (length - overlaps))

    for height in lengths(picture.height, margins):
        for width in lengths(picture.width, margins):
            shape = Size(width, height)
            if is_allowed(model, arrangement, shape):
                yield shape, count(width, whole.width) * count(height, whole.height)


def best_ms(picture: Size, model: ModelCard, arrangements: Sequence[Arrangement]) -> float:
    """The least that any plan takes. What cannot be faster, were all its workers always busy, is not simulated."""
    plans = []
    for arrangement in arrangements:
        for shape, tiles in every_plan(picture, model, arrangement):
            pace = pace_of(model, arrangement, shape)
            least_ms = arrangement.start_ms + pace.compute_ms * max(1.0, tiles / arrangement.workers)
            plans.append((least_ms, len(plans), arrangement, pace, tiles))
    best = float("inf")
    for least_ms, _, arrangement, pace, tiles in sorted(plans):
        if least_ms >= best:
            break
        best = min(best, simulated_ms(arrangement, pace, tiles))
    return best


def chosen_ms(job: JobPlan) -> float:
    step = job.passes[0]
    return simulated_ms(step.arrangement, pace_of(step.card, step.arrangement, step.tiles.shape), job.tiles)


def planned(picture: Size, model: ModelCard, arrangements: Sequence[Arrangement]) -> JobPlan:
    return plan_job(picture, [model], target=picture.scaled(model.scale), arrangements=lambda _: arrangements)


@pytest.mark.parametrize("threads", [False, True])
@pytest.mark.parametrize("cores", range(1, 65))
def test_no_other_plan_is_much_faster(cores: int, threads: bool) -> None:
    chance = random.Random(cores + 100 * threads)
    picture, (model, pixel_ns) = chance.choice(PICTURES), chance.choice(MODELS)
    memory_bytes = chance.choice([None, 100_000_000, 6_000_000])
    on = offered(cores, pixel_ns, threads=threads, memory_bytes=memory_bytes, slow_start=chance.random() < 0.3)
    job, best = planned(picture, model, on), best_ms(picture, model, on)
    assert chosen_ms(job) <= NEAR * best, (picture, model.id, memory_bytes, job.passes[0].arrangement)
    assert job.duration_ms == pytest.approx(chosen_ms(job), rel=0.03)


@pytest.mark.parametrize(("model", "pixel_ns"), MODELS, ids=[model.id for model, _ in MODELS])
@pytest.mark.parametrize("picture", [Size(9, 7), Size(100, 100), Size(512, 384), Size(1000, 700)], ids=str)
def test_on_everyday_machines_no_other_plan_is_much_faster(picture: Size, model: ModelCard, pixel_ns: float) -> None:
    for cores in (2, 4, 8):
        for threads in (False, True):
            on = offered(cores, pixel_ns, threads=threads, memory_bytes=2_000_000_000, slow_start=False)
            assert chosen_ms(planned(picture, model, on)) <= NEAR * best_ms(picture, model, on)


sizes = st.builds(Size, st.integers(1, 1500), st.integers(1, 1500))
models = st.sampled_from([model for model, _ in MODELS])
machines = st.builds(
    lambda cores, threads, memory_mb, pixel_ns: offered(
        cores, pixel_ns, threads=threads, memory_bytes=memory_mb * 1_000_000, slow_start=False
    ),
    st.integers(1, 64),
    st.booleans(),
    st.integers(20, 4000),
    st.floats(300, 500_000),
)


@given(sizes, models, machines)
@settings(max_examples=60)
def test_what_holds_for_every_plan(picture: Size, model: ModelCard, on: list[Arrangement]) -> None:
    job = planned(picture, model, on)
    (step,) = job.passes
    tiles, arrangement = step.tiles, step.arrangement
    assert arrangement in on
    covered = np.zeros((picture.height, picture.width), np.int8)
    for tile in tiles.tiles:
        covered[tile.core.slices] += 1
    assert (covered == 1).all()
    assert tiles.shape.width % model.multiple_of == tiles.shape.height % model.multiple_of == 0
    first = Size(*(max(1, side - 2 * model.margins.overlap) for side in (tiles.shape.width, tiles.shape.height)))
    is_least = first.width <= LEAST_CORE + model.multiple_of and first.height <= LEAST_CORE + model.multiple_of
    assert is_least or is_allowed(model, arrangement, tiles.shape)
    assert is_least or arrangement.in_flight * tiles.shape.pixels * 3 * (5 + model.scale**2) <= 256_000_000
    last_wave = job.tiles % arrangement.workers or arrangement.workers
    if job.tiles > arrangement.workers and last_wave < arrangement.workers / 2 and not is_least:
        assert chosen_ms(job) <= NEAR * fullest_ms(picture, model, arrangement)


def fullest_ms(picture: Size, model: ModelCard, arrangement: Arrangement) -> float:
    """The least that a plan takes on this arrangement whose last wave is at least half full."""
    best = float("inf")
    for shape, tiles in every_plan(picture, model, arrangement):
        if (tiles % arrangement.workers or arrangement.workers) >= arrangement.workers / 2:
            pace = pace_of(model, arrangement, shape)
            if arrangement.start_ms + pace.compute_ms * tiles / arrangement.workers < best:
                best = min(best, simulated_ms(arrangement, pace, tiles))
    return best


def test_threads_take_over_where_memory_forbids_workers_or_tiles_are_few() -> None:
    model = MODELS[0][0]
    on = offered(8, 35_000, threads=True, memory_bytes=None, slow_start=False)
    assert planned(Size(2000, 1500), model, on).passes[0].arrangement.threads == 1
    assert planned(Size(40, 40), model, on).passes[0].arrangement.threads > 1
    short = offered(8, 35_000, threads=True, memory_bytes=1_600_000, slow_start=False)
    assert planned(Size(2000, 1500), model, short).passes[0].arrangement.threads > 1


def test_workers_that_have_to_start_first_are_not_worth_it_for_a_small_picture() -> None:
    up = Arrangement(provider="wasm", workers=2, pixel_ns=35_000)
    more = Arrangement(provider="wasm", workers=8, pixel_ns=35_000, start_ms=700)
    for picture, chosen in ((Size(120, 120), up), (Size(1200, 1200), more)):
        assert planned(picture, MODELS[0][0], [up, more]).passes[0].arrangement == chosen


def working_ms(step_picture: Size, on: Arrangement, tile: int) -> tuple[float, float]:
    """How long the real pipeline takes on a clock of its own, with 1000 ms a run, and how long it should."""
    model = card(overlap=2)
    job = plan_job(step_picture, [model], target=step_picture.scaled(2), arrangements=lambda _: (on,), tile=tile)
    (step,) = job.passes

    async def work() -> None:
        cancel = CancelToken()
        rows = whole_picture(drawing(step_picture.width, step_picture.height), cancel)
        runner = TileRunner(model, SleepingSession(model, on, run_ms=1000), on)
        async for _ in enlarge_rows(rows, step=step, runner=runner, cancel=cancel):
            pass

    return on_a_clock_of_its_own(work()), simulated_ms(on, TilePace(1000.0, 0.0, 0.0), job.tiles)


@pytest.mark.parametrize("workers", [1, 2, 3, 8, 30, 64])
@pytest.mark.parametrize("picture", [Size(200, 200), Size(20, 500), Size(500, 20), Size(70, 333)], ids=str)
def test_the_pipeline_keeps_the_workers_as_busy_as_the_plan_says(picture: Size, workers: int) -> None:
    for queue in (1, 2, 3):
        on = Arrangement(provider="numpy", workers=workers, pixel_ns=35_000, queue=queue)
        took_ms, should_ms = working_ms(picture, on, 20)
        assert took_ms == pytest.approx(should_ms, rel=1e-6)
