"""TIFF files written by hand (TIFF 6.0), for depths, orders and layouts that Pillow does not write."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

NONE, LZW, DEFLATE, PACKBITS = 1, 5, 8, 32773
GRAY_WHITE_IS_ZERO, GRAY, RGB, PALETTE, CMYK, YCBCR = 0, 1, 2, 3, 5, 6


def tiff(
    samples: NDArray[Any],
    bits: int,
    photometric: int,
    *,
    order: str = "<",
    compression: int = NONE,
    predictor: int = 1,
    rows: int | None = None,
    tile: tuple[int, int] | None = None,
    planar: bool = False,
    fill_order: int = 1,
    extra: Sequence[int] = (),
    colours: Sequence[Sequence[int]] | None = None,
    tags: dict[int, Sequence[int]] | None = None,
    big: bool = False,
) -> bytes:
    """samples: (H, W, samples a pixel), not scaled. rows: of a strip. tile: its width and height. colours: a palette's,
    three lists of 16-bit levels. tags: further ones, as lists of 16-bit numbers, or to replace others."""
    height, width, count = samples.shape
    blocks = []
    for plane in [samples[:, :, [index]] for index in range(count)] if planar else [samples]:
        blocks += list(_blocks(plane, rows or height, tile))
    segments = [_compressed(_packed(block, bits, order, predictor), compression, fill_order) for block in blocks]
    entries: dict[int, tuple[str, Sequence[int]]] = {
        256: ("I", [width]),
        257: ("I", [height]),
        258: ("H", [bits] * count),
        259: ("H", [compression]),
        262: ("H", [photometric]),
        266: ("H", [fill_order]),
        277: ("H", [count]),
        284: ("H", [2 if planar else 1]),
        317: ("H", [predictor]),
    }
    if tile:
        entries |= {322: ("H", [tile[0]]), 323: ("H", [tile[1]])}
    else:
        entries[278] = ("I", [rows or height])
    if extra:
        entries[338] = ("H", extra)
    if colours:
        entries[320] = ("H", [level for levels in colours for level in levels])
    for tag, values in (tags or {}).items():
        entries[tag] = ("H", values)
    return assembled(entries, segments, (324, 325) if tile else (273, 279), order, big)


def _blocks(samples: NDArray[Any], rows: int, tile: tuple[int, int] | None) -> list[NDArray[Any]]:
    height, width = samples.shape[:2]
    if tile is None:
        return [samples[top : top + rows] for top in range(0, height, rows)]
    wide, high = tile
    padded = np.pad(samples, ((0, -height % high), (0, -width % wide), (0, 0)), mode="edge")
    return [
        padded[y : y + high, x : x + wide]
        for y in range(0, padded.shape[0], high)
        for x in range(0, padded.shape[1], wide)
    ]


def _packed(block: NDArray[Any], bits: int, order: str, predictor: int) -> bytes:
    dtype = np.uint16 if bits > 8 else np.uint8
    values = block.astype(dtype)
    if predictor == 2:
        values = np.diff(values, axis=1, prepend=np.zeros_like(values[:, :1]))
    rows = values.reshape(len(values), -1)
    if bits == 16:
        return rows.astype(order + "u2").tobytes()
    if bits == 8:
        return rows.tobytes()
    spread = (rows[:, :, np.newaxis] >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(spread.reshape(len(rows), -1).astype(np.uint8), axis=1).tobytes()


def _compressed(raw: bytes, compression: int, fill_order: int) -> bytes:
    made = {NONE: bytes, DEFLATE: zlib.compress, PACKBITS: _packbits, LZW: _lzw}[compression](raw)
    return bytes(int(f"{byte:08b}"[::-1], 2) for byte in made) if fill_order == 2 else made


def _packbits(raw: bytes) -> bytes:
    """Runs of literals, and one run of equal bytes where there is one."""
    made = bytearray()
    place = 0
    while place < len(raw):
        run = 1
        while run < 128 and raw[place + run : place + run + 1] == raw[place : place + 1]:
            run += 1
        if run > 2:
            made += bytes((257 - run, raw[place]))
            place += run
        else:
            literals = raw[place : place + 1]
            made += bytes((len(literals) - 1,)) + literals
            place += 1
    return bytes(made)


def _lzw(raw: bytes) -> bytes:
    """Section 13, but with a table that is cleared before its codes grow: every byte is its own code of 9 bits."""
    codes = np.frombuffer(raw, np.uint8).astype(np.uint16)
    codes = np.append(np.insert(codes, np.arange(0, len(raw), 250), 256), 257).astype(np.uint16)
    bits = np.empty((len(codes), 9), np.uint8)
    for place in range(9):
        bits[:, place] = codes >> (8 - place) & 1
    return np.packbits(bits).tobytes()


def assembled(
    entries: dict[int, tuple[str, Sequence[int]]],
    segments: list[bytes],
    names: tuple[int, int],
    order: str,
    big: bool,
) -> bytes:
    """A file of these segments. entries: tag → the letter of its type, H or I, and its values; `names` says which tags
    hold the places and lengths of the segments."""
    pointer, counter, inline, head = ("Q", "Q", 8, 16) if big else ("I", "I", 4, 8)
    entries[names[0]] = entries[names[1]] = ("I", [0] * len(segments))
    directory = struct.calcsize("<Q" if big else "<H") + len(entries) * (20 if big else 12) + inline
    place = head + directory
    places: dict[int, int] = {}
    for tag in sorted(entries):
        letter, values = entries[tag]
        size = struct.calcsize(f"<{len(values)}{letter}")
        if size > inline:
            places[tag] = place
            place += size + size % 2
    starts = []
    for segment in segments:
        starts.append(place)
        place += len(segment)
    entries[names[0]] = ("I", starts)
    entries[names[1]] = ("I", [len(segment) for segment in segments])
    fields, behind = b"", b""
    for tag in sorted(entries):
        letter, values = entries[tag]
        content = struct.pack(f"{order}{len(values)}{letter}", *values)
        kind = {"H": 3, "I": 4}[letter]
        if tag in places:
            behind += content + bytes(len(content) % 2)
            content = struct.pack(order + pointer, places[tag])
        fields += struct.pack(f"{order}HH{counter}", tag, kind, len(values)) + content.ljust(inline, b"\0")
    mark = b"II" if order == "<" else b"MM"
    if big:
        start = mark + struct.pack(order + "HHHQQ", 43, 8, 0, head, len(entries))
    else:
        start = mark + struct.pack(order + "HIH", 42, head, len(entries))
    return start + fields + bytes(inline) + behind + b"".join(segments)
