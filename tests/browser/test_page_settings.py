"""Every setting of the page reaches the file."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms, JpegImagePlugin, PngImagePlugin
from playwright.sync_api import Browser, Page, expect

from browser.page_steps import cleared, enlarge, open_more, put, result_bytes, saved_name, settle
from browser.watched import Native, Watch, farthest, known_page
from drawings import drawing, opened, saved

SOURCE = drawing(48, 36)


@pytest.fixture(scope="module")
def shared_page(chromium: Browser, origin: str) -> Iterator[tuple[Page, Watch]]:
    with known_page(chromium, origin) as (page, watch):
        page.goto(origin)
        yield page, watch


@pytest.fixture
def page(shared_page: tuple[Page, Watch]) -> Iterator[Page]:
    """The page with a small picture chosen, the further settings open."""
    with cleared(*shared_page) as page:
        put(page, saved(SOURCE))
        open_more(page)
        yield page


def image_of(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


@pytest.mark.parametrize(
    ("field", "typed", "size", "name"),
    [
        ("factor", "1.5", (72, 54), "a cat@1.5x.png"),
        ("factor", "2,25", (108, 81), "a cat@2.25x.png"),
        ("width", "100", (100, 75), "a cat@100x75.png"),
        ("height", "30", (40, 30), "a cat@40x30.png"),
    ],
)
def test_a_size_of_ones_own(page: Page, field: str, typed: str, size: tuple[int, int], name: str) -> None:
    page.get_by_test_id("scale-own").check(force=True)
    page.get_by_test_id(f"size-{field}").fill(typed)
    assert page.get_by_test_id("size-width").input_value() == str(size[0])
    assert page.get_by_test_id("size-height").input_value() == str(size[1])
    expect(page.get_by_test_id("plan")).to_contain_text(f"48 × 36 px → {size[0]} × {size[1]} px")
    assert image_of(enlarge(page)).size == size
    assert saved_name(page) == name


def test_a_picture_can_be_stretched(page: Page) -> None:
    page.get_by_test_id("scale-own").check(force=True)
    page.get_by_test_id("keep-aspect").uncheck(force=True)
    page.get_by_test_id("size-width").fill("60")
    page.get_by_test_id("size-height").fill("90")
    expect(page.get_by_test_id("plan")).to_contain_text("60 × 90 px")
    assert image_of(enlarge(page)).size == (60, 90)


@pytest.mark.parametrize(
    ("field", "typed"), [("factor", "17"), ("factor", "0.5"), ("factor", "much"), ("width", "12.5"), ("height", "")]
)
def test_a_size_that_cannot_be_is_said_before_the_start(page: Page, field: str, typed: str) -> None:
    page.get_by_test_id("scale-own").check(force=True)
    box = page.get_by_test_id(f"size-{field}")
    box.fill(typed)
    problem = page.locator(".size-problem")
    expect(problem).to_be_visible()
    assert problem.inner_text().startswith(f"The {field} is a ")
    assert problem.inner_text().endswith(".")
    expect(box).to_have_attribute("aria-invalid", "true")
    start = page.get_by_test_id("start")
    expect(start).to_be_disabled()
    box.press("Enter")
    start.click(force=True)
    expect(page.get_by_test_id("progress")).to_be_hidden()
    box.fill("3" if field == "factor" else "72")
    expect(problem).to_be_hidden()
    expect(start).to_be_enabled()


def test_1x_only_cleans(page: Page, native: Native) -> None:
    grainy = saved(drawing(48, 36, noise=6))
    put(page, grainy)
    settle(page, scale=1, clean="3")
    expect(page.get_by_test_id("start")).to_have_text("Clean up")
    made = opened(enlarge(page))
    assert saved_name(page) == "a cat@1x.png"
    assert farthest(made, native(grainy, model="upconv7-anime-2x-n3", scale=1)) <= 2
    assert farthest(made, opened(grainy)) > 5


def test_strength_mixes_the_networks_result_with_a_plain_one(page: Page, native: Native) -> None:
    made = {}
    for percent in (0, 50, 100):
        page.get_by_test_id("strength").fill(str(percent))
        made[percent] = opened(enlarge(page)).astype(int)
        page.get_by_test_id("another").click()
        put(page, saved(SOURCE))
    assert farthest(made[100].astype(np.uint8), native(saved(SOURCE), model="upconv7-anime-2x-n1")) <= 1
    assert np.abs(made[0] - made[100]).max() > 10
    assert np.abs(2 * made[50] - made[0] - made[100]).max() <= 2


def test_best_quality_sees_the_picture_from_all_sides(page: Page) -> None:
    """An average over all turns and flips cannot prefer one of them; a single run does."""

    def unevenness() -> int:
        upright = opened(enlarge(page))
        page.get_by_test_id("another").click()
        put(page, saved(np.ascontiguousarray(SOURCE[:, ::-1])))
        mirrored = opened(enlarge(page))
        page.get_by_test_id("another").click()
        put(page, saved(SOURCE))
        return farthest(upright, mirrored[:, ::-1])

    assert unevenness() > 1
    page.get_by_test_id("tta").check(force=True)
    assert unevenness() <= 1


def test_jpeg_has_the_quality_and_colour_detail_that_were_chosen(page: Page) -> None:
    page.get_by_test_id("format-jpeg").check(force=True)
    sizes = {}
    for quality, full_colour in ((95, True), (40, True), (40, False)):
        page.get_by_test_id("quality").fill(str(quality))
        page.get_by_test_id("full-colour").set_checked(full_colour, force=True)
        data = enlarge(page)
        image = image_of(data)
        assert isinstance(image, JpegImagePlugin.JpegImageFile)
        assert image.size == (96, 72)
        assert JpegImagePlugin.get_sampling(image) == (0 if full_colour else 2)
        sizes[quality, full_colour] = len(data)
    assert sizes[95, True] > sizes[40, True] > sizes[40, False]
    assert saved_name(page) == "a cat@2x.jpg"
    expect(page.get_by_test_id("copy")).to_be_hidden()


def test_webp_lossless_and_lossy(page: Page) -> None:
    exact = opened(enlarge(page))
    page.get_by_test_id("format-webp").check(force=True)
    page.get_by_test_id("quality").fill("30")
    lossy = enlarge(page)
    page.get_by_test_id("lossless").check(force=True)
    expect(page.get_by_test_id("quality")).to_be_hidden()
    lossless = enlarge(page)
    assert image_of(lossless).format == "WEBP"
    assert farthest(opened(lossless), exact) == 0
    assert farthest(opened(lossy), exact) > 0
    assert len(lossy) < len(lossless)
    assert saved_name(page) == "a cat@2x.webp"


def test_tiff_opens_elsewhere_and_is_shown_by_a_preview(page: Page) -> None:
    exact = opened(enlarge(page))
    page.get_by_test_id("format-tiff").check(force=True)
    data = enlarge(page)
    assert image_of(data).format == "TIFF"
    assert farthest(opened(data), exact) == 0
    expect(page.locator("compare-view")).to_contain_text("preview")
    assert page.evaluate(
        "() => [...document.querySelectorAll('compare-view img')].every((image) => image.naturalWidth > 0)"
    )


@pytest.mark.parametrize("choice", ["keep", "strip"])
def test_metadata_is_kept_or_removed(page: Page, choice: str) -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Title", "A cat")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    put(page, saved(SOURCE, pnginfo=texts, dpi=(300, 300), icc_profile=profile))
    page.get_by_test_id(f"metadata-{choice}").check(force=True)
    image = image_of(enlarge(page))
    image.load()
    assert image.info["icc_profile"] == profile
    assert image.info.get("Title") == ("A cat" if choice == "keep" else None)
    assert ("dpi" in image.info) == (choice == "keep")


def test_16_bits_stay_unless_8_are_chosen(page: Page) -> None:
    expect(page.get_by_test_id("depth-keep")).to_be_hidden()
    slope = np.linspace(20_000, 21_000, 40 * 30).astype(np.uint16).reshape(30, 40)
    put(page, saved(Image.fromarray(slope)), "slope.png")
    settle(page, clean="none")
    expect(page.locator(".file")).to_contain_text("16 bit")
    deep = opened(enlarge(page))
    assert deep.shape == (60, 80)
    # With eight bits there would be five levels.
    assert len(np.unique(deep)) > 100
    assert deep.min() > 19_000 and deep.max() < 22_000
    page.get_by_test_id("depth-8").check(force=True)
    assert image_of(enlarge(page)).mode == "L"


def test_what_was_lost_is_told_beneath_the_facts(page: Page) -> None:
    clear = np.dstack((SOURCE, np.full(SOURCE.shape[:2], 128, np.uint8)))
    put(page, saved(clear))
    enlarge(page)
    expect(page.get_by_test_id("notes")).to_be_hidden()
    page.get_by_test_id("format-jpeg").check(force=True)
    enlarge(page)
    expect(page.get_by_test_id("notes")).to_contain_text("transparen")


def test_settings_are_remembered(chromium: Browser, origin: str) -> None:
    with known_page(chromium, origin) as (page, watch):
        page.goto(origin)
        put(page, saved(SOURCE))
        open_more(page)
        settle(page, kind="photo", scale="own", clean="3")
        page.get_by_test_id("size-width").fill("111")
        page.get_by_test_id("strength").fill("35")
        page.get_by_test_id("tta").check(force=True)
        page.get_by_test_id("format-jpeg").check(force=True)
        page.get_by_test_id("quality").fill("61")
        page.get_by_test_id("full-colour").uncheck(force=True)
        page.get_by_test_id("metadata-strip").check(force=True)
        page.reload()
        put(page, saved(drawing(37, 50)))
        expect(page.get_by_test_id("strength")).to_be_visible()
        assert page.get_by_test_id("size-width").input_value() == "111"
        assert page.get_by_test_id("size-factor").input_value() == "3"
        assert page.get_by_test_id("strength").input_value() == "35"
        assert page.get_by_test_id("quality").input_value() == "61"
        for choice in ("kind-photo", "scale-own", "clean-3", "tta", "format-jpeg", "metadata-strip"):
            expect(page.get_by_test_id(choice)).to_be_checked()
        expect(page.get_by_test_id("full-colour")).not_to_be_checked()
        assert watch.complaints == []


def test_the_whole_way_through_the_settings_by_keyboard(page: Page) -> None:
    def tab_to(test_id: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("() => document.activeElement?.dataset.testid") == test_id:
                style = "() => getComputedStyle(document.activeElement).outlineStyle"
                assert page.evaluate(style) != "none", f"{test_id} shows no focus"
                return
        raise AssertionError(f"{test_id} cannot be reached with the Tab key")

    open_more(page)
    expect(page.get_by_test_id("strength")).to_be_hidden()
    page.get_by_test_id("kind-drawing").focus()
    tab_to("scale-2")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    tab_to("size-factor")
    page.keyboard.press("Control+A")
    page.keyboard.type("1.25")
    tab_to("more")
    page.keyboard.press("Enter")
    tab_to("strength")
    page.keyboard.press("ArrowLeft")
    tab_to("tta")
    page.keyboard.press("Space")
    page.keyboard.press("Space")
    tab_to("format-png")
    page.keyboard.press("ArrowRight")
    tab_to("quality")
    page.keyboard.press("Home")
    tab_to("full-colour")
    page.keyboard.press("Space")
    tab_to("metadata-keep")
    page.keyboard.press("ArrowRight")
    tab_to("start")
    expect(page.get_by_test_id("strength")).to_have_value("99")
    expect(page.get_by_test_id("tta")).not_to_be_checked()
    page.keyboard.press("Enter")
    image = image_of(result_bytes(page))
    assert isinstance(image, JpegImagePlugin.JpegImageFile)
    assert image.size == (60, 45)
    assert JpegImagePlugin.get_sampling(image) == 2
    expect(page.get_by_test_id("save")).to_be_focused()
