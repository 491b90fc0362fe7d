"""The downloaded packages that hold the networks' weights, and the catalogue that names them."""

import os
from pathlib import Path

from convert.catalogue import Model, read_catalogue

MODELS_FOLDER = Path(__file__).parents[1] / "models"
CATALOGUE = read_catalogue(MODELS_FOLDER / "catalogue.toml")
IDS = [model.id for model in CATALOGUE.models]


def packages_folder() -> Path:
    """The folder of the packages; raises FileNotFoundError, saying how to get them, when one is not there."""
    folder = Path(os.environ.get("SENMEI_PACKAGES") or MODELS_FOLDER.parent / ".build" / "packages")
    for package in CATALOGUE.packages.values():
        if not (folder / package.file).is_file():
            raise FileNotFoundError(f"{package.file} is not in {folder}: run `python3 serve.py --build` to download it")
    return folder


def model_of(model_id: str) -> Model:
    """The catalogue's entry of that id."""
    return next(model for model in CATALOGUE.models if model.id == model_id)


def package_of(model: Model) -> Path:
    """The package that holds the model's weights."""
    return packages_folder() / CATALOGUE.packages[model.package].file
