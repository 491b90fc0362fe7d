"""The frames of an animated WebP: where in the file and on the canvas each lies, found without decoding any
(RFC 9649, 2.7)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from ...errors import CorruptImage
from ...geometry import Region, Size
from ..compositing import Disposal, Placement
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

_DISPOSED, _NOT_BLENDED = 1, 2


@dataclass(frozen=True, slots=True)
class WebpFrame:
    """start: the byte where its ANMF chunk's content begins. picture: its VP8 or VP8L chunk. opacity: the ALPH chunk
    that goes with a VP8 chunk."""

    start: int
    placement: Placement
    duration_ms: float
    picture: Chunk
    opacity: Chunk | None


@dataclass(frozen=True, slots=True)
class WebpStructure:
    """frames: all that are whole, up to the first fault. fault: what is wrong, with the place, or "". is_cut: whether
    that is only that the file ends. loop_count: times played, 0 = for ever."""

    size: Size
    frames: tuple[WebpFrame, ...]
    fault: str
    is_cut: bool
    loop_count: int
    background: tuple[int, int, int]


def read_structure(data: bytes, *, partial: bool) -> WebpStructure:
    """Raises CorruptImage for a file that is no animation, and for a canvas out of all proportion to its frames."""
    chunks, fault = file_chunks(data)
    if not chunks or chunks[0][0] != b"VP8X":
        raise damaged("WebP", fault or "it does not begin with the header of an animation")
    size, _, is_animated = read_header(data, *chunks[0][:2])
    if not is_animated:
        raise damaged("WebP", "it is no animation")
    is_cut = bool(fault) and struct.unpack_from("<I", data, 4)[0] + 8 > len(data)
    settings: tuple[tuple[int, int, int], int] | None = None
    frames: list[WebpFrame] = []
    for kind, start, length in chunks:
        if kind == b"ANIM" and settings is None and length >= 6:
            blue, green, red, _, plays = struct.unpack_from("<BBBBH", data, start)
            settings = (red, green, blue), plays
        elif kind == b"ANMF" and settings is None:
            raise damaged("WebP", f"its frame at byte {start} comes before its ANIM chunk")
        elif kind == b"ANMF":
            try:
                frames.append(_frame(data, start, length, size, partial=partial))
            except (_Fault, CorruptImage) as error:
                fault, is_cut = str(error), False
                break
    if settings is None:
        raise damaged("WebP", fault or "it has no ANIM chunk")
    largest = max((frame.placement.region.size.pixels for frame in frames), default=0)
    if largest and size.pixels > max(CANVAS_TO_FRAME * largest, ALWAYS_PLAUSIBLE_PIXELS):
        raise damaged("WebP", f"its canvas has {size} pixels, but its largest frame {largest}")
    return WebpStructure(size, tuple(frames), fault, is_cut, settings[1], settings[0])


class _Fault(Exception):
    """What is wrong with a frame, and where."""


def _frame(data: bytes, start: int, length: int, canvas: Size, *, partial: bool) -> WebpFrame:
    if length < FRAME_HEADER_BYTES:
        raise _Fault(f"its header at byte {start} is cut off")
    x, y, width, height, duration = (
        int.from_bytes(data[start + at : start + at + 3], "little") for at in range(0, 15, 3)
    )
    flags = data[start + 15]
    region = Region(2 * x, 2 * y, 1 + width, 1 + height)
    if not region.within(canvas):
        raise _Fault(f"at byte {start} it has {region.size} pixels at {region.x}, {region.y}, not all within {canvas}")
    chunks, fault = chunks_between(data, start + FRAME_HEADER_BYTES, start + length)
    picture = next((chunk for chunk in chunks if chunk[0] in (b"VP8 ", b"VP8L")), None)
    if picture is None:
        raise _Fault(fault or f"at byte {start} it has no picture data")
    before = chunks[: chunks.index(picture)]
    opacity = next((chunk for chunk in before if chunk[0] == b"ALPH" and picture[0] == b"VP8 "), None)
    try:
        size, has_alpha, _ = read_header(data, *picture[:2])
    except CorruptImage as error:
        raise _Fault(f"its header at byte {picture[1]} is broken") from error
    if size != region.size:
        raise _Fault(f"at byte {start} it has not the {region.size} pixels that it claims, but {size}")
    try:
        most = LOSSY_PIXELS_PER_BYTE if picture[0] == b"VP8 " else LOSSLESS_PIXELS_PER_BYTE
        refuse_lying_size("WebP", size, picture[2], pixels_per_byte=most, partial=partial)
    except CorruptImage as error:
        raise _Fault(f"at byte {start} it claims {size} pixels, but holds {picture[2]} bytes of them") from error
    disposal = Disposal.BACKGROUND if flags & _DISPOSED else Disposal.NONE
    placement = Placement(region, not flags & _NOT_BLENDED, disposal, has_alpha or opacity is not None)
    return WebpFrame(start, placement, float(duration), picture, opacity)
