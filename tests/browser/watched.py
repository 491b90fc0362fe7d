"""Pages of the built site in headless Chromium, and what they must not do."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.request import urlopen

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

from senmei.catalogue import Catalogue

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# WebGPU computed by the processor, slowly: for a tile or two.
GPU_ARGUMENTS = [
    *(argument for argument in CHROMIUM_ARGUMENTS if argument != "--disable-gpu"),
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
]
# A cold start of Pyodide and a job on a busy two-core machine; no test judges time.
PATIENCE_MS = 120_000


@contextmanager
def running(server: ThreadingHTTPServer) -> Iterator[ThreadingHTTPServer]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


class Watch:
    """Everything that a page must not do in normal use: speak on the console, fail, or ask another host."""

    def __init__(self, page: Page, origin: str) -> None:
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self._origin = origin
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.on("request", self._asked)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def _asked(self, request: Request) -> None:
        self.requests.append(request.url)
        if not request.url.startswith((self._origin, "blob:", "data:")):
            self.complaints.append(f"third party: {request.url}")


@contextmanager
def watched_page(chromium: Browser, origin: str, **options: Any) -> Iterator[tuple[Page, Watch]]:
    context = chromium.new_context(**options)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    watch = Watch(page, origin)
    try:
        yield page, watch
    finally:
        # A worker may be asking for its script just now.
        context.unroute_all(behavior="ignoreErrors")
        context.close()


IS_MEASURED = """() => {
    const { models } = JSON.parse(localStorage.getItem('senmei.rungs') ?? '{"models": {}}');
    return Object.values(models).some((rungs) => rungs['wasm 1 winograd']?.pixelNs > 0);
}"""

_found: list[str] = []
"""What was found out for the first of the known pages; every browser of these tests is the same."""

GAIN = 1.8
"""Of the Winograd graph, as known pages remember it."""


def _found_out(chromium: Browser, origin: str) -> str:
    """What a first page finds out first about the ways of computing here, as it keeps it for the next visit, told of
    every model and every way: as fast as their multiplications let expect, and threads as they should be."""
    with watched_page(chromium, origin) as (page, _):
        page.goto(origin)
        page.wait_for_function(IS_MEASURED)
        kept = json.loads(page.evaluate("() => localStorage.getItem('senmei.rungs')"))
        cores = page.evaluate("() => navigator.hardwareConcurrency")
        with urlopen(f"{origin}models/catalogue.json") as answer:
            cards = list(Catalogue.from_json(answer.read().decode()))
    ((seen, facts),) = [
        (card, kept["models"][card.fingerprint]) for card in cards if card.fingerprint in kept["models"]
    ]
    winograd_ns = facts["wasm 1 winograd"]["pixelNs"] / seen.macs_per_pixel
    for card in cards:
        known: dict[str, Any] = {}
        for threads in range(1, cores + 1):
            pixel_ns = winograd_ns * card.macs_per_pixel / threads**0.9
            known[f"wasm {threads}"] = {"pixelNs": pixel_ns * GAIN, "runMs": 1}
            if card.winograd:
                known[f"wasm {threads} winograd"] = {"pixelNs": pixel_ns, "runMs": 1}
        if card.winograd:
            known["gain"] = GAIN
        kept["models"][card.fingerprint] = known
    return json.dumps(kept)


@contextmanager
def known_page(chromium: Browser, origin: str, **options: Any) -> Iterator[tuple[Page, Watch]]:
    """A page of somebody who was here before: it need not try again what computes, which keeps all cores busy."""
    if not _found:
        _found.append(_found_out(chromium, origin))
    with watched_page(chromium, origin, **options) as (page, watch):
        page.add_init_script(
            f"if (location.href.startsWith({json.dumps(origin)}) && !localStorage.getItem('senmei.rungs'))"
            f" localStorage.setItem('senmei.rungs', {json.dumps(_found[0])});"
        )
        yield page, watch


def wait_until_workers_end(page: Page) -> None:
    """Workers that are ended are gone a moment later, with those that they made."""
    for _ in range(PATIENCE_MS // 50):
        if not page.workers:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"still there: {[worker.url for worker in page.workers]}")


NativeFile = Callable[..., bytes]
"""What the command line makes of a file's bytes: (data, *, model, and its other options by their names) → a file."""

Native = Callable[..., NDArray[Any]]
"""The same, as the pixels of the file."""


def to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def farthest(one: NDArray[Any], other: NDArray[Any]) -> int:
    """The largest difference of two pictures of the same shape, in levels."""
    assert one.shape == other.shape
    return int(np.abs(one.astype(int) - other.astype(int)).max())
