from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from doubling_workers import golden_npz
from ladders import (
    ANY,
    CARD,
    PLAIN,
    QUAD,
    Shelf,
    all_right,
    on_ladder,
    seconds,
    settled,
    states,
    workers_with,
)
from repeating import card
from senmei.errors import InvalidOption, ModelUnavailable, SessionFailed
from senmei.sessions.ladder import Ladder
from senmei.sessions.ladder_session import open_session
from senmei.sessions.rungs import WASM, WEBGPU, Facts, Rung, Wish


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


def test_threads_that_an_earlier_visit_measured_are_tested_when_a_job_wants_them() -> None:
    facts, shelf = replace(QUAD, gpu=None), Shelf()
    on_ladder(workers_with(), settled, facts=facts, shelf=shelf)
    made = workers_with()

    async def again(ladder: Ladder) -> None:
        await settled(ladder)
        assert {worker.threads for worker in made.workers} == {1}
        assert made.runs == 1 + QUAD.cores, "the test, then each worker is warmed: none to measure anew"
        (threads,) = [one for one in ladder.arrangements(CARD, ANY) if one.threads == 4]
        assert threads.is_measured
        assert states(ladder.report(CARD, ANY))["wasm", 4] == "untested"
        session = await open_session(ladder, CARD, ANY)
        await all_right(session, 2, arrangement=threads)
        assert states(ladder.report(CARD, ANY))["wasm", 4] == "right"

    on_ladder(made, again, facts=facts, shelf=shelf)


def test_a_slow_hour_makes_threads_look_no_faster() -> None:
    facts, shelf = replace(QUAD, gpu=None), Shelf()
    on_ladder(workers_with(), settled, facts=facts, shelf=shelf)

    async def slow(ladder: Ladder) -> None:
        await settled(ladder)
        best, *others = ladder.arrangements(CARD, ANY)
        assert (best.workers, best.threads) == (4, 1)
        (threads,) = [one for one in others if one.threads == 4]
        assert threads.is_measured
        assert threads.pixel_ns / best.pixel_ns == pytest.approx(4**-0.8, rel=0.1), "as on the earlier visit"

    on_ladder(workers_with(seconds=lambda *asked: 6 * seconds(*asked)), slow, facts=facts, shelf=shelf)


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
    assert json.loads(shelf.text)["first"] == {CARD.file: {"provider": "webgpu", "threads": 1, "graph": "direct"}}
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
        assert made.living and all(worker.files <= {WASM.file(second)} for worker in made.living)
        await all_right(await open_session(ladder, CARD, ANY), 3)

    on_ladder(made, main)


def test_warming_up_brings_all_workers_up() -> None:
    made = workers_with()

    async def main(ladder: Ladder) -> None:
        await ladder.warm(CARD, ANY)
        assert ladder.crews.of(WASM).ready(WASM.file(CARD)) == 4
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
