"""Small operations on pixel arrays that several stages share."""

from __future__ import annotations

import numpy as np
from PIL import Image

from .geometry import Region, Size
from .picture import Pixels


def cut(pixels: Pixels, region: Region) -> Pixels:
    """A contiguous copy of `region` of an (H, W, C) array; beyond the border the nearest pixel is repeated."""
    height, width = pixels.shape[:2]
    if region.within(Size(width, height)):
        return pixels[region.slices].copy()
    rows = np.arange(region.y, region.bottom).clip(0, height - 1)
    columns = np.arange(region.x, region.right).clip(0, width - 1)
    return np.asarray(pixels[rows[:, None], columns])


def to_rgb8(pixels: Pixels) -> Pixels:
    """(H, W, 1 or 3) uint8 or uint16 → (H, W, 3) uint8, rounded to the nearest level: what the networks read."""
    if pixels.dtype == np.uint16:
        pixels = ((pixels.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
    return np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels


def to_gray8(rgb: Pixels) -> Pixels:
    """(H, W, 3) uint8 → (H, W, 1) uint8, the rounded mean: brings a network's answer to a gray picture back to gray."""
    total = rgb.sum(axis=2, dtype=np.uint16, keepdims=True)
    return np.asarray((total + 1) // 3, np.uint8)


def resize(pixels: Pixels, size: Size, method: Image.Resampling) -> Pixels:
    """Resamples an (H, W) or (H, W, 1 or 3) uint8 array to `size` with Pillow's filter, keeping its number of axes."""
    if pixels.shape[:2] == (size.height, size.width):
        return pixels
    flat = pixels[:, :, 0] if pixels.shape[2:] == (1,) else pixels
    resized = np.asarray(Image.fromarray(flat).resize((size.width, size.height), method))
    return resized.reshape(size.height, size.width, *pixels.shape[2:])
