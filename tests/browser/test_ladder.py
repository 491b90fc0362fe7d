"""The ways of computing in the built site: the fastest right one is taken, and remembered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from browser.api_page import CREATE, MODEL, open_page, opened_up, pixels, upscale
from browser.faulty_workers import faulty_workers, report, rung, settled, with_gpu
from browser.test_faults import PICTURE
from browser.watched import farthest, known_page, running, watched_page
from sitebuild.server import SiteServer


@pytest.fixture(scope="module")
def plain_origin(site: Path) -> Iterator[str]:
    """The site as a host serves it that cannot send headers."""
    server = SiteServer(site, host="127.0.0.1", port=0, isolated=False)
    server.listen()
    with running(server):
        yield server.url


def test_without_shared_memory_all_cores_compute_one_threaded(chromium: Browser, plain_origin: str) -> None:
    with watched_page(chromium, plain_origin) as (page, watch):
        open_page(page, plain_origin, isolated=False)
        page.evaluate(CREATE, [MODEL, {}])
        told = report(page)
        assert told["sharedMemory"] is False
        assert (told["provider"], told["workers"], told["threads"]) == ("wasm", told["cores"], 1)
        assert "SharedArrayBuffer" in rung(told, "wasm", told["cores"])["reason"]
        result = upscale(page, PICTURE)
        assert (result["workers"], result["threads"], result["notes"]) == (told["cores"], 1, [])
        assert watch.complaints == []


def test_a_fast_gpu_is_taken_and_remembered(chromium: Browser, origin: str) -> None:
    with watched_page(chromium, origin) as (page, watch), faulty_workers(page) as workers:
        with_gpu(page)

        def decide(facts: dict[str, str]) -> str:
            if facts["provider"] == "webgpu":
                return "by the processor" if facts["at"] == "start" else ""
            return "takes 3000" if facts["at"] == "run" else ""

        workers.decide = decide
        opened_up(page, origin)
        assert workers.started[0] == ("wasm", 1), "what is soonest there"
        told = settled(page)
        assert rung(told, "webgpu", 1)["state"] == "chosen" and rung(told, "wasm", 1)["state"] == "slower"
        first = upscale(page, PICTURE)
        assert (first["provider"], first["workers"], first["threads"], first["notes"]) == ("webgpu", 1, 1, [])
        page.evaluate("() => up.dispose()")
        workers.asked.clear()
        opened_up(page, origin)
        assert report(page)["provider"] == "webgpu"
        again = upscale(page, PICTURE)
        assert again["provider"] == "webgpu" and again["data"] == first["data"]
        assert {provider for provider, _ in workers.started} == {"webgpu"}, "no other session was made"
        assert watch.complaints == []


def test_a_gpu_that_computes_wrong_is_dropped_told_and_remembered(chromium: Browser, origin: str) -> None:
    with watched_page(chromium, origin) as (page, _), faulty_workers(page) as workers:
        with_gpu(page)

        def decide(facts: dict[str, str]) -> str:
            if facts["provider"] == "webgpu":
                return "by the processor" if facts["at"] == "start" else "wrong"
            return ""

        workers.decide = decide
        opened_up(page, origin, graph="direct")
        gpu = rung(settled(page), "webgpu", 1)
        assert gpu["state"] == "dropped" and gpu["differs"] > 2
        assert gpu["reason"].startswith(f"WebGPU computes the model “{MODEL}” wrong: {gpu['differs']} of 255")
        result = upscale(page, PICTURE)
        assert result["provider"] == "wasm" and result["notes"] == [gpu["reason"]]
        page.evaluate("() => up.dispose()")
        workers.asked.clear()
        opened_up(page, origin, graph="direct")
        assert rung(settled(page), "webgpu", 1)["reason"] == gpu["reason"]
        assert upscale(page, PICTURE)["data"] == result["data"]
        assert ("webgpu", 1) not in workers.started


def test_a_gpu_that_dies_in_a_job_is_replaced_by_the_processor(chromium: Browser, origin: str) -> None:
    with watched_page(chromium, origin) as (page, _), faulty_workers(page) as workers:
        with_gpu(page)
        is_dead = False

        def decide(facts: dict[str, str]) -> str:
            if facts["provider"] == "webgpu":
                return "by the processor" if facts["at"] == "start" else "throws" if is_dead else ""
            return "" if is_dead or facts["at"] == "start" else "takes 3000"

        workers.decide = decide
        opened_up(page, origin, graph="direct")
        assert settled(page)["provider"] == "webgpu"
        is_dead = True
        result = upscale(page, PICTURE)
        assert result["provider"] == "wasm"
        assert any(note.startswith("WebGPU failed (This was wanted to fail); WebAssembly") for note in result["notes"])
        assert rung(report(page), "webgpu", 1)["state"] == "dropped"
        assert farthest(pixels(upscale(page, PICTURE)), pixels(result)) <= 1


COUNTED = """() => {
    const count = (code) => pyodide.runPython(code);
    const objects = count('import gc; gc.collect(); len(gc.get_objects())');
    const tasks = count('import asyncio; len(asyncio.all_tasks())');
    return { objects, tasks, proxies: pyodide._module.pyproxy_alloc_map.size, bytes: pyodide._module.HEAP8.length };
}"""


def test_two_hundred_jobs_leave_memory_level(chromium: Browser, origin: str) -> None:
    with known_page(chromium, origin) as (page, watch):
        begun = "const pyodide = await"

        def patched(route: Any) -> None:
            script = route.fetch()
            assert script.text().count(begun) == 1
            route.fulfill(response=script, body=script.text().replace(begun, "const pyodide = self.pyodide = await"))

        page.context.route("**/workers/engine.js", patched)
        opened_up(page, origin)
        (engine,) = [worker for worker in page.workers if worker.url.endswith("engine.js")]
        engine.evaluate("() => pyodide._module.enable_pyproxy_allocation_tracing()")
        jobs = """async ([count, width, height]) => {
            for (let job = 0; job < count; job += 1) {
                const canvas = new OffscreenCanvas(width, height);
                const context = canvas.getContext('2d');
                for (let x = 0; x < width; x += 1) {
                    context.fillStyle = `hsl(${(x * 37 + job * 11) % 360} 80% 50%)`;
                    context.fillRect(x, 0, 1, height);
                }
                await up.upscale(await canvas.convertToBlob());
            }
        }"""
        settled(page)
        page.evaluate(jobs, [20, 24, 20])
        before = engine.evaluate(COUNTED)
        workers = len(page.workers)
        page.evaluate(jobs, [200, 24, 20])
        after = engine.evaluate(COUNTED)
        print(f"before 200 jobs: {before}, after: {after}; workers {workers}, then {len(page.workers)}")
        assert len(page.workers) <= workers
        assert after["tasks"] == before["tasks"]
        assert after["objects"] < before["objects"] + 2000
        assert after["proxies"] <= before["proxies"] + 200
        assert after["bytes"] <= before["bytes"] + 20_000_000
        assert watch.complaints == []


def test_offline_a_job_does_with_the_workers_that_are_up(chromium: Browser, origin: str) -> None:
    # The browser itself speaks of the request that failed.
    with known_page(chromium, origin) as (page, _):
        opened_up(page, origin)
        threads = settled(page)["cores"]
        # Threads are remembered as so fast that the job wants them, and their worker's script was never fetched.
        page.evaluate(
            """(rung) => {
                const kept = JSON.parse(localStorage.getItem('senmei.rungs'));
                for (const rungs of Object.values(kept.models)) rungs[rung].pixelNs /= 50;
                localStorage.setItem('senmei.rungs', JSON.stringify(kept));
                up.dispose();
            }""",
            f"wasm {threads} winograd",
        )
        opened_up(page, origin)
        assert report(page)["threads"] == threads
        page.context.set_offline(True)
        result = upscale(page, PICTURE)
        assert result["notes"] == [] and result["threads"] == 1
        page.context.set_offline(False)
        online = upscale(page, PICTURE)
        assert online["threads"] == threads
        assert farthest(pixels(online), pixels(result)) <= 1
