"""What moves in an animation: known before any network runs, so that tiles can be cut to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .geometry import Size
from .picture import Pixels
from .tiling import TilePlan

_LEAST_BLOCK = 8
_MOST_BLOCKS = 16_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """changed: (frames, rows, columns) bool of blocks `block` pixels a side of frames of the size `size`: whether any
    pixel of it differs from the frame before. Of the first frame all are True."""

    size: Size
    block: int
    changed: NDArray[np.bool_]

    def tiles_to_run(self, plan: TilePlan) -> NDArray[np.int64]:
        """How many tiles of `plan` see a change, for every frame, (frames,); rather too many than too few."""
        frames, rows, columns = self.changed.shape
        sums = np.zeros((frames, rows + 1, columns + 1), np.int32)
        self.changed.cumsum(axis=1, dtype=np.int32).cumsum(axis=2, out=sums[:, 1:, 1:])
        sources = np.array([(one.source.x, one.source.y, one.source.right, one.source.bottom) for one in plan.tiles])
        left, top = (sources[:, at].clip(0) // self.block for at in (0, 1))
        right = (-(-sources[:, 2] // self.block)).clip(0, columns)
        bottom = (-(-sources[:, 3] // self.block)).clip(0, rows)
        inside = sums[:, bottom, right] - sums[:, top, right] - sums[:, bottom, left] + sums[:, top, left]
        runs: NDArray[np.int64] = (inside > 0).sum(axis=1, dtype=np.int64)
        return runs

    def enlarged(self, scale: int, overlap: int) -> Motion:
        """The motion of the frames that a network with this scale and overlap makes of these."""
        reach = -(-overlap // self.block)
        grown = self.changed
        for axis in (1, 2):
            length = grown.shape[axis]
            padded = np.pad(grown, [(reach, reach) if one == axis else (0, 0) for one in range(3)])
            parts = [padded.take(range(start, start + length), axis=axis) for start in range(2 * reach + 1)]
            grown = np.logical_or.reduce(parts)
        return Motion(self.size.scaled(scale), self.block * scale, grown)


class MotionWatch:
    """Sees frames of the size `size` one after the other. count: about how many there are."""

    def __init__(self, size: Size, count: int) -> None:
        self._size = size
        self._block = _LEAST_BLOCK
        while count * -(-size.width // self._block) * -(-size.height // self._block) > _MOST_BLOCKS:
            self._block *= 2
        self._before: Pixels | None = None
        self._changed: list[NDArray[np.bool_]] = []

    def see(self, samples: Pixels) -> None:
        """The next frame, (H, W, n)."""
        is_first = self._before is None
        is_other = np.ones(samples.shape[:2], bool) if is_first else (samples != self._before).any(axis=2)
        rows = np.logical_or.reduceat(is_other, np.arange(0, self._size.height, self._block), axis=0)
        self._changed.append(np.logical_or.reduceat(rows, np.arange(0, self._size.width, self._block), axis=1))
        self._before = samples

    @property
    def motion(self) -> Motion:
        return Motion(self._size, self._block, np.array(self._changed))
