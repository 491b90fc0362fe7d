"""Bytes → Picture or Animation, through Pillow."""

from __future__ import annotations

import warnings
from dataclasses import replace
from io import BytesIO

import numpy as np
from PIL import Image, ImageOps

from ..animation import Animation, Frame
from ..errors import CorruptImage, SenmeiError, TooLarge
from ..geometry import Size
from ..picture import Picture, Pixels
from .signatures import format_of

MAX_INPUT_PIXELS = 100_000_000
"""Refused above: decoded as RGB with Pillow's own copy this is 700 MB of the browser's 4 GB."""

MAX_ANIMATION_PIXELS = 200_000_000
"""All frames together, held as RGBA."""


def decode(data: bytes) -> Picture | Animation:
    """Reads a PNG, JPEG or WebP file, told by its content.

    Gray stays gray, 16-bit gray stays uint16; other 16-bit pictures come as 8-bit, palettes and CMYK as RGB.
    Transparency of any kind becomes `alpha`. The EXIF orientation is applied. Files with several frames (APNG, animated
    WebP) become an Animation.
    Raises UnsupportedFormat for other content, CorruptImage for files that cannot be read whole, TooLarge above
    MAX_INPUT_PIXELS.
    """
    name = format_of(data)
    try:
        with warnings.catch_warnings():
            # The limit below is ours, and gives a sentence instead of a warning.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(BytesIO(data), formats=[name.upper()])
            _refuse_too_large(image, name)
            return _animation(image) if _is_animation(image, name) else _picture(image)
    except SenmeiError:
        raise
    except (Image.DecompressionBombError, MemoryError) as error:
        raise TooLarge(f"This {name} picture does not fit in memory ({error}).") from error
    except Exception as error:
        # Pillow's plugins raise whatever their parsing trips over: OSError, SyntaxError, ValueError, struct.error …
        raise CorruptImage(f"This {name} file is damaged and cannot be read ({_reason(error)}).") from error


def _is_animation(image: Image.Image, name: str) -> bool:
    """A JPEG's further pictures (MPO) are previews, gain maps or another eye's view, as cameras add them: no frames."""
    return name != "JPEG" and getattr(image, "n_frames", 1) > 1


def _refuse_too_large(image: Image.Image, name: str) -> None:
    size = Size(*image.size)
    if size.pixels > MAX_INPUT_PIXELS:
        raise TooLarge(
            f"The picture has {size} pixels, {size.pixels / 1e6:.0f} million; "
            f"up to {MAX_INPUT_PIXELS / 1e6:.0f} million are read."
        )
    frames = getattr(image, "n_frames", 1)
    if _is_animation(image, name) and frames * size.pixels > MAX_ANIMATION_PIXELS:
        raise TooLarge(
            f"The animation has {frames} frames of {size} pixels; "
            f"up to {MAX_ANIMATION_PIXELS / 1e6:.0f} million pixels in all frames together are read."
        )


def _picture(image: Image.Image) -> Picture:
    image.load()
    dpi = image.info.get("dpi")
    icc = image.info.get("icc_profile")
    upright = ImageOps.exif_transpose(image)
    pixels, alpha = _samples(upright)
    return Picture(
        pixels,
        alpha,
        # A CMYK profile does not describe the RGB that the pixels have become.
        icc=None if image.mode == "CMYK" else icc,
        exif=upright.info.get("exif") or None,
        dpi=(float(dpi[0]), float(dpi[1])) if dpi else None,
    )


def _animation(image: Image.Image) -> Animation:
    frames = []
    for index in range(getattr(image, "n_frames", 1)):
        image.seek(index)
        # Durations are known only once the frame is loaded.
        picture = _picture(image.copy())
        frames.append(Frame(replace(picture, exif=None), float(image.info.get("duration", 0))))
    return Animation(tuple(frames), int(image.info.get("loop", 0)))


def _samples(image: Image.Image) -> tuple[Pixels, Pixels | None]:
    """(H, W, C) pixels and (H, W) alpha of a loaded image of any Pillow mode."""
    if image.mode.startswith("I"):
        return _samples16(image)
    if image.has_transparency_data:
        image = image.convert("LA" if image.mode in ("1", "L", "LA", "La") else "RGBA")
    elif image.mode in ("1", "L"):
        image = image.convert("L")
    else:
        image = image.convert("RGB")
    samples = np.asarray(image)
    if image.mode in ("LA", "RGBA"):
        return samples[:, :, :-1].copy(), samples[:, :, -1].copy()
    return samples.reshape(image.height, image.width, -1).copy(), None


def _samples16(image: Image.Image) -> tuple[Pixels, Pixels | None]:
    gray = np.asarray(image).astype(np.uint16)
    transparent = image.info.get("transparency")
    alpha = None if transparent is None else np.where(gray == transparent, 0, 65535).astype(np.uint16)
    return gray[:, :, np.newaxis], alpha


def _reason(error: Exception) -> str:
    return str(error).split("\n")[0].rstrip(".") or type(error).__name__
