"""A GIF file's blocks as bytes (GIF89a specification)."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...geometry import Region, Size
from .packed import Packed, unpacked

LONGEST_DELAY = 0xFFFF
"""Hundredths of a second."""

MOST_REPEATS = 0xFFFF

KEEP, CLEAR_REGION, RESTORE = 1, 2, 3
"""What becomes of a frame once its time is over: it stays, its region is cleared, or what was there before returns."""

TRAILER = b";"

# Readers of sub-blocks land in it wherever they are, and come to its end (XMP part 3, 1.1.2).
_XMP_TRAILER = bytes([1, *range(255, -1, -1), 0])


def head(size: Size, palette: Packed | None) -> bytes:
    """Header, screen and global palette."""
    flags = 0x70 | _table_flags(palette)
    return struct.pack("<6sHHBBB", b"GIF89a", size.width, size.height, flags, 0, 0) + _table(palette)


def table_bytes(palette: Packed | None) -> int:
    """What a palette takes in the file."""
    return 0 if palette is None else 3 << _table_bits(palette)


def _table_bits(palette: Packed) -> int:
    """A table has 2, 4, 8 … 256 places, one more than colours where there is room, for what is transparent."""
    return max(1, min(255, len(palette)).bit_length())


def _table_flags(palette: Packed | None) -> int:
    return 0 if palette is None else 0x80 | _table_bits(palette) - 1


def _table(palette: Packed | None) -> bytes:
    return b"" if palette is None else unpacked(palette).tobytes().ljust(table_bytes(palette), b"\0")


def loop(repeats: int) -> bytes:
    """repeats: how often it plays again after the first time; 0 = for ever."""
    return b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", repeats) + b"\0"


def comment(text: str) -> bytes:
    return b"!\xfe" + _sub_blocks(text.encode(errors="replace"))


def xmp(packet: bytes) -> bytes:
    return b"!\xff\x0bXMP DataXMP" + packet + _XMP_TRAILER


def profile(icc: bytes) -> bytes:
    return b"!\xff\x0bICCRGBG1012" + _sub_blocks(icc)


def _sub_blocks(content: bytes) -> bytes:
    parts = (content[start : start + 255] for start in range(0, len(content), 255))
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def frame(
    region: Region, data: bytes, *, delay: int, disposal: int, transparent: int | None, palette: Packed | None
) -> bytes:
    """One picture. data: as from `compressed`. delay: in hundredths of a second. palette: its own, or None for the
    global one."""
    packed = disposal << 2 | (transparent is not None)
    control = struct.pack("<BBBBHBB", 0x21, 0xF9, 4, packed, delay, transparent or 0, 0)
    place = (region.x, region.y, region.width, region.height)
    return control + struct.pack("<BHHHHB", 0x2C, *place, _table_flags(palette)) + _table(palette) + data


def compressed(indices: NDArray[Any]) -> bytes:
    """An (h, w) array of indices, uint8, as LZW sub-blocks with the code size in front, by Pillow's encoder."""
    bits = max(2, int(indices.max()).bit_length())
    return bytes([bits]) + Image.fromarray(np.ascontiguousarray(indices)).tobytes("gif", "L", bits, 0) + b"\0"
