"""Animated GIF files written by code, block by block, also wrongly where a test asks for it.

Pictures are drawn with letters, rows divided by "/": `k w r g b c m y` are the eight colours of PALETTE in their
order, "." is transparent in what is expected.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LETTERS = "kwrgbcmy"
PALETTE = np.array(
    [(0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 255, 255), (255, 0, 255), (255, 255, 0)],
    np.uint8,
)
TRAILER = b";"


@dataclass(frozen=True, slots=True, eq=False)
class GifCase:
    """frames: (H, W, 4) RGBA after each of its images. notes: words that tell of what is odd, in order. chromium: why
    it shows otherwise."""

    name: str
    data: bytes
    frames: tuple[NDArray[Any], ...]
    durations_ms: tuple[float, ...]
    loop_count: int = 1
    notes: tuple[str, ...] = ()
    chromium: str = ""

    @property
    def ends(self) -> list[int]:
        """Which of the frames are complete: those without a delay are parts of the next, unless all are so and the file
        is played more than once."""
        delayed = [index for index, duration in enumerate(self.durations_ms) if duration]
        if not delayed and self.loop_count != 1:
            return list(range(len(self.frames)))
        return sorted({*delayed, len(self.frames) - 1})

    @property
    def shown(self) -> list[tuple[NDArray[Any], float]]:
        """The complete frames and their durations."""
        return [(self.frames[index], self.durations_ms[index]) for index in self.ends]

    @property
    def why_chromium_differs(self) -> str:
        parts = "It shows the parts of a frame one after the other." if len(self.ends) < len(self.frames) else ""
        return self.chromium or parts


def gif_case(
    name: str,
    *parts: bytes,
    frames: list[str] | list[NDArray[Any]],
    size: str = "22",
    is_looped: bool = True,
    **more: Any,
) -> GifCase:
    """size: of a screen with PALETTE in front of the parts, or "" where they have their own. frames: drawings or
    arrays; delays of 0 unless given. is_looped: several frames without delays get a loop for ever, so that each is one,
    unless the parts have a loop of their own."""
    head = screen(int(size[0]), int(size[1])) if size else b""
    pictures = tuple(shown(frame) if isinstance(frame, str) else frame for frame in frames)
    durations = more.pop("durations", [0] * len(pictures))
    if is_looped and size and len(pictures) > 1 and not any(durations) and "loop_count" not in more:
        head += loop(0)
        more["loop_count"] = 0
    return GifCase(name, head + b"".join(parts) + TRAILER, pictures, tuple(map(float, durations)), **more)


def opaque(colours: NDArray[Any]) -> NDArray[Any]:
    return np.dstack((colours, np.full(colours.shape[:2], 255, np.uint8)))


def indices(drawing: str) -> NDArray[Any]:
    """(h, w) places in PALETTE."""
    return np.array([[LETTERS.index(letter) for letter in row] for row in drawing.split("/")], np.uint8)


def shown(drawing: str, palette: NDArray[Any] = PALETTE) -> NDArray[Any]:
    """(h, w, 4) RGBA; transparent pixels are 0."""
    rows = drawing.split("/")
    made = np.zeros((len(rows), len(rows[0]), 4), np.uint8)
    for y, row in enumerate(rows):
        for x, letter in enumerate(row):
            if letter != ".":
                made[y, x] = (*palette[LETTERS.index(letter)], 255)
    return made


def screen(
    width: int,
    height: int,
    palette: NDArray[Any] | None = PALETTE,
    *,
    background: int = 0,
    version: bytes = b"GIF89a",
) -> bytes:
    """The header and the logical screen descriptor (GIF89a, 17 and 18)."""
    flags = 0x70 if palette is None else 0xF0 | _table_bits(palette)
    return version + struct.pack("<HHBBB", width, height, flags, background, 0) + _table(palette)


def image(
    pixels: NDArray[Any] | str,
    *,
    at: tuple[int, int] = (0, 0),
    palette: NDArray[Any] | None = None,
    interlaced: bool = False,
    bits: int = 3,
    size: tuple[int, int] | None = None,
    data: bytes | None = None,
    block: int = 255,
) -> bytes:
    """One picture. size: claimed, instead of that of the pixels; data: its codes, made otherwise than by lzw()."""
    rows = indices(pixels) if isinstance(pixels, str) else pixels
    width, height = size or (rows.shape[1], rows.shape[0])
    flags = (0x40 if interlaced else 0) | (0 if palette is None else 0x80 | _table_bits(palette))
    if interlaced:
        rows = np.concatenate([rows[0::8], rows[4::8], rows[2::4], rows[1::2]])
    codes = lzw(rows.reshape(-1).tolist(), bits) if data is None else data
    head = b"," + struct.pack("<HHHHB", *at, width, height, flags) + _table(palette)
    return head + bytes((bits,)) + blocks(codes, block)


def control(delay: int = 0, disposal: int = 0, transparent: int | None = None, *, flags: int | None = None) -> bytes:
    """A graphic control extension (GIF89a, 23); transparent counts only if flags, where given, have bit 0 set."""
    packed = disposal << 2 | (transparent is not None) if flags is None else flags
    return extension(0xF9, struct.pack("<BHB", packed, delay, transparent or 0))


def loop(count: int, name: bytes = b"NETSCAPE2.0") -> bytes:
    return extension(0xFF, name, b"\1" + struct.pack("<H", count))


def extension(label: int, *contents: bytes) -> bytes:
    return bytes((0x21, label)) + b"".join(bytes((len(content),)) + content for content in contents) + b"\0"


def blocks(data: bytes, length: int = 255) -> bytes:
    parts = [data[start : start + length] for start in range(0, len(data), length)]
    return b"".join(bytes((len(part),)) + part for part in parts) + b"\0"


def lzw(
    values: Iterable[int],
    bits: int,
    *,
    clear: bool = True,
    end: bool = True,
    widest: int = 12,
    clear_when_full: bool = True,
    clear_each: int = 0,
) -> bytes:
    """The codes (GIF89a, appendix F). widest: bits of a code, after which the table is cleared or stays as it is.

    clear_each: so many clear codes in front of every value.
    """
    writer = CodeWriter(bits)
    if clear:
        writer.clear()
    if clear_each:
        for value in values:
            for _ in range(clear_each):
                writer.clear()
            writer.put(value)
        values = ()
    table: dict[tuple[int, int], int] = {}
    prefix: int | None = None
    for value in values:
        if prefix is None:
            prefix = value
        elif (prefix, value) in table:
            prefix = table[prefix, value]
        else:
            writer.put(prefix)
            if writer.next < 1 << widest:
                table[prefix, value] = writer.next
            elif clear_when_full:
                writer.clear()
                table.clear()
            prefix = value
    if prefix is not None:
        writer.put(prefix)
    if end:
        writer.put((1 << bits) + 1)
    return writer.bytes()


class CodeWriter:
    """Codes as they come, each as wide as a decoder expects it. next: the first free entry of a decoder's table."""

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._stream = self._length = 0
        self._fresh()

    def _fresh(self) -> None:
        self.next = (1 << self._bits) + 1
        self._width = self._bits + 1

    def clear(self) -> None:
        self.put(1 << self._bits)
        self._fresh()

    def put(self, code: int) -> None:
        self._stream |= code << self._length
        self._length += self._width
        if self.next < 4096:
            self.next += 1
            if self.next >= 1 << self._width and self._width < 12:
                self._width += 1

    def bytes(self) -> bytes:
        return self._stream.to_bytes((self._length + 7) // 8, "little")


def _table_bits(palette: NDArray[Any]) -> int:
    return max(len(palette) - 1, 1).bit_length() - 1


def _table(palette: NDArray[Any] | None) -> bytes:
    if palette is None:
        return b""
    return palette.astype(np.uint8).tobytes().ljust(3 << (_table_bits(palette) + 1), b"\0")
