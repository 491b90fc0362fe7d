"""Animations and stills as GIF, written frame by frame."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...errors import InvalidOption, TooLarge
from ...geometry import Region, Size
from ...picture import Metadata, Picture
from ..metadata.writing import COMMENT, left_out, with_fitting_profile
from . import blocks
from .composing import NOTHING, Composed, bounds, union
from .dithering import Dither
from .packed import CLEAR, Packed, packed_picture
from .painting import Brush, Painted, Scene, global_brush, local_brush
from .timing import Delays, ShortDelays, counted

PaletteChoice = Literal["auto", "global", "local"]

LONGEST_SIDE = 0xFFFF

_BYTES_PER_HALVING = 1.5 / 8
"""What a pixel may take more for half the error; see GifEncoder."""

_UNSEEN_ERROR = 6
"""Squared, of all levels of a pixel together: between one and two levels each."""


@dataclass(slots=True, eq=False)
class _Pending:
    """A frame whose end is not known yet: the next one decides what becomes of it.

    before: the canvas that it is drawn on. shown: the canvas with it. duration_ms: as it will be written.
    """

    picture: Composed
    before: Packed
    shown: Packed
    duration_ms: float


class GifEncoder:
    """Writes a GIF of one frame or more; see AnimationEncoder.

    channels, has_alpha, depth: of the pictures to come; 16 bits are rounded to 8, and alpha to whole or nothing.
    loop_count: how often it plays, 0 = for ever. colours: of a palette at most, 2 to 256, one of them for what is
    transparent or does not change. samples: pictures like those to come, of any size: the global palette is made for
    them and the first frame. merge: frames equal to the one before lengthen it instead.

    palette: "global" is one for all frames. "local" is one for each, without loss where a frame has up to 255 colours
    (with alpha, those still shown of the frames before count too; a whole canvas without alpha may have 256). "auto"
    does that too as long as the samples have no more colours. Else it gives a frame its own palette only where that
    pays: squared error falls with the ⅔rd power of a palette's colours, so to halve it takes 1.5 bits a pixel, and the
    own palette may cost as much and no more. Errors of a level or two count for little.

    dither: "none" by default, because with 256 colours it measured best in error, likeness and size; "ordered" softens
    steps a little in a file an eighth to a third larger, "diffused" the most, with the most grain.

    What does not change from one picture to the next keeps the very colours it is shown in, whatever the dithering.
    While it makes a frame, the encoder holds up to about 35 MB and 75 bytes a pixel, between frames a quarter of that,
    however many frames there are. Raises TooLarge for sides above 65,535 pixels, InvalidOption for other numbers of
    colours.
    """

    def __init__(
        self,
        size: Size,
        *,
        channels: int,
        has_alpha: bool,
        loop_count: int,
        metadata: Metadata,
        depth: int = 8,
        palette: PaletteChoice = "auto",
        dither: Dither = "none",
        colours: int = 256,
        samples: Iterable[Picture] = (),
        short_delays: ShortDelays = "file",
        merge: bool = False,
    ) -> None:
        if max(size.width, size.height) > LONGEST_SIDE:
            raise TooLarge(
                f"GIF holds up to {LONGEST_SIDE:,} pixels a side, not {size}; APNG can (WebP up to 16,383 pixels)."
            )
        if not 2 <= colours <= 256:
            raise InvalidOption(f"A GIF's palette has 2 to 256 colours, not {colours}.")
        self._size = size
        self._layout = (channels, has_alpha, np.dtype(np.uint16 if depth == 16 else np.uint8))
        self._loop_count = loop_count
        self._metadata, notes = with_fitting_profile(metadata, is_gray=False, format_name="GIF")
        self._notes = list(notes)
        self._choice = palette
        self._dither: Dither = dither
        self._colours = colours
        self._samples = samples
        self._merge = merge
        self._delays = Delays(short_delays)
        self._global: Brush | None = None
        self._true: Packed = np.empty((0, 0), np.uint32)
        self._pending: _Pending | None = None
        self._frames = self._soft_frames = self._reduced_frames = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What the format could not hold, each a sentence; complete after `finish`."""
        notes = [*self._notes, *(self._delays.notes if self._frames > 1 else ())]
        if self._layout[2] == np.uint16:
            notes.append("GIF holds 8 bits a sample; the picture's 16 were rounded.")
        if self._reduced_frames:
            notes.append(f"GIF holds 256 colours a frame; colours of {counted(self._reduced_frames)} were joined.")
        if self._soft_frames:
            notes.append(
                f"GIF has no half transparent pixels; those of {counted(self._soft_frames)} are opaque or clear now."
            )
        return tuple(notes)

    def add(self, picture: Picture, duration_ms: float) -> bytes:
        """The next frame. Returns the file's next bytes, one frame late: what comes next says how a frame ends."""
        self._check(picture)
        meant = self._delays.meant(duration_ms)
        true, is_soft = packed_picture(picture)
        if self._pending is None:
            begin = self._head(true)
            self._draw(np.full_like(true, CLEAR), np.full_like(true, CLEAR), true, true != CLEAR, meant)
        else:
            changed = true != self._true
            if self._merge and not changed.any():
                self._pending.duration_ms += meant
                return b""
            begin, before = self._end_pending(self._pending, changed & (true == CLEAR))
            self._draw(before, self._pending.shown, true, changed, meant)
        self._frames += 1
        self._soft_frames += is_soft
        return begin

    def finish(self) -> tuple[bytes, tuple[tuple[int, bytes], ...]]:
        """The last bytes; nothing of the earlier ones changes. Raises ValueError if there is no frame."""
        if self._pending is None:
            raise ValueError("a GIF has at least one frame")
        last = self._written(self._pending, self._pending.picture, blocks.KEEP)
        self._pending = None
        return last + blocks.TRAILER, ()

    def _check(self, picture: Picture) -> None:
        channels, has_alpha, dtype = self._layout
        pixels = picture.pixels
        if picture.size != self._size or pixels.shape[2] != channels or pixels.dtype != dtype:
            raise ValueError(
                f"frames are {self._size}, {channels} channels, {dtype}, not {pixels.dtype} {pixels.shape}"
            )
        if (picture.alpha is not None) != has_alpha:
            raise ValueError("frames have alpha if and only if it was announced")

    def _head(self, first: Packed) -> bytes:
        if self._choice != "local":
            samples = (packed_picture(sample)[0] for sample in self._samples)
            self._global = global_brush(chain([first], samples), self._colours, self._dither, has_alpha=self._layout[1])
            head = blocks.head(self._size, self._global.table.stored)
        else:
            head = blocks.head(self._size, None)
        return head + self._repeats() + self._carried()

    def _repeats(self) -> bytes:
        if self._loop_count == 1:
            return b""
        if self._loop_count - 1 > blocks.MOST_REPEATS:
            self._notes.append(f"GIF counts up to {blocks.MOST_REPEATS + 1:,} plays, not {self._loop_count:,}.")
        return blocks.loop(min(max(self._loop_count - 1, 0), blocks.MOST_REPEATS))

    def _carried(self) -> bytes:
        metadata = self._metadata
        others = [keyword for keyword, _ in metadata.texts if keyword != COMMENT]
        self._notes += left_out("GIF", metadata, texts=others, resolution=False)
        if metadata.exif:
            self._notes.append("GIF has no place for EXIF data; left out.")
        parts = [blocks.comment(text) for keyword, text in metadata.texts if keyword == COMMENT]
        if metadata.icc:
            parts.append(blocks.profile(metadata.icc))
        if metadata.xmp:
            parts.append(blocks.xmp(metadata.xmp))
        return b"".join(parts)

    def _end_pending(self, pending: _Pending, cleared: NDArray[np.bool_]) -> tuple[bytes, Packed]:
        """The pending frame's bytes, and the canvas that it leaves, clear wherever `cleared` says."""
        hole = bounds(cleared)
        if hole is None:
            return self._written(pending, pending.picture, blocks.KEEP), pending.shown
        region = union(pending.picture.region, hole)
        emptied = pending.shown.copy()
        emptied[region.slices] = CLEAR
        lost = np.count_nonzero(emptied != pending.shown)
        is_long = pending.duration_ms / 10 >= blocks.LONGEST_DELAY
        can_return = self._frames > 1 and not is_long and (pending.before[cleared] == CLEAR).all()
        if can_return and np.count_nonzero(pending.before != pending.shown) < lost:
            return self._written(pending, pending.picture, blocks.RESTORE), pending.before
        return self._written(pending, pending.picture.widened(region), blocks.CLEAR_REGION), emptied

    def _written(self, pending: _Pending, picture: Composed, disposal: int) -> bytes:
        """The frame, and where it lasts longer than a frame can, further ones that change nothing."""
        delay = self._delays.next(pending.duration_ms)
        parts = []
        while delay > blocks.LONGEST_DELAY:
            parts.append(_frame(picture, blocks.LONGEST_DELAY, blocks.KEEP))
            delay -= blocks.LONGEST_DELAY
            picture = _still(picture.region if disposal == blocks.CLEAR_REGION else NOTHING)
        parts.append(_frame(picture, delay, disposal))
        return b"".join(parts)

    def _draw(
        self, before: Packed, shown: Packed, true: Packed, changed: NDArray[np.bool_], duration_ms: float
    ) -> None:
        """Makes the next frame the pending one.

        before: the canvas as the last frame leaves it. shown: as it showed it. changed: where `true` is not as it was.
        """
        after = shown.copy()
        after[changed & (true == CLEAR)] = CLEAR
        scene = Scene(before, after, true, changed & (true != CLEAR), is_whole=self._pending is None)
        painted = self._painted(scene)
        self._reduced_frames += painted.error > 0
        self._pending = _Pending(painted.picture, before, painted.canvas, duration_ms)
        self._true = true

    def _painted(self, scene: Scene) -> Painted:
        """The frame in the palette that `palette` chooses; see there."""
        shared, has_alpha = self._global, self._layout[1]
        if shared is None:
            return self._own(scene).paint(scene)
        is_fit = shared.knows(scene.still) if has_alpha or shared.table.is_full else True
        if self._choice == "global" or (is_fit and shared.knows(scene.fresh)):
            return shared.paint(scene)
        if not is_fit or (shared.is_enough and self._own(scene).is_enough):
            return self._own(scene).paint(scene)
        one = shared.paint(scene)
        if _bytes_worth(scene, one.error, 0) < 3 * self._colours:
            return one
        other = self._own(scene).paint(scene)
        return other if other.picture.bytes - one.picture.bytes < _bytes_worth(scene, one.error, other.error) else one

    def _own(self, scene: Scene) -> Brush:
        return local_brush(scene, self._colours, self._dither, has_alpha=self._layout[1])


def _bytes_worth(scene: Scene, error: int, less: int) -> float:
    """How many bytes a frame may grow by for `less` error; see GifEncoder."""
    pixels = len(scene.places)
    unseen = _UNSEEN_ERROR * max(1, pixels)
    return _BYTES_PER_HALVING * pixels * math.log2((error + unseen) / (less + unseen))


def _still(region: Region) -> Composed:
    """A picture that changes nothing."""
    indices = np.zeros((region.height, region.width), np.uint8)
    return Composed(region, indices, 0, np.zeros(1, np.uint32), blocks.compressed(indices))


def _frame(picture: Composed, delay: int, disposal: int) -> bytes:
    return blocks.frame(
        picture.region,
        picture.data,
        delay=delay,
        disposal=disposal,
        transparent=picture.transparent,
        palette=picture.palette,
    )
