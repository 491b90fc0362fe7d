"""WebP stills, lossy and lossless, with alpha or without (RFC 9649)."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, WebPImagePlugin

from ...geometry import Size
from ..canvas import Canvas
from ..pillow_samples import write_samples
from ..signatures import damaged
from ..still_file import ALWAYS_PLAUSIBLE_PIXELS, refuse_lying_size
from .structure import (
    CANVAS_TO_FRAME,
    FRAME_HEADER_BYTES,
    LOSSLESS_PIXELS_PER_BYTE,
    LOSSY_PIXELS_PER_BYTE,
    Chunk,
    chunks_between,
    file_chunks,
    read_header,
)

_PICTURE_KINDS = (b"VP8 ", b"VP8L", b"VP8X")


class WebpFile:
    """A WebP file with its chunks walked through. See StillFile."""

    format = "WebP"
    depth = 8
    channels = 3

    def __init__(self, data: bytes) -> None:
        self.data = data
        chunks, self._fault = file_chunks(data)
        kind, start, _ = next((chunk for chunk in chunks if chunk[0] in _PICTURE_KINDS), (b"", 0, 0))
        if not kind:
            raise damaged("WebP", self._fault or "it holds no picture")
        self.size, self.has_alpha, is_animated = read_header(data, kind, start)
        frames = sum(kind == b"ANMF" for kind, _, _ in chunks)
        self.is_animated = is_animated and (frames > 1 or (frames == 1 and bool(self._fault)))
        self._data_bytes = sum(length for kind, _, length in chunks if kind in (b"VP8 ", b"VP8L", b"ANMF"))
        self._is_lossy = any(kind == b"VP8 " for kind, _, _ in chunks)
        if not self._fault:
            self._fault = self._other_sizes(chunks)

    def _other_sizes(self, chunks: list[Chunk]) -> str:
        """What is wrong with the canvas: it is as large as the one picture, and not far larger than all frames."""
        largest = 0
        for kind, start, length in chunks:
            if kind in (b"VP8 ", b"VP8L") and (size := read_header(self.data, kind, start)[0]) != self.size:
                return f"its canvas has {self.size} pixels, but its picture at byte {start} has {size}"
            if kind == b"ANMF":
                width, height = (1 + int.from_bytes(self.data[start + at : start + at + 3], "little") for at in (6, 9))
                for one, place, _ in chunks_between(self.data, start + FRAME_HEADER_BYTES, start + length)[0]:
                    if one in (b"VP8 ", b"VP8L") and read_header(self.data, one, place)[0] != Size(width, height):
                        return f"its frame at byte {start} has not the {width} × {height} pixels that it claims"
                largest = max(largest, width * height)
        if largest and self.size.pixels > max(CANVAS_TO_FRAME * largest, ALWAYS_PLAUSIBLE_PIXELS):
            return f"its canvas has {self.size} pixels, but its largest frame {largest}"
        return ""

    def image(self) -> Image.Image:
        return Image.new("RGB", (1, 1))

    def check(self, *, partial: bool) -> None:
        # The decoder gives nothing of a truncated picture.
        if self._fault:
            raise damaged("WebP", self._fault)
        if not self._data_bytes:
            raise damaged("WebP", "it has no picture data")
        most = LOSSY_PIXELS_PER_BYTE if self._is_lossy else LOSSLESS_PIXELS_PER_BYTE
        refuse_lying_size("WebP", self.size, self._data_bytes, pixels_per_byte=most, partial=partial)

    def fill(self, canvas: Canvas, *, profile: bytes | None, partial: bool) -> list[str]:
        image = WebPImagePlugin.WebPImageFile(BytesIO(self.data))
        if image.size != (self.size.width, self.size.height):
            raise damaged("WebP", f"it has two sizes, {self.size} and {image.width} × {image.height}")
        image.load()
        # It holds two more copies of the picture.
        image._decoder = None
        return write_samples(image, canvas, None)
