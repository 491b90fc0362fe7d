"""Downloads: whole and right, or not there."""

import io
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sitebuild.downloads import NotAnsweredError, WrongChecksumError, fetch, is_whole, place
from unit.sitebuild_fixtures import hex_sha256, serving

CONTENT = os.urandom(600_000)


def everything_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@contextmanager
def server_that(answers: Callable[[socket.socket], None]) -> Iterator[str]:
    """The address of a server that treats every connection as `answers` does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                answers(connection)

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            ended.set()


def get(url: str, folder: Path, *, sha256: str, patience_s: float = 5.0) -> list[int]:
    received: list[int] = []
    fetch(
        url,
        folder / "kept" / "file.whl",
        sha256=sha256,
        temporary=folder / "tmp",
        pinned_in="the lock",
        patience_s=patience_s,
        received=received.append,
    )
    return received


def test_fetch_brings_the_file_and_tells_how_far_it_is(tmp_path: Path) -> None:
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "file.whl").write_bytes(CONTENT)
    with serving(tmp_path / "served") as server:
        received = get(f"{server.url}file.whl", tmp_path / "here", sha256=hex_sha256(CONTENT))
    assert (tmp_path / "here" / "kept" / "file.whl").read_bytes() == CONTENT
    assert everything_in(tmp_path / "here") == ["file.whl"]
    assert received == sorted(received) and received[-1] == len(CONTENT)


def test_a_wrong_checksum_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "file.whl").write_bytes(b"other")
    with (
        serving(tmp_path / "served") as server,
        pytest.raises(WrongChecksumError, match=f"file.whl has sha256 {hex_sha256(b'other')}, but the lock asks for"),
    ):
        get(f"{server.url}file.whl", tmp_path / "here", sha256=hex_sha256(CONTENT))
    assert everything_in(tmp_path / "here") == []


def test_an_older_file_stays_when_the_new_one_is_wrong(tmp_path: Path) -> None:
    kept = tmp_path / "kept.whl"
    kept.write_bytes(b"older")
    with pytest.raises(WrongChecksumError):
        place(
            io.BytesIO(b"other"),
            kept,
            sha256=hex_sha256(CONTENT),
            temporary=tmp_path / "tmp",
            called="other.whl",
            pinned_in="the lock",
        )
    assert kept.read_bytes() == b"older"


def test_a_missing_file_is_no_answer(tmp_path: Path) -> None:
    with serving(tmp_path) as server, pytest.raises(NotAnsweredError, match=r"file\.whl: Not Found"):
        get(f"{server.url}file.whl", tmp_path / "here", sha256=hex_sha256(CONTENT))


def test_a_broken_off_download_leaves_nothing(tmp_path: Path) -> None:
    def half(connection: socket.socket) -> None:
        with connection:
            connection.recv(10_000)
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(CONTENT)}\r\n\r\n"
            connection.sendall(head.encode() + CONTENT[: len(CONTENT) // 2])

    with server_that(half) as url, pytest.raises(NotAnsweredError, match=r"broke off|IncompleteRead"):
        get(f"{url}file.whl", tmp_path / "here", sha256=hex_sha256(CONTENT))
    assert everything_in(tmp_path / "here") == []


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegun"])
def test_a_silent_server_is_given_up_in_time(tmp_path: Path, head: bytes) -> None:
    held: list[socket.socket] = []

    def say_nothing_more(connection: socket.socket) -> None:
        held.append(connection)
        connection.recv(10_000)
        connection.sendall(head)

    with (
        server_that(say_nothing_more) as url,
        pytest.raises(NotAnsweredError, match=r"no answer within 0\.5 s|timed out"),
    ):
        get(f"{url}file.whl", tmp_path / "here", sha256=hex_sha256(CONTENT), patience_s=0.5)
    assert everything_in(tmp_path / "here") == []


def test_an_interrupted_copy_leaves_nothing(tmp_path: Path) -> None:
    class Interrupted(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise KeyboardInterrupt
            return super().read(size)

    with pytest.raises(KeyboardInterrupt):
        place(
            Interrupted(CONTENT),
            tmp_path / "kept.whl",
            sha256=hex_sha256(CONTENT),
            temporary=tmp_path / "tmp",
            called="kept.whl",
            pinned_in="the lock",
        )
    assert everything_in(tmp_path) == []


def test_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert not is_whole(path, hex_sha256(CONTENT))
    path.write_bytes(CONTENT[:-1])
    assert not is_whole(path, hex_sha256(CONTENT))
    path.write_bytes(CONTENT)
    assert is_whole(path, hex_sha256(CONTENT))
