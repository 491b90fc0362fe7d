"""One worker of a crew: how it comes up, what it was sent, and how it is watched."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from ..errors import OutOfMemory, SessionFailed
from . import Tensors
from .background import begun
from .busy_time import BusyTime
from .patience import within
from .workers import Answer, ModelFile, Worker, WorkerLost

GRACE_S = 0.3
"""What a worker may still take for a run that nobody wants any more; then it is ended."""


class Run:
    """One tile on its way. Its feeds are kept until it is answered: it may have to be sent again.

    workers: how many of a crew's workers it may choose from. limit_s: how long it may compute.
    """

    def __init__(
        self, file: ModelFile, feeds: Tensors, *, workers: int, limit_s: float, busy: BusyTime | None = None
    ) -> None:
        self.file = file
        self.feeds = feeds
        self.workers = workers
        self.limit_s = limit_s
        self.busy = busy
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    @property
    def is_wanted(self) -> bool:
        return not self.answer.done()

    def fail(self, error: Exception) -> None:
        if self.is_wanted:
            self.answer.set_exception(error)


class Hand:
    """A worker, once it is there, and the runs that it was sent: it computes the first one, the others wait in it."""

    def __init__(self) -> None:
        self.sent: deque[Run] = deque()
        self.files: set[ModelFile] = set()
        self.opening: ModelFile | None = None
        self.failures = 0
        self.is_served = False
        self._worker: Worker | None = None
        self._calls: deque[asyncio.Future[Answer]] = deque()
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_ended(self) -> bool:
        return self._ended.done()

    def is_ready(self, file: ModelFile) -> bool:
        return file in self.files and self.opening is None

    async def open(self, file: ModelFile, make: Callable[[], asyncio.Future[Worker]], *, limit_s: float) -> None:
        """Starts the worker, unless it is up, and loads a model.

        Raises ModelUnavailable when the file cannot be had, SessionFailed when it fails or takes longer than that.
        """
        while self._calls:
            # A model that loads between the runs of another would make them seem to take longer than they may.
            await asyncio.wait([self._calls[-1]])
        if self._worker is None:
            making = make()
            if not await within(limit_s, making, unless=[self._ended]) or self.is_ended:
                making.add_done_callback(_end_latecomer)
                raise WorkerLost(f"A worker did not start within {limit_s:.0f} seconds.")
            self._worker = making.result()
        loading = begun(self._worker.load(file))
        if not await within(limit_s, loading):
            raise WorkerLost(f"A session did not start within {limit_s:.0f} seconds.")
        try:
            loading.result()
        except OutOfMemory as error:
            # A smaller tile is no help where the session itself finds no room.
            raise SessionFailed(f"There is not enough memory for one more session: {error}") from error
        self.files.add(file)

    def send(self, run: Run) -> None:
        assert self._worker is not None, "a hand that is ready has a worker"
        self.sent.append(run)
        self._calls.append(begun(self._worker.run(run.file, run.feeds)))

    async def first_answer(self) -> Answer | None:
        """The answer to the run that computes now, which then is not in `sent` any more.

        None when nobody wanted it any more and the worker did not leave it in time. Raises what the run raised,
        WorkerLost when it took longer than it may.
        """
        run, call = self.sent[0], self._calls[0]
        if not await within(run.limit_s, call, unless=[run.answer]):
            if run.is_wanted:
                raise WorkerLost(f"A worker did not answer within {run.limit_s:.0f} seconds.")
            if not await within(GRACE_S, call, unless=[self._ended]):
                return None
        answer = call.result()
        if self.is_ended:
            raise WorkerLost("The worker was ended.")
        self.sent.popleft()
        self._calls.popleft()
        return answer

    def unload(self, file: ModelFile) -> None:
        if file in self.files and self._worker is not None:
            self.files.discard(file)
            self._worker.unload(file)

    def end(self) -> list[Run]:
        """Ends the worker; returns the runs that somebody still waits for, in their order."""
        if not self._ended.done():
            self._ended.set_result(None)
        self._calls.clear()
        self.files.clear()
        if self._worker is not None:
            self._worker.end()
        unanswered = [run for run in self.sent if run.is_wanted]
        self.sent.clear()
        return unanswered


def _end_latecomer(making: asyncio.Future[Worker]) -> None:
    if not making.cancelled() and making.exception() is None:
        making.result().end()
