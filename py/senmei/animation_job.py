"""An animation's whole job, as an async generator of events: frames stream through, and only what moves is computed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import replace

import numpy as np

from .animation import AnimationFile, AnimationInfo, Frame
from .catalogue import Catalogue
from .codecs import FramesAs, Header, check_animation, open_animation, open_animation_encoder, sheet_size
from .errors import TooLarge
from .events import Encoded, Event, Finished, Planned
from .frame_stages import FrameDone, enlarged_frames, merged
from .frame_tally import FrameTally
from .geometry import Size
from .job_options import DecodeElsewhere, OpenSession, UpscaleOptions
from .jobs import CancelToken, ProgressMeter
from .known_tiles import KnownTiles
from .memory import FRAMES_KNOWN, plan_animation_memory, refuse_too_large
from .motion import Motion, MotionWatch
from .picture import NO_METADATA, Picture, Pixels, without_opaque_alpha
from .pipeline import chosen, means_of, offered, opened, planned_job, prepared, result_rows, runners_of, troubles_of
from .pixels import apart, joined
from .planner import ArrangementsOf, JobPlan
from .resampling import BICUBIC, resample
from .sample_job import cut_crops, means_of_frames
from .sampling import SamplePlan, needed_sample
from .upscaler import Rows

_KINDS = {"GIF": "gif", "PNG": "png", "WebP": "webp"}

_SAMPLES = 6
"""Frames of which the colours are known before the first is written."""

_SAMPLE_PIXELS = 500_000


def plan_animation(
    file_bytes: int,
    header: Header,
    options: UpscaleOptions,
    *,
    catalogue: Catalogue,
    arrangements: ArrangementsOf,
    budget_bytes: int,
) -> Planned:
    """What `enlarge_animation` would do at most: what moves is not known yet. Raises the errors of `chosen` and
    `open_animation_encoder`; TooLarge when the memory is not there."""
    options = _resolved(header, options)
    frames = header.frames
    job = planned_job(header.size, options, catalogue, arrangements, frames=frames)
    return _planned(file_bytes, header, frames, options, job, job.tiles * frames, budget_bytes)


async def enlarge_animation(
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
    """See `engine.upscale`. header: of `data`. Yields a second Planned when it is known what moves.

    Ends with the frames that are done when `cancel` is told to end early.
    """
    options = _resolved(header, options)
    cards, target = chosen(header.size, options, catalogue)
    sessions = await opened(cards, open_session)
    arrangements = offered(sessions)
    yield plan_animation(
        len(data), header, options, catalogue=catalogue, arrangements=arrangements, budget_bytes=budget_bytes
    )
    meter = ProgressMeter()
    yield meter.at("decode", 0, 1)
    try:
        source = _Source(open_animation(data, partial=options.partial), merge=options.merge)
        look = _Look(source.file.info, needed_sample(header.size, cards, frames=header.frames))
        for index, frame in enumerate(source.frames()):
            # Decoding makes nobody wait; whoever cancels is heard here.
            await asyncio.sleep(0)
            cancel.check()
            look.see(frame)
            yield meter.at("decode", index, header.frames)
        motion = look.motion
        job = planned_job(header.size, options, catalogue, arrangements, motion=motion, frames=header.frames)
        tally = FrameTally(job, motion, meter)
        frames = len(look.durations_ms)
        yield _planned(len(data), header, frames, options, job, tally.foreseen, budget_bytes)
        depth = max(source.file.info.depth, options.output.written_depth(source.file.info.depth))
        info = replace(
            source.file.info,
            size=target,
            durations_ms=tuple(look.durations_ms),
            has_alpha=look.has_alpha,
            depth=depth,
        )
        encoder = open_animation_encoder(
            info, options.output, frames_as=_frames_as(options), samples=look.samples(target)
        )
        known = _known_tiles(job, info)
        runners = runners_of(job, sessions, tta=options.tta, known=known)

        def enlarge(picture: Picture) -> Rows:
            if not info.has_alpha:
                picture = replace(picture, alpha=None)
            return result_rows(prepared(picture, depth=depth), job, runners, told, options.strength, cancel)

        yield tally.progress()
        done = 0
        try:
            told = await means_of_frames(look.crops, job, runners, cancel)
            if job.sample is not None:
                yield tally.sampled()
            async with aclosing(enlarged_frames(source.frames(), enlarge, target, cancel)) as items:
                async for item in items:
                    for event in tally.hear(item):
                        yield event
                    if isinstance(item, FrameDone):
                        done += 1
                        if encoded := encoder.add(item.frame.picture, item.frame.duration_ms):
                            yield Encoded(encoded)
        finally:
            for one in known.values():
                one.end()
        cancel.check()
        tail, patches = encoder.finish()
        yield Encoded(tail)
        for offset, patch in patches:
            yield Encoded(patch, offset)
    except MemoryError as error:
        raise TooLarge(f"There is not enough memory for frames of {target} pixels.") from error
    yield meter.at("encode", 1, 1)
    stopped = (f"Stopped early: {done} of {frames} frames were made.",) if done < frames else ()
    means = means_of(job, sessions)
    yield Finished(
        sheet_size(frames, target) if options.frames == "sheet" else target,
        options.model,
        means.provider,
        means.workers,
        means.threads,
        means.graph,
        _format(options),
        options.output.written_depth(depth),
        (*source.file.notes, *stopped, *troubles_of(sessions), *encoder.notes),
        part=options.part,
        frames=done,
        tiles=sum(one.asked for one in known.values()),
        tiles_run=sum(one.computed for one in known.values()),
    )


class _Source:
    """The frames of a file as they are wanted, as often as they are asked for."""

    def __init__(self, file: AnimationFile, *, merge: bool) -> None:
        self.file = file
        self._merge = merge

    def frames(self) -> Iterator[Frame]:
        return merged(self.file.frames()) if self._merge else self.file.frames()


class _Look:
    """What is known of frames once they were seen. Holds one of them, a few small samples, and the crops of
    `sample`."""

    def __init__(self, info: AnimationInfo, sample: SamplePlan | None) -> None:
        self.durations_ms: list[float] = []
        self.has_alpha = False
        self._info = info
        self._motion = MotionWatch(info.size, len(info.durations_ms))
        self._every = max(1, len(info.durations_ms) // _SAMPLES)
        self._samples: list[Picture] = []
        self._sample = sample
        self._crops: list[Pixels] = []
        self._seen_for_crops = 0

    def see(self, frame: Frame) -> None:
        if len(self.durations_ms) % self._every == 0 and len(self._samples) < _SAMPLES:
            self._samples.append(_reduced(frame.picture))
        self.durations_ms.append(frame.duration_ms)
        self.has_alpha |= without_opaque_alpha(frame.picture).alpha is not None
        samples = prepared(frame.picture, depth=self._info.depth)
        self._take_crops(samples)
        self._motion.see(samples)

    def _take_crops(self, samples: Pixels) -> None:
        if self._sample is None:
            return
        count, frames = len(self._info.durations_ms), self._sample.frames
        while self._seen_for_crops < frames and self._seen_for_crops * count // frames < len(self.durations_ms):
            regions = self._sample.crops_of(self._seen_for_crops)
            self._crops.append(cut_crops(samples, regions))
            self._seen_for_crops += 1

    @property
    def motion(self) -> Motion:
        return self._motion.motion

    @property
    def crops(self) -> Pixels | None:
        """The crops of `sample`, (N, h, w, n), with alpha where a frame has any; None without a sample."""
        if self._sample is None:
            return None
        crops = np.concatenate(self._crops)
        return crops if self.has_alpha or crops.shape[3] in (1, 3) else crops[:, :, :, :-1]

    def samples(self, target: Size) -> Iterator[Picture]:
        """Pictures with about the colours that the frames will have when they are enlarged."""
        for picture in self._samples:
            samples = joined(picture.pixels, picture.alpha if self.has_alpha else None)
            size = Size(min(target.width, 2 * picture.size.width), min(target.height, 2 * picture.size.height))
            yield Picture(*apart(resample(samples, size, BICUBIC)))


def _reduced(picture: Picture) -> Picture:
    step = 1
    while picture.size.pixels > _SAMPLE_PIXELS * step**2:
        step += 1
    alpha = None if picture.alpha is None else picture.alpha[::step, ::step].copy()
    return Picture(picture.pixels[::step, ::step].copy(), alpha)


def _resolved(header: Header, options: UpscaleOptions) -> UpscaleOptions:
    kind = _KINDS[header.format] if options.frames == "animation" else None
    return replace(options, output=options.output.resolved(kind))


def _frames_as(options: UpscaleOptions) -> FramesAs:
    assert not isinstance(options.frames, int), "one frame is a still picture"
    return options.frames


def _known_tiles(job: JobPlan, info: AnimationInfo) -> dict[str, KnownTiles]:
    """For each model room for the tiles of the frames that are under way and of those before."""
    room = {step.card.id: 0 for step in job.passes}
    for step in job.passes:
        samples = step.output.pixels * (info.channels + info.has_alpha)
        room[step.card.id] += FRAMES_KNOWN * samples * info.depth // 8
    return {name: KnownTiles(size) for name, size in room.items()}


def _planned(
    file_bytes: int,
    header: Header,
    frames: int,
    options: UpscaleOptions,
    job: JobPlan,
    tiles: int,
    budget_bytes: int,
) -> Planned:
    channels = header.channels - (header.channels in (2, 4))
    info = AnimationInfo(
        size=job.target,
        durations_ms=(0.0,) * frames,
        loop_count=0,
        has_alpha=channels != header.channels,
        depth=header.depth,
        channels=channels,
        background=None,
        metadata=NO_METADATA,
    )
    # Refuses sizes that the format cannot hold.
    check_animation(info, options.output, frames_as=_frames_as(options))
    memory = plan_animation_memory(
        header,
        job,
        info,
        file_bytes=file_bytes,
        output=options.output,
        frames_as=_frames_as(options),
    )
    refuse_too_large(header, job, memory, budget_bytes=budget_bytes)
    models = tuple(step.card.id for step in job.passes)
    return Planned(
        header,
        models,
        job.target,
        tiles,
        memory,
        _format(options),
        options.part,
        frames=frames,
        estimate_ms=job.duration_ms,
    )


def _format(options: UpscaleOptions) -> str:
    return "zip" if options.frames == "zip" else options.output.format
