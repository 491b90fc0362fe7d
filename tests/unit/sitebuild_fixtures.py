"""What the tests of sitebuild share: a small working copy, a server in a thread, wheels made on the spot."""

import io
import sys
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from sitebuild.progress import Line
from sitebuild.project import Project
from sitebuild.server import SiteServer

ROOT = Path(__file__).resolve().parents[2]
"""The working copy that the tests stand in."""


def hex_sha256(content: bytes) -> str:
    return sha256(content).hexdigest()


def silent_line() -> Line:
    """The line of a step, writing into memory."""
    return Line("test", io.StringIO())


def project_with_pip(root: Path) -> Project:
    """A project in `root` whose `.venv` is the environment that runs the tests."""
    project = Project(root)
    root.mkdir(parents=True, exist_ok=True)
    project.venv.symlink_to(sys.prefix, target_is_directory=True)
    return project


def write_wheel(folder: Path, name: str, version: str, members: Mapping[str, bytes]) -> Path:
    """A pure Python wheel that pip accepts, holding `members` beside its metadata."""
    stem = f"{name.replace('-', '_')}-{version}"
    path = folder / f"{stem}-py3-none-any.whl"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)
        archive.writestr(f"{stem}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{stem}.dist-info/RECORD", "")
    return path


def pip_sees_only(folder: Path) -> dict[str, str]:
    """The environment in which pip knows no package but the wheels in `folder`."""
    return {"PIP_CONFIG_FILE": "/dev/null", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_NO_CACHE_DIR": "1"}


@contextmanager
def serving(folder: Path, *, isolated: bool = True) -> Iterator[SiteServer]:
    """A SiteServer for `folder` on a free port."""
    with SiteServer(folder, host="127.0.0.1", port=0, isolated=isolated) as server:
        server.listen()
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
