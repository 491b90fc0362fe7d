"""Frames as something else than an animation: a ZIP of pictures, or one sheet of them."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Callable

import numpy as np

from ..geometry import Size
from ..picture import Metadata, Picture, Pixels
from ..pixels import apart, joined
from .encoding import encode_still, open_encoder
from .options import EncodeOptions

_EXTENSIONS = {"jpeg": "jpg", "tiff": "tif"}
# The first that a ZIP can hold; the same every time, so that the same frames make the same bytes.
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)

Patches = tuple[tuple[int, bytes], ...]


class FramesZip:
    """Every frame as a file of its own, and their times in animation.json. See AnimationEncoder.

    name: how the file of the frame with that number, from 1 on, is called, without its extension.
    """

    def __init__(
        self,
        name: Callable[[int], str],
        *,
        loop_count: int,
        metadata: Metadata,
        options: EncodeOptions,
    ) -> None:
        self.notes: tuple[str, ...] = ()
        self._name = name
        self._loop_count = loop_count
        self._metadata = metadata
        self._options = options
        self._out = _Outflow()
        self._zip = zipfile.ZipFile(self._out, "w", zipfile.ZIP_STORED)
        self._entries: list[dict[str, str | float]] = []

    def add(self, picture: Picture, duration_ms: float) -> bytes:
        file = f"{self._name(len(self._entries) + 1)}.{_EXTENSIONS.get(self._options.format, self._options.format)}"
        whole = Picture(picture.pixels, picture.alpha, self._metadata)
        self._zip.writestr(zipfile.ZipInfo(file, _ZIP_TIME), encode_still(whole, self._options))
        self._entries.append({"file": file, "duration_ms": duration_ms})
        return self._out.taken()

    def finish(self) -> tuple[bytes, Patches]:
        times = {"loop_count": self._loop_count, "frames": self._entries}
        self._zip.writestr(zipfile.ZipInfo("animation.json", _ZIP_TIME), json.dumps(times, indent=2))
        self._zip.close()
        return self._out.taken(), ()


class FrameSheet:
    """All frames in one picture, row by row from the top left; places that are left over are empty. See
    AnimationEncoder.

    frames: how many there will be at most. Holds one row of frames.
    """

    def __init__(
        self,
        frames: int,
        size: Size,
        *,
        channels: int,
        has_alpha: bool,
        depth: int,
        metadata: Metadata,
        options: EncodeOptions,
    ) -> None:
        self.columns, self.rows = sheet_grid(frames, size)
        self.size = sheet_size(frames, size)
        self._encoder = open_encoder(
            self.size, channels=channels, has_alpha=has_alpha, depth=depth, metadata=metadata, options=options
        )
        shape = (size.height, self.size.width, channels + has_alpha)
        self._row: Pixels = np.zeros(shape, np.uint16 if depth == 16 else np.uint8)
        self._frame = size
        self._count = 0
        self._rows_written = 0

    @property
    def notes(self) -> tuple[str, ...]:
        return (
            f"The sheet has {self.columns} × {self.rows} places of {self._frame} pixels.",
            *self._encoder.notes,
        )

    def add(self, picture: Picture, duration_ms: float) -> bytes:
        column = self._count % self.columns
        self._row[:, column * self._frame.width : (column + 1) * self._frame.width] = joined(
            picture.pixels, picture.alpha
        )
        self._count += 1
        return self._written_row() if column == self.columns - 1 else b""

    def finish(self) -> tuple[bytes, Patches]:
        written = b""
        if self._count % self.columns:
            written = self._written_row()
        while self._rows_written < self.rows:
            written += self._written_row()
        return written + self._encoder.finish(), ()

    def _written_row(self) -> bytes:
        written = self._encoder.write(*apart(self._row))
        self._row[...] = 0
        self._rows_written += 1
        return written


def sheet_grid(frames: int, size: Size) -> tuple[int, int]:
    """Columns and rows of a sheet for so many frames of this size, as near to a square picture as leaves the fewest
    places empty."""
    columns = max(1, min(frames, round(math.sqrt(frames * size.height / size.width))))
    rows = -(-frames // columns)
    return -(-frames // rows), rows


def sheet_size(frames: int, size: Size) -> Size:
    """How large the sheet of so many frames of this size is."""
    columns, rows = sheet_grid(frames, size)
    return Size(size.width * columns, size.height * rows)


class _Outflow(io.RawIOBase):
    """What is written and not yet taken. It cannot be sought in, so zipfile puts sizes behind the files."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(memoryview(data))  # type: ignore[arg-type] # zipfile writes bytes
        self._parts.append(part)
        return len(part)

    def taken(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken
