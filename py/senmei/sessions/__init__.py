"""Running a network, wherever Python happens to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from ..arrangement import Arrangement

Tensors = Mapping[str, NDArray[Any]]


class Session(Protocol):
    """One network for one job. Several runs may be under way at once.

    provider: what computes now ("wasm", "cpu" …). arrangements: what the job may choose from, the one for large
    pictures first; one that has failed is not among them any more. notes: what went wrong in this job and was mended, a
    sentence each.
    """

    @property
    def provider(self) -> str: ...

    @property
    def arrangements(self) -> Sequence[Arrangement]: ...

    @property
    def notes(self) -> Sequence[str]: ...

    async def run(self, feeds: Tensors, *, arrangement: Arrangement, is_smallest: bool = False) -> Tensors:
        """Named input tensors to named output tensors, on the workers of `arrangement`, which is one of `arrangements`
        or was; in its place another computes. Runs beyond its workers wait. is_smallest: the tile cannot be cut any
        more, so that a lack of memory is for the session to mend, if it can. Raises OutOfMemory, or SessionFailed when
        the runtime refuses."""
        ...
