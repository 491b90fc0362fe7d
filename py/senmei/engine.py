"""Bytes in, bytes out: one whole job, as an async generator of events. The browser's worker and the command line both
call this."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np
from PIL import Image

from .alpha import bleed, enlarge_alpha
from .animation import Animation
from .catalogue import Catalogue, ModelCard
from .codecs import OUTPUT_FORMATS, decode, encode
from .errors import InvalidOption, TooLarge, UnsupportedFormat
from .geometry import Region, Size
from .jobs import CancelToken, Progress, ProgressMeter
from .picture import Picture, Pixels
from .pixels import resize, to_gray8, to_rgb8
from .planner import JobPlan, Pass, choose_models, plan_job
from .sessions import Session
from .upscaler import upscale_tiles

OpenSession = Callable[[ModelCard], Awaitable[Session]]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpscaleOptions:
    """model: id in the catalogue. scale: 1 to 16, None for the model's own. format: see OUTPUT_FORMATS.

    tile: longest side of a tile in pixels, None for the planner's choice.
    """

    model: str
    scale: float | None = None
    format: str = "png"
    tile: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TilePainted:
    """A part of the result, to be shown while the rest is under way.

    region: where it lies in an image of the size `image`, which the last pass makes out of a picture of the size
    `source`.
    pixels: (h, w, 3) uint8; alpha: (h, w) uint8 or None.
    """

    region: Region
    pixels: Pixels
    alpha: Pixels | None
    image: Size
    source: Size


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """The last event: the file and what it is."""

    data: bytes
    size: Size
    model: str
    provider: str


Event = Progress | TilePainted | Finished


async def upscale(
    data: bytes, options: UpscaleOptions, *, catalogue: Catalogue, open_session: OpenSession, cancel: CancelToken
) -> AsyncGenerator[Event]:
    """Decodes `data`, enlarges it and encodes it; yields Progress and TilePainted, and Finished at the end.

    open_session: hands out the loaded session of a model, starting it when needed.
    Raises the errors of `decode`, `choose_models`, `plan_job` and the sessions; Cancelled within one tile of `cancel`.
    """
    if options.format not in OUTPUT_FORMATS:
        raise InvalidOption(f"The format “{options.format}” cannot be written; accepted: {', '.join(OUTPUT_FORMATS)}.")
    cards = choose_models(catalogue, options.model, options.scale)
    sessions = {card.id: await open_session(card) for card in cards}
    parallelism = min(session.parallelism for session in sessions.values())
    meter = ProgressMeter()
    yield meter.at("decode", 0, 1)
    picture = _decode_still(data)
    plan = plan_job(picture.size, cards, scale=options.scale, parallelism=parallelism, tile=options.tile)
    yield meter.at("decode", 1, 1)
    try:
        async with aclosing(_run_passes(picture, plan, sessions, meter, cancel)) as events:
            async for event in events:
                if isinstance(event, Picture):
                    enlarged = event
                else:
                    yield event
        cancel.check()
        yield meter.at("encode", 0, 1)
        encoded = encode(enlarged, format=options.format)
    except MemoryError as error:
        raise TooLarge(f"There is not enough memory for a result of {plan.target} pixels.") from error
    yield meter.at("encode", 1, 1)
    yield Finished(encoded, enlarged.size, options.model, sessions[options.model].provider)


def _decode_still(data: bytes) -> Picture:
    picture = decode(data)
    if isinstance(picture, Animation):
        raise UnsupportedFormat(f"This is an animation of {len(picture.frames)} frames; still pictures are enlarged.")
    return picture


class _TileTally:
    """How much of a job's inference is done, in tiles and in the source pixels that take the time."""

    def __init__(self, plan: JobPlan, *, parallelism: int) -> None:
        self._total = sum(len(step.tiles.tiles) for step in plan.passes)
        self._cost = sum(step.tiles.cost for step in plan.passes)
        self._parallelism = parallelism
        self._done = self._done_cost = 0
        self._tile_cost = plan.passes[0].tiles.shape.pixels

    def add(self, step: Pass) -> None:
        """One more tile of `step` is done."""
        self._tile_cost = step.tiles.shape.pixels
        self._done += 1
        self._done_cost += self._tile_cost

    def progress(self, meter: ProgressMeter) -> Progress:
        running = min(self._parallelism - 1, self._total - self._done)
        return meter.at(
            "infer",
            self._done,
            self._total,
            share=self._done_cost / self._cost,
            under_way=running * self._tile_cost / self._cost,
        )


async def _run_passes(
    picture: Picture, plan: JobPlan, sessions: Mapping[str, Session], meter: ProgressMeter, cancel: CancelToken
) -> AsyncGenerator[Progress | TilePainted | Picture]:
    """Yields the enlarged picture at the end."""
    colour = picture.pixels if picture.alpha is None else bleed(picture.pixels, picture.alpha)
    alpha8 = None if picture.alpha is None else to_rgb8(picture.alpha[:, :, np.newaxis])[:, :, 0]
    rgb = to_rgb8(colour)
    tally = _TileTally(plan, parallelism=min(session.parallelism for session in sessions.values()))
    yield tally.progress(meter)
    for step in plan.passes:
        canvas = np.empty((step.output.height, step.output.width, 3), np.uint8)
        is_last = step is plan.passes[-1]
        shown_alpha = enlarge_alpha(alpha8, step.output) if is_last and alpha8 is not None else None
        tiles = upscale_tiles(rgb, plan=step.tiles, card=step.card, session=sessions[step.card.id], cancel=cancel)
        async with aclosing(tiles):
            async for tile in tiles:
                canvas[tile.region.slices] = tile.pixels
                if is_last:
                    shown = None if shown_alpha is None else shown_alpha[tile.region.slices]
                    yield TilePainted(tile.region, tile.pixels, shown, step.output, picture.size)
                tally.add(step)
                yield tally.progress(meter)
        rgb = canvas
    rgb = resize(rgb, plan.target, Image.Resampling.LANCZOS)
    alpha = None if alpha8 is None else enlarge_alpha(alpha8, plan.target)
    yield picture.with_pixels(to_gray8(rgb) if picture.is_gray else rgb, alpha)
