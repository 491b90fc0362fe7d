"""Keeping transparent edges clean.

Below fully transparent pixels a file may hold any colour, often black. A network looks across the edge and would draw a
dark fringe, so the visible colours are first spread under the transparent part. Alpha itself is enlarged apart from
colour, by whatever keeps its edges best.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .picture import Pixels

_Floats = NDArray[np.float32]

# Bands of rows are turned into floats, never the whole picture: a few megabytes of them at a time.
_BAND_PIXELS = 1 << 18


def bleed(pixels: Pixels, alpha: Pixels, *, in_place: bool = False) -> Pixels:
    """Spreads the colours of visible pixels smoothly under the fully transparent ones.

    pixels: (H, W, 1 or 3) uint8 or uint16; alpha: (H, W) of the same dtype. Returns the same shape and dtype; where
    alpha > 0 nothing changes, and `pixels` itself is returned when no pixel is transparent or none is visible.
    in_place: writes into `pixels` and returns it; a copy otherwise.
    Pull-push interpolation: Gortler et al., The Lumigraph (1996), section 3.4, with alpha as the weight: colour that is
    hardly visible is hardly accurate. Time grows linearly with H × W; besides the result it takes less memory than the
    picture itself.
    """
    if alpha.min() > 0 or alpha.max() == 0:
        return pixels
    result = pixels if in_place else pixels.copy()
    behind = _pull_push(_quartered(pixels, alpha))
    for top, bottom in _bands(alpha.shape):
        hidden = alpha[top:bottom] == 0
        if hidden.any():
            spread = np.rint(_pushed_rows(pixels, alpha, behind, top, bottom))
            for channel, plane in enumerate(spread):
                np.copyto(result[top:bottom, :, channel], plane, where=hidden, casting="unsafe")
    return result


def settle(answer: _Floats, around: _Floats) -> _Floats:
    """Makes flat alpha exactly flat again after a network or filter has enlarged it.

    A network answers full opacity with nearly full opacity, and faint rings run along edges. Wherever a pixel and its
    eight neighbours had one alpha, all that it was enlarged to takes this very alpha; edges stay as they are.
    answer: (h · scale, w · scale) float32; around: (h + 2, w + 2) float32, the alpha it was made from, with one pixel
    more on each side. Returns an array like `answer`. Depends on nothing further away, so tiles join without seams.
    """
    level = around[1:-1, 1:-1]
    flat = np.ones(level.shape, bool)
    height, width = level.shape
    for y in range(3):
        for x in range(3):
            flat &= around[y : y + height, x : x + width] == level
    scale = answer.shape[0] // height
    blocks = answer.reshape(height, scale, width, scale)
    settled = np.where(flat[:, np.newaxis, :, np.newaxis], level[:, np.newaxis, :, np.newaxis], blocks)
    return settled.reshape(answer.shape)


def _bands(shape: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """Rows from and up to, in multiples of 4 except at the end."""
    height, width = shape
    rows = 4 * max(1, _BAND_PIXELS // (4 * width))
    for top in range(0, height, rows):
        yield top, min(top + rows, height)


def _weighted(pixels: Pixels, alpha: Pixels) -> _Floats:
    """(H, W, C) → (C + 1, H, W): the colours, multiplied by their weight of 0 to 1, which comes last."""
    planes = np.empty((pixels.shape[2] + 1, *alpha.shape), np.float32)
    weight = np.divide(alpha, np.float32(np.iinfo(alpha.dtype).max), out=planes[-1])
    for channel, plane in enumerate(planes[:-1]):
        np.multiply(pixels[:, :, channel], weight, out=plane)
    return planes


def _quartered(pixels: Pixels, alpha: Pixels) -> _Floats:
    """The pull phase's level of a quarter of the sides, rounded up: (C + 1, H / 4, W / 4)."""
    height, width = alpha.shape
    quarter = np.empty((pixels.shape[2] + 1, -(-height // 4), -(-width // 4)), np.float32)
    for top, bottom in _bands(alpha.shape):
        half = _halved(_weighted(pixels[top:bottom], alpha[top:bottom]))
        quarter[:, top // 4 : -(-bottom // 4)] = _halved(half)
    return quarter


def _halved(planes: _Floats) -> _Floats:
    """Sums of 2 × 2 blocks, where an odd last row or column counts alone, with weights brought down to at most 1."""
    _, height, width = planes.shape
    rows = planes[:, ::2].copy()
    rows[:, : height // 2] += planes[:, 1::2]
    sums = rows[:, :, ::2].copy()
    sums[:, :, : width // 2] += rows[:, :, 1::2]
    sums /= np.maximum(sums[-1], 1)
    return sums


def _pull_push(level: _Floats) -> _Floats:
    """(C + 1, H, W) as from `_weighted`, some weight above 0 → (C, H, W), the gaps filled from ever coarser means."""
    _, height, width = level.shape
    if height == width == 1:
        return level[:-1] / level[-1:]
    return _over(level, _doubled(_pull_push(_halved(level)), height, width))


def _over(level: _Floats, behind: _Floats) -> _Floats:
    """Lays a level as from `_weighted` over the colours behind it, which are overwritten."""
    behind *= 1 - level[-1]
    behind += level[:-1]
    return behind


def _doubled(planes: _Floats, height: int, width: int) -> _Floats:
    """Bilinear interpolation to twice the sides, cut to height × width; border pixels are repeated."""
    columns = np.empty((*planes.shape[:2], 2 * planes.shape[2]), np.float32)
    _double(planes, columns)
    rows = np.empty((planes.shape[0], 2 * planes.shape[1], width), np.float32)
    _double(columns[:, :, :width].swapaxes(1, 2), rows.swapaxes(1, 2))
    return rows[:, :height]


def _double(values: _Floats, doubled: _Floats) -> None:
    """Writes the last axis of `values`, interpolated to twice its length, into `doubled`."""
    np.multiply(values, np.float32(0.75), out=doubled[:, :, ::2])
    doubled[:, :, 1::2] = doubled[:, :, ::2]
    quarter = values * np.float32(0.25)
    doubled[:, :, 2::2] += quarter[:, :, :-1]
    doubled[:, :, 1:-1:2] += quarter[:, :, 1:]
    doubled[:, :, 0] += quarter[:, :, 0]
    doubled[:, :, -1] += quarter[:, :, -1]


def _pushed_rows(pixels: Pixels, alpha: Pixels, behind: _Floats, top: int, bottom: int) -> _Floats:
    """(C, bottom - top, W): rows of the colours that `behind`, a quarter of the sides, shows through hidden pixels."""
    # Interpolation looks one coarse row further; the half level is cheaper to make again than to keep.
    first, last = max(0, top - 4), min(alpha.shape[0], bottom + 4)
    half = _halved(_weighted(pixels[first:last], alpha[first:last]))
    filled = _over(half, _doubled(behind[:, first // 4 : -(-last // 4)], *half.shape[1:]))
    return _doubled(filled, last - first, alpha.shape[1])[:, top - first : bottom - first]
