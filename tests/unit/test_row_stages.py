import asyncio
from collections.abc import AsyncGenerator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from drawings import drawing
from senmei.errors import Cancelled
from senmei.geometry import Size
from senmei.jobs import CancelToken
from senmei.resampling import BICUBIC, LANCZOS, resample
from senmei.row_stages import blended_rows, resampled_rows, whole_picture
from senmei.rows import Band
from senmei.upscaler import Rows, TileDone


async def cut_up(samples: np.ndarray, heights: list[int]) -> AsyncGenerator[Band | TileDone]:
    top, index = 0, 0
    while top < samples.shape[0]:
        band = Band(top, samples[top : top + heights[index % len(heights)]])
        yield band
        top, index = band.bottom, index + 1


def together(rows: Rows) -> np.ndarray:
    async def run() -> np.ndarray:
        bands = [item async for item in rows if isinstance(item, Band)]
        assert [band.top for band in bands] == [sum(len(b.samples) for b in bands[:i]) for i in range(len(bands))]
        return np.concatenate([band.samples for band in bands])

    return asyncio.run(run())


@pytest.mark.parametrize("shape", [(1, 1, 3), (700, 3000, 4), (5, 9, 1)])
def test_a_picture_comes_in_bands_that_are_itself(shape: tuple[int, ...]) -> None:
    samples = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    assert np.array_equal(together(whole_picture(samples, CancelToken())), samples)


async def test_cancel_is_heard_where_no_network_runs() -> None:
    cancel = CancelToken()
    rows = whole_picture(np.zeros((3000, 2000, 3), np.uint8), cancel)
    await anext(rows)
    cancel.cancel()
    with pytest.raises(Cancelled):
        await anext(rows)


@given(
    st.integers(1, 70),
    st.integers(1, 70),
    st.integers(1, 200),
    st.integers(1, 200),
    st.lists(st.integers(1, 30), min_size=1),
    st.sampled_from([BICUBIC, LANCZOS]),
)
@settings(max_examples=80)
def test_resampling_row_by_row_is_resampling_the_whole(
    width: int, height: int, out_width: int, out_height: int, heights: list[int], method: Image.Resampling
) -> None:
    samples = drawing(width, height)
    source, target = Size(width, height), Size(out_width, out_height)
    made = together(resampled_rows(cut_up(samples, heights), source, target, method))
    assert made.shape == (out_height, out_width, 3)
    assert np.abs(made.astype(int) - resample(samples, target, method)).max() <= 1


def test_large_results_come_in_many_bands() -> None:
    samples = drawing(300, 200)
    rows = resampled_rows(cut_up(samples, [40]), Size(300, 200), Size(3000, 2000), LANCZOS)

    async def heights() -> list[int]:
        return [len(item.samples) async for item in rows if isinstance(item, Band)]

    found = asyncio.run(heights())
    assert sum(found) == 2000 and max(found) <= 445


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("strength", [0.0, 0.3, 1.0])
def test_a_blend_is_between_the_rows_and_plain_bicubic(dtype: type, strength: float) -> None:
    source = drawing(40, 30).astype(dtype) * dtype(np.iinfo(dtype).max // 255)
    own = np.random.default_rng(2).integers(0, np.iinfo(dtype).max + 1, (60, 80, 3)).astype(dtype)
    made = together(blended_rows(cut_up(own, [7, 20]), source, Size(80, 60), strength))
    plain = resample(source, Size(80, 60), BICUBIC).astype(float)
    assert made.dtype == dtype
    # Half a level of the blend's rounding, and one where bands of the bicubic picture round otherwise.
    assert np.abs(made - (own * strength + plain * (1 - strength))).max() <= 0.51 + (1 - strength)
