"""What a file says about its picture, read without decoding any pixel."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import SenmeiError
from ..geometry import Size
from .animation_reading import open_animation
from .bmp.reading import BmpFile
from .canvas import upright_size
from .containers.reading import open_container
from .gif.reading import GifFile
from .ico import open_icon
from .jpeg.reading import JpegFile
from .metadata.reading import read_metadata
from .netpbm import NetpbmFile
from .png.reading import PngFile
from .signatures import READABLE_ELSEWHERE, damaged, format_of
from .still_file import StillFile
from .targa.reading import TargaFile
from .tiff.reading import open_tiff
from .webp.reading import WebpFile

_OPENERS: dict[str, Callable[[bytes], StillFile]] = {
    "PNG": PngFile,
    "JPEG": JpegFile,
    "WebP": WebpFile,
    "GIF": GifFile,
    "BMP": BmpFile,
    "TIFF": open_tiff,
    "ICO": open_icon,
    "TGA": TargaFile,
    "PPM": NetpbmFile,
}


@dataclass(frozen=True, slots=True)
class Header:
    """format: one of signatures.READABLE or READABLE_ELSEWHERE. size: as shown, the EXIF orientation applied.

    depth: bits a sample that the Picture will have, 8 or 16. channels: its samples a pixel, 1 or 3, and 1 more with
    alpha. frames: more than 1 for an animation; pages of a TIFF and further pictures of a JPEG are none.
    """

    format: str
    size: Size
    depth: int
    channels: int
    frames: int


def read_header(data: bytes) -> Header:
    """Tells the format by the content. Raises UnsupportedFormat and, for broken headers, CorruptImage.

    A header may promise more than the file holds, or more than any memory: only its own soundness is checked.
    """
    file = open_still(data)
    if file.is_animated:
        info = open_animation(data, partial=True).info
        return Header(file.format, info.size, info.depth, info.channels + info.has_alpha, len(info.durations_ms))
    _, orientation, _ = read_metadata(file.image(), data, file.format)
    size = upright_size(file.size, orientation)
    return Header(file.format, size, file.depth, file.channels + file.has_alpha, 1)


def open_still(data: bytes) -> StillFile:
    """The file with its header read. Raises UnsupportedFormat and CorruptImage."""
    name = format_of(data)
    try:
        return open_container(data, name) if name in READABLE_ELSEWHERE else _OPENERS[name](data)
    except SenmeiError:
        raise
    except (ValueError, IndexError, struct.error) as error:
        raise damaged(name, f"its header is cut off or broken: {error}") from error
