"""A JPEG file's segments up to its end mark: what can be known of its soundness without decoding it.

Pillow does not pass on the warnings of its JPEG library, which fills what it cannot read with gray. (T.81, Annex B.)
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field

from ...errors import UnsupportedFormat
from ...geometry import Size
from ..signatures import damaged

_SOF, _SOS, _EOI, _DRI, _DNL = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}, 0xDA, 0xD9, 0xDD, 0xDC
_BASELINE, _EXTENDED, _PROGRESSIVE = 0xC0, 0xC1, 0xC2
_ARITHMETIC = {0xC9, 0xCA}
_KINDS = {0xC3: "lossless", 0xC5: "hierarchical", 0xC6: "hierarchical", 0xC7: "hierarchical lossless"}

# Each costs a pass over the whole picture, however little data it has; sound files have some tens at most.
_MOST_SCANS = 500

# Within a scan 0xFF is followed by 0, by more of itself, or by a restart mark.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")


@dataclass(frozen=True, slots=True)
class Component:
    """One colour of the frame: its name in scans and how many of its samples a unit has across and down."""

    name: int
    across: int
    down: int


@dataclass(slots=True)
class JpegStructure:
    """size, components and kind of the frame; scan_bytes: of all scans; faults: sentences' ends, with the place."""

    size: Size
    kind: int
    components: tuple[Component, ...]
    scan_bytes: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def is_arithmetic(self) -> bool:
        return self.kind in _ARITHMETIC


def read_structure(data: bytes) -> JpegStructure:
    """Raises CorruptImage when there is no frame header, UnsupportedFormat for kinds that no reader has."""
    frame: JpegStructure | None = None
    interval = scans = 0
    unseen: set[int] = set()
    place = 2
    while True:
        start = data.find(b"\xff", place)
        place = start
        while data[place + 1 : place + 2] == b"\xff":
            place += 1
        if start < 0 or place + 2 > len(data):
            fault = f"it ends at byte {len(data)}, before its end mark"
            break
        marker = data[place + 1]
        if marker == _EOI:
            fault = f"its end mark at byte {place} comes before all its colours" if unseen else ""
            break
        if marker in (0x00, 0x01) or 0xD0 <= marker <= 0xD7:
            # Stuffing between segments; decoders pass over it.
            place += 2
            continue
        if marker < 0xC0 or marker == 0xD8:
            fault = f"at byte {place} stands the mark {marker:02X}, which makes no sense there"
            break
        length = int.from_bytes(data[place + 2 : place + 4], "big")
        content = data[place + 4 : place + 2 + length]
        if length < 2 or place + 2 + length > len(data):
            fault = f"its segment {marker:02X} at byte {place} has {length} bytes, but the file ends at {len(data)}"
            break
        if marker in _SOF:
            if frame is not None:
                fault = f"it has a second frame at byte {place}"
                break
            frame = _frame(marker, content, place)
            unseen = {component.name for component in frame.components}
        elif marker == _DRI:
            interval = int.from_bytes(content[:2], "big")
        place += 2 + length
        if marker == _SOS:
            if frame is None:
                fault = f"its scan at byte {place} comes before its size"
                break
            found = _NEXT_MARKER.search(data, place)
            stop = len(data) if found is None else found.start()
            names = set(content[1 : 1 + 2 * content[0] : 2]) if content else set()
            fault = _scan_fault(frame, names, interval, data, place, stop)
            if fault:
                frame.faults.append(fault)
            frame.scan_bytes += stop - place
            scans += 1
            if scans > _MOST_SCANS:
                raise damaged("JPEG", f"it has more than {_MOST_SCANS} scans")
            unseen -= names
            place = stop
    if frame is None:
        raise damaged("JPEG", fault or "it has no frame")
    if not frame.scan_bytes:
        frame.faults.append("it has no picture data")
    frame.faults += [fault] if fault else []
    return frame


def _frame(marker: int, content: bytes, place: int) -> JpegStructure:
    if len(content) < 6:
        raise damaged("JPEG", f"its frame header at byte {place} is cut off")
    bits, height, width, count = struct.unpack_from(">BHHB", content)
    if marker not in (_BASELINE, _EXTENDED, _PROGRESSIVE, *_ARITHMETIC):
        raise UnsupportedFormat(f"This is a {_KINDS.get(marker, 'hierarchical')} JPEG, which is not read.")
    if bits != 8:
        raise UnsupportedFormat(f"This JPEG has {bits} bits a sample; 8 are read.")
    if count not in (1, 3, 4):
        raise UnsupportedFormat(f"This JPEG has {count} colours; 1, 3 and 4 are read.")
    if not (width and height) or len(content) < 6 + 3 * count:
        raise damaged("JPEG", f"its frame header at byte {place} claims {width} × {height} pixels of {count} colours")
    triples = [content[6 + 3 * index : 9 + 3 * index] for index in range(count)]
    components = tuple(Component(name, factors >> 4, factors & 15) for name, factors, _ in triples)
    if any(not (1 <= one.across <= 4 and 1 <= one.down <= 4) for one in components):
        raise damaged("JPEG", f"its frame header at byte {place} has impossible sampling factors")
    return JpegStructure(Size(width, height), marker, components)


def _scan_fault(frame: JpegStructure, names: set[int], interval: int, data: bytes, start: int, stop: int) -> str:
    """What is wrong with the scan's restart marks, which come in order, one after each interval but the last."""
    if not names or names - {component.name for component in frame.components}:
        return f"its scan at byte {start} names colours that the frame has not"
    marks = [(match.start(), data[match.start() + 1] & 7) for match in _RESTART.finditer(data, start, stop)]
    for index, (place, number) in enumerate(marks):
        if number != index % 8:
            return f"its restart marks are out of order at byte {place}"
    if marks and marks[-1][0] == stop - 2:
        # Some writers put one behind the last interval too.
        marks.pop()
    expected = -(-_units(frame, names) // interval) - 1 if interval else 0
    if len(marks) != expected:
        return f"its scan at byte {start} has {len(marks)} restart marks instead of {expected}"
    return ""


def _units(frame: JpegStructure, names: set[int]) -> int:
    """How many units (MCUs) a scan of these components has (T.81, A.2)."""
    across = max(component.across for component in frame.components)
    down = max(component.down for component in frame.components)
    if len(names) == 1:
        one = next(component for component in frame.components if component.name in names)
        width, height = -(-frame.size.width * one.across // across), -(-frame.size.height * one.down // down)
        return -(-width // 8) * -(-height // 8)
    return -(-frame.size.width // (8 * across)) * -(-frame.size.height // (8 * down))
