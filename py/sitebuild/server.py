"""A small static server for site/: the right types and headers, compressed copies, revalidation, nothing outside it."""

import email.utils
import errno
import os
import socket
import socketserver
import sys
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from .errors import SetUpError
from .headers import COMMON_HEADERS, ISOLATION_HEADERS, OTHER_TYPE, TYPES
from .negotiation import open_for

IDLE_S = 75


class SiteServer(ThreadingHTTPServer):
    """Serves one folder. It is bound when made, so a taken port is known at once; `listen` lets browsers in.

    With `isolated=False` it leaves out the headers that isolate the page, like a host that cannot send any.
    Raises SetUpError when the address or port cannot be had.
    """

    daemon_threads = True
    request_queue_size = 128
    # On Windows this option would let two servers share a port; elsewhere it only lets a port be used again at once.
    allow_reuse_address = os.name == "posix"

    def __init__(self, folder: Path, *, host: str, port: int, isolated: bool = True) -> None:
        headers = {**COMMON_HEADERS, **(ISOLATION_HEADERS if isolated else {})}
        handler = partial(SiteHandler, folder=folder, headers=headers)
        try:
            family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise SetUpError(f"--host {host!r} is no address ({reason}); try 127.0.0.1.") from error
        self.address_family = family
        super().__init__(address[:2], handler, bind_and_activate=False)  # type: ignore[arg-type]
        self.host, self.port = host, port
        try:
            self.server_bind()
        except OSError as error:
            self.server_close()
            raise self._unusable(error) from error

    def listen(self) -> None:
        """Begin to accept connections."""
        try:
            self.server_activate()
        except OSError as error:
            self.server_close()
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> SetUpError:
        reason = error.strerror or str(error)
        if error.errno == errno.EADDRNOTAVAIL:
            return SetUpError(f"--host {self.host!r} is no address of this machine ({reason}); try 127.0.0.1.")
        return SetUpError(f"Port {self.port} of {self.host} cannot be used: {reason}. Choose another with --port.")

    def server_bind(self) -> None:
        # HTTPServer would look the host's name up here, which can take many seconds.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.host, self.server_address[1]

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the page."""
        everywhere = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "[::1]"}
        host = everywhere.get(self.host, f"[{self.host}]" if ":" in self.host else self.host)
        return f"http://{host}:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A browser that goes away in the middle of a file is no error of ours.
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class SiteHandler(BaseHTTPRequestHandler):
    """GET and HEAD of files, with ETag and Last-Modified."""

    protocol_version = "HTTP/1.1"
    server_version = "Senmei"
    sys_version = ""
    timeout = IDLE_S
    disable_nagle_algorithm = True

    def __init__(self, *arguments: Any, folder: Path, headers: dict[str, str]) -> None:
        self.folder, self.own_headers = folder, headers
        super().__init__(*arguments)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def end_headers(self) -> None:
        for name, value in self.own_headers.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *arguments: Any) -> None:
        """Quiet: what a person must know is said elsewhere."""

    def _answer(self, *, with_body: bool) -> None:
        path = file_for(self.folder, urlsplit(self.path).path)
        if path is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        if path.is_dir():
            self._redirect(urlsplit(self.path).path + "/")
            return
        try:
            stream, encoding = open_for(path, self.headers.get("Accept-Encoding"))
        except OSError:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        with stream:
            status = os.fstat(stream.fileno())
            tag = f'"{status.st_mtime_ns:x}-{status.st_size:x}{f"-{encoding}" if encoding else ""}"'
            modified_s = int(status.st_mtime)
            unchanged = self._has(tag, modified_s)
            self.send_response(HTTPStatus.NOT_MODIFIED if unchanged else HTTPStatus.OK)
            self.send_header("ETag", tag)
            self.send_header("Last-Modified", email.utils.formatdate(modified_s, usegmt=True))
            self.send_header("Vary", "Accept-Encoding")
            if not unchanged:
                self.send_header("Content-Type", TYPES.get(path.suffix, OTHER_TYPE))
                if encoding:
                    self.send_header("Content-Encoding", encoding)
                self.send_header("Content-Length", str(status.st_size))
            self.end_headers()
            has_body = with_body and not unchanged and status.st_size > 0
            # What a file grows by while it is sent would be taken for the next answer; when it shrinks, the browser
            # must not wait for the rest.
            if has_body and self.connection.sendfile(stream, count=status.st_size) != status.st_size:
                self.close_connection = True

    def _has(self, tag: str, modified_s: int) -> bool:
        """Whether the browser's copy is still right; as HTTP has it, a date counts only where no tag is given."""
        tags = self.headers.get("If-None-Match")
        if tags is not None:
            return tags.strip() == "*" or tag in (one.strip().removeprefix("W/") for one in tags.split(","))
        since = self.headers.get("If-Modified-Since")
        if since is None:
            return False
        try:
            moment = email.utils.parsedate_to_datetime(since)
        except ValueError:
            return False
        return datetime.fromtimestamp(modified_s, UTC) <= (moment if moment.tzinfo else moment.replace(tzinfo=UTC))

    def _redirect(self, location: str) -> None:
        self.send_response(HTTPStatus.MOVED_PERMANENTLY)
        # Folders are found again under one leading slash: "//name/" would name another host.
        self.send_header("Location", "/" + quote(unquote(location).lstrip("/")))
        self.send_header("Content-Length", "0")
        self.end_headers()


def file_for(folder: Path, url_path: str) -> Path | None:
    """The file or folder inside `folder` that a URL's path means; None when there is none, or it lies outside."""
    start, *names = unquote(url_path).split("/")
    if start or not names:
        return None
    if names[-1] == "":
        names[-1] = "index.html"
    if any(name in ("", ".", "..") or any(sign in name for sign in "\\:\0") for name in names):
        return None
    path = folder.joinpath(*names)
    root = folder.resolve()
    whole = path.resolve()
    if not whole.exists() or not whole.is_relative_to(root):
        return None
    return whole
