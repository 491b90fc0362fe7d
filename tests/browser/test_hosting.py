"""Hosts that serve the site otherwise than serve.py does."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from browser.page_steps import put, result_pixels, settle
from browser.watched import PATIENCE_MS, Native, farthest, running, watched_page
from drawings import drawing, saved
from sitebuild.server import SiteServer


class PlainHandler(SimpleHTTPRequestHandler):
    """Python's own static server, as any simple host: no header of ours."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass


def without_isolation(site: Path, _: Path) -> tuple[ThreadingHTTPServer, str]:
    server = SiteServer(site, host="127.0.0.1", port=0, isolated=False)
    server.listen()
    return server, server.url


def in_a_folder_of_a_plain_host(site: Path, tmp_path: Path) -> tuple[ThreadingHTTPServer, str]:
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "folder").symlink_to(site)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(PlainHandler, directory=str(tmp_path)))
    return server, f"http://127.0.0.1:{server.server_port}/some/folder/"


@pytest.mark.parametrize("host", [without_isolation, in_a_folder_of_a_plain_host])
def test_it_works_without_isolation_and_in_a_folder(
    chromium: Browser,
    site: Path,
    tmp_path: Path,
    native: Native,
    host: Callable[[Path, Path], tuple[ThreadingHTTPServer, str]],
) -> None:
    server, url = host(site, tmp_path)
    with running(server), watched_page(chromium, url) as (page, watch):
        page.goto(url)
        assert page.evaluate("() => [crossOriginIsolated, typeof SharedArrayBuffer]") == [False, "undefined"]
        data = saved(drawing(150, 110))
        put(page, data)
        settle(page)
        page.get_by_test_id("start").click()
        assert farthest(result_pixels(page), native(data, model="upconv7-anime-2x-n1")) <= 1
        assert watch.complaints == []


def test_serve_py_isolates_the_page(chromium: Browser, origin: str) -> None:
    with watched_page(chromium, origin) as (page, _):
        page.goto(origin)
        assert page.evaluate("() => crossOriginIsolated") is True
        expect(page.get_by_test_id("engine-status")).to_have_attribute("data-phase", "ready", timeout=PATIENCE_MS)
