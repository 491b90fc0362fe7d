"""The frames of an animation, drawn one upon the other as the standards say it, pixel by pixel and in fractions: slow,
and for tests only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[Any]
Pixel = tuple[int, ...]
"""Its colours, then its alpha."""

KEEP, CLEAR, RESTORE = "none", "background", "previous"


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """samples: (h, w, C + 1), alpha last. x, y: where on the canvas. disposal: KEEP, CLEAR or RESTORE."""

    samples: Samples
    x: int = 0
    y: int = 0
    over: bool = False
    disposal: str = KEEP


def exact_over(above: Pixel, below: Pixel, full: int) -> Pixel:
    """“Over”, rounded once and half up."""
    if above[-1] == 0:
        return below
    weight, weight_below = Fraction(above[-1]), Fraction(below[-1]) * (full - above[-1]) / full
    alpha = weight + weight_below
    mixed = [(a * weight + b * weight_below) / alpha for a, b in zip(above[:-1], below[:-1], strict=True)]
    return tuple(int(value + Fraction(1, 2)) for value in (*mixed, alpha))


def composed(
    width: int, height: int, frames: Iterable[Drawn], over: Callable[[Pixel, Pixel, int], Pixel] = exact_over
) -> list[Samples]:
    """The canvas (H, W, C + 1) at each frame. What is drawn on a canvas that was never drawn on, or has been cleared
    there by the frame before, is what it is."""
    canvas: Samples | None = None
    untouched = np.ones((height, width), bool)
    canvases = []
    for frame in frames:
        h, w, count = frame.samples.shape
        full = int(np.iinfo(frame.samples.dtype).max)
        if canvas is None:
            canvas = np.zeros((height, width, count), frame.samples.dtype)
        before, untouched_before = canvas.copy(), untouched.copy()
        for row in range(h):
            for column in range(w):
                place = frame.y + row, frame.x + column
                above = tuple(int(value) for value in frame.samples[row, column])
                below = tuple(int(value) for value in canvas[place])
                plain = not frame.over or above[-1] == full or bool(untouched[place])
                canvas[place] = above if plain else over(above, below, full)
        canvases.append(canvas.copy())
        is_first, area = len(canvases) == 1, (slice(frame.y, frame.y + h), slice(frame.x, frame.x + w))
        if frame.disposal == RESTORE and not is_first:
            canvas, untouched = before, untouched_before
        elif frame.disposal == KEEP:
            untouched[...] = False
        else:
            canvas[area] = 0
            all_untouched = bool(untouched.all())
            untouched[...] = all_untouched
            untouched[area] = True
            if is_first and frame.disposal == RESTORE:
                untouched[...] = True
    return canvases


def visible(samples: Samples) -> Samples:
    """With the colours of transparent pixels, which mean nothing, black."""
    return np.where(samples[:, :, -1:] == 0, np.zeros_like(samples), samples)
