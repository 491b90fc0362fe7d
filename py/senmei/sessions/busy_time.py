"""How much of a job's time its workers spent waiting for the next tile."""

from __future__ import annotations

from collections.abc import Hashable

from .workers import Answer


class BusyTime:
    """busy_ms: what the runs of one job took, over all workers. idle_ms: what lay between two runs of a worker."""

    def __init__(self) -> None:
        self.busy_ms = self.idle_ms = 0.0
        self._ended_ms: dict[Hashable, float] = {}

    def add(self, worker: Hashable, answer: Answer) -> None:
        self.busy_ms += answer.taken_ms
        if worker in self._ended_ms:
            self.idle_ms += max(0.0, answer.started_ms - self._ended_ms[worker])
        self._ended_ms[worker] = answer.ended_ms

    @property
    def idle_share(self) -> float | None:
        """Of all the time, 0 to 1; None before the first run has ended."""
        total = self.busy_ms + self.idle_ms
        return self.idle_ms / total if total else None
