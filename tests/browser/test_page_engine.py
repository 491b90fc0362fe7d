"""The panel behind the engine's line: what computes, why, and the choice of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.page_steps import OVERHANG, TOO_SMALL, cleared, enlarge, put, result_pixels, settle
from browser.watched import Native, Watch, farthest, known_page
from drawings import drawing, opened, saved


@pytest.fixture(scope="module")
def shared_page(chromium: Browser, origin: str) -> Iterator[tuple[Page, Watch]]:
    with known_page(chromium, origin) as (page, watch):
        page.goto(origin)
        yield page, watch


@pytest.fixture
def page(shared_page: tuple[Page, Watch]) -> Iterator[Page]:
    """The page with the engine ready, which chooses by itself what computes."""
    with cleared(*shared_page) as page:
        expect(page.get_by_test_id("engine-status")).to_have_attribute("data-phase", "ready")
        yield page
        page.keyboard.press("Escape")


def open_panel(page: Page) -> None:
    page.get_by_test_id("engine-summary").click()
    expect(page.get_by_test_id("engine-panel")).to_be_visible()


def test_it_tells_what_computes_and_what_it_takes(page: Page) -> None:
    open_panel(page)
    expect(page.get_by_test_id("engine-runs")).to_have_text(re.compile(r"WebAssembly · \d+ (workers?|threads)"))
    cores = page.evaluate("() => navigator.hardwareConcurrency")
    expect(page.get_by_test_id("engine-machine")).to_contain_text(re.compile(rf"^{cores}\scores? "))
    expect(page.get_by_test_id("engine-machine")).to_contain_text(re.compile(r"no\sGPU"))
    chosen = page.get_by_test_id("rungs").locator("[data-state=chosen]")
    expect(chosen).to_have_count(1)
    expect(chosen).to_contain_text("In use")
    expect(chosen).to_contain_text(re.compile(r"\d (s|min)\b"))
    expect(page.get_by_test_id("engine-troubles")).to_be_hidden()
    told = page.get_by_test_id("engine-panel").inner_text()
    assert not re.search(r"NaN|undefined|null", told), told


def test_it_tells_of_both_graphs_and_what_they_take(page: Page) -> None:
    open_panel(page)
    rungs = page.get_by_test_id("rungs").locator("li")
    fast, plain = (row.inner_text().replace("\n", " ") for row in (rungs.nth(1), rungs.nth(2)))
    assert re.match(r"WebAssembly · \d+ workers? · fast convolutions [\d.]+ (s|min)\b.*", fast), fast
    assert re.match(r"WebAssembly · \d+ workers? [\d.]+ (s|min)\b.*", plain), plain
    told = page.get_by_test_id("engine-graphs")
    expect(told).to_have_text(re.compile(r"^Fast convolutions \(Winograd\) .*, here \d\.\d times as fast\.$"))
    words = page.evaluate(
        """async (gains) => {
            const { graphsInWords } = await import('./engine-words.js');
            const rungs = [{ graph: 'direct' }, { graph: 'winograd' }];
            return [...gains.map((gain) => graphsInWords({ rungs, gain })), graphsInWords({ rungs: [rungs[0]] })];
        }""",
        [None, 0.9, 2.24],
    )
    assert [sentence.rpartition("multiplications")[2] for sentence in words] == [
        ". Whether they are faster here is not measured yet.",
        ", but are not faster here.",
        ", here 2.2 times as fast.",
        "",
    ]


def test_what_was_chosen_computes_and_is_remembered(page: Page, native: Native) -> None:
    open_panel(page)
    page.get_by_test_id("provider-wasm").check(force=True)
    data = saved(drawing(48, 36))
    put(page, data)
    settle(page)
    assert farthest(opened(enlarge(page)), native(data, model="upconv7-anime-2x-n1")) <= 1
    expect(page.locator(".outcome-model")).to_have_text(re.compile(r" · WebAssembly · \d+ (workers?|threads)"))
    page.reload()
    expect(page.get_by_test_id("engine-status")).to_have_attribute("data-phase", "ready")
    open_panel(page)
    expect(page.get_by_test_id("provider-wasm")).to_be_checked()


def test_a_gpu_that_is_not_there_is_said_and_the_page_goes_on(page: Page) -> None:
    open_panel(page)
    # The answer may undo the choice before anyone has seen it.
    page.get_by_test_id("provider-webgpu").click(force=True)
    problem = page.get_by_test_id("provider-problem")
    expect(problem).to_have_text(re.compile(r"GPU.*\.$"))
    expect(page.get_by_test_id("provider-auto")).to_be_checked()
    page.get_by_test_id("provider-wasm").check(force=True)
    expect(problem).to_be_empty()
    put(page, saved(drawing(40, 30)))
    page.get_by_test_id("start").click()
    assert result_pixels(page).shape == (60, 80, 3)
    expect(page.get_by_test_id("error")).to_be_hidden()


def test_a_remembered_gpu_that_is_gone_is_said_too(chromium: Browser, origin: str) -> None:
    with known_page(chromium, origin) as (page, watch):
        page.add_init_script("localStorage.setItem('senmei.settings', JSON.stringify({ provider: 'webgpu' }))")
        page.goto(origin)
        expect(page.get_by_test_id("notice")).to_have_text(re.compile(r"GPU.* chooses by itself again\.$"))
        expect(page.get_by_test_id("engine-status")).to_have_attribute("data-phase", "ready")
        assert watch.complaints == []


def test_it_is_used_by_keyboard_and_escape_leaves_the_job_alone(page: Page) -> None:
    put(page, saved(drawing(500, 400)))
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("cancel")).to_be_focused()
    page.get_by_test_id("engine-summary").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("engine-panel")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_test_id("provider-auto")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_test_id("provider-wasm")).to_be_checked()
    expect(page.get_by_test_id("notice")).to_contain_text("counts for the next one")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("engine-panel")).to_be_hidden()
    assert page.evaluate("() => document.activeElement.dataset.testid") == "engine-summary"
    assert result_pixels(page).shape == (800, 1000, 3)


def test_it_fits_a_phone(chromium: Browser, origin: str) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    with known_page(chromium, origin, **phone) as (page, watch):
        page.goto(origin)
        expect(page.get_by_test_id("engine-status")).to_have_attribute("data-phase", "ready")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            open_panel(page)
            expect(page.get_by_test_id("rungs").locator("[data-state=chosen]")).to_be_visible()
            assert page.evaluate(OVERHANG) == 0
            assert page.evaluate(TOO_SMALL) == []
            left, right = page.get_by_test_id("engine-panel").evaluate(
                "(panel) => [panel.getBoundingClientRect().left, panel.getBoundingClientRect().right]"
            )
            assert left >= 0 and right <= 360
            page.locator("h1").click()
            expect(page.get_by_test_id("engine-panel")).to_be_hidden()
        assert watch.complaints == []
