"""Sessions on native onnxruntime: the command line, and the oracle of the tests."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import onnxruntime as ort

from ..arrangement import Arrangement
from ..catalogue import ModelCard
from ..errors import InvalidOption, ModelUnavailable, OutOfMemory, SessionFailed
from . import Tensors

# What its arena says, and what C++ itself says where there is no arena; neither has a class of its own in Python.
_OUT_OF_MEMORY = ("Failed to allocate memory", "bad_alloc")


# What an ordinary core takes for a source pixel of a middling network; enough to choose a tile by.
_PIXEL_NS = 10_000

# What tiles are chosen for; larger ones would hardly be faster. Natively a run takes up to twice as much: a gigabyte.
_WORKING_BYTES = 500_000_000


class OrtNativeSession:
    """A network in one or more workers, each of which runs a tile at a time on threads of its own."""

    provider = "cpu"
    notes: Sequence[str] = ()

    def __init__(self, card: ModelCard, folder: Path, *, workers: int = 1, threads: int | None = None) -> None:
        """Loads `card.file` from `folder` into every worker. threads: of each, None for the cores shared out evenly.

        Raises InvalidOption for numbers below 1, ModelUnavailable when the file is missing or its checksum is another,
        SessionFailed when it cannot be loaded.
        """
        threads = max(1, usable_cores() // max(1, workers)) if threads is None else threads
        for name, number in (("workers", workers), ("threads", threads)):
            if number < 1:
                raise InvalidOption(f"The number of {name} {number} is too small; 1 or more is accepted.")
        model = read_model(card, folder)
        self._idle: SimpleQueue[ort.InferenceSession] = SimpleQueue()
        try:
            for _ in range(workers):
                self._idle.put(_loaded(model, threads))
        except Exception as error:
            raise SessionFailed(f"onnxruntime cannot load the model “{card.id}”: {error}") from error
        self._card = card
        self._calls = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="onnxruntime")
        self.arrangements: Sequence[Arrangement] = (
            Arrangement(
                provider=self.provider,
                workers=workers,
                threads=threads,
                pixel_ns=_PIXEL_NS / threads,
                is_measured=False,
                worker_bytes=_WORKING_BYTES // workers,
            ),
        )

    async def run(self, feeds: Tensors, *, arrangement: Arrangement, is_smallest: bool = False) -> Tensors:
        """See `Session.run`. After OutOfMemory, smaller tiles can still be run."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._calls, self._run, feeds)
        except Exception as error:
            if isinstance(error, MemoryError) or any(sign in str(error) for sign in _OUT_OF_MEMORY):
                shapes = ", ".join(" × ".join(str(side) for side in tensor.shape) for tensor in feeds.values())
                raise OutOfMemory(
                    f"There is not enough memory to run the model “{self._card.id}” on {shapes} numbers."
                ) from error
            raise SessionFailed(f"onnxruntime cannot run the model “{self._card.id}”: {error}") from error

    def _run(self, feeds: Tensors) -> Tensors:
        # As many calls as workers are under way, so that one is idle.
        session = self._idle.get()
        try:
            names = [output.name for output in session.get_outputs()]
            return dict(zip(names, session.run(names, dict(feeds)), strict=True))
        finally:
            self._idle.put(session)


def _loaded(model: bytes, threads: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    # It would take a second block for all tensors of one shape, beside those that the first run has taken: up to
    # 1.6 times the memory, for no time that could be measured.
    options.enable_mem_pattern = False
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def usable_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def read_model(card: ModelCard, folder: Path) -> bytes:
    """The bytes of a model's file. Raises ModelUnavailable when it is missing or its checksum is another."""
    path = folder / card.file
    try:
        model = path.read_bytes()
    except OSError as error:
        raise ModelUnavailable(f"The file of the model “{card.id}” cannot be read: {error}") from error
    if hashlib.sha256(model).hexdigest() != card.sha256:
        raise ModelUnavailable(
            f"The file {path} is not the one that the catalogue describes; "
            "build it again with: python3 serve.py --build"
        )
    return model
