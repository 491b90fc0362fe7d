"""The directories of tags in TIFF files and EXIF blocks, read in place (TIFF 6.0, section 2; BigTIFF)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Bytes of one value of each field type; 13 is an offset of a directory, 16 to 18 are BigTIFF's."""

_MOST_FIELDS = 1 << 16
"""Tags are numbers of 16 bits."""

_INTEGERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}


@dataclass(frozen=True, slots=True)
class PlacedField:
    """One tag of a directory. place: where its values begin, counted from the block's start; size: their bytes."""

    tag: int
    type: int
    count: int
    place: int
    size: int


class TiffBlock:
    """A TIFF file or an EXIF block. Raises ValueError when it does not begin with a TIFF header.

    order: "<" or ">"; first: where the first directory is.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.order = {b"II": "<", b"MM": ">"}.get(data[:2], "")
        if not self.order or len(data) < 8:
            raise ValueError("it has no TIFF header")
        magic, self.first = struct.unpack_from(self.order + "HI", data, 2)
        self.is_big = magic == 43
        if self.is_big:
            if len(data) < 16 or struct.unpack_from(self.order + "HH", data, 4) != (8, 0):
                raise ValueError("it has no BigTIFF header")
            self.first = struct.unpack_from(self.order + "Q", data, 8)[0]
        elif magic != 42:
            raise ValueError("it has no TIFF header")

    def directory(self, place: int) -> tuple[list[PlacedField], bool]:
        """The fields of the directory at `place` as far as they lie in the block, in their order, the first of each
        tag, and whether the directory is whole. Those of unknown types or with values outside are left out."""
        header, entry, offset = ("Q", "HHQ", "Q") if self.is_big else ("H", "HHI", "I")
        start = place + struct.calcsize("<" + header)
        if place < 8 or start > len(self.data):
            return [], False
        count = struct.unpack_from(self.order + header, self.data, place)[0]
        step, inline = (20, 8) if self.is_big else (12, 4)
        inside = min(count, _MOST_FIELDS, (len(self.data) - start) // step)
        fields: dict[int, PlacedField] = {}
        for at in range(start, start + inside * step, step):
            tag, kind, values = struct.unpack_from(self.order + entry, self.data, at)
            size = values * TYPE_BYTES.get(kind, 0)
            where = at + step - inline
            if size > inline:
                where = struct.unpack_from(self.order + offset, self.data, where)[0]
            if size and where + size <= len(self.data):
                fields.setdefault(tag, PlacedField(tag, kind, values, where, size))
        return list(fields.values()), inside == count

    def content(self, field: PlacedField) -> bytes:
        return self.data[field.place : field.place + field.size]

    def integer(self, field: PlacedField) -> int | None:
        """Its first value, or None where it has no integers."""
        letter = _INTEGERS.get(field.type)
        return int(struct.unpack_from(self.order + letter, self.data, field.place)[0]) if letter else None

    def number(self, field: PlacedField) -> float | None:
        """Its first value as a float; None for texts and for a fraction whose denominator is 0."""
        if field.type in (5, 10):
            upper, lower = struct.unpack_from(self.order + ("II" if field.type == 5 else "ii"), self.data, field.place)
            return upper / lower if lower else None
        if field.type in (11, 12):
            letter = "f" if field.type == 11 else "d"
            return float(struct.unpack_from(self.order + letter, self.data, field.place)[0])
        whole = self.integer(field)
        return None if whole is None else float(whole)
