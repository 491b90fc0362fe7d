"""A GIF file's blocks (GIF89a specification), up to its end mark or to where it breaks off."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ...geometry import Size
from ..signatures import damaged

_IMAGE, _EXTENSION, _END = 0x2C, 0x21, 0x3B
_GRAPHIC_CONTROL, _APPLICATION = 0xF9, 0xFF
_LOOPING = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
# A table of 4,096 entries has no room for more colours, their clear code and their end code.
_MAX_CODE_BITS = 11


@dataclass(frozen=True, slots=True)
class GifControl:
    """What a graphic control extension says of the picture behind it (GIF89a, 23)."""

    disposal: int = 0
    delay_cs: int = 0
    transparent: int | None = None


@dataclass(frozen=True, slots=True)
class GifImage:
    """One picture of the file, which may have no pixels, or lie beyond its screen.

    start: the byte at which it begins; palette: RGB triples, or b"" where there is none; code_bits: of the colours
    alone; data: its sub-blocks, with the empty one that ends them if `is_whole`.
    """

    start: int
    left: int
    top: int
    width: int
    height: int
    palette: bytes
    is_interlaced: bool
    code_bits: int
    data: slice
    is_whole: bool
    control: GifControl

    @property
    def pixels(self) -> int:
        return self.width * self.height

    @property
    def data_bytes(self) -> int:
        count: int = self.data.stop - self.data.start
        return count


@dataclass(frozen=True, slots=True)
class GifStructure:
    """size: of the screen, widened to the first picture. images: the whole ones, or the first if it is cut off.

    loop_count: how often the frames play in all, 0 = for ever. background: the colour that the screen's header names.
    fault: why the file is not whole, or "".
    """

    size: Size
    images: tuple[GifImage, ...]
    loop_count: int
    background: tuple[int, int, int] | None
    fault: str


def read_structure(data: bytes) -> GifStructure:
    """What browsers find in the file; they disagree only about what no encoder writes.

    Every picture is one frame, also where it has no delay. The last graphic control extension in front of a picture
    holds, and the last count of repetitions in the file. Whatever is no block ends the file.

    Raises CorruptImage when not even one picture begins, or when the screen has no pixels.
    """
    if len(data) < 13:
        raise damaged("GIF", f"it ends at byte {len(data)}, within its header")
    width, height, flags, background = struct.unpack_from("<HHBB", data, 6)
    shared, place = _palette(data, 13, flags)
    images: list[GifImage] = []
    control, loop_count, fault = GifControl(), 1, ""
    while not fault:
        block = data[place] if place < len(data) else None
        if block == _END:
            break
        if block == _EXTENSION and place + 2 <= len(data):
            label, start = data[place + 1], place + 2
            if label == _GRAPHIC_CONTROL:
                control = _control(data, start) or control
            elif label == _APPLICATION:
                loop_count = _loop_count(data, start, loop_count)
            place, fault = _behind_sub_blocks(data, start)
        elif block == _IMAGE and place + 11 <= len(data):
            image, fault = _image(data, place, shared, control)
            if image and (image.is_whole or not images):
                images.append(image)
                place, control = image.data.stop, GifControl()
        elif block in (None, _IMAGE, _EXTENSION):
            fault = f"it ends at byte {len(data)}, before its end mark"
        else:
            fault = f"at byte {place} there is no block, but {block:02X}"
    if not images:
        raise damaged("GIF", fault or "it holds no picture")
    first = images[0]
    width, height = max(width, first.left + first.width), max(height, first.top + first.height)
    if not (width and height):
        raise damaged("GIF", f"its screen and its first picture have {width} × {height} pixels")
    colour = shared[3 * background : 3 * background + 3]
    return GifStructure(
        Size(width, height),
        tuple(images),
        loop_count,
        (colour[0], colour[1], colour[2]) if len(colour) == 3 else None,
        fault,
    )


def sub_blocks(data: bytes, place: int) -> Iterator[slice]:
    """What each of the sub-blocks that begin at `place` holds (GIF89a, 15), the last as far as the file goes."""
    while place < len(data) and data[place]:
        stop = place + 1 + data[place]
        yield slice(place + 1, min(stop, len(data)))
        place = stop


def _image(data: bytes, place: int, shared: bytes, control: GifControl) -> tuple[GifImage | None, str]:
    """The picture that begins at `place`, if it has any data, and why it is not whole, or ""."""
    left, top, width, height, flags = struct.unpack_from("<HHHHB", data, place + 1)
    own, start = _palette(data, place + 10, flags)
    if start >= len(data):
        return None, f"it ends at byte {len(data)}, within the head of its picture at byte {place}"
    code_bits = data[start]
    if code_bits > _MAX_CODE_BITS:
        return None, f"its picture at byte {place} claims codes of {code_bits} bits"
    stop, fault = _behind_sub_blocks(data, start + 1)
    palette, interlaced = own or shared, bool(flags & 64)
    where = slice(start + 1, stop)
    image = GifImage(place, left, top, width, height, palette, interlaced, code_bits, where, not fault, control)
    return image, fault


def _control(data: bytes, place: int) -> GifControl | None:
    """None where it is too short to be one."""
    for block in sub_blocks(data, place):
        if block.stop - block.start < 4:
            break
        flags, delay_cs, index = struct.unpack_from("<BHB", data, block.start)
        return GifControl(flags >> 2 & 7, delay_cs, index if flags & 1 else None)
    return None


def _loop_count(data: bytes, place: int, known: int) -> int:
    """How often the frames play, if the application extension says so.

    It counts repetitions after the first time. Of its sub-blocks the one of 3 bytes and kind 1 holds the count,
    wherever it stands among them; kind 2 is how much to load before the start.
    """
    blocks = sub_blocks(data, place)
    name = next(blocks, slice(0, 0))
    if data[name] in _LOOPING:
        for block in blocks:
            if block.stop - block.start == 3 and data[block.start] == 1:
                repetitions: int = struct.unpack_from("<H", data, block.start + 1)[0]
                return repetitions + 1 if repetitions else 0
    return known


def _palette(data: bytes, place: int, flags: int) -> tuple[bytes, int]:
    length = 3 << ((flags & 7) + 1) if flags & 128 else 0
    return data[place : place + length], place + length


def _behind_sub_blocks(data: bytes, place: int) -> tuple[int, str]:
    while place < len(data) and data[place]:
        place += 1 + data[place]
    if place >= len(data):
        return len(data), f"it ends at byte {len(data)}, within a block"
    return place + 1, ""
