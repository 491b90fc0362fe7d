"""The command line of tests/run.py."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from . import chromium
from .node import locked_packages_step
from .pipeline import set_up, site_steps
from .progress import Line
from .project import Project
from .serve_command import run_as_command
from .steps import Step, file_inputs
from .venv import pip

SETUP_ONLY = "--setup-only"


def check_steps(project: Project) -> list[Step]:
    """What the tests need: all that serve.py needs, the test tools, and a browser."""
    return [
        *site_steps(project),
        packages_step(project),
        javascript_packages_step(project),
        chromium.browser_step(project),
    ]


def packages_step(project: Project) -> Step:
    """The packages of tests/requirements.txt, beside the others in `.venv`."""
    requirements = project.root / "tests" / "requirements.txt"

    def work(line: Line) -> Sequence[Path]:
        pip(
            project,
            line,
            ["install", "--require-hashes", "-r", requirements],
            doing="Installing the test packages",
        )
        return [project.venv_program(name) for name in ("pytest", "ruff", "mypy", "playwright")]

    return Step(
        name="test-packages",
        title="Test packages into .venv",
        after=("python",),
        inputs=lambda: file_inputs([requirements], root=project.root),
        work=work,
    )


def javascript_packages_step(project: Project) -> Step:
    """The packages of tests/package.json, which Senmei is compared with, into tests/node_modules."""
    folder = project.root / "tests"
    return locked_packages_step(
        project,
        folder,
        name="test-node",
        title="JavaScript packages into tests/node_modules",
        products=[folder / "node_modules" / "@tensorflow" / "tfjs" / "package.json"],
    )


def main(arguments: Sequence[str], root: Path) -> int:
    """Run tests/run.py and return its exit status: pytest's own, once the set-up stands."""
    return run_as_command("tests/run.py", lambda: _check(Project(root), arguments))


def _check(project: Project, arguments: Sequence[str]) -> int:
    set_up(project, check_steps)
    executable = chromium.remembered(project)
    if SETUP_ONLY in arguments:
        print(f"Set up; the tests will use {executable}.", flush=True)
        return 0
    environment = {**os.environ, chromium.VARIABLE: executable}
    with subprocess.Popen([project.python, "-m", "pytest", *arguments], cwd=project.root, env=environment) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # The terminal has interrupted pytest as well; it ends its browsers and reports before it goes.
            return process.wait()
