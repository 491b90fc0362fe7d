"""A frame's true colours → what its palette can show, on the canvas that the frames before have left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...geometry import Region
from .composing import NOTHING, Composed, bounds, compose, different
from .dithering import ColourMap, Dither, diffused
from .packed import CLEAR, Packed, unpacked
from .palette import histogram, make_palette

_ERROR_CHUNK = 1 << 16


class Scene:
    """before: the canvas that the frame is drawn on. after: what it shall be where the picture is still or clear. true:
    the picture. is_fresh: where it is neither. All (H, W)."""

    def __init__(
        self, before: Packed, after: Packed, true: Packed, is_fresh: NDArray[np.bool_], *, whole: bool
    ) -> None:
        self.before, self.after, self.true = before, after, true
        self.is_fresh = is_fresh
        self.places = np.flatnonzero(is_fresh)
        self.colours = true.ravel()[self.places]
        self._is_whole = whole

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
    """One palette and the way to use it."""

    def __init__(self, palette: Packed, dither: Dither, *, is_global: bool, has_transparent: bool) -> None:
        self.palette = palette
        self.is_global = is_global
        self.has_transparent = has_transparent
        self.entries = len(palette) + has_transparent
        self._dither: Dither = dither

    @cached_property
    def _map(self) -> ColourMap:
        return ColourMap(self.palette, self._dither)

    def knows(self, colours: Packed) -> bool:
        """Whether each of the colours is in the palette."""
        return bool(np.isin(colours, self.palette).all())

    def paint(self, scene: Scene) -> Painted:
        canvas = scene.after.copy()
        shown = self._shown(scene)
        canvas.reshape(-1)[scene.places] = shown
        picture = compose(
            scene.before,
            canvas,
            scene.region(canvas),
            self.palette,
            is_global=self.is_global,
            has_transparent=self.has_transparent,
        )
        return Painted(picture, canvas, _squared_error(scene.colours, shown))

    def _shown(self, scene: Scene) -> Packed:
        if self.knows(scene.fresh):
            return scene.colours
        if self._dither != "diffused":
            rows, columns = np.divmod(scene.places, scene.true.shape[1])
            return self._map.shown(scene.colours, rows, columns)
        # What is still is shown as it will be, so that it has no error to hand on.
        region = bounds(scene.is_fresh) or NOTHING
        wanted = np.where(scene.is_fresh[region.slices], scene.true[region.slices], scene.after[region.slices])
        wanted[wanted == CLEAR] = self.palette[0]
        return diffused(wanted, self.palette)[scene.is_fresh[region.slices]]


def global_brush(pictures: Iterable[Packed], most: int, dither: Dither, *, has_alpha: bool) -> Brush:
    """One for all frames, made from some of them (H, W)."""
    seen = histogram(picture[picture != CLEAR] for picture in pictures)
    has_transparent = has_alpha or not (seen.is_exact and len(seen.points) == most)
    palette = make_palette(seen, most - has_transparent)
    return Brush(_at_least_one(palette), dither, is_global=True, has_transparent=has_transparent)


def local_brush(scene: Scene, most: int, dither: Dither, *, has_alpha: bool) -> Brush:
    """One for this frame.

    With alpha, colours that stay may have to be drawn again once a later frame clears what is around them; so all that
    is shown at a time has a palette's number of colours, and what stays has its place in it.
    """
    fixed = scene.still if has_alpha else np.empty(0, np.uint32)
    if len(scene.fresh) >= most and not has_alpha:
        every = np.union1d(scene.fresh, scene.still)
        if len(every) <= most:
            return Brush(every, dither, is_global=False, has_transparent=False)
    palette = make_palette(histogram([scene.colours]), most - 1, fixed=fixed)
    return Brush(_at_least_one(palette), dither, is_global=False, has_transparent=True)


def _at_least_one(palette: Packed) -> Packed:
    return palette if palette.size else np.zeros(1, np.uint32)


def _squared_error(colours: Packed, shown: Packed) -> int:
    total = 0
    for start in range(0, len(colours), _ERROR_CHUNK):
        part = slice(start, start + _ERROR_CHUNK)
        differences: NDArray[Any] = unpacked(colours[part]).astype(np.int32) - unpacked(shown[part])
        total += int(np.vdot(differences, differences))
    return total
