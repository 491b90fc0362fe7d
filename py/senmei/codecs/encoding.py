"""Picture → bytes, whole or in bands of rows from the top."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ..errors import TooLarge
from ..geometry import Size
from ..picture import Metadata, Picture, Pixels
from ..pixels import to_depth
from .gif_rows import GifRows
from .metadata.writing import chosen
from .options import DEEP_FORMATS, FORMAT_NAMES, OUTPUT_FORMATS, EncodeOptions
from .png.chunks import LARGEST_SIDE
from .png.rows import PngRows
from .tiff.rows import TiffRows
from .whole_rows import AvifRows, JpegRows, WebpRows

_LONGEST_SIDE = {
    "png": LARGEST_SIDE,
    "jpeg": 65_500,
    "webp": 16_383,
    "gif": 65_535,
    "tiff": (1 << 32) - 1,
    "avif": 32_768,
}
"""libjpeg's and libwebp's limits; what libavif reads unless told otherwise."""

_BAND_BYTES = 1 << 18
"""Rows are handed on in parts that stay in the processor's cache."""

_DEFAULT = EncodeOptions()


class RowEncoder(Protocol):
    """Writes a file from rows that come from the top, in bands of any height."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the format could not hold, each a sentence; complete after `finish`."""

    def write(self, pixels: Pixels, alpha: Pixels | None) -> bytes:
        """The next rows: pixels (h, W, C) and alpha (h, W) of the dtype announced. Returns the file's next bytes, often
        none."""

    def finish(self) -> bytes:
        """The rest of the file. Raises ValueError if rows are missing."""


def open_encoder(
    size: Size, *, channels: int, has_alpha: bool, depth: int, metadata: Metadata, options: EncodeOptions = _DEFAULT
) -> RowEncoder:
    """An encoder for a picture of `size`.

    channels: samples a pixel without alpha, 1 or 3. depth: bits a sample of the rows to come, 8 or 16; they are
    converted where the options or the format ask for others. PNG is written as the rows come and holds a few of them;
    TIFF holds its compressed bytes, the others the whole picture (4 bytes a pixel, gray JPEG 1) until `finish`.
    Raises TooLarge where the format has no room for so many pixels a side, or (TIFF, while writing) for 4 GB.
    """
    options = options.resolved()
    check_size(size, options)
    return _BandedRows(size, channels=channels, has_alpha=has_alpha, depth=depth, metadata=metadata, options=options)


def check_size(size: Size, options: EncodeOptions) -> None:
    """Raises TooLarge where the format has no room for so many pixels a side. Takes no memory for them."""
    longest = _LONGEST_SIDE[options.format]
    if max(size.width, size.height) > longest:
        others = [FORMAT_NAMES[name] for name in OUTPUT_FORMATS if _LONGEST_SIDE[name] >= max(size.width, size.height)]
        raise TooLarge(
            f"{options.format_name} holds up to {longest:,} pixels a side, not {size}; {' and '.join(others)} can."
        )


def encoder_bytes(size: Size, *, channels: int, has_alpha: bool, depth: int, options: EncodeOptions = _DEFAULT) -> int:
    """The most that `open_encoder`'s encoder holds at a time, in bytes: for plans, before anything is made.

    depth: of the file. Measured with Pillow 10.2 and 13 as the growth of the process on 16 million noisy pixels; TIFF's
    share is that of noise, whose compressed strips are as large as the samples and are joined at the end.
    """
    options = options.resolved()
    sample_bytes = (channels + has_alpha) * depth // 8
    band_bytes = max(_BAND_BYTES, size.width * sample_bytes)
    if options.format == "png":
        return 24 * band_bytes
    if options.format == "tiff":
        return 2 * size.pixels * sample_bytes + 4 * band_bytes
    if options.format == "jpeg":
        return size.pixels * (5 if channels == 1 else 12)
    if options.format == "webp":
        # libwebp compresses alpha without loss, whatever the colours get.
        return size.pixels * (38 if options.lossless or has_alpha else 15)
    if options.format == "gif":
        return size.pixels * 24
    return size.pixels * 42


def encode_still(picture: Picture, options: EncodeOptions = _DEFAULT) -> bytes:
    """`picture` as a file. Raises TooLarge as `open_encoder` does."""
    encoder = open_encoder(
        picture.size,
        channels=picture.pixels.shape[2],
        has_alpha=picture.alpha is not None,
        depth=picture.pixels.dtype.itemsize * 8,
        metadata=picture.metadata,
        options=options,
    )
    return encoder.write(picture.pixels, picture.alpha) + encoder.finish()


class _BandedRows:
    """Checks rows, brings them to the depth of the file and hands them on in small bands."""

    def __init__(
        self, size: Size, *, channels: int, has_alpha: bool, depth: int, metadata: Metadata, options: EncodeOptions
    ) -> None:
        self._shape = (size.width, channels)
        self._has_alpha = has_alpha
        self._dtype = np.dtype(np.uint16 if depth == 16 else np.uint8)
        self._missing = size.height
        self._band_rows = max(1, _BAND_BYTES // (size.width * (channels + has_alpha) * self._dtype.itemsize))
        self._depth = options.written_depth(depth)
        self._notes: tuple[str, ...] = ()
        if depth == 16 and options.format not in DEEP_FORMATS:
            self._notes = (f"{options.format_name} holds 8 bits a sample; the picture's 16 were rounded.",)
        self._writer = _writer(size, channels, has_alpha, self._depth, chosen(metadata, options.metadata), options)

    @property
    def notes(self) -> tuple[str, ...]:
        return self._notes + self._writer.notes

    def write(self, pixels: Pixels, alpha: Pixels | None) -> bytes:
        self._check(pixels, alpha)
        self._missing -= pixels.shape[0]
        return b"".join(
            self._writer.write(
                to_depth(pixels[top : top + self._band_rows], self._depth),
                None if alpha is None else to_depth(alpha[top : top + self._band_rows], self._depth),
            )
            for top in range(0, pixels.shape[0], self._band_rows)
        )

    def finish(self) -> bytes:
        if self._missing:
            raise ValueError(f"{self._missing} rows have not been written")
        return self._writer.finish()

    def _check(self, pixels: Pixels, alpha: Pixels | None) -> None:
        if pixels.ndim != 3 or pixels.shape[1:] != self._shape or pixels.dtype != self._dtype:
            raise ValueError(
                f"rows are {self._dtype} of the shape (h, {', '.join(map(str, self._shape))}), "
                f"not {pixels.dtype} {pixels.shape}"
            )
        if (alpha is not None) != self._has_alpha:
            raise ValueError("rows have alpha if and only if it was announced")
        if alpha is not None and (alpha.shape != pixels.shape[:2] or alpha.dtype != self._dtype):
            raise ValueError(f"alpha is {alpha.dtype} {alpha.shape}, but the rows are {self._dtype} {pixels.shape}")
        if pixels.shape[0] > self._missing:
            raise ValueError(f"{pixels.shape[0]} rows came where {self._missing} are missing")


def _writer(
    size: Size, channels: int, has_alpha: bool, depth: int, metadata: Metadata, options: EncodeOptions
) -> RowEncoder:
    if options.format == "jpeg":
        return JpegRows(size, channels=channels, metadata=metadata, options=options)
    if options.format == "webp":
        return WebpRows(size, has_alpha=has_alpha, metadata=metadata, options=options)
    if options.format == "avif":
        return AvifRows(size, channels=channels, has_alpha=has_alpha, metadata=metadata, options=options)
    if options.format == "gif":
        return GifRows(size, channels=channels, has_alpha=has_alpha, metadata=metadata, options=options)
    if options.format == "tiff":
        return TiffRows(size, channels=channels, has_alpha=has_alpha, depth=depth, metadata=metadata)
    return PngRows(size, channels=channels, has_alpha=has_alpha, depth=depth, metadata=metadata)
