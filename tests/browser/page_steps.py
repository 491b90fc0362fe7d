"""What a person does on the page, for the tests of it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from browser.watched import PATIENCE_MS, Watch, to_base64
from drawings import opened

expect.set_options(timeout=PATIENCE_MS)

OVERHANG = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
TOO_SMALL = """() => [...document.querySelectorAll('button, a, input, summary')]
    .filter((part) => part.checkVisibility() && part.getAttribute('aria-label') !== 'Choose a picture')
    .map((part) => [part.dataset.testid ?? part.textContent, (part.closest('label') ?? part).getBoundingClientRect()])
    .filter(([, { width, height }]) => width < 44 || height < 44)
    .map(([name, { width, height }]) => `${name}: ${width} × ${height}`)"""


@contextmanager
def cleared(page: Page, watch: Watch) -> Iterator[Page]:
    """The page without a picture and with the usual settings; what is left behind is put away, the engine stays."""
    watch.complaints.clear()
    page.evaluate(
        """async () => {
            const { DEFAULTS } = await import(new URL('settings.js', document.baseURI));
            const form = document.querySelector('settings-form');
            form.settings = DEFAULTS;
            form.dispatchEvent(new Event('input'));
            form.querySelector('details').open = false;
            const panel = document.querySelector('engine-panel');
            panel.provider = DEFAULTS.provider;
            panel.dispatchEvent(new Event('provider'));
        }"""
    )
    yield page
    if page.get_by_test_id("cancel").is_visible():
        page.get_by_test_id("cancel").click()
    if page.get_by_test_id("another").is_visible():
        page.get_by_test_id("another").click()
    assert watch.complaints == []


def choose(page: Page, data: bytes, name: str = "a cat.png") -> None:
    page.get_by_test_id("file-input").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": data}
    )


def put(page: Page, data: bytes, name: str = "a cat.png") -> None:
    """Chooses a picture and waits until it is there, also where another one was."""
    shown = "() => document.querySelector('picture-stage img').src"
    before = page.evaluate(shown)
    choose(page, data, name)
    page.wait_for_function(f"(before) => ({shown})() !== before", arg=before, timeout=PATIENCE_MS)
    expect(page.get_by_test_id("start")).to_be_visible()


def drop(page: Page, *files: tuple[str, bytes]) -> None:
    """Drops files with these names at the foot of the page."""
    page.evaluate(
        """(files) => {
            const dataTransfer = new DataTransfer();
            for (const [name, data] of files) {
                const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
                dataTransfer.items.add(new File([bytes], name, { type: 'image/png' }));
            }
            for (const type of ['dragenter', 'dragover', 'drop']) {
                document.querySelector('footer').dispatchEvent(
                    new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
            }
        }""",
        [(name, to_base64(data)) for name, data in files],
    )


def settle(page: Page, *, kind: str = "drawing", scale: int | str = 2, clean: str = "1") -> None:
    for choice in (f"kind-{kind}", f"scale-{scale}", f"clean-{clean}"):
        page.get_by_test_id(choice).check(force=True)


def open_more(page: Page) -> None:
    page.get_by_test_id("more").click()


def enlarge(page: Page) -> bytes:
    """Presses the button and gives the bytes of the file that comes."""
    page.get_by_test_id("start").click()
    return result_bytes(page)


def result_bytes(page: Page) -> bytes:
    """The bytes of the file that would be saved."""
    expect(page.get_by_test_id("save")).to_be_visible()
    data = page.evaluate(
        """async () => {
            const blob = await (await fetch(document.querySelector('[data-testid=save]').href)).blob();
            const reader = new FileReader();
            await new Promise((resolve) => { reader.onload = resolve; reader.readAsDataURL(blob); });
            return reader.result.split(',')[1];
        }"""
    )
    return base64.b64decode(data)


def result_pixels(page: Page) -> NDArray[Any]:
    return opened(result_bytes(page))


def saved_name(page: Page) -> str | None:
    return page.get_by_test_id("save").get_attribute("download")
