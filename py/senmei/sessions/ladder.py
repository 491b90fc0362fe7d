"""The ladder of ways to compute: the fastest that computes right is taken."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from ..arrangement import Arrangement
from ..catalogue import ModelCard
from ..errors import ModelUnavailable, SenmeiError, SessionFailed
from . import Tensors
from .background import begun
from .crews import Crews
from .graphs import Times, compared
from .patience import within
from .remembered import Remembered
from .rungs import WASM, WEBGPU, Facts, Rung, Team, Wish, rung_of
from .self_test import SelfTest
from .workers import ModelFile, WorkerMaker

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

# A slow network's golden tile tells up to so many times what a large one takes. A GPU that is so much faster stays the
# faster one whichever graph the processor runs.
_SURELY_FASTER = 4

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
        self.crews = Crews(maker, patience=self._patience)
        self.trials = SelfTest(
            self.crews.of,
            fetch_golden=fetch_golden,
            remembered=Remembered(facts.machine, remembered),
            remember=remember,
            tell=self.troubles.append,
        )
        self._maker = maker
        self._loaded: set[str] = set()
        self._explorers: dict[tuple[str, Wish], asyncio.Future[None]] = {}
        self._comparing: set[tuple[str, Rung]] = set()
        self._prepared = 0
        self._one_measures = asyncio.Lock()

    async def prepare(self, card: ModelCard, wish: Wish) -> None:
        """Returns when one rung is known to compute this model right; the others are tried in the background.

        Raises InvalidOption for a wish that cannot be fulfilled anywhere, SessionFailed when this browser cannot,
        ModelUnavailable when the model cannot be had.
        """
        # No model is run any more on what was dropped.
        self.crews.end_idle(unless=self.trials.is_used)
        self._prepared += 1
        failed = []
        try:
            for rung in self._beginning(card, wish):
                if await self._is_right(rung, card, wish):
                    self._loaded.update(card.files)
                    self._explore(card, wish)
                    return
                failed.append(rung)
            raise SessionFailed(" ".join(self.trials.trial(rung, card).reason for rung in failed))
        except SenmeiError:
            for rung in failed:
                self.trials.forgive(rung, card)
            raise

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
        teams = [team for team in self._teams(card, wish) if self.trials.trial(team[1], card).state != "dropped"]
        offers = sorted((self.arrangement(card, team) for team in teams if team[1] != WEBGPU), key=megapixel_ms)
        if (1, WEBGPU) in teams:
            gpu = self.arrangement(card, (1, WEBGPU))
            is_right = self.trials.trial(WEBGPU, card).state == "right"
            if not offers or (is_right and megapixel_ms(gpu) < megapixel_ms(offers[0])):
                return [gpu]
        # Where all is dropped, the job that runs into it tells why.
        return offers or [self.arrangement(card, (1, WASM))]

    def with_graph(self, rung: Rung, card: ModelCard, wish: Wish) -> Rung:
        """The rung with the graph of this model that it is to run: the one that is wanted; else Winograd's, unless the
        direct one was found to be faster, or Winograd's to fail."""
        winograd = rung.direct.twin
        if rung.provider != "wasm" or card.winograd is None or wish.graph == "direct":
            return rung.direct
        if wish.graph == "winograd":
            return winograd
        gain = self.trials.gain(card)
        if (gain is not None and gain <= 1) or self.trials.trial(WASM.twin, card).state == "dropped":
            return rung.direct
        only_direct = self.trials.trial(winograd, card).state == "dropped"
        only_direct = only_direct and self.trials.trial(rung.direct, card).state == "right"
        return rung.direct if only_direct else winograd

    def arrangement(self, card: ModelCard, team: Team) -> Arrangement:
        workers, rung = team
        speed = self.trials.speed(rung, card)
        crew = self.crews.made(rung)
        is_up = crew is not None and crew.ready(rung.file(card)) >= workers
        start_ms = crew.start_ms if crew is not None and crew.start_ms is not None else _START_MS
        share = self.facts.memory_bytes * _TILES_SHARE / workers
        return Arrangement(
            provider=rung.provider,
            workers=workers,
            threads=rung.threads,
            graph=rung.graph,
            pixel_ns=_two_digits(speed.pixel_ns),
            is_measured=self.trials.known_speed(rung, card) is not None,
            run_ms=_two_digits(speed.run_ms),
            start_ms=0 if is_up else _two_digits(start_ms),
            queue=_QUEUE,
            worker_bytes=int(min(max(share, _LEAST_WORKER_BYTES), _MOST_WORKER_BYTES)),
            fixed_shapes=rung == WEBGPU,
        )

    def release(self, card: ModelCard) -> None:
        """Frees the sessions of a model that nobody uses any more."""
        for key in [key for key in self._explorers if key[0] == card.file]:
            self._explorers.pop(key).cancel()
        self.trials.release(card)
        for rung in (WASM, WASM.twin):
            self.crews.unload(rung.file(card))

    def close(self) -> None:
        """Ends all workers."""
        for explorer in self._explorers.values():
            explorer.cancel()
        self.trials.close()
        self.crews.close()

    def report(self, card: ModelCard, wish: Wish) -> dict[str, Any]:
        """What is known of the rungs for a model, as plain values with JavaScript's names."""
        offers = self.arrangements(card, wish)
        best = offers[0]
        return {
            "cores": self.facts.cores,
            "memoryGb": self.facts.memory_gb,
            "sharedMemory": self.facts.has_shared_memory,
            "gpu": self.facts.gpu,
            "provider": best.provider,
            "workers": best.workers,
            "threads": best.threads,
            "graph": best.graph,
            "gain": self.trials.gain(card),
            "rungs": [self._rung_fields(card, wish, team, offers) for team in self._told_teams(card, wish)],
            "troubles": list(self.troubles),
        }

    def _told_teams(self, card: ModelCard, wish: Wish) -> list[Team]:
        """All that a wish leaves, and of the first that runs on the processor the other graph too."""
        told = [(workers, self.with_graph(rung, card, wish)) for workers, rung in wish.all_teams(self.facts)]
        place = next((place for place, (_, rung) in enumerate(told) if rung.provider == "wasm"), None)
        if place is not None and card.winograd is not None:
            workers, rung = told[place]
            told.insert(place + 1, (workers, rung.twin))
        return told

    def _rung_fields(self, card: ModelCard, wish: Wish, team: Team, offers: list[Arrangement]) -> dict[str, Any]:
        workers, rung = team
        trial = self.trials.trial(rung, card)
        obstacle = self.facts.obstacle(rung, wish)
        own = self.arrangement(card, team)
        state: str = "dropped" if obstacle else trial.state
        if state != "dropped" and (card.file, rung.direct) in self._comparing and not own.is_same(offers[0]):
            state = "testing"
        if state == "right":
            is_faster = megapixel_ms(own) < megapixel_ms(offers[0])
            state = "right" if is_faster or any(own.is_same(one) for one in offers) else "slower"
            state = "chosen" if own.is_same(offers[0]) else state
        return {
            "provider": rung.provider,
            "threads": rung.threads,
            "workers": workers,
            "graph": rung.graph,
            "state": state,
            "reason": obstacle or trial.reason or None,
            "differs": trial.differs,
            "megapixelMs": megapixel_ms(own) if own.is_measured else None,
        }

    async def _is_right(self, rung: Rung, card: ModelCard, wish: Wish) -> bool:
        """Whether it computes this model right. Raises ModelUnavailable when the model cannot be had."""
        try:
            trial = await self.trials.test(rung, card)
        except ModelUnavailable as error:
            if rung.graph == "direct" or wish.graph == "winograd":
                raise
            # The model is there without its second graph, too.
            self.trials.drop(rung, card, f"{rung} cannot be had for the model “{card.id}”: {error}")
            return False
        return trial.state == "right"

    def _teams(self, card: ModelCard, wish: Wish) -> list[Team]:
        """What can be tried for a model: see `Wish.teams`."""
        return [(workers, self.with_graph(rung, card, wish)) for workers, rung in wish.teams(self.facts)]

    def _beginning(self, card: ModelCard, wish: Wish) -> list[Rung]:
        """The rungs to try until one is right: the one that was fastest in an earlier visit, or else the one that is
        soonest there, comes first."""
        wish.check(card)
        teams = self._teams(card, wish)
        if not teams:
            obstacles = (self.facts.obstacle(rung, wish) for _, rung in wish.all_teams(self.facts))
            raise SessionFailed(" ".join(filter(None, obstacles)))
        if (1, WEBGPU) not in teams or len(teams) == 1:
            return self._either(teams[0][1], wish)
        gpu = self.trials.trial(WEBGPU, card)
        wasm = min(megapixel_ms(self.arrangement(card, team)) for team in teams[1:])
        is_faster = gpu.speed is not None and gpu.state != "dropped" and gpu.speed.pixel_ns < wasm
        one_threaded = self._either(self.with_graph(WASM, card, wish), wish)
        return [WEBGPU, *one_threaded] if is_faster else [*one_threaded, WEBGPU]

    def _either(self, rung: Rung, wish: Wish) -> list[Rung]:
        """A rung, and what to try where it fails."""
        return [rung, rung.direct] if rung.graph == "winograd" and wish.graph == "auto" else [rung]

    def _explore(self, card: ModelCard, wish: Wish) -> None:
        key = (card.file, wish)
        if key not in self._explorers:
            self._explorers[key] = begun(self._explored(card, wish))

    async def _explored(self, card: ModelCard, wish: Wish) -> None:
        """Tries the other rungs while the user still chooses, and warms the best."""
        # What fails here is told by the trials, or by the first job.
        with suppress(SenmeiError):
            if (1, WEBGPU) in wish.teams(self.facts):
                await self.trials.test(WEBGPU, card)
            best = await self._warm_best(card, wish)
            self._maker.end_spares()
            async with self._one_measures:
                if self._is_to_be_compared(card, wish, best):
                    await self._compare(card, self._teams(card, wish)[-1][1] if wish.threads else WASM)
                    if not self.arrangements(card, wish)[0].is_same(best):
                        best = await self._warm_best(card, wish)
                    await self._unload_slower(card)
                await self._test_threads(card, wish, best)

    async def _warm_best(self, card: ModelCard, wish: Wish) -> Arrangement:
        best = self.arrangements(card, wish)[0]
        if wish == Wish():
            first = WEBGPU if best.provider == "webgpu" else Rung("wasm", graph=best.graph)
            self.trials.keep_first(first, card)
        await self._warm(card, best)
        return best

    def _is_to_be_compared(self, card: ModelCard, wish: Wish, best: Arrangement) -> bool:
        if card.winograd is None or self.trials.gain(card) is not None or wish.graph != "auto":
            return False
        winograd = [team for team in self._teams(card, wish) if team[1].graph == "winograd"]
        processor = min((megapixel_ms(self.arrangement(card, team)) for team in winograd), default=0.0)
        return bool(winograd) and (best.provider == "wasm" or megapixel_ms(best) * _SURELY_FASTER > processor)

    async def _compare(self, card: ModelCard, rung: Rung) -> None:
        """Finds out which of a model's two graphs is the faster one, while nothing else computes."""
        golden = await self.trials.golden(card)
        await self.crews.quiet()
        self._comparing.add((card.file, rung.direct))
        try:
            for one in (rung.direct, rung.direct.twin):
                if (await self.trials.test(one, card)).state != "right":
                    return
            room = self.arrangement(card, (self.facts.most_workers, rung)).worker_bytes or 0
            largest = max(card.working_bytes("direct"), card.working_bytes("winograd"))
            found = await compared(
                golden,
                lambda feeds: self._undisturbed(rung.direct, card, feeds),
                trim=card.trim,
                most_pixels=room / max(1, largest),
            )
            self.trials.keep_comparison(rung, card, found)
        except SessionFailed as error:
            self.troubles.append(f"The graphs of the model “{card.id}” could not be compared: {error}")
        finally:
            self._comparing.discard((card.file, rung.direct))

    async def _undisturbed(self, rung: Rung, card: ModelCard, feeds: Tensors) -> Times:
        """What both graphs take, run one after the other; again and again, until nothing else was begun meanwhile."""
        while True:
            before = self._begun
            if self.crews.is_idle:
                direct = await self.trials.run(rung, card, feeds, is_first=False)
                winograd = await self.trials.run(rung.twin, card, feeds, is_first=False)
                if self._begun == before + 2:
                    return direct.taken_ms, winograd.taken_ms
            await self.crews.quiet()

    @property
    def _begun(self) -> int:
        """Changes with all that is asked of the workers, and with every job."""
        return self._prepared + self.crews.begun

    async def _unload_slower(self, card: ModelCard) -> None:
        """Frees the graph that jobs do not run any more, unless somebody insists on it."""
        chosen = self.with_graph(WASM, card, Wish())
        if chosen.twin.graph not in {wish.graph for file, wish in self._explorers if file == card.file}:
            await self.crews.quiet()
            self.crews.unload(chosen.twin.file(card))

    async def _test_threads(self, card: ModelCard, wish: Wish, best: Arrangement) -> None:
        teams = self._teams(card, wish)
        threaded = [rung for _, rung in teams if rung.threads > 1 and rung != teams[0][1]]
        # What an earlier visit has measured is tested when a job wants it.
        if threaded and best.provider == "wasm" and self.trials.known_speed(threaded[-1], card) is None:
            await self.crews.quiet()
            await self.trials.test(threaded[-1], card)
            self.crews.end_idle(unless=lambda rung: rung != threaded[-1].direct)

    async def _warm(self, card: ModelCard, best: Arrangement) -> None:
        rung = rung_of(best)
        golden = await self.trials.golden(card)
        limit_s = self.trials.limit_s(rung, card, golden.feeds)
        await self.crews.of(rung).warm(rung.file(card), golden.feeds, workers=best.workers, limit_s=limit_s)

    def _patience(self, rung: Rung, file: ModelFile) -> float:
        is_fetched = file.name in self._loaded
        return _NESTED_START_S if rung.threads > 1 and is_fetched else _DOWNLOAD_S


def _two_digits(value: float) -> float:
    """Plans are made again and again: what is told beforehand is to be what is done."""
    return float(f"{value:.1e}")


def megapixel_ms(arrangement: Arrangement) -> float:
    """What all its workers together take for a million computed pixels."""
    return arrangement.pixel_ns / arrangement.workers
