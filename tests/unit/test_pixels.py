import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from drawings import drawing
from senmei.geometry import Region, Size
from senmei.pixels import cut, resize, to_gray8, to_rgb8


@given(
    st.integers(1, 20),
    st.integers(1, 20),
    st.integers(-25, 25),
    st.integers(-25, 25),
    st.integers(1, 50),
    st.integers(1, 50),
)
def test_cut_repeats_the_border_like_an_edge_pad(
    width: int, height: int, x: int, y: int, cut_width: int, cut_height: int
) -> None:
    pixels = np.arange(width * height * 3, dtype=np.uint16).reshape(height, width, 3)
    padded = np.pad(pixels, ((100, 100), (100, 100), (0, 0)), mode="edge")
    region = Region(x, y, cut_width, cut_height)
    result = cut(pixels, region)
    assert result.flags.c_contiguous
    assert np.array_equal(result, padded[region.shifted(100, 100).slices])


def test_cut_gives_a_copy() -> None:
    pixels = np.zeros((4, 4, 3), np.uint8)
    cut(pixels, Region(0, 0, 4, 4))[:] = 9
    assert not pixels.any()


def test_sixteen_bits_become_eight_by_rounding() -> None:
    levels = np.arange(65536, dtype=np.uint16).reshape(256, 256, 1)
    eight = to_rgb8(levels)
    assert eight.shape == (256, 256, 3) and eight.dtype == np.uint8
    assert np.array_equal(eight[:, :, 0], np.rint(levels[:, :, 0] / 257).astype(np.uint8))


def test_gray_survives_the_way_through_rgb() -> None:
    gray = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    assert np.array_equal(to_gray8(to_rgb8(gray)), gray)


def test_gray_is_the_rounded_mean() -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    assert np.array_equal(to_gray8(rgb), np.rint(rgb.mean(axis=2, keepdims=True)).astype(np.uint8))


def test_resize_is_pillows_and_keeps_the_axes() -> None:
    rgb = drawing(40, 30)
    expected = np.asarray(Image.fromarray(rgb).resize((60, 45), Image.Resampling.LANCZOS))
    assert np.array_equal(resize(rgb, Size(60, 45), Image.Resampling.LANCZOS), expected)
    assert resize(rgb[:, :, :1], Size(60, 45), Image.Resampling.LANCZOS).shape == (45, 60, 1)
    assert resize(rgb[:, :, 0], Size(60, 45), Image.Resampling.LANCZOS).shape == (45, 60)
    assert resize(rgb, Size(40, 30), Image.Resampling.LANCZOS) is rgb
