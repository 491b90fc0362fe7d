"""Pictures as one number a pixel, which is quick to compare and to count."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...picture import Picture
from ...pixels import to_depth

Packed = NDArray[np.uint32]
"""Red · 65,536 + green · 256 + blue, or CLEAR."""

CLEAR = 1 << 24
"""A pixel that is not there; no colour has this number."""

_HALF = 128


def packed_picture(picture: Picture) -> tuple[Packed, bool]:
    """(H, W) of a picture of 8 or 16 bits: what is less than half opaque is CLEAR, the rest whole. Also whether any
    pixel was neither."""
    pixels = to_depth(picture.pixels, 8)
    if pixels.shape[2] == 1:
        packed = pixels[:, :, 0] * np.uint32(0x010101)
    else:
        packed = pixels[:, :, 0].astype(np.uint32)
        for channel in (1, 2):
            packed <<= np.uint32(8)
            packed |= pixels[:, :, channel]
    if picture.alpha is None:
        return packed, False
    alpha = to_depth(picture.alpha, 8)
    packed[alpha < _HALF] = CLEAR
    return packed, bool(((alpha > 0) & (alpha < 255)).any())


def unpacked(colours: Packed) -> NDArray[np.uint8]:
    """Colours of any shape → the same shape and a last axis of red, green and blue; CLEAR becomes black."""
    flat = np.ascontiguousarray(colours, "<u4").view(np.uint8).reshape(*colours.shape, 4)
    return flat[..., 2::-1]


def packed_colours(colours: NDArray[np.uint8]) -> Packed:
    """What `unpacked` took apart."""
    wide = colours.astype(np.uint32)
    return (wide[..., 0] << np.uint32(16)) | (wide[..., 1] << np.uint32(8)) | wide[..., 2]
