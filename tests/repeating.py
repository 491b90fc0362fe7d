"""A session that does something true without a network: it repeats every pixel, so every result is known exactly."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from senmei.arrangement import Arrangement
from senmei.catalogue import Catalogue, ModelCard, WinogradGraph
from senmei.errors import OutOfMemory, SessionFailed
from senmei.sessions import Tensors


def card(
    model_id: str = "doubling",
    *,
    scale: int = 2,
    overlap: int = 3,
    padding: int | None = None,
    trim: int = 0,
    multiple_of: int = 1,
    next_pass: str | None = None,
    flat_tiles: bool = False,
    enlarges_alpha: bool = False,
    pooled: int = 0,
    winograd_bytes: int | None = None,
) -> ModelCard:
    """winograd_bytes: the working memory of its second graph for each pixel, None where it has none."""
    second = None
    if winograd_bytes is not None:
        second = WinogradGraph(f"{model_id}.winograd.onnx", 0, "", tile_bytes_per_pixel=winograd_bytes)
    return ModelCard(
        id=model_id,
        family="repeat",
        title="repeats every pixel",
        task="upscale",
        content="drawing",
        scale=scale,
        noise=None,
        overlap=overlap,
        padding=trim if padding is None else padding,
        trim=trim,
        multiple_of=multiple_of,
        next_pass=next_pass,
        flat_tiles=flat_tiles,
        enlarges_alpha=enlarges_alpha,
        pooled=pooled,
        tile_bytes_per_pixel=100,
        macs_per_pixel=1000,
        licence="MIT",
        author="tests",
        source="",
        file=f"{model_id}.onnx",
        size_bytes=0,
        sha256="",
        golden=f"{model_id}.golden.npz",
        winograd=second,
    )


def arrangement(workers: int = 2, **facts: Any) -> Arrangement:
    """Workers of the tests' own pace, a core's in WebAssembly. facts: see `Arrangement`."""
    return Arrangement(**{"provider": "numpy", "workers": workers, "pixel_ns": 35_000, **facts})


def arrangements(card: ModelCard) -> Sequence[Arrangement]:
    """Two workers for every model."""
    return (arrangement(),)


class RepeatingSession:
    """Enlarges by repeating pixels, trims like a network with valid convolutions, and answers in a shuffled order.

    fail_at: the number of the run that fails. most_pixels: larger tiles find no memory.
    """

    provider = "numpy"

    def __init__(
        self, model: ModelCard, *, workers: int = 2, fail_at: int | None = None, most_pixels: int | None = None
    ) -> None:
        self.arrangements: Sequence[Arrangement] = (arrangement(workers),)
        self.notes: Sequence[str] = ()
        self.shapes: list[tuple[int, ...]] = []
        self.running = self.most_running = 0
        self._model = model
        self._fail_at = fail_at
        self._most_pixels = most_pixels
        self._random = random.Random(5)

    async def run(self, feeds: Tensors, *, arrangement: Arrangement, is_smallest: bool = False) -> Tensors:
        assert feeds.keys() == ({"input", "means", "given"} if self._model.pooled else {"input"})
        tile = feeds["input"]
        assert tile.dtype == np.float32 and tile.min() >= 0 and tile.max() <= 1
        self.shapes.append(tile.shape)
        is_failing = self._fail_at == len(self.shapes)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            for _ in range(self._random.randrange(1, 5)):
                await asyncio.sleep(0)
        finally:
            self.running -= 1
        if is_failing:
            raise SessionFailed("The tile cannot be run.")
        if self._most_pixels is not None and tile[..., 0].size > self._most_pixels:
            raise OutOfMemory("There is no memory for so large a tile.")
        trim, scale = self._model.trim, self._model.scale
        inner = tile[:, trim : tile.shape[1] - trim, trim : tile.shape[2] - trim]
        return {"output": inner.repeat(scale, axis=1).repeat(scale, axis=2)}


def catalogue_of(*cards: ModelCard) -> Catalogue:
    return Catalogue(list(cards))


async def open_repeating(model: ModelCard) -> RepeatingSession:
    return RepeatingSession(model)


def repeated(pixels: np.ndarray, scale: int) -> np.ndarray:
    return pixels.repeat(scale, axis=0).repeat(scale, axis=1)
