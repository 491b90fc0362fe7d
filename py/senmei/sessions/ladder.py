"""The ladder of ways to compute: the fastest that computes right is taken."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from ..arrangement import Arrangement
from ..catalogue import ModelCard
from ..errors import SenmeiError, SessionFailed
from .background import begun
from .crew import Crew
from .patience import within
from .remembered import Remembered
from .rungs import WASM, WEBGPU, Facts, Rung, Team, Wish
from .self_test import SelfTest
from .workers import WorkerMaker

# Until a worker and its session are up, where none was yet.
_START_MS = 500

# In flight for each worker: one computes, one waits in it, one waits for whoever is done first.
_QUEUE = 3

# A session takes a second or two to start once everything is fetched. Threads are made in workers of a worker, which in
# Firefox now and then hangs for ever.
_NESTED_START_S = 20
_DOWNLOAD_S = 300

# A job waits for a self-test that is under way, in the hope of a faster rung.
_JOB_WAITS_S = 5

# Between two tiles no job rests so long.
_QUIET_S = 0.5

_MOST_TROUBLES = 20

# Of the memory for the tiles of all workers, and the least that is of any use to one.
_TILES_SHARE = 0.5
_LEAST_WORKER_BYTES = 200_000_000
_MOST_WORKER_BYTES = 2_000_000_000


class Ladder:
    """All rungs of one browser, for any number of models and jobs.

    fetch_golden: (file name) → the bytes of a golden tile; raises ModelUnavailable. remembered: what `remember` was
    called with last, in this or an earlier visit.
    """

    def __init__(
        self,
        maker: WorkerMaker,
        facts: Facts,
        *,
        fetch_golden: Callable[[str], Awaitable[bytes]],
        remember: Callable[[str], None],
        remembered: str | None = None,
    ) -> None:
        self.facts = facts
        self.troubles: deque[str] = deque(maxlen=_MOST_TROUBLES)
        self.trials = SelfTest(
            self.crew,
            fetch_golden=fetch_golden,
            remembered=Remembered(facts.machine, remembered),
            remember=remember,
            tell=self.troubles.append,
        )
        self._maker = maker
        self._crews: dict[Rung, Crew] = {}
        self._loaded: set[str] = set()
        self._explorers: dict[tuple[str, Wish], asyncio.Future[None]] = {}
        self._is_closed = False

    async def prepare(self, card: ModelCard, wish: Wish) -> None:
        """Returns when one rung is known to compute this model right; the others are tried in the background.

        Raises InvalidOption for a wish that no browser fulfils, SessionFailed when this one cannot, ModelUnavailable
        when the model cannot be had.
        """
        self._end_dropped()
        reasons = []
        for rung in self._beginning(card, wish):
            trial = await self.trials.test(rung, card)
            if trial.state == "right":
                self._loaded.add(card.file)
                self._explore(card, wish)
                return
            reasons.append(trial.reason)
            self.trials.forgive(rung, card)
        raise SessionFailed(" ".join(reasons))

    async def settle(self, card: ModelCard) -> None:
        """Waits a little for the tests that are under way."""
        if tests := self.trials.under_way(card):
            await within(_JOB_WAITS_S, asyncio.gather(*tests, return_exceptions=True))

    async def warm(self, card: ModelCard, wish: Wish) -> None:
        """Brings up all workers of the best arrangement and runs the golden tile in each. Raises the errors of
        `prepare`."""
        await self.prepare(card, wish)
        await self.settle(card)
        await self._warm(card, self.arrangements(card, wish)[0])

    def arrangements(self, card: ModelCard, wish: Wish) -> list[Arrangement]:
        """What jobs may choose from now, the fastest for large pictures first: all of one provider."""
        teams = [team for team in wish.teams(self.facts) if self.trials.trial(team[1], card).state != "dropped"]
        offers = sorted((self.arrangement(card, team) for team in teams if team[1] != WEBGPU), key=megapixel_ms)
        if (1, WEBGPU) in teams:
            gpu = self.arrangement(card, (1, WEBGPU))
            is_right = self.trials.trial(WEBGPU, card).state == "right"
            if not offers or (is_right and megapixel_ms(gpu) < megapixel_ms(offers[0])):
                return [gpu]
        # Where all is dropped, the job that runs into it tells why.
        return offers or [self.arrangement(card, (1, WASM))]

    def arrangement(self, card: ModelCard, team: Team) -> Arrangement:
        workers, rung = team
        speed = self.trials.speed(rung, card)
        crew = self._crews.get(rung)
        is_up = crew is not None and crew.ready(card.file) >= workers
        start_ms = crew.start_ms if crew is not None and crew.start_ms is not None else _START_MS
        share = self.facts.memory_bytes * _TILES_SHARE / workers
        return Arrangement(
            provider=rung.provider,
            workers=workers,
            threads=rung.threads,
            pixel_ns=_two_digits(speed.pixel_ns),
            is_measured=self.trials.trial(rung, card).speed is not None,
            run_ms=_two_digits(speed.run_ms),
            start_ms=0 if is_up else _two_digits(start_ms),
            queue=_QUEUE,
            worker_bytes=int(min(max(share, _LEAST_WORKER_BYTES), _MOST_WORKER_BYTES)),
            fixed_shapes=rung == WEBGPU,
        )

    def crew(self, rung: Rung) -> Crew:
        """Its workers, which are made when there is work for them. Raises SessionFailed when the ladder is closed."""
        if self._is_closed:
            raise SessionFailed("The engine was ended.")
        if rung not in self._crews:
            for other in [one for one in self._crews if one.threads > 1 and self._crews[one].is_idle]:
                # They would hold memory for as many threads as there are cores.
                self._crews.pop(other).close()
            self._crews[rung] = Crew(
                self._maker, rung.provider, rung.threads, patience=lambda file: self._patience(rung, file)
            )
        return self._crews[rung]

    def release(self, card: ModelCard) -> None:
        """Frees the sessions of a model that nobody uses any more."""
        for key in [key for key in self._explorers if key[0] == card.file]:
            self._explorers.pop(key).cancel()
        self.trials.release(card)
        for crew in self._crews.values():
            crew.unload(card.file)

    def close(self) -> None:
        """Ends all workers."""
        self._is_closed = True
        for explorer in self._explorers.values():
            explorer.cancel()
        self.trials.close()
        for crew in self._crews.values():
            crew.close()
        self._crews.clear()

    def report(self, card: ModelCard, wish: Wish) -> dict[str, Any]:
        """What is known of the rungs for a model, as plain values with JavaScript's names."""
        offers = self.arrangements(card, wish)
        best = offers[0]
        teams = wish.all_teams(self.facts)
        return {
            "cores": self.facts.cores,
            "memoryGb": self.facts.memory_gb,
            "sharedMemory": self.facts.has_shared_memory,
            "gpu": self.facts.gpu,
            "provider": best.provider,
            "workers": best.workers,
            "threads": best.threads,
            "rungs": [self._rung_fields(card, wish, team, offers) for team in teams],
            "troubles": list(self.troubles),
        }

    def _rung_fields(self, card: ModelCard, wish: Wish, team: Team, offers: list[Arrangement]) -> dict[str, Any]:
        workers, rung = team
        trial = self.trials.trial(rung, card)
        obstacle = self.facts.obstacle(rung, wish)
        own = self.arrangement(card, team)
        state: str = "dropped" if obstacle else trial.state
        if state == "right":
            is_offered = any(one.is_like(own) for one in offers)
            state = "chosen" if own.is_like(offers[0]) else "right" if is_offered else "slower"
        return {
            "provider": rung.provider,
            "threads": rung.threads,
            "workers": workers,
            "state": state,
            "reason": obstacle or trial.reason or None,
            "differs": trial.differs,
            "megapixelMs": megapixel_ms(own) if own.is_measured else None,
        }

    def _beginning(self, card: ModelCard, wish: Wish) -> list[Rung]:
        """The rungs to try until one is right: the one that was fastest in an earlier visit, or else the one that is
        soonest there, comes first."""
        wish.check()
        teams = wish.teams(self.facts)
        if not teams:
            obstacles = (self.facts.obstacle(rung, wish) for _, rung in wish.all_teams(self.facts))
            raise SessionFailed(" ".join(filter(None, obstacles)))
        if (1, WEBGPU) not in teams or len(teams) == 1:
            return [teams[0][1]]
        gpu = self.trials.trial(WEBGPU, card)
        wasm = min(megapixel_ms(self.arrangement(card, team)) for team in teams[1:])
        is_faster = gpu.speed is not None and gpu.state != "dropped" and gpu.speed.pixel_ns < wasm
        return [WEBGPU, WASM] if is_faster else [WASM, WEBGPU]

    def _end_dropped(self) -> None:
        """Ends the workers of rungs that no model is run on any more."""
        for rung in [rung for rung, crew in self._crews.items() if crew.is_idle]:
            if not self.trials.is_used(rung):
                self._crews.pop(rung).close()

    def _explore(self, card: ModelCard, wish: Wish) -> None:
        key = (card.file, wish)
        if key not in self._explorers:
            self._explorers[key] = begun(self._explored(card, wish))

    async def _explored(self, card: ModelCard, wish: Wish) -> None:
        """Tries the other rungs while the user still chooses, and warms the best."""
        teams = wish.teams(self.facts)
        # What fails here is told by the trials, or by the first job.
        with suppress(SenmeiError):
            if (1, WEBGPU) in teams:
                await self.trials.test(WEBGPU, card)
            best = self.arrangements(card, wish)[0]
            if wish == Wish():
                self.trials.keep_first(WEBGPU if best.provider == "webgpu" else WASM, card)
            await self._warm(card, best)
            self._maker.end_spares()
            threaded = [rung for _, rung in teams if rung.threads > 1 and rung != teams[0][1]]
            # What an earlier visit has measured is tested when a job wants it.
            if threaded and best.provider == "wasm" and self.trials.trial(threaded[-1], card).speed is None:
                await self._quiet()
                await self.trials.test(threaded[-1], card)
                if self.crew(threaded[-1]).is_idle:
                    self._crews.pop(threaded[-1]).close()

    async def _quiet(self) -> None:
        """Returns when no job is at work: measured beside one, threads would look slow, and slow it down."""
        while True:
            await asyncio.gather(*(crew.rest() for crew in self._crews.values()))
            await asyncio.sleep(_QUIET_S)
            if all(crew.is_idle for crew in self._crews.values()):
                return

    async def _warm(self, card: ModelCard, best: Arrangement) -> None:
        rung = Rung(best.provider, best.threads)
        golden = await self.trials.golden(card)
        limit_s = self.trials.limit_s(rung, card, golden.feeds)
        await self.crew(rung).warm(card.file, golden.feeds, workers=best.workers, limit_s=limit_s)

    def _patience(self, rung: Rung, file: str) -> float:
        is_fetched = file in self._loaded
        return _NESTED_START_S if rung.threads > 1 and is_fetched else _DOWNLOAD_S


def _two_digits(value: float) -> float:
    """Plans are made again and again: what is told beforehand is to be what is done."""
    return float(f"{value:.1e}")


def megapixel_ms(arrangement: Arrangement) -> float:
    """What all its workers together take for a million computed pixels."""
    return arrangement.pixel_ns / arrangement.workers
