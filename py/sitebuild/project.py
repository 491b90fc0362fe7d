"""Where everything of one working copy lies."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Project:
    """A working copy, by its root folder; every path of the set-up is derived here and nowhere else."""

    root: Path

    @property
    def build(self) -> Path:
        """What the set-up keeps between runs; may be deleted at any time when no set-up runs."""
        return self.root / ".build"

    @property
    def temporary(self) -> Path:
        """Half-made things; emptied when a set-up starts, so a killed run leaves nothing in the way."""
        return self.build / "tmp"

    @property
    def stamps(self) -> Path:
        return self.build / "stamps"

    @property
    def log(self) -> Path:
        return self.build / "log.txt"

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        return self.venv_program("python")

    @property
    def requirements(self) -> Path:
        return self.root / "py" / "requirements.txt"

    @property
    def web(self) -> Path:
        return self.root / "web"

    @property
    def node_modules(self) -> Path:
        return self.web / "node_modules"

    @property
    def pyodide_wheels(self) -> Path:
        return self.build / "pyodide"

    @property
    def catalogue(self) -> Path:
        return self.root / "models" / "catalogue.toml"

    @property
    def licence_texts(self) -> Path:
        """Texts of licences that the carried packages themselves do not bring."""
        return self.root / "py" / "sitebuild" / "licences"

    @property
    def model_packages(self) -> Path:
        return self.build / "packages"

    @property
    def models(self) -> Path:
        return self.root / "models" / "build"

    @property
    def wheel_folder(self) -> Path:
        return self.build / "wheel"

    @property
    def bytecode(self) -> Path:
        return self.build / "bytecode.zip"

    @property
    def sample(self) -> Path:
        return self.build / "sample.png"

    @property
    def compressed(self) -> Path:
        """Compressed copies of the site's files, by what they are of."""
        return self.build / "compressed"

    @property
    def site(self) -> Path:
        return self.root / "site"

    def venv_program(self, name: str) -> Path:
        """The path of a program in `.venv`, whether or not it is there yet."""
        return self.venv / "Scripts" / f"{name}.exe" if os.name == "nt" else self.venv / "bin" / name

    def relative(self, path: Path) -> str:
        """`path` as it is named in messages and stamps: with slashes, from the root when it lies inside."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.as_posix()
