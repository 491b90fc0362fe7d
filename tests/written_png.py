"""PNG files written by hand (W3C PNG, third edition), for depths and kinds that Pillow does not write."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def chunk(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(
    samples: NDArray[Any],
    depth: int,
    colour: int,
    *,
    interlaced: bool = False,
    filters: Iterable[int] = (0, 1, 2, 3, 4),
    before: bytes = b"",
    after: bytes = b"",
    data_chunks: int = 1,
) -> bytes:
    """samples: (H, W, samples a pixel), not scaled. filters: of the rows, in turn. before, after: other chunks."""
    height, width = samples.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    kinds = tuple(filters)
    raw = bytearray()
    for x, y, dx, dy in ADAM7 if interlaced else ((0, 0, 1, 1),):
        part = samples[y::dy, x::dx]
        if part.size:
            raw += _filtered(_packed(part, depth), max(1, samples.shape[2] * depth // 8), kinds)
    stream = zlib.compress(bytes(raw))
    step = -(-len(stream) // data_chunks)
    data = b"".join(chunk(b"IDAT", stream[start : start + step]) for start in range(0, len(stream), step))
    return SIGNATURE + chunk(b"IHDR", header) + before + data + after + chunk(b"IEND")


def _packed(samples: NDArray[Any], depth: int) -> NDArray[np.uint8]:
    """(h, row bytes)."""
    rows = samples.reshape(len(samples), -1)
    if depth == 16:
        return np.ascontiguousarray(rows.astype(">u2")).view(np.uint8)
    if depth == 8:
        return rows.astype(np.uint8)
    bits = (rows[:, :, np.newaxis] >> np.arange(depth - 1, -1, -1)) & 1
    return np.packbits(bits.reshape(len(rows), -1).astype(np.uint8), axis=1)


def _filtered(rows: NDArray[np.uint8], unit: int, kinds: tuple[int, ...]) -> bytes:
    """Section 9 as it is written there: each row behind the number of its filter."""
    padded = np.pad(rows.astype(np.int64), ((1, 0), (unit, 0)))
    this, left, up, corner = padded[1:, unit:], padded[1:, :-unit], padded[:-1, unit:], padded[:-1, :-unit]
    guess = left + up - corner
    to_left, to_up, to_corner = abs(guess - left), abs(guess - up), abs(guess - corner)
    paeth = np.where((to_left <= to_up) & (to_left <= to_corner), left, np.where(to_up <= to_corner, up, corner))
    predictions = (np.zeros_like(this), left, up, (left + up) // 2, paeth)
    made = bytearray()
    for row in range(len(rows)):
        kind = kinds[row % len(kinds)]
        made.append(kind)
        made += ((this[row] - predictions[kind][row]) % 256).astype(np.uint8).tobytes()
    return bytes(made)
