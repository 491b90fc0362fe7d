"""What Chromium's own decoder makes of the same files: frames, times and repetitions."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page

from browser.watched import PATIENCE_MS, to_base64
from composed import visible
from moving import moving, rgba8, written
from senmei.animation import AnimationFile
from senmei.codecs import EncodeOptions
from senmei.codecs.png.animation_reading import open_apng
from senmei.codecs.png.animation_writing import ApngEncoder
from senmei.codecs.webp.animation_reading import open_webp_animation
from senmei.codecs.webp.animation_writing import WebpAnimationEncoder
from senmei.geometry import Size
from senmei.picture import NO_METADATA
from written_apng import cases as apng_cases
from written_webp_animation import cases as webp_cases

# A page of a local host may use ImageDecoder; nothing listens there.
ADDRESS = "http://127.0.0.1:9/decoder"

DECODE = """async ([type, text]) => {
    const data = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const decoder = new ImageDecoder({ type, data, premultiplyAlpha: 'none', colorSpaceConversion: 'none' });
    await decoder.tracks.ready;
    await decoder.completed;
    const { frameCount, repetitionCount } = decoder.tracks.selectedTrack;
    const frames = [];
    for (let frameIndex = 0; frameIndex < frameCount; frameIndex += 1) {
        const { image } = await decoder.decode({ frameIndex });
        const { format, duration, codedWidth: width, codedHeight: height } = image;
        const bytes = new Uint8Array(image.allocationSize());
        await image.copyTo(bytes);
        image.close();
        frames.push({ format, duration, width, height, data: btoa(String.fromCharCode(...bytes)) });
    }
    decoder.close();
    return { frames, repetitions: repetitionCount === Infinity ? -1 : repetitionCount };
}"""


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """frames: (H, W, 4). repetitions: after the first time; -1 for ever."""

    frames: list[NDArray[np.uint8]]
    durations_us: list[int]
    repetitions: int


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.route(ADDRESS, lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
    page.goto(ADDRESS)
    yield page
    page.close()


def shown(page: Page, kind: str, data: bytes) -> Shown:
    result = page.evaluate(DECODE, [kind, to_base64(data)])
    frames = [_samples(frame) for frame in result["frames"]]
    return Shown(frames, [frame["duration"] for frame in result["frames"]], result["repetitions"])


def _samples(frame: dict[str, Any]) -> NDArray[np.uint8]:
    data = np.frombuffer(base64.b64decode(frame["data"]), np.uint8)
    samples = data.reshape(frame["height"], frame["width"], 4).copy()
    if frame["format"].startswith("BGR"):
        samples = samples[:, :, [2, 1, 0, 3]]
    if frame["format"].endswith("X"):
        samples[:, :, 3] = 255
    return samples


def farthest(made: NDArray[np.uint8], oracle: NDArray[np.uint8]) -> int:
    """The largest difference in levels, of colours only where they can be seen."""
    assert made.shape == oracle.shape
    one, other = visible(made).astype(int), visible(oracle).astype(int)
    if (one[:, :, 3] == 0).any() or (other[:, :, 3] == 0).any():
        seen = (one[:, :, 3] > 0) & (other[:, :, 3] > 0)
        return int(max(np.abs(one[:, :, 3] - other[:, :, 3]).max(), np.abs(one - other)[seen].max(initial=0)))
    return int(np.abs(one - other).max())


def check(file: AnimationFile, oracle: Shown, *, tolerance: int) -> None:
    frames = list(file.frames())
    assert len(frames) == len(oracle.frames)
    for frame, other in zip(frames, oracle.frames, strict=True):
        assert farthest(rgba8(frame.picture), other) <= tolerance
    if len(frames) == 1:
        # Of a single frame Chromium tells nothing more.
        return
    # It keeps whole milliseconds, cut off, and counts repetitions after the first time.
    assert oracle.durations_us == [1000 * int(duration) for duration in file.info.durations_ms]
    assert oracle.repetitions == file.info.loop_count - 1


def test_apng_frames_are_those_of_chromium(page: Page) -> None:
    for case in apng_cases():
        if case.plays == 2**31 - 1:
            # Chromium adds one instead of taking it away, and only here.
            continue
        # It takes the high bytes of 16 bits before it composes; here they are composed, and rounded for the test.
        check(open_apng(case.data, partial=False), shown(page, "image/apng", case.data), tolerance=2 * case.is_deep)


def test_webp_frames_are_those_of_chromium(page: Page) -> None:
    for case in webp_cases():
        check(open_webp_animation(case.data, partial=False), shown(page, "image/webp", case.data), tolerance=0)


@pytest.mark.parametrize("alpha", ["none", "hard", "soft"])
def test_written_apng_plays_as_it_was_meant(page: Page, alpha: str) -> None:
    for channels in (1, 3):
        pictures = moving(40, 30, 8, channels=channels, alpha=alpha)
        layout = {"channels": channels, "has_alpha": alpha != "none", "depth": 8}
        encoder = ApngEncoder(Size(40, 30), loop_count=3, metadata=NO_METADATA, **layout)
        oracle = shown(page, "image/apng", written(encoder, pictures, range(20, 100, 10)))
        assert oracle.durations_us == list(range(20_000, 100_000, 10_000)) and oracle.repetitions == 2
        for picture, other in zip(pictures, oracle.frames, strict=True):
            assert farthest(rgba8(picture), other) == 0


@pytest.mark.parametrize("alpha", ["none", "hard", "soft"])
@pytest.mark.parametrize("lossless", [True, False])
def test_written_webp_plays_as_it_was_meant(page: Page, alpha: str, lossless: bool) -> None:
    pictures = moving(40, 30, 8, alpha=alpha)
    options = EncodeOptions(format="webp", lossless=lossless)
    layout = {"channels": 3, "has_alpha": alpha != "none", "depth": 8}
    encoder = WebpAnimationEncoder(Size(40, 30), loop_count=0, metadata=NO_METADATA, options=options, **layout)
    data = written(encoder, pictures, range(20, 100, 10))
    oracle = shown(page, "image/webp", data)
    assert oracle.durations_us == list(range(20_000, 100_000, 10_000)) and oracle.repetitions == -1
    meant = pictures if lossless else [frame.picture for frame in open_webp_animation(data, partial=False).frames()]
    for picture, other in zip(meant, oracle.frames, strict=True):
        assert farthest(rgba8(picture), other) == 0
