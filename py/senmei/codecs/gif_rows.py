"""A still GIF from rows: its palette is chosen once all colours are known."""

from __future__ import annotations

import numpy as np

from ..geometry import Size
from ..picture import Metadata, Picture, Pixels
from .gif.writing import GifEncoder
from .options import DEFAULT_DITHER, EncodeOptions
from .whole_rows import no_memory


class GifRows:
    """See RowEncoder. Holds the picture until `finish`."""

    def __init__(
        self, size: Size, *, channels: int, has_alpha: bool, metadata: Metadata, options: EncodeOptions
    ) -> None:
        self._pixels: Pixels = np.empty((size.height, size.width, channels), np.uint8)
        self._alpha: Pixels | None = np.empty((size.height, size.width), np.uint8) if has_alpha else None
        self._top = 0
        self._encoder = GifEncoder(
            size,
            channels=channels,
            has_alpha=has_alpha,
            loop_count=1,
            metadata=metadata,
            palette="global",
            dither=options.dither or DEFAULT_DITHER,
        )

    @property
    def notes(self) -> tuple[str, ...]:
        return self._encoder.notes

    def write(self, pixels: Pixels, alpha: Pixels | None) -> bytes:
        bottom = self._top + len(pixels)
        self._pixels[self._top : bottom] = pixels
        if self._alpha is not None:
            self._alpha[self._top : bottom] = alpha
        self._top = bottom
        return b""

    def finish(self) -> bytes:
        try:
            return self._encoder.add(Picture(self._pixels, self._alpha), 0) + self._encoder.finish()[0]
        except MemoryError as error:
            height, width = self._pixels.shape[:2]
            raise no_memory(Size(width, height), error) from error
