"""What goes over the wire: everything once, compressed, and compiled while it arrives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Response, Route, expect

from browser.logged_server import LoggedServer
from browser.page_steps import enlarge, put
from browser.watched import running, watched_page
from drawings import drawing, saved
from sitebuild.headers import COPIES


@pytest.fixture
def server(site: Path) -> Iterator[LoggedServer]:
    server = LoggedServer(site)
    server.listen()
    with running(server):
        yield server


def visit(page: Page, server: LoggedServer) -> None:
    """Opens the page, enlarges one picture, and waits until every worker is there."""
    page.goto(server.url)
    put(page, saved(drawing(40, 30)))
    enlarge(page)
    # What still loads beside the job belongs to the visit.
    page.wait_for_load_state("networkidle")


def test_a_first_visit_fetches_nothing_twice_and_a_second_only_asks(
    chromium: Browser, server: LoggedServer, site: Path
) -> None:
    with watched_page(chromium, server.url) as (page, watch):
        visit(page, server)
        assert {sent.status for sent in server.sent} <= {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED}
        fetched = Counter(sent.path for sent in server.bodies())
        assert [path for path, times in fetched.items() if times > 1] == []
        assert {"vendor/onnxruntime/ort-wasm-simd-threaded.wasm", "vendor/pyodide/pyodide.asm.wasm"} <= fetched.keys()
        for sent in server.bodies():
            path = site / (sent.path or "index.html")
            copies = [encoding for suffix, encoding in COPIES.items() if path.with_name(path.name + suffix).exists()]
            assert sent.encoding == (copies[0] if copies else None), sent
        server.sent.clear()
        visit(page, server)
        assert len(server.sent) > 20
        assert {sent.status for sent in server.sent} == {HTTPStatus.NOT_MODIFIED}
        assert watch.complaints == []


def test_without_a_gpu_the_builds_for_it_are_not_fetched(chromium: Browser, server: LoggedServer) -> None:
    with watched_page(chromium, server.url) as (page, _):
        visit(page, server)
        assert [sent.path for sent in server.sent if "jspi" in sent.path or "asyncify" in sent.path] == []


# Added to a worker's own script: which WebAssembly is compiled while it arrives, and how often it is from bytes.
SPY = """;{
const compiled = { streamed: [], fromBytes: 0 };
globalThis.compiled = compiled;
for (const name of ['instantiateStreaming', 'compileStreaming']) {
    const original = WebAssembly[name];
    WebAssembly[name] = async (source, ...rest) => {
        const response = await source;
        const made = await original.call(WebAssembly, response, ...rest);
        compiled.streamed.push(new URL(response.url).pathname.slice(1));
        return made;
    };
}
for (const name of ['instantiate', 'compile']) {
    const original = WebAssembly[name];
    WebAssembly[name] = (source, ...rest) => {
        if (!(source instanceof WebAssembly.Module)) compiled.fromBytes += 1;
        return original.call(WebAssembly, source, ...rest);
    };
}
}"""


def test_webassembly_is_compiled_while_it_arrives(chromium: Browser, server: LoggedServer) -> None:
    def spied(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text() + SPY)

    types: dict[str, str | None] = {}

    def note(response: Response) -> None:
        if response.url.endswith(".wasm"):
            types[response.url.removeprefix(server.url)] = response.headers.get("content-type")

    with watched_page(chromium, server.url) as (page, watch):
        page.context.route("**/workers/*.js", spied)
        page.on("response", note)
        page.goto(server.url)
        expect(page.get_by_test_id("engine-status")).to_have_attribute("data-phase", "ready")
        told = [worker.evaluate("() => globalThis.compiled") for worker in page.workers]
        streamed = [path for one in told for path in one["streamed"]]
        assert (
            set(streamed)
            == set(types)
            == {
                "vendor/onnxruntime/ort-wasm-simd-threaded.wasm",
                "vendor/pyodide/pyodide.asm.wasm",
            }
        )
        assert set(types.values()) == {"application/wasm"}
        # Parts of wheels reach Pyodide as bytes; the runtime never does.
        assert all(one["fromBytes"] == 0 for one in told if "vendor/pyodide/pyodide.asm.wasm" not in one["streamed"])
        assert watch.complaints == []
