"""PBM, PGM, PPM and PAM stills, plain and binary, of any maximum, with numpy (netpbm's pages pbm, pgm, ppm and pam)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ..errors import UnsupportedFormat
from ..geometry import Size
from ..picture import Pixels
from .canvas import Canvas
from .signatures import damaged
from .still_file import refuse_lying_size

_BAND_SAMPLES = 2**20
_LARGEST_SIDE = 2**31 - 1
# Possessive, so that a flood of white space takes no memory.
_TOKEN = re.compile(rb"(?:\s|#[^\r\n]*+[\r\n])*+([^\s#]++)")
_COMMENT = re.compile(rb"#[^\r\n]*")
_PAM_LINE = re.compile(rb"(?:#[^\n]*|\s*([A-Z]+)(?:[ \t]+([^\n]*))?|\s*)\n")


@dataclass(frozen=True, slots=True)
class _Header:
    """magic: b"P1" to b"P7"; samples: of a pixel, alpha included; start: where the samples begin."""

    magic: bytes
    size: Size
    samples: int
    maximum: int
    start: int

    @property
    def row_bytes(self) -> int:
        if self.magic == b"P4":
            return (self.size.width + 7) // 8
        return self.size.width * self.samples * (2 if self.maximum > 255 else 1)


class NetpbmFile:
    """A file of the PPM family. See StillFile."""

    format = "PPM"
    is_animated = False

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._header = _pam_header(data) if data[:2] == b"P7" else _header(data)
        self.size = self._header.size
        self.depth = 16 if self._header.maximum > 255 else 8
        self.has_alpha = self._header.samples in (2, 4)
        self.channels = self._header.samples - self.has_alpha

    def image(self) -> Image.Image:
        return Image.new("L" if self.channels == 1 else "RGB", (1, 1))

    def check(self, *, partial: bool) -> None:
        header = self._header
        available = len(self.data) - header.start
        # A plain sample takes a digit and, but for PBM, a space.
        plain = {b"P1": 1.0, b"P2": 0.5, b"P3": 1 / 6}
        most = plain.get(header.magic, header.size.width / header.row_bytes)
        refuse_lying_size("PPM", self.size, available, pixels_per_byte=most, partial=partial)
        needed = header.row_bytes * header.size.height
        if header.magic not in plain and available < needed and not partial:
            raise damaged(
                "PPM", f"it ends at byte {len(self.data)}, but its {self.size} pixels reach to {header.start + needed}"
            )

    def fill(self, canvas: Canvas, *, profile: bytes | None, partial: bool) -> list[str]:
        rows = _plain_rows if self._header.magic in (b"P1", b"P2", b"P3") else _binary_rows
        notes: list[str] = []
        top = 0
        try:
            for band in rows(self.data, self._header):
                self._write(band, canvas, top, partial=partial, notes=notes)
                top += len(band)
        except ValueError as error:
            if not (partial and top):
                raise damaged("PPM", error) from error
            notes.append(f"This PPM file is damaged ({error}).")
        if top < self.size.height:
            if not (partial and top):
                raise damaged("PPM", f"it ends at byte {len(self.data)}, after {top} of {self.size.height} rows")
            notes.append(
                f"This PPM file breaks off: {top} of {self.size.height} rows could be read; the rest is empty."
            )
        return list(dict.fromkeys(notes))

    def _write(self, band: Pixels, canvas: Canvas, top: int, *, partial: bool, notes: list[str]) -> None:
        maximum = self._header.maximum
        if maximum not in (255, 65535):
            if int(band.max()) > maximum:
                row = top + int((band.reshape(len(band), -1).max(axis=1) > maximum).argmax())
                problem = f"row {row} has a sample above the maximum, {maximum}"
                if not partial:
                    raise ValueError(problem)
                notes.append(f"This PPM file is damaged ({problem}); such samples were read as the maximum.")
            full = 65535 if maximum > 255 else 255
            levels = np.rint(np.arange(full + 1) * full / maximum).clip(0, full).astype(canvas.pixels.dtype)
            band = levels[band]
        rows = slice(top, top + len(band))
        canvas.stored_pixels[rows] = band[:, :, : self.channels]
        if canvas.stored_alpha is not None:
            canvas.stored_alpha[rows] = band[:, :, -1]


def _header(data: bytes) -> _Header:
    magic = data[:2]
    values = []
    place = 2
    for what in ("width", "height", "maximum")[: 2 if magic in (b"P1", b"P4") else 3]:
        token = _TOKEN.match(data, place)
        if token is None or not token[1].isdigit() or len(token[1]) > 10:
            raise damaged("PPM", f"there is no {what} near byte {place}")
        values.append(int(token[1]))
        place = token.end()
    width, height, maximum = (*values, 1)[:3]
    # The header ends with one white space, unless a comment stands before it.
    if data[place : place + 1] == b"#":
        comment = _COMMENT.match(data, place)
        place = comment.end() if comment else place
    return _checked(magic, width, height, 3 if magic in (b"P3", b"P6") else 1, maximum, place + 1)


def _pam_header(data: bytes) -> _Header:
    fields: dict[bytes, bytes] = {}
    place = 3
    while b"ENDHDR" not in fields:
        line = _PAM_LINE.match(data, place)
        if line is None:
            raise damaged("PPM", f"its header is broken at byte {place}")
        if line[1]:
            fields[line[1]] = (line[2] or b"").strip()
        place = line.end()
    values = []
    for name in (b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL"):
        value = fields.get(name, b"")
        if not value.isdigit() or len(value) > 10:
            raise damaged("PPM", f"its header has no number for {name.decode()}")
        values.append(int(value))
    width, height, samples, maximum = values
    if samples not in (1, 2, 3, 4):
        raise UnsupportedFormat(f"This PAM picture has {samples} samples a pixel; 1 to 4 are read.")
    return _checked(b"P7", width, height, samples, maximum, place)


def _checked(magic: bytes, width: int, height: int, samples: int, maximum: int, start: int) -> _Header:
    if not (1 <= width <= _LARGEST_SIDE and 1 <= height <= _LARGEST_SIDE and 1 <= maximum <= 65535):
        raise damaged("PPM", f"its header claims {width} × {height} pixels with a maximum of {maximum}")
    return _Header(magic, Size(width, height), samples, maximum, start)


def _binary_rows(data: bytes, header: _Header) -> Iterator[Pixels]:
    """Bands of (n, width, samples), as many whole rows as there are."""
    whole = min(header.size.height, (len(data) - header.start) // header.row_bytes)
    step = max(1, _BAND_SAMPLES // header.row_bytes)
    for top in range(0, whole, step):
        rows = min(step, whole - top)
        raw = np.frombuffer(data, np.uint8, rows * header.row_bytes, header.start + top * header.row_bytes)
        raw = raw.reshape(rows, header.row_bytes)
        if header.magic == b"P4":
            raw = 1 - np.unpackbits(raw, axis=1, count=header.size.width)
        elif header.maximum > 255:
            raw = raw.view(">u2").astype(np.uint16)
        yield raw.reshape(rows, header.size.width, header.samples)


def _plain_rows(data: bytes, header: _Header) -> Iterator[Pixels]:
    """The same of decimal numbers. Raises ValueError, with the place, at what is none."""
    row = header.size.width * header.samples
    waiting = np.empty(0, np.uint16)
    missing = row * header.size.height
    for numbers in _bits(data, header.start) if header.magic == b"P1" else _numbers(data, header.start):
        waiting = np.concatenate((waiting, numbers[: missing - len(waiting)]))
        rows = len(waiting) // row
        if rows:
            yield waiting[: rows * row].reshape(rows, header.size.width, header.samples)
            waiting = waiting[rows * row :]
            missing -= rows * row
        if missing == 0:
            return


def _bits(data: bytes, start: int) -> Iterator[Pixels]:
    """The digits need no space between them, and 1 is black."""
    for place, text in _texts(data, start):
        digits = np.frombuffer(text.translate(None, b" \t\r\n\v\f"), np.uint8)
        if digits.size and (digits.min() < 48 or digits.max() > 49):
            raise ValueError(f"there is something else than 0 and 1 behind byte {place}")
        yield (49 - digits).astype(np.uint16)


def _numbers(data: bytes, start: int) -> Iterator[Pixels]:
    for place, text in _texts(data, start):
        if text.translate(None, b"0123456789 \t\r\n\v\f"):
            raise ValueError(f"there is something else than numbers behind byte {place}")
        tokens = text.split()
        if max(map(len, tokens), default=0) > 9:
            raise ValueError(f"there is a number of more than 9 digits behind byte {place}")
        numbers = np.array(tokens, "S9").astype(np.uint32) if tokens else np.empty(0, np.uint32)
        yield numbers.clip(0, 65535).astype(np.uint16)


def _texts(data: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """Pieces of the text that end between two tokens, without comments, each with its place."""
    while start < len(data):
        stop = min(start + 2**18, len(data))
        while stop < len(data) and not data[stop - 1 : stop].isspace():
            found = re.compile(rb"\s").search(data, stop)
            stop = found.end() if found else len(data)
        if b"#" in data[start:stop]:
            # A comment may go on behind the piece.
            found = re.compile(rb"[\r\n]").search(data, stop - 1)
            stop = found.end() if found else len(data)
        yield start, _COMMENT.sub(b"", data[start:stop])
        start = stop
