"""The engine worker's entry: what JavaScript calls, in plain values. Besides sessions/ort_web.py the only module that
imports js."""

from __future__ import annotations

import traceback
from collections.abc import Coroutine
from contextlib import aclosing
from typing import Any

import js
import numpy as np
from pyodide.ffi import JsException, JsProxy

from .catalogue import Catalogue, ModelCard
from .engine import Finished, TilePainted, UpscaleOptions, upscale
from .errors import ModelUnavailable, SenmeiError, TooLarge
from .jobs import CancelToken, Progress
from .picture import Pixels
from .planner import choose_models
from .sessions.ort_web import OrtWebSession, to_js_object


class Engine:
    """The jobs of one engine worker and its pool of inference workers.

    catalogue_json: the text of models/catalogue.json. workers: how many inference workers the pool has.
    open_model: a JS function (file) → Promise of the provider's name, which resolves once every worker holds the model.
    run_in_worker: a JS function (worker index, file, {name: tensor}) → Promise of {name: tensor}, see OrtWebSession.

    Every method that JavaScript awaits answers with a plain object: {value} or {error: {code, message}}.
    """

    def __init__(self, catalogue_json: str, open_model: Any, run_in_worker: JsProxy, workers: int) -> None:
        self._catalogue = Catalogue.from_json(catalogue_json)
        self._open_model = open_model
        self._run_in_worker = run_in_worker
        self._workers = workers
        self._sessions: dict[str, OrtWebSession] = {}
        self._cancels: dict[int, CancelToken] = {}

    async def prepare(self, model: str, scale: float | None) -> JsProxy:
        """Starts every session that `scale` needs. Value: the ids of the models."""
        return await _answer(self._prepare(model, scale))

    async def warm_up(self, model: str) -> JsProxy:
        """Runs one small tile in every worker, so that the first picture finds compiled code. Value: null."""
        return await _answer(self._warm_up(model))

    async def upscale(self, job: int, data: JsProxy, options: JsProxy, on_progress: Any, on_tile: Any) -> JsProxy:
        """Runs a whole job. Value: {data: Uint8Array, width, height, model, provider}.

        job: a number that `cancel` takes. data: the file, a Uint8Array. options: {model, scale, format}.
        on_progress(stage, done, total, fraction, etaMs or undefined); on_tile(tile) or undefined, a tile being
        {x, y, width, height, pixels: RGBA as Uint8Array, imageWidth, imageHeight, sourceWidth, sourceHeight}.
        """
        cancel = self._cancels[job] = CancelToken()
        try:
            return await _answer(self._upscale(data, options, on_progress, on_tile, cancel))
        finally:
            del self._cancels[job]

    def cancel(self, job: int) -> None:
        """Stops a job within one tile; a job that has ended already is left in peace."""
        if token := self._cancels.get(job):
            token.cancel()

    def forget(self, model: str) -> None:
        """Drops the session of a model that the pool no longer holds."""
        self._sessions.pop(model, None)

    async def _session(self, card: ModelCard) -> OrtWebSession:
        if card.id not in self._sessions:
            try:
                provider = await self._open_model(card.file)
            except JsException as error:
                raise ModelUnavailable(f"The model “{card.id}” cannot be loaded: {error.message}") from error
            self._sessions[card.id] = OrtWebSession(
                self._run_in_worker, file=card.file, provider=provider, workers=self._workers
            )
        return self._sessions[card.id]

    async def _prepare(self, model: str, scale: float | None) -> list[str]:
        cards = choose_models(self._catalogue, model, scale)
        for card in cards:
            await self._session(card)
        return [card.id for card in cards]

    async def _warm_up(self, model: str) -> None:
        card = self._catalogue.get(model)
        session = await self._session(card)
        side = 2 * card.overlap + 16 * card.multiple_of
        await session.run_in_all({"input": np.zeros((1, side, side, 3), np.uint8)})

    async def _upscale(
        self, data: Any, options: Any, on_progress: Any, on_tile: Any, cancel: CancelToken
    ) -> dict[str, Any]:
        chosen = UpscaleOptions(model=options.model, scale=options.scale, format=options.format)
        events = upscale(data.to_bytes(), chosen, catalogue=self._catalogue, open_session=self._session, cancel=cancel)
        async with aclosing(events):
            async for event in events:
                match event:
                    case Progress():
                        on_progress(event.stage, event.done, event.total, event.fraction, event.eta_ms)
                    case TilePainted() if on_tile:
                        on_tile(to_js_object(_tile_fields(event)))
                    case Finished():
                        return {
                            "data": _to_js_bytes(np.frombuffer(event.data, np.uint8)),
                            "width": event.size.width,
                            "height": event.size.height,
                            "model": event.model,
                            "provider": event.provider,
                        }
        raise AssertionError("a job ends with Finished or an error")


async def _answer(work: Coroutine[Any, Any, Any]) -> JsProxy:
    try:
        return to_js_object({"value": await work})
    except SenmeiError as error:
        return _failure(error.code, str(error))
    except MemoryError:
        return _failure(TooLarge.code, "There is not enough memory for this picture at this scale.")
    except Exception as error:  # noqa: BLE001 - the border of Python: what passes here would be a stack trace on the page
        js.console.error(traceback.format_exc())
        return _failure(SenmeiError.code, f"The engine failed unexpectedly ({type(error).__name__}: {error}).")


def _failure(code: str, message: str) -> JsProxy:
    return to_js_object({"error": {"code": code, "message": message}})


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
        "pixels": _to_js_bytes(rgba),
        "imageWidth": tile.image.width,
        "imageHeight": tile.image.height,
        "sourceWidth": tile.source.width,
        "sourceHeight": tile.source.height,
    }


def _to_js_bytes(values: Pixels) -> Any:
    array = js.Uint8Array.new(values.size)
    array.assign(values.reshape(-1))
    return array
