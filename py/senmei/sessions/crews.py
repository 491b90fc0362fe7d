"""The workers of all rungs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..errors import SessionFailed
from .crew import Crew
from .rungs import Rung
from .workers import ModelFile, WorkerMaker

# Between two tiles no job rests so long.
_QUIET_S = 0.5


class Crews:
    """One crew for each provider and number of threads, made when there is work for it. It runs either graph of a
    model.

    patience: (rung, file) → how long in seconds one of its workers may take to load a model's file.
    """

    def __init__(self, maker: WorkerMaker, *, patience: Callable[[Rung, ModelFile], float]) -> None:
        self._maker = maker
        self._patience = patience
        # By the rungs with the direct graph.
        self._crews: dict[Rung, Crew] = {}
        self._is_closed = False

    def of(self, rung: Rung) -> Crew:
        """Raises SessionFailed when they are closed."""
        if self._is_closed:
            raise SessionFailed("The engine was ended.")
        rung = rung.direct
        if rung not in self._crews:
            for other in [one for one in self._crews if one.threads > 1 and self._crews[one].is_idle]:
                # They would hold memory for as many threads as there are cores.
                self._crews.pop(other).close()
            self._crews[rung] = Crew(
                self._maker, rung.provider, rung.threads, patience=lambda file: self._patience(rung, file)
            )
        return self._crews[rung]

    def made(self, rung: Rung) -> Crew | None:
        """Those of a rung, if there were any so far."""
        return self._crews.get(rung.direct)

    @property
    def is_idle(self) -> bool:
        return all(crew.is_idle for crew in self._crews.values())

    @property
    def begun(self) -> int:
        """See `Crew.begun`."""
        return sum(crew.begun for crew in self._crews.values())

    async def quiet(self) -> None:
        """Returns when no job is at work: what is measured beside one would look slow, and slow it down."""
        while True:
            await asyncio.gather(*(crew.rest() for crew in self._crews.values()))
            await asyncio.sleep(_QUIET_S)
            if self.is_idle:
                return

    def unload(self, file: ModelFile) -> None:
        """See `Crew.unload`."""
        for crew in self._crews.values():
            crew.unload(file)

    def end_idle(self, *, unless: Callable[[Rung], bool]) -> None:
        """Ends those that do nothing now. unless: (rung with the direct graph) → whether they are to stay."""
        for rung in [rung for rung, crew in self._crews.items() if crew.is_idle and not unless(rung)]:
            self._crews.pop(rung).close()

    def close(self) -> None:
        """Ends all, and makes no others."""
        self._is_closed = True
        for crew in self._crews.values():
            crew.close()
        self._crews.clear()
