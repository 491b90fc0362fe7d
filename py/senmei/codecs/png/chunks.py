"""A PNG file's chunks, each with its place and its check sum verified, and the header that they start with."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from ...errors import UnsupportedFormat
from ...geometry import Size
from ..signatures import damaged

SIGNATURE = b"\x89PNG\r\n\x1a\n"
LARGEST_SIDE = 2**31 - 1

_KIND = re.compile(rb"[A-Za-z]{4}")
_CRITICAL = {b"IHDR", b"PLTE", b"IDAT", b"IEND"}
# Not critical by name, but without them the pixels would silently be others.
_FRAMES = {b"acTL", b"fcTL", b"fdAT"}
PICTURE_KINDS = frozenset(_CRITICAL | _FRAMES | {b"tRNS"})
"""Those that make up the pixels: a fault in another chunk costs no more than itself."""

_DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}


@dataclass(frozen=True, slots=True)
class Chunk:
    """kind, e.g. b"IDAT"; start: where its length field is; length: of its content."""

    kind: bytes
    start: int
    length: int

    @property
    def content(self) -> slice:
        return slice(self.start + 8, self.start + 8 + self.length)

    @property
    def whole(self) -> slice:
        return slice(self.start, self.start + 12 + self.length)

    def __str__(self) -> str:
        return f"its chunk {self.kind.decode()} at byte {self.start}"


@dataclass(frozen=True, slots=True)
class Step:
    """One chunk on the way through a file. chunk: None where bytes that are none were passed over. fault: what is wrong
    with it, or "". is_cut: whether that is only the end of the file, within the chunk or before it."""

    chunk: Chunk | None
    fault: str
    is_cut: bool


@dataclass(frozen=True, slots=True)
class PngHeader:
    """The content of IHDR. colour: 0 gray, 2 RGB, 3 palette, 4 gray and alpha, 6 RGB and alpha."""

    size: Size
    depth: int
    colour: int
    is_interlaced: bool

    @property
    def samples(self) -> int:
        return {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[self.colour]

    def row_bytes(self, width: int) -> int:
        return (width * self.samples * self.depth + 7) // 8


@dataclass(frozen=True, slots=True)
class PngChunks:
    """The chunks that can be used, up to IEND or to where the file breaks off.

    faults: what is wrong with the picture's own chunks, with the place, in the order of the file; empty for a sound
    file. A chunk with a wrong check sum is among the faults and `unsound`, but still in `chunks`. misplaced: those of
    the faults that sound chunks have by where they stand. notes: about chunks that were left out.
    """

    header: PngHeader
    chunks: tuple[Chunk, ...]
    unsound: frozenset[Chunk]
    faults: tuple[str, ...]
    misplaced: tuple[str, ...]
    notes: tuple[str, ...]

    def of_kind(self, kind: bytes) -> list[Chunk]:
        return [chunk for chunk in self.chunks if chunk.kind == kind]


def read_chunks(data: bytes) -> PngChunks:
    """Raises CorruptImage when not even the header can be read, UnsupportedFormat for unknown critical chunks."""
    view = memoryview(data)
    chunks: list[Chunk] = []
    unsound: set[Chunk] = set()
    faults: list[str] = []
    lost: list[str] = []
    header: PngHeader | None = None
    for step in walk(data):
        chunk, fault = step.chunk, step.fault
        if chunk is None:
            faults.append(fault)
            continue
        if header is None:
            header = _header(view, chunk, fault)
        if fault and chunk.kind not in PICTURE_KINDS and chunk.kind[:1].islower():
            lost.append(f"{chunk.kind.decode()} at byte {chunk.start}")
            continue
        if fault:
            faults.append(f"{fault} in {chunk}")
            unsound.add(chunk)
        if not fault and chunk.kind[:1].isupper() and chunk.kind not in _CRITICAL:
            raise UnsupportedFormat(f"This PNG file needs {chunk}, which is no part of PNG as it is read here.")
        chunks.append(chunk)
    if header is None:
        raise damaged("PNG", "it ends before its header")
    misplaced = _order_faults(header, chunks)
    notes = [f"Left out, because their check sums are wrong: {', '.join(lost)}."] if lost else []
    return PngChunks(header, tuple(chunks), frozenset(unsound), (*faults, *misplaced), tuple(misplaced), tuple(notes))


def walk(data: bytes) -> Iterator[Step]:
    """Every chunk from the header to the end mark, or to where the file ends."""
    view = memoryview(data)
    place = len(SIGNATURE)
    while place + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        chunk = Chunk(kind, place, length)
        is_named = bool(_KIND.fullmatch(kind))
        if not is_named or chunk.whole.stop > len(data):
            found = _next_data(data, place + 8)
            is_cut = is_named and found is None
            if kind in (b"IDAT", b"fdAT"):
                # All there is of it; where the file ends within, also what would be the check sum.
                end = len(data) if found is None else found - 4
                rest = Chunk(kind, place, max(end - place - 8, 0))
                yield Step(rest, f"a wrong length or the end of the file ({length} bytes)", is_cut)
            elif is_named:
                reason = f"{chunk} has {length} bytes, but only {len(data) - place - 8} follow"
                yield Step(None, reason, is_cut)
            else:
                yield Step(None, f"at byte {place + 4} there is no name of a chunk", is_cut)
            if found is None:
                return
            place = found
            continue
        expected = struct.unpack_from(">I", data, chunk.content.stop)[0]
        is_sound = zlib.crc32(view[place + 4 : chunk.content.stop]) == expected
        yield Step(chunk, "" if is_sound else "a wrong check sum", False)
        if kind == b"IEND":
            return
        place = chunk.whole.stop
    yield Step(None, f"it ends at byte {len(data)}, before its end mark", True)


def _next_data(data: bytes, start: int) -> int | None:
    """Where the next IDAT or IEND begins, behind a chunk whose length or name is wrong."""
    places = [place - 4 for kind in (b"IDAT", b"IEND") if (place := data.find(kind, start + 4)) > 0]
    return min(places, default=None)


def _header(view: memoryview, chunk: Chunk, fault: str) -> PngHeader:
    if chunk.kind != b"IHDR" or chunk.length != 13 or fault:
        raise damaged("PNG", f"{fault} in {chunk}" if fault else f"it begins with {chunk}, not with its header")
    width, height, depth, colour, compression, filtering, interlace = struct.unpack(">IIBBBBB", view[chunk.content])
    if not (1 <= width <= LARGEST_SIDE and 1 <= height <= LARGEST_SIDE):
        raise damaged("PNG", f"its header claims {width} × {height} pixels")
    if depth not in _DEPTHS.get(colour, ()) or compression or filtering or interlace > 1:
        raise damaged("PNG", f"its header asks for what PNG has not: depth {depth}, colour type {colour}")
    return PngHeader(Size(width, height), depth, colour, bool(interlace))


def _order_faults(header: PngHeader, chunks: list[Chunk]) -> list[str]:
    kinds = [chunk.kind for chunk in chunks]
    faults = []
    if kinds.count(b"IHDR") > 1:
        faults.append("it has a second header")
    if b"IDAT" not in kinds:
        return [*faults, "it has no picture data"]
    first = kinds.index(b"IDAT")
    if header.colour == 3 and b"PLTE" not in kinds[:first]:
        faults.append("it has no palette")
    if kinds.count(b"PLTE") > 1 or kinds.count(b"tRNS") > 1:
        faults.append("it has two palettes")
    after = [index for index, kind in enumerate(kinds) if kind == b"IDAT" and index - first >= kinds.count(b"IDAT")]
    if after:
        faults.append(f"other chunks stand before {chunks[after[0]]}, within the picture's data")
    return faults
