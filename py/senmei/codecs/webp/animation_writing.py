"""An animated WebP, written frame by frame: each changed rectangle is a still that Pillow encodes (RFC 9649, 2.7)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...errors import TooLarge
from ...geometry import Region, Size
from ...picture import Metadata, Picture, Pixels
from ..frame_changes import CarriedTimes, Change, FrameChanges
from ..metadata.writing import left_out, with_fitting_profile
from ..options import DEFAULT_QUALITY, EncodeOptions
from .structure import HAS_ALPHA, IS_ANIMATED, file_chunks
from .writing_chunks import chunk, extended_header

LONGEST_SIDE = 16_383
"""libwebp's limit."""

_LONGEST_MS = (1 << 24) - 1
_MOST_PLAYS = (1 << 16) - 1
_MOST_BYTES = (1 << 32) - 10
"""Of what follows the first eight bytes of the file."""

_HAS_PROFILE, _HAS_EXIF, _HAS_XMP = 0x20, 0x08, 0x04
_NOT_BLENDED = 2
_FLAGS_PLACE = 20
"""Where the content of VP8X begins."""

_BLOCK = 8
"""Sides of what lossy WebP lets stay or writes anew; single pixels would cost more than they save."""

_WORTH_A_TRY = 1 / 16
"""From this share of kept pixels in a rectangle on, it is also tried with these transparent."""


@dataclass(slots=True)
class _Held:
    """A frame that is written once it is known how long it is shown. chunks: ALPH, VP8, VP8L."""

    region: Region
    is_over: bool
    chunks: bytes
    duration_ms: float


class WebpAnimationEncoder:
    """An AnimationEncoder for gray or RGB, with or without alpha, of 8 bits a sample; 16 are rounded.

    options: lossless, or quality. Without loss all pixels are kept, also the colours under transparency. With loss,
    pixels that do not change are not written again, so that they neither flicker nor drift, wherever the pixels that
    change are opaque; where some are not, the rectangle around all changes is written anew, from the picture itself.
    The others as of ApngEncoder. While encoding it holds what Pillow needs for one still of the changed rectangle.

    Raises TooLarge for more pixels a side than WebP has room for, and while writing at 4 GB.
    """

    def __init__(
        self,
        size: Size,
        *,
        channels: int,
        has_alpha: bool,
        depth: int,
        loop_count: int,
        metadata: Metadata,
        options: EncodeOptions,
        merge: bool = False,
    ) -> None:
        if max(size.width, size.height) > LONGEST_SIDE:
            raise TooLarge(f"WebP holds up to {LONGEST_SIDE:,} pixels a side, not {size}; APNG can.")
        metadata, unfitting = with_fitting_profile(metadata, is_gray=False, format_name="WebP")
        self.notes = unfitting + left_out("WebP", metadata, texts=dict(metadata.texts), resolution=False)
        if depth == 16:
            self.notes += ("WebP holds 8 bits a sample; the picture's 16 were rounded.",)
        if loop_count > _MOST_PLAYS:
            self.notes += (f"WebP plays an animation up to {_MOST_PLAYS:,} times, not {loop_count:,}.",)
        self._is_lossless = options.lossless
        self._settings: dict[str, int | bool] = {"quality": options.quality or DEFAULT_QUALITY["webp"]}
        if options.lossless:
            self._settings = {"lossless": True, "exact": True}
        self._changes = FrameChanges(size, channels=channels, has_alpha=has_alpha, depth=depth, written_depth=8, grid=2)
        self._flags = IS_ANIMATED | (HAS_ALPHA if has_alpha else 0)
        self._head = self._file_head(size, metadata, min(loop_count, _MOST_PLAYS))
        self._tail = chunk(b"EXIF", metadata.exif) if metadata.exif else b""
        self._tail += chunk(b"XMP ", metadata.xmp) if metadata.xmp else b""
        self._times = CarriedTimes(longest=_LONGEST_MS)
        self._merge = merge
        self._held: _Held | None = None
        self._frames = self._written = 0

    def add(self, picture: Picture, duration_ms: float) -> bytes:
        """The next frame. The picture's arrays must not be changed later; its metadata is not looked at."""
        change, held = self._changes.next(picture), self._held
        if held and self._merge and change.is_equal and held.duration_ms + duration_ms <= _LONGEST_MS:
            held.duration_ms += duration_ms
            return b""
        chunks, is_over = self._smallest(change)
        data = self._released()
        self._held = _Held(change.region, is_over, chunks, duration_ms)
        return data

    def finish(self) -> tuple[bytes, tuple[tuple[int, bytes], ...]]:
        """The rest of the file, and its length and flags, now that they are known."""
        data = self._released() + self._counted(self._tail)
        if not self._frames:
            raise ValueError("an animation has at least one frame")
        if self._times.is_changed:
            self.notes += (
                "WebP has whole milliseconds; the frames' times were rounded so that their sum stays right.",
            )
        return data, ((4, struct.pack("<I", self._written - 8)), (_FLAGS_PLACE, bytes((self._flags,))))

    def _file_head(self, size: Size, metadata: Metadata, plays: int) -> bytes:
        for flag, content in ((_HAS_PROFILE, metadata.icc), (_HAS_EXIF, metadata.exif), (_HAS_XMP, metadata.xmp)):
            self._flags |= flag if content else 0
        # Until the end is known, a file that breaks off is a truncated one, of which its frames can be read.
        parts = [struct.pack("<4sI4s", b"RIFF", _MOST_BYTES, b"WEBP"), extended_header(self._flags, size)]
        if metadata.icc:
            parts.append(chunk(b"ICCP", metadata.icc))
        parts.append(chunk(b"ANIM", struct.pack("<IH", 0, plays)))
        return b"".join(parts)

    def _smallest(self, change: Change) -> tuple[bytes, bool]:
        """The rectangle's chunks, and whether they are to be laid over what is there."""
        return self._smallest_lossless(change) if self._is_lossless else self._stillest_lossy(change)

    def _smallest_lossless(self, change: Change) -> tuple[bytes, bool]:
        whole, kept = self._encoded(change.pixels, change.alpha), change.kept
        if kept is None or kept.mean() < _WORTH_A_TRY or not change.can_be_laid_over(kept):
            return whole, False
        over = self._encoded(np.where(kept[:, :, np.newaxis], 0, change.pixels), np.where(kept, 0, np.uint8(255)))
        return (over, True) if len(over) < len(whole) else (whole, False)

    def _stillest_lossy(self, change: Change) -> tuple[bytes, bool]:
        still = None if change.kept is None else _in_whole_blocks(change.kept)
        if still is None or not still.any() or not change.can_be_laid_over(still):
            return self._encoded(change.pixels, change.alpha), False
        # Colours stay under the transparent pixels, so that halved chroma does not bleed into their neighbours.
        return self._encoded(change.pixels, np.where(still, 0, np.uint8(255))), True

    def _encoded(self, pixels: Pixels, alpha: Pixels | None) -> bytes:
        if pixels.shape[2] == 1:
            pixels = np.repeat(pixels, 3, axis=2)
        samples = pixels if alpha is None else np.dstack((pixels, alpha))
        stream = BytesIO()
        try:
            Image.fromarray(np.ascontiguousarray(samples)).save(stream, "WEBP", **self._settings)
        except (OSError, ValueError, MemoryError) as error:
            height, width = pixels.shape[:2]
            raise TooLarge(
                f"A WebP frame of {Size(width, height)} pixels could not be made, most likely for want of memory "
                f"({str(error) or type(error).__name__}); APNG needs very little."
            ) from error
        still = stream.getvalue()
        kinds = (b"ALPH", b"VP8 ", b"VP8L")
        found = [one for one in file_chunks(still)[0] if one[0] in kinds]
        return b"".join(chunk(kind, still[start : start + length]) for kind, start, length in found)

    def _released(self) -> bytes:
        """The head before anything else, and the frame that was held."""
        head, self._head = self._head, b""
        held, self._held = self._held, None
        if held is None:
            return self._counted(head)
        region = held.region
        if held.is_over:
            # Also where the canvas never becomes transparent.
            self._flags |= HAS_ALPHA
        numbers = region.x // 2, region.y // 2, region.width - 1, region.height - 1, self._times.whole(held.duration_ms)
        place = b"".join(number.to_bytes(3, "little") for number in numbers)
        self._frames += 1
        flags = bytes((0 if held.is_over else _NOT_BLENDED,))
        return self._counted(head + chunk(b"ANMF", place + flags + held.chunks))

    def _counted(self, data: bytes) -> bytes:
        self._written += len(data)
        if self._written - 8 > _MOST_BYTES:
            raise TooLarge("WebP holds up to 4 GB, and this animation needs more; APNG can hold it.")
        return data


def _in_whole_blocks(kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Only those of the pixels, (h, w), that lie in a block of nothing else; blocks at the right and bottom are cut."""
    height, width = kept.shape
    rows, columns = np.arange(0, height, _BLOCK), np.arange(0, width, _BLOCK)
    blocks = np.logical_and.reduceat(np.logical_and.reduceat(kept, rows, axis=0), columns, axis=1)
    whole: NDArray[np.bool_] = blocks.repeat(_BLOCK, axis=0)[:height].repeat(_BLOCK, axis=1)[:, :width]
    return whole
