"""Which tiles a picture is cut into, so that an arrangement of workers finishes it soonest."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from .arrangement import Arrangement
from .catalogue import ModelCard
from .geometry import Size
from .pace import least_ms, picture_ms, run_ms, tile_pace
from .tiling import Margins, computed_pixels, computed_side, round_up

LEAST_CORE = 16
"""Shortest side of a core in a picture that is larger."""

MOST_RUN_MS = 10_000.0
"""No run is to take longer: what is done is told and painted from run to run."""

# Sides of sources where each further shape of a tile would have to be compiled first.
_FIXED_SIDES = (64, 96, 128, 192, 256, 384, 512, 768, 1024)

# Of shorter cores more than a third would be computed twice; rather does a run take longer.
_OVERLAPS_A_CORE = 12

# What Python may hold of tiles that are under way, and of one row of tiles of the result, with 8 bits a sample.
_IN_FLIGHT_BYTES = 256_000_000
_ROW_OF_TILES_BYTES = 200_000_000

# So much less do fewer tiles count where all else is equal.
_TIE_MS = 1e-6

# Grids that are gone through tile by tile, the most hopeful first.
_MOST_FINALISTS = 40

# Even splits of a side that are tried, from the coarsest on.
_MOST_SPLITS = 128

_Lengths = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Grid:
    """Tiles whose sources have this shape, with which the picture takes `duration_ms`."""

    shape: Size
    duration_ms: float


def choose_grid(
    picture: Size, card: ModelCard, arrangement: Arrangement, *, longest: int | None = None, runs: int = 1
) -> Grid:
    """The grid with which `picture` is done soonest, among all even splits of its sides.

    Of two that take the same time, the one with fewer tiles. longest: of the sides of a core inside the picture, where
    a caller chooses it; then a run may take as long as it does. runs: of the network for each tile.
    """
    limits = _Limits(picture, card, arrangement, is_lively=longest is None)
    whole, margins = card.margins.whole(picture), card.margins
    if arrangement.fixed_shapes:
        widths, heights, pairs = _fixed(whole, margins, longest)
    else:
        widest = longest or limits.longest_side
        widths, heights = (_even_splits(side, widest, margins) for side in (whole.width, whole.height))
        pairs = np.ones((len(heights), len(widths)), bool)
    columns, rows = _count(widths, whole.width, margins), _count(heights, whole.height, margins)
    tiles = np.outer(rows, columns).astype(np.float64)
    source = np.outer(heights, widths).astype(np.float64)
    high, wide = (
        np.array([computed_side(one, trim=card.trim) for one in sides.tolist()]) for sides in (heights, widths)
    )
    pace = tile_pace(arrangement, source, np.outer(high, wide), scale=card.scale, runs=runs)
    allowed = pairs & (source <= limits.source_pixels) & (pace.compute_ms <= runs * limits.run_ms)
    # The highest core is the uppermost: above it nothing overlaps.
    highest = np.where(rows == 1, picture.height, heights - margins.overlap - margins.padding)
    allowed &= (highest <= limits.core_height)[:, np.newaxis]
    if not allowed.any():
        # Whatever is least: a run that finds no memory is halved still.
        allowed = pairs & (source == source[pairs].min())
    least = np.where(allowed, least_ms(arrangement, pace, tiles) + tiles * _TIE_MS, np.inf)
    best = Grid(Size(1, 1), np.inf)
    for place in least.argsort(axis=None)[:_MOST_FINALISTS].tolist():
        row, column = divmod(place, len(widths))
        if least[row, column] >= best.duration_ms:
            break
        duration_ms = picture_ms(arrangement, pace.at(place), int(tiles[row, column]))
        if duration_ms < best.duration_ms:
            best = Grid(Size(int(widths[column]), int(heights[row])), duration_ms)
    return best


def one_tile(picture: Size, card: ModelCard, arrangement: Arrangement, *, runs: int = 1) -> Grid | None:
    """The picture at once; None where there is not the memory for it or a run would take too long."""
    limits, whole = _Limits(picture, card, arrangement, is_lively=True), card.margins.whole(picture)
    pace = tile_pace(
        arrangement, float(whole.pixels), computed_pixels(whole, trim=card.trim), scale=card.scale, runs=runs
    )
    is_allowed = whole.pixels <= limits.source_pixels and picture.height <= limits.core_height
    if not is_allowed or pace.compute_ms > runs * limits.run_ms:
        return None
    return Grid(whole, picture_ms(arrangement, pace, 1))


def split(picture: Size, card: ModelCard, arrangement: Arrangement, *, longest: int) -> Size:
    """The shape of the sources that splits `picture` evenly into cores no longer than `longest`, but at its border, or
    the largest of the fixed."""
    whole = card.margins.whole(picture)
    if arrangement.fixed_shapes:
        widths, heights, _ = _fixed(whole, card.margins, longest)
    else:
        widths, heights = (_even_splits(side, longest, card.margins) for side in (whole.width, whole.height))
    return Size(int(widths[-1]), int(heights[-1]))


class _Limits:
    """What a tile may not exceed.

    source_pixels: of its source. run_ms: of a run. core_height: of its core. longest_side: of its core, so that tiles
    that are mere strips are not tried.
    """

    def __init__(self, picture: Size, card: ModelCard, arrangement: Arrangement, *, is_lively: bool) -> None:
        result = card.scale**2
        self.source_pixels = _IN_FLIGHT_BYTES // (arrangement.in_flight * 3 * (1 + 4 + result))
        if arrangement.worker_bytes is not None:
            pixel_bytes = card.working_bytes(arrangement.graph)
            self.source_pixels = min(self.source_pixels, arrangement.worker_bytes // max(1, pixel_bytes))
        self.core_height = max(4 * LEAST_CORE, _ROW_OF_TILES_BYTES // (picture.width * 3 * result))
        self.run_ms = np.inf
        pixels = self.source_pixels
        if is_lively:
            side = max(1, (2 + _OVERLAPS_A_CORE) * card.overlap)
            enough = computed_pixels(Size(side, side), trim=card.trim)
            self.run_ms = max(MOST_RUN_MS, run_ms(arrangement, enough))
            pixels = min(pixels, int(self.run_ms * 1e6 / arrangement.pixel_ns))
        self.longest_side = max(LEAST_CORE, 2 * isqrt(pixels))


def _even_splits(whole: int, longest: int, margins: Margins) -> _Lengths:
    """Sides of sources that split a padded picture's side evenly, the shortest first."""
    multiple_of, overlaps = margins.multiple_of, 2 * margins.overlap
    # What the cores inside the picture are parts of: those at its border are longer by what they do not overlap.
    shared = whole - overlaps
    longest = max(multiple_of, longest // multiple_of * multiple_of)
    fewest = max(1, -(-shared // longest))
    most = max(fewest, min(-(-shared // LEAST_CORE), fewest + _MOST_SPLITS))
    strides = -(-shared // np.arange(fewest, most + 1, dtype=np.int64))
    return np.unique(-(-strides // multiple_of) * multiple_of) + overlaps


def _count(lengths: _Lengths, whole: int, margins: Margins) -> _Lengths:
    """How many sources of each length a padded picture's side takes, as `plan_tiles` cuts it."""
    overlaps = 2 * margins.overlap
    strides = np.maximum(lengths - overlaps, 1)
    return np.where(lengths >= whole, 1, -(-(whole - overlaps) // strides))


def _fixed(whole: Size, margins: Margins, longest: int | None) -> tuple[_Lengths, _Lengths, NDArray[np.bool_]]:
    """Widths and heights of sources, and which go together: squares that fit into the padded picture, or where it is
    too small for any, the least of them cut to it."""
    least = LEAST_CORE + 2 * margins.overlap
    most = min(whole.width, whole.height, whole.pixels if longest is None else longest + 2 * margins.overlap)
    sides = [round_up(side, margins.multiple_of) for side in _FIXED_SIDES if side >= least]
    fitting = np.array([side for side in sides if side <= most] or sides[:1], np.int64)
    return fitting.clip(max=whole.width), fitting.clip(max=whole.height), np.eye(len(fitting), dtype=np.bool_)
