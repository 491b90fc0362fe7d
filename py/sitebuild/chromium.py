"""A Chromium for the tests: one that is there, else Debian's, else the one that Playwright brings."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from .errors import SetUpError
from .programs import ProgramError, run_program
from .progress import Line
from .project import Project
from .steps import Step

VARIABLE = "SENMEI_CHROMIUM"

COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
)
ASK_PLAYWRIGHT = (
    "from playwright.sync_api import sync_playwright\n"
    "with sync_playwright() as playwright: print(playwright.chromium.executable_path)"
)


def browser_step(project: Project) -> Step:
    """.build/browser.json: the path of a Chromium that starts."""

    def inputs() -> Iterable[bytes]:
        yield os.environ.get(VARIABLE, "").encode()

    def work(line: Line) -> Sequence[Path]:
        executable = _find(project, line)
        line.summary = executable
        note = project.build / "browser.json"
        half_made = project.temporary / note.name
        half_made.parent.mkdir(parents=True, exist_ok=True)
        half_made.write_text(json.dumps({"executable": executable}), encoding="utf-8")
        half_made.replace(note)
        # Noted as a product, so that a browser that has been removed or replaced since is looked for again.
        return [note, Path(executable)]

    return Step(name="browser", title="A browser for the tests", after=("test-packages",), inputs=inputs, work=work)


def remembered(project: Project) -> str:
    """The path that the step has noted."""
    return str(json.loads((project.build / "browser.json").read_text(encoding="utf-8"))["executable"])


def _find(project: Project, line: Line) -> str:
    named = os.environ.get(VARIABLE)
    if named:
        if not starts(named):
            raise SetUpError(f"{VARIABLE} names {named}, which does not start; name a Chromium or Chrome, or unset it.")
        return named
    for candidate in _installed():
        if starts(candidate):
            return candidate
    if sys.platform == "linux" and os.geteuid() == 0 and shutil.which("apt-get"):
        found = _from_debian(project, line)
        if found is not None:
            return found
    return _from_playwright(project, line)


def _installed() -> Iterator[str]:
    for command in COMMANDS:
        found = shutil.which(command)
        if found is not None:
            yield found
    yield from (place for place in PLACES if Path(place).is_file())


def starts(executable: str) -> bool:
    """Whether the program runs and calls itself Chromium or Chrome; a wrapper without its browser does not."""
    # Chrome on Windows opens a window instead of telling its version.
    if sys.platform == "win32":
        return Path(executable).is_file()
    try:
        said = subprocess.run([executable, "--version"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return False
    return said.returncode == 0 and "chrom" in said.stdout.lower()


def _from_debian(project: Project, line: Line) -> str | None:
    """Debian's chromium; None where the system's packages have no usable one."""
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
        try:
            run_program(
                ["apt-get", *arguments],
                project=project,
                line=line,
                doing=f"apt-get {arguments[0]}",
                tell=lambda text: text[:60] if text.startswith(("Get:", "Unpacking", "Setting up")) else None,
                environment=quiet,
            )
        except ProgramError as error:
            line.note(f"{error}; trying the browser that Playwright brings.")
            return None
    found = shutil.which("chromium")
    return found if found is not None and starts(found) else None


def _from_playwright(project: Project, line: Line) -> str:
    try:
        run_program(
            [project.python, "-m", "playwright", "install", "chromium"],
            project=project,
            line=line,
            doing="Installing a Chromium with Playwright",
            tell=lambda text: text.strip()[:60] or None,
        )
    except ProgramError as error:
        raise SetUpError(
            f"No Chromium or Chrome was found, and Playwright cannot bring one; install one and start again, or name it"
            f" in {VARIABLE} ({project.relative(project.log)} has it all)."
        ) from error
    executable = run_program(
        [project.python, "-c", ASK_PLAYWRIGHT],
        project=project,
        line=line,
        doing="Asking Playwright for its Chromium",
        tell=lambda text: None,
    )[-1]
    if not starts(executable):
        raise SetUpError(
            f"Playwright's Chromium at {executable} does not start, probably for want of system libraries; install"
            f" Chromium or Chrome yourself and name it in {VARIABLE}."
        )
    return executable
