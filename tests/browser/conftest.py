"""The built site in headless Chromium."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, sync_playwright

from browser.api_page import MODEL, open_page, opened_up
from browser.watched import CHROMIUM_ARGUMENTS, GPU_ARGUMENTS, Native, NativeFile, Watch, known_page, running
from drawings import opened
from senmei.cli import main
from sitebuild.server import SiteServer

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def site() -> Path:
    """The built site; SENMEI_SITE names another one than the source tree's."""
    folder = Path(os.environ.get("SENMEI_SITE", ROOT / "site"))
    assert (folder / "site.json").is_file(), f"{folder} is not built: run python3 serve.py --build"
    return folder


@pytest.fixture(scope="module")
def origin(site: Path) -> Iterator[str]:
    """The URL of the site, served as serve.py does."""
    server = SiteServer(site, host="127.0.0.1", port=0)
    server.listen()
    with running(server):
        yield server.url


# Not for the whole session: while Playwright's loop is up, asyncio's own tests could not run.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        executable = os.environ.get("SENMEI_CHROMIUM")
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def gpu_chromium() -> Iterator[Browser]:
    """A browser with WebGPU, which the processor computes."""
    with sync_playwright() as playwright:
        executable = os.environ.get("SENMEI_CHROMIUM")
        browser = playwright.chromium.launch(executable_path=executable, args=GPU_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def shared_api(chromium: Browser, origin: str) -> Iterator[tuple[Page, Watch]]:
    """One page with one Upscaler, `up`, for all tests that leave it as it was."""
    with known_page(chromium, origin) as (page, watch):
        opened_up(page, origin)
        yield page, watch


@pytest.fixture
def api(shared_api: tuple[Page, Watch]) -> Iterator[Page]:
    page, watch = shared_api
    watch.complaints.clear()
    yield page
    assert watch.complaints == []


@pytest.fixture
def fresh_api(chromium: Browser, origin: str) -> Iterator[tuple[Page, Watch]]:
    with known_page(chromium, origin) as (page, watch):
        open_page(page, origin)
        yield page, watch


@pytest.fixture(scope="session")
def command_line() -> Iterator[ProcessPoolExecutor]:
    """A process that stays: most of what a new one does is to import."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as process:
        yield process


def command(arguments: list[str]) -> tuple[int, str]:
    """The exit status of the command line and what it wrote to stderr."""
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()) as errors:
        status = main(arguments)
    return status, errors.getvalue()


@pytest.fixture
def native_file(tmp_path: Path, command_line: ProcessPoolExecutor) -> NativeFile:
    """What the command line makes of a file's bytes, as a file's bytes."""

    def run(data: bytes, *, model: str = MODEL, **options: Any) -> bytes:
        source, target = tmp_path / "source", tmp_path / f"native.{options.get('format', 'png')}"
        source.write_bytes(data)
        arguments = ["upscale", str(source), "-o", str(target), "--model", model]
        for name, value in options.items():
            if value is True:
                arguments.append(f"--{name}")
            elif value is not None:
                arguments += [f"--{name}", str(value)]
        status, errors = command_line.submit(command, [*arguments, "--json"]).result()
        assert status == 0, errors
        return target.read_bytes()

    return run


@pytest.fixture
def native(native_file: NativeFile) -> Native:
    """What the command line makes of a file's bytes, as pixels."""

    def run(data: bytes, **options: Any) -> NDArray[Any]:
        return opened(native_file(data, **options))

    return run
