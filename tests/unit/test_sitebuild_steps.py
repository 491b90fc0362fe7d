"""Steps, stamps and the lock: what runs again, and what a killed set-up leaves behind."""

import dataclasses
import io
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from sitebuild.errors import SetUpError
from sitebuild.lock import set_up_lock
from sitebuild.pipeline import set_up, site_steps
from sitebuild.progress import Line, amount, step_line
from sitebuild.project import Project
from sitebuild.steps import Step, file_inputs, run_steps
from unit.sitebuild_fixtures import ROOT


def copying_step(project: Project, *, name: str = "copy", after: tuple[str, ...] = ()) -> Step:
    """A step whose product is its input with the step's name before it."""
    source, product = project.root / f"{name}.in", project.root / f"{name}.out"

    def work(line: Line) -> Sequence[Path]:
        product.write_bytes(name.encode() + source.read_bytes())
        return [product]

    return Step(name=name, title=name, after=after, inputs=lambda: file_inputs([source], root=project.root), work=work)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for name in ("first", "second", "third"):
        (tmp_path / f"{name}.in").write_text("1")
    return Project(tmp_path)


def chain(project: Project) -> list[Step]:
    """`second` stands upon `first`; `third` stands alone."""
    return [
        copying_step(project, name="first"),
        copying_step(project, name="second", after=("first",)),
        copying_step(project, name="third"),
    ]


def test_steps_run_once(project: Project) -> None:
    assert run_steps(chain(project), project) == ["first", "second", "third"]
    assert run_steps(chain(project), project) == []


def test_a_change_runs_down_the_chain_and_nowhere_else(project: Project) -> None:
    run_steps(chain(project), project)
    (project.root / "first.in").write_text("2")
    assert run_steps(chain(project), project) == ["first", "second"]
    (project.root / "third.in").write_text("2")
    assert run_steps(chain(project), project) == ["third"]
    assert (project.root / "third.out").read_text() == "third2"


def test_a_lost_or_cut_product_is_made_again(project: Project) -> None:
    run_steps(chain(project), project)
    (project.root / "first.out").unlink()
    assert run_steps(chain(project), project) == ["first"]
    (project.root / "third.out").write_bytes(b"thi")
    assert run_steps(chain(project), project) == ["third"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"digest": 1}', b"\xff\xfe"])
def test_a_broken_stamp_is_no_stamp(project: Project, content: bytes) -> None:
    run_steps(chain(project), project)
    (project.stamps / "second.json").write_bytes(content)
    assert run_steps(chain(project), project) == ["second"]


def test_a_failed_step_has_no_stamp_even_if_an_older_one_was_there(project: Project) -> None:
    step = copying_step(project, name="first")
    run_steps([step], project)
    (project.root / "first.in").write_text("2")

    def fail(line: Line) -> Sequence[Path]:
        raise SetUpError("no.")

    with pytest.raises(SetUpError):
        run_steps([dataclasses.replace(step, work=fail)], project)
    (project.root / "first.in").write_text("1")
    assert run_steps([step], project) == ["first"]


def test_a_step_that_does_not_make_its_product_is_an_error(project: Project) -> None:
    step = dataclasses.replace(copying_step(project, name="first"), work=lambda line: [project.root / "never.made"])
    with pytest.raises(SetUpError, match=r"never\.made was not made"):
        run_steps([step], project)


def test_a_missing_input_is_a_sentence(project: Project) -> None:
    (project.root / "first.in").unlink()
    with pytest.raises(SetUpError, match=r"^first\.in is missing"):
        run_steps(chain(project), project)


KILLED_IN_THE_MIDDLE = """
    import sys, time
    from pathlib import Path
    from sitebuild.pipeline import set_up
    from sitebuild.programs import run_program
    from sitebuild.project import Project
    from sitebuild.steps import Step

    project = Project(Path(sys.argv[1]))

    def work(line):
        (project.root / "product").write_text("half")
        project.temporary.mkdir(parents=True)
        (project.temporary / "rest").write_text("half")
        # A program that goes on writing for a while when the set-up has been killed.
        orphan = "import time; print('working', flush=True); time.sleep(2); open('orphan', 'w').close()"
        run_program(
            [sys.executable, "-c", orphan],
            project=project, line=line, doing="Working", tell=lambda text: (project.root / "started").touch(),
        )
        return [project.root / "product"]

    set_up(project, lambda project: [Step(name="only", title="Only", inputs=lambda: [], work=work)])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the lock is inherited on POSIX only")
def test_a_killed_step_runs_again_after_its_orphans_have_ended(tmp_path: Path) -> None:
    project = Project(tmp_path)
    script = tmp_path / "killed.py"
    script.write_text(textwrap.dedent(KILLED_IN_THE_MIDDLE))
    with subprocess.Popen(
        [sys.executable, script, tmp_path],
        env={**os.environ, "PYTHONPATH": str(ROOT / "py")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        deadline_s = time.monotonic() + 30
        while not (tmp_path / "started").exists():
            assert time.monotonic() < deadline_s and process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    assert (project.temporary / "rest").exists()
    assert not (tmp_path / "orphan").exists()

    def work(line: Line) -> Sequence[Path]:
        assert (tmp_path / "orphan").exists(), "the lock was given while a program of the killed set-up still wrote"
        assert not (project.temporary / "rest").exists()
        (tmp_path / "product").write_text("whole")
        return [tmp_path / "product"]

    def steps(project: Project) -> list[Step]:
        return [Step(name="only", title="Only", inputs=list, work=work)]

    assert set_up(project, steps) == ["only"]
    assert (tmp_path / "product").read_text() == "whole"
    assert set_up(project, steps) == []


def test_the_lock_names_its_holder_and_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    hold = (
        "import sys, time; from pathlib import Path; from sitebuild.lock import set_up_lock\n"
        "with set_up_lock(Path(sys.argv[1]), waiting=print): print('held', flush=True); time.sleep(1)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "py")}
    with subprocess.Popen([sys.executable, "-c", hold, path], env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        told: list[str] = []
        with set_up_lock(path, waiting=told.append):
            assert process.wait(timeout=5) == 0
    assert told == [f"Another set-up (process {process.pid}) is at work in this folder; waiting for it to end."]


def test_a_stale_lock_file_does_not_block(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("1")
    told: list[str] = []
    with set_up_lock(tmp_path / "lock", waiting=told.append):
        assert (tmp_path / "lock").read_text() == str(os.getpid())
    assert told == []


def small_copy(folder: Path) -> Project:
    """The project's own small files, with only the part of node_modules that digests look at."""
    for name in ("py", "models", "tests"):
        shutil.copytree(
            ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "build", "node_modules")
        )
    shutil.copytree(ROOT / "web", folder / "web", ignore=shutil.ignore_patterns("node_modules"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, folder / name)
    (folder / "web" / "node_modules" / "pyodide").mkdir(parents=True)
    for name in ("pyodide-lock.json", "package.json"):
        shutil.copyfile(
            ROOT / "web" / "node_modules" / "pyodide" / name, folder / "web" / "node_modules" / "pyodide" / name
        )
    return Project(folder)


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "text", "expected"),
    [
        ("py/senmei/errors.py", "# changed\n", ["wheel", "bytecode", "site", "compressed"]),
        ("web/app.js", "// changed\n", ["site", "compressed"]),
        ("web/package.json", "\n", ["node", "pyodide", "bytecode", "site", "compressed"]),
        ("models/catalogue.toml", "# changed\n", ["models", "site", "compressed"]),
        ("models/convert/ncnn.py", "# changed\n", ["models", "site", "compressed"]),
        ("py/sitebuild/licences/MIT.txt", "changed\n", ["site", "compressed"]),
        ("py/sitebuild/bytecode_of_imports.py", "# changed\n", ["bytecode", "site", "compressed"]),
        ("py/sitebuild/sample.py", "# changed\n", ["sample", "site", "compressed"]),
        ("py/sitebuild/brotli.mjs", "// changed\n", ["compressed"]),
        (
            "py/requirements.txt",
            "# changed\n",
            ["python", "command", "models", "wheel", "bytecode", "sample", "site", "compressed"],
        ),
        ("pyproject.toml", "\n[tool.ruff.lint.isort]\n", []),
        ("web/tsconfig.json", "\n", []),
        ("tests/requirements.txt", "\n", []),
        ("tests/package.json", "\n", []),
    ],
)
def test_a_change_rebuilds_only_what_it_must(tmp_path: Path, change: str, text: str, expected: list[str]) -> None:
    project = small_copy(tmp_path / "copy")

    def steps() -> list[Step]:
        return [dataclasses.replace(step, work=lambda line: []) for step in site_steps(project)]

    assert len(run_steps(steps(), project)) == len(steps())
    assert run_steps(steps(), project) == []
    append(project.root / change, text)
    assert run_steps(steps(), project) == expected


def test_a_moved_working_copy_makes_its_environment_anew(tmp_path: Path) -> None:
    def steps(project: Project) -> list[Step]:
        return [dataclasses.replace(step, work=lambda line: []) for step in site_steps(project)]

    first = small_copy(tmp_path / "first")
    run_steps(steps(first), first)
    moved = Project(first.root.rename(tmp_path / "second"))
    assert run_steps(steps(moved), moved) == ["python", "command"]


def test_lines_tell_the_number_the_title_and_the_result() -> None:
    stream = io.StringIO()
    with step_line("[3/8] Pyodide wheels", stream) as line:
        line.summary = f"4 wheels, {amount(4_235_213)}"
    first, last = stream.getvalue().splitlines()
    assert first == "[3/8] Pyodide wheels …"
    assert last.startswith("[3/8] Pyodide wheels: 4 wheels, 4.2 MB (")


@pytest.mark.parametrize(
    ("size_bytes", "text"), [(0, "0 kB"), (31_638, "32 kB"), (987_254, "1.0 MB"), (76_275_160, "76 MB")]
)
def test_amounts(size_bytes: int, text: str) -> None:
    assert amount(size_bytes) == text
