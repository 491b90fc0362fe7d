"""Bytes in, bytes out: one whole job, as an async generator of events. The browser's worker and the command line both
call this."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from .animation_job import enlarge_animation, plan_animation
from .catalogue import Catalogue
from .codecs import Header, decode, encode, open_animation, read_header
from .events import Event, Planned
from .geometry import Size
from .job_options import DecodeElsewhere, OpenSession, UpscaleOptions
from .jobs import CancelToken
from .picture import NO_METADATA, Picture
from .pixels import apart, joined, to_depth
from .planner import ArrangementsOf
from .resampling import LANCZOS, resample
from .still_job import enlarge_still, plan_still

__all__ = ["UpscaleOptions", "plan", "preview", "upscale"]


def plan(
    data: bytes, options: UpscaleOptions, *, catalogue: Catalogue, arrangements: ArrangementsOf, budget_bytes: int
) -> Planned:
    """What `upscale` would do with a file, from its header alone.

    arrangements: what each network may run on. budget_bytes: the memory that Python may take.
    Raises the errors of `read_header`, `Wanted`, `models_for` and the encoders; TooLarge when the memory is not there.
    """
    options.check(catalogue)
    header = read_header(data)
    planned = plan_animation if _is_moving(header, options) else plan_still
    return planned(
        len(data), header, options, catalogue=catalogue, arrangements=arrangements, budget_bytes=budget_bytes
    )


def preview(data: bytes, *, longest: int) -> bytes:
    """A PNG of 8 bits, no larger than `longest` pixels a side, that shows a file which a browser cannot show itself; of
    an animation the first frame.

    Raises the errors of `decode`.
    """
    header = read_header(data)
    picture = next(open_animation(data, partial=True).frames()).picture if header.frames > 1 else None
    if picture is None:
        still = decode(data, partial=True)
        assert isinstance(still, Picture), "what has one frame is a picture"
        picture = still
    samples = to_depth(joined(picture.pixels, picture.alpha), 8)
    factor = min(1.0, longest / max(picture.size.width, picture.size.height))
    size = Size(max(1, round(picture.size.width * factor)), max(1, round(picture.size.height * factor)))
    colour, alpha = apart(resample(samples, size, LANCZOS))
    return encode(Picture(colour, alpha, replace(NO_METADATA, icc=picture.metadata.icc)))


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
    """Decodes `data`, enlarges it and encodes it: yields Planned (and again when the file turns out to be otherwise
    than its header told), then Progress, TilePainted and Encoded, and Finished at the end.

    budget_bytes: as for `plan`. decode_elsewhere: asked for formats that Pillow lacks.
    Raises the errors of `plan`, `decode` and the sessions; Cancelled within one tile of `cancel`.
    """
    options.check(catalogue)
    header = read_header(data)
    enlarge = enlarge_animation if _is_moving(header, options) else enlarge_still
    events = enlarge(
        data,
        header,
        options,
        catalogue=catalogue,
        open_session=open_session,
        cancel=cancel,
        budget_bytes=budget_bytes,
        decode_elsewhere=decode_elsewhere,
    )
    async with aclosing(events):
        async for event in events:
            yield event


def _is_moving(header: Header, options: UpscaleOptions) -> bool:
    return header.frames > 1 and isinstance(options.frames, str)
