"""Rows + network → enlarged rows, tile by tile, as an async generator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from .geometry import Region
from .jobs import CancelToken
from .picture import Pixels
from .planner import Pass
from .pooled_means import PooledMeans
from .rows import Band, RowWindow
from .tile_runner import TileRunner
from .tiling import Tile


@dataclass(frozen=True, slots=True, eq=False)
class TileDone:
    """One tile's answer: `region` of the output of `step` and its samples, (h, w, n)."""

    step: Pass
    region: Region
    samples: Pixels


Rows = AsyncGenerator[Band | TileDone]
"""A picture on its way: its bands from the top, and between them word of the tiles that were done for it."""


async def enlarge_rows(
    rows: Rows, *, step: Pass, runner: TileRunner, cancel: CancelToken, means: PooledMeans | None = None
) -> Rows:
    """Runs every tile of `step` over a picture that arrives as `rows`, and yields the enlarged one likewise.

    means: what all tiles are told, see `TileRunner.enlarge`.
    Keeps as many tiles under way as the pass's arrangement tells, so that the next is there before it is asked for, and
    no more of the picture than a few rows of tiles. Raises Cancelled as soon as `cancel` is called: tiles that are
    still computing are left to end by themselves. Raises SessionFailed when the runtime fails.
    """
    picture, in_flight = step.tiles.picture, step.arrangement.in_flight
    window = RowWindow(picture)
    work = _TilesAtWork(step, runner, means, cancel)
    async with aclosing(rows):
        try:
            for _, grouped in groupby(step.tiles.tiles, key=lambda tile: tile.core.y):
                tiles = list(grouped)
                source = tiles[0].source
                while window.bottom < min(source.bottom, picture.height):
                    item = await anext(rows)
                    if isinstance(item, Band):
                        window.append(item)
                    else:
                        yield item
                window.drop_above(min(max(0, source.y), picture.height - 1))
                async for done in work.settle(until=lambda: len(work.bands) < step.open_rows):
                    yield done
                work.open_band(tiles)
                for tile in tiles:
                    async for done in work.settle(until=lambda: len(work.pending) < in_flight):
                        yield done
                    work.begin(window.cut(tile.source), tile)
            async for done in work.settle(until=lambda: not work.bands):
                yield done
        finally:
            work.end()


class _OpenBand:
    """The tiles of one row of tiles, coming together."""

    def __init__(self, tiles: list[Tile], scale: int) -> None:
        self.missing = len(tiles)
        self._top = tiles[0].core.y * scale
        self._shape = (tiles[0].core.height * scale, tiles[-1].core.right * scale)
        self._samples: Pixels | None = None

    def put(self, done: TileDone) -> None:
        if self._samples is None:
            self._samples = np.empty((*self._shape, done.samples.shape[2]), done.samples.dtype)
        self._samples[done.region.shifted(0, -self._top).slices] = done.samples
        self.missing -= 1

    def closed(self) -> Band:
        assert self._samples is not None, "a band is closed when its tiles are there"
        return Band(self._top, self._samples)


class _TilesAtWork:
    """The tiles of one pass that compute, and the bands they belong to."""

    def __init__(self, step: Pass, runner: TileRunner, means: PooledMeans | None, cancel: CancelToken) -> None:
        self.pending: dict[asyncio.Task[TileDone], _OpenBand] = {}
        self.bands: list[_OpenBand] = []
        self._step = step
        self._runner = runner
        self._means = means
        self._cancel = cancel
        self._stop = asyncio.ensure_future(cancel.wait())

    def open_band(self, tiles: list[Tile]) -> None:
        self.bands.append(_OpenBand(tiles, self._step.card.scale))

    def begin(self, source: Pixels, tile: Tile) -> None:
        """Starts a tile of the band that was opened last."""
        self.pending[asyncio.ensure_future(self._run(source, tile))] = self.bands[-1]

    async def _run(self, source: Pixels, tile: Tile) -> TileDone:
        core = tile.core.shifted(-tile.source.x, -tile.source.y)
        samples = await self._runner.enlarge(source, core, self._means)
        return TileDone(self._step, tile.core.scaled(self._step.card.scale), samples)

    async def settle(self, *, until: Callable[[], bool]) -> AsyncGenerator[Band | TileDone]:
        """Yields what is done, bands in their order, until the condition holds."""
        while not until():
            self._cancel.check()
            await asyncio.wait({*self.pending, self._stop}, return_when=asyncio.FIRST_COMPLETED)
            for task in [task for task in self.pending if task.done()]:
                band = self.pending.pop(task)
                done = task.result()
                band.put(done)
                yield done
            while self.bands and not self.bands[0].missing:
                yield self.bands.pop(0).closed()
        self._cancel.check()

    def end(self) -> None:
        """Lets go of what is unfinished."""
        for task in (*self.pending, self._stop):
            task.cancel()
            if task.done() and not task.cancelled():
                # Marks the exception as seen: of several tiles that failed, the first was reported.
                task.exception()
