"""Formats that Pillow's encoders write from a whole picture: JPEG, WebP, AVIF. The rows are gathered in Pillow's own
image, which needs 4 bytes a pixel, 1 where gray stays gray."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from ..errors import TooLarge
from ..geometry import Size
from ..picture import Metadata, Pixels
from .metadata.writing import after_jfif, jpeg_segments, left_out, whole_density, with_fitting_profile
from .options import DEFAULT_QUALITY, DEFAULT_SUBSAMPLING, EncodeOptions
from .tiff.writing_fields import without_orientation

_OPTIMISED_PIXELS = 40_000_000
"""A JPEG's own Huffman tables make an enlarged drawing's file 15 % smaller, but need all coefficients at once, 6 bytes
a pixel. Above this many pixels the standard ones do."""


def no_memory(size: Size, error: Exception) -> TooLarge:
    """What is told when a file of this size fails while it is made."""
    return TooLarge(
        f"A file of {size} pixels could not be made, most likely for want of memory "
        f"({str(error) or type(error).__name__}); PNG needs very little."
    )


class WholeRows:
    """A RowEncoder that encodes in `finish`. For 8-bit rows; a format writes in a subclass.

    `finish` raises TooLarge when the format's library gives up.
    """

    def __init__(self, size: Size, mode: str) -> None:
        self.notes: tuple[str, ...] = ()
        self._image = Image.new(mode, (size.width, size.height))
        self._top = 0

    def write(self, pixels: Pixels, alpha: Pixels | None) -> bytes:
        """The next rows: pixels (h, W, C) and alpha (h, W), uint8."""
        if alpha is None:
            rows = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
        else:
            rows = Image.fromarray(np.dstack((pixels, alpha)))
        self._image.paste(rows.convert(self._image.mode), (0, self._top))
        self._top += rows.height
        return b""

    def finish(self) -> bytes:
        try:
            return self._encoded(self._image)
        except (OSError, ValueError, MemoryError) as error:
            raise no_memory(Size(*self._image.size), error) from error
        finally:
            self._image.close()

    def _encoded(self, image: Image.Image) -> bytes:
        raise NotImplementedError


class JpegRows(WholeRows):
    """Transparent pixels are laid on white."""

    def __init__(self, size: Size, *, channels: int, metadata: Metadata, options: EncodeOptions) -> None:
        super().__init__(size, "L" if channels == 1 else "RGB")
        carried = jpeg_segments(metadata)
        self.notes = carried.notes
        self._segments = carried.data
        self._settings: dict[str, Any] = {
            "quality": options.quality or DEFAULT_QUALITY["jpeg"],
            "subsampling": options.subsampling or DEFAULT_SUBSAMPLING,
        }
        if density := whole_density(metadata, limit=1 << 16):
            self._settings["dpi"] = density
        self._is_laid_on_white = False

    def write(self, pixels: Pixels, alpha: Pixels | None) -> bytes:
        if alpha is not None and not (alpha == 255).all():
            if not self._is_laid_on_white:
                self.notes += ("JPEG holds no transparency; the picture was laid on white.",)
            self._is_laid_on_white = True
            pixels = _on_white(pixels, alpha)
        return super().write(pixels, None)

    def _encoded(self, image: Image.Image) -> bytes:
        return b"".join(after_jfif(self._saved(image), self._segments))

    def _saved(self, image: Image.Image) -> bytes:
        if image.width * image.height <= _OPTIMISED_PIXELS:
            try:
                return _saved(image, "JPEG", optimize=True, **self._settings)
            except (OSError, MemoryError):
                # Pillow guesses the room that this needs, and noise at a high quality needs more.
                pass
        return _saved(image, "JPEG", **self._settings)


class WebpRows(WholeRows):
    def __init__(self, size: Size, *, has_alpha: bool, metadata: Metadata, options: EncodeOptions) -> None:
        super().__init__(size, "RGBA" if has_alpha else "RGB")
        metadata, unfitting = with_fitting_profile(metadata, is_gray=False, format_name="WebP")
        self.notes = unfitting + left_out("WebP", metadata, texts=dict(metadata.texts), resolution=False)
        self._settings = _carried(metadata)
        if options.lossless:
            self._settings |= {"lossless": True, "exact": True}
        else:
            self._settings["quality"] = options.quality or DEFAULT_QUALITY["webp"]

    def _encoded(self, image: Image.Image) -> bytes:
        return _saved(image, "WEBP", **self._settings)


class AvifRows(WholeRows):
    def __init__(
        self, size: Size, *, channels: int, has_alpha: bool, metadata: Metadata, options: EncodeOptions
    ) -> None:
        is_gray = channels == 1 and not has_alpha
        super().__init__(size, "L" if is_gray else "RGBA" if has_alpha else "RGB")
        metadata, unfitting = with_fitting_profile(metadata, is_gray=is_gray, format_name="AVIF")
        self.notes = unfitting + left_out("AVIF", metadata, texts=dict(metadata.texts), resolution=False)
        self._settings = _carried(metadata)
        if metadata.exif:
            try:
                # Pillow would take the tag out by writing the whole block anew.
                self._settings["exif"] = without_orientation(metadata.exif)
            except ValueError as error:
                self.notes += (f"The EXIF data was left out ({error}).",)
                del self._settings["exif"]
        self._settings["quality"] = options.quality or DEFAULT_QUALITY["avif"]
        self._settings["subsampling"] = "4:0:0" if is_gray else options.subsampling or DEFAULT_SUBSAMPLING

    def _encoded(self, image: Image.Image) -> bytes:
        return _saved(image, "AVIF", **self._settings)


def _on_white(pixels: Pixels, alpha: Pixels) -> Pixels:
    opacity = alpha[:, :, np.newaxis].astype(np.uint16)
    return ((pixels * opacity + 255 * (255 - opacity) + 127) // 255).astype(np.uint8)


def _carried(metadata: Metadata) -> dict[str, Any]:
    known = {"icc_profile": metadata.icc, "exif": metadata.exif, "xmp": metadata.xmp}
    return {name: value for name, value in known.items() if value}


def _saved(image: Image.Image, name: str, **settings: Any) -> bytes:
    stream = BytesIO()
    image.save(stream, name, **settings)
    return stream.getvalue()
