"""A figure that moves over a still background, in headless Chromium: what is computed of it, and how long that takes
beside running every frame, by Senmei itself and by a pipeline in JavaScript.

The pipeline decodes with the browser's ImageDecoder, runs all tiles that one frame takes, in as many workers as Senmei
has, and encodes every frame as the canvas does. Its tiles are of the right shape and number and hold invented numbers.
"""

from __future__ import annotations

import io
import time

from PIL import Image
from playwright.sync_api import Page

from animation_drawings import walk
from bench.browser_bench import bench_browser
from browser.watched import to_base64
from models_folder import catalogue
from repeating import arrangement
from senmei.animation import Animation, Frame
from senmei.codecs import EncodeOptions, encode
from senmei.geometry import Size
from senmei.planner import plan_job

MODEL = "upconv7-anime-2x-n1"
SIZE = Size(480, 270)
FRAMES = 60

PIPELINE = """([model, shares, dims, data]) => timed(async () => {
    const decoder = new ImageDecoder({ data: bytes(data), type: 'image/png' });
    await decoder.tracks.ready;
    const { frameCount } = decoder.tracks.selectedTrack;
    const [height, width] = [SIZE_HEIGHT, SIZE_WIDTH];
    const source = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    const target = new OffscreenCanvas(2 * width, 2 * height);
    const result = target.getContext('2d');
    for (let frameIndex = 0; frameIndex < frameCount; frameIndex++) {
        const { image } = await decoder.decode({ frameIndex });
        source.drawImage(image, 0, 0);
        image.close();
        source.getImageData(0, 0, width, height);
        await Promise.all(bare.map((worker, index) =>
            answered(worker, { model: `../models/${model}.onnx`, tiles: shares[index], dims, threads: 1 })));
        result.drawImage(source.canvas, 0, 0, 2 * width, 2 * height);
        await target.convertToBlob({ type: 'image/png' });
    }
})"""


def opened(page: Page) -> int:
    """Loads the model on the page and in the bare workers; how many workers there are."""
    workers: int = page.evaluate(
        """async (model) => {
            const { Upscaler } = await import('../senmei.js');
            globalThis.up = await Upscaler.create({ model });
            await up.warmup();
            const workers = Math.min(navigator.hardwareConcurrency, 2 * (navigator.deviceMemory ?? 4));
            globalThis.bare = Array.from({ length: workers }, () => module('./bare-worker.js'));
            return workers;
        }""",
        MODEL,
    )
    return workers


def main(repeats: int) -> None:
    """Prints a line for each way. repeats: ignored, each takes minutes."""
    pictures = list(walk(SIZE.width, SIZE.height, FRAMES))
    animation = encode(Animation(tuple(Frame(one, 40.0) for one in pictures)), EncodeOptions(format="png"))
    print(f"{FRAMES} frames of {SIZE}, a figure over a still background, 2× with {MODEL}, APNG to APNG", flush=True)
    with bench_browser() as browser:
        page = browser.open()
        workers = opened(page)
        facts = page.evaluate(
            """async (data) => {
                const { blob, tiles, tilesRun, elapsedMs } = await up.upscale(bytes(data), { scale: 2 });
                return { tiles, tilesRun, elapsedMs, size: blob.size };
            }""",
            to_base64(animation),
        )
        own_s = facts["elapsedMs"] / 1000
        print(
            f"  Senmei                        {own_s:6.1f} s, {facts['tilesRun']} of {facts['tiles']} tiles run "
            f"({facts['tilesRun'] / facts['tiles']:.2f}), {facts['size'] / 1e6:.1f} MB",
            flush=True,
        )
        started = time.monotonic()
        for picture in pictures:
            stream = io.BytesIO()
            Image.fromarray(picture.pixels).save(stream, "PNG")
            call = "async (data) => { await up.upscale(bytes(data), { scale: 2 }); }"
            page.evaluate(call, to_base64(stream.getvalue()))
        every_s = time.monotonic() - started
        print(f"  Senmei, every frame as a still {every_s:5.1f} s = {every_s / own_s:.2f} times", flush=True)
        on = (arrangement(workers),)
        job = plan_job(SIZE, [catalogue().get(MODEL)], target=SIZE.scaled(2), arrangements=lambda _: on)
        tiles = job.passes[0].tiles
        shares = [len(tiles.tiles[worker::workers]) for worker in range(workers)]
        dims = [1, tiles.shape.height, tiles.shape.width, 3]
        script = PIPELINE.replace("SIZE_HEIGHT", str(SIZE.height)).replace("SIZE_WIDTH", str(SIZE.width))
        bare_s = page.evaluate(script, [MODEL, shares, dims, to_base64(animation)]) / 1000
        print(f"  JavaScript, every frame       {bare_s:6.1f} s = {bare_s / own_s:.2f} times", flush=True)
