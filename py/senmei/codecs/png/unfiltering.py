"""Undoing PNG's row filters, a band at a time, with Pillow's decoder.

A filter looks up by one row only (W3C PNG, third edition, 9.2), so each band is decoded behind the last row of the one
before it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

from ...picture import Pixels
from ..inflating import Inflated

_BAND_BYTES = 2**22

# Bytes a pixel → the mode and raw modes with which Pillow undoes filters of that reach. It reads 16-bit colour as its
# high bytes only; with the other byte order it gives the low ones.
_READINGS = {
    1: ("L", ("L",)),
    2: ("LA", ("LA",)),
    3: ("RGB", ("RGB",)),
    4: ("RGBA", ("RGBA",)),
    6: ("RGB", ("RGB;16B", "RGB;16L")),
    8: ("RGBA", ("RGBA;16B", "RGBA;16L")),
}


def unfiltered_rows(inflated: Inflated, rows: int, row_bytes: int, unit: int) -> Iterator[Pixels]:
    """Bands of (n, row_bytes) uint8, `rows` rows in all, or fewer and `inflated.problem` is set.

    unit: bytes a pixel, 1 for several pixels a byte.
    """
    band_rows = max(1, _BAND_BYTES // (row_bytes + 1))
    previous = bytes(row_bytes)
    done = 0
    while done < rows and not inflated.problem:
        raw = inflated.read(min(band_rows, rows - done) * (row_bytes + 1))
        whole = len(raw) // (row_bytes + 1)
        filters = np.frombuffer(raw, np.uint8, whole * (row_bytes + 1))[:: row_bytes + 1]
        if (wrong := np.flatnonzero(filters > 4)).size:
            whole = int(wrong[0])
            inflated.problem = f"row {done + whole} has a filter that PNG has not ({filters[whole]})"
        if whole == 0:
            return
        band = _unfiltered(previous, raw[: whole * (row_bytes + 1)], row_bytes, unit)
        previous = band[-1].tobytes()
        done += whole
        yield band


def _unfiltered(previous: bytes, raw: bytes, row_bytes: int, unit: int) -> Pixels:
    mode, raw_modes = _READINGS[unit]
    rows = 1 + len(raw) // (row_bytes + 1)
    # A zlib stream again, but only stored, which costs no more than copying.
    stream = zlib.compress(b"".join((b"\0", previous, raw)), 0)
    band = np.empty((rows - 1, row_bytes), np.uint8)
    for part, raw_mode in enumerate(raw_modes):
        image = Image.frombytes(mode, (row_bytes // unit, rows), stream, "zip", raw_mode)
        band[:, part :: len(raw_modes)] = np.asarray(image).reshape(rows, -1)[1:]
    return band
