import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from senmei.geometry import Region
from senmei.pixels import apart, cut, from_float, joined, to_depth, to_float


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


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_level_survives_the_way_through_floats(dtype: type) -> None:
    levels = np.arange(np.iinfo(dtype).max + 1).astype(dtype)
    values = to_float(levels)
    assert values.dtype == np.float32 and values[0] == 0 and values[-1] == 1
    assert np.array_equal(from_float(values, dtype), levels)


def test_floats_are_clipped_and_rounded_to_the_nearest() -> None:
    values = np.array([-0.3, 0, 0.4 / 255, 0.6 / 255, 1, 7.5], np.float32)
    assert from_float(values, np.uint8).tolist() == [0, 0, 0, 1, 255, 255]
    assert values[0] == np.float32(-0.3), "the caller's floats stay"


def test_sixteen_bits_become_eight_by_rounding_and_come_back() -> None:
    levels = np.arange(65536, dtype=np.uint16).reshape(256, 256, 1)
    eight = to_depth(levels, 8)
    assert eight.dtype == np.uint8 and np.array_equal(eight, np.rint(levels / 257).astype(np.uint8))
    assert np.array_equal(to_depth(to_depth(eight, 16), 8), eight)
    assert to_depth(eight, 8) is eight and to_depth(levels, 16) is levels


@pytest.mark.parametrize("colours", [1, 3])
def test_alpha_joins_and_comes_apart(colours: int) -> None:
    samples = np.random.default_rng(0).integers(0, 256, (4, 5, colours + 1), dtype=np.uint8)
    pixels, alpha = apart(samples)
    assert pixels.shape == (4, 5, colours) and alpha is not None and alpha.shape == (4, 5)
    assert np.array_equal(joined(pixels, alpha), samples)
    assert apart(pixels)[1] is None and joined(pixels, None) is pixels
