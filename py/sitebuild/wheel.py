"""The pure Python wheel of py/senmei that the page installs."""

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from .errors import SetUpError
from .progress import Line, amount
from .project import Project
from .steps import Step, file_inputs, source_files
from .venv import packaging_facts, pip


def wheel_step(project: Project) -> Step:
    """The wheel into .build/wheel, alone there; the same sources give the same bytes."""

    def inputs() -> Iterable[bytes]:
        yield packaging_facts(project)
        texts = [project.root / "README.md", project.root / "LICENSE"]
        yield from file_inputs([*texts, *source_files(project.root / "py" / "senmei")], root=project.root)

    def work(line: Line) -> Sequence[Path]:
        temporary = project.temporary / "senmei-wheel"
        shutil.rmtree(temporary, ignore_errors=True)
        pip(
            project,
            line,
            ["wheel", "--no-deps", "--no-build-isolation", "--no-cache-dir", "-w", temporary, project.root],
            doing="Building the senmei wheel",
        )
        built = list(temporary.glob("*.whl"))
        if len(built) != 1 or not built[0].name.endswith("-py3-none-any.whl"):
            names = ", ".join(path.name for path in built) or "nothing"
            raise SetUpError(f"Building the senmei wheel gave {names}; one file for any Python 3 was expected.")
        shutil.rmtree(project.wheel_folder, ignore_errors=True)
        temporary.replace(project.wheel_folder)
        wheel = project.wheel_folder / built[0].name
        line.summary = f"{wheel.name}, {amount(wheel.stat().st_size)}"
        return [wheel]

    # Built with the locked hatchling, so it follows the requirements, but not the place of .venv.
    return Step(
        name="wheel",
        title="The senmei wheel",
        inputs=lambda: [*inputs(), *file_inputs([project.requirements], root=project.root)],
        work=work,
    )


def built_wheel(project: Project) -> Path:
    """The wheel that the last run of the step left."""
    (wheel,) = project.wheel_folder.glob("*.whl")
    return wheel
