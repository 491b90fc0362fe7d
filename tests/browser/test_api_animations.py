"""web/senmei.js on animations: the same frames, times and loops as the command line's, and what can be made of them."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest
from playwright.sync_api import Page

from browser.api_page import MODEL, file_of, open_page, pixels, upscale
from browser.test_api_outputs import files, spill_early
from browser.watched import NativeFile, Watch, to_base64
from drawings import drawing
from senmei.animation import Animation, Frame
from senmei.codecs import EncodeOptions, decode, encode
from senmei.picture import Picture

DURATIONS = (100.0, 40.0, 250.0, 20.0)


def moving(count: int = 4, *, width: int = 64, height: int = 48) -> tuple[Frame, ...]:
    """A square of one colour wanders over a still drawing."""
    background = np.array(drawing(width, height) // 64 * 64, np.uint8)
    frames = []
    for index in range(count):
        shown = background.copy()
        shown[4:16, 5 * index : 5 * index + 12] = (255, 10, 20)
        frames.append(Frame(Picture(shown), DURATIONS[index % 4]))
    return tuple(frames)


def source(name: str, frames: tuple[Frame, ...] | None = None, loop_count: int = 3) -> bytes:
    return encode(Animation(frames or moving(), loop_count), EncodeOptions(format=name))


def animation(file: bytes) -> Animation:
    made = decode(file)
    assert isinstance(made, Animation)
    return made


@pytest.mark.parametrize("name", ["gif", "png", "webp"])
def test_an_animation_is_the_command_lines(api: Page, native_file: NativeFile, name: str) -> None:
    result = upscale(api, source(name), scale=2)
    made, native = animation(file_of(result)), animation(native_file(source(name), scale=2, format=name))
    assert (result["format"], result["type"], result["frames"]) == (name, f"image/{name}", 4)
    assert (made.loop_count, made.size) == (3, native.size)
    for frame, other in zip(made.frames, native.frames, strict=True):
        assert frame.duration_ms == other.duration_ms
        # A level apart before, a GIF's colours may be another of its 256.
        off = np.abs(frame.picture.pixels.astype(int) - other.picture.pixels)
        assert off.mean() < 1 if name == "gif" else off.max() <= 1
    assert [frame.duration_ms for frame in made.frames] == list(DURATIONS)


def test_only_what_moves_is_computed(api: Page) -> None:
    frames = moving(8, width=240, height=160)
    result = upscale(api, source("png", frames), scale=2)
    assert result["tilesRun"] * 2 < result["tiles"]
    assert len(animation(file_of(result)).frames) == 8


@pytest.mark.parametrize("name", ["gif", "png", "apng", "webp"])
def test_the_kind_can_be_chosen(api: Page, name: str) -> None:
    options = {"lossless": True} if name == "webp" else {"dither": "none", "palette": "local"} if name == "gif" else {}
    result = upscale(api, source("webp"), scale=2, format=name, **options)
    kind = "png" if name == "apng" else name
    assert (result["format"], result["name"]) == (kind, f"picture@2x.{kind}")
    assert len(animation(file_of(result)).frames) == 4


def test_frames_as_a_zip_a_sheet_or_one(api: Page) -> None:
    zipped = upscale(api, source("gif"), scale=2, frames="zip", name="cat.gif")
    assert (zipped["type"], zipped["name"]) == ("application/zip", "cat@2x-frames.zip")
    with zipfile.ZipFile(io.BytesIO(file_of(zipped))) as archive:
        assert archive.testzip() is None
        times = json.loads(archive.read("animation.json"))
        assert [one["duration_ms"] for one in times["frames"]] == list(DURATIONS)
        third = decode(archive.read(times["frames"][2]["file"]))
    alone = upscale(api, source("gif"), scale=2, frames=3, name="cat.gif")
    assert (alone["name"], alone["format"]) == ("cat@2x-frame3.png", "png")
    assert isinstance(third, Picture) and np.abs(pixels(alone).astype(int) - third.pixels).max() <= 1
    sheet = upscale(api, source("gif"), scale=2, frames="sheet", name="cat.gif")
    assert sheet["name"] == "cat@2x-sheet.png" and (sheet["width"], sheet["height"]) == (256, 192)


def test_progress_tiles_and_the_plan_tell_the_frame(api: Page) -> None:
    told = api.evaluate(
        """async (data) => {
            const told = { progress: [], tiles: [], plans: [] };
            const { tiles, tilesRun } = await up.upscale(new Blob([bytes(data)]), {
                scale: 2,
                onProgress: ({ etaMs, ...facts }) => told.progress.push(facts),
                onTile: ({ frame }) => told.tiles.push(frame),
                onPlan: ({ frames, tiles, targetWidth }) => told.plans.push({ frames, tiles, targetWidth }),
            });
            return { ...told, all: tiles, run: tilesRun };
        }""",
        to_base64(source("gif")),
    )
    infer = [one for one in told["progress"] if one["stage"] == "infer"]
    assert (infer[-1]["frame"], infer[-1]["frames"]) == (4, 4)
    assert [one["fraction"] for one in told["progress"]] == sorted(one["fraction"] for one in told["progress"])
    assert set(told["tiles"]) == {0, 1, 2, 3}
    assert all(one["frames"] == 4 and one["targetWidth"] == 128 for one in told["plans"])
    # What runs fastest may become known in between, and cut other tiles; the last plan is the one that is done.
    assert len(told["plans"]) > 1 and told["run"] <= told["plans"][-1]["tiles"] <= told["all"] == len(told["tiles"])
    plan = api.evaluate("async (data) => up.plan(new Blob([bytes(data)]), { scale: 2 })", to_base64(source("gif")))
    assert (plan["frames"], plan["format"]) == (4, "GIF")


@pytest.mark.parametrize("name", ["gif", "png", "webp"])
def test_ended_early_it_plays_the_frames_that_are_done(api: Page, name: str) -> None:
    frames = tuple(
        Frame(Picture(np.array(drawing(64, 48, seed=seed) // 32 * 32, np.uint8)), 50.0) for seed in range(12)
    )
    result = api.evaluate(
        """async (data) => {
            const enough = new AbortController();
            return outcome(up.upscale(new Blob([bytes(data)]), {
                scale: 2,
                endSignal: enough.signal,
                onProgress: ({ frame }) => { if (frame >= 2) enough.abort(); },
            }));
        }""",
        to_base64(source(name, frames)),
    )
    made = animation(file_of(result))
    assert 2 <= len(made.frames) == result["frames"] < 12
    assert any("of 12 frames" in note for note in result["notes"])


@pytest.mark.parametrize("name", ["png", "webp"])
def test_numbers_that_are_known_in_the_end_get_into_a_file_on_disk(fresh_api: tuple[Page, Watch], name: str) -> None:
    page, _ = fresh_api
    spill_early(page.context, kept_bytes=4_000)
    open_page(page, page.url.removesuffix("elsewhere/page.html"))
    page.evaluate("async (model) => { globalThis.up = await Upscaler.create({ model }); }", MODEL)
    result = page.evaluate(
        """async (data) => {
            globalThis.result = await up.upscale(new Blob([bytes(data)]), { scale: 2 });
            return outcome(Promise.resolve(result));
        }""",
        to_base64(source(name, moving(6, width=96, height=64))),
    )
    assert len(files(page)) == 1
    assert len(animation(file_of(result)).frames) == 6


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"frames": "film"}, "film"),
        ({"frames": 0}, "frames 1 to 4"),
        ({"format": "jpeg"}, "JPEG holds one picture"),
        ({"dither": "much", "format": "gif"}, "“much” is unknown"),
        ({"format": "webp", "palette": "local"}, "GIF has"),
        ({"frames": True}, "number of a frame"),
        ({"endSignal": 1}, "AbortSignal"),
    ],
)
def test_wrong_wishes_get_a_sentence(api: Page, options: dict[str, object], sentence: str) -> None:
    result = upscale(api, source("gif"), **options)
    assert result["code"] == "invalid-option" and sentence in result["message"]
