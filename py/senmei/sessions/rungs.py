"""The ways of computing that a browser offers, from what it tells of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from ..arrangement import Arrangement, Graph
from ..catalogue import ModelCard
from ..errors import InvalidOption
from .graphs import GraphWish, check_graph
from .workers import ModelFile

Provider = Literal["auto", "webgpu", "wasm"]

# Where a browser does not tell its memory, in GB.
_USUAL_MEMORY_GB = 4

# More of them find too little to share in one tile.
_MOST_THREADS = 16

_MOST_WORKERS = 64

Team = tuple[int, "Rung"]
"""How many workers of which rung."""


@dataclass(frozen=True, slots=True)
class Rung:
    """A provider ("webgpu" or "wasm"), how many threads each of its sessions has, and which of a model's graphs it
    runs."""

    provider: str
    threads: int = 1
    graph: Graph = "direct"

    def __str__(self) -> str:
        if self.provider == "webgpu":
            return "WebGPU"
        means = [f"{self.threads} threads"] if self.threads > 1 else []
        means += ["Winograd convolutions"] if self.graph == "winograd" else []
        return f"WebAssembly with {' and '.join(means)}" if means else "WebAssembly"

    @property
    def direct(self) -> Rung:
        """The same workers with the direct graph."""
        return replace(self, graph="direct")

    @property
    def twin(self) -> Rung:
        """The same workers with the other graph."""
        return replace(self, graph="winograd" if self.graph == "direct" else "direct")

    def file(self, card: ModelCard) -> ModelFile:
        """What of a model its workers load."""
        if self.graph == "winograd" and card.winograd is not None:
            return ModelFile(card.winograd.file, weights=card.file)
        return ModelFile(card.file)


def rung_of(arrangement: Arrangement) -> Rung:
    return Rung(arrangement.provider, arrangement.threads, arrangement.graph)


WASM = Rung("wasm")
WEBGPU = Rung("webgpu")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the browser tells of itself.

    memory_gb: None where it does not tell. has_shared_memory: a WebAssembly memory can be shared between workers. gpu:
    names the adapter, None without one; is_software_gpu: it is computed by the processor. runtime: version of
    onnxruntime-web.
    """

    cores: int
    memory_gb: float | None = None
    has_shared_memory: bool = False
    is_webkit: bool = False
    gpu: str | None = None
    is_software_gpu: bool = False
    browser: str = ""
    runtime: str = ""

    @classmethod
    def from_plain(cls, facts: Mapping[str, Any]) -> Facts:
        """From the engine worker's object of JavaScript names."""
        gpu = facts["gpu"]
        return cls(
            cores=int(facts["cores"]),
            memory_gb=facts["memoryGb"],
            has_shared_memory=facts["sharedMemory"],
            is_webkit=facts["webkit"],
            gpu=gpu and gpu["identity"],
            is_software_gpu=bool(gpu and gpu["isFallback"]),
            browser=facts["browser"],
            runtime=facts["runtime"],
        )

    @property
    def most_workers(self) -> int:
        """As many as there are cores, but no more than two for each GB of memory."""
        return max(1, min(self.cores, int(2 * (self.memory_gb or _USUAL_MEMORY_GB))))

    @property
    def memory_bytes(self) -> float:
        return (self.memory_gb or _USUAL_MEMORY_GB) * 1e9

    @property
    def machine(self) -> str:
        """What must be the same for measurements to hold."""
        return " | ".join((self.browser, self.gpu or "", self.runtime, str(self.cores)))

    def obstacle(self, rung: Rung, wish: Wish) -> str | None:
        """Why this rung cannot be taken, as a sentence; None when it can be tried."""
        if rung.provider == "webgpu":
            if self.gpu is None:
                return "This browser offers no GPU."
            if self.is_software_gpu and wish.provider != "webgpu":
                return "The GPU is computed by the processor, which is slower than WebAssembly."
        elif rung.threads > 1:
            if not self.has_shared_memory:
                return "Threads need SharedArrayBuffer, which is not there."
            if self.is_webkit:
                return "Threads are not used on WebKit, where they fail too often."
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is forced of the arrangement; None and "auto" leave it to the ladder."""

    provider: Provider = "auto"
    threads: int | None = None
    workers: int | None = None
    graph: GraphWish = "auto"

    def check(self, card: ModelCard) -> None:
        """Raises InvalidOption for values that no browser could fulfil, or none for this model."""
        if self.provider not in get_args(Provider):
            raise InvalidOption(
                f"The provider “{self.provider}” is unknown; accepted: {', '.join(get_args(Provider))}."
            )
        for name, count, most in (("threads", self.threads, _MOST_THREADS), ("workers", self.workers, _MOST_WORKERS)):
            if count is not None and not 1 <= count <= most:
                raise InvalidOption(f"The number of {name} {count} is outside 1 to {most}.")
        if self.provider == "webgpu" and ((self.threads or 1) > 1 or (self.workers or 1) > 1):
            raise InvalidOption("WebGPU has one worker with one thread; more are for “wasm”.")
        check_graph(self.graph, card)
        if self.provider == "webgpu" and self.graph == "winograd":
            raise InvalidOption("The graph “winograd” is for “wasm”; WebGPU runs “direct”.")

    def teams(self, facts: Facts) -> list[Team]:
        """How many workers of which rung can be tried: the GPU first, then WebAssembly, most workers first."""
        return [(workers, rung) for workers, rung in self.all_teams(facts) if facts.obstacle(rung, self) is None]

    def all_teams(self, facts: Facts) -> list[Team]:
        """`teams`, and with them those that something stands against."""
        if self.provider == "webgpu":
            return [(1, WEBGPU)]
        is_open = self.provider == "auto" and self.graph != "winograd" and self.threads is None and self.workers is None
        return [*([(1, WEBGPU)] if is_open else []), *self._wasm_teams(facts)]

    def _wasm_teams(self, facts: Facts) -> list[Team]:
        if self.threads is not None:
            fitting = max(1, min(facts.most_workers, facts.cores // self.threads))
            return [(self.workers or fitting, Rung("wasm", self.threads))]
        by_workers = {}
        for threads in range(2, min(facts.cores, _MOST_THREADS) + 1):
            # Of those with as many workers the last one fills the cores best.
            by_workers[self.workers or min(facts.most_workers, facts.cores // threads)] = Rung("wasm", threads)
        return [(self.workers or facts.most_workers, WASM), *by_workers.items()]
