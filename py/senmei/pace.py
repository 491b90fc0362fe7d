"""How long tiles take, and a whole picture of them, on an arrangement of workers: what plans are compared by.

Numbers may be arrays, so that many plans are reckoned at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush, heapreplace
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from .arrangement import Arrangement

Number = TypeVar("Number", float, NDArray[np.float64])

# What Python does for each tile in the browser, one tile after the other: it wakes up, cuts a pixel of the source and
# stitches one of the result.
_WAKE_MS, _CUT_NS, _STITCH_NS = 1.0, 5.0, 20.0

# A picture of more tiles is not gone through one by one.
_MOST_EVENTS = 500

# Looking whether a tile of an animation is known already.
_LOOK_MS = 0.3

FRAMES_AT_ONCE = 2
"""How many frames of an animation are under way, so that few tiles of one frame do not leave workers idle."""


@dataclass(frozen=True, slots=True)
class TilePace(Generic[Number]):
    """Milliseconds for one tile: of its worker, and of Python before and after."""

    compute_ms: Number
    cut_ms: Number
    stitch_ms: Number

    def at(self, place: int) -> TilePace[float]:
        """Of arrays, one place, counted as in `ndarray.flat`."""
        compute_ms, cut_ms, stitch_ms = (np.ravel(values) for values in (self.compute_ms, self.cut_ms, self.stitch_ms))
        return TilePace(float(compute_ms[place]), float(cut_ms[place]), float(stitch_ms[place]))

    @property
    def handling_ms(self) -> Number:
        return self.cut_ms + self.stitch_ms


def tile_pace(arrangement: Arrangement, source: Number, computed: Number, *, scale: int, runs: int) -> TilePace[Number]:
    """source: pixels of a tile's source. computed: those that take time, see `tiling.computed_pixels`. runs: of the
    network for each tile."""
    return TilePace(
        runs * run_ms(arrangement, computed),
        _WAKE_MS + source * _CUT_NS * 1e-6,
        _WAKE_MS + source * scale**2 * _STITCH_NS * 1e-6,
    )


def run_ms(arrangement: Arrangement, computed: Number) -> Number:
    """One run on one worker."""
    return arrangement.run_ms + computed * arrangement.pixel_ns * 1e-6


def least_ms(arrangement: Arrangement, tile: TilePace[Number], tiles: Number) -> Number:
    """Equal tiles on equal workers, were nobody ever kept waiting: hardly less than `picture_ms`, and never more.

    Workers compute in waves, of which the last may be small; the first begins one tile after the other as Python cuts
    them, and the last ends so, or as they are stitched. Where Python takes longer than the workers, it cuts what may be
    under way, waits for the first answer, and is then busy to the end.
    """
    workers, cut_ms, stitch_ms = arrangement.workers, tile.cut_ms, tile.stitch_ms
    waves = np.ceil(tiles / workers)
    last = tiles - (waves - 1) * workers
    computing = waves * tile.compute_ms + cut_ms + stitch_ms + (last - 1) * np.maximum(cut_ms, stitch_ms)
    begun = np.minimum(tiles, arrangement.in_flight)
    handling = np.maximum(begun * cut_ms, cut_ms + tile.compute_ms) + (tiles - begun) * cut_ms + tiles * stitch_ms
    longer: Number = np.maximum(computing, handling)
    return longer


def picture_ms(arrangement: Arrangement, tile: TilePace[float], tiles: int) -> float:
    """A picture's tiles, gone through one by one, or reckoned as `least_ms` where they are very many.

    Python does one thing after another: it stitches a tile that is done, or cuts the next one while there is room for
    it, and hands it to the worker that will be free first.
    """
    if tiles > _MOST_EVENTS:
        return least_ms(arrangement, tile, float(tiles))
    now_ms = 0.0
    free_at = [0.0] * arrangement.workers
    done_at: list[float] = []
    cut = stitched = 0
    while stitched < tiles:
        if done_at and done_at[0] <= now_ms:
            heappop(done_at)
            stitched += 1
            now_ms += tile.stitch_ms
        elif cut < min(tiles, stitched + arrangement.in_flight):
            cut += 1
            now_ms += tile.cut_ms
            free_ms = max(free_at[0], now_ms) + tile.compute_ms
            heapreplace(free_at, free_ms)
            heappush(done_at, free_ms)
        else:
            now_ms = done_at[0]
    return now_ms


def frames_ms(arrangement: Arrangement, tile: TilePace[float], runs: NDArray[np.int64], tiles: int) -> float:
    """An animation. runs: how many tiles of each frame have to be run, (frames,); tiles: how many a frame has."""
    waves = np.ceil(FRAMES_AT_ONCE * runs / arrangement.workers) / FRAMES_AT_ONCE
    handling_ms = runs.sum() * tile.handling_ms + len(runs) * tiles * _LOOK_MS
    return float(waves.sum() * tile.compute_ms + handling_ms)
