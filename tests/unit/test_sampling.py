"""The crops that are looked at before a picture's tiles are run: integers only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooling import pooling_card
from repeating import arrangement, card
from senmei.arrangement import Arrangement
from senmei.catalogue import ModelCard
from senmei.geometry import Size
from senmei.sampling import MOST_CROPS, MOST_FRAMES, SAMPLED_PART, crops_a_run, needed_sample, plan_crops, plan_sample
from senmei.tiling import computed_pixels

CUNET = pooling_card(overlap=18, padding=18, trim=18, multiple_of=2)


@st.composite
def networks(draw: st.DrawFn) -> ModelCard:
    multiple_of = draw(st.sampled_from([1, 2, 4]))
    overlap = multiple_of * draw(st.integers(0, 8))
    padding = multiple_of * draw(st.integers(0, overlap // multiple_of))
    return pooling_card(
        overlap=overlap,
        padding=padding,
        trim=draw(st.integers(0, padding)),
        multiple_of=multiple_of,
        scale=draw(st.integers(1, 4)),
        pooled=draw(st.integers(0, 3)),
    )


sides = st.integers(1, 90) | st.integers(1, 3000)
sizes = st.builds(Size, sides, sides)
passes = st.lists(networks(), min_size=1, max_size=3).filter(lambda cards: cards[-1].pooled > 0)


@given(sizes, passes, st.integers(1, 9))
def test_crops_lie_in_the_padded_picture_and_are_what_networks_take(
    picture: Size, cards: list[ModelCard], frames: int
) -> None:
    plan = plan_sample(picture, cards, frames=frames)
    margins = cards[0].margins
    whole = margins.whole(picture)
    for crop in plan.crops:
        assert crop.size == plan.stages[0].source.size
        inside = crop.shifted(margins.padding, margins.padding)
        assert inside.within(whole)
        assert inside.x % margins.multiple_of == inside.y % margins.multiple_of == 0
    for frame in range(plan.frames):
        taken = plan.crops_of(frame)
        assert len(set(taken)) == len(taken) > 0, "no place is looked at twice"
    for stage, model in zip(plan.stages, cards, strict=True):
        assert stage.source.width % model.multiple_of == stage.source.height % model.multiple_of == 0
        assert stage.core.within(stage.source.size)


@given(sizes, passes)
def test_a_pass_sees_of_a_crop_what_the_one_before_makes_right_of_it(picture: Size, cards: list[ModelCard]) -> None:
    """Along each side either all of the picture with its padding, or nothing beyond what is right."""
    plan = plan_sample(picture, cards)
    assert len(plan.stages) == len(cards)
    handed, size = plan.crops[0].size, picture
    for number, (stage, model) in enumerate(zip(plan.stages, cards, strict=True)):
        margins, source, core = model.margins, stage.source, stage.core
        whole = margins.whole(size)
        sides = (
            (source.x, source.width, core.x, core.width, whole.width, size.width, handed.width),
            (source.y, source.height, core.y, core.height, whole.height, size.height, handed.height),
        )
        for start, length, core_start, core_length, padded, side, given_length in sides:
            if length == padded and start == -margins.padding:
                assert (core_start, core_length) == (margins.padding, side)
                assert number == 0 or given_length == side
            else:
                assert start == 0 and length <= given_length and core_length > 0
                assert core_start == margins.overlap and core_start + core_length + margins.overlap == length
        handed, size = core.size.scaled(model.scale), size.scaled(model.scale)


@given(sizes, passes, st.integers(1, 9))
def test_a_sample_costs_an_eighth_of_the_job_at_most(picture: Size, cards: list[ModelCard], frames: int) -> None:
    plan = plan_sample(picture, cards, frames=frames)
    whole, size = 0.0, picture
    for model in cards:
        whole += computed_pixels(model.margins.whole(size), trim=model.trim)
        size = size.scaled(model.scale)
    seen = min(frames, MOST_FRAMES)
    assert plan.cost(cards) <= seen * whole / SAMPLED_PART or len(plan.crops) <= seen
    assert len(plan.crops) <= MOST_CROPS


def test_a_picture_of_two_tiles_has_many_crops_and_a_large_one_no_more_than_is_worth_it() -> None:
    assert 20 <= len(plan_sample(Size(512, 384), [CUNET]).crops) <= 40
    for side in (3000, 8000):
        assert 0.9 * MOST_CROPS <= len(plan_sample(Size(side, side), [CUNET]).crops) <= MOST_CROPS


@pytest.mark.parametrize("size", [Size(512, 384), Size(1600, 900), Size(3000, 700)])
@pytest.mark.parametrize("parts", [1, 2, 4])
def test_each_part_of_the_crops_is_spread_over_the_picture(size: Size, parts: int) -> None:
    crops = plan_sample(size, [CUNET]).crops
    share = len(crops) // parts
    for part in range(parts):
        some = crops[part * share : (part + 1) * share]
        middles = [(crop.x + crop.width / 2, crop.y + crop.height / 2) for crop in some]
        across, down = (sum(one[axis] for one in middles) / len(some) for axis in (0, 1))
        assert abs(across / size.width - 0.5) < 0.12 and abs(down / size.height - 0.5) < 0.12
        quarters = {(x > size.width / 2, y > size.height / 2) for x, y in middles}
        assert len(quarters) == 4


@given(sizes, st.integers(1, 20))
def test_every_frame_that_is_looked_at_has_crops_of_its_own(picture: Size, frames: int) -> None:
    plan = plan_sample(picture, [CUNET], frames=frames)
    assert plan.frames == min(frames, MOST_FRAMES)
    taken = [plan.crops_of(frame) for frame in range(plan.frames)]
    assert sum(taken, ()) == plan.crops
    assert len({len(some) for some in taken} | {len(plan.crops) // plan.frames}) <= 2


def test_a_sample_is_planned_only_where_means_are_wanted() -> None:
    plain, size = card(), Size(500, 500)
    assert needed_sample(size, [plain, plain]) is None
    assert needed_sample(size, []) is None
    assert needed_sample(size, [CUNET], in_one_tile=[0]) is None
    for cards, stages in (([CUNET, plain], 1), ([plain, CUNET], 2), ([CUNET, CUNET, plain], 2)):
        plan = needed_sample(size, cards)
        assert plan is not None and len(plan.stages) == stages
    second = needed_sample(size, [CUNET, CUNET], in_one_tile=[0])
    assert second is not None and len(second.stages) == 2


@given(st.integers(1, MOST_CROPS), st.integers(1, 32), st.none() | st.integers(0, 10**9), st.builds(Size, sides, sides))
def test_a_run_takes_no_more_memory_than_there_is_or_than_a_tile_takes(
    count: int, workers: int, worker_bytes: int | None, tile: Size
) -> None:
    on: Arrangement = arrangement(workers, worker_bytes=worker_bytes)
    crop = Size(56, 56)
    together = crops_a_run(CUNET, on, tile=tile, crop=crop, count=count)
    assert together >= 1
    most = max(tile.pixels, 256**2 if worker_bytes is None else worker_bytes // CUNET.tile_bytes_per_pixel)
    assert together == 1 or together * crop.pixels <= most


@given(st.builds(Size, st.integers(25, 300), st.integers(25, 300)))
def test_a_tile_is_looked_at_in_crops_inside_it(tile: Size) -> None:
    tile = Size(2 * tile.width, 2 * tile.height)
    crops = plan_crops(tile, CUNET.margins, trim=CUNET.trim)
    assert crops
    for crop in crops:
        assert crop.within(tile)
