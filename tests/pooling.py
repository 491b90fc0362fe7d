"""A session that does something true for networks that pool: it weighs every pixel by the means of all that it sees."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from repeating import RepeatingSession, card
from senmei.arrangement import Arrangement
from senmei.catalogue import ModelCard
from senmei.sessions import Tensors

Floats = NDArray[np.float32]


def pooling_card(model_id: str = "pooling", **facts: Any) -> ModelCard:
    """See `repeating.card`."""
    return card(model_id, **{"pooled": 3, **facts})


class PoolingSession(RepeatingSession):
    """Repeats pixels, each channel multiplied by half its mean over all pictures of a run, trims aside, plus a half.

    told: of each run how many pictures it had, and the means that it was told, None where it took its own.
    """

    def __init__(self, model: ModelCard, **facts: Any) -> None:
        super().__init__(model, **facts)
        self.told: list[tuple[int, tuple[float, ...] | None]] = []

    async def run(self, feeds: Tensors, *, arrangement: Arrangement, is_smallest: bool = False) -> Tensors:
        pictures, means, given = feeds["input"], feeds["means"], feeds["given"]
        assert means.dtype == given.dtype == np.float32 and means.shape == (3,) and given.shape == (1,)
        assert given[0] in (0, 1)
        self.told.append((len(pictures), tuple(means.tolist()) if given[0] else None))
        answer = await super().run(feeds, arrangement=arrangement, is_smallest=is_smallest)
        found = pictures.mean(axis=(0, 1, 2), dtype=np.float64).astype(np.float32)
        return {"output": weighted(answer["output"], means if given[0] else found), "means_found": found}


def weighted(values: Floats, means: Floats) -> Floats:
    """What the session makes of repeated pixels, 0 to 1, when these are the means."""
    return values * (np.float32(0.5) + means / np.float32(2))
