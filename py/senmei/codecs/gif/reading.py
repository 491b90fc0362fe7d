"""GIF stills: one picture on its screen, what it leaves free of it transparent, as browsers show it."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
from PIL import Image

from ...picture import Pixels
from ..canvas import Canvas
from ..signatures import damaged
from ..still_file import refuse_lying_size
from .structure import GifImage, read_structure

# A code of 12 bits stands for 4,096 pixels at most.
_PIXELS_PER_BYTE = 2731
_BAND_ROWS = 64
_GRAY = np.repeat(np.arange(256, dtype=np.uint8)[:, np.newaxis], 3, axis=1)


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
        self._colours, self._known = _colours(image)
        self.channels = 1 if np.array_equal(self._colours[: self._known], _GRAY[: self._known]) else 3
        self.has_alpha = image.transparent is not None or image.size != self.size

    def image(self) -> Image.Image:
        return Image.new("L" if self.channels == 1 else "RGB", (1, 1))

    def check(self, *, partial: bool) -> None:
        structure = self.structure
        # Without its end mark alone the picture is whole; the pixels are counted when they are read.
        if structure.fault and not partial:
            raise damaged("GIF", structure.fault)
        stored = sum(image.data.stop - image.data.start for image in structure.images)
        refuse_lying_size("GIF", structure.size, stored, pixels_per_byte=_PIXELS_PER_BYTE, partial=partial)

    def fill(self, canvas: Canvas, *, profile: bytes | None, partial: bool) -> list[str]:
        image = self.structure.images[0]
        indices, ground = _read_on_two_grounds(self.data, image)
        total = image.size.pixels
        read = strays = 0
        for top in range(0, image.size.height, _BAND_ROWS):
            rows, other = indices[top : top + _BAND_ROWS], ground[top : top + _BAND_ROWS]
            is_read = rows == other
            is_transparent = rows == (-1 if image.transparent is None else image.transparent)
            y = image.top + top
            where = slice(y, y + len(rows)), slice(image.left, image.left + image.size.width)
            colours = self._colours[rows][:, :, : self.channels]
            canvas.stored_pixels[where] = np.where(is_read[:, :, np.newaxis], colours, np.uint8(0))
            if canvas.stored_alpha is not None:
                canvas.stored_alpha[where] = np.where(is_read & ~is_transparent, 255, 0)
            read += int(is_read.sum())
            strays += int((is_read & ~is_transparent & (rows >= self._known)).sum())
        fault = self.structure.fault
        if read < total:
            fault = fault or f"its data from byte {image.data.start} on gives {read} of {total} pixels"
        if fault and not (partial and read):
            raise damaged("GIF", fault)
        notes = []
        if fault:
            rest = "" if read == total else "; the rest is empty"
            notes.append(f"This GIF file is damaged ({fault}): {read} of {total} pixels could be read{rest}.")
        if strays:
            notes.append(f"{strays} pixels have colours that its palette lacks; they are black.")
        return notes


def _read_on_two_grounds(data: bytes, image: GifImage) -> list[Pixels]:
    """The (h, w) indices of colours, read into an image of zeros and into one of 255.

    Pillow leaves alone what a file that ends early does not give, without a word: there the two differ.
    """
    read = []
    for ground in (0, 255):
        canvas = Image.new("P", (image.size.width, image.size.height), ground)
        # It raises for too little data and for codes that mean nothing; what was read before is there.
        with suppress(ValueError):
            canvas.frombytes(data[image.data], "gif", image.code_bits, int(image.is_interlaced), -1)
        read.append(np.asarray(canvas))
    return read


def _colours(image: GifImage) -> tuple[Pixels, int]:
    """(256, 3) colours, those that the palette lacks black, and how many it has."""
    if image.palette is None:
        return _GRAY, 256
    colours = np.zeros((256, 3), np.uint8)
    known = len(image.palette) // 3
    colours[:known] = np.frombuffer(image.palette, np.uint8, known * 3).reshape(-1, 3)
    return colours, known
