"""The page, used as a person would."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.page_steps import OVERHANG, choose, cleared, drop, open_more, put, result_pixels, saved_name, settle
from browser.watched import PATIENCE_MS, Native, Watch, farthest, known_page, to_base64
from drawings import drawing, saved


@pytest.fixture(scope="module")
def shared_page(chromium: Browser, origin: str) -> Iterator[tuple[Page, Watch]]:
    with known_page(chromium, origin) as (page, watch):
        page.goto(origin)
        yield page, watch


@pytest.fixture
def page(shared_page: tuple[Page, Watch]) -> Iterator[Page]:
    with cleared(*shared_page) as page:
        yield page


def test_a_drawing_comes_out_as_the_command_line_makes_it(page: Page, native: Native) -> None:
    data = saved(drawing(512, 384))
    put(page, data)
    settle(page)
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("progress")).to_be_visible()
    made = result_pixels(page)
    assert made.shape == (768, 1024, 3)
    assert farthest(made, native(data, model="upconv7-anime-2x-n1", scale=2)) <= 1
    assert saved_name(page) == "a cat@2x.png"
    expect(page.get_by_test_id("result")).to_contain_text("1024 × 768")
    expect(page.locator("img-comparison-slider")).to_be_visible()


@pytest.mark.parametrize(
    ("choices", "model"),
    [
        ({"kind": "photo", "scale": 2, "clean": "3"}, "upconv7-photo-2x-n3"),
        ({"kind": "photo", "scale": 3, "clean": "none"}, "upconv7-photo-2x"),
        ({"kind": "drawing", "scale": 4, "clean": "0"}, "upconv7-anime-2x-n0"),
        ({"kind": "drawing", "scale": 3, "clean": "redraw"}, "realesr-animevideov3-3x"),
    ],
)
def test_every_choice_reaches_its_model(page: Page, native: Native, choices: dict[str, object], model: str) -> None:
    data = saved(drawing(48, 36))
    put(page, data)
    settle(page, **choices)
    page.get_by_test_id("start").click()
    scale = choices["scale"]
    made = result_pixels(page)
    assert made.shape == (36 * scale, 48 * scale, 3)
    assert farthest(made, native(data, model=model, scale=scale)) <= 2


def test_two_pictures_one_after_the_other(page: Page, native: Native) -> None:
    for size, name in (((40, 30), "one.png"), ((31, 47), "two.jpeg.png")):
        data = saved(drawing(*size))
        put(page, data, name)
        settle(page)
        page.get_by_test_id("start").click()
        assert farthest(result_pixels(page), native(data, model="upconv7-anime-2x-n1")) <= 1
        assert saved_name(page) == name.replace(".png", "@2x.png")
        page.get_by_test_id("another").click()


def test_tiles_appear_while_it_works_and_cancel_goes_back(page: Page) -> None:
    put(page, saved(drawing(900, 700)))
    settle(page)
    page.get_by_test_id("start").click()
    shown = "() => document.querySelector('[data-testid=preview-canvas]').toDataURL()"
    expect(page.get_by_test_id("preview-canvas")).to_be_visible()
    waiting = page.evaluate(shown)
    page.wait_for_function(f"(waiting) => ({shown})() !== waiting", arg=waiting, polling=300)
    assert page.get_by_test_id("progress").evaluate("(bar) => bar.value") < 0.9
    expect(page.get_by_test_id("eta")).to_contain_text("left")
    page.get_by_test_id("cancel").click()
    expect(page.get_by_test_id("start")).to_be_visible()
    expect(page.get_by_test_id("cancel")).to_be_hidden()
    expect(page.get_by_test_id("error")).to_be_hidden()
    expect(page.locator("main")).to_contain_text("a cat.png")


@pytest.mark.parametrize(
    ("data", "name"),
    [(b"hello world", "notes.png"), (b"", "empty.png"), (saved(drawing(60, 60))[:300], "half.png")],
    ids=["text", "empty", "truncated"],
)
def test_a_file_that_is_no_picture_gets_a_sentence(page: Page, data: bytes, name: str) -> None:
    choose(page, data, name)
    error = page.get_by_test_id("error")
    start = page.get_by_test_id("start")
    # What a browser can show in part is refused by the engine, the rest at once.
    expect(error.or_(start).filter(visible=True)).to_be_visible()
    if start.is_visible():
        start.click()
    expect(error).to_be_visible()
    assert error.inner_text().endswith(".") and "Traceback" not in error.inner_text()
    choose(page, saved(drawing(30, 20)))
    expect(error).to_be_hidden()
    # One that comes later would be the next test's.
    expect(page.locator(".file")).to_contain_text("30 × 20")


def test_a_picture_can_be_pasted(page: Page) -> None:
    page.evaluate(
        """(data) => {
            const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
            const clipboardData = new DataTransfer();
            clipboardData.items.add(new File([bytes], 'pasted.png', { type: 'image/png' }));
            document.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }));
        }""",
        to_base64(saved(drawing(33, 22))),
    )
    expect(page.locator("main")).to_contain_text("33 × 22")


def test_a_picture_can_be_dropped_anywhere(page: Page) -> None:
    drop(page, ("dropped.png", saved(drawing(44, 22))))
    expect(page.locator("main")).to_contain_text("44 × 22")


def test_the_sample_and_the_whole_way_by_keyboard(chromium: Browser, origin: str) -> None:
    with known_page(chromium, origin) as (page, watch):
        page.goto(origin)
        page.wait_for_load_state()

        def tab_to(test_id: str) -> None:
            for _ in range(40):
                page.keyboard.press("Tab")
                if page.evaluate("() => document.activeElement?.dataset.testid") == test_id:
                    return
            raise AssertionError(f"{test_id} cannot be reached with the Tab key")

        tab_to("sample")
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("start")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("cancel")).to_be_focused()
        expect(page.get_by_test_id("save")).to_be_focused()
        assert watch.complaints == []


def test_loading_says_what_and_how_much(chromium: Browser, origin: str) -> None:
    with known_page(chromium, origin) as (page, watch):
        page.goto(origin)
        status = page.get_by_test_id("engine-status")
        page.wait_for_function(
            "() => /MB/.test(document.querySelector('[data-testid=engine-status]').textContent)", timeout=PATIENCE_MS
        )
        expect(status).to_have_attribute("data-phase", "ready")
        assert watch.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_hangs_over_the_edge(page: Page, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate(OVERHANG) == 0
    choose(page, saved(drawing(300, 90)), f"{'long name ' * 20}.png")
    expect(page.get_by_test_id("start")).to_be_visible()
    assert page.evaluate(OVERHANG) == 0
    open_more(page)
    page.get_by_test_id("scale-own").check(force=True)
    for format_name in ("png", "jpeg", "webp", "tiff"):
        page.get_by_test_id(f"format-{format_name}").check(force=True)
        assert page.evaluate(OVERHANG) == 0
    background = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    levels = [int(part) for part in background.removeprefix("rgb(").removesuffix(")").split(",")]
    assert (sum(levels) < 200) == (scheme == "dark")
