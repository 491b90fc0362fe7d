"""A server of the site that keeps a record of what it sent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from sitebuild.server import SiteHandler, SiteServer


@dataclass(frozen=True)
class Sent:
    """One answer: its path without the slash, its status, and of its body the length and the Content-Encoding."""

    path: str
    status: int
    body_bytes: int
    encoding: str | None


class LoggedServer(SiteServer):
    """Serves as serve.py does; `sent` has every answer in the order of their headers."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, host="127.0.0.1", port=0)
        self.sent: list[Sent] = []
        assert isinstance(self.RequestHandlerClass, partial)
        self.RequestHandlerClass = partial(_LoggedHandler, **self.RequestHandlerClass.keywords)

    def bodies(self) -> list[Sent]:
        """The answers that carried a file."""
        return [sent for sent in self.sent if sent.status == HTTPStatus.OK]


class _LoggedHandler(SiteHandler):
    server: LoggedServer

    def send_response(self, code: int, message: str | None = None) -> None:
        self._status = code
        self._headers: dict[str, str] = {}
        super().send_response(code, message)

    def send_header(self, keyword: str, value: str) -> None:
        self._headers[keyword] = value
        super().send_header(keyword, value)

    def end_headers(self) -> None:
        length = int(self._headers.get("Content-Length", 0)) if self._status == HTTPStatus.OK else 0
        encoding = self._headers.get("Content-Encoding")
        self.server.sent.append(Sent(self.path.split("?")[0].lstrip("/"), self._status, length, encoding))
        super().end_headers()

    def log_message(self, *arguments: Any) -> None:
        """The record is elsewhere."""
