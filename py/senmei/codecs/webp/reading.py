"""WebP stills, lossy and lossless, with alpha or without (RFC 9649)."""

from __future__ import annotations

import struct
from io import BytesIO

from PIL import Image, WebPImagePlugin

from ...geometry import Size
from ..canvas import Canvas
from ..pillow_samples import write_samples
from ..signatures import damaged
from ..still_file import ALWAYS_PLAUSIBLE_PIXELS, refuse_lying_size

_PICTURE_KINDS = (b"VP8 ", b"VP8L", b"VP8X")
_HAS_ALPHA, _IS_ANIMATED = 0x10, 0x02

# A block of 16 × 16 lossy pixels takes more than a bit for its modes of prediction (RFC 6386, 11.2); a flat lossless
# picture takes a few bytes at any size.
_LOSSY_PIXELS_PER_BYTE = 2**11
_LOSSLESS_PIXELS_PER_BYTE = 2**23
_CANVAS_TO_FRAME = 64
_FRAME_HEADER_BYTES = 16

Chunk = tuple[bytes, int, int]
"""Its kind, and the place and length of its content."""


class WebpFile:
    """A WebP file with its chunks walked through. See StillFile."""

    format = "WebP"
    depth = 8
    channels = 3

    def __init__(self, data: bytes) -> None:
        self.data = data
        chunks, self._fault = _chunks(data)
        kind, start, _ = next((chunk for chunk in chunks if chunk[0] in _PICTURE_KINDS), (b"", 0, 0))
        if not kind:
            raise damaged("WebP", self._fault or "it holds no picture")
        self.size, self.has_alpha, is_animated = _header(data, kind, start)
        self.frames = max(1, sum(kind == b"ANMF" for kind, _, _ in chunks)) if is_animated else 1
        self._data_bytes = sum(length for kind, _, length in chunks if kind in (b"VP8 ", b"VP8L", b"ANMF"))
        self._is_lossy = any(kind == b"VP8 " for kind, _, _ in chunks)
        if not self._fault:
            self._fault = self._other_sizes(chunks)

    def _other_sizes(self, chunks: list[Chunk]) -> str:
        """What is wrong with the canvas: it is as large as the one picture, and not far larger than all frames."""
        largest = 0
        for kind, start, length in chunks:
            if kind in (b"VP8 ", b"VP8L") and (size := _header(self.data, kind, start)[0]) != self.size:
                return f"its canvas has {self.size} pixels, but its picture at byte {start} has {size}"
            if kind == b"ANMF":
                width, height = (1 + int.from_bytes(self.data[start + at : start + at + 3], "little") for at in (6, 9))
                for one, place, _ in _chunks_between(self.data, start + _FRAME_HEADER_BYTES, start + length)[0]:
                    if one in (b"VP8 ", b"VP8L") and _header(self.data, one, place)[0] != Size(width, height):
                        return f"its frame at byte {start} has not the {width} × {height} pixels that it claims"
                largest = max(largest, width * height)
        if largest and self.size.pixels > max(_CANVAS_TO_FRAME * largest, ALWAYS_PLAUSIBLE_PIXELS):
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
        most = _LOSSY_PIXELS_PER_BYTE if self._is_lossy else _LOSSLESS_PIXELS_PER_BYTE
        refuse_lying_size("WebP", self.size, self._data_bytes, pixels_per_byte=most, partial=partial)

    def fill(self, canvas: Canvas, *, profile: bytes | None, partial: bool) -> list[str]:
        image = WebPImagePlugin.WebPImageFile(BytesIO(self.data))
        if image.size != (self.size.width, self.size.height):
            raise damaged("WebP", f"it has two sizes, {self.size} and {image.width} × {image.height}")
        image.load()
        # It holds two more copies of the picture.
        image._decoder = None
        return write_samples(image, canvas, None)


def _chunks(data: bytes) -> tuple[list[Chunk], str]:
    """The file's chunks, and what is wrong with its structure, or ""."""
    stated = 8 + struct.unpack_from("<I", data, 4)[0]
    if stated < 12:
        return [], "its header names fewer bytes than the header itself has"
    chunks, fault = _chunks_between(data, 12, min(stated, len(data)))
    if stated > len(data):
        fault = f"its header names {stated} bytes, but it ends at byte {len(data)}"
    return chunks, fault


def _chunks_between(data: bytes, place: int, end: int) -> tuple[list[Chunk], str]:
    chunks: list[Chunk] = []
    while place + 8 <= end:
        kind, length = struct.unpack_from("<4sI", data, place)
        if place + 8 + length > end:
            return chunks, f"its chunk {kind.decode('latin-1')!r} at byte {place} reaches beyond its end"
        chunks.append((kind, place + 8, length))
        place += 8 + length + length % 2
    return chunks, ""


def _header(data: bytes, kind: bytes, start: int) -> tuple[Size, bool, bool]:
    """Size, whether there is alpha, and whether it is an animation."""
    head = data[start : start + 10]
    if len(head) < (5 if kind == b"VP8L" else 10):
        raise damaged("WebP", f"its header at byte {start} is cut off")
    if kind == b"VP8X":
        width, height = (1 + int.from_bytes(head[place : place + 3], "little") for place in (4, 7))
        return Size(width, height), bool(head[0] & _HAS_ALPHA), bool(head[0] & _IS_ANIMATED)
    if kind == b"VP8L":
        bits = int.from_bytes(head[1:5], "little")
        if head[0] != 0x2F or bits >> 29:
            raise damaged("WebP", f"at byte {start} there is no lossless picture")
        return Size(1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)), bool(bits >> 28 & 1), False
    width, height = (value & 0x3FFF for value in struct.unpack_from("<HH", head, 6))
    if head[3:6] != b"\x9d\x01\x2a" or not (width and height):
        raise damaged("WebP", f"at byte {start} there is no lossy picture")
    return Size(width, height), False, False
