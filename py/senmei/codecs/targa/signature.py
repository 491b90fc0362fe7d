"""Knowing a TGA file, which has no signature, by a header that hardly anything else could have."""

from __future__ import annotations

_FOOTER = b"TRUEVISION-XFILE.\0"

# Image types (Truevision TGA 2.0, field 3) and the bits a pixel that each can have.
_DEPTHS = {1: {8}, 9: {8}, 2: {16, 24, 32}, 10: {16, 24, 32}, 3: {1, 8, 16}, 11: {8, 16}}
_COLOUR_MAPPED = {1, 9}
_ALPHA_BITS = {1: {0}, 8: {0, 8}, 16: {0, 1, 8}, 24: {0}, 32: {0, 8}}


def is_targa(data: bytes) -> bool:
    if len(data) < 18:
        return False
    has_map, kind, depth, descriptor = data[1], data[2], data[16], data[17]
    if has_map > 1 or depth not in _DEPTHS.get(kind, ()) or 0 in (size_of(data)) or descriptor >> 6:
        return False
    if data.endswith(_FOOTER):
        return True
    if descriptor & 15 not in _ALPHA_BITS[depth]:
        return False
    first, length, bits = (
        int.from_bytes(data[3:5], "little"),
        int.from_bytes(data[5:7], "little"),
        data[7],
    )
    if has_map:
        return kind in _COLOUR_MAPPED and length > 0 and first + length <= 256 and bits in (16, 24, 32)
    return kind not in _COLOUR_MAPPED and not any(data[3:8])


def size_of(data: bytes) -> tuple[int, int]:
    return int.from_bytes(data[12:14], "little"), int.from_bytes(data[14:16], "little")
