"""What is written as animated WebP is read again as it was, by this reader and by others."""

from __future__ import annotations

import shutil
import struct
import subprocess
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from composed import visible
from drawings import drawing
from moving import joined, moving, peak_bytes, rgba8, written
from senmei.codecs import EncodeOptions
from senmei.codecs.webp import animation_writing
from senmei.codecs.webp.animation_reading import open_webp_animation
from senmei.codecs.webp.animation_writing import WebpAnimationEncoder
from senmei.errors import TooLarge
from senmei.geometry import Size
from senmei.picture import NO_METADATA, Metadata, Picture

LOSSLESS = EncodeOptions(format="webp", lossless=True)
LOSSY = EncodeOptions(format="webp")


def encoder(pictures: list[Picture], **options: Any) -> WebpAnimationEncoder:
    first = pictures[0]
    layout = {
        "channels": first.pixels.shape[2],
        "has_alpha": first.alpha is not None,
        "depth": 8 * first.pixels.itemsize,
    }
    defaults = {"loop_count": 0, "metadata": NO_METADATA, "options": LOSSLESS}
    return WebpAnimationEncoder(first.size, **{**defaults, **layout, **options})


def webp(pictures: list[Picture], durations_ms: Any = None, **options: Any) -> bytes:
    return written(encoder(pictures, **options), pictures, durations_ms or [100] * len(pictures))


@st.composite
def sequences(draw: st.DrawFn) -> list[Picture]:
    """Frames of one layout, each made from the one before by changing a few of its pixels, all or none."""
    shape = draw(st.integers(1, 20)), draw(st.integers(1, 20))
    channels, has_alpha = draw(st.sampled_from((1, 3))), draw(st.booleans())
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    levels = np.array([0, 1, 100, 255], np.uint8)
    samples = rng.choice(levels, (*shape, channels + 1))
    pictures = []
    for _ in range(draw(st.integers(1, 5))):
        share, soft = draw(st.sampled_from((0, 0.02, 0.5, 1))), draw(st.booleans())
        fresh = rng.choice(levels, samples.shape)
        if not soft:
            fresh[:, :, -1] = 255
        samples = np.where(rng.random((*shape, 1)) < share, fresh, samples)
        alpha = np.ascontiguousarray(samples[:, :, -1]) if has_alpha else None
        pictures.append(Picture(np.ascontiguousarray(samples[:, :, :-1]), alpha))
    return pictures


@given(sequences(), st.integers(0, 3), st.data())
@settings(max_examples=100)
def test_every_sequence_comes_back_exactly(pictures: list[Picture], plays: int, data: st.DataObject) -> None:
    """Also the colours under transparency; and as libwebp composes it."""
    times = data.draw(st.lists(st.integers(0, 2**24 - 1), min_size=len(pictures), max_size=len(pictures)))
    content = webp(pictures, times, loop_count=plays)
    file = open_webp_animation(content, partial=False)
    assert file.notes == () and file.info.loop_count == plays
    assert list(file.info.durations_ms) == times
    with Image.open(BytesIO(content)) as image:
        for index, (frame, picture) in enumerate(zip(file.frames(), pictures, strict=True)):
            meant = rgba8(picture)
            assert np.array_equal(rgba8(frame.picture), meant)
            image.seek(index)
            assert np.array_equal(visible(np.asarray(image.convert("RGBA"))), visible(meant))


@given(sequences())
@settings(max_examples=30)
def test_what_does_not_change_stays_with_loss_too(pictures: list[Picture]) -> None:
    """Blocks of 8 × 8 whose pixels are what they were are shown as they were, to the bit."""
    opaque = [Picture(one.pixels) for one in pictures]
    frames = list(open_webp_animation(webp(opaque, options=LOSSY), partial=False).frames())
    for index in range(1, len(frames)):
        changed = (opaque[index].pixels != opaque[index - 1].pixels).any(axis=2)
        made = (frames[index].picture.pixels != frames[index - 1].picture.pixels).any(axis=2)
        rows, columns = np.nonzero(changed)
        if not len(rows):
            assert not made.any()
            continue
        left, top = columns.min() // 2 * 2, rows.min() // 2 * 2
        for y in range(0, changed.shape[0], 1):
            for x in range(0, changed.shape[1], 1):
                block = slice((y - top) // 8 * 8 + top, (y - top) // 8 * 8 + top + 8)
                beside = slice((x - left) // 8 * 8 + left, (x - left) // 8 * 8 + left + 8)
                inside = top <= y <= rows.max() and left <= x <= columns.max()
                if not inside or not changed[block, beside][: rows.max() + 1, : columns.max() + 1].any():
                    assert not made[y, x]


def test_loss_does_not_add_up() -> None:
    """Fifty frames later the picture is as near to the original as a still is."""
    pictures = moving(64, 48, 50)
    frames = list(open_webp_animation(webp(pictures, options=LOSSY), partial=False).frames())

    def off(frame: int) -> float:
        return float(np.abs(frames[frame].picture.pixels.astype(int) - pictures[frame].pixels).mean())

    assert off(49) < 1.5 * off(0) + 0.5
    still = np.ones((48, 64), bool)
    for picture in pictures[1:]:
        still &= (picture.pixels == pictures[0].pixels).all(axis=2)
    rows = still[:, 40:].all(axis=1)
    first, last = frames[0].picture.pixels[rows, 40:], frames[49].picture.pixels[rows, 40:]
    assert rows.any() and (first == last).mean() > 0.5


def test_quality_is_a_choice() -> None:
    pictures = moving(80, 60, 5)
    sizes = [len(webp(pictures, options=EncodeOptions(format="webp", quality=quality))) for quality in (20, 60, 95)]
    assert sizes == sorted(sizes) and sizes[0] < 0.7 * sizes[2]


@given(sequences())
@settings(max_examples=30)
def test_equal_frames_become_one_where_that_is_wanted(pictures: list[Picture]) -> None:
    doubled = [one for one in pictures for _ in range(2)]
    file = open_webp_animation(webp(doubled, [10, 20] * len(pictures), merge=True), partial=False)
    assert sum(file.info.durations_ms) == 30 * len(pictures)
    runs = [pictures[0]]
    for picture in pictures[1:]:
        if not np.array_equal(joined(picture), joined(runs[-1])):
            runs.append(picture)
    for frame, picture in zip(file.frames(), runs, strict=True):
        assert np.array_equal(rgba8(frame.picture), rgba8(picture))


def webpmux(data: bytes, folder: Path) -> list[list[str]]:
    """The rows of its table of frames."""
    if shutil.which("webpmux") is None:
        pytest.skip("webpmux is not installed")
    (folder / "moving.webp").write_bytes(data)
    done = subprocess.run(["webpmux", "-info", folder / "moving.webp"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("No.:"))
    return [line.split() for line in lines[start + 1 :] if ":" in line and line.strip()[0].isdigit()]


def test_only_the_rectangle_that_changes_is_stored(tmp_path: Path) -> None:
    ground = np.zeros((50, 60, 3), np.uint8)
    other = ground.copy()
    other[21:25, 31:37] = 9
    data = webp([Picture(ground), Picture(other), Picture(other)])
    rows = webpmux(data, tmp_path)
    # Width, height, offsets: these are even.
    assert [[int(row[at]) for at in (1, 2, 4, 5)] for row in rows] == [[60, 50, 0, 0], [7, 5, 30, 20], [1, 1, 0, 0]]


@pytest.mark.parametrize("options", [LOSSLESS, LOSSY])
@pytest.mark.parametrize("alpha", ["none", "hard", "soft"])
def test_other_tools_accept_the_file(tmp_path: Path, alpha: str, options: EncodeOptions) -> None:
    rows = webpmux(webp(moving(41, 31, 6, alpha=alpha), range(10, 70, 10), options=options), tmp_path)
    assert [int(row[6]) for row in rows] == list(range(10, 70, 10))


def test_bytes_come_frame_by_frame_and_an_unfinished_file_can_be_read() -> None:
    pictures = moving(40, 30, 4)
    writer = encoder(pictures)
    parts = [writer.add(picture, 50) for picture in pictures]
    assert parts[0].startswith(b"RIFF") and all(part.startswith(b"ANMF") for part in parts[1:])
    file = open_webp_animation(b"".join(parts), partial=False)
    assert len(list(file.frames())) == 3 and "ends early" in file.notes[0]
    tail, patches = writer.finish()
    data = bytearray(b"".join(parts) + tail)
    for offset, content in patches:
        data[offset : offset + len(content)] = content
    assert struct.unpack_from("<I", data, 4)[0] == len(data) - 8


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_job_that_stops_early_leaves_a_playable_file(count: int) -> None:
    pictures = moving(40, 30, 9)
    file = open_webp_animation(written(encoder(pictures), pictures[:count], [30] * count), partial=False)
    assert file.notes == () and len(list(file.frames())) == count


@given(st.lists(st.floats(0, 5000), min_size=1, max_size=20))
@settings(max_examples=60)
def test_the_sum_of_all_times_stays_right(times: list[float]) -> None:
    picture = Picture(np.zeros((1, 1, 1), np.uint8))
    writer = encoder([picture])
    made = open_webp_animation(written(writer, [picture] * len(times), times), partial=False).info.durations_ms
    assert [one == 0 for one in made] == [one == 0 for one in times]
    # Short times may not become none, so that they run ahead by up to their number.
    short = sum(0 < one < 1 for one in times)
    assert abs(sum(map(Fraction, made)) - sum(map(Fraction, times))) <= Fraction(1, 2) + short
    if any(one != int(one) for one in times):
        assert len(writer.notes) == 1 and "whole milliseconds" in writer.notes[0]


def test_metadata_is_written() -> None:
    exif = Image.Exif()
    exif[0x010E] = "moving"
    metadata = Metadata(exif=exif.tobytes()[6:], xmp=b"<x/>", dpi=(300, 300), texts=(("Title", "moving"),))
    writer = encoder(moving(8, 8, 2), metadata=metadata)
    read = open_webp_animation(written(writer, moving(8, 8, 2), [10, 10]), partial=False).info.metadata
    assert (read.exif, read.xmp, read.texts) == (metadata.exif, metadata.xmp, ())
    assert len(writer.notes) == 1 and "the resolution and the text “Title”" in writer.notes[0]


def test_sixteen_bits_are_rounded_and_said() -> None:
    pictures = moving(8, 8, 3, alpha="soft", deep=True)
    writer = encoder(pictures)
    file = open_webp_animation(written(writer, pictures, [10] * 3), partial=False)
    assert len(writer.notes) == 1 and "8 bits a sample" in writer.notes[0]
    for frame, picture in zip(file.frames(), pictures, strict=True):
        assert np.array_equal(rgba8(frame.picture), rgba8(picture))


def test_what_the_format_cannot_hold_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    layout: dict[str, Any] = {"channels": 1, "has_alpha": False, "depth": 8, "metadata": NO_METADATA}
    with pytest.raises(TooLarge, match="WebP holds up to 16,383 pixels a side, not 16384 × 1; APNG can"):
        WebpAnimationEncoder(Size(16_384, 1), loop_count=0, options=LOSSY, **layout)
    assert "65,535 times" in WebpAnimationEncoder(Size(1, 1), loop_count=70_000, options=LOSSY, **layout).notes[0]
    # What would take 4 GB to show.
    monkeypatch.setattr(animation_writing, "_MOST_BYTES", 20_000)
    pictures = [Picture(drawing(90, 90, seed=seed, noise=60)) for seed in range(4)]
    with pytest.raises(TooLarge, match=r"4 GB.*APNG"):
        webp(pictures)


def test_pictures_of_another_layout_are_refused() -> None:
    pictures = moving(8, 8, 2)
    writer = encoder(pictures)
    with pytest.raises(ValueError, match="one frame"):
        encoder(pictures).finish()
    for other in (moving(8, 9, 1)[0], moving(8, 8, 1, deep=True)[0], moving(8, 8, 1, alpha="hard")[0]):
        with pytest.raises(ValueError, match="frames"):
            writer.add(other, 10)


def test_memory_does_not_grow_with_the_number_of_frames() -> None:
    pictures = moving(200, 150, 5)

    def write(times: int) -> None:
        writer = encoder(pictures)
        for picture in pictures * times:
            writer.add(picture, 40)
        writer.finish()

    def read(data: bytes) -> None:
        for _ in open_webp_animation(data, partial=False).frames():
            pass

    few, many = webp(pictures * 2), webp(pictures * 20)
    # What is made once, for whatever comes, is made now.
    read(few)
    frame_bytes = pictures[0].pixels.nbytes
    assert peak_bytes(lambda: write(20)) < peak_bytes(lambda: write(2)) + frame_bytes
    assert peak_bytes(lambda: read(many)) < peak_bytes(lambda: read(few)) + frame_bytes
