"""From tiles and rows that are done to what a job tells of them."""

from __future__ import annotations

import numpy as np

from .events import TilePainted
from .geometry import Region
from .jobs import Progress, ProgressMeter
from .picture import Pixels
from .pixels import apart, to_depth
from .planner import JobPlan
from .rows import Band
from .upscaler import TileDone


class Tally:
    """How much of a job is done, in tiles and in the source pixels that take the time, and afterwards in rows."""

    def __init__(self, job: JobPlan, meter: ProgressMeter) -> None:
        self._job = job
        self._meter = meter
        self._done = self._done_cost = 0
        self._whole_cost = job.cost + job.sample_cost
        self._tile_cost = job.passes[0].tiles.shape.pixels if job.passes else 0

    def hear(self, item: Band | TileDone) -> list[Progress | TilePainted]:
        """What there is to tell of an item."""
        if isinstance(item, TileDone):
            self._done += 1
            self._tile_cost = item.step.tiles.shape.pixels
            self._done_cost += self._tile_cost
            shown = [painted(self._job, item.region, item.samples)] if item.step is self._job.passes[-1] else []
            return [*shown, self.progress()]
        written = [self._meter.at("encode", item.bottom, self._job.target.height, share=0)]
        if self._job.passes:
            return [] if self._done < self._job.tiles else [*written]
        region = Region(0, item.top, item.samples.shape[1], item.samples.shape[0])
        return [painted(self._job, region, item.samples), *written]

    def sampled(self) -> Progress:
        """The job's sample was taken."""
        self._done_cost += self._job.sample_cost
        return self.progress()

    @property
    def tiles_done(self) -> int:
        return self._done

    def progress(self) -> Progress:
        running = min(self._job.workers - 1, self._job.tiles - self._done)
        cost = self._whole_cost or 1
        return self._meter.at(
            "infer",
            self._done,
            self._job.tiles,
            share=self._done_cost / cost if self._job.tiles else 1.0,
            under_way=running * self._tile_cost / cost,
        )


def painted(job: JobPlan, region: Region, samples: Pixels) -> TilePainted:
    """What is shown of samples, (h, w, n), that belong at `region` of what the job's last pass makes."""
    colour, alpha = apart(to_depth(samples, 8))
    rgb = np.repeat(colour, 3, axis=2) if colour.shape[2] == 1 else colour
    return TilePainted(region, rgb, alpha, job.computed if job.passes else job.target, job.source)
