"""Milliseconds as the hundredths of a second that a GIF holds."""

from __future__ import annotations

import math
from typing import Literal

ShortDelays = Literal["file", "browser"]

_SHORTEST_SHOWN_MS = 20
_SHOWN_INSTEAD_MS = 100.0


class Delays:
    """Rounds durations so that each frame ends as close to its true time as it can: what one rounding adds, the next
    takes away.

    short_delays: "browser" writes durations below 20 ms as 100 ms, as browsers show them; "file" leaves them.
    """

    def __init__(self, short_delays: ShortDelays) -> None:
        self._short_delays = short_delays
        self._true_ms = 0.0
        self._written = 0
        self._rounded = self._lengthened = self._too_short = 0

    def meant(self, duration_ms: float) -> float:
        """The duration to write, in milliseconds. Raises ValueError for what is no duration."""
        if not (math.isfinite(duration_ms) and duration_ms >= 0):
            raise ValueError(f"a frame lasts 0 ms or more, not {duration_ms}")
        if self._short_delays == "browser" and duration_ms < _SHORTEST_SHOWN_MS:
            self._lengthened += 1
            return _SHOWN_INSTEAD_MS
        return duration_ms

    def next(self, meant_ms: float) -> int:
        """The next frame's delay in hundredths of a second."""
        self._true_ms += meant_ms
        delay = math.floor(self._true_ms / 10 + 0.5) - self._written
        self._written += delay
        self._rounded += delay * 10 != meant_ms
        self._too_short += delay < _SHORTEST_SHOWN_MS / 10
        return delay

    @property
    def notes(self) -> tuple[str, ...]:
        told = []
        if self._rounded:
            told.append(
                f"GIF counts time in hundredths of a second: the durations of {counted(self._rounded)} were rounded; "
                f"their sum is right within 5 ms."
            )
        if self._lengthened:
            told.append(f"Shorter than 20 ms: {counted(self._lengthened)}, written as the 100 ms that browsers show.")
        if self._too_short:
            told.append(f"Shorter than 20 ms: {counted(self._too_short)}; browsers show 100 ms instead.")
        return tuple(told)


def counted(frames: int) -> str:
    """So many frames, in words."""
    return "1 frame" if frames == 1 else f"{frames:,} frames"
