"""What a megapixel costs in small and in large pictures, PNG to PNG in headless Chromium: it should cost the same.

The pictures are grainy, so that no tile has one colour and is left out. A large one is repeated less often, so that all
sizes take about as long: the largest is done once or twice.
"""

from __future__ import annotations

import time
from math import sqrt
from statistics import median

import numpy as np
from numpy.typing import NDArray

from bench.browser_bench import bench_browser
from drawings import drawing, saved
from models_folder import catalogue

MEGAPIXELS = (0.1, 0.4, 1, 4, 16)
PATCH = 512
GRAIN = 1.0


def fastest() -> str:
    """The 2× model whose network does least for a pixel."""
    cards = [card for card in catalogue() if card.scale == 2]
    return min(cards, key=lambda card: card.macs_per_pixel).id


def picture(megapixels: float) -> NDArray[np.uint8]:
    """4 : 3, drawings beside each other, each as fine as the next."""
    width, height = (round(sqrt(megapixels * 1e6 * ratio)) for ratio in (4 / 3, 3 / 4))
    rows, columns = -(-height // PATCH), -(-width // PATCH)
    patches = (drawing(PATCH, PATCH, seed=seed, noise=GRAIN) for seed in range(rows * columns))
    return np.vstack([np.hstack([next(patches) for _ in range(columns)]) for _ in range(rows)])[:height, :width]


def main(repeats: int, *, largest: float, model: str | None) -> None:
    """Prints one line a size."""
    model = model or fastest()
    print(f"Milliseconds a megapixel of the picture, 2× with {model}, and ÷ their median (goal 0.90 to 1.10)")
    started = time.monotonic()
    sizes = [size for size in MEGAPIXELS if size <= largest]
    pngs = {size: saved(picture(size)) for size in sizes}
    costs: dict[float, list[float]] = {size: [] for size in sizes}
    with bench_browser() as browser:
        contender = browser.open_senmei(model)
        contender.hold(pngs[sizes[0]])
        contender.job_ms()
        for turn in range(repeats):
            for size, png in pngs.items():
                # Of n repeats, the largest has the first and those that are whole multiples of its size.
                if turn % max(1, round(size)) == 0:
                    contender.hold(png)
                    costs[size].append(contender.job_ms() / size)
    medians = {size: median(figures) for size, figures in costs.items()}
    middle = median(medians.values())
    for size, cost in medians.items():
        print(f"  {size:5} megapixels  {cost:8.0f} ms = {cost / middle:.3f}   ({len(costs[size])} repeats)", flush=True)
    print(f"  all of it took {(time.monotonic() - started) / 60:.1f} minutes")
