import asyncio
import gc
from collections.abc import AsyncGenerator, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drawings import drawing
from repeating import RepeatingSession, arrangement, card, repeated
from senmei.arrangement import Arrangement
from senmei.catalogue import ModelCard
from senmei.errors import Cancelled, SessionFailed
from senmei.geometry import Size
from senmei.jobs import CancelToken
from senmei.planner import Pass
from senmei.rows import Band
from senmei.sessions import Session, Tensors
from senmei.tile_runner import TileRunner
from senmei.tiling import plan_tiles
from senmei.upscaler import Rows, TileDone, enlarge_rows


async def arriving(samples: np.ndarray, *heights: int) -> AsyncGenerator[Band | TileDone]:
    """The picture in bands of these heights, over and over."""
    top, index = 0, 0
    while top < samples.shape[0]:
        band = Band(top, samples[top : top + heights[index % len(heights)]])
        yield band
        top, index = band.bottom, index + 1


def step_of(model: ModelCard, width: int, height: int, tile: int, *, on: Arrangement | None = None) -> Pass:
    plan = plan_tiles(Size(width, height), model.margins, shape=model.margins.source(Size(tile, tile)))
    return Pass(model, plan, on or arrangement())


def enlarging(rows: Rows, step: Pass, session: Session, cancel: CancelToken | None = None) -> Rows:
    runner = TileRunner(step.card, session, step.arrangement)
    return enlarge_rows(rows, step=step, runner=runner, cancel=cancel or CancelToken())


async def collected(rows: Rows, step: Pass) -> np.ndarray:
    """The bands put together; they and the tiles told of must each cover the output exactly once."""
    output = step.output
    told = np.zeros((output.height, output.width), int)
    bands: list[np.ndarray] = []
    async for item in rows:
        if isinstance(item, Band):
            assert item.top == sum(len(band) for band in bands)
            bands.append(item.samples)
        elif item.step is step:
            told[item.region.slices] += 1
    assert (told == 1).all()
    return np.concatenate(bands)


@given(
    st.integers(1, 90),
    st.integers(1, 90),
    st.integers(16, 60),
    st.integers(0, 9),
    st.integers(1, 4),
    st.integers(1, 4),
    st.integers(1, 40),
)
@settings(max_examples=60)
def test_tiles_come_together_to_the_whole(
    width: int, height: int, tile: int, overlap: int, scale: int, multiple_of: int, band: int
) -> None:
    model = card(scale=scale, overlap=overlap, trim=overlap // 2, multiple_of=multiple_of)
    step = step_of(model, width, height, tile)
    rgb = drawing(width, height)
    session = RepeatingSession(model)
    made = asyncio.run(collected(enlarging(arriving(rgb, band, 3), step, session), step))
    assert np.array_equal(made, repeated(rgb, scale))
    assert set(session.shapes) == {(1, step.tiles.shape.height, step.tiles.shape.width, 3)}


@given(st.integers(1, 50), st.integers(1, 50), st.integers(16, 40), st.integers(16, 40))
@settings(max_examples=40)
def test_passes_follow_each_other_row_by_row(width: int, height: int, tile: int, second_tile: int) -> None:
    first = step_of(card("first", overlap=5), width, height, tile)
    second = step_of(card("second", scale=3, overlap=2), 2 * width, 2 * height, second_tile)
    rgb = drawing(width, height)

    async def run() -> np.ndarray:
        rows = enlarging(arriving(rgb, 16), first, RepeatingSession(first.card))
        return await collected(enlarging(rows, second, RepeatingSession(second.card)), second)

    assert np.array_equal(asyncio.run(run()), repeated(rgb, 6))


@pytest.mark.parametrize(("workers", "queue"), [(1, 1), (1, 2), (2, 2), (5, 2), (5, 3)])
async def test_every_worker_is_kept_busy_and_the_next_tiles_are_ready(workers: int, queue: int) -> None:
    step = step_of(card(overlap=2), 100, 100, 10, on=arrangement(workers, queue=queue))
    session = RepeatingSession(step.card)
    await collected(enlarging(arriving(drawing(100, 100), 100), step, session), step)
    assert session.most_running == workers * queue
    assert len(session.shapes) == len(step.tiles.tiles)


class SlowFirst(RepeatingSession):
    """The first tile ends only when it is told to."""

    def __init__(self, model: ModelCard) -> None:
        super().__init__(model, workers=4)
        self.let_go = asyncio.Event()

    async def run(self, feeds: Tensors, *, arrangement: Arrangement, is_smallest: bool = False) -> Tensors:
        is_first = not self.shapes
        answer = await super().run(feeds, arrangement=arrangement, is_smallest=is_smallest)
        if is_first:
            await self.let_go.wait()
        return answer


async def test_one_slow_tile_does_not_make_the_others_pile_up() -> None:
    """While the first tile computes, no more than two rows of tiles are begun and few rows of the source are held."""
    step = step_of(card(overlap=2), 40, 400, 10)
    session = SlowFirst(step.card)
    asyncio.get_running_loop().call_later(0.05, session.let_go.set)
    begun: list[int] = []

    async def watched() -> AsyncGenerator[Band | TileDone]:
        async for band in arriving(drawing(40, 400), 10):
            begun.append(0 if session.let_go.is_set() else len(session.shapes))
            yield band

    await collected(enlarging(watched(), step, session), step)
    assert 0 < max(begun) <= 8
    assert len(session.shapes) == 160


async def test_cancel_stops_at_once_and_starts_no_tile_more() -> None:
    step, cancel, seen = step_of(card(overlap=2), 100, 100, 10), CancelToken(), 0
    session = RepeatingSession(step.card)
    with pytest.raises(Cancelled):
        async for item in enlarging(arriving(drawing(100, 100), 100), step, session, cancel):
            seen += isinstance(item, TileDone)
            if seen == 3:
                cancel.cancel()
    begun = len(session.shapes)
    await asyncio.sleep(0.01)
    assert len(session.shapes) == begun <= 3 + 2 * step.arrangement.in_flight


class NeverAnswering:
    provider = "none"
    arrangements: Sequence[Arrangement] = (arrangement(),)
    notes: Sequence[str] = ()

    async def run(self, feeds: Tensors, *, arrangement: Arrangement, is_smallest: bool = False) -> Tensors:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")


async def test_cancel_does_not_wait_for_a_tile_that_computes() -> None:
    """Nor does a second pass that waits for rows of the first."""
    first, second = step_of(card(overlap=2), 100, 100, 50), step_of(card(overlap=2), 200, 200, 50)
    cancel = CancelToken()
    rows = enlarging(arriving(drawing(100, 100), 30), first, NeverAnswering(), cancel)
    asyncio.get_running_loop().call_later(0.01, cancel.cancel)
    with pytest.raises(Cancelled):
        await anext(enlarging(rows, second, NeverAnswering(), cancel))


@pytest.mark.parametrize("fail_at", [1, 7, 100])
async def test_a_failing_tile_fails_the_job_and_leaves_nothing_running(
    fail_at: int, caplog: pytest.LogCaptureFixture
) -> None:
    step = step_of(card(overlap=2), 100, 100, 10)
    session = RepeatingSession(step.card, fail_at=fail_at)
    with pytest.raises(SessionFailed, match="cannot be run"):
        await collected(enlarging(arriving(drawing(100, 100), 7), step, session), step)
    await asyncio.sleep(0.01)
    gc.collect()
    assert session.running == 0
    assert not caplog.records, "asyncio complained of a task that nobody awaited"
