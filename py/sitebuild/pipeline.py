"""The whole set-up, in order."""

import shutil
import sys
from collections.abc import Callable, Sequence

from . import assemble, bytecode, compressed, models, node, pyodide, venv, wheel
from .lock import set_up_lock
from .project import Project
from .steps import Step, run_steps


def site_steps(project: Project) -> list[Step]:
    """What serve.py needs. JavaScript packages come first: a missing npm is told before any long download."""
    return [
        node.packages_step(project),
        venv.environment_step(project),
        venv.command_line_step(project),
        pyodide.wheels_step(project),
        models.packages_step(project),
        models.conversion_step(project),
        wheel.wheel_step(project),
        bytecode.bytecode_step(project),
        assemble.sample_step(project),
        assemble.site_step(project),
        compressed.compressed_step(project),
    ]


def set_up(project: Project, steps: Callable[[Project], Sequence[Step]] = site_steps) -> list[str]:
    """Run the steps that are not up to date, alone in this working copy, and return their names.

    Raises SetUpError with a sentence for a person; what was whole before stays whole.
    """
    with set_up_lock(project.build / "lock", waiting=lambda sentence: print(sentence, file=sys.stderr, flush=True)):
        shutil.rmtree(project.temporary, ignore_errors=True)
        project.log.unlink(missing_ok=True)
        try:
            return run_steps(steps(project), project)
        finally:
            shutil.rmtree(project.temporary, ignore_errors=True)
