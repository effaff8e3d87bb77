"""What no HTTP library would send, byte by byte, to a real `keyturn serve`.

Each is answered with a 4xx or the connection is closed; nothing is stored, nothing of the
program's inside is told or logged, and the next visitor is served.
"""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.figures import Figure
from tests.lab.commanded import Server, serving

WAIT_S = 10
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
#: HOST stands for the Host header that is ours
RAW: dict[str, bytes] = {
    "noise": b"\x00\xff\x00\xff" * 50 + b"\r\n\r\n",
    "TLS": bytes.fromhex("16030100c8010000c40303") + b"\0" * 190,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": b"GET /signin\r\n\r\n",
    "HTTP/3.0": b"GET /signin HTTP/3.0\r\nHOST\r\n",
    "no version": b"GET /signin HTTP\r\nHOST\r\n",
    "no Host": b"GET /signin HTTP/1.1\r\n\r\n",
    "HTTP/1.0 without Host": b"GET /signin HTTP/1.0\r\n\r\n",
    "an empty Host": b"GET /signin HTTP/1.1\r\nHost:\r\n\r\n",
    "two Hosts": b"GET /signin HTTP/1.1\r\nHost: evil.test\r\nHOST\r\n",
    "Host with NUL": b"GET /signin HTTP/1.1\r\nHost: localhost\0.evil.test\r\n\r\n",
    "another site's address": b"GET http://evil.test/signin HTTP/1.1\r\nHost: evil.test\r\n\r\n",
    "a length and chunks": b"POST /signin HTTP/1.1\r\nHOST" + FORM
    + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
    "two lengths": b"POST /signin HTTP/1.1\r\nHOST" + FORM
    + b"Content-Length: 4\r\nContent-Length: 40\r\n\r\na=bc",
    "a length below zero": b"POST /signin HTTP/1.1\r\nHOST" + FORM + b"Content-Length: -1\r\n\r\n",
    "a length with a plus": b"POST /signin HTTP/1.1\r\nHOST" + FORM
    + b"Content-Length: +4\r\n\r\na=bc",
    "a length beyond all": b"POST /signin HTTP/1.1\r\nHOST" + FORM
    + b"Content-Length: " + b"9" * 400 + b"\r\n\r\n",
    "a coding unheard of": b"POST /signin HTTP/1.1\r\nHOST" + FORM
    + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a chunk without size": b"POST /signin HTTP/1.1\r\nHOST" + FORM
    + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    "a chunk below zero": b"POST /signin HTTP/1.1\r\nHOST" + FORM
    + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nabcde\r\n0\r\n\r\n",
    "a chunk beyond all": b"POST /signin HTTP/1.1\r\nHOST" + FORM
    + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    "chunks of a megabyte": b"POST /signin HTTP/1.1\r\nHOST" + FORM
    + b"Transfer-Encoding: chunked\r\n\r\n" + (b"4000\r\n" + b"a" * 0x4000 + b"\r\n") * 64
    + b"0\r\n\r\n",
    "chunks of a form without its token": b"POST /signin HTTP/1.1\r\nHOST" + FORM
    + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(
        b"1\r\n%c\r\n" % c for c in b"identifier=a&password=b") + b"0\r\n\r\n",
    "a declared megabyte": b"POST /signin HTTP/1.1\r\nHOST" + FORM
    + b"Content-Length: 1000000\r\n\r\n" + b"a" * 1000,
    "may I send a megabyte": b"POST /signin HTTP/1.1\r\nHOST" + FORM
    + b"Expect: 100-continue\r\nContent-Length: 1000000\r\n\r\n",
    "a body that ends early": b"POST /signin HTTP/1.1\r\nHOST" + FORM
    + b"Content-Length: 50\r\n\r\na=b",
    "folded header": b"GET /signin HTTP/1.1\r\nHOSTX-A: b\r\n c: d\r\n\r\n",
    "space before a colon": b"GET /signin HTTP/1.1\r\nHOSTX-A : b\r\n\r\n",
    "NUL in a header": b"GET /signin HTTP/1.1\r\nHOSTCookie: a=\0b\r\n\r\n",
    "escape in a header": b"GET /signin HTTP/1.1\r\nHOSTUser-Agent: \x1b[2J\r\n\r\n",
    "bare line ends": b"GET /signin HTTP/1.1\nHost: evil.test\n\n",
    "a return within a header": b"GET /signin HTTP/1.1\r\nHOSTX-A: b\rX-B: c\r\n\r\n",
    "a cookie of 200 KB": b"GET /signin HTTP/1.1\r\nHOSTCookie: " + b"a" * 200_000 + b"\r\n\r\n",
    "5000 headers": b"GET /signin HTTP/1.1\r\nHOST" + b"X-A: b\r\n" * 5000 + b"\r\n",
    "a header that does not end": b"GET /signin HTTP/1.1\r\nHOSTX-A: " + b"a" * 3_000_000,
    "a header's name that does not end": b"GET /signin HTTP/1.1\r\nHOST" + b"X" * 3_000_000,
    "an address that does not end": b"GET /" + b"a" * 3_000_000,
    "headers that do not end": b"GET /signin HTTP/1.1\r\nHOST" + b"X-A: b\r\n" * 300_000,
    "an address of 200 KB": b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHOST\r\n",
    "raw bytes in an address": b"GET /\xff\xfe\xc0\xaf HTTP/1.1\r\nHOST\r\n",
    "NUL in an address": b"GET /signin\0 HTTP/1.1\r\nHOST\r\n",
    "space in an address": b"GET /signin x HTTP/1.1\r\nHOST\r\n",
    "up and up": b"GET /../../../../etc/passwd HTTP/1.1\r\nHOST\r\n",
    "up and up, encoded": b"GET /static/%2e%2e/%2e%2e/pyproject.toml HTTP/1.1\r\nHOST\r\n",
    "up and up, encoded twice": b"GET /static/%252e%252e/app.py HTTP/1.1\r\nHOST\r\n",
    "up by backslash": b"GET /static\\..\\..\\app.py HTTP/1.1\r\nHOST\r\n",
    "another machine's file": b"GET /static//etc/passwd HTTP/1.1\r\nHOST\r\n",
    "a percent alone": b"GET /% HTTP/1.1\r\nHOST\r\n",
    "the server itself": b"OPTIONS * HTTP/1.1\r\nHOST\r\n",
    "a tunnel": b"CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n",
    "an echo": b"TRACE /signin HTTP/1.1\r\nHOSTCookie: kt-mark=secret\r\n\r\n",
    "a method of small letters": b"get /signin HTTP/1.1\r\nHOST\r\n",
    "a method with NUL": b"G\0T /signin HTTP/1.1\r\nHOST\r\n",
    "a WebSocket": b"GET /nowhere HTTP/1.1\r\nHOSTConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    "a form in a GET": b"GET /nowhere HTTP/1.1\r\nHOST" + FORM + b"Content-Length: 3\r\n\r\na=b",
}  # fmt: skip
INSIDES = (b"Traceback", b'File "', b"uvicorn", b"httptools", b"kt-mark", b"root:x:", b"[project]")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own process, as an administrator starts it."""
    with serving(tmp_path_factory.mktemp("wire")) as started:
        started.listening()
        yield started


def rows(server: Server) -> dict[str, int]:
    """How many rows each table has."""
    file = next(Path(server.settings["KEYTURN_STORE__DATA_DIR"]).glob("*.db"))
    link = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        names = [n for (n,) in link.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        # the server notes facts about itself from time to time, and counts its trail
        told = [name for name in names if name not in {"facts", "tally_marks", "tallies"}]
        return {n: link.execute(f'SELECT count(*) FROM "{n}"').fetchone()[0] for n in told}
    finally:
        link.close()


def answered(server: Server, raw: bytes, *, half: bool = True) -> bytes:
    """Everything that comes back until the connection ends; b"" for nothing.

    Args:
        half: nothing more will be sent, and the server is told so; it then drops what still
            waits behind the request that it is answering.
    """
    host = server.origin.partition("//")[2]
    sent = raw.replace(b"HOST", f"Host: {host}\r\n".encode())
    name, _, port = host.partition(":")
    found = b""
    with socket.create_connection((name, int(port)), timeout=WAIT_S) as link:
        try:
            link.sendall(sent)
            if half:
                link.shutdown(socket.SHUT_WR)
            while piece := link.recv(65_536):
                found += piece
        except OSError:  # closed before we had said all
            pass
    return found


@pytest.mark.parametrize("name", RAW)
def test_it_is_refused_clearly_and_the_next_visitor_is_served(
    server: Server, name: str, figure: Figure
) -> None:
    before = rows(server)
    answer = answered(server, RAW[name])
    figure("wire: inputs tried", 1)
    figure("wire: 500s", int(answer.startswith(b"HTTP/1.1 5")))
    status = answer[9:12]
    assert answer == b"" or (answer.startswith(b"HTTP/1.1 ") and status[:1] == b"4"), answer[:300]
    assert not any(inside in answer for inside in INSIDES), answer[:300]
    assert httpx.get(server.origin + "/healthz").status_code == 200
    assert rows(server) == before
    assert not any("Traceback" in line or "fault" in line for line in server.said)


def test_a_head_of_a_browser_with_many_cookies_is_taken(server: Server) -> None:
    cookies = b"Cookie: " + b"; ".join(b"name%d=%s" % (n, b"v" * 200) for n in range(150))
    raw = b"GET /signin HTTP/1.1\r\nHOST" + cookies + b"\r\nConnection: close\r\n\r\n"
    # it goes on listening, as browsers do: who says that nothing more comes may be left at once
    assert answered(server, raw, half=False).startswith(b"HTTP/1.1 200")


def test_a_head_is_measured_anew_for_each_request_of_a_connection(server: Server) -> None:
    one = b"GET /robots.txt HTTP/1.1\r\nHOSTX-A: " + b"a" * 40_000 + b"\r\n"
    raw = (one + b"\r\n") * 2 + one + b"Connection: close\r\n\r\n"
    assert answered(server, raw, half=False).count(b"HTTP/1.1 200") == 3


def test_two_requests_on_one_connection_have_two_answers_in_order(server: Server) -> None:
    both = b"GET /robots.txt HTTP/1.1\r\nHOST\r\nGET /nowhere HTTP/1.1\r\nHOST\r\n"
    answer = answered(server, both)
    assert answer.count(b"HTTP/1.1 ") == 2
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"HTTP/1.1 404" in answer
