"""Animated GIFs as Chromium's ImageDecoder gives them, beside Senmei's frames."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser

from browser.watched import known_page, to_base64
from gif_cases import gif_cases, rgba
from senmei.codecs.gif.animation_reading import open_gif_animation
from written_gif import GifCase

# copyTo gives frames as they were decoded; a canvas would multiply them by their alpha, and blend them.
DECODE = """async (files) => {
    const deflated = async (bytes) => {
        const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate'));
        const reader = new FileReader();
        const blob = await new Response(stream).blob();
        await new Promise((resolve) => { reader.onload = resolve; reader.readAsDataURL(blob); });
        return reader.result.split(',')[1];
    };
    const decoded = async (text) => {
        const data = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
        const decoder = new ImageDecoder({ data, type: 'image/gif' });
        const frames = [];
        try {
            await decoder.tracks.ready;
            await decoder.completed;
            const { frameCount, repetitionCount } = decoder.tracks.selectedTrack;
            for (let frameIndex = 0; frameIndex < frameCount; frameIndex += 1) {
                let image, complete = true;
                try {
                    ({ image } = await decoder.decode({ frameIndex }));
                } catch {
                    try {
                        ({ image, complete } = await decoder.decode({ frameIndex, completeFramesOnly: false }));
                    } catch {
                        frames.push(null);
                        continue;
                    }
                }
                const { codedWidth: width, codedHeight: height, duration, format } = image;
                const pixels = new Uint8Array(image.allocationSize());
                await image.copyTo(pixels);
                frames.push({ width, height, duration, format, complete, pixels: await deflated(pixels) });
                image.close();
            }
            return { frames, repetitions: repetitionCount === Infinity ? -1 : repetitionCount };
        } catch (refusal) {
            return { frames, repetitions: null, error: String(refusal) };
        } finally {
            decoder.close();
        }
    };
    const all = [];
    for (const file of files) all.push(await decoded(file));
    return all;
}"""

CASES = gif_cases()


@pytest.fixture(scope="module")
def chromiums(chromium: Browser, origin: str) -> dict[str, dict[str, Any]]:
    """What it makes of every case, by the case's name."""
    with known_page(chromium, origin) as (page, _):
        page.route("**/empty.html", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
        page.goto(f"{origin}empty.html")
        made = page.evaluate(DECODE, [to_base64(case.data) for case in CASES])
    return {case.name: one for case, one in zip(CASES, made, strict=True)}


def pixels_of(frame: dict[str, Any]) -> NDArray[Any]:
    """(H, W, 4) RGBA of a frame of Chromium's, in which transparent pixels are 0."""
    flat = np.frombuffer(zlib.decompress(base64.b64decode(frame["pixels"])), np.uint8)
    made = flat.reshape(frame["height"], frame["width"], 4).copy()
    if frame["format"].startswith("BGR"):
        made[:, :, :3] = made[:, :, 2::-1]
    if frame["format"].endswith("X"):
        made[:, :, 3] = 255
    return made


def is_what_senmei_shows(case: GifCase, chromiums: dict[str, Any]) -> bool:
    """Frames, times and, where there is anything to repeat, repetitions."""
    file = open_gif_animation(case.data, partial=False)
    theirs = [frame for frame in chromiums["frames"] if frame and frame["complete"]]
    frames = list(file.frames())
    if len(theirs) != len(frames):
        return False
    if len(frames) > 1 and chromiums["repetitions"] != file.info.loop_count - 1:
        return False
    return all(
        their["duration"] == 1000 * frame.duration_ms and np.array_equal(pixels_of(their), rgba(frame.picture))
        for their, frame in zip(theirs, frames, strict=True)
    )


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_frames_are_chromiums_but_for_a_reason(case: GifCase, chromiums: dict[str, dict[str, Any]]) -> None:
    assert is_what_senmei_shows(case, chromiums[case.name]) == (case.why_chromium_differs == "")


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_what_chromium_has_of_unfinished_frames_is_the_same(
    case: GifCase, chromiums: dict[str, dict[str, Any]]
) -> None:
    """Where it has anything; of interlaced ones it repeats the rows it has."""
    frames = list(open_gif_animation(case.data, partial=False).frames())
    for their, frame in zip(chromiums[case.name]["frames"], frames, strict=False):
        if their and not their["complete"] and "interlaced" not in case.name:
            theirs = pixels_of(their)
            there = theirs[:, :, 3] > 0
            assert np.array_equal(theirs[there], rgba(frame.picture)[there])
