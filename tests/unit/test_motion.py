"""What moves, and how few tiles have to be run for it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drawings import drawing
from repeating import arrangements, card
from senmei.geometry import Size
from senmei.motion import Motion, MotionWatch
from senmei.pixels import cut
from senmei.planner import plan_job
from senmei.tiling import Margins, plan_tiles


def watch(frames: list[np.ndarray], size: Size) -> Motion:
    seen = MotionWatch(size, len(frames))
    for samples in frames:
        seen.see(samples)
    return seen.motion


def moving_square(size: Size, count: int, *, side: int = 12, step: int = 5) -> list[np.ndarray]:
    """A square that wanders over a drawn background."""
    background = drawing(size.width, size.height)
    frames = []
    for index in range(count):
        frame = background.copy()
        x, y = index * step % (size.width - side), index * 3 % (size.height - side)
        frame[y : y + side, x : x + side] = (255, 0, 0)
        frames.append(frame)
    return frames


def tiles_that_change(frames: list[np.ndarray], plan: object) -> list[int]:
    counts = []
    for index, frame in enumerate(frames):
        before = frames[index - 1] if index else None
        counts.append(
            sum(
                before is None or not np.array_equal(cut(frame, tile.source), cut(before, tile.source))
                for tile in plan.tiles  # type: ignore[attr-defined] # a TilePlan
            )
        )
    return counts


@given(st.integers(20, 90), st.integers(20, 70), st.integers(8, 40), st.integers(0, 9), st.integers(1, 4))
@settings(max_examples=40)
def test_no_tile_that_changes_is_missed(width: int, height: int, core: int, overlap: int, multiple_of: int) -> None:
    size = Size(width, height)
    frames = moving_square(size, 4)
    margins = Margins(overlap, multiple_of=multiple_of)
    plan = plan_tiles(size, margins, shape=margins.source(Size(core, core)))
    foreseen = watch(frames, size).tiles_to_run(plan)
    assert (foreseen >= tiles_that_change(frames, plan)).all()
    assert foreseen[0] == len(plan.tiles)
    still = watch([frames[0]] * 3, size).tiles_to_run(plan)
    assert still.tolist() == [len(plan.tiles), 0, 0]


def test_a_change_is_foreseen_to_the_block() -> None:
    size = Size(64, 64)
    before = drawing(64, 64)
    after = before.copy()
    after[40, 17] ^= 1
    motion = watch([before, after], size)
    assert motion.changed[0].all()
    assert np.argwhere(motion.changed[1]).tolist() == [[5, 2]]
    plan = plan_tiles(size, Margins(0), shape=Size(16, 16))
    assert motion.tiles_to_run(plan).tolist() == [16, 1]


def test_a_change_spreads_by_the_overlap_of_each_pass() -> None:
    changed = np.zeros((1, 9, 9), bool)
    changed[0, 4, 4] = True
    grown = Motion(Size(72, 72), 8, changed).enlarged(2, 7)
    assert grown.size == Size(144, 144) and grown.block == 16
    assert np.argwhere(grown.changed[0]).tolist() == [[y, x] for y in (3, 4, 5) for x in (3, 4, 5)]
    assert Motion(Size(72, 72), 8, changed).enlarged(2, 9).changed.sum() == 25


def test_very_long_animations_are_watched_in_larger_blocks() -> None:
    seen = MotionWatch(Size(1000, 1000), 5000)
    for value in (0, 1):
        seen.see(np.full((1000, 1000, 1), value, np.uint8))
    assert seen.motion.block == 32 and seen.motion.changed.shape == (2, 32, 32)


@pytest.mark.parametrize("scale", [2, 4])
def test_tiles_are_cut_to_what_moves(scale: int) -> None:
    size = Size(480, 270)
    model = card(overlap=7)
    cards = [model] * (scale // 2)
    motion = watch(moving_square(size, 30, side=40), size)
    still = plan_job(size, cards, target=size.scaled(scale), arrangements=arrangements)
    moving = plan_job(size, cards, target=size.scaled(scale), arrangements=arrangements, motion=motion)
    for one, other in zip(moving.passes, still.passes, strict=True):
        cost = motion.tiles_to_run(one.tiles).sum() * one.tiles.shape.pixels
        assert cost < motion.tiles_to_run(other.tiles).sum() * other.tiles.shape.pixels
        assert cost * 4 < 30 * other.tiles.cost
        motion = motion.enlarged(model.scale, model.overlap)


def test_where_all_moves_the_tiles_are_as_for_a_still() -> None:
    size = Size(480, 270)
    frames = [drawing(480, 270, seed=seed, noise=9) for seed in range(3)]
    still = plan_job(size, [card(overlap=7)], target=size.scaled(2), arrangements=arrangements)
    motion = watch(frames, size)
    moving = plan_job(size, [card(overlap=7)], target=size.scaled(2), arrangements=arrangements, motion=motion)
    assert moving.passes == still.passes
