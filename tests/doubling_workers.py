"""Workers that double every pixel, in time that a virtual clock counts, and that fail as they are told to."""

from __future__ import annotations

import asyncio
import io
from collections import Counter
from collections.abc import Callable

import numpy as np

from senmei.errors import ModelUnavailable, OutOfMemory, SessionFailed
from senmei.sessions import Tensors
from senmei.sessions.workers import Answer, DeviceLost, ModelFile, Worker, WorkerLost

FAULTS = ("killed", "hangs", "throws", "out of memory", "device lost")

Fault = Callable[["DoublingWorker", int], str | None]
"""(worker, number of the run over all workers) → what goes wrong in it: one of FAULTS, "wrong", "nan", or nothing."""


def golden_npz(side: int = 8) -> bytes:
    """The golden tile of a model that doubles every pixel."""
    tile = np.random.default_rng(1).integers(0, 256, (1, side, side, 3), np.uint8)
    file = io.BytesIO()
    np.savez_compressed(file, input=tile, output=tile.repeat(2, axis=1).repeat(2, axis=2))
    return file.getvalue()


class DoublingWorkers:
    """Makes workers and knows of every one.

    seconds: (provider, threads, source pixels) → what a run takes. gain: (source pixels, how many runs a session has
    done) → how many times as fast a Winograd graph is. fault: see Fault; start_fault: (provider, threads, number of the
    worker) → "killed", "hangs" or "out of memory" while its session starts, "offline" when its script cannot be
    fetched, or nothing. missing: files that cannot be fetched.
    """

    def __init__(
        self,
        *,
        seconds: Callable[[str, int, int], float] = lambda *_: 1.0,
        gain: Callable[[int, int], float] = lambda *_: 2.0,
        fault: Fault = lambda *_: None,
        start_fault: Callable[[str, int, int], str | None] = lambda *_: None,
        start_s: float = 0.4,
        missing: frozenset[str] = frozenset(),
    ) -> None:
        self.workers: list[DoublingWorker] = []
        self.seconds = seconds
        self.gain = gain
        self.fault = fault
        self.start_fault = start_fault
        self.start_s = start_s
        self.missing = missing
        self.runs = 0
        self.faults: list[str] = []

    async def make(self, provider: str, threads: int) -> Worker:
        worker = DoublingWorker(self, provider, threads, len(self.workers))
        self.workers.append(worker)
        await asyncio.sleep(self.start_s / 2)
        if self.start_fault(provider, threads, worker.number) == "offline":
            worker.end()
            raise ModelUnavailable("The script of the worker cannot be fetched.")
        return worker

    def end_spares(self) -> None:
        """It makes none."""

    @property
    def living(self) -> list[DoublingWorker]:
        return [worker for worker in self.workers if not worker.is_ended]


class DoublingWorker:
    """taken_in_advance: the largest value of each tile that came while another was computing. running, pixels: the file
    of the model that it runs, or ran last, and the size of the tile."""

    def __init__(self, maker: DoublingWorkers, provider: str, threads: int, number: int) -> None:
        self.provider = provider
        self.threads = threads
        self.number = number
        self.files: set[ModelFile] = set()
        self.running: ModelFile | None = None
        self.pixels = 0
        self._runs: Counter[ModelFile] = Counter()
        self.taken_in_advance: list[float] = []
        self._maker = maker
        self._in_turn = asyncio.Lock()
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_ended(self) -> bool:
        return self._over.done()

    @property
    def is_busy(self) -> bool:
        return self._in_turn.locked()

    async def load(self, file: ModelFile) -> None:
        for name in (file.name, file.weights):
            if name in self._maker.missing:
                raise ModelUnavailable(f"“{name}” cannot be fetched.")
        match self._maker.start_fault(self.provider, self.threads, self.number):
            case "hangs":
                await self._working(1e9)
            case "killed":
                self.end()
            case "out of memory":
                raise OutOfMemory("no room for a session")
        await self._working(self._maker.start_s / 2)
        self.files.add(file)

    async def run(self, file: ModelFile, feeds: Tensors) -> Answer:
        tile = feeds["input"]
        if self._in_turn.locked():
            self.taken_in_advance.append(float(tile.max()))
        async with self._in_turn:
            self._check()
            assert file in self.files, "a model is loaded before it runs"
            self._maker.runs += 1
            self.running, self.pixels = file, tile.shape[1] * tile.shape[2]
            fault = self._maker.fault(self, self._maker.runs)
            if fault is not None:
                self._maker.faults.append(fault)
            started = asyncio.get_running_loop().time()
            seconds = self._maker.seconds(self.provider, self.threads, self.pixels)
            if file.weights is not None:
                seconds /= self._maker.gain(self.pixels, self._runs[file])
            self._runs[file] += 1
            await self._working(1e9 if fault == "hangs" else seconds)
            match fault:
                case "killed":
                    self.end()
                    self._check()
                case "throws":
                    raise SessionFailed("the runtime throws")
                case "out of memory":
                    raise OutOfMemory("no room for a tile")
                case "device lost":
                    raise DeviceLost("the device is gone")
            outputs = tile.repeat(2, axis=1).repeat(2, axis=2)
            if fault == "wrong":
                outputs = 1 - outputs
            elif fault == "nan":
                outputs = outputs * np.float32(np.nan)
            ended = asyncio.get_running_loop().time()
            return Answer({"output": outputs}, 1000 * started, 1000 * ended)

    def unload(self, file: ModelFile) -> None:
        self.files.discard(file)
        del self._runs[file]

    def end(self) -> None:
        if not self._over.done():
            self._over.set_result(None)

    async def _working(self, seconds: float) -> None:
        await asyncio.wait([self._over], timeout=seconds)
        self._check()

    def _check(self) -> None:
        if self.is_ended:
            raise WorkerLost("The worker was ended.")
