import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from senmei import alpha as module
from senmei.alpha import bleed, settle

DTYPES = st.sampled_from([np.uint8, np.uint16])


def holed(width: int, height: int, channels: int, dtype: type, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Random colours with garbage under alpha 0, and alpha of which about half is 0."""
    rng = np.random.default_rng(seed)
    top = np.iinfo(dtype).max
    pixels = rng.integers(top // 4, 3 * top // 4, (height, width, channels), dtype=dtype)
    alpha = rng.choice(np.array([0, 0, 1, top], dtype), (height, width))
    pixels[alpha == 0] = rng.choice(np.array([0, top], dtype), (np.count_nonzero(alpha == 0), channels))
    return pixels, alpha


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3]), DTYPES, st.integers(0, 2**32 - 1))
def test_bleeding_touches_only_what_is_invisible(
    width: int, height: int, channels: int, dtype: type, seed: int
) -> None:
    pixels, alpha = holed(width, height, channels, dtype, seed)
    before = pixels.copy()
    result = bleed(pixels, alpha)
    assert np.array_equal(pixels, before)
    assert result.dtype == dtype and result.shape == pixels.shape
    assert np.array_equal(result[alpha > 0], pixels[alpha > 0])
    for channel in range(channels if (alpha > 0).any() else 0):
        visible = pixels[:, :, channel][alpha > 0]
        # Means of visible colours: nothing darker or brighter than they are.
        assert result[:, :, channel].min() >= visible.min() and result[:, :, channel].max() <= visible.max()


@given(st.integers(1, 40), st.integers(1, 40), DTYPES, st.integers(0, 2**32 - 1))
def test_what_lay_under_alpha_0_does_not_matter(width: int, height: int, dtype: type, seed: int) -> None:
    pixels, alpha = holed(width, height, 3, dtype, seed)
    other = np.where(alpha[:, :, None] > 0, pixels, dtype(7))
    if (alpha > 0).any():
        assert np.array_equal(bleed(pixels, alpha), bleed(other, alpha))


@given(st.integers(1, 90), st.integers(1, 90), DTYPES, st.integers(0, 2**32 - 1))
def test_one_visible_colour_fills_everything(width: int, height: int, dtype: type, seed: int) -> None:
    rng = np.random.default_rng(seed)
    pixels = np.zeros((height, width, 3), dtype)
    alpha = np.zeros((height, width), dtype)
    y, x = rng.integers(height), rng.integers(width)
    top = np.iinfo(dtype).max
    pixels[y, x], alpha[y, x] = (top - 1, 77, 3), rng.integers(1, top + 1)
    assert (bleed(pixels, alpha) == (top - 1, 77, 3)).all()


@pytest.mark.parametrize("shape", [(103, 41), (64, 64), (3, 500), (257, 2)])
def test_bands_of_rows_join(shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    pixels, alpha = holed(shape[1], shape[0], 3, np.uint8, 5)
    alpha[shape[0] // 3 :] = 0
    whole = bleed(pixels, alpha)
    monkeypatch.setattr(module, "_BAND_PIXELS", 1)
    assert np.array_equal(bleed(pixels, alpha), whole)


def test_colour_fades_without_steps() -> None:
    """Between a dark and a light pixel far apart, neighbours differ little: no blocks of the coarse levels show."""
    pixels, alpha = np.zeros((64, 192, 1), np.uint8), np.zeros((64, 192), np.uint8)
    alpha[:, :32] = alpha[:, -32:] = 255
    pixels[:, -32:] = 240
    spread = bleed(pixels, alpha)[:, :, 0].astype(int)
    steps = np.diff(spread, axis=1)
    assert (steps >= 0).all() and steps.max() <= 12
    assert np.abs(np.diff(spread, axis=0)).max() <= 1


def test_colour_comes_from_what_is_well_visible() -> None:
    """A veil of alpha 1 whose colour is garbage hardly tints what an opaque shape beside it spreads."""
    pixels, alpha = np.full((32, 32, 1), 200, np.uint8), np.zeros((32, 32), np.uint8)
    alpha[:, :15] = 255
    alpha[:, 15], pixels[:, 15] = 1, 0
    assert bleed(pixels, alpha)[:, 16:].min() >= 195


def test_bleeding_in_place_reaches_into_the_samples_it_is_given() -> None:
    pixels, alpha = holed(50, 30, 3, np.uint8, 9)
    samples = np.dstack((pixels, alpha))
    colours = samples[:, :, :3]
    assert bleed(colours, samples[:, :, 3], in_place=True) is colours
    assert np.array_equal(samples[:, :, :3], bleed(pixels, alpha)) and np.array_equal(samples[:, :, 3], alpha)


def test_nothing_to_do_costs_nothing() -> None:
    pixels = np.zeros((400, 400, 3), np.uint8)
    for level in (255, 1, 0):
        alpha = np.full((400, 400), level, np.uint8)
        tracemalloc.start()
        assert bleed(pixels, alpha) is pixels
        assert tracemalloc.get_traced_memory()[1] < 10_000
        tracemalloc.stop()


@pytest.mark.parametrize(("channels", "dtype"), [(1, np.uint8), (3, np.uint8), (3, np.uint16)])
def test_bleeding_takes_less_memory_than_the_picture(
    channels: int, dtype: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Bands as small beside this picture as the real ones are beside a large one.
    monkeypatch.setattr(module, "_BAND_PIXELS", 1 << 14)
    pixels, alpha = np.full((1500, 1401, channels), 77, dtype), np.zeros((1500, 1401), dtype)
    alpha[300:600, 200:900] = 200
    tracemalloc.start()
    bleed(pixels, alpha, in_place=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < pixels.nbytes + alpha.nbytes
    assert (pixels == 77).all()


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_flat_alpha_is_settled_to_its_own_level_and_the_rest_left(
    width: int, height: int, scale: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    levels = rng.choice(np.array([0, 0, 0, 0.5, 1], np.float32), (-(-height // 4), -(-width // 4)))
    alpha = levels.repeat(4, axis=0).repeat(4, axis=1)[:height, :width]
    around = np.pad(alpha, 1, "edge")
    answer = rng.random((height * scale, width * scale), np.float32)
    settled = settle(answer, around)
    assert settled.dtype == np.float32 and settled.shape == answer.shape
    for y in range(height):
        for x in range(width):
            block = slice(y * scale, (y + 1) * scale), slice(x * scale, (x + 1) * scale)
            if (around[y : y + 3, x : x + 3] == alpha[y, x]).all():
                assert (settled[block] == alpha[y, x]).all()
            else:
                assert np.array_equal(settled[block], answer[block])


def test_settled_parts_join_to_the_settled_whole() -> None:
    rng = np.random.default_rng(3)
    around = (rng.random((22, 32)) < 0.03).astype(np.float32)
    answer = rng.random((40, 60), np.float32)
    parts = [
        [settle(answer[2 * y : 2 * y + 10, 2 * x : 2 * x + 12], around[y : y + 7, x : x + 8]) for x in range(0, 30, 6)]
        for y in range(0, 20, 5)
    ]
    assert np.array_equal(np.block(parts), settle(answer, around))
