"""read_metadata on files that Pillow writes, checked with Pillow's own reading, and on files made byte by byte."""

import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from metadata_files import (
    LONG,
    UNDEFINED,
    gif_extension,
    gif_xmp,
    icc_profile,
    jpeg_file,
    png_file,
    ratio,
    riff_file,
    short,
    text,
    tiff_block,
)
from PIL import Image, ImageCms, PngImagePlugin, features

from drawings import drawing, opened, saved
from senmei.codecs.metadata.reading import read_metadata
from senmei.picture import NO_METADATA, Metadata

RGB = Image.fromarray(drawing(11, 7))
GRAY = RGB.convert("L")
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" tiff:Orientation="%d" a="\xc3\xa9"></rdf:RDF>'
ORIENTATION, EXIF, GPS = 0x0112, 0x8769, 0x8825

FORMATS = {"PNG": "PNG", "JPEG": "JPEG", "WebP": "WEBP", "TIFF": "TIFF"}
if features.check("avif"):
    FORMATS["AVIF"] = "AVIF"


def read(data: bytes, name: str, image: Image.Image | None = None) -> tuple[Metadata, int, tuple[str, ...]]:
    return read_metadata(image or Image.open(BytesIO(data)), data, name)


def exif_of(turn: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = turn
    exif[0x010F], exif[0x0110] = "Acme", "Camera 6"
    exif[0x011A], exif[0x011B], exif[0x0128] = 300.0, 150.0, 2
    return exif


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("turn", range(1, 9))
def test_what_pillow_writes_comes_back(name: str, turn: int) -> None:
    # libavif keeps its orientation in the container, and Pillow gives it back as EXIF.
    data = saved(RGB, FORMATS[name], exif=exif_of(turn), icc_profile=SRGB)
    metadata, orientation, notes = read(data, name)
    assert (orientation, notes) == (turn, ())
    assert metadata.icc == SRGB == Image.open(BytesIO(data)).info["icc_profile"]
    assert metadata.exif is not None
    kept = Image.Exif()
    kept.load(metadata.exif)
    # Turned by a quarter, what was down is across.
    assert metadata.dpi == ((300, 150) if turn < 5 else (150, 300))
    expected = {**Image.open(BytesIO(data)).getexif(), ORIENTATION: 1}
    assert {tag: kept[tag] for tag in (0x010F, 0x0110, 0x011A, 0x011B, 0x0128)} == {
        tag: expected[tag] for tag in (0x010F, 0x0110, 0x011A, 0x011B, 0x0128)
    }
    assert kept.get(ORIENTATION, 1) == 1


@pytest.mark.parametrize("name", ["JPEG", "WebP", "PNG"])
def test_exif_is_the_files_own_bytes(name: str) -> None:
    note = bytes(range(256)) * 3
    block = tiff_block({ORIENTATION: short(6, ">"), EXIF: {0x927C: (UNDEFINED, note)}}, order=">", second={})
    upright = tiff_block({ORIENTATION: short(1, ">"), EXIF: {0x927C: (UNDEFINED, note)}}, order=">", second={})
    data = {
        "JPEG": jpeg_file(saved(RGB, "JPEG"), (0xE1, b"Exif\0\0" + block)),
        "WebP": riff_file((b"VP8X", bytes(10)), (b"EXIF", block)),
        "PNG": png_file((b"eXIf", block)),
    }[name]
    assert read(data, name, RGB) == (Metadata(exif=upright), 6, ())
    with_marker = {"WebP": riff_file((b"EXIF", b"Exif\0\0" + block)), "PNG": png_file((b"eXIf", b"Exif\0\0" + block))}
    if name in with_marker:
        assert read(with_marker[name], name, RGB)[0].exif == upright


@pytest.mark.parametrize(
    "data",
    [
        png_file((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP % 6)),
        png_file(after=[(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(XMP % 6))]),
        png_file((b"zTXt", b"Raw profile type xmp\0\0" + zlib.compress(b"\nxmp\n    1\n" + (XMP % 6).hex().encode()))),
        jpeg_file(saved(RGB, "JPEG"), (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP % 6)),
        riff_file((b"VP8X", bytes(10)), (b"XMP ", XMP % 6)),
        saved(RGB, "GIF")[:-1] + gif_xmp(XMP % 6) + b";",
        tiff_block({700: (1, XMP % 6)}),
        tiff_block({700: (UNDEFINED, XMP % 6)}, order=">", is_big=True),
    ],
    ids=["PNG", "PNG end", "PNG raw", "JPEG", "WebP", "GIF", "TIFF", "BigTIFF"],
)
def test_xmp_is_the_files_own_bytes_and_turns_nothing(data: bytes) -> None:
    name = {b"\x89P": "PNG", b"\xff\xd8": "JPEG", b"RI": "WebP", b"GI": "GIF"}.get(data[:2], "TIFF")
    metadata, orientation, notes = read(data, name, GRAY)
    assert (metadata.xmp, orientation, notes) == (XMP % 1, 1, ())


def test_texts_of_a_png_before_and_after_the_pixels() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Title", "café ñ")
    info.add_text("Comment", "many words " * 100, zip=True)
    info.add_itxt("Author", "作者", zip=True)
    info.add_itxt("Source", "日本")
    data = saved(GRAY, "PNG", pnginfo=info)
    late = png_file((b"tEXt", b"a\0first"), after=[(b"tEXt", b"a\0second"), (b"zTXt", b"b\0\0" + zlib.compress(b"z"))])
    image = Image.open(BytesIO(data))
    image.load()
    metadata, _, notes = read(data, "PNG")
    assert dict(metadata.texts) == image.text and len(metadata.texts) == 4
    assert notes == ()
    assert read(late, "PNG")[0].texts == (("a", "first"), ("a", "second"), ("b", "z"))


def test_languages_of_texts_are_missed_aloud() -> None:
    data = png_file((b"iTXt", b"Title\0\0\0de\0Titel\0" + "Übung".encode()))
    metadata, _, notes = read(data, "PNG")
    assert metadata.texts == (("Title", "Übung"),)
    assert notes == ("The languages that the PNG states for its texts are not kept.",)


def test_colour_chunks_of_a_png_are_kept_raw() -> None:
    chunks = (
        (b"gAMA", struct.pack(">I", 45455)),
        (b"cHRM", struct.pack(">8I", *range(8))),
        (b"sRGB", b"\1"),
        (b"cICP", bytes([9, 16, 0, 1])),
    )
    metadata, _, notes = read(png_file(*chunks), "PNG")
    assert metadata == Metadata(png_colour=chunks) and notes == ()
    metadata, _, notes = read(png_file((b"gAMA", b"12345"), (b"sRGB", b"\0"), (b"sRGB", b"\1")), "PNG")
    assert metadata.png_colour == ((b"sRGB", b"\0"),)
    assert len(notes) == 1 and "gAMA" in notes[0]


def test_the_old_ways_of_imagemagick() -> None:
    block = tiff_block({ORIENTATION: short(8), 0x0110: text("Camera")})
    raw = b"\nexif\n    %d\n" % len(block) + block.hex(" ", 20).replace(" ", "\n").encode() + b"\n"
    data = png_file((b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(raw)), (b"tEXt", b"a\0b"))
    metadata, orientation, notes = read(data, "PNG")
    assert metadata.exif == tiff_block({ORIENTATION: short(1), 0x0110: text("Camera")})
    assert (orientation, notes, metadata.texts) == (8, (), (("a", "b"),))
    assert read(data, "PNG")[1] == Image.open(BytesIO(data)).getexif()[ORIENTATION]


def test_a_profile_in_parts_in_any_order() -> None:
    icc = icc_profile(rest=bytes(range(256)) * 500)
    parts = [icc[start : start + 50_000] for start in range(0, len(icc), 50_000)]
    segments = [(0xE2, b"ICC_PROFILE\0" + bytes([number, len(parts)]) + part) for number, part in enumerate(parts, 1)]
    assert read(jpeg_file(saved(RGB, "JPEG"), *segments[::-1]), "JPEG")[0].icc == icc
    metadata, _, notes = read(jpeg_file(saved(RGB, "JPEG"), *segments[:-1]), "JPEG")
    assert metadata.icc is None
    assert notes == ("The colour profile was left out: the JPEG has 2 of the 3 parts it names.",)


def test_exif_in_two_segments_and_exif_twice() -> None:
    block = tiff_block({ORIENTATION: short(3), EXIF: {0x927C: (UNDEFINED, bytes(90_000))}})
    upright = tiff_block({ORIENTATION: short(1), EXIF: {0x927C: (UNDEFINED, bytes(90_000))}})
    parts = [(0xE1, b"Exif\0\0" + block[:60_000]), (0xE1, b"Exif\0\0" + block[60_000:])]
    assert read(jpeg_file(saved(RGB, "JPEG"), *parts), "JPEG") == (Metadata(exif=upright), 3, ())
    twice = [(0xE1, b"Exif\0\0" + tiff_block({ORIENTATION: short(turn)})) for turn in (6, 3)]
    assert read(jpeg_file(saved(RGB, "JPEG"), *twice), "JPEG")[1] == 6


def test_what_fills_a_jpeg_up_is_passed_over() -> None:
    comment = b"\xff\xfe\0\7words"
    assert read(b"\xff\xd8\xff\x01\xff\xd0" + b"\xff" * 9 + comment + b"\xff\xd9", "JPEG", RGB)[0].texts
    assert not read(b"\xff\xd8\xff\xd9" + comment, "JPEG", RGB)[0].texts
    assert read(b"\xff\xd8" + b"\xff" * (50 << 20), "JPEG", RGB) == (NO_METADATA, 1, ())
    assert read(b"\xff\xd8" + b"\xff\xe0\0\2" * (12 << 20), "JPEG", RGB) == (NO_METADATA, 1, ())


def test_what_a_jpeg_loses_is_said() -> None:
    segments = [
        (0xE1, b"http://ns.adobe.com/xmp/extension/\0" + bytes(40)),
        (0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0" + bytes(4)),
    ]
    metadata, _, notes = read(jpeg_file(saved(RGB, "JPEG"), *segments), "JPEG")
    assert metadata == NO_METADATA
    assert len(notes) == 2 and "extended" in notes[0] and "IPTC" in notes[1]


def test_comments() -> None:
    jpeg = jpeg_file(saved(RGB, "JPEG"), (0xFE, "café".encode()), (0xFE, b"caf\xe9\0"), (0xFE, b"\0"))
    assert read(jpeg, "JPEG")[0].texts == (("Comment", "café"), ("Comment", "café"))
    gif = saved(RGB, "GIF", comment=b"in front")
    assert read(gif, "GIF")[0].texts == (("Comment", "in front"),)
    behind = gif[:-1] + gif_extension(0xFE, b"be", b"hind") + b";"
    assert read(behind, "GIF")[0].texts == (("Comment", "in front"), ("Comment", "behind"))


def test_a_profile_in_a_gif() -> None:
    icc = icc_profile()
    blocks = [b"ICCRGBG1012", icc[:100], icc[100:]]
    data = saved(RGB, "GIF")[:-1] + gif_extension(0xFF, b"NETSCAPE2.0", b"\1\0\0") + gif_extension(0xFF, *blocks) + b";"
    assert read(data, "GIF")[0].icc == icc


def jfif(unit: int, across: int, down: int) -> tuple[int, bytes]:
    return 0xE0, b"JFIF\0\1\1" + struct.pack(">BHH", unit, across, down) + b"\0\0"


EXIF_150 = (0xE1, b"Exif\0\0" + tiff_block({0x011A: ratio(150, 1), 0x011B: ratio(150, 1)}))
BARE = saved(RGB, "JPEG")[:2] + saved(RGB, "JPEG")[20:]
"""Without its JFIF segment."""


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (jpeg_file(BARE), None),
        (jpeg_file(BARE, jfif(0, 300, 300)), None),
        (jpeg_file(BARE, jfif(1, 300, 200)), (300, 200)),
        (jpeg_file(BARE, jfif(2, 100, 200)), (254, 508)),
        (jpeg_file(BARE, jfif(1, 1, 1)), None),
        (jpeg_file(BARE, jfif(1, 0, 300)), None),
        (jpeg_file(BARE, jfif(0, 1, 1), EXIF_150), (150, 150)),
        (jpeg_file(BARE, jfif(1, 1, 1), EXIF_150), (150, 150)),
        (jpeg_file(BARE, jfif(1, 96, 96), EXIF_150), (96, 96)),
        (png_file((b"pHYs", struct.pack(">IIB", 11811, 5906, 1))), (299.9994, 150.0124)),
        (png_file((b"pHYs", struct.pack(">IIB", 2, 1, 0))), None),
        (png_file((b"pHYs", struct.pack(">IIB", 2**32 - 1, 1000, 1))), None),
        (png_file((b"eXIf", tiff_block({0x011A: ratio(1, 0), 0x011B: ratio(1, 1)}))), None),
        (tiff_block({0x011A: ratio(600, 2), 0x011B: ratio(600, 1)}), (300, 600)),
        (tiff_block({0x011A: ratio(600, 2), 0x011B: ratio(600, 1), 0x0128: short(1)}), None),
        (saved(RGB, "TIFF", dpi=(72, 96)), (72, 96)),
        (saved(RGB, "BMP", dpi=(72, 96)), (72.009, 96.0115)),
        (riff_file((b"EXIF", EXIF_150[1])), (150, 150)),
    ],
)  # fmt: skip
def test_resolution(data: bytes, expected: tuple[float, float] | None) -> None:
    names = {b"\x89P": "PNG", b"\xff\xd8": "JPEG", b"RI": "WebP", b"BM": "BMP"}
    name = names.get(data[:2], "TIFF")
    dpi = read(data, name, Image.open(BytesIO(data)) if name == "BMP" else RGB)[0].dpi
    assert dpi == (expected and pytest.approx(expected, abs=1e-3))


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("is_big", [False, True])
def test_a_tiff_files_directories_become_an_exif_block(order: str, is_big: bool) -> None:
    camera = {0x829A: ratio(1, 250, order), 0x9003: text("2020:01:01 12:00:00"), 0x9000: (UNDEFINED, b"0232")}
    camera_deeper: Any = {**camera, 0xA005: {1: text("R98")}, 0x927C: (UNDEFINED, bytes(99)), 0x8825: {0: short(1)}}
    gps = {1: text("N"), 2: (5, struct.pack(order + "6I", 48, 1, 8, 1, 0, 1)), 29: text("2020:01:01")}
    tags: Any = {
        256: short(1, order), 257: short(1, order), 258: short(8, order), 259: short(1, order), 262: short(1, order),
        273: (LONG, struct.pack(order + "I", 8)), 277: short(1, order), 278: short(1, order),
        279: (LONG, struct.pack(order + "I", 1)),
        270: text("what it shows"), 271: text("Acme"), 272: text("Camera"), ORIENTATION: short(6, order),
        305: text("a program"), 306: text("2020:01:01 00:00:00"), 315: text("Anna"), 33432: text("© Anna"),
        EXIF: camera_deeper, GPS: gps,
    }  # fmt: skip
    data = tiff_block(tags, order=order, is_big=is_big)
    metadata, orientation, notes = read(data, "TIFF", RGB)
    assert orientation == 6
    assert len(notes) == 1 and "maker's notes" in notes[0]
    assert dict(metadata.texts) == {
        "Description": "what it shows",
        "Software": "a program",
        "Author": "Anna",
        "Copyright": "© Anna",
    }
    assert metadata.exif is not None and metadata.exif[:2] == data[:2]
    kept = Image.Exif()
    kept.load(metadata.exif)
    # Pillow reads no big-endian BigTIFF, but the same tags in a plain one.
    source = Image.open(BytesIO(tiff_block(tags, order=order))).getexif()
    for tag in (270, 271, 272, 305, 306, 315, 33432):
        assert kept[tag] == source[tag]
    assert kept[ORIENTATION] == 1 and 256 not in kept
    assert kept.get_ifd(GPS) == source.get_ifd(GPS)
    inner, truth = kept.get_ifd(EXIF), source.get_ifd(EXIF)
    assert {tag: inner[tag] for tag in camera} == {tag: truth[tag] for tag in camera}
    assert set(inner) == {*camera, 0xA005}
    assert kept.get_ifd(0xA005) == {1: "R98"}


def test_directories_that_name_themselves_or_the_same_bytes_end() -> None:
    round_about = bytearray(tiff_block({EXIF: (LONG, struct.pack("<I", 8)), GPS: (LONG, struct.pack("<I", 8))}))
    metadata, _, _ = read(bytes(round_about), "TIFF", RGB)
    assert metadata.exif is not None and len(metadata.exif) < 200
    shared = bytearray(tiff_block({EXIF: {tag: (UNDEFINED, bytes(8)) for tag in range(2000)}}) + bytes(1 << 20))
    inner = struct.unpack_from("<I", shared, 18)[0]
    for index in range(2000):
        struct.pack_into("<II", shared, inner + 2 + 12 * index + 4, 1 << 20, len(shared) - (1 << 20))
    metadata, _, notes = read(bytes(shared), "TIFF", RGB)
    assert metadata.exif is None and any("EXIF" in note for note in notes)


@pytest.mark.parametrize(
    ("image", "icc", "reason"),
    [
        (RGB, icc_profile(b"GRAY"), "it is for gray colours, but the picture is RGB"),
        (GRAY, icc_profile(b"RGB "), "it is for RGB colours, but the picture is gray"),
        (RGB, icc_profile(b"CMYK"), "it is for CMYK colours, but the picture is RGB"),
        (RGB.convert("CMYK"), icc_profile(b"RGB "), "it is for RGB colours, but the picture is CMYK"),
        (RGB, icc_profile(b"Lab "), "it is for Lab colours, but the picture is RGB"),
        (RGB, icc_profile()[:-1], "it is cut off"),
        (RGB, b"no profile", "it is no ICC profile"),
    ],
)
def test_a_profile_that_does_not_fit_is_left_out(image: Image.Image, icc: bytes, reason: str) -> None:
    data = saved(image, "JPEG", icc_profile=icc)
    metadata, _, notes = read(data, "JPEG")
    assert metadata.icc is None
    assert notes == (f"The colour profile was left out: {reason}.",)


def test_a_cmyk_picture_keeps_its_profile_for_the_conversion() -> None:
    icc = icc_profile(b"CMYK", b"prtr")
    assert read(saved(RGB.convert("CMYK"), "JPEG", icc_profile=icc), "JPEG")[0].icc == icc


def test_every_format_without_metadata_has_none() -> None:
    for name, pillows in {"PNG": "PNG", "WebP": "WEBP", "GIF": "GIF", "PPM": "PPM", "TGA": "TGA", "ICO": "ICO"}.items():
        data = saved(RGB.resize((16, 16)), pillows)
        assert read(data, name) == (NO_METADATA, 1, ()), name
        assert opened(data).size
