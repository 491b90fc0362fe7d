import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

import senmei
from drawings import drawing, opened, saved
from senmei.animation import Animation
from senmei.errors import CorruptImage, InvalidOption, SenmeiError, TooLarge, UnsupportedFormat
from senmei.picture import Picture

RGB = drawing(37, 23)
ALPHA = np.linspace(0, 255, 37 * 23).astype(np.uint8).reshape(23, 37)
RGBA = np.dstack((RGB, ALPHA))
GRAY = RGB[:, :, 0]


def decoded(data: bytes) -> Picture:
    picture = senmei.decode(data)
    assert isinstance(picture, Picture)
    return picture


@pytest.mark.parametrize(
    ("file_format", "options"),
    [("PNG", {}), ("JPEG", {}), ("JPEG", {"progressive": True}), ("WEBP", {}), ("WEBP", {"lossless": True})],
)
def test_colour_is_pillows_to_the_bit(file_format: str, options: dict[str, Any]) -> None:
    data = saved(RGB, file_format, **options)
    picture = decoded(data)
    assert picture.alpha is None and picture.pixels.dtype == np.uint8
    assert np.array_equal(picture.pixels, opened(data))


@pytest.mark.parametrize("file_format", ["PNG", "JPEG"])
def test_gray_stays_gray(file_format: str) -> None:
    data = saved(GRAY, file_format)
    picture = decoded(data)
    assert picture.is_gray and picture.pixels.shape == (23, 37, 1)
    assert np.array_equal(picture.pixels[:, :, 0], opened(data))


@pytest.mark.parametrize(("file_format", "options"), [("PNG", {}), ("WEBP", {"lossless": True, "exact": True})])
def test_alpha_comes_apart_and_the_colour_under_it_is_kept(file_format: str, options: dict[str, Any]) -> None:
    picture = decoded(saved(RGBA, file_format, **options))
    assert picture.alpha is not None
    assert np.array_equal(picture.alpha, ALPHA)
    assert np.array_equal(picture.pixels, RGB)


def test_other_kinds_of_transparency_become_alpha() -> None:
    gray_alpha = decoded(saved(Image.fromarray(np.dstack((GRAY, ALPHA)))))
    assert gray_alpha.is_gray and np.array_equal(gray_alpha.alpha, ALPHA)

    palette = Image.fromarray(RGB).quantize(16)
    transparent = decoded(saved(palette, transparency=3))
    assert np.array_equal(transparent.alpha, np.where(np.asarray(palette) == 3, 0, 255))
    assert np.array_equal(transparent.pixels, np.asarray(palette.convert("RGB")))

    key = tuple(int(level) for level in RGB[5, 5])
    keyed = decoded(saved(RGB, transparency=key))
    assert np.array_equal(keyed.alpha == 0, (RGB[5, 5] == RGB).all(axis=2))

    keyed_gray = decoded(saved(GRAY, transparency=int(GRAY[5, 5])))
    assert keyed_gray.is_gray and np.array_equal(keyed_gray.alpha == 0, GRAY[5, 5] == GRAY)


def test_palettes_bitmaps_and_cmyk_become_plain_samples() -> None:
    palette = Image.fromarray(RGB).quantize(16)
    assert np.array_equal(decoded(saved(palette)).pixels, np.asarray(palette.convert("RGB")))
    bitmap = Image.fromarray(GRAY).convert("1")
    assert np.array_equal(decoded(saved(bitmap)).pixels[:, :, 0], np.asarray(bitmap.convert("L")))
    cmyk = saved(Image.fromarray(RGB).convert("CMYK"), "JPEG", icc_profile=b"a CMYK profile")
    picture = decoded(cmyk)
    assert np.array_equal(picture.pixels, np.asarray(Image.open(BytesIO(cmyk)).convert("RGB")))
    assert picture.icc is None


def test_sixteen_bit_gray_keeps_its_depth_both_ways() -> None:
    deep = np.arange(23 * 37, dtype=np.uint16).reshape(23, 37) * 77
    picture = decoded(saved(deep))
    assert picture.pixels.dtype == np.uint16 and np.array_equal(picture.pixels[:, :, 0], deep)
    assert np.array_equal(opened(senmei.encode(picture, format="png")), deep)


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP"])
def test_the_exif_orientation_is_applied_once(turn: int, file_format: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    exif[0x010E] = "a drawing"
    stored = saved(RGB, file_format, exif=exif, **({"lossless": True} if file_format == "WEBP" else {}))
    upright = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, -1),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, 1),
    }[turn](opened(stored))
    picture = decoded(stored)
    assert np.array_equal(picture.pixels, upright)
    again = decoded(senmei.encode(picture, format="png"))
    assert np.array_equal(again.pixels, upright)
    assert again.exif is not None
    kept = Image.Exif()
    kept.load(again.exif)
    assert kept.get(0x0112, 1) == 1 and kept[0x010E] == "a drawing"


def test_profile_and_resolution_survive() -> None:
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = decoded(saved(RGB, "JPEG", icc_profile=icc, dpi=(300, 300)))
    again = Image.open(BytesIO(senmei.encode(picture, format="png")))
    assert again.info["icc_profile"] == icc
    assert again.info["dpi"] == pytest.approx((300, 300), abs=0.01)


@pytest.mark.parametrize(
    "picture",
    [
        Picture(RGB),
        Picture(RGB, ALPHA),
        Picture(GRAY[:, :, None]),
        Picture(GRAY[:, :, None], ALPHA),
        Picture(RGB[:1, :1]),
    ],
    ids=["rgb", "rgba", "gray", "gray and alpha", "one pixel"],
)
def test_png_gives_back_what_it_was_given(picture: Picture) -> None:
    again = decoded(senmei.encode(picture, format="png"))
    assert np.array_equal(again.pixels, picture.pixels)
    assert (again.alpha is None) == (picture.alpha is None)
    if picture.alpha is not None:
        assert np.array_equal(again.alpha, picture.alpha)


@pytest.mark.parametrize("file_format", ["PNG", "WEBP"])
def test_files_with_frames_become_animations(file_format: str) -> None:
    frames = [Image.fromarray(drawing(20, 10, seed=seed)) for seed in range(3)]
    durations = [100, 250, 40]
    data = saved(
        frames[0], file_format, save_all=True, append_images=frames[1:], duration=durations, loop=4, lossless=True
    )
    animation = senmei.decode(data)
    assert isinstance(animation, Animation)
    assert [frame.duration_ms for frame in animation.frames] == durations
    assert animation.loop_count == 4
    for frame, drawn in zip(animation.frames, frames, strict=True):
        assert np.array_equal(frame.picture.pixels, np.asarray(drawn))
    with pytest.raises(UnsupportedFormat, match="3 frames"):
        senmei.encode(animation, format="png")


def test_a_camera_jpeg_with_further_pictures_inside_is_a_still() -> None:
    further = Image.fromarray(drawing(18, 12, seed=3))
    data = saved(RGB, "MPO", save_all=True, append_images=[further], quality=95)
    assert data.startswith(b"\xff\xd8\xff") and Image.open(BytesIO(data)).n_frames == 2
    assert np.array_equal(decoded(data).pixels, opened(data))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "empty"),
        (b"hello world, no picture", "no picture .*68 65 6c 6c 6f"),
        (saved(RGB, "GIF"), "a GIF picture"),
        (saved(RGB, "BMP"), "a BMP picture"),
        (saved(RGB, "TIFF"), "a TIFF picture"),
        (b"<svg xmlns='x'/>", "an SVG drawing"),
        (b"<!DOCTYPE html><p>", "a web page"),
        (b"%PDF-1.7", "a PDF document"),
        (b"PK\x03\x04....", "a ZIP archive"),
        (b"\0\0\0\x20ftypavif", "an AVIF picture"),
        (b"\0\0\0\x20ftypheic", "a HEIC picture"),
        (b"\0\0\0\x20ftypisom", "a video"),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, sentence: str) -> None:
    with pytest.raises(UnsupportedFormat, match=f"{sentence}.*PNG, JPEG and WebP are read"):
        senmei.decode(data)


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP"])
def test_truncated_files_are_corrupt(file_format: str) -> None:
    data = saved(drawing(120, 90, noise=20), file_format)
    for length in (20, len(data) // 3, len(data) // 2, int(len(data) * 0.9)):
        with pytest.raises(CorruptImage, match=r"^This (PNG|JPEG|WebP) file is damaged and cannot be read \(.+\)\.$"):
            senmei.decode(data[:length])


@given(st.sampled_from(["PNG", "JPEG", "WEBP"]), st.integers(0, 10**6), st.integers(1, 255))
@settings(max_examples=300)
def test_a_flipped_byte_gives_a_picture_or_a_sentence(file_format: str, place: int, flip: int) -> None:
    data = bytearray(saved(RGB, file_format))
    data[place % len(data)] ^= flip
    try:
        result = senmei.decode(bytes(data))
    except SenmeiError as error:
        assert str(error).endswith(".")
    else:
        assert result.size.pixels >= 1


def png_header(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"\0" * 100)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in (header, data, b"IEND")
    )


@pytest.mark.parametrize(("width", "height"), [(10_001, 10_000), (13_000, 13_000), (100_000, 100_000)])
def test_bombs_are_refused_by_their_header(width: int, height: int) -> None:
    with pytest.raises(TooLarge):
        senmei.decode(png_header(width, height))


def test_options_outside_are_refused() -> None:
    with pytest.raises(InvalidOption, match=r"“gif”.*png"):
        senmei.encode(Picture(RGB), format="gif")
    with pytest.raises(InvalidOption, match="10"):
        senmei.encode(Picture(RGB), format="png", compression=10)
    with pytest.raises(UnsupportedFormat, match="16-bit"):
        senmei.encode(Picture(RGB.astype(np.uint16)), format="png")
