"""Firefox and WebKitGTK with a page of the site, as far as they are installed. Chromium is Playwright's.

Playwright would bring builds of its own; these are what people have. Firefox is led through WebDriver BiDi, which needs
no driver beside it; WebKitGTK through its own WebDriver, on a screen that only Xvfb sees.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import websocket
from selenium import webdriver
from selenium.webdriver.webkitgtk.service import Service

Evaluate = Callable[..., Any]
"""Calls an async JavaScript function with plain values and returns what it resolves to; (text, *arguments)."""

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
WEBKIT_DRIVER = shutil.which("WebKitWebDriver")
_MINI_BROWSERS = sorted(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"), reverse=True)
MISSING = {
    "firefox": "" if FIREFOX else "Firefox is not installed",
    "webkit": "" if WEBKIT_DRIVER and _MINI_BROWSERS and shutil.which("Xvfb") else "WebKitGTK's driver or Xvfb is not",
}
"""Why an engine cannot be run here; empty where it can."""

_PATIENCE_S = 300
_ADDRESS = re.compile(r"WebDriver BiDi listening on (ws://\S+)")


@contextmanager
def opened_in(engine: str, url: str, **environment: str) -> Iterator[Evaluate]:
    """A page of `url` in "firefox" or "webkit", with these environment variables."""
    with (_firefox if engine == "firefox" else _webkit)(url, {**os.environ, **environment}) as evaluate:
        yield evaluate


@contextmanager
def _firefox(url: str, environment: dict[str, str]) -> Iterator[Evaluate]:
    assert FIREFOX
    with TemporaryDirectory() as profile:
        options = ["--headless", "--no-remote", "--remote-debugging-port", "0", "--profile", profile]
        process = subprocess.Popen([FIREFOX, *options], stderr=subprocess.PIPE, text=True, env=environment)
        try:
            assert process.stderr
            address = next(found[1] for line in process.stderr if (found := _ADDRESS.search(line)))
            # A full pipe would stop it.
            threading.Thread(target=process.stderr.read, daemon=True).start()
            socket = websocket.create_connection(f"{address}/session", timeout=_PATIENCE_S, suppress_origin=True)
            numbers = itertools.count(1)

            def call(method: str, **parameters: Any) -> Any:
                number = next(numbers)
                socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
                while (answer := json.loads(socket.recv())).get("id") != number:
                    pass
                assert answer["type"] == "success", answer
                return answer["result"]

            call("session.new", capabilities={})
            context = call("browsingContext.getTree")["contexts"][0]["context"]
            call("browsingContext.navigate", context=context, url=url, wait="complete")

            def evaluate(function: str, *arguments: Any) -> Any:
                text = f"({function})(...{json.dumps(arguments)}).then((value) => JSON.stringify(value ?? null))"
                answer = call(
                    "script.evaluate",
                    expression=text,
                    target={"context": context},
                    awaitPromise=True,
                    resultOwnership="none",
                )
                assert answer["type"] == "success", answer
                return json.loads(answer["result"]["value"])

            yield evaluate
            socket.close()
        finally:
            process.kill()
            process.wait()


@contextmanager
def _webkit(url: str, environment: dict[str, str]) -> Iterator[Evaluate]:
    with _screen() as display:
        environment |= {
            "DISPLAY": display,
            "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
            "WEBKIT_DISABLE_DMABUF_RENDERER": "1",
            "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
            "NO_AT_BRIDGE": "1",
            "LIBGL_ALWAYS_SOFTWARE": "1",
        }
        options = webdriver.WebKitGTKOptions()
        options.binary_location = str(_MINI_BROWSERS[0])
        options.add_argument("--automation")
        driver = webdriver.WebKitGTK(options=options, service=Service(WEBKIT_DRIVER, env=environment))
        try:
            driver.set_script_timeout(_PATIENCE_S)
            driver.get(url)

            def evaluate(function: str, *arguments: Any) -> Any:
                text = f"""const settle = arguments[arguments.length - 1];
                    ({function})(...{json.dumps(arguments)}).then(
                        (value) => settle({{ value: value ?? null }}), (error) => settle({{ error: String(error) }}))"""
                answer = driver.execute_async_script(text)  # type: ignore[no-untyped-call] # as selenium has it
                assert "error" not in answer, answer["error"]
                return answer["value"]

            yield evaluate
        finally:
            driver.quit()


@contextmanager
def _screen() -> Iterator[str]:
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x900x24"]
    process = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as told:
            # Read to the end of the line: Xvfb dies of a pipe that closes while it writes.
            yield f":{told.readline().strip()}"
    finally:
        process.kill()
        process.wait()
