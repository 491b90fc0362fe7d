"""What decode says of damaged files, and what it gives of them when a part would do."""

from __future__ import annotations

import re
import struct
import zlib
from contextlib import suppress
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFile

from drawings import drawing, opened, saved
from mutations import png_chunks
from senmei.codecs import decode
from senmei.errors import CorruptImage, UnsupportedFormat
from senmei.picture import Picture
from written_png import SIGNATURE, chunk, png
from written_stills import bmp, gif, packed, rle8, tga
from written_tiff import DEFLATE, LZW, NONE, PACKBITS, RGB, tiff

RGB_PIXELS = drawing(120, 90, noise=20)
GRAY_PIXELS = RGB_PIXELS[:, :, :1]
GRAY = GRAY_PIXELS[:, :, 0]
COLOURS = np.random.default_rng(3).integers(0, 256, (256, 3)).astype(np.uint8)


def decoded(data: bytes, *, partial: bool = False) -> Picture:
    picture = decode(data, partial=partial)
    assert isinstance(picture, Picture)
    return picture


def refusal(data: bytes) -> str:
    with pytest.raises(CorruptImage) as caught:
        decode(data)
    return str(caught.value)


SOUND = {
    "PNG": png(RGB_PIXELS, 8, 2, data_chunks=5),
    "JPEG": saved(RGB_PIXELS, "JPEG"),
    "WebP": saved(RGB_PIXELS, "WEBP"),
    "GIF": gif(GRAY, COLOURS),
    "BMP": saved(RGB_PIXELS, "BMP"),
    "BMP in runs": bmp(packed(GRAY, 8), 120, 8, palette=COLOURS, compression=1, data=rle8(GRAY)),
    "TIFF": tiff(RGB_PIXELS, 8, RGB, rows=10),
    "TIFF, deflate": tiff(RGB_PIXELS, 8, RGB, rows=10, compression=DEFLATE),
    "TIFF, LZW": tiff(RGB_PIXELS, 8, RGB, rows=90, compression=LZW),
    "TIFF, PackBits": tiff(RGB_PIXELS, 8, RGB, rows=10, compression=PACKBITS),
    "ICO": saved(Image.fromarray(RGB_PIXELS).resize((64, 64)), "ICO", sizes=[(64, 64)]),
    "TGA": tga(RGB_PIXELS, 2),
    "TGA in runs": tga(RGB_PIXELS, 10),
    "PPM": saved(RGB_PIXELS, "PPM"),
    "plain PPM": b"P3 120 90 255\n" + " ".join(map(str, RGB_PIXELS.reshape(-1).tolist())).encode(),
}


@pytest.mark.parametrize("name", SOUND)
@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
def test_truncated_files_are_damaged(name: str, share: float) -> None:
    data = SOUND[name]
    assert decoded(data).notes == ()
    title = re.split("[ ,]", name.removeprefix("plain "))[0]
    sentence = refusal(data[: int(len(data) * share)])
    assert re.fullmatch(rf"This {title} file is damaged and cannot be read \(.*\d.*\)\.", sentence), sentence


@pytest.mark.parametrize("name", [name for name in SOUND if name != "WebP"])
def test_what_there_is_of_a_truncated_file_is_read_if_that_will_do(name: str) -> None:
    """The rows that are given are those of the whole file, the rest is 0, and the note says how many there are."""
    data, whole = SOUND[name], decoded(SOUND[name])
    part = decoded(data[: int(len(data) * 0.7)], partial=True)
    assert part.pixels.shape == whole.pixels.shape
    (note,) = part.notes
    assert note.startswith("This ") and note.endswith(".")
    if name == "JPEG":
        same = (part.pixels == whole.pixels).all(axis=(1, 2))
        assert same[:50].all() and not same[-5:].any()
        return
    *_, told = re.finditer(r"(\d+) of (\d+) (rows|pixels)", note)
    done, total = int(told[1]), int(told[2])
    width, height = whole.size.width, whole.size.height
    assert total == (height if told[3] == "rows" else height * width)
    assert 0.4 < done / total < 0.9
    is_from_bottom = "from the bottom" in note or name.startswith("TGA")
    pixels, expected = (picture.pixels[::-1] if is_from_bottom else picture.pixels for picture in (part, whole))
    pixels, expected = pixels.reshape(height * width, -1), expected.reshape(height * width, -1)
    count = done * width if told[3] == "rows" else done
    assert np.array_equal(pixels[:count], expected[:count])
    assert not pixels[count:].any()


def test_pillows_settings_are_as_they_were() -> None:
    before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
    for data in (SOUND["JPEG"], SOUND["JPEG"][:900], SOUND["TGA"][:5000]):
        for partial in (False, True):
            with suppress(CorruptImage):
                decode(data, partial=partial)
            assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)


# PNG --------------------------------------------------------------------------------------------------------------


def with_chunk(kind: bytes, place: int, flip: int) -> tuple[bytes, int]:
    """SOUND["PNG"] with texts, with one byte of that chunk flipped, and where the chunk is."""
    texts = chunk(b"tEXt", b"Title\0one") + chunk(b"tIME", bytes(7)) + chunk(b"gAMA", struct.pack(">I", 45455))
    data = bytearray(png(RGB_PIXELS, 8, 2, before=texts, data_chunks=5))
    start = data.index(kind) - 4
    data[start + 8 + place] ^= flip
    return bytes(data), start


@pytest.mark.parametrize("kind", [b"IHDR", b"IDAT", b"IEND"])
def test_a_wrong_check_sum_names_chunk_and_place(kind: bytes) -> None:
    data, start = with_chunk(kind, 0, 1)
    assert f"a wrong check sum in its chunk {kind.decode()} at byte {start}" in refusal(data)


@pytest.mark.parametrize("kind", [b"tEXt", b"tIME", b"gAMA"])
def test_a_damaged_side_note_costs_only_itself(kind: bytes) -> None:
    data, _ = with_chunk(kind, 2, 1)
    picture = decoded(data)
    assert np.array_equal(picture.pixels, RGB_PIXELS)
    assert any(kind.decode() in note for note in picture.notes)
    assert (kind == b"tEXt") == (picture.metadata.texts == ())
    assert (kind == b"gAMA") == (picture.metadata.png_colour == ())


def test_a_damaged_transparency_is_damage() -> None:
    key = RGB_PIXELS[0, 0].astype(">u2").tobytes()
    data = bytearray(png(RGB_PIXELS, 8, 2, before=chunk(b"tRNS", key)))
    assert decoded(bytes(data)).alpha is not None
    data[data.index(b"tRNS") + 5] ^= 1
    assert "tRNS at byte 33" in refusal(bytes(data))
    part = decoded(bytes(data), partial=True)
    assert part.alpha is None and np.array_equal(part.pixels, RGB_PIXELS) and "tRNS" in part.notes[0]


def test_rows_before_damaged_data_are_given() -> None:
    data = bytearray(SOUND["PNG"])
    start = [place.start() for place in re.finditer(b"IDAT", data)][3]
    data[start + 100] ^= 0x55
    assert f"IDAT at byte {start - 4}" in refusal(bytes(data))
    part = decoded(bytes(data), partial=True)
    told = re.search(r"(\d+) of 90 rows", part.notes[0])
    # Between the flipped byte and where inflating fails, wrong rows can come out.
    assert told and 40 < int(told[1]) <= 90
    assert np.array_equal(part.pixels[:45], RGB_PIXELS[:45])


def test_an_interlaced_part_keeps_its_places() -> None:
    data = png(RGB_PIXELS, 8, 2, interlaced=True)
    part = decoded(data[: int(len(data) * 0.6)], partial=True)
    assert "rows of its interlacing" in part.notes[0]
    assert np.array_equal(part.pixels[::4, ::4], RGB_PIXELS[::4, ::4])
    filled = part.pixels.any(axis=2)
    assert np.array_equal(part.pixels[filled], RGB_PIXELS[filled]) and not filled.all()


def test_a_png_without_its_end_mark_alone() -> None:
    data = SOUND["PNG"][:-12]
    assert "before its end mark" in refusal(data)
    assert np.array_equal(decoded(data, partial=True).pixels, RGB_PIXELS)


def test_a_wrong_length_is_passed_over_if_a_part_will_do() -> None:
    data = bytearray(SOUND["PNG"])
    start = data.index(b"IDAT") - 4
    data[start : start + 4] = struct.pack(">I", 10**9)
    assert "1000000000 bytes" in refusal(bytes(data))
    assert np.array_equal(decoded(bytes(data), partial=True).pixels, RGB_PIXELS)


def test_unknown_filters_are_named() -> None:
    raw = b"".join(bytes((9 if row == 6 else 0,)) + bytes(8) for row in range(8))
    chunks = png_chunks(png(np.zeros((8, 8, 1), np.uint8), 8, 0))
    data = SIGNATURE + chunks[0] + chunk(b"IDAT", zlib.compress(raw)) + chunks[-1]
    assert "row 6 has a filter that PNG has not (9)" in refusal(data)
    assert "6 of 8 rows" in decoded(data, partial=True).notes[0]


def test_a_wrong_sum_of_the_pixels_is_damage_though_the_chunks_are_sound() -> None:
    chunks = png_chunks(png(RGB_PIXELS, 8, 2))
    stream = bytearray(chunks[1][8:-4])
    stream[-1] ^= 1
    data = SIGNATURE + chunks[0] + chunk(b"IDAT", bytes(stream)) + chunks[-1]
    assert "incorrect data check" in refusal(data)
    assert np.array_equal(decoded(data, partial=True).pixels, RGB_PIXELS)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (lambda chunks: [chunks[0], chunks[-1]], "no picture data"),
        (lambda chunks: [*chunks[:2], chunk(b"tEXt", b"a\0b"), *chunks[2:]], "within the picture's data"),
        (lambda chunks: [chunks[0], *chunks], "a second header"),
        (lambda chunks: chunks[1:], "not with its header"),
    ],
)
def test_chunks_out_of_order(broken: Any, reason: str) -> None:
    assert reason in refusal(SIGNATURE + b"".join(broken(png_chunks(SOUND["PNG"]))))


def test_a_palette_that_is_missing_or_too_short() -> None:
    indices = (GRAY_PIXELS >> 4).astype(np.uint8)
    plte = chunk(b"PLTE", COLOURS[:12].tobytes())
    assert "no palette" in refusal(png(indices, 4, 3))
    picture = decoded(png(indices, 4, 3, before=plte))
    assert any("palette" in note for note in picture.notes)
    known = indices[:, :, 0] < 12
    assert np.array_equal(picture.pixels[known], COLOURS[indices[:, :, 0][known]])
    assert not picture.pixels[~known].any()


# JPEG -------------------------------------------------------------------------------------------------------------


def test_the_segments_of_a_jpeg_are_walked() -> None:
    data = SOUND["JPEG"]
    scan = data.index(b"\xff\xda")
    assert "before its end mark" in refusal(data[:-2])
    assert np.array_equal(decoded(data[:-2], partial=True).pixels, opened(data))
    middle = scan + 400
    strange = data[:middle] + b"\xff\xc0\x00\x05abc" + data[middle:]
    assert re.search(r"second frame at byte \d+", refusal(strange))
    assert "makes no sense" in refusal(data[:middle] + b"\xff\x33" + data[middle:])
    assert "no picture data" in refusal(data[:scan] + b"\xff\xd9")


def test_restart_marks_are_counted_and_in_order() -> None:
    data = saved(RGB_PIXELS, "JPEG", restart_marker_blocks=4)
    assert np.array_equal(decoded(data).pixels, opened(data))
    marks = [match.start() for match in re.finditer(b"\xff[\xd0-\xd7]", data)]
    assert len(marks) > 9
    third = marks[2]
    assert "out of order at byte" in refusal(data[:third] + b"\xff\xd6" + data[third + 2 :])
    assert "restart marks" in refusal(data[: marks[-1]] + data[marks[-1] + 2 :])
    part = decoded(data[:third] + data[third + 2 :], partial=True)
    assert "JPEG file is damaged" in part.notes[0]


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [(1, 0xC3, "lossless"), (4, 12, "12 bits a sample"), (9, 2, "2 colours")],
)
def test_jpegs_of_rare_kinds_are_named(place: int, value: int, reason: str) -> None:
    data = bytearray(SOUND["JPEG"])
    data[data.index(b"\xff\xc0") + place] = value
    with pytest.raises(UnsupportedFormat, match=reason):
        decode(bytes(data))


# TIFF -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("compression", [NONE, DEFLATE, LZW, PACKBITS])
def test_one_lost_strip_of_a_tiff_costs_only_itself(compression: int) -> None:
    data = bytearray(tiff(RGB_PIXELS, 8, RGB, rows=10, compression=compression))
    offsets = Image.open(BytesIO(bytes(data))).tag_v2[273]
    field = data.index(struct.pack("<9I", *offsets))
    data[field + 4 * 4 : field + 4 * 5] = struct.pack("<I", len(data) - 2)
    assert "byte" in refusal(bytes(data))
    part = decoded(bytes(data), partial=True)
    lost = slice(40, 50)
    kept = np.ones(90, bool)
    kept[lost] = False
    assert np.array_equal(part.pixels[kept], RGB_PIXELS[kept]) and not part.pixels[lost].any()
    assert f"{120 * 80} of {120 * 90} pixels" in part.notes[0]


def test_a_tiff_without_lengths_of_its_strips() -> None:
    data = bytearray(tiff(RGB_PIXELS, 8, RGB, rows=10))
    place = data.index(struct.pack("<HH", 279, 4))
    data[place : place + 2] = struct.pack("<H", 65_000)
    assert np.array_equal(decoded(bytes(data)).pixels, RGB_PIXELS)


# The others -------------------------------------------------------------------------------------------------------


def test_a_webp_whose_sizes_lie() -> None:
    data = bytearray(SOUND["WebP"])
    data[4:8] = struct.pack("<I", 10**6)
    assert f"it ends at byte {len(data)}" in refusal(bytes(data))
    data[4:8] = struct.pack("<I", 100)
    assert "reaches beyond its end" in refusal(bytes(data))


@pytest.mark.parametrize("name", ["PPM", "plain PPM"])
def test_samples_above_the_maximum_are_damage(name: str) -> None:
    data = SOUND[name].replace(b"255\n", b"200\n", 1)
    assert "above the maximum, 200" in refusal(data)
    part = decoded(data, partial=True)
    assert np.array_equal(part.pixels, np.rint(np.minimum(RGB_PIXELS, 200) * 1.0 * 255 / 200))
    assert "above the maximum" in part.notes[0]


def test_what_is_no_number_in_a_plain_ppm() -> None:
    data = SOUND["plain PPM"]
    assert "something else than numbers" in refusal(data[:2000] + b"x" + data[2000:])
    assert "something else than 0 and 1" in refusal(b"P1 3 3\n010 0a0 111")
    assert "no maximum near byte" in refusal(b"P6 3 3 yes")


def test_an_icon_with_a_damaged_png_inside() -> None:
    data = bytearray(SOUND["ICO"])
    data[data.index(b"IDAT") + 30] ^= 1
    sentence = refusal(bytes(data))
    assert sentence.startswith("This ICO file is damaged") and "IDAT" in sentence
