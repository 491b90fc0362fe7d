"""What a running job tells its owner, and how its owner stops it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from .errors import Cancelled

Stage = Literal["download", "start", "decode", "infer", "encode"]

# Rough shares of a whole job's time, nearly all of which is inference; they only shape the bar.
STAGE_SPANS: dict[Stage, tuple[float, float]] = {"decode": (0.0, 0.02), "infer": (0.02, 0.95), "encode": (0.95, 1.0)}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is.

    done, total: in the stage's own unit (bytes, tiles or steps).
    fraction: of the whole job, 0 to 1, never falling.
    eta_ms: milliseconds until the whole job is done, or None while nothing is known.
    frame, frames: how many of an animation's frames are done, and how many it has.
    """

    stage: Stage
    done: int
    total: int
    fraction: float
    eta_ms: float | None
    frame: int = 0
    frames: int = 1


class ProgressMeter:
    """Turns "this much of a stage is done" into Progress, with the time left measured from the inference so far."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._infer_started: float | None = None

    def at(
        self, stage: Stage, done: int, total: int, *, share: float | None = None, under_way: float = 0.0
    ) -> Progress:
        """share: the stage's finished part in time, 0 to 1; without it, done ÷ total.

        under_way: the part of the stage that is being worked on besides; the time left counts it as half done.
        """
        if share is None:
            share = done / total if total else 1.0
        start, end = STAGE_SPANS[stage]
        fraction = start + (end - start) * share
        return Progress(stage, done, total, fraction, self._eta_ms(stage, share, under_way))

    def _eta_ms(self, stage: Stage, share: float, under_way: float) -> float | None:
        now = self._clock()
        start, end = STAGE_SPANS[stage]
        fraction = start + (end - start) * min(1.0, share + under_way / 2)
        if stage == "infer" and self._infer_started is None:
            self._infer_started = now
        if self._infer_started is None or fraction <= STAGE_SPANS["infer"][0] or (stage == "infer" and share == 0):
            return None
        elapsed_s = now - self._infer_started
        return 1000 * elapsed_s * (1 - fraction) / (fraction - STAGE_SPANS["infer"][0])


class CancelToken:
    """Handed into a job; its owner calls `cancel` or `end_early` from the same event loop, once or more."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._is_ending = False

    def cancel(self) -> None:
        self._event.set()

    def end_early(self) -> None:
        """An animation ends with the frames that are done, one at least; a still picture goes on."""
        self._is_ending = True

    @property
    def is_ending(self) -> bool:
        return self._is_ending

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        """Raises Cancelled once `cancel` was called."""
        if self.cancelled:
            raise Cancelled("The job was cancelled.")

    async def wait(self) -> None:
        """Returns when `cancel` is called."""
        await self._event.wait()
