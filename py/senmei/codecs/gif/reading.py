"""GIF stills: one picture on its screen, what it leaves free of it transparent, as browsers show it."""

from __future__ import annotations

from PIL import Image

from ..canvas import Canvas
from ..signatures import damaged
from ..still_file import ALWAYS_PLAUSIBLE_PIXELS, refuse_lying_size
from .pixels import PIXELS_PER_BYTE, draw, is_gray, read_pixels
from .structure import GifImage, GifStructure, read_structure


class GifFile:
    """A GIF file with its blocks walked through. See StillFile."""

    format = "GIF"
    depth = 8

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.structure = read_structure(data)
        self.size = self.structure.size
        self.is_animated = len(self.structure.images) > 1
        self._fault = self.structure.fault
        image = self.structure.images[0]
        self.channels = 1 if is_gray(image) else 3
        self.has_alpha = image.control.transparent is not None or (image.width, image.height) != (
            self.size.width,
            self.size.height,
        )

    def image(self) -> Image.Image:
        return Image.new("L" if self.channels == 1 else "RGB", (1, 1))

    def check(self, *, partial: bool) -> None:
        self._fault = plausible_images(self.structure, partial=partial)[1]

    def fill(self, canvas: Canvas, *, profile: bytes | None, partial: bool) -> list[str]:
        image, fault = self.structure.images[0], self._fault
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


def plausible_images(structure: GifStructure, *, partial: bool) -> tuple[tuple[GifImage, ...], str]:
    """The pictures to read, and the file's fault, or "".

    Raises CorruptImage if the first picture is cut off, or if the screen or a picture claims more pixels than its data
    could give. With `partial` a cut picture is let through, and the pictures in front of one that lies.
    """
    images = structure.images
    if not (images[0].is_whole or partial):
        raise damaged("GIF", structure.fault)
    stored = sum(image.data_bytes for image in images)
    refuse_lying_size("GIF", structure.size, stored, pixels_per_byte=PIXELS_PER_BYTE, partial=partial)
    for index, image in enumerate(images):
        if image.pixels > max(image.data_bytes * PIXELS_PER_BYTE, ALWAYS_PLAUSIBLE_PIXELS):
            claim = f"its frame {index + 1} at byte {image.start} claims {image.width} × {image.height} pixels"
            reason = f"{claim}, but holds only {image.data_bytes} bytes of them"
            if not (partial and index):
                raise damaged("GIF", reason)
            return images[:index], reason
    return images, structure.fault
