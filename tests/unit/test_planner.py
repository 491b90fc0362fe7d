from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repeating import arrangement, arrangements, card, catalogue_of
from senmei.arrangement import Arrangement
from senmei.catalogue import ModelCard
from senmei.errors import InvalidOption, ModelUnavailable
from senmei.geometry import Size
from senmei.planner import Wanted, choose_models, models_for, plan_job

CATALOGUE = catalogue_of(
    card("clean", next_pass="plain"),
    card("plain"),
    card("triple", scale=3),
    card("lost", next_pass="nowhere"),
    card("polish", scale=1),
    card("polish first", scale=1, next_pass="plain"),
)


@pytest.mark.parametrize(
    ("model", "scale", "expected"),
    [
        ("clean", None, ["clean"]),
        ("clean", 1, ["clean"]),
        ("clean", 2, ["clean"]),
        ("clean", 2.02, ["clean"]),
        ("clean", 2.5, ["clean", "plain"]),
        ("clean", 4, ["clean", "plain"]),
        ("clean", 16, ["clean", "plain", "plain", "plain"]),
        ("triple", 2, ["triple"]),
        ("triple", 4, ["triple", "triple"]),
        ("polish", 1, ["polish"]),
        ("polish first", 1, ["polish first"]),
        ("polish first", 3, ["polish first", "plain", "plain"]),
    ],
)
def test_passes_until_the_scale_is_reached(model: str, scale: float | None, expected: list[str]) -> None:
    assert [chosen.id for chosen in choose_models(CATALOGUE, model, scale)] == expected


@pytest.mark.parametrize("scale", [0, 0.99, 16.1, -2, float("nan"), float("inf")])
def test_scales_outside_are_refused(scale: float) -> None:
    with pytest.raises(InvalidOption, match="1 to 16"):
        choose_models(CATALOGUE, "clean", scale)
    with pytest.raises(InvalidOption, match="1 to 16"):
        Wanted(scale=scale).check()


def test_a_missing_further_pass_is_refused() -> None:
    with pytest.raises(ModelUnavailable, match="nowhere"):
        choose_models(CATALOGUE, "lost", 4)


def test_a_model_that_only_cleans_does_not_enlarge() -> None:
    with pytest.raises(InvalidOption, match="“polish” cleans without enlarging"):
        choose_models(CATALOGUE, "polish", 2)


SOURCE = Size(600, 400)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(), Size(1200, 800)),
        (Wanted(scale=1), SOURCE),
        (Wanted(scale=1.5), Size(900, 600)),
        (Wanted(width=1000), Size(1000, 667)),
        (Wanted(height=1000), Size(1500, 1000)),
        (Wanted(width=1000, height=1000), Size(1000, 667)),
        (Wanted(width=3000, height=1000), Size(1500, 1000)),
        (Wanted(width=1000, height=1000, stretch=True), Size(1000, 1000)),
        (Wanted(width=300), Size(300, 200)),
        (Wanted(width=1), Size(1, 1)),
        (Wanted(width=9600), Size(9600, 6400)),
    ],
)
def test_the_size_that_is_wanted(wanted: Wanted, expected: Size) -> None:
    wanted.check()
    assert wanted.target(SOURCE, own_scale=2) == expected


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (Wanted(scale=2, width=100), "not both"),
        (Wanted(width=0), "width 0 is too small"),
        (Wanted(height=-3), "height -3 is too small"),
        (Wanted(width=100, stretch=True), "both a width and a height"),
        (Wanted(scale=2, stretch=True), "both a width and a height"),
    ],
)
def test_wishes_that_contradict_themselves_are_refused(wanted: Wanted, sentence: str) -> None:
    with pytest.raises(InvalidOption, match=sentence):
        wanted.check()


@pytest.mark.parametrize("wanted", [Wanted(width=9601), Wanted(width=600, height=6401, stretch=True)])
def test_more_than_the_largest_scale_is_refused_with_what_can_be_made(wanted: Wanted) -> None:
    with pytest.raises(InvalidOption, match="up to 9600 × 6400"):
        wanted.target(SOURCE, own_scale=2)


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 5000))
def test_fitting_inside_touches_a_side_and_keeps_the_aspect(width: int, height: int, right: int, bottom: int) -> None:
    source = Size(width, height)
    right, bottom = min(right, 16 * width), min(bottom, 16 * height)
    target = Wanted(width=right, height=bottom).target(source, own_scale=2)
    assert target.width <= right and target.height <= bottom
    assert target.width == right or target.height == bottom
    factor = min(right / width, bottom / height)
    assert abs(target.width - width * factor) <= 1 and abs(target.height - height * factor) <= 1


@given(st.integers(1, 300), st.integers(1, 300), st.floats(1, 16), st.integers(1, 8))
def test_passes_hand_on_their_sizes_and_reach_the_target(width: int, height: int, scale: float, workers: int) -> None:
    source = Size(width, height)
    target = Wanted(scale=scale).target(source, own_scale=2)
    cards = models_for(CATALOGUE, "clean", source, target)
    plan = plan_job(source, cards, target=target, arrangements=lambda _: (arrangement(workers),))
    size = source
    for step in plan.passes:
        assert step.tiles.picture == size
        size = step.output
    assert plan.computed == size and plan.source == source
    assert plan.target == Size(max(1, round(width * scale)), max(1, round(height * scale)))
    # What the networks make is stretched by two hundredths at most.
    assert size.width * 1.02 >= plan.target.width and size.height * 1.02 >= plan.target.height
    assert plan.tiles == sum(len(step.tiles.tiles) for step in plan.passes)


def test_a_smaller_result_takes_one_pass() -> None:
    assert [chosen.id for chosen in models_for(CATALOGUE, "clean", SOURCE, Size(60, 40))] == ["clean"]


def test_stretching_counts_the_longer_factor() -> None:
    assert len(models_for(CATALOGUE, "clean", SOURCE, Size(600, 1600))) == 2


def test_without_passes_the_source_is_what_is_resampled() -> None:
    plan = plan_job(SOURCE, (), target=Size(10, 10), arrangements=arrangements)
    assert (plan.computed, plan.tiles, plan.cost) == (SOURCE, 0, 0)


def test_passes_of_one_job_run_on_the_same_workers() -> None:
    """A small picture's first pass alone would be faster with threads, the large second one without."""
    size = Size(60, 60)
    threads = arrangement(1, threads=8, pixel_ns=7_000)
    workers = arrangement(8)
    cards = [card("clean"), card("plain")]

    def planned(**offered: tuple[Arrangement, ...]) -> list[Arrangement]:
        plan = plan_job(size, cards, target=size.scaled(4), arrangements=lambda one: offered[one.id])
        return [step.arrangement for step in plan.passes]

    for clean, plain in (((threads, workers), (workers, threads)), ((workers, threads), (threads, workers))):
        first, second = planned(clean=clean, plain=plain)
        assert first == second
    gpu = arrangement(1, provider="webgpu")
    assert planned(clean=(threads,), plain=(gpu, workers)) == [threads, gpu], "nothing that both can run on"


def test_a_duration_is_told_only_where_the_pace_was_measured() -> None:
    size = Size(500, 500)

    def duration(*cards: ModelCard, **facts: Any) -> float | None:
        on = (arrangement(2, **facts),)
        return plan_job(size, cards, target=size.scaled(2), arrangements=lambda _: on).duration_ms

    once = duration(card())
    assert once == pytest.approx(500 * 500 / 2 * 0.035, rel=0.1)
    assert duration(card(), card()) == pytest.approx(5 * once, rel=0.1)
    assert duration(card(), start_ms=700) == pytest.approx(once + 700)
    assert duration(card(), is_measured=False) is None
    assert duration() is None


def test_the_tile_is_the_callers_choice() -> None:
    plan = plan_job(
        Size(110, 110), [card(overlap=5)], target=Size(220, 220), arrangements=lambda _: (arrangement(1),), tile=50
    )
    assert plan.passes[0].tiles.shape == Size(60, 60)
    with pytest.raises(InvalidOption, match="15"):
        plan_job(Size(100, 100), [card()], target=Size(200, 200), arrangements=lambda _: (arrangement(1),), tile=15)
