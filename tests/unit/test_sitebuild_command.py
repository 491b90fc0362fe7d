"""serve.py and tests/run.py as a person starts them."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from sitebuild.project import Project
from unit.sitebuild_fixtures import ROOT

SERVE = ROOT / "serve.py"


def start(script: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, script, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
    )


def one_sentence(answer: "subprocess.CompletedProcess[str]") -> str:
    """The sentence of a failed command: one line on standard error, status 1, and nothing begun."""
    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1, answer.stderr
    return answer.stderr


def test_a_port_in_use_is_told_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = start(SERVE, "--port", str(port), "--no-browser")
    assert re.fullmatch(
        rf"serve\.py: Port {port} of 127\.0\.0\.1 cannot be used: .*in use.*--port\.\n", one_sentence(answer)
    )
    assert answer.stdout == ""


@pytest.mark.parametrize("port", ["-1", "65536", "eight", "", "8_0", "٨٠"])
def test_a_bad_port_is_a_sentence(port: str) -> None:
    assert f"{port!r} is no port; give a number from 0" in one_sentence(start(SERVE, f"--port={port}", PYTHONUTF8="1"))


def test_an_unknown_option_is_a_sentence() -> None:
    assert "unrecognized arguments: --fast" in one_sentence(start(SERVE, "--fast"))


def test_a_bad_host_is_a_sentence() -> None:
    assert "--host 'no.such.invalid' is no address" in one_sentence(start(SERVE, "--host", "no.such.invalid"))


@pytest.fixture
def bare_copy(tmp_path: Path) -> Path:
    """A working copy in which nothing has been set up."""
    copy = tmp_path / "copy"
    for name in ("py", "models", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "build", "node_modules"))
    shutil.copytree(ROOT / "web", copy / "web", ignore=shutil.ignore_patterns("node_modules"))
    for name in ("serve.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, copy / name)
    return copy


@pytest.mark.parametrize("script", ["serve.py", "tests/run.py"])
def test_no_npm_is_told_before_anything_is_made(bare_copy: Path, script: str) -> None:
    options = ["--build"] if script == "serve.py" else ["--setup-only"]
    answer = start(bare_copy / script, *options, PATH=str(bare_copy))
    assert answer.returncode == 1
    assert answer.stderr.startswith(f"{script}: npm was not found; install Node.js 18 or newer")
    assert answer.stderr.count("\n") == 1
    assert not (bare_copy / ".venv").exists()
    assert not (bare_copy / "site").exists()
    assert not list(bare_copy.glob("*/node_modules"))


def test_an_old_python_is_a_sentence(bare_copy: Path) -> None:
    for script in (bare_copy / "serve.py", bare_copy / "tests" / "run.py"):
        code = (
            "import runpy, sys\n"
            "sys.version_info, sys.version = (3, 10, 4), '3.10.4 (old)'\n"
            "sys.modules['pathlib'] = None  # stands for whatever an old Python lacks\n"
            f"runpy.run_path({str(script)!r}, run_name='__main__')"
        )
        answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
        assert answer.returncode == 1
        assert re.fullmatch(r"\S+\.py: .* Python 3\.11 or newer; this is Python 3\.10\.4\.\n", answer.stderr)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as POSIX has them")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_nothing_changed_is_served_at_once_and_ends_cleanly(ending: signal.Signals) -> None:
    assert (Project(ROOT).site / "site.json").is_file(), "python3 tests/run.py --setup-only makes what this test serves"
    # Where the tests run in the background, an interrupt is ignored, and what they start would inherit that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            [sys.executable, SERVE, "--port", "0", "--no-browser"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        signal.signal(signal.SIGINT, before)
    with process:
        try:
            assert process.stdout is not None and process.stderr is not None
            # The first line already: no step of the set-up ran.
            told = process.stdout.readline()
            match = re.fullmatch(r"Senmei is at (http://127\.0\.0\.1:\d+/) \(Ctrl-C ends it\)\n", told)
            assert match, told
            with urllib.request.urlopen(match[1], timeout=10) as answer:
                page = answer.read()
            process.send_signal(ending)
            assert process.wait(timeout=60) == 0
            assert process.stderr.read() == ""
        finally:
            process.kill()
    assert page == (Project(ROOT).site / "index.html").read_bytes()
