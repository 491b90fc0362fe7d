"""web/senmei.js: a network that has not the memory for a tile gets smaller ones."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from browser.api_page import MODEL, opened_up, pixels, upscale
from browser.faulty_workers import FaultyWorkers, faulty_workers
from browser.watched import Native, Watch, farthest, known_page
from drawings import drawing, saved

LARGE = saved(drawing(230, 170))
SIDE = 120
"""Longer tiles fail."""


@pytest.fixture(scope="module")
def faulty(chromium: Browser, origin: str) -> Iterator[tuple[Page, FaultyWorkers, Watch]]:
    with known_page(chromium, origin) as (page, watch), faulty_workers(page) as workers:
        opened_up(page, origin)
        yield page, workers, watch


@pytest.mark.parametrize("failure", ["memory", "no buffer", "a number"])
def test_tiles_that_do_not_fit_are_halved(
    faulty: tuple[Page, FaultyWorkers, Watch], native: Native, failure: str
) -> None:
    page, workers, watch = faulty
    before = workers.suffered[failure]
    workers.decide = lambda facts: failure if facts["at"] == "run" and int(facts["side"]) > SIDE else ""
    result = upscale(page, LARGE)
    assert workers.suffered[failure] > before
    assert farthest(pixels(result), native(LARGE, model=MODEL)) <= 1
    assert watch.complaints == []


@pytest.mark.parametrize(("fault", "code"), [("memory", "too-large"), ("throws", "engine-failed")])
def test_what_never_fits_or_fails_otherwise_ends_the_job(
    faulty: tuple[Page, FaultyWorkers, Watch], fault: str, code: str
) -> None:
    page, workers, watch = faulty
    workers.decide = lambda facts: fault if facts["at"] == "run" else ""
    result = upscale(page, saved(drawing(90, 70)))
    assert workers.suffered[fault] and result["code"] == code, result
    assert "Traceback" not in result["message"]
    assert watch.complaints == []
