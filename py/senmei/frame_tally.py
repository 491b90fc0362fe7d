"""From the tiles of frames that are done to what an animation's job tells of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .events import TilePainted
from .frame_stages import FrameDone, FrameTile
from .jobs import Progress, ProgressMeter
from .motion import Motion
from .planner import JobPlan
from .tally import painted


class FrameTally:
    """How much of a job is done, in tiles of all frames and in the pixels that have to be computed for them.

    foreseen: how many tiles a network will see at most.
    """

    def __init__(self, job: JobPlan, motion: Motion, meter: ProgressMeter) -> None:
        self._job = job
        self._meter = meter
        self._frames = len(motion.changed)
        self._done = self._frames_done = 0
        self._sample_done = 0
        costs = np.zeros(self._frames)
        self.foreseen = 0
        for step in job.passes:
            runs = motion.tiles_to_run(step.tiles)
            self.foreseen += int(runs.sum())
            costs += runs * step.tiles.shape.pixels
            motion = motion.enlarged(step.card.scale, step.card.overlap)
        # Frames that show the same as the ones before take time too: they are decoded and encoded.
        self._costs = costs + max(1.0, costs.sum()) * 0.02 / self._frames
        self._tiles_of = [0] * self._frames

    def sampled(self) -> Progress:
        """The job's sample was taken."""
        self._sample_done = self._job.sample_cost
        return self.progress()

    def hear(self, item: FrameTile | FrameDone) -> list[Progress | TilePainted]:
        """What there is to tell of an item."""
        if isinstance(item, FrameDone):
            self._frames_done += 1
            if not self._job.passes:
                self._tiles_of[item.index] = 1
            return [self.progress()]
        self._done += 1
        self._tiles_of[item.index] += 1
        tile = item.tile
        shown: list[Progress | TilePainted] = []
        if tile.step is self._job.passes[-1]:
            shown.append(replace(painted(self._job, tile.region, tile.samples), frame=item.index))
        return [*shown, self.progress()]

    def progress(self) -> Progress:
        tiles = self._job.tiles or 1
        shares = np.minimum(np.array(self._tiles_of) / tiles, 1.0)
        done = float((shares * self._costs).sum()) + self._sample_done
        share = done / (float(self._costs.sum()) + self._job.sample_cost)
        told = self._meter.at("infer", self._done, self._job.tiles * self._frames, share=share)
        return replace(told, frame=self._frames_done, frames=self._frames)
