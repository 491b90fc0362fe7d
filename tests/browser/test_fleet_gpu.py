"""web/workers/fleet.js on WebGPU: it computes what native onnxruntime does, and the loss of its device is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Route

from browser.fleet_page import fleet_page, output_of, right_output

MODEL = "upconv7-anime-2x-n1.onnx"
SIDE = 18
# As far as a GPU's arithmetic may be from the processor's.
RIGHT = 2 / 255

# In an inference worker, whose runtime this is too.
DESTROY_DEVICE = """async (build) => {
    const ort = await import(`/vendor/onnxruntime/ort.${build}.min.mjs`);
    (await ort.env.webgpu.device).destroy();
}"""


@pytest.fixture
def page(gpu_chromium: Browser, origin: str) -> Iterator[Page]:
    with fleet_page(gpu_chromium, origin) as (page, _):
        yield page


def run_on_gpu(page: Page, site: Path) -> set[str]:
    """Runs a tile, compares it, and returns the files of the runtime that were fetched."""
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    run = page.evaluate(
        """async ([model, side]) => {
            globalThis.worker = await fleet.make('webgpu', 1);
            await fleet.load(worker, model);
            return outcome(fleet.run(worker, model, feeds(side)));
        }""",
        [MODEL, SIDE],
    )
    assert np.abs(output_of(run) - right_output(site / "models" / MODEL, SIDE)).max() < RIGHT
    return {name for name in asked if name.startswith("ort")}


def test_the_gpu_computes_what_native_does(page: Page, site: Path) -> None:
    build = "ort-wasm-simd-threaded.jspi"
    assert run_on_gpu(page, site) == {"ort.jspi.min.mjs", f"{build}.mjs", f"{build}.wasm"}


def without_jspi(page: Page) -> None:
    """Makes the page's browser one without JSPI."""
    test = "'Suspending' in WebAssembly"

    def patched(route: Route) -> None:
        script = route.fetch()
        assert script.text().count(test) == 1
        route.fulfill(response=script, body=script.text().replace(test, "false"))

    page.context.route("**/workers/runtime-builds.js", patched)


def test_without_jspi_another_build_does_it(page: Page, site: Path) -> None:
    without_jspi(page)
    build = "ort-wasm-simd-threaded.asyncify"
    assert run_on_gpu(page, site) == {"ort.webgpu.min.mjs", f"{build}.mjs", f"{build}.wasm"}


@pytest.mark.parametrize("has_jspi", [True, False])
def test_a_lost_device_is_told_to_all_who_wait_and_ask(page: Page, site: Path, has_jspi: bool) -> None:
    if not has_jspi:
        without_jspi(page)
    page.evaluate(
        """async ([model, side]) => {
            globalThis.worker = await fleet.make('webgpu', 1);
            await fleet.load(worker, model);
            globalThis.waiting = [1, 2].map(() => failure(fleet.run(worker, model, feeds(side))));
        }""",
        [MODEL, SIDE],
    )
    page.workers[0].evaluate(DESTROY_DEVICE, "jspi" if has_jspi else "webgpu")
    lost = ["DeviceLost", "The GPU device was lost (Device was destroyed)."]
    assert page.evaluate("() => Promise.all(waiting)") == [lost] * 2
    later = """async ([model, side]) => [
        await failure(fleet.run(worker, model, feeds(side))),
        await failure(fleet.load(worker, 'catalogue.json')),
        await failure(fleet.end(worker)),
    ]"""
    assert page.evaluate(later, [MODEL, SIDE]) == [lost, lost, None]
    run_on_gpu(page, site)
