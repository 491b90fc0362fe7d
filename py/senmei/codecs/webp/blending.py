"""Soft alpha as libwebp lays it over other pixels, and browsers that use it."""

from __future__ import annotations

import numpy as np

from ...picture import Pixels


def libwebp_over(pixels: Pixels, alpha: Pixels, below: Pixels, alpha_below: Pixels) -> tuple[Pixels, Pixels]:
    """BlendPixelNonPremult in libwebp's src/demux/anim_decode.c: fixed-point, rounded down twice.

    See compositing.Over; alpha above 0, uint8.
    """
    above = alpha.astype(np.uint32)
    weight_below = (alpha_below * (256 - above)) >> 8
    total = above + weight_below
    mixed = pixels * above[:, np.newaxis] + below * weight_below[:, np.newaxis]
    colours = (mixed * ((1 << 24) // total)[:, np.newaxis]) >> 24
    return colours.astype(np.uint8), total.astype(np.uint8)
