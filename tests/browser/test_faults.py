"""Whatever happens to the workers of the built site, the job ends right and one line tells of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from browser.api_page import CREATE, MODEL, open_page, opened_up, pixels, upscale
from browser.faulty_workers import FaultyWorkers, faulty_workers, never, report, rung, settled, sometimes
from browser.watched import farthest, known_page, to_base64, watched_page
from drawings import drawing, saved
from senmei.animation import Animation, Frame
from senmei.codecs import EncodeOptions, encode
from senmei.picture import Picture

PICTURE = saved(drawing(400, 240, seed=3))


def animation(count: int) -> bytes:
    """An APNG of small pictures that have nothing in common: as many tiles at least."""
    pictures = [Picture(drawing(28, 24, seed=seed)) for seed in range(count)]
    return encode(Animation(tuple(Frame(one, 40.0) for one in pictures)), EncodeOptions(format="png"))


# As far as another rung's arithmetic may be from this one's.
RIGHT = 2


@pytest.fixture
def faulty(chromium: Browser, origin: str) -> Iterator[tuple[Page, FaultyWorkers]]:
    """A page whose workers ask before everything, and one Upscaler, `up`."""
    with known_page(chromium, origin) as (page, _), faulty_workers(page) as workers:
        # What fails on another graph is computed again on this one, and then not bit for bit the same.
        opened_up(page, origin, graph="direct")
        yield page, workers


def test_fifty_random_faults_in_one_job_change_no_bit(faulty: tuple[Page, FaultyWorkers]) -> None:
    page, workers = faulty
    moving = animation(40)
    quiet = upscale(page, moving)
    assert quiet["notes"] == [] and quiet["provider"] == "wasm" and not workers.suffered
    workers.decide = sometimes(1, 0.7, ["throws", "killed", "memory"], most=55)
    disturbed = upscale(page, moving)
    assert workers.suffered.total() == 55 and set(workers.suffered) == {"throws", "killed", "memory"}
    assert disturbed["data"] == quiet["data"]
    assert 1 <= len(disturbed["notes"]) <= 2 and all(note.endswith(".") for note in disturbed["notes"])
    assert report(page)["troubles"]
    workers.decide = never
    again = upscale(page, moving)
    assert again["data"] == quiet["data"] and again["notes"] == []
    assert again["workers"] == quiet["workers"], "the next job has all workers again"


def test_workers_that_do_not_answer_are_replaced(faulty: tuple[Page, FaultyWorkers]) -> None:
    page, workers = faulty
    moving = animation(6)
    quiet = upscale(page, moving)
    # A self-test that hangs is no trouble of the job.
    settled(page)
    hung: set[str] = set()

    def decide(facts: dict[str, str]) -> str:
        if facts["at"] == "run" and len(hung) < 2 and facts["tile"] not in hung:
            hung.add(facts["tile"])
            return "hangs"
        return ""

    workers.decide = decide
    disturbed = upscale(page, moving)
    assert workers.suffered["hangs"] == 2
    assert disturbed["data"] == quiet["data"]
    assert disturbed["notes"] == ["Tiles had to be computed again: a worker stopped or did not answer (2 times)."]


def test_workers_that_the_page_loses_are_replaced(chromium: Browser, origin: str) -> None:
    """As a browser ends them that is short of memory: nothing is told to anybody."""
    with known_page(chromium, origin) as (page, watch):
        page.add_init_script("""
            globalThis.made = [];
            globalThis.Worker = class extends Worker {
                constructor(url, options) {
                    super(url, options);
                    if (String(url).includes('inference')) made.push(this);
                }
            };
        """)
        opened_up(page, origin, graph="direct")
        moving = animation(30)
        quiet = upscale(page, moving)
        page.evaluate("""() => {
            globalThis.ended = 0;
            globalThis.ending = setInterval(() => { ended += 1; made.at(-1 - (ended % 2)).terminate(); }, 700);
        }""")
        disturbed = upscale(page, moving)
        ended = page.evaluate("() => { clearInterval(ending); return ended; }")
        assert ended >= 1
        assert disturbed["data"] == quiet["data"]
        assert upscale(page, moving)["data"] == quiet["data"]
        assert watch.complaints == []


def test_short_memory_is_mended_with_smaller_tiles(faulty: tuple[Page, FaultyWorkers]) -> None:
    page, workers = faulty
    quiet = upscale(page, PICTURE)
    seen: list[str] = []

    def decide(facts: dict[str, str]) -> str:
        if facts["at"] == "run":
            seen.append(facts["tile"])
        return "memory" if facts["at"] == "run" and len(seen) == 2 else ""

    workers.decide = decide
    short = upscale(page, PICTURE)
    assert workers.suffered == {"memory": 1}
    assert farthest(pixels(short), pixels(quiet)) == 0
    assert short["notes"] == ["Tiles had to be computed again: memory was short once."]


def test_what_fails_for_good_ends_with_one_sentence(faulty: tuple[Page, FaultyWorkers]) -> None:
    page, workers = faulty
    workers.decide = lambda facts: "throws" if facts["at"] == "run" else ""
    failed = upscale(page, PICTURE)
    assert failed["code"] == "engine-failed" and failed["isSenmei"]
    assert failed["message"] == f"The model “{MODEL}” cannot be run any more: This was wanted to fail."
    workers.decide = never
    assert upscale(page, PICTURE)["notes"] == []


def test_a_session_that_cannot_be_started_is_told(chromium: Browser, origin: str) -> None:
    with known_page(chromium, origin) as (page, _), faulty_workers(page) as workers:
        workers.decide = lambda facts: "throws" if facts["at"] == "start" else ""
        open_page(page, origin)
        failed = page.evaluate("async (model) => outcome(Upscaler.create({ model }))", MODEL)
        assert failed["code"] == "engine-failed" and "WebAssembly failed twice" in failed["message"]
        workers.decide = never
        page.evaluate(CREATE, [MODEL, {}])
        assert upscale(page, PICTURE)["notes"] == []


def test_threads_whose_start_hangs_are_given_up(chromium: Browser, origin: str) -> None:
    """As it happens in Firefox, where workers inside of workers now and then never start."""
    with watched_page(chromium, origin) as (page, _), faulty_workers(page) as workers:
        workers.decide = lambda facts: "hangs" if facts["threads"] != "1" else ""
        opened_up(page, origin, graph="direct")
        threads = rung(settled(page), "wasm", 2)
        assert threads["state"] == "dropped" and "did not start within 20 seconds" in threads["reason"]
        assert workers.suffered["hangs"] == 2
        result = upscale(page, PICTURE)
        assert (result["provider"], result["threads"]) == ("wasm", 1)
        assert result["notes"] == [threads["reason"]]


def test_a_rung_that_computes_wrong_is_dropped_and_told(chromium: Browser, origin: str) -> None:
    with watched_page(chromium, origin) as (page, _), faulty_workers(page) as workers:
        workers.decide = lambda facts: "wrong" if facts["threads"] != "1" and facts["at"] == "run" else ""
        opened_up(page, origin, graph="direct")
        threads = rung(settled(page), "wasm", 2)
        assert threads["state"] == "dropped" and threads["differs"] > 2
        assert threads["reason"].startswith(f"WebAssembly with 2 threads computes the model “{MODEL}” wrong")
        assert upscale(page, PICTURE)["notes"] == [threads["reason"]]
        failed = page.evaluate(
            "async (model) => outcome(Upscaler.create({ model, threads: 2, graph: 'direct' }))", MODEL
        )
        assert failed["code"] == "engine-failed" and failed["message"] == threads["reason"]


def test_a_cancelled_job_leaves_no_worker_busy(faulty: tuple[Page, FaultyWorkers]) -> None:
    page, workers = faulty
    upscale(page, PICTURE)
    before = len(workers.started)
    workers.decide = lambda facts: "takes 60000" if facts["at"] == "run" else ""
    cancelled = page.evaluate(
        """async (data) => {
            const aborting = new AbortController();
            const pending = outcome(up.upscale(new Blob([bytes(data)]), { signal: aborting.signal }));
            await new Promise((resolve) => setTimeout(resolve, 3000));
            aborting.abort();
            return pending;
        }""",
        to_base64(PICTURE),
    )
    assert cancelled["error"] == "AbortError"
    workers.decide = never
    result = upscale(page, PICTURE)
    assert result["notes"] == [] and pixels(result).shape == (480, 800, 3)
    assert len(workers.started) >= before + 2, "what would have taken a minute was ended"
