"""Cutting a picture into tiles of one shape: integers only, no pixel is touched here.

A tile's core is the part of the picture that it writes; its source is the core and the overlap around it that the
network needs to see. Cores cover the picture exactly once. Sources all have one shape, so that a session keeps its
buffers and a GPU its compiled shapes; where a source reaches over the picture's border, the border pixels are repeated
(`pixels.cut`).
"""

from __future__ import annotations

from dataclasses import dataclass

from .geometry import Region, Size


@dataclass(frozen=True, slots=True)
class Tile:
    """Two rectangles in the picture's pixels: what the network sees, and what it answers for."""

    source: Region
    core: Region


@dataclass(frozen=True, slots=True)
class TilePlan:
    """Every tile of a picture, row by row. `shape` is the size of each tile's source."""

    picture: Size
    shape: Size
    tiles: tuple[Tile, ...]

    @property
    def columns(self) -> int:
        """How many tiles lie side by side."""
        return -(-self.picture.width // self.tiles[0].core.width)

    @property
    def cost(self) -> int:
        """Source pixels over all tiles."""
        return self.shape.pixels * len(self.tiles)


def plan_tiles(picture: Size, *, core: Size, overlap: int, multiple_of: int = 1) -> TilePlan:
    """Cuts `picture` into tiles whose cores are `core` pixels large (smaller at the right and lower border).

    core: rounded up so that the source's sides and every tile's offset are multiples of `multiple_of`.
    overlap: pixels added on each side of the core; rounded up likewise.
    Raises ValueError when overlap is negative or multiple_of is below 1.
    """
    if overlap < 0 or multiple_of < 1:
        raise ValueError(f"overlap must be 0 or more and multiple_of 1 or more, not {overlap} and {multiple_of}")
    width, height = (round_up(side, multiple_of) for side in (core.width, core.height))
    margin = round_up(overlap, multiple_of)
    shape = Size(width + 2 * margin, height + 2 * margin)
    tiles = tuple(
        Tile(
            source=Region(x - margin, y - margin, shape.width, shape.height),
            core=Region(x, y, min(width, picture.width - x), min(height, picture.height - y)),
        )
        for y in range(0, picture.height, height)
        for x in range(0, picture.width, width)
    )
    return TilePlan(picture, shape, tiles)


def computed_pixels(source: Size, *, trim: int) -> float:
    """How many of a tile's pixels take time.

    A network that trims its borders computes less of them from layer to layer, and its last layers are the wide ones:
    as if it computed everything within one and a half trims' width.
    """
    return computed_side(source.width, trim=trim) * computed_side(source.height, trim=trim)


def computed_side(side: int, *, trim: int) -> float:
    """Of one side of a tile's source, what counts for `computed_pixels`."""
    return max(1.0, side - 1.5 * trim)


def round_up(value: int, multiple_of: int) -> int:
    """The next multiple of `multiple_of`, `value` itself when it is one."""
    return -(-value // multiple_of) * multiple_of
