"""Palettes and the ways to use them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from animation_drawings import photo, sky, walk
from drawings import drawing
from senmei.codecs.gif.dithering import ColourMap, diffused
from senmei.codecs.gif.packed import CLEAR, packed_colours, packed_picture, unpacked
from senmei.codecs.gif.palette import SCALE, histogram, make_palette
from senmei.picture import Picture


def packed(pixels: NDArray[np.uint8]) -> NDArray[np.uint32]:
    return packed_colours(pixels).ravel()


def mean_error(colours: NDArray[np.uint32], shown: NDArray[np.uint32]) -> float:
    """As the palette weighs it."""
    return float((((unpacked(colours).astype(float) - unpacked(shown)) * SCALE) ** 2).mean())


def mapped(pixels: NDArray[np.uint8], palette: NDArray[np.uint32], dither: Any = "none") -> NDArray[np.uint32]:
    places = np.arange(pixels.shape[0] * pixels.shape[1])
    return ColourMap(palette, dither).shown(packed(pixels), places, pixels.shape[1])


def test_packing_keeps_colours_and_halves_alpha() -> None:
    pixels = drawing(7, 5)
    alpha = np.tile(np.array([0, 1, 127, 128, 200, 254, 255], np.uint8), (5, 1))
    made, is_soft = packed_picture(Picture(pixels, alpha))
    assert is_soft
    assert ((made == CLEAR) == (alpha < 128)).all()
    np.testing.assert_array_equal(unpacked(made)[alpha >= 128], pixels[alpha >= 128])
    assert not packed_picture(Picture(pixels, np.where(alpha < 128, 0, 255).astype(np.uint8)))[1]


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(2, 40), st.integers(0, 5))
def test_palettes_have_at_most_the_colours_asked_for(seed: int, colours: int, most: int, fixed: int) -> None:
    rng = np.random.default_rng(seed)
    known = packed(rng.integers(0, 256, (colours, 3)).astype(np.uint8))
    kept = np.unique(packed(rng.integers(0, 256, (min(fixed, most), 3)).astype(np.uint8)))
    palette = make_palette(histogram([rng.choice(known, 300)]), most, fixed=kept)
    assert len(palette) <= most
    assert (np.diff(palette.astype(int)) > 0).all()
    assert np.isin(kept, palette).all()


def test_few_colours_are_all_kept() -> None:
    colours = np.unique(packed(np.random.default_rng(1).integers(0, 256, (255, 3)).astype(np.uint8)))
    parts = [np.repeat(colours[:100], 3), colours[50:], colours[:0]]
    np.testing.assert_array_equal(make_palette(histogram(parts), 255), colours)


@pytest.mark.parametrize("most", [8, 64, 255])
@pytest.mark.parametrize("make", [walk, sky, photo])
def test_palettes_are_closer_than_those_of_pillow(make: Any, most: int) -> None:
    pixels = next(make(120, 80, 1)).pixels
    palette = make_palette(histogram([packed(pixels)]), most)
    ours = mean_error(packed(pixels), mapped(pixels, palette))
    for method in (Image.Quantize.MEDIANCUT, Image.Quantize.MAXCOVERAGE, Image.Quantize.FASTOCTREE):
        theirs = Image.fromarray(pixels).quantize(most, method, kmeans=1, dither=Image.Dither.NONE)
        assert ours < 1.02 * mean_error(packed(pixels), packed(np.asarray(theirs.convert("RGB"))))


def test_pictures_count_the_same_whatever_their_size() -> None:
    rng = np.random.default_rng(2)
    large = packed(rng.integers(0, 100, (90_000, 3)).astype(np.uint8))
    small = packed(rng.integers(150, 250, (900, 3)).astype(np.uint8))
    palette = unpacked(make_palette(histogram([large, small]), 64))
    assert 20 < (palette.min(axis=1) > 120).sum() < 44


def test_the_nearest_colour_is_found() -> None:
    pixels = next(walk(90, 60, 1)).pixels
    palette = make_palette(histogram([packed(pixels)]), 100)
    distances = (((unpacked(packed(pixels))[:, np.newaxis].astype(float) - unpacked(palette)) * SCALE) ** 2).sum(axis=2)
    best = distances.min(axis=1).mean() / 3
    assert mean_error(packed(pixels), mapped(pixels, palette)) <= 1.05 * best + 0.1


@pytest.mark.parametrize("dither", ["none", "ordered"])
def test_colours_of_the_palette_stay(dither: Any) -> None:
    colours = np.unique(packed(np.random.default_rng(3).integers(0, 256, (200, 3)).astype(np.uint8)))
    pixels = unpacked(np.resize(colours, 40 * 30)).reshape(30, 40, 3)
    np.testing.assert_array_equal(mapped(pixels, colours, dither), packed(pixels))


def test_close_colours_of_the_palette_stay() -> None:
    levels = np.arange(100, 140, dtype=np.uint8)
    pixels = np.repeat(levels[:, np.newaxis], 3, axis=1).reshape(5, 8, 3)
    colours = np.unique(packed(pixels))
    for dither in ("none", "ordered"):
        np.testing.assert_array_equal(mapped(pixels, colours, dither), packed(pixels))


def test_ordered_dithering_mixes_what_is_between() -> None:
    palette = packed(np.array([[100, 100, 100], [116, 116, 116]], np.uint8))
    between = np.full((32, 32, 3), 108, np.uint8)
    shown = unpacked(mapped(between, palette, "ordered"))
    assert abs(shown.mean() - 108) < 1
    assert len(np.unique(shown)) == 2
    near = np.full((32, 32, 3), 101, np.uint8)
    assert (mapped(near, palette, "ordered") == palette[0]).all()


@pytest.mark.parametrize("way", ["ordered", "diffused"])
def test_dithering_follows_a_gradient_better_on_the_whole(way: Any) -> None:
    pixels = np.repeat(np.linspace(60, 120, 256).round().astype(np.uint8)[np.newaxis, :, np.newaxis], 64, 0)
    pixels = np.repeat(pixels, 3, axis=2)
    palette = packed(np.array([[level] * 3 for level in (60, 80, 100, 120)], np.uint8))

    def unevenness(shown: NDArray[np.uint32]) -> float:
        blocks = unpacked(shown).reshape(8, 8, 32, 8, 3).mean(axis=(1, 3))
        return float(((blocks - pixels.reshape(8, 8, 32, 8, 3).mean(axis=(1, 3))) ** 2).mean())

    made = (
        diffused(packed(pixels).reshape(64, 256), palette).ravel()
        if way == "diffused"
        else mapped(pixels, palette, way)
    )
    assert unevenness(made) < 0.5 * unevenness(mapped(pixels, palette))


def test_a_place_and_a_colour_decide_alone() -> None:
    pixels = next(photo(60, 40, 1)).pixels
    palette = make_palette(histogram([packed(pixels)]), 50)
    whole = mapped(pixels, palette, "ordered")
    chosen = np.random.default_rng(0).permutation(60 * 40)[:500]
    part = ColourMap(palette, "ordered").shown(packed(pixels)[chosen], chosen, 60)
    np.testing.assert_array_equal(part, whole[chosen])


@pytest.mark.parametrize("count", [1, 2, 255, 256])
def test_diffusion_uses_only_the_palette(count: int) -> None:
    palette = np.unique(packed(np.random.default_rng(5).integers(0, 256, (count, 3)).astype(np.uint8)))
    assert np.isin(diffused(packed_colours(drawing(40, 30, noise=9)), palette), palette).all()
