"""The frames of an APNG: where in the file and on the canvas each lies, found without decoding any (W3C PNG, third
edition, 4.9 and 11.3.2)."""

from __future__ import annotations

import struct
from contextlib import suppress
from dataclasses import dataclass, replace

from ...errors import CorruptImage
from ...geometry import Region
from ..compositing import Disposal, Placement
from ..still_file import refuse_lying_size
from .chunks import PICTURE_KINDS, Chunk, PngHeader, walk
from .pixels import PngPixels

_USUAL_DENOMINATOR = 100


@dataclass(frozen=True, slots=True)
class ApngFrame:
    """start: the byte of its fcTL chunk. pieces: the parts of the file that make up its zlib stream."""

    start: int
    placement: Placement
    duration_ms: float
    pieces: tuple[slice, ...]


@dataclass(frozen=True, slots=True)
class ApngStructure:
    """frames: all that are whole, up to the first fault. broken: the one with the fault, if some of its pixels are
    there. fault: what is wrong, with the place, or "". is_cut: whether the fault is only that the file ends.

    stated: how many frames the file promises; surplus ones are left out. loop_count: times played, 0 = for ever.
    """

    frames: tuple[ApngFrame, ...]
    broken: ApngFrame | None
    fault: str
    is_cut: bool
    stated: int
    has_surplus: bool
    loop_count: int


def read_structure(data: bytes, header: PngHeader, pixels: PngPixels, *, partial: bool) -> ApngStructure:
    """partial: lets frames pass that claim more pixels than their data could hold, if they are not too large."""
    reader = _Reader(data, header, pixels, partial=partial)
    fault, is_cut = "", False
    try:
        for step in walk(data):
            if step.fault and step.chunk is not None and step.chunk.kind not in PICTURE_KINDS:
                continue
            if step.fault:
                fault, is_cut = f"{step.fault} in {step.chunk}" if step.chunk else step.fault, step.is_cut
                if step.chunk is not None:
                    reader.add_unsound(step.chunk)
                break
            if step.chunk is not None:
                reader.add(step.chunk)
        reader.close(is_certain=not fault)
    except _Misplaced as error:
        fault, is_cut = str(error), False
        reader.give_up()
    has_surplus = len(reader.frames) > reader.stated
    frames = tuple(reader.frames[: reader.stated])
    return ApngStructure(frames, reader.broken, fault, is_cut, reader.stated, has_surplus, reader.plays)


class _Misplaced(Exception):
    """A chunk that is sound but makes no sense where it is; the message is the fault."""


class _Reader:
    """Gathers frames from chunks in the order of the file."""

    def __init__(self, data: bytes, header: PngHeader, pixels: PngPixels, *, partial: bool) -> None:
        self.frames: list[ApngFrame] = []
        self.broken: ApngFrame | None = None
        self.stated = 0
        self.plays = 0
        self._data = data
        self._header = header
        self._pixels = pixels
        self._partial = partial
        self._sequence = 0
        self._open: ApngFrame | None = None
        self._pieces: list[slice] = []
        self._is_sound = True
        self._has_default_data = False
        self._shows_default = False

    def add(self, chunk: Chunk) -> None:
        """Raises _Misplaced."""
        if chunk.kind == b"acTL" and not self.stated and not self._has_default_data:
            if chunk.length != 8:
                raise _Misplaced(f"{chunk} has {chunk.length} bytes instead of 8")
            self.stated, self.plays = struct.unpack(">II", self._data[chunk.content])
        elif chunk.kind == b"fcTL":
            self._begin(chunk)
        elif chunk.kind == b"IDAT":
            self._has_default_data = True
            if self._shows_default:
                self._pieces.append(chunk.content)
        elif chunk.kind == b"fdAT":
            if chunk.length < 4 or self._open is None or self._shows_default:
                raise _Misplaced(f"{chunk} belongs to no frame")
            self._count(chunk)
            self._pieces.append(slice(chunk.content.start + 4, chunk.content.stop))

    def add_unsound(self, chunk: Chunk) -> None:
        """Of data that is damaged or cut off some pixels may be read."""
        if chunk.kind not in (b"IDAT", b"fdAT"):
            return
        self._is_sound = False
        skipped = 4 if chunk.kind == b"fdAT" else 0
        if self._shows_default == (chunk.kind == b"IDAT") and chunk.length > skipped:
            self._pieces.append(slice(chunk.content.start + skipped, chunk.content.stop))

    def close(self, *, is_certain: bool) -> None:
        """Ends the frame that is open, if one is. is_certain: that no data of it is missing; else it is inflated."""
        if self._open is None:
            return
        frame, self._open = replace(self._open, pieces=tuple(self._pieces)), None
        self._shows_default = False
        if not frame.pieces:
            if not is_certain:
                return
            raise _Misplaced(f"the frame at byte {frame.start} has no picture data")
        self._refuse_lies(frame)
        size = frame.placement.region.size
        if is_certain or (self._is_sound and self._pixels.is_whole(frame.pieces, size)):
            self.frames.append(frame)
        else:
            self.broken = frame

    def give_up(self) -> None:
        """Ends the frame that is open behind a chunk that makes no sense."""
        with suppress(_Misplaced):
            self.close(is_certain=False)

    def _begin(self, chunk: Chunk) -> None:
        self.close(is_certain=True)
        if chunk.length != 26:
            raise _Misplaced(f"{chunk} has {chunk.length} bytes instead of 26")
        self._count(chunk)
        frame, size = self._described(chunk), self._header.size
        self._shows_default = not self._has_default_data
        if self._shows_default and frame.placement.region != Region(0, 0, size.width, size.height):
            raise _Misplaced(f"{chunk} describes the whole picture, but with another size or place")
        self._open, self._pieces = frame, []

    def _count(self, chunk: Chunk) -> None:
        number = int.from_bytes(self._data[chunk.content.start : chunk.content.start + 4], "big")
        if number != self._sequence:
            raise _Misplaced(f"{chunk} has the number {number} where {self._sequence} is due")
        self._sequence += 1

    def _described(self, chunk: Chunk) -> ApngFrame:
        """A frame without data yet. Raises _Misplaced for what the standard calls an error."""
        _, width, height, x, y, delay, denominator, disposal, blending = struct.unpack(
            ">IIIIIHHBB", self._data[chunk.content]
        )
        region, size = Region(x, y, width, height), self._header.size
        if not (width and height and region.within(size)):
            raise _Misplaced(f"{chunk} places {width} × {height} pixels at {x}, {y}, not all within {size}")
        if disposal > 2 or blending > 1:
            raise _Misplaced(f"{chunk} asks for disposal {disposal} and blending {blending}, which APNG has not")
        placement = Placement(region, blending == 1, Disposal(disposal), self._pixels.has_alpha)
        return ApngFrame(chunk.start, placement, delay * 1000 / (denominator or _USUAL_DENOMINATOR), ())

    def _refuse_lies(self, frame: ApngFrame) -> None:
        data_bytes = sum(piece.stop - piece.start for piece in frame.pieces)
        try:
            refuse_lying_size(
                "PNG",
                frame.placement.region.size,
                data_bytes,
                pixels_per_byte=self._pixels.most_pixels_per_byte,
                partial=self._partial,
            )
        except CorruptImage as error:
            raise _Misplaced(f"the frame at byte {frame.start} claims more than its {data_bytes} bytes hold") from error
