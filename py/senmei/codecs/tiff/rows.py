"""A TIFF file (TIFF 6.0; deflated strips as in Adobe's technical note 3), compressed row by row."""

from __future__ import annotations

import zlib
from itertools import accumulate
from typing import NoReturn

import numpy as np

from ...errors import TooLarge
from ...geometry import Size
from ...picture import Metadata, Pixels
from ..metadata.writing import COMMENT, left_out
from .writing_fields import (
    BYTE,
    EXIF_IFD,
    GPS_IFD,
    UNDEFINED,
    Directory,
    Field,
    directory_of_exif,
    file_header,
    longs,
    rational,
    serialised,
    shorts,
    text,
)

COMPRESSION = 6
"""zlib's level."""

MAX_BYTES = (1 << 32) - 1
"""Offsets have 32 bits."""

_STRIP_BYTES = 1 << 18
_HEADER_BYTES = 8
_LOWEST_DPI, _HIGHEST_DPI = 1e-4, 400_000
"""What a fraction of 32 bits holds with four digits behind the point."""

_STRIP_OFFSETS, _STRIP_BYTE_COUNTS = 0x0111, 0x0117
_ADOBE_DEFLATE, _DIFFERENCES, _INTERLEAVED, _UNASSOCIATED_ALPHA = 8, 2, 1, 2
_BLACK_IS_ZERO, _RGB = 1, 2
_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT, _NO_UNIT, _INCH = 0x011A, 0x011B, 0x0128, 1, 2

_TEXT_TAGS = {
    "Title": 0x010D,
    "Description": 0x010E,
    COMMENT: 0x010E,
    "Software": 0x0131,
    "Author": 0x013B,
    "Artist": 0x013B,
    "Copyright": 0x8298,
}

# What an EXIF block's first directory may tell of a picture without describing how its pixels lie in the file: maker,
# model, resolution, the texts above, date, host, ratings, IPTC, Photoshop's resources, EXIF, GPS, Windows' titles,
# PrintIM.
_TELLING = frozenset(
    {
        0x010F,
        0x0110,
        _X_RESOLUTION,
        _Y_RESOLUTION,
        _RESOLUTION_UNIT,
        *_TEXT_TAGS.values(),
        0x0132,
        0x013C,
        0x4746,
        0x4749,
        0x83BB,
        0x8649,
    }
    | {EXIF_IFD, GPS_IFD, *range(0x9C9B, 0x9CA0), 0xC4A5}
)


class TiffRows:
    """A RowEncoder for gray or RGB, with or without alpha, 8 or 16 bits a sample.

    The directory in front must tell where each strip lies, so all bytes come in `finish`; until then the compressed
    strips are held. Raises TooLarge when they outgrow a TIFF's 4 GB. Texts go into the tags that mean the same; of the
    EXIF block all but its thumbnail and its own description of pixels is kept, in its byte order.
    """

    def __init__(self, size: Size, *, channels: int, has_alpha: bool, depth: int, metadata: Metadata) -> None:
        self.notes: tuple[str, ...] = ()
        self._order, exif = "<", Directory()
        if metadata.exif:
            try:
                # In the block's own byte order all values, makers' notes among them, stay byte for byte.
                self._order, exif = directory_of_exif(metadata.exif)
            except ValueError as error:
                self.notes += (f"The EXIF data was left out ({error}).",)
        self._type = np.dtype("u1" if depth == 8 else f"{self._order}u2")
        samples = channels + has_alpha
        strip_rows = min(size.height, max(1, _STRIP_BYTES // (size.width * samples * self._type.itemsize)))
        self._strip = np.empty((strip_rows, size.width, samples), self._type.newbyteorder("="))
        self._filled = 0
        self._strips: list[bytes] = []
        self._bytes = 0
        self._directory, lost = _description(self._order, exif, metadata)
        self._directory |= _layout(
            self._order, size, channels=channels, has_alpha=has_alpha, depth=depth, strip_rows=strip_rows
        )
        self.notes += lost

    def write(self, pixels: Pixels, alpha: Pixels | None) -> bytes:
        """The next rows: pixels (h, W, C) and alpha (h, W) of the depth given. Returns nothing yet."""
        taken = 0
        while taken < pixels.shape[0]:
            room = self._strip[self._filled :]
            upto = min(taken + room.shape[0], pixels.shape[0])
            room[: upto - taken, :, : pixels.shape[2]] = pixels[taken:upto]
            if alpha is not None:
                room[: upto - taken, :, -1] = alpha[taken:upto]
            self._filled += upto - taken
            taken = upto
            if self._filled == self._strip.shape[0]:
                self._end_strip()
        return b""

    def finish(self) -> bytes:
        if self._filled:
            self._end_strip()
        lengths = [len(strip) for strip in self._strips]
        offsets = [0, *accumulate(lengths)][:-1]
        self._directory[_STRIP_BYTE_COUNTS] = longs(self._order, *lengths)
        self._directory[_STRIP_OFFSETS] = longs(self._order, *offsets)
        first = _HEADER_BYTES + len(serialised(self._directory, self._order, _HEADER_BYTES))
        if first + sum(lengths) > MAX_BYTES:
            self._refuse()
        self._directory[_STRIP_OFFSETS] = longs(self._order, *(first + offset for offset in offsets))
        head = file_header(self._order, _HEADER_BYTES) + serialised(self._directory, self._order, _HEADER_BYTES)
        return b"".join((head, *self._strips))

    def _end_strip(self) -> None:
        rows = self._strip[: self._filled]
        self._filled = 0
        differences = rows.astype(self._type)
        np.subtract(rows[:, 1:], rows[:, :-1], out=differences[:, 1:])
        strip = zlib.compress(differences.tobytes(), COMPRESSION)
        # The next one begins at an even offset.
        strip += b"\0" * (len(strip) % 2)
        self._strips.append(strip)
        self._bytes += len(strip)
        if self._bytes > MAX_BYTES:
            self._refuse()

    def _refuse(self) -> NoReturn:
        self._strips.clear()
        raise TooLarge("This picture is too large for TIFF, which ends at 4 GB; PNG can hold it.")


def _layout(order: str, size: Size, *, channels: int, has_alpha: bool, depth: int, strip_rows: int) -> dict[int, Field]:
    """How the pixels lie in the file."""
    samples = channels + has_alpha
    layout = {
        0x0100: longs(order, size.width),
        0x0101: longs(order, size.height),
        0x0102: shorts(order, *[depth] * samples),
        0x0103: shorts(order, _ADOBE_DEFLATE),
        0x0106: shorts(order, _RGB if channels == 3 else _BLACK_IS_ZERO),
        0x0115: shorts(order, samples),
        0x0116: longs(order, strip_rows),
        0x011C: shorts(order, _INTERLEAVED),
        0x013D: shorts(order, _DIFFERENCES),
    }
    if has_alpha:
        layout[0x0152] = shorts(order, _UNASSOCIATED_ALPHA)
    return layout


def _description(order: str, exif: Directory, metadata: Metadata) -> tuple[Directory, tuple[str, ...]]:
    """What is told about the picture, and notes. Where EXIF has a text of its own, that one stays."""
    directory = {tag: field for tag, field in exif.items() if tag in _TELLING}
    lost = []
    for keyword, value in metadata.texts:
        tag = _TEXT_TAGS.get(keyword)
        if tag is None or directory.setdefault(tag, text(value)) != text(value):
            lost.append(keyword)
    if _X_RESOLUTION not in directory:
        # Every TIFF has a resolution; this one says only that pixels are square.
        directory |= {_X_RESOLUTION: rational(order, 1), _Y_RESOLUTION: rational(order, 1)}
        directory[_RESOLUTION_UNIT] = shorts(order, _NO_UNIT)
    if metadata.dpi and all(_LOWEST_DPI <= dpi < _HIGHEST_DPI for dpi in metadata.dpi):
        directory |= {
            _X_RESOLUTION: rational(order, metadata.dpi[0]),
            _Y_RESOLUTION: rational(order, metadata.dpi[1]),
            _RESOLUTION_UNIT: shorts(order, _INCH),
        }
    if metadata.xmp:
        directory[0x02BC] = Field(BYTE, metadata.xmp)
    if metadata.icc:
        directory[0x8773] = Field(UNDEFINED, metadata.icc)
    return directory, left_out("TIFF", metadata, texts=lost, resolution=True)
