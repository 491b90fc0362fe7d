"""`node_modules`: the pinned JavaScript packages; and npm as the way to everything that its registry holds."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from .downloads import check_sha256, is_whole
from .errors import SetUpError
from .pins import OLDEST_NPM, TarballPin
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
        try:
            _npm(
                project,
                line,
                ["ci", "--no-audit", "--no-fund", "--loglevel=http"],
                doing="Installing the JavaScript packages (npm ci)",
                folder=folder,
            )
        except BaseException:
            shutil.rmtree(installed, ignore_errors=True)
            raise
        return [installed / ".package-lock.json", *products]

    return Step(name=name, title=title, inputs=inputs, work=work)


def download_tarball(project: Project, line: Line, pin: TarballPin, *, into: Path, pinned_in: str) -> Path:
    """Have npm download one pinned package into the folder `into`, unless it is there already, and return its path.

    Raises ProgramError, or WrongChecksumError when a registry serves other bytes.
    """
    destination = into / pin.file
    if is_whole(destination, pin.sha256):
        return destination
    temporary = project.temporary / "tarball"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    _npm(
        project,
        line,
        ["pack", f"{pin.name}@{pin.version}", "--ignore-scripts", "--loglevel=http"],
        doing=f"Downloading {pin.name} {pin.version}",
        folder=temporary,
    )
    downloaded = list(temporary.glob("*.tgz"))
    if [path.name for path in downloaded] != [pin.file]:
        names = ", ".join(path.name for path in downloaded) or "nothing"
        raise SetUpError(f"For {pin.name} {pin.version} npm gave {names}, but {pinned_in} names {pin.file}.")
    check_sha256(downloaded[0], pin.sha256, called=pin.file, pinned_in=pinned_in)
    into.mkdir(parents=True, exist_ok=True)
    downloaded[0].replace(destination)
    return destination


def _npm(project: Project, line: Line, arguments: Sequence[str], *, doing: str, folder: Path) -> None:
    """Run npm in `folder`. Raises SetUpError or ProgramError with a sentence that begins with `doing`."""
    npm = find_npm()
    try:
        run_program(
            [npm, *arguments, *BRIEF_RETRIES],
            project=project,
            line=line,
            doing=doing,
            tell=_npm_detail,
            folder=folder,
        )
    except ProgramError as error:
        if error.names_the_network():
            raise ProgramError(
                f"{doing} failed: the npm registry cannot be reached; connect to the network and start again"
                f" ({project.relative(project.log)} has it all).",
                error.lines,
            ) from error
        raise


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
