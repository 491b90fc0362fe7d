"""Which rungs compute a model right, and how fast: tried on its golden tile, learned from jobs, remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from ..catalogue import ModelCard
from ..errors import SessionFailed
from ..geometry import Size
from ..tiling import computed_pixels
from . import Tensors
from .background import begun
from .crew import Crew
from .golden import MOST_DIFFERS, GoldenTile
from .graphs import Comparison, faster_graph
from .remembered import Remembered, Verdict
from .rungs import Rung
from .trials import Speed, Trial, measured
from .workers import Answer

# Where nothing was measured yet: what an ordinary core does, as measured with upconv_7.
_WASM_MACS_PER_NS = 14

# What threads are worth until they are measured.
_THREADS_EXPONENT = 0.9

# A run may take so many times what is expected, but is never suspected before so long.
_TIMES_EXPECTED = 15
_LEAST_LIMIT_S = 20

# A GPU compiles its programs in the first run of a shape, and what it takes is not known before.
_LEAST_GPU_LIMIT_S = 60
_FIRST_GPU_LIMIT_S = 180

# A speed that is so far from the remembered one is remembered instead.
_WORTH_KEEPING = 0.25

# What an earlier visit's jobs have shown counts more than a self-test, unless that says something very different.
_TRUSTED = 2


class SelfTest:
    """The trials of all rungs for all models.

    crew: the workers of a rung. fetch_golden: (file name) → the bytes of a golden tile; raises ModelUnavailable.
    remember: hears the text to remember whenever it changes. tell: hears why a rung was dropped.
    """

    def __init__(
        self,
        crew: Callable[[Rung], Crew],
        *,
        fetch_golden: Callable[[str], Awaitable[bytes]],
        remembered: Remembered,
        remember: Callable[[str], None],
        tell: Callable[[str], None],
    ) -> None:
        self._crew = crew
        self._fetch_golden = fetch_golden
        self._remembered = remembered
        self._remember = remember
        self._tell = tell
        self._trials: dict[tuple[str, Rung], Trial] = {}
        self._tests: dict[tuple[str, Rung], asyncio.Future[None]] = {}
        self._golden: dict[str, GoldenTile] = {}

    def trial(self, rung: Rung, card: ModelCard) -> Trial:
        key = (card.file, rung)
        if key not in self._trials:
            trial = self._trials[key] = Trial(macs_per_pixel=card.macs_per_pixel)
            verdict = self._remembered.verdict(card.fingerprint, rung)
            if verdict is not None and verdict.reason is not None:
                trial.state, trial.reason, trial.is_wrong = "dropped", verdict.reason, True
            elif verdict is not None:
                trial.speed = trial.learned = trial.remembered = Speed(verdict.pixel_ns, verdict.run_ms)
        return self._trials[key]

    async def test(self, rung: Rung, card: ModelCard) -> Trial:
        """The trial of a rung for a model, once it is over: "right" or "dropped". Raises ModelUnavailable when the
        model cannot be had, SessionFailed when it is released meanwhile."""
        trial = self.trial(rung, card)
        if trial.state not in ("right", "dropped"):
            task = self._tests.get((card.file, rung))
            if task is None or task.done():
                task = self._tests[card.file, rung] = begun(self._test(trial, rung, card))
            # Others may wait for it too.
            await asyncio.wait([task])
            if task.cancelled():
                raise SessionFailed(f"The model “{card.id}” was let go of.")
            task.result()
        return trial

    def under_way(self, card: ModelCard) -> list[asyncio.Future[None]]:
        return [task for (file, _), task in self._tests.items() if file == card.file and not task.done()]

    async def golden(self, card: ModelCard) -> GoldenTile:
        """Raises ModelUnavailable when it cannot be had."""
        if card.file not in self._golden:
            self._golden[card.file] = GoldenTile.from_npz(await self._fetch_golden(card.golden))
        return self._golden[card.file]

    def gain(self, card: ModelCard) -> float | None:
        """How many times as fast its Winograd graph is as the direct one; None until they were compared."""
        return None if card.winograd is None else self._remembered.gain(card.fingerprint)

    def known_speed(self, rung: Rung, card: ModelCard) -> Speed | None:
        """None where nothing tells it. Of the graph that is slower, what was seen of the faster one tells it: a gain
        was measured side by side, but the two speeds perhaps in very different hours."""
        own, gain = self._seen(rung, card), self.gain(card)
        if gain is None or rung.provider == "webgpu":
            return own
        of_twin = self._seen(rung.twin, card)
        if of_twin is None or (own is not None and rung.graph == faster_graph(gain)):
            return own
        factor = gain if rung.graph == "direct" else 1 / gain
        return Speed(of_twin.pixel_ns * factor, of_twin.run_ms * factor)

    def _seen(self, rung: Rung, card: ModelCard) -> Speed | None:
        """What was seen of a rung itself. Threads that only an earlier visit has tried are as much slower by now as one
        thread is: else, in a slow hour, they would seem to be the faster ones."""
        trial = self.trial(rung, card)
        single = self.trial(replace(rung, threads=1), card)
        if trial.state == "untested" and trial.speed and single.speed and single.remembered:
            factor = single.speed.pixel_ns / single.remembered.pixel_ns
            return Speed(trial.speed.pixel_ns * factor, trial.speed.run_ms * factor)
        return trial.speed

    def speed(self, rung: Rung, card: ModelCard) -> Speed:
        """As measured, or else guessed from fewer threads or another model."""
        trial = self.trial(rung, card)
        if known := self.known_speed(rung, card):
            return known
        if rung.threads > 1:
            single = self.speed(replace(rung, threads=1), card)
            return Speed(single.pixel_ns / rung.threads**_THREADS_EXPONENT, single.run_ms)
        for (_, other), seen in self._trials.items():
            if other == rung and seen.speed is not None and seen.macs_per_pixel:
                # Plans are made with it: it stays, unless the self-test says something very different.
                trial.guess = Speed(seen.speed.pixel_ns * card.macs_per_pixel / seen.macs_per_pixel, seen.speed.run_ms)
                return trial.guess
        return Speed(card.macs_per_pixel / _WASM_MACS_PER_NS)

    def limit_s(self, rung: Rung, card: ModelCard, feeds: Tensors) -> float:
        """How long a run may take."""
        least: float = _LEAST_LIMIT_S
        if rung.provider == "webgpu":
            least = _LEAST_GPU_LIMIT_S if self.trial(rung, card).speed else _FIRST_GPU_LIMIT_S
        speed = self.trial(rung, card).learned or self.speed(rung, card)
        return max(least, _TIMES_EXPECTED * speed.ms(_pixels(feeds, card)) / 1000)

    def learn(self, rung: Rung, card: ModelCard, feeds: Tensors, taken_ms: float) -> None:
        """Counts a tile of a job among the measurements, for the next visit."""
        trial = self.trial(rung, card)
        golden = self._golden.get(card.file)
        pixels = _pixels(feeds, card)
        if trial.learned is None or golden is None or pixels < computed_pixels(golden.size, trim=card.trim):
            return
        trial.learned = trial.learned.learned(pixels, taken_ms)
        kept = self._remembered.verdict(card.fingerprint, rung)
        if kept is None or kept.reason or abs(trial.learned.pixel_ns / kept.pixel_ns - 1) > _WORTH_KEEPING:
            self._keep(rung, card, trial.learned)

    def keep_first(self, rung: Rung, card: ModelCard) -> None:
        """Notes with which rung the next visit is to begin."""
        if self._remembered.keep_first(card.file, rung):
            self._remember(self._remembered.text)

    def keep_comparison(self, rung: Rung, card: ModelCard, found: Comparison) -> None:
        """Notes which graph is the faster one. rung: the workers on which both were compared."""
        self._remembered.keep_gain(card.fingerprint, found.gain)
        faster = replace(rung, graph=found.faster)
        trial = self.trial(faster, card)
        # A tile like those of jobs tells more than the golden one.
        trial.speed = trial.learned = found.speed
        self._keep(faster, card, found.speed)

    def drop(self, rung: Rung, card: ModelCard, reason: str) -> None:
        """Gives a rung up for a model, for this visit."""
        trial = self.trial(rung, card)
        trial.state, trial.reason, trial.is_news = "dropped", reason, True
        self._tell(reason)

    def is_used(self, rung: Rung) -> bool:
        """Whether it is right for a model, with any of its graphs, or is being tried. rung: a direct one."""
        return any(
            trial.state in ("right", "testing") for (_, one), trial in self._trials.items() if one.direct == rung
        )

    def forgive(self, rung: Rung, card: ModelCard) -> None:
        """Lets a rung be tried again that has failed, but did not compute wrong."""
        trial = self.trial(rung, card)
        if trial.state == "dropped" and not trial.is_wrong:
            self._trials[card.file, rung] = Trial(macs_per_pixel=card.macs_per_pixel)

    def news(self, card: ModelCard) -> list[str]:
        """Why rungs were dropped in this visit, by what they did."""
        return [trial.reason for (file, _), trial in self._trials.items() if file == card.file and trial.is_news]

    def release(self, card: ModelCard) -> None:
        for key in [key for key in self._tests if key[0] == card.file]:
            if self._tests[key].cancel():
                # Whoever comes next begins anew, however long this one takes to end.
                del self._trials[key]
            del self._tests[key]
        self._golden.pop(card.file, None)

    def close(self) -> None:
        for task in self._tests.values():
            task.cancel()

    async def _test(self, trial: Trial, rung: Rung, card: ModelCard) -> None:
        trial.state = "testing"
        try:
            golden = await self.golden(card)
            answer = await self.run(rung, card, golden.feeds, is_first=True)
            trial.differs = golden.differs(answer.outputs)
            if trial.differs is None or trial.differs > MOST_DIFFERS:
                wrong = (
                    "what comes out is no picture" if trial.differs is None else f"{trial.differs} of 255 levels off"
                )
                reason = f"{rung} computes the model “{card.id}” wrong: {wrong}."
                trial.is_wrong = True
                self.drop(rung, card, reason)
                self._remembered.keep(card.fingerprint, rung, Verdict(reason=reason))
                self._remember(self._remembered.text)
                return

            async def time(feeds: Tensors) -> float:
                return (await self.run(rung, card, feeds, is_first=True)).taken_ms

            pixels = computed_pixels(golden.size, trim=card.trim)
            if trial.learned is not None and _is_near(answer.taken_ms, trial.learned.ms(pixels)):
                # As an earlier visit has found: who waits for the engine need not wait for more runs.
                trial.state = "right"
                return
            speed = await measured(golden, answer.taken_ms, time, trim=card.trim)
            told = trial.speed or trial.guess
            is_near = told is not None and _is_near(speed.ms(pixels), told.ms(pixels))
            if trial.learned is None or not is_near:
                trial.learned = speed
                self._keep(rung, card, speed)
            trial.speed = told if is_near else speed
            trial.state = "right"
        except SessionFailed as error:
            self.drop(rung, card, f"{rung} failed twice at the model “{card.id}”: {error}")
        finally:
            if trial.state == "testing":
                trial.state = "untested"

    async def run(self, rung: Rung, card: ModelCard, feeds: Tensors, *, is_first: bool) -> Answer:
        """On the first worker, and once more on a fresh one if that fails. is_first: before all that wait. Raises the
        errors of `Crew.run`."""
        file, limit_s = rung.file(card), self.limit_s(rung, card, feeds)
        try:
            return await self._crew(rung).run(file, feeds, workers=1, limit_s=limit_s, is_first=is_first)
        except SessionFailed:
            return await self._crew(rung).run(file, feeds, workers=1, limit_s=limit_s, is_first=is_first)

    def _keep(self, rung: Rung, card: ModelCard, speed: Speed) -> None:
        self._remembered.keep(card.fingerprint, rung, Verdict(speed.pixel_ns, speed.run_ms))
        self._remember(self._remembered.text)


def _is_near(taken_ms: float, told_ms: float) -> bool:
    return 1 / _TRUSTED < taken_ms / told_ms < _TRUSTED


def _pixels(feeds: Tensors, card: ModelCard) -> float:
    """Of all pictures of a run, those that take time."""
    pictures, height, width, _ = feeds["input"].shape
    return computed_pixels(Size(width, height), trim=card.trim) * int(pictures)
