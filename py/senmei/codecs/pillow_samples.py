"""The samples of a loaded Pillow image, band by band: np.asarray of a whole one would copy it twice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

from ..errors import UnsupportedFormat
from ..picture import Pixels
from .canvas import Canvas
from .colours.cmyk import cmyk_to_srgb

_BAND_PIXELS = 2**20
_GRAY_MODES = ("1", "L", "LA", "La")
_COLOUR_MODES = ("P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr")


def layout_of(image: Image.Image, name: str) -> tuple[int, int, bool]:
    """Depth, channels and whether there is alpha, of what `write_samples` makes of an opened image."""
    if image.mode.startswith("I"):
        return 16, 1, "transparency" in image.info
    if image.mode not in _GRAY_MODES + _COLOUR_MODES:
        raise UnsupportedFormat(f"This {name} picture has samples of the kind “{image.mode}”, which are not read.")
    return 8, 1 if image.mode in _GRAY_MODES else 3, image.has_transparency_data


def write_samples(image: Image.Image, canvas: Canvas, profile: bytes | None) -> list[str]:
    """Copies the image into a canvas of its layout. profile: of CMYK pixels, which become sRGB. Returns notes."""
    notes: dict[str, None] = {}
    for top, band in _bands(image):
        rows = slice(top, top + band.height)
        samples, note = _colour(band, canvas, profile)
        if note:
            notes[note] = None
        samples = samples.reshape(band.height, band.width, -1)
        canvas.stored_pixels[rows] = samples[:, :, : canvas.pixels.shape[2]]
        if canvas.stored_alpha is not None:
            canvas.stored_alpha[rows] = samples[:, :, -1]
    return list(notes)


def _bands(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    rows = max(1, _BAND_PIXELS // image.width)
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _colour(band: Image.Image, canvas: Canvas, profile: bytes | None) -> tuple[Pixels, str | None]:
    if band.mode == "CMYK":
        return cmyk_to_srgb(np.asarray(band), profile)
    has_alpha, is_gray = canvas.alpha is not None, canvas.pixels.shape[2] == 1
    mode = ("LA" if has_alpha else "L") if is_gray else ("RGBA" if has_alpha else "RGB")
    # What lies under alpha is kept as it is; "La" and "RGBa" are multiplied by it, which Pillow undoes.
    return np.asarray(band if band.mode == mode else band.convert(mode)), None
