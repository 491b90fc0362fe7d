"""Animated WebP → frames, decoded one at a time: each is made a still file of its own, which Pillow decodes."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import numpy as np
from PIL import Image, WebPImagePlugin

from ...animation import AnimationInfo, Frame
from ...picture import Picture, Pixels
from ..compositing import Compositor, can_be_transparent, room_for_frames
from ..metadata.reading import read_metadata
from ..signatures import damaged
from .animation_structure import WebpFrame, WebpStructure, read_structure
from .blending import libwebp_over
from .writing_chunks import still_file


def open_webp_animation(data: bytes, *, partial: bool) -> WebpAnimationFile:
    """The frames of a WebP file with ANIM and ANMF chunks, composed as libwebp does; its background is not drawn.

    Of a file that just ends, the frames that are whole are given, with a note. partial: of a damaged one, those before
    the damage. Raises CorruptImage, naming the frame and the byte, for everything else that is no sound animation.
    """
    structure = read_structure(data, partial=partial)
    reason = f"frame {len(structure.frames) + 1}: {structure.fault}" if structure.fault else ""
    if not structure.frames or (reason and not structure.is_cut and not partial):
        raise damaged("WebP", reason or "it has no frame")
    return WebpAnimationFile(data, structure, reason=reason, partial=partial)


class WebpAnimationFile:
    """An animated WebP whose structure is read. See AnimationFile.

    reason: what ends it early, or "".
    """

    def __init__(self, data: bytes, structure: WebpStructure, *, reason: str, partial: bool) -> None:
        self._data = data
        self._frames = structure.frames
        self._partial = partial
        metadata, _, notes = read_metadata(Image.new("RGB", (1, 1)), data, "WebP")
        self.info = AnimationInfo(
            size=structure.size,
            durations_ms=tuple(frame.duration_ms for frame in structure.frames),
            loop_count=structure.loop_count,
            has_alpha=can_be_transparent(structure.size, (frame.placement for frame in structure.frames)),
            depth=8,
            channels=3,
            background=structure.background,
            metadata=metadata,
        )
        self.notes: tuple[str, ...] = notes
        if reason:
            self._note_end("ends early" if structure.is_cut else "is damaged", reason, len(structure.frames))

    def frames(self) -> Iterator[Frame]:
        """Raises CorruptImage for a frame that cannot be decoded, TooLarge where memory ends."""
        with room_for_frames("WebP", self.info.size):
            yield from self._decoded_frames()

    def _decoded_frames(self) -> Iterator[Frame]:
        canvas = Compositor(self.info.size, channels=3, has_alpha=self.info.has_alpha, depth=8, over=libwebp_over)
        for index, frame in enumerate(self._frames):
            try:
                pixels, alpha = _decoded(self._data, frame)
            except (OSError, SyntaxError, ValueError) as error:
                # What libwebp finds damaged raises whatever its step in Pillow raises.
                reason = f"frame {index + 1}: at byte {frame.start} its data cannot be decoded"
                if not (self._partial and index):
                    raise damaged("WebP", reason) from error
                self._note_end("is damaged", reason, index)
                return
            yield Frame(Picture(*canvas.drawn(frame.placement, pixels, alpha)), frame.duration_ms)

    def _note_end(self, what: str, reason: str, frames: int) -> None:
        sentence = f"This WebP file {what} ({reason}): {frames} of its frames could be read."
        if sentence not in self.notes:
            self.notes += (sentence,)


def _decoded(data: bytes, frame: WebpFrame) -> tuple[Pixels, Pixels | None]:
    """(h, w, 3) and (h, w) or None. Raises OSError, SyntaxError or ValueError."""
    kind, start, length = frame.picture
    opacity = None if frame.opacity is None else data[frame.opacity[1] : frame.opacity[1] + frame.opacity[2]]
    size = frame.placement.region.size
    still = still_file(size, kind, data[start : start + length], opacity)
    with WebPImagePlugin.WebPImageFile(BytesIO(still)) as image:
        if image.size != (size.width, size.height):
            raise ValueError("the decoder finds another size")
        samples = np.asarray(image)
    return samples[:, :, :3], samples[:, :, 3] if samples.shape[2] == 4 else None
