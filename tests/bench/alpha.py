"""Transparent edges against the truth: how colour and alpha are best enlarged, on black, white and magenta.

Pictures are drawn at a high resolution, reduced, enlarged again and laid on the backgrounds. A table for each model;
its rows are ways to enlarge alpha, and at the end pictures whose colour was not bled. Columns: decibels in the band
along the edges for each picture, and their mean; bias, dark and light: the mean error along the edges in levels and its
0.1 and 99.9 percentiles, of the worst background, means over the pictures; halo: the largest error of alpha where the
truth is flat; time: of alpha ÷ of the colour's network.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models_folder import FOLDER, catalogue
from senmei.alpha import bleed, settle
from senmei.geometry import Region, Size
from senmei.pixels import from_float, to_float
from senmei.resampling import BICUBIC, LANCZOS, resample
from senmei.sessions.ort_native import OrtNativeSession
from senmei.tile_runner import TileRunner
from transparent import BACKGROUNDS, SHAPES, cutout, edge_band, errors_on, flat_within, psnr, with_hidden_colour

TRUTH = 384
CASES = [
    ("upconv7-anime-2x", 2),
    ("upconv7-photo-2x", 2),
    ("realesr-animevideov3-2x", 2),
    ("realesr-animevideov3-4x", 4),
    ("realesrgan-x4plus-anime", 4),
    ("esrgan-slim-2x", 2),
    ("upconv7-anime-2x", 4),
]
NAMES = [*SHAPES, "icon binary", "lettering binary"]

Alpha = NDArray[np.uint8]
Way = Callable[[Alpha], Alpha]


class Ways:
    """The ways to enlarge by one model's scale, with as many passes as `scale` takes."""

    def __init__(self, model: str, scale: int) -> None:
        card = catalogue().get(model)
        session = OrtNativeSession(card, FOLDER)
        self._runner = TileRunner(card, session, session.arrangements[0])
        self._scale = scale

    def network(self, rgb: NDArray[Any]) -> NDArray[Any]:
        """(H, W, 3) → (H · scale, W · scale, 3), the whole as one tile."""
        large, card = rgb, self._runner.card
        while large.shape[0] < rgb.shape[0] * self._scale:
            height, width = large.shape[:2]
            margin = card.overlap
            padded = np.pad(large, ((margin, margin), (margin, margin), (0, 0)), "edge")
            large = asyncio.run(self._runner.enlarge(padded, Region(margin, margin, width, height)))
        return large

    def network_alpha(self, alpha: Alpha) -> Alpha:
        deep = np.repeat(alpha[:, :, np.newaxis].astype(np.uint16) * np.uint16(257), 3, axis=2)
        return from_float(to_float(self.network(deep)).mean(axis=2), np.uint8)

    def resampled(self, method: Any) -> Way:
        def enlarge(alpha: Alpha) -> Alpha:
            size = Size(alpha.shape[1], alpha.shape[0]).scaled(self._scale)
            return resample(alpha[:, :, np.newaxis], size, method)[:, :, 0]

        return enlarge

    def settled(self, way: Way) -> Way:
        def enlarge(alpha: Alpha) -> Alpha:
            return from_float(settle(to_float(way(alpha)), to_float(np.pad(alpha, 1, "edge"))), np.uint8)

        return enlarge

    @property
    def named(self) -> dict[str, Way]:
        return {
            "network": self.network_alpha,
            "network, settled": self.settled(self.network_alpha),
            "Lanczos": self.resampled(LANCZOS),
            "Lanczos, settled": self.settled(self.resampled(LANCZOS)),
            "bicubic": self.resampled(BICUBIC),
        }

    @property
    def shipped(self) -> str:
        return "network, settled" if self._runner.card.enlarges_alpha else "Lanczos, settled"


def figures(made: NDArray[Any], truth: NDArray[Any], scale: int) -> list[float]:
    """Decibels, bias, dark, light and halo, as the module's head tells."""
    band = edge_band(truth[:, :, 3])
    errors = [errors_on(background, made, truth)[band] for background in BACKGROUNDS]
    levels = [error.mean(axis=1) for error in errors]
    flat = flat_within(truth[:, :, 3], 2 * scale)
    off = np.abs(made[:, :, 3].astype(int) - truth[:, :, 3])[flat]
    return [
        float(np.mean([psnr(error) for error in errors])),
        max((float(level.mean()) for level in levels), key=abs),
        min(float(np.percentile(level, 0.1)) for level in levels),
        max(float(np.percentile(level, 99.9)) for level in levels),
        float(off.max(initial=0)),
    ]


def measure(model: str, scale: int) -> None:
    """Prints one table."""
    ways = Ways(model, scale)
    found: dict[str, list[list[float]]] = {}
    seconds: dict[str, float] = {}
    for name in NAMES:
        truth, small = cutout(name, truth=TRUTH, scale=scale)
        alpha = np.ascontiguousarray(small[:, :, 3])
        bled = bleed(np.ascontiguousarray(small[:, :, :3]), alpha)
        begin = perf_counter()
        colour = ways.network(bled)
        seconds["colour"] = seconds.get("colour", 0) + perf_counter() - begin
        for way, enlarge in ways.named.items():
            begin = perf_counter()
            large = enlarge(alpha)
            seconds[way] = seconds.get(way, 0) + perf_counter() - begin
            found.setdefault(way, []).append(figures(np.dstack((colour, large)), truth, scale))
        large = ways.named[ways.shipped](alpha)
        for hidden in (0, 255):
            unbled = ways.network(with_hidden_colour(small, hidden)[:, :, :3])
            row = "not bled: black" if hidden == 0 else "not bled: white"
            found.setdefault(row, []).append(figures(np.dstack((unbled, large)), truth, scale))
    print(f"\n{model}, {scale}×; shipped: {ways.shipped}")
    heads = "".join(f"{name.replace(' binary', ' 0/1')[:9]:>10}" for name in NAMES)
    print(f"{'':18}{heads}{'mean':>8}{'bias':>7}{'dark':>7}{'light':>7}{'halo':>6}{'time':>7}")
    for row, pictures in found.items():
        means = np.mean(pictures, axis=0)
        decibels = "".join(f"{picture[0]:10.1f}" for picture in pictures)
        halo = max(picture[4] for picture in pictures)
        time = f"{seconds[row] / seconds['colour']:7.3f}" if row in seconds else ""
        print(
            f"{row:18}{decibels}{means[0]:8.2f}{means[1]:7.2f}{means[2]:7.1f}{means[3]:7.1f}{halo:6.0f}{time}",
            flush=True,
        )


def main(_repeats: int) -> None:
    """Prints a table for each of CASES."""
    print("Enlarged transparent pictures against the truth")
    for model, scale in CASES:
        measure(model, scale)
