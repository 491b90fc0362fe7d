"""The engine worker's entry: what JavaScript calls, in plain values. Besides sessions/ort_web.py the only module that
imports js."""

from __future__ import annotations

import traceback
from collections.abc import Coroutine
from contextlib import aclosing
from dataclasses import dataclass, fields
from typing import Any

import js
import numpy as np
from numpy.typing import NDArray
from pyodide.ffi import JsException, JsProxy

from .catalogue import Catalogue, ModelCard
from .codecs import EncodeOptions, read_header
from .engine import UpscaleOptions, plan, preview, upscale
from .errors import SenmeiError, TooLarge
from .events import Encoded, Finished, Planned, TilePainted
from .jobs import CancelToken, Progress
from .memory import BROWSER_BUDGET_BYTES
from .naming import result_name
from .sessions.ladder import Ladder
from .sessions.ladder_session import LadderSession, open_session
from .sessions.ort_web import Fleet, to_js_object
from .sessions.rungs import Facts, Wish

_OUTPUT_OPTIONS = frozenset(field.name for field in fields(EncodeOptions))


@dataclass(frozen=True, slots=True)
class _Owner:
    """One Upscaler: its model, what it forces of the ladder, and all models that its jobs have taken."""

    card: ModelCard
    wish: Wish
    cards: set[str]


class Engine:
    """The jobs of one engine worker.

    catalogue_json: the text of models/catalogue.json. fleet: see sessions/ort_web.py. decode_in_browser: a JS function
    (file as Uint8Array, MIME type) → Promise of {width, height, rgba: Uint8Array} or null. facts: see
    `Facts.from_plain`, and `remembered`: what `fleet.remember` was given last, or null.

    Every method that JavaScript awaits answers with a plain object: {value} or {error: {code, message}}.
    owner: the number of an Upscaler, which `prepare` makes known. wanted: an object with the fields of UpscaleOptions
    and EncodeOptions, those that are left out excepted.
    """

    def __init__(self, catalogue_json: str, fleet: JsProxy, decode_in_browser: Any, facts: JsProxy) -> None:
        self._catalogue = Catalogue.from_json(catalogue_json)
        self._fleet = Fleet(fleet)
        self._decode_in_browser = decode_in_browser
        plain = facts.to_py()
        self._ladder = Ladder(
            self._fleet,
            Facts.from_plain(plain),
            fetch_golden=self._fleet.golden,
            remember=self._fleet.remember,
            remembered=plain["remembered"],
        )
        self._owners: dict[int, _Owner] = {}
        self._cancels: dict[int, CancelToken] = {}
        self._idle_share: float | None = None

    async def prepare(self, owner: int, model: str, choice: JsProxy) -> JsProxy:
        """Resolves when one way of computing can run the model. Value: null.

        choice: {provider, threads: number or null, workers: number or null, graph}, see `Wish`.
        """
        return await _answer(self._prepare(owner, model, choice))

    async def warm_up(self, owner: int) -> JsProxy:
        """Brings all workers up and runs the golden tile in each. Value: null."""
        return await _answer(self._warm_up(owner))

    async def plan(self, owner: int, data: JsProxy, wanted: JsProxy) -> JsProxy:
        """What a job will make and take. Value: see `_plan_fields`. data: the file, a Uint8Array."""
        return await _answer(self._plan(owner, data, wanted))

    async def preview(self, data: JsProxy, longest: int) -> JsProxy:
        """A small PNG of a picture. Value: {data: Uint8Array, width, height}."""
        return await _answer(self._preview(data, longest))

    async def engine_report(self, owner: int) -> JsProxy:
        """What computes, and why. Value: see `Ladder.report`, and idleShare: of the last job, null before the first."""
        return await _answer(self._engine_report(owner))

    def upscale(self, job: int, owner: int, wanted: JsProxy, hands: JsProxy) -> Coroutine[Any, Any, JsProxy]:
        """Runs a whole job. Value: {name} and `_result_fields`.

        job: a number that `cancel` takes from now on. hands: an object with name: of the picture's file or null,
        read() → Promise of its bytes, write(Uint8Array) → Promise, awaited before more is made; with an offset as
        second argument the bytes take the place of earlier ones; onProgress(progress), onPlan(plan) or null,
        onTile(tile) or null: see `_progress_fields`, `_plan_fields` and `_tile_fields`; showLoading(boolean): whether
        the job waits for models and sessions.
        """
        self._cancels[job] = CancelToken()
        return self._run(job, owner, wanted, hands)

    def cancel(self, job: int) -> None:
        """Stops a job within one tile; a job that has ended already is left in peace."""
        if token := self._cancels.get(job):
            token.cancel()

    def end_early(self, job: int) -> None:
        """Ends an animation with the frames that are done."""
        if token := self._cancels.get(job):
            token.end_early()

    async def release(self, owner: int) -> JsProxy:
        """Frees the models that this owner alone held. Value: null."""
        return await _answer(self._release(owner))

    async def _prepare(self, owner: int, model: str, choice: Any) -> None:
        card = self._catalogue.get(model)
        wish = Wish(**choice.to_py())
        self._owners[owner] = _Owner(card, wish, {card.id})
        await self._ladder.prepare(card, wish)

    async def _warm_up(self, owner: int) -> None:
        one = self._owners[owner]
        await self._ladder.warm(one.card, one.wish)

    async def _engine_report(self, owner: int) -> dict[str, Any]:
        one = self._owners[owner]
        return {**self._ladder.report(one.card, one.wish), "idleShare": self._idle_share}

    async def _release(self, owner: int) -> None:
        released = self._owners.pop(owner, None)
        held = {card for one in self._owners.values() for card in one.cards}
        for model in released.cards - held if released else ():
            card = self._catalogue.get(model)
            self._ladder.release(card)
            for file in card.files:
                self._fleet.forget(file)

    async def _plan(self, owner: int, data: Any, wanted: JsProxy) -> dict[str, Any]:
        one = self._owners[owner]
        planned = plan(
            data.to_bytes(),
            _options(one.card.id, wanted),
            catalogue=self._catalogue,
            arrangements=lambda card: self._ladder.arrangements(card, one.wish),
            budget_bytes=BROWSER_BUDGET_BYTES,
        )
        return _plan_fields(planned)

    async def _preview(self, data: Any, longest: int) -> dict[str, Any]:
        png = preview(data.to_bytes(), longest=longest)
        size = read_header(png).size
        return {"data": _to_js_bytes(png), "width": size.width, "height": size.height}

    async def _run(self, job: int, owner: int, wanted: JsProxy, hands: JsProxy) -> JsProxy:
        try:
            return await _answer(self._upscale(self._owners[owner], wanted, hands, self._cancels[job]))
        finally:
            del self._cancels[job]

    async def _upscale(self, owner: _Owner, wanted: JsProxy, hands: Any, cancel: CancelToken) -> dict[str, Any]:
        options = _options(owner.card.id, wanted)
        sessions: list[LadderSession] = []

        async def open_one(card: ModelCard) -> LadderSession:
            owner.cards.add(card.id)
            hands.showLoading(True)
            try:
                sessions.append(await open_session(self._ladder, card, owner.wish))
            finally:
                hands.showLoading(False)
            return sessions[-1]

        events = upscale(
            (await hands.read()).to_bytes(),
            options,
            catalogue=self._catalogue,
            open_session=open_one,
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
                        self._idle_share = sessions[0].busy.idle_share if sessions else None
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
        "estimateMs": planned.estimate_ms,
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
        "workers": finished.workers,
        "threads": finished.threads,
        "graph": finished.graph,
        "frames": finished.frames,
        "tiles": finished.tiles,
        "tilesRun": finished.tiles_run,
    }


def _to_js_bytes(values: bytes | NDArray[np.uint8]) -> Any:
    array = js.Uint8Array.new(len(values))
    array.assign(values)
    return array
