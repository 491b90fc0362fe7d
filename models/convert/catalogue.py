"""catalogue.toml as frozen values: which networks there are, where their weights lie, and how they want their input."""

import re
import tomllib
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from convert.errors import ConversionError

_SHA256 = re.compile(r"[0-9a-f]{64}")
_KINDS = {bool: "true or false", int: "integer", str: "text"}
_PACKAGE_FILES = {"pypi": ".whl", "npm": ".tgz"}
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True)
class Package:
    """A wheel or tarball of a package registry; ``file`` is its file name, ``sha256`` that of the whole file."""

    name: str
    registry: str
    version: str
    file: str
    sha256: str
    licence: str


@dataclass(frozen=True, kw_only=True)
class Model:
    """One network; ``overlap``, ``padding`` and ``trim`` count input pixels a side, ``topology`` and ``weights`` are
    paths in the package.

    catalogue.toml says what each key means.
    """

    id: str
    family: str
    title: str
    task: str
    content: str
    scale: int
    noise: int | None = None
    white: int = 1
    overlap: int
    padding: int
    trim: int
    multiple_of: int
    flat_tiles: bool
    enlarges_alpha: bool
    next_pass: str | None = None
    licence: str
    author: str
    source: str
    format: str
    package: str
    topology: str
    topology_sha256: str
    weights: str
    weights_sha256: str


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """All packages by name, and all models in the order in which a user sees them."""

    packages: dict[str, Package]
    models: tuple[Model, ...]


_Entry = TypeVar("_Entry", Package, Model)


def read_catalogue(path: Path) -> Catalogue:
    """The catalogue at ``path``.

    Raises ConversionError naming the entry and what would be accepted when a value is missing, unknown or impossible.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConversionError(f"there is no catalogue at {path}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConversionError(f"{path.name} is no readable TOML: {error}") from error
    packages = {
        name: _read(Package, {"name": name, **entry}, where=f"package {name}")
        for name, entry in document.get("packages", {}).items()
    }
    models = tuple(
        _read(Model, entry, where=f"model {entry.get('id', f'number {number}')}")
        for number, entry in enumerate(document.get("models", ()), start=1)
    )
    catalogue = Catalogue(packages=packages, models=models)
    _check(catalogue)
    return catalogue


def _read(kind: type[_Entry], entry: dict[str, Any], *, where: str) -> _Entry:
    accepted = {field.name: field for field in fields(kind)}
    for key, value in entry.items():
        if key not in accepted:
            raise ConversionError(f"{where}: {key!r} is unknown; accepted are {', '.join(accepted)}")
        wanted = next((kind for kind in _KINDS if accepted[key].type in (kind, kind | None)), str)
        # bool is an int to Python, but `scale = true` is a slip of the pen.
        if type(value) is not wanted:
            raise ConversionError(f"{where}: {key} = {value!r} is no {_KINDS[wanted]}")
    for key, field in accepted.items():
        if field.default is MISSING and key not in entry:
            raise ConversionError(f"{where}: {key} is missing")
    return kind(**entry)


def _check(catalogue: Catalogue) -> None:
    for package in catalogue.packages.values():
        where = f"package {package.name}"
        _accept(where, "registry", package.registry, tuple(_PACKAGE_FILES))
        _accept_sha256(where, "sha256", package.sha256)
        ending = _PACKAGE_FILES[package.registry]
        if not package.file.endswith(ending) or Path(package.file).name != package.file:
            raise ConversionError(f"{where}: file = {package.file!r} is not the name of a file that ends in {ending}")
    ids = [model.id for model in catalogue.models]
    if not ids:
        raise ConversionError("the catalogue holds no models")
    for model in catalogue.models:
        where = f"model {model.id}"
        if not _ID.fullmatch(model.id):
            raise ConversionError(f"{where}: an id is made of small letters, digits and single hyphens")
        if ids.count(model.id) > 1:
            raise ConversionError(f"{where}: this id stands {ids.count(model.id)} times; once is accepted")
        _accept(where, "task", model.task, ("upscale",))
        _accept(where, "content", model.content, ("drawing", "photo"))
        _accept(where, "format", model.format, ("ncnn", "tfjs"))
        _accept(where, "package", model.package, tuple(catalogue.packages))
        _accept(where, "next_pass", model.next_pass, (None, *ids))
        _accept(where, "noise", model.noise, (None, 0, 1, 2, 3))
        for key, value, least in (
            ("scale", model.scale, 1),
            ("white", model.white, 1),
            ("multiple_of", model.multiple_of, 1),
            ("trim", model.trim, 0),
            ("padding", model.padding, model.trim),
            ("overlap", model.overlap, model.padding),
        ):
            if value < least:
                raise ConversionError(f"{where}: {key} = {value} is too small; {least} is the least")
        _accept_sha256(where, "topology_sha256", model.topology_sha256)
        _accept_sha256(where, "weights_sha256", model.weights_sha256)


def _accept(where: str, key: str, value: str | int | None, accepted: tuple[str | int | None, ...]) -> None:
    if value not in accepted:
        listed = ", ".join(str(item) for item in accepted if item is not None)
        raise ConversionError(f"{where}: {key} = {value!r} is unknown; accepted are {listed}")


def _accept_sha256(where: str, key: str, value: str) -> None:
    if not _SHA256.fullmatch(value):
        raise ConversionError(f"{where}: {key} = {value!r} is no sha256 of 64 small hexadecimal digits")
