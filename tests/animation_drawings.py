"""True-colour animations for tests and benchmarks, drawn by code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from drawings import drawing
from senmei.picture import Picture

Pixels = NDArray[np.uint8]

_FINER = 4


def _figure(width: int, height: int, step: float) -> Pixels:
    """(height, width, 4): a flat figure with dark outlines and soft edges, on its way from left to right."""
    image = Image.new("RGBA", (width * _FINER, height * _FINER), (25, 20, 40, 0))
    pen = ImageDraw.Draw(image)
    unit = height * _FINER / 10
    x, y = (0.15 + 0.7 * step) * width * _FINER, (5.5 + 0.4 * np.sin(step * 14)) * unit
    line: dict[str, Any] = {"outline": (25, 20, 40, 255), "width": _FINER}

    def box(left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
        return (x + left * unit, y + top * unit, x + right * unit, y + bottom * unit)

    swing = np.sin(step * 30)
    pen.rectangle(box(-0.5 + 0.3 * swing, 1, -0.1 + 0.3 * swing, 2.4), (70, 60, 110, 255), **line)
    pen.rectangle(box(0.1 - 0.3 * swing, 1, 0.5 - 0.3 * swing, 2.4), (80, 70, 125, 255), **line)
    pen.polygon([(x, y - unit), (x - unit, y + 1.3 * unit), (x + unit, y + 1.3 * unit)], (205, 60, 80, 255))
    pen.ellipse(box(-1.1, -2.8, 1.1, -0.7), (90, 50, 60, 255), **line)
    pen.ellipse(box(-0.8, -2.4, 0.9, -0.7), (250, 222, 200, 255), **line)
    for side in (-0.3, 0.35):
        pen.ellipse(box(side - 0.15, -1.8, side + 0.15, -1.3), (60, 120, 190, 255), **line)
    pen.arc(box(-0.2, -1.3, 0.3, -0.9), 20, 160, (160, 60, 60, 255), _FINER)
    return np.asarray(image.resize((width, height), Image.Resampling.BOX))


def _laid(ground: Pixels, figure: Pixels) -> Pixels:
    alpha = figure[:, :, 3:].astype(np.uint16)
    return ((figure[:, :, :3] * alpha + ground * (255 - alpha) + 127) // 255).astype(np.uint8)


def walk(width: int, height: int, count: int) -> Iterator[Picture]:
    """A flat figure moves over a still background."""
    ground = drawing(width, height, seed=3)
    for index in range(count):
        yield Picture(_laid(ground, _figure(width, height, index / count)))


def sky(width: int, height: int, count: int) -> Iterator[Picture]:
    """A smooth sky that slowly changes everywhere, a soft cloud that moves through it, and dark ground."""
    rows, columns = np.mgrid[0:height, 0:width] / height
    for index in range(count):
        step = index / count
        red = 90 + 120 * rows + 25 * step
        green = 130 + 80 * rows + 10 * np.sin(columns + 3 * step)
        blue = 235 - 60 * rows - 20 * step
        cloud = 45 * np.exp(-((columns - 0.3 - step) ** 2 * 12 + (rows - 0.35) ** 2 * 60))
        hills = 0.82 + 0.06 * np.sin(columns * 5)
        picture = np.dstack((red + cloud, green + cloud, blue + cloud / 3))
        shade = np.clip((rows - hills) * height, 0, 1)[:, :, np.newaxis]
        picture = picture * (1 - shade) + np.array((35, 60 + 20 * step, 45)) * shade
        yield Picture(np.rint(picture).clip(0, 255).astype(np.uint8))


def photo(width: int, height: int, count: int) -> Iterator[Picture]:
    """A camera moves over a rough scene of many colours; its grain is another in every frame."""
    rng = np.random.default_rng(8)
    wide = width + 2 * count
    scene = np.zeros((height, wide, 3))
    for cells, strength in ((4, 60), (9, 40), (30, 25), (90, 12)):
        # Mostly bright and dark, less of other hues: one layer for all channels and a weaker one for each.
        shared, *own = rng.normal(0, strength, (4, max(2, cells * height // wide), cells)).astype(np.float32)
        for channel, levels in enumerate(own):
            layer = Image.fromarray(shared + 0.35 * levels).resize((wide, height), Image.Resampling.BICUBIC)
            scene[:, :, channel] += np.asarray(layer)
    scene += (150, 130, 105)
    for index in range(count):
        grain = rng.normal(0, 3, (height, width, 3))
        part = scene[:, 2 * index : 2 * index + width] + grain
        yield Picture(np.rint(part).clip(0, 255).astype(np.uint8))


def sprite(width: int, height: int, count: int) -> Iterator[Picture]:
    """The figure alone, over nothing, with soft edges; the colour of what is transparent is dark."""
    for index in range(count):
        figure = _figure(width, height, index / count)
        yield Picture(figure[:, :, :3].copy(), figure[:, :, 3].copy())


def few(width: int, height: int, count: int) -> Iterator[Picture]:
    """The figure without soft edges over flat shapes: fewer than 256 colours in all frames."""
    ground = np.asarray(Image.fromarray(drawing(width, height, seed=5)).quantize(64).convert("RGB"))
    for index in range(count):
        figure = _figure(width, height, index / count).copy()
        figure[:, :, 3] = np.where(figure[:, :, 3] > 127, 255, 0)
        figure[:, :, :3] = figure[:, :, :3] // 64 * 64 + 32
        yield Picture(_laid(ground, figure))


ANIMATIONS: dict[str, Callable[[int, int, int], Iterator[Picture]]] = {
    "walk": walk,
    "sky": sky,
    "photo": photo,
    "sprite": sprite,
    "few": few,
}
"""By name; called with width, height and the number of frames."""
