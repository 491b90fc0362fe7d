"""Pixels + network → larger pixels, tile by tile, as an async generator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import numpy as np

from .catalogue import ModelCard
from .errors import SessionFailed
from .geometry import Region, Size
from .jobs import CancelToken
from .picture import Pixels
from .pixels import cut
from .sessions import Session
from .tiling import Tile, TilePlan


@dataclass(frozen=True, slots=True, eq=False)
class TileDone:
    """One tile's answer: `region` of the output and its pixels, (h, w, 3) uint8."""

    region: Region
    pixels: Pixels


async def upscale_tiles(
    rgb: Pixels, *, plan: TilePlan, card: ModelCard, session: Session, cancel: CancelToken
) -> AsyncGenerator[TileDone]:
    """Runs every tile of `plan` over `rgb`, (H, W, 3) uint8, and yields the answers as they come, in any order.

    Keeps one tile more under way than the session computes at once, so that the next is cut before it is asked for.
    The regions cover the output, (H·scale, W·scale), exactly once. Raises Cancelled as soon as `cancel` is called:
    tiles that are still computing are left to end by themselves. Raises SessionFailed when the runtime fails.
    """
    tiles = iter(plan.tiles)
    pending: set[asyncio.Task[TileDone]] = set()
    stop = asyncio.ensure_future(cancel.wait())
    try:
        while True:
            cancel.check()
            while len(pending) <= session.parallelism and (tile := next(tiles, None)) is not None:
                pending.add(asyncio.ensure_future(_run_tile(rgb, tile, card, session)))
            if not pending:
                return
            await asyncio.wait({*pending, stop}, return_when=asyncio.FIRST_COMPLETED)
            for task in [task for task in pending if task.done()]:
                pending.remove(task)
                yield task.result()
    finally:
        for unfinished in (*pending, stop):
            unfinished.cancel()


async def _run_tile(rgb: Pixels, tile: Tile, card: ModelCard, session: Session) -> TileDone:
    outputs = await session.run({"input": cut(rgb, tile.source)[np.newaxis]})
    answer = outputs["output"][0]
    expected = Size(tile.source.width - 2 * card.trim, tile.source.height - 2 * card.trim).scaled(card.scale)
    if answer.shape != (expected.height, expected.width, 3):
        raise SessionFailed(
            f"The model “{card.id}” answered a tile with the shape {answer.shape} instead of "
            f"({expected.height}, {expected.width}, 3): its catalogue entry does not describe it."
        )
    core = tile.core.shifted(-tile.source.x - card.trim, -tile.source.y - card.trim).scaled(card.scale)
    return TileDone(tile.core.scaled(card.scale), answer[core.slices])
