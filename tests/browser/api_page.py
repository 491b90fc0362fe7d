"""A page of the same site that imports web/senmei.js, for the tests of the JavaScript API."""

from __future__ import annotations

import base64
from typing import Any

from numpy.typing import NDArray
from playwright.sync_api import Page

from browser.watched import to_base64
from drawings import opened

MODEL = "upconv7-anime-2x-n1"

# What the tests call in the page: `bytes` reads base64, `outcome` turns a promise into plain values.
PAGE = """<!doctype html><title>another page</title><link rel="icon" href="data:,">
<script type="module">
  import * as senmei from '../senmei.js';
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const base64 = async (blob) => {
    const reader = new FileReader();
    await new Promise((resolve) => { reader.onload = resolve; reader.readAsDataURL(blob); });
    return reader.result.split(',')[1];
  };
  const outcome = async (promise) => {
    try {
      const { blob, release, ...facts } = await promise;
      return { ...facts, type: blob.type, data: await base64(blob) };
    } catch (error) {
      const isSenmei = error instanceof senmei.SenmeiError;
      return { error: error.name, code: error.code, message: error.message, isSenmei };
    }
  };
  Object.assign(globalThis, senmei, { bytes, outcome, isReady: true });
</script>"""


def open_page(page: Page, origin: str, *, isolated: bool = True) -> None:
    isolation = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}
    headers = isolation if isolated else {}
    page.route(
        "**/elsewhere/page.html", lambda route: route.fulfill(body=PAGE, content_type="text/html", headers=headers)
    )
    page.goto(f"{origin}elsewhere/page.html")
    page.wait_for_function("globalThis.isReady")


CREATE = "async ([model, choice]) => { globalThis.up = await Upscaler.create({ model, ...choice }); }"


def opened_up(page: Page, origin: str, **choice: object) -> None:
    """The page with an Upscaler, `up`, of the `choice` by its JavaScript names."""
    open_page(page, origin)
    page.evaluate(CREATE, [MODEL, choice])


def upscale(page: Page, data: bytes, *, model: str | None = None, **options: Any) -> dict[str, Any]:
    """The outcome of one call; options by their JavaScript names."""
    result: dict[str, Any] = page.evaluate(
        """async ([data, model, options]) => {
            const one = model ? await Upscaler.create({ model }) : up;
            const result = await outcome(one.upscale(new Blob([bytes(data)]), options));
            if (model) await one.dispose();
            return result;
        }""",
        [to_base64(data), model, options],
    )
    return result


def file_of(result: dict[str, Any]) -> bytes:
    assert "error" not in result, result
    return base64.b64decode(result["data"])


def pixels(result: dict[str, Any]) -> NDArray[Any]:
    made = opened(file_of(result))
    assert made.shape[:2] == (result["height"], result["width"])
    return made
