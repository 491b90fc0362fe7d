"""BMP, GIF, ICO and TGA files written by hand, for the kinds that Pillow does not write."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def bmp(
    rows: Sequence[bytes],
    width: int,
    bits: int,
    *,
    palette: NDArray[Any] | None = None,
    masks: Sequence[int] = (),
    compression: int = 0,
    top_down: bool = False,
    core_header: bool = False,
    data: bytes | None = None,
) -> bytes:
    """rows: packed, from the top. palette: (n, 3) RGB. masks: with compression 3. data: instead of rows, as run-length
    coding makes it."""
    ordered = rows if top_down else rows[::-1]
    pixels = b"".join(row + bytes(-len(row) % 4) for row in ordered) if data is None else data
    height = len(rows)
    entries = b""
    if palette is not None:
        entries = b"".join(bytes(colour[::-1]) + (b"" if core_header else b"\0") for colour in palette.astype(np.uint8))
    if core_header:
        head = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        length = 40 if len(masks) < 4 else 108
        head = struct.pack(
            "<IiiHHIIiiII",
            length,
            width,
            -height if top_down else height,
            1,
            bits,
            compression,
            len(pixels),
            2835,
            2835,
            0 if palette is None else len(palette),
            0,
        )
        head += struct.pack(f"<{len(masks)}I", *masks)
        if length == 108:
            head = head.ljust(108, b"\0")
    start = 14 + len(head) + len(entries)
    return b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + head + entries + pixels


def packed(indices: NDArray[Any], bits: int) -> list[bytes]:
    """Rows of samples of fewer than 8 bits, the first in the high bits."""
    spread = (indices.astype(np.uint8)[:, :, np.newaxis] >> np.arange(bits - 1, -1, -1)) & 1
    return [row.tobytes() for row in np.packbits(spread.reshape(len(indices), -1), axis=1)]


def rle8(indices: NDArray[Any]) -> bytes:
    """From the bottom: a run, then the rest of a row as literals, an end of line, and an end of the picture."""
    made = bytearray()
    for row in indices[::-1].astype(int).tolist():
        run = 1
        while run < min(len(row), 255) and row[run] == row[0]:
            run += 1
        made += bytes((run, row[0]))
        rest = row[run:]
        while len(rest) >= 3:
            part = rest[:255]
            made += bytes((0, len(part), *part)) + bytes(len(part) % 2)
            rest = rest[255:]
        for value in rest:
            made += bytes((1, value))
        made += b"\0\0"
    return bytes(made) + b"\0\1"


def rle4(indices: NDArray[Any]) -> bytes:
    """Two colours a byte, both as runs of two in turn and as literals."""
    made = bytearray()
    for row in indices[::-1].astype(int).tolist():
        made += bytes((4, row[0] << 4 | row[1])) if row[:2] == row[2:4] else bytes((2, row[0] << 4 | row[1]))
        rest = row[4:] if row[:2] == row[2:4] else row[2:]
        while len(rest) >= 3:
            part = rest[:255]
            nibbles = [*part, 0][: len(part) + len(part) % 2]
            content = bytes(high << 4 | low for high, low in zip(nibbles[::2], nibbles[1::2], strict=True))
            made += bytes((0, len(part))) + content + bytes(len(content) % 2)
            rest = rest[255:]
        for value in rest:
            made += bytes((1, value << 4))
        made += b"\0\0"
    return bytes(made) + b"\0\1"


def gif(
    indices: NDArray[Any],
    palette: NDArray[Any] | None,
    *,
    screen: tuple[int, int] | None = None,
    place: tuple[int, int] = (0, 0),
    transparent: int | None = None,
    interlaced: bool = False,
    local: bool = False,
    frames: int = 1,
) -> bytes:
    """One picture of 256 colours at most, or the same one several times."""
    height, width = indices.shape
    wide, high = screen or (width, height)
    colours = b"" if palette is None else palette.astype(np.uint8).tobytes().ljust(768, b"\0")
    shared = b"" if local else colours
    made = b"GIF89a" + struct.pack("<HHBBB", wide, high, 0xF7 if shared else 0x70, 0, 0) + shared
    rows = indices
    if interlaced:
        rows = np.concatenate([indices[0::8], indices[4::8], indices[2::4], indices[1::2]])
    codes = _sub_blocks(_gif_codes(rows.astype(np.uint8).tobytes()))
    for _ in range(frames):
        if transparent is not None:
            made += b"!\xf9\x04" + struct.pack("<BHBB", 1, 5, transparent, 0)
        flags = (0x40 if interlaced else 0) | (0x87 if local and colours else 0)
        made += b"," + struct.pack("<HHHHB", *place, width, height, flags) + (colours if local else b"")
        made += b"\x08" + codes + b"\0"
    return made + b";"


def _gif_codes(raw: bytes) -> bytes:
    """Every byte its own code of 9 bits, the table cleared before the codes grow; the lowest bits first."""
    codes: list[int] = []
    for start in range(0, len(raw), 250):
        codes += [256, *raw[start : start + 250]]
    codes.append(257)
    bits = np.array(codes, np.uint16)[:, np.newaxis] >> np.arange(9, dtype=np.uint16) & 1
    return np.packbits(bits.astype(np.uint8), bitorder="little").tobytes()


def _sub_blocks(data: bytes) -> bytes:
    parts = [data[start : start + 255] for start in range(0, len(data), 255)]
    return b"".join(bytes((len(part),)) + part for part in parts)


def ico(*pictures: tuple[tuple[int, int], int, bytes]) -> bytes:
    """pictures: size, bits a pixel, and the PNG file or the DIB with its mask."""
    place = 6 + 16 * len(pictures)
    entries, contents = b"", b""
    for (width, height), bits, content in pictures:
        entries += struct.pack("<BBBBHHII", width % 256, height % 256, 0, 0, 1, bits, len(content), place)
        place += len(content)
        contents += content
    return struct.pack("<HHH", 0, 1, len(pictures)) + entries + contents


def icon_bitmap(picture: bytes, mask: NDArray[Any]) -> bytes:
    """The DIB of a BMP file, with twice its height, and a mask, (H, W), where 1 is transparent."""
    dib = bytearray(picture[14:])
    struct.pack_into("<i", dib, 8, 2 * len(mask))
    rows = [row + bytes(-len(row) % 4) for row in packed(mask, 1)]
    return bytes(dib) + b"".join(rows[::-1])


def tga(
    pixels: NDArray[Any],
    kind: int,
    *,
    palette: NDArray[Any] | None = None,
    alpha_bits: int = 0,
    origin: str = "bottom left",
    identification: bytes = b"",
) -> bytes:
    """pixels: (H, W, bytes) as the file stores them, from the top left. kind: 1, 2, 3, or 8 more for runs."""
    height, width, depth = pixels.shape
    ordered = pixels[:: -1 if "bottom" in origin else 1, :: -1 if "right" in origin else 1]
    flags = alpha_bits | (0x20 if "top" in origin else 0) | (0x10 if "right" in origin else 0)
    colours = b"" if palette is None else palette[:, ::-1].astype(np.uint8).tobytes()
    head = struct.pack(
        "<BBBHHBHHHHBB",
        len(identification),
        palette is not None,
        kind,
        0,
        0 if palette is None else len(palette),
        0 if palette is None else 24,
        0,
        0,
        width,
        height,
        8 * depth,
        flags,
    )
    raw = np.ascontiguousarray(ordered).astype(np.uint8).reshape(-1, depth)
    return head + identification + colours + (_runs(raw) if kind >= 8 else raw.tobytes())


def _runs(raw: NDArray[np.uint8]) -> bytes:
    made = bytearray()
    values = [row.tobytes() for row in raw]
    place = 0
    while place < len(values):
        run = 1
        while run < 128 and place + run < len(values) and values[place + run] == values[place]:
            run += 1
        if run > 1:
            made += bytes((127 + run,)) + values[place]
            place += run
        else:
            made += b"\0" + values[place]
            place += 1
    return bytes(made)
