"""Reads PNG files by the letter of the specification (W3C PNG, third edition), and asserts every rule on the way."""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ONCE_BEFORE_PIXELS = (b"cICP", b"sRGB", b"iCCP", b"gAMA", b"cHRM", b"eXIf", b"pHYs")
SAMPLES = {0: 1, 2: 3, 4: 2, 6: 4}


@dataclass(frozen=True)
class StrictPng:
    """samples: (H, W, S) uint8 or uint16. filters: each row's. raw: (H, bytes of a row), unfiltered."""

    chunks: list[tuple[bytes, bytes]]
    samples: NDArray[np.uint8] | NDArray[np.uint16]
    filters: list[int]
    raw: NDArray[np.uint8]
    step: int

    def content(self, kind: bytes) -> bytes | None:
        return dict(self.chunks).get(kind)

    def texts(self) -> dict[str, str]:
        texts = {}
        for kind, content in self.chunks:
            keyword, _, rest = content.partition(b"\0")
            if kind == b"tEXt":
                texts[keyword.decode("latin-1")] = rest.decode("latin-1")
            elif kind == b"iTXt":
                texts[keyword.decode("latin-1")] = rest[4:].decode()
        return texts


def read_strictly(data: bytes) -> StrictPng:
    chunks = list(_chunks(data))
    kinds = [kind for kind, _ in chunks]
    assert kinds[0] == b"IHDR" and kinds[-1] == b"IEND" and chunks[-1][1] == b""
    first, count = kinds.index(b"IDAT"), kinds.count(b"IDAT")
    assert kinds[first : first + count] == [b"IDAT"] * count and kinds[first + count :] == [b"IEND"]
    for kind, content in chunks[1:first]:
        _check_ancillary(kind, content, kinds)
    width, height, depth, colour, *rest = struct.unpack(">IIBBBBB", chunks[0][1])
    assert depth in (8, 16) and rest == [0, 0, 0] and 0 < width < 1 << 31 and 0 < height < 1 << 31
    step = SAMPLES[colour] * depth // 8
    raw, filters = _rows(b"".join(content for kind, content in chunks if kind == b"IDAT"), width, height, step)
    samples = raw.view(">u2" if depth == 16 else "u1").reshape(height, width, SAMPLES[colour])
    return StrictPng(chunks, samples.astype(np.uint16 if depth == 16 else np.uint8), filters, raw, step)


def _chunks(data: bytes):
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    place = 8
    while place < len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        content = data[place + 8 : place + 8 + length]
        assert len(content) == length < 1 << 31
        assert struct.unpack_from(">I", data, place + 8 + length)[0] == zlib.crc32(kind + content)
        yield kind, content
        place += 12 + length
    assert place == len(data)


def _check_ancillary(kind: bytes, content: bytes, kinds: list[bytes]) -> None:
    if kind in ONCE_BEFORE_PIXELS:
        assert kinds.count(kind) == 1
        assert kind != b"iCCP" or b"sRGB" not in kinds
        if kind == b"iCCP":
            name, _, rest = content.partition(b"\0")
            assert 1 <= len(name) <= 79 and rest[:1] == b"\0" and zlib.decompress(rest[1:])
        elif kind == b"eXIf":
            assert content[:4] in (b"II*\0", b"MM\0*")
        else:
            assert len(content) == {b"cICP": 4, b"sRGB": 1, b"gAMA": 4, b"cHRM": 32, b"pHYs": 9}[kind]
        return
    assert kind in (b"tEXt", b"iTXt")
    keyword, separator, rest = content.partition(b"\0")
    assert separator and 1 <= len(keyword) <= 79 and re.fullmatch(rb"[\x20-\x7e\xa1-\xff]+", keyword)
    assert keyword == keyword.strip(b" ") and b"  " not in keyword
    if kind == b"iTXt":
        assert rest[:2] == b"\0\0"
        language, translated, text = rest[2:].split(b"\0", 2)
        assert language == b"" and translated.decode() == "" and "\0" not in text.decode()
    else:
        assert b"\0" not in rest


def _rows(compressed: bytes, width: int, height: int, step: int) -> tuple[NDArray[np.uint8], list[int]]:
    inflater = zlib.decompressobj()
    data = inflater.decompress(compressed)
    assert inflater.eof and not inflater.unused_data and len(data) == height * (1 + width * step)
    stored = np.frombuffer(data, np.uint8).reshape(height, 1 + width * step)
    raw = np.zeros((height, width * step), np.uint8)
    above = bytes(width * step)
    for row in range(height):
        above = unfiltered(stored[row, 0], stored[row, 1:].tobytes(), above, step)
        raw[row] = list(above)
    return raw, stored[:, 0].tolist()


def unfiltered(filtering: int, row: bytes, above: bytes, step: int) -> bytes:
    result = bytearray()
    for place, byte in enumerate(row):
        left = result[place - step] if place >= step else 0
        corner = above[place - step] if place >= step else 0
        result.append((byte + predicted(filtering, left, above[place], corner)) & 255)
    return bytes(result)


def predicted(filtering: int, left: int, up: int, corner: int) -> int:
    """Section 9.2 and 9.4, as they are written."""
    if filtering == 4:
        estimate = left + up - corner
        distances = abs(estimate - left), abs(estimate - up), abs(estimate - corner)
        return (left, up, corner)[distances.index(min(distances))]
    return (0, left, up, (left + up) // 2)[filtering]
