"""Inflating a zlib stream that lies in pieces, a given number of bytes at a time."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

_PIECE_BYTES = 2**16
_REST_BYTES = 2**16


class Inflated:
    """The bytes that a zlib stream holds.

    problem: why there are no more, with the place in the file, or "". careful: where the stream is damaged, everything
    before the damage is given, at some cost; else up to what was asked for in that one call is lost.
    """

    def __init__(self, data: bytes | memoryview, pieces: Sequence[slice], *, careful: bool = False) -> None:
        self.problem = ""
        self._pieces = _cut(memoryview(data), pieces)
        self._careful = careful
        self._inflater = zlib.decompressobj()
        self._place = pieces[0].start if pieces else 0

    def read(self, length: int) -> bytes:
        """The next `length` bytes; fewer only with a problem."""
        parts = []
        while length > 0 and not self.problem:
            part = self._inflate(length)
            parts.append(part)
            length -= len(part)
        return b"".join(parts)

    def check_end(self) -> None:
        """Sets `problem` if the stream's own check sum is wrong; one that was cut off behind the data is let pass."""
        rest = _REST_BYTES
        while rest > 0 and not self.problem and not self._inflater.eof:
            rest -= max(1, len(self._inflate(rest)))
        if self.problem.startswith("the data ends"):
            self.problem = ""

    def _inflate(self, length: int) -> bytes:
        if self._inflater.eof:
            self.problem = f"the data ends too early, near byte {self._place}"
            return b""
        piece = self._inflater.unconsumed_tail or self._next_piece()
        before = self._inflater.copy() if self._careful else None
        try:
            part = self._inflater.decompress(piece, length)
        except zlib.error as error:
            self.problem = f"near byte {self._place}: {error}"
            return b"" if before is None else _until_damage(before, piece, length)
        if not piece and not part:
            self.problem = f"the data ends too early, at byte {self._place}"
        return part

    def _next_piece(self) -> memoryview:
        piece, self._place = next(self._pieces, (memoryview(b""), self._place))
        return piece


def _cut(data: memoryview, pieces: Sequence[slice]) -> Iterator[tuple[memoryview, int]]:
    """Small pieces, because what a call leaves unread is copied; and the place where each ends.

    No method, because a generator that knows its object keeps it, and its memory, until Python looks for cycles.
    """
    for piece in pieces:
        for start in range(piece.start, piece.stop, _PIECE_BYTES):
            stop = min(start + _PIECE_BYTES, piece.stop)
            yield data[start:stop], stop


def _until_damage(inflater: zlib._Decompress, piece: bytes | memoryview, length: int) -> bytes:
    parts: list[bytes] = []
    for place in range(len(piece)):
        try:
            part = inflater.decompress(bytes(inflater.unconsumed_tail) + bytes(piece[place : place + 1]), length)
        except zlib.error:
            break
        parts.append(part)
        length -= len(part)
        if length <= 0:
            break
    return b"".join(parts)
