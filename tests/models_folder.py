"""Where the tests find the converted models."""

from senmei.catalogue import Catalogue
from senmei.cli import load_catalogue, models_folder

FOLDER = models_folder()


def catalogue() -> Catalogue:
    """Raises ModelUnavailable, saying how they are made, when there are none."""
    return load_catalogue(FOLDER)
