"""site/: everything the page needs, in one folder with relative URLs only, for any static host."""

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .errors import SetUpError
from .headers import headers_file
from .licences import licence_document
from .models import model_files
from .programs import run_program
from .progress import Line, amount
from .project import Project
from .pyodide import LOCK_NAME, read_lock, reduced_lock, wanted_files
from .steps import Step, file_inputs
from .vendored import PYODIDE_FOLDER, VENDORED
from .venv import python_environment
from .wheel import built_wheel

PAGE_SUFFIXES = frozenset(
    {".html", ".css", ".js", ".mjs", ".json", ".svg", ".webmanifest", ".png", ".webp", ".ico", ".woff2", ".txt"}
)
DRAWING = ("sample.py", "pen.py")
"""The modules of this package that draw the sample; the site follows the drawn file, not them."""

TOOL_FILES = frozenset({"package.json", "package-lock.json", "tsconfig.json", "biome.json"})
TOOL_FOLDERS = frozenset({"node_modules", "types"})


def sample_step(project: Project) -> Step:
    """.build/sample.png, the picture that the page offers to try."""
    folder = project.root / "py" / "sitebuild"

    def work(line: Line) -> Sequence[Path]:
        half_made = project.temporary / "sample.png"
        half_made.parent.mkdir(parents=True, exist_ok=True)
        run_program(
            [project.python, "-m", "sitebuild.sample", half_made],
            project=project,
            line=line,
            doing="Drawing the sample picture",
            tell=lambda text: None,
            environment=python_environment(project),
        )
        half_made.replace(project.sample)
        return [project.sample]

    return Step(
        name="sample",
        title="Sample picture",
        inputs=lambda: file_inputs([*(folder / name for name in DRAWING), project.requirements], root=project.root),
        work=work,
    )


def site_step(project: Project) -> Step:
    """The folder site/, made beside the old one and put in its place when it is whole."""

    def inputs() -> Iterable[bytes]:
        own = [path for path in (project.root / "py" / "sitebuild").glob("*.py") if path.name not in DRAWING]
        texts = [project.root / "LICENSE", *project.licence_texts.glob("*.txt")]
        yield from file_inputs([*web_files(project), *own, *texts], root=project.root)

    def work(line: Line) -> Sequence[Path]:
        half_made = project.temporary / "site"
        shutil.rmtree(half_made, ignore_errors=True)
        _fill(half_made, project, line)
        sizes = write_list(half_made, wheel=built_wheel(project).name)
        _swap(half_made, project)
        line.summary = f"{len(sizes) + 1} files, {amount(sum(sizes.values()))}"
        return [project.site / name for name in ("site.json", *sizes)]

    return Step(
        name="site",
        title="The site",
        after=("node", "pyodide", "models", "wheel", "bytecode", "sample"),
        inputs=inputs,
        work=work,
    )


def web_files(project: Project) -> list[Path]:
    """What of web/ a browser loads: everything but packages, types and the settings of tools."""
    return [path for path in _walk(project.web) if path.suffix in PAGE_SUFFIXES and path.name not in TOOL_FILES]


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            if path.name not in TOOL_FOLDERS:
                yield from _walk(path)
        else:
            yield path


def _fill(site: Path, project: Project, line: Line) -> None:
    def carry(source: Path, name: str) -> None:
        destination = site / name
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, destination)
        # The source's time goes along, so that a browser's copy of an unchanged file outlives a rebuild of the site.
        times = source.stat()
        os.utime(destination, ns=(times.st_atime_ns, times.st_mtime_ns))
        line.update(name)

    def write(name: str, text: str) -> None:
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text, encoding="utf-8", newline="\n")

    for path in web_files(project):
        carry(path, path.relative_to(project.web).as_posix())
    for source, name in VENDORED.items():
        carry(project.node_modules / source, name)
    lock = read_lock(project)
    wheels = [project.pyodide_wheels / file.name for file in wanted_files(lock)]
    for wheel in wheels:
        carry(wheel, f"{PYODIDE_FOLDER}/{wheel.name}")
    write(f"{PYODIDE_FOLDER}/{LOCK_NAME}", json.dumps(reduced_lock(lock)))
    carry(built_wheel(project), f"python/{built_wheel(project).name}")
    carry(project.bytecode, "python/bytecode.zip")
    models = _models(project)
    carry(project.models / "catalogue.json", "models/catalogue.json")
    for model in models:
        for name in model_files(model):
            carry(project.models / name, f"models/{name}")
    carry(project.sample, "sample.png")
    version = wheel_version(built_wheel(project).name)
    write("licences.txt", licence_document(project, wheels=wheels, models=models, version=version))
    write("_headers", headers_file())


def _models(project: Project) -> list[Mapping[str, Any]]:
    models: list[Mapping[str, Any]] = json.loads((project.models / "catalogue.json").read_text(encoding="utf-8"))[
        "models"
    ]
    return models


def wheel_version(file_name: str) -> str:
    """The version in a wheel's file name."""
    return file_name.split("-")[1]


def write_list(site: Path, *, wheel: str) -> dict[str, int]:
    """Write site.json, which names every other file of the site with its size in bytes, and return those sizes."""
    sizes = {
        path.relative_to(site).as_posix(): path.stat().st_size for path in sorted(site.rglob("*")) if path.is_file()
    }
    facts = {
        "version": wheel_version(wheel),
        "wheel": f"python/{wheel}",
        "bytecode": "python/bytecode.zip",
        "files": sizes,
    }
    (site / "site.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8", newline="\n")
    return sizes


def _swap(half_made: Path, project: Project) -> None:
    old = project.temporary / "site-old"
    shutil.rmtree(old, ignore_errors=True)
    try:
        if project.site.exists():
            project.site.replace(old)
        half_made.replace(project.site)
    except PermissionError as error:
        raise SetUpError(
            f"site/ cannot be replaced ({error}); end the program that uses it and start again."
        ) from error
    shutil.rmtree(old, ignore_errors=True)
