"""Whole jobs ÷ the bare onnxruntime-web time of their tiles, PNG to PNG, in one page of headless Chromium.

Both sides take the same workers, threads, tile shapes and tile counts: those of the job are seen from outside, in the
parts that it hands out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.browser_bench import Contender, bench_browser
from bench.processes import processor_ms
from bench.repeats import interleaved, print_ratio
from drawings import drawing, saved
from models_folder import catalogue
from senmei.arrangement import Graph
from senmei.catalogue import ModelCard
from senmei.geometry import Region, Size
from senmei.pixels import cut
from senmei.tile_runner import is_flat
from senmei.tiling import Margins, plan_tiles


@dataclass(frozen=True, slots=True)
class Case:
    """A drawing and the model that enlarges it. grain: see `drawing`; it costs the PNG writer more."""

    model: str
    width: int
    height: int
    grain: float = 0

    @property
    def pixels(self) -> NDArray[np.uint8]:
        return drawing(self.width, self.height, noise=self.grain)

    def __str__(self) -> str:
        return f"{self.model} {self.width}×{self.height}{' grainy' if self.grain else ''}"


CASES = [
    Case("upconv7-anime-2x-n1", 512, 384),
    Case("upconv7-anime-2x-n1", 1024, 768),
    Case("realesr-animevideov3-2x", 512, 384),
    Case("esrgan-slim-2x", 512, 384),
    Case("esrgan-slim-2x", 512, 384, grain=1),
]

BARE = """([file, weights, shares, dims, threads]) => timed(() => Promise.all(bare.map((worker, index) =>
    answered(worker, { model: `../models/${file}`, weights, tiles: shares[index], dims, threads }))))"""


@dataclass(frozen=True, slots=True)
class Arranged:
    """What a job was seen to do. computed: how many of its tiles the network ran, all of them `shape` large; excess:
    their pixels ÷ those that they answer for, which the ratio of the times does not tell of, since both sides have it.
    idle_share: of the workers' time from their first tile to their last, what lay between two tiles."""

    shape: Size
    tiles: int
    computed: int
    excess: float
    workers: int
    threads: int
    graph: Graph
    idle_share: float
    head_ms: float
    tail_ms: float

    @property
    def shares(self) -> list[int]:
        """How many tiles each worker computes when all get their turn."""
        return [len(range(worker, self.computed, self.workers)) for worker in range(self.workers)]

    def __str__(self) -> str:
        threads = f" of {self.threads} threads" if self.threads > 1 else ""
        tiles = f"{self.computed} of {self.tiles} tiles of {self.shape} computed, {self.excess:.2f} × their pixels"
        return f"{tiles}; {self.workers} workers{threads}, {self.graph} graph"


def arranged(contender: Contender, pixels: NDArray[Any], card: ModelCard) -> Arranged:
    """Watches one job of the page on the picture that it holds, which has these pixels."""
    seen = contender.page.evaluate("() => watched()")
    cores = [Region(*(round(side) for side in core)) for core in seen["cores"]]
    picture = Size(pixels.shape[1], pixels.shape[0])
    shape = source_shape(cores[0].size, picture, card.margins)
    tiles = plan_tiles(picture, card.margins, shape=shape).tiles
    assert sorted(str(tile.core) for tile in tiles) == sorted(str(core) for core in cores), "the plan that was seen"
    computed = [tile.core for tile in tiles if not (card.flat_tiles and is_flat(cut(pixels, tile.source)))]
    return Arranged(
        shape,
        len(cores),
        len(computed),
        shape.pixels * len(computed) / sum(core.size.pixels for core in computed),
        seen["workers"],
        seen["threads"],
        seen["graph"],
        seen["idleShare"],
        seen["headMs"],
        seen["tailMs"],
    )


def source_shape(first: Size, picture: Size, margins: Margins) -> Size:
    """The shape of the sources of a plan whose first core, in the picture's corner, has this size."""
    whole = margins.whole(picture)
    outer = margins.overlap + margins.padding
    width = whole.width if first.width == picture.width else first.width + outer
    height = whole.height if first.height == picture.height else first.height + outer
    return Size(width, height)


def waste(contender: Contender, job: Arranged) -> str:
    """How much of the processors' time one job spends on anything but the network, in words."""
    before = processor_ms()
    contender.job_ms()
    spent = sorted(ms - before.get(thread, 0) for thread, ms in processor_ms().items())
    computing = job.workers * job.threads
    return f"processors: {sum(spent[-computing:]):.0f} ms the network, {sum(spent[:-computing]):.0f} ms all else"


def measure(contender: Contender, case: Case, repeats: int) -> None:
    """Prints one line, and one on what goes before and after the tiles."""
    contender.hold(saved(case.pixels))
    contender.job_ms()
    card = catalogue().get(case.model)
    job = arranged(contender, case.pixels, card)
    files = [card.winograd.file, card.file] if job.graph == "winograd" and card.winograd else [card.file, None]
    page = contender.page
    page.evaluate(
        "(count) => { globalThis.bare = Array.from({ length: count }, () => module('./bare-worker.js')); }",
        job.workers,
    )
    bare = [*files, job.shares, [1, job.shape.height, job.shape.width, 3], job.threads]
    medians = interleaved({"job": contender.job_ms, "bare": lambda: page.evaluate(BARE, bare)}, repeats)
    print_ratio(f"{case}", medians["job"], medians["bare"], goal="≤ 1.05", note=f"{job}")
    around = f"{job.head_ms:.0f} ms before its first tile, {job.tail_ms:.0f} ms after its last"
    idle = f"workers idle between tiles {job.idle_share:.1%} of their time"
    print(f"    one job: {around}; {idle}; {waste(contender, job)}", flush=True)
    page.evaluate("() => bare.forEach((worker) => worker.terminate())")


def main(repeats: int) -> None:
    """Prints two lines a case."""
    print("Whole job in Chromium ÷ bare onnxruntime-web on the same tiles (goal for idle workers: below 3 %)")
    with bench_browser() as browser:
        for case in CASES:
            contender = browser.open_senmei(case.model)
            measure(contender, case, repeats)
            contender.close()
