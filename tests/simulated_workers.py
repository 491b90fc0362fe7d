"""Jobs on workers that compute nothing: how long they would take, event by event, on a clock of their own."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Coroutine
from typing import Any

import numpy as np

from senmei.arrangement import Arrangement
from senmei.catalogue import ModelCard
from senmei.pace import TilePace
from senmei.sessions import Tensors


def simulated_ms(arrangement: Arrangement, tile: TilePace[float], tiles: int) -> float:
    """A picture's tiles on these workers.

    Python does one thing after another: it stitches a tile that is done, or cuts the next one while there is room for
    it, and hands it to the worker that will be free first. Each worker computes what waits for it in turn.
    """
    now = free_ms = 0.0
    free_at = [0.0] * arrangement.workers
    done: list[float] = []
    cut = stitched = 0
    while stitched < tiles:
        if done and done[0] <= now:
            heapq.heappop(done)
            now += tile.stitch_ms
            stitched += 1
        elif cut < tiles and cut - stitched < arrangement.in_flight:
            now += tile.cut_ms
            free_ms = max(heapq.heappop(free_at), now) + tile.compute_ms
            heapq.heappush(free_at, free_ms)
            heapq.heappush(done, free_ms)
            cut += 1
        else:
            now = done[0]
    return now + arrangement.start_ms


def on_a_clock_of_its_own(work: Coroutine[Any, Any, Any]) -> float:
    """Runs `work` to its end and returns how many milliseconds passed for it, though nobody waited."""
    loop = asyncio.SelectorEventLoop()
    now_s = 0.0
    selector = loop._selector  # type: ignore[attr-defined] # the only place where a loop waits
    really_select = selector.select

    def skip(timeout: float | None) -> Any:
        nonlocal now_s
        assert timeout is not None, "all tasks wait for each other"
        now_s += timeout
        return really_select(0)

    selector.select = skip
    loop.time = lambda: now_s  # type: ignore[method-assign]
    try:
        loop.run_until_complete(work)
    finally:
        loop.close()
    return 1000 * now_s


class SleepingSession:
    """Repeats pixels like a network that enlarges, and takes `run_ms` for it in one of the arrangement's workers."""

    provider = "numpy"
    notes: tuple[str, ...] = ()

    def __init__(self, model: ModelCard, arrangement: Arrangement, *, run_ms: float) -> None:
        self.arrangements = (arrangement,)
        self._scale = model.scale
        self._run_ms = run_ms
        self._idle = asyncio.Semaphore(arrangement.workers)

    async def run(self, feeds: Tensors, *, arrangement: Arrangement, is_smallest: bool = False) -> Tensors:
        async with self._idle:
            await asyncio.sleep(self._run_ms / 1000)
        tile = feeds["input"]
        return {"output": np.repeat(np.repeat(tile, self._scale, axis=1), self._scale, axis=2)}
