"""CMYK → sRGB, through the picture's own profile where it has one, without a colour engine."""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np
from PIL import Image

from ...picture import Pixels
from .icc_tables import Floats, InkTable, Matrix, read_ink_table

BAND_PIXELS = 1 << 15
"""Converted at once: what is in flight for them stays in a processor's cache."""

_LIGHT_STEPS = 65535
_FRACTION = 1 << 16

_D50 = np.array([0.9642, 1.0, 0.8249])
_D65 = np.array([0.3127 / 0.3290, 1.0, (1 - 0.3127 - 0.3290) / 0.3290])
_SRGB_PRIMARIES = np.array([[0.64, 0.33, 0.03], [0.30, 0.60, 0.10], [0.15, 0.06, 0.79]]).T
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def cmyk_to_srgb(cmyk: Pixels, profile: bytes | None) -> tuple[Pixels, str | None]:
    """(H, W, 4) uint8, 0 = no ink → (H, W, 3) uint8 sRGB, and a note where that is a guess.

    With a profile: media-relative colorimetric, so that unprinted paper becomes white, without black point
    compensation; colours that sRGB does not have are clipped. Between its nodes the profile's table is interpolated
    linearly along cyan and in tetrahedra along the other inks (J. Kasson et al., "Performing color space conversions
    with three-dimensional linear interpolation", J. Electronic Imaging 4(3), 1995), as littlecms2 does. Without a
    profile that can be read: (1 - ink) * (1 - black), Pillow's formula, and the note says so. Never raises for a
    profile.
    """
    if profile is None:
        return _plain(
            cmyk
        ), "The CMYK picture has no usable colour profile; its colours are converted by a plain formula."
    converter = _converter(profile)
    if isinstance(converter, str):
        return _plain(
            cmyk
        ), f"The CMYK profile cannot be used: {converter}; the colours are converted by a plain formula."
    inks = cmyk.reshape(-1, 4)
    colours = np.empty((len(inks), 3), np.uint8)
    for start in range(0, len(inks), BAND_PIXELS):
        band = slice(start, start + BAND_PIXELS)
        converter.convert(inks[band], colours[band])
    return colours.reshape(*cmyk.shape[:2], 3), None


def _plain(cmyk: Pixels) -> Pixels:
    height, width = cmyk.shape[:2]
    colours = np.empty((height, width, 3), np.uint8)
    rows = max(1, BAND_PIXELS // width)
    for top in range(0, height, rows):
        band = np.ascontiguousarray(cmyk[top : top + rows])
        image = Image.frombuffer("CMYK", (width, len(band)), band, "raw", "CMYK", 0, 1)
        colours[top : top + rows] = np.asarray(image.convert("RGB"))
    return colours


# Pictures come in bands, each with the same profile.
@lru_cache(maxsize=1)
def _converter(profile: bytes) -> _Converter | str:
    """Or the reason why the profile cannot be used."""
    try:
        return _Converter(read_ink_table(profile))
    except ValueError as error:
        return str(error)


class _Converter:
    """A profile's table, laid out for 8-bit inks."""

    def __init__(self, table: InkTable) -> None:
        sides = np.array(table.nodes.shape[:4])
        strides = np.array([np.prod(sides[axis + 1 :]) for axis in range(4)])
        places = table.inks * (sides[:, np.newaxis] - 1)
        below = np.minimum(places.astype(np.int64), sides[:, np.newaxis] - 2)
        fractions = places - below
        self._below = (below * strides[:, np.newaxis]).astype(np.intp)
        self._cyan = fractions[0].astype(np.float32)
        # What is sorted carries its ink in its two lowest bits.
        self._keys = (np.rint(fractions * _FRACTION).astype(np.int32) << 2) | np.arange(4, dtype=np.int32)[
            :, np.newaxis
        ]
        self._strides = strides.astype(np.intp)
        self._last = strides[1:].sum()
        self._is_lab = table.is_lab
        to_light = _light_matrix()
        # Interpolation is linear: a linear step right behind it is as good done once, on the nodes.
        linear = _encoded_to_roots(table) if table.is_lab else Matrix(to_light @ np.diag(table.scale), np.zeros(3))
        self._to_light = (to_light @ np.diag(_D50)).T.astype(np.float32)
        self._stages = (*table.stages, linear) if table.stages else ()
        nodes = table.nodes.reshape(-1, 3)
        if not table.stages:
            nodes = _through(linear, nodes)
        # Each row holds a node and the next one along cyan, so that one access brings both.
        self._rows = np.zeros((len(nodes), 8), np.float32)
        self._rows[:, :3] = nodes
        self._rows[: -strides[0], 4:7] = nodes[strides[0] :]
        self._levels = _srgb_levels()

    def convert(self, inks: Pixels, colours: Pixels) -> None:
        """(N, 4) uint8 → (N, 3) uint8, written into `colours`."""
        values = self._interpolated(inks)
        for stage in self._stages:
            values = _through(stage, values)
        light = _light_of_roots(values) @ self._to_light if self._is_lab else values
        light *= _LIGHT_STEPS
        np.rint(light, out=light)
        np.clip(light, 0, _LIGHT_STEPS, out=light)
        colours[:] = self._levels.take(light.astype(np.intp))

    def _interpolated(self, inks: Pixels) -> Floats:
        """(N, 4) uint8 → (N, 3) float32, between the table's nodes."""
        cyan, magenta, yellow, black = (inks[:, ink].astype(np.intp) for ink in range(4))
        at = self._below[0].take(cyan)
        for ink, levels in ((1, magenta), (2, yellow), (3, black)):
            at += self._below[ink].take(levels)
        first, second, third = (self._keys[ink].take(levels) for ink, levels in ((1, magenta), (2, yellow), (3, black)))
        first, second = np.maximum(first, second), np.minimum(first, second)
        second, third = np.maximum(second, third), np.minimum(second, third)
        first, second = np.maximum(first, second), np.minimum(first, second)
        one = at + self._strides.take(first & 3)
        two = one + self._strides.take(second & 3)
        high, middle, low = ((key >> 2).astype(np.float32) / _FRACTION for key in (first, second, third))
        pairs = self._rows.take(at, axis=0)
        pairs *= (1 - high)[:, np.newaxis]
        for corner, weight in ((one, high - middle), (two, middle - low), (at + self._last, low)):
            corners = self._rows.take(corner, axis=0)
            corners *= weight[:, np.newaxis]
            pairs += corners
        lower, upper = pairs[:, :3], pairs[:, 4:7]
        return np.asarray(lower + (upper - lower) * self._cyan.take(cyan)[:, np.newaxis])


def _through(stage: Floats | Matrix, values: Floats) -> Floats:
    """(N, 3) float32 behind one stage of a table."""
    if isinstance(stage, Matrix):
        return np.asarray(values @ stage.scale.T.astype(np.float32) + stage.offset.astype(np.float32))
    places = np.rint(np.clip(values, 0, 1) * (stage.shape[1] - 1)).astype(np.intp)
    return np.stack([stage[channel].take(places[:, channel]) for channel in range(3)], axis=1)


def _encoded_to_roots(table: InkTable) -> Matrix:
    """From a table's 0..1 to the cube roots that L*a*b* is linear in: of X, Y and Z (CIE 15:2004, 8.2.1)."""
    roots = np.array([[1 / 116, 1 / 500, 0], [1 / 116, 0, 0], [1 / 116, 0, -1 / 200]])
    return Matrix(roots @ np.diag(table.scale), roots @ table.offset + 16 / 116)


def _light_of_roots(roots: Floats) -> Floats:
    """X, Y and Z, 1 for white, of their roots (CIE 15:2004, 8.2.1)."""
    limit = 6 / 29
    return np.where(roots > limit, roots * roots * roots, (roots - 4 / 29) * (3 * limit * limit))


@cache
def _light_matrix() -> Floats:
    """(3, 3) from XYZ relative to D50 to linear sRGB (IEC 61966-2-1), the white adapted after Bradford (ICC.1:2022,
    annex E)."""
    primaries = _SRGB_PRIMARIES * np.linalg.solve(_SRGB_PRIMARIES, _D65)
    adapt = np.linalg.inv(_BRADFORD) @ np.diag((_BRADFORD @ _D50) / (_BRADFORD @ _D65)) @ _BRADFORD
    return np.asarray(np.linalg.inv(adapt @ primaries))


@cache
def _srgb_levels() -> Pixels:
    """The 8-bit sRGB level of each amount of light in steps of 1 / 65535 (IEC 61966-2-1)."""
    light = np.arange(_LIGHT_STEPS + 1) / _LIGHT_STEPS
    level = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(level * 255).astype(np.uint8))
