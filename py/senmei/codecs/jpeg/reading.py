"""JPEG stills: baseline, progressive; gray, RGB, CMYK and YCCK."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, JpegImagePlugin

from ...errors import UnsupportedFormat
from ..canvas import Canvas
from ..pillow_samples import write_samples
from ..signatures import damaged
from ..still_file import refuse_lying_size
from .structure import read_structure

# A block of 8 × 8 gray samples takes one bit at least. Arithmetic coding has no such bound.
_PIXELS_PER_BYTE = 512
_ARITHMETIC_PIXELS_PER_BYTE = 2**16


class JpegFile:
    """A JPEG file with its segments walked through. See StillFile."""

    format = "JPEG"
    depth = 8
    has_alpha = False
    is_animated = False
    """A camera's further pictures (MPO) are previews, gain maps or another eye's view: no frames."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.structure = read_structure(data)
        self.size = self.structure.size
        self.channels = 1 if len(self.structure.components) == 1 else 3

    def image(self) -> Image.Image:
        return Image.new({1: "L", 3: "RGB", 4: "CMYK"}[len(self.structure.components)], (1, 1))

    def check(self, *, partial: bool) -> None:
        structure = self.structure
        if structure.faults and not (partial and structure.scan_bytes):
            raise damaged("JPEG", structure.faults[0])
        most = _ARITHMETIC_PIXELS_PER_BYTE if structure.is_arithmetic else _PIXELS_PER_BYTE
        refuse_lying_size("JPEG", self.size, structure.scan_bytes, pixels_per_byte=most, partial=partial)

    def fill(self, canvas: Canvas, *, profile: bytes | None, partial: bool) -> list[str]:
        image = JpegImagePlugin.JpegImageFile(BytesIO(self.data))
        if image.size != (self.size.width, self.size.height):
            raise damaged("JPEG", f"it has two sizes, {self.size} and {image.width} × {image.height}")
        notes = []
        if self.structure.faults:
            notes.append(
                f"This JPEG file is damaged ({self.structure.faults[0]}); the part that could not be read is gray."
            )
        try:
            image.load()
        except OSError as error:
            if self.structure.is_arithmetic:
                raise UnsupportedFormat("This is an arithmetic-coded JPEG, which this build does not read.") from error
            raise
        return notes + write_samples(image, canvas, profile)
