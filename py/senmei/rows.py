"""Pictures that flow in bands of rows, from the top: what lets a result be larger than memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .geometry import Region, Size
from .picture import Pixels
from .pixels import cut

BAND_SAMPLES = 4_000_000
"""About how many samples a band holds where nothing else decides: a few megabytes."""


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """Rows of a picture from `top` on: samples (h, W, n), uint8 or uint16, n = 1 or 3 colours, + 1 with alpha last."""

    top: int
    samples: Pixels

    @property
    def bottom(self) -> int:
        return self.top + len(self.samples)


class RowWindow:
    """The rows of a picture of the size `size` that are still needed, while it arrives in bands."""

    def __init__(self, size: Size) -> None:
        self._size = size
        self._top = 0
        self._rows: Pixels | None = None

    @property
    def bottom(self) -> int:
        """The first row that has not arrived."""
        return self._top if self._rows is None else self._top + len(self._rows)

    def append(self, band: Band) -> None:
        """Raises ValueError for a band that does not go on where the last one ended, or is of another width."""
        if band.top != self.bottom or band.samples.shape[1] != self._size.width:
            raise ValueError(f"a band at row {band.top}, {band.samples.shape}, cannot follow row {self.bottom}")
        if self._rows is None or not len(self._rows):
            self._top, self._rows = band.top, band.samples
        else:
            self._rows = np.concatenate((self._rows, band.samples))

    def drop_above(self, row: int) -> None:
        """Rows above `row` will not be asked for any more."""
        if self._rows is not None and row > self._top:
            self._rows = self._rows[row - self._top :]
            self._top = row

    def rows(self, top: int, bottom: int) -> Pixels:
        """A view of the rows from `top` to `bottom`, (bottom - top, W, n). Raises ValueError for rows that are gone or
        not there."""
        if self._rows is None or top < self._top or bottom > self.bottom:
            raise ValueError(f"rows {top} to {bottom} are not among {self._top} to {self.bottom}")
        return self._rows[top - self._top : bottom - self._top]

    def cut(self, region: Region) -> Pixels:
        """A contiguous copy of `region`, (h, w, n); beyond the picture's border the nearest pixel is repeated."""
        last = self._size.height - 1
        top, bottom = (min(max(row, 0), last) for row in (region.y, region.bottom - 1))
        # The rows held end where the picture ends whenever the region reaches beyond it.
        return cut(self.rows(top, bottom + 1), region.shifted(0, -top))


def band_height(width: int, channels: int) -> int:
    """How many rows of a picture a band of about BAND_SAMPLES has."""
    return max(1, BAND_SAMPLES // (width * channels))
