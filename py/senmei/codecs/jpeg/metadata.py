"""What a JPEG's marker segments tell about its picture."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from ..metadata.found import FoundMetadata

_EXIF = b"Exif\0\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\0"
_ICC = b"ICC_PROFILE\0"
_MOST_SEGMENTS = 1 << 16
"""Files have tens, or hundreds with a large profile; bytes that only look like empty segments would take minutes."""

_MARKER = re.compile(rb"\xff+([^\xff])", re.DOTALL)
_IPTC = b"8BIM\x04\x04"


def metadata_in_jpeg(data: bytes) -> FoundMetadata:
    """Reads the segments before the first scan: JFIF (T.871), Exif (2.32, 4.7), XMP (part 3, 1.1.3), ICC (ICC.1:2022,
    B.4) and comments."""
    found = FoundMetadata()
    profile: dict[int, bytes] = {}
    profile_parts = 0
    exif: list[bytes] = []
    for marker, content in _segments(data):
        if marker == 0xFE:
            found.add_comment(content)
        elif marker == 0xE0 and content.startswith(b"JFIF\0"):
            _read_density(found, content)
        elif marker == 0xE1 and content.startswith(_EXIF):
            block = content[len(_EXIF) :]
            # A second segment with a header of its own is another block, which nobody reads; without, it goes on.
            if not exif or block[:4] not in (b"II*\0", b"MM\0*"):
                exif.append(block)
        elif marker == 0xE1 and content.startswith(_XMP):
            found.xmp = found.xmp or content[len(_XMP) :]
        elif marker == 0xE1 and content.startswith(_EXTENDED_XMP):
            found.note("The extended part of the XMP data, which does not fit a JPEG segment, was left out.")
        elif marker == 0xE2 and content.startswith(_ICC) and len(content) >= len(_ICC) + 2:
            number, profile_parts = content[len(_ICC)], content[len(_ICC) + 1]
            profile.setdefault(number, content[len(_ICC) + 2 :])
        elif marker == 0xED and _IPTC in content:
            found.note("The IPTC captions of the JPEG are not kept.")
    found.exif = b"".join(exif)
    if profile and sorted(profile) == list(range(1, profile_parts + 1)):
        found.icc = b"".join(profile[number] for number in sorted(profile))
    elif profile:
        found.note(
            f"The colour profile was left out: the JPEG has {len(profile)} of the {profile_parts} parts it names."
        )
    return found


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and content of every segment up to the first scan, the end, or where the file is cut off."""
    place = 2
    for _ in range(_MOST_SEGMENTS):
        found = _MARKER.match(data, place)
        if found is None or found[1][0] in (0xDA, 0xD9):
            return
        marker, place = found[1][0], found.end()
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            continue
        length = int.from_bytes(data[place : place + 2], "big")
        if length < 2 or place + length > len(data):
            return
        yield marker, data[place + 2 : place + length]
        place += length


def _read_density(found: FoundMetadata, content: bytes) -> None:
    if len(content) < 12:
        return
    unit, across, down = struct.unpack_from(">BHH", content, 7)
    factor = {1: 1.0, 2: 2.54}.get(unit)
    if factor:
        found.dpi = (across * factor, down * factor)
