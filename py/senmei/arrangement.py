"""What a job runs on: how many workers compute, with how many threads each, and how long they take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Graph = Literal["direct", "winograd"]
"""How a network is computed: with its convolutions as they are, or as Winograd's, which take fewer multiplications."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """A number of equal workers, each of which runs one tile at a time.

    provider: what computes ("wasm", "webgpu", "cpu" …). threads: how many each worker has. graph: which of the model's
    graphs they run. pixel_ns: nanoseconds that one worker takes for one pixel of a tile, as `tiling.computed_pixels`
    counts them, while the others are at work too; is_measured: False where that is a guess, which plans are made with
    but no time is told by.
    run_ms: what each run costs beside its pixels. start_ms: until the workers are up, 0 when they are.
    queue: tiles in flight a worker, the one that computes and those that wait for it. worker_bytes: the working memory
    that one worker may take for its tile, None for as much as it wants. fixed_shapes: a new shape of a tile is dear, so
    that few are used again and again.
    """

    provider: str
    workers: int
    threads: int = 1
    graph: Graph = "direct"
    pixel_ns: float
    is_measured: bool = True
    run_ms: float = 2.0
    start_ms: float = 0.0
    queue: int = 2
    worker_bytes: int | None = None
    fixed_shapes: bool = False

    @property
    def in_flight(self) -> int:
        """How many tiles are under way at once: those that compute and those that are ready to."""
        return self.workers * self.queue

    def is_like(self, other: Arrangement) -> bool:
        """Whether both are the same workers, whichever graph they run and however fast they were found to be."""
        return (self.provider, self.workers, self.threads) == (other.provider, other.workers, other.threads)

    def is_same(self, other: Arrangement) -> bool:
        """Whether both are the same workers and run the same graph."""
        return self.is_like(other) and self.graph == other.graph
