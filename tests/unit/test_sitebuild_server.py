"""The static server, over real sockets."""

import http.client
import os
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


@pytest.fixture
def copied(folder: Path) -> Path:
    """A file with both copies, whose bytes tell them apart."""
    path = folder / "file.wasm"
    for suffix in (".br", ".gz"):
        write_copy(path, suffix)
    return path


def write_copy(path: Path, suffix: str) -> None:
    copy = path.with_name(path.name + suffix)
    copy.write_bytes(f"as {suffix}".encode())
    os.utime(copy, ns=(0, path.stat().st_mtime_ns))


PLAIN, BR, GZIP = b"wasm" * 10, b"as .br", b"as .gz"


@pytest.mark.parametrize(
    ("accepts", "body", "encoding"),
    [
        (None, PLAIN, None),
        ("", PLAIN, None),
        ("gzip, deflate, br, zstd", BR, "br"),
        ("gzip, deflate", GZIP, "gzip"),
        ("GZIP", GZIP, "gzip"),
        ("x-gzip", GZIP, "gzip"),
        ("deflate, zstd", PLAIN, None),
        ("*", BR, "br"),
        ("br;q=0, *", GZIP, "gzip"),
        ("br ; q=0.2 , gzip;q=0.8", GZIP, "gzip"),
        ("br;q=0.5, identity", PLAIN, None),
        ("br, identity", BR, "br"),
        ("identity;q=0.5, *;q=0", PLAIN, None),
        ("br;q=0,gzip;q=0.000", PLAIN, None),
        ("br;q=much", PLAIN, None),
        (",;,br;", BR, "br"),
    ],
)
def test_a_browser_gets_the_copy_it_prefers(
    connection: http.client.HTTPConnection, copied: Path, accepts: str | None, body: bytes, encoding: str | None
) -> None:
    asked = {} if accepts is None else {"Accept_Encoding": accepts}
    answer, got = ask(connection, "/file.wasm", **asked)
    assert (answer.status, got, answer.headers["Content-Encoding"]) == (200, body, encoding)
    assert answer.headers["Content-Length"] == str(len(body))
    assert answer.headers["Vary"] == "Accept-Encoding"
    # With any other type, browsers would not compile while it arrives.
    assert answer.headers["Content-Type"] == "application/wasm"
    head, _ = ask(connection, "/file.wasm", method="HEAD", **asked)
    del head.headers["Date"], answer.headers["Date"]
    assert head.headers.items() == answer.headers.items()


def test_each_encoding_has_a_tag_of_its_own(connection: http.client.HTTPConnection, copied: Path) -> None:
    tags = {
        accepts: ask(connection, "/file.wasm", Accept_Encoding=accepts)[0].headers["ETag"]
        for accepts in ("identity", "gzip", "br")
    }
    assert len(set(tags.values())) == 3
    for accepts, tag in tags.items():
        again, body = ask(connection, "/file.wasm", Accept_Encoding=accepts, If_None_Match=tag)
        assert (again.status, body, again.headers["Vary"]) == (304, b"", "Accept-Encoding")
        assert again.headers["ETag"] == tag
        others = ", ".join(other for other in tags.values() if other != tag)
        assert ask(connection, "/file.wasm", Accept_Encoding=accepts, If_None_Match=others)[0].status == 200


def test_a_copy_that_is_not_of_these_bytes_is_left_alone(connection: http.client.HTTPConnection, copied: Path) -> None:
    def served() -> bytes:
        return ask(connection, "/file.wasm", Accept_Encoding="gzip, br")[1]

    assert served() == BR
    with (copied.with_name("file.wasm.br")).open("ab") as damaged:
        damaged.write(b"!")
    assert served() == GZIP
    copied.with_name("file.wasm.gz").unlink()
    assert served() == PLAIN
    write_copy(copied, ".br")
    assert served() == BR
    copied.write_bytes(b"another build")
    assert served() == b"another build"
    write_copy(copied, ".br")
    copied.with_name("file.wasm.br").rename(copied.with_name("kept"))
    copied.with_name("file.wasm.br").symlink_to(copied.parent.parent / "secret.txt")
    assert served() == b"another build"


def test_a_file_that_grows_while_it_is_sent_keeps_its_length(
    connection: http.client.HTTPConnection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = os.fstat

    def told_and_grown(file: int) -> os.stat_result:
        status = told(file)
        with (folder / "file.wasm").open("ab") as growing:
            growing.write(b"!")
        return status

    monkeypatch.setattr("sitebuild.server.os.fstat", told_and_grown)
    assert ask(connection, "/file.wasm")[1] == PLAIN
    assert ask(connection, "/file.wasm")[1].rstrip(b"!") == PLAIN


def test_a_copy_asked_for_by_its_name_is_a_file_like_any(connection: http.client.HTTPConnection, copied: Path) -> None:
    answer, body = ask(connection, "/file.wasm.br", Accept_Encoding="br")
    assert (body, answer.headers["Content-Encoding"]) == (BR, None)
    assert answer.headers["Content-Type"] == "application/octet-stream"


def test_a_part_asked_for_is_answered_with_the_whole(connection: http.client.HTTPConnection, copied: Path) -> None:
    """As HTTP lets a server that knows no parts; a part of a copy would be taken for a part of the file."""
    for accepts in ("identity", "br"):
        answer, body = ask(connection, "/file.wasm", Accept_Encoding=accepts, Range="bytes=2-3")
        assert (answer.status, body) == (200, PLAIN if accepts == "identity" else BR)
        assert answer.headers["Content-Range"] is None and answer.headers["Accept-Ranges"] is None


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
