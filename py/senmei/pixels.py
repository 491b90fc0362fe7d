"""Small operations on pixel arrays that several stages share."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike, NDArray

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


def to_float(samples: Pixels) -> NDArray[np.float32]:
    """uint8 or uint16 of any shape → float32, 0 to 1."""
    return np.multiply(samples, np.float32(1 / np.iinfo(samples.dtype).max), dtype=np.float32)


def from_float(values: NDArray[np.float32], dtype: DTypeLike) -> Pixels:
    """float32 → uint8 or uint16 of the same shape, clipped to 0 to 1 and rounded half up."""
    scaled = values.clip(0, 1)
    scaled *= np.iinfo(dtype).max
    scaled += 0.5
    return scaled.astype(dtype)


def to_depth(samples: Pixels, depth: int) -> Pixels:
    """uint8 or uint16 of any shape → the type of `depth` bits, 8 or 16; 8 are rounded to the nearest level."""
    if samples.dtype == np.uint16 and depth == 8:
        return ((samples.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if samples.dtype == np.uint8 and depth == 16:
        return samples.astype(np.uint16) * np.uint16(257)
    return samples


def joined(pixels: Pixels, alpha: Pixels | None) -> Pixels:
    """(H, W, C) and (H, W) → (H, W, C + 1) with alpha last; without alpha the pixels themselves."""
    return pixels if alpha is None else np.concatenate((pixels, alpha[:, :, np.newaxis]), axis=2)


def apart(samples: Pixels) -> tuple[Pixels, Pixels | None]:
    """What `joined` put together, as views: of 2 or 4 channels the last is alpha."""
    return (samples[:, :, :-1], samples[:, :, -1]) if samples.shape[2] in (2, 4) else (samples, None)
