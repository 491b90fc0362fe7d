"""Animations on the page: their settings, what is told meanwhile, and before and after that play in step."""

from __future__ import annotations

import io
import itertools
import json
import re
import zipfile
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from browser.page_steps import OVERHANG, TOO_SMALL, choose, cleared, enlarge, open_more, put, result_bytes, saved_name
from browser.plain_animations import COLOURS, DURATIONS, animation, file_of, nearest, plain
from browser.watched import Watch, known_page
from drawings import drawing, opened, saved
from senmei.animation import Frame
from senmei.codecs import decode
from senmei.picture import Picture

SHOWN = """() => ['before', 'after'].map((name) => {
    const canvas = document.querySelector(`[data-testid=${name}]`);
    const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    context.drawImage(canvas, canvas.width >> 1, canvas.height >> 1, 1, 1, 0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
})"""

FIRST_PIXEL = """(selector) => {
    const context = new OffscreenCanvas(1, 1).getContext('2d');
    context.drawImage(document.querySelector(selector), 0, 0);
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
}"""


def shown(page: Page) -> tuple[int, int]:
    """The frames that are seen before and after, at one time."""
    before, after = page.evaluate(SHOWN)
    return nearest(before), nearest(after)


def expect_shown(page: Page, index: int) -> None:
    page.wait_for_function(
        f"(colour) => ({SHOWN})().every((seen) => seen.every((level, at) => Math.abs(level - colour[at]) < 12))",
        arg=list(COLOURS[index]),
    )


def take_way(page: Page, way: str) -> None:
    page.get_by_test_id(f"way-{way}").check(force=True)


@pytest.fixture(scope="module")
def shared_page(chromium: Browser, origin: str) -> Iterator[tuple[Page, Watch]]:
    with known_page(chromium, origin) as (page, watch):
        page.goto(origin)
        yield page, watch


@pytest.fixture
def page(shared_page: tuple[Page, Watch]) -> Iterator[Page]:
    with cleared(*shared_page) as page:
        yield page


@pytest.mark.parametrize(("name", "word"), [("gif", "GIF"), ("png", "APNG"), ("webp", "WebP")])
def test_an_animation_is_told_and_comes_out_with_its_times(page: Page, name: str, word: str) -> None:
    put(page, file_of(plain(), name, loop_count=3), f"lamp.{name}")
    facts = page.locator(".file-facts")
    expect(facts).to_contain_text("5 frames")
    # As an element has it, with spaces at which no line breaks.
    expect(facts).to_contain_text("0.8 s")
    expect(page.get_by_test_id("plan")).to_contain_text("5 frames → 96 × 72 px")
    expect(page.locator(".more-facts")).to_have_text(f"As it is ({word})")
    made = animation(enlarge(page))
    assert (made.loop_count, made.size.width, made.size.height) == (3, 96, 72)
    assert [frame.duration_ms for frame in made.frames] == list(DURATIONS)
    assert [nearest(list(frame.picture.pixels[30, 40])) for frame in made.frames] == list(range(5))
    assert saved_name(page) == f"lamp@2x.{name}"
    expect(page.get_by_test_id("status")).to_contain_text("Done: 5 frames of 96 by 72 pixels")
    expect(page.get_by_test_id("result")).to_contain_text("5 frames · 96 × 72 px")
    expect(page.get_by_test_id("result")).to_contain_text(f"{word} · ")
    expect(page.get_by_test_id("copy")).to_be_hidden()
    expect(page.get_by_test_id("save")).to_be_focused()


def test_before_and_after_play_in_step(page: Page) -> None:
    put(page, file_of(plain()), "lamp.gif")
    enlarge(page)
    seen = set()
    for _ in range(40):
        before, after = shown(page)
        assert before == after
        seen.add(before)
        page.wait_for_timeout(40)
    assert seen == set(range(5))
    play, scrubber = page.get_by_test_id("play"), page.get_by_test_id("scrubber")
    expect(play).to_have_accessible_name("Pause")
    play.click()
    expect(play).to_have_accessible_name("Play")
    held = shown(page)
    page.wait_for_timeout(400)
    assert shown(page) == held
    for index in (3, 0, 4, 1):
        scrubber.fill(str(index + 1))
        expect_shown(page, index)
    expect(scrubber).to_have_attribute("aria-valuetext", "Frame 2 of 5")
    expect(page.get_by_test_id("frame-number")).to_have_text("2 / 5")


def test_it_plays_as_often_as_the_file_wants(page: Page) -> None:
    put(page, file_of(plain(), "png", loop_count=1), "once.png")
    enlarge(page)
    play = page.get_by_test_id("play")
    expect(play).to_have_accessible_name("Play again")
    assert shown(page) == (4, 4)
    play.click()
    expect(play).to_have_accessible_name("Pause")
    expect(play).to_have_accessible_name("Play again")
    assert shown(page) == (4, 4)


def test_every_frame_is_shown_for_its_time(page: Page) -> None:
    # A frame below 20 ms is shown as long as browsers do.
    put(page, file_of(plain(durations=(400.0, 10.0, 200.0, 200.0, 200.0)), "png"), "lamp.png")
    enlarge(page)
    times = page.evaluate(
        """() => new Promise((resolve) => {
            const number = document.querySelector('[data-testid=frame-number]');
            const times = [];
            new MutationObserver(() => {
                times.push([Number.parseInt(number.textContent), performance.now()]);
                if (times.length === 12) resolve(times);
            }).observe(number, { childList: true });
        })"""
    )
    lasted: dict[int, float] = {}
    for (frame, began), (_, ended) in itertools.pairwise(times):
        lasted[frame] = min(lasted.get(frame, np.inf), ended - began)
    # A busy machine shows a frame late, never early by more than a late one before it.
    assert lasted[1] > lasted[3] > lasted[2] > 20


def test_merged_frames_stay_in_step(page: Page) -> None:
    colours = (COLOURS[0], COLOURS[0], COLOURS[1], COLOURS[2], COLOURS[2], COLOURS[2])
    put(page, file_of(plain(colours, (100.0, 40.0, 60.0))), "still parts.gif")
    open_more(page)
    page.get_by_test_id("merge").check(force=True)
    made = animation(enlarge(page))
    assert [frame.duration_ms for frame in made.frames] == [140.0, 60.0, 200.0]
    scrubber = page.get_by_test_id("scrubber")
    for index in (2, 0, 1):
        scrubber.fill(str(index + 1))
        expect_shown(page, index)


def test_frames_that_are_all_the_same_become_a_still(page: Page) -> None:
    put(page, file_of(plain(COLOURS[:1] * 3)), "still.gif")
    open_more(page)
    page.get_by_test_id("merge").check(force=True)
    assert isinstance(decode(enlarge(page)), Picture)
    expect(page.get_by_test_id("result")).to_contain_text("1 frame · 96 × 72 px")
    expect(page.locator("img-comparison-slider")).to_be_visible()
    expect(page.get_by_test_id("play")).to_be_hidden()


def test_stopping_keeps_what_is_done(page: Page) -> None:
    frames = tuple(Frame(Picture(np.array(drawing(240, 180, seed=seed), np.uint8)), 50.0) for seed in range(16))
    put(page, file_of(frames), "long.gif")
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("job-frame")).to_have_text(re.compile("Frame ([3-9]|1[0-2]) of 16"))
    page.get_by_test_id("keep").click()
    made = animation(result_bytes(page))
    assert 2 <= len(made.frames) < 16
    assert all(frame.duration_ms == 50 for frame in made.frames)
    expect(page.get_by_test_id("notes")).to_contain_text(f"{len(made.frames)} of 16 frames")
    expect(page.get_by_test_id("result")).to_contain_text(f"{len(made.frames)} frames · 480 × 360 px")
    expect(page.get_by_test_id("save")).to_be_focused()


def test_a_gifs_palette_dithering_and_delays_reach_the_file(page: Page) -> None:
    frames = tuple(Frame(Picture(np.array(drawing(64, 48, seed=seed), np.uint8)), 10.0) for seed in range(3))
    put(page, file_of(frames, "png"), "three.png")
    open_more(page)
    expect(page.get_by_test_id("palette-auto")).to_be_hidden()
    take_way(page, "gif")
    sizes = {}
    for palette, dither in (("global", "none"), ("local", "none"), ("local", "diffused")):
        page.get_by_test_id(f"palette-{palette}").check(force=True)
        page.get_by_test_id(f"dither-{dither}").check(force=True)
        data = enlarge(page)
        made = animation(data)
        assert [frame.duration_ms for frame in made.frames] == [10, 10, 10]
        sizes[palette, dither] = len(data), Image.open(io.BytesIO(data)).info["version"]
    assert len({size for size, _ in sizes.values()}) == 3
    page.get_by_test_id("slow-short").check(force=True)
    assert [frame.duration_ms for frame in animation(enlarge(page)).frames] == [100, 100, 100]
    assert saved_name(page) == "three@2x.gif"


def test_kinds_and_quality_reach_the_file(page: Page) -> None:
    frames = tuple(Frame(Picture(np.array(drawing(64, 48, seed=seed), np.uint8)), 70.0) for seed in range(2))
    put(page, file_of(frames), "two.gif")
    open_more(page)
    take_way(page, "apng")
    exact = animation(enlarge(page))
    assert saved_name(page) == "two@2x.png"
    take_way(page, "webp")
    lossless = enlarge(page)
    page.get_by_test_id("animation-lossless").uncheck(force=True)
    page.get_by_test_id("animation-quality").fill("20")
    lossy = enlarge(page)
    assert saved_name(page) == "two@2x.webp"
    for one, other in zip(exact.frames, animation(lossless).frames, strict=True):
        assert np.array_equal(one.picture.pixels, other.picture.pixels)
    assert len(lossy) < len(lossless) and len(animation(lossy).frames) == 2


def test_frames_as_a_zip_a_sheet_or_one(page: Page) -> None:
    put(page, file_of(plain()), "lamp.gif")
    open_more(page)
    take_way(page, "zip")
    with zipfile.ZipFile(io.BytesIO(enlarge(page))) as archive:
        times = json.loads(archive.read("animation.json"))
        assert [one["duration_ms"] for one in times["frames"]] == list(DURATIONS)
        assert nearest(list(opened(archive.read(times["frames"][3]["file"]))[30, 40])) == 3
    assert saved_name(page) == "lamp@2x-frames.zip"
    expect(page.locator("lone-view")).to_contain_text("Before")
    expect(page.locator("lone-view")).to_contain_text("ZIP")
    expect(page.get_by_test_id("scrubber")).to_be_hidden()
    expect(page.locator("img-comparison-slider")).to_be_hidden()
    take_way(page, "sheet")
    sheet = opened(enlarge(page))
    assert saved_name(page) == "lamp@2x-sheet.png"
    lone = page.get_by_test_id("lone")
    assert lone.evaluate("(image) => [image.naturalHeight, image.naturalWidth]") == list(sheet.shape[:2])
    take_way(page, "frame")
    expect(page.get_by_test_id("way-frame")).to_be_checked()
    number = page.get_by_test_id("frame")
    number.fill("9")
    number.blur()
    expect(number).to_have_value("5")
    number.fill("3")
    expect(page.get_by_test_id("plan")).to_contain_text("Frame 3 → 96 × 72 px")
    page.wait_for_function(
        f"(colour) => Math.abs(({FIRST_PIXEL})('picture-stage img')[2] - colour) < 12", arg=COLOURS[2][2]
    )
    page.get_by_test_id("format-tiff").check(force=True)
    data = enlarge(page)
    assert Image.open(io.BytesIO(data)).format == "TIFF"
    assert nearest(list(opened(data)[30, 40])) == 2
    expect(page.locator("img-comparison-slider")).to_be_visible()
    expect(page.get_by_test_id("scrubber")).to_be_hidden()
    assert nearest(page.evaluate(FIRST_PIXEL, "compare-view [slot=first] img")) == 2


def test_a_gif_too_large_is_refused_before_the_start(page: Page) -> None:
    put(page, file_of(plain(COLOURS[:2], width=8200, height=2)), "wide.gif")
    page.get_by_test_id("scale-own").check(force=True)
    page.get_by_test_id("size-factor").fill("8")
    refusal = page.get_by_test_id("plan-refusal")
    expect(refusal).to_contain_text("65")
    expect(refusal).to_contain_text("GIF")
    expect(page.get_by_test_id("start")).to_be_disabled()
    open_more(page)
    take_way(page, "apng")
    expect(refusal).to_be_hidden()
    expect(page.get_by_test_id("start")).to_be_enabled()


def test_a_still_has_the_settings_that_it_had(page: Page) -> None:
    put(page, file_of(plain()), "lamp.gif")
    open_more(page)
    take_way(page, "webp")
    expect(page.get_by_test_id("format-png")).to_be_hidden()
    page.get_by_test_id("another").click()
    put(page, saved(drawing(48, 36)))
    expect(page.locator("animation-fields")).to_be_hidden()
    expect(page.get_by_test_id("format-png")).to_be_checked()
    expect(page.get_by_test_id("plan")).to_contain_text("48 × 36 px → 96 × 72 px")
    enlarge(page)
    assert saved_name(page) == "a cat@2x.png"
    expect(page.get_by_test_id("play")).to_be_hidden()
    page.get_by_test_id("another").click()
    put(page, saved(Image.new("P", (40, 30), 3), "GIF"), "still.gif")
    expect(page.locator("animation-fields")).to_be_hidden()
    enlarge(page)
    assert saved_name(page) == "still@2x.png"


def test_settings_are_remembered_and_less_motion_is_respected(chromium: Browser, origin: str) -> None:
    with known_page(chromium, origin, reduced_motion="reduce") as (page, watch):
        page.goto(origin)
        put(page, file_of(plain()), "lamp.gif")
        open_more(page)
        page.get_by_test_id("dither-none").check(force=True)
        page.get_by_test_id("merge").check(force=True)
        take_way(page, "apng")
        page.reload()
        put(page, file_of(plain()), "lamp.gif")
        expect(page.get_by_test_id("way-apng")).to_be_checked()
        expect(page.get_by_test_id("merge")).to_be_checked()
        take_way(page, "own")
        expect(page.get_by_test_id("dither-none")).to_be_checked()
        enlarge(page)
        expect(page.get_by_test_id("play")).to_have_accessible_name("Play")
        page.wait_for_timeout(300)
        assert shown(page) == (0, 0)
        page.get_by_test_id("play").click()
        expect_shown(page, 2)
        assert watch.complaints == []


def test_the_whole_way_by_keyboard(page: Page) -> None:
    def tab_to(test_id: str, key: str = "Tab") -> None:
        for _ in range(40):
            page.keyboard.press(key)
            if page.evaluate("() => document.activeElement?.dataset.testid") == test_id:
                return
        raise AssertionError(f"{test_id} cannot be reached with {key}")

    choose(page, file_of(plain()), "lamp.gif")
    expect(page.get_by_test_id("start")).to_be_focused()
    expect(page.get_by_test_id("plan")).to_contain_text("5 frames")
    tab_to("more", "Shift+Tab")
    page.keyboard.press("Enter")
    tab_to("way-own")
    tab_to("palette-auto")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_test_id("palette-global")).to_be_checked()
    tab_to("start")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("save")).to_be_focused()
    tab_to("scrubber", "Shift+Tab")
    page.keyboard.press("Space")
    expect(page.get_by_test_id("play")).to_have_accessible_name("Play")
    page.keyboard.press("Home")
    expect_shown(page, 0)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect_shown(page, 2)
    tab_to("play", "Shift+Tab")
    page.keyboard.press("Space")
    expect(page.get_by_test_id("play")).to_have_accessible_name("Pause")
    assert page.evaluate("() => document.activeElement.dataset.testid") == "play"


def test_on_a_phone_everything_fits_a_finger(chromium: Browser, origin: str) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    with known_page(chromium, origin, **phone) as (page, watch):
        page.goto(origin)
        put(page, file_of(plain()), "lamp.gif")
        open_more(page)
        for way in ("webp", "frame", "own"):
            take_way(page, way)
            assert page.evaluate(TOO_SMALL) == []
            assert page.evaluate(OVERHANG) == 0
        enlarge(page)
        assert page.evaluate(TOO_SMALL) == []
        assert page.evaluate(OVERHANG) == 0
        assert watch.complaints == []


def test_without_the_browsers_decoder_both_are_shown_and_nothing_else(chromium: Browser, origin: str) -> None:
    with known_page(chromium, origin) as (page, watch):
        page.add_init_script("delete globalThis.ImageDecoder")
        page.goto(origin)
        put(page, file_of(plain(), loop_count=2), "lamp.gif")
        expect(page.locator(".file-facts")).to_contain_text("5 frames")
        assert animation(enlarge(page)).loop_count == 2
        expect(page.locator("img-comparison-slider")).to_be_visible()
        expect(page.get_by_test_id("play")).to_be_hidden()
        widths = "() => [...document.querySelectorAll('compare-view img')].map((image) => image.naturalWidth)"
        assert page.evaluate(widths) == [48, 96]
        assert watch.complaints == []
