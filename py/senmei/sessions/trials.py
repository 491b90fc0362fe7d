"""The self-test of a rung: whether it computes a model right, and how fast."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from ..tiling import computed_pixels
from . import Tensors
from .golden import GoldenTile

# A time below this is too much the time of starting a run to tell what a large tile takes.
_LONG_ENOUGH_MS = 60

# Above this the first run is measure enough, although it compiles something too.
_SLOW_MS = 400

_MOST_PIXELS = 256**2

# So many times what its pixels would take, a run of a new shape has had something to compile.
_AS_EXPECTED = 1.5


@dataclass(frozen=True, slots=True)
class Speed:
    """pixel_ns: of a worker for one computed pixel of a tile, see `tiling.computed_pixels`. run_ms: of each run beside
    them."""

    pixel_ns: float
    run_ms: float = 0.0

    def ms(self, pixels: float) -> float:
        return self.run_ms + pixels * self.pixel_ns / 1e6

    def learned(self, pixels: float, taken_ms: float) -> Speed:
        """With a further run, which counts for a fifth."""
        seen = max(0.0, taken_ms - self.run_ms) * 1e6 / pixels
        return Speed(0.8 * self.pixel_ns + 0.2 * seen, self.run_ms)


@dataclass(slots=True)
class Trial:
    """What is known of one rung for one model.

    differs: levels of 255 that the golden tile was off. speed: measured by the self-test, of this visit or an earlier
    one; it stays what it is, so that plans do. guess: what plans were made with before. learned: with what jobs have
    shown since. remembered: what an earlier visit has left. macs_per_pixel: of the model. reason: a sentence on why it
    was dropped, else "". is_news: it was dropped in this visit. is_wrong: it computes, but not what it should.
    """

    state: Literal["untested", "testing", "right", "dropped"] = "untested"
    reason: str = ""
    differs: int | None = None
    speed: Speed | None = None
    guess: Speed | None = None
    learned: Speed | None = None
    remembered: Speed | None = None
    is_news: bool = False
    is_wrong: bool = False
    macs_per_pixel: int = 0


async def measured(
    golden: GoldenTile, first_ms: float, run: Callable[[Tensors], Awaitable[float]], *, trim: int
) -> Speed:
    """The speed of a rung that has run the golden tile once, in `first_ms`.

    run: (feeds) → milliseconds. trim: the model's. Of a fast rung larger tiles are run, until one takes long enough to
    tell its pixels' time from the run's own.
    """
    small = computed_pixels(golden.size, trim=trim)
    if first_ms > _SLOW_MS:
        return Speed(first_ms * 1e6 / small)
    small_ms = await run(golden.feeds)
    speed = Speed(max(small_ms, 1e-3) * 1e6 / small)
    times, large_ms = 2, small_ms
    while large_ms < _LONG_ENOUGH_MS and golden.size.pixels * times**2 <= _MOST_PIXELS:
        tile = golden.enlarged(times)
        pixels = computed_pixels(golden.size.scaled(times), trim=trim)
        large_ms = await run(tile)
        if large_ms > _AS_EXPECTED * small_ms * pixels / small:
            # What a GPU compiles for a new shape is not the tile's time.
            large_ms = min(large_ms, await run(tile))
        speed = told_by(small, small_ms, pixels, large_ms)
        times *= 2
    return speed


def told_by(small: float, small_ms: float, pixels: float, large_ms: float) -> Speed:
    """The speed that a small and a larger tile tell together. small, pixels: computed pixels of the two."""
    if pixels <= small:
        return Speed(large_ms * 1e6 / pixels)
    # What is left when noise makes the small tile the slower one.
    pixel_ns = max((large_ms - small_ms) * 1e6 / (pixels - small), large_ms * 1e6 / pixels / 4)
    return Speed(pixel_ns, max(0.0, small_ms - pixel_ns * small / 1e6))
