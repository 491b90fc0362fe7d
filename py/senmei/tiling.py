"""Cutting a picture into tiles of one shape: integers only, no pixel is touched here.

A tile's core is the part of the picture that it writes; its source is the core and the overlap around it that the
network needs to see. Cores cover the picture exactly once. Sources all have one shape, so that a session keeps its
buffers and a GPU its compiled shapes; where a source reaches over the picture's border, the border pixels are repeated
(`pixels.cut`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .geometry import Region, Size

DEFAULT_TILE = 256
"""Longest side of a tile's core in pixels: two or three seconds of one core in WebAssembly."""

# Parts beyond what the sessions ask for: of small tiles, finer ones may reach less far over the border.
_FINER = 2


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
    def cost(self) -> int:
        """Source pixels over all tiles: proportional to the time the network takes."""
        return self.shape.pixels * len(self.tiles)


def plan_tiles(picture: Size, *, core: Size, overlap: int, multiple_of: int = 1) -> TilePlan:
    """Cuts `picture` into tiles whose cores are `core` pixels large (smaller at the right and lower border).

    core: rounded up so that the source's sides and every tile's offset are multiples of `multiple_of`.
    overlap: pixels added on each side of the core; rounded up likewise.
    Raises ValueError when overlap is negative or multiple_of is below 1.
    """
    if overlap < 0 or multiple_of < 1:
        raise ValueError(f"overlap must be 0 or more and multiple_of 1 or more, not {overlap} and {multiple_of}")
    width, height = (_round_up(side, multiple_of) for side in (core.width, core.height))
    margin = _round_up(overlap, multiple_of)
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


def choose_core(
    picture: Size, *, overlap: int, multiple_of: int = 1, parallelism: int = 1, longest: int = DEFAULT_TILE
) -> Size:
    """The core that lets `parallelism` sessions finish the picture soonest.

    Tries every grid near the coarsest one allowed by `longest`. All tiles take the same time, so a job lasts
    (tiles ÷ sessions, rounded up) × source pixels; of equals, the grid with the fewest tiles wins.
    Raises ValueError when parallelism or longest is below 1.
    """
    if parallelism < 1 or longest < 1:
        raise ValueError(f"parallelism and longest must be 1 or more, not {parallelism} and {longest}")

    def job_time(core: Size) -> tuple[int, int]:
        columns, rows = -(-picture.width // core.width), -(-picture.height // core.height)
        waves = -(-columns * rows // parallelism)
        return waves * (core.width + 2 * overlap) * (core.height + 2 * overlap), columns * rows

    cores = (
        Size(width, height)
        for height in _even_splits(picture.height, longest, parallelism, multiple_of)
        for width in _even_splits(picture.width, longest, parallelism, multiple_of)
    )
    return min(cores, key=job_time)


def _even_splits(side: int, longest: int, parallelism: int, multiple_of: int) -> Iterator[int]:
    """Core lengths that split `side` evenly, from as few parts as `longest` allows to `parallelism` and a few more."""
    fewest = -(-side // longest)
    for parts in range(fewest, min(side, fewest + parallelism + _FINER) + 1):
        yield _round_up(-(-side // parts), multiple_of)


def _round_up(value: int, multiple_of: int) -> int:
    return -(-value // multiple_of) * multiple_of
