"""Which of a model's two graphs is taken: the faster one on tiles like those of jobs, measured in quiet, once."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from doubling_workers import DoublingWorker, DoublingWorkers, golden_npz
from ladders import ANY, PLAIN, QUAD, TWIN, Shelf, all_right, on_ladder, settled
from senmei.arrangement import Graph
from senmei.sessions import Tensors
from senmei.sessions.golden import GoldenTile
from senmei.sessions.graphs import compared
from senmei.sessions.ladder import Ladder
from senmei.sessions.ladder_session import open_session
from senmei.sessions.rungs import WASM, Wish

CORE = replace(PLAIN, cores=1)
LARGE = 240**2


@dataclass(frozen=True, slots=True)
class Network:
    """About what a network takes on one core in Chromium, in milliseconds. golden: pixels of its golden tile.
    direct: for a thousand pixels of a tile. winograd: likewise, and each run of the Winograd graph for itself; cold: so
    many times as much takes the first run of a session."""

    golden: int
    direct: float
    winograd: float
    each_run: float
    cold: float = 1.5

    def direct_ms(self, pixels: int) -> float:
        return pixels * self.direct / 1000

    def winograd_ms(self, pixels: int) -> float:
        return self.each_run + pixels * self.winograd / 1000

    def gain(self, pixels: int) -> float:
        return self.direct_ms(pixels) / self.winograd_ms(pixels)

    @property
    def faster(self) -> Graph:
        return "winograd" if self.gain(LARGE) > 1 else "direct"

    def workers(self, slowness: float = 1.0) -> DoublingWorkers:
        def gain(pixels: int, runs: int) -> float:
            return self.gain(pixels) / (1 if runs else self.cold)

        return DoublingWorkers(seconds=lambda _, __, pixels: slowness * self.direct_ms(pixels) / 1000, gain=gain)

    @property
    def shelf(self) -> Shelf:
        shelf = Shelf()
        shelf.golden[TWIN.golden] = golden_npz(round(self.golden**0.5))
        return shelf


NETWORKS = {
    "upconv7-2x": Network(golden=1748, direct=35, winograd=13, each_run=57),
    "cunet-2x": Network(golden=4080, direct=46, winograd=24.8, each_run=86),
    "cunet-1x": Network(golden=4080, direct=15.5, winograd=8.2, each_run=30),
    "animevideov3-2x": Network(golden=768, direct=48, winograd=19.6, each_run=25),
    "animevideov3-4x": Network(golden=192, direct=46, winograd=23, each_run=25),
    "x4plus-anime": Network(golden=192, direct=490, winograd=166, each_run=150),
    "esrgan-slim-2x": Network(golden=768, direct=16, winograd=13.3, each_run=4),
    "one that Winograd slows down": Network(golden=768, direct=16, winograd=18, each_run=4),
    "one that only seems to gain": Network(golden=4080, direct=16, winograd=20, each_run=-30, cold=0.8),
}


def gain_of(ladder: Ladder) -> float:
    gain = ladder.report(TWIN, ANY)["gain"]
    assert isinstance(gain, float)
    return gain


def test_the_golden_tile_alone_would_choose_wrong() -> None:
    wrong = [name for name, one in NETWORKS.items() if (one.gain(one.golden) / one.cold > 1) != (one.gain(LARGE) > 1)]
    assert len(wrong) >= 6 and "one that only seems to gain" in wrong


@pytest.mark.parametrize("slowness", [1 / 3, 1, 4])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_graph_that_is_faster_on_the_tiles_of_jobs_is_taken(name: str, slowness: float) -> None:
    network = NETWORKS[name]
    made, shelf = network.workers(slowness), network.shelf

    async def main(ladder: Ladder) -> None:
        await ladder.prepare(TWIN, ANY)
        assert ladder.arrangements(TWIN, ANY)[0].graph == "winograd", "the first guess"
        assert ladder.report(TWIN, ANY)["gain"] is None
        await asyncio.sleep(500)
        best = ladder.arrangements(TWIN, ANY)[0]
        assert best.graph == network.faster
        assert (gain_of(ladder) > 1) == (network.gain(LARGE) > 1)
        told_ms = best.pixel_ns * LARGE / 1e6 + best.run_ms
        really_ms = slowness * min(network.direct_ms(LARGE), network.winograd_ms(LARGE))
        assert told_ms == pytest.approx(really_ms, rel=0.1), "times are told by tiles like those of jobs"
        chosen, other = ladder.report(TWIN, ANY)["rungs"][1:3]
        assert (chosen["state"], other["state"]) == ("chosen", "slower")
        assert chosen["graph"] == best.graph != other["graph"]
        slower = max(gain_of(ladder), 1 / gain_of(ladder))
        assert other["megapixelMs"] / chosen["megapixelMs"] == pytest.approx(slower, rel=0.1)
        (worker,) = made.living
        assert worker.files == {replace(WASM, graph=best.graph).file(TWIN)}, "the slower graph is let go of"

    on_ladder(made, main, facts=CORE, shelf=shelf)


@pytest.mark.parametrize("name", ["upconv7-2x", "one that Winograd slows down"])
def test_the_next_visit_begins_with_what_was_chosen_and_compares_nothing(name: str) -> None:
    network = NETWORKS[name]
    shelf = network.shelf
    on_ladder(network.workers(), lambda ladder: settled(ladder, TWIN), facts=CORE, shelf=shelf)
    graph = network.faster
    assert shelf.text is not None
    assert json.loads(shelf.text)["first"] == {TWIN.file: {"provider": "wasm", "threads": 1, "graph": graph}}
    for slowness in (1, 5):
        again = network.workers(slowness)

        async def main(ladder: Ladder) -> None:
            gain = gain_of(ladder)
            await settled(ladder, TWIN)
            (worker,) = again.workers  # noqa: B023 - run at once
            assert worker.files == {replace(WASM, graph=graph).file(TWIN)}, "the other graph is not even loaded"
            assert gain_of(ladder) == gain
            chosen, other = ladder.report(TWIN, ANY)["rungs"][1:3]
            assert chosen["graph"] == graph and chosen["state"] == "chosen"
            # In a slow hour the one is known to be slow, so the other would be as well.
            assert other["megapixelMs"] / chosen["megapixelMs"] == pytest.approx(max(gain, 1 / gain), rel=0.1)

        on_ladder(again, main, facts=CORE, shelf=shelf)


def test_a_slow_hour_of_one_graph_changes_no_choice() -> None:
    network = NETWORKS["upconv7-2x"]
    shelf = network.shelf
    on_ladder(network.workers(), lambda ladder: settled(ladder, TWIN), facts=CORE, shelf=shelf)
    hour = network.workers(10)

    async def busy(ladder: Ladder) -> None:
        await settled(ladder, TWIN)
        await all_right(await open_session(ladder, TWIN, ANY), 60)

    on_ladder(hour, busy, facts=CORE, shelf=shelf)

    async def after(ladder: Ladder) -> None:
        await ladder.prepare(TWIN, Wish(graph="direct"))
        assert ladder.arrangements(TWIN, ANY)[0].graph == "winograd"

    on_ladder(network.workers(), after, facts=CORE, shelf=shelf)


def test_what_a_job_disturbs_is_measured_again() -> None:
    network = NETWORKS["upconv7-2x"]
    made = network.workers()
    quiet_gain = made.gain
    # Beside other tiles the Winograd graph would look slow.
    made.gain = lambda pixels, runs: (
        0.3 if sum(worker.is_busy for worker in made.living) > 1 else quiet_gain(pixels, runs)
    )
    jobs: list[asyncio.Task[None]] = []

    async def main(ladder: Ladder) -> None:
        session = await open_session(ladder, TWIN, ANY)

        async def job() -> None:
            await all_right(session, 12)
            assert ladder.report(TWIN, ANY)["gain"] is None, "there was no quiet moment yet"

        def begin(worker: DoublingWorker, _: int) -> None:
            # The direct graph runs to be compared only; each time a job begins before Winograd's turn comes.
            if worker.running == WASM.file(TWIN) and len(jobs) < 15:
                states = [one["state"] for one in ladder.report(TWIN, ANY)["rungs"][1:3]]
                assert states == ["chosen", "testing"]
                jobs.append(asyncio.create_task(job()))

        made.fault = begin
        await asyncio.sleep(500)
        await asyncio.gather(*jobs)
        assert len(jobs) == 15 and gain_of(ladder) > 1.5

    on_ladder(made, main, facts=PLAIN, shelf=network.shelf)


def test_a_job_runs_to_its_end_on_the_graph_that_it_began_with() -> None:
    network = NETWORKS["one that Winograd slows down"]
    made = network.workers()

    async def main(ladder: Ladder) -> None:
        session = await open_session(ladder, TWIN, ANY)
        (planned,) = session.arrangements
        await asyncio.sleep(500)
        assert ladder.arrangements(TWIN, ANY)[0].graph == "direct"
        await all_right(session, 5, arrangement=planned)
        assert session.arrangements[0].graph == "winograd" and session.notes == []
        assert (await open_session(ladder, TWIN, ANY)).arrangements[0].graph == "direct"

    on_ladder(made, main, facts=PLAIN, shelf=network.shelf)


def test_threads_take_the_graph_that_was_faster_without() -> None:
    for name in ("upconv7-2x", "one that Winograd slows down"):
        made, graph = NETWORKS[name].workers(), NETWORKS[name].faster
        made.seconds = lambda _, threads, pixels: pixels * 35e-6 / threads**0.8

        async def main(ladder: Ladder) -> None:
            await settled(ladder, TWIN)
            offers = ladder.arrangements(TWIN, ANY)
            assert {one.threads for one in offers} == {1, 2, 4}
            assert {one.graph for one in offers} == {graph}  # noqa: B023 - run at once
            tried = {worker.running.name for worker in made.workers if worker.threads > 1 and worker.running}  # noqa: B023
            assert tried == {replace(WASM, graph=graph).file(TWIN).name}  # noqa: B023

        on_ladder(made, main, facts=replace(QUAD, gpu=None), shelf=NETWORKS[name].shelf)


@pytest.mark.parametrize(
    ("gpu_ns", "provider", "is_compared"), [(5_000, "webgpu", False), (16_000, "wasm", True), (12_000, "webgpu", True)]
)
def test_a_gpu_is_believed_against_the_faster_graph(gpu_ns: float, provider: str, is_compared: bool) -> None:
    network = NETWORKS["upconv7-2x"]
    made = network.workers()
    made.seconds = lambda one, _, pixels: pixels * gpu_ns / 1e9 if one == "webgpu" else pixels * 35e-6

    async def main(ladder: Ladder) -> None:
        await settled(ladder, TWIN)
        assert ladder.arrangements(TWIN, ANY)[0].provider == provider
        assert (ladder.report(TWIN, ANY)["gain"] is not None) == is_compared

    on_ladder(made, main, facts=replace(CORE, gpu="maker model"), shelf=network.shelf)


def test_two_upscalers_compare_once() -> None:
    made = NETWORKS["upconv7-2x"].workers()

    async def main(ladder: Ladder) -> None:
        await asyncio.gather(*(settled(ladder, TWIN, wish) for wish in (ANY, Wish(workers=2), Wish(provider="wasm"))))
        runs = made.runs
        await ladder.prepare(TWIN, Wish(workers=1))
        await asyncio.sleep(500)
        assert made.runs <= runs + 2, "nothing but a warm-up"

    on_ladder(made, main, facts=PLAIN, shelf=NETWORKS["upconv7-2x"].shelf)


def test_a_graph_that_somebody_insists_on_stays() -> None:
    made = NETWORKS["upconv7-2x"].workers()

    async def main(ladder: Ladder) -> None:
        await ladder.prepare(TWIN, Wish(graph="direct"))
        await settled(ladder, TWIN)
        (worker,) = made.living
        assert worker.files == {WASM.file(TWIN), WASM.twin.file(TWIN)}

    on_ladder(made, main, facts=CORE, shelf=NETWORKS["upconv7-2x"].shelf)


def test_a_comparison_that_fails_is_told_and_made_on_another_visit() -> None:
    network = NETWORKS["upconv7-2x"]
    made, shelf = network.workers(), network.shelf
    is_broken = [True]

    def fault(worker: Any, _: int) -> str | None:
        return "throws" if is_broken[0] and worker.pixels > network.golden + 100 else None

    made.fault = fault

    async def main(ladder: Ladder) -> None:
        await settled(ladder, TWIN)
        assert any("could not be compared" in sentence for sentence in ladder.troubles)
        assert ladder.arrangements(TWIN, ANY)[0].graph == "winograd"

    on_ladder(made, main, facts=CORE, shelf=shelf)
    is_broken[0] = False

    async def again(ladder: Ladder) -> None:
        await settled(ladder, TWIN)
        assert gain_of(ladder) > 1 and not ladder.troubles

    on_ladder(network.workers(), again, facts=CORE, shelf=shelf)


@pytest.mark.parametrize(
    ("slower_ns", "most_pixels", "pixels"),
    [
        (200_000, 1e9, 128 * 128),
        (500_000, 1e9, 32 * 32 * 4),
        (20_000, 1e9, 128 * 128),
        (1_000, 1e9, 256 * 256),
        (1_000, 150 * 150, 128 * 128),
        (1_000, 10, 32 * 32),
    ],
)
async def test_tiles_grow_until_they_tell_enough(slower_ns: float, most_pixels: float, pixels: int) -> None:
    golden = GoldenTile.from_npz(golden_npz(32))
    seen: list[int] = []

    async def run_both(feeds: Tensors) -> tuple[float, float]:
        _, height, width, _ = feeds["input"].shape
        seen.append(height * width)
        # A bad moment of the last run alone tells nothing.
        return 1e-6 * seen[-1] * slower_ns, 0.5e-6 * seen[-1] * slower_ns * (9 if seen.count(seen[-1]) > 1 else 1)

    found = await compared(golden, run_both, trim=0, most_pixels=most_pixels)
    assert seen[-2:] == [pixels, pixels] and max(seen) == pixels
    assert found.gain == pytest.approx(2) and found.faster == "winograd"
    assert found.speed.ms(pixels) == pytest.approx(0.5e-6 * pixels * slower_ns)
