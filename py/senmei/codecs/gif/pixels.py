"""One GIF picture's indices of colours, and drawing them onto a canvas as browsers do."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ...picture import Pixels
from .narrow_codes import read_narrow_codes
from .structure import GifImage, sub_blocks

PIXELS_PER_BYTE = 2731
"""A code of 12 bits stands for 4,096 pixels at most."""

_BAND_ROWS = 64
_GRAY = np.repeat(np.arange(256, dtype=np.uint8)[:, np.newaxis], 3, axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class GifPixels:
    """indices: (h, w) uint8, as shown. read: how many of them the file gives; given: where, or None for everywhere."""

    indices: Pixels
    read: int
    given: Pixels | None


def read_pixels(data: bytes, image: GifImage) -> GifPixels:
    """Decodes the picture's codes. What they do not give, because they end early or mean nothing, is 0.

    Pillow decodes them as browsers do: with no clear code in front or none when the table is full, without an end
    code, and with more of them than there are pixels.
    """
    if not image.pixels:
        return GifPixels(np.zeros((image.height, image.width), np.uint8), 0, None)
    codes = _closed(data, image)
    stored, read = _stored(codes, image)
    rows = _interlaced(image.height) if image.is_interlaced else np.arange(image.height)
    indices = _placed(stored, rows)
    if read == image.pixels:
        return GifPixels(indices, read, None)
    given = np.arange(image.pixels).reshape(stored.shape) < read
    return GifPixels(indices, read, _placed(given, rows))


def colours_of(image: GifImage) -> tuple[Pixels, int]:
    """(256, 3) uint8, black where the palette ends, and how many colours it has."""
    known = len(image.palette) // 3
    colours = np.zeros((256, 3), np.uint8)
    colours[:known] = np.frombuffer(image.palette, np.uint8, known * 3).reshape(-1, 3)
    return colours, known


def is_gray(image: GifImage) -> bool:
    """Whether the indices are gray levels."""
    colours, known = colours_of(image)
    return np.array_equal(colours[:known], _GRAY[:known])


def draw(
    image: GifImage, read: GifPixels, pixels: Pixels, alpha: Pixels | None, *, keep_hidden_colours: bool = False
) -> int:
    """Draws what lies within the canvas onto it; the rest of it, and what is transparent, stays as it was.

    pixels: (H, W, 1 or 3) uint8; alpha: (H, W) uint8 or None. keep_hidden_colours: transparent pixels leave their
    colours there. Returns how many of the pixels drawn have colours that the palette lacks; they are black.
    """
    colours, known = colours_of(image)
    height, width = pixels.shape[:2]
    wide, high = max(0, min(image.width, width - image.left)), max(0, min(image.height, height - image.top))
    transparent, strays = image.control.transparent, 0
    for top in range(0, high, _BAND_ROWS):
        band = slice(top, min(top + _BAND_ROWS, high)), slice(0, wide)
        place = (
            slice(image.top + top, image.top + band[0].stop),
            slice(image.left, image.left + wide),
        )
        indices = read.indices[band]
        given = np.ones(indices.shape, np.bool_) if read.given is None else read.given[band]
        opaque = given if transparent is None else given & (indices != transparent)
        coloured = given if keep_hidden_colours else opaque
        shown = colours[:, : pixels.shape[2]][indices]
        np.copyto(pixels[place], shown, where=coloured[:, :, np.newaxis])
        if alpha is not None:
            np.copyto(alpha[place], np.uint8(255), where=opaque)
        if known < 256:
            strays += int((opaque & (indices >= known)).sum())
    return strays


def _stored(codes: bytes, image: GifImage) -> tuple[Pixels, int]:
    """(h, w) indices in the file's order of rows, and how many of them are there; the rest is 0."""
    height, width = image.height, image.width
    if image.code_bits < 2:
        flat = np.frombuffer(read_narrow_codes(codes, image.code_bits, image.pixels), np.uint8)
        stored = np.zeros(image.pixels, np.uint8)
        stored[: len(flat)] = flat
        return stored.reshape(height, width), len(flat)
    # Pillow leaves alone what codes that end early do not give, sometimes without a word. It is the end of the pixels.
    stored = _decoded(codes, image, ground=0)
    if stored[-1, -1] != 0:
        return stored, image.pixels
    return stored, int((stored == _decoded(codes, image, ground=255)).sum())


def _decoded(codes: bytes, image: GifImage, *, ground: int) -> Pixels:
    canvas = Image.new("P", (image.width, image.height), ground)
    # It raises for too little data and for codes that mean nothing; what was read before is there.
    with suppress(ValueError):
        canvas.frombytes(codes, "gif", image.code_bits, 0, -1)
    return np.asarray(canvas)


def _closed(data: bytes, image: GifImage) -> bytes:
    """The sub-blocks, the last no longer than what there is of it: Pillow reads only whole ones."""
    if image.is_whole:
        return data[image.data]
    parts = [data[block] for block in sub_blocks(data, image.data.start)]
    return b"".join(bytes((len(part),)) + part for part in parts)


def _interlaced(height: int) -> Pixels:
    """Where the rows go, in the order in which they are stored (GIF89a, appendix E)."""
    return np.concatenate([np.arange(start, height, step) for start, step in ((0, 8), (4, 8), (2, 4), (1, 2))])


def _placed(stored: Pixels, rows: Pixels) -> Pixels:
    placed = np.empty_like(stored)
    placed[rows] = stored
    return placed
