"""The bytes of a TIFF page's strips and tiles, decompressed: deflate with zlib, LZW, PackBits and CCITT with Pillow."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import BytesIO

import numpy as np
from PIL import Image, TiffImagePlugin

from ...picture import Pixels
from ..inflating import Inflated
from .layout import CCITT, DEFLATE, NONE, Segment, TiffLayout

_BAND_BYTES = 2**22
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))

_DAMAGE = (OSError, ValueError, SyntaxError)
"""What Pillow raises; libtiff's own words do not get through, only numbers do."""

Band = tuple[int, int, Pixels]
"""The index of a segment, the first of its rows, and (n, row bytes) uint8."""


class SegmentReader:
    """Reads one plane's segments. faults: what could not be read, with the place."""

    def __init__(self, data: bytes, layout: TiffLayout, segments: Sequence[Segment], *, careful: bool) -> None:
        self.faults: list[str] = []
        self._data, self._layout, self._segments, self._careful = data, layout, segments, careful
        self._band_rows = max(1, _BAND_BYTES // layout.row_bytes)

    def bands(self) -> Iterator[Band]:
        """All rows that can be read, segment after segment, in bands of the same height but for the last of each."""
        if self._layout.compression in NONE + DEFLATE:
            for index, segment in enumerate(self._segments):
                read = self._plain if self._layout.compression in NONE else self._inflated
                yield from ((index, top, rows) for top, rows in read(segment))
        else:
            yield from self._through_pillow()

    def _plain(self, segment: Segment) -> Iterator[tuple[int, Pixels]]:
        content = self._content(segment)
        row_bytes = self._layout.row_bytes
        whole = min(segment.rows, len(content) // row_bytes)
        for top in range(0, whole, self._band_rows):
            rows = min(self._band_rows, whole - top)
            yield top, np.frombuffer(content, np.uint8, rows * row_bytes, top * row_bytes).reshape(rows, row_bytes)
        if whole < segment.rows:
            self.faults.append(f"its data at byte {segment.start} ends after {whole} of {segment.rows} rows")

    def _inflated(self, segment: Segment) -> Iterator[tuple[int, Pixels]]:
        row_bytes = self._layout.row_bytes
        if self._layout.fill_order == 2:
            source, where = self._content(segment), slice(0, segment.length)
        else:
            source, where = self._data, slice(segment.start, segment.start + segment.length)
        inflated = Inflated(source, [where], careful=self._careful)
        top = 0
        while top < segment.rows:
            raw = inflated.read(min(self._band_rows, segment.rows - top) * row_bytes)
            rows = len(raw) // row_bytes
            if rows:
                yield top, np.frombuffer(raw, np.uint8, rows * row_bytes).reshape(rows, row_bytes)
            top += rows
            if inflated.problem:
                break
        if not inflated.problem:
            inflated.check_end()
        if inflated.problem:
            self.faults.append(f"its data at byte {segment.start}, {inflated.problem}")

    def _through_pillow(self) -> Iterator[Band]:
        """Many small segments at once, as the strips of one file; where that fails, one by one."""
        first = 0
        while first < len(self._segments):
            stop = self._end_of_group(first)
            try:
                image = self._image(self._segments[first:stop])
            except _DAMAGE:
                for index in range(first, stop):
                    yield from self._alone(index)
            else:
                yield from self._cut(image, self._segments[first:stop], first)
            first = stop

    def _end_of_group(self, first: int) -> int:
        """A strip of fewer rows, the last one of a plane, can only end a file."""
        rows = self._segments[first].rows
        total, stop = rows, first + 1
        while stop < len(self._segments) and total < self._band_rows and self._segments[stop - 1].rows == rows:
            total += self._segments[stop].rows
            stop += 1
        return stop

    def _alone(self, index: int) -> Iterator[Band]:
        segment = self._segments[index]
        try:
            image = self._image([segment])
        except _DAMAGE:
            rows, part = self._longest_part(segment) if self._careful else (0, None)
            self.faults.append(
                f"its data at byte {segment.start} cannot be decompressed beyond row {rows} of {segment.rows}"
                if rows
                else f"its data at byte {segment.start} cannot be decompressed"
            )
            if part is not None:
                yield from self._cut(part, [replace(segment, rows=rows)], index)
        else:
            yield from self._cut(image, [segment], index)

    def _longest_part(self, segment: Segment) -> tuple[int, Image.Image | None]:
        """As many first rows as can be decompressed, found by halving: Pillow gives all that is asked for or none."""
        rows, beyond, part = 0, segment.rows, None
        while beyond - rows > 1:
            middle = (rows + beyond) // 2
            try:
                part, rows = self._image([replace(segment, rows=middle)]), middle
            except _DAMAGE:
                beyond = middle
        return rows, part

    def _cut(self, image: Image.Image, segments: Sequence[Segment], first: int) -> Iterator[Band]:
        place = 0
        for index, segment in enumerate(segments, first):
            for top in range(0, segment.rows, self._band_rows):
                rows = min(self._band_rows, segment.rows - top)
                band = image.crop((0, place + top, image.width, place + top + rows))
                raw = np.frombuffer(band.tobytes(), np.uint8)
                yield index, top, raw.reshape(rows, -1)
            place += segment.rows

    def _image(self, segments: Sequence[Segment]) -> Image.Image:
        image = TiffImagePlugin.TiffImageFile(BytesIO(self._as_file(segments)))
        image.load()
        return image

    def _as_file(self, segments: Sequence[Segment]) -> bytes:
        """A TIFF file with these segments as its strips: gray pixels that are the bytes of rows, or bits for CCITT."""
        layout = self._layout
        is_ccitt = layout.compression in CCITT
        contents = [self._content(segment) for segment in segments]
        entries = [
            (256, layout.row_samples if is_ccitt else layout.row_bytes),
            (257, sum(segment.rows for segment in segments)),
            (258, 1 if is_ccitt else 8),
            (259, layout.compression),
            (262, 1),
            (277, 1),
            (278, segments[0].rows),
        ]
        if layout.compression in (3, 4):
            entries.append((292 if layout.compression == 3 else 293, layout.ccitt_options))
        lists_at = 8 + 2 + 12 * (len(entries) + 2) + 4
        data_at = lists_at + 8 * len(segments)
        starts, place = [], data_at
        for content in contents:
            starts.append(place)
            place += len(content)
        fields = [struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries]
        if len(segments) == 1:
            fields += [struct.pack("<HHII", 273, 4, 1, starts[0]), struct.pack("<HHII", 279, 4, 1, len(contents[0]))]
        else:
            fields.append(struct.pack("<HHII", 273, 4, len(segments), lists_at))
            fields.append(struct.pack("<HHII", 279, 4, len(segments), lists_at + 4 * len(segments)))
        fields.sort(key=lambda field: struct.unpack_from("<H", field)[0])
        lists = struct.pack(f"<{2 * len(segments)}I", *starts, *map(len, contents))
        head = b"II*\0" + struct.pack("<IH", 8, len(fields)) + b"".join(fields) + bytes(4)
        return b"".join((head, lists, *contents))

    def _content(self, segment: Segment) -> bytes | memoryview:
        content = memoryview(self._data)[segment.start : segment.start + segment.length]
        return bytes(content).translate(_REVERSED) if self._layout.fill_order == 2 else content
