"""Animated WebP files become the canvases, times and plays that libwebp makes of them."""

from __future__ import annotations

import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from composed import Samples, visible
from senmei.animation import Frame
from senmei.codecs.webp.animation_reading import open_webp_animation
from senmei.errors import CorruptImage
from senmei.geometry import Size
from written_apng import rgba
from written_webp_animation import HEIGHT, WIDTH, Coded, WebpCase, animation, anmf, cases, chunk, lossless, lossy

CASES = cases()


def joined(frame: Frame) -> Samples:
    """(H, W, 4)."""
    pixels, alpha = frame.picture.pixels, frame.picture.alpha
    return np.dstack((pixels, np.full(pixels.shape[:2], 255, np.uint8) if alpha is None else alpha))


def test_there_are_cases_enough() -> None:
    assert len(CASES) >= 25 and len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_frames_times_and_plays(case: WebpCase) -> None:
    file = open_webp_animation(case.data, partial=False)
    info = file.info
    assert (info.size, info.loop_count, info.depth, info.channels) == (Size(WIDTH, HEIGHT), case.plays, 8, 3)
    assert list(info.durations_ms) == case.durations_ms and info.background == case.background
    frames = list(file.frames())
    assert [frame.duration_ms for frame in frames] == case.durations_ms
    for made, expected in zip(frames, case.frames, strict=True):
        assert (made.picture.alpha is not None) == info.has_alpha
        assert np.array_equal(visible(joined(made)), visible(expected))
    assert info.has_alpha == any((frame[:, :, 3] < 255).any() for frame in case.frames)
    assert "profile" in "".join(file.notes) if b"ICCP" in case.data else not file.notes


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_libwebp_composes_the_same(case: WebpCase) -> None:
    """Its WebPAnimDecoder, which Pillow has, to the last bit, wherever the file says that there can be alpha."""
    with Image.open(BytesIO(case.data)) as image:
        assert getattr(image, "n_frames", 1) == len(case.frames)
        for index, frame in enumerate(open_webp_animation(case.data, partial=False).frames()):
            image.seek(index)
            oracle = np.asarray(image.convert("RGBA"))
            made = joined(frame)
            if image.mode == "RGBA":
                assert np.array_equal(visible(made), visible(oracle))
            else:
                opaque = made[:, :, 3] == 255
                assert np.array_equal(made[opaque], oracle[opaque])


def test_frames_can_be_asked_for_again_and_stay_as_they_are() -> None:
    file = open_webp_animation(CASES[9].data, partial=False)
    first, second = list(file.frames()), list(file.frames())
    for one, other, expected in zip(first, second, CASES[9].frames, strict=True):
        assert np.array_equal(joined(one), joined(other))
        assert np.array_equal(visible(joined(one)), visible(expected))


def test_metadata_belongs_to_the_animation() -> None:
    exif = Image.Exif()
    exif[0x010E] = "moving"
    after = chunk(b"EXIF", exif.tobytes()[6:]) + chunk(b"XMP ", b"<x/>")
    file = open_webp_animation(
        animation([Coded(lossless(rgba(WIDTH, HEIGHT, seed=1)))] * 2, after=after), partial=False
    )
    assert file.info.metadata.exif == exif.tobytes()[6:] and file.info.metadata.xmp == b"<x/>"
    assert all(frame.picture.metadata.exif is None for frame in file.frames())


# Damage -----------------------------------------------------------------------------------------------------------

FRAMES = [
    Coded(lossless(rgba(WIDTH, HEIGHT, seed=0))),
    Coded(lossy(rgba(8, 6, seed=1)[:, :, :3]), 2, 2, True),
    Coded(lossless(rgba(4, 4, seed=2)), 8, 6, True),
]
SOUND = animation(FRAMES)
WHOLE = [joined(frame) for frame in open_webp_animation(SOUND, partial=False).frames()]
STARTS = [SOUND.index(anmf(frame)) for frame in FRAMES]


def test_a_file_that_ends_gives_its_whole_frames() -> None:
    ends = [*STARTS[1:], len(SOUND)]
    for length in range(12, len(SOUND)):
        whole = sum(end <= length for end in ends)
        for partial in (False, True):
            if not whole:
                with pytest.raises(CorruptImage):
                    open_webp_animation(SOUND[:length], partial=partial)
                continue
            file = open_webp_animation(SOUND[:length], partial=partial)
            assert len(file.info.durations_ms) == whole
            if length % 9 == 0 or length in ends:
                for one, other in zip(file.frames(), WHOLE[:whole], strict=True):
                    assert np.array_equal(joined(one), other)
            assert len(file.notes) == 1 and f"ends early (frame {whole + 1}" in file.notes[0]


def changed(place: int, content: bytes) -> bytes:
    return SOUND[:place] + content + SOUND[place + len(content) :]


NONSENSE = {
    "outside the canvas": (8, b"\3"),
    "another width": (14, b"\5"),
    "another height": (17, b"\3"),
    "a length beyond the file": (4, b"\xff\xff"),
    "no picture": (24, b"ABCD"),
    "a chunk beyond the frame": (28, b"\xff\xff"),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_frames_that_make_no_sense(name: str) -> None:
    place, content = NONSENSE[name]
    data = changed(STARTS[1] + place, content)
    with pytest.raises(CorruptImage, match=r"frame 2: .*byte"):
        open_webp_animation(data, partial=False)
    file = open_webp_animation(data, partial=True)
    (only,) = file.frames()
    assert np.array_equal(joined(only), WHOLE[0]) and len(file.notes) == 1 and "1 of its frames" in file.notes[0]


def test_damaged_data_is_found_when_it_is_decoded() -> None:
    place = SOUND.index(b"VP8L", STARTS[2]) + 13
    data = changed(place, bytes(b ^ 0xFF for b in SOUND[place : place + 40]))
    frames = open_webp_animation(data, partial=False).frames()
    assert np.array_equal(joined(next(frames)), WHOLE[0])
    next(frames)
    with pytest.raises(CorruptImage, match="frame 3: at byte"):
        next(frames)
    part = open_webp_animation(data, partial=True)
    assert len(list(part.frames())) == 2 and len(list(part.frames())) == 2
    assert len(part.notes) == 1 and "2 of its frames" in part.notes[0]


def test_what_is_no_animation() -> None:
    without_settings = SOUND.replace(b"ANIM", b"anim")
    still = lossless(rgba(5, 5, seed=1))
    for data in (still, without_settings, animation(FRAMES, flags=0x10), animation([])):
        with pytest.raises(CorruptImage):
            open_webp_animation(data, partial=False)


def test_a_huge_canvas_of_tiny_frames_is_refused() -> None:
    data = bytearray(animation([Coded(lossless(rgba(2, 2, seed=1)))] * 2))
    data[24:30] = struct.pack("<I", 16_000)[:3] * 2
    with pytest.raises(CorruptImage, match="16001 × 16001"):
        open_webp_animation(bytes(data), partial=True)
