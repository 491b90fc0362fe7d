"""What a frame draws where, in the fewest bytes that were found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...geometry import Region
from . import blocks
from .packed import CLEAR, Packed

NOTHING = Region(0, 0, 1, 1)
"""A frame has a pixel at least."""


class Table:
    """A frame's palette. colours: rising. ranks: what comes first where the file holds them, high ones first; the order
    of `colours` without. A place more than it has colours is kept where there is room, for what is transparent."""

    def __init__(self, colours: Packed, ranks: NDArray[Any] | None = None, *, is_global: bool = False) -> None:
        self.colours = colours
        self.is_global = is_global
        order = np.arange(len(colours)) if ranks is None else np.argsort(-ranks, kind="stable")
        self.stored = colours[order]

    @cached_property
    def _indices(self) -> NDArray[np.uint8]:
        """Of every colour there is: 16 MB, quicker than a search."""
        indices = np.zeros(CLEAR + 1, np.uint8)
        indices[self.stored] = np.arange(len(self.stored))
        return indices

    @property
    def is_full(self) -> bool:
        return len(self.colours) == 256

    def looked_up(self, colours: Packed) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Each colour's index in the file, and whether it is there at all."""
        # Where pointers have 32 bits, unsigned indices of as many are refused.
        indices = self._indices.take(colours.view(np.int32))
        return indices, self.stored.take(indices) == colours


@dataclass(frozen=True, slots=True, eq=False)
class Composed:
    """A frame's picture. indices: (h, w) of the region, uint8. transparent: the index that leaves what is there.
    palette: its own as stored, or None for the global one. data: the indices compressed."""

    region: Region
    indices: NDArray[Any]
    transparent: int | None
    palette: Packed | None
    data: bytes

    @property
    def bytes(self) -> int:
        return len(self.data) + blocks.table_bytes(self.palette)

    def widened(self, region: Region) -> Composed:
        """The same in a region as large or larger, the rest transparent; for tables that are not full.

        It always names a transparent index: some readers clear a region only then.
        """
        clear = _unused(self.indices.ravel()) if self.transparent is None else self.transparent
        if clear is None:
            raise ValueError("a frame that needs 256 colours has none left for what is transparent")
        indices = np.full((region.height, region.width), clear, np.uint8)
        indices[self.region.shifted(-region.x, -region.y).slices] = self.indices
        return Composed(region, indices, clear, self.palette, blocks.compressed(indices))


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


def compose(before: Packed, after: Packed, region: Region, table: Table) -> Composed:
    """What makes `after` of `before` within `region`; outside of it they are equal.

    before, after: (H, W) of the whole canvas. table: all that changes is in it, and where it has 256 colours that the
    change needs, all of the region.
    """
    was, wanted = before[region.slices], after[region.slices]
    is_drawn = was != wanted
    if not table.is_global:
        used = table.colours[np.isin(table.colours, different(wanted if table.is_full else wanted[is_drawn]))]
        table = Table(used if used.size else table.colours[:1])
    indices, is_known = table.looked_up(wanted)
    free = _unused(indices[is_drawn])
    ways: list[tuple[NDArray[Any], int | None]] = []
    if is_known.all():
        ways.append((indices, None))
    if free is not None and not is_drawn.all():
        clear = np.uint8(free)
        everywhere = np.where(is_known, indices, clear)
        ways.append((np.where(is_drawn, indices, clear), free))
        ways.append((np.where(_runs_with(everywhere, is_drawn), everywhere, clear), free))
    made = [blocks.compressed(way) for way, _ in ways]
    best = min(range(len(made)), key=lambda index: len(made[index]))
    chosen, transparent = ways[best]
    return Composed(region, chosen, transparent, None if table.is_global else table.stored, made[best])


def _unused(indices: NDArray[np.uint8]) -> int | None:
    """The least index that is free to stand for what stays: small ones make short codes."""
    is_free = np.bincount(indices, minlength=256) == 0
    return int(is_free.argmax()) if is_free.any() else None


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
        found: Packed = np.unique(colours[colours != CLEAR])
        return found
    seen = np.zeros(CLEAR + 1, np.bool_)
    seen[colours.ravel()] = True
    return np.flatnonzero(seen[:CLEAR]).astype(np.uint32)
