import pytest

from senmei.errors import Cancelled
from senmei.jobs import CancelToken, ProgressMeter


class Clock:
    def __init__(self) -> None:
        self.now_s = 50.0

    def __call__(self) -> float:
        return self.now_s


def test_the_fraction_never_falls_and_ends_at_one() -> None:
    meter = ProgressMeter()
    steps = [meter.at("decode", 0, 1), meter.at("decode", 1, 1)]
    steps += [meter.at("infer", done, 7) for done in range(8)]
    steps += [meter.at("encode", 0, 1), meter.at("encode", 1, 1)]
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions) and fractions[0] == 0 and fractions[-1] == 1


def test_the_time_left_comes_from_the_time_taken() -> None:
    clock = Clock()
    meter = ProgressMeter(clock)
    assert meter.at("decode", 1, 1).eta_ms is None
    assert meter.at("infer", 0, 10).eta_ms is None
    clock.now_s += 4
    half = meter.at("infer", 5, 10)
    assert half.eta_ms == pytest.approx(4000, rel=0.15)
    clock.now_s += 4
    assert meter.at("infer", 10, 10).eta_ms < 600
    assert meter.at("encode", 1, 1).eta_ms == 0


def test_tiles_under_way_count_half_in_the_time_left_but_not_in_the_fraction() -> None:
    clock = Clock()
    meter = ProgressMeter(clock)
    meter.at("infer", 0, 4, under_way=0.25)
    clock.now_s += 3
    step = meter.at("infer", 1, 4, under_way=0.5)
    assert step.fraction == meter.at("infer", 1, 4).fraction
    assert step.eta_ms == pytest.approx(3000, rel=0.15)
    clock.now_s += 1
    assert meter.at("infer", 4, 4, under_way=0.25).eta_ms < 400


async def test_a_cancelled_token_says_so() -> None:
    token = CancelToken()
    token.check()
    token.cancel()
    token.cancel()
    assert token.cancelled
    await token.wait()
    with pytest.raises(Cancelled):
        token.check()
