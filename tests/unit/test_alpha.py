import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from senmei.alpha import bleed, enlarge_alpha
from senmei.geometry import Size


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_bleeding_touches_only_what_is_invisible(width: int, height: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(60, 200, (height, width, 3), dtype=np.uint8)
    alpha = rng.choice(np.array([0, 0, 1, 255], np.uint8), (height, width))
    pixels[alpha == 0] = 0
    result = bleed(pixels, alpha)
    assert result.dtype == np.uint8 and result.shape == pixels.shape
    assert np.array_equal(result[alpha > 0], pixels[alpha > 0])
    if (alpha > 0).any():
        # Means of visible colours: nothing darker or brighter than they are.
        assert result.min() >= pixels[alpha > 0].min() and result.max() <= pixels[alpha > 0].max()


def test_one_visible_colour_fills_everything() -> None:
    pixels = np.zeros((37, 53, 3), np.uint16)
    alpha = np.zeros((37, 53), np.uint16)
    pixels[20, 11], alpha[20, 11] = (60000, 500, 3), 65535
    assert (bleed(pixels, alpha) == (60000, 500, 3)).all()


def test_nothing_to_do_costs_nothing() -> None:
    pixels = np.zeros((4, 4, 3), np.uint8)
    assert bleed(pixels, np.full((4, 4), 255, np.uint8)) is pixels
    assert bleed(pixels, np.zeros((4, 4), np.uint8)) is pixels


def test_flat_alpha_stays_flat() -> None:
    for level in (0, 7, 255):
        assert (enlarge_alpha(np.full((5, 3), level, np.uint8), Size(9, 20)) == level).all()


def test_a_soft_edge_stays_soft_and_throws_no_halo() -> None:
    ramp = np.array([0] * 8 + [50, 128, 210] + [255] * 8, np.uint8)
    enlarged = enlarge_alpha(np.tile(ramp, (9, 1)), Size(38, 18))
    assert enlarged.shape == (18, 38)
    assert (np.diff(enlarged.astype(int), axis=1) >= 0).all()
    assert (enlarged[:, :14] == 0).all() and (enlarged[:, -14:] == 255).all()
    assert len(np.unique(enlarged[0, 14:24])) >= 5
