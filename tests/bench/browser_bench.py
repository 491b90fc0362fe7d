"""A Chromium with the built site and the bench pages, for the benchmarks."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page, sync_playwright

from browser.conftest import ROOT
from browser.watched import CHROMIUM_ARGUMENTS, PATIENCE_MS
from sitebuild.server import SiteServer

PAGES = Path(__file__).parent / "pages"


@contextmanager
def bench_browser() -> Iterator[tuple[Browser, str]]:
    """A browser and the URL of a copy of site/ with the bench pages in bench/."""
    built = Path(os.environ.get("SENMEI_SITE", ROOT / "site"))
    with TemporaryDirectory() as temporary, sync_playwright() as playwright:
        site = Path(temporary) / "site"
        shutil.copytree(built, site)
        shutil.copytree(PAGES, site / "bench")
        server = SiteServer(site, host="127.0.0.1", port=0)
        server.listen()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=os.environ.get("SENMEI_CHROMIUM"), args=CHROMIUM_ARGUMENTS)
        yield browser, server.url
        browser.close()
        server.shutdown()


def open_bench(browser: Browser, origin: str) -> Page:
    """The bench page in a context of its own, so with an empty cache."""
    page = browser.new_context().new_page()
    page.set_default_timeout(5 * PATIENCE_MS)
    page.goto(f"{origin}bench/bench.html")
    page.wait_for_function("globalThis.isReady")
    return page
