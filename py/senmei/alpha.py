"""Keeping transparent edges clean.

Below fully transparent pixels a file may hold any colour, often black. A network looks across the edge and would draw a
dark fringe, so the visible colours are first spread under the transparent part. Alpha itself is enlarged apart from
colour.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .geometry import Size
from .picture import Pixels
from .pixels import resize


def bleed(pixels: Pixels, alpha: Pixels) -> Pixels:
    """Spreads the colours of visible pixels smoothly under the fully transparent ones.

    pixels: (H, W, C) uint8 or uint16; alpha: (H, W). Returns the same shape and dtype; where alpha > 0 nothing changes,
    and a picture with no transparent or no visible pixel is returned as it is.
    Pull-push interpolation: Gortler et al., The Lumigraph (1996), section 3.4. Time and memory grow linearly with H ×
    W.
    """
    visible = alpha > 0
    if visible.all() or not visible.any():
        return pixels
    filled = _pull_push(pixels.astype(np.float32) * visible[..., None], visible.astype(np.float32)[..., None])
    spread = np.rint(filled).clip(0, np.iinfo(pixels.dtype).max).astype(pixels.dtype)
    return np.where(visible[..., None], pixels, spread)


def enlarge_alpha(alpha: Pixels, size: Size) -> Pixels:
    """(H, W) uint8 → (height, width) uint8. Bicubic: soft edges stay soft, and it has no positive outer lobe to draw a
    halo."""
    if alpha.min() == alpha.max():
        return np.full((size.height, size.width), alpha[0, 0], alpha.dtype)
    return resize(alpha, size, Image.Resampling.BICUBIC)


def _pull_push(weighted: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[Any]:
    """Fills an (H, W, C) array, given as colour × weight with weights 0..1 of shape (H, W, 1), from ever coarser
    means."""
    if weight.all():
        return weighted / weight
    coarse_weighted, coarse_weight = _halve(weighted), _halve(weight)
    saturated = np.minimum(coarse_weight, 1)
    scale = np.divide(saturated, coarse_weight, out=np.zeros_like(coarse_weight), where=coarse_weight > 0)
    coarse = _pull_push(coarse_weighted * scale, saturated)
    height, width = weight.shape[:2]
    behind = coarse.repeat(2, axis=0)[:height].repeat(2, axis=1)[:, :width]
    return weighted + behind * (1 - weight)


def _halve(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sums of 2 × 2 blocks, the odd last row or column counted alone."""
    rows = np.add.reduceat(values, np.arange(0, values.shape[0], 2), axis=0)
    return np.add.reduceat(rows, np.arange(0, values.shape[1], 2), axis=1)
