"""Whole jobs ÷ the bare onnxruntime-web time of their tiles, PNG to PNG, in one page of headless Chromium.

Both sides use the same workers' number, tile shapes and tile counts; repeats are interleaved and the medians compared.
"""

from __future__ import annotations

from statistics import median

from playwright.sync_api import Page

from bench.browser_bench import bench_browser, open_bench
from browser.watched import to_base64
from drawings import drawing, saved
from models_folder import catalogue
from repeating import arrangement
from senmei.geometry import Size
from senmei.planner import plan_job

CASES = [
    ("upconv7-anime-2x-n1", 512, 384),
    ("upconv7-anime-2x-n1", 1024, 768),
    ("realesr-animevideov3-2x", 512, 384),
]


def measure(page: Page, model: str, width: int, height: int, repeats: int) -> tuple[float, float, str]:
    """Median milliseconds of the job and of its bare tiles, and the tiles in words."""
    data = to_base64(saved(drawing(width, height)))
    workers = page.evaluate(
        """async ([model, data]) => {
            const { Upscaler } = await import('../senmei.js');
            globalThis.picture = await (await fetch(`data:image/png;base64,${data}`)).arrayBuffer();
            globalThis.up = await Upscaler.create({ model });
            const workers = Math.min(navigator.hardwareConcurrency, 2 * (navigator.deviceMemory ?? 4));
            globalThis.bare = Array.from({ length: workers }, () => module('./bare-worker.js'));
            return workers;
        }""",
        [model, data],
    )
    card = catalogue().get(model)
    size = Size(width, height)
    on = (arrangement(workers),)
    tiles = plan_job(size, [card], target=size.scaled(2), arrangements=lambda _: on).passes[0].tiles
    shares = [len(tiles.tiles[worker::workers]) for worker in range(workers)]
    dims = [1, tiles.shape.height, tiles.shape.width, 3]
    bare_call = """([model, shares, dims]) => timed(() => Promise.all(bare.map(
        (worker, index) => answered(worker, { model: `../models/${model}.onnx`, tiles: shares[index], dims }))))"""
    job_call = "() => timed(() => up.upscale(picture, { scale: 2 }))"
    jobs, bares = [], []
    for repeat in range(repeats + 1):
        bare_ms, job_ms = page.evaluate(bare_call, [model, shares, dims]), page.evaluate(job_call)
        # The first of each starts sessions and compiles.
        if repeat:
            bares.append(bare_ms)
            jobs.append(job_ms)
    page.evaluate("async () => { await up.dispose(); for (const worker of bare) worker.terminate(); }")
    return median(jobs), median(bares), f"{len(tiles.tiles)} tiles of {tiles.shape} on {workers} workers"


def main(repeats: int) -> None:
    """Prints one line a case."""
    print("Whole job in Chromium ÷ bare onnxruntime-web on the same tiles")
    with bench_browser() as (browser, origin):
        for model, width, height in CASES:
            job_ms, bare_ms, tiles = measure(open_bench(browser, origin), model, width, height, repeats)
            ratio = job_ms / bare_ms
            figures = f"{job_ms:6.0f} ÷ {bare_ms:6.0f} ms = {ratio:.3f}"
            print(f"  {model:26} {width}×{height}  {figures}   ({tiles})", flush=True)
