"""Sessions on native onnxruntime: the command line, and the oracle of the tests."""

from __future__ import annotations

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import onnxruntime as ort

from ..catalogue import ModelCard
from ..errors import ModelUnavailable, SessionFailed
from . import Tensors


class OrtNativeSession:
    """One session whose operators use every core, so one run at a time is the fastest."""

    provider = "cpu"
    parallelism = 1

    def __init__(self, card: ModelCard, folder: Path, *, threads: int = 0) -> None:
        """Loads `card.file` from `folder`. threads: 0 for one a core.

        Raises ModelUnavailable when the file is missing or its checksum is another, SessionFailed when it cannot be
        loaded.
        """
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        model = read_model(card, folder)
        try:
            self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise SessionFailed(f"onnxruntime cannot load the model “{card.id}”: {error}") from error
        self._card = card
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="onnxruntime")

    async def run(self, feeds: Tensors) -> Tensors:
        """See `Session.run`."""
        try:
            names = [output.name for output in self._session.get_outputs()]
            outputs = await asyncio.get_running_loop().run_in_executor(
                self._thread, self._session.run, names, dict(feeds)
            )
        except Exception as error:
            raise SessionFailed(f"onnxruntime cannot run the model “{self._card.id}”: {error}") from error
        return dict(zip(names, outputs, strict=True))


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
