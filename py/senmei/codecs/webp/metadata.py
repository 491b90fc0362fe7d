"""What a WebP's chunks tell about its picture."""

from __future__ import annotations

from ..metadata.found import FoundMetadata


def metadata_in_webp(data: bytes) -> FoundMetadata:
    """Reads the ICCP, EXIF and XMP chunks of the extended format (RFC 9649, 2.7.1)."""
    found = FoundMetadata()
    place = 12
    while place + 8 <= len(data):
        kind = data[place : place + 4]
        length = int.from_bytes(data[place + 4 : place + 8], "little")
        content = data[place + 8 : place + 8 + length] if kind in (b"ICCP", b"EXIF", b"XMP ") else b""
        if content and len(content) < length:
            found.note(f"The {kind.decode('ascii').strip()} chunk of the WebP is cut off and was left out.")
        elif kind == b"ICCP":
            found.icc = found.icc or content
        elif kind == b"EXIF":
            found.exif = found.exif or content
        elif kind == b"XMP ":
            found.xmp = found.xmp or content
        place += 8 + length + length % 2
    return found
