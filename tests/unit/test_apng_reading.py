"""APNG files become the canvases, times and plays that they ask for."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest

from composed import Samples, visible
from mutations import png_chunks
from senmei.animation import AnimationFile, Frame
from senmei.codecs.png.animation_reading import open_apng
from senmei.errors import CorruptImage, UnsupportedFormat
from senmei.geometry import Size
from written_apng import HEIGHT, WIDTH, ApngCase, Stored, apng, cases, rgba
from written_png import SIGNATURE, chunk, png

CASES = cases()


def joined(frame: Frame) -> Samples:
    """(H, W, C + 1)."""
    pixels, alpha = frame.picture.pixels, frame.picture.alpha
    opaque = np.full(pixels.shape[:2], np.iinfo(pixels.dtype).max, pixels.dtype)
    return np.dstack((pixels, opaque if alpha is None else alpha))


def test_there_are_cases_enough() -> None:
    assert len(CASES) >= 40 and len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_frames_times_and_plays(case: ApngCase) -> None:
    file: AnimationFile = open_apng(case.data, partial=False)
    info = file.info
    assert info.size == Size(WIDTH, HEIGHT) and info.loop_count == case.plays
    assert list(info.durations_ms) == case.durations_ms
    frames = list(file.frames())
    assert [frame.duration_ms for frame in frames] == case.durations_ms
    for made, expected in zip(frames, case.frames, strict=True):
        assert made.picture.pixels.shape[2] == info.channels == expected.shape[2] - 1
        assert made.picture.pixels.dtype == expected.dtype and 8 * expected.itemsize == info.depth
        assert (made.picture.alpha is not None) == info.has_alpha
        assert np.array_equal(visible(joined(made)), visible(expected))
    assert len(file.notes) == case.notes


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_alpha_is_there_where_it_is_needed(case: ApngCase) -> None:
    """Never missing; and not there without a reason: an alpha channel, a transparent colour or a hole."""
    info = open_apng(case.data, partial=False).info
    if any((frame[:, :, -1] != np.iinfo(frame.dtype).max).any() for frame in case.frames):
        assert info.has_alpha
    elif b"tRNS" not in case.data and case.data[25] not in (4, 6):
        assert not info.has_alpha


def test_frames_can_be_asked_for_again_and_stay_as_they_are() -> None:
    case = CASES[7]
    file = open_apng(case.data, partial=False)
    first = list(file.frames())
    half = file.frames()
    next(half)
    second = list(file.frames())
    for one, other, expected in zip(first, second, case.frames, strict=True):
        assert np.array_equal(joined(one), joined(other))
        assert np.array_equal(visible(joined(one)), visible(expected))


def test_metadata_belongs_to_the_animation() -> None:
    text = chunk(b"tEXt", b"Title\0moving") + chunk(b"pHYs", struct.pack(">IIB", 3937, 3937, 1))
    file = open_apng(apng([Stored(rgba(seed=1))] * 2, 8, 6, before=text), partial=False)
    assert file.info.metadata.texts == (("Title", "moving"),)
    assert file.info.metadata.dpi == pytest.approx((100, 100), abs=0.01)
    assert all(not frame.picture.metadata.texts for frame in file.frames())


# Damage -----------------------------------------------------------------------------------------------------------

SOUND = apng([Stored(rgba(seed=index), over=True) for index in range(4)], 8, 6, data_chunks=2)
CHUNKS = png_chunks(SOUND)
WHOLE = [joined(frame) for frame in open_apng(SOUND, partial=False).frames()]


def rebuilt(chunks: list[bytes]) -> bytes:
    return SIGNATURE + b"".join(chunks)


def with_content(index: int, content: bytes) -> bytes:
    kind = CHUNKS[index][4:8]
    return rebuilt([*CHUNKS[:index], chunk(kind, content), *CHUNKS[index + 1 :]])


def ends() -> list[int]:
    """Where in SOUND each frame's last chunk ends."""
    sizes = np.cumsum([len(SIGNATURE), *map(len, CHUNKS)]).tolist()
    kinds = [one[4:8] for one in CHUNKS]
    data = [index for index, kind in enumerate(kinds) if kind in (b"IDAT", b"fdAT")]
    return [sizes[index + 1] for index in data[1::2]]


def test_a_file_that_ends_gives_its_whole_frames() -> None:
    """Wherever that is: a frame is there if all of it is."""
    assert len(ends()) == 4
    around = {end + more for end in ends() for more in (-5, -1, 0, 1, 7, 8, 20)}
    for length in sorted({*range(len(SIGNATURE), len(SOUND), 7), *around} - set(range(len(SOUND), len(SOUND) + 99))):
        whole = sum(end <= length for end in ends())
        for partial in (False, True):
            if not whole and not partial:
                with pytest.raises(CorruptImage):
                    open_apng(SOUND[:length], partial=False)
                continue
            try:
                file = open_apng(SOUND[:length], partial=partial)
                frames = list(file.frames())
            except CorruptImage:
                assert not whole
                continue
            assert len(frames) == len(file.info.durations_ms) == max(whole, 1)
            assert len(file.notes) == 1 and "ends early" in file.notes[0]
            if whole:
                assert f"{whole} of 4 frames" in file.notes[0]
                assert all(np.array_equal(joined(one), other) for one, other in zip(frames, WHOLE, strict=False))


def test_a_part_of_the_first_frame_is_given_where_that_is_asked_for() -> None:
    frame = rgba(seed=3)
    chunks = png_chunks(apng([Stored(frame)] * 2, 8, 6, data_chunks=3))
    stop = sum(map(len, chunks[:5])) + len(SIGNATURE)
    file = open_apng(rebuilt(chunks)[:stop], partial=True)
    (only,) = file.frames()
    rows = (joined(only) == frame).all(axis=(1, 2))
    assert 0 < rows.sum() < HEIGHT and "a part of its first frame" in file.notes[0]
    assert (joined(only)[~rows] == 0).all()


@pytest.mark.parametrize("index", range(len(CHUNKS)))
def test_a_wrong_check_sum_names_frame_and_byte(index: int) -> None:
    start = len(SIGNATURE) + sum(map(len, CHUNKS[:index]))
    data = bytearray(SOUND)
    data[start + len(CHUNKS[index]) - 1] ^= 1
    whole = sum(end <= start for end in ends())
    kind = CHUNKS[index][4:8].decode()
    with pytest.raises(CorruptImage, match=f"{kind} at byte {start}") as caught:
        open_apng(bytes(data), partial=False)
    assert kind in ("IHDR", "IEND") or f"frame {whole + 1}" in str(caught.value)
    if whole:
        file = open_apng(bytes(data), partial=True)
        frames = list(file.frames())
        assert len(frames) == whole and f"{whole} of 4 frames" in file.notes[0]
        assert all(np.array_equal(joined(one), other) for one, other in zip(frames, WHOLE, strict=False))


FRAME = struct.unpack(">IIIIIHHBB", CHUNKS[5][8:-4])
NONSENSE = {
    "outside the canvas": (*FRAME[:3], 1, 0, *FRAME[5:]),
    "far outside the canvas": (*FRAME[:3], 2**31, 2**31, *FRAME[5:]),
    "no width": (FRAME[0], 0, *FRAME[2:]),
    "another number": (9, *FRAME[1:]),
    "the same number": (FRAME[0] - 1, *FRAME[1:]),
    "an unknown disposal": (*FRAME[:7], 3, 0),
    "an unknown blending": (*FRAME[:7], 0, 2),
    "more than its data can hold": (FRAME[0], 1, 1, *FRAME[3:]),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_frames_that_make_no_sense(name: str) -> None:
    assert CHUNKS[5][4:8] == b"fcTL"
    if name == "more than its data can hold":
        small = [Stored(np.zeros((1, 1, 4), np.uint8)), Stored(np.zeros((1, 1, 4), np.uint8))]
        chunks = png_chunks(apng(small, 8, 6, size=(1, 1)))
        values = (0, 30_000, 30_000, 0, 0, 1, 10, 0, 0)
        chunks[0] = chunk(b"IHDR", struct.pack(">II", 30_000, 30_000) + chunks[0][16:-4])
        chunks[2] = chunk(b"fcTL", struct.pack(">IIIIIHHBB", *values))
        data, whole = rebuilt(chunks), 0
    else:
        data, whole = with_content(5, struct.pack(">IIIIIHHBB", *NONSENSE[name])), 1
    with pytest.raises(CorruptImage, match="at byte"):
        open_apng(data, partial=False)
    if whole:
        file = open_apng(data, partial=True)
        assert len(list(file.frames())) == whole and len(file.notes) == 1


def test_chunks_where_they_do_not_belong() -> None:
    control, hidden = CHUNKS[1], chunk(b"IDAT", zlib.compress(bytes(HEIGHT * (1 + 4 * WIDTH))))
    wrong = {
        "no acTL": [CHUNKS[0], *CHUNKS[2:]],
        "acTL behind the data": [CHUNKS[0], *CHUNKS[2:5], control, *CHUNKS[5:]],
        "no frames promised": [CHUNKS[0], chunk(b"acTL", bytes(8)), *CHUNKS[2:]],
        "data without fcTL": [*CHUNKS[:5], *CHUNKS[6:]],
        "a frame without data": [*CHUNKS[:6], *CHUNKS[8:]],
        "frames before the default image": [*CHUNKS[:2], *CHUNKS[5:8], hidden, *CHUNKS[8:]],
        "two descriptions of the default image": [*CHUNKS[:2], CHUNKS[2], CHUNKS[2], *CHUNKS[3:]],
        "the default image between frames": [*CHUNKS[:8], hidden, *CHUNKS[8:]],
    }
    for name, chunks in wrong.items():
        with pytest.raises(CorruptImage):
            list(open_apng(rebuilt(chunks), partial=False).frames())
            pytest.fail(name)
    with pytest.raises(UnsupportedFormat, match="NeWs"):
        open_apng(rebuilt([*CHUNKS[:5], chunk(b"NeWs", b"1"), *CHUNKS[5:]]), partial=False)
    with pytest.raises(CorruptImage, match="no palette"):
        open_apng(apng([Stored(np.zeros((HEIGHT, WIDTH, 1), np.uint8))], 8, 3), partial=False)
    with pytest.raises(CorruptImage, match="animation"):
        open_apng(png(rgba(seed=1), 8, 6), partial=False)


def test_damaged_data_with_a_right_check_sum_is_found_when_it_is_decoded() -> None:
    content = CHUNKS[6][8:-4]
    file = open_apng(with_content(6, content[:9] + bytes((content[9] ^ 255,)) + content[10:]), partial=False)
    frames = file.frames()
    assert np.array_equal(joined(next(frames)), WHOLE[0])
    with pytest.raises(CorruptImage, match="frame 2: near byte"):
        next(frames)
    part = open_apng(with_content(6, content[:9] + bytes((content[9] ^ 255,)) + content[10:]), partial=True)
    assert len(list(part.frames())) == 1
    assert len(list(part.frames())) == 1 and len(part.notes) == 1 and "1 of 4 frames" in part.notes[0]


def test_fewer_frames_than_promised_are_told() -> None:
    data = apng([Stored(rgba(seed=1))] * 2, 8, 6, stated=5)
    file = open_apng(data, partial=False)
    assert len(list(file.frames())) == 2
    assert file.notes == ("This PNG file promises 5 frames, but holds 2.",)


def test_frames_are_decoded_when_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    from senmei.codecs.png.pixels import PngPixels

    original = PngPixels.write
    monkeypatch.setattr(PngPixels, "write", lambda *args, **more: made.append(1) or original(*args, **more))
    frames = open_apng(SOUND, partial=False).frames()
    assert not made
    next(frames)
    assert len(made) == 1


def test_a_canvas_that_lies_is_refused_before_any_frame() -> None:
    """Where the default image is shown and where it is hidden behind small frames."""
    for hidden in (None, rgba(seed=1)):
        chunks = png_chunks(apng([Stored(rgba(seed=2)), Stored(rgba(2, 2, seed=3))], 8, 6, hidden=hidden))
        chunks[0] = chunk(b"IHDR", struct.pack(">II", 60_000, 60_000) + chunks[0][16:-4])
        if hidden is None:
            chunks[2] = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 60_000, 60_000, 0, 0, 1, 10, 0, 0))
        for partial in (False, True):
            with pytest.raises(CorruptImage, match=r"60000 × 60000|claims more"):
                open_apng(rebuilt(chunks), partial=partial)
