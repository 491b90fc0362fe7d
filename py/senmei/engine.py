"""Bytes in, bytes out: one whole job, as an async generator of events. The browser's worker and the command line both
call this."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace

import numpy as np

from .alpha import bleed
from .animation import Animation
from .catalogue import Catalogue, ModelCard
from .codecs import READABLE_ELSEWHERE, EncodeOptions, Header, decode, encode, open_encoder, read_header
from .errors import InvalidOption, TooLarge, UnsupportedFormat
from .events import Encoded, Event, Finished, Planned
from .geometry import Size
from .jobs import CancelToken, ProgressMeter
from .memory import plan_memory, refuse_too_large
from .picture import NO_METADATA, Picture, Pixels
from .pixels import apart, joined, to_depth
from .planner import JobPlan, Wanted, models_for, plan_job
from .resampling import BICUBIC, LANCZOS, resample
from .row_stages import blended_rows, resampled_rows, whole_picture
from .rows import Band
from .sessions import Session
from .tally import Tally
from .tile_runner import TileRunner
from .upscaler import Rows, enlarge_rows

OpenSession = Callable[[ModelCard], Awaitable[Session]]
DecodeElsewhere = Callable[[bytes, str], Awaitable[tuple[int, int, bytes] | None]]
"""A decoder of the surroundings: (file, MIME type) → width, height and RGBA with 8 bits a sample, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpscaleOptions:
    """model: id in the catalogue. scale, width, height, stretch: see `planner.Wanted`. output: how it is written.

    strength: 1 gives the network's result, 0 plain bicubic enlarging (then no network runs), between them a blend.
    tta: see `TileRunner`. partial: of a damaged file take what can be read. tile: longest side of a tile in pixels,
    None for the planner's choice.
    """

    model: str
    scale: float | None = None
    width: int | None = None
    height: int | None = None
    stretch: bool = False
    strength: float = 1.0
    tta: bool = False
    partial: bool = False
    tile: int | None = None
    output: EncodeOptions = field(default_factory=EncodeOptions)

    @property
    def wanted(self) -> Wanted:
        return Wanted(scale=self.scale, width=self.width, height=self.height, stretch=self.stretch)


def plan(data: bytes, options: UpscaleOptions, *, catalogue: Catalogue, parallelism: int, budget_bytes: int) -> Planned:
    """What `upscale` would do with a file, from its header alone.

    parallelism: how many tiles compute at once. budget_bytes: the memory that Python may take.
    Raises the errors of `read_header`, `Wanted`, `models_for` and `open_encoder`; TooLarge when the memory is not
    there.
    """
    header = _header(data, options, catalogue)
    cards, target = _chosen(header, options, catalogue)
    return _planned(data, header, options, _job(header, options, cards, target, parallelism), parallelism, budget_bytes)


def preview(data: bytes, *, longest: int) -> bytes:
    """A PNG of 8 bits, no larger than `longest` pixels a side, that shows a file which a browser cannot show itself.

    Raises the errors of `decode`.
    """
    picture = _still(decode(data, partial=True))
    samples = to_depth(joined(picture.pixels, picture.alpha), 8)
    factor = min(1.0, longest / max(picture.size.width, picture.size.height))
    size = Size(max(1, round(picture.size.width * factor)), max(1, round(picture.size.height * factor)))
    colour, alpha = apart(resample(samples, size, LANCZOS))
    return encode(Picture(colour, alpha, replace(NO_METADATA, icc=picture.metadata.icc)), EncodeOptions())


async def upscale(
    data: bytes,
    options: UpscaleOptions,
    *,
    catalogue: Catalogue,
    open_session: OpenSession,
    cancel: CancelToken,
    budget_bytes: int,
    decode_elsewhere: DecodeElsewhere | None = None,
) -> AsyncGenerator[Event]:
    """Decodes `data`, enlarges it and encodes it: yields Planned (and again when the picture is not of the size that
    its header told), then Progress, TilePainted and Encoded, and Finished at the end.

    open_session: hands out the loaded session of a model, starting it when needed. budget_bytes: as for `plan`.
    decode_elsewhere: asked for formats that Pillow lacks.
    Raises the errors of `plan`, `decode` and the sessions; Cancelled within one tile of `cancel`.
    """
    header = _header(data, options, catalogue)
    job, sessions = await _ready(header, options, catalogue, open_session)
    yield _planned(data, header, options, job, _parallelism(sessions), budget_bytes)
    meter = ProgressMeter()
    yield meter.at("decode", 0, 1)
    try:
        picture = await _read(data, header, options, decode_elsewhere)
        if picture.size != header.size:
            # A decoder outside turns and crops as the file says, which its header does not tell.
            header = replace(header, size=picture.size)
            job, sessions = await _ready(header, options, catalogue, open_session)
            yield _planned(data, header, options, job, _parallelism(sessions), budget_bytes)
        yield meter.at("decode", 1, 1)
        depth = 16 if picture.pixels.dtype == np.uint16 else 8
        written_depth = options.output.written_depth(depth)
        # What lies between the levels of 8 bits is worth keeping where the file has room for it.
        depth = max(depth, written_depth)
        encoder = open_encoder(
            job.target,
            channels=picture.pixels.shape[2],
            has_alpha=picture.alpha is not None,
            depth=depth,
            metadata=picture.metadata,
            options=options.output,
        )
        notes = picture.notes
        runners = {card: TileRunner(catalogue.get(card), sessions[card], tta=options.tta) for card in sessions}
        samples = _prepared(picture, depth=depth)
        del picture
        tally = Tally(job, meter, parallelism=_parallelism(sessions))
        yield tally.progress()
        async with aclosing(_result_rows(samples, job, runners, options.strength, cancel)) as rows:
            async for item in rows:
                for event in tally.hear(item):
                    yield event
                if isinstance(item, Band) and (encoded := encoder.write(*apart(item.samples))):
                    yield Encoded(encoded)
        cancel.check()
        yield Encoded(encoder.finish())
    except MemoryError as error:
        raise TooLarge(f"There is not enough memory for a result of {job.target} pixels.") from error
    yield meter.at("encode", 1, 1)
    provider = sessions[options.model].provider if sessions else "none"
    yield Finished(job.target, options.model, provider, options.output.format, written_depth, (*notes, *encoder.notes))


def _header(data: bytes, options: UpscaleOptions, catalogue: Catalogue) -> Header:
    """The file's header. Wrong wishes are refused before the file is."""
    catalogue.get(options.model)
    options.wanted.check()
    if not 0 <= options.strength <= 1:
        raise InvalidOption(f"The strength {options.strength:g} is outside 0 to 1.")
    header = read_header(data)
    if header.frames > 1:
        raise UnsupportedFormat(f"This is an animation of {header.frames} frames; still pictures are enlarged.")
    return header


def _chosen(header: Header, options: UpscaleOptions, catalogue: Catalogue) -> tuple[tuple[ModelCard, ...], Size]:
    """The networks to run and the result's size."""
    target = options.wanted.target(header.size, own_scale=catalogue.get(options.model).scale)
    cards = models_for(catalogue, options.model, header.size, target)
    return cards if options.strength > 0 else (), target


async def _ready(
    header: Header, options: UpscaleOptions, catalogue: Catalogue, open_session: OpenSession
) -> tuple[JobPlan, dict[str, Session]]:
    cards, target = _chosen(header, options, catalogue)
    sessions = {card.id: await open_session(card) for card in cards}
    return _job(header, options, cards, target, _parallelism(sessions)), sessions


def _parallelism(sessions: Mapping[str, Session]) -> int:
    return min((session.parallelism for session in sessions.values()), default=1)


def _job(
    header: Header, options: UpscaleOptions, cards: tuple[ModelCard, ...], target: Size, parallelism: int
) -> JobPlan:
    return plan_job(header.size, cards, target=target, parallelism=parallelism, tile=options.tile)


def _planned(
    data: bytes, header: Header, options: UpscaleOptions, job: JobPlan, parallelism: int, budget_bytes: int
) -> Planned:
    # Refuses sizes that the format cannot hold.
    open_encoder(
        job.target,
        channels=header.channels - (header.channels in (2, 4)),
        has_alpha=header.channels in (2, 4),
        depth=header.depth,
        metadata=NO_METADATA,
        options=options.output,
    )
    memory = plan_memory(
        header,
        job,
        file_bytes=len(data),
        parallelism=parallelism,
        output=options.output,
    )
    refuse_too_large(header, job, memory, budget_bytes=budget_bytes)
    return Planned(header, tuple(step.card.id for step in job.passes), job.target, job.tiles, memory)


async def _read(
    data: bytes, header: Header, options: UpscaleOptions, decode_elsewhere: DecodeElsewhere | None
) -> Picture:
    try:
        return _still(decode(data, partial=options.partial))
    except UnsupportedFormat:
        if decode_elsewhere is None or header.format not in READABLE_ELSEWHERE:
            raise
        decoded = await decode_elsewhere(data, READABLE_ELSEWHERE[header.format])
        if decoded is None:
            raise UnsupportedFormat(
                f"This is {header.format}, which this browser cannot decode; save it as PNG or JPEG first."
            ) from None
    width, height, rgba = decoded
    samples = np.frombuffer(rgba, np.uint8).reshape(height, width, 4)
    note = f"The browser decoded this {header.format}; colour profile, metadata and more than 8 bits may be lost."
    alpha = samples[:, :, 3]
    return Picture(samples[:, :, :3].copy(), None if alpha.min() == 255 else alpha.copy(), notes=(note,))


def _still(decoded: Picture | Animation) -> Picture:
    if isinstance(decoded, Animation):
        raise UnsupportedFormat(f"This is an animation of {len(decoded.frames)} frames; still pictures are enlarged.")
    return decoded


def _prepared(picture: Picture, *, depth: int) -> Pixels:
    """The samples that go on their way: (H, W, n) of `depth` bits, clean under transparent pixels."""
    if picture.alpha is None:
        return to_depth(picture.pixels, depth)
    samples = joined(picture.pixels, picture.alpha)
    bleed(samples[:, :, :-1], picture.alpha, in_place=True)
    return to_depth(samples, depth)


def _result_rows(
    samples: Pixels, job: JobPlan, runners: Mapping[str, TileRunner], strength: float, cancel: CancelToken
) -> Rows:
    rows = whole_picture(samples, cancel)
    for step in job.passes:
        rows = enlarge_rows(rows, step=step, runner=runners[step.card.id], cancel=cancel)
    rows = resampled_rows(rows, job.computed, job.target, LANCZOS if job.passes else BICUBIC)
    return blended_rows(rows, samples, job.target, strength) if job.passes and strength < 1 else rows
