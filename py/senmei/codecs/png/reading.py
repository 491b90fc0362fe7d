"""PNG stills, so that nothing but the result is held whole."""

from __future__ import annotations

import struct

from PIL import Image

from ..canvas import Canvas
from ..signatures import damaged
from ..still_file import refuse_lying_size
from .chunks import PngChunks, read_chunks
from .pixels import STRAY_COLOURS, PngPixels


class PngFile:
    """A PNG file with its chunks verified. See StillFile."""

    format = "PNG"

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.png = read_chunks(data)
        self._pixels = PngPixels(data, self.png)
        self.size = self.png.header.size
        self.depth = self._pixels.depth
        self.channels = self._pixels.channels
        self.has_alpha = self._pixels.has_alpha
        self.is_animated = _is_animated(data, self.png)

    def image(self) -> Image.Image:
        return Image.new("L" if self.channels == 1 else "RGB", (1, 1))

    def check(self, *, partial: bool) -> None:
        data_bytes = sum(chunk.length for chunk in self.png.of_kind(b"IDAT"))
        if self.png.faults and not (partial and data_bytes):
            raise damaged("PNG", self.png.faults[0])
        most = self._pixels.most_pixels_per_byte
        refuse_lying_size("PNG", self.size, data_bytes, pixels_per_byte=most, partial=partial)

    def fill(self, canvas: Canvas, *, profile: bytes | None, partial: bool) -> list[str]:
        pieces = [chunk.content for chunk in self.png.of_kind(b"IDAT")]
        reading = self._pixels.write(pieces, self.size, canvas.stored_pixels, canvas.stored_alpha, careful=partial)
        faults = [*self.png.faults, *([reading.problem] if reading.problem else [])]
        if faults and not (partial and reading.done):
            raise damaged("PNG", faults[0])
        notes = list(self.png.notes)
        if faults:
            what = "rows of its interlacing" if self.png.header.is_interlaced else "rows"
            rest = "" if reading.done == reading.rows else "; the rest is empty"
            read = f"{reading.done} of {reading.rows} {what} could be read{rest}"
            notes.append(f"This PNG file is damaged ({faults[0]}): {read}.")
        if self._pixels.has_strays:
            notes.append(STRAY_COLOURS)
        return notes


def _is_animated(data: bytes, png: PngChunks) -> bool:
    """Whether it shows several pictures, one after the other, or one that is not the still one."""
    controls = png.of_kind(b"acTL")
    if not controls or controls[0].length < 8:
        return False
    kinds = [chunk.kind for chunk in png.chunks]
    count = int(struct.unpack_from(">I", data, controls[0].content.start)[0])
    first_data = kinds.index(b"IDAT") if b"IDAT" in kinds else len(kinds)
    if count == 0 or kinds.index(b"acTL") > first_data:
        return False
    return min(count, kinds.count(b"fcTL")) + (b"fcTL" not in kinds[:first_data]) > 1
