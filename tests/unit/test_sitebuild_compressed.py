"""The compressed copies of a site's files: what has them, that they are right, and that none is made twice."""

import gzip
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sitebuild.compressed import RUNNER, compressed_step
from sitebuild.project import Project
from unit.sitebuild_fixtures import ROOT, silent_line

WORDS = b"one and the same sentence, again and again. "


def unpacked(copy: Path) -> bytes:
    """What a browser makes of a copy."""
    if copy.suffix == ".gz":
        return gzip.decompress(copy.read_bytes())
    script = "process.stdout.write(require('zlib').brotliDecompressSync(require('fs').readFileSync(process.argv[1])))"
    return subprocess.run(["node", "-e", script, copy], stdout=subprocess.PIPE, check=True).stdout


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A working copy with a site that was just built."""
    project = Project(tmp_path)
    (tmp_path / "py" / "sitebuild").mkdir(parents=True)
    shutil.copyfile(ROOT / "py" / "sitebuild" / RUNNER, tmp_path / "py" / "sitebuild" / RUNNER)
    (project.site / "sub").mkdir(parents=True)
    (project.site / "page.html").write_bytes(WORDS * 50)
    (project.site / "sub" / "module.js").write_bytes(WORDS * 400)
    (project.site / "weights.onnx").write_bytes(WORDS * 10)
    (project.site / "noise.wasm").write_bytes(random.Random(1).randbytes(5000))
    (project.site / "archive.zip").write_bytes(WORDS * 50)
    (project.site / "_headers").write_bytes(WORDS * 50)
    return project


def make(project: Project) -> list[str]:
    """Runs the step and gives the copies it placed, in order."""
    return sorted(project.relative(path) for path in compressed_step(project).work(silent_line()))


def test_what_gains_by_it_has_copies_beside_it(project: Project) -> None:
    made = make(project)
    plain = ["site/page.html", "site/sub/module.js", "site/weights.onnx"]
    assert made == sorted(name + suffix for name in plain for suffix in (".br", ".gz"))
    for name in made:
        copy = project.root / name
        assert unpacked(copy) == copy.with_suffix("").read_bytes()
        assert copy.stat().st_mtime_ns == copy.with_suffix("").stat().st_mtime_ns
    assert not list(project.site.rglob("*.part"))


def test_the_same_bytes_give_the_same_copies(project: Project) -> None:
    first = {name: (project.root / name).read_bytes() for name in make(project)}
    shutil.rmtree(project.compressed)
    assert {name: (project.root / name).read_bytes() for name in make(project)} == first


@pytest.mark.skipif(sys.platform == "win32", reason="PATH alone does not hide programs there")
def test_what_was_met_before_is_not_compressed_again(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make(project)
    for name in made:
        (project.root / name).unlink()
    (project.site / "page.html").rename(project.site / "index.html")
    monkeypatch.setenv("PATH", str(project.root / "nowhere"))
    assert make(project) == sorted(name.replace("page", "index") for name in made)


def test_only_what_changed_is_compressed_anew_and_the_old_is_forgotten(project: Project) -> None:
    make(project)
    before = {path: path.stat().st_mtime_ns for path in project.compressed.iterdir()}
    (project.site / "page.html").write_bytes(WORDS * 60)
    make(project)
    after = {path: path.stat().st_mtime_ns for path in project.compressed.iterdir()}
    assert len(after) == len(before)
    assert len(before.keys() - after.keys()) == len(after.keys() - before.keys()) == 2
    assert all(before[path] == after[path] for path in before.keys() & after.keys())
    assert unpacked(project.site / "page.html.br") == WORDS * 60
