"""Sessions on native onnxruntime: the command line, and the oracle of the tests."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import onnxruntime as ort

from ..arrangement import Arrangement
from ..catalogue import ModelCard
from ..errors import ModelUnavailable, OutOfMemory, SessionFailed
from . import Tensors

# What its arena says, and what C++ itself says where there is no arena; neither has a class of its own in Python.
_OUT_OF_MEMORY = ("Failed to allocate memory", "bad_alloc")


# What an ordinary core takes for a source pixel of a middling network; enough to choose a tile by.
_PIXEL_NS = 10_000


class OrtNativeSession:
    """One session whose operators use every thread, so one run at a time is the fastest."""

    provider = "cpu"
    notes: Sequence[str] = ()

    def __init__(self, card: ModelCard, folder: Path, *, threads: int | None = None) -> None:
        """Loads `card.file` from `folder`. threads: None for one a core.

        Raises ModelUnavailable when the file is missing or its checksum is another, SessionFailed when it cannot be
        loaded.
        """
        options = ort.SessionOptions()
        threads = threads or usable_cores()
        options.intra_op_num_threads = threads
        # It would take a second block for all tensors of one shape, beside those that the first run has taken: up to
        # 1.6 times the memory, for no time that could be measured.
        options.enable_mem_pattern = False
        model = read_model(card, folder)
        try:
            self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise SessionFailed(f"onnxruntime cannot load the model “{card.id}”: {error}") from error
        self._card = card
        self.arrangements: Sequence[Arrangement] = (
            Arrangement(
                provider=self.provider, workers=1, threads=threads, pixel_ns=_PIXEL_NS / threads, is_measured=False
            ),
        )
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="onnxruntime")

    async def run(self, feeds: Tensors, *, arrangement: Arrangement, is_smallest: bool = False) -> Tensors:
        """See `Session.run`. After OutOfMemory, smaller tiles can still be run."""
        try:
            names = [output.name for output in self._session.get_outputs()]
            outputs = await asyncio.get_running_loop().run_in_executor(
                self._thread, self._session.run, names, dict(feeds)
            )
        except Exception as error:
            if isinstance(error, MemoryError) or any(sign in str(error) for sign in _OUT_OF_MEMORY):
                shapes = ", ".join(" × ".join(str(side) for side in tensor.shape) for tensor in feeds.values())
                raise OutOfMemory(
                    f"There is not enough memory to run the model “{self._card.id}” on {shapes} numbers."
                ) from error
            raise SessionFailed(f"onnxruntime cannot run the model “{self._card.id}”: {error}") from error
        return dict(zip(names, outputs, strict=True))


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
