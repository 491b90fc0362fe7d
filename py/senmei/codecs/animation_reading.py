"""The frames of GIF, APNG and animated WebP files."""

from __future__ import annotations

from collections.abc import Callable

from ..animation import Animation, AnimationFile
from ..errors import TooLarge, UnsupportedFormat
from .gif.animation_reading import open_gif_animation
from .png.animation_reading import open_apng
from .signatures import format_of
from .webp.animation_reading import open_webp_animation

MAX_ANIMATION_BYTES = 1_600_000_000
"""What `decode` holds: all frames together. Whoever takes them one after the other has no such limit."""

_OPEN: dict[str, Callable[..., AnimationFile]] = {
    "GIF": open_gif_animation,
    "PNG": open_apng,
    "WebP": open_webp_animation,
}


def open_animation(data: bytes, *, partial: bool = False) -> AnimationFile:
    """The frames of a file, decoded one at a time when they are asked for; a GIF, PNG or WebP of one frame has one.

    Truncated files give the whole frames before the cut, with a note. partial: of damaged ones the frames before the
    damage are given as well. Raises UnsupportedFormat for files of other formats, CorruptImage for damaged ones.
    """
    name = format_of(data)
    if name not in _OPEN:
        raise UnsupportedFormat(
            f"The frames of {name} files are not read; those of {' and '.join(', '.join(_OPEN).rsplit(', ', 1))} are."
        )
    return _OPEN[name](data, partial=partial)


def read_animation(data: bytes, *, partial: bool) -> Animation:
    """All frames at once. Raises TooLarge above MAX_ANIMATION_BYTES, and as `open_animation` does."""
    file = open_animation(data, partial=partial)
    info = file.info
    count = len(info.durations_ms)
    if count * info.size.pixels * (info.channels + info.has_alpha) * info.depth // 8 > MAX_ANIMATION_BYTES:
        raise TooLarge(
            f"This {format_of(data)} animation has {count} frames of {info.size} pixels, more than can be held at "
            "once; “open_animation” gives one after the other."
        )
    frames = tuple(file.frames())
    return Animation(frames, info.loop_count, info.background, info.metadata, file.notes)
