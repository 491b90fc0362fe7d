"""TGA stills: gray, colour-mapped and true colour, run-length coded or not."""

from __future__ import annotations

from io import BytesIO

from PIL import TgaImagePlugin

from ...geometry import Size
from ..canvas import Canvas
from ..pillow_samples import layout_of, write_samples
from ..signatures import damaged
from ..still_file import refuse_lying_size
from .signature import size_of


class TargaFile:
    """A TGA file. See StillFile."""

    format = "TGA"
    is_animated = False

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = Size(*size_of(data))
        self._bits = data[16]
        self._is_run_length = data[2] >= 8
        colours, colour_bits = int.from_bytes(data[5:7], "little"), data[7]
        self._start = 18 + data[0] + (colours * ((colour_bits + 7) // 8) if data[1] else 0)
        if len(data) <= self._start:
            raise damaged("TGA", f"it ends at byte {len(data)}, before its pixels at {self._start}")
        self.depth, self.channels, has_alpha = layout_of(self.image(), "TGA")
        # The low bits of the descriptor are the bits of alpha; without them the fourth byte means nothing.
        self.has_alpha = has_alpha and (bool(data[17] & 15) or data[2] in (1, 9))

    def image(self) -> TgaImagePlugin.TgaImageFile:
        try:
            return TgaImagePlugin.TgaImageFile(BytesIO(self.data))
        except (SyntaxError, OSError, ValueError, TypeError) as error:
            raise damaged("TGA", error) from error

    def check(self, *, partial: bool) -> None:
        available = len(self.data) - self._start
        # A run of up to 128 pixels has one byte more than a pixel.
        most = 128 / (1 + self._bits / 8) if self._is_run_length else 8 / self._bits
        refuse_lying_size("TGA", self.size, available, pixels_per_byte=most, partial=partial)
        row_bytes = (self.size.width * self._bits + 7) // 8
        needed = 0 if self._is_run_length else row_bytes * self.size.height
        if available < needed and not (partial and available >= row_bytes):
            raise damaged(
                "TGA", f"it ends at byte {len(self.data)}, but its {self.size} pixels reach to {self._start + needed}"
            )

    def fill(self, canvas: Canvas, *, profile: bytes | None, partial: bool) -> list[str]:
        image = self.image()
        if not image.tile:
            raise damaged("TGA", f"its header asks for what TGA has not: {self._bits} bits a pixel")
        image.load()
        notes = write_samples(image, canvas, None)
        rows = self._rows_of_runs() if partial and self._is_run_length else self._rows_of_pixels()
        if rows < self.size.height:
            if not rows:
                raise damaged("TGA", f"it ends at byte {len(self.data)}, within its first row")
            part = f"{rows} of {self.size.height} rows"
            notes.append(f"This TGA file ends at byte {len(self.data)}: {part} could be read; the rest is empty.")
            is_from_top = bool(self.data[17] & 0x20)
            rest = slice(rows, None) if is_from_top else slice(0, self.size.height - rows)
            canvas.stored_pixels[rest] = 0
            if canvas.stored_alpha is not None:
                canvas.stored_alpha[rest] = 0
        return notes

    def _rows_of_pixels(self) -> int:
        if self._is_run_length:
            return self.size.height
        return (len(self.data) - self._start) // ((self.size.width * self._bits + 7) // 8)

    def _rows_of_runs(self) -> int:
        """Counted packet by packet, because Pillow does not say where it stopped."""
        pixel_bytes = self._bits // 8
        place, pixels = self._start, 0
        while place < len(self.data) and pixels < self.size.pixels:
            head = self.data[place]
            count = 1 + (head & 127)
            place += 1 + pixel_bytes * (1 if head & 128 else count)
            if place > len(self.data):
                break
            pixels += count
        return min(pixels // self.size.width, self.size.height)
