"""GIF stills: one picture on its screen, what it leaves free of it transparent, as browsers show it."""

from __future__ import annotations

from PIL import Image

from ..canvas import Canvas
from ..signatures import damaged
from ..still_file import refuse_lying_size
from .pixels import PIXELS_PER_BYTE, draw, is_gray, read_pixels
from .structure import read_structure


class GifFile:
    """A GIF file with its blocks walked through. See StillFile."""

    format = "GIF"
    depth = 8

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.structure = read_structure(data)
        self.size = self.structure.size
        self.frames = len(self.structure.images)
        image = self.structure.images[0]
        self.channels = 1 if is_gray(image) else 3
        self.has_alpha = image.control.transparent is not None or (image.width, image.height) != (
            self.size.width,
            self.size.height,
        )

    def image(self) -> Image.Image:
        return Image.new("L" if self.channels == 1 else "RGB", (1, 1))

    def check(self, *, partial: bool) -> None:
        structure = self.structure
        if not (structure.images[0].is_whole or partial):
            raise damaged("GIF", structure.fault)
        stored = sum(image.data_bytes for image in structure.images)
        refuse_lying_size("GIF", structure.size, stored, pixels_per_byte=PIXELS_PER_BYTE, partial=partial)

    def fill(self, canvas: Canvas, *, profile: bytes | None, partial: bool) -> list[str]:
        image, fault = self.structure.images[0], self.structure.fault
        read = read_pixels(self.data, image)
        if read.read < image.pixels:
            fault = fault or f"its data from byte {image.data.start} on gives {read.read} of {image.pixels} pixels"
            if not (partial and read.read):
                raise damaged("GIF", fault)
        strays = draw(image, read, canvas.stored_pixels, canvas.stored_alpha, keep_hidden_colours=True)
        notes = []
        if fault:
            rest = "" if read.read == image.pixels else "; the rest is empty"
            notes.append(
                f"This GIF file is damaged ({fault}): {read.read} of {image.pixels} pixels could be read{rest}."
            )
        if strays:
            notes.append(stray_note(strays))
        return notes


def stray_note(strays: int) -> str:
    return f"{strays} pixels have colours that its palette lacks; they are black."
