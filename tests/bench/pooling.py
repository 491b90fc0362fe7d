"""How near the results of networks that pool come to the whole picture's run, with the means of a sample: what sizes
and numbers of crops were chosen by.

For each picture, drawn, grainy, or with much of one kind on one side: by how many levels of 255 the worst value and all
on average are off. With the means of the whole picture none is off by a level (tests/unit/test_tiling_models.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bench.borders import grain
from drawings import drawing
from models_folder import FOLDER, catalogue
from senmei.catalogue import ModelCard
from senmei.geometry import Region, Size
from senmei.pixels import cut, to_float
from senmei.pooled_means import PooledMeans
from senmei.sample_job import cut_crops
from senmei.sampling import plan_sample
from senmei.sessions.ort_native import OrtNativeSession
from senmei.tile_runner import TileRunner

MODELS = ("cunet-2x-n1", "realcugan-2x-conservative")
SIZES = (Size(512, 384), Size(1024, 768))

Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]


def pictures(size: Size) -> Iterator[tuple[str, Picture]]:
    """Names and pictures."""
    width, height = size.width, size.height
    for seed in range(4):
        yield f"drawing {seed}", drawing(width, height, seed=seed)
    yield "grainy drawing", drawing(width, height, seed=4, noise=15)
    yield "grain", grain(width, height, 5)
    yield "page", _page(width, height)
    yield "figure on one colour", _figure(width, height)
    beside = grain(width, height, 8)
    beside[:, : width // 2] = drawing(width // 2, height, seed=8)
    yield "drawing beside grain", beside
    rows, columns = np.mgrid[0:height, 0:width]
    yield "gradient", np.uint8(np.dstack((255 * columns / width, 255 * rows / height, rows * 0 + 128)))


def _page(width: int, height: int) -> Picture:
    """White, with strokes like writing above and a small drawing below."""
    chance = np.random.default_rng(6)
    page = np.full((height, width, 3), (252, 251, 248), np.uint8)
    for top in range(20, height // 2, 12):
        for left in range(20, width - 40, 7):
            stroke = chance.integers(1, 7)
            page[top : top + stroke, left : left + 1 + chance.integers(0, 5)] = 30
    side = height // 3
    page[height // 2 + 10 :, width // 4 :][:side, :side] = drawing(side, side, seed=6, noise=4)
    return page


def _figure(width: int, height: int) -> Picture:
    ground = np.full((height, width, 3), (120, 180, 240), np.uint8)
    side = height // 2
    ground[-side:, -side:] = drawing(side, side, seed=7, noise=12)
    return ground


def main() -> None:
    """Prints one line for each model, size and picture."""
    for name in MODELS:
        card = catalogue().get(name)
        session = OrtNativeSession(card, FOLDER)
        runner = TileRunner(card, session, session.arrangements[0])
        for size in SIZES:
            crops = len(plan_sample(size, [card]).crops)
            print(f"  {card.id}, {size}, {crops} crops", flush=True)
            worst, mean = zip(*(_off(card, runner, what, one) for what, one in pictures(size)), strict=True)
            print(f"    on average {np.mean(worst):5.1f} at worst, {np.mean(mean):.2f}", flush=True)


def _off(card: ModelCard, runner: TileRunner, what: str, picture: Picture) -> tuple[float, float]:
    size = Size(picture.shape[1], picture.shape[0])
    crops = cut_crops(picture, plan_sample(size, [card]).crops)
    whole, padding = card.margins.whole(size), card.margins.padding
    source = cut(picture, Region(-padding, -padding, whole.width, whole.height))
    core = Region(padding, padding, size.width, size.height)

    async def answers() -> tuple[Floats, Floats]:
        means = await runner.find_means(crops, with_alpha=False)
        return await _answer(runner, source, core, None), await _answer(runner, source, core, means)

    truth, made = asyncio.run(answers())
    off = np.abs(made - truth) * 255
    print(f"    {what:22} {off.max():5.1f} at worst, {off.mean():.2f} on average", flush=True)
    return float(off.max()), float(off.mean())


async def _answer(runner: TileRunner, source: Picture, core: Region, means: PooledMeans | None) -> Floats:
    return to_float(await runner.compute(source.astype(np.uint16) * np.uint16(257), core, means))
