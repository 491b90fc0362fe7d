"""What a GIF's extension blocks tell about its picture."""

from __future__ import annotations

from ..metadata.found import FoundMetadata

_XMP_TRAILER_BYTES = 257
"""0x01, then 0xFF down to 0x00: readers of sub-blocks land in it wherever they are, and come to its end."""


def metadata_in_gif(data: bytes) -> FoundMetadata:
    """Reads the comments (GIF89a, 24), and XMP (part 3, 1.1.2) and ICC profile ("ICCRGBG1012") as application blocks,
    up to the end or to where the file is cut off."""
    found = FoundMetadata()
    place = 13 + _palette_bytes(data[10:11])
    while place + 2 <= len(data):
        if data[place] == 0x2C:
            place += 11 + _palette_bytes(data[place + 9 : place + 10])
            place, _ = _sub_blocks(data, place, keep=False)
        elif data[place] == 0x21:
            place = _read_extension(found, data, place + 2, data[place + 1])
        else:
            break
    return found


def _palette_bytes(flags: bytes) -> int:
    return 3 << ((flags[0] & 7) + 1) if flags and flags[0] & 0x80 else 0


def _read_extension(found: FoundMetadata, data: bytes, place: int, label: int) -> int:
    """Returns where the next block begins."""
    if label == 0xFE:
        place, comment = _sub_blocks(data, place, keep=True)
        found.add_comment(comment)
        return place
    if label != 0xFF:
        return _sub_blocks(data, place, keep=False)[0]
    name = data[place + 1 : place + 12]
    start = place + 12
    place, content = _sub_blocks(data, start, keep=name == b"ICCRGBG1012")
    if name == b"XMP DataXMP" and place - start > _XMP_TRAILER_BYTES:
        found.xmp = found.xmp or data[start : place - _XMP_TRAILER_BYTES - 1]
    elif content:
        found.icc = found.icc or content
    return place


def _sub_blocks(data: bytes, place: int, *, keep: bool) -> tuple[int, bytes]:
    """Where the blocks that begin at `place` end, and what they hold (GIF89a, 15)."""
    kept = []
    while place < len(data) and data[place]:
        if keep:
            kept.append(data[place + 1 : place + 1 + data[place]])
        place += 1 + data[place]
    return place + 1, b"".join(kept)
