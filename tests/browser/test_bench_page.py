"""bench.html, with which any visitor measures their device."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.api_page import MODEL
from browser.page_steps import OVERHANG, TOO_SMALL
from browser.watched import PATIENCE_MS, known_page, watched_page

FASTEST = "esrgan-slim-2x"
FIGURES = re.compile(r"^\d+ ms \d+ ms \d+\.\d{3} [\d.]+ s$")


def begin(page: Page, origin: str, *, model: str = MODEL) -> None:
    page.goto(f"{origin}bench.html")
    page.get_by_test_id("model").select_option(model)
    page.get_by_test_id("side-256").check(force=True)
    page.get_by_test_id("repeats-1").check(force=True)
    page.get_by_test_id("start").click()


def test_it_ends_with_numbers_for_every_way_to_compute(chromium: Browser, origin: str) -> None:
    with known_page(chromium, origin) as (page, watch):
        page.goto(origin)
        page.get_by_test_id("engine-summary").click()
        page.get_by_test_id("measure").click()
        expect(page).to_have_url(f"{origin}bench.html")
        begin(page, origin, model=FASTEST)
        expect(page.get_by_test_id("progress")).to_be_visible()
        expect(page.get_by_test_id("step")).to_have_text("Done.", timeout=5 * PATIENCE_MS)
        rows = {
            row.locator("th").inner_text(): " ".join(row.locator("td").all_inner_texts())
            for row in page.get_by_test_id("table").locator("tbody tr").all()
        }
        cores = page.evaluate("() => navigator.hardwareConcurrency")
        ways = ["1 worker", *([f"{cores} workers"] if cores > 1 else [])]
        for way in ways:
            for graph in ("", " · fast convolutions"):
                assert FIGURES.match(rows[f"WebAssembly · {way}{graph}"])
        threads = [name for name in rows if name.startswith(f"WebAssembly · {cores} threads")]
        assert [bool(FIGURES.match(rows[name])) for name in threads] == [True] * (cores > 1)
        assert rows["WebGPU"].endswith(".")
        lines = page.get_by_test_id("lines").inner_text()
        for words in ("onnxruntime-web 1.", "Pyodide 0.", "Chrome/", f"{cores} core", "256 × 256 px", "medians of 1"):
            assert words in lines
        for name, said in rows.items():
            (line,) = [line for line in lines.splitlines() if re.match(rf"{re.escape(name)} +(job|[A-Z])", line)]
            assert all(figure in line for figure in re.findall(r"\d+\.\d{3}", said))
        assert re.search(r"^Senmei takes WebAssembly · .*\.$", lines, re.MULTILINE)
        assert watch.complaints == []


def test_it_can_be_stopped_and_begun_anew(chromium: Browser, origin: str) -> None:
    with watched_page(chromium, origin) as (page, watch):
        begin(page, origin)
        start, step = page.get_by_test_id("start"), page.get_by_test_id("step")
        expect(step).to_contain_text("Starting")
        expect(page.get_by_test_id("model")).to_be_disabled()
        start.click()
        expect(step).to_have_text("Stopped.")
        expect(start).to_have_text("Measure")
        start.click()
        expect(step).to_contain_text("warming up")
        start.click()
        expect(step).to_have_text("Stopped.")
        expect(page.get_by_test_id("model")).to_be_enabled()
        assert watch.complaints == []


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_it_fits_the_window(chromium: Browser, origin: str, width: int, scheme: str) -> None:
    window = {"viewport": {"width": width, "height": 740}, "has_touch": width == 360, "color_scheme": scheme}
    with watched_page(chromium, origin, **window) as (page, watch):
        page.goto(f"{origin}bench.html")
        expect(page.get_by_test_id("start")).to_be_enabled()
        assert page.evaluate(OVERHANG) == 0
        if width == 360:
            assert page.evaluate(TOO_SMALL) == []
        assert watch.complaints == []
