"""Writing results: options, every format's pixels, bands of rows, refusals. Pillow is the oracle."""

import subprocess
import sys
import tracemalloc
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, JpegImagePlugin

import senmei
import strict_png
import strict_tiff
from drawings import drawing, opened
from senmei.animation import Animation, Frame
from senmei.codecs import ANIMATION_FORMATS, OUTPUT_FORMATS, EncodeOptions, encode, encoder_bytes, open_encoder
from senmei.errors import InvalidOption, TooLarge
from senmei.geometry import Size
from senmei.picture import NO_METADATA, Picture

RGB = drawing(61, 47, noise=2)
GRAY = RGB[:, :, :1]
ALPHA = np.linspace(0, 255, 61 * 47).astype(np.uint8).reshape(47, 61)
DEEP = RGB.astype(np.uint16) * 257 - RGB // 3
LAYOUTS = [(channels, alpha, depth) for channels in (1, 3) for alpha in (False, True) for depth in (8, 16)]


def shown(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def noisy(width: int, height: int, *, channels: int, alpha: bool, depth: int, seed: int = 0) -> Picture:
    rng = np.random.default_rng(seed)
    dtype = np.uint16 if depth == 16 else np.uint8
    samples = rng.integers(0, np.iinfo(dtype).max, (height, width, channels + 1), dtype, endpoint=True)
    return Picture(samples[:, :, :channels], samples[:, :, -1] if alpha else None)


def encoded(picture: Picture, options: EncodeOptions) -> tuple[bytes, tuple[str, ...]]:
    encoder = open_encoder(
        picture.size,
        channels=picture.pixels.shape[2],
        has_alpha=picture.alpha is not None,
        depth=picture.pixels.dtype.itemsize * 8,
        metadata=picture.metadata,
        options=options,
    )
    data = encoder.write(picture.pixels, picture.alpha) + encoder.finish()
    return data, encoder.notes


def samples(picture: Picture) -> np.ndarray[Any, Any]:
    return picture.pixels if picture.alpha is None else np.dstack((picture.pixels, picture.alpha))


# Round trips without loss


@st.composite
def pictures_in_bands(draw: st.DrawFn, depths: tuple[int, ...] = (8, 16)) -> tuple[Picture, list[int]]:
    """And heights of bands that make up its own."""
    bands = draw(st.lists(st.integers(1, 9), min_size=1, max_size=5))
    picture = noisy(
        draw(st.integers(1, 30)),
        sum(bands),
        channels=draw(st.sampled_from([1, 3])),
        alpha=draw(st.booleans()),
        depth=draw(st.sampled_from(depths)),
        seed=draw(st.integers(0, 1 << 20)),
    )
    return picture, bands


def in_bands(picture: Picture, bands: list[int], options: EncodeOptions) -> bytes:
    encoder = open_encoder(
        picture.size,
        channels=picture.pixels.shape[2],
        has_alpha=picture.alpha is not None,
        depth=picture.pixels.dtype.itemsize * 8,
        metadata=NO_METADATA,
        options=options,
    )
    data, top = b"", 0
    for band in bands:
        # The caller's memory is the caller's again after the call.
        pixels = picture.pixels[top : top + band].copy()
        alpha = None if picture.alpha is None else picture.alpha[top : top + band].copy()
        data += encoder.write(pixels, alpha)
        pixels[:] = 7
        if alpha is not None:
            alpha[:] = 7
        top += band
    return data + encoder.finish()


@given(pictures_in_bands(), st.sampled_from(["png", "tiff"]))
def test_deep_formats_give_back_every_sample(drawn: tuple[Picture, list[int]], file_format: str) -> None:
    picture, bands = drawn
    data = in_bands(picture, bands, EncodeOptions(format=file_format))
    read = strict_png.read_strictly if file_format == "png" else strict_tiff.read_strictly
    assert read(data).samples.dtype == picture.pixels.dtype
    assert np.array_equal(read(data).samples, samples(picture))


@given(pictures_in_bands(depths=(8,)))
@settings(max_examples=50)
def test_lossless_webp_gives_back_every_sample_also_under_transparency(drawn: tuple[Picture, list[int]]) -> None:
    picture, bands = drawn
    data = in_bands(picture, bands, EncodeOptions(format="webp", lossless=True))
    expected = samples(picture)
    if picture.is_gray:
        expected = expected[:, :, [0, 0, 0, 1] if picture.alpha is not None else [0, 0, 0]]
    mode = "RGB" if picture.alpha is None else "RGBA"
    assert np.array_equal(np.asarray(shown(data).convert(mode)), expected)


@given(pictures_in_bands(), st.sampled_from(["png", "tiff", "webp"]))
@settings(max_examples=60)
def test_what_is_written_is_what_is_read(drawn: tuple[Picture, list[int]], file_format: str) -> None:
    picture, bands = drawn
    if file_format == "webp":
        if picture.pixels.dtype != np.uint8 or picture.is_gray:
            return
        options = EncodeOptions(format="webp", lossless=True)
    else:
        options = EncodeOptions(format=file_format)
    again = senmei.decode(in_bands(picture, bands, options))
    assert isinstance(again, Picture)
    assert again.pixels.dtype == picture.pixels.dtype and np.array_equal(again.pixels, picture.pixels)
    if picture.alpha is not None:
        # A WebP whose alpha is all opaque is written without.
        opaque = np.full_like(picture.alpha, np.iinfo(picture.alpha.dtype).max)
        assert np.array_equal(again.alpha if again.alpha is not None else opaque, picture.alpha)


@pytest.mark.parametrize("file_format", OUTPUT_FORMATS)
def test_one_pixel_is_a_picture(file_format: str) -> None:
    assert shown(encode(Picture(RGB[:1, :1]), EncodeOptions(format=file_format))).size == (1, 1)


@pytest.mark.parametrize(
    ("file_format", "channels", "alpha", "depth"),
    # Pillow cannot read the TIFF of gray with alpha in 16 bits; the strict reader above does.
    [(name, *layout) for name in OUTPUT_FORMATS for layout in LAYOUTS if (name, *layout) != ("tiff", 1, True, 16)],
)
def test_bands_make_the_same_picture_as_the_whole(file_format: str, channels: int, alpha: bool, depth: int) -> None:
    picture = noisy(40, 33, channels=channels, alpha=alpha, depth=depth)
    options = EncodeOptions(format=file_format)
    assert np.array_equal(opened(in_bands(picture, [1, 10, 22], options)), opened(in_bands(picture, [33], options)))


@pytest.mark.parametrize(("channels", "alpha", "depth"), LAYOUTS)
@pytest.mark.parametrize("file_format", ["png", "tiff"])
def test_no_more_memory_is_taken_than_is_planned(file_format: str, channels: int, alpha: bool, depth: int) -> None:
    # What Pillow takes for the other formats is outside Python's own count.
    picture = noisy(500, 3000, channels=channels, alpha=alpha, depth=depth)
    options = EncodeOptions(format=file_format)
    encoder = open_encoder(
        picture.size, channels=channels, has_alpha=alpha, depth=depth, metadata=NO_METADATA, options=options
    )
    tracemalloc.start()
    try:
        for top in range(0, 3000, 50):
            band = slice(top, top + 50)
            encoder.write(picture.pixels[band], None if picture.alpha is None else picture.alpha[band])
        encoder.finish()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= encoder_bytes(picture.size, channels=channels, has_alpha=alpha, depth=depth, options=options)


# Depth


@pytest.mark.parametrize("file_format", ["png", "tiff"])
def test_the_depth_is_the_pictures_own_unless_asked_for(file_format: str) -> None:
    read = strict_png.read_strictly if file_format == "png" else strict_tiff.read_strictly
    for picture in (Picture(RGB), Picture(DEEP)):
        data, notes = encoded(picture, EncodeOptions(format=file_format))
        assert np.array_equal(read(data).samples, picture.pixels) and notes == ()
    data, notes = encoded(Picture(RGB, ALPHA), EncodeOptions(format=file_format, depth=16))
    assert np.array_equal(read(data).samples, samples(Picture(RGB, ALPHA)).astype(np.uint16) * 257) and notes == ()
    data, notes = encoded(Picture(DEEP), EncodeOptions(format=file_format, depth=8))
    assert np.array_equal(read(data).samples, np.rint(DEEP / 257).astype(np.uint8)) and notes == ()


@pytest.mark.parametrize("file_format", [name for name in OUTPUT_FORMATS if name not in ("png", "tiff")])
def test_sixteen_bits_are_rounded_with_a_note_where_eight_are_held(file_format: str) -> None:
    data, notes = encoded(Picture(DEEP), EncodeOptions(format=file_format))
    eight, _ = encoded(Picture(np.rint(DEEP / 257).astype(np.uint8)), EncodeOptions(format=file_format))
    assert np.array_equal(opened(data), opened(eight))
    assert sum("8 bits a sample" in note for note in notes) == 1


# JPEG


def test_jpeg_stays_near_the_picture_and_gray_stays_gray() -> None:
    data, notes = encoded(Picture(RGB), EncodeOptions(format="jpeg"))
    assert shown(data).format == "JPEG" and shown(data).mode == "RGB" and notes == ()
    assert np.abs(opened(data).astype(int) - RGB).mean() < 5
    gray = encode(Picture(GRAY), EncodeOptions(format="jpeg"))
    assert shown(gray).mode == "L" and np.abs(opened(gray).astype(int) - GRAY[:, :, 0]).mean() < 5


def test_jpeg_quality_orders_size_and_error() -> None:
    sizes, errors = [], []
    for quality in (10, 50, 90, 100):
        data = encode(Picture(RGB), EncodeOptions(format="jpeg", quality=quality))
        sizes.append(len(data))
        errors.append(np.abs(opened(data).astype(int) - RGB).mean())
    assert sizes == sorted(sizes) and errors == sorted(errors, reverse=True)


@pytest.mark.parametrize(("subsampling", "number"), [(None, 0), ("4:4:4", 0), ("4:2:2", 1), ("4:2:0", 2)])
def test_jpeg_subsampling_is_the_one_asked_for(subsampling: str | None, number: int) -> None:
    data = encode(Picture(RGB), EncodeOptions(format="jpeg", subsampling=subsampling))
    assert JpegImagePlugin.get_sampling(shown(data)) == number


def test_a_transparent_picture_is_laid_on_white_for_jpeg() -> None:
    data, notes = encoded(Picture(RGB, ALPHA), EncodeOptions(format="jpeg", quality=100))
    opacity = ALPHA[:, :, np.newaxis] / 255
    expected = RGB * opacity + 255 * (1 - opacity)
    assert np.abs(opened(data) - expected).max() < 8
    assert notes == ("JPEG holds no transparency; the picture was laid on white.",)
    opaque, notes = encoded(Picture(RGB, np.full_like(ALPHA, 255)), EncodeOptions(format="jpeg", quality=100))
    assert np.abs(opened(opaque).astype(int) - RGB).max() < 8 and notes == ()


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:0"])
@pytest.mark.parametrize("side", [30, 300])
def test_jpeg_holds_the_worst_noise(side: int, subsampling: str) -> None:
    picture = noisy(side, side, channels=3, alpha=False, depth=8)
    data = encode(picture, EncodeOptions(format="jpeg", quality=100, subsampling=subsampling))
    assert shown(data).size == (side, side)


# WebP and AVIF


def test_lossy_webp_follows_its_quality() -> None:
    sizes = [len(encode(Picture(RGB), EncodeOptions(format="webp", quality=quality))) for quality in (5, 50, 100)]
    assert sizes == sorted(sizes)
    data = encode(Picture(RGB, ALPHA), EncodeOptions(format="webp"))
    assert shown(data).mode == "RGBA" and np.array_equal(opened(data)[:, :, 3], ALPHA)


@pytest.mark.skipif("avif" not in OUTPUT_FORMATS, reason="this Pillow cannot write AVIF")
def test_avif_follows_its_quality_and_holds_alpha_and_gray() -> None:
    sizes = [len(encode(Picture(RGB), EncodeOptions(format="avif", quality=quality))) for quality in (5, 50, 100)]
    assert sizes == sorted(sizes)
    data = encode(Picture(RGB, ALPHA), EncodeOptions(format="avif"))
    assert shown(data).format == "AVIF" and shown(data).mode == "RGBA"
    assert np.abs(opened(data)[:, :, 3].astype(int) - ALPHA).mean() < 4
    gray = opened(encode(Picture(GRAY), EncodeOptions(format="avif")))
    assert np.abs(gray.reshape(47, 61, -1).astype(int) - GRAY).mean() < 4
    full = encode(Picture(RGB), EncodeOptions(format="avif", subsampling="4:4:4"))
    halved = encode(Picture(RGB), EncodeOptions(format="avif", subsampling="4:2:0"))
    assert len(halved) < len(full) == len(encode(Picture(RGB), EncodeOptions(format="avif")))


# Refusals


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"format": "bmp"}, r"“bmp” cannot be written; accepted: png, jpeg, webp, gif, tiff"),
        ({"format": "png", "dither": "none"}, "PNG has no palette and no dithering"),
        ({"format": "gif", "palette": "best"}, "palette “best” is unknown; accepted: auto, global, local"),
        ({"format": "gif", "dither": "much"}, "dithering “much” is unknown; accepted: none, ordered, diffused"),
        ({"format": "gif", "delays": "long"}, "delays “long” is unknown; accepted: file, browser"),
        ({"format": "gif", "quality": 9}, "GIF has no quality"),
        ({"quality": 101}, "quality 101 is no whole number from 1 to 100"),
        ({"depth": 12}, "depth 12 is unknown"),
        ({"subsampling": "4:1:1"}, "subsampling “4:1:1” is unknown"),
        ({"format": "PNG"}, r"“PNG” cannot be written"),
        ({"format": "jpeg", "quality": 0}, "quality 0 is no whole number from 1 to 100"),
        ({"format": "webp", "quality": 101}, "quality 101 is no whole number from 1 to 100"),
        ({"format": "jpeg", "quality": 90.5}, "quality 90.5 is no whole number"),
        ({"format": "jpeg", "quality": True}, "quality True is no whole number"),
        ({"format": "png", "quality": 90}, "PNG loses nothing, so it has no quality.*JPEG"),
        ({"format": "tiff", "quality": 90}, "TIFF loses nothing"),
        ({"format": "webp", "lossless": True, "quality": 90}, "lossless WebP has no quality"),
        ({"format": "jpeg", "subsampling": "4:1:1"}, "“4:1:1” is unknown; accepted: 4:4:4, 4:2:2, 4:2:0"),
        ({"format": "png", "subsampling": "4:4:4"}, "PNG has no subsampling.*JPEG"),
        ({"format": "webp", "subsampling": "4:4:4"}, "WebP has no subsampling"),
        ({"format": "png", "lossless": True}, "“lossless” is a choice of WebP only; PNG is lossless anyway"),
        ({"format": "jpeg", "lossless": True}, "“lossless” is a choice of WebP only; PNG and TIFF are"),
        ({"format": "png", "depth": 12}, "depth 12 is unknown; accepted: 8 and 16"),
        ({"format": "jpeg", "depth": 16}, "JPEG holds 8 bits a sample; 16 are held by PNG and TIFF"),
        ({"format": "webp", "depth": 16}, "WebP holds 8 bits"),
        ({"metadata": "some"}, "“some” is unknown; accepted: keep, strip"),
    ],
)
def test_options_outside_are_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidOption, match=sentence) as caught:
        EncodeOptions(**options)
    assert str(caught.value).endswith(".")


def test_auto_becomes_what_there_is() -> None:
    assert EncodeOptions().resolved().format == "png" and EncodeOptions(format="apng").format == "png"
    assert EncodeOptions(metadata="strip").resolved("gif") == EncodeOptions(format="gif", metadata="strip")
    assert EncodeOptions().resolved("webp").lossless and EncodeOptions(format="webp").resolved("gif").lossless
    assert (
        not EncodeOptions(quality=80).resolved("webp").lossless and not EncodeOptions(format="webp").resolved().lossless
    )
    with pytest.raises(InvalidOption, match="no quality"):
        EncodeOptions(quality=80).resolved()


def test_options_at_the_edges_are_accepted() -> None:
    for quality in (1, 100):
        assert shown(encode(Picture(RGB), EncodeOptions(format="jpeg", quality=quality))).size == (61, 47)
    assert EncodeOptions(format="jpeg", depth=8).depth == 8
    with pytest.raises(InvalidOption):
        replace(EncodeOptions(format="jpeg", quality=90), format="png")


@pytest.mark.parametrize(
    ("file_format", "size", "others"),
    [
        ("jpeg", Size(65_501, 1), "65,500 .*65501 × 1; PNG and GIF and TIFF can"),
        ("webp", Size(1, 16_384), "16,383 .*1 × 16384; PNG and JPEG and GIF and TIFF"),
        ("png", Size(1 << 31, 1), "TIFF can"),
    ],
)
def test_sizes_a_format_cannot_hold_are_refused(file_format: str, size: Size, others: str) -> None:
    with pytest.raises(TooLarge, match=others):
        open_encoder(
            size,
            channels=3,
            has_alpha=False,
            depth=8,
            metadata=NO_METADATA,
            options=EncodeOptions(format=file_format),
        )


@pytest.mark.parametrize(("file_format", "size"), [("jpeg", Size(65_500, 1)), ("webp", Size(1, 16_383))])
def test_the_largest_sides_are_written(file_format: str, size: Size) -> None:
    pixels = np.zeros((size.height, size.width, 3), np.uint8)
    assert shown(encode(Picture(pixels), EncodeOptions(format=file_format))).size == (size.width, size.height)


@pytest.mark.parametrize("file_format", [name for name in OUTPUT_FORMATS if name not in ANIMATION_FORMATS])
def test_an_animation_is_refused(file_format: str) -> None:
    animation = Animation((Frame(Picture(RGB), 40), Frame(Picture(RGB), 40)), 0)
    with pytest.raises(InvalidOption, match="holds one picture; PNG, WebP and GIF hold an animation"):
        encode(animation, EncodeOptions(format=file_format))


@pytest.mark.parametrize("file_format", OUTPUT_FORMATS)
def test_rows_that_do_not_fit_are_the_callers_mistake(file_format: str) -> None:
    def encoder(has_alpha: bool = False) -> Any:
        return open_encoder(
            Size(61, 47),
            channels=3,
            has_alpha=has_alpha,
            depth=8,
            metadata=NO_METADATA,
            options=EncodeOptions(format=file_format),
        )

    wrong = [
        (RGB[:, :60], None),
        (GRAY, None),
        (DEEP, None),
        (RGB, ALPHA),
        (np.vstack((RGB, RGB[:1])), None),
        (RGB[:, :, 0], None),
    ]
    for pixels, alpha in wrong:
        with pytest.raises(ValueError, match="rows"):
            encoder().write(pixels, alpha)
    for alpha in (None, ALPHA[:5], ALPHA.astype(np.uint16)):
        with pytest.raises(ValueError, match="rows"):
            encoder(has_alpha=True).write(RGB, alpha)
    short = encoder()
    short.write(RGB[:40], None)
    with pytest.raises(ValueError, match="7 rows have not been written"):
        short.finish()


STARVED = """
import resource
import sys
import tracemalloc
import numpy as np
from senmei.codecs import EncodeOptions, open_encoder
from senmei.errors import TooLarge
from senmei.geometry import Size
from senmei.picture import NO_METADATA

pixels = np.random.default_rng(0).integers(0, 256, (2000, 2000, 3), np.uint8)
options = EncodeOptions(format=sys.argv[1])
encoder = open_encoder(
    Size(2000, 2000), channels=3, has_alpha=False, depth=8, metadata=NO_METADATA, options=options
)
encoder.write(pixels, None)
with open("/proc/self/statm") as file:
    taken = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + 1_000_000, taken + 1_000_000))
try:
    encoder.finish()
except TooLarge as error:
    print(error)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is limited the way Linux does it")
@pytest.mark.parametrize("file_format", [name for name in OUTPUT_FORMATS if name not in ("png", "tiff")])
def test_want_of_memory_is_a_sentence(file_format: str) -> None:
    told = subprocess.run([sys.executable, "-c", STARVED, file_format], capture_output=True, text=True, check=True)
    assert told.stdout.startswith("A file of 2000 × 2000 pixels could not be made")
    assert told.stdout.endswith("PNG needs very little.\n")
