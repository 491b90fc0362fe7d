"""The headers of a BMP file, or of a DIB within another file."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from ...errors import UnsupportedFormat
from ...geometry import Size
from ...picture import Pixels
from ..signatures import damaged

_RAW, _RLE8, _RLE4, _BITFIELDS, _ALPHABITFIELDS = 0, 1, 2, 3, 6
_DEPTHS = {_RAW: {1, 4, 8, 16, 24, 32}, _RLE8: {8}, _RLE4: {4}, _BITFIELDS: {16, 24, 32}, _ALPHABITFIELDS: {16, 32}}


@dataclass(frozen=True, slots=True)
class BmpHeader:
    """size: with the height made positive; start: where its rows begin; palette_start: where its colours do."""

    size: Size
    bits: int
    compression: int
    start: int
    header_bytes: int
    palette_start: int
    colours: int
    is_top_down: bool

    @property
    def is_run_length(self) -> bool:
        return self.compression in (_RLE8, _RLE4)

    @property
    def row_bytes(self) -> int:
        return (self.size.width * self.bits + 31) // 32 * 4

    def palette(self, data: bytes) -> Pixels:
        """(256, 3) RGB; those that it lacks are black. Only of files with 4 bytes a colour."""
        known = min(self.colours or 1 << self.bits, 256)
        stored = np.frombuffer(data[self.palette_start : self.palette_start + 4 * known], np.uint8)
        colours = np.zeros((256, 3), np.uint8)
        whole = len(stored) // 4
        colours[:whole] = stored[: 4 * whole].reshape(-1, 4)[:, 2::-1]
        return colours


def read_bmp_header(data: bytes, name: str, *, place: int = 14, rows_at: int | None = None) -> BmpHeader:
    """place: of the DIB header. rows_at: where the pixels begin; None: right behind header and palette."""
    head = data[place : place + 40]
    if len(head) < 12:
        raise damaged(name, f"its header at byte {place} is cut off")
    length = struct.unpack_from("<I", head)[0]
    compression = colours = 0
    if length == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", head, 4)
    elif length in (40, 52, 56, 64, 108, 124) and len(head) == 40:
        width, height, _, bits, compression = struct.unpack_from("<iiHHI", head, 4)
        colours = struct.unpack_from("<I", head, 32)[0]
    else:
        raise UnsupportedFormat(f"This {name} file has a bitmap header of {length} bytes, which is not read.")
    if width < 1 or not height:
        raise damaged(name, f"its header at byte {place} claims {width} × {height} pixels")
    if bits not in _DEPTHS.get(compression, ()):
        raise UnsupportedFormat(f"This {name} file has {bits} bits a pixel in the compression {compression}; not read.")
    palette_start = place + length + (12 if compression == _BITFIELDS and length == 40 else 0)
    if rows_at is None:
        entries = (colours or 1 << bits) if bits <= 8 else colours
        rows_at = palette_start + entries * (3 if length == 12 else 4)
    return BmpHeader(
        size=Size(width, abs(height)),
        bits=bits,
        compression=compression,
        start=rows_at,
        header_bytes=length,
        palette_start=palette_start,
        colours=colours,
        is_top_down=height < 0,
    )
