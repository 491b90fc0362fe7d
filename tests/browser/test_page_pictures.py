"""Pictures that a browser cannot show, damaged ones and large ones, on the page."""

from __future__ import annotations

from collections.abc import Iterator
from zlib import crc32

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from browser.page_steps import choose, cleared, enlarge, open_more, put, result_pixels, saved_name, settle
from browser.watched import Native, Watch, farthest, known_page
from drawings import drawing, opened, saved

SEEN = """() => {
    const image = document.querySelector('picture-stage img');
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    return [canvas.width, canvas.height, [...context.getImageData(0, 0, canvas.width, canvas.height).data]];
}"""


@pytest.fixture(scope="module")
def shared_page(chromium: Browser, origin: str) -> Iterator[tuple[Page, Watch]]:
    with known_page(chromium, origin) as (page, watch):
        page.goto(origin)
        yield page, watch


@pytest.fixture
def page(shared_page: tuple[Page, Watch]) -> Iterator[Page]:
    with cleared(*shared_page) as page:
        yield page


@pytest.fixture(scope="module")
def vast() -> bytes:
    """A small file of 17.6 million pixels: too many for the page to show whole."""
    return saved(Image.new("L", (4200, 4200), 90))


@pytest.mark.parametrize("format_name", ["TIFF", "PPM", "TGA"])
def test_the_engine_opens_what_the_browser_cannot_show(page: Page, native: Native, format_name: str) -> None:
    pixels = drawing(50, 31)
    data = saved(pixels, format_name)
    put(page, data, f"scan.{format_name.lower()}")
    expect(page.locator(".file")).to_contain_text("50 × 31")
    width, height, seen = page.evaluate(SEEN)
    assert farthest(np.array(seen, np.uint8).reshape(height, width, 4)[:, :, :3], pixels) == 0
    page.get_by_test_id("start").click()
    assert farthest(result_pixels(page), native(data, model="upconv7-anime-2x-n1")) <= 1
    assert saved_name(page) == "scan@2x.png"


def test_such_a_picture_waits_for_the_engine(chromium: Browser, origin: str) -> None:
    with known_page(chromium, origin) as (page, watch):
        page.goto(origin)
        choose(page, saved(drawing(50, 31), "TIFF"), "scan.tif")
        expect(page.get_by_test_id("notice")).to_have_text("“scan.tif” opens as soon as the engine is ready.")
        expect(page.get_by_test_id("start")).to_be_visible()
        expect(page.get_by_test_id("notice")).to_be_hidden()
        assert watch.complaints == []


@pytest.mark.parametrize("format_name", ["PNG", "TIFF"])
def test_of_a_damaged_file_the_rest_is_offered(page: Page, format_name: str) -> None:
    pixels = drawing(60, 80, noise=8)
    # Pillow writes the directory of a plain TIFF first, so that both lose their last rows.
    data = saved(pixels, format_name)
    put(page, data[: len(data) * 2 // 3], f"torn.{format_name.lower()}")
    page.get_by_test_id("start").click()
    offer = page.get_by_test_id("open-partial")
    expect(offer).to_be_visible()
    expect(page.get_by_test_id("error")).to_contain_text(format_name)
    offer.click()
    made = result_pixels(page)
    assert made.shape == (160, 120, 3)
    top = made[:60:2, ::2].astype(int)
    assert np.abs(top - pixels[:30]).mean() < 20
    expect(page.get_by_test_id("error")).to_be_hidden()
    expect(page.get_by_test_id("notes")).to_be_visible()


def test_a_large_job_is_announced_and_an_impossible_one_refused(page: Page, vast: bytes) -> None:
    put(page, vast, "vast.png")
    assert page.evaluate("() => document.querySelector('picture-stage img').naturalWidth") == 2048
    settle(page, scale=4)
    note = page.get_by_test_id("plan-note")
    expect(note).to_contain_text("A large job: it needs about ")
    expect(note).to_contain_text("GB of memory; the file goes to disk while it is made.")
    refusal = page.get_by_test_id("plan-refusal")
    open_more(page)
    page.get_by_test_id("format-webp").check(force=True)
    # WebP holds no more than 16,383 pixels a side.
    expect(refusal).to_be_visible()
    expect(note).to_be_hidden()
    expect(page.get_by_test_id("start")).to_be_disabled()
    page.get_by_test_id("start").click(force=True)
    expect(page.get_by_test_id("progress")).to_be_hidden()
    page.get_by_test_id("format-png").check(force=True)
    expect(refusal).to_be_hidden()
    expect(page.get_by_test_id("start")).to_be_enabled()
    settle(page, scale=1)
    expect(note).to_contain_text("Takes about ")


def test_a_picture_too_large_is_refused_when_it_is_chosen(page: Page) -> None:
    header = saved(Image.new("L", (1, 1)))
    lying = bytearray(header)
    lying[16:24] = (300_000).to_bytes(4, "big") * 2
    lying[29:33] = crc32(lying[12:29]).to_bytes(4, "big")
    choose(page, bytes(lying), "endless.png")
    error = page.get_by_test_id("error")
    expect(error.or_(page.get_by_test_id("plan-refusal")).filter(visible=True)).to_contain_text("300000")


def test_a_picture_without_colour_stays_so(page: Page) -> None:
    gray = drawing(40, 30)[:, :, 0]
    put(page, saved(np.ascontiguousarray(gray)))
    assert opened(enlarge(page)).shape == (60, 80)
