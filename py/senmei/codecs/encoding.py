"""Picture → bytes, through Pillow."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from ..animation import Animation
from ..errors import InvalidOption, UnsupportedFormat
from ..picture import Picture

OUTPUT_FORMATS = ("png",)

PNG_COMPRESSION = 6
"""zlib's level."""


def encode(value: Picture | Animation, *, format: str, compression: int = PNG_COMPRESSION) -> bytes:  # noqa: A002 - the word users know
    """Writes `value` as a file of `format` ("png"), with its colour profile, EXIF and resolution.

    compression: zlib level, 0 (fast) to 9 (small). Raises InvalidOption for another format or level, UnsupportedFormat
    for an animation or a 16-bit colour picture.
    """
    if format not in OUTPUT_FORMATS:
        raise InvalidOption(f"The format “{format}” cannot be written; accepted: {', '.join(OUTPUT_FORMATS)}.")
    if not 0 <= compression <= 9:
        raise InvalidOption(f"The compression level {compression} is outside 0 to 9.")
    if isinstance(value, Animation):
        raise UnsupportedFormat(f"An animation of {len(value.frames)} frames cannot be written as {format}.")
    stream = BytesIO()
    _to_image(value).save(stream, "PNG", compress_level=compression, **_metadata(value))
    return stream.getvalue()


def _to_image(picture: Picture) -> Image.Image:
    pixels, alpha = picture.pixels, picture.alpha
    if pixels.dtype == np.uint16:
        if alpha is not None or not picture.is_gray:
            raise UnsupportedFormat("Of 16-bit pictures only gray ones without transparency can be written.")
        return Image.fromarray(pixels[:, :, 0])
    if alpha is None:
        return Image.fromarray(pixels[:, :, 0] if picture.is_gray else pixels)
    return Image.fromarray(np.dstack((pixels, alpha)))


def _metadata(picture: Picture) -> dict[str, Any]:
    known = {"icc_profile": picture.icc, "exif": picture.exif, "dpi": picture.dpi}
    return {name: value for name, value in known.items() if value is not None}
