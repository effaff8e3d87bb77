"""A door for delivery reports: stands for the server's own."""

from __future__ import annotations

import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from keyturn.adapters.sms.kannel import report


class Hook:
    """Keeps the calls it gets.

    Attributes:
        settled: set by the first report that tells a text's fate.
    """

    def __init__(self, status: HTTPStatus = HTTPStatus.NO_CONTENT) -> None:
        self.calls: list[dict[str, str]] = []
        self.settled = threading.Event()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                call = dict(parse_qsl(urlsplit(self.path).query))
                hook.calls.append(call)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                if report(call) is not None:
                    hook.settled.set()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks/sms"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
