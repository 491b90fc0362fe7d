"""Few colours for many: a picture's histogram is split where that lowers the variance most, as X. Wu does (Efficient
Statistical Computations for Optimal Color Quantization, Graphics Gems II, 1991), but on the colours themselves and not
on a grid; the means of the parts are refined by weighted k-means (Lloyd)."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .packed import Packed, packed_colours, unpacked

Floats = NDArray[np.float32]
Weights = NDArray[np.float64]

_MOST_POINTS = 1 << 15
"""Colours that a palette is made from; more are first put together with their neighbours."""

SCALE = np.array((0.9, 1.2, 0.8), np.float32)
"""How far apart colours are that differ by one level of red, of green or of blue."""

_CHUNK = 1 << 8
"""Points at a time: products that stay in the cache, and too small for a BLAS to share among threads."""

_ROUNDS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """points: (n, 3) colours, float32. weights: (n,) how much of each, float64. is_exact: whether the points are the
    very colours, each once."""

    points: Floats
    weights: Weights
    is_exact: bool

    @property
    def exact_colours(self) -> Packed:
        """(n,), rising. Of exact histograms only."""
        return np.sort(packed_colours(self.points.astype(np.uint8)))


def histogram(pictures: Iterable[Packed]) -> Histogram:
    """Of the opaque pixels of several pictures, (n,) each. Each picture counts the same, however large it is."""
    points, weights = np.empty((0, 3), np.float32), np.empty(0)
    is_exact = True
    for picture in pictures:
        if not picture.size:
            continue
        colours, counts = np.unique(picture, return_counts=True)
        is_first = not len(points)
        points = np.concatenate((points, unpacked(colours).astype(np.float32)))
        weights = np.concatenate((weights, counts / picture.size))
        bits = 8 if is_exact else 7
        if not is_first:
            points, weights = _grouped(points, weights, bits)
        while len(points) > _MOST_POINTS:
            bits -= 1
            points, weights = _grouped(points, weights, bits)
            is_exact = False
    return Histogram(points, weights, is_exact)


def _grouped(points: Floats, weights: Weights, bits: int) -> tuple[Floats, Weights]:
    """Puts colours together that are equal in the first `bits` bits of their levels."""
    cells = packed_colours(points.astype(np.uint8) >> np.uint8(8 - bits))
    known, groups = np.unique(cells, return_inverse=True)
    groups = groups.reshape(-1)
    totals: Weights = np.bincount(groups, weights, len(known)).astype(np.float64)
    sums = np.stack([np.bincount(groups, weights * points[:, axis], len(known)) for axis in range(3)], axis=1)
    return (sums / totals[:, np.newaxis]).astype(np.float32), totals


def make_palette(seen: Histogram, most: int, *, fixed: Packed | None = None) -> Packed:
    """At most `most` colours, each once, rising: all of them where the histogram has no more. Those of `fixed`, up to
    `most`, are among them."""
    kept = np.empty(0, np.uint32) if fixed is None else fixed
    if seen.is_exact and len(seen.points) <= most:
        every = np.union1d(kept, seen.exact_colours)
        if len(every) <= most:
            return every
    free = most - len(kept)
    if free <= 0 or not len(seen.points):
        return np.sort(kept)
    points = seen.points * SCALE
    centres = np.concatenate((unpacked(kept) * SCALE, _split(seen, points, free)))
    centres = _refined(points, seen.weights, centres, len(kept)) / SCALE
    return np.union1d(kept, packed_colours(np.rint(centres[len(kept) :]).clip(0, 255).astype(np.uint8)))


def nearest(points: Floats, centres: Floats) -> NDArray[np.intp]:
    """(n,) the index of the centre that each of the (n, 3) points is closest to."""
    # |p − c|² without |p|², which is the same for all centres: one product, with 1 behind each point.
    turned = np.concatenate((-2 * centres.T, (centres * centres).sum(axis=1)[np.newaxis]))
    longer = np.ones((len(points), 4), np.float32)
    longer[:, :3] = points
    found = np.empty(len(points), np.intp)
    for start in range(0, len(points), _CHUNK):
        part = slice(start, start + _CHUNK)
        (longer[part] @ turned).argmin(axis=1, out=found[part])
    return found


def _split(seen: Histogram, points: Floats, most: int) -> Floats:
    """The means of up to `most` boxes; always the box is cut whose best cut lowers the variance most."""
    moments: Weights = np.ones((len(points), 4))
    moments[:, 1:] = points
    moments *= seen.weights[:, np.newaxis]
    levels = np.rint(seen.points).astype(np.intp) + np.array((0, 256, 512))
    whole = np.arange(len(seen.points))
    boxes = [(*_best_cut(levels, moments), 0, whole)]
    while len(boxes) < most and boxes[0][0] < 0:
        _, cut, _, members = heapq.heappop(boxes)
        axis, level = divmod(cut, 256)
        lower = levels[members, axis] <= level + 256 * axis
        for side in (members[lower], members[~lower]):
            # The second number keeps the heap from comparing arrays: no two boxes begin with the same colour.
            heapq.heappush(boxes, (*_best_cut(levels[side], moments[side]), int(side[0]), side))
    means = [moments[members].sum(axis=0) for *_, members in boxes]
    return np.array([mean[1:] / mean[0] for mean in means], np.float32)


def _best_cut(levels: NDArray[np.intp], moments: NDArray[Any]) -> tuple[float, int]:
    """The loss of variance, negative, and 256 · axis + the last level of the lower side."""
    if len(levels) < 2:
        return 0.0, 0
    places = levels.ravel()
    sums = np.stack(
        [np.bincount(places, np.repeat(moment, 3), 768).reshape(3, 256) for moment in moments.T],
    )
    below = sums.cumsum(axis=2)
    above = below[:, :, -1:] - below
    total = moments.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        parted = (below[1:] ** 2).sum(axis=0) / below[0] + (above[1:] ** 2).sum(axis=0) / above[0]
    # Nothing lies on one side there; what is left of it is rounding.
    parted[(below[0] < total[0] * 1e-9) | (above[0] < total[0] * 1e-9)] = 0
    cut = int(parted.argmax())
    gain = float(parted.flat[cut] - (total[1:] ** 2).sum() / total[0])
    return (-gain, cut) if gain > total[0] * 1e-6 else (0.0, 0)


def _refined(points: Floats, weights: Weights, centres: Floats, fixed: int) -> Floats:
    """The centres moved to the means of what is closest to them; the first `fixed` stay."""
    for _ in range(_ROUNDS):
        closest = nearest(points, centres)
        totals = np.bincount(closest, weights, len(centres))
        moved = totals > 0
        moved[:fixed] = False
        for axis in range(3):
            sums = np.bincount(closest, weights * points[:, axis], len(centres))
            centres[moved, axis] = sums[moved] / totals[moved]
    return centres
