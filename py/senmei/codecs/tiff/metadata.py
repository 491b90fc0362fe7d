"""What the first directory of a TIFF file tells about its picture."""

from __future__ import annotations

import struct

from ..metadata.exif import ORIENTATION, RESOLUTION_UNIT, X_RESOLUTION, Y_RESOLUTION, dpi_in, orientation_in
from ..metadata.found import MAX_PROFILE_BYTES, MAX_TEXT_BYTES, FoundMetadata, plain_text
from .fields import PlacedField, TiffBlock

MAX_EXIF_BYTES = 4 << 20
"""Many fields may name the same bytes; a block that is written anew holds each on its own."""

_XMP, _IPTC, _ICC = 700, 33723, 34675
_EXIF_DIRECTORY, _GPS_DIRECTORY, _INTEROP_DIRECTORY, _MAKER_NOTE = 34665, 34853, 0xA005, 0x927C
_TEXTS = {270: "Description", 315: "Author", 305: "Software", 33432: "Copyright"}
_MAKE, _MODEL, _DATE_TIME = 271, 272, 306

# A block is worth making for these; the others only accompany them.
_WORTH_EXIF = {270, 315, 33432, _MAKE, _MODEL, _DATE_TIME, _EXIF_DIRECTORY, _GPS_DIRECTORY}
_IN_EXIF = _WORTH_EXIF | {305, ORIENTATION, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT}


def metadata_in_tiff(data: bytes) -> FoundMetadata:
    """Reads the tags of TIFF 6.0, section 8, XMP (700), ICC profile (34675) and the EXIF directories.

    Damage gives a note, never an error.
    """
    found = FoundMetadata()
    try:
        tiff = TiffBlock(data)
    except ValueError as error:
        found.note(f"The metadata of the TIFF was left out ({error}).")
        return found
    fields, is_whole = tiff.directory(tiff.first)
    if not is_whole:
        found.note("The directory of the TIFF is cut off; metadata in the missing part is lost.")
    found.orientation = orientation_in(tiff, fields)
    found.dpi = dpi_in(tiff, fields)
    for field in fields:
        if field.tag in _TEXTS and field.type in (1, 2, 7) and field.size <= MAX_TEXT_BYTES:
            text = plain_text(tiff.content(field))
            if text:
                found.texts.append((_TEXTS[field.tag], text))
        elif field.tag == _XMP and field.type in (1, 7) and field.size <= MAX_TEXT_BYTES:
            found.xmp = tiff.content(field)
        elif field.tag == _ICC and field.type in (1, 7) and field.size <= MAX_PROFILE_BYTES:
            found.icc = tiff.content(field)
        elif field.tag == _IPTC:
            found.note("The IPTC captions of the TIFF are not kept.")
    if any(field.tag in _WORTH_EXIF for field in fields):
        try:
            found.exif = _exif_block(found, tiff, [field for field in fields if field.tag in _IN_EXIF])
        except ValueError as error:
            found.note(f"The EXIF data of the TIFF was left out ({error}).")
    return found


def _exif_block(found: FoundMetadata, tiff: TiffBlock, fields: list[PlacedField]) -> bytes:
    """An EXIF block with copies of these fields and of the directories that they name, in the file's byte order."""
    header = (b"II" if tiff.order == "<" else b"MM") + struct.pack(tiff.order + "HI", 42, 8)
    return header + _directory(found, tiff, fields, 8)


def _directory(found: FoundMetadata, tiff: TiffBlock, fields: list[PlacedField], place: int) -> bytes:
    """A directory to stand at `place` of a block, with all that it names behind it."""
    entries: dict[int, bytes] = {}
    behind = bytearray()
    copied = [field for field in fields if _can_be_copied(found, field)]
    start = place + 2 + 12 * len(copied) + 4
    for field in copied:
        kind, count = field.type, field.count
        if len(behind) + field.size > MAX_EXIF_BYTES:
            raise ValueError(f"it has more than {MAX_EXIF_BYTES >> 20} MiB")
        if field.tag in (_EXIF_DIRECTORY, _GPS_DIRECTORY, _INTEROP_DIRECTORY):
            inner, is_whole = tiff.directory(tiff.integer(field) or 0)
            if not is_whole:
                found.note("A cut off directory in the EXIF data of the TIFF was shortened.")
            # Directories below these may name them again: only those that EXIF has are followed.
            deeper = {_INTEROP_DIRECTORY} if field.tag == _EXIF_DIRECTORY else set()
            pointers = {_EXIF_DIRECTORY, _GPS_DIRECTORY, _INTEROP_DIRECTORY} - deeper
            kept = [one for one in inner if one.tag not in pointers]
            at = start + len(behind)
            behind += _directory(found, tiff, kept, at)
            kind, count, content = 4, 1, struct.pack(tiff.order + "I", at)
        elif field.size > 4:
            content = struct.pack(tiff.order + "I", start + len(behind))
            behind += tiff.content(field) + bytes(field.size % 2)
        else:
            content = tiff.content(field)
        entries[field.tag] = struct.pack(tiff.order + "HHI", field.tag, kind, count) + content.ljust(4, b"\0")
    ordered = b"".join(entries[tag] for tag in sorted(entries))
    return struct.pack(tiff.order + "H", len(entries)) + ordered + bytes(4) + bytes(behind)


def _can_be_copied(found: FoundMetadata, field: PlacedField) -> bool:
    if field.tag == _MAKER_NOTE:
        found.note("The camera maker's notes of the TIFF were left out, because they hold for one place in a file.")
        return False
    return field.type < 16 or field.tag in (_EXIF_DIRECTORY, _GPS_DIRECTORY, _INTEROP_DIRECTORY)
