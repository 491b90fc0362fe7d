"""The bytes of a first visit until its first picture is done, file by file, and of the visit after it."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import sync_playwright

from browser.conftest import ROOT
from browser.logged_server import LoggedServer
from browser.page_steps import enlarge, put
from browser.watched import CHROMIUM_ARGUMENTS, running, watched_page
from drawings import drawing, saved

LISTED_BYTES = 50_000
"""Smaller files share one line a folder."""


def main() -> None:
    """Prints a table: each file as it is, as Brotli and as gzip sends it; where there is no copy, as it is."""
    site = Path(os.environ.get("SENMEI_SITE", ROOT / "site"))
    server = LoggedServer(site)
    server.listen()
    with running(server), sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ.get("SENMEI_CHROMIUM"), args=CHROMIUM_ARGUMENTS
        )
        sent: list[list[str]] = []
        with watched_page(chromium, server.url) as (page, _):
            for _ in range(2):
                server.sent.clear()
                page.goto(server.url)
                put(page, saved(drawing(64, 48)))
                enlarge(page)
                page.wait_for_load_state("networkidle")
                sent.append([one.path or "index.html" for one in server.bodies()])
        chromium.close()
    first, second = sent
    print("Bytes of a first visit until the first picture is done, by file: plain, .br, .gz")
    rows: dict[str, list[int]] = {}
    for name in first:
        sizes = [_sent_bytes(site / name, suffix) for suffix in ("", ".br", ".gz")]
        folder = "/".join([*name.split("/")[:-1], "…"])
        row = rows.setdefault(name if sizes[0] > LISTED_BYTES else folder, [0, 0, 0])
        row[:] = [one + other for one, other in zip(row, sizes, strict=True)]
    rows = dict(sorted(rows.items(), key=lambda row: -row[1][0]))
    for name, row in {
        **rows,
        f"all {len(first)} files": [sum(column) for column in zip(*rows.values(), strict=True)],
    }.items():
        print(f"  {name:72}" + "".join(f"{size:12,}" for size in row))
    print(f"Files of the second visit: {len(second)}")


def _sent_bytes(path: Path, suffix: str) -> int:
    copy = path.with_name(path.name + suffix)
    return (copy if copy.exists() else path).stat().st_size
