"""TIFF's directories of tags as they are written (TIFF 6.0, section 2), and what of an EXIF block goes into them."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from .fields import TYPE_BYTES, TiffBlock

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 1, 2, 3, 4, 5, 7
_LAST_CLASSIC_TYPE = 13

EXIF_IFD, GPS_IFD, INTEROP_IFD = 0x8769, 0x8825, 0xA005
_ORIENTATION = 0x0112

# Where EXIF has its further directories; a pointer elsewhere could lead round in a circle.
_DIRECTORIES_IN = {None: (EXIF_IFD, GPS_IFD), EXIF_IFD: (INTEROP_IFD,)}


@dataclass(frozen=True, slots=True)
class Field:
    """type: TIFF's number of it. content: the values in the byte order of the file."""

    type: int
    content: bytes

    @property
    def count(self) -> int:
        return len(self.content) // TYPE_BYTES[self.type]


Directory = dict[int, "Field | Directory"]
"""Tags and their fields; a further directory in the place of the pointer to it."""


def directory_of_exif(block: bytes) -> tuple[str, Directory]:
    """The byte order of an EXIF block ("<" or ">") and its first directory with those inside it.

    The thumbnail's directory is not read, nor what an offset inside a value points to (some makers' notes have such).
    Raises ValueError when it does not begin with a TIFF header, and for fields that share their bytes: written apart,
    a small block could become gigabytes.
    """
    tiff = TiffBlock(block)
    if tiff.is_big:
        raise ValueError("it has a BigTIFF header")
    directory = _directory(tiff, tiff.first, None)
    if _content_bytes(directory) > len(block):
        raise ValueError("its fields lie on top of each other")
    return tiff.order, directory


def _content_bytes(directory: Directory) -> int:
    return sum(
        len(field.content) if isinstance(field, Field) else _content_bytes(field) for field in directory.values()
    )


def _directory(tiff: TiffBlock, place: int, name: int | None) -> Directory:
    directory: Directory = {}
    for field in tiff.directory(place)[0]:
        if field.tag in _DIRECTORIES_IN.get(name, ()):
            directory[field.tag] = _directory(tiff, tiff.integer(field) or 0, field.tag)
        elif field.type <= _LAST_CLASSIC_TYPE:
            directory[field.tag] = Field(field.type, tiff.content(field))
    return directory


def without_orientation(block: bytes) -> bytes:
    """An EXIF block whose first directory does not speak of it; nothing else changes its value or its place.

    Raises ValueError when it does not begin with a TIFF header.
    """
    tiff = TiffBlock(block)
    (count,) = struct.unpack_from(f"{tiff.order}H", block, tiff.first) if tiff.first + 2 <= len(block) else (0,)
    start = tiff.first + 2
    for place in range(start, min(start + 12 * count, len(block) - 12), 12):
        if struct.unpack_from(f"{tiff.order}H", block, place)[0] == _ORIENTATION:
            # The entries behind, and the offset of the next directory, move up; twelve bytes are then unused.
            end = start + 12 * count + 4
            head = block[: tiff.first] + struct.pack(f"{tiff.order}H", count - 1) + block[start:place]
            return head + block[place + 12 : end] + bytes(12) + block[end:]
    return block


def serialised(directory: Mapping[int, Field | Directory], order: str, offset: int) -> bytes:
    """A directory that lies at `offset` in its file, with its values and the directories inside it behind it."""
    entries, behind = [], bytearray()
    start = offset + 2 + 12 * len(directory) + 4
    for tag, field in sorted(directory.items()):
        place = start + len(behind)
        pointer = struct.pack(f"{order}I", place)
        if isinstance(field, Field):
            entry = field.content if len(field.content) <= 4 else pointer
            behind += b"" if len(field.content) <= 4 else field.content
            kind, count = field.type, field.count
        else:
            kind, count, entry = LONG, 1, pointer
            behind += serialised(field, order, place)
        # Values begin at even offsets.
        behind += b"\0" * (len(behind) % 2)
        entries.append(struct.pack(f"{order}HHI", tag, kind, count) + entry.ljust(4, b"\0"))
    return b"".join((struct.pack(f"{order}H", len(entries)), *entries, b"\0\0\0\0", behind))


def file_header(order: str, offset: int) -> bytes:
    """The first 8 bytes of a TIFF file whose first directory lies at `offset`."""
    return (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, offset)


def shorts(order: str, *values: int) -> Field:
    return Field(SHORT, struct.pack(f"{order}{len(values)}H", *values))


def longs(order: str, *values: int) -> Field:
    return Field(LONG, struct.pack(f"{order}{len(values)}I", *values))


def rational(order: str, value: float) -> Field:
    """The nearest fraction with a denominator of up to 10,000. value: above 0, below 400,000."""
    fraction = Fraction(value).limit_denominator(10_000)
    return Field(RATIONAL, struct.pack(f"{order}II", fraction.numerator, fraction.denominator))


def text(value: str) -> Field:
    """UTF-8, as readers take it, though TIFF 6.0 knows ASCII only."""
    return Field(ASCII, value.encode(errors="replace").replace(b"\0", b" ") + b"\0")
