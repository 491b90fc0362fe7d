"""Compiled Python for the page: Pyodide's wheels hold sources, and compiling them took a tenth of its start."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from .errors import SetUpError
from .node import NPM_ADVICE
from .programs import run_program
from .progress import Line, amount
from .project import Project
from .steps import Step, file_inputs
from .wheel import built_wheel

RUNNER = "bytecode.mjs"
SCRIPT = "bytecode_of_imports.py"


def bytecode_step(project: Project) -> Step:
    """.build/bytecode.zip: what importing the engine compiles, made by the page's own Pyodide in Node.js."""
    folder = project.root / "py" / "sitebuild"

    def work(line: Line) -> Sequence[Path]:
        node = shutil.which("node")
        if node is None:
            raise SetUpError(f"node was not found; {NPM_ADVICE}.")
        half_made = project.temporary / "bytecode.zip"
        half_made.parent.mkdir(parents=True, exist_ok=True)
        run_program(
            [
                node,
                folder / RUNNER,
                project.node_modules / "pyodide",
                project.pyodide_wheels,
                built_wheel(project),
                folder / SCRIPT,
                half_made,
            ],
            project=project,
            line=line,
            doing="Compiling the Python modules",
            tell=lambda text: None,
        )
        half_made.replace(project.bytecode)
        line.summary = amount(project.bytecode.stat().st_size)
        return [project.bytecode]

    return Step(
        name="bytecode",
        title="Compiled Python modules",
        after=("node", "pyodide", "wheel"),
        inputs=lambda: file_inputs([folder / RUNNER, folder / SCRIPT], root=project.root),
        work=work,
    )
