"""APNG → frames, decoded one at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

from ...animation import AnimationInfo, Frame
from ...picture import Picture
from ..compositing import Compositor, can_be_transparent, room_for_frames
from ..metadata.reading import read_metadata
from ..signatures import damaged
from ..still_file import refuse_lying_size
from .animation_structure import ApngFrame, ApngStructure, read_structure
from .chunks import read_chunks
from .pixels import STRAY_COLOURS, PngPixels


def open_apng(data: bytes, *, partial: bool) -> ApngFile:
    """The frames of a PNG file that has an acTL chunk; a default image without an fcTL chunk is none of them.

    Of a file that just ends, the frames that are whole are given, with a note. partial: of a damaged one, those before
    the damage; of a first frame that is not whole, what there is of it. Raises CorruptImage, naming the frame and the
    byte, for everything else that is no sound APNG, and UnsupportedFormat for unknown critical chunks.
    """
    png = read_chunks(data)
    pixels = PngPixels(data, png)
    structure = read_structure(data, png.header, pixels, partial=partial)
    if png.misplaced and not partial:
        raise damaged("PNG", png.misplaced[0])
    reason = structure.fault
    if reason and (not structure.stated or len(structure.frames) < structure.stated):
        reason = f"frame {len(structure.frames) + 1}: {reason}"
    if not structure.stated:
        raise damaged("PNG", reason or "it says nothing of an animation before its picture data")
    if reason and not partial and not (structure.is_cut and structure.frames):
        raise damaged("PNG", reason)
    if not structure.frames and structure.broken is None:
        raise damaged("PNG", reason or "it has no frame")
    # Also where the default image is not shown: its size is that of the canvas.
    default_bytes = sum(chunk.length for chunk in png.of_kind(b"IDAT"))
    most = pixels.most_pixels_per_byte
    refuse_lying_size("PNG", pixels.size, default_bytes, pixels_per_byte=most, partial=partial)
    return ApngFile(data, structure, pixels, reason=reason, partial=partial)


class ApngFile:
    """An APNG whose structure is read. See AnimationFile.

    reason: what ends it early, or "".
    """

    def __init__(self, data: bytes, structure: ApngStructure, pixels: PngPixels, *, reason: str, partial: bool) -> None:
        self._structure = structure
        self._pixels = pixels
        self._partial = partial
        self._size = pixels.size
        broken = (structure.broken,) if structure.broken is not None and not structure.frames else ()
        self._frames: tuple[ApngFrame, ...] = structure.frames or broken
        placements = [frame.placement for frame in self._frames]
        image = Image.new("L" if pixels.channels == 1 else "RGB", (1, 1))
        metadata, _, notes = read_metadata(image, data, "PNG")
        self.info = AnimationInfo(
            size=self._size,
            durations_ms=tuple(frame.duration_ms for frame in self._frames),
            loop_count=structure.loop_count,
            has_alpha=can_be_transparent(self._size, placements),
            depth=pixels.depth,
            channels=pixels.channels,
            background=None,
            metadata=metadata,
        )
        self.notes = (*self._structure_notes(reason), *notes)

    def frames(self) -> Iterator[Frame]:
        """Raises CorruptImage for a frame whose data is damaged though its check sums are right, TooLarge where memory
        ends."""
        with room_for_frames("PNG", self.info.size):
            yield from self._decoded_frames()

    def _decoded_frames(self) -> Iterator[Frame]:
        info = self.info
        canvas = Compositor(info.size, channels=info.channels, has_alpha=info.has_alpha, depth=info.depth)
        dtype = np.uint16 if info.depth == 16 else np.uint8
        for index, frame in enumerate(self._frames):
            region = frame.placement.region
            pixels = np.zeros((region.height, region.width, info.channels), dtype)
            alpha = np.zeros((region.height, region.width), dtype) if self._pixels.has_alpha else None
            reading = self._pixels.write(frame.pieces, region.size, pixels, alpha, careful=self._partial)
            is_broken = frame is self._structure.broken
            if reading.problem or is_broken:
                reason = f"frame {index + 1}: {self._structure.fault if is_broken else reading.problem}"
                if not (self._partial and (index or reading.done)):
                    raise damaged("PNG", reason)
                if not is_broken:
                    self._note(f"This PNG file is damaged ({reason}): {self._read(index)} could be read.")
                if index:
                    return
            yield Frame(Picture(*canvas.drawn(frame.placement, pixels, alpha)), frame.duration_ms)
            if self._pixels.has_strays:
                self._note(STRAY_COLOURS)
            if reading.problem:
                return

    def _structure_notes(self, reason: str) -> Iterator[str]:
        structure = self._structure
        if reason:
            what = "ends early" if structure.is_cut else "is damaged"
            yield f"This PNG file {what} ({reason}): {self._read(len(structure.frames))} could be read."
        elif structure.has_surplus:
            yield f"This PNG file holds more than the {structure.stated} frames that it promises; they were left out."
        elif len(structure.frames) < structure.stated:
            yield f"This PNG file promises {structure.stated} frames, but holds {len(structure.frames)}."

    def _read(self, frames: int) -> str:
        return f"{frames} of {self._structure.stated} frames" if frames else "a part of its first frame"

    def _note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes += (sentence,)
