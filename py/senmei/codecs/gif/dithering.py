"""Colours → those of a palette, pixel by pixel, so that a colour at a place always becomes the same.

A colour between two of the palette is a mixture of both: in ordered dithering a pixel takes the second where the
mixture has more of it than the place's threshold. The two are sought as T. Knoll does (pattern dithering, US patent
6,606,166, expired), for the least error of the mixture and as little contrast as that allows; so the noise is as strong
as the palette's own steps are.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .packed import Packed, unpacked
from .palette import SCALE, Floats, nearest

Dither = Literal["none", "ordered", "diffused"]

_NEIGHBOURS = 8
_CONTRAST_COST = 0.4
"""Of a mixture's own contrast beside the error of its mean: weighed so that the eye gains more than the pixels lose."""

_STRENGTH = 0.4
"""A mixture of less than three tenths is left as the one colour: the file stays small and flat parts stay flat."""

_CHUNK = 1 << 15


def _bayer(doublings: int) -> Floats:
    """Thresholds (n, n), n = 2 ** doublings, spread evenly between 0 and 1 (B. Bayer, 1973)."""
    order = np.zeros((1, 1))
    for _ in range(doublings):
        order = np.block([[4 * order, 4 * order + 2], [4 * order + 3, 4 * order + 1]])
    return ((order + 0.5) / order.size).astype(np.float32)


_THRESHOLDS = 0.5 + _STRENGTH * (_bayer(3) - np.float32(0.5))


class ColourMap:
    """Finds the colours of one palette. What it has found it remembers.

    palette: (n,) different colours, 1 ≤ n ≤ 256. It holds 6 or, for narrow palettes, 7 bits of each level of the
    colours known so far: 0.8 or 6.3 MB.
    """

    def __init__(self, palette: Packed, dither: Dither) -> None:
        self.palette = palette
        self._colours: Floats = unpacked(palette) * SCALE
        self._is_ordered = dither == "ordered"
        between = ((self._colours[:, np.newaxis] - self._colours) ** 2).sum(axis=2)
        order = between.argsort(axis=1)[:, 1 : 1 + _NEIGHBOURS]
        self._partners = order if len(palette) > 1 else np.zeros((1, 1), np.intp)
        steps = np.sqrt(np.take_along_axis(between, self._partners[:, :1], axis=1))
        self._bits = 7 if np.median(steps) < 8 else 6
        cells = 1 << 3 * self._bits
        self._known = np.zeros(cells, np.bool_)
        self._first = np.zeros(cells, np.uint8)
        self._second = np.zeros(cells, np.uint8)

    def shown(self, colours: Packed, places: NDArray[Any], width: int) -> Packed:
        """The palette's colours in place of (n,) colours. places: (n,), row · width + column of each."""
        cells = self._cells(colours)
        self._learn(cells)
        made = np.empty(len(colours), np.uint32)
        for start in range(0, len(colours), _CHUNK):
            part = slice(start, start + _CHUNK)
            made[part] = self._mapped(colours[part], cells[part], *np.divmod(places[part], width))
        return made

    def _mapped(
        self, colours: Packed, cells: NDArray[np.int32], rows: NDArray[Any], columns: NDArray[Any]
    ) -> NDArray[Any]:
        first, second = self._first.take(cells), self._second.take(cells)
        base = self._colours.take(first, axis=0)
        step = self._colours.take(second, axis=0) - base
        wanted = unpacked(colours) * SCALE - base
        share = np.einsum("nc,nc->n", wanted, step)
        size = np.einsum("nc,nc->n", step, step)
        if self._is_ordered:
            side = len(_THRESHOLDS)
            size *= _THRESHOLDS.ravel().take(rows % side * side + columns % side)
        else:
            size *= np.float32(0.5)
        return self.palette.take(np.where(share > size, second, first))

    def _cells(self, colours: Packed) -> NDArray[np.int32]:
        bits = self._bits
        last = (1 << bits) - 1
        cells = (colours >> np.uint32(8 - bits)) & np.uint32(last)
        cells |= (colours >> np.uint32(16 - 2 * bits)) & np.uint32(last << bits)
        cells |= (colours >> np.uint32(24 - 3 * bits)) & np.uint32(last << 2 * bits)
        # Where pointers have 32 bits, unsigned indices of as many are refused.
        return cells.view(np.int32)

    def _learn(self, cells: NDArray[np.int32]) -> None:
        is_new = np.zeros(len(self._known), np.bool_)
        is_new[cells] = True
        is_new &= ~self._known
        new = np.flatnonzero(is_new)
        if not new.size:
            return
        self._known |= is_new
        bits = self._bits
        levels = np.stack([new >> place * bits & (1 << bits) - 1 for place in (2, 1, 0)], axis=1)
        points = levels.astype(np.float32) * (256 >> bits) + np.float32((256 >> bits) / 2 - 0.5)
        points *= SCALE
        first = nearest(points, self._colours)
        self._first[new] = first
        self._second[new] = self._best_partner(points, first)

    def _best_partner(self, points: Floats, first: NDArray[np.intp]) -> NDArray[np.intp]:
        best = np.empty(len(points), np.intp)
        for start in range(0, len(points), _CHUNK >> 3):
            part = slice(start, start + (_CHUNK >> 3))
            partners = self._partners[first[part]]
            base = self._colours[first[part]]
            step = self._colours[partners] - base[:, np.newaxis]
            wanted = points[part] - base
            size = np.einsum("nkc,nkc->nk", step, step).clip(1)
            share = (np.einsum("nc,nkc->nk", wanted, step) / size).clip(0, 1)
            # |wanted − share · step|², without |wanted|², which all have.
            error = share * share * size - 2 * share * np.einsum("nc,nkc->nk", wanted, step)
            if self._is_ordered:
                error += np.float32(_CONTRAST_COST) * share * (1 - share) * size
            else:
                error = size - 2 * np.einsum("nc,nkc->nk", wanted, step)
            chosen = error.argmin(axis=1)
            best[part] = np.take_along_axis(partners, chosen[:, np.newaxis], axis=1)[:, 0]
        return best


def diffused(colours: Packed, palette: Packed) -> Packed:
    """(H, W) colours by Floyd and Steinberg's diffusion, in Pillow's C code."""
    places = np.resize(palette, 256)
    lookup = Image.new("P", (1, 1))
    lookup.putpalette(unpacked(places).tobytes())
    indices = Image.fromarray(unpacked(colours).copy()).quantize(palette=lookup, dither=Image.Dither.FLOYDSTEINBERG)
    shown: Packed = places[np.asarray(indices)]
    return shown
