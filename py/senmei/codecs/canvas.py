"""The picture to be: upright arrays, and the same memory seen the way the file stores it."""

from __future__ import annotations

import numpy as np

from ..geometry import Size
from ..picture import Pixels


class Canvas:
    """What a reader fills.

    stored_pixels (h, w, C) and stored_alpha (h, w) or None are in the file's order; pixels (H, W, C) and alpha (H, W)
    are upright and contiguous. All of it is 0 before it is filled: black, and transparent where there is alpha.
    """

    def __init__(self, stored: Size, *, channels: int, has_alpha: bool, depth: int, orientation: int) -> None:
        dtype = np.uint16 if depth == 16 else np.uint8
        upright = upright_size(stored, orientation)
        self.pixels: Pixels = np.zeros((upright.height, upright.width, channels), dtype)
        self.alpha: Pixels | None = np.zeros((upright.height, upright.width), dtype) if has_alpha else None
        self.stored_pixels = _as_stored(self.pixels, orientation)
        self.stored_alpha = None if self.alpha is None else _as_stored(self.alpha, orientation)


def upright_size(stored: Size, orientation: int) -> Size:
    return Size(stored.height, stored.width) if orientation >= 5 else stored


def _as_stored(upright: Pixels, orientation: int) -> Pixels:
    """The inverse of what the EXIF orientation asks for (Exif 3.0, 4.6.5, Orientation), as a view."""
    turned = upright.swapaxes(0, 1) if orientation >= 5 else upright
    rows = -1 if orientation in (3, 4, 6, 7) else 1
    columns = -1 if orientation in (2, 3, 7, 8) else 1
    return turned[::rows, ::columns]
