"""Cutting a picture into tiles of one shape: integers only, no pixel is touched here.

A tile's core is the part of the picture that it writes; its source is what the network sees: the core and, wherever the
picture goes on, the overlap around it. Cores cover the picture exactly once. Sources all have one shape, so that a
session keeps its buffers and a GPU its compiled shapes. Those at the border shift inwards: they reach over it by the
network's padding and hardly more, where the border pixels are repeated (`pixels.cut`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .geometry import Region, Size


@dataclass(frozen=True, slots=True)
class Tile:
    """Two rectangles in the picture's pixels: what the network sees, and what it answers for."""

    source: Region
    core: Region


@dataclass(frozen=True, slots=True)
class TilePlan:
    """Every tile of a picture, row by row, `columns` of them side by side. `shape` is the size of each source."""

    picture: Size
    shape: Size
    columns: int
    tiles: tuple[Tile, ...]

    @property
    def cost(self) -> int:
        """Source pixels over all tiles."""
        return self.shape.pixels * len(self.tiles)


@dataclass(frozen=True, slots=True)
class Margins:
    """What a network wants of its tiles, in pixels a side: each a multiple of `multiple_of`, as are all sources' sides
    and offsets.

    overlap: that a result depends on. padding: that are invented around the picture, no more than the overlap.
    """

    overlap: int
    padding: int = 0
    multiple_of: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.padding <= self.overlap or self.multiple_of < 1:
            raise ValueError(f"{self}: 0 <= padding <= overlap and multiple_of >= 1 are wanted")
        for name in ("overlap", "padding"):
            object.__setattr__(self, name, round_up(getattr(self, name), self.multiple_of))

    def whole(self, picture: Size) -> Size:
        """The source of the one tile that is the whole picture."""
        width, height = (
            round_up(side + 2 * self.padding, self.multiple_of) for side in (picture.width, picture.height)
        )
        return Size(width, height)

    def source(self, core: Size) -> Size:
        """The source of a tile inside the picture with this core."""
        width, height = (round_up(side, self.multiple_of) + 2 * self.overlap for side in (core.width, core.height))
        return Size(width, height)


def plan_tiles(picture: Size, margins: Margins, *, shape: Size) -> TilePlan:
    """Cuts `picture` into tiles whose sources have this shape, or that of the whole picture where it is smaller.

    Raises ValueError for a shape that is nothing but overlap, or no multiple of what the network wants.
    """
    whole = margins.whole(picture)
    shape = Size(min(shape.width, whole.width), min(shape.height, whole.height))
    corner = -margins.padding
    domain = Region(corner, corner, whole.width, whole.height)
    columns = list(_along(domain.x, domain.right, (0, picture.width), shape.width, margins))
    rows = list(_along(domain.y, domain.bottom, (0, picture.height), shape.height, margins))
    return TilePlan(picture, shape, len(columns), _crossed(columns, rows, shape))


def plan_parts(tile: Size, core: Region, margins: Margins, *, shape: Size) -> TilePlan:
    """Cuts a tile into smaller ones that answer for its core together, likewise."""
    shape = Size(min(shape.width, tile.width), min(shape.height, tile.height))
    columns = list(_along(0, tile.width, (core.x, core.right), shape.width, margins))
    rows = list(_along(0, tile.height, (core.y, core.bottom), shape.height, margins))
    return TilePlan(tile, shape, len(columns), _crossed(columns, rows, shape))


@dataclass(frozen=True, slots=True)
class _Stretch:
    """One side of a tile: where its source starts, and its core."""

    start: int
    first: int
    last: int


def _along(low: int, high: int, wanted: tuple[int, int], length: int, margins: Margins) -> Iterator[_Stretch]:
    """Sources of one length from `low` to `high`, whose cores are `wanted` together."""
    stride = length - 2 * margins.overlap
    if length < high - low and (stride < margins.multiple_of or length % margins.multiple_of):
        raise ValueError(f"a source of {length} pixels is too short, or of a wrong multiple, for {margins}")
    first, last = wanted
    start = low + max(0, first - low - margins.overlap) // margins.multiple_of * margins.multiple_of
    while start + length < high and start + length - margins.overlap < last:
        end = start + length - margins.overlap
        yield _Stretch(start, first, end)
        first = end
        start += stride
    yield _Stretch(min(start, high - length), first, last)


def _crossed(columns: list[_Stretch], rows: list[_Stretch], shape: Size) -> tuple[Tile, ...]:
    return tuple(
        Tile(
            source=Region(column.start, row.start, shape.width, shape.height),
            core=Region(column.first, row.first, column.last - column.first, row.last - row.first),
        )
        for row in rows
        for column in columns
    )


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
