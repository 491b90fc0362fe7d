from __future__ import annotations

import asyncio
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doubling_workers import FAULTS, DoublingWorker, DoublingWorkers
from senmei.errors import ModelUnavailable, OutOfMemory, SessionFailed
from senmei.sessions import Tensors
from senmei.sessions.busy_time import BusyTime
from senmei.sessions.crew import Crew
from senmei.sessions.workers import Answer, DeviceLost, ModelFile, WorkerLost
from virtual_clock import run_virtually

FILE = ModelFile("doubling.onnx")


def crew_of(workers: DoublingWorkers, patience_s: float = 20) -> Crew:
    return Crew(workers, "wasm", 1, patience=lambda _: patience_s)


def tile(number: int) -> Tensors:
    return {"input": np.full((1, 2, 3, 3), number, np.float32)}


def is_doubled(answer: Answer, number: int) -> bool:
    return np.array_equal(answer.outputs["output"], np.full((1, 4, 6, 3), number))


def now() -> float:
    return asyncio.get_running_loop().time()


async def persistent(crew: Crew, number: int, *, workers: int = 2, limit_s: float = 30) -> Answer:
    """A run that is asked for until it succeeds."""
    while True:
        try:
            return await crew.run(FILE, tile(number), workers=workers, limit_s=limit_s)
        except SessionFailed:
            continue


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_all_workers_compute_and_each_tile_once(workers: int) -> None:
    made = DoublingWorkers()

    async def main() -> float:
        crew = crew_of(made)
        runs = (crew.run(FILE, tile(number), workers=workers, limit_s=30) for number in range(20))
        answers = await asyncio.gather(*runs)
        assert all(is_doubled(answer, number) for number, answer in enumerate(answers))
        took = now()
        crew.close()
        return took

    took = run_virtually(main())
    assert len(made.workers) == workers and made.runs == 20 and not made.living
    assert took == pytest.approx(0.4 + 20 // workers + (20 % workers > 0)), "no worker ever waited"


def test_only_as_many_workers_are_made_as_there_is_work_for() -> None:
    made = DoublingWorkers()

    async def main() -> None:
        crew = crew_of(made)
        await asyncio.gather(*(crew.run(FILE, tile(number), workers=8, limit_s=30) for number in range(3)))
        assert len(made.workers) == crew.ready(FILE) == 3
        await crew.run(FILE, tile(3), workers=8, limit_s=30)
        assert len(made.workers) == 3
        crew.close()

    run_virtually(main())


def test_a_worker_takes_a_tile_in_advance_but_none_of_the_last() -> None:
    made = DoublingWorkers()

    async def main() -> None:
        crew = crew_of(made)
        await asyncio.gather(*(crew.run(FILE, tile(number), workers=2, limit_s=30) for number in range(10)))
        crew.close()

    run_virtually(main())
    in_advance = {int(number) for worker in made.workers for number in worker.taken_in_advance}
    assert in_advance and max(in_advance) < 8, in_advance


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("killed", WorkerLost),
        ("hangs", WorkerLost),
        ("throws", SessionFailed),
        ("out of memory", OutOfMemory),
        ("device lost", DeviceLost),
    ],
)
def test_a_fault_fails_its_tile_alone(fault: str, error: type[Exception]) -> None:
    made = DoublingWorkers(fault=lambda _, run: fault if run == 3 else None)

    async def main() -> None:
        crew = crew_of(made)
        runs = (crew.run(FILE, tile(number), workers=2, limit_s=30) for number in range(12))
        answers = await asyncio.gather(*runs, return_exceptions=True)
        failed = [answer for answer in answers if isinstance(answer, BaseException)]
        assert [type(one) for one in failed] == [error]
        assert all(is_doubled(one, n) for n, one in enumerate(answers) if isinstance(one, Answer))
        assert len(made.living) == 2 and len(made.workers) == 3
        crew.close()

    run_virtually(main())
    assert not made.living


def test_the_time_of_a_tile_counts_from_when_it_began() -> None:
    made = DoublingWorkers(seconds=lambda *_: 9.0)

    async def main() -> None:
        crew = crew_of(made)
        runs = (crew.run(FILE, tile(number), workers=1, limit_s=10) for number in range(6))
        assert all(is_doubled(answer, n) for n, answer in enumerate(await asyncio.gather(*runs)))
        crew.close()

    run_virtually(main())
    assert len(made.workers) == 1


def test_time_in_which_python_was_busy_does_not_count() -> None:
    made = DoublingWorkers(seconds=lambda *_: 60.0)

    async def main() -> None:
        crew = crew_of(made)
        run = asyncio.ensure_future(crew.run(FILE, tile(1), workers=1, limit_s=20))
        await asyncio.sleep(2)
        # As if this thread had encoded for 58 seconds: the clock went on, and no timer came.
        asyncio.get_running_loop()._jumping.now += 58  # type: ignore[attr-defined]
        assert is_doubled(await run, 1)
        crew.close()

    run_virtually(main())
    assert len(made.workers) == 1


@given(st.integers(0, 10_000), st.integers(1, 6), st.floats(0.05, 0.45))
@settings(max_examples=60, deadline=None)
def test_whatever_fails_every_tile_is_answered_and_nothing_is_left(seed: int, workers: int, often: float) -> None:
    chance = random.Random(seed)

    def fault(_: DoublingWorker, run: int) -> str | None:
        return chance.choice(FAULTS) if chance.random() < often else None

    made = DoublingWorkers(
        seconds=lambda *_: chance.choice([0.0, 0.1, 1.0]),
        fault=fault,
        start_fault=lambda *_: chance.choice(["hangs", "killed", "out of memory"]) if chance.random() < 0.1 else None,
    )

    async def main() -> None:
        crew = crew_of(made)
        answers = await asyncio.gather(*(persistent(crew, number, workers=workers) for number in range(40)))
        assert all(is_doubled(answer, number) for number, answer in enumerate(answers))
        assert len(made.living) <= workers
        assert crew.is_idle
        crew.close()
        await asyncio.sleep(60)

    run_virtually(main())
    assert not made.living


def test_fifty_faults_and_more_in_one_go() -> None:
    chance = random.Random(1)
    made = DoublingWorkers(fault=lambda *_: chance.choice(FAULTS) if chance.random() < 0.3 else None)

    async def main() -> None:
        crew = crew_of(made)
        answers = await asyncio.gather(*(persistent(crew, number, workers=4) for number in range(200)))
        assert all(is_doubled(answer, number) for number, answer in enumerate(answers))
        crew.close()
        await asyncio.sleep(60)

    run_virtually(main())
    assert len(made.faults) >= 50 and set(made.faults) == set(FAULTS)
    assert not made.living


@pytest.mark.parametrize(("seconds", "made_in_all"), [(0.2, 1), (0.29, 1), (0.5, 2), (5.0, 2)])
def test_a_cancelled_run_ends_its_worker_only_when_that_goes_on(seconds: float, made_in_all: int) -> None:
    made = DoublingWorkers()

    async def main() -> None:
        crew = crew_of(made)
        await crew.warm(FILE, tile(0), workers=1, limit_s=30)
        made.seconds = lambda *_: seconds
        run = asyncio.ensure_future(crew.run(FILE, tile(1), workers=1, limit_s=30))
        await asyncio.sleep(0)
        run.cancel()
        await asyncio.wait([run])
        await asyncio.sleep(1)
        assert len(made.workers) == made_in_all and len(made.living) == 1
        assert crew.ready(FILE) == 1, "the fresh worker is up before anybody asks"
        crew.close()

    run_virtually(main())


def test_another_jobs_tiles_on_an_ended_worker_are_run_again_silently() -> None:
    made = DoublingWorkers(seconds=lambda *_: 10.0)

    async def main() -> None:
        crew = crew_of(made)
        cancelled = asyncio.ensure_future(crew.run(FILE, tile(1), workers=1, limit_s=30))
        other = asyncio.ensure_future(crew.run(FILE, tile(2), workers=1, limit_s=30))
        await asyncio.sleep(3)
        cancelled.cancel()
        await asyncio.sleep(0.5)
        assert len(made.living) == 1 and made.workers[0].is_ended
        assert is_doubled(await other, 2)
        assert now() == pytest.approx(3 + 0.35 + 0.4 + 10)
        crew.close()

    run_virtually(main())


def test_what_waits_is_not_run_when_it_is_cancelled() -> None:
    made = DoublingWorkers()

    async def main() -> None:
        crew = crew_of(made)
        runs = [asyncio.ensure_future(crew.run(FILE, tile(n), workers=1, limit_s=30)) for n in range(8)]
        await asyncio.sleep(0.9)
        for run in runs[1:]:
            run.cancel()
        await runs[0]
        await asyncio.sleep(10)
        assert made.runs <= 2 and crew.is_idle
        crew.close()

    run_virtually(main())


def test_a_start_that_hangs_is_ended_and_tried_again() -> None:
    made = DoublingWorkers(start_fault=lambda _, __, number: "hangs" if number == 0 else None)

    async def main() -> None:
        crew = crew_of(made, patience_s=20)
        with pytest.raises(WorkerLost, match="did not start within 20 seconds"):
            await crew.run(FILE, tile(1), workers=1, limit_s=30)
        assert is_doubled(await crew.run(FILE, tile(1), workers=1, limit_s=30), 1)
        crew.close()

    run_virtually(main())
    assert not made.living and len(made.workers) == 2


def test_workers_that_never_come_are_done_without() -> None:
    made = DoublingWorkers(start_fault=lambda _, __, number: None if number == 0 else "out of memory")

    async def main() -> None:
        crew = crew_of(made)
        runs = (crew.run(FILE, tile(number), workers=4, limit_s=30) for number in range(30))
        assert all(is_doubled(answer, n) for n, answer in enumerate(await asyncio.gather(*runs)))
        crew.close()

    run_virtually(main())
    assert len(made.workers) <= 1 + 3 * 2 and not made.living


def test_offline_the_workers_that_are_there_do_it_all() -> None:
    is_online = [True]
    made = DoublingWorkers(start_fault=lambda *_: None if is_online[0] else "offline")

    async def twenty(crew: Crew) -> None:
        runs = (crew.run(FILE, tile(number), workers=4, limit_s=30) for number in range(20))
        assert all(is_doubled(answer, n) for n, answer in enumerate(await asyncio.gather(*runs)))

    async def main() -> None:
        crew = crew_of(made)
        await crew.run(FILE, tile(1), workers=1, limit_s=30)
        is_online[0] = False
        for _ in range(3):
            await twenty(crew)
        assert crew.ready(FILE) == 1
        is_online[0] = True
        await twenty(crew)
        assert crew.ready(FILE) == 4, "the next job asks again"
        crew.close()

    run_virtually(main())
    assert not made.living


def test_a_file_that_cannot_be_had_is_told_to_all_who_wait() -> None:
    made = DoublingWorkers(missing=frozenset({"gone.onnx"}))

    async def main() -> None:
        crew = crew_of(made)
        runs = (crew.run(ModelFile("gone.onnx"), tile(number), workers=2, limit_s=30) for number in range(5))
        answers = await asyncio.gather(*runs, return_exceptions=True)
        assert all(isinstance(answer, ModelUnavailable) for answer in answers)
        assert is_doubled(await crew.run(FILE, tile(1), workers=2, limit_s=30), 1), "the workers are as good as before"
        crew.close()

    run_virtually(main())


def test_two_jobs_and_two_models_share_the_workers() -> None:
    made = DoublingWorkers()

    async def main() -> None:
        crew = crew_of(made)
        names = [FILE, ModelFile("other.onnx")]
        runs = [crew.run(names[number % 2], tile(number), workers=2, limit_s=30) for number in range(20)]
        assert all(is_doubled(answer, n) for n, answer in enumerate(await asyncio.gather(*runs)))
        assert len(made.workers) == 2
        crew.unload(FILE)
        assert all(FILE not in worker.files for worker in made.workers) and not crew.ready(FILE)
        crew.close()

    run_virtually(main())


def test_what_is_under_way_when_all_is_closed_fails() -> None:
    made = DoublingWorkers()

    async def main() -> None:
        crew = crew_of(made)
        runs = [asyncio.ensure_future(crew.run(FILE, tile(n), workers=2, limit_s=30)) for n in range(6)]
        await asyncio.sleep(0.8)
        crew.close()
        answers = await asyncio.gather(*runs, return_exceptions=True)
        assert all(isinstance(answer, WorkerLost) for answer in answers)
        with pytest.raises(WorkerLost):
            await crew.run(FILE, tile(1), workers=2, limit_s=30)

    run_virtually(main())
    assert not made.living


def test_a_worker_that_comes_after_all_was_closed_is_ended() -> None:
    made = DoublingWorkers(start_s=10)

    async def main() -> None:
        crew = crew_of(made)
        run = asyncio.ensure_future(crew.run(FILE, tile(1), workers=1, limit_s=30))
        await asyncio.sleep(1)
        crew.close()
        await asyncio.wait([run])
        assert isinstance(run.exception(), WorkerLost)
        await asyncio.sleep(30)

    run_virtually(main())
    assert len(made.workers) == 1 and not made.living


def test_idle_time_between_tiles_is_told() -> None:
    busy = BusyTime()
    assert busy.idle_share is None
    for started, ended in ((0, 100), (110, 200), (200, 300)):
        busy.add("first", Answer({}, started, ended))
    busy.add("second", Answer({}, 50, 160))
    assert (busy.busy_ms, busy.idle_ms) == (400, 10)
    assert busy.idle_share == pytest.approx(10 / 410)
