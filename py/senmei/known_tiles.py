"""The answers to tiles that were asked before: of an animation most tiles come again from frame to frame."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable

import numpy as np

from .geometry import Region
from .picture import Pixels

_DIGEST_BYTES = 16
"""That two different tiles of a job have the same digest is less likely than that its memory flips a bit."""


class KnownTiles:
    """Keeps the last answers, `capacity_bytes` of them, and those that are still being computed.

    A tile is known by its samples, wherever in whichever frame it lies, and by what else its answer depends on.
    """

    def __init__(self, capacity_bytes: int) -> None:
        self._capacity_bytes = capacity_bytes
        self._held_bytes = 0
        self._answers: OrderedDict[bytes, asyncio.Task[Pixels]] = OrderedDict()
        self.asked = self.computed = 0

    async def answer(
        self, tile: Pixels, core: Region, compute: Callable[[], Awaitable[Pixels]], *, depends_on: bytes = b""
    ) -> Pixels:
        """What `compute` answered to the same tile before, or answers now: an array that is shared, not to be changed.

        Raises what `compute` raises, also to whoever waits for the same tile.
        """
        self.asked += 1
        key = _digest(tile, core, depends_on)
        task = self._answers.get(key)
        if task is None:
            self.computed += 1
            task = asyncio.ensure_future(compute())
            self._answers[key] = task
            task.add_done_callback(lambda done: self._keep(key, done))
        else:
            self._answers.move_to_end(key)
        # Another frame may wait for the same answer when this one's job is given up.
        return await asyncio.shield(task)

    def end(self) -> None:
        """Stops what is still being computed."""
        for task in list(self._answers.values()):
            task.cancel()

    def _keep(self, key: bytes, task: asyncio.Task[Pixels]) -> None:
        if task.cancelled() or task.exception() is not None:
            self._answers.pop(key, None)
            return
        self._held_bytes += task.result().nbytes
        while self._held_bytes > self._capacity_bytes:
            oldest = next((one for one, held in self._answers.items() if held.done()), None)
            if oldest is None:
                break
            self._held_bytes -= self._answers.pop(oldest).result().nbytes


def _digest(tile: Pixels, core: Region, depends_on: bytes) -> bytes:
    place = f"{tile.shape} {tile.dtype} {core}".encode()
    digest = hashlib.blake2b(np.ascontiguousarray(tile).data, digest_size=_DIGEST_BYTES, key=place[:64])
    digest.update(depends_on)
    return digest.digest()
