"""WebP files put together from chunks (RFC 9649, 2.3 to 2.7)."""

from __future__ import annotations

import struct

from ...geometry import Size
from .structure import HAS_ALPHA


def chunk(kind: bytes, content: bytes) -> bytes:
    """With the byte that makes an odd length even."""
    return struct.pack("<4sI", kind, len(content)) + content + bytes(len(content) % 2)


def extended_header(flags: int, canvas: Size) -> bytes:
    """A VP8X chunk."""
    sides = ((side - 1).to_bytes(3, "little") for side in (canvas.width, canvas.height))
    return chunk(b"VP8X", b"".join((struct.pack("<I", flags), *sides)))


def still_file(size: Size, kind: bytes, picture: bytes, opacity: bytes | None) -> bytes:
    """A file of one picture. kind: b"VP8 " or b"VP8L"; opacity: the content of the ALPH chunk that goes with it."""
    body = b"WEBP"
    if opacity is not None:
        body += extended_header(HAS_ALPHA, size) + chunk(b"ALPH", opacity)
    body += chunk(kind, picture)
    return struct.pack("<4sI", b"RIFF", len(body)) + body
