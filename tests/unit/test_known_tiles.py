"""Answers that are kept: the same tile is computed once, and no more is held than was allowed."""

import asyncio

import numpy as np
import pytest

from senmei.errors import SessionFailed
from senmei.geometry import Region
from senmei.known_tiles import KnownTiles

CORE = Region(1, 1, 4, 4)


class Doubling:
    def __init__(self) -> None:
        self.runs = 0

    async def __call__(self, tile: np.ndarray) -> np.ndarray:
        self.runs += 1
        await asyncio.sleep(0)
        return tile * 2


def tile(value: int, side: int = 6) -> np.ndarray:
    return np.full((side, side, 3), value, np.uint8)


async def test_a_tile_is_computed_once_also_while_it_is_under_way() -> None:
    known, double = KnownTiles(10_000), Doubling()
    answers = await asyncio.gather(*(known.answer(tile(5), CORE, lambda: double(tile(5))) for _ in range(4)))
    answers.append(await known.answer(tile(5), CORE, lambda: double(tile(5))))
    assert all(np.array_equal(answer, tile(10)) for answer in answers)
    assert double.runs == known.computed == 1 and known.asked == 5


@pytest.mark.parametrize(
    ("other", "core"),
    [
        (tile(6), CORE),
        (tile(5).astype(np.uint16), CORE),
        (tile(5), Region(0, 1, 4, 4)),
        (tile(5).reshape(3, 12, 3), CORE),
    ],
)
async def test_what_differs_in_anything_is_another_tile(other: np.ndarray, core: Region) -> None:
    known, double = KnownTiles(10_000), Doubling()
    await known.answer(tile(5), CORE, lambda: double(tile(5)))
    assert np.array_equal(await known.answer(other, core, lambda: double(other)), other * 2)
    assert double.runs == 2


async def test_the_oldest_answers_go_when_there_is_no_room() -> None:
    known, double = KnownTiles(2 * tile(0).nbytes), Doubling()
    for value in (1, 2, 1, 3, 1, 3):
        one = tile(value)
        await known.answer(one, CORE, lambda one=one: double(one))
    assert double.runs == 3
    await known.answer(tile(2), CORE, lambda: double(tile(2)))
    assert double.runs == 4


async def test_a_failure_is_told_to_all_who_wait_and_not_kept() -> None:
    known, double = KnownTiles(10_000), Doubling()

    async def fail() -> np.ndarray:
        await asyncio.sleep(0)
        raise SessionFailed("no")

    for result in await asyncio.gather(*(known.answer(tile(5), CORE, fail) for _ in range(2)), return_exceptions=True):
        assert isinstance(result, SessionFailed)
    assert np.array_equal(await known.answer(tile(5), CORE, lambda: double(tile(5))), tile(10))


async def test_who_gives_up_does_not_take_the_answer_from_others() -> None:
    known, double = KnownTiles(10_000), Doubling()
    first = asyncio.ensure_future(known.answer(tile(5), CORE, lambda: double(tile(5))))
    second = asyncio.ensure_future(known.answer(tile(5), CORE, lambda: double(tile(5))))
    await asyncio.sleep(0)
    first.cancel()
    assert np.array_equal(await second, tile(10)) and double.runs == 1
