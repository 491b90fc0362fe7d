"""Frames → the bytes of a file, one frame after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, Protocol

from ..animation import Animation, AnimationInfo
from ..errors import InvalidOption
from ..geometry import Size
from ..picture import Picture
from ..pixels import to_depth
from .encoding import check_size, encode_still, encoder_bytes
from .frames_writing import FrameSheet, FramesZip, sheet_size
from .gif.writing import GifEncoder
from .metadata.writing import chosen
from .options import ANIMATION_FORMATS, DEFAULT_DITHER, FORMAT_NAMES, EncodeOptions
from .png.animation_writing import ApngEncoder
from .webp.animation_writing import WebpAnimationEncoder

FramesAs = Literal["animation", "zip", "sheet"]
"""What frames become: one moving file, a ZIP of pictures, or one picture of all."""

Patches = tuple[tuple[int, bytes], ...]


_DEFAULT = EncodeOptions()


class AnimationEncoder(Protocol):
    """Writes a file from frames that come one after the other, all of one size, dtype and number of channels."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the format could not hold, each a sentence; complete after `finish`."""

    def add(self, picture: Picture, duration_ms: float) -> bytes:
        """The next frame. Returns the file's next bytes."""

    def finish(self) -> tuple[bytes, Patches]:
        """The rest of the file, and what is to stand at which offsets in the place of bytes that were given before:
        how many frames there were, for one. After fewer frames than were announced the file plays those."""


def open_animation_encoder(
    info: AnimationInfo,
    options: EncodeOptions,
    *,
    frames_as: FramesAs = "animation",
    samples: Iterable[Picture] = (),
    name: Callable[[int], str] = "{:04}".format,
) -> AnimationEncoder:
    """An encoder for the frames that `info` describes, as they will be given to it.

    options: with a format that is not "auto". samples: pictures with the colours of the frames, from which a GIF's
    palette is made before the first frame. name: of frame files in a ZIP, by their numbers from 1 on.
    Raises InvalidOption for a format that holds no frames, TooLarge for more pixels a side than it has room for.
    """
    metadata = chosen(info.metadata, options.metadata)
    depth = options.written_depth(info.depth)
    if frames_as == "zip":
        return FramesZip(name, loop_count=info.loop_count, metadata=metadata, options=options)
    if frames_as == "sheet":
        sheet = FrameSheet(
            len(info.durations_ms),
            info.size,
            channels=info.channels,
            has_alpha=info.has_alpha,
            depth=info.depth,
            metadata=metadata,
            options=options,
        )
        return sheet
    if options.format not in ANIMATION_FORMATS:
        raise InvalidOption(
            f"{options.format_name} holds one picture; {_named(ANIMATION_FORMATS)} hold an animation, "
            "and its frames can be written as a ZIP, as one sheet or singly."
        )
    if options.format == "gif":
        return GifEncoder(
            info.size,
            channels=info.channels,
            has_alpha=info.has_alpha,
            depth=info.depth,
            loop_count=info.loop_count,
            metadata=metadata,
            palette=options.palette or "auto",
            dither=options.dither or DEFAULT_DITHER,
            short_delays=options.delays,
            samples=samples,
        )
    if options.format == "webp":
        return WebpAnimationEncoder(
            info.size,
            channels=info.channels,
            has_alpha=info.has_alpha,
            depth=info.depth,
            loop_count=info.loop_count,
            metadata=metadata,
            options=options,
        )
    return _AtDepth(
        ApngEncoder(
            info.size,
            channels=info.channels,
            has_alpha=info.has_alpha,
            depth=depth,
            loop_count=info.loop_count,
            metadata=metadata,
        ),
        depth,
    )


def check_animation(info: AnimationInfo, options: EncodeOptions, *, frames_as: FramesAs = "animation") -> None:
    """Raises what `open_animation_encoder` would, without the memory that a sheet's encoder takes."""
    if frames_as == "animation":
        open_animation_encoder(info, options)
    else:
        count = len(info.durations_ms)
        check_size(sheet_size(count, info.size) if frames_as == "sheet" else info.size, options)


def animation_encoder_bytes(info: AnimationInfo, options: EncodeOptions, *, frames_as: FramesAs = "animation") -> int:
    """The most that `open_animation_encoder`'s encoder holds at a time, in bytes, whatever the number of frames, but
    for a sheet's.

    GIF's share is measured (tracemalloc, 1920 × 1080 pixels of many colours): canvases of 4 bytes a pixel and tables of
    colours. WebP's and PNG's are the frame before, the one to come and what differs, and libwebp's own for a still.
    """
    frame = info.size.pixels * (info.channels + info.has_alpha) * options.written_depth(info.depth) // 8

    def still(size: Size) -> int:
        depth = options.written_depth(info.depth)
        return encoder_bytes(size, channels=info.channels, has_alpha=info.has_alpha, depth=depth, options=options)

    if frames_as == "sheet":
        sheet = sheet_size(len(info.durations_ms), info.size)
        return sheet.width // info.size.width * frame + still(sheet)
    if frames_as == "zip":
        return frame + still(info.size)
    if options.format == "gif":
        return 75 * info.size.pixels + 35_000_000
    if options.format == "webp":
        return 3 * frame + 40 * info.size.pixels
    return 6 * frame


def encode(picture: Picture | Animation, options: EncodeOptions = _DEFAULT) -> bytes:
    """A picture, or a whole animation, as a file. Raises as `open_encoder` and `open_animation_encoder` do."""
    if isinstance(picture, Picture):
        return encode_still(picture, options)
    frames = picture.frames
    encoder = open_animation_encoder(picture.info, options.resolved("png"), samples=(frame.picture for frame in frames))
    whole = bytearray(b"".join(encoder.add(frame.picture, frame.duration_ms) for frame in frames))
    tail, patches = encoder.finish()
    whole += tail
    for offset, data in patches:
        whole[offset : offset + len(data)] = data
    return bytes(whole)


class _AtDepth:
    """Brings frames to the depth of the file."""

    def __init__(self, encoder: AnimationEncoder, depth: int) -> None:
        self._encoder = encoder
        self._depth = depth

    @property
    def notes(self) -> tuple[str, ...]:
        return self._encoder.notes

    def add(self, picture: Picture, duration_ms: float) -> bytes:
        alpha = None if picture.alpha is None else to_depth(picture.alpha, self._depth)
        return self._encoder.add(Picture(to_depth(picture.pixels, self._depth), alpha), duration_ms)

    def finish(self) -> tuple[bytes, Patches]:
        return self._encoder.finish()


def _named(formats: tuple[str, ...]) -> str:
    names = [FORMAT_NAMES[name] for name in formats]
    return f"{', '.join(names[:-1])} and {names[-1]}"
