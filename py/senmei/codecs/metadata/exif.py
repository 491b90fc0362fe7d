"""The EXIF block of a file: read in place and changed in nothing but its orientation.

Writing it anew from parsed tags would break the offsets inside makers' notes, which only their makers know.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from ..tiff.fields import PlacedField, TiffBlock

ORIENTATION = 0x0112
X_RESOLUTION = 0x011A
Y_RESOLUTION = 0x011B
RESOLUTION_UNIT = 0x0128

_MARKER = b"Exif\0\0"
_LETTERS = {3: "H", 4: "I"}


@dataclass(frozen=True, slots=True)
class ExifBlock:
    """block: as in the file, without the marker in front and with the orientation 1, or None when its first directory
    is cut off. orientation: 1 to 8, what the block said. dpi: from its first directory, unjudged."""

    block: bytes | None
    orientation: int
    dpi: tuple[float, float] | None


def read_exif(data: bytes) -> ExifBlock:
    """Reads an EXIF block (Exif 2.32, 4.5) of any format, with or without the marker "Exif" in front.

    The thumbnail and every other byte stay as they are. Raises ValueError when there is no TIFF header.
    """
    block = data.removeprefix(_MARKER)
    tiff = TiffBlock(block)
    if tiff.is_big:
        raise ValueError("a BigTIFF header")
    fields, is_whole = tiff.directory(tiff.first)
    upright = bytearray(block)
    for field in fields:
        if _is_orientation(field):
            struct.pack_into(tiff.order + _LETTERS[field.type], upright, field.place, 1)
    is_readable = is_whole and len(fields) > 0
    return ExifBlock(bytes(upright) if is_readable else None, orientation_in(tiff, fields), dpi_in(tiff, fields))


def orientation_in(tiff: TiffBlock, fields: Iterable[PlacedField]) -> int:
    """1 to 8; 1 also for what is no orientation."""
    for field in fields:
        if _is_orientation(field):
            stated = tiff.integer(field)
            if stated is not None and 1 <= stated <= 8:
                return stated
    return 1


def dpi_in(tiff: TiffBlock, fields: Iterable[PlacedField]) -> tuple[float, float] | None:
    """Dots per inch as a directory states them (TIFF 6.0, section 8); None when they are missing or only a ratio."""
    known = {field.tag: field for field in fields}
    if X_RESOLUTION not in known or Y_RESOLUTION not in known:
        return None
    across, down = tiff.number(known[X_RESOLUTION]), tiff.number(known[Y_RESOLUTION])
    unit = tiff.integer(known[RESOLUTION_UNIT]) if RESOLUTION_UNIT in known else 2
    factor = {2: 1.0, 3: 2.54}.get(unit or 0)
    if across is None or down is None or factor is None:
        return None
    return across * factor, down * factor


def _is_orientation(field: PlacedField) -> bool:
    return field.tag == ORIENTATION and field.type in _LETTERS and field.count == 1
