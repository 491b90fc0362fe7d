"""Files and blocks put together byte by byte, so that metadata can stand in them in any way."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence

SHORT, LONG, RATIONAL, ASCII, UNDEFINED, BYTE = 3, 4, 5, 2, 7, 1

Value = tuple[int, bytes]
"""A TIFF type and the values' bytes."""

Tags = Mapping[int, "Value | Tags"]
"""A directory; a further one where a tag points to it."""

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 9: 4, 10: 8, 13: 4, 16: 8}


def short(number: int, order: str = "<") -> Value:
    return SHORT, struct.pack(order + "H", number)


def ratio(upper: int, lower: int, order: str = "<") -> Value:
    return RATIONAL, struct.pack(order + "II", upper, lower)


def text(letters: str) -> Value:
    return ASCII, letters.encode() + b"\0"


def tiff_block(tags: Tags, *, order: str = "<", second: Tags | None = None, is_big: bool = False) -> bytes:
    """A TIFF header with a directory, and a second one behind it (in EXIF: the thumbnail's)."""
    mark = b"II" if order == "<" else b"MM"
    head = mark + (struct.pack(order + "HHHQ", 43, 8, 0, 16) if is_big else struct.pack(order + "HI", 42, 8))
    first = _directory(tags, len(head), order, is_big, 0)
    if second is None:
        return head + first
    place = len(head) + len(first)
    return head + _directory(tags, len(head), order, is_big, place) + _directory(second, place, order, is_big, 0)


def _directory(tags: Tags, place: int, order: str, is_big: bool, following: int) -> bytes:
    inline, offset = (8, "Q") if is_big else (4, "I")
    entries, behind = b"", b""
    after = place + (8 if is_big else 2) + len(tags) * (12 + inline - 4 + (4 if is_big else 0)) + inline
    for tag in sorted(tags):
        value = tags[tag]
        at = after + len(behind)
        if isinstance(value, tuple):
            kind, content = value
            count = len(content) // _SIZES[kind]
            if len(content) > inline:
                behind += content + bytes(len(content) % 2)
                content = struct.pack(order + offset, at)
        else:
            kind, count, content = (16 if is_big else LONG), 1, struct.pack(order + offset, at)
            behind += _directory(value, at, order, is_big, 0)
        entries += struct.pack(order + "HH" + offset, tag, kind, count) + content.ljust(inline, b"\0")
    size = struct.pack(order + ("Q" if is_big else "H"), len(tags))
    return size + entries + struct.pack(order + offset, following) + behind


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_file(*before: tuple[bytes, bytes], after: Sequence[tuple[bytes, bytes]] = ()) -> bytes:
    """A PNG of one gray pixel with these chunks before and after its data."""
    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), *before, (b"IDAT", zlib.compress(b"\0\x80")), *after, (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*one) for one in chunks)


def jpeg_file(jpeg: bytes, *segments: tuple[int, bytes]) -> bytes:
    """The JPEG with these segments right behind its beginning."""
    added = b"".join(struct.pack(">BBH", 0xFF, marker, 2 + len(content)) + content for marker, content in segments)
    return jpeg[:2] + added + jpeg[2:]


def riff_file(*chunks: tuple[bytes, bytes]) -> bytes:
    """A WebP's container with these chunks."""
    body = b"".join(
        kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2) for kind, content in chunks
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def gif_extension(label: int, *blocks: bytes) -> bytes:
    return bytes([0x21, label]) + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def gif_xmp(packet: bytes) -> bytes:
    """As the XMP specification (part 3, 1.1.2) has it: the packet not in blocks, then what leads out of it."""
    trailer = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    return b"\x21\xff\x0bXMP DataXMP" + packet + trailer


def icc_profile(space: bytes = b"RGB ", device: bytes = b"mntr", rest: bytes = bytes(60)) -> bytes:
    """The header of a profile, and no tags."""
    size = 128 + 4 + len(rest)
    header = struct.pack(">I4xI4s4s4s12x4s", size, 4 << 24, device, space, b"XYZ ", b"acsp")
    return header.ljust(128, b"\0") + bytes(4) + rest
