"""What plans and time limits make of the sample that networks that pool take of a picture."""

from dataclasses import replace

import numpy as np
import pytest

from drawings import drawing, saved
from ladders import CARD, on_ladder, workers_with
from pooling import pooling_card
from repeating import arrangement, card, catalogue_of
from senmei.engine import UpscaleOptions, plan
from senmei.events import Planned
from senmei.geometry import Size
from senmei.planner import plan_job
from senmei.sessions.ladder import Ladder
from senmei.sessions.rungs import WASM

ON = arrangement(2)
BUDGET = 2_000_000_000


def test_a_run_of_many_pictures_may_take_as_long_as_all_of_them() -> None:
    async def main(ladder: Ladder) -> None:
        slow = replace(CARD, macs_per_pixel=10**9)
        one, many = (
            ladder.trials.limit_s(WASM, slow, {"input": np.zeros((count, 50, 50, 3), np.float32), "means": np.zeros(3)})
            for count in (1, 30)
        )
        assert one > 60 and many == pytest.approx(30 * one)

    on_ladder(workers_with(), main)


def test_plans_count_the_sample() -> None:
    size = Size(800, 600)
    with_sample, without = (
        plan_job(size, [model], target=size.scaled(2), arrangements=lambda _: (ON,), tile=100)
        for model in (pooling_card(), card())
    )
    assert without.sample is None and without.sample_cost == 0
    assert with_sample.sample is not None and with_sample.passes[0].tiles == without.passes[0].tiles
    assert with_sample.duration_ms is not None and without.duration_ms is not None
    assert 1.02 < with_sample.duration_ms / without.duration_ms < 1.2
    assert 0.02 * with_sample.cost < with_sample.sample_cost < 0.13 * with_sample.cost
    small = Size(60, 60)
    at_once, in_two = (
        plan_job(small, [model], target=Size(120, 120), arrangements=lambda _: (ON,))
        for model in (pooling_card(), card())
    )
    assert at_once.sample is None and (at_once.tiles, in_two.tiles) == (1, 2), "too small to sample"
    frames = plan_job(Size(60, 60), [pooling_card()], target=Size(120, 120), arrangements=lambda _: (ON,), frames=9)
    assert frames.sample is not None and frames.sample.frames == 6


async def test_a_job_is_planned_with_the_memory_of_its_sample() -> None:
    data = saved(drawing(600, 440))
    wanted = UpscaleOptions(model="pooling", tile=32)
    some: list[Planned] = []
    for model in (pooling_card(), card("pooling")):
        small = replace(ON, worker_bytes=100 * 60_000)
        some.append(
            plan(data, wanted, catalogue=catalogue_of(model), arrangements=lambda _: (small,), budget_bytes=BUDGET)  # noqa: B023 - asked at once
        )
    assert some[0].tiles == some[1].tiles
    assert 0 < some[0].memory.tiles_bytes - some[1].memory.tiles_bytes <= 2 * 100 * 60_000
    assert some[0].memory.rows_bytes > some[1].memory.rows_bytes
