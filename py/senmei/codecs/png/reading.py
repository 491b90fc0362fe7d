"""PNG stills of every depth, colour type and interlacing, so that nothing but the result is held whole."""

from __future__ import annotations

import struct

import numpy as np
from PIL import Image

from ...picture import Pixels
from ..canvas import Canvas
from ..inflating import Inflated
from ..signatures import damaged
from ..still_file import refuse_lying_size
from .chunks import SIGNATURE, PngChunks, read_chunks
from .unfiltering import unfiltered_rows

_DEFLATE_EXPANSION = 1032

# First column and row, and their steps (W3C PNG, third edition, 8.1).
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_WHOLE = ((0, 0, 1, 1),)


class PngFile:
    """A PNG file with its chunks verified. See StillFile."""

    format = "PNG"

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.png = read_chunks(data)
        header = self.png.header
        self.size = header.size
        self.depth = 16 if header.depth == 16 else 8
        self.channels = 1 if header.colour in (0, 4) else 3
        self._transparency = _transparency(data, self.png)
        self._palette = _palette(data, self.png, self._transparency) if header.colour == 3 else None
        self.has_alpha = header.colour in (4, 6) or self._transparency is not None
        self.frames = _frames(data, self.png)
        self._has_strays = False

    def image(self) -> Image.Image:
        return Image.new("L" if self.channels == 1 else "RGB", (1, 1))

    def without_damaged_texts(self) -> bytes:
        """The file without the chunks whose loss costs no pixels."""
        if not self.png.notes:
            return self.data
        return SIGNATURE + b"".join(self.data[chunk.whole] for chunk in self.png.chunks)

    def check(self, *, partial: bool) -> None:
        header = self.png.header
        data_bytes = sum(chunk.length for chunk in self.png.of_kind(b"IDAT"))
        if self.png.faults and not (partial and data_bytes):
            raise damaged("PNG", self.png.faults[0])
        most = 8 * _DEFLATE_EXPANSION / (header.samples * header.depth)
        refuse_lying_size("PNG", self.size, data_bytes, pixels_per_byte=most, partial=partial)

    def fill(self, canvas: Canvas, *, profile: bytes | None, partial: bool) -> list[str]:
        header = self.png.header
        inflated = Inflated(self.data, [chunk.content for chunk in self.png.of_kind(b"IDAT")], careful=partial)
        unit = max(1, header.samples * header.depth // 8)
        done = total = 0
        for x, y, dx, dy in _ADAM7 if header.is_interlaced else _WHOLE:
            width, height = (self.size.width - x + dx - 1) // dx, (self.size.height - y + dy - 1) // dy
            if width <= 0 or height <= 0:
                continue
            total += height
            for rows in unfiltered_rows(inflated, height, header.row_bytes(width), unit):
                self._write(rows, width, canvas, (slice(y, y + len(rows) * dy, dy), slice(x, None, dx)))
                y += len(rows) * dy
                done += len(rows)
        if not inflated.problem:
            inflated.check_end()
        faults = [*self.png.faults, *([inflated.problem] if inflated.problem else [])]
        if faults and not (partial and done):
            raise damaged("PNG", faults[0])
        notes = list(self.png.notes)
        if faults:
            what = "rows of its interlacing" if header.is_interlaced else "rows"
            rest = "" if done == total else "; the rest is empty"
            notes.append(f"This PNG file is damaged ({faults[0]}): {done} of {total} {what} could be read{rest}.")
        if self._has_strays:
            notes.append("Some pixels have colours that its palette lacks; they are black.")
        return notes

    def _write(self, rows: Pixels, width: int, canvas: Canvas, where: tuple[slice, slice]) -> None:
        header = self.png.header
        samples = _samples(rows, header.depth, width * header.samples).reshape(len(rows), width, header.samples)
        pixels, alpha = canvas.stored_pixels[where], None if canvas.stored_alpha is None else canvas.stored_alpha[where]
        if self._palette is not None:
            colours, opacities, known = self._palette
            indices = samples[:, :, 0]
            self._has_strays |= known < 2**header.depth and bool((indices >= known).any())
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


def _samples(rows: Pixels, depth: int, count: int) -> Pixels:
    """(n, row bytes) → (n, count) samples, not yet scaled to 8 bits."""
    if depth == 16:
        return rows.view(">u2")
    if depth == 8:
        return rows
    if depth == 1:
        return np.unpackbits(rows, axis=1, count=count)
    shifts = np.arange(8 - depth, -1, -depth, dtype=np.uint8)
    samples: Pixels = ((rows[:, :, np.newaxis] >> shifts) & (2**depth - 1)).reshape(len(rows), -1)[:, :count]
    return samples


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


def _frames(data: bytes, png: PngChunks) -> int:
    """How many pictures an APNG shows; the still one, where it is not the first of them, counts as Pillow counts it."""
    controls = png.of_kind(b"acTL")
    if not controls or controls[0].length < 8:
        return 1
    kinds = [chunk.kind for chunk in png.chunks]
    count = int(struct.unpack_from(">I", data, controls[0].content.start)[0])
    first_data = kinds.index(b"IDAT") if b"IDAT" in kinds else len(kinds)
    if count == 0 or kinds.index(b"acTL") > first_data:
        return 1
    return min(count, kinds.count(b"fcTL")) + (b"fcTL" not in kinds[:first_data])
