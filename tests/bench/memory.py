"""How much memory one large picture takes: PNG to PNG in headless Chromium, the tab's process watched from /proc.

The picture is paper with drawn islands, so that most tiles have one colour and are not computed; `--busy` draws all of
it. The result is saved as a user saves it and then checked: opened whole by Pillow and by pngcheck, and windows of it
compared with what the command line makes of the same part.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page

from bench.browser_bench import bench_browser
from bench.processes import chromium_processes, resident_bytes
from drawings import drawing
from models_folder import catalogue

PAPER = (246, 242, 232)
ISLAND = 384
SAMPLING_S = 0.2
# What is cut around a window, more than any network sees beyond its pixels.
SURROUND = 64
WINDOW = 128


@contextmanager
def watching() -> Iterator[dict[int, int]]:
    """The most resident memory of every process of Chromium, in bytes, by its number."""
    most: dict[int, int] = {}
    ended = threading.Event()

    def sample() -> None:
        while not ended.wait(SAMPLING_S):
            for number in chromium_processes():
                most[number] = max(most.get(number, 0), resident_bytes(number))

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield most
    finally:
        ended.set()
        thread.join()


def islands(side: int) -> list[tuple[int, int]]:
    """Left and top of the drawn parts: some everywhere, also in the corners, as many for any side."""
    last = side - ISLAND
    rng = np.random.default_rng(4)
    scattered = [(int(x), int(y)) for x, y in rng.integers(0, last + 1, (8, 2))]
    return [(0, 0), (last, 0), (0, last), (last, last), *scattered]


def paint(side: int, *, busy: bool) -> NDArray[np.uint8]:
    if busy:
        patch = drawing(1024, 1024, seed=1)
        repeats = -(-side // 1024)
        return np.tile(patch, (repeats, repeats, 1))[:side, :side]
    picture = np.empty((side, side, 3), np.uint8)
    picture[:] = PAPER
    for seed, (x, y) in enumerate(islands(side)):
        picture[y : y + ISLAND, x : x + ISLAND] = drawing(ISLAND, ISLAND, seed=seed)
    return picture


def enlarge(page: Page, source: Path, model: str, target: Path) -> dict[str, float]:
    """Runs the job on a chosen file and saves the result as a download."""
    page.evaluate(
        """() => {
            globalThis.chosen = Object.assign(document.createElement('input'), { type: 'file' });
            document.body.append(chosen);
        }"""
    )
    page.set_input_files("input", source)
    facts: dict[str, float] = page.evaluate(
        """async (model) => {
            const { Upscaler } = await import('../senmei.js');
            globalThis.up = await Upscaler.create({ model });
            let plan;
            globalThis.result = await up.upscale(chosen.files[0], { onPlan: (planned) => { plan = planned; } });
            const { width, height, elapsedMs, blob } = result;
            return { width, height, elapsedMs, size: blob.size, tiles: plan.tiles, planned: plan.memoryBytes };
        }""",
        model,
    )
    with page.expect_download() as download:
        page.evaluate(
            """() => {
                const link = document.createElement('a');
                link.href = URL.createObjectURL(result.blob);
                link.download = result.name;
                link.click();
            }"""
        )
    download.value.save_as(target)
    page.evaluate("async () => { await result.release(); await up.dispose(); }")
    return facts


def native_window(source: NDArray[np.uint8], x: int, y: int, model: str, folder: Path) -> NDArray[np.uint8]:
    """What the command line makes of one window of the source."""
    side = source.shape[0]
    left, top = max(0, x - SURROUND), max(0, y - SURROUND)
    right, bottom = min(side, x + WINDOW + SURROUND), min(side, y + WINDOW + SURROUND)
    cut, enlarged = folder / "cut.png", folder / "enlarged.png"
    Image.fromarray(source[top:bottom, left:right]).save(cut)
    command = [sys.executable, "-m", "senmei.cli", "upscale", str(cut), "-o", str(enlarged), "--model", model, "--json"]
    subprocess.run(command, check=True, capture_output=True)
    made = np.asarray(Image.open(enlarged))
    scale = catalogue().get(model).scale
    corner = made[(y - top) * scale :, (x - left) * scale :]
    return corner[: WINDOW * scale, : WINDOW * scale]


def check(target: Path, source: NDArray[np.uint8], model: str, folder: Path) -> str:
    """Opens the file whole and compares windows of it. Raises AssertionError where something is wrong."""
    side, scale = source.shape[0], catalogue().get(model).scale
    if pngcheck := shutil.which("pngcheck"):
        done = subprocess.run([pngcheck, "-q", str(target)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    Image.MAX_IMAGE_PIXELS = None
    last = side - WINDOW
    windows = [(0, 0), (last, last), (last // 2, last // 3), *((x, y) for x, y in islands(side)[4:6])]
    with Image.open(target) as image:
        assert image.size == (side * scale, side * scale), image.size
        image.load()
        for x, y in windows:
            box = (x * scale, y * scale, (x + WINDOW) * scale, (y + WINDOW) * scale)
            made = np.asarray(image.crop(box)).astype(int)
            off = int(np.abs(made - native_window(source, x, y, model, folder)).max())
            assert off <= 1, f"{off} levels off at {x}, {y}"
    return f"opened whole by Pillow{' and pngcheck' if pngcheck else ''}, {len(windows)} windows as the command line's"


def measure(page: Page, source: Path, model: str, target: Path) -> None:
    """Runs one job and prints what it took."""
    started = time.monotonic()
    with watching() as most:
        facts = enlarge(page, source, model, target)
        kinds = chromium_processes()
    peaks = {
        kind: max((most.get(number, 0) for number, one in kinds.items() if one == kind), default=0) / 1e6
        for kind in ("renderer", "browser", "utility")
    }
    print(
        f"  {model:26} {facts['width']}×{facts['height']}, {facts['size'] / 1e6:.0f} MB;"
        f" {facts['tiles']} tiles, flat ones not computed; {facts['elapsedMs'] / 1000:.0f} s,"
        f" saved after {time.monotonic() - started:.0f} s"
    )
    print(
        f"    most resident: tab {peaks['renderer']:.0f} MB (planned {facts['planned'] / 1e6:.0f} MB),"
        f" browser's own process {peaks['browser']:.0f} MB, its utilities {peaks['utility']:.0f} MB",
        flush=True,
    )


def main(*, side: int, models: list[str], busy: bool) -> None:
    """Prints three lines a model."""
    print(f"Memory of a {'busy' if busy else 'mostly flat'} {side}×{side} picture, PNG to PNG in Chromium")
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        source, target = folder / "picture.png", folder / "result.png"
        picture = paint(side, busy=busy)
        Image.fromarray(picture).save(source, compress_level=1)
        for model in models:
            # Each in a browser of its own, whose one page is the largest of its tabs.
            with bench_browser() as browser:
                measure(browser.open(), source, model, target)
            print(f"    file: {check(target, picture, model, folder)}", flush=True)
