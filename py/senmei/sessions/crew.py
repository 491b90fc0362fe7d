"""The workers of one rung: who runs which tile, and what happens when one of them is lost."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from ..errors import SessionFailed
from . import Tensors
from .background import begun
from .busy_time import BusyTime
from .hands import Hand, Run
from .workers import Answer, ModelFile, Worker, WorkerLost, WorkerMaker

# In each worker: the tile that computes, and the one that it takes up without asking.
_DEPTH = 2

# A worker that did not come up so often in a row is done without, as long as there is another.
_MOST_FAILURES = 2


class Crew:
    """Workers of one provider and number of threads, made when there is work for them.

    A tile goes to a worker that is idle. Only while more tiles wait than there are workers does each take one
    in advance, so that the last ones go to whoever is done first. A worker that fails is ended and replaced; the tile
    that it computed fails with it, the others that it had are run again and nobody notices.
    patience: how long in seconds a worker may take to load a model's file.
    """

    def __init__(
        self, maker: WorkerMaker, provider: str, threads: int, *, patience: Callable[[ModelFile], float]
    ) -> None:
        self._maker = maker
        self._provider = provider
        self._threads = threads
        self._patience = patience
        self._hands: list[Hand] = []
        self._waiting: deque[Run] = deque()
        self._unloaded: set[ModelFile] = set()
        self._tasks: set[asyncio.Future[None]] = set()
        self._is_closed = False
        self.start_ms: float | None = None
        """The least time in which a worker came up and loaded a model, None before the first did."""
        self.begun = 0
        """How many runs and starts of sessions there were so far: who measures something is alone while it stays."""

    @property
    def is_idle(self) -> bool:
        return not self._waiting and not any(hand.sent for hand in self._hands)

    async def rest(self) -> None:
        """Returns when nothing computes and nothing waits."""
        while not self.is_idle:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    def ready(self, file: ModelFile) -> int:
        """How many workers hold a model."""
        return sum(hand.is_ready(file) for hand in self._hands)

    async def run(
        self,
        file: ModelFile,
        feeds: Tensors,
        *,
        workers: int,
        limit_s: float,
        is_first: bool = False,
        busy: BusyTime | None = None,
    ) -> Answer:
        """One run on one of the first `workers` workers.

        limit_s: how long it may compute. is_first: it goes before all that wait. busy: hears how long it computed. When
        the caller is cancelled, a worker that still computes for it after `hands.GRACE_S` is ended and replaced.
        Raises ModelUnavailable when the model's file cannot be had; OutOfMemory, DeviceLost, WorkerLost and other kinds
        of SessionFailed when the worker that computed it failed, or when there comes none.
        """
        if self._is_closed:
            raise WorkerLost("The workers were ended.")
        self._unloaded.discard(file)
        self.begun += 1
        if self.is_idle:
            # What failed in an earlier job may be there again.
            for hand in self._hands:
                hand.failures = 0
        run = Run(file, feeds, workers=workers, limit_s=limit_s, busy=busy)
        if is_first:
            self._waiting.appendleft(run)
        else:
            self._waiting.append(run)
        self._dispatch()
        try:
            return await run.answer
        except asyncio.CancelledError:
            self._dispatch()
            raise

    async def warm(self, file: ModelFile, feeds: Tensors, *, workers: int, limit_s: float) -> None:
        """Brings up so many workers and runs the same feeds once in each that has nothing else to do. What fails is
        left for the first tile to tell."""
        self._unloaded.discard(file)
        for hand in self._slots(workers):
            if not hand.is_ready(file) and hand.opening is None:
                self._open(hand, file)
        while any(hand.opening for hand in self._hands):
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        runs = []
        for hand in self._hands[:workers]:
            if hand.is_ready(file) and not hand.sent:
                self.begun += 1
                runs.append(Run(file, feeds, workers=workers, limit_s=limit_s))
                self._send(hand, runs[-1])
        await asyncio.gather(*(run.answer for run in runs), return_exceptions=True)

    def shrink(self, workers: int) -> None:
        """Ends all but the first `workers`, which what is under way has to do with; who asks for more later gets fresh
        ones."""
        for hand in self._hands[workers:]:
            self._waiting.extendleft(reversed(hand.end()))
        del self._hands[workers:]
        for run in (*self._waiting, *(run for hand in self._hands for run in hand.sent)):
            run.workers = min(run.workers, workers)
        self._dispatch()

    def unload(self, file: ModelFile) -> None:
        """Frees a model's sessions, also those that are only starting. Who runs it again has it loaded again.

        A worker that is left without a model is ended: what its memory has grown to is given back no other way, and a
        GPU's device does not outlive its last session.
        """
        self._unloaded.add(file)
        for hand in list(self._hands):
            self._let_go(hand, file)

    def _let_go(self, hand: Hand, file: ModelFile) -> None:
        if hand.files - {file} or hand.opening is not None:
            hand.unload(file)
        elif file in hand.files:
            self._waiting.extendleft(reversed(hand.end()))
            self._hands[self._hands.index(hand)] = Hand()

    def close(self) -> None:
        """Ends every worker. What still waits fails with WorkerLost."""
        self._is_closed = True
        hands, self._hands = self._hands, []
        unanswered = [*self._waiting, *(run for hand in hands for run in hand.end())]
        self._waiting.clear()
        for run in unanswered:
            run.fail(WorkerLost("The workers were ended."))

    def _dispatch(self) -> None:
        self._waiting = deque(run for run in self._waiting if run.is_wanted)
        for run in list(self._waiting):
            hand = self._hand_for(run)
            if hand is not None:
                self._waiting.remove(run)
                self._send(hand, run)
        self._bring_up()

    def _hand_for(self, run: Run) -> Hand | None:
        ready = [hand for hand in self._hands[: run.workers] if hand.is_ready(run.file)]
        if not ready:
            return None
        hand = min(ready, key=lambda hand: len(hand.sent))
        is_in_advance = bool(hand.sent)
        if is_in_advance and (len(hand.sent) >= _DEPTH or len(self._waiting) <= len(ready)):
            return None
        return hand

    def _send(self, hand: Hand, run: Run) -> None:
        hand.send(run)
        if not hand.is_served:
            hand.is_served = True
            self._start(self._serve(hand))

    async def _serve(self, hand: Hand) -> None:
        while hand.sent:
            run = hand.sent[0]
            try:
                answer = await hand.first_answer()
            except Exception as error:  # noqa: BLE001 - a tile that nobody answers would hold its job for ever
                run.fail(error)
                answer = None
            if answer is None:
                self._replace(hand, run.file)
                return
            if run.is_wanted:
                run.answer.set_result(answer)
                if run.busy is not None:
                    run.busy.add(hand, answer)
            self._dispatch()
        hand.is_served = False

    def _replace(self, hand: Hand, file: ModelFile) -> None:
        if hand not in self._hands:
            return
        self._waiting.extendleft(reversed(hand.end()))
        fresh = Hand()
        self._hands[self._hands.index(hand)] = fresh
        self._open(fresh, file)
        self._dispatch()

    def _bring_up(self) -> None:
        """Opens workers for what waits, as many as there is work for."""
        for file in dict.fromkeys(run.file for run in self._waiting):
            waiting = [run for run in self._waiting if run.file == file]
            under_way = sum(run.file == file for hand in self._hands for run in hand.sent)
            hands = self._slots(max(run.workers for run in waiting))
            missing = min(len(hands), len(waiting) + under_way)
            missing -= sum(hand.is_ready(file) or hand.opening is not None for hand in hands)
            can_do_without = any(hand.is_ready(file) or hand.opening == file for hand in hands)
            for hand in hands:
                if missing <= 0:
                    break
                if hand.is_ready(file) or hand.opening is not None:
                    continue
                if hand.failures < _MOST_FAILURES or not can_do_without:
                    self._open(hand, file)
                    can_do_without = True
                    missing -= 1

    def _slots(self, count: int) -> list[Hand]:
        while len(self._hands) < count:
            self._hands.append(Hand())
        return self._hands[:count]

    def _open(self, hand: Hand, file: ModelFile) -> None:
        hand.opening = file
        self.begun += 1
        self._start(self._opened(hand, file))

    async def _opened(self, hand: Hand, file: ModelFile) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        error: Exception | None = None
        try:
            await hand.open(file, self._make, limit_s=self._patience(file))
            hand.failures = 0
            taken_ms = 1000 * (loop.time() - began)
            self.start_ms = taken_ms if self.start_ms is None else min(self.start_ms, taken_ms)
        except Exception as caught:  # noqa: BLE001 - it is told to the tiles that wait
            error = caught
        hand.opening = None
        if file in self._unloaded:
            self._let_go(hand, file)
        if error is not None:
            self._not_opened(hand, file, error)
        self._dispatch()

    def _make(self) -> asyncio.Future[Worker]:
        return begun(self._maker.make(self._provider, self._threads))

    def _not_opened(self, hand: Hand, file: ModelFile, error: Exception) -> None:
        if hand not in self._hands:
            return
        waiting = [run for run in self._waiting if run.file == file]
        if isinstance(error, SessionFailed):
            self._waiting.extendleft(reversed(hand.end()))
            fresh = Hand()
            fresh.failures = hand.failures
            self._hands[self._hands.index(hand)] = hand = fresh
        hand.failures += 1
        if any(one.is_ready(file) or one.opening == file for one in self._hands):
            return
        # What one worker cannot fetch, no other would get either.
        for run in waiting[:1] if isinstance(error, SessionFailed) else waiting:
            run.fail(error)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = begun(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
