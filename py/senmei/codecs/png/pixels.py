"""A PNG's pixels of every depth, colour type and interlacing, from its compressed bytes, wherever in the file they
lie."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...geometry import Size
from ...picture import Pixels
from ..inflating import Inflated
from .chunks import PngChunks, PngHeader
from .unfiltering import unfiltered_rows

_DEFLATE_EXPANSION = 1032

# First column and row, and their steps (W3C PNG, third edition, 8.1).
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_WHOLE = ((0, 0, 1, 1),)

STRAY_COLOURS = "Some pixels have colours that its palette lacks; they are black."


@dataclass(frozen=True, slots=True)
class Reading:
    """rows: how many there should be (with interlacing those of all its passes). done: how many were read. problem: why
    not all, or what is wrong behind them, with the place in the file; "" when nothing is."""

    rows: int
    done: int
    problem: str


class PngPixels:
    """Writes what one file's compressed streams hold into arrays.

    size: of the whole picture. depth: of the samples written, 8 or 16. channels: 1 or 3, without alpha. has_strays:
    whether colours were met that the palette lacks.
    """

    def __init__(self, data: bytes, png: PngChunks) -> None:
        self._data = data
        self._header = header = png.header
        self.size = header.size
        self.depth = 16 if header.depth == 16 else 8
        self.channels = 1 if header.colour in (0, 4) else 3
        self._transparency = _transparency(data, png)
        self._palette = _palette(data, png, self._transparency) if header.colour == 3 else None
        self.has_alpha = header.colour in (4, 6) or self._transparency is not None
        self.has_strays = False

    @property
    def most_pixels_per_byte(self) -> float:
        return 8 * _DEFLATE_EXPANSION / (self._header.samples * self._header.depth)

    def is_whole(self, pieces: Sequence[slice], size: Size) -> bool:
        """Whether the stream in these parts of the file holds all the bytes of a picture of `size`."""
        inflated = Inflated(self._data, pieces)
        for width, height, *_ in self._passes(size):
            for _ in range(height):
                inflated.read(1 + self._header.row_bytes(width))
                if inflated.problem:
                    return False
        return True

    def write(
        self, pieces: Sequence[slice], size: Size, pixels: Pixels, alpha: Pixels | None, *, careful: bool
    ) -> Reading:
        """Reads one stream into pixels (h, w, C) and alpha (h, w), which are left as they are where it is damaged.

        alpha: None when has_alpha is False. careful: reads all that lies before the damage.
        """
        header = self._header
        inflated = Inflated(self._data, pieces, careful=careful)
        unit = max(1, header.samples * header.depth // 8)
        done = total = 0
        for width, height, x, y, dx, dy in self._passes(size):
            total += height
            for rows in unfiltered_rows(inflated, height, header.row_bytes(width), unit):
                where = slice(y, y + len(rows) * dy, dy), slice(x, None, dx)
                self._write(rows, width, pixels[where], None if alpha is None else alpha[where])
                y += len(rows) * dy
                done += len(rows)
        if not inflated.problem:
            inflated.check_end()
        return Reading(total, done, inflated.problem)

    def _passes(self, size: Size) -> list[tuple[int, int, int, int, int, int]]:
        """Width and height, first column and row, and their steps, of each pass that has pixels."""
        passes = []
        for x, y, dx, dy in _ADAM7 if self._header.is_interlaced else _WHOLE:
            width, height = (size.width - x + dx - 1) // dx, (size.height - y + dy - 1) // dy
            if width > 0 and height > 0:
                passes.append((width, height, x, y, dx, dy))
        return passes

    def _write(self, rows: Pixels, width: int, pixels: Pixels, alpha: Pixels | None) -> None:
        header = self._header
        samples = _samples(rows, header, width)
        if self._palette is not None:
            colours, opacities, known = self._palette
            indices = samples[:, :, 0]
            self.has_strays |= known < 2**header.depth and bool((indices >= known).any())
            pixels[...] = colours[indices]
            if alpha is not None:
                alpha[...] = opacities[indices]
            return
        if alpha is not None and header.colour in (4, 6):
            alpha[...] = samples[:, :, -1]
        elif alpha is not None:
            key = np.array(self._transparency, samples.dtype)
            alpha[...] = np.where((samples == key).all(axis=2), 0, np.iinfo(alpha.dtype).max)
        if header.depth < 8:
            samples = samples * (255 // (2**header.depth - 1))
        pixels[...] = samples[:, :, : self.channels]


def _samples(rows: Pixels, header: PngHeader, width: int) -> Pixels:
    """(n, row bytes) → (n, width, samples a pixel), not yet scaled to 8 bits."""
    shape, depth = (len(rows), width, header.samples), header.depth
    if depth == 16:
        return rows.view(">u2").reshape(shape)
    if depth == 8:
        return rows.reshape(shape)
    count = width * header.samples
    if depth == 1:
        return np.unpackbits(rows, axis=1, count=count).reshape(shape)
    shifts = np.arange(8 - depth, -1, -depth, dtype=np.uint8)
    samples: Pixels = ((rows[:, :, np.newaxis] >> shifts) & (2**depth - 1)).reshape(len(rows), -1)[:, :count]
    return samples.reshape(shape)


def _transparency(data: bytes, png: PngChunks) -> tuple[int, ...] | None:
    """The content of tRNS: the opacities of the palette's first colours, or the one transparent sample(s)."""
    chunks = png.of_kind(b"tRNS")
    # The standard forbids it where alpha is stored (11.3.1.1); a damaged one is among the faults.
    if not chunks or png.header.colour in (4, 6) or chunks[0] in png.unsound:
        return None
    content = data[chunks[0].content]
    if png.header.colour == 3:
        return tuple(content[:256])
    count = png.header.samples
    if len(content) < 2 * count:
        return None
    return tuple(value & (2**png.header.depth - 1) for value in struct.unpack(f">{count}H", content[: 2 * count]))


def _palette(data: bytes, png: PngChunks, opacities: tuple[int, ...] | None) -> tuple[Pixels, Pixels, int]:
    """(256, 3) colours and (256,) opacities, and how many the file gives; the others are black and opaque."""
    chunks = png.of_kind(b"PLTE")
    content = data[chunks[0].content][: 3 * 256] if chunks else b""
    known = len(content) // 3
    colours, alpha = np.zeros((256, 3), np.uint8), np.full(256, 255, np.uint8)
    colours[:known] = np.frombuffer(content, np.uint8, known * 3).reshape(-1, 3)
    alpha[: len(opacities or ())] = opacities or ()
    return colours, alpha, known
