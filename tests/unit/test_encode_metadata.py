"""What is told about a picture survives "keep" in every format that has a place for it, and is gone with "strip"."""

import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms

import senmei
from drawings import drawing, opened
from senmei.codecs import OUTPUT_FORMATS, EncodeOptions, encode, open_encoder
from senmei.picture import Metadata, Picture

RGB = drawing(61, 47)
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
GRAY_ICC = ICC[:16] + b"GRAY" + ICC[20:]
LARGE_ICC = ICC + bytes(200_000)
XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/">a packet about 猫</x:xmpmeta>'.encode()
GAMMA_1 = (b"gAMA", struct.pack(">I", 100_000))
GAMMA_SRGB = (b"gAMA", struct.pack(">I", 45_455))
HDR = (b"cICP", bytes([9, 16, 0, 1]))
CICP_SRGB = (b"cICP", bytes([1, 13, 0, 1]))

# GIF holds few colours and little metadata; it has tests of its own.
FORMATS = [name for name in OUTPUT_FORMATS if name != "gif"]
OTHER_THAN_PNG = [name for name in FORMATS if name != "png"]


def exif_block(order: str = "<", *, note: bytes = b"a maker's note with offsets \x2a\0\0\0") -> bytes:
    """Orientation 1, a description, and a maker's note in the EXIF directory."""
    text = b"A description\0"
    exif_place = 8 + 2 + 12 * 3 + 4 + len(text)
    first = struct.pack(order + "HHII", 0x010E, 2, len(text), 8 + 2 + 12 * 3 + 4)
    first += struct.pack(order + "HHIHH", 0x0112, 3, 1, 1, 0) + struct.pack(order + "HHII", 0x8769, 4, 1, exif_place)
    inner = struct.pack(order + "HHII", 0x927C, 7, len(note), exif_place + 2 + 12 + 4)
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", 8)
    return b"".join(
        (
            head,
            struct.pack(order + "H", 3) + first + bytes(4) + text,
            struct.pack(order + "H", 1) + inner + bytes(4) + note,
        )
    )


EXIF = exif_block()
FULL = Metadata(
    icc=ICC,
    exif=EXIF,
    xmp=XMP,
    dpi=(300.0, 300.0),
    texts=(("Comment", "a comment about 猫"),),
    png_colour=(GAMMA_SRGB,),
)


def written(metadata: Metadata, options: EncodeOptions, pixels: np.ndarray = RGB) -> tuple[bytes, tuple[str, ...]]:
    picture = Picture(pixels, None, metadata)
    encoder = open_encoder(
        picture.size, channels=pixels.shape[2], has_alpha=False, depth=8, metadata=metadata, options=options
    )
    data = encoder.write(pixels, None) + encoder.finish()
    assert data == encode(picture, options)
    return data, encoder.notes


def shown(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def xmp_of(image: Image.Image) -> bytes:
    packet = image.info["xmp"]
    return packet if isinstance(packet, bytes) else packet.encode()


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("order", ["<", ">"])
def test_keep_writes_all_that_the_format_holds(file_format: str, order: str) -> None:
    data, notes = written(
        Metadata(icc=ICC, exif=exif_block(order), xmp=XMP, dpi=FULL.dpi, texts=FULL.texts, png_colour=FULL.png_colour),
        EncodeOptions(format=file_format),
    )
    image = shown(data)
    assert image.info["icc_profile"] == ICC
    assert xmp_of(image) == XMP
    exif = image.getexif()
    assert exif[0x010E] == "A description" and exif.get(0x0112, 1) == 1
    assert exif.get_ifd(0x8769)[0x927C] == b"a maker's note with offsets \x2a\0\0\0"
    if file_format in ("png", "jpeg", "webp"):
        assert image.info["exif"].removeprefix(b"Exif\0\0") == exif_block(order)
    if file_format in ("png", "jpeg", "tiff"):
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.01)
    if file_format == "png":
        assert image.info["Comment"] == "a comment about 猫"
    if file_format == "jpeg":
        assert image.info["comment"].decode() == "a comment about 猫"
    lost = {
        "webp": ("WebP has no place for the resolution and the text “Comment”; left out.",),
        "avif": ("AVIF has no place for the resolution and the text “Comment”; left out.",),
        # EXIF has another description.
        "tiff": ("TIFF has no place for the text “Comment”; left out.",),
    }
    assert notes == lost.get(file_format, ())


@pytest.mark.parametrize("file_format", ["png", "jpeg", "webp", "tiff"])
def test_what_is_kept_is_read_again(file_format: str) -> None:
    data, _ = written(FULL, EncodeOptions(format=file_format))
    again = senmei.decode(data)
    assert isinstance(again, Picture)
    told = again.metadata
    assert told.icc == ICC and told.xmp == XMP
    if file_format != "tiff":
        assert told.exif == EXIF
    if file_format != "webp":
        assert told.dpi == pytest.approx(FULL.dpi, abs=0.01)
    if file_format in ("png", "jpeg"):
        assert told.texts == FULL.texts
    assert told.png_colour == (FULL.png_colour if file_format == "png" else ())
    stripped, _ = written(FULL, EncodeOptions(format=file_format, metadata="strip"))
    assert senmei.decode(stripped).metadata == Metadata(icc=ICC, png_colour=told.png_colour)


@pytest.mark.parametrize("file_format", FORMATS)
def test_strip_leaves_only_what_the_levels_mean_as_colours(file_format: str) -> None:
    data, notes = written(FULL, EncodeOptions(format=file_format, metadata="strip"))
    image = shown(data)
    assert image.info["icc_profile"] == ICC
    assert not {"exif", "xmp", "XML:com.adobe.xmp", "dpi", "Comment", "comment"} & set(image.info)
    assert not {0x010E, 0x0112, 0x8769} & set(image.getexif())
    for trace in (b"A description", b"maker's note", b"a packet", b"a comment"):
        assert trace not in data
    assert notes == ()
    if file_format == "png":
        assert image.info["gamma"] == pytest.approx(0.45455)


@pytest.mark.parametrize("file_format", FORMATS)
def test_without_metadata_none_is_made_up(file_format: str) -> None:
    data, notes = written(Metadata(), EncodeOptions(format=file_format))
    assert not {"exif", "xmp", "icc_profile", "dpi", "comment", "gamma", "srgb"} & set(shown(data).info)
    assert notes == ()


@pytest.mark.parametrize("file_format", FORMATS)
def test_metadata_changes_no_pixel(file_format: str) -> None:
    full, _ = written(FULL, EncodeOptions(format=file_format))
    bare, _ = written(Metadata(), EncodeOptions(format=file_format))
    assert np.array_equal(opened(full), opened(bare))


@pytest.mark.parametrize("file_format", FORMATS)
def test_large_profiles_survive(file_format: str) -> None:
    data, notes = written(Metadata(icc=LARGE_ICC), EncodeOptions(format=file_format))
    assert shown(data).info["icc_profile"] == LARGE_ICC and notes == ()


def test_what_a_jpeg_segment_cannot_hold_is_left_out_with_a_note() -> None:
    exact = exif_block(note=bytes(65_533 - 6 - len(exif_block(note=b""))))
    data, notes = written(Metadata(exif=exact), EncodeOptions(format="jpeg"))
    assert shown(data).info["exif"] == b"Exif\0\0" + exact and notes == ()
    large = exif_block(note=bytes(70_000))
    data, notes = written(Metadata(exif=large, xmp=XMP + b" " * 65_600), EncodeOptions(format="jpeg"))
    assert not {"exif", "xmp"} & set(shown(data).info)
    assert notes == (
        "JPEG holds EXIF data of up to 64 kB; these have 70 kB and were left out.",
        "JPEG holds XMP data of up to 64 kB; these have 66 kB and were left out.",
    )
    data, notes = written(Metadata(icc=bytes(17_000_000)), EncodeOptions(format="jpeg"))
    assert "icc_profile" not in shown(data).info
    assert notes == ("JPEG holds a colour profile of up to 16 MB; this one has 17 MB, left out.",)


def test_long_comments_take_several_segments() -> None:
    text = "all about 猫 " * 10_000
    data, notes = written(Metadata(texts=(("Comment", text),)), EncodeOptions(format="jpeg"))
    assert notes == ()
    image = Image.open(BytesIO(data))
    comments = [content for marker, content in image.applist if marker == "COM"]
    assert b"".join(comments).decode() == text


@pytest.mark.parametrize("file_format", ["jpeg", "webp", "tiff"])
def test_texts_without_a_place_are_named(file_format: str) -> None:
    _, notes = written(Metadata(texts=(("Seed", "17"), ("Seed", "18"))), EncodeOptions(format=file_format))
    name = {"jpeg": "JPEG", "webp": "WebP", "tiff": "TIFF"}[file_format]
    assert notes == (f"{name} has no place for the text “Seed”; left out.",)


@pytest.mark.parametrize("file_format", OTHER_THAN_PNG)
@pytest.mark.parametrize(
    ("metadata", "differs"),
    [
        (Metadata(png_colour=(GAMMA_1,)), True),
        (Metadata(png_colour=(HDR,)), True),
        (Metadata(icc=ICC, png_colour=(HDR,)), True),
        (Metadata(png_colour=(GAMMA_SRGB,)), False),
        (Metadata(png_colour=(GAMMA_1, (b"sRGB", b"\0"))), False),
        (Metadata(icc=ICC, png_colour=(GAMMA_1,)), False),
        (Metadata(png_colour=(CICP_SRGB,)), False),
    ],
)
def test_a_note_tells_when_lost_colour_chunks_change_the_colours(
    file_format: str, metadata: Metadata, differs: bool
) -> None:
    _, notes = written(metadata, EncodeOptions(format=file_format))
    assert any("colour chunks" in note for note in notes) == differs == bool(notes)


@pytest.mark.parametrize("file_format", ["jpeg", "tiff"])
def test_a_gray_profile_stays_with_gray_pixels(file_format: str) -> None:
    data, notes = written(Metadata(icc=GRAY_ICC), EncodeOptions(format=file_format), RGB[:, :, :1])
    assert shown(data).info["icc_profile"] == GRAY_ICC and notes == ()


def test_a_gray_profile_is_left_out_where_gray_becomes_colour() -> None:
    data, notes = written(Metadata(icc=GRAY_ICC), EncodeOptions(format="webp"), RGB[:, :, :1])
    assert "icc_profile" not in shown(data).info
    assert notes == ("WebP cannot hold a profile for GRAY with RGB pixels; it was left out.",)


@pytest.mark.parametrize("file_format", ["tiff", "avif"])
def test_exif_without_a_header_is_left_out_with_a_note(file_format: str) -> None:
    if file_format not in OUTPUT_FORMATS:
        pytest.skip("this Pillow cannot write AVIF")
    data, notes = written(Metadata(exif=b"no header at all"), EncodeOptions(format=file_format))
    assert shown(data).size == (61, 47)
    assert notes == ("The EXIF data was left out (it has no TIFF header).",)


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("place", [0, 5, 9, 12, 20, 30, 44, 60, 80])
@pytest.mark.filterwarnings("ignore:Corrupt EXIF", "ignore:Truncated File Read")
def test_damaged_exif_never_costs_the_picture(file_format: str, place: int) -> None:
    block = bytearray(EXIF)
    block[place] ^= 0xFF
    data, _ = written(Metadata(exif=bytes(block)), EncodeOptions(format=file_format))
    assert shown(data).size == (61, 47)
