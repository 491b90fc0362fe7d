from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest

from doubling_workers import FAULTS
from drawings import drawing, saved
from ladders import (
    ANY,
    CARD,
    PLAIN,
    QUAD,
    all_right,
    on_ladder,
    settled,
    states,
    tile,
    workers_with,
)
from repeating import card, catalogue_of
from senmei.catalogue import ModelCard
from senmei.engine import UpscaleOptions, upscale
from senmei.errors import ModelUnavailable, OutOfMemory, SessionFailed
from senmei.events import Encoded, Finished
from senmei.jobs import CancelToken
from senmei.sessions.ladder import Ladder
from senmei.sessions.ladder_session import open_session


def test_threads_that_never_start_are_given_up_after_two_tries() -> None:
    made = workers_with(start_fault=lambda _, threads, __: "hangs" if threads > 1 else None)

    async def main(ladder: Ladder) -> None:
        await settled(ladder)
        assert sum(worker.threads == 4 for worker in made.workers) == 2
        assert [worker.threads for worker in made.living] == [1, 1, 1, 1]
        offers = ladder.arrangements(CARD, ANY)
        assert (4, 1) in {(one.workers, one.threads) for one in offers}
        assert (1, 4) not in {(one.workers, one.threads) for one in offers}
        session = await open_session(ladder, CARD, ANY)
        assert "did not start within 20 seconds" in session.notes[0]
        # A share that was not tried yet fails when a job wants it, and the job ends right all the same.
        (pairs,) = [one for one in offers if one.threads == 2]
        await all_right(session, 4, arrangement=pairs)
        assert session.arrangements[0].threads == 1

    on_ladder(made, main, facts=replace(QUAD, gpu=None))


def test_offline_a_job_does_without_a_rung_that_was_never_up() -> None:
    is_online = [True]
    made = workers_with(start_fault=lambda _, threads, __: None if is_online[0] or threads == 1 else "offline")

    async def main(ladder: Ladder) -> None:
        session = await open_session(ladder, CARD, ANY)
        (threaded,) = [one for one in session.arrangements if one.threads == 4]
        is_online[0] = False
        await all_right(session, 3, arrangement=threaded)
        assert session.arrangements[0].threads == 1 and session.notes == []
        is_online[0] = True
        later = await open_session(ladder, CARD, ANY)
        await all_right(later, 3, arrangement=threaded)
        assert any(worker.threads == 4 for worker in made.living), "the next job asks again"

    on_ladder(made, main, facts=replace(QUAD, gpu=None))


def test_offline_a_forced_rung_that_was_never_up_is_told() -> None:
    made = workers_with(start_fault=lambda *_: "offline")

    async def main(ladder: Ladder) -> None:
        with pytest.raises(ModelUnavailable, match="script of the worker"):
            await open_session(ladder, CARD, ANY)

    on_ladder(made, main, facts=PLAIN)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_single_fault_is_mended_and_told(fault: str) -> None:
    made = workers_with()

    async def main(ladder: Ladder) -> None:
        session = await open_session(ladder, CARD, ANY)
        first = made.runs
        made.fault = lambda _, run: fault if run == first + 5 else None
        if fault == "out of memory":
            with pytest.raises(OutOfMemory):
                await all_right(session, 12)
        else:
            await all_right(session, 12)
        (note,) = session.notes
        assert "once" in note
        assert (await open_session(ladder, CARD, ANY)).notes == [], "another job's troubles are its own"

    on_ladder(made, main, facts=PLAIN)


def test_faults_without_end_lead_down_the_ladder() -> None:
    broken = {"webgpu"}
    made = workers_with()

    async def main(ladder: Ladder) -> None:
        await settled(ladder)
        session = await open_session(ladder, CARD, ANY)
        assert session.provider == "webgpu"
        made.fault = lambda worker, _: "device lost" if worker.provider in broken else None
        await all_right(session, 20)
        assert session.provider == "wasm"
        assert any(note.startswith("WebGPU failed (the device is gone); WebAssembly") for note in session.notes)
        assert len(session.notes) == 2
        assert states(ladder.report(CARD, ANY))["webgpu", 1] == "dropped"
        assert (await open_session(ladder, CARD, ANY)).provider == "wasm"
        assert not any(worker.provider == "webgpu" for worker in made.living)

    on_ladder(made, main)


def test_fewer_workers_when_many_fail() -> None:
    made = workers_with()

    def fault(*_: object) -> str | None:
        return "killed" if len(made.living) > 1 else None

    async def main(ladder: Ladder) -> None:
        session = await open_session(ladder, CARD, ANY)
        await asyncio.sleep(100)
        made.fault = fault
        await all_right(session, 20)
        assert session.arrangements[0].workers == 1
        made.fault = lambda *_: None
        assert (await open_session(ladder, CARD, ANY)).arrangements[0].workers == 4

    on_ladder(made, main, facts=PLAIN)


def test_when_the_last_rung_fails_for_good_one_error_tells() -> None:
    made = workers_with()

    async def main(ladder: Ladder) -> None:
        session = await open_session(ladder, CARD, ANY)
        await asyncio.sleep(100)
        made.fault = lambda *_: "throws"
        with pytest.raises(SessionFailed, match="“doubling” cannot be run any more: the runtime throws"):
            await session.run(tile(), arrangement=session.arrangements[0])
        made.fault = lambda *_: None
        await all_right(await open_session(ladder, CARD, ANY), 5)

    on_ladder(made, main)


def test_the_smallest_tile_without_memory_goes_to_the_next_rung() -> None:
    made = workers_with()

    async def main(ladder: Ladder) -> None:
        await settled(ladder)
        session = await open_session(ladder, CARD, ANY)
        (gpu,) = session.arrangements
        made.fault = lambda worker, _: "out of memory" if worker.provider == "webgpu" else None
        with pytest.raises(OutOfMemory):
            await session.run(tile(), arrangement=gpu)
        await session.run(tile(), arrangement=gpu, is_smallest=True)
        assert session.provider == "wasm"
        made.fault = lambda *_: "out of memory"
        with pytest.raises(OutOfMemory):
            await session.run(tile(), arrangement=gpu, is_smallest=True)

    on_ladder(made, main)


def test_two_jobs_at_once_end_right() -> None:
    chance = random.Random(4)
    made = workers_with()

    async def main(ladder: Ladder) -> None:
        one, other = await open_session(ladder, CARD, ANY), await open_session(ladder, card("other"), ANY)
        made.fault = lambda *_: chance.choice(FAULTS[:3]) if chance.random() < 0.1 else None
        await asyncio.gather(all_right(one, 40), all_right(other, 40))

    on_ladder(made, main, facts=PLAIN)


async def made_of(ladder: Ladder, data: bytes, model: ModelCard = CARD) -> tuple[bytes, Finished]:
    written = b""
    events = upscale(
        data,
        UpscaleOptions(model=model.id, tile=16),
        catalogue=catalogue_of(model),
        open_session=lambda one: open_session(ladder, one, ANY),
        cancel=CancelToken(),
        budget_bytes=1_000_000_000,
    )
    async for event in events:
        if isinstance(event, Encoded):
            written += event.data
    assert isinstance(event, Finished)
    return written, event


@pytest.mark.parametrize("seed", range(8))
def test_fifty_random_faults_in_one_job_change_no_bit(seed: int) -> None:
    data = saved(drawing(1000, 850))

    async def main(ladder: Ladder) -> tuple[bytes, Finished]:
        await settled(ladder)
        made.fault = lambda *_: chance.choice(FAULTS) if chance.random() < often else None
        return await made_of(ladder, data)

    chance, often = random.Random(seed), 0.0
    made = workers_with()
    quiet, finished = on_ladder(made, main)
    assert finished.provider == "webgpu" and finished.notes == () and not made.faults
    often = 0.2
    made = workers_with()
    disturbed, finished = on_ladder(made, main)
    assert len(made.faults) >= 50
    assert disturbed == quiet
    assert 1 <= len(finished.notes) <= 3


def test_a_cancelled_job_leaves_idle_workers_behind() -> None:
    data = saved(drawing(1000, 850))
    made = workers_with(seconds=lambda *_: 10.0)

    async def main(ladder: Ladder) -> None:
        await settled(ladder)
        cancel = CancelToken()
        job = upscale(
            data,
            UpscaleOptions(model=CARD.id),
            catalogue=catalogue_of(CARD),
            open_session=lambda one: open_session(ladder, one, ANY),
            cancel=cancel,
            budget_bytes=1_000_000_000,
        )
        loop = asyncio.get_running_loop()
        began = loop.time()
        loop.call_later(5, cancel.cancel)
        with pytest.raises(Exception, match="was cancelled"):
            async for _ in job:
                pass
        assert loop.time() == began + 5
        await asyncio.sleep(1)
        assert ladder.crews.is_idle
        assert len(made.living) == 4

    on_ladder(made, main, facts=PLAIN)
