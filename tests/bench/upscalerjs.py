"""UpscalerJS on TensorFlow.js's WebAssembly ÷ Senmei, with the same ESRGAN-slim weights, PNG to PNG.

UpscalerJS stands with patches of 64 and a padding of 2, as its documentation recommends for pages that stay alive, and
with none; with the threads that TensorFlow.js takes by itself, which is half the cores, and with one a core. Its pages
are isolated, so that it has threads at all.
"""

from __future__ import annotations

from pathlib import Path

from bench.browser_bench import BenchBrowser, Contender, bench_browser
from bench.rivals import compete
from browser.conftest import ROOT

MODEL = "esrgan-slim-2x"
PACKAGES = ROOT / "tests" / "node_modules"
FILES = [
    "@tensorflow/tfjs/dist/tf.min.js",
    "@tensorflow/tfjs-backend-wasm/dist",
    "@upscalerjs/default-model/dist/umd/index.min.js",
    "@upscalerjs/esrgan-slim/dist/umd",
    "@upscalerjs/esrgan-slim/models/x2",
    "upscaler/dist/browser/umd/upscaler.min.js",
]
PATCHES = {"patchSize": 64, "padding": 2}


def packages() -> dict[str, Path]:
    """Raises FileNotFoundError, saying how they are installed, when there are none."""
    if not (PACKAGES / "upscaler").is_dir():
        raise FileNotFoundError(f"UpscalerJS is not in {PACKAGES}; install it with: python3 tests/run.py --setup-only")
    return {f"packages/{name}": PACKAGES / name for name in FILES}


def opened(browser: BenchBrowser, *, on_every_core: bool, options: dict[str, int]) -> tuple[Contender, int]:
    """A page of its own, and how many threads compute in it."""
    page = browser.open("upscalerjs.html")
    threads = page.evaluate("(onEveryCore) => openUpscalerJs(onEveryCore)", on_every_core)
    page.evaluate("(options) => { globalThis.options = options; }", options)
    return Contender(page), threads


def main(repeats: int) -> None:
    """Prints one line for each form of UpscalerJS and each size."""
    print("UpscalerJS ÷ Senmei, the same weights (ESRGAN slim 2×)")
    with bench_browser(packages()) as browser:
        rivals, goals = {}, {}
        for on_every_core, options, goal in [
            (False, PATCHES, "≥ 2.5"),
            (True, PATCHES, "≥ 1.5"),
            (False, {}, ""),
            (True, {}, ""),
        ]:
            contender, threads = opened(browser, on_every_core=on_every_core, options=options)
            form = "as it ships" if not on_every_core else "every core"
            name = f"{'patches of 64' if options else 'no patches'}, {form} ({threads} threads)"
            rivals[name], goals[name] = contender, goal
        compete(browser.open_senmei(MODEL), rivals, MODEL, repeats, goals=goals)
