"""web/workers/fleet.js: workers are made, loaded, run and ended, and the death of each is told at once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Route

from browser.fleet_page import fleet_page, output_of, right_output
from browser.watched import Watch, wait_until_workers_end

MODEL = "upconv7-anime-2x-n1.onnx"
OTHER_MODEL = "upconv7-photo-2x.onnx"
# Computes for seconds, so that there is time to end it.
LONG = 500
# As exact as 32-bit sums in another order are.
SAME = 1e-5


@pytest.fixture
def page(chromium: Browser, origin: str) -> Iterator[Page]:
    with fleet_page(chromium, origin) as (page, watch):
        yield page
        assert watch.complaints == []


@pytest.fixture
def rough_page(chromium: Browser, origin: str) -> Iterator[tuple[Page, Watch]]:
    """A page in which things go wrong, which the browser says on the console."""
    with fleet_page(chromium, origin) as (page, watch):
        yield page, watch


@pytest.mark.parametrize("threads", [1, 2])
def test_the_processor_computes_what_native_does(page: Page, site: Path, threads: int) -> None:
    run = page.evaluate(
        """async ([threads, model]) => {
            const worker = await fleet.make('wasm', threads);
            await fleet.load(worker, model);
            return outcome(fleet.run(worker, model, feeds(40)));
        }""",
        [threads, MODEL],
    )
    assert np.abs(output_of(run) - right_output(site / "models" / MODEL, 40)).max() < SAME
    assert run["startedMs"] <= run["endedMs"]
    # The runtime's threads are workers that the inference worker made, next to it.
    assert len(page.workers) == threads


def test_runs_are_done_one_after_the_other_in_the_order_sent(page: Page, site: Path) -> None:
    runs = page.evaluate(
        """async (model) => {
            const worker = await fleet.make('wasm', 1);
            await fleet.load(worker, model);
            const seeds = [1, 2, 3, 4];
            return Promise.all(seeds.map((seed) => outcome(fleet.run(worker, model, feeds(30, seed)))));
        }""",
        MODEL,
    )
    for seed, run in enumerate(runs, start=1):
        assert np.abs(output_of(run) - right_output(site / "models" / MODEL, 30, seed)).max() < SAME
    assert all(one["endedMs"] <= other["startedMs"] for one, other in pairwise(runs))


def test_feeds_are_moved_and_not_copied(page: Page) -> None:
    left = page.evaluate(
        """async (model) => {
            const worker = await fleet.make('wasm', 1);
            await fleet.load(worker, model);
            const sent = feeds(30);
            await fleet.run(worker, model, sent);
            return sent.input.data.length;
        }""",
        MODEL,
    )
    assert left == 0


def test_several_workers_compute_side_by_side(page: Page) -> None:
    one, other = page.evaluate(
        """async ([model, side]) => {
            const workers = await Promise.all([fleet.make('wasm', 1), fleet.make('wasm', 1)]);
            await Promise.all(workers.map((worker) => fleet.load(worker, model)));
            const runs = await Promise.all(workers.map((worker) => fleet.run(worker, model, feeds(side))));
            return runs.map(({ startedMs, endedMs }) => ({ startedMs, endedMs }));
        }""",
        [MODEL, 120],
    )
    assert one["startedMs"] < other["endedMs"] and other["startedMs"] < one["endedMs"]


def test_a_worker_that_is_terminated_is_lost_to_all_who_wait(rough_page: tuple[Page, Watch]) -> None:
    page, _ = rough_page
    answers = page.evaluate(
        """async ([model, side]) => {
            globalThis.worker = await fleet.make('wasm', 1);
            await fleet.load(worker, model);
            const waiting = [side, 30].map((side) => failure(fleet.run(worker, model, feeds(side))));
            // Nobody but the browser knows of it.
            made[0].terminate();
            return Promise.all(waiting);
        }""",
        [MODEL, LONG],
    )
    assert answers == [["WorkerLost", "The inference worker has died."]] * 2
    assert_gone(page)


def test_a_worker_with_a_fault_is_lost_for_that_reason(rough_page: tuple[Page, Watch]) -> None:
    page, _ = rough_page
    page.evaluate(
        """async (model) => {
            globalThis.worker = await fleet.make('wasm', 1);
            // The download never ends.
            globalThis.fetch = () => new Promise(() => undefined);
            globalThis.waiting = failure(fleet.load(worker, model));
        }""",
        MODEL,
    )
    page.workers[0].evaluate("() => void setTimeout(() => { throw new Error('a fault'); })")
    reason = ["WorkerLost", "The inference worker stopped: Uncaught Error: a fault."]
    assert page.evaluate("() => waiting") == reason
    assert_gone(page)


def test_a_worker_that_is_ended_is_lost_to_all_who_wait(page: Page, site: Path) -> None:
    answers = page.evaluate(
        """async ([model, side]) => {
            globalThis.worker = await fleet.make('wasm', 1);
            const other = await fleet.make('wasm', 1);
            await Promise.all([worker, other].map((each) => fleet.load(each, model)));
            const waiting = [side, 30].map((side) => failure(fleet.run(worker, model, feeds(side))));
            const unharmed = outcome(fleet.run(other, model, feeds(30)));
            await fleet.end(worker);
            const lost = await Promise.all(waiting);
            const run = await unharmed;
            await fleet.end(other);
            return [lost, run];
        }""",
        [MODEL, LONG],
    )
    assert answers[0] == [["WorkerLost", "The inference worker was ended."]] * 2
    assert np.abs(output_of(answers[1]) - right_output(site / "models" / MODEL, 30)).max() < SAME
    assert_gone(page)


def assert_gone(page: Page) -> None:
    """Of `worker`, the only one that was left, nothing is there any more."""
    answers = page.evaluate(
        """async (model) => [
            await failure(fleet.load(worker, model)),
            await failure(fleet.run(worker, model, feeds(30))),
            await failure(fleet.unload(worker, model)),
            await failure(fleet.end(worker)),
        ]""",
        MODEL,
    )
    assert answers == [["WorkerLost", "The inference worker is gone."]] * 3 + [None]
    page.wait_for_function("async () => (await locks()).length === 0")
    wait_until_workers_end(page)


def test_many_workers_leave_nothing_behind(page: Page) -> None:
    ended = page.evaluate(
        """async () => {
            for (let turn = 0; turn < 12; turn += 1) {
                const workers = await Promise.all([fleet.make('wasm', 1), fleet.make('wasm', 1)]);
                await Promise.all(workers.map((worker) => fleet.end(worker)));
            }
            return made.length;
        }"""
    )
    assert ended == 24
    page.wait_for_function("async () => (await locks()).length === 0")
    wait_until_workers_end(page)


def test_a_model_is_downloaded_once_until_it_is_forgotten(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    page.evaluate(
        """async (model) => {
            globalThis.workers = await Promise.all([fleet.make('wasm', 1), fleet.make('wasm', 1)]);
            await Promise.all([...workers, ...workers].map((worker) => fleet.load(worker, model)));
        }""",
        MODEL,
    )
    assert asked.count(MODEL) == 1
    page.evaluate(
        "async (model) => { await fleet.unload(workers[0], model); await fleet.load(workers[0], model); }", MODEL
    )
    assert asked.count(MODEL) == 1
    page.evaluate(
        """async (model) => {
            await fleet.forget(model);
            await fleet.unload(workers[0], model);
            await fleet.load(workers[0], model);
        }""",
        MODEL,
    )
    assert asked.count(MODEL) == 2


def test_the_golden_tile_comes_as_it_is(page: Page, site: Path) -> None:
    data = page.evaluate("async () => [...await fleet.golden('catalogue.json')]")
    assert bytes(data) == (site / "models" / "catalogue.json").read_bytes()


def test_a_model_that_comes_and_goes_ends_as_was_asked_last(page: Page) -> None:
    first, unloaded, last = page.evaluate(
        """async ([model, other]) => {
            const worker = await fleet.make('wasm', 1);
            const run = () => outcome(fleet.run(worker, model, feeds(30)));
            // Nothing of it waits for the other.
            const changes = [fleet.load(worker, model), fleet.load(worker, other)];
            const first = run();
            changes.push(fleet.unload(worker, model));
            const unloaded = run();
            changes.push(fleet.load(worker, model), fleet.unload(worker, model), fleet.load(worker, model));
            const last = run();
            await Promise.all(changes);
            return Promise.all([first, unloaded, last]);
        }""",
        [MODEL, OTHER_MODEL],
    )
    assert first["dims"] == last["dims"] == [1, 32, 32, 3]
    assert unloaded == {"error": "Error", "message": f"the model {MODEL} is not loaded"}


def test_a_file_that_is_not_there_is_told_and_harms_nothing(rough_page: tuple[Page, Watch]) -> None:
    page, _ = rough_page
    answers = page.evaluate(
        """async (model) => {
            const worker = await fleet.make('wasm', 1);
            return [
                await failure(fleet.load(worker, 'nothing.onnx')),
                await failure(fleet.load(worker, 'nothing.onnx')),
                await failure(fleet.run(worker, 'nothing.onnx', feeds(30))),
                await failure(fleet.golden('nothing.npz')),
                await failure(fleet.load(worker, model)),
            ];
        }""",
        MODEL,
    )
    missing = ["Error", "nothing.onnx: 404"]
    not_loaded = ["Error", "the model nothing.onnx is not loaded"]
    assert answers == [missing, missing, not_loaded, ["Error", "nothing.npz: 404"], None]


def test_a_file_that_is_no_model_is_refused_by_the_runtime(page: Page) -> None:
    name, message = page.evaluate(
        "async () => failure(fleet.load(await fleet.make('wasm', 1), 'catalogue.json'))",
    )
    assert name == "Error" and "protobuf parsing failed" in message
    assert page.evaluate("() => unreachable") == []


def test_without_a_gpu_its_session_is_refused(page: Page) -> None:
    name, message = page.evaluate(
        "async (model) => failure(fleet.load(await fleet.make('webgpu', 1), model))",
        MODEL,
    )
    assert name == "Error" and "Failed to get GPU adapter" in message


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        ("workers/inference.js", "The inference worker stopped: its script cannot be fetched."),
        (
            "vendor/onnxruntime/ort.wasm.min.mjs",
            "“vendor/onnxruntime/ort.wasm.min.mjs” cannot be fetched or run (Failed to fetch dynamically",
        ),
        (
            "vendor/onnxruntime/ort-wasm-simd-threaded.mjs",
            "“vendor/onnxruntime/ort-wasm-simd-threaded.mjs” cannot be fetched or run (Failed to fetch dynamically",
        ),
    ],
)
def test_a_script_that_does_not_come_loses_the_worker(rough_page: tuple[Page, Watch], lost: str, message: str) -> None:
    page, _ = rough_page

    def fail(route: Route) -> None:
        route.fulfill(status=503, body="not now")

    page.context.route(f"**/{lost}", fail)
    name, told = page.evaluate("() => failure(fleet.make('wasm', 1))")
    assert name == "Unreachable" and told.startswith(message)
    assert page.evaluate("() => unreachable") == [told]
    page.wait_for_function("async () => (await locks()).length === 0")
    wait_until_workers_end(page)
    page.context.unroute(f"**/{lost}", fail)
    assert page.evaluate("async (model) => failure(fleet.load(await fleet.make('wasm', 1), model))", MODEL) is None


def test_a_runtime_that_does_not_come_loses_the_worker(rough_page: tuple[Page, Watch]) -> None:
    page, _ = rough_page
    lost = "vendor/onnxruntime/ort-wasm-simd-threaded.wasm"

    def fail(route: Route) -> None:
        route.fulfill(status=503, body="not now")

    page.context.route(f"**/{lost}", fail)
    answers = page.evaluate(
        """async (model) => {
            globalThis.worker = await fleet.make('wasm', 1);
            return Promise.all([failure(fleet.load(worker, model)), failure(fleet.run(worker, model, feeds(30)))]);
        }""",
        MODEL,
    )
    sentence = f"“{lost}” cannot be fetched; the server answered 503."
    assert answers == [["Unreachable", sentence]] * 2
    assert page.evaluate("() => unreachable") == [sentence]
    assert_gone(page)
    page.context.unroute(f"**/{lost}", fail)
    assert page.evaluate("async (model) => failure(fleet.load(await fleet.make('wasm', 1), model))", MODEL) is None


def test_the_first_worker_tells_the_bytes_of_its_runtime(page: Page, site: Path) -> None:
    """All of them before its start is said to be over, also to a listener that is busy."""
    fetched = page.evaluate(
        """async (model) => {
            globalThis.busyMs = 300;
            const workers = await Promise.all([fleet.make('wasm', 1), fleet.make('wasm', 1)]);
            await Promise.all(workers.map((worker) => fleet.load(worker, model)));
            return fetched;
        }""",
        MODEL,
    )
    runtime = "vendor/onnxruntime/ort-wasm-simd-threaded.wasm"
    assert fetched == {runtime: (site / runtime).stat().st_size}


def test_what_was_begun_is_handed_out_first(page: Page) -> None:
    answers = page.evaluate(
        """async (model) => {
            const { port1, port2 } = new MessageChannel();
            host.make('a worker of the page', 'wasm', 1, port1);
            fleet.adopt('a worker of the page', 'wasm', 1, port2);
            await Promise.all([fleet.preload('wasm', 1, model), fleet.preload('wasm', 2, model)]);
            const begun = made.length;
            const [one, two] = [await fleet.make('wasm', 1), await fleet.make('wasm', 2)];
            await Promise.all([fleet.load(one, model), fleet.load(two, model)]);
            const used = made.length;
            const another = await fleet.make('wasm', 1);
            return { begun, used, made: made.length, ids: new Set([one, two, another]).size };
        }""",
        MODEL,
    )
    assert answers == {"begun": 2, "used": 2, "made": 3, "ids": 3}


def test_what_was_begun_in_vain_can_be_ended(page: Page) -> None:
    page.evaluate(
        """async (model) => {
            globalThis.worker = await fleet.make('wasm', 1);
            await fleet.preload('wasm', 2, model);
            await fleet.endSpares();
        }""",
        MODEL,
    )
    page.wait_for_function("async () => (await locks()).length === 1")
    assert page.evaluate("(model) => failure(fleet.load(worker, model))", MODEL) is None


def test_a_text_is_kept_for_the_next_visit(page: Page) -> None:
    assert page.evaluate("() => host.recall()") is None
    page.evaluate("() => fleet.remember('a text')")
    assert page.evaluate("() => host.recall()") == "a text"


def test_where_storage_is_forbidden_nothing_is_kept(page: Page) -> None:
    page.evaluate(
        """() => Object.defineProperty(globalThis, 'localStorage', {
            get() { throw new DOMException('not here', 'SecurityError'); },
        })"""
    )
    assert page.evaluate("() => failure(fleet.remember('a text'))") is None
    assert page.evaluate("() => host.recall()") is None
