"""Running a network, wherever Python happens to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from numpy.typing import NDArray

Tensors = Mapping[str, NDArray[Any]]


class Session(Protocol):
    """One loaded network. Several runs may be under way at once.

    provider: what computes it ("wasm", "cpu" …). parallelism: how many runs compute at the same time; further ones
    wait.
    """

    @property
    def provider(self) -> str: ...

    @property
    def parallelism(self) -> int: ...

    async def run(self, feeds: Tensors) -> Tensors:
        """Named input tensors to named output tensors. Raises SessionFailed when the runtime refuses."""
        ...
