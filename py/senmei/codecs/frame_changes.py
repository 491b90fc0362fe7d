"""What each frame of an animation changes of the one before it, and for how long it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ..geometry import Region, Size
from ..picture import Picture, Pixels
from ..pixels import to_depth

_BAND_PIXELS = 1 << 18


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """The smallest rectangle that holds all changed pixels; one pixel of the corner where nothing changes.

    pixels (h, w, C) and alpha (h, w) or None: of the rectangle. kept (h, w): which of them are as before; None where
    there is nothing before. is_equal: whether nothing changes at all.
    """

    region: Region
    pixels: Pixels
    alpha: Pixels | None
    kept: NDArray[np.bool_] | None
    is_equal: bool

    def can_be_laid_over(self, kept: NDArray[np.bool_]) -> bool:
        """Whether the rectangle, with `kept` pixels made transparent, can be laid over what is there: all others are
        opaque."""
        return self.alpha is None or bool((kept | (self.alpha == np.iinfo(self.alpha.dtype).max)).all())


class FrameChanges:
    """Compares each picture with the one before it. Raises ValueError for pictures of another layout than announced.

    grid: of what the rectangles' left and top are multiples. depth: of the pictures; written_depth: of the changes.
    """

    def __init__(
        self, size: Size, *, channels: int, has_alpha: bool, depth: int, written_depth: int, grid: int = 1
    ) -> None:
        self._shape = (size.height, size.width, channels)
        self._has_alpha = has_alpha
        self._dtype = np.dtype(np.uint16 if depth == 16 else np.uint8)
        self._written_depth = written_depth
        self._grid = grid
        self._last: tuple[Pixels, Pixels | None] | None = None

    def next(self, picture: Picture) -> Change:
        """The arrays of the picture must not be changed later."""
        self._check(picture)
        pixels = to_depth(picture.pixels, self._written_depth)
        alpha = None if picture.alpha is None else to_depth(picture.alpha, self._written_depth)
        last, self._last = self._last, (pixels, alpha)
        if last is None:
            return Change(Region(0, 0, self._shape[1], self._shape[0]), pixels, alpha, None, False)
        changed = _changed(pixels, alpha, *last)
        region = _bounds(changed, self._grid)
        part = (region or Region(0, 0, 1, 1)).slices
        return Change(
            region or Region(0, 0, 1, 1),
            pixels[part],
            None if alpha is None else alpha[part],
            ~changed[part],
            region is None,
        )

    def _check(self, picture: Picture) -> None:
        if picture.pixels.shape != self._shape or picture.pixels.dtype != self._dtype:
            raise ValueError(
                f"the frames are {self._dtype} {self._shape}, not {picture.pixels.dtype} {picture.pixels.shape}"
            )
        if (picture.alpha is not None) != self._has_alpha:
            raise ValueError("frames have alpha if and only if it was announced")


class CarriedTimes:
    """Durations in whole milliseconds; what rounding takes from one is given to the next, so that sums stay right.

    longest: that the format holds. is_changed: whether any duration was another than asked for.
    """

    def __init__(self, *, longest: int) -> None:
        self.is_changed = False
        self._longest = longest
        self._carried = Fraction(0)

    def whole(self, duration_ms: float) -> int:
        """0 stays 0 and nothing else becomes it: players show that for a time of their own choice."""
        if duration_ms == 0:
            return 0
        wanted = Fraction(duration_ms) + self._carried
        whole = min(max(1, int(wanted + Fraction(1, 2))), self._longest)
        self._carried = wanted - whole
        self.is_changed |= whole != duration_ms
        return whole


def _changed(pixels: Pixels, alpha: Pixels | None, before: Pixels, alpha_before: Pixels | None) -> NDArray[np.bool_]:
    changed = np.empty(pixels.shape[:2], np.bool_)
    for rows in _bands(pixels.shape[0], pixels.shape[1]):
        np.any(pixels[rows] != before[rows], axis=2, out=changed[rows])
        if alpha is not None and alpha_before is not None:
            changed[rows] |= alpha[rows] != alpha_before[rows]
    return changed


def _bands(height: int, width: int) -> Iterator[slice]:
    step = max(1, _BAND_PIXELS // width)
    for top in range(0, height, step):
        yield slice(top, top + step)


def _bounds(changed: NDArray[np.bool_], grid: int) -> Region | None:
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    if not len(rows):
        return None
    left, top = int(columns[0]) // grid * grid, int(rows[0]) // grid * grid
    return Region(left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top)
