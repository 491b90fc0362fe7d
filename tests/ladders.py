"""Ladders on workers that double every pixel, under a virtual clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import numpy as np

from doubling_workers import DoublingWorkers, golden_npz
from repeating import card
from senmei.arrangement import Arrangement
from senmei.catalogue import ModelCard
from senmei.sessions import Tensors
from senmei.sessions.ladder import Ladder
from senmei.sessions.ladder_session import LadderSession
from senmei.sessions.rungs import Facts, Wish
from virtual_clock import run_virtually

CARD = card(overlap=3)
TWIN = card("twin", overlap=3, winograd_bytes=300)
QUAD = Facts(cores=4, memory_gb=8, has_shared_memory=True, gpu="maker model", browser="a browser", runtime="1.30.0")
PLAIN = replace(QUAD, gpu=None, has_shared_memory=False)
ANY = Wish()


def seconds(provider: str, threads: int, pixels: int) -> float:
    """A GPU that is ten times as fast as a core."""
    return pixels * (1e-4 if provider == "webgpu" else 1e-3 / threads**0.8)


class Shelf:
    """The golden tiles and what is remembered, as the page would have them."""

    def __init__(self, text: str | None = None) -> None:
        self.text = text
        self.golden: dict[str, bytes] = {}

    async def fetch(self, file: str) -> bytes:
        return self.golden.get(file) or golden_npz()

    def keep(self, text: str) -> None:
        self.text = text


def ladder_of(made: DoublingWorkers, facts: Facts = QUAD, shelf: Shelf | None = None) -> Ladder:
    shelf = shelf or Shelf()
    return Ladder(made, facts, fetch_golden=shelf.fetch, remember=shelf.keep, remembered=shelf.text)


def workers_with(**wanted: Any) -> DoublingWorkers:
    return DoublingWorkers(**{"seconds": seconds, **wanted})


def on_ladder(made: DoublingWorkers, main: Callable[[Ladder], Coroutine[Any, Any, Any]], **ladder: Any) -> Any:
    """What `main` answers, after all was closed and nothing is left."""

    async def whole() -> Any:
        one = ladder_of(made, **ladder)
        try:
            return await main(one)
        finally:
            one.close()
            await asyncio.sleep(1000)

    result = run_virtually(whole())
    assert not made.living
    return result


def tile(number: int = 1, side: int = 20) -> Tensors:
    return {"input": np.full((1, side, side, 3), number, np.float32)}


async def all_right(session: LadderSession, count: int, *, arrangement: Arrangement | None = None) -> None:
    on = arrangement or session.arrangements[0]
    answers = await asyncio.gather(*(session.run(tile(number), arrangement=on) for number in range(count)))
    for number, answer in enumerate(answers):
        assert np.array_equal(answer["output"], np.full((1, 40, 40, 3), number))


async def settled(ladder: Ladder, model: ModelCard = CARD, wish: Wish = ANY) -> None:
    await ladder.prepare(model, wish)
    await asyncio.sleep(500)


def states(report: dict[str, Any]) -> dict[tuple[str, int], str]:
    return {(rung["provider"], rung["threads"]): rung["state"] for rung in report["rungs"]}
