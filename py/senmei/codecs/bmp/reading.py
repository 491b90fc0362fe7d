"""BMP stills of 1 to 32 bits, run-length coded ones too."""

from __future__ import annotations

import struct
from io import BytesIO

from PIL import BmpImagePlugin

from ..canvas import Canvas
from ..pillow_samples import layout_of, write_samples
from ..signatures import damaged
from ..still_file import pillow_unbound, refuse_lying_size
from .run_lengths import read_run_lengths
from .structure import read_bmp_header

# A run of two bytes has 255 pixels.
_RUN_PIXELS_PER_BYTE = 128
_WIDEST_RUNS = 65_535


class BmpFile:
    """A BMP file. See StillFile."""

    format = "BMP"
    is_animated = False

    def __init__(self, data: bytes) -> None:
        self.data = data
        # Files without an offset have their pixels right behind the palette.
        self._header = read_bmp_header(data, "BMP", rows_at=struct.unpack_from("<I", data, 10)[0] or None)
        self.size = self._header.size
        with pillow_unbound():
            self.depth, self.channels, self.has_alpha = layout_of(self.image(), "BMP")

    def image(self) -> BmpImagePlugin.BmpImageFile:
        try:
            image = BmpImagePlugin.BmpImageFile(BytesIO(self.data))
        except (SyntaxError, OSError, ValueError, TypeError) as error:
            raise damaged("BMP", error) from error
        if image.size != (self.size.width, self.size.height):
            raise damaged("BMP", f"it has two sizes, {self.size} and {image.width} × {image.height}")
        return image

    def check(self, *, partial: bool) -> None:
        header = self._header
        available = max(0, len(self.data) - header.start)
        most = _RUN_PIXELS_PER_BYTE if header.is_run_length else 8 / header.bits
        refuse_lying_size("BMP", self.size, available, pixels_per_byte=most, partial=partial)
        if header.is_run_length:
            if self.size.width > _WIDEST_RUNS:
                raise damaged("BMP", f"it claims {self.size} pixels in runs of up to 255")
            return
        needed = header.row_bytes * header.size.height
        if available < needed and not (partial and available >= header.row_bytes):
            raise damaged(
                "BMP", f"it ends at byte {len(self.data)}, but its {self.size} pixels reach to {header.start + needed}"
            )

    def fill(self, canvas: Canvas, *, profile: bytes | None, partial: bool) -> list[str]:
        return self._fill_runs(canvas, partial=partial) if self._header.is_run_length else self._fill_rows(canvas)

    def _fill_rows(self, canvas: Canvas) -> list[str]:
        image = self.image()
        image.load()
        notes = write_samples(image, canvas, None)
        header = self._header
        rows = (len(self.data) - header.start) // header.row_bytes
        if rows < header.size.height:
            notes.append(self._part(rows, f"it ends at byte {len(self.data)}"))
            self._clear(canvas, rows)
        return notes

    def _fill_runs(self, canvas: Canvas, *, partial: bool) -> list[str]:
        header = self._header
        indices, rows, fault = read_run_lengths(self.data, header.start, self.size, is_four_bits=header.bits == 4)
        if fault and not (partial and rows):
            raise damaged("BMP", f"{fault}, after {rows} of {self.size.height} rows")
        ordered = indices if header.is_top_down else indices[::-1]
        colours = header.palette(self.data)[:, : self.channels]
        for top in range(0, self.size.height, 64):
            canvas.stored_pixels[top : top + 64] = colours[ordered[top : top + 64]]
        if not fault:
            return []
        self._clear(canvas, rows)
        return [self._part(rows, fault)]

    def _part(self, rows: int, fault: str) -> str:
        order = "top" if self._header.is_top_down else "bottom"
        return (
            f"This BMP file is damaged ({fault}): {rows} of {self.size.height} rows, from the {order}, could be read; "
            "the rest is empty."
        )

    def _clear(self, canvas: Canvas, rows: int) -> None:
        """Makes 0 what lies behind the rows that could be read; Pillow leaves the palette's first colour there."""
        rest = slice(rows, None) if self._header.is_top_down else slice(0, self.size.height - rows)
        canvas.stored_pixels[rest] = 0
        if canvas.stored_alpha is not None:
            canvas.stored_alpha[rest] = 0
