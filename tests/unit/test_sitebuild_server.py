"""The static server, over real sockets."""

import http.client
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sitebuild.errors import SetUpError
from sitebuild.server import SiteServer, file_for
from unit.sitebuild_fixtures import serving

SECRET = b"not for the web"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    site = tmp_path / "site"
    (site / "sub").mkdir(parents=True)
    (site / "index.html").write_bytes(b"<!doctype html><title>top</title>")
    (site / "sub" / "index.html").write_bytes(b"<!doctype html><title>sub</title>")
    (site / "sub" / "a b+é.js").write_bytes(b"export {};")
    (site / "bare").mkdir()
    for suffix in ("mjs", "js", "wasm", "onnx", "whl", "json", "webmanifest", "css", "strange"):
        (site / f"file.{suffix}").write_bytes(suffix.encode() * 10)
    (tmp_path / "secret.txt").write_bytes(SECRET)
    (site / "link.txt").symlink_to(tmp_path / "secret.txt")
    return site


@pytest.fixture
def connection(folder: Path) -> Iterator[http.client.HTTPConnection]:
    with serving(folder) as server:
        client = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        yield client
        client.close()


def ask(
    client: http.client.HTTPConnection, path: str, *, method: str = "GET", **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    client.putrequest(method, path, skip_accept_encoding=True)
    for name, value in headers.items():
        client.putheader(name.replace("_", "-"), value)
    client.endheaders()
    answer = client.getresponse()
    return answer, answer.read()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("file.mjs", "text/javascript; charset=utf-8"),
        ("file.js", "text/javascript; charset=utf-8"),
        ("file.css", "text/css; charset=utf-8"),
        ("file.wasm", "application/wasm"),
        ("file.onnx", "application/octet-stream"),
        ("file.whl", "application/zip"),
        ("file.json", "application/json"),
        ("file.webmanifest", "application/manifest+json"),
        ("file.strange", "application/octet-stream"),
    ],
)
def test_types_and_isolation(connection: http.client.HTTPConnection, folder: Path, name: str, kind: str) -> None:
    answer, body = ask(connection, f"/{name}")
    assert answer.status == 200
    assert body == (folder / name).read_bytes()
    assert answer.headers["Content-Type"] == kind
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-cache"


def test_isolation_can_be_left_out(folder: Path) -> None:
    with serving(folder, isolated=False) as server:
        client = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        answer, _ = ask(client, "/index.html")
        client.close()
    assert answer.status == 200
    assert not [name for name in answer.headers if name.lower().startswith("cross-origin")]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_one_connection_serves_many_answers(connection: http.client.HTTPConnection) -> None:
    ask(connection, "/index.html")
    first = connection.sock
    assert first is not None
    for path in ("/file.js", "/sub", "/file.wasm"):
        ask(connection, path)
    ask(connection, "/file.js", method="HEAD")
    assert connection.sock is first


def test_head_has_the_length_and_no_body(connection: http.client.HTTPConnection, folder: Path) -> None:
    answer, body = ask(connection, "/file.wasm", method="HEAD")
    assert (answer.status, body) == (200, b"")
    assert answer.headers["Content-Length"] == str((folder / "file.wasm").stat().st_size)


def test_folders_show_their_index_or_nothing(connection: http.client.HTTPConnection) -> None:
    assert b"top" in ask(connection, "/")[1]
    assert b"sub" in ask(connection, "/sub/?query=1#part")[1]
    answer, _ = ask(connection, "/sub?query")
    assert (answer.status, answer.headers["Location"]) == (301, "/sub/")
    assert ask(connection, "/bare/")[0].status == 404


def test_names_with_signs_are_found(connection: http.client.HTTPConnection) -> None:
    assert ask(connection, "/sub/a%20b+%C3%A9.js")[1] == b"export {};"


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/sub/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/sub/%2e%2e%2f%2e%2e%2fsecret.txt",
        "/..%5csecret.txt",
        "//secret.txt",
        "/./index.html",
        "/sub//index.html",
        "/file.js%00.html",
        "/C:/secret.txt",
        "/link.txt",
        "/index.html/",
        "/nowhere",
        "*",
    ],
)
def test_nothing_outside_the_folder(connection: http.client.HTTPConnection, path: str) -> None:
    answer, body = ask(connection, path)
    assert answer.status == 404
    assert SECRET not in body


def test_absolute_names_do_not_escape(folder: Path) -> None:
    assert file_for(folder, "/" + str(folder.parent / "secret.txt")) is None
    assert file_for(folder, "/index.html") == (folder / "index.html").resolve()


def test_revalidation(connection: http.client.HTTPConnection, folder: Path) -> None:
    answer, _ = ask(connection, "/file.js")
    tag, modified = answer.headers["ETag"], answer.headers["Last-Modified"]
    for headers in (
        {"If_None_Match": tag},
        {"If_None_Match": f'"other", W/{tag}'},
        {"If_None_Match": "*"},
        {"If_Modified_Since": modified},
    ):
        again, body = ask(connection, "/file.js", **headers)
        assert (again.status, body) == (304, b""), headers
        assert again.headers["ETag"] == tag
        assert again.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    for headers in (
        {"If_None_Match": '"other"'},
        {"If_None_Match": '"other"', "If_Modified_Since": modified},
        {"If_Modified_Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"If_Modified_Since": "yesterday"},
    ):
        assert ask(connection, "/file.js", **headers)[0].status == 200, headers
    (folder / "file.js").write_bytes(b"changed")
    changed, body = ask(connection, "/file.js", If_None_Match=tag)
    assert (changed.status, body) == (200, b"changed")


def test_other_methods_are_refused(connection: http.client.HTTPConnection) -> None:
    assert ask(connection, "/index.html", method="DELETE")[0].status == 501


def test_a_browser_that_goes_away_makes_no_noise(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "big.wasm").write_bytes(bytes(30_000_000))
    with serving(folder) as server:
        with socket.create_connection(("127.0.0.1", server.server_port)) as client:
            # Closing with unread data in the buffer makes the system send a reset.
            client.sendall(b"GET /big.wasm HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(1000)
        time.sleep(0.3)
    told = capfd.readouterr()
    assert (told.out, told.err) == ("", "")


def test_ipv6(folder: Path) -> None:
    try:
        server = SiteServer(folder, host="::1", port=0)
    except SetUpError:
        pytest.skip("this machine has no IPv6")
    with server:
        assert server.url == f"http://[::1]:{server.server_port}/"


def test_a_taken_port_is_a_sentence(folder: Path) -> None:
    with serving(folder) as server, pytest.raises(SetUpError, match=r"^Port \d+ of 127\.0\.0\.1 .*in use.*--port\.$"):
        SiteServer(folder, host="127.0.0.1", port=server.server_port)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.1", "a" * 70 + ".invalid"])
def test_a_strange_host_is_a_sentence(folder: Path, host: str) -> None:
    with pytest.raises(SetUpError, match=r"--host .* is no address"):
        SiteServer(folder, host=host, port=0)
