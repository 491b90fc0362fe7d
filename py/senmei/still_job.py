"""A still picture's whole job, as an async generator of events."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from itertools import islice

import numpy as np

from .animation import Animation
from .catalogue import Catalogue
from .codecs import READABLE_ELSEWHERE, Header, check_size, decode, open_animation, open_encoder
from .errors import InvalidOption, TooLarge, UnsupportedFormat
from .events import Encoded, Event, Finished, Planned
from .job_options import DecodeElsewhere, OpenSession, UpscaleOptions
from .jobs import CancelToken, ProgressMeter
from .memory import plan_memory, refuse_too_large
from .picture import Picture, without_opaque_alpha
from .pipeline import chosen, means_of, offered, opened, planned_job, prepared, result_rows, runners_of, troubles_of
from .pixels import apart
from .planner import ArrangementsOf, JobPlan
from .rows import Band
from .sample_job import means_of_picture
from .sessions import Session
from .tally import Tally


def plan_still(
    file_bytes: int,
    header: Header,
    options: UpscaleOptions,
    *,
    catalogue: Catalogue,
    arrangements: ArrangementsOf,
    budget_bytes: int,
) -> Planned:
    """What `enlarge_still` would do. Raises the errors of `chosen` and `open_encoder`; TooLarge when the memory is not
    there."""
    options = replace(options, output=options.output.resolved())
    job = planned_job(header.size, options, catalogue, arrangements)
    return _planned(file_bytes, header, options, job, budget_bytes)


async def enlarge_still(
    data: bytes,
    header: Header,
    options: UpscaleOptions,
    *,
    catalogue: Catalogue,
    open_session: OpenSession,
    cancel: CancelToken,
    budget_bytes: int,
    decode_elsewhere: DecodeElsewhere | None,
) -> AsyncGenerator[Event]:
    """See `engine.upscale`. header: of `data`, an animation's when `options.frames` tells the frame to take of it."""
    options = replace(options, output=options.output.resolved())
    job, sessions = await _ready(header, options, catalogue, open_session)
    yield _planned(len(data), header, options, job, budget_bytes)
    meter = ProgressMeter()
    yield meter.at("decode", 0, 1)
    try:
        picture = await _read(data, header, options, decode_elsewhere)
        if picture.size != header.size:
            # A decoder outside turns and crops as the file says, which its header does not tell.
            header = replace(header, size=picture.size)
            job, sessions = await _ready(header, options, catalogue, open_session, sessions)
            yield _planned(len(data), header, options, job, budget_bytes)
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
        runners = runners_of(job, sessions, tta=options.tta)
        samples = prepared(picture, depth=depth)
        del picture
        tally = Tally(job, meter)
        yield tally.progress()
        told = await means_of_picture(samples, job, runners, cancel)
        if job.sample is not None:
            yield tally.sampled()
        async with aclosing(result_rows(samples, job, runners, told, options.strength, cancel)) as rows:
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
    means = means_of(job, sessions)
    yield Finished(
        job.target,
        options.model,
        means.provider,
        means.workers,
        means.threads,
        means.graph,
        options.output.format,
        written_depth,
        (*notes, *troubles_of(sessions), *encoder.notes),
        part=options.part if header.frames > 1 else "",
        tiles=tally.tiles_done,
        tiles_run=tally.tiles_done,
    )


async def _ready(
    header: Header,
    options: UpscaleOptions,
    catalogue: Catalogue,
    open_session: OpenSession,
    already: Mapping[str, Session] | None = None,
) -> tuple[JobPlan, dict[str, Session]]:
    cards, _ = chosen(header.size, options, catalogue)
    sessions = await opened(cards, open_session, already)
    return planned_job(header.size, options, catalogue, offered(sessions)), sessions


def _planned(file_bytes: int, header: Header, options: UpscaleOptions, job: JobPlan, budget_bytes: int) -> Planned:
    check_size(job.target, options.output)
    memory = plan_memory(header, job, file_bytes=file_bytes, output=options.output)
    refuse_too_large(header, job, memory, budget_bytes=budget_bytes)
    models = tuple(step.card.id for step in job.passes)
    part = options.part if header.frames > 1 else ""
    return Planned(
        header, models, job.target, job.tiles, memory, options.output.format, part, estimate_ms=job.duration_ms
    )


async def _read(
    data: bytes, header: Header, options: UpscaleOptions, decode_elsewhere: DecodeElsewhere | None
) -> Picture:
    if header.frames > 1:
        return _frame(data, header, options)
    try:
        return _picture(decode(data, partial=options.partial))
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


def _picture(decoded: Picture | Animation) -> Picture:
    assert isinstance(decoded, Picture), "what has one frame is a picture"
    return decoded


def _frame(data: bytes, header: Header, options: UpscaleOptions) -> Picture:
    """The one frame of an animation that is wanted, with what the file tells of all."""
    file = open_animation(data, partial=options.partial)
    count = len(file.info.durations_ms)
    assert isinstance(options.frames, int), "an animation is no still picture"
    if not 1 <= options.frames <= count:
        raise InvalidOption(f"There is no frame {options.frames}; this {header.format} has the frames 1 to {count}.")
    frame = next(islice(file.frames(), options.frames - 1, None))
    return replace(without_opaque_alpha(frame.picture), metadata=file.info.metadata, notes=file.notes)
