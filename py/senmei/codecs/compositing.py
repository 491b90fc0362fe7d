"""The frames of an animation, drawn one upon the other on a canvas as its file asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

import numpy as np

from ..errors import TooLarge
from ..geometry import Region, Size
from ..picture import Pixels


class Disposal(Enum):
    """What becomes of a frame's rectangle before the next frame is drawn: it stays, is cleared, or is again what it was
    before the frame."""

    NONE = 0
    BACKGROUND = 1
    PREVIOUS = 2


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a frame is drawn and how. is_over: its transparent pixels show what is below; else they replace it.

    has_alpha: whether it has transparent pixels at all. A first frame with Disposal.PREVIOUS leaves an empty canvas.
    """

    region: Region
    is_over: bool
    disposal: Disposal
    has_alpha: bool


Over = Callable[[Pixels, Pixels, Pixels, Pixels], tuple[Pixels, Pixels]]
"""The colours (n, C) and alpha (n,) of pixels laid over others: (colours, alpha, colours below, alpha below)."""


@contextmanager
def room_for_frames(format_name: str, size: Size) -> Iterator[None]:
    """Where memory ends, raises TooLarge with a sentence."""
    try:
        yield
    except MemoryError as error:
        raise TooLarge(f"A frame of this {format_name} animation of {size} pixels does not fit in memory.") from error


def can_be_transparent(size: Size, placements: Iterable[Placement]) -> bool:
    """Whether any of the canvases that these frames make can have a pixel that is not opaque."""
    whole = Region(0, 0, size.width, size.height)
    clear: Region | None = whole
    for placement in placements:
        if clear is not None and (placement.has_alpha or not _covers(placement.region, clear)):
            return True
        if placement.has_alpha and not placement.is_over:
            return True
        if placement.disposal is Disposal.NONE:
            clear = None
        elif placement.disposal is Disposal.BACKGROUND and clear != whole:
            clear = placement.region
    return False


class Compositor:
    """The canvas of an animation, transparent black at first.

    over: how soft alpha is computed; by default exactly.
    """

    def __init__(self, size: Size, *, channels: int, has_alpha: bool, depth: int, over: Over | None = None) -> None:
        dtype = np.uint16 if depth == 16 else np.uint8
        self._over = over or exactly_over
        self._whole = Region(0, 0, size.width, size.height)
        self._pixels: Pixels = np.zeros((size.height, size.width, channels), dtype)
        self._alpha: Pixels | None = np.zeros((size.height, size.width), dtype) if has_alpha else None
        # Of what is known to be empty, the largest rectangle.
        self._clear: Region | None = self._whole

    def drawn(self, placement: Placement, pixels: Pixels, alpha: Pixels | None) -> tuple[Pixels, Pixels | None]:
        """The canvas with a frame on it: (H, W, C) and (H, W) or None. These arrays are not changed by later frames.

        pixels: (h, w, C), alpha: (h, w) or None where all of it is opaque; of the canvas's dtype. Opaque pixels are
        taken as they are, and all pixels where the canvas is empty, colours under full transparency included.
        """
        region = placement.region
        canvas, opacity = self._pixels.copy(), None if self._alpha is None else self._alpha.copy()
        if alpha is None or not placement.is_over or (self._clear is not None and _covers(self._clear, region)):
            _put(canvas, opacity, region, pixels, alpha)
        else:
            self._blend(canvas, opacity, region, pixels, alpha)
            if (empty := _common(self._clear, region)) is not None:
                part = empty.shifted(-region.x, -region.y).slices
                _put(canvas, opacity, empty, pixels[part], alpha[part])
        self._dispose(placement, canvas, opacity)
        return canvas, opacity

    def _blend(self, canvas: Pixels, opacity: Pixels | None, region: Region, pixels: Pixels, alpha: Pixels) -> None:
        full = np.iinfo(alpha.dtype).max
        below, opaque = canvas[region.slices], alpha == full
        np.copyto(below, pixels, where=opaque[:, :, np.newaxis])
        soft = (alpha > 0) & ~opaque
        if opacity is None:
            if soft.any():
                solid = np.full(np.count_nonzero(soft), full, alpha.dtype)
                below[soft] = self._over(pixels[soft], alpha[soft], below[soft], solid)[0]
            return
        opacity_below = opacity[region.slices]
        opacity_below[opaque] = full
        if soft.any():
            below[soft], opacity_below[soft] = self._over(pixels[soft], alpha[soft], below[soft], opacity_below[soft])

    def _dispose(self, placement: Placement, canvas: Pixels, opacity: Pixels | None) -> None:
        if placement.disposal is Disposal.PREVIOUS:
            return
        if placement.disposal is Disposal.BACKGROUND:
            if self._clear == self._whole:
                return
            canvas, self._clear = canvas.copy(), placement.region
            canvas[placement.region.slices] = 0
            if opacity is not None:
                opacity = opacity.copy()
                opacity[placement.region.slices] = 0
        else:
            self._clear = None
        self._pixels, self._alpha = canvas, opacity


def exactly_over(pixels: Pixels, alpha: Pixels, below: Pixels, alpha_below: Pixels) -> tuple[Pixels, Pixels]:
    """Porter and Duff's “over” of colours that are not multiplied by alpha, rounded once, half up; alpha above 0.

    Porter, Duff: Compositing Digital Images (1984). Shapes as in Over, uint8 or uint16.
    """
    full = int(np.iinfo(alpha.dtype).max)
    above = alpha.astype(np.uint64)
    weight = above * full
    weight_below = (full - above) * alpha_below
    total = weight + weight_below
    mixed = pixels * weight[:, np.newaxis] + below * weight_below[:, np.newaxis]
    colours = (2 * mixed + total[:, np.newaxis]) // (2 * total[:, np.newaxis])
    return colours.astype(pixels.dtype), ((2 * total + full) // (2 * full)).astype(alpha.dtype)


def _put(canvas: Pixels, opacity: Pixels | None, region: Region, pixels: Pixels, alpha: Pixels | None) -> None:
    canvas[region.slices] = pixels
    if opacity is not None:
        opacity[region.slices] = np.iinfo(opacity.dtype).max if alpha is None else alpha


def _covers(outer: Region, inner: Region) -> bool:
    return _common(outer, inner) == inner


def _common(one: Region | None, other: Region) -> Region | None:
    """What both have, or None."""
    if one is None:
        return None
    left, top = max(one.x, other.x), max(one.y, other.y)
    width, height = min(one.right, other.right) - left, min(one.bottom, other.bottom) - top
    return Region(left, top, width, height) if width > 0 and height > 0 else None
