"""A still picture as plain numbers and metadata."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .geometry import Size

Pixels = NDArray[Any]
"""An array of uint8 or uint16 samples."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a file tells about its picture, in the bytes it tells it with.

    icc: the colour profile of the pixels as they are here. exif: the block from its TIFF header on, without the
    "Exif" marker in front; its orientation is 1, because the pixels are upright. xmp: the packet, UTF-8.
    dpi: horizontal and vertical dots per inch. texts: keywords and their texts, as PNG has them; the comment of a JPEG
    or GIF file has the keyword "Comment". png_colour: the type and content of a PNG's gAMA, cHRM, sRGB and cICP chunks,
    which only a PNG can hold.
    """

    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None
    texts: tuple[tuple[str, str], ...] = ()
    png_colour: tuple[tuple[bytes, bytes], ...] = ()


NO_METADATA = Metadata()


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One picture, upright.

    pixels: (H, W, C), uint8 or uint16, C = 3 for RGB or 1 for gray; full range, not multiplied by alpha.
    alpha: (H, W) of the same dtype, or None when every pixel is opaque by nature of the format.
    notes: what was lost or guessed while the picture was read, each a sentence for its user.
    """

    pixels: Pixels
    alpha: Pixels | None = None
    metadata: Metadata = NO_METADATA
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.pixels.dtype not in (np.uint8, np.uint16):
            raise ValueError(f"pixels are uint8 or uint16, not {self.pixels.dtype}")
        if self.pixels.ndim != 3 or self.pixels.shape[2] not in (1, 3) or 0 in self.pixels.shape:
            raise ValueError(f"pixels have the shape (H, W, 1) or (H, W, 3), not {self.pixels.shape}")
        if self.alpha is not None and (
            self.alpha.shape != self.pixels.shape[:2] or self.alpha.dtype != self.pixels.dtype
        ):
            raise ValueError(
                f"alpha is {self.alpha.dtype} {self.alpha.shape}, but the pixels need "
                f"{self.pixels.dtype} {self.pixels.shape[:2]}"
            )

    @property
    def size(self) -> Size:
        height, width = self.pixels.shape[:2]
        return Size(width, height)

    @property
    def is_gray(self) -> bool:
        return bool(self.pixels.shape[2] == 1)


def without_opaque_alpha(picture: Picture) -> Picture:
    """The picture as it is, but without alpha where nothing is transparent."""
    alpha = picture.alpha
    if alpha is None or alpha.min() < np.iinfo(alpha.dtype).max:
        return picture
    return replace(picture, alpha=None)
