"""The TIFF writer: a legal file that gives back every sample, with what EXIF, XMP and the texts say."""

import struct
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from drawings import drawing
from senmei.codecs.tiff import rows as tiff_rows
from senmei.codecs.tiff.rows import TiffRows
from senmei.errors import TooLarge
from senmei.geometry import Size
from senmei.picture import NO_METADATA, Metadata, Pixels
from strict_tiff import directory, read_strictly

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
LAYOUTS = [(channels, alpha, depth) for channels in (1, 3) for alpha in (False, True) for depth in (8, 16)]
MAKER_NOTE = bytes(range(256)) + b"odd"


def written(
    pixels: Pixels, alpha: Pixels | None = None, *, metadata: Metadata = NO_METADATA, bands: list[int] | None = None
) -> tuple[bytes, TiffRows]:
    """bands: heights of what is written at once."""
    height, width, channels = pixels.shape
    depth = pixels.dtype.itemsize * 8
    size = Size(width, height)
    rows = TiffRows(size, channels=channels, has_alpha=alpha is not None, depth=depth, metadata=metadata)
    data, top = b"", 0
    for band in bands or [height]:
        data += rows.write(pixels[top : top + band], None if alpha is None else alpha[top : top + band])
        top += band
    assert top == height
    return data + rows.finish(), rows


def stacked(pixels: Pixels, alpha: Pixels | None) -> Pixels:
    return pixels if alpha is None else np.dstack((pixels, alpha))


def exif_block(order: str) -> bytes:
    """With what describes the pixels and a thumbnail's directory, as cameras write them, in either byte order."""

    def field(tag: int, kind: int, count: int, value: bytes) -> bytes:
        return struct.pack(order + "HHI", tag, kind, count) + value.ljust(4, b"\0")

    def at(place: int) -> bytes:
        return struct.pack(order + "I", place)

    def short(value: int) -> bytes:
        return struct.pack(order + "H", value)

    texts = b"A maker\0" + b"A description\0"
    exif_place = 8 + 2 + 12 * 7 + 4 + len(texts)
    note_place = exif_place + 2 + 12 * 3 + 4
    gps_place = note_place + len(MAKER_NOTE) + 1
    first = [
        field(0x0100, 3, 1, short(99)),
        field(0x010E, 2, 14, at(8 + 2 + 12 * 7 + 4 + 8)),
        field(0x010F, 2, 8, at(8 + 2 + 12 * 7 + 4)),
        field(0x0112, 3, 1, short(1)),
        field(0x8769, 4, 1, at(exif_place)),
        field(0x8825, 4, 1, at(gps_place)),
        field(0xC4A5, 7, 4, b"1234"),
    ]
    exif = [
        field(0x8827, 3, 1, short(400)),
        field(0x927C, 7, len(MAKER_NOTE), at(note_place)),
        field(0xA002, 4, 1, struct.pack(order + "I", 99)),
    ]
    thumbnail_place = gps_place + 2 + 12 + 4
    parts = [
        {"<": b"II*\0", ">": b"MM\0*"}[order] + at(8),
        short(len(first)) + b"".join(first) + at(thumbnail_place) + texts,
        short(len(exif)) + b"".join(exif) + at(0) + MAKER_NOTE + b"\0",
        short(1) + field(0x0001, 2, 2, b"N\0") + at(0),
        short(1) + field(0x0103, 3, 1, short(6)) + at(0),
    ]
    return b"".join(parts)


@st.composite
def pictures(draw: st.DrawFn) -> tuple[Pixels, Pixels | None, list[int]]:
    width, bands = draw(st.integers(1, 24)), draw(st.lists(st.integers(1, 7), min_size=1, max_size=5))
    channels, alpha, depth = draw(st.sampled_from(LAYOUTS))
    rng = np.random.default_rng(draw(st.integers(0, 1 << 20)))
    dtype = np.uint16 if depth == 16 else np.uint8
    samples = rng.integers(0, np.iinfo(dtype).max, (sum(bands), width, channels + alpha), dtype, endpoint=True)
    return samples[:, :, :channels], samples[:, :, -1] if alpha else None, bands


@given(pictures(), st.sampled_from([None, "<", ">"]))
def test_every_sample_comes_back_from_any_bands(
    drawn: tuple[Pixels, Pixels | None, list[int]], order: str | None
) -> None:
    pixels, alpha, bands = drawn
    data, _ = written(pixels, alpha, bands=bands, metadata=Metadata(exif=exif_block(order) if order else None))
    tiff = read_strictly(data)
    assert tiff.order == (order or "<") and tiff.samples.dtype == pixels.dtype
    assert np.array_equal(tiff.samples, stacked(pixels, alpha))


@pytest.mark.parametrize("bands", [[700], [1] * 700, [200, 300, 200]], ids=["one", "rows", "three"])
def test_pictures_of_several_strips_come_back(bands: list[int]) -> None:
    rgb = drawing(300, 700, noise=5)
    data, _ = written(rgb, bands=bands)
    tiff = read_strictly(data)
    assert len(tiff.tags[0x0111]) == 3
    assert np.array_equal(tiff.samples, rgb)
    assert np.array_equal(np.asarray(Image.open(BytesIO(data))), rgb)


def test_rows_may_be_overwritten_once_they_are_written() -> None:
    rgb = drawing(40, 30)
    rows = TiffRows(Size(40, 30), channels=3, has_alpha=False, depth=8, metadata=NO_METADATA)
    band = np.empty((10, 40, 3), np.uint8)
    for top in range(0, 30, 10):
        band[:] = rgb[top : top + 10]
        rows.write(band, None)
    band[:] = 0
    assert np.array_equal(read_strictly(rows.finish()).samples, rgb)


@pytest.mark.parametrize(("channels", "alpha", "depth"), [layout for layout in LAYOUTS if layout != (1, True, 16)])
@pytest.mark.parametrize("order", ["<", ">"])
def test_pillow_reads_the_same(channels: int, alpha: bool, depth: int, order: str) -> None:
    rgb = drawing(61, 47, noise=3)
    opacity = np.linspace(0, 255, 61 * 47).astype(np.uint8).reshape(47, 61)
    pixels, transparency = rgb[:, :, :channels], opacity if alpha else None
    if depth == 16:
        pixels = pixels.astype(np.uint16) * 257 - pixels // 2
        transparency = None if transparency is None else transparency.astype(np.uint16) * 257
    image = Image.open(BytesIO(written(pixels, transparency, metadata=Metadata(exif=exif_block(order)))[0]))
    expected = stacked(pixels, transparency)
    # Pillow keeps the upper byte of deep colour.
    expected = expected >> 8 if depth == 16 and channels == 3 else expected
    assert np.array_equal(np.asarray(image), expected.squeeze())


@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_is_carried_but_not_what_it_says_of_pixels(order: str) -> None:
    data, rows = written(drawing(20, 10), metadata=Metadata(exif=exif_block(order)))
    tags = read_strictly(data).tags
    assert tags[0x0100] == (20,) and tags[0x0103] == (8,) and 0x0112 not in tags
    assert tags[0x010F] == b"A maker\0" and tags[0x010E] == b"A description\0" and tags[0xC4A5] == b"1234"
    exif, _ = directory(data, order, tags[0x8769][0], [])
    assert exif == {0x8827: (400,), 0x927C: MAKER_NOTE, 0xA002: (99,)}
    gps, _ = directory(data, order, tags[0x8825][0], [])
    assert gps == {0x0001: b"N\0"}
    assert rows.notes == ()
    theirs = Image.open(BytesIO(data)).getexif()
    assert theirs[0x010F] == "A maker" and theirs.get_ifd(0x8769)[0x927C] == MAKER_NOTE


@pytest.mark.parametrize("place", range(0, 300, 7))
def test_damaged_exif_never_damages_the_file(place: int) -> None:
    block = bytearray(exif_block("<"))
    block[place] ^= 0xFF
    rgb = drawing(20, 10)
    data, _ = written(rgb, metadata=Metadata(exif=bytes(block)))
    assert np.array_equal(np.asarray(Image.open(BytesIO(data))), rgb)


def test_exif_without_a_header_is_left_out_with_a_note() -> None:
    data, rows = written(drawing(20, 10), metadata=Metadata(exif=b"no header"))
    assert 0x8769 not in read_strictly(data).tags
    assert rows.notes == ("The EXIF data was left out (it has no TIFF header).",)


def test_exif_cannot_blow_up_the_file() -> None:
    count, content = 3000, bytes(30_000)
    start = 8 + 2 + 12 + 4 + 2 + 12 * count + 4
    fields = b"".join(struct.pack("<HHII", tag, 7, len(content), start) for tag in range(0x9000, 0x9000 + count))
    block = b"II*\0\x08\0\0\0\1\0" + struct.pack("<HHII", 0x8769, 4, 1, 26) + bytes(4)
    block += struct.pack("<H", count) + fields + bytes(4) + content
    data, rows = written(drawing(20, 10), metadata=Metadata(exif=block))
    assert len(data) < 5_000 and 0x8769 not in read_strictly(data).tags
    assert rows.notes == ("The EXIF data was left out (its fields lie on top of each other).",)


def test_a_directory_that_names_itself_ends() -> None:
    loop = b"II*\0\x08\0\0\0\1\0" + struct.pack("<HHII", 0x8769, 4, 1, 8) + b"\0\0\0\0"
    assert read_strictly(written(drawing(4, 4), metadata=Metadata(exif=loop))[0]).samples.shape == (4, 4, 3)


def test_all_metadata_is_there() -> None:
    metadata = Metadata(
        icc=ICC,
        xmp=b"<x:xmpmeta/>",
        dpi=(300.0, 72.009),
        texts=(("Title", "Größe"), ("Author", "猫"), ("Copyright", "mine"), ("Software", "a brush"), ("Comment", "c")),
    )
    data, rows = written(drawing(20, 10), metadata=metadata)
    tags = read_strictly(data).tags
    assert tags[0x8773] == ICC and bytes(tags[0x02BC]) == b"<x:xmpmeta/>"
    assert tags[0x0128] == (2,) and tags[0x011A] == (300, 1)
    assert tags[0x011B][0] / tags[0x011B][1] == pytest.approx(72.009, abs=1e-4)
    texts = {tag: tags[tag].rstrip(b"\0").decode() for tag in (0x010D, 0x010E, 0x0131, 0x013B, 0x8298)}
    assert texts == {0x010D: "Größe", 0x010E: "c", 0x0131: "a brush", 0x013B: "猫", 0x8298: "mine"}
    assert rows.notes == ()
    image = Image.open(BytesIO(data))
    assert image.info["icc_profile"] == ICC and image.info["dpi"] == pytest.approx((300, 72.009), abs=1e-4)


def test_texts_without_a_tag_and_second_texts_are_named_in_a_note() -> None:
    texts = (("Comment", "one"), ("Description", "another"), ("Seed", "17"), ("Description", "one"))
    data, rows = written(drawing(20, 10), metadata=Metadata(texts=texts))
    assert read_strictly(data).tags[0x010E] == b"one\0"
    assert rows.notes == ("TIFF has no place for the texts “Description”, “Seed”; left out.",)


@pytest.mark.parametrize("dpi", [(0.0, 72.0), (float("inf"), 72.0), (float("nan"), 72.0), (1e9, 1e9), (1e-9, 1e-9)])
def test_an_impossible_resolution_is_not_written(dpi: tuple[float, float]) -> None:
    tags = read_strictly(written(drawing(4, 4), metadata=Metadata(dpi=dpi))[0]).tags
    assert (tags[0x011A], tags[0x011B], tags[0x0128]) == ((1, 1), (1, 1), (1,))


def test_a_file_above_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
    monkeypatch.setattr(tiff_rows, "MAX_BYTES", 200_000)
    with pytest.raises(TooLarge, match=r"TIFF.*4 GB; PNG can"):
        written(noise)
