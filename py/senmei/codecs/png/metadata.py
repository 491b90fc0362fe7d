"""What a PNG's chunks tell about its picture, before and after the pixels."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from ..metadata.found import MAX_PROFILE_BYTES, MAX_TEXT_BYTES, MAX_TEXTS_BYTES, FoundMetadata, inflated

_XMP_KEYWORD = b"XML:com.adobe.xmp"
_LARGEST_RATIO = 1032
"""No zlib stream holds more bytes for each of its own."""

_COLOUR_BYTES = {b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"cICP": 4}
_READ = {b"iCCP", b"eXIf", b"pHYs", b"tEXt", b"zTXt", b"iTXt", *_COLOUR_BYTES}

# How ImageMagick kept what PNG had no chunk for: keyword → the attribute of FoundMetadata.
_RAW_PROFILES = {
    "Raw profile type exif": "exif",
    "Raw profile type APP1": "exif",
    "Raw profile type xmp": "xmp",
    "Raw profile type icc": "icc",
    "Raw profile type icm": "icc",
}


def metadata_in_png(data: bytes) -> FoundMetadata:
    """Reads the chunks of PNG 3 (W3C, 2025), section 11.3, up to the end or to where the file is cut off."""
    found = FoundMetadata()
    budget = MAX_TEXTS_BYTES
    seen: set[bytes] = set()
    for kind, content, is_sound in _chunks(data):
        damaged = f"A damaged {kind.decode('ascii')} chunk of the PNG was left out"
        if not is_sound:
            found.note(f"{damaged} (its checksum is wrong).")
            continue
        limit = min(budget, MAX_TEXT_BYTES)
        try:
            if kind in (b"tEXt", b"zTXt", b"iTXt"):
                budget -= _read_text(found, kind, content, limit)
            elif kind not in seen:
                seen.add(kind)
                _read_chunk(found, kind, content)
        except ValueError as error:
            found.note(f"{damaged} ({error}).")
            # What is left out has been inflated all the same.
            budget -= min(limit, _LARGEST_RATIO * len(content)) if kind in (b"zTXt", b"iTXt") else 0
    _unfold_raw_profiles(found)
    return found


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """Type, content and whether the checksum is right, of the chunks that are read here."""
    place = 8
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        kind = data[place + 4 : place + 8]
        end = place + 8 + length
        if kind == b"IEND" or end + 4 > len(data):
            return
        if kind in _READ:
            content = data[place + 8 : end]
            yield kind, content, zlib.crc32(content, zlib.crc32(kind)) == int.from_bytes(data[end : end + 4], "big")
        place = end + 4


def _read_chunk(found: FoundMetadata, kind: bytes, content: bytes) -> None:
    if kind == b"eXIf":
        found.exif = content
    elif kind == b"iCCP":
        _, _, compressed = content.partition(b"\0")
        found.icc = inflated(compressed[1:], MAX_PROFILE_BYTES)
    elif kind == b"pHYs":
        if len(content) != 9:
            raise ValueError(f"it has {len(content)} bytes instead of 9")
        across, down, unit = struct.unpack(">IIB", content)
        if unit == 1:
            found.dpi = (across * 0.0254, down * 0.0254)
    elif len(content) != _COLOUR_BYTES[kind]:
        raise ValueError(f"it has {len(content)} bytes instead of {_COLOUR_BYTES[kind]}")
    else:
        found.png_colour.append((kind, content))


def _read_text(found: FoundMetadata, kind: bytes, content: bytes, limit: int) -> int:
    """Adds a text or the XMP packet; returns the bytes that were inflated for it, at most `limit`."""
    keyword, separator, rest = content.partition(b"\0")
    if not separator or not 1 <= len(keyword) <= 79:
        raise ValueError("it has no keyword")
    if kind == b"tEXt":
        body = rest
    elif kind == b"zTXt":
        body = inflated(rest[1:], limit)
    else:
        body = _international_body(found, rest, limit)
    inflated_bytes = len(body) if kind == b"zTXt" or (kind == b"iTXt" and rest[0]) else 0
    if kind == b"iTXt" and keyword == _XMP_KEYWORD:
        found.xmp = found.xmp or body
        return inflated_bytes
    try:
        text = body.decode("utf-8" if kind == b"iTXt" else "latin-1")
    except UnicodeDecodeError as error:
        raise ValueError("not in UTF-8") from error
    found.texts.append((keyword.decode("latin-1"), text))
    return inflated_bytes


def _international_body(found: FoundMetadata, rest: bytes, limit: int) -> bytes:
    """The text's bytes of what follows the keyword of an iTXt chunk (PNG 3, 11.3.3.4)."""
    parts = rest[2:].split(b"\0", 2)
    if len(parts) < 3:
        raise ValueError("it is cut off")
    language, translated, body = parts
    if language or translated:
        found.note("The languages that the PNG states for its texts are not kept.")
    return inflated(body, limit) if rest[0] else body


def _unfold_raw_profiles(found: FoundMetadata) -> None:
    """ImageMagick's texts of a name, a length and hexadecimal digits become what they stand for."""
    kept = []
    for keyword, text in found.texts:
        attribute = _RAW_PROFILES.get(keyword)
        if attribute is None:
            kept.append((keyword, text))
            continue
        try:
            content = bytes.fromhex("".join(text.split()[2:]))
        except ValueError:
            found.note(f"The damaged PNG text “{keyword}” was left out.")
            continue
        if attribute == "exif" and content.startswith(b"http://ns.adobe.com/xap/1.0/\0"):
            attribute, content = "xmp", content.split(b"\0", 1)[1]
        if getattr(found, attribute) is None:
            setattr(found, attribute, content)
    found.texts = kept
