"""web/senmei.js: what comes out is right."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from browser.api_page import MODEL, open_page, pixels, upscale
from browser.watched import Native, farthest, to_base64, watched_page
from drawings import drawing, saved


def test_a_result_is_a_png_with_its_facts(api: Page, native: Native) -> None:
    data = saved(drawing(60, 40))
    result = upscale(api, data, scale=2)
    assert farthest(pixels(result), native(data, model=MODEL, scale=2)) <= 1
    assert (result["width"], result["height"], result["type"]) == (120, 80, "image/png")
    assert (result["format"], result["depth"], result["notes"]) == ("png", 8, [])
    assert (result["model"], result["provider"]) == (MODEL, "wasm")
    assert result["elapsedMs"] > 0


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 7), (13, 17), (101, 97), (257, 3), (263, 139)])
def test_any_size_is_exact_with_every_pixel_written(api: Page, native: Native, size: tuple[int, int]) -> None:
    data = saved(drawing(*size, seed=size[0]))
    made = pixels(upscale(api, data))
    assert made.shape == (size[1] * 2, size[0] * 2, 3)
    assert farthest(made, native(data, model=MODEL)) <= 1


@pytest.mark.parametrize(
    ("model", "scale"),
    [
        ("upconv7-photo-2x-n3", None),
        ("realesr-animevideov3-2x", 2),
        ("realesr-animevideov3-3x", 3),
        ("realesr-animevideov3-4x", None),
        ("esrgan-slim-2x", None),
        (MODEL, 3),
        (MODEL, 1),
        (MODEL, 2.5),
    ],
)
def test_every_family_and_scale_equals_the_command_line(
    api: Page, native: Native, model: str, scale: float | None
) -> None:
    data = saved(drawing(53, 41, noise=6))
    made = pixels(upscale(api, data, model=model, scale=scale))
    # Two passes can double a rounding of the first.
    assert farthest(made, native(data, model=model, scale=scale)) <= (1 if model != MODEL else 2)


# JPEG with whole chroma: Pyodide's libjpeg spreads halved chroma by another rule than CPython's libjpeg-turbo.
@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP"])
def test_formats_depths_and_alpha_equal_the_command_line(api: Page, native: Native, file_format: str) -> None:
    rgb = drawing(40, 30)
    pictures = [rgb] if file_format == "WEBP" else [rgb, rgb[:, :, 0]]
    if file_format != "JPEG":
        alpha = np.tile(np.linspace(-60, 315, 40).clip(0, 255).astype(np.uint8), (30, 1))
        pictures.append(np.dstack((rgb, alpha)))
    for picture in pictures:
        data = saved(picture, file_format, **({"subsampling": 0} if file_format == "JPEG" else {}))
        made = pixels(upscale(api, data))
        assert farthest(made, native(data, model=MODEL)) <= 1


def test_every_kind_of_source_gives_the_same(api: Page) -> None:
    data = to_base64(saved(drawing(30, 20)))
    results = api.evaluate(
        """async (data) => {
            const file = new File([bytes(data)], 'a.png', { type: 'image/png' });
            const url = URL.createObjectURL(file);
            const image = new Image();
            image.src = url;
            await image.decode();
            const bitmap = await createImageBitmap(file);
            const canvas = document.createElement('canvas');
            Object.assign(canvas, { width: bitmap.width, height: bitmap.height });
            canvas.getContext('2d').drawImage(bitmap, 0, 0);
            const offscreen = new OffscreenCanvas(bitmap.width, bitmap.height);
            offscreen.getContext('2d').drawImage(bitmap, 0, 0);
            const buffer = bytes(data).buffer;
            const padded = new Uint8Array(buffer.byteLength + 9);
            padded.set(new Uint8Array(buffer), 5);
            const sources = {
                file, buffer, image, bitmap, canvas, offscreen,
                blob: file.slice(), view: padded.subarray(5, 5 + buffer.byteLength),
                text: url, url: new URL(url), data: `data:image/png;base64,${data}`,
            };
            const results = {};
            for (const [name, source] of Object.entries(sources)) results[name] = await outcome(up.upscale(source));
            results.untouched = buffer.byteLength === bytes(data).length && bitmap.width === 30;
            return results;
        }""",
        data,
    )
    assert results.pop("untouched") is True
    expected = pixels(results["blob"])
    assert len(results) == 11
    for name, result in results.items():
        made = pixels(result)
        assert np.array_equal(made[:, :, :3], expected), name
        # Bitmaps and canvases always have an alpha channel.
        assert (made[:, :, 3:] == 255).all()


def test_progress_and_tiles_tell_the_whole_job(api: Page) -> None:
    data = saved(drawing(120, 90))
    heard = api.evaluate(
        """async (data) => {
            const progress = [], tiles = [];
            const result = await outcome(up.upscale(bytes(data), {
                onProgress: (step) => progress.push(step),
                onTile: ({ pixels, ...tile }) => {
                    tiles.push({ ...tile, pixels: [...pixels], type: pixels.constructor.name });
                },
            }));
            return { result, progress, tiles };
        }""",
        to_base64(data),
    )
    made = pixels(heard["result"])
    fractions = [step["fraction"] for step in heard["progress"]]
    assert fractions == sorted(fractions) and fractions[-1] == 1
    assert list(dict.fromkeys(step["stage"] for step in heard["progress"])) == ["decode", "infer", "encode"]
    infer = [step for step in heard["progress"] if step["stage"] == "infer"]
    assert [step["done"] for step in infer] == list(range(infer[0]["total"] + 1))
    assert infer[-1]["etaMs"] >= 0 and heard["progress"][-1]["etaMs"] == 0
    canvas = np.zeros((180, 240, 4), np.uint8)
    for tile in heard["tiles"]:
        assert tile["type"] == "Uint8ClampedArray"
        sizes = [tile[side] for side in ("imageWidth", "imageHeight", "sourceWidth", "sourceHeight")]
        assert sizes == [240, 180, 120, 90]
        block = np.array(tile["pixels"], np.uint8).reshape(tile["height"], tile["width"], 4)
        canvas[tile["y"] : tile["y"] + tile["height"], tile["x"] : tile["x"] + tile["width"]] = block
    assert np.array_equal(canvas[:, :, :3], made) and (canvas[:, :, 3] == 255).all()


def test_loading_tells_bytes_and_steps(chromium: Browser, origin: str) -> None:
    """On a first visit: on a later one much is there before the model is asked for."""
    with watched_page(chromium, origin) as (page, watch):
        open_page(page, origin)
        steps = page.evaluate(
            """async (model) => {
                const steps = [];
                const one = await Upscaler.create({ model, onProgress: (step) => steps.push(step) });
                await one.dispose();
                return steps;
            }""",
            MODEL,
        )
    fractions = [step["fraction"] for step in steps]
    assert fractions == sorted(fractions) and fractions[-1] == 1
    downloads = [step for step in steps if step["stage"] == "download"]
    # What came before the model was asked for does not count.
    assert downloads[-1]["total"] > 15_000_000 and downloads[-1]["done"] > 0.8 * downloads[-1]["total"]
    assert steps[-1]["stage"] == "start" and steps[-1]["done"] == steps[-1]["total"]
    assert watch.complaints == []
    fetched = [url for url in watch.requests if url.endswith((".onnx", ".whl", "pyodide.asm.wasm"))]
    assert len(fetched) == len(set(fetched)) == 6
