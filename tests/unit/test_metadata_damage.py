"""read_metadata on damaged files: what cannot be read costs itself and no more."""

import struct
import tracemalloc
import zlib
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metadata_files import (
    UNDEFINED,
    gif_extension,
    gif_xmp,
    icc_profile,
    jpeg_file,
    png_file,
    riff_file,
    short,
    text,
    tiff_block,
)
from PIL import Image, ImageCms

from drawings import drawing, saved
from senmei.codecs.metadata.reading import read_metadata
from senmei.picture import Metadata

RGB = Image.fromarray(drawing(11, 7))
GRAY = RGB.convert("L")
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" tiff:Orientation="%d" a="\xc3\xa9"></rdf:RDF>'
ORIENTATION, EXIF, GPS = 0x0112, 0x8769, 0x8825


def read(data: bytes, name: str, image: Image.Image | None = None) -> tuple[Metadata, int, tuple[str, ...]]:
    return read_metadata(image or Image.open(BytesIO(data)), data, name)


BOMB = zlib.compress(bytes(100 << 20), 9)


@pytest.mark.parametrize(
    "chunk",
    [
        (b"zTXt", b"Comment\0\0" + BOMB),
        (b"iTXt", b"Comment\0\1\0\0\0" + BOMB),
        (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + BOMB),
        (b"iCCP", b"icc\0\0" + BOMB),
    ],
)
@pytest.mark.parametrize("count", [1, 20])
def test_bombs_are_left_out(chunk: tuple[bytes, bytes], count: int) -> None:
    data = png_file(*[chunk] * count, (b"tEXt", b"a\0b"))
    tracemalloc.start()
    try:
        metadata, _, notes = read(data, "PNG", GRAY)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert metadata == Metadata(texts=(("a", "b"),))
    assert len(notes) == 1 and chunk[0].decode() in notes[0]
    assert peak < len(data) + (48 << 20)


def test_many_small_bombs_are_one() -> None:
    refused = png_file(*[(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(9 << 20), 9))] * 3000)
    assert len(read(refused, "PNG", GRAY)[2]) == 1
    one = (b"zTXt", b"Comment\0\0" + zlib.compress(bytes(7 << 20), 9))
    metadata, _, notes = read(png_file(*[one] * 30), "PNG", GRAY)
    assert sum(len(content) for _, content in metadata.texts) <= 32 << 20
    assert len(notes) == 1


@pytest.mark.parametrize(
    ("chunk", "word"),
    [
        ((b"zTXt", b"Comment\0\0not compressed"), "zlib"),
        ((b"zTXt", b"Comment\0\0" + zlib.compress(bytes(500))[:-6]), "zlib"),
        ((b"zTXt", b"Comment\0"), "zlib"),
        ((b"tEXt", b"no separator"), "keyword"),
        ((b"tEXt", b"\0no keyword"), "keyword"),
        ((b"tEXt", b"k" * 80 + b"\0a keyword too long"), "keyword"),
        ((b"iTXt", b"Title\0\0\0"), "cut off"),
        ((b"iTXt", b"Title\0"), "cut off"),
        ((b"iTXt", b"Title\0\0\0\0\0\xff\xfe"), "UTF-8"),
        ((b"iCCP", b"name"), "zlib"),
        ((b"pHYs", b"1234"), "9"),
        ((b"eXIf", b"no block"), "EXIF"),
        ((b"tEXt", b"Raw profile type exif\0\nexif\n 3\nxyz"), "Raw profile"),
        ((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0\xff"), "XMP"),
    ],
)  # fmt: skip
def test_a_damaged_chunk_costs_only_itself(chunk: tuple[bytes, bytes], word: str) -> None:
    metadata, orientation, notes = read(png_file(chunk, (b"tEXt", b"a\0b")), "PNG", GRAY)
    assert (metadata, orientation) == (Metadata(texts=(("a", "b"),)), 1)
    assert len(notes) == 1 and word in notes[0] and notes[0].endswith(".")


def test_a_wrong_checksum_costs_the_chunk() -> None:
    data = png_file((b"tEXt", b"a\0bcd"), (b"tEXt", b"e\0f")).replace(b"bcd", b"bce")
    metadata, _, notes = read(data, "PNG", GRAY)
    assert metadata.texts == (("e", "f"),)
    assert len(notes) == 1 and "tEXt" in notes[0]


BLOCK = tiff_block({ORIENTATION: short(6), 0x0110: text("Camera"), EXIF: {0x9003: text("2020:01:01 12:00:00")}})
FULL = {
    "PNG": png_file(
        (b"iCCP", b"icc\0\0" + zlib.compress(icc_profile(b"GRAY"))), (b"eXIf", BLOCK), (b"gAMA", bytes(4)),
        (b"pHYs", struct.pack(">IIB", 1000, 1000, 1)), (b"zTXt", b"a\0\0" + zlib.compress(b"b" * 90)),
        (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP % 6),
        after=[(b"iTXt", b"Title\0\1\0\0\0" + zlib.compress(b"c"))],
    ),
    "JPEG": jpeg_file(
        saved(RGB, "JPEG", icc_profile=icc_profile()), (0xE1, b"Exif\0\0" + BLOCK), (0xFE, b"words"),
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP % 6),
    ),
    "WebP": riff_file((b"VP8X", bytes(10)), (b"ICCP", icc_profile()), (b"EXIF", BLOCK), (b"XMP ", XMP % 6)),
    "GIF": saved(RGB, "GIF", comment=b"words")[:-1]
    + gif_xmp(XMP % 6) + gif_extension(0xFF, b"ICCRGBG1012", b"no") + b";",
    "TIFF": tiff_block(
        {
            ORIENTATION: short(6), 270: text("what it shows"), 700: (1, XMP % 6), 34675: (UNDEFINED, icc_profile()),
            EXIF: {0x9003: text("2020:01:01 12:00:00"), 0xA005: {1: text("R98")}}, GPS: {1: text("N")},
        }
    ),
}  # fmt: skip


def test_the_files_to_be_damaged_hold_something() -> None:
    for name, data in FULL.items():
        metadata, orientation, _ = read(data, name, GRAY if name == "PNG" else RGB)
        assert metadata.xmp == XMP % 1, name
        assert name == "GIF" or (orientation == 6 and metadata.exif and metadata.icc), name


def with_flips(data: bytes, flips: list[tuple[int, int]]) -> bytes:
    damaged = bytearray(data)
    for place, flip in flips:
        damaged[place % len(damaged)] ^= flip
    return bytes(damaged)


def with_right_checksums(data: bytes) -> bytes:
    """What a PNG's chunks hold would else never be looked at once it is damaged."""
    repaired, place = bytearray(data), 8
    while place + 12 <= len(data):
        end = place + 8 + int.from_bytes(data[place : place + 4], "big")
        if end + 4 > len(data):
            break
        repaired[end : end + 4] = zlib.crc32(data[place + 4 : end]).to_bytes(4, "big")
        place = end + 4
    return bytes(repaired)


@given(
    st.sampled_from(sorted(FULL)),
    st.lists(st.tuples(st.integers(0, 10**4), st.integers(1, 255)), max_size=8),
    st.floats(0, 1),
    st.sampled_from(["RGB", "L", "CMYK"]),
    st.booleans(),
)
@settings(max_examples=2000)
def test_damage_costs_metadata_and_nothing_else(
    name: str, flips: list[tuple[int, int]], kept: float, mode: str, has_right_checksums: bool
) -> None:
    data = with_flips(FULL[name], flips)
    if has_right_checksums and name == "PNG":
        data = with_right_checksums(data)
    data = data[: max(1, round(len(data) * kept))]
    metadata, orientation, notes = read_metadata(Image.new(mode, (1, 1)), data, name)
    assert orientation in range(1, 9)
    assert all(note.endswith(".") for note in notes)
    assert metadata.dpi is None or all(2 <= one <= 1e6 for one in metadata.dpi)
    assert all(isinstance(word, str) for pair in metadata.texts for word in pair)
    if metadata.exif:
        assert read_metadata(RGB, riff_file((b"EXIF", metadata.exif)), "WebP")[1] == 1


@given(st.sampled_from(sorted(FULL)), st.binary(max_size=400))
@settings(max_examples=500)
def test_any_bytes_can_be_asked(name: str, rest: bytes) -> None:
    read_metadata(RGB, FULL[name][:12] + rest, name)
