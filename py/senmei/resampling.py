"""Resampling a picture to another size, whole or band by band with the same result: Pillow's filters."""

from __future__ import annotations

from math import ceil, floor
from typing import NamedTuple

import numpy as np
from PIL import Image

from .geometry import Size
from .picture import Pixels

BICUBIC = Image.Resampling.BICUBIC
LANCZOS = Image.Resampling.LANCZOS

# Of Pillow's filters, in source pixels when enlarging.
_SUPPORT = {BICUBIC: 2.0, LANCZOS: 3.0}


def resample(samples: Pixels, target: Size, method: Image.Resampling) -> Pixels:
    """(H, W, n) uint8 or uint16 → (target.height, target.width, n), each channel for itself."""
    height, width = samples.shape[:2]
    return resample_rows(samples, 0, Size(width, height), target, 0, target.height, method)


def rows_needed(source: Size, target: Size, top: int, bottom: int, method: Image.Resampling) -> tuple[int, int]:
    """The rows of the source, from and up to, that the rows `top` to `bottom` of the target depend on."""
    if source == target:
        return top, bottom
    step = source.height / target.height
    reach = _SUPPORT[method] * max(1.0, step) + 1
    first = max(0, floor((top + 0.5) * step - reach))
    return first, min(source.height, ceil((bottom - 0.5) * step + reach))


def resample_rows(
    held: Pixels, held_top: int, source: Size, target: Size, top: int, bottom: int, method: Image.Resampling
) -> Pixels:
    """The rows `top` to `bottom` of a picture of the size `source` brought to the size `target`.

    held: rows of the source from `held_top` on, (h, source.width, n) uint8 or uint16, among them `rows_needed`.
    Returns (bottom - top, target.width, n) of the same dtype: what resampling the whole and cutting gives, but for
    rounding. Alpha, the last of 2 or 4 channels, is resampled apart from colour, which must make sense under
    transparent pixels; always bicubically.
    """
    first, last = rows_needed(source, target, top, bottom, method)
    rows = held[first - held_top : last - held_top]
    if source == target:
        return rows
    step = source.height / target.height
    # Positions are floats of 32 bits in Pillow: counted from the first row needed they stay exact enough.
    box = _Rows(top * step - first, bottom * step - first)
    size = Size(target.width, bottom - top)
    has_alpha = rows.shape[2] in (2, 4)
    colour = _resize(rows[:, :, :-1] if has_alpha else rows, size, method, box)
    if not has_alpha:
        return colour
    # Lanczos would draw a faint ring around what is opaque.
    return np.concatenate((colour, _resize(rows[:, :, -1:], size, BICUBIC, box)), axis=2)


class _Rows(NamedTuple):
    top: float
    bottom: float


def _resize(samples: Pixels, size: Size, method: Image.Resampling, rows: _Rows) -> Pixels:
    """(h, w, 1 or 3), of which `rows` → (size.height, size.width, the same)."""
    if samples.dtype == np.uint8 and samples.shape[2] == 3:
        return np.asarray(_resize_image(Image.fromarray(np.ascontiguousarray(samples)), size, method, rows))
    channels = (samples[:, :, channel] for channel in range(samples.shape[2]))
    return np.dstack([_resize_channel(channel, size, method, rows) for channel in channels])


def _resize_channel(channel: Pixels, size: Size, method: Image.Resampling, rows: _Rows) -> Pixels:
    if channel.dtype == np.uint8:
        return np.asarray(_resize_image(Image.fromarray(np.ascontiguousarray(channel)), size, method, rows))
    # Pillow resamples 16-bit samples only as floats.
    resized: Pixels = np.asarray(_resize_image(Image.fromarray(channel.astype(np.float32)), size, method, rows))
    return np.asarray(np.rint(resized).clip(0, 65535), np.uint16)


def _resize_image(image: Image.Image, size: Size, method: Image.Resampling, rows: _Rows) -> Image.Image:
    # In two steps, because Pillow itself takes one or the other first, and levels are rounded and clipped between them.
    widened = image.resize((size.width, image.height), method)
    return widened.resize((size.width, size.height), method, (0, rows.top, size.width, rows.bottom))
