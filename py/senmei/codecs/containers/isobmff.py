"""The size of an AVIF or HEIC picture, from its container (ISO/IEC 23008-12, 6.5 and 9.3), without decoding it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ...geometry import Size
from ..signatures import damaged

_ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")
_LARGEST_SIDE = 2**31 - 1


@dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class ContainerHeader:
    """size: as shown, turned as the container asks for."""

    size: Size
    has_alpha: bool


def read_container(data: bytes, name: str) -> ContainerHeader:
    """Raises CorruptImage when no size can be found."""
    try:
        return _read(data, name)
    except (struct.error, IndexError, ValueError) as error:
        raise damaged(name, f"its container is cut off or broken: {error}") from error


def _read(data: bytes, name: str) -> ContainerHeader:
    meta = _find(data, _boxes(data, 0, len(data)), b"meta")
    if meta is None:
        raise damaged(name, "it has no box “meta” with the facts of its picture")
    inside = list(_boxes(data, meta.start + 4, meta.stop))
    containers = _find(data, _boxes_in(data, inside, b"iprp"), b"ipco")
    properties = list(_boxes(data, containers.start, containers.stop)) if containers else []
    primary = _primary(data, inside)
    used = [properties[index - 1] for index in _associations(data, inside, primary) if 0 < index <= len(properties)]
    sizes = [_size(data, box) for box in used if box.kind == b"ispe"]
    if not sizes:
        raise damaged(name, "its container does not say how large its picture is")
    width, height = sizes[0]
    if not (1 <= width <= _LARGEST_SIDE and 1 <= height <= _LARGEST_SIDE):
        raise damaged(name, f"its container claims {width} × {height} pixels")
    is_turned = any(box.kind == b"irot" and data[box.start] & 1 for box in used)
    has_alpha = any(
        box.kind == b"auxC" and data[box.start + 4 : box.stop].split(b"\0")[0] in _ALPHA for box in properties
    )
    return ContainerHeader(Size(height, width) if is_turned else Size(width, height), has_alpha)


def _boxes(data: bytes, start: int, stop: int) -> Iterator[_Box]:
    """The boxes of one level (ISO/IEC 14496-12, 4.2)."""
    while start + 8 <= stop:
        length, kind = struct.unpack_from(">I4s", data, start)
        content = start + 8
        if length == 1:
            length, content = struct.unpack_from(">Q", data, content)[0], content + 8
        end = stop if length == 0 else start + length
        if end < content or end > stop:
            # A truncated last box still tells its beginning.
            end = stop
        yield _Box(kind, content, end)
        start = end


def _find(data: bytes, boxes: Iterator[_Box], kind: bytes) -> _Box | None:
    return next((box for box in boxes if box.kind == kind), None)


def _boxes_in(data: bytes, boxes: list[_Box], kind: bytes) -> Iterator[_Box]:
    box = _find(data, iter(boxes), kind)
    return iter(()) if box is None else _boxes(data, box.start, box.stop)


def _size(data: bytes, box: _Box) -> tuple[int, int]:
    width, height = struct.unpack_from(">II", data, box.start + 4)
    return width, height


def _primary(data: bytes, boxes: list[_Box]) -> int:
    box = _find(data, iter(boxes), b"pitm")
    if box is None:
        return 0
    return int.from_bytes(data[box.start + 4 : box.start + (8 if data[box.start] else 6)], "big")


def _associations(data: bytes, boxes: list[_Box], item: int) -> list[int]:
    """The numbers, from 1 on, of the item's properties (ISO/IEC 23008-12, 9.3.3)."""
    box = _find(data, _boxes_in(data, boxes, b"iprp"), b"ipma")
    for box in _boxes_in(data, boxes, b"iprp"):
        if box.kind != b"ipma":
            continue
        version, is_wide = data[box.start], data[box.start + 3] & 1
        count = struct.unpack_from(">I", data, box.start + 4)[0]
        place = box.start + 8
        for _ in range(min(count, box.stop - place)):
            one = int.from_bytes(data[place : place + (4 if version else 2)], "big")
            place += 4 if version else 2
            numbers = []
            for at in range(data[place]):
                if is_wide:
                    numbers.append(int.from_bytes(data[place + 1 + 2 * at : place + 3 + 2 * at], "big") & 0x7FFF)
                else:
                    numbers.append(data[place + 1 + at] & 0x7F)
            place += 1 + len(numbers) * (2 if is_wide else 1)
            if one == item:
                return numbers
    return []
