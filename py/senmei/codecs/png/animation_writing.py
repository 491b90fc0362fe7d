"""An APNG, written frame by frame (W3C PNG, third edition, 4.9 and 11.3.2)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ...errors import TooLarge
from ...geometry import Region, Size
from ...picture import Metadata, Picture, Pixels
from ..frame_changes import Change, FrameChanges
from .chunks import LARGEST_SIDE, SIGNATURE
from .rows import DeflatedRows, chunk, file_head

_DATA_BYTES = 1 << 18
_BAND_BYTES = 1 << 18

_MOST_PLAYS = 2**31 - 1
_LARGEST_PART = 65_535
"""Of the fraction of a second that a frame is shown: its numerator and its denominator."""

_WORTH_A_TRY = 1 / 16
"""From this share of kept pixels in a rectangle on, it is also tried with these transparent."""

_NOTICEABLE_MS = Fraction(1, 1000)

# Behind the signature and IHDR (8 + 25 bytes) comes acTL, whose content begins 8 bytes later.
_CONTROL_CONTENT = len(SIGNATURE) + 25 + 8


@dataclass(slots=True)
class _Held:
    """A frame that is written once it is known how long it is shown."""

    region: Region
    is_over: bool
    compressed: bytes
    duration_ms: Fraction


class ApngEncoder:
    """An AnimationEncoder for gray or RGB, with or without alpha, 8 or 16 bits a sample, without any loss.

    loop_count: times played in all, 0 = for ever. merge: whether a picture that equals the one before it makes that
    one's time longer instead of a frame. metadata: all of it is written that PNG can hold. A frame's bytes come with
    the next one; it holds the last picture and one frame's bytes, and while compressing less than 10 MB more.

    Raises TooLarge where a side has more pixels than PNG can name.
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
        merge: bool = False,
    ) -> None:
        if max(size.width, size.height) > LARGEST_SIDE:
            raise TooLarge(f"APNG holds up to {LARGEST_SIDE:,} pixels a side, not {size}, and no other format more.")
        self._plays = min(loop_count, _MOST_PLAYS)
        self._channels, self._has_alpha, self._depth = channels, has_alpha, depth
        # Until the end is known, a file that breaks off names one frame and is valid.
        control = chunk(b"acTL", struct.pack(">II", 1, self._plays))
        self._head, self.notes = file_head(
            size, channels=channels, has_alpha=has_alpha, depth=depth, metadata=metadata, control=control
        )
        self._changes = FrameChanges(size, channels=channels, has_alpha=has_alpha, depth=depth, written_depth=depth)
        self._merge = merge
        self._held: _Held | None = None
        self._frames = self._sequence = 0
        self._carried_ms = Fraction(0)
        self._is_time_changed = False

    def add(self, picture: Picture, duration_ms: float) -> bytes:
        """The next frame. The picture's arrays must not be changed later; its metadata is not looked at."""
        change, duration = self._changes.next(picture), Fraction(duration_ms)
        held = self._held
        if held and self._merge and change.is_equal and held.duration_ms + duration <= 1000 * _LARGEST_PART:
            held.duration_ms += duration
            return b""
        compressed, is_over = self._smallest(change)
        data = self._released()
        self._held = _Held(change.region, is_over, compressed, duration)
        return data

    def finish(self) -> tuple[bytes, tuple[tuple[int, bytes], ...]]:
        """The rest of the file, and the acTL chunk's content and check sum, now with the number of frames."""
        data = self._released() + chunk(b"IEND", b"")
        if not self._frames:
            raise ValueError("an animation has at least one frame")
        if self._is_time_changed:
            self.notes += (
                "APNG cannot hold all of the frames' times exactly; they were rounded so that their sum stays right.",
            )
        control = chunk(b"acTL", struct.pack(">II", self._frames, self._plays))
        return data, ((_CONTROL_CONTENT, control[8:]),)

    def _smallest(self, change: Change) -> tuple[bytes, bool]:
        """The rectangle's zlib stream, and whether it is to be laid over what is there."""
        whole = self._compressed(change.pixels, change.alpha)
        kept = change.kept
        if kept is None or change.alpha is None or kept.mean() < _WORTH_A_TRY or not change.can_be_laid_over(kept):
            return whole, False
        over = self._compressed(np.where(kept[:, :, np.newaxis], 0, change.pixels), np.where(kept, 0, change.alpha))
        return (over, True) if len(over) < len(whole) else (whole, False)

    def _compressed(self, pixels: Pixels, alpha: Pixels | None) -> bytes:
        rows = DeflatedRows(pixels.shape[1], channels=self._channels, has_alpha=self._has_alpha, depth=self._depth)
        step = max(1, _BAND_BYTES // (pixels[0].nbytes * 4 // 3))
        for top in range(0, pixels.shape[0], step):
            rows.write(pixels[top : top + step], None if alpha is None else alpha[top : top + step])
        rows.finish()
        return bytes(rows.compressed)

    def _released(self) -> bytes:
        """The head before anything else, and the frame that was held."""
        parts, held = [self._head], self._held
        self._head, self._held = b"", None
        if held is None:
            return parts[0]
        region = held.region
        place = (region.width, region.height, region.x, region.y)
        times = (*self._fraction(held.duration_ms), 0, held.is_over)
        parts.append(chunk(b"fcTL", struct.pack(">IIIIIHHBB", self._next_number(), *place, *times)))
        for start in range(0, len(held.compressed), _DATA_BYTES):
            data = held.compressed[start : start + _DATA_BYTES]
            if self._frames:
                parts.append(chunk(b"fdAT", struct.pack(">I", self._next_number()) + data))
            else:
                parts.append(chunk(b"IDAT", data))
        self._frames += 1
        return b"".join(parts)

    def _next_number(self) -> int:
        self._sequence += 1
        return self._sequence - 1

    def _fraction(self, duration_ms: Fraction) -> tuple[int, int]:
        """Numerator and denominator of the seconds nearest to the duration and what earlier ones lost."""
        wanted = (duration_ms + self._carried_ms if duration_ms else duration_ms) / 1000
        fraction = _nearest(max(wanted, Fraction(0)))
        if duration_ms:
            self._carried_ms = 1000 * (wanted - fraction)
            self._is_time_changed |= abs(1000 * fraction - duration_ms) > _NOTICEABLE_MS
        return fraction.numerator, fraction.denominator


def _nearest(seconds: Fraction) -> Fraction:
    """With both parts up to _LARGEST_PART."""
    if seconds >= _LARGEST_PART:
        return Fraction(_LARGEST_PART)
    most = _LARGEST_PART if seconds <= 1 else int(_LARGEST_PART / seconds)
    nearest = seconds.limit_denominator(most)
    return nearest if nearest.numerator <= _LARGEST_PART else Fraction(int(seconds))
