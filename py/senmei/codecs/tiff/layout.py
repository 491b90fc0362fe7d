"""How a TIFF page's samples lie in its file: the tags of TIFF 6.0 that say so, checked and put in order."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import UnsupportedFormat
from ...geometry import Size
from ..signatures import damaged
from .fields import PlacedField, TiffBlock

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR = 0, 1, 2, 3, 5, 6
_COLOURS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, CMYK: 4, YCBCR: 3}
_OTHER_COLOURS = {4: "a mask", 8: "CIE L*a*b* colours", 32803: "a camera's raw samples", 34892: "raw linear samples"}
_SAMPLE_FORMATS = {2: "signed", 3: "floating-point", 5: "complex", 6: "complex"}

NONE, CCITT, PACKBITS, LZW, DEFLATE = (1,), (2, 3, 4), (32773,), (5,), (8, 32946)
COMPRESSIONS = {
    **dict.fromkeys(NONE, "none"),
    **dict.fromkeys(CCITT, "CCITT"),
    **dict.fromkeys(PACKBITS, "PackBits"),
    **dict.fromkeys(LZW, "LZW"),
    **dict.fromkeys(DEFLATE, "deflate"),
    6: "old JPEG",
    7: "JPEG",
    32771: "CCITT RLE in words",
    32809: "ThunderScan",
    34676: "SGI Log",
    34677: "SGI Log",
    34712: "JPEG 2000",
    34925: "LZMA",
    50000: "Zstandard",
    50001: "WebP",
    50002: "JPEG XL",
}
_LARGEST_SIDE = 2**31 - 1
_MOST_PAGES = 10_000
_MOST_COPIES = 20
_LEAST_TILE = 16
_DNG_VERSION, _SUB_DIRECTORIES, _NEW_SUBFILE_TYPE = 50706, 330, 254


@dataclass(frozen=True, slots=True)
class Segment:
    """A strip or tile: where its data is, where its rows go, and how many it stores."""

    start: int
    length: int
    x: int
    y: int
    rows: int


@dataclass(frozen=True, slots=True, eq=False)
class TiffLayout:
    """bits: of a sample. samples: of a pixel; the first `colours` of them are its colour. alpha: the index of the
    sample that is alpha, or None; is_associated: the colours are multiplied by it.

    planes: for each of the planes, 1 or `samples` of them, its segments in the same order. width: of a segment's rows.
    colour_map: (n, 3) uint8 or None. ccitt: the options T4 or T6. pages: in the file.
    """

    size: Size
    order: str
    bits: int
    samples: int
    colours: int
    photometric: int
    alpha: int | None
    is_associated: bool
    compression: int
    predictor: int
    fill_order: int
    planes: tuple[tuple[Segment, ...], ...]
    width: int
    colour_map: NDArray[np.uint8] | None
    ccitt_options: int
    pages: int

    @property
    def row_samples(self) -> int:
        """Samples in a row of a segment."""
        return self.width * (self.samples if len(self.planes) == 1 else 1)

    @property
    def row_bytes(self) -> int:
        return (self.row_samples * self.bits + 7) // 8

    @property
    def is_plain(self) -> bool:
        """Whether its compression and colours are read here; else only Pillow as a whole may know them."""
        return self.photometric != YCBCR and self.compression in (*NONE, *CCITT, *PACKBITS, *LZW, *DEFLATE)

    @property
    def data_bytes(self) -> int:
        return sum(segment.length for plane in self.planes for segment in plane)


class _Tags:
    """The integers of a page's tags."""

    def __init__(self, tiff: TiffBlock, fields: list[PlacedField]) -> None:
        self._tiff = tiff
        self._fields = {field.tag: field for field in reversed(fields)}

    def __contains__(self, tag: int) -> bool:
        return tag in self._fields

    def all(self, tag: int) -> list[int]:
        field = self._fields.get(tag)
        letter = {1: "u1", 3: "u2", 4: "u4", 13: "u4", 16: "u8", 18: "u8"}.get(field.type if field else 0)
        if field is None or letter is None:
            return []
        values: list[int] = np.frombuffer(self._tiff.data, self._tiff.order + letter, field.count, field.place).tolist()
        return values

    def one(self, tag: int, default: int) -> int:
        return (self.all(tag) or [default])[0]


def read_layout(data: bytes) -> TiffLayout:
    """Of the first page that is no thumbnail.

    Raises CorruptImage for a broken directory, UnsupportedFormat for kinds of samples that are not read.
    """
    tiff = TiffBlock(data)
    tags, pages = _page(tiff)
    size = Size(*_sides(tags))
    if tags.all(_DNG_VERSION):
        raise UnsupportedFormat("This TIFF file is a camera's raw file (DNG), which is not read.")
    photometric = tags.one(262, WHITE_IS_ZERO)
    if photometric not in _COLOURS:
        kind = _OTHER_COLOURS.get(photometric, f"colours of the kind {photometric}")
        raise UnsupportedFormat(f"This TIFF file holds {kind}; gray, RGB, palettes and CMYK are read.")
    samples = tags.one(277, 1)
    colours = _COLOURS[photometric]
    bits = set((tags.all(258) or [1])[:samples])
    formats = set(tags.all(339) or [1]) - {1, 4}
    if formats:
        kind = _SAMPLE_FORMATS.get(min(formats), "unknown")
        raise UnsupportedFormat(f"This TIFF file has {kind} samples; unsigned integers of 1 to 16 bits are read.")
    if len(bits) != 1 or not 1 <= min(bits) <= 16:
        raise UnsupportedFormat(
            f"This TIFF file has {', '.join(map(str, sorted(bits)))} bits a sample; equally 1 to 16 are read."
        )
    if not colours <= samples <= 32:
        raise damaged("TIFF", f"it has {samples} samples a pixel, where its colours take {colours}")
    predictor = tags.one(317, 1)
    compression = tags.one(259, 1)
    if predictor not in (1, 2) or (predictor == 2 and min(bits) not in (8, 16)):
        raise UnsupportedFormat(f"This TIFF file predicts its samples in a way that is not read ({predictor}).")
    extras = tags.all(338)[: samples - colours]
    alpha, is_associated = _alpha(samples, colours, extras)
    planes, width = _planes(tags, size, samples if tags.one(284, 1) == 2 else 1, len(data))
    return TiffLayout(
        size=size,
        order=tiff.order,
        bits=min(bits),
        samples=samples,
        colours=colours,
        photometric=photometric,
        alpha=alpha,
        is_associated=is_associated,
        compression=compression,
        predictor=predictor,
        fill_order=tags.one(266, 1),
        planes=planes,
        width=width,
        colour_map=_colour_map(tags, min(bits)) if photometric == PALETTE else None,
        ccitt_options=tags.one(292 if compression == 3 else 293, 0),
        pages=pages,
    )


def _page(tiff: TiffBlock) -> tuple[_Tags, int]:
    """The first page that is not said to be a smaller copy of another, and how many there are."""
    first = _tags_at(tiff, tiff.first)
    if first is None:
        raise damaged("TIFF", f"its directory at byte {tiff.first} is cut off or missing")
    chosen, smaller = first, 0
    places = _directories(tiff)
    for place in places[:_MOST_COPIES]:
        tags = _tags_at(tiff, place)
        if tags is not None and not tags.one(_NEW_SUBFILE_TYPE, 0) & 1:
            chosen = tags
            break
        smaller += 1
    else:
        if _SUB_DIRECTORIES in first:
            raise UnsupportedFormat("This TIFF file is a camera's raw file with a small copy, which is not read.")
        smaller = 0
    return chosen, max(1, len(places) - smaller)


def _tags_at(tiff: TiffBlock, place: int) -> _Tags | None:
    fields, is_whole = tiff.directory(place)
    return _Tags(tiff, fields) if fields and is_whole else None


def _directories(tiff: TiffBlock) -> list[int]:
    """The places of all pages' directories."""
    places: dict[int, None] = {}
    place = tiff.first
    while 8 <= place <= len(tiff.data) - 8 and place not in places and len(places) < _MOST_PAGES:
        places[place] = None
        place = _next_directory(tiff, place)
    return list(places)


def _next_directory(tiff: TiffBlock, place: int) -> int:
    count, step, pointer = ("Q", 20, "Q") if tiff.is_big else ("H", 12, "I")
    entries = struct.unpack_from(tiff.order + count, tiff.data, place)[0]
    at = place + struct.calcsize("<" + count) + step * entries
    return int(struct.unpack_from(tiff.order + pointer, tiff.data, at)[0]) if at + 8 <= len(tiff.data) else 0


def _sides(tags: _Tags) -> tuple[int, int]:
    width, height = tags.one(256, 0), tags.one(257, 0)
    if not (1 <= width <= _LARGEST_SIDE and 1 <= height <= _LARGEST_SIDE):
        raise damaged("TIFF", f"its directory claims {width} × {height} pixels")
    return width, height


def _alpha(samples: int, colours: int, extras: list[int]) -> tuple[int | None, bool]:
    """The index of alpha, and whether the colours are multiplied by it. One further sample of no stated kind is alpha,
    as Pillow takes it; 999 is what Corel Draw calls it."""
    if samples == colours:
        return None, False
    kinds = extras or ([2] if samples == colours + 1 else [])
    for index, kind in enumerate(kinds):
        if kind in (1, 2, 999):
            return colours + index, kind == 1
    return None, False


def _planes(tags: _Tags, size: Size, planes: int, file_bytes: int) -> tuple[tuple[tuple[Segment, ...], ...], int]:
    """The segments of each plane, and the width that their rows have."""
    if is_tiled := 324 in tags:
        width, rows = tags.one(322, 0), tags.one(323, 0)
        starts, lengths = tags.all(324), tags.all(325)
    else:
        width, rows = size.width, min(tags.one(278, size.height), size.height)
        starts, lengths = tags.all(273), tags.all(279)
    least = _LEAST_TILE if is_tiled else 1
    if not (least <= width <= _LARGEST_SIDE and least <= rows <= _LARGEST_SIDE):
        raise damaged("TIFF", f"its tiles or strips have {width} × {rows} pixels")
    across, down = -(-size.width // width), -(-size.height // rows)
    count = across * down
    if len(starts) < count * planes:
        raise damaged("TIFF", f"it names {len(starts)} of {count * planes} places of its data")
    if len(lengths) < len(starts):
        # In files without lengths each piece of data reaches to the next.
        ends = np.unique([*starts, file_bytes])
        behind = np.searchsorted(ends, starts, side="right").clip(0, len(ends) - 1)
        lengths = (ends[behind] - np.array(starts)).clip(0).tolist()
    if len(lengths) < count * planes:
        raise damaged("TIFF", f"it names {len(lengths)} of {count * planes} lengths of its data")
    made = []
    for plane in range(planes):
        segments = []
        for index in range(count):
            y = index // across * rows
            stored = rows if is_tiled else min(rows, size.height - y)
            start = min(starts[plane * count + index], file_bytes)
            length = min(lengths[plane * count + index], file_bytes - start)
            segments.append(Segment(start, length, index % across * width, y, stored))
        made.append(tuple(segments))
    return tuple(made), width


def _colour_map(tags: _Tags, bits: int) -> NDArray[np.uint8]:
    values = np.array(tags.all(320), np.uint32)
    count = len(values) // 3
    if count == 0 or bits > 8:
        raise damaged("TIFF", f"it has a palette of {count} colours for {bits} bits")
    # Some writers give 8-bit values where 16 bits are asked for.
    levels = values[: count * 3].reshape(3, count).T
    return (levels if levels.max() < 256 and bits == 8 else levels >> 8).astype(np.uint8)
