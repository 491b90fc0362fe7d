"""The browser's inference workers: each holds sessions of onnxruntime-web. What they do is decided elsewhere.

`session.run` blocks the worker that it is in, never this one, so Python stays free to cut, stitch, report and hear
"cancel".
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any

import js
import numpy as np
from numpy.typing import NDArray
from pyodide.ffi import JsException, JsProxy, to_js

from ..errors import ModelUnavailable, OutOfMemory, SenmeiError, SessionFailed
from . import Tensors
from .background import begun
from .workers import Answer, DeviceLost, ModelFile, Worker, WorkerLost

# How a lack of memory is told: by onnxruntime's allocator and by its arithmetic on sizes beyond 32 bits, both measured
# with tiles of 4,000 and 6,000 pixels a side; by JavaScript engines, whose WebAssembly memory or array buffer cannot
# grow; by Emscripten's abort; and as the bare number of a C++ exception that nothing caught.
_OUT_OF_MEMORY = re.compile(
    r"bad_alloc|SafeIntOnOverflow|failed to allocate|out of memory|\bOOM\b|memory access out of bounds|"
    r"(array ?buffer|typed ?array|memory) allocation|allocation (failed|size overflow)|"
    r"invalid (array buffer|typed array) length|WebAssembly\.Memory|could not be allocated|^exception \d+$",
    re.IGNORECASE,
)


class Fleet:
    """Makes workers, see `WorkerMaker`, and knows what the page keeps. fleet: the Fleet of web/workers/fleet.js."""

    def __init__(self, fleet: Any) -> None:
        self._fleet = fleet

    async def make(self, provider: str, threads: int) -> Worker:
        return _FleetWorker(self._fleet, await _answer(self._fleet.make(provider, threads)))

    def end_spares(self) -> None:
        begun(self._fleet.endSpares())

    async def golden(self, file: str) -> bytes:
        """The bytes of a golden tile. Raises ModelUnavailable when they cannot be fetched."""
        try:
            data = await _answer(self._fleet.golden(file))
        except SessionFailed as error:
            raise ModelUnavailable(str(error)) from error
        golden: bytes = data.to_bytes()
        return golden

    def forget(self, file: str) -> None:
        """Drops the bytes of a file of models/."""
        begun(self._fleet.forget(file))

    def remember(self, text: str) -> None:
        """Keeps a text for the next visit."""
        begun(self._fleet.remember(text))


class _FleetWorker:
    """See `Worker`. Tensors go both ways as {name: {type, dims, data}} with a typed array that is moved, not copied."""

    def __init__(self, fleet: Any, number: int) -> None:
        self._fleet = fleet
        self._number = number

    async def load(self, file: ModelFile) -> None:
        await _answer(self._fleet.load(self._number, file.name, file.weights))

    async def run(self, file: ModelFile, feeds: Tensors) -> Answer:
        tensors = to_js_object({name: self._to_js_tensor(array) for name, array in feeds.items()})
        answer = await _answer(self._fleet.run(self._number, file.name, tensors))
        return Answer(_from_js_tensors(answer.outputs), answer.startedMs, answer.endedMs)

    def _to_js_tensor(self, array: NDArray[Any]) -> JsProxy:
        data = self._fleet.array(array.dtype.name, array.size)
        data.assign(np.ascontiguousarray(array).reshape(-1))
        return to_js_object({"type": array.dtype.name, "dims": list(array.shape), "data": data})

    def unload(self, file: ModelFile) -> None:
        begun(self._fleet.unload(self._number, file.name))

    def end(self) -> None:
        begun(self._fleet.end(self._number))


async def _answer(promise: Any) -> Any:
    """What a promise resolves to. Raises what its rejection means.

    A caller that is cancelled leaves it alone: a promise that settles later finds somebody who waits for it.
    """
    try:
        return await asyncio.shield(begun(promise))
    except JsException as error:
        raise _failure(error) from error


def _failure(error: JsException) -> SenmeiError:
    match error.name:
        case "WorkerLost":
            return WorkerLost(error.message)
        case "DeviceLost":
            return DeviceLost(error.message)
        case "Unreachable":
            return ModelUnavailable(error.message)
    if _OUT_OF_MEMORY.search(error.message):
        return OutOfMemory(error.message)
    return SessionFailed(error.message)


def _from_js_tensors(tensors: Any) -> dict[str, NDArray[Any]]:
    return {name: _from_js_tensor(getattr(tensors, name)) for name in js.Object.keys(tensors)}


def _from_js_tensor(tensor: Any) -> NDArray[Any]:
    array = np.empty(_integers(tensor.dims), np.dtype(tensor.type))
    tensor.data.assign_to(array.reshape(-1))
    return array


def _integers(values: Any) -> Sequence[int]:
    return [int(value) for value in values]


def to_js_object(entries: dict[str, Any]) -> JsProxy:
    """A plain JavaScript object with these entries; nested dicts become objects too, JsProxies themselves."""
    converted: JsProxy = to_js(entries, dict_converter=js.Object.fromEntries)
    return converted
