"""What goes otherwise than planned on the page: second thoughts, second pictures, broken ones, no network."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Download, FilePayload, Page, expect

from browser.page_steps import (
    TOO_SMALL,
    choose,
    cleared,
    drop,
    enlarge,
    open_more,
    put,
    result_pixels,
    saved_name,
    settle,
)
from browser.watched import Native, Watch, farthest, known_page
from drawings import drawing, opened, saved

FOCUSED = "() => document.activeElement.dataset.testid"


@pytest.fixture(scope="module")
def shared_page(chromium: Browser, origin: str) -> Iterator[tuple[Page, Watch]]:
    with known_page(chromium, origin) as (page, watch):
        page.goto(origin)
        yield page, watch


@pytest.fixture
def page(shared_page: tuple[Page, Watch]) -> Iterator[Page]:
    with cleared(*shared_page) as page:
        yield page


def test_a_picture_dropped_while_one_is_enlarged_is_turned_away(page: Page) -> None:
    put(page, saved(drawing(400, 300)), "first.png")
    settle(page)
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("cancel")).to_be_focused()
    drop(page, ("second.png", saved(drawing(50, 40))))
    notice = page.get_by_test_id("notice")
    expect(notice).to_contain_text("cancel it first")
    expect(page.get_by_test_id("status")).to_contain_text("cancel it first")
    assert page.evaluate(FOCUSED) == "cancel"
    assert result_pixels(page).shape == (600, 800, 3)
    assert saved_name(page) == "first@2x.png"
    expect(notice).to_be_hidden()


def test_cancelling_while_the_engine_loads(chromium: Browser, origin: str) -> None:
    with known_page(chromium, origin) as (page, watch):
        page.goto(origin)
        choose(page, saved(drawing(40, 30)))
        start = page.get_by_test_id("start")
        expect(start).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("cancel")).to_be_focused()
        page.keyboard.press("Escape")
        expect(start).to_be_focused()
        expect(page.get_by_test_id("error")).to_be_hidden()
        expect(page.get_by_test_id("status")).to_have_text("Cancelled.")
        page.keyboard.press("Enter")
        assert result_pixels(page).shape == (60, 80, 3)
        assert watch.complaints == []


def test_a_broken_file_after_a_good_one_leaves_the_good_one(page: Page) -> None:
    put(page, saved(drawing(40, 30)), "good.png")
    choose(page, b"%PDF-1.4 and so on", "report.pdf")
    error = page.get_by_test_id("error")
    # Which of the two is meant must not be guessed.
    expect(error).to_contain_text("“report.pdf”")
    expect(error).to_contain_text("PDF")
    expect(page.locator(".file")).to_contain_text("good.png")
    assert enlarge(page)
    choose(page, b"%PDF-1.4 and so on", "report.pdf")
    expect(error).to_be_visible()
    expect(page.get_by_test_id("save")).to_be_visible()
    assert saved_name(page) == "good@2x.png"


def test_of_two_pictures_the_first_is_opened_and_that_is_said(page: Page) -> None:
    drop(page, ("one.png", saved(drawing(40, 30))), ("two.png", saved(drawing(50, 30))), ("three.png", b"three"))
    expect(page.locator(".file")).to_contain_text("one.png")
    expect(page.get_by_test_id("notice")).to_have_text("One picture at a time: of 3 files only “one.png” was opened.")
    enlarge(page)
    expect(page.get_by_test_id("notice")).to_be_hidden()


def test_the_pages_own_picture_dragged_about_is_no_new_one(page: Page) -> None:
    put(page, saved(drawing(40, 30)), "mine.png")
    shown = page.locator("picture-stage img")
    shown.dispatch_event("dragstart")
    drop(page, ("from the page.png", saved(drawing(50, 30))))
    shown.dispatch_event("dragend")
    expect(page.locator(".file")).to_contain_text("mine.png")
    drop(page, ("from elsewhere.png", saved(drawing(50, 30))))
    expect(page.locator(".file")).to_contain_text("from elsewhere.png")


def test_a_picture_that_takes_long_to_open_is_announced(page: Page) -> None:
    page.evaluate(
        """() => {
            const { decode } = HTMLImageElement.prototype;
            HTMLImageElement.prototype.decode = async function () {
                HTMLImageElement.prototype.decode = decode;
                await new Promise((resolve) => setTimeout(resolve, 2000));
                return decode.call(this);
            };
        }"""
    )
    choose(page, saved(drawing(40, 30)), "vast.png")
    expect(page.get_by_test_id("notice")).to_have_text("Opening “vast.png” …")
    expect(page.get_by_test_id("start")).to_be_focused()
    expect(page.get_by_test_id("notice")).to_be_hidden()


def test_saving_twice_gives_the_file_twice(page: Page) -> None:
    put(page, saved(drawing(40, 30)))
    data = enlarge(page)
    downloads: list[Download] = []
    page.on("download", lambda download: downloads.append(download))
    with page.expect_event("download", lambda _: len(downloads) == 2):
        page.get_by_test_id("save").dblclick()
    assert [download.path().read_bytes() for download in downloads] == [data, data]
    expect(page.get_by_test_id("save")).to_be_visible()


def test_offline_the_page_keeps_what_it_has(chromium: Browser, origin: str, native: Native) -> None:
    data = saved(drawing(40, 30))
    # The browser itself speaks of the request that failed.
    with known_page(chromium, origin) as (page, _):
        page.goto(origin)
        put(page, data)
        engine = page.get_by_test_id("engine-status")
        expect(engine).to_have_attribute("data-phase", "ready")
        page.context.set_offline(True)
        settle(page)
        assert farthest(opened(enlarge(page)), native(data, model="upconv7-anime-2x-n1")) <= 1
        # This model was never loaded.
        settle(page, kind="photo")
        error = page.get_by_test_id("error")
        expect(error).to_contain_text("the connection failed")
        expect(engine).to_have_text("Model not loaded")
        page.get_by_test_id("start").click()
        expect(page.get_by_test_id("cancel")).to_be_hidden()
        expect(error).to_contain_text("the connection failed")
        settle(page)
        expect(engine).to_have_attribute("data-phase", "ready")
        expect(error).to_be_hidden()
        assert farthest(opened(enlarge(page)), native(data, model="upconv7-anime-2x-n1")) <= 1
        page.context.set_offline(False)
        settle(page, kind="photo")
        expect(engine).to_have_attribute("data-phase", "ready")
        expect(error).to_be_hidden()
        assert farthest(opened(enlarge(page)), native(data, model="upconv7-photo-2x-n1")) <= 1


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_file_is_chosen_by_either_key(page: Page, key: str) -> None:
    file = FilePayload(name="by key.png", mimeType="image/png", buffer=saved(drawing(40, 30)))
    # Asked to catch the dialog only as the key is pressed, Playwright may be too late.
    page.once("filechooser", lambda chooser: chooser.set_files(file))
    page.wait_for_timeout(500)
    page.get_by_test_id("file-input").focus()
    page.keyboard.press(key)
    expect(page.locator(".file")).to_contain_text("by key.png")
    expect(page.get_by_test_id("start")).to_be_focused()


def test_everything_on_a_phone_is_large_enough_for_a_finger(chromium: Browser, origin: str) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    with known_page(chromium, origin, **phone) as (page, watch):
        page.goto(origin)
        assert page.evaluate(TOO_SMALL) == []
        put(page, saved(drawing(40, 30)))
        open_more(page)
        settle(page, scale="own")
        for format_name in ("jpeg", "webp"):
            page.get_by_test_id(f"format-{format_name}").check(force=True)
            assert page.evaluate(TOO_SMALL) == []
        enlarge(page)
        assert page.evaluate(TOO_SMALL) == []
        assert watch.complaints == []


def test_the_sample_offline_is_refused_with_a_sentence(chromium: Browser, origin: str) -> None:
    with known_page(chromium, origin) as (page, _):
        page.goto(origin)
        page.context.set_offline(True)
        page.route("**/sample.png", lambda route: route.abort())
        page.get_by_test_id("sample").click()
        expect(page.get_by_test_id("error")).to_contain_text("sample picture could not be loaded")
