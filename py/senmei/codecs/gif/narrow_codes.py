"""LZW codes of colours of 0 or 1 bit, which GIF89a (appendix F) forbids, some files have and browsers read.

Pillow cannot: their second code is wider than their first, before there is any entry in its table.
"""

from __future__ import annotations

from .structure import sub_blocks

_ENTRIES = 4096


def read_narrow_codes(codes: bytes, code_bits: int, pixels: int) -> bytes:
    """The first `pixels` indices, or as many as there are before the codes end or mean nothing."""
    stream = b"".join(codes[block] for block in sub_blocks(codes, 0))
    clear = 1 << code_bits
    roots = [bytes((value,)) for value in range(clear)] + [b"", b""]
    table, width = list(roots), code_bits + 1
    bits = held = place = given = 0
    before = b""
    made: list[bytes] = []
    while given < pixels:
        while held < width and place < len(stream):
            bits |= stream[place] << held
            held, place = held + 8, place + 1
        if held < width:
            break
        code, bits, held = bits & ((1 << width) - 1), bits >> width, held - width
        if code == clear:
            table, width, before = list(roots), code_bits + 1, b""
            continue
        if code == clear + 1 or code > len(table) or (code == len(table) and not before):
            break
        string = table[code] if code < len(table) else before + before[:1]
        if before and len(table) < _ENTRIES:
            table.append(before + string[:1])
        # As wide as the entry that the next code will make needs.
        if len(table) + 1 > 1 << width and len(table) < _ENTRIES:
            width = min(width + 1, 12)
        before = string
        made.append(string)
        given += len(string)
    return b"".join(made)[:pixels]
