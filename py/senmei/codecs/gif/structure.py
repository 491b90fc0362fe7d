"""A GIF file's blocks (GIF89a specification), up to its end mark or to where it breaks off."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from ...geometry import Size
from ..signatures import damaged

_IMAGE, _EXTENSION, _END = 0x2C, 0x21, 0x3B
_GRAPHIC_CONTROL = 0xF9


@dataclass(frozen=True, slots=True)
class GifImage:
    """One picture of the file. palette: RGB triples, or None for gray levels; data: its sub-blocks."""

    left: int
    top: int
    size: Size
    palette: bytes | None
    transparent: int | None
    is_interlaced: bool
    code_bits: int
    data: slice


@dataclass(frozen=True, slots=True)
class GifStructure:
    """size: of the screen, widened to the first picture. fault: why it is not whole, or ""."""

    size: Size
    images: tuple[GifImage, ...]
    fault: str


def read_structure(data: bytes) -> GifStructure:
    """Raises CorruptImage when not even one picture begins."""
    if len(data) < 13:
        raise damaged("GIF", f"it ends at byte {len(data)}, within its header")
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    shared, place = _palette(data, 13, flags)
    images: list[GifImage] = []
    transparent: int | None = None
    fault = ""
    while not fault:
        block = data[place] if place < len(data) else None
        if block == _END:
            break
        if block == _EXTENSION:
            if data[place + 1 : place + 3] == bytes((_GRAPHIC_CONTROL, 4)) and place + 7 <= len(data):
                transparent = data[place + 6] if data[place + 3] & 1 else None
            place, fault = _behind_sub_blocks(data, place + 2)
        elif block == _IMAGE and place + 11 <= len(data):
            left, top, wide, high, flags = struct.unpack_from("<HHHHB", data, place + 1)
            own, start = _palette(data, place + 10, flags)
            if images and (left + wide > width or top + high > height):
                fault = f"its picture at byte {place} reaches beyond its screen"
                break
            if not (wide and high) or start >= len(data):
                fault = f"its picture at byte {place} has {wide} × {high} pixels"
                break
            stop, fault = _behind_sub_blocks(data, start + 1)
            where = slice(start + 1, stop)
            palette = own or shared
            images.append(
                GifImage(left, top, Size(wide, high), palette, transparent, bool(flags & 64), data[start], where)
            )
            if len(images) == 1:
                width, height = max(width, left + wide), max(height, top + high)
            place, transparent = stop, None
        elif block is None or block == _IMAGE:
            fault = f"it ends at byte {len(data)}, before its end mark"
        else:
            fault = f"at byte {place} there is no block, but {block:02X}"
    if not images:
        raise damaged("GIF", fault or "it holds no picture")
    return GifStructure(Size(width, height), tuple(images), fault)


def _palette(data: bytes, place: int, flags: int) -> tuple[bytes | None, int]:
    length = 3 << ((flags & 7) + 1) if flags & 128 else 0
    return data[place : place + length] or None, place + length


def _behind_sub_blocks(data: bytes, place: int) -> tuple[int, str]:
    while place < len(data) and data[place]:
        place += 1 + data[place]
    if place >= len(data):
        return len(data), f"it ends at byte {len(data)}, within a block"
    return place + 1, ""
