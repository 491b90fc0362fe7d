"""Files that are either whole and right, or not there: temporary name, sha256, then one rename."""

import hashlib
import queue
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Protocol

from .errors import SetUpError

CHUNK_BYTES = 1 << 18


class Readable(Protocol):
    """What `place` asks of a source: bytes, and at the end none."""

    def read(self, size: int, /) -> bytes: ...


class NotAnsweredError(Exception):
    """A server could not be reached, did not answer in time, or broke off; the message says which."""


class WrongChecksumError(SetUpError):
    """A file's bytes are not the pinned ones."""


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def is_whole(path: Path, sha256: str) -> bool:
    """Whether `path` is a file with these bytes."""
    return path.is_file() and sha256_of(path) == sha256


def check_sha256(path: Path, sha256: str, *, called: str, pinned_in: str) -> None:
    """Raise WrongChecksumError, naming the file as `called`, unless its bytes are the pinned ones."""
    found = sha256_of(path)
    if found != sha256:
        raise WrongChecksumError(f"{called} has sha256 {found}, but {pinned_in} asks for {sha256}; it was not used.")


def place(
    stream: Readable,
    destination: Path,
    *,
    sha256: str,
    temporary: Path,
    called: str,
    pinned_in: str,
    received: Callable[[int], None] = lambda size_bytes: None,
) -> None:
    """Copy `stream` to `destination` by way of the folder `temporary`, only if its bytes are the pinned ones.

    Raises WrongChecksumError, and leaves nothing behind when it or anything else is raised.
    """
    temporary.mkdir(parents=True, exist_ok=True)
    half_made = temporary / destination.name
    try:
        size_bytes = 0
        with half_made.open("wb") as output:
            while chunk := stream.read(CHUNK_BYTES):
                output.write(chunk)
                size_bytes += len(chunk)
                received(size_bytes)
        check_sha256(half_made, sha256, called=called, pinned_in=pinned_in)
        destination.parent.mkdir(parents=True, exist_ok=True)
        half_made.replace(destination)
    finally:
        half_made.unlink(missing_ok=True)


def fetch(
    url: str,
    destination: Path,
    *,
    sha256: str,
    temporary: Path,
    pinned_in: str,
    patience_s: float,
    received: Callable[[int], None],
) -> None:
    """Download `url`, giving up when the server has not answered, or sends nothing more, for `patience_s` seconds.

    Raises NotAnsweredError or WrongChecksumError; the file is then not there.
    """
    try:
        with _open(url, patience_s) as answer:
            promised = answer.headers.get("Content-Length")
            whole = _Counted(answer, int(promised) if promised else None)
            place(
                whole,
                destination,
                sha256=sha256,
                temporary=temporary,
                called=url,
                pinned_in=pinned_in,
                received=received,
            )
    except (OSError, HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise NotAnsweredError(f"{url}: {reason}") from error


class _Counted:
    """An answer that breaks off early is an error of the connection, not a wrong checksum."""

    def __init__(self, answer: HTTPResponse, promised_bytes: int | None) -> None:
        self._answer, self._missing_bytes = answer, promised_bytes

    def read(self, size: int, /) -> bytes:
        chunk = self._answer.read(size)
        if self._missing_bytes is not None:
            self._missing_bytes -= len(chunk)
            if not chunk and self._missing_bytes > 0:
                raise ConnectionError(f"broke off {self._missing_bytes} bytes before the end")
        return chunk


def _open(url: str, patience_s: float) -> HTTPResponse:
    """urlopen with a limit on the whole wait: its own timeout covers neither name look-up nor a second address."""
    outcome: queue.Queue[HTTPResponse | OSError | HTTPException] = queue.Queue()

    def knock() -> None:
        try:
            outcome.put(urllib.request.urlopen(url, timeout=patience_s))
        except (OSError, HTTPException) as error:
            outcome.put(error)

    threading.Thread(target=knock, daemon=True).start()
    try:
        answer = outcome.get(timeout=patience_s)
    except queue.Empty:
        answer = TimeoutError()
    if isinstance(answer, TimeoutError):
        # Of the two clocks either may be first.
        raise TimeoutError(f"no answer within {patience_s:g} s")
    if isinstance(answer, Exception):
        raise answer
    return answer
