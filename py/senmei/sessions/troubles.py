"""What went wrong in a job and was mended, in a few sentences for its owner."""

from __future__ import annotations

from collections import Counter

from ..errors import OutOfMemory, SessionFailed
from .workers import DeviceLost, WorkerLost

_KINDS = {
    OutOfMemory: "memory was short",
    DeviceLost: "the GPU was lost",
    WorkerLost: "a worker stopped or did not answer",
    SessionFailed: "the runtime failed",
}


class Troubles:
    """The faults of one job, counted by their kind, and how many workers it gave up."""

    def __init__(self) -> None:
        self._counts: Counter[type[SessionFailed]] = Counter()
        self._workers: tuple[int, int] | None = None

    def add(self, fault: SessionFailed) -> None:
        self._counts[next(kind for kind in _KINDS if isinstance(fault, kind))] += 1

    def add_fewer_workers(self, before: int, after: int) -> str:
        """Returns the sentence that tells of it."""
        self._workers = (self._workers or (before,))[0], after
        return self._fewer_workers(*self._workers)

    @property
    def sentences(self) -> list[str]:
        """One for all faults, and one for the workers that were given up."""
        faults = ", ".join(
            f"{_KINDS[kind]} ({count} times)" if count > 1 else f"{_KINDS[kind]} once"
            for kind, count in self._counts.most_common()
        )
        mended = [f"Tiles had to be computed again: {faults}."] if faults else []
        return [*mended, *([self._fewer_workers(*self._workers)] if self._workers else [])]

    @staticmethod
    def _fewer_workers(before: int, after: int) -> str:
        return f"Workers failed again and again, so that {after} instead of {before} went on."
