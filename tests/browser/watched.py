"""Pages of the built site in headless Chromium, and what they must not do."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

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
    yield page, watch
    # A worker may be asking for its script just now.
    context.unroute_all(behavior="ignoreErrors")
    context.close()


_found: list[str] = []
"""What the first of the known pages found out about the ways of computing here, as it keeps it for the next visit."""


@contextmanager
def known_page(chromium: Browser, origin: str, **options: Any) -> Iterator[tuple[Page, Watch]]:
    """A page of somebody who was here before: it need not try again what computes, which keeps all cores busy."""
    with watched_page(chromium, origin, **options) as (page, watch):
        if _found:
            page.add_init_script(
                f"if (location.href.startsWith({json.dumps(origin)}) && !localStorage.getItem('senmei.rungs'))"
                f" localStorage.setItem('senmei.rungs', {json.dumps(_found[0])});"
            )
        yield page, watch
        if not _found and not page.is_closed() and page.url.startswith(origin):
            kept = page.evaluate("() => localStorage.getItem('senmei.rungs')") or ""
            if len(re.findall(r'"wasm \d+":', kept)) > 1:
                _found.append(kept)


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
