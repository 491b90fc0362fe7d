"""What computes: workers that hold sessions, as the page makes them and the tests imitate them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ..errors import SessionFailed
from . import Tensors


@dataclass(frozen=True, slots=True)
class ModelFile:
    """What a session is made of.

    name: of a file of models/. weights: the name of the file that its weights are in, None where they are in itself.
    """

    name: str
    weights: str | None = None


class WorkerLost(SessionFailed):
    """A worker was ended, crashed or never came."""


class DeviceLost(SessionFailed):
    """The GPU of a worker is gone; a fresh worker may find it again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a run made, and when the worker began and ended it: milliseconds of a clock that all workers share."""

    outputs: Tensors
    started_ms: float
    ended_ms: float

    @property
    def taken_ms(self) -> float:
        return self.ended_ms - self.started_ms


class Worker(Protocol):
    """Runs what it is sent one after the other. After an error it is not to be used any more."""

    async def load(self, file: ModelFile) -> None:
        """Makes a session. Raises ModelUnavailable when a file cannot be had, SessionFailed."""
        ...

    async def run(self, file: ModelFile, feeds: Tensors) -> Answer:
        """Raises OutOfMemory, DeviceLost, WorkerLost, SessionFailed."""
        ...

    def unload(self, file: ModelFile) -> None:
        """Frees a session once its last run has ended."""
        ...

    def end(self) -> None:
        """Ends it at once, whatever it does; calls under way raise WorkerLost."""
        ...


class WorkerMaker(Protocol):
    async def make(self, provider: str, threads: int) -> Worker:
        """Raises SessionFailed when there comes none, ModelUnavailable when its script cannot be fetched."""
        ...

    def end_spares(self) -> None:
        """Ends what was made in advance and not asked for."""
        ...
