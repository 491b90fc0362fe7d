"""TIFF stills: strips and tiles, planes apart or together, 1 to 16 bits; the first page."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import numpy as np
from PIL import Image, TiffImagePlugin

from ...errors import UnsupportedFormat
from ...picture import Pixels
from ..canvas import Canvas
from ..colours.cmyk import cmyk_to_srgb
from ..pillow_samples import layout_of, write_samples
from ..signatures import damaged
from ..still_file import pillow_unbound, refuse_lying_size
from .fields import TiffBlock
from .layout import CCITT, CMYK, COMPRESSIONS, DEFLATE, LZW, PALETTE, WHITE_IS_ZERO, TiffLayout, read_layout
from .segments import SegmentReader

# Bytes that one byte can become; a whole row of CCITT takes a bit.
_EXPANSION = {**dict.fromkeys(DEFLATE, 1032.0), **dict.fromkeys(LZW, 2731.0), 32773: 64.0, 1: 1.0}


class TiffFile:
    """A TIFF file whose samples are read here. See StillFile."""

    format = "TIFF"
    is_animated = False

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.layout = layout = read_layout(data)
        self.size = layout.size
        self.depth = 16 if layout.bits > 8 and layout.photometric != CMYK else 8
        self.channels = 1 if layout.colours == 1 and layout.photometric != PALETTE else 3
        self.has_alpha = layout.alpha is not None

    def image(self) -> Image.Image:
        return Image.new("CMYK" if self.layout.photometric == CMYK else "L" if self.channels == 1 else "RGB", (1, 1))

    def check(self, *, partial: bool) -> None:
        layout = self.layout
        most = _EXPANSION.get(layout.compression)
        if layout.compression in CCITT:
            most = 8.0 * self.size.width
        if most is not None:
            per_pixel = layout.bits * layout.samples / 8
            stored = min(layout.data_bytes, len(self.data))
            refuse_lying_size("TIFF", self.size, stored, pixels_per_byte=most / per_pixel, partial=partial)

    def fill(self, canvas: Canvas, *, profile: bytes | None, partial: bool) -> list[str]:
        layout = self.layout
        readers = [SegmentReader(self.data, layout, plane, careful=partial) for plane in layout.planes]
        notes: list[str] = []
        done = 0
        for bands in self._bands(readers):
            index, top, _ = bands[0]
            segment = layout.planes[0][index]
            y = segment.y + top
            rows = min(len(bands[0][2]), self.size.height - y)
            width = min(layout.width, self.size.width - segment.x)
            samples = np.dstack([_samples(raw, layout) for _, _, raw in bands])[:rows, :width]
            where = (slice(y, y + rows), slice(segment.x, segment.x + width))
            note = self._write(samples, canvas, where, profile)
            notes += [note] if note else []
            done += rows * width
        faults = [fault for reader in readers for fault in reader.faults]
        if faults and not (partial and done):
            raise damaged("TIFF", faults[0])
        if faults:
            notes.append(
                f"This TIFF file is damaged ({faults[0]}): {done} of {self.size.pixels} pixels could be read"
                f"{'' if done == self.size.pixels else '; the rest is empty'}."
            )
        if layout.pages > 1:
            notes.append(f"The file has {layout.pages} pages; the first was read.")
        left_out = layout.samples - layout.colours - (layout.alpha is not None)
        if left_out:
            notes.append(f"Further channels that are neither colour nor alpha were left out: {left_out}.")
        return list(dict.fromkeys(notes))

    def _bands(self, readers: list[SegmentReader]) -> Iterator[list[tuple[int, int, Pixels]]]:
        """The planes' bands of the same place together; ends where one plane is out of step for damage."""
        for bands in zip(*(reader.bands() for reader in readers), strict=False):
            if len({(index, top, len(raw)) for index, top, raw in bands}) > 1:
                readers[0].faults.append(f"its planes break off differently near row {bands[0][1]}")
                return
            yield list(bands)

    def _write(self, samples: Pixels, canvas: Canvas, where: tuple[slice, slice], profile: bytes | None) -> str | None:
        layout = self.layout
        colours = samples[:, :, : layout.colours]
        full = (1 << layout.bits) - 1
        note = None
        if layout.photometric == PALETTE:
            colours = self._coloured(colours[:, :, 0])
        elif layout.photometric == CMYK:
            colours, note = cmyk_to_srgb(np.ascontiguousarray(_scaled(colours, layout.bits, 8)), profile)
        else:
            if layout.photometric == WHITE_IS_ZERO:
                colours = full - colours
            colours = _scaled(colours, layout.bits, self.depth)
        if canvas.stored_alpha is not None and layout.alpha is not None:
            alpha = _scaled(samples[:, :, layout.alpha], layout.bits, self.depth)
            canvas.stored_alpha[where] = alpha
            if layout.is_associated:
                colours = _divided(colours, alpha)
        canvas.stored_pixels[where] = colours
        return note

    def _coloured(self, indices: Pixels) -> Pixels:
        known = self.layout.colour_map
        if known is None:
            raise damaged("TIFF", "it has no palette")
        colours = np.zeros((256, 3), np.uint8)
        colours[: len(known)] = known[:256]
        return colours[indices]


# libtiff decodes what it wrote itself with this to other pixels, without an error.
_MISREAD = {32771}


class PillowTiffFile(TiffFile):
    """A TIFF file of which only Pillow's library may know the compression, and that with 8 bits a sample."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        if self.layout.compression in _MISREAD:
            raise UnsupportedFormat(f"{self._kind()}, which is not read.")
        with pillow_unbound(), _libtiff_for_all():
            try:
                self._image = TiffImagePlugin.TiffImageFile(BytesIO(_upright(data)))
            except (SyntaxError, OSError, KeyError, TypeError, ValueError) as error:
                raise UnsupportedFormat(f"{self._kind()}, which is not read ({error}).") from error
            self.depth, self.channels, self.has_alpha = layout_of(self._image, "TIFF")
        if self.depth != 8:
            raise UnsupportedFormat(f"{self._kind()} with more than 8 bits, which is not read.")

    def _compression(self) -> str:
        return COMPRESSIONS.get(self.layout.compression, f"of the unknown kind {self.layout.compression}")

    def _kind(self) -> str:
        return f"This TIFF file has the compression {self._compression()}"

    def fill(self, canvas: Canvas, *, profile: bytes | None, partial: bool) -> list[str]:
        try:
            self._image.load()
        except OSError as error:
            if _is_left_out(self.layout.compression) or "not available" in str(error):
                raise UnsupportedFormat(f"{self._kind()}, which this build cannot decode.") from error
            raise damaged("TIFF", f"compression {self._compression()}: {error}") from error
        notes = write_samples(self._image, canvas, profile)
        if self.layout.pages > 1:
            notes.append(f"The file has {self.layout.pages} pages; the first was read.")
        return notes


def open_tiff(data: bytes) -> TiffFile:
    """Raises CorruptImage for a broken directory, UnsupportedFormat for kinds of samples that are not read."""
    return TiffFile(data) if read_layout(data).is_plain else PillowTiffFile(data)


@contextmanager
def _libtiff_for_all() -> Iterator[None]:
    """Pillow's own reader of uncompressed samples takes YCbCr for something else: before 11 for four bytes a pixel, and
    in every version for whole chroma where it is halved."""
    before = TiffImagePlugin.READ_LIBTIFF
    TiffImagePlugin.READ_LIBTIFF = True
    try:
        yield
    finally:
        TiffImagePlugin.READ_LIBTIFF = before


def _is_left_out(compression: int) -> bool:
    """Whether libtiff was built without it. Of a failed reading only a number gets through, the same as for damage; but
    what it reads, it writes, and old JPEG is read with the library of JPEG."""
    name = {6: "jpeg", 7: "jpeg", 34925: "lzma", 50000: "zstd", 50001: "webp"}.get(compression)
    try:
        if name:
            Image.new("RGB", (16, 16)).save(BytesIO(), "TIFF", compression=name)
    except OSError:
        return True
    return False


def _upright(data: bytes) -> bytes:
    """With the orientation 1: Pillow would turn the picture by itself, and it is turned later."""
    tiff = TiffBlock(data)
    upright = bytearray(data)
    for field in tiff.directory(tiff.first)[0]:
        if field.tag == 274 and field.type == 3:
            struct.pack_into(tiff.order + "H", upright, field.place, 1)
    return bytes(upright)


def _samples(raw: Pixels, layout: TiffLayout) -> Pixels:
    """(n, row bytes) → (n, width, samples of the plane), the prediction undone."""
    rows, bits, count = len(raw), layout.bits, layout.row_samples
    if bits == 16:
        samples = raw.view(layout.order + "u2").astype(np.uint16)
    elif bits == 8:
        samples = raw
    else:
        places = np.unpackbits(raw, axis=1, count=count * bits).reshape(rows, count, bits)
        weights = 1 << np.arange(bits - 1, -1, -1)
        samples = (places @ weights.astype(np.uint16)).astype(np.uint16 if bits > 8 else np.uint8)
    samples = samples.reshape(rows, layout.width, -1)
    if layout.predictor == 2:
        # TIFF 6.0, section 14: each sample is stored as its difference from the one to the left.
        samples = np.cumsum(samples, axis=1, dtype=samples.dtype)
    return samples


def _scaled(samples: Pixels, bits: int, depth: int) -> Pixels:
    """From 0 to 2^bits - 1 → 0 to 2^depth - 1."""
    if bits == depth:
        return samples
    full, levels = (1 << bits) - 1, (1 << depth) - 1
    table = np.rint(np.arange(full + 1) * levels / full).astype(np.uint16 if depth == 16 else np.uint8)
    return table[samples]


def _divided(colours: Pixels, alpha: Pixels) -> Pixels:
    """Colours that were multiplied by alpha as they were before; what is wholly transparent stays black."""
    full = np.iinfo(alpha.dtype).max
    known = np.maximum(alpha, 1)[:, :, np.newaxis].astype(np.uint32)
    return ((colours * np.uint32(full) + known // 2) // known).clip(0, full).astype(alpha.dtype)
