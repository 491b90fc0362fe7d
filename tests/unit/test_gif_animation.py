"""codecs/gif: animations, against what is written, a simple composer of its own, Pillow and ffmpeg."""

from __future__ import annotations

import shutil
import subprocess
import tracemalloc
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metadata_files import gif_extension, gif_xmp, icc_profile
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from drawings import drawing
from gif_cases import gif_cases, rgba
from mutations import damaged, seeded
from senmei.animation import AnimationFile
from senmei.codecs import decode
from senmei.codecs.gif.animation_reading import open_gif_animation
from senmei.errors import CorruptImage
from senmei.picture import Picture
from written_gif import PALETTE, TRAILER, GifCase, control, image, loop, screen, shown

CASES = gif_cases()


def opened(data: bytes, *, partial: bool = False) -> AnimationFile:
    return open_gif_animation(data, partial=partial)


def frames_of(data: bytes, *, partial: bool = False) -> list[NDArray[Any]]:
    return [rgba(frame.picture) for frame in opened(data, partial=partial).frames()]


def test_the_cases_are_many_and_small() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 200
    assert max(len(case.data) for case in CASES) < 40_000


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
@pytest.mark.parametrize("partial", [False, True])
def test_a_case_shows_what_it_says(case: GifCase, partial: bool) -> None:
    file = opened(case.data, partial=partial)
    info = file.info
    durations = tuple(duration for _, duration in case.shown)
    assert (info.durations_ms, info.loop_count, info.depth) == (durations, case.loop_count, 8)
    frames = list(file.frames())
    assert tuple(frame.duration_ms for frame in frames) == durations
    for frame, (expected, _) in zip(frames, case.shown, strict=True):
        picture = frame.picture
        assert picture.size == info.size and picture.pixels.shape[2] == info.channels
        assert (picture.alpha is not None) == info.has_alpha and picture.notes == ()
        assert np.array_equal(rgba(picture), expected)
    assert len(file.notes) == len(case.notes), file.notes
    assert all(words in note and note.endswith(".") for words, note in zip(case.notes, file.notes, strict=True))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_frames_can_be_had_again(case: GifCase) -> None:
    """What is handed out stays as it is, and what is told is not told twice."""
    file = opened(case.data)
    frames = [(frame.picture, rgba(frame.picture)) for frame in file.frames()]
    notes = file.notes
    for again, (picture, before) in zip(file.frames(), frames, strict=True):
        assert np.array_equal(rgba(again.picture), before) and np.array_equal(rgba(picture), before)
    assert file.notes == notes


ALONE = [case for case in CASES if len(case.ends) == 1]


@pytest.mark.parametrize("case", ALONE, ids=[case.name for case in ALONE])
def test_a_still_is_an_animation_of_one_frame(case: GifCase) -> None:
    """But for the colours that its transparent pixels keep."""
    picture = decode(case.data)
    assert isinstance(picture, Picture)
    made = rgba(picture)
    made[made[:, :, 3] == 0] = 0
    assert np.array_equal(made, case.shown[0][0])
    assert len(picture.notes) == len(case.notes)


# Sequences of frames ----------------------------------------------------------------------------------------------

SIDE = 5
Layer = dict[str, Any]
PLACES = st.integers(0, SIDE + 1)
LAYERS = st.fixed_dictionaries(
    {
        "at": st.tuples(PLACES, PLACES),
        "size": st.tuples(st.integers(1, SIDE), st.integers(1, SIDE)),
        "seed": st.integers(0, 2**16),
        "disposal": st.integers(0, 7),
        "delay": st.integers(1, 65535),
        "transparent": st.none() | st.integers(0, 7),
        "interlaced": st.booleans(),
        "own": st.booleans(),
    }
)


def values(layer: Layer) -> NDArray[Any]:
    width, height = layer["size"]
    return np.random.default_rng(layer["seed"]).integers(0, 8, (height, width)).astype(np.uint8)


def composed(layers: list[Layer]) -> list[dict[tuple[int, int], tuple[int, ...]]]:
    """Every frame's pixels that are not transparent, by their places: one pixel after the other, clipping nothing."""
    canvas: dict[tuple[int, int], tuple[int, ...]] = {}
    made = []
    for layer in layers:
        before = dict(canvas)
        left, top = layer["at"]
        palette = PALETTE[::-1] if layer["own"] else PALETTE
        rows = values(layer)
        for y, row in enumerate(rows.tolist()):
            for x, value in enumerate(row):
                if value != layer["transparent"]:
                    canvas[left + x, top + y] = (*palette[value].tolist(), 255)
        made.append(dict(canvas))
        if layer["disposal"] in (3, 4):
            canvas = before
        elif layer["disposal"] == 2:
            width, height = layer["size"]
            inside = {(left + x, top + y) for x in range(width) for y in range(height)}
            canvas = {place: colour for place, colour in canvas.items() if place not in inside}
    return made


def written(layers: list[Layer]) -> bytes:
    data = screen(SIDE, SIDE)
    for layer in layers:
        data += control(layer["delay"], layer["disposal"], layer["transparent"])
        own = PALETTE[::-1] if layer["own"] else None
        data += image(values(layer), at=layer["at"], palette=own, interlaced=layer["interlaced"])
    return data + TRAILER


@settings(max_examples=300, deadline=None)
@given(st.lists(LAYERS, min_size=1, max_size=6))
def test_frames_are_composed_as_pixel_by_pixel(layers: list[Layer]) -> None:
    file = opened(written(layers))
    first = layers[0]
    width, height = (max(SIDE, first["at"][axis] + first["size"][axis]) for axis in (0, 1))
    assert (file.info.size.width, file.info.size.height) == (width, height)
    assert file.info.durations_ms == tuple(10 * layer["delay"] for layer in layers)
    for frame, expected in zip(file.frames(), composed(layers), strict=True):
        made = np.zeros((height, width, 4), np.uint8)
        for (x, y), colour in expected.items():
            if x < width and y < height:
                made[y, x] = colour
        assert np.array_equal(rgba(frame.picture), made)


@pytest.mark.parametrize("disposal", [0, 1, 2])
def test_what_pillow_writes_is_what_pillow_reads(disposal: int) -> None:
    frames = [Image.fromarray(drawing(40, 30, seed=seed)).quantize(40) for seed in range(5)]
    stored = BytesIO()
    options: dict[str, Any] = {"save_all": True, "append_images": frames[1:], "duration": [20, 40, 30, 650, 10]}
    frames[0].save(stored, "GIF", disposal=disposal, loop=3, **options)
    file = opened(stored.getvalue())
    assert file.info.durations_ms == (20, 40, 30, 650, 10) and file.info.loop_count == 4
    with Image.open(BytesIO(stored.getvalue())) as oracle:
        pillows = [np.asarray(frame.convert("RGBA")) for frame in ImageSequence.Iterator(oracle)]
    for frame, expected in zip(file.frames(), pillows, strict=True):
        assert np.array_equal(rgba(frame.picture), expected)


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")
def test_frames_are_those_of_ffmpeg(tmp_path: Path) -> None:
    """Where it is right: it clips no first frame, and knows disposal 4 as nothing special."""
    rng = np.random.default_rng(5)
    layers = [{"at": (0, 0), "size": (SIDE, SIDE), "disposal": 1, "transparent": None}]
    layers += [
        {
            "at": tuple(rng.integers(0, 3, 2).tolist()),
            "size": tuple(rng.integers(1, 3, 2).tolist()),
            "disposal": int(rng.integers(0, 4)),
            "transparent": int(rng.integers(0, 8)),
        }
        for _ in range(30)
    ]
    whole = [
        {**layer, "seed": index, "delay": 5, "interlaced": index % 3 == 0, "own": index % 2 == 0}
        for index, layer in enumerate(layers)
    ]
    source = tmp_path / "source.gif"
    source.write_bytes(written(whole))
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-i",
        source,
        "-fps_mode",
        "passthrough",
        "-pix_fmt",
        "rgba",
        "-f",
        "rawvideo",
        "-",
    ]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    oracle = np.frombuffer(raw, np.uint8).reshape(-1, SIDE, SIDE, 4).copy()
    oracle[oracle[:, :, :, 3] == 0] = 0
    assert np.array_equal(np.array(frames_of(source.read_bytes())), oracle)


# What the file tells ----------------------------------------------------------------------------------------------


def test_what_is_known_before_any_frame_is_read() -> None:
    icc, xmp = icc_profile(), b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'
    notes = gif_extension(0xFE, b"first") + gif_xmp(xmp) + gif_extension(0xFF, b"ICCRGBG1012", icc)
    data = screen(2, 2, background=4) + loop(2) + notes + image("rg/bw") + gif_extension(0xFE, b"last") + TRAILER
    file = opened(data)
    assert file.info.background == (0, 0, 255) and file.info.loop_count == 3
    assert file.info.metadata.texts == (("Comment", "first"), ("Comment", "last"))
    assert (file.info.metadata.icc, file.info.metadata.xmp) == (icc, xmp)
    assert opened(screen(2, 2, None) + image("rg/bw") + TRAILER).info.background is None
    assert opened(screen(2, 2, background=8) + image("rg/bw") + TRAILER).info.background is None


@pytest.mark.parametrize(
    ("parts", "has_alpha"),
    [
        ([image("rg/bw"), image("k")], False),
        ([image("rg/bw"), control(transparent=3) + image("kg")], False),
        ([image("rg/bw"), control(disposal=3) + image("kg"), image("k")], False),
        ([image("rg/bw"), control(disposal=2) + image("kg")], False),
        ([image("rg/bw"), control(disposal=2) + image("kg"), image("k")], True),
        ([control(disposal=2) + image("rg/bw"), image("k")], True),
        ([control(disposal=3) + image("rg/bw"), image("k")], True),
        ([control(transparent=7) + image("rg/bw"), image("k")], True),
        ([image("r"), image("rg/bw")], True),
        ([image("rg/bw", data=b""), image("k")], True),
    ],
)
def test_there_is_alpha_where_anything_can_be_transparent(parts: list[bytes], has_alpha: bool) -> None:
    file = opened(screen(2, 2) + b"".join(parts) + TRAILER)
    assert file.info.has_alpha == has_alpha
    assert all((frame.picture.alpha is not None) == has_alpha for frame in file.frames())


def test_gray_levels_stay_gray_if_every_palette_has_them() -> None:
    grays = np.repeat(np.arange(256, dtype=np.uint8)[:, np.newaxis], 3, axis=1)
    levels = np.arange(4, dtype=np.uint8).reshape(2, 2)
    gray, coloured = image(levels, bits=8), image(levels, bits=8, palette=PALETTE)
    assert opened(screen(2, 2, grays) + gray + gray + TRAILER).info.channels == 1
    assert opened(screen(2, 2, grays) + gray + coloured + TRAILER).info.channels == 3


# Damage -----------------------------------------------------------------------------------------------------------


def test_of_a_file_cut_anywhere_the_whole_frames_are_given() -> None:
    parts = [control(5) + image("rg/bw"), control(6) + image("kk", palette=PALETTE[::-1]), control(7, 2) + image("w")]
    head = screen(2, 2) + loop(0)
    data = head + b"".join(parts) + TRAILER
    whole = frames_of(data)
    ends = [len(head) + sum(map(len, parts[: count + 1])) for count in range(3)]
    for length in range(13, len(data)):
        cut, count = data[:length], sum(end <= length for end in ends)
        if not count:
            with pytest.raises(CorruptImage, match=rf"GIF file is damaged .* byte {length}, "):
                opened(cut)
            continue
        for partial in (False, True):
            file = opened(cut, partial=partial)
            assert file.info.durations_ms == (50, 60, 70)[:count]
            for frame, expected in zip(file.frames(), whole[:count], strict=True):
                assert np.array_equal(rgba(frame.picture), expected)
            (note,) = file.notes
            assert (
                f"it ends at byte {length}" in note and ("first frame was" if count == 1 else f"{count} frames") in note
            )


def test_what_there_is_of_a_first_frame_is_given_if_that_will_do() -> None:
    noise = np.random.default_rng(2).integers(0, 8, (20, 20)).astype(np.uint8)
    data = screen(20, 20) + image(noise) + TRAILER
    cut = data[: int(len(data) * 0.6)]
    with pytest.raises(CorruptImage):
        opened(cut)
    file = opened(cut, partial=True)
    (frame,) = file.frames()
    made = rgba(frame.picture).reshape(400, 4)
    given_pixels = int((made[:, 3] == 255).sum())
    assert 100 < given_pixels < 300
    assert np.array_equal(made[:given_pixels], rgba(next(opened(data).frames()).picture).reshape(400, 4)[:given_pixels])
    assert not made[given_pixels:].any()
    assert "a part of its first frame" in file.notes[0]


@pytest.mark.parametrize("partial", [False, True])
def test_a_screen_that_lies_is_refused(partial: bool) -> None:
    with pytest.raises(CorruptImage, match="claims 65535 × 65535 pixels"):
        opened(screen(65535, 65535) + image("rg/bw") + TRAILER, partial=partial)
    with pytest.raises(CorruptImage, match="claims 60000 × 60000 pixels"):
        opened(screen(2, 2) + image("r", size=(60000, 60000)) + TRAILER, partial=partial)


def test_a_later_frame_that_lies_ends_the_animation_if_that_will_do() -> None:
    lie = image("k", size=(60000, 50000), data=bytes(30))
    data = screen(2, 2) + loop(0) + image("rg/bw") + image("k") + lie + image("w") + TRAILER
    with pytest.raises(
        CorruptImage, match=r"frame 3 at byte \d+ claims 60000 × 50000 pixels, but holds only \d+ bytes"
    ):
        opened(data)
    file = opened(data, partial=True)
    frames = [rgba(frame.picture) for frame in file.frames()]
    assert [np.array_equal(*pair) for pair in zip(frames, (shown("rg/bw"), shown("kg/bw")), strict=True)] == [True] * 2
    assert "frame 3" in file.notes[0] and "first 2 frames" in file.notes[0]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (screen(2, 2) + TRAILER, "holds no picture"),
        (screen(2, 2) + control(5) + TRAILER, "holds no picture"),
        (screen(0, 0) + image("k", size=(0, 0), data=b"") + TRAILER, "0 × 0 pixels"),
        (screen(0, 3) + image("k", size=(0, 3), data=b"") + TRAILER, "0 × 3 pixels"),
        (screen(2, 2) + image("k", bits=12, data=b"\0") + TRAILER, "codes of 12 bits"),
        (screen(2, 2) + b"\0" + image("k") + TRAILER, "there is no block, but 00"),
        (b"GIF89a\2\0", "within its header"),
    ],
)
def test_files_without_a_frame_are_refused(data: bytes, reason: str) -> None:
    for partial in (False, True):
        with pytest.raises(CorruptImage, match=reason):
            opened(data, partial=partial)


def test_damaged_animations_give_frames_or_a_sentence() -> None:
    outcomes = {"read": 0, "refused": 0}
    for number in range(3000):
        random = seeded("GIF animation", number)
        case = CASES[int(random.integers(len(CASES)))]
        data = damaged(case.data if len(case.data) < 6000 else CASES[0].data, random)
        for partial in (False, True):
            try:
                file = opened(data, partial=partial)
            except CorruptImage as error:
                assert str(error).endswith(".") and "This GIF file is damaged" in str(error)
                outcomes["refused"] += 1
                continue
            if file.info.size.pixels * len(file.info.durations_ms) < 2**22:
                shapes = {(frame.picture.size, frame.picture.pixels.shape[2]) for frame in file.frames()}
                assert shapes == {(file.info.size, file.info.channels)}
                outcomes["read"] += 1
    assert min(outcomes.values()) > 500


def test_memory_does_not_grow_with_the_frames() -> None:
    noise = np.random.default_rng(1).integers(0, 8, (300, 300)).astype(np.uint8)
    frame = control(5, 3) + image(noise)

    def peak(count: int) -> int:
        file = opened(screen(300, 300) + frame * count + TRAILER)
        tracemalloc.start()
        for _ in file.frames():
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(40) < 1.2 * peak(4)
