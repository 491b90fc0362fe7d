"""A model's second graph on the ladder: forced, refused, wrong, missing, and failing in the middle of a job."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from doubling_workers import DoublingWorker
from ladders import ANY, CARD, PLAIN, QUAD, TWIN, Shelf, all_right, on_ladder, settled, tile, workers_with
from senmei.catalogue import ModelCard
from senmei.errors import InvalidOption, ModelUnavailable, OutOfMemory, SenmeiError, SessionFailed
from senmei.sessions.ladder import Ladder
from senmei.sessions.ladder_session import open_session
from senmei.sessions.rungs import WASM, WEBGPU, Rung, Wish

NO_GPU = replace(QUAD, gpu=None)


def is_winograd(worker: DoublingWorker) -> bool:
    return worker.running == WASM.twin.file(TWIN)


def graphs(ladder: Ladder, wish: Wish = ANY) -> set[str]:
    return {one.graph for one in ladder.arrangements(TWIN, wish)}


def of_winograd(ladder: Ladder, wish: Wish = ANY) -> dict[str, Any]:
    one: dict[str, Any] = next(one for one in ladder.report(TWIN, wish)["rungs"] if one["graph"] == "winograd")
    return one


@pytest.mark.parametrize("graph", ["direct", "winograd"])
@pytest.mark.parametrize("threads", [None, 4])
def test_a_graph_that_is_wanted_is_run_and_nothing_is_compared(graph: Any, threads: int | None) -> None:
    wish = Wish(graph=graph, threads=threads)
    made = workers_with()

    async def main(ladder: Ladder) -> None:
        await settled(ladder, TWIN, wish)
        session = await open_session(ladder, TWIN, wish)
        assert {one.graph for one in session.arrangements} == {graph}
        await all_right(session, 8)
        ran = {worker.running for worker in made.workers if worker.running}
        assert ran == {Rung("wasm", threads or 1, graph).file(TWIN)}
        report = ladder.report(TWIN, wish)
        assert (report["graph"], report["gain"]) == (graph, None)
        (other,) = [one for one in report["rungs"] if one["graph"] != graph and one["provider"] == "wasm"]
        assert other["state"] == "untested" and other["threads"] == (threads or 1)

    on_ladder(made, main, facts=NO_GPU)


def test_the_gpu_runs_the_direct_graph() -> None:
    made = workers_with()

    async def main(ladder: Ladder) -> None:
        for wish in (ANY, Wish(graph="direct"), Wish(provider="webgpu"), Wish(provider="webgpu", graph="direct")):
            await settled(ladder, TWIN, wish)
            assert [(one.provider, one.graph) for one in ladder.arrangements(TWIN, wish)] == [("webgpu", "direct")]
        ran = {worker.running for worker in made.workers if worker.provider == "webgpu"}
        assert ran == {WEBGPU.file(TWIN)}
        await settled(ladder, TWIN, Wish(graph="winograd"))
        assert ladder.arrangements(TWIN, Wish(graph="winograd"))[0].provider == "wasm"

    on_ladder(made, main)


@pytest.mark.parametrize(
    ("wish", "model", "told"),
    [
        (Wish(graph="winograd"), CARD, "The model “doubling” has no graph “winograd”; accepted: auto, direct."),
        (Wish(graph="winograd", provider="webgpu"), TWIN, "“winograd” is for “wasm”; WebGPU runs “direct”"),
        (Wish(graph="fast"), TWIN, "“fast” is unknown; accepted: auto, direct, winograd"),  # type: ignore[arg-type]
    ],
)
def test_a_graph_that_cannot_be_had_is_refused(wish: Wish, model: ModelCard, told: str) -> None:
    made = workers_with()

    async def main(ladder: Ladder) -> None:
        with pytest.raises(InvalidOption, match=told):
            await open_session(ladder, model, wish)

    on_ladder(made, main)
    assert made.workers == []


def test_a_model_without_a_second_graph_is_as_ever() -> None:
    made = workers_with()

    async def main(ladder: Ladder) -> None:
        await settled(ladder)
        report = ladder.report(CARD, ANY)
        assert {one["graph"] for one in report["rungs"]} == {"direct"} == {report["graph"]} and report["gain"] is None

    on_ladder(made, main, facts=NO_GPU)


@pytest.mark.parametrize("fault", ["wrong", "nan", "throws", "killed", "out of memory"])
def test_a_second_graph_that_fails_its_self_test_gives_way(fault: str) -> None:
    shelf = Shelf()
    made = workers_with(fault=lambda worker, _: fault if is_winograd(worker) else None)

    async def main(ladder: Ladder) -> None:
        session = await open_session(ladder, TWIN, ANY)
        assert {one.graph for one in session.arrangements} == {"direct"}
        await all_right(session, 8)
        (note,) = session.notes
        assert note.startswith("WebAssembly with Winograd convolutions ") and note in ladder.troubles
        await asyncio.sleep(500)
        dropped = of_winograd(ladder)
        assert (dropped["state"], dropped["reason"]) == ("dropped", note)
        assert graphs(ladder) == {"direct"}
        with pytest.raises(SessionFailed, match="Winograd convolutions"):
            await ladder.prepare(TWIN, Wish(graph="winograd"))

    on_ladder(made, main, facts=NO_GPU, shelf=shelf)
    again = workers_with()

    async def next_visit(ladder: Ladder) -> None:
        await settled(ladder, TWIN)
        # Wrong pixels are wrong for ever; what failed may have been a bad day.
        assert graphs(ladder) == ({"direct"} if fault in ("wrong", "nan") else {"winograd"})

    on_ladder(again, next_visit, facts=NO_GPU, shelf=shelf)


def test_a_second_graph_that_cannot_be_fetched_gives_way() -> None:
    made = workers_with(missing=frozenset({WASM.twin.file(TWIN).name}))

    async def main(ladder: Ladder) -> None:
        session = await open_session(ladder, TWIN, ANY)
        assert {one.graph for one in session.arrangements} == {"direct"}
        (note,) = session.notes
        assert "Winograd convolutions cannot be had" in note and "cannot be fetched" in note
        await all_right(session, 4)
        with pytest.raises(SenmeiError, match="cannot be fetched"):
            await ladder.prepare(TWIN, Wish(graph="winograd"))

    on_ladder(made, main, facts=PLAIN)


def test_offline_the_second_graph_is_asked_for_again_later() -> None:
    made = workers_with(missing=frozenset(TWIN.files))

    async def main(ladder: Ladder) -> None:
        with pytest.raises(ModelUnavailable):
            await open_session(ladder, TWIN, ANY)
        made.missing = frozenset()
        session = await open_session(ladder, TWIN, ANY)
        assert session.arrangements[0].graph == "winograd" and session.notes == []

    on_ladder(made, main, facts=PLAIN)


@pytest.mark.parametrize("fault", ["throws", "killed", "hangs"])
def test_a_tile_that_fails_on_the_second_graph_is_computed_on_the_first(fault: str) -> None:
    made = workers_with()

    async def main(ladder: Ladder) -> None:
        await settled(ladder, TWIN)
        session = await open_session(ladder, TWIN, ANY)
        (planned,) = [one for one in session.arrangements if one.threads == 1]
        assert planned.graph == "winograd"
        made.fault = lambda worker, _: fault if is_winograd(worker) else None
        await all_right(session, 20, arrangement=planned)
        (now,) = session.arrangements
        assert (now.graph, now.workers, now.threads) == ("direct", planned.workers, 1), "with as many workers"
        assert any(
            "Winograd convolutions failed" in note and "; WebAssembly went on." in note for note in session.notes
        )
        assert graphs(ladder) == {"direct"} and of_winograd(ladder)["state"] == "dropped"
        assert (await open_session(ladder, TWIN, ANY)).arrangements[0].graph == "direct"

    on_ladder(made, main, facts=NO_GPU)


def test_threads_that_fail_on_the_second_graph_stay_threads() -> None:
    made = workers_with()

    async def main(ladder: Ladder) -> None:
        await settled(ladder, TWIN)
        session = await open_session(ladder, TWIN, ANY)
        (planned,) = [one for one in session.arrangements if one.threads == 4]
        made.fault = lambda worker, _: "throws" if is_winograd(worker) and worker.threads > 1 else None
        await all_right(session, 6, arrangement=planned)
        (now,) = session.arrangements
        assert (now.graph, now.threads) == ("direct", 4)
        later = {one.threads: one.graph for one in ladder.arrangements(TWIN, ANY)}
        assert later == {1: "winograd", 2: "winograd", 4: "direct"}
        made.fault = lambda worker, _: "throws" if worker.threads > 1 else None
        await all_right(session, 6, arrangement=planned)
        assert (session.arrangements[0].graph, session.arrangements[0].threads) == ("winograd", 1)

    on_ladder(made, main, facts=NO_GPU)


def test_threads_that_never_start_are_not_tried_with_both_graphs() -> None:
    made = workers_with(start_fault=lambda _, threads, __: "hangs" if threads == 2 else None)

    async def main(ladder: Ladder) -> None:
        await settled(ladder, TWIN)
        session = await open_session(ladder, TWIN, ANY)
        (pairs,) = [one for one in session.arrangements if one.threads == 2]
        await all_right(session, 4, arrangement=pairs)
        assert (session.arrangements[0].threads, session.arrangements[0].graph) == (1, "winograd")
        assert sum(worker.threads == 2 for worker in made.workers) == 2

    on_ladder(made, main, facts=NO_GPU)


def test_wanted_threads_that_compute_one_graph_wrong_compute_the_other() -> None:
    wish = Wish(threads=4)
    made = workers_with(fault=lambda worker, _: "wrong" if is_winograd(worker) else None)

    async def main(ladder: Ladder) -> None:
        session = await open_session(ladder, TWIN, wish)
        assert [(one.threads, one.graph) for one in session.arrangements] == [(4, "direct")]
        await all_right(session, 4)

    on_ladder(made, main, facts=NO_GPU)


def test_a_gpu_that_fails_in_a_job_gives_way_to_the_faster_graph() -> None:
    made = workers_with(seconds=lambda provider, *_: 1e-4 if provider == "webgpu" else 1e-2)

    async def main(ladder: Ladder) -> None:
        await settled(ladder, TWIN)
        session = await open_session(ladder, TWIN, ANY)
        made.fault = lambda worker, _: "device lost" if worker.provider == "webgpu" else None
        await all_right(session, 10)
        assert (session.provider, session.arrangements[0].graph) == ("wasm", "winograd")

    on_ladder(made, main)


def test_memory_that_only_the_second_graph_lacks_is_mended_by_the_first() -> None:
    made = workers_with()

    async def main(ladder: Ladder) -> None:
        session = await open_session(ladder, TWIN, ANY)
        (planned,) = session.arrangements
        made.fault = lambda worker, _: "out of memory" if is_winograd(worker) else None
        with pytest.raises(OutOfMemory):
            await session.run(tile(), arrangement=planned)
        assert session.arrangements[0].graph == "winograd", "a smaller tile may find memory"
        await session.run(tile(), arrangement=planned, is_smallest=True)
        assert session.arrangements[0].graph == "direct"

    on_ladder(made, main, facts=PLAIN)


def test_what_is_remembered_is_of_both_files() -> None:
    shelf = Shelf()
    on_ladder(workers_with(), lambda ladder: settled(ladder, TWIN), facts=PLAIN, shelf=shelf)
    assert TWIN.winograd is not None
    newer = replace(TWIN, sha256="newer"), replace(TWIN, winograd=replace(TWIN.winograd, sha256="newer"))
    for model, is_known in ((TWIN, True), (newer[0], False), (newer[1], False)):

        async def main(ladder: Ladder) -> None:
            report = ladder.report(model, ANY)  # noqa: B023 - run at once
            told = [
                report["gain"],
                *(one["megapixelMs"] for one in report["rungs"] if one["threads"] == 1 and one["provider"] == "wasm"),
            ]
            assert [bool(one) for one in told] == [is_known] * len(told)  # noqa: B023

        on_ladder(workers_with(), main, facts=PLAIN, shelf=shelf)


def test_what_an_earlier_version_kept_is_as_good_as_nothing() -> None:
    kept = {
        "machine": PLAIN.machine,
        "first": {TWIN.file: {"provider": "wasm", "threads": 1}},
        "models": {TWIN.sha256: {"wasm 1": {"pixelNs": 5e5, "runMs": 1}}},
    }
    made = workers_with()

    async def main(ladder: Ladder) -> None:
        await settled(ladder, TWIN)
        assert ladder.report(TWIN, ANY)["gain"] == pytest.approx(2)
        assert ladder.arrangements(TWIN, ANY)[0].graph == "winograd"

    on_ladder(made, main, facts=PLAIN, shelf=Shelf(json.dumps(kept)))


def test_rungs_have_names_that_tell_the_graph() -> None:
    assert [str(rung) for rung in (WASM.twin, Rung("wasm", 4, "winograd"))] == [
        "WebAssembly with Winograd convolutions",
        "WebAssembly with 4 threads and Winograd convolutions",
    ]


def test_a_lack_of_memory_on_every_rung_is_told_as_such() -> None:
    """Also when the direct graph finds none for its self-test; and the next job may find some."""

    async def main(ladder: Ladder) -> None:
        session = await open_session(ladder, TWIN, ANY)
        no_fault, made.fault = made.fault, lambda *_: "out of memory"
        with pytest.raises(OutOfMemory):
            await session.run(tile(), arrangement=session.arrangements[0], is_smallest=True)
        made.fault = no_fault
        session = await open_session(ladder, TWIN, ANY)
        await session.run(tile(), arrangement=session.arrangements[0], is_smallest=True)

    made = workers_with()
    on_ladder(made, main, facts=PLAIN)
