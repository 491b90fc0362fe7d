"""What is written as APNG is read again as it was, by this reader and by others."""

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

from moving import joined, moving, peak_bytes, rgba8, written
from mutations import png_chunks
from senmei.codecs import encode
from senmei.codecs.png.animation_reading import open_apng
from senmei.codecs.png.animation_writing import ApngEncoder
from senmei.codecs.png.chunks import LARGEST_SIDE
from senmei.errors import TooLarge
from senmei.geometry import Size
from senmei.picture import NO_METADATA, Metadata, Picture
from written_png import SIGNATURE


def encoder(pictures: list[Picture], **options: Any) -> ApngEncoder:
    first = pictures[0]
    layout = {
        "channels": first.pixels.shape[2],
        "has_alpha": first.alpha is not None,
        "depth": 8 * first.pixels.itemsize,
    }
    return ApngEncoder(first.size, **{"loop_count": 0, "metadata": NO_METADATA, **layout, **options})


def apng(pictures: list[Picture], durations_ms: Any = None, **options: Any) -> bytes:
    return written(encoder(pictures, **options), pictures, durations_ms or [100] * len(pictures))


@st.composite
def sequences(draw: st.DrawFn) -> list[Picture]:
    """Frames of one layout, each made from the one before by changing a few of its pixels, all or none."""
    shape = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    channels, has_alpha = draw(st.sampled_from((1, 3))), draw(st.booleans())
    kind: Any = draw(st.sampled_from((np.uint8, np.uint16)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    most = np.iinfo(kind).max
    levels = np.array([0, 1, most // 2, most], kind)
    samples = rng.choice(levels, (*shape, channels + 1))
    pictures = []
    for _ in range(draw(st.integers(1, 5))):
        share = draw(st.sampled_from((0, 0.05, 0.5, 1)))
        soft = draw(st.booleans())
        fresh = rng.choice(levels, samples.shape)
        if not soft:
            fresh[:, :, -1] = most
        samples = np.where(rng.random((*shape, 1)) < share, fresh, samples)
        alpha = np.ascontiguousarray(samples[:, :, -1]) if has_alpha else None
        pictures.append(Picture(np.ascontiguousarray(samples[:, :, :-1]), alpha))
    return pictures


@given(sequences(), st.integers(0, 3), st.data())
@settings(max_examples=150)
def test_every_sequence_comes_back_exactly(pictures: list[Picture], plays: int, data: st.DataObject) -> None:
    """Also the colours under full transparency, as long as they were written at all."""
    times = data.draw(st.lists(st.integers(0, 65_535), min_size=len(pictures), max_size=len(pictures)))
    file = open_apng(apng(pictures, times, loop_count=plays), partial=False)
    assert file.notes == () and file.info.loop_count == plays
    assert list(file.info.durations_ms) == times
    for frame, picture in zip(file.frames(), pictures, strict=True):
        assert np.array_equal(joined(frame.picture), joined(picture))
        assert frame.picture.pixels.dtype == picture.pixels.dtype


@given(sequences())
@settings(max_examples=50)
def test_equal_frames_become_one_where_that_is_wanted(pictures: list[Picture]) -> None:
    doubled = [one for one in pictures for _ in range(2)]
    file = open_apng(apng(doubled, [10, 20] * len(pictures), merge=True), partial=False)
    assert sum(file.info.durations_ms) == 30 * len(pictures)
    frames = list(file.frames())
    runs = [pictures[0]]
    for picture in pictures[1:]:
        if not np.array_equal(joined(picture), joined(runs[-1])):
            runs.append(picture)
    assert len(frames) == len(runs)
    for frame, picture in zip(frames, runs, strict=True):
        assert np.array_equal(joined(frame.picture), joined(picture))


LAYOUTS = [
    (channels, alpha, deep) for channels in (1, 3) for alpha in ("none", "hard", "soft") for deep in (False, True)
]


@pytest.mark.parametrize(("channels", "alpha", "deep"), LAYOUTS)
def test_other_readers_show_the_same(tmp_path: Path, channels: int, alpha: str, deep: bool) -> None:
    pictures = moving(40, 30, 7, channels=channels, alpha=alpha, deep=deep)
    data = apng(pictures, range(10, 80, 10), loop_count=2)
    if not deep:
        with Image.open(BytesIO(data)) as image:
            assert (image.n_frames, image.info["loop"]) == (7, 2)
            for index, picture in enumerate(pictures):
                image.seek(index)
                image.load()
                assert image.info["duration"] == 10 + 10 * index
                # It lays soft alpha over what is below in another way than the standard.
                if alpha != "soft":
                    assert np.array_equal(np.asarray(image.convert("RGBA")), rgba8(picture))
    (tmp_path / "moving.png").write_bytes(data)
    if shutil.which("pngcheck"):
        done = subprocess.run(["pngcheck", tmp_path / "moving.png"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    layout = ("gray" if channels == 1 else "rgb24") if alpha == "none" else "rgba"
    if not deep and alpha != "soft":
        command = [
            "ffmpeg",
            "-v",
            "error",
            "-f",
            "apng",
            "-i",
            str(tmp_path / "moving.png"),
            "-fps_mode",
            "passthrough",
        ]
        made = subprocess.run([*command, "-f", "rawvideo", "-pix_fmt", layout, "-"], capture_output=True, check=True)
        frames = np.frombuffer(made.stdout, np.uint8).reshape(-1, 30, 40, {"gray": 1, "rgb24": 3, "rgba": 4}[layout])
        for index, picture in enumerate(pictures):
            expected = picture.pixels if alpha == "none" else rgba8(picture)
            assert np.array_equal(frames[index], expected)


def controls(data: bytes) -> list[tuple[int, ...]]:
    """The content of each fcTL."""
    return [struct.unpack(">IIIIIHHBB", one[8:-4]) for one in png_chunks(data) if one[4:8] == b"fcTL"]


def test_only_the_rectangle_that_changes_is_stored() -> None:
    ground = np.zeros((50, 60, 3), np.uint8)
    other = ground.copy()
    other[20:25, 30:37] = 9
    other[22, 33] = 0
    data = apng([Picture(ground), Picture(other), Picture(other), Picture(ground)])
    places = [one[1:5] for one in controls(data)]
    assert places == [(60, 50, 0, 0), (7, 5, 30, 20), (1, 1, 0, 0), (7, 5, 30, 20)]


def test_kept_pixels_are_left_out_where_that_is_smaller() -> None:
    """Noise, of which two far corners change: with alpha the rest of the rectangle costs next to nothing."""
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 256, (80, 80, 3)).astype(np.uint8)
    other, opaque = noise.copy(), np.full((80, 80), 255, np.uint8)
    other[0, 0] ^= 255
    other[-1, -1] ^= 255
    with_alpha = apng([Picture(noise, opaque), Picture(other, opaque)])
    assert [one[8] for one in controls(with_alpha)] == [0, 1]
    assert len(with_alpha) < 1.1 * len(encode(Picture(noise, opaque)))
    soft = opaque.copy()
    soft[0, 0] = 100
    # What becomes transparent cannot be laid over.
    assert [one[8] for one in controls(apng([Picture(noise, opaque), Picture(other, soft)]))] == [0, 0]


def test_bytes_come_frame_by_frame_and_the_first_has_the_head() -> None:
    pictures = moving(40, 30, 4)
    writer = encoder(pictures)
    parts = [writer.add(picture, 50) for picture in pictures]
    assert parts[0].startswith(SIGNATURE) and b"acTL" in parts[0]
    assert all(b"fcTL" in part for part in parts[1:])
    tail, patches = writer.finish()
    assert tail.endswith(b"IEND\xae\x42\x60\x82") and len(patches) == 1
    # What a crash leaves is a sound beginning, and says so of one frame at least.
    assert open_apng(b"".join(parts[:2]), partial=False).info.durations_ms == (50,)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_job_that_stops_early_leaves_a_playable_file(count: int) -> None:
    pictures = moving(40, 30, 9)
    file = open_apng(written(encoder(pictures), pictures[:count], [30] * count), partial=False)
    assert file.notes == () and len(list(file.frames())) == count


def test_times_that_are_no_whole_milliseconds() -> None:
    picture = moving(4, 4, 1)[0]
    exact = [1000 / 30, 1000 / 24, 1001 / 30, 16.5, 0.125, 0, 65_535_000, 33.367]
    writer = encoder([picture])
    data = written(writer, [picture] * len(exact), exact)
    assert open_apng(data, partial=False).info.durations_ms == pytest.approx(exact, rel=1e-7)
    assert controls(data)[0][5:7] == (1, 30) and writer.notes == ()


@given(st.lists(st.floats(0, 200_000), min_size=1, max_size=8))
@settings(max_examples=100)
def test_the_sum_of_all_times_stays_right(times: list[float]) -> None:
    picture = Picture(np.zeros((1, 1, 1), np.uint8))
    writer = encoder([picture])
    made = open_apng(written(writer, [picture] * len(times), times), partial=False).info.durations_ms
    # Of a time of 200 s, whose parts have 16 bits, the finest parts are 327ths of a second.
    assert sum(map(Fraction, made)) == pytest.approx(float(sum(map(Fraction, times))), abs=1000 / 327 / 2)
    assert made == pytest.approx(times, abs=1000 / 327)
    if any(abs(one - other) > 0.002 for one, other in zip(made, times, strict=True)):
        assert len(writer.notes) == 1 and "rounded" in writer.notes[0]


def test_metadata_is_written_as_in_a_still() -> None:
    metadata = Metadata(
        exif=b"II*\0\x08\0\0\0\0\0\0\0\0\0", xmp=b"<x/>", dpi=(300, 300), texts=(("Title", "moving"), ("Author", "ö€"))
    )
    pictures = [Picture(one.pixels, None, metadata) for one in moving(8, 8, 2)]
    data, still = apng(pictures, metadata=metadata), encode(pictures[0])
    kinds = {b"eXIf", b"iTXt", b"tEXt", b"pHYs"}
    assert [one for one in png_chunks(data) if one[4:8] in kinds] == [
        one for one in png_chunks(still) if one[4:8] in kinds
    ]
    assert open_apng(data, partial=False).info.metadata.texts == metadata.texts


def test_what_the_format_cannot_hold_is_said() -> None:
    layout: dict[str, Any] = {"channels": 1, "has_alpha": False, "depth": 8, "loop_count": 0, "metadata": NO_METADATA}
    with pytest.raises(TooLarge, match="APNG holds up to 2,147,483,647 pixels a side"):
        ApngEncoder(Size(LARGEST_SIDE + 1, 1), **layout)
    cmyk = bytes(16) + b"CMYK" + bytes(16) + b"acsp" + bytes(100)
    assert "CMYK" in ApngEncoder(Size(1, 1), **{**layout, "metadata": Metadata(icc=cmyk)}).notes[0]


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
        for _ in open_apng(data, partial=False).frames():
            pass

    few, many = apng(pictures * 2), apng(pictures * 20)
    # What is made once, for whatever comes, is made now.
    read(few)
    frame_bytes = pictures[0].pixels.nbytes
    assert peak_bytes(lambda: write(20)) < peak_bytes(lambda: write(2)) + frame_bytes
    assert peak_bytes(lambda: read(many)) < peak_bytes(lambda: read(few)) + frame_bytes
