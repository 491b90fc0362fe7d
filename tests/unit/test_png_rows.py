"""The PNG writer: a legal file that gives back every sample, in memory that does not grow with the height."""

import shutil
import struct
import subprocess
import tracemalloc
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from drawings import drawing, opened, saved
from senmei.codecs.png.rows import PngRows
from senmei.geometry import Size
from senmei.picture import NO_METADATA, Metadata, Pixels
from strict_png import predicted, read_strictly

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
GAMMA = (b"gAMA", struct.pack(">I", 45455))
PRIMARIES = (b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000))
SRGB = (b"sRGB", b"\0")
CICP = (b"cICP", bytes([1, 13, 0, 1]))
EXIF = b"MM\0*\0\0\0\x08\0\0\0\0\0\0"
FULL = Metadata(
    icc=ICC,
    exif=EXIF,
    xmp="<x:xmpmeta>猫</x:xmpmeta>".encode(),
    dpi=(300.0, 72.5),
    texts=(("Comment", "line\nline"), ("Author", "猫"), ("Title", "Größe"), ("Software", "x" * 3000)),
    png_colour=(GAMMA, PRIMARIES, SRGB, CICP),
)
LAYOUTS = [(channels, alpha, depth) for channels in (1, 3) for alpha in (False, True) for depth in (8, 16)]


def written(
    pixels: Pixels, alpha: Pixels | None = None, *, metadata: Metadata = NO_METADATA, bands: list[int] | None = None
) -> tuple[bytes, PngRows]:
    """bands: heights of what is written at once."""
    height, width, channels = pixels.shape
    depth = pixels.dtype.itemsize * 8
    size = Size(width, height)
    rows = PngRows(size, channels=channels, has_alpha=alpha is not None, depth=depth, metadata=metadata)
    data, top = b"", 0
    for band in bands or [height]:
        data += rows.write(pixels[top : top + band], None if alpha is None else alpha[top : top + band])
        top += band
    assert top == height
    return data + rows.finish(), rows


def stacked(pixels: Pixels, alpha: Pixels | None) -> Pixels:
    return pixels if alpha is None else np.dstack((pixels, alpha))


def sample_picture(channels: int, has_alpha: bool, depth: int) -> tuple[Pixels, Pixels | None]:
    rgb = drawing(61, 47, noise=3)
    alpha = np.linspace(0, 255, 61 * 47).astype(np.uint8).reshape(47, 61)
    if depth == 8:
        return rgb[:, :, :channels], alpha if has_alpha else None
    rng = np.random.default_rng(1)
    deep = rgb.astype(np.uint16) * 257 + rng.integers(0, 200, rgb.shape, np.uint16)
    return deep[:, :, :channels], alpha.astype(np.uint16) * 257 if has_alpha else None


@st.composite
def pictures(draw: st.DrawFn) -> tuple[Pixels, Pixels | None, list[int]]:
    """Any layout of few levels, noise, repeated rows or one level; and heights of bands that make up its own."""
    width, bands = draw(st.integers(1, 24)), draw(st.lists(st.integers(1, 7), min_size=1, max_size=5))
    channels, alpha, depth = draw(st.sampled_from(LAYOUTS))
    rng = np.random.default_rng(draw(st.integers(0, 1 << 20)))
    dtype = np.uint16 if depth == 16 else np.uint8
    top = draw(st.sampled_from([1, 2, 4, np.iinfo(dtype).max + 1]))
    samples = rng.integers(0, top, (sum(bands), width, channels + alpha), dtype, endpoint=False)
    samples = samples[np.sort(rng.integers(0, sum(bands), sum(bands)))] if draw(st.booleans()) else samples
    return samples[:, :, :channels], samples[:, :, -1] if alpha else None, bands


@given(pictures())
def test_every_sample_comes_back_from_any_bands(drawn: tuple[Pixels, Pixels | None, list[int]]) -> None:
    pixels, alpha, bands = drawn
    data, _ = written(pixels, alpha, bands=bands)
    png = read_strictly(data)
    assert png.samples.dtype == pixels.dtype
    assert np.array_equal(png.samples, stacked(pixels, alpha))


@given(pictures())
@settings(max_examples=40)
def test_each_row_has_the_filter_with_the_smallest_sum(drawn: tuple[Pixels, Pixels | None, list[int]]) -> None:
    pixels, alpha, bands = drawn
    png = read_strictly(written(pixels, alpha, bands=bands)[0])
    above = [0] * png.raw.shape[1]
    for row, chosen in zip(png.raw.tolist(), png.filters, strict=True):
        sums = []
        for filtering in range(5):
            total = 0
            for place, byte in enumerate(row):
                left, corner = (row[place - png.step], above[place - png.step]) if place >= png.step else (0, 0)
                rest = (byte - predicted(filtering, left, above[place], corner)) & 255
                total += min(rest, 256 - rest)
            sums.append(total)
        assert sums[chosen] == min(sums)
        above = row


@pytest.mark.parametrize(("channels", "alpha", "depth"), LAYOUTS)
def test_pillow_reads_the_same(channels: int, alpha: bool, depth: int) -> None:
    pixels, transparency = sample_picture(channels, alpha, depth)
    data, _ = written(pixels, transparency, metadata=FULL)
    expected = stacked(pixels, transparency)
    image = Image.open(BytesIO(data))
    assert image.size == (61, 47)
    if depth == 16 and channels + alpha > 1:
        # Pillow keeps the upper byte of colour and makes RGBA of gray with alpha.
        expected = expected >> 8
        expected = expected[:, :, [0, 0, 0, 1]] if channels + alpha == 2 else expected
    assert np.array_equal(np.asarray(image), expected.squeeze())


@pytest.mark.parametrize(("channels", "alpha", "depth"), LAYOUTS)
@pytest.mark.parametrize("metadata", [NO_METADATA, FULL], ids=["bare", "full"])
def test_the_file_is_legal(channels: int, alpha: bool, depth: int, metadata: Metadata, tmp_path: Path) -> None:
    picture = sample_picture(channels, alpha, depth)
    read_strictly(written(*picture, metadata=metadata)[0])
    # The strict reader above makes the claim; the well-known program agrees where there is one. It is older than cICP.
    older = replace(metadata, png_colour=tuple(chunk for chunk in metadata.png_colour if chunk != CICP))
    data, _ = written(*picture, metadata=older)
    if program := shutil.which("pngcheck"):
        path = tmp_path / "result.png"
        path.write_bytes(data)
        told = subprocess.run([program, "-v", path], capture_output=True, text=True, check=True)
        assert "No errors detected" in told.stdout and told.stderr == ""
        assert not any(word in told.stdout.lower() for word in ("warning", "invalid", "illegal", "unknown", "private"))


def test_all_metadata_is_there() -> None:
    data, rows = written(drawing(20, 10), metadata=FULL)
    png = read_strictly(data)
    assert [kind for kind, _ in png.chunks[:6]] == [b"IHDR", b"cICP", b"gAMA", b"cHRM", b"iCCP", b"eXIf"]
    assert png.content(b"eXIf") == EXIF
    assert png.content(b"pHYs") == struct.pack(">IIB", 11811, 2854, 1)
    assert [png.content(kind) for kind in (b"cICP", b"gAMA", b"cHRM")] == [CICP[1], GAMMA[1], PRIMARIES[1]]
    assert png.texts() == dict(FULL.texts) | {"XML:com.adobe.xmp": FULL.xmp.decode()}
    assert rows.notes == ()
    image = Image.open(BytesIO(data))
    image.load()
    assert image.info["icc_profile"] == ICC
    assert image.info["Author"] == "猫" and image.info["Title"] == "Größe"
    assert image.info["dpi"] == pytest.approx((300, 72.5), abs=0.02)


def test_the_rendering_intent_is_written_where_there_is_no_profile() -> None:
    png = read_strictly(written(drawing(4, 4), metadata=Metadata(png_colour=(SRGB, GAMMA)))[0])
    assert png.content(b"sRGB") == b"\0" and png.content(b"iCCP") is None


def test_a_profile_for_other_samples_is_left_out_with_a_note() -> None:
    gray = drawing(9, 5)[:, :, :1]
    data, rows = written(gray, metadata=Metadata(icc=ICC, png_colour=(SRGB,)))
    assert read_strictly(data).content(b"iCCP") is None
    assert read_strictly(data).content(b"sRGB") == b"\0"
    assert rows.notes == ("PNG cannot hold a profile for RGB with GRAY pixels; it was left out.",)


@pytest.mark.parametrize("keyword", ["", " a", "a ", "a  b", "x" * 80, "猫", "a\nb"])
def test_keywords_that_png_forbids_are_left_out_with_a_note(keyword: str) -> None:
    data, rows = written(drawing(4, 4), metadata=Metadata(texts=((keyword, "text"), ("Title", "here"))))
    assert read_strictly(data).texts() == {"Title": "here"}
    assert rows.notes == (f"PNG cannot hold the text “{keyword}” as it is; left out.",)


@pytest.mark.parametrize("text", ["", "a\rb", "\x80", "tab\there", "☃", "two\n\nlines", "\ud800"])
def test_texts_of_any_signs_are_legal(text: str) -> None:
    png = read_strictly(written(drawing(4, 4), metadata=Metadata(texts=(("Title", text),)))[0])
    assert png.texts() == {"Title": text.encode(errors="replace").decode()}


@pytest.mark.parametrize("dpi", [(0.0, 72.0), (-1.0, 72.0), (float("inf"), 72.0), (float("nan"), 1.0), (1e12, 1.0)])
def test_an_impossible_resolution_is_not_written(dpi: tuple[float, float]) -> None:
    assert read_strictly(written(drawing(4, 4), metadata=Metadata(dpi=dpi))[0]).content(b"pHYs") is None


@pytest.mark.parametrize(
    "pixels",
    [
        drawing(400, 300),
        drawing(400, 300, noise=2),
        drawing(400, 300, noise=15),
        np.asarray(Image.fromarray(drawing(100, 75)).resize((400, 300), Image.Resampling.LANCZOS)),
        np.full((300, 400, 3), 200, np.uint8),
        drawing(400, 300, noise=3)[:, :, :1],
    ],
    ids=["drawing", "grain", "noise", "enlarged", "flat", "gray"],
)
def test_files_are_hardly_larger_than_pillows(pixels: Pixels) -> None:
    theirs = saved(pixels.squeeze())
    ours, _ = written(pixels)
    assert np.array_equal(opened(ours), opened(theirs))
    assert len(ours) <= 1.04 * len(theirs) + 50


def test_memory_does_not_grow_with_the_height() -> None:
    band = drawing(2000, 40, noise=10)
    rows = PngRows(Size(2000, 4000), channels=3, has_alpha=False, depth=8, metadata=NO_METADATA)
    early = len(rows.write(band, None))
    tracemalloc.start()
    try:
        length = early
        for _ in range(98):
            length += len(rows.write(band, None))
        before_end = length
        length += len(rows.write(band, None)) + len(rows.finish())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert before_end > 0.95 * length
    assert peak < 25 * band.nbytes < length
