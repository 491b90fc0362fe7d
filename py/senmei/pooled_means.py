"""What the global poolings of a network are told to find, so that all tiles of a picture are run alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Means = NDArray[np.float32]
"""(turns, M): the means of all poolings of a network, one after the other, see `ModelCard.pooled`, for each turn and
mirroring in which a tile is run."""


@dataclass(frozen=True, slots=True, eq=False)
class PooledMeans:
    """The means of one picture. alpha: of its transparency as a gray picture, None where that is not run."""

    colour: Means
    alpha: Means | None = None

    @property
    def fingerprint(self) -> bytes:
        """The same for the same means only."""
        return self.colour.tobytes() + (b"" if self.alpha is None else self.alpha.tobytes())


def averaged(found: Sequence[PooledMeans], weights: Sequence[int]) -> PooledMeans:
    """The means of several parts of one picture together. weights: how much of it each part is."""
    alphas = [one.alpha for one in found if one.alpha is not None]
    return PooledMeans(
        average([one.colour for one in found], weights),
        average(alphas, weights) if len(alphas) == len(found) else None,
    )


def average(means: Sequence[Means], weights: Sequence[int]) -> Means:
    """Of each part → of all together."""
    return np.average(np.array(means, np.float64), axis=0, weights=weights).astype(np.float32)
