"""The small job before a job: what the poolings of its networks find in a sample of the picture or of the frames."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from .geometry import Region
from .jobs import CancelToken
from .picture import Pixels
from .pixels import cut
from .planner import JobPlan, Pass
from .pooled_means import PooledMeans, averaged
from .sampling import CropStage, SamplePlan
from .tile_runner import TileRunner

Answer = TypeVar("Answer")

MeansOfPasses = tuple[PooledMeans | None, ...]
"""For each pass what its tiles are told, None where it does not pool or sees its picture in one tile."""


def cut_crops(samples: Pixels, regions: Sequence[Region]) -> Pixels:
    """(H, W, n) → (N, h, w, n), where the picture ends with its border pixels repeated."""
    return np.stack([cut(samples, region) for region in regions])


async def means_of_picture(
    samples: Pixels, job: JobPlan, runners: Mapping[str, TileRunner], cancel: CancelToken
) -> MeansOfPasses:
    """The means for a still picture, (H, W, n) as it goes into the first pass. runners: by the ids of their models.

    A pass that sees its picture in one tile takes the means that it finds. Raises Cancelled, and the errors of
    `TileRunner.enlarge`.
    """
    if job.sample is None:
        return (None,) * len(job.passes)
    has_soft_alpha = samples.shape[2] in (2, 4) and bool((samples[:, :, -1] != samples[0, 0, -1]).any())
    crops = cut_crops(samples, job.sample.crops)
    found = await _found(crops, job, job.sample, runners, with_alpha=has_soft_alpha, cancel=cancel)
    return tuple(means if len(step.tiles.tiles) > 1 else None for step, means in zip(job.passes, found, strict=True))


async def means_of_frames(
    crops: Pixels | None, job: JobPlan, runners: Mapping[str, TileRunner], cancel: CancelToken
) -> MeansOfPasses:
    """The means for all frames of an animation, so that what stays does not change with what moves elsewhere.

    crops: (N, h, w, n), those of `job.sample` or, of a file with fewer frames than it told, the first of them; None
    where the job has no sample.
    runners, raises: as `means_of_picture`.
    """
    if job.sample is None or crops is None:
        return (None,) * len(job.passes)
    return await _found(crops, job, job.sample, runners, with_alpha=True, cancel=cancel)


async def _found(
    crops: Pixels,
    job: JobPlan,
    sample: SamplePlan,
    runners: Mapping[str, TileRunner],
    *,
    with_alpha: bool,
    cancel: CancelToken,
) -> MeansOfPasses:
    found: list[PooledMeans | None] = []
    for number, (step, stage) in enumerate(zip(job.passes, sample.stages, strict=False)):
        runner = runners[step.card.id]
        if number > 0:
            # What the pass before has made of each crop's core.
            crops = np.stack([cut(crop, stage.source) for crop in crops])
        means = await _pooled(crops, step, stage, runner, with_alpha, cancel) if step.card.pooled else None
        found.append(means)
        if number < len(sample.stages) - 1:
            crops = await _enlarged(crops, step, stage, runner, means, cancel)
    return (*found, *(None,) * (len(job.passes) - len(found)))


async def _pooled(
    crops: Pixels, step: Pass, stage: CropStage, runner: TileRunner, with_alpha: bool, cancel: CancelToken
) -> PooledMeans:
    together = step.crops_a_run(stage, len(crops))
    # As many in each run as in the others, as far as that goes.
    parts = np.array_split(crops, -(-len(crops) // together))

    def finding(part: Pixels) -> Callable[[], Coroutine[Any, Any, PooledMeans]]:
        return lambda: runner.find_means(part, with_alpha=with_alpha)

    found = await _all([finding(part) for part in parts], step.arrangement.in_flight, cancel)
    return averaged(found, [len(part) for part in parts])


async def _enlarged(
    crops: Pixels, step: Pass, stage: CropStage, runner: TileRunner, means: PooledMeans | None, cancel: CancelToken
) -> Pixels:
    def enlarging(crop: Pixels) -> Callable[[], Coroutine[Any, Any, Pixels]]:
        return lambda: runner.compute(crop, stage.core, means)

    return np.stack(await _all([enlarging(crop) for crop in crops], step.arrangement.in_flight, cancel))


async def _all(
    works: Sequence[Callable[[], Coroutine[Any, Any, Answer]]], at_once: int, cancel: CancelToken
) -> list[Answer]:
    """What all answer, in their order. Raises Cancelled as soon as `cancel` is called, and what any of them raises; the
    others are then let go of."""
    cancel.check()
    stop = asyncio.ensure_future(cancel.wait())
    tasks: list[asyncio.Task[Answer]] = []
    try:
        pending: set[asyncio.Task[Answer]] = set()
        while pending or len(tasks) < len(works):
            while len(pending) < at_once and len(tasks) < len(works):
                tasks.append(asyncio.ensure_future(works[len(tasks)]()))
                pending.add(tasks[-1])
            await asyncio.wait({*pending, stop}, return_when=asyncio.FIRST_COMPLETED)
            cancel.check()
            for task in [task for task in pending if task.done()]:
                pending.discard(task)
                task.result()
        return [task.result() for task in tasks]
    finally:
        for one in (*tasks, stop):
            one.cancel()
            if one.done() and not one.cancelled():
                # Marks the exception as seen: of several that failed, the first was reported.
                one.exception()
