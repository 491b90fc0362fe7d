import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from senmei.geometry import Region, Size
from senmei.pixels import cut
from senmei.rows import BAND_SAMPLES, Band, RowWindow, band_height


def samples(width: int, height: int) -> np.ndarray:
    return np.arange(width * height * 3, dtype=np.uint16).reshape(height, width, 3)


@given(st.integers(1, 9), st.integers(1, 40), st.lists(st.integers(1, 12), min_size=1), st.integers(0, 6), st.data())
def test_a_window_cuts_like_the_whole_picture(
    width: int, height: int, heights: list[int], margin: int, data: st.DataObject
) -> None:
    """Rows are asked for from the top, with a margin around them, and dropped once they are behind."""
    picture = samples(width, height)
    window, arrived, top = RowWindow(Size(width, height)), 0, 0
    while top < height:
        core = data.draw(st.integers(1, 8))
        while window.bottom < min(top + core + margin, height):
            step = heights[arrived % len(heights)]
            window.append(Band(window.bottom, picture[window.bottom : window.bottom + step]))
            arrived += 1
        window.drop_above(max(0, top - margin))
        region = Region(-margin, top - margin, width + 2 * margin, core + 2 * margin)
        assert np.array_equal(window.cut(region), cut(picture, region))
        top += core
    assert window.bottom == picture.shape[0]


def test_a_whole_picture_is_held_without_a_copy() -> None:
    picture = samples(5, 7)
    window = RowWindow(Size(5, 7))
    window.append(Band(0, picture))
    assert np.shares_memory(window.rows(2, 5), picture)
    assert not np.shares_memory(window.cut(Region(0, 2, 5, 3)), picture)


def test_rows_that_are_gone_or_not_there_are_refused() -> None:
    window = RowWindow(Size(4, 10))
    window.append(Band(0, samples(4, 6)))
    window.drop_above(2)
    for top, bottom in ((1, 3), (4, 7)):
        with pytest.raises(ValueError, match="not among 2 to 6"):
            window.rows(top, bottom)
    for band in (Band(5, samples(4, 1)), Band(6, samples(5, 1))):
        with pytest.raises(ValueError, match="cannot follow row 6"):
            window.append(band)


@given(st.integers(1, 100_000), st.integers(1, 4))
def test_bands_stay_small_and_have_a_row(width: int, channels: int) -> None:
    rows = band_height(width, channels)
    assert rows >= 1
    assert rows == 1 or rows * width * channels <= BAND_SAMPLES
