from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from doubling_workers import FAULTS, DoublingWorkers, golden_npz
from drawings import drawing, saved
from repeating import card, catalogue_of
from senmei.arrangement import Arrangement
from senmei.catalogue import ModelCard
from senmei.engine import UpscaleOptions, upscale
from senmei.errors import InvalidOption, ModelUnavailable, OutOfMemory, SessionFailed
from senmei.events import Encoded, Finished
from senmei.jobs import CancelToken
from senmei.sessions import Tensors
from senmei.sessions.ladder import Ladder
from senmei.sessions.ladder_session import LadderSession, open_session
from senmei.sessions.rungs import WASM, WEBGPU, Facts, Rung, Wish
from virtual_clock import run_virtually

CARD = card(overlap=3)
QUAD = Facts(cores=4, memory_gb=8, has_shared_memory=True, gpu="maker model", browser="a browser", runtime="1.30.0")
PLAIN = replace(QUAD, gpu=None, has_shared_memory=False)
ANY = Wish()


def seconds(provider: str, threads: int, pixels: int) -> float:
    """A GPU that is ten times as fast as a core."""
    return pixels * (1e-4 if provider == "webgpu" else 1e-3 / threads**0.8)


class Shelf:
    """The golden tiles and what is remembered, as the page would have them."""

    def __init__(self, text: str | None = None) -> None:
        self.text = text
        self.golden: dict[str, bytes] = {}

    async def fetch(self, file: str) -> bytes:
        return self.golden.get(file) or golden_npz()

    def keep(self, text: str) -> None:
        self.text = text


def ladder_of(made: DoublingWorkers, facts: Facts = QUAD, shelf: Shelf | None = None) -> Ladder:
    shelf = shelf or Shelf()
    return Ladder(made, facts, fetch_golden=shelf.fetch, remember=shelf.keep, remembered=shelf.text)


def workers_with(**wanted: Any) -> DoublingWorkers:
    return DoublingWorkers(**{"seconds": seconds, **wanted})


def on_ladder(made: DoublingWorkers, main: Callable[[Ladder], Coroutine[Any, Any, Any]], **ladder: Any) -> Any:
    """What `main` answers, after all was closed and nothing is left."""

    async def whole() -> Any:
        one = ladder_of(made, **ladder)
        try:
            return await main(one)
        finally:
            one.close()
            await asyncio.sleep(1000)

    result = run_virtually(whole())
    assert not made.living
    return result


def tile(number: int = 1, side: int = 20) -> Tensors:
    return {"input": np.full((1, side, side, 3), number, np.float32)}


async def all_right(session: LadderSession, count: int, *, arrangement: Arrangement | None = None) -> None:
    on = arrangement or session.arrangements[0]
    answers = await asyncio.gather(*(session.run(tile(number), arrangement=on) for number in range(count)))
    for number, answer in enumerate(answers):
        assert np.array_equal(answer["output"], np.full((1, 40, 40, 3), number))


async def settled(ladder: Ladder, model: ModelCard = CARD, wish: Wish = ANY) -> None:
    await ladder.prepare(model, wish)
    await asyncio.sleep(500)


def states(report: dict[str, Any]) -> dict[tuple[str, int], str]:
    return {(rung["provider"], rung["threads"]): rung["state"] for rung in report["rungs"]}


def test_the_fastest_right_rung_is_taken() -> None:
    made = workers_with()

    async def main(ladder: Ladder) -> None:
        await ladder.prepare(CARD, ANY)
        assert [worker.provider for worker in made.workers] == ["wasm"], "soonest there"
        await asyncio.sleep(500)
        session = await open_session(ladder, CARD, ANY)
        assert session.provider == "webgpu" and len(session.arrangements) == 1
        (gpu,) = session.arrangements
        assert gpu.fixed_shapes and gpu.workers == gpu.threads == 1 and gpu.is_measured and gpu.start_ms == 0
        assert gpu.pixel_ns == pytest.approx(1e5)
        await all_right(session, 10)
        assert session.notes == []
        report = ladder.report(CARD, ANY)
        assert states(report)["webgpu", 1] == "chosen" and states(report)["wasm", 1] == "slower"
        assert (report["provider"], report["workers"], report["threads"]) == ("webgpu", 1, 1)
        assert report["rungs"][0]["differs"] == 0 and report["rungs"][0]["megapixelMs"] == pytest.approx(1e5)
        assert report["troubles"] == [] and report["gpu"] == "maker model"
        json.dumps(report)

    on_ladder(made, main)


def test_a_slow_gpu_is_left_alone() -> None:
    made = workers_with(seconds=lambda provider, _, pixels: pixels * (1e-2 if provider == "webgpu" else 1e-3))

    async def main(ladder: Ladder) -> None:
        await settled(ladder)
        assert ladder.arrangements(CARD, ANY)[0].provider == "wasm"
        assert states(ladder.report(CARD, ANY))["webgpu", 1] == "slower"

    on_ladder(made, main)


def test_without_a_gpu_all_cores_are_offered_in_every_share() -> None:
    async def main(ladder: Ladder) -> None:
        await settled(ladder)
        offers = ladder.arrangements(CARD, ANY)
        assert {(one.workers, one.threads) for one in offers} == {(4, 1), (2, 2), (1, 4)}
        assert (offers[0].workers, offers[0].threads) == (4, 1)
        assert {one.threads: one.is_measured for one in offers} == {1: True, 2: False, 4: True}
        by_threads = {one.threads: one for one in offers}
        assert by_threads[1].start_ms == 0, "they are up"
        assert by_threads[2].start_ms > 0 and by_threads[4].start_ms > 0
        assert by_threads[4].pixel_ns == pytest.approx(1e6 / 4**0.8, rel=0.05), "as measured"
        assert by_threads[2].pixel_ns == pytest.approx(1e6 / 2**0.9, rel=0.05), "as assumed"
        assert states(ladder.report(CARD, ANY)) == {
            ("webgpu", 1): "dropped",
            ("wasm", 1): "chosen",
            ("wasm", 2): "untested",
            ("wasm", 4): "right",
        }

    on_ladder(workers_with(), main, facts=replace(QUAD, gpu=None))


@pytest.mark.parametrize(
    ("facts", "reason"),
    [(PLAIN, "SharedArrayBuffer"), (replace(PLAIN, has_shared_memory=True, is_webkit=True), "WebKit")],
)
def test_where_there_are_no_threads_tiles_keep_all_cores_busy(facts: Facts, reason: str) -> None:
    made = workers_with()

    async def main(ladder: Ladder) -> None:
        session = await open_session(ladder, CARD, ANY)
        assert [(one.workers, one.threads) for one in session.arrangements] == [(4, 1)]
        await all_right(session, 20)
        assert len(made.workers) == 4
        dropped = {rung["threads"]: rung["reason"] for rung in ladder.report(CARD, ANY)["rungs"] if rung["reason"]}
        assert reason in dropped[4]
        assert session.notes == [], "nobody needs to be told of what never was"

    on_ladder(made, main, facts=facts)


def test_workers_fit_the_memory() -> None:
    assert replace(QUAD, cores=16, memory_gb=2).most_workers == 4
    assert replace(QUAD, cores=16, memory_gb=None).most_workers == 8
    assert replace(QUAD, cores=1, memory_gb=0.25).most_workers == 1

    async def main(ladder: Ladder) -> None:
        offers = ladder.arrangements(CARD, ANY)
        assert {(one.workers, one.threads) for one in offers} == {(4, 1), (4, 4), (3, 5), (2, 8), (1, 16)}
        assert all((one.worker_bytes or 0) * one.workers <= 2e9 for one in offers)

    on_ladder(workers_with(), main, facts=replace(QUAD, gpu=None, cores=16, memory_gb=2))


def test_a_gpu_in_software_is_not_tried_unless_it_is_wanted() -> None:
    facts = replace(QUAD, is_software_gpu=True)
    made = workers_with()

    async def main(ladder: Ladder) -> None:
        await settled(ladder)
        assert {worker.provider for worker in made.workers} == {"wasm"}
        assert states(ladder.report(CARD, ANY))["webgpu", 1] == "dropped"
        assert "processor" in ladder.report(CARD, ANY)["rungs"][0]["reason"]
        session = await open_session(ladder, CARD, Wish(provider="webgpu"))
        assert session.provider == "webgpu"
        await all_right(session, 3)

    on_ladder(made, main, facts=facts)


@pytest.mark.parametrize(("fault", "told"), [("wrong", "255 levels off"), ("nan", "no picture")])
def test_a_rung_that_computes_wrong_is_dropped_and_remembered(fault: str, told: str) -> None:
    shelf = Shelf()
    made = workers_with(fault=lambda worker, _: fault if worker.provider == "webgpu" else None)

    async def main(ladder: Ladder) -> None:
        await settled(ladder)
        session = await open_session(ladder, CARD, ANY)
        assert session.provider == "wasm"
        (note,) = session.notes
        assert note.startswith("WebGPU computes the model “doubling” wrong") and told in note
        assert ladder.report(CARD, ANY)["rungs"][0]["reason"] == note and note in ladder.troubles

    on_ladder(made, main, shelf=shelf)
    again = workers_with(fault=made.fault)

    async def second(ladder: Ladder) -> None:
        await settled(ladder)
        assert not any(worker.provider == "webgpu" for worker in again.workers)
        assert states(ladder.report(CARD, ANY))["webgpu", 1] == "dropped"

    on_ladder(again, second, shelf=shelf)
    newer = workers_with()

    async def third(ladder: Ladder) -> None:
        await settled(ladder)
        assert ladder.arrangements(CARD, ANY)[0].provider == "webgpu"

    on_ladder(newer, third, shelf=shelf, facts=replace(QUAD, browser="a newer browser"))


def test_what_was_fastest_comes_first_in_the_next_visit() -> None:
    shelf = Shelf()

    async def main(ladder: Ladder) -> None:
        await settled(ladder)

    on_ladder(workers_with(), main, shelf=shelf)
    assert shelf.text is not None
    assert json.loads(shelf.text)["first"] == {CARD.file: {"provider": "webgpu", "threads": 1}}
    made = workers_with()

    async def again(ladder: Ladder) -> None:
        assert ladder.report(CARD, ANY)["rungs"][0]["state"] == "untested"
        await settled(ladder)
        assert [worker.provider for worker in made.workers] == ["webgpu"]
        assert ladder.arrangements(CARD, ANY)[0].provider == "webgpu"

    on_ladder(made, again, shelf=shelf)
    broken = workers_with(start_fault=lambda provider, *_: "killed" if provider == "webgpu" else None)

    async def without(ladder: Ladder) -> None:
        await settled(ladder)
        assert ladder.arrangements(CARD, ANY)[0].provider == "wasm"

    on_ladder(broken, without, shelf=shelf)


def test_forced_values_narrow_the_choice() -> None:
    made = workers_with()

    async def main(ladder: Ladder) -> None:
        for wish, expected in (
            (Wish(provider="wasm", workers=3, threads=1), [(3, 1)]),
            (Wish(threads=2), [(2, 2)]),
            (Wish(workers=1), [(1, 4), (1, 1)]),
            (Wish(workers=6), [(6, 4), (6, 1)]),
            (Wish(workers=2, threads=3), [(2, 3)]),
        ):
            session = await open_session(ladder, CARD, wish)
            offers = [(one.workers, one.threads) for one in session.arrangements if one.provider == "wasm"]
            assert set(offers) == set(expected), wish
            await all_right(session, 8)

    on_ladder(made, main)


@pytest.mark.parametrize(
    ("wish", "facts", "error", "told"),
    [
        (Wish(provider="webgpu"), PLAIN, SessionFailed, "no GPU"),
        (Wish(threads=2), PLAIN, SessionFailed, "SharedArrayBuffer"),
        (Wish(threads=99), QUAD, InvalidOption, "threads 99 is outside 1 to 16"),
        (Wish(workers=0), QUAD, InvalidOption, "workers 0 is outside"),
        (Wish(provider="webgpu", threads=2), QUAD, InvalidOption, "one thread"),
        (Wish(provider="cuda"), QUAD, InvalidOption, "“cuda” is unknown"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_had_is_told_in_a_sentence(wish: Wish, facts: Facts, error: type, told: str) -> None:
    made = workers_with()

    async def main(ladder: Ladder) -> None:
        with pytest.raises(error, match=told):
            await open_session(ladder, CARD, wish)

    on_ladder(made, main, facts=facts)
    assert made.workers == []


def test_a_forced_rung_that_fails_its_self_test_is_told_and_may_be_tried_again() -> None:
    broken = {"webgpu"}
    made = workers_with(start_fault=lambda provider, *_: "killed" if provider in broken else None)

    async def main(ladder: Ladder) -> None:
        with pytest.raises(SessionFailed, match="WebGPU failed twice"):
            await open_session(ladder, CARD, Wish(provider="webgpu"))
        broken.clear()
        assert (await open_session(ladder, CARD, Wish(provider="webgpu"))).provider == "webgpu"

    on_ladder(made, main)


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


def test_a_model_that_cannot_be_fetched_is_asked_for_again_later() -> None:
    made = workers_with(missing=frozenset({CARD.file}))

    async def main(ladder: Ladder) -> None:
        with pytest.raises(ModelUnavailable):
            await open_session(ladder, CARD, ANY)
        made.missing = frozenset()
        await all_right(await open_session(ladder, CARD, ANY), 3)

    on_ladder(made, main)


def test_a_damaged_golden_tile_is_told() -> None:
    shelf = Shelf()
    for data in (b"", b"PK\x03\x04 no", golden_npz()[:-30]):
        shelf.golden[CARD.golden] = data or b"?"

        async def main(ladder: Ladder) -> None:
            with pytest.raises(ModelUnavailable, match="golden tile is damaged"):
                await ladder.prepare(CARD, ANY)

        on_ladder(workers_with(), main, shelf=shelf)


def test_two_jobs_at_once_end_right() -> None:
    chance = random.Random(4)
    made = workers_with()

    async def main(ladder: Ladder) -> None:
        one, other = await open_session(ladder, CARD, ANY), await open_session(ladder, card("other"), ANY)
        made.fault = lambda *_: chance.choice(FAULTS[:3]) if chance.random() < 0.1 else None
        await asyncio.gather(all_right(one, 40), all_right(other, 40))

    on_ladder(made, main, facts=PLAIN)


def test_a_model_that_is_released_leaves_the_workers() -> None:
    made = workers_with()

    async def main(ladder: Ladder) -> None:
        await settled(ladder)
        ladder.release(CARD)
        assert not made.living, "a worker without a model is of no use"
        await ladder.prepare(card("other"), ANY)
        ladder.release(card("other"))
        await asyncio.sleep(100)
        assert not made.living, "what was begun for it goes no further"
        first, second = replace(CARD, macs_per_pixel=500), card("other")
        for model in (first, second):
            await all_right(await open_session(ladder, model, ANY), 3)
        ladder.release(first)
        assert made.living and all(worker.files <= {second.file} for worker in made.living)
        await all_right(await open_session(ladder, CARD, ANY), 3)

    on_ladder(made, main)


def test_warming_up_brings_all_workers_up() -> None:
    made = workers_with()

    async def main(ladder: Ladder) -> None:
        await ladder.warm(CARD, ANY)
        assert ladder.crew(WASM).ready(CARD.file) == 4
        assert ladder.arrangements(CARD, ANY)[0].start_ms == 0

    on_ladder(made, main, facts=PLAIN)


def test_jobs_teach_the_ladder_how_fast_it_is() -> None:
    made = workers_with()
    shelf = Shelf()

    async def main(ladder: Ladder) -> None:
        session = await open_session(ladder, CARD, ANY)
        made.seconds = lambda *_: 4.0
        await all_right(session, 60)
        assert ladder.arrangements(CARD, ANY)[0].pixel_ns == 1e6, "plans stay the same in one visit"
        assert session.busy.idle_share is not None

    on_ladder(made, main, facts=PLAIN, shelf=shelf)

    async def again(ladder: Ladder) -> None:
        assert ladder.arrangements(CARD, ANY)[0].pixel_ns == pytest.approx(4e9 / 400, rel=0.3)

    on_ladder(workers_with(), again, facts=PLAIN, shelf=shelf)


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
    data = saved(drawing(230, 210))

    async def main(ladder: Ladder) -> tuple[bytes, Finished]:
        await settled(ladder)
        made.fault = lambda *_: chance.choice(FAULTS) if chance.random() < often else None
        return await made_of(ladder, data)

    chance, often = random.Random(seed), 0.0
    made = workers_with()
    quiet, finished = on_ladder(made, main)
    assert finished.provider == "webgpu" and finished.notes == () and not made.faults
    often = 0.25
    made = workers_with()
    disturbed, finished = on_ladder(made, main)
    assert len(made.faults) >= 50
    assert disturbed == quiet
    assert 1 <= len(finished.notes) <= 3


def test_a_cancelled_job_leaves_idle_workers_behind() -> None:
    data = saved(drawing(230, 210))
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
        assert all(crew.is_idle for crew in ladder._crews.values())
        assert len(made.living) == 4

    on_ladder(made, main, facts=PLAIN)


def test_threads_are_measured_when_no_job_is_at_work() -> None:
    made = workers_with()

    async def main(ladder: Ladder) -> None:
        session = await open_session(ladder, CARD, ANY)
        (whole,) = [one for one in session.arrangements if one.threads == 1]
        made.seconds = lambda *_: 2.0
        job = asyncio.ensure_future(all_right(session, 40, arrangement=whole))
        await asyncio.sleep(15)
        assert not job.done() and {worker.threads for worker in made.workers} == {1}
        await job
        await asyncio.sleep(60)
        assert states(ladder.report(CARD, ANY))["wasm", 4] == "right"

    on_ladder(made, main, facts=replace(QUAD, gpu=None))


def test_rungs_have_names_that_people_know() -> None:
    assert [str(rung) for rung in (WEBGPU, WASM, Rung("wasm", 4))] == [
        "WebGPU",
        "WebAssembly",
        "WebAssembly with 4 threads",
    ]
