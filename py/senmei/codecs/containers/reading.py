"""AVIF, HEIC and JPEG XL: their headers always, their pixels where this Pillow has a decoder (AVIF)."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, features

from ...errors import UnsupportedFormat
from ...geometry import Size
from ..canvas import Canvas
from ..pillow_samples import layout_of, write_samples
from ..signatures import accepted_formats, damaged
from ..still_file import StillFile, pillow_unbound
from .isobmff import read_container
from .jpeg_xl import read_jpeg_xl


def open_container(data: bytes, name: str) -> StillFile:
    """name: "AVIF", "HEIC" or "JPEG XL"."""
    if name == "AVIF" and _has_avif():
        return AvifFile(data)
    return UnreadFile(data, name)


def _has_avif() -> bool:
    # Pillow before 11.3 does not know the name.
    return "avif" in features.modules and features.check_module("avif")


class UnreadFile:
    """A file whose header alone is read here; its size is as shown already. See StillFile."""

    depth = 8
    channels = 3
    is_animated = False

    def __init__(self, data: bytes, name: str) -> None:
        self.data, self.format = data, name
        header = read_jpeg_xl(data) if name == "JPEG XL" else read_container(data, name)
        self.size, self.has_alpha = header.size, header.has_alpha

    def image(self) -> Image.Image:
        return Image.new("RGB", (1, 1))

    def check(self, *, partial: bool) -> None:
        raise UnsupportedFormat(
            f"This is {'an' if self.format == 'AVIF' else 'a'} {self.format} picture, which this build cannot decode; "
            f"{accepted_formats()}."
        )

    def fill(self, canvas: Canvas, *, profile: bytes | None, partial: bool) -> list[str]:
        raise NotImplementedError("check refuses every such file")


class AvifFile:
    """An AVIF file that Pillow reads, with 8 bits a sample. See StillFile."""

    format = "AVIF"
    depth = 8

    def __init__(self, data: bytes) -> None:
        self.data = data
        read_container(data, "AVIF")
        self._image = self.image()
        self.size = Size(*self._image.size)
        self.depth, self.channels, self.has_alpha = layout_of(self._image, "AVIF")
        self.is_animated = int(getattr(self._image, "n_frames", 1)) > 1

    def image(self) -> Image.Image:
        try:
            with pillow_unbound():
                return Image.open(BytesIO(self.data), formats=["AVIF"])
        except (SyntaxError, OSError, ValueError, RuntimeError) as error:
            raise damaged("AVIF", error) from error

    def check(self, *, partial: bool) -> None:
        """Pillow's decoder has checked the container."""

    def fill(self, canvas: Canvas, *, profile: bytes | None, partial: bool) -> list[str]:
        self._image.load()
        return write_samples(self._image, canvas, None)
