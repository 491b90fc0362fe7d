"""The two graphs of a model: which of them can be asked for, and how it is measured which one is faster here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import isqrt
from typing import Literal, get_args

from ..arrangement import Graph
from ..catalogue import ModelCard
from ..errors import InvalidOption
from ..tiling import computed_pixels
from . import Tensors
from .golden import GoldenTile
from .trials import Speed, told_by

GraphWish = Literal["auto", "direct", "winograd"]

# The golden tile is smaller than the tiles of jobs, and the smaller a tile, the less do Winograd's convolutions gain.
_LONG_ENOUGH_MS, _LEAST_PIXELS = 250, 96**2

# Whatever takes so long, or is so large, tells enough.
_TOO_LONG_MS, _MOST_PIXELS = 1500, 256**2

# What a coarse clock takes for nothing.
_LEAST_MS = 1e-3


Times = tuple[float, float]
"""Milliseconds of the direct and of the Winograd graph for the same tile, run one after the other."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """gain: how many times as fast the Winograd graph is. faster, speed: the graph that is, and how fast."""

    gain: float
    faster: Graph
    speed: Speed


def faster_graph(gain: float) -> Graph:
    return "winograd" if gain > 1 else "direct"


async def compared(
    golden: GoldenTile, run_both: Callable[[Tensors], Awaitable[Times]], *, trim: int, most_pixels: float
) -> Comparison:
    """Both graphs on the golden tile beside and below itself, so often that it is like a tile of a job.

    run_both: (feeds) → what both take while nothing else computes. trim: the model's. most_pixels: of a tile's source
    that memory allows.
    """
    most = max(1, isqrt(int(min(_MOST_PIXELS, most_pixels)) // golden.size.pixels))
    small = first = await run_both(golden.feeds)
    times = 1
    while not _is_telling(first, golden.size.pixels * times**2) and times < most:
        times = min(2 * times, most)
        first = await run_both(golden.enlarged(times))
    # The first run of a shape finds memory for it; and one moment may have been a bad one.
    both = zip(first, await run_both(golden.enlarged(times)), strict=True)
    direct_ms, winograd_ms = (max(_LEAST_MS, min(one)) for one in both)
    gain = direct_ms / winograd_ms
    faster = faster_graph(gain)
    small_ms, large_ms = (small[0], direct_ms) if faster == "direct" else (small[1], winograd_ms)
    pixels = [computed_pixels(golden.size.scaled(size), trim=trim) for size in (1, times)]
    return Comparison(gain, faster, told_by(pixels[0], small_ms, pixels[1], large_ms))


def _is_telling(times: Times, pixels: int) -> bool:
    slower = max(times)
    return slower >= _TOO_LONG_MS or (slower >= _LONG_ENOUGH_MS and pixels >= _LEAST_PIXELS)


def check_graph(graph: GraphWish, card: ModelCard) -> None:
    """Raises InvalidOption for a graph that a model does not have."""
    if graph not in get_args(GraphWish):
        raise InvalidOption(f"The graph “{graph}” is unknown; accepted: {', '.join(get_args(GraphWish))}.")
    if graph == "winograd" and card.winograd is None:
        raise InvalidOption(f"The model “{card.id}” has no graph “winograd”; accepted: auto, direct.")
