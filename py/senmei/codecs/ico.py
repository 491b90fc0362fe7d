"""ICO stills: the largest of the pictures that an icon holds, of equal ones the one with the most colours."""

from __future__ import annotations

import struct
from io import BytesIO
from typing import NamedTuple

import numpy as np
from PIL import BmpImagePlugin, Image

from ..errors import SenmeiError
from ..geometry import Size
from ..picture import Pixels
from .bmp.structure import read_bmp_header
from .canvas import Canvas
from .pillow_samples import write_samples
from .png.chunks import SIGNATURE
from .png.reading import PngFile
from .signatures import damaged
from .still_file import StillFile, refuse_lying_size


class _Entry(NamedTuple):
    """Sorted from small to large."""

    pixels: int
    bits: int
    start: int
    length: int


def open_icon(data: bytes) -> StillFile:
    """Raises CorruptImage when no entry is there."""
    count = struct.unpack_from("<H", data, 4)[0]
    entries = []
    for place in range(6, min(6 + 16 * count, len(data) - 15), 16):
        width, height, _, _, _, bits, length, start = struct.unpack_from("<BBBBHHII", data, place)
        entries.append(_Entry((width or 256) * (height or 256), bits, start, length))
    if not entries:
        raise damaged("ICO", f"it ends at byte {len(data)}, within its list of pictures")
    best = max(entries)
    content = data[best.start : best.start + best.length]
    if content.startswith(SIGNATURE):
        return _PngIcon(content, len(entries), best.start)
    return _BitmapIcon(data, best, len(entries))


def _note_of(count: int) -> list[str]:
    return [f"The icon holds {count} pictures; the largest was read."] if count > 1 else []


class _PngIcon(PngFile):
    format = "ICO"
    is_animated = False

    def __init__(self, content: bytes, count: int, start: int) -> None:
        self._count, self._start = count, start
        try:
            super().__init__(content)
        except SenmeiError as error:
            raise self._in_icon(error) from error
        self.is_animated = False

    def check(self, *, partial: bool) -> None:
        try:
            super().check(partial=partial)
        except SenmeiError as error:
            raise self._in_icon(error) from error

    def fill(self, canvas: Canvas, *, profile: bytes | None, partial: bool) -> list[str]:
        try:
            return super().fill(canvas, profile=profile, partial=partial) + _note_of(self._count)
        except SenmeiError as error:
            raise self._in_icon(error) from error

    def _in_icon(self, error: SenmeiError) -> SenmeiError:
        return damaged("ICO", f"the PNG file within it at byte {self._start}: {error}".rstrip("."))


class _BitmapIcon:
    """A DIB of twice the height: the colours, and below them a mask of one bit a pixel. See StillFile."""

    format = "ICO"
    depth = 8
    channels = 3
    has_alpha = True
    is_animated = False

    def __init__(self, data: bytes, entry: _Entry, count: int) -> None:
        self.data = data
        self._count = count
        self._header = header = read_bmp_header(data, "ICO", place=entry.start)
        if header.size.height < 2 or header.is_run_length or header.is_top_down:
            raise damaged("ICO", f"its bitmap at byte {entry.start} is none that an icon can have")
        self.size = Size(header.size.width, header.size.height // 2)
        self._place = entry.start

    def image(self) -> Image.Image:
        return Image.new("RGB", (1, 1))

    def check(self, *, partial: bool) -> None:
        header = self._header
        available = max(0, len(self.data) - header.start)
        refuse_lying_size("ICO", self.size, available, pixels_per_byte=8 / header.bits, partial=partial)
        needed = header.row_bytes * self.size.height
        if available < needed:
            raise damaged("ICO", f"it ends at byte {len(self.data)}, but its pixels reach to {header.start + needed}")

    def fill(self, canvas: Canvas, *, profile: bytes | None, partial: bool) -> list[str]:
        dib = bytearray(self.data[self._place :])
        kind, at = ("<H", 6) if self._header.header_bytes == 12 else ("<i", 8)
        struct.pack_into(kind, dib, at, self.size.height)
        image = BmpImagePlugin.DibImageFile(BytesIO(bytes(dib)))
        image.load()
        notes = write_samples(image.convert("RGBA"), canvas, None)
        alpha = self._alpha()
        if alpha is None:
            notes.append("The icon's mask is missing; it was read without transparency.")
        if canvas.stored_alpha is not None:
            canvas.stored_alpha[...] = 255 if alpha is None else alpha
        return notes + _note_of(self._count)

    def _alpha(self) -> Pixels | None:
        """From the fourth byte of 32-bit pixels unless all are 0, as old ones have them; else from the mask."""
        header, (width, height) = self._header, (self.size.width, self.size.height)
        raw = np.frombuffer(self.data, np.uint8)[header.start :]
        if header.bits == 32:
            fourth = raw[: width * height * 4].reshape(height, width, 4)[::-1, :, 3]
            if fourth.any():
                return fourth
        row_bytes = (width + 31) // 32 * 4
        mask = raw[header.row_bytes * height :][: row_bytes * height]
        if len(mask) < row_bytes * height:
            return None
        return (1 - np.unpackbits(mask.reshape(height, row_bytes), axis=1, count=width)[::-1]) * np.uint8(255)
