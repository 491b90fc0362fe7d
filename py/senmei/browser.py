"""The engine worker's entry: what JavaScript calls, in plain values. Besides sessions/ort_web.py the only module that
imports js."""

from __future__ import annotations

import traceback
from collections.abc import Coroutine
from contextlib import aclosing
from dataclasses import fields
from typing import Any

import js
import numpy as np
from numpy.typing import NDArray
from pyodide.ffi import JsException, JsProxy

from .catalogue import Catalogue, ModelCard
from .codecs import EncodeOptions, read_header
from .engine import UpscaleOptions, plan, preview, upscale
from .errors import ModelUnavailable, SenmeiError, TooLarge
from .events import Encoded, Finished, Planned, TilePainted
from .jobs import CancelToken, Progress
from .memory import BROWSER_BUDGET_BYTES
from .naming import result_name
from .sessions.ort_web import OrtWebSession, to_js_object, wasm_arrangement

_OUTPUT_OPTIONS = frozenset(field.name for field in fields(EncodeOptions))


class Engine:
    """The jobs of one engine worker and its pool of inference workers.

    catalogue_json: the text of models/catalogue.json. run_in_worker: a JS function (worker index, file, {name: tensor})
    → Promise of {name: tensor}, see OrtWebSession. decode_in_browser: a JS function (file as Uint8Array, MIME type) →
    Promise of {width, height, rgba: Uint8Array} or null. workers: how many inference workers the pool has.

    Every method that JavaScript awaits answers with a plain object: {value} or {error: {code, message}}.
    open_model is always a JS function (file) → Promise of the provider's name, which resolves once the pool holds the
    model. wanted: an object with the fields of UpscaleOptions and EncodeOptions, those that are left out excepted.
    """

    def __init__(self, catalogue_json: str, run_in_worker: JsProxy, decode_in_browser: Any, workers: int) -> None:
        self._catalogue = Catalogue.from_json(catalogue_json)
        self._run_in_worker = run_in_worker
        self._decode_in_browser = decode_in_browser
        self._workers = workers
        self._sessions: dict[str, OrtWebSession] = {}
        self._cancels: dict[int, CancelToken] = {}

    async def prepare(self, model: str, open_model: Any) -> JsProxy:
        """Starts the session of a model. Value: null."""
        return await _answer(self._prepare(model, open_model))

    async def warm_up(self, model: str) -> JsProxy:
        """Runs one small tile in every worker, so that the first picture finds compiled code. Value: null."""
        return await _answer(self._warm_up(model))

    async def plan(self, model: str, data: JsProxy, wanted: JsProxy) -> JsProxy:
        """What a job will make and take. Value: see `_plan_fields`. data: the file, a Uint8Array."""
        return await _answer(self._plan(model, data, wanted))

    async def preview(self, data: JsProxy, longest: int) -> JsProxy:
        """A small PNG of a picture. Value: {data: Uint8Array, width, height}."""
        return await _answer(self._preview(data, longest))

    def upscale(self, job: int, model: str, wanted: JsProxy, hands: JsProxy) -> Coroutine[Any, Any, JsProxy]:
        """Runs a whole job. Value: {name, width, height, format, depth, notes, model, provider}.

        job: a number that `cancel` takes from now on. hands: an object with name: of the picture's file or null,
        read() → Promise of its bytes, open_model as openModel, write(Uint8Array) → Promise, awaited before more is
        made; with an offset as second argument the bytes take the place of earlier ones; onProgress(progress),
        onPlan(plan) or null, onTile(tile) or null: see `_progress_fields`, `_plan_fields` and `_tile_fields`.
        """
        self._cancels[job] = CancelToken()
        return self._run(job, model, wanted, hands)

    def cancel(self, job: int) -> None:
        """Stops a job within one tile; a job that has ended already is left in peace."""
        if token := self._cancels.get(job):
            token.cancel()

    def end_early(self, job: int) -> None:
        """Ends an animation with the frames that are done."""
        if token := self._cancels.get(job):
            token.end_early()

    def forget(self, file: str) -> None:
        """Drops the session of a model that the pool no longer holds."""
        self._sessions.pop(file, None)

    async def _session(self, card: ModelCard, open_model: Any) -> OrtWebSession:
        try:
            provider = await open_model(card.file)
        except JsException as error:
            raise ModelUnavailable(f"The model “{card.id}” cannot be loaded: {error.message}") from error
        if card.file not in self._sessions:
            self._sessions[card.file] = OrtWebSession(
                self._run_in_worker, file=card.file, provider=provider, workers=self._workers
            )
        return self._sessions[card.file]

    async def _prepare(self, model: str, open_model: Any) -> None:
        await self._session(self._catalogue.get(model), open_model)

    async def _warm_up(self, model: str) -> None:
        card = self._catalogue.get(model)
        side = 2 * card.overlap + 16 * card.multiple_of
        await self._sessions[card.file].run_in_all({"input": np.zeros((1, side, side, 3), np.float32)})

    async def _plan(self, model: str, data: Any, wanted: JsProxy) -> dict[str, Any]:
        planned = plan(
            data.to_bytes(),
            _options(model, wanted),
            catalogue=self._catalogue,
            arrangements=lambda _: (wasm_arrangement(self._workers),),
            budget_bytes=BROWSER_BUDGET_BYTES,
        )
        return _plan_fields(planned)

    async def _preview(self, data: Any, longest: int) -> dict[str, Any]:
        png = preview(data.to_bytes(), longest=longest)
        size = read_header(png).size
        return {"data": _to_js_bytes(png), "width": size.width, "height": size.height}

    async def _run(self, job: int, model: str, wanted: JsProxy, hands: JsProxy) -> JsProxy:
        try:
            return await _answer(self._upscale(model, wanted, hands, self._cancels[job]))
        finally:
            del self._cancels[job]

    async def _upscale(self, model: str, wanted: JsProxy, hands: Any, cancel: CancelToken) -> dict[str, Any]:
        options = _options(model, wanted)

        async def open_session(card: ModelCard) -> OrtWebSession:
            return await self._session(card, hands.openModel)

        events = upscale(
            (await hands.read()).to_bytes(),
            options,
            catalogue=self._catalogue,
            open_session=open_session,
            cancel=cancel,
            budget_bytes=BROWSER_BUDGET_BYTES,
            decode_elsewhere=self._decode_elsewhere,
        )
        async with aclosing(events):
            async for event in events:
                match event:
                    case Progress():
                        hands.onProgress(to_js_object(_progress_fields(event)))
                    case Planned() if hands.onPlan:
                        hands.onPlan(to_js_object(_plan_fields(event)))
                    case TilePainted() if hands.onTile:
                        hands.onTile(to_js_object(_tile_fields(event)))
                    case Encoded() if event.data:
                        await hands.write(_to_js_bytes(event.data), event.offset)
                    case Finished():
                        return {"name": self._name(hands.name, options, event), **_result_fields(event)}
        raise AssertionError("a job ends with Finished or an error")

    async def _decode_elsewhere(self, data: bytes, mime_type: str) -> tuple[int, int, bytes] | None:
        decoded = await self._decode_in_browser(_to_js_bytes(data), mime_type)
        return decoded and (decoded.width, decoded.height, decoded.rgba.to_bytes())

    def _name(self, source: str | None, options: UpscaleOptions, finished: Finished) -> str:
        has_size = options.width is not None or options.height is not None
        scale = None if has_size else options.scale or self._catalogue.get(options.model).scale
        return result_name(
            source,
            scale=scale,
            size=finished.size,
            format=finished.format,
            part=finished.part,
        )


async def _answer(work: Coroutine[Any, Any, Any]) -> JsProxy:
    try:
        return to_js_object({"value": await work})
    except SenmeiError as error:
        return _failure(error.code, str(error))
    except MemoryError:
        return _failure(TooLarge.code, "There is not enough memory for this picture at this size.")
    except Exception as error:  # noqa: BLE001 - the border of Python: what passes here would be a stack trace on the page
        # JavaScript's own foreseen failures come through Python on their way back; a DOMException's code is a number.
        if isinstance(error, JsException) and isinstance(code := getattr(error, "code", None), str):
            return _failure(code, error.message)
        js.console.error(traceback.format_exc())
        return _failure(SenmeiError.code, f"The engine failed unexpectedly ({type(error).__name__}: {error}).")


def _failure(code: str, message: str) -> JsProxy:
    return to_js_object({"error": {"code": code, "message": message}})


def _options(model: str, wanted: Any) -> UpscaleOptions:
    chosen: dict[str, Any] = wanted.to_py()
    output = {name: chosen.pop(name) for name in _OUTPUT_OPTIONS & chosen.keys()}
    return UpscaleOptions(model=model, **chosen, output=EncodeOptions(**output))


def _progress_fields(progress: Progress) -> dict[str, Any]:
    return {
        "stage": progress.stage,
        "done": progress.done,
        "total": progress.total,
        "fraction": progress.fraction,
        "etaMs": progress.eta_ms,
        "frame": progress.frame,
        "frames": progress.frames,
    }


def _plan_fields(planned: Planned) -> dict[str, Any]:
    header = planned.header
    return {
        "format": header.format,
        "width": header.size.width,
        "height": header.size.height,
        "depth": header.depth,
        "channels": header.channels,
        "frames": planned.frames,
        "targetWidth": planned.target.width,
        "targetHeight": planned.target.height,
        "tiles": planned.tiles,
        "memoryBytes": planned.memory.peak_bytes,
        "outputBytes": planned.memory.output_bytes,
    }


def _tile_fields(tile: TilePainted) -> dict[str, Any]:
    height, width = tile.pixels.shape[:2]
    rgba = np.empty((height, width, 4), np.uint8)
    rgba[:, :, :3] = tile.pixels
    rgba[:, :, 3] = 255 if tile.alpha is None else tile.alpha
    return {
        "x": tile.region.x,
        "y": tile.region.y,
        "width": width,
        "height": height,
        "pixels": _to_js_bytes(rgba.reshape(-1)),
        "imageWidth": tile.image.width,
        "imageHeight": tile.image.height,
        "sourceWidth": tile.source.width,
        "sourceHeight": tile.source.height,
        "frame": tile.frame,
    }


def _result_fields(finished: Finished) -> dict[str, Any]:
    return {
        "width": finished.size.width,
        "height": finished.size.height,
        "format": finished.format,
        "depth": finished.depth,
        "notes": list(finished.notes),
        "model": finished.model,
        "provider": finished.provider,
        "frames": finished.frames,
        "tiles": finished.tiles,
        "tilesRun": finished.tiles_run,
    }


def _to_js_bytes(values: bytes | NDArray[np.uint8]) -> Any:
    array = js.Uint8Array.new(len(values))
    array.assign(values)
    return array
