"""The golden tile of a model: what it must make of a small picture, wherever it runs."""

from __future__ import annotations

import io
import zipfile

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelUnavailable
from ..geometry import Size
from . import Tensors

MOST_DIFFERS = 2
"""Levels of 255 by which an answer may differ and still be right: kernels add up in different orders."""


class GoldenTile:
    """feeds: what is run. size: of its source."""

    def __init__(
        self, input_rgb: NDArray[np.uint8], output_rgb: NDArray[np.uint8], *, others: Tensors | None = None
    ) -> None:
        """Both (1, height, width, 3). others: what the network is fed beside `input`, float32 as they are."""
        self.feeds: Tensors = {"input": input_rgb.astype(np.float32) / np.float32(255), **(others or {})}
        self.size = Size(input_rgb.shape[2], input_rgb.shape[1])
        self._output = output_rgb

    @classmethod
    def from_npz(cls, data: bytes) -> GoldenTile:
        """Raises ModelUnavailable when it is no golden tile."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                tiles = arrays["input"], arrays["output"]
                others = {name: arrays[name] for name in arrays.files if name not in ("input", "output")}
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise ModelUnavailable(f"A golden tile is damaged ({error}); build the site again.") from error
        if any(tile.dtype != np.uint8 or tile.ndim != 4 or tile.shape[::3] != (1, 3) for tile in tiles):
            raise ModelUnavailable("A golden tile is damaged: it is no picture; build the site again.")
        for name, values in others.items():
            if values.dtype != np.float32:
                raise ModelUnavailable(
                    f"A golden tile is damaged: its {name} are {values.dtype}, not float32; build the site again."
                )
        return cls(*tiles, others=others)

    def differs(self, outputs: Tensors) -> int | None:
        """By how many levels of 255 an answer is off at most; None when it is no picture of the right size."""
        answer = outputs.get("output")
        if answer is None or answer.shape != self._output.shape or not np.isfinite(answer).all():
            return None
        levels = np.rint(np.clip(answer, 0, 1) * np.float32(255))
        return int(np.abs(levels - self._output.astype(np.float32)).max())

    def enlarged(self, times: int) -> Tensors:
        """The tile beside and below itself so often, to time a larger one."""
        tile = np.tile(self.feeds["input"], (1, times, times, 1))
        return {**self.feeds, "input": np.ascontiguousarray(tile)}
