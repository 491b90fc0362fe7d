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

from ..arrangement import Arrangement, Graph
from ..catalogue import ModelCard
from ..errors import InvalidOption, ModelUnavailable, OutOfMemory, SessionFailed
from . import Tensors
from .graphs import GraphWish, check_graph

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

    def __init__(
        self,
        card: ModelCard,
        folder: Path,
        *,
        workers: int = 1,
        threads: int | None = None,
        graph: GraphWish = "auto",
    ) -> None:
        """Loads a model from `folder` into every worker. threads: of each, None for the cores shared out evenly. graph:
        "auto" is the direct one, for which native onnxruntime has faster kernels than a graph could spell out.

        Raises InvalidOption for numbers below 1 and for a graph that the model does not have, ModelUnavailable when a
        file is missing or its checksum is another, SessionFailed when it cannot be loaded.
        """
        check_graph(graph, card)
        runs: Graph = "winograd" if graph == "winograd" else "direct"
        threads = max(1, usable_cores() // max(1, workers)) if threads is None else threads
        for name, number in (("workers", workers), ("threads", threads)):
            if number < 1:
                raise InvalidOption(f"The number of {name} {number} is too small; 1 or more is accepted.")
        model = _checked(card, folder, runs)
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
                graph=runs,
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


def _loaded(model: bytes | Path, threads: int) -> ort.InferenceSession:
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
    return _read(card, folder / card.file, card.sha256)


def _checked(card: ModelCard, folder: Path, graph: Graph) -> bytes | Path:
    """What a session is made of. The graph that holds no weights finds them beside itself, so it is loaded by its
    path."""
    model = read_model(card, folder)
    if graph == "direct" or card.winograd is None:
        return model
    path = folder / card.winograd.file
    _read(card, path, card.winograd.sha256)
    return path


def _read(card: ModelCard, path: Path, sha256: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelUnavailable(f"The file of the model “{card.id}” cannot be read: {error}") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ModelUnavailable(
            f"The file {path} is not the one that the catalogue describes; "
            "build it again with: python3 serve.py --build"
        )
    return content
