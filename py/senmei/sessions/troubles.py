"""What went wrong in a job and was mended, in a few sentences for its owner."""

from __future__ import annotations

from collections import Counter

from ..errors import OutOfMemory, SessionFailed
from .workers import DeviceLost, WorkerLost

_ONE = {
    OutOfMemory: "Memory was short once; that part was computed in smaller pieces.",
    DeviceLost: "The GPU was lost once; its tile was computed again.",
    WorkerLost: "A worker stopped or did not answer once; its tile was computed again.",
    SessionFailed: "The runtime failed once; the tile was computed again.",
}
_MANY = {
    OutOfMemory: "Memory was short {} times; those parts were computed in smaller pieces.",
    DeviceLost: "The GPU was lost {} times; its tiles were computed again.",
    WorkerLost: "Workers stopped or did not answer {} times; their tiles were computed again.",
    SessionFailed: "The runtime failed {} times; the tiles were computed again.",
}


class Troubles:
    """The faults of one job, counted by their kind, and the steps down that it took."""

    def __init__(self) -> None:
        self._counts: Counter[type[SessionFailed]] = Counter()
        self._steps: list[str] = []

    def add(self, fault: SessionFailed) -> None:
        self._counts[next(kind for kind in _ONE if isinstance(fault, kind))] += 1

    def add_step(self, sentence: str) -> None:
        self._steps.append(sentence)

    @property
    def sentences(self) -> list[str]:
        """One for each kind of fault, however often it came, and one for each step."""
        counted = (_ONE[kind] if count == 1 else _MANY[kind].format(count) for kind, count in self._counts.items())
        return [*self._steps, *counted]
