"""Moving pictures for tests of what writes them, and the whole file that an encoder makes."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from drawings import drawing
from senmei.picture import Picture

Samples = NDArray[Any]


class Encoder(Protocol):
    def add(self, picture: Picture, duration_ms: float) -> bytes: ...

    def finish(self) -> tuple[bytes, tuple[tuple[int, bytes], ...]]: ...


def moving(
    width: int, height: int, frames: int, *, channels: int = 3, alpha: str = "none", deep: bool = False, seed: int = 0
) -> list[Picture]:
    """A square that moves over a still drawing, and a lamp in a corner that blinks.

    alpha: "none"; "hard": the ground is transparent; "soft": so is the square, and by and by.
    """
    ground = drawing(width, height, seed=seed)[:, :, :channels]
    pictures = []
    for index in range(frames):
        pixels, opacity = ground.copy(), np.full((height, width), 0 if alpha == "hard" else 255, np.uint8)
        left, top = index * 5 % max(1, width - 8), index * 3 % max(1, height - 8)
        square = slice(top, top + 8), slice(left, left + 8)
        pixels[square] = drawing(8, 8, seed=seed + 1)[: height - top, : width - left, :channels]
        opacity[square] = 60 * index % 255 if alpha == "soft" else 255
        pixels[-2:, -3:] = 255 * (index % 2)
        scale = np.uint16(257) if deep else np.uint8(1)
        pictures.append(Picture(pixels * scale, None if alpha == "none" else opacity * scale))
    return pictures


def joined(picture: Picture) -> Samples:
    """(H, W, C + 1), opaque where there is no alpha."""
    pixels, alpha = picture.pixels, picture.alpha
    opaque = np.full(pixels.shape[:2], np.iinfo(pixels.dtype).max, pixels.dtype)
    return np.dstack((pixels, opaque if alpha is None else alpha))


def rgba8(picture: Picture) -> Samples:
    """(H, W, 4) uint8, 16 bits rounded."""
    samples = joined(picture)
    if samples.dtype == np.uint16:
        samples = np.rint(samples / 257).astype(np.uint8)
    return samples if samples.shape[2] == 4 else samples[:, :, [0, 0, 0, 1]]


def peak_bytes(job: Callable[[], object]) -> int:
    """The most that a job has of Python's and numpy's memory at a time."""
    tracemalloc.start()
    try:
        job()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def written(encoder: Encoder, pictures: Sequence[Picture], durations_ms: Iterable[float]) -> bytes:
    """The file with its patches."""
    parts = [encoder.add(one, duration) for one, duration in zip(pictures, durations_ms, strict=True)]
    tail, patches = encoder.finish()
    data = bytearray(b"".join((*parts, tail)))
    for offset, content in patches:
        data[offset : offset + len(content)] = content
    return bytes(data)
