"""What every reader of a format gives: the facts of its header, and a way to fill a canvas."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from PIL import Image, ImageFile

from ..geometry import Size
from .canvas import Canvas
from .signatures import damaged


class StillFile(Protocol):
    """One file whose header is read; `size` is as stored, before any turning.

    channels: 1 or 3, without alpha. is_animated: whether it has several frames, whole or cut off.
    """

    format: str
    data: bytes
    size: Size
    depth: int
    channels: int
    has_alpha: bool
    is_animated: bool

    def image(self) -> Image.Image:
        """For read_metadata: an image of the stored colours' mode; its pixels mean nothing."""

    def check(self, *, partial: bool) -> None:
        """Raises CorruptImage for what can be told before any memory is taken."""

    def fill(self, canvas: Canvas, *, profile: bytes | None, partial: bool) -> list[str]:
        """Writes the samples; returns notes. Raises CorruptImage, or with `partial` leaves out what cannot be read.

        profile: the file's colour profile, through which CMYK becomes sRGB.
        """


@contextmanager
def pillow_unbound(*, partial: bool = False) -> Iterator[None]:
    """Pillow without its limit of pixels and without warnings; with `partial` it reads truncated files.

    Its settings are global: they are as they were when the block is left.
    """
    before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = None, partial
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = before


ALWAYS_PLAUSIBLE_PIXELS = 2**20


def refuse_lying_size(name: str, size: Size, data_bytes: int, *, pixels_per_byte: float, partial: bool) -> None:
    """Refuses a size that the file's data could not fill even at the best compression of its format.

    Small pictures are let through, as truncated ones are when a part is asked for: what is missing is found while
    reading, and they cannot exhaust the memory.
    """
    plausible = max(data_bytes * pixels_per_byte, ALWAYS_PLAUSIBLE_PIXELS * (4 if partial else 1))
    if size.pixels > plausible:
        raise damaged(name, f"it claims {size} pixels, but holds only {data_bytes} bytes of them")
