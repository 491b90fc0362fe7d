"""A page of the same site with web/workers/fleet.js at work in it, without Python and without the engine worker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page

from browser.watched import Watch, watched_page

# What the tests call in the page: `feeds` makes a tile, `outcome` and `failure` turn promises into plain values, `made`
# has every worker.
PAGE = """<!doctype html><title>a fleet</title><link rel="icon" href="data:,">
<script type="module">
  const made = [];
  globalThis.Worker = class extends Worker {
    constructor(...asked) {
      super(...asked);
      made.push(this);
    }
  };
  const { Fleet } = await import('../workers/fleet.js');
  const { InferenceHost } = await import('../inference-host.js');
  const host = new InferenceHost((...lost) => fleet.lost(...lost));
  const unreachable = [];
  const download = async (file) => {
    const response = await fetch(`../models/${file}`);
    if (!response.ok) throw new Error(`${file}: ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  };
  const fetched = {};
  const fleet = new Fleet(host, {
    download,
    follow: (path, start) => start,
    onBytes: async (path, bytes) => {
      await new Promise((resolve) => setTimeout(resolve, globalThis.busyMs ?? 0));
      fetched[path] = (fetched[path] ?? 0) + bytes;
    },
    onUnreachable: (sentence) => unreachable.push(sentence),
  });
  // A tile of which every number tells where it is, and which of the tiles of a test it belongs to.
  const feeds = (side, seed = 0) => {
    const data = Float32Array.from({ length: side * side * 3 }, (_, index) => ((index * 7 + seed * 31) % 251) / 250);
    return { input: { type: 'float32', dims: [1, side, side, 3], data } };
  };
  const outcome = async (promise) => {
    try {
      const { outputs, used, ...times } = await promise;
      const [[name, { type, dims, data }]] = Object.entries(outputs);
      return { ...times, name, type, dims, data: [...data] };
    } catch (error) {
      return { error: error.name, message: error.message };
    }
  };
  const failure = (promise) => promise.then(() => null, ({ name, message }) => [name, message]);
  const locks = async () => {
    const { held, pending } = await navigator.locks.query();
    return [...held, ...pending].map(({ name }) => name);
  };
  Object.assign(globalThis, { made, host, fleet, feeds, outcome, failure, locks, unreachable, fetched });
  globalThis.isReady = true;
</script>"""


@contextmanager
def fleet_page(browser: Browser, origin: str, *, isolated: bool = True, **options: Any) -> Iterator[tuple[Page, Watch]]:
    with watched_page(browser, origin, **options) as (page, watch):
        isolation = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}
        headers = isolation if isolated else {}
        page.route(
            "**/elsewhere/page.html", lambda route: route.fulfill(body=PAGE, content_type="text/html", headers=headers)
        )
        page.goto(f"{origin}elsewhere/page.html")
        page.wait_for_function("globalThis.isReady")
        yield page, watch


def tile(side: int, seed: int = 0) -> NDArray[np.float32]:
    """The tile that `feeds` makes, (1, side, side, 3)."""
    numbers = (np.arange(side * side * 3) * 7 + seed * 31) % 251 / np.float64(250)
    return numbers.astype(np.float32).reshape(1, side, side, 3)


def right_output(model: Path, side: int, seed: int = 0) -> NDArray[np.float32]:
    """What native onnxruntime makes of that tile, (1, height, width, 3)."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (output,) = session.run(None, {"input": tile(side, seed)})
    result: NDArray[np.float32] = output
    return result


def output_of(run: dict[str, Any]) -> NDArray[np.float32]:
    """The tensor of an `outcome`."""
    assert "error" not in run, run
    assert run["type"] == "float32"
    return np.array(run["data"], np.float32).reshape(run["dims"])
