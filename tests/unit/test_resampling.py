import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from drawings import drawing
from senmei.geometry import Size
from senmei.resampling import BICUBIC, LANCZOS, resample, resample_rows, rows_needed

METHODS = st.sampled_from([BICUBIC, LANCZOS])


@pytest.mark.parametrize("method", [BICUBIC, LANCZOS])
def test_the_whole_is_pillows(method: Image.Resampling) -> None:
    """Whose two directions may come in the other order, with the levels between them rounded."""
    rgb = drawing(40, 30)
    expected = np.asarray(Image.fromarray(rgb).resize((63, 41), method)).astype(int)
    assert np.abs(resample(rgb, Size(63, 41), method) - expected).max() <= 2
    gray = np.asarray(Image.fromarray(rgb[:, :, 0]).resize((63, 41), method)).astype(int)
    assert np.abs(resample(rgb[:, :, :1], Size(63, 41), method)[:, :, 0] - gray).max() <= 2


@given(
    st.integers(1, 60),
    st.integers(1, 60),
    st.integers(1, 150),
    st.integers(1, 150),
    METHODS,
    st.integers(1, 4),
    st.data(),
)
@settings(max_examples=150)
def test_any_band_is_the_wholes(
    width: int,
    height: int,
    out_width: int,
    out_height: int,
    method: Image.Resampling,
    channels: int,
    data: st.DataObject,
) -> None:
    """From no more rows than `rows_needed` tells; Pillow's positions are floats, so a level may round otherwise."""
    picture = np.random.default_rng(3).integers(0, 256, (height, width, channels), dtype=np.uint8)
    source, target = Size(width, height), Size(out_width, out_height)
    whole = resample(picture, target, method)
    top = data.draw(st.integers(0, out_height - 1))
    bottom = data.draw(st.integers(top + 1, out_height))
    first, last = rows_needed(source, target, top, bottom, method)
    assert 0 <= first < last <= height
    band = resample_rows(picture[first:last], first, source, target, top, bottom, method)
    assert band.dtype == np.uint8 and band.shape == (bottom - top, out_width, channels)
    assert np.abs(band.astype(int) - whole[top:bottom]).max() <= 1


def test_few_rows_are_needed() -> None:
    first, last = rows_needed(Size(10, 4000), Size(10, 8000), 4000, 4100, LANCZOS)
    assert 1990 <= first <= 1997 and 2053 <= last <= 2060


def test_sixteen_bits_keep_their_depth() -> None:
    ramp = np.linspace(1000, 60000, 50).astype(np.uint16)
    picture = np.repeat(np.tile(ramp, (8, 1))[:, :, np.newaxis], 3, axis=2)
    large = resample(picture, Size(200, 8), LANCZOS)
    assert large.dtype == np.uint16 and len(np.unique(large[:, :, 0])) > 150
    expected = np.asarray(Image.fromarray(picture[:, :, 0].astype(np.float32)).resize((200, 8), LANCZOS))
    assert np.abs(large[:, :, 1] - expected).max() <= 0.5


def test_alpha_gets_no_ring_and_colour_is_not_weighted_by_it() -> None:
    rgb = drawing(30, 20)
    alpha = np.zeros((20, 30), np.uint8)
    alpha[:, 15:] = 255
    large = resample(np.dstack((rgb, alpha)), Size(120, 80), LANCZOS)
    assert np.array_equal(large[:, :, :3], resample(rgb, Size(120, 80), LANCZOS))
    assert np.array_equal(large[:, :, 3], np.asarray(Image.fromarray(alpha).resize((120, 80), BICUBIC)))
    assert not large[:, :52, 3].any() and (large[:, 68:, 3] == 255).all()


def test_the_same_size_is_the_same() -> None:
    rgb = drawing(30, 20)
    assert np.array_equal(resample(rgb, Size(30, 20), LANCZOS), rgb)
