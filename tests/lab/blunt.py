"""A server that shakes hands and then says whatever it is told to, HTTP or not."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator

#: octets that are said at most; who takes them all has no bound
MOST = 16 * 1024 * 1024


@contextlib.contextmanager
def blunt(
    context: ssl.SSLContext, says: Callable[[], Iterable[bytes]], *, bare: bool = False
) -> Iterator[int]:
    """Its port on 127.0.0.1.

    Args:
        says: the parts of what it says once it heard a request.
        bare: they are written beneath TLS.
    """

    def speak(link: socket.socket) -> None:
        link.settimeout(10)
        with context.wrap_socket(link, server_side=True) as secure:
            _hear(secure)
            with socket.socket(fileno=os.dup(secure.fileno())) as beneath:
                said = 0
                for part in says():
                    (beneath if bare else secure).sendall(part)
                    said += len(part)
                    if said > MOST:
                        return

    def serve(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                link, _ = listener.accept()
                with contextlib.suppress(OSError):
                    speak(link)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1]


def _hear(line: ssl.SSLSocket) -> None:
    """A whole request: what is left unread when a line is closed takes the answer with it."""
    heard = b""
    while (more := line.recv(65536)) and not _is_whole(heard := heard + more):
        pass


def _is_whole(heard: bytes) -> bool:
    head, end, body = heard.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head.lower())
    return bool(end) and length is not None and len(body) >= int(length[1])
