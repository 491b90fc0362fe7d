"""Sessions on onnxruntime-web: each tile goes to an idle inference worker of the pool.

A worker holds a one-threaded session, and as many workers as cores run at once. `session.run` blocks the worker it is
in, never this one, so Python stays free to cut, stitch, report and hear "cancel".
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from functools import partial
from typing import Any

import js
import numpy as np
from numpy.typing import NDArray
from pyodide.ffi import JsException, JsProxy, to_js

from ..arrangement import Arrangement
from ..errors import OutOfMemory, SessionFailed
from . import Tensors

# What a core takes for a source pixel of upconv_7.
_PIXEL_NS = 35_000

_ARRAY_TYPES = {"float32": "Float32Array", "int64": "BigInt64Array"}

# How a lack of memory is told: by onnxruntime's allocator and by its arithmetic on sizes beyond 32 bits, both measured
# with tiles of 4,000 and 6,000 pixels a side; by JavaScript engines, whose WebAssembly memory or array buffer cannot
# grow; by Emscripten's abort; and as the bare number of a C++ exception that nothing caught.
_OUT_OF_MEMORY = re.compile(
    r"bad_alloc|SafeIntOnOverflow|failed to allocate|out of memory|\bOOM\b|memory access out of bounds|"
    r"(array ?buffer|typed ?array|memory) allocation|allocation (failed|size overflow)|"
    r"invalid (array buffer|typed array) length|WebAssembly\.Memory|could not be allocated|^exception \d+$",
    re.IGNORECASE,
)


class OrtWebSession:
    """A model that is loaded in every worker of a pool.

    run_in_worker: a JS function (worker index, file, {name: tensor}) → Promise<{name: tensor}>, where a tensor is
    {type, dims, data} and `data` a typed array that is moved, not copied, both ways. file: the model's, which the
    workers know it by.
    """

    def __init__(self, run_in_worker: Any, *, file: str, provider: str, workers: int) -> None:
        self._run_in_worker = run_in_worker
        self._file = file
        self.provider = provider
        self.arrangements = (wasm_arrangement(workers),)
        self.notes: Sequence[str] = ()
        self._workers = workers
        self._idle: asyncio.Queue[int] = asyncio.Queue()
        for worker in range(workers):
            self._idle.put_nowait(worker)

    async def run(self, feeds: Tensors, *, arrangement: Arrangement) -> Tensors:
        """See `Session.run`. When the caller is cancelled, the worker is given back only once it has finished."""
        try:
            tensors = _to_js_tensors(feeds)
            worker = await self._idle.get()
            answer = asyncio.ensure_future(self._run_in_worker(worker, self._file, tensors))
            answer.add_done_callback(partial(self._give_back, worker))
            outputs = await asyncio.shield(answer)
        except JsException as error:
            raise _failure(error) from error
        return _from_js_tensors(outputs)

    def _give_back(self, worker: int, finished: asyncio.Future[Any]) -> None:
        self._idle.put_nowait(worker)
        # Marks the exception as seen: a caller that was cancelled will never ask for it.
        if not finished.cancelled():
            finished.exception()

    async def run_in_all(self, feeds: Tensors) -> None:
        """Runs the same feeds once in every worker, idle or not, and waits for all. Raises SessionFailed as `run`
        does."""
        runs = (self._run_in_worker(worker, self._file, _to_js_tensors(feeds)) for worker in range(self._workers))
        try:
            await asyncio.gather(*runs)
        except JsException as error:
            raise _failure(error) from error


def wasm_arrangement(workers: int) -> Arrangement:
    """One-threaded WebAssembly in so many workers."""
    return Arrangement(provider="wasm", workers=workers, pixel_ns=_PIXEL_NS, is_measured=False)


def _failure(error: JsException) -> SessionFailed:
    if _OUT_OF_MEMORY.search(error.message):
        return OutOfMemory(f"onnxruntime-web has not the memory for a part of this picture: {error.message}")
    return SessionFailed(f"onnxruntime-web cannot run the network: {error.message}")


def _to_js_tensors(tensors: Tensors) -> JsProxy:
    return to_js_object({name: _to_js_tensor(array) for name, array in tensors.items()})


def _to_js_tensor(array: NDArray[Any]) -> JsProxy:
    data = getattr(js, _ARRAY_TYPES[array.dtype.name]).new(array.size)
    data.assign(np.ascontiguousarray(array).reshape(-1))
    return to_js_object({"type": array.dtype.name, "dims": list(array.shape), "data": data})


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
