"""`.venv`: the pinned Python packages, and pip as the way to everything that the Python package index holds."""

import json
import re
import shutil
import sys
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path

from .downloads import check_sha256, is_whole
from .errors import SetUpError
from .pins import WheelPin
from .programs import ProgramError, run_program
from .progress import Line
from .project import Project
from .steps import Step, file_inputs

_DETAIL = re.compile(r"^\s*(Collecting|Downloading|Using cached|Building|Installing)\b(.*)")


def environment_step(project: Project) -> Step:
    """A fresh `.venv` with exactly the packages of py/requirements.txt."""

    def inputs() -> Iterable[bytes]:
        # Scripts in a virtual environment name its folder and its Python, so a moved or upgraded one is made anew.
        yield from (str(project.root).encode(), sys.version.encode(), sys.base_prefix.encode())
        yield from file_inputs([project.requirements], root=project.root)

    def work(line: Line) -> Sequence[Path]:
        if project.venv.exists():
            shutil.rmtree(project.venv)
        try:
            _make(project, line)
            pip(
                project,
                line,
                ["install", "--require-hashes", "-r", project.requirements],
                doing="Installing the Python packages",
            )
        except BaseException:
            shutil.rmtree(project.venv, ignore_errors=True)
            raise
        return [project.python, project.venv / "pyvenv.cfg"]

    return Step(name="python", title="Python packages into .venv", inputs=inputs, work=work)


def _make(project: Project, line: Line) -> None:
    # Started from a virtual environment, even from the one that is being replaced, the Python behind it is taken.
    base = getattr(sys, "_base_executable", None) or sys.executable
    try:
        run_program(
            [base, "-m", "venv", project.venv],
            project=project,
            line=line,
            doing="Making .venv",
            tell=lambda text: None,
        )
    except ProgramError as error:
        if any("ensurepip" in text for text in error.lines):
            raise SetUpError(
                f"The Python at {base} cannot make virtual environments; install its venv package"
                " (python3-venv on Debian and Ubuntu) and start again."
            ) from error
        raise


def command_line_step(project: Project) -> Step:
    """The `senmei` command in `.venv`, running py/senmei where it lies."""

    def work(line: Line) -> Sequence[Path]:
        pip(
            project,
            line,
            ["install", "--no-deps", "--no-build-isolation", "-e", project.root],
            doing="Installing the senmei command",
        )
        return [project.venv_program("senmei")]

    return Step(
        name="command",
        title="The senmei command",
        after=("python",),
        inputs=lambda: [packaging_facts(project)],
        work=work,
    )


def packaging_facts(project: Project) -> bytes:
    """What pyproject.toml says about the package, without the settings of linters and tests beside it."""
    try:
        facts = tomllib.loads((project.root / "pyproject.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SetUpError("pyproject.toml is missing; restore it from the repository.") from None
    except tomllib.TOMLDecodeError as error:
        raise SetUpError(f"pyproject.toml cannot be read: {error}.") from error
    told = [facts.get("build-system"), facts.get("project"), facts.get("tool", {}).get("hatch")]
    return json.dumps(told, sort_keys=True).encode()


def pip(
    project: Project,
    line: Line,
    arguments: Sequence[str | Path],
    *,
    doing: str,
) -> None:
    """Run pip of `.venv`. Raises ProgramError with a sentence that begins with `doing`."""
    common = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    try:
        run_program(
            [project.python, "-m", "pip", *arguments[:1], *common, *arguments[1:]],
            project=project,
            line=line,
            doing=doing,
            tell=_pip_detail,
        )
    except ProgramError as error:
        log = project.relative(project.log)
        if mismatch := _hash_mismatch(error.lines):
            raise ProgramError(f"{doing} failed: {mismatch} ({log} has it all)", error.lines) from error
        if error.names_the_network():
            raise ProgramError(
                f"{doing} failed: the Python package index cannot be reached; connect to the network and start again"
                f" ({log} has it all).",
                error.lines,
            ) from error
        raise


def _pip_detail(text: str) -> str | None:
    match = _DETAIL.match(text)
    if match is None:
        return None
    if match[1] == "Installing":
        return "installing"
    what = match[2].split(" (from ")[0].strip().rsplit("/", 1)[-1]
    size = re.search(r"\([\d.]+ [kKMG]?B\)$", what)
    return f"{match[1].lower()} {what.split('-')[0][:40]} {size[0] if size else ''}".rstrip()


def _hash_mismatch(lines: Sequence[str]) -> str | None:
    """pip spreads a wrong checksum over several lines: which file, what was expected, what was got."""
    if not any("DO NOT MATCH THE HASHES" in text for text in lines):
        return None
    facts = [text.strip() for text in lines if re.match(r"\s+(\S+.* from |Expected sha256|Got )", text)]
    return "wrong checksum: " + ", ".join(re.sub(r"\s+", " ", fact) for fact in facts)


def download_wheel(project: Project, line: Line, pin: WheelPin, *, into: Path, pinned_in: str) -> Path:
    """Have pip download one pinned wheel into the folder `into`, unless it is there already, and return its path.

    Raises ProgramError, or WrongChecksumError when an index serves other bytes.
    """
    destination = into / pin.file
    if is_whole(destination, pin.sha256):
        return destination
    temporary = project.temporary / "wheel"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    wanted = temporary / "wanted.txt"
    wanted.write_text(f"{pin.name}=={pin.version} --hash=sha256:{pin.sha256}\n", encoding="utf-8")
    pip(
        project,
        line,
        ["download", "--no-deps", "--only-binary=:all:", "--require-hashes", "-d", temporary, "-r", wanted],
        doing=f"Downloading {pin.name} {pin.version}",
    )
    downloaded = list(temporary.glob("*.whl"))
    if [path.name for path in downloaded] != [pin.file]:
        names = ", ".join(path.name for path in downloaded) or "nothing"
        raise SetUpError(f"For {pin.name} {pin.version} the index gave {names}, but {pinned_in} names {pin.file}.")
    check_sha256(downloaded[0], pin.sha256, called=pin.file, pinned_in=pinned_in)
    into.mkdir(parents=True, exist_ok=True)
    downloaded[0].replace(destination)
    return destination


def python_environment(project: Project) -> dict[str, str]:
    """The environment in which `.venv`'s Python finds the modules under py/, whatever the person's own settings."""
    return {"PYTHONPATH": str(project.root / "py"), "PYTHONDONTWRITEBYTECODE": "1"}
