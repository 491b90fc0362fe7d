"""A Chromium with the built site and the bench pages, for the benchmarks."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, sync_playwright

from browser.conftest import ROOT
from browser.watched import CHROMIUM_ARGUMENTS, running, to_base64
from drawings import opened
from sitebuild.server import SiteServer

PAGES = Path(__file__).parent / "pages"
PATIENCE_MS = 6 * 3_600_000


@dataclass(frozen=True, slots=True)
class BenchBrowser:
    """A browser and the URLs of a copy of site/ with the bench pages in bench/, served with the headers that isolate
    a page and without."""

    browser: Browser
    isolated: str
    plain: str

    def open(self, path: str = "bench.html", *, isolated: bool = True) -> Page:
        """A bench page in a context of its own, so with an empty cache."""
        page = self.browser.new_context().new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{self.isolated if isolated else self.plain}bench/{path}")
        page.wait_for_function("globalThis.isReady")
        return page

    def open_senmei(self, model: str, *, graph: str = "auto", isolated: bool = True) -> Contender:
        """A page that enlarges with Senmei, with that graph of the model."""
        page = self.open(isolated=isolated)
        page.evaluate("([model, graph]) => openSenmei(model, graph)", [model, graph])
        return Contender(page)


@dataclass(frozen=True, slots=True)
class Contender:
    """A page that enlarges a PNG to a PNG, see pages/bench.js."""

    page: Page

    def hold(self, png: bytes) -> None:
        """Gives it the picture for all that follows."""
        self.page.evaluate("(text) => { globalThis.picture = bytes(text); }", to_base64(png))

    def job_ms(self) -> float:
        """Enlarges the picture, and how long that took."""
        elapsed_ms: float = self.page.evaluate("() => timed(enlarge)")
        return elapsed_ms

    def enlarged(self) -> NDArray[Any]:
        """The pixels of the enlarged picture."""
        return opened(base64.b64decode(self.page.evaluate("async () => base64(await enlarge())")))

    def close(self) -> None:
        """Ends the page and its workers."""
        self.page.context.close()


@contextmanager
def bench_browser(packages: Mapping[str, Path] | None = None) -> Iterator[BenchBrowser]:
    """packages: further folders and files, by where they are to be found under bench/."""
    built = Path(os.environ.get("SENMEI_SITE", ROOT / "site"))
    with TemporaryDirectory() as temporary, sync_playwright() as playwright:
        site = Path(temporary) / "site"
        shutil.copytree(built, site)
        shutil.copytree(PAGES, site / "bench")
        for name, source in (packages or {}).items():
            target = site / "bench" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(source, target) if source.is_dir() else shutil.copyfile(source, target)
        servers = [SiteServer(site, host="127.0.0.1", port=0, isolated=isolated) for isolated in (True, False)]
        for server in servers:
            server.listen()
        with running(servers[0]), running(servers[1]):
            browser = playwright.chromium.launch(
                executable_path=os.environ.get("SENMEI_CHROMIUM"), args=CHROMIUM_ARGUMENTS
            )
            yield BenchBrowser(browser, servers[0].url, servers[1].url)
            browser.close()
