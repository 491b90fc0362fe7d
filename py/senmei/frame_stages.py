"""Frames of an animation on their way: decoded, enlarged and handed on one after the other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace

import numpy as np

from .animation import Frame
from .geometry import Size
from .jobs import CancelToken
from .pace import FRAMES_AT_ONCE
from .picture import Picture, Pixels
from .pixels import apart
from .rows import Band
from .upscaler import Rows, TileDone


@dataclass(frozen=True, slots=True, eq=False)
class FrameTile:
    """A tile that was done for the frame `index`."""

    index: int
    tile: TileDone


@dataclass(frozen=True, slots=True, eq=False)
class FrameDone:
    """A frame of its final size."""

    index: int
    frame: Frame


def merged(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Frames of which no two neighbours show the same: these become one that lasts as long as both."""
    held: Frame | None = None
    for frame in frames:
        if held is not None and _is_same(held.picture, frame.picture):
            held = replace(held, duration_ms=held.duration_ms + frame.duration_ms)
            continue
        if held is not None:
            yield held
        held = frame
    if held is not None:
        yield held


async def enlarged_frames(
    frames: Iterable[Frame],
    enlarge: Callable[[Picture], Rows],
    target: Size,
    cancel: CancelToken,
) -> AsyncGenerator[FrameTile | FrameDone]:
    """Sends every frame through `enlarge`, whose rows make a picture of the size `target`; they come in their order.

    No more than two frames are held. Ends after the frames that are done, but never before the first, once `cancel`
    is told to end early. Raises what `frames` and `enlarge` raise, Cancelled among them.
    """
    told: asyncio.Queue[FrameTile | None] = asyncio.Queue()
    coming = enumerate(frames)
    at_work: deque[tuple[int, float, asyncio.Task[Picture]]] = deque()
    done = 0
    try:
        while True:
            while len(at_work) < FRAMES_AT_ONCE and (following := next(coming, None)) is not None:
                index, frame = following
                task = asyncio.ensure_future(_enlarged(index, frame.picture, enlarge, target, told))
                task.add_done_callback(lambda _: told.put_nowait(None))
                at_work.append((index, frame.duration_ms, task))
            if not at_work or (cancel.is_ending and done):
                return
            tile = await told.get()
            if tile is not None:
                yield tile
                continue
            # A frame has ended, and word of all its tiles was given before.
            while at_work and at_work[0][2].done():
                index, duration_ms, task = at_work.popleft()
                yield FrameDone(index, Frame(task.result(), duration_ms))
                done += 1
    finally:
        for *_, task in at_work:
            task.cancel()
        # Their generators are closed before whoever ends the job looks for what is still open.
        await asyncio.gather(*(task for *_, task in at_work), return_exceptions=True)


async def _enlarged(
    index: int,
    picture: Picture,
    enlarge: Callable[[Picture], Rows],
    target: Size,
    told: asyncio.Queue[FrameTile | None],
) -> Picture:
    samples: Pixels | None = None
    async with aclosing(enlarge(picture)) as rows:
        async for item in rows:
            if isinstance(item, TileDone):
                told.put_nowait(FrameTile(index, item))
                continue
            assert isinstance(item, Band)
            if samples is None:
                samples = np.empty((target.height, target.width, item.samples.shape[2]), item.samples.dtype)
            samples[item.top : item.bottom] = item.samples
    assert samples is not None, "a picture has rows"
    return Picture(*apart(samples))


def _is_same(one: Picture, other: Picture) -> bool:
    if not np.array_equal(one.pixels, other.pixels):
        return False
    return one.alpha is other.alpha or (
        one.alpha is not None and other.alpha is not None and np.array_equal(one.alpha, other.alpha)
    )
