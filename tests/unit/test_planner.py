import pytest
from hypothesis import given
from hypothesis import strategies as st

from repeating import card, catalogue_of
from senmei.errors import InvalidOption, ModelUnavailable, TooLarge
from senmei.geometry import Size
from senmei.planner import choose_models, plan_job

CATALOGUE = catalogue_of(
    card("clean", next_pass="plain"), card("plain"), card("triple", scale=3), card("lost", next_pass="nowhere")
)


@pytest.mark.parametrize(
    ("model", "scale", "expected"),
    [
        ("clean", None, ["clean"]),
        ("clean", 1, ["clean"]),
        ("clean", 2, ["clean"]),
        ("clean", 2.5, ["clean", "plain"]),
        ("clean", 4, ["clean", "plain"]),
        ("clean", 16, ["clean", "plain", "plain", "plain"]),
        ("triple", 2, ["triple"]),
        ("triple", 4, ["triple", "triple"]),
    ],
)
def test_passes_until_the_scale_is_reached(model: str, scale: float | None, expected: list[str]) -> None:
    assert [chosen.id for chosen in choose_models(CATALOGUE, model, scale)] == expected


@pytest.mark.parametrize("scale", [0, 0.99, 16.1, -2, float("nan"), float("inf")])
def test_scales_outside_are_refused(scale: float) -> None:
    with pytest.raises(InvalidOption, match="1 to 16"):
        choose_models(CATALOGUE, "clean", scale)


def test_a_missing_further_pass_is_refused() -> None:
    with pytest.raises(ModelUnavailable, match="nowhere"):
        choose_models(CATALOGUE, "lost", 4)


@given(st.integers(1, 300), st.integers(1, 300), st.floats(1, 6), st.integers(1, 8))
def test_passes_hand_on_their_sizes_and_reach_the_target(
    width: int, height: int, scale: float, parallelism: int
) -> None:
    source = Size(width, height)
    plan = plan_job(source, choose_models(CATALOGUE, "clean", scale), scale=scale, parallelism=parallelism)
    size = source
    for step in plan.passes:
        assert step.tiles.picture == size
        size = step.output
    assert plan.target == Size(max(1, round(width * scale)), max(1, round(height * scale)))
    assert size.width >= plan.target.width and size.height >= plan.target.height


def test_without_a_scale_the_models_own_is_made() -> None:
    assert plan_job(Size(10, 20), [card(scale=3)], scale=None, parallelism=1).target == Size(30, 60)


def test_the_tile_is_the_callers_choice() -> None:
    plan = plan_job(Size(100, 100), [card(overlap=5)], scale=2, parallelism=1, tile=50)
    assert plan.passes[0].tiles.shape == Size(60, 60)
    with pytest.raises(InvalidOption, match="15"):
        plan_job(Size(100, 100), [card()], scale=2, parallelism=1, tile=15)


def test_results_beyond_memory_are_refused_before_work() -> None:
    with pytest.raises(TooLarge, match="20000 × 20000 pixels, 400 million"):
        plan_job(Size(10000, 10000), [card()], scale=2, parallelism=1)
