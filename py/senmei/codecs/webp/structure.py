"""The chunks of a WebP file and the sizes that they tell (RFC 9649)."""

from __future__ import annotations

import struct

from ...geometry import Size
from ..signatures import damaged

Chunk = tuple[bytes, int, int]
"""Its kind, and the place and length of its content."""

HAS_ALPHA, IS_ANIMATED = 0x10, 0x02
"""Of the flags in VP8X."""

FRAME_HEADER_BYTES = 16
"""What an ANMF chunk begins with."""

# A block of 16 × 16 lossy pixels takes more than a bit for its modes of prediction (RFC 6386, 11.2); a flat lossless
# picture takes a few bytes at any size.
LOSSY_PIXELS_PER_BYTE = 2**11
LOSSLESS_PIXELS_PER_BYTE = 2**23

CANVAS_TO_FRAME = 64
"""How many times larger than its largest frame a canvas of millions of pixels may be."""


def file_chunks(data: bytes) -> tuple[list[Chunk], str]:
    """The file's chunks, and what is wrong with its structure, or ""."""
    stated = 8 + struct.unpack_from("<I", data, 4)[0]
    if stated < 12:
        return [], "its header names fewer bytes than the header itself has"
    chunks, fault = chunks_between(data, 12, min(stated, len(data)))
    if stated > len(data):
        fault = f"its header names {stated} bytes, but it ends at byte {len(data)}"
    return chunks, fault


def chunks_between(data: bytes, place: int, end: int) -> tuple[list[Chunk], str]:
    chunks: list[Chunk] = []
    while place + 8 <= end:
        kind, length = struct.unpack_from("<4sI", data, place)
        if place + 8 + length > end:
            return chunks, f"its chunk {kind.decode('latin-1')!r} at byte {place} reaches beyond its end"
        chunks.append((kind, place + 8, length))
        place += 8 + length + length % 2
    return chunks, ""


def read_header(data: bytes, kind: bytes, start: int) -> tuple[Size, bool, bool]:
    """Size, whether there is alpha, and whether it is an animation."""
    head = data[start : start + 10]
    if len(head) < (5 if kind == b"VP8L" else 10):
        raise damaged("WebP", f"its header at byte {start} is cut off")
    if kind == b"VP8X":
        width, height = (1 + int.from_bytes(head[place : place + 3], "little") for place in (4, 7))
        return Size(width, height), bool(head[0] & HAS_ALPHA), bool(head[0] & IS_ANIMATED)
    if kind == b"VP8L":
        bits = int.from_bytes(head[1:5], "little")
        if head[0] != 0x2F or bits >> 29:
            raise damaged("WebP", f"at byte {start} there is no lossless picture")
        return Size(1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)), bool(bits >> 28 & 1), False
    width, height = (value & 0x3FFF for value in struct.unpack_from("<HH", head, 6))
    if head[3:6] != b"\x9d\x01\x2a" or not (width and height):
        raise damaged("WebP", f"at byte {start} there is no lossy picture")
    return Size(width, height), False, False
