"""What a frame draws where, in the fewest bytes that were found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...geometry import Region
from . import blocks
from .packed import CLEAR, Packed

NOTHING = Region(0, 0, 1, 1)
"""A frame has a pixel at least."""


@dataclass(frozen=True, slots=True, eq=False)
class Composed:
    """A frame's picture. indices: (h, w) of the region, uint8. transparent: the index that leaves what is there.
    palette: its own, or None for the global one. entries: of its palette, with the transparent one."""

    region: Region
    indices: NDArray[Any]
    transparent: int | None
    palette: Packed | None
    entries: int
    data: bytes

    @property
    def bytes(self) -> int:
        return len(self.data) + (0 if self.palette is None else 3 << blocks.table_bits(self.entries))

    def widened(self, region: Region) -> Composed:
        """The same in a larger region, the rest transparent."""
        if region == self.region:
            return self
        if self.transparent is None:
            raise ValueError("without a transparent index a frame cannot be widened")
        indices = np.full((region.height, region.width), self.transparent, np.uint8)
        indices[self.region.shifted(-region.x, -region.y).slices] = self.indices
        return Composed(region, indices, self.transparent, self.palette, self.entries, blocks.compressed(indices))


def bounds(mask: NDArray[np.bool_]) -> Region | None:
    """The smallest region that holds all that is true; None where nothing is."""
    rows = np.flatnonzero(mask.any(axis=1))
    if not rows.size:
        return None
    top, bottom = int(rows[0]), int(rows[-1])
    columns = np.flatnonzero(mask[top : bottom + 1].any(axis=0))
    left, right = int(columns[0]), int(columns[-1])
    return Region(left, top, right - left + 1, bottom - top + 1)


def union(one: Region, other: Region) -> Region:
    x, y = min(one.x, other.x), min(one.y, other.y)
    return Region(x, y, max(one.right, other.right) - x, max(one.bottom, other.bottom) - y)


def compose(
    before: Packed, after: Packed, region: Region, palette: Packed, *, is_global: bool, has_transparent: bool
) -> Composed:
    """What makes `after` of `before` within `region`; outside of it they are equal.

    before, after: (H, W) of the whole canvas. palette: rising; all that changes is in it. has_transparent: whether the
    place behind the last colour leaves what is there; without it everything in the region is in the palette.
    """
    was, wanted = before[region.slices], after[region.slices]
    is_drawn = was != wanted
    if not is_global:
        needed = wanted[is_drawn] if has_transparent else wanted
        used = palette[np.isin(palette, different(needed))]
        palette = used if used.size else palette[:1]
    transparent = len(palette) if has_transparent else None
    indices, is_known = _looked_up(wanted, palette)
    if transparent is None:
        ways = [indices]
    else:
        clear = np.uint8(transparent)
        ways = [np.where(is_drawn, indices, clear)]
        if not is_drawn.all():
            everywhere = np.where(is_known, indices, clear)
            ways += [everywhere, np.where(_runs_with(everywhere, is_drawn), everywhere, clear)]
    made = [blocks.compressed(way) for way in ways]
    best = min(range(len(made)), key=lambda index: len(made[index]))
    entries = len(palette) + has_transparent
    return Composed(region, ways[best], transparent, None if is_global else palette, entries, made[best])


def _looked_up(colours: Packed, palette: Packed) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Each colour's index in the rising palette, and whether it is there at all."""
    places = np.searchsorted(palette, colours).clip(0, len(palette) - 1)
    return places.astype(np.uint8), palette[places] == colours


def _runs_with(indices: NDArray[Any], is_drawn: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whole runs of one index, in the order of reading, that have a pixel to be drawn: longer runs compress better than
    what is cut out of them."""
    flat = indices.ravel()
    starts = np.flatnonzero(np.concatenate(((True,), flat[1:] != flat[:-1])))
    holds = np.logical_or.reduceat(is_drawn.ravel(), starts)
    return np.repeat(holds, np.diff(starts, append=flat.size)).reshape(indices.shape)


def different(colours: Packed) -> Packed:
    """The opaque colours among them, each once, rising."""
    if colours.size < 1 << 15:
        found = np.unique(colours)
        return found[found != CLEAR]
    seen = np.zeros(CLEAR + 1, np.bool_)
    seen[colours.ravel()] = True
    return np.flatnonzero(seen[:CLEAR]).astype(np.uint32)
