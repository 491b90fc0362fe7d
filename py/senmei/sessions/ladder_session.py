"""A model for one job, on whatever rung computes it."""

from __future__ import annotations

from collections.abc import Sequence

from ..arrangement import Arrangement
from ..catalogue import ModelCard
from ..errors import ModelUnavailable, OutOfMemory, SessionFailed
from . import Tensors
from .busy_time import BusyTime
from .ladder import Ladder
from .rungs import WASM, Team, Wish, rung_of
from .troubles import Troubles

# How often in a row one tile may fail on a rung. Below the last one there is nothing, so it is tried longer.
_TRIES = 2
_LAST_TRIES = 6


class LadderSession:
    """See `Session`. A tile that fails is run again on a fresh worker; when that fails too, the job goes on with the
    next rung. busy: how busy the workers were for this job."""

    def __init__(self, ladder: Ladder, card: ModelCard, wish: Wish) -> None:
        self.busy = BusyTime()
        self._ladder = ladder
        self._card = card
        self._wish = wish
        # What is found out meanwhile is for the next job, so that this one tells what it runs on.
        self._offered = ladder.arrangements(card, wish)
        self._troubles = Troubles()
        self._left: set[Team] = set()
        self._fallen_to: Team | None = None
        self._short: OutOfMemory | None = None

    @property
    def provider(self) -> str:
        return self.arrangements[0].provider

    @property
    def arrangements(self) -> Sequence[Arrangement]:
        if self._fallen_to is not None:
            return [self._ladder.arrangement(self._card, self._fallen_to)]
        return self._offered

    @property
    def notes(self) -> Sequence[str]:
        dropped = self._ladder.trials.news(self._card)
        return list(dict.fromkeys((*dropped, *self._troubles.sentences)))

    async def run(self, feeds: Tensors, *, arrangement: Arrangement, is_smallest: bool = False) -> Tensors:
        """See `Session.run`."""
        while True:
            team = self._team(arrangement)
            try:
                outputs = await self._run_on(team, feeds, arrangement, is_smallest=is_smallest)
            except ModelUnavailable:
                # Offline: what is up already goes on.
                if not self._fall(arrangement, team):
                    raise
                continue
            if outputs is not None:
                return outputs

    async def _run_on(
        self, team: Team, feeds: Tensors, arrangement: Arrangement, *, is_smallest: bool
    ) -> Tensors | None:
        """None when the next team is to go on. Raises ModelUnavailable when its workers cannot be fetched."""
        trials, card = self._ladder.trials, self._card
        workers, rung = team
        most_tries = _LAST_TRIES if team == (1, WASM) else _TRIES
        faults = 0
        while team not in self._left:
            trial = await trials.test(rung, card)
            if trial.state == "dropped":
                if not self._fall(arrangement, team):
                    # The next job may find what this one did not.
                    trials.forgive(rung, card)
                    # What was left for lack of memory fails for lack of memory, whatever the last one says.
                    raise self._short or SessionFailed(trial.reason)
                return None
            try:
                answer = await self._ladder.crews.of(rung).run(
                    rung.file(card),
                    feeds,
                    workers=workers,
                    limit_s=trials.limit_s(rung, card, feeds),
                    is_first=faults > 0,
                    busy=self.busy,
                )
            except SessionFailed as error:
                self._troubles.add(error)
                if isinstance(error, OutOfMemory):
                    if not is_smallest:
                        raise
                    self._short = error
                faults += 1
                if faults >= most_tries and not self._fall(arrangement, team, error):
                    if isinstance(error, OutOfMemory):
                        raise
                    raise SessionFailed(f"The model “{card.id}” cannot be run any more: {error}") from error
            else:
                trials.learn(rung, card, feeds, answer.taken_ms)
                return answer.outputs
        return None

    def _teams(self, arrangement: Arrangement) -> list[Team]:
        """What is taken one after the other when it fails, beginning with what was planned."""
        rung = rung_of(arrangement)
        teams = [(arrangement.workers, rung), (arrangement.workers, rung.direct)]
        workers = arrangement.workers // 2
        if rung.direct != WASM:
            workers = self._ladder.facts.most_workers
            teams.append((workers, self._ladder.with_graph(WASM, self._card, self._wish)))
        while workers:
            teams.append((workers, WASM))
            workers //= 2
        return list(dict.fromkeys(teams))

    def _team(self, arrangement: Arrangement) -> Team:
        return next(team for team in self._teams(arrangement) if team not in self._left)

    def _fall(self, arrangement: Arrangement, team: Team, error: SessionFailed | None = None) -> bool:
        """Goes on with the next team, unless another tile has led there already. False when there is none."""
        if team in self._left:
            return True
        teams = self._teams(arrangement)
        if team == teams[-1]:
            return False
        self._left.add(team)
        if error is None and team[1].threads > 1 and not self._ladder.trials.trial(team[1], self._card).is_wrong:
            # Threads that do not start would not start for the other graph either.
            self._left.add((team[0], team[1].direct))
        workers, rung = self._fallen_to = self._team(arrangement)
        if error is None:
            # Its trial has told why, or it is only offline that it is not there.
            return True
        reason = str(error).rstrip(".")
        if rung != team[1]:
            self._ladder.trials.drop(team[1], self._card, f"{team[1]} failed ({reason}); {rung} went on.")
        else:
            self._ladder.crews.of(rung).shrink(workers)
            self._ladder.troubles.append(self._troubles.add_fewer_workers(team[0], workers))
        return True


async def open_session(ladder: Ladder, card: ModelCard, wish: Wish) -> LadderSession:
    """A session of a job's own. Raises the errors of `Ladder.prepare`."""
    await ladder.prepare(card, wish)
    await ladder.settle(card)
    return LadderSession(ladder, card, wish)
