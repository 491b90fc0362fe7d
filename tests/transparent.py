"""Transparent pictures with their truth: drawn once at a high resolution, reduced to what a file would hold and to what
its enlargement should look like; and how far an enlargement is from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

BACKGROUNDS = {"black": (0, 0, 0), "white": (255, 255, 255), "magenta": (255, 0, 255)}

# Samples drawn for one pixel of the truth, each way.
_OVERSAMPLING = 4

_Numbers = NDArray[np.float64]


def cutout(name: str, *, truth: int, scale: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A picture of SHAPES as (truth, truth, 4) and as (truth / scale, truth / scale, 4), straight alpha, both reduced
    from the same drawing; black under alpha 0. The names "… binary" have no alpha but 0 and 255."""
    shape, _, binary = name.partition(" ")
    side = truth * _OVERSAMPLING
    drawn = np.dstack((_colours(side), SHAPES[shape](side)))
    large, small = (_reduced(drawn, factor) for factor in (_OVERSAMPLING, _OVERSAMPLING * scale))
    if binary:
        for picture in (large, small):
            picture[:, :, 3] = np.where(picture[:, :, 3] >= 128, 255, 0)
    return large, small


def with_hidden_colour(picture: NDArray[np.uint8], colour: Any) -> NDArray[np.uint8]:
    """A copy with `colour`, one for all or one for each pixel, where alpha is 0."""
    hidden = picture[:, :, 3:] == 0
    return np.dstack((np.where(hidden, colour, picture[:, :, :3]).astype(np.uint8), picture[:, :, 3]))


def errors_on(background: str, made: NDArray[Any], truth: NDArray[Any]) -> _Numbers:
    """Composite of `made` minus composite of `truth`, both (H, W, 4), in levels: (H, W, 3), above 0 where too light."""
    return _composite(made, background) - _composite(truth, background)


def edge_band(alpha: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(H, W): where alpha is partial, or changes within 2 pixels."""
    return ((alpha > 0) & (alpha < 255)) | ~flat_within(alpha, 2)


def flat_within(alpha: NDArray[np.uint8], distance: int) -> NDArray[np.bool_]:
    """(H, W): where alpha is one level up to so many pixels away."""
    image = Image.fromarray(np.pad(alpha, distance, "edge"))
    inner = (slice(distance, -distance),) * 2
    window = 2 * distance + 1
    lowest, highest = (
        np.asarray(image.filter(kind(window)))[inner] for kind in (ImageFilter.MinFilter, ImageFilter.MaxFilter)
    )
    return np.asarray(lowest == highest)


def psnr(errors: NDArray[Any]) -> float:
    """Decibels below full scale of errors in levels of 8 bits."""
    return float(10 * np.log10(255**2 / max(np.mean(np.square(errors, dtype=np.float64)), 1e-6)))


def _composite(picture: NDArray[Any], background: str) -> _Numbers:
    share = picture[:, :, 3:] / 255
    return np.asarray(picture[:, :, :3] * share + np.array(BACKGROUNDS[background]) * (1 - share))


def _reduced(drawn: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Means of blocks, colour weighted by alpha."""
    side = drawn.shape[0] // factor
    alpha = drawn[:, :, 3:].astype(np.float64)
    both = np.dstack((drawn[:, :, :3] * (alpha / 255), alpha)).reshape(side, factor, side, factor, 4).mean((1, 3))
    alpha = both[:, :, 3:]
    colour = np.where(alpha >= 0.5, both[:, :, :3] * 255 / np.maximum(alpha, 0.5), 0)
    straight: NDArray[np.uint8] = np.rint(np.dstack((colour.clip(0, 255), alpha))).astype(np.uint8)
    return straight


def _colours(side: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(1)
    y, x = np.mgrid[0:side, 0:side] / side
    image = Image.fromarray(np.rint(np.dstack((60 + 170 * x, 200 - 150 * y, 110 - 120 * x * y))).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    for _ in range(14):
        (x0, y0), radius = rng.integers(0, side, 2), rng.integers(side // 20, side // 6)
        fill = tuple(int(level) for level in rng.integers(0, 256, 3))
        pen.ellipse((x0 - radius, y0 - radius, x0 + radius, y0 + radius), fill, outline=(20, 15, 35), width=side // 150)
    return np.asarray(image)


class _Mask:
    """A canvas whose measures are shares of its side."""

    def __init__(self, side: int) -> None:
        self.side = side
        self.image = Image.new("L", (side, side))
        self.pen = ImageDraw.Draw(self.image)

    def box(self, x: float, y: float, width: float, height: float) -> tuple[float, float, float, float]:
        return x * self.side, y * self.side, (x + width) * self.side, (y + height) * self.side

    def disc(self, x: float, y: float, radius: float, level: int = 255) -> None:
        self.pen.ellipse(self.box(x - radius, y - radius, 2 * radius, 2 * radius), level)

    def star(self, x: float, y: float, radius: float, points: int) -> None:
        turns = np.pi * np.arange(2 * points) / points
        radii = self.side * radius * np.where(np.arange(2 * points) % 2, 0.45, 1)
        corners = np.column_stack((x * self.side + radii * np.sin(turns), y * self.side - radii * np.cos(turns)))
        self.pen.polygon([tuple(corner) for corner in corners], 255)

    def line(self, points: _Numbers, width: float, level: int = 255) -> None:
        """points: (n, 2) in shares; width in pixels of a truth of 384."""
        at = [tuple(point) for point in points * self.side]
        self.pen.line(at, level, width=max(1, round(width * self.side / 384)))

    def text(self, x: float, y: float, words: str, size: float) -> None:
        font = ImageFont.load_default(size * self.side)
        self.pen.text((x * self.side, y * self.side), words, 255, font=font)

    def blurred(self, radius: float) -> NDArray[np.uint8]:
        """radius in pixels of a truth of 384."""
        return np.asarray(self.image.filter(ImageFilter.GaussianBlur(radius * self.side / 384)))

    @property
    def levels(self) -> NDArray[np.uint8]:
        return np.asarray(self.image)


def _icon(side: int) -> NDArray[np.uint8]:
    mask = _Mask(side)
    mask.star(0.35, 0.4, 0.3, 5)
    mask.disc(0.75, 0.7, 0.2)
    mask.disc(0.75, 0.69, 0.09, 0)
    mask.pen.rounded_rectangle(mask.box(0.6, 0.06, 0.33, 0.29), 0.04 * side, 255)
    return mask.levels


def _lettering(side: int) -> NDArray[np.uint8]:
    mask = _Mask(side)
    lines = [
        ("Senmei 95", 0.135),
        ("transparent edges", 0.09),
        ("The quick brown fox jumps", 0.068),
        ("over 0123", 0.057),
    ]
    for row, (words, size) in enumerate(lines):
        mask.text(0.04, 0.04 + 0.22 * row, words, size)
    return mask.levels


def _strokes(side: int) -> NDArray[np.uint8]:
    mask = _Mask(side)
    for ray in range(16):
        reach = 0.47 * np.array([np.cos(np.pi * ray / 16), np.sin(np.pi * ray / 16)])
        mask.line(np.array([0.5 - reach, 0.5 + reach]), [1, 1.5, 2, 3, 4, 6][ray % 6])
    mask.disc(0.5, 0.5, 0.14, 0)
    for radius in (0.13, 0.115, 0.1):
        mask.pen.ellipse(mask.box(0.5 - radius, 0.5 - radius, 2 * radius, 2 * radius), outline=255, width=side // 150)
    return mask.levels


def _glow(side: int) -> NDArray[np.uint8]:
    mask = _Mask(side)
    mask.star(0.5, 0.5, 0.3, 7)
    return np.maximum(mask.levels, mask.blurred(14))


def _blur(side: int) -> NDArray[np.uint8]:
    mask = _Mask(side)
    mask.star(0.5, 0.52, 0.42, 6)
    mask.disc(0.2, 0.2, 0.1)
    return mask.blurred(3)


def _hair(side: int) -> NDArray[np.uint8]:
    mask, rng, along = _Mask(side), np.random.default_rng(3), np.linspace(0, 1, 40)
    mask.pen.ellipse(mask.box(0.3, 0.45, 0.4, 0.5), 255)
    for _ in range(90):
        direction = rng.uniform(-2.6, -0.5) + rng.uniform(-1.4, 1.4) * along
        steps = np.column_stack((np.cos(direction), np.sin(direction))) * rng.uniform(0.3, 0.6) / 40
        points = np.array([rng.uniform(0.36, 0.64), rng.uniform(0.5, 0.6)]) + steps.cumsum(axis=0)
        width = rng.uniform(1.2, 2.2)
        for part in range(39):
            shade = 1 - 0.6 * along[part]
            mask.line(points[part : part + 2], width * shade, int(255 * shade))
    return mask.levels


def _gradient(side: int) -> NDArray[np.uint8]:
    y, x = np.mgrid[0:side, 0:side] / side
    spot = 1 - np.hypot(x - 0.5, (y - 0.45) * 2.2) / 0.4
    wave = (y - 0.62) * 3 + 0.15 * np.sin(x * 20)
    levels: NDArray[np.uint8] = np.rint(np.select([y < 0.3, y < 0.6], [x, spot], wave).clip(0, 1) * 255).astype(
        np.uint8
    )
    return levels


def _noise(side: int) -> NDArray[np.uint8]:
    grains = np.random.default_rng(5).normal(128, 90, (side // 8, side // 8)).astype(np.float32)
    smooth = Image.fromarray(grains).resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(smooth).clip(0, 255).astype(np.uint8)


def _holes(side: int) -> NDArray[np.uint8]:
    mask, cell = _Mask(side), side // 24
    for row in range(24):
        for column in range(24):
            x, y = column * cell, row * cell
            if (row + column) % 2:
                mask.pen.rectangle((x, y, x + cell - 1, y + cell - 1), 255)
            elif (row * 7 + column * 3) % 5 == 0:
                mask.pen.ellipse((x + cell // 4, y + cell // 4, x + 3 * cell // 4, y + 3 * cell // 4), 255)
    return mask.levels


def _window(side: int) -> NDArray[np.uint8]:
    mask = _Mask(side)
    mask.pen.rounded_rectangle(mask.box(0.1, 0.1, 0.8, 0.8), 0.08 * side, 128)
    mask.pen.rounded_rectangle(mask.box(0.16, 0.16, 0.68, 0.68), 0.05 * side, 96)
    mask.text(0.2, 0.35, "glass", 0.23)
    return mask.levels


SHAPES: dict[str, Callable[[int], NDArray[np.uint8]]] = {
    "icon": _icon,
    "lettering": _lettering,
    "strokes": _strokes,
    "glow": _glow,
    "blur": _blur,
    "hair": _hair,
    "gradient": _gradient,
    "noise": _noise,
    "holes": _holes,
    "window": _window,
}
"""Alpha of a square of this side: hard edges, thin ones, soft ones, gradients, grain and levels between."""
