"""A push service on loopback: RFC 8030 over HTTPS, its sender checked as RFC 8292 has it.

What it keeps and hands on is the memory twin's; what its browsers get is opened by the second
opinion on encryption.
"""

from __future__ import annotations

import ssl
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.exceptions import InvalidSignature

from keyturn.adapters.memory_push import MemoryPushService
from keyturn.adapters.memory_secrets import MemoryClock
from keyturn.rules.pushing import Push, Urgency
from tests.unit.adapters.push import rfc8188
from tests.unit.adapters.push.tokens import claims

DAY_S = 86_400
#: octets of an endless answer that a client might take before the test must fail
FLOOD = 64 * 1024 * 1024


class PushSide:
    """Listens on 127.0.0.1 under the name localhost.

    Attributes:
        service: the subscriptions; `clock`: the service's.
        posts: the path of every request that came.
        wrongs: what was wrong with requests, in the service's words.
        flooded: octets of endless answers that were taken.
    """

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self.clock = MemoryClock()
        self.posts: list[str] = []
        self.wrongs: list[str] = []
        self.flooded = 0
        self.ended = threading.Event()

        class Handler(_Handler):
            side = self

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if context is not None:
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = self._server.server_port
        self.origin = f"https://localhost:{self.port}"
        self.service = MemoryPushService(self.clock, f"{self.origin}/wpush/v2/", rfc8188.opened)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def sender(self, field: str) -> str:
        """Whose message it is. Raises ValueError, InvalidSignature."""
        key, said = claims(field)
        now = self.clock.now() // 1000
        if said["aud"] != self.origin:
            raise ValueError(said["aud"])
        if not isinstance(said["exp"], int) or not now < said["exp"] <= now + DAY_S:
            raise ValueError(said["exp"])
        if not str(said["sub"]).startswith(("mailto:", "https://")):
            raise ValueError(said["sub"])
        return key


class _Handler(BaseHTTPRequestHandler):
    side: PushSide
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.side.posts.append(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        browser = self.side.service.browsers.get(f"{self.side.origin}{self.path}")
        if browser is not None and browser.status in {"lost", "mute"}:
            self.side.ended.wait(20 if browser.status == "mute" else 0)
            self.close_connection = True
            return
        if browser is not None and browser.status == "endless":
            self._flood()
            return
        self._answer(*self._judged(body))

    def _judged(self, body: bytes) -> tuple[int, str]:
        """Status and Retry-After."""
        try:
            about = Push(
                b"",
                int(self.headers["TTL"]),
                Urgency(self.headers["Urgency"]),
                self.headers["Topic"],
            )
            if self.headers["Content-Encoding"] != "aes128gcm":
                raise ValueError(self.headers["Content-Encoding"])  # noqa: TRY301  told below
        except (TypeError, ValueError) as error:
            self.side.wrongs.append(repr(error))
            return 400, ""
        try:
            key = self.side.sender(self.headers["Authorization"])
        except (KeyError, ValueError, InvalidSignature) as error:
            self.side.wrongs.append(repr(error))
            return 401, ""
        status, retry_after = self.side.service.take(
            f"{self.side.origin}{self.path}", key, body, about
        )
        return int(status), retry_after

    def _answer(self, status: int, retry_after: str) -> None:
        words = b'{"message": "as told"}'
        self.send_response(status)
        if retry_after:
            self.send_header("Retry-After", retry_after)
        if status == 201:
            self.send_header("Location", f"{self.side.origin}/m/1")
        if status // 100 == 3:
            self.send_header("Location", f"{self.side.origin}/elsewhere")
        self.send_header("Content-Length", str(len(words)))
        self.end_headers()
        self.wfile.write(words)

    def _flood(self) -> None:
        """An answer without end."""
        self.send_response(503)
        self.end_headers()
        self.close_connection = True
        with suppress(OSError):
            while self.side.flooded < FLOOD:
                self.wfile.write(b"x" * 4096)
                self.side.flooded += 4096

    def log_message(self, *_: object) -> None:
        """Say nothing."""
