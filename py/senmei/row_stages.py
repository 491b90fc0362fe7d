"""The stages of rows that need no network: where they begin, and what becomes of them after the last pass."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import numpy as np
from PIL import Image

from .geometry import Size
from .jobs import CancelToken
from .picture import Pixels
from .pixels import from_float, to_float
from .resampling import BICUBIC, resample_rows, rows_needed
from .rows import Band, RowWindow, band_height
from .upscaler import Rows


async def whole_picture(samples: Pixels, cancel: CancelToken) -> Rows:
    """A picture that is there, (H, W, n), in bands that are views of it. Raises Cancelled between two bands."""
    height, width, channels = samples.shape
    step = band_height(width, channels)
    for top in range(0, height, step):
        # Where no network makes anybody wait, whoever cancels is heard here.
        await asyncio.sleep(0)
        cancel.check()
        yield Band(top, samples[top : top + step])


async def resampled_rows(rows: Rows, source: Size, target: Size, method: Image.Resampling) -> Rows:
    """Brings a picture of the size `source` to the size `target`, as soon as the rows that are needed are there."""
    window, top = RowWindow(source), 0
    async with aclosing(rows):
        async for item in rows:
            if source == target or not isinstance(item, Band):
                yield item
                continue
            window.append(item)
            step = band_height(target.width, item.samples.shape[2])
            while top < target.height:
                bottom = min(top + step, target.height)
                if rows_needed(source, target, top, bottom, method)[1] > window.bottom:
                    break
                first, last = rows_needed(source, target, top, bottom, method)
                held = window.rows(first, last)
                yield Band(top, resample_rows(held, first, source, target, top, bottom, method))
                top = bottom
            if top < target.height:
                window.drop_above(min(rows_needed(source, target, top, top + 1, method)[0], window.bottom))


async def blended_rows(rows: Rows, source: Pixels, target: Size, strength: float) -> Rows:
    """Mixes rows of the size `target` with the bicubic enlarging of `source`, (H, W, n): `strength` parts of 1 are the
    rows'."""
    height, width = source.shape[:2]
    size = Size(width, height)
    async with aclosing(rows):
        async for item in rows:
            if not isinstance(item, Band):
                yield item
                continue
            step = band_height(target.width, item.samples.shape[2])
            for top in range(item.top, item.bottom, step):
                bottom = min(top + step, item.bottom)
                plain = resample_rows(source, 0, size, target, top, bottom, BICUBIC)
                own = item.samples[top - item.top : bottom - item.top]
                mixed = to_float(own) * np.float32(strength) + to_float(plain) * np.float32(1 - strength)
                yield Band(top, from_float(mixed, own.dtype))
