"""Damaged files give a picture or one of three errors, in a sentence: never another exception, a warning or a hang."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterator

import numpy as np
import pytest

from mutations import damaged, heic, jpeg_xl, png_chunks, seeded, sound_files, with_shuffled_chunks, with_sound_sums
from senmei.animation import Animation
from senmei.codecs import Header, decode, read_header
from senmei.errors import CorruptImage, SenmeiError, TooLarge, UnsupportedFormat
from senmei.picture import Picture
from written_png import SIGNATURE, chunk, png
from written_stills import bmp, gif, packed
from written_tiff import DEFLATE, LZW, RGB, tiff

FILES = sound_files()
MUTATIONS = 2000
FORMATS = tuple(FILES)


def read(data: bytes, *, partial: bool = False) -> Picture | Animation | SenmeiError:
    """What decode gives or raises; anything else goes through and fails the test, warnings included."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return decode(data, partial=partial)
        except (CorruptImage, UnsupportedFormat, TooLarge) as error:
            return error


def header(data: bytes) -> Header | SenmeiError:
    try:
        return read_header(data)
    except (CorruptImage, UnsupportedFormat) as error:
        return error


def is_sentence(error: SenmeiError) -> bool:
    """Names a format, or says that there is none."""
    text = str(error)
    named = any(f"This {name} " in text or f" {name} " in text for name in FORMATS) or "This is " in text
    return text.endswith(".") and "\n" not in text and (named or "The file is empty" in text)


def mutated(name: str) -> Iterator[tuple[int, bytes]]:
    for number in range(MUTATIONS):
        random = seeded(name, number)
        index = int(random.integers(len(FILES[name])))
        yield index, damaged(FILES[name][index], random)


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_files_give_a_picture_or_a_sentence(name: str) -> None:
    outcomes = {"read": 0, "refused": 0}
    for index, data in mutated(name):
        whole, part, facts = read(data), read(data, partial=True), header(data)
        for outcome in (whole, part):
            if isinstance(outcome, SenmeiError):
                assert is_sentence(outcome), (index, str(outcome))
            else:
                assert outcome.size.pixels > 0
        if not isinstance(whole, SenmeiError):
            # What is read when it must be sound is read when it need not be, and was foretold.
            assert not isinstance(part, SenmeiError) and part.size == whole.size
            assert isinstance(facts, Header)
            if isinstance(whole, Picture):
                channels = whole.pixels.shape[2] + (whole.alpha is not None)
                foretold = (facts.size, facts.depth, facts.channels)
                assert foretold == (whole.size, 8 * whole.pixels.dtype.itemsize, channels)
        outcomes["refused" if isinstance(whole, SenmeiError) else "read"] += 1
    # The mutations reach both the checks and what lies behind them.
    assert outcomes["refused"] > MUTATIONS / 4
    assert outcomes["read"] > MUTATIONS / 100 or name in ("HEIC", "JPEG XL")


def equal(one: Picture | Animation, other: Picture | Animation) -> bool:
    if isinstance(one, Animation) or isinstance(other, Animation):
        if not (isinstance(one, Animation) and isinstance(other, Animation)):
            return False
        pairs = zip(one.frames, other.frames, strict=False)
        # Of a file that was cut off, the frames before the cut are told to be those.
        is_long_enough = len(one.frames) == len(other.frames) or (one.notes and len(one.frames) < len(other.frames))
        return bool(is_long_enough) and all(equal(a.picture, b.picture) for a, b in pairs)
    alphas = [np.zeros(0) if picture.alpha is None else picture.alpha for picture in (one, other)]
    return np.array_equal(one.pixels, other.pixels) and np.array_equal(*alphas)


def test_a_png_never_becomes_another_picture() -> None:
    """Its check sums see to that: what is read of a damaged file is the picture, or it is refused."""
    originals = [decode(data) for data in FILES["PNG"]]
    kept = 0
    for index, data in mutated("PNG"):
        outcome = read(data)
        if not isinstance(outcome, SenmeiError) and data.startswith(SIGNATURE):
            assert equal(outcome, originals[index])
            kept += 1
    assert kept > 20


@pytest.mark.parametrize("way", [with_shuffled_chunks, with_sound_sums])
def test_png_chunks_that_are_sound_but_make_no_sense(way: object) -> None:
    for number in range(MUTATIONS):
        random = seeded("PNG chunks", number)
        data = way(FILES["PNG"][int(random.integers(len(FILES["PNG"])))], random)  # type: ignore[operator]
        for partial in (False, True):
            outcome = read(data, partial=partial)
            assert not isinstance(outcome, SenmeiError) or is_sentence(outcome)


# Sizes that lie ---------------------------------------------------------------------------------------------------

_GRAY = np.zeros((4, 4, 1), np.uint8)
_COLOURS = np.zeros((256, 3), np.uint8)


def _jpeg_of(width: int, height: int) -> bytes:
    data = bytearray(next(iter(FILES["JPEG"])))
    place = data.index(b"\xff\xc0")
    struct.pack_into(">HH", data, place + 5, height, width)
    return bytes(data)


def _png_of(width: int, height: int) -> bytes:
    data = bytearray(png(_GRAY, 8, 0))
    struct.pack_into(">II", data, 16, width, height)
    struct.pack_into(">I", data, 29, zlib.crc32(data[12:29]))
    return bytes(data)


def _tiff_of(width: int, height: int, compression: int) -> bytes:
    rgb = np.zeros((4, 4, 3), np.uint8)
    data = bytearray(tiff(rgb, 8, RGB, compression=compression, rows=4))
    for tag, value in ((256, width), (257, height), (278, height)):
        struct.pack_into("<I", data, data.index(struct.pack("<HHI", tag, 4, 1)) + 8, value)
    return bytes(data)


def _webp_of(width: int, height: int) -> bytes:
    data = bytearray(FILES["WebP"][0])
    struct.pack_into("<HH", data, data.index(b"\x9d\x01\x2a") + 3, width, height)
    return bytes(data)


def _gif_of(width: int, height: int) -> bytes:
    return gif(_GRAY[:, :, 0], _COLOURS, screen=(width, height))


def _bmp_of(width: int, height: int, *, runs: bool) -> bytes:
    rows = packed(_GRAY[:, :, 0], 8)
    data = bytearray(bmp(rows, 4, 8, palette=_COLOURS, compression=int(runs), data=b"\0\1" if runs else None))
    struct.pack_into("<ii", data, 18, width, height)
    return bytes(data)


LIES = {
    "PNG": _png_of(60_000, 60_000),
    "JPEG": _jpeg_of(60_000, 60_000),
    "WebP": _webp_of(16_000, 16_000),
    "GIF": _gif_of(60_000, 60_000),
    "BMP": _bmp_of(60_000, 60_000, runs=False),
    "BMP in runs": _bmp_of(60_000, 60_000, runs=True),
    "BMP in wide runs": _bmp_of(100_000_000, 2, runs=True),
    "TIFF": _tiff_of(60_000, 60_000, 1),
    "TIFF, deflate": _tiff_of(60_000, 60_000, DEFLATE),
    "TIFF, LZW": _tiff_of(60_000, 60_000, LZW),
    "TGA": bytes((0, 0, 2)) + bytes(9) + struct.pack("<HHBB", 60_000, 60_000, 24, 0) + bytes(90),
    "TGA in runs": bytes((0, 0, 10)) + bytes(9) + struct.pack("<HHBB", 60_000, 60_000, 24, 0) + bytes(90),
    "PPM": b"P6 60000 60000 255\n" + bytes(90),
    "plain PPM": b"P3 60000 60000 255\n" + b"1 " * 50,
}


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize("name", LIES)
def test_sizes_that_lie_take_no_memory(name: str, partial: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*shape: object) -> None:
        raise AssertionError(f"{shape} were asked for")

    # Only now: an array or image of what the header claims would have gigabytes.
    monkeypatch.setattr("senmei.codecs.canvas.Canvas.__init__", refuse)
    outcome = read(LIES[name], partial=partial)
    assert isinstance(outcome, CorruptImage)
    assert "60000 × 60000" in str(outcome) or "16000 × 16000" in str(outcome) or "100000000 × 2" in str(outcome)


@pytest.mark.parametrize("name", LIES)
def test_the_header_of_a_lying_file_is_read_as_it_is(name: str) -> None:
    outcome = header(LIES[name])
    if isinstance(outcome, Header):
        assert outcome.size.pixels >= 200_000_000


# What fuzzing found -----------------------------------------------------------------------------------------------


def test_the_4_bit_runs_of_a_bmp_may_have_odd_literals() -> None:
    """Pillow 10 skips one pixel and reads the rest of the file as something else."""
    indices = np.arange(7, dtype=np.uint8)[np.newaxis]
    literals = bytes((0, 7, 0x01, 0x23, 0x45, 0x60)) + b"\0\1"
    grays = np.repeat(np.arange(16), 3).reshape(16, 3)
    data = bmp(packed(indices, 4), 7, 4, palette=grays, compression=2, data=literals)
    picture = read(data)
    assert isinstance(picture, Picture)
    assert picture.pixels[0, :, 0].tolist() == list(range(7))


def test_a_later_picture_of_a_gif_takes_no_memory_that_its_data_cannot_fill() -> None:
    data = bytearray(gif(_GRAY[:, :, 0], _COLOURS, frames=2))
    second = data.index(b",", data.index(b",") + 1)
    struct.pack_into("<HH", data, second + 5, 60_000, 60_000)
    outcome = read(bytes(data))
    assert isinstance(outcome, CorruptImage) and "frame 2 at byte 815 claims 60000 × 60000" in str(outcome)
    part = read(bytes(data), partial=True)
    assert isinstance(part, Picture) and part.notes


def test_a_gif_that_ends_early_is_no_picture_with_a_blank_rest() -> None:
    """Pillow gives what was there before the codes ended, without a word."""
    sound = gif(np.full((9, 9), 7, np.uint8), _COLOURS + 5)
    codes = sum(code << (9 * index) for index, code in enumerate([256, *[7] * 30, 257]))
    start = sound.index(b"\x08", sound.index(b",")) + 1
    content = codes.to_bytes(36, "little")
    data = sound[:start] + bytes((36,)) + content + b"\0;"
    outcome = read(data)
    assert isinstance(outcome, CorruptImage) and "30 of 81 pixels" in str(outcome)
    part = read(data, partial=True)
    assert isinstance(part, Picture) and "30 of 81" in part.notes[0]
    flat = part.pixels.reshape(81, -1)
    assert (flat[:30] == 5).all() and (flat[30:] == 0).all()


def test_the_frames_of_an_animated_webp_are_as_large_as_they_claim() -> None:
    """A canvas of millions of pixels, on which libwebp lays frames of a few, takes minutes."""
    data = bytearray(FILES["WebP"][3])
    canvas, frame = data.index(b"VP8X") + 8, data.index(b"ANMF") + 8
    data[canvas + 4 : canvas + 7] = (4_000_000).to_bytes(3, "little")
    data[frame + 6 : frame + 9] = (500_000).to_bytes(3, "little")
    outcome = read(bytes(data))
    assert isinstance(outcome, CorruptImage) and "500001 × " in str(outcome)


def test_a_damaged_chunk_with_a_strange_name_is_damage() -> None:
    data = png(_GRAY, 8, 0, before=chunk(b"tEXt", b"Title\0a drawing"))
    renamed = data.replace(b"tEXt", b"TEXt")
    outcome = read(renamed)
    assert isinstance(outcome, CorruptImage) and "TEXt at byte 33" in str(outcome)
    unknown = read(png(_GRAY, 8, 0, before=chunk(b"TEXt", b"Title\0a drawing")))
    assert isinstance(unknown, UnsupportedFormat) and "TEXt" in str(unknown)


def test_an_image_stream_that_is_short_is_no_picture_with_black_rows() -> None:
    """All check sums are right, but the rows are not all there; Pillow leaves them black without a word."""
    sound = png(np.full((8, 8, 1), 200, np.uint8), 8, 0, filters=(0,))
    chunks = png_chunks(sound)
    chunks[1] = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + bytes((200,)) * 8 for _ in range(5))))
    data = SIGNATURE + b"".join(chunks)
    outcome = read(data)
    assert isinstance(outcome, CorruptImage) and "ends too early" in str(outcome)
    part = read(data, partial=True)
    assert isinstance(part, Picture) and "5 of 8 rows" in part.notes[0]
    assert (part.pixels[:5] == 200).all() and (part.pixels[5:] == 0).all()


def test_a_jpeg_with_hundreds_of_scans_is_refused() -> None:
    """Each costs a pass over the whole picture."""
    data = FILES["JPEG"][1]
    start, end = data.index(b"\xff\xda"), data.rindex(b"\xff\xd9")
    second = data.index(b"\xff\xda", start + 2)
    outcome = read(data[:start] + data[start:second] * 600 + data[end:])
    assert isinstance(outcome, CorruptImage) and "scans" in str(outcome)


@pytest.mark.parametrize("data", [heic(100, 50)[:60], heic(0, 5), jpeg_xl(10, 10)[:4]])
def test_containers_without_a_size_are_damaged(data: bytes) -> None:
    assert isinstance(header(data), CorruptImage)
