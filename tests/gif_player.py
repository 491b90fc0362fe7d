"""A plain GIF player, as browsers play: an oracle that shares nothing with Senmei but the specification."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Played:
    """frames: (H, W, 4), what is transparent all 0. delays: in hundredths of a second. regions: left, top, width and
    height of what each frame stores. repeats: what NETSCAPE2.0 says, or None. extensions: their labels in order."""

    frames: list[NDArray[np.uint8]]
    delays: list[int]
    regions: list[tuple[int, int, int, int]]
    own_palettes: list[bool]
    repeats: int | None
    labels: list[int]


def play(data: bytes) -> Played:
    """Raises AssertionError where the file breaks the specification."""
    assert data[:6] == b"GIF89a"
    assert data[-1:] == b";"
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    shared, place = _table(data, 13, flags)
    canvas = np.zeros((height, width, 4), np.uint8)
    played = Played([], [], [], [], None, [])
    repeats = None
    disposal, delay, transparent = 0, 0, None
    while data[place] != 0x3B:
        if data[place] == 0x21:
            label = data[place + 1]
            played.labels.append(label)
            place, content = _blocks(data, place + 2)
            if label == 0xF9:
                packed, delay, index = struct.unpack("<BHB", content)
                disposal, transparent = packed >> 2 & 7, index if packed & 1 else None
            elif content.startswith(b"NETSCAPE2.0"):
                (repeats,) = struct.unpack("<H", content[12:])
            continue
        assert data[place] == 0x2C
        left, top, wide, high, flags = struct.unpack_from("<HHHHB", data, place + 1)
        assert wide
        assert high
        assert left + wide <= width
        assert top + high <= height
        own, place = _table(data, place + 10, flags)
        palette = own if own is not None else shared
        assert palette is not None
        bits = data[place]
        place, content = _blocks(data, place + 1)
        indices = _decoded(content, bits, wide, high)
        is_drawn = np.full(indices.shape, True) if transparent is None else indices != transparent
        assert not is_drawn.any() or indices[is_drawn].max() < len(palette)
        before = canvas.copy()
        part = canvas[top : top + high, left : left + wide]
        part[is_drawn, :3] = palette[indices[is_drawn]]
        part[is_drawn, 3] = 255
        played.frames.append(canvas.copy())
        played.delays.append(delay)
        played.regions.append((left, top, wide, high))
        played.own_palettes.append(own is not None)
        if disposal == 2:
            part[:] = 0
        elif disposal == 3:
            canvas = before
        disposal, delay, transparent = 0, 0, None
    return Played(played.frames, played.delays, played.regions, played.own_palettes, repeats, played.labels)


def _table(data: bytes, place: int, flags: int) -> tuple[NDArray[np.uint8] | None, int]:
    if not flags & 0x80:
        return None, place
    count = 2 << (flags & 7)
    return np.frombuffer(data, np.uint8, count * 3, place).reshape(count, 3), place + count * 3


def _blocks(data: bytes, place: int) -> tuple[int, bytes]:
    parts = []
    while data[place]:
        parts.append(data[place + 1 : place + 1 + data[place]])
        place += 1 + data[place]
    return place + 1, b"".join(parts)


def _decoded(content: bytes, bits: int, width: int, height: int) -> NDArray[Any]:
    """LZW, code by code (GIF89a, appendix F)."""
    clear, end = 1 << bits, (1 << bits) + 1
    table: list[bytes] = []
    size, bit = bits + 1, 0
    out = bytearray()
    last: bytes | None = None
    stream = int.from_bytes(content, "little")
    while True:
        # Pillow's encoder writes the end code a bit too short where codes would have grown just then; nobody needs it.
        if bit + size > 8 * len(content):
            break
        code = stream >> bit & (1 << size) - 1
        bit += size
        if code == clear:
            table = [bytes([value]) for value in range(clear)] + [b"", b""]
            size, last = bits + 1, None
            continue
        if code == end:
            break
        assert table, "the data does not begin with a clear code"
        entry = table[code] if code < len(table) else last + last[:1]  # type: ignore[operator]
        out += entry
        if last is not None and len(table) < 4096:
            table.append(last + entry[:1])
        if len(table) == 1 << size and size < 12:
            size += 1
        last = entry
    assert len(out) == width * height
    return np.frombuffer(bytes(out), np.uint8).reshape(height, width)
