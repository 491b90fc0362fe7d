"""A frame's true colours → what its palette can show, on the canvas that the frames before have left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...geometry import Region
from .composing import NOTHING, Composed, Table, bounds, compose, different
from .dithering import ColourMap, Dither, diffused
from .packed import CLEAR, Packed, unpacked
from .palette import SCALE, histogram, make_palette, nearest

_ERROR_CHUNK = 1 << 13
"""Pixels whose squared differences have a sum of 31 bits at most."""

_WATCHED = 1 << 14
"""Colours of a picture that are looked at to see which ones move."""


class Scene:
    """before: the canvas that the frame is drawn on. after: what it shall be where the picture is still or clear. true:
    the picture. is_fresh: where it is neither. All (H, W)."""

    def __init__(
        self, before: Packed, after: Packed, true: Packed, is_fresh: NDArray[np.bool_], *, is_whole: bool
    ) -> None:
        self.before, self.after, self.true = before, after, true
        self.is_fresh = is_fresh
        self.places = np.flatnonzero(is_fresh)
        self.colours = true.ravel()[self.places]
        self._is_whole = is_whole

    @cached_property
    def fresh(self) -> Packed:
        """The different colours where it is fresh."""
        return different(self.colours)

    @cached_property
    def still(self) -> Packed:
        """The different colours that stay."""
        return different(self.after[~self.is_fresh])

    def region(self, after: Packed) -> Region:
        """What a frame that makes `after` has to cover: the first one everything."""
        if self._is_whole:
            return Region(0, 0, after.shape[1], after.shape[0])
        return bounds(self.before != after) or NOTHING


@dataclass(frozen=True, slots=True, eq=False)
class Painted:
    """canvas: what is shown. error: the sum of all squared differences of the fresh pixels' levels."""

    picture: Composed
    canvas: Packed
    error: int


class Brush:
    """One palette and the way to use it. is_enough: whether it has all colours of the pictures it was made from."""

    def __init__(self, table: Table, dither: Dither, *, is_enough: bool) -> None:
        self.table = table
        self.is_enough = is_enough
        self._dither: Dither = dither

    @cached_property
    def _map(self) -> ColourMap:
        return ColourMap(self.table.colours, self._dither)

    def knows(self, colours: Packed) -> bool:
        """Whether each of the different colours is in the palette."""
        return len(colours) <= len(self.table.colours) and bool(np.isin(colours, self.table.colours).all())

    def paint(self, scene: Scene) -> Painted:
        canvas = scene.after.copy()
        shown = self._shown(scene)
        canvas.reshape(-1)[scene.places] = shown
        picture = compose(scene.before, canvas, scene.region(canvas), self.table)
        return Painted(picture, canvas, _squared_error(scene.colours, shown))

    def _shown(self, scene: Scene) -> Packed:
        if self.knows(scene.fresh):
            return scene.colours
        if self._dither != "diffused":
            return self._map.shown(scene.colours, scene.places, scene.true.shape[1])
        # What is still is shown as it will be, so that it has no error to hand on.
        region = bounds(scene.is_fresh) or NOTHING
        wanted = np.where(scene.is_fresh[region.slices], scene.true[region.slices], scene.after[region.slices])
        wanted[wanted == CLEAR] = self.table.colours[0]
        return diffused(wanted, self.table.colours)[scene.is_fresh[region.slices]]


def global_brush(pictures: Iterable[Packed], most: int, dither: Dither, *, has_alpha: bool) -> Brush:
    """One for all frames, made from some of them (H, W), the first one first."""
    moving: list[Packed] = []
    seen = histogram(picture[picture != CLEAR] for picture in _watched(pictures, moving))
    is_enough = seen.is_exact and len(seen.points) <= most - has_alpha
    palette = _at_least_one(make_palette(seen, most if is_enough else most - 1))
    ranks = np.zeros(len(palette))
    for colours in moving:
        counts = np.bincount(nearest(unpacked(colours) * SCALE, unpacked(palette) * SCALE), minlength=len(palette))
        # In how many pictures it moves, then in how many pixels.
        ranks += (counts > 0) + counts / (1 + colours.size * len(moving))
    return Brush(Table(palette, ranks, is_global=True), dither, is_enough=is_enough)


def _watched(pictures: Iterable[Packed], moving: list[Packed]) -> Iterator[Packed]:
    """The pictures, while some colours of what differs between one and the next are gathered."""
    last: Packed | None = None
    for picture in pictures:
        if last is not None and last.shape == picture.shape:
            colours = picture[(picture != last) & (picture != CLEAR)]
            moving.append(colours[:: 1 + colours.size // _WATCHED])
        last = picture
        yield picture


def local_brush(scene: Scene, most: int, dither: Dither, *, has_alpha: bool) -> Brush:
    """One for this frame.

    With alpha, colours that stay may have to be drawn again once a later frame clears what is around them; so all that
    is shown at a time has a palette's number of colours, and what stays has its place in it.
    """
    fresh, still = scene.fresh, scene.still if has_alpha else np.empty(0, np.uint32)
    palette = fresh
    if has_alpha or len(fresh) != most or len(palette := np.union1d(fresh, scene.still)) > most:
        palette = make_palette(histogram([scene.colours]), most - 1, fixed=still)
    is_enough = len(fresh) <= len(palette) and bool(np.isin(fresh, palette).all())
    return Brush(Table(_at_least_one(palette)), dither, is_enough=is_enough)


def _at_least_one(palette: Packed) -> Packed:
    return palette if palette.size else np.zeros(1, np.uint32)


def _squared_error(colours: Packed, shown: Packed) -> int:
    total = 0
    for start in range(0, len(colours), _ERROR_CHUNK):
        part = slice(start, start + _ERROR_CHUNK)
        differences: NDArray[Any] = unpacked(colours[part]).astype(np.int32) - unpacked(shown[part])
        total += int(np.vdot(differences, differences))
    return total
