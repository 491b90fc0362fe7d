"""`node_modules`: the pinned JavaScript packages, exactly as a package-lock.json has them."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from .errors import SetUpError
from .pins import OLDEST_NPM
from .programs import ProgramError, run_program
from .progress import Line
from .project import Project
from .steps import Step, file_inputs
from .vendored import VENDORED

BRIEF_RETRIES = ("--fetch-retries=3", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=4000")
"""npm's own waits add up to more than a minute before it says that there is no network."""

NPM_ADVICE = "install Node.js 18 or newer, which brings npm, and start again"


def packages_step(project: Project) -> Step:
    """`npm ci` in web/: what the site carries, and the tools that check the page's own JavaScript."""
    return locked_packages_step(
        project,
        project.web,
        name="node",
        title="JavaScript packages into web/node_modules",
        products=[project.node_modules / source for source in VENDORED],
    )


def locked_packages_step(project: Project, folder: Path, *, name: str, title: str, products: Sequence[Path]) -> Step:
    """`npm ci` in `folder`, exactly as its package-lock.json has it. products: some of the files that it brings."""
    installed = folder / "node_modules"

    def inputs() -> Iterable[bytes]:
        return file_inputs([folder / "package.json", folder / "package-lock.json"], root=project.root)

    def work(line: Line) -> Sequence[Path]:
        npm = find_npm()
        try:
            run_program(
                [npm, "ci", "--no-audit", "--no-fund", "--loglevel=http", *BRIEF_RETRIES],
                project=project,
                line=line,
                doing="Installing the JavaScript packages (npm ci)",
                tell=_npm_detail,
                folder=folder,
            )
        except BaseException as error:
            shutil.rmtree(installed, ignore_errors=True)
            if isinstance(error, ProgramError) and error.names_the_network():
                raise ProgramError(
                    "Installing the JavaScript packages failed: the npm registry cannot be reached; connect to the"
                    f" network and start again ({project.relative(project.log)} has it all).",
                    error.lines,
                ) from error
            raise
        return [installed / ".package-lock.json", *products]

    return Step(name=name, title=title, inputs=inputs, work=work)


def find_npm() -> str:
    """The path of a usable npm (npm.cmd on Windows). Raises SetUpError when there is none, or it is too old."""
    npm = shutil.which("npm")
    if npm is None:
        raise SetUpError(f"npm was not found; {NPM_ADVICE}.")
    try:
        said = subprocess.run([npm, "--version"], capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    except (OSError, subprocess.SubprocessError) as error:
        raise SetUpError(f"npm at {npm} does not run ({error}); {NPM_ADVICE}.") from error
    numbers = re.match(r"(\d+)\.(\d+)", said)
    if numbers is None or (int(numbers[1]), int(numbers[2])) < OLDEST_NPM:
        oldest = ".".join(map(str, OLDEST_NPM))
        raise SetUpError(f"npm at {npm} is version {said!r}, but {oldest} or newer is needed; {NPM_ADVICE}.")
    return npm


def package_version(project: Project, name: str) -> str:
    """The version of an installed JavaScript package."""
    facts = json.loads((project.node_modules / name / "package.json").read_text(encoding="utf-8"))
    return str(facts["version"])


def _npm_detail(text: str) -> str | None:
    match = re.search(r"http (?:fetch|cache) (?:GET \d+ )?\S*/((?:@[^/\s%]+(?:/|%2f))?[^/\s]+?)(?:\.tgz)?[ @]", text)
    return match[1] if match else None
