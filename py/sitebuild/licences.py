"""licences.txt: what the site carries, and under which terms."""

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import SetUpError
from .node import package_version
from .project import Project

RULE = "=" * 100


@dataclass(frozen=True)
class Notice:
    """One carried work: what it is, and the text of its terms."""

    title: str
    text: str


def licence_document(
    project: Project, *, wheels: Sequence[Path], models: Sequence[Mapping[str, Any]], version: str
) -> str:
    """The whole of licences.txt for a site with these Pyodide wheels and these entries of catalogue.json."""
    notices = [
        Notice(f"Senmei {version}", (project.root / "LICENSE").read_text(encoding="utf-8")),
        *_javascript_notices(project),
        *_pyodide_notices(project),
        *(_wheel_notice(wheel) for wheel in sorted(wheels)),
        *_pillow_library_notices(project),
        *_model_notices(project, models),
        Notice(
            "onnxruntime: the libraries built into it", _installed_text(project, "onnxruntime/ThirdPartyNotices.txt")
        ),
    ]
    contents = "\n".join(f"  {notice.title}" for notice in notices)
    head = f"This site carries the following works. Their licences follow in this order.\n\n{contents}\n"
    return "\n".join([head, *(f"{RULE}\n{notice.title}\n{RULE}\n\n{notice.text.strip()}\n" for notice in notices)])


def _javascript_notices(project: Project) -> Iterator[Notice]:
    def titled(name: str) -> str:
        return f"{name} {package_version(project, name)}"

    yield Notice(titled("comlink"), (project.node_modules / "comlink" / "LICENSE").read_text(encoding="utf-8"))
    yield Notice(titled("img-comparison-slider"), _filled(project, "MIT", "Copyright (c) 2019 Dmitry Snisarenko"))
    yield Notice(titled("onnxruntime-web"), _filled(project, "MIT", "Copyright (c) Microsoft Corporation"))


def _pyodide_notices(project: Project) -> Iterator[Notice]:
    pyodide = f"Pyodide {package_version(project, 'pyodide')}"
    source = "Its source is at https://github.com/pyodide/pyodide under the tag of this version."
    yield Notice(pyodide, f"{source}\n\n{_text(project, 'MPL-2.0')}")
    yield Notice(f"{pyodide}: CPython", _text(project, "Python"))
    emscripten = "Copyright (c) 2010-2014 Emscripten authors, see the AUTHORS file of Emscripten"
    yield Notice(f"{pyodide}: Emscripten", _filled(project, "MIT", emscripten))
    yield Notice(f"{pyodide}: musl", _filled(project, "MIT", "Copyright (c) 2005-2020 Rich Felker, et al."))
    libffi = "libffi - Copyright (c) 1996-2024 Anthony Green, Red Hat, Inc and others."
    yield Notice(f"{pyodide}: libffi", _filled(project, "MIT", libffi))
    yield Notice(f"{pyodide}: zlib", _text(project, "zlib"))
    yield Notice(f"{pyodide}: bzip2", _text(project, "bzip2"))


def _wheel_notice(wheel: Path) -> Notice:
    """The licence files that a wheel brings along, each once."""
    texts: dict[str, str] = {}
    with zipfile.ZipFile(wheel) as archive:
        for name in sorted(archive.namelist()):
            if re.match(r"(LICEN[CS]E|COPYING|NOTICE)", name.rsplit("/", 1)[-1]):
                texts.setdefault(archive.read(name).decode("utf-8", errors="replace"), name)
    if not texts:
        raise SetUpError(f"{wheel.name} brings no licence file; its terms must be known before a site can carry it.")
    return Notice(wheel.name, "\n\n".join(f"--- {name}\n\n{text.strip()}" for text, name in texts.items()))


def _pillow_library_notices(project: Project) -> Iterator[Notice]:
    for library in ("libjpeg", "libtiff", "libwebp", "FreeType", "zlib"):
        yield Notice(f"Pillow: {library}", _text(project, library))


def _model_notices(project: Project, models: Iterable[Mapping[str, Any]]) -> Iterator[Notice]:
    """One notice for all models of one author, source and licence."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for model in models:
        groups.setdefault((model["author"], model["source"], model["licence"]), []).append(model["id"])
    for (author, source, licence), ids in groups.items():
        text = f"From {source}; licence: {licence}.\n\n{_filled(project, licence, f'Copyright (c) {author}')}"
        yield Notice(f"Models {', '.join(ids)}", text)


def _filled(project: Project, licence: str, copyright_line: str) -> str:
    return f"{copyright_line}\n\n{_text(project, licence)}"


def _text(project: Project, name: str) -> str:
    path = project.licence_texts / f"{name}.txt"
    if not path.is_file():
        known = ", ".join(sorted(text.stem for text in project.licence_texts.glob("*.txt")))
        raise SetUpError(f"There is no text for the licence {name}; py/sitebuild/licences has {known}.")
    return path.read_text(encoding="utf-8")


def _installed_text(project: Project, name: str) -> str:
    """A text that a package in .venv brings."""
    for pattern in ("lib/python*/site-packages", "Lib/site-packages"):
        for folder in project.venv.glob(pattern):
            if (folder / name).is_file():
                return (folder / name).read_text(encoding="utf-8", errors="replace")
    raise SetUpError(f"{name} is missing in .venv; delete .venv and start again.")
