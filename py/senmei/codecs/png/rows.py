"""A PNG file, written row by row in memory that does not grow with its height."""

from __future__ import annotations

import struct
import zlib

import numpy as np

from ...geometry import Size
from ...picture import Metadata, Pixels
from ..metadata.writing import png_chunks, with_fitting_profile
from .chunks import SIGNATURE
from .filters import filtered

COMPRESSION = 5
"""zlib's level: half of the time of Pillow's 6 for files 0 to 3 % larger; writing is most of what a job costs besides
the network."""

_IDAT_BYTES = 1 << 18

_COLOUR_TYPES = {(1, False): 0, (3, False): 2, (1, True): 4, (3, True): 6}


class PngRows:
    """A RowEncoder for gray or RGB, with or without alpha, 8 or 16 bits a sample.

    A write needs about twenty times the memory of its rows.
    """

    def __init__(self, size: Size, *, channels: int, has_alpha: bool, depth: int, metadata: Metadata) -> None:
        self._head, self.notes = file_head(size, channels=channels, has_alpha=has_alpha, depth=depth, metadata=metadata)
        self._rows = DeflatedRows(size.width, channels=channels, has_alpha=has_alpha, depth=depth)

    def write(self, pixels: Pixels, alpha: Pixels | None) -> bytes:
        """The next rows: pixels (h, W, C) and alpha (h, W) of the depth given."""
        self._rows.write(pixels, alpha)
        return self._finished(_IDAT_BYTES)

    def finish(self) -> bytes:
        self._rows.finish()
        return self._finished(1) + chunk(b"IEND", b"")

    def _finished(self, enough: int) -> bytes:
        """The head before anything else, and the compressed bytes, once they are `enough` for a chunk."""
        head, self._head = self._head, b""
        if len(self._rows.compressed) < enough:
            return head
        data = head + chunk(b"IDAT", bytes(self._rows.compressed))
        self._rows.compressed.clear()
        return data


class DeflatedRows:
    """One picture's rows, filtered and deflated. compressed: the zlib stream so far, for its owner to take from."""

    def __init__(self, width: int, *, channels: int, has_alpha: bool, depth: int) -> None:
        self.compressed = bytearray()
        self._width = width
        self._samples = channels + has_alpha
        self._type = np.dtype(">u2" if depth == 16 else "u1")
        self._step = self._samples * self._type.itemsize
        self._last = np.zeros((1, self._step * (1 + width)), np.uint8)
        # As Pillow and libpng have it: filtered rows, the largest tables.
        self._deflate = zlib.compressobj(COMPRESSION, zlib.DEFLATED, 15, 9, zlib.Z_FILTERED)

    def write(self, pixels: Pixels, alpha: Pixels | None) -> None:
        rows = self._raw(pixels, alpha)
        self.compressed += self._deflate.compress(filtered(rows, step=self._step).data)
        self._last = rows[-1:].copy()

    def finish(self) -> None:
        self.compressed += self._deflate.flush()

    def _raw(self, pixels: Pixels, alpha: Pixels | None) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
        """The last row before and these, as bytes of the file behind one pixel of zeros."""
        height = pixels.shape[0]
        rows = np.zeros((1 + height, self._step * (1 + self._width)), np.uint8)
        rows[:1] = self._last
        samples = rows[1:, self._step :].view(self._type).reshape(height, self._width, self._samples)
        samples[:, :, : pixels.shape[2]] = pixels
        if alpha is not None:
            samples[:, :, -1] = alpha
        return rows


def file_head(
    size: Size, *, channels: int, has_alpha: bool, depth: int, metadata: Metadata, control: bytes = b""
) -> tuple[bytes, tuple[str, ...]]:
    """The file up to its picture data, and notes about metadata that it cannot hold. control: chunks behind IHDR."""
    metadata, unfitting = with_fitting_profile(metadata, is_gray=channels == 1, format_name="PNG")
    chunks, lost = png_chunks(metadata)
    header = struct.pack(">IIBBBBB", size.width, size.height, depth, _COLOUR_TYPES[channels, has_alpha], 0, 0, 0)
    parts = (SIGNATURE, chunk(b"IHDR", header), control, *(chunk(kind, data) for kind, data in chunks))
    return b"".join(parts), unfitting + lost


def chunk(kind: bytes, data: bytes) -> bytes:
    return b"".join((struct.pack(">I", len(data)), kind, data, struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))))
