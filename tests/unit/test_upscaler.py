import asyncio
import gc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drawings import drawing
from repeating import RepeatingSession, card, repeated
from senmei.catalogue import ModelCard
from senmei.errors import Cancelled, SessionFailed
from senmei.geometry import Size
from senmei.jobs import CancelToken
from senmei.sessions import Tensors
from senmei.tiling import TilePlan, plan_tiles
from senmei.upscaler import upscale_tiles


async def enlarged(rgb: np.ndarray, plan: TilePlan, model: ModelCard, session: RepeatingSession) -> np.ndarray:
    output = plan.picture.scaled(model.scale)
    canvas = np.zeros((output.height, output.width, 3), np.uint8)
    written = np.zeros((output.height, output.width), int)
    async for tile in upscale_tiles(rgb, plan=plan, card=model, session=session, cancel=CancelToken()):
        canvas[tile.region.slices] = tile.pixels
        written[tile.region.slices] += 1
    assert (written == 1).all()
    return canvas


@given(
    st.integers(1, 90), st.integers(1, 90), st.integers(16, 60), st.integers(0, 9), st.integers(1, 4), st.integers(1, 4)
)
@settings(max_examples=60)
def test_tiles_come_together_to_the_whole(
    width: int, height: int, tile: int, overlap: int, scale: int, multiple_of: int
) -> None:
    model = card(scale=scale, overlap=overlap, trim=overlap // 2, multiple_of=multiple_of)
    plan = plan_tiles(Size(width, height), core=Size(tile, tile), overlap=overlap, multiple_of=multiple_of)
    rgb = drawing(width, height)
    session = RepeatingSession(model)
    assert np.array_equal(asyncio.run(enlarged(rgb, plan, model, session)), repeated(rgb, scale))
    assert set(session.shapes) == {(1, plan.shape.height, plan.shape.width, 3)}


@pytest.mark.parametrize("parallelism", [1, 2, 5])
async def test_every_session_is_kept_busy_and_one_tile_is_ready(parallelism: int) -> None:
    plan = plan_tiles(Size(100, 100), core=Size(10, 10), overlap=2)
    session = RepeatingSession(card(), parallelism=parallelism)
    await enlarged(drawing(100, 100), plan, card(), session)
    assert session.most_running == parallelism + 1
    assert len(session.shapes) == len(plan.tiles)


async def test_cancel_stops_at_once_and_starts_no_tile_more() -> None:
    plan = plan_tiles(Size(100, 100), core=Size(10, 10), overlap=2)
    session, cancel = RepeatingSession(card()), CancelToken()
    seen = 0
    with pytest.raises(Cancelled):
        async for _ in upscale_tiles(drawing(100, 100), plan=plan, card=card(), session=session, cancel=cancel):
            seen += 1
            if seen == 3:
                cancel.cancel()
    begun = len(session.shapes)
    await asyncio.sleep(0.01)
    assert len(session.shapes) == begun <= 3 + 2 * session.parallelism


class NeverAnswering:
    provider = "none"
    parallelism = 2

    async def run(self, feeds: Tensors) -> Tensors:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")


async def test_cancel_does_not_wait_for_a_tile_that_computes() -> None:
    plan = plan_tiles(Size(100, 100), core=Size(50, 50), overlap=2)
    cancel = CancelToken()
    tiles = upscale_tiles(drawing(100, 100), plan=plan, card=card(), session=NeverAnswering(), cancel=cancel)
    asyncio.get_running_loop().call_later(0.01, cancel.cancel)
    with pytest.raises(Cancelled):
        await anext(tiles)


async def test_a_failing_tile_fails_the_job_and_leaves_nothing_running(caplog: pytest.LogCaptureFixture) -> None:
    plan = plan_tiles(Size(100, 100), core=Size(10, 10), overlap=2)
    session = RepeatingSession(card(), fail_at=7)
    with pytest.raises(SessionFailed, match="cannot be run"):
        await enlarged(drawing(100, 100), plan, card(), session)
    await asyncio.sleep(0.01)
    gc.collect()
    assert session.running == 0
    assert not caplog.records, "asyncio complained of a task that nobody awaited"


async def test_a_model_that_is_not_what_the_catalogue_says_is_named() -> None:
    plan = plan_tiles(Size(20, 20), core=Size(20, 20), overlap=2)
    session = RepeatingSession(card(scale=3))
    with pytest.raises(SessionFailed, match=r"“doubling” answered .*\(72, 72, 3\) instead of \(48, 48, 3\)"):
        await enlarged(drawing(20, 20), plan, card(), session)
