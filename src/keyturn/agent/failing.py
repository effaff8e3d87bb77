"""What went wrong on the way to the server, as one word (ports.LinkDown.cause)."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

import httpx
from websockets.exceptions import InvalidProxy, ProxyError

from keyturn.agent.ports import LinkDown

#: X509_verify_cert's codes (openssl-verify(1))
_EXPIRED, _NOT_YET, _NAMES = 10, 9, {62, 64}


def link_down(error: BaseException) -> LinkDown:
    """An error of httpx, websockets, ssl or the socket, for an administrator."""
    chain = list(_chain(error))
    detail = next((text for text in (str(e) for e in chain) if text), type(error).__name__)
    return LinkDown(next((c for c in map(_cause, chain) if c), "closed"), detail[:300])


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what is behind it, the deepest first: it knows most."""
    if error is not None:
        yield from _chain(error.__cause__ or error.__context__)
        if isinstance(error, BaseExceptionGroup):
            for inner in error.exceptions:
                yield from _chain(inner)
        yield error


def _cause(error: BaseException) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return _certificate(error.verify_code)
        case ssl.SSLError():
            return "tls"
        case httpx.ProxyError() | ProxyError() | InvalidProxy():
            return "proxy"
        case socket.gaierror():
            return "name"
        case ConnectionRefusedError():
            return "refused"
        case httpx.TimeoutException() | TimeoutError():
            return "timeout"
        case _:
            return ""


def _certificate(code: int) -> str:
    if code in {_EXPIRED, _NOT_YET}:
        return "tls_expired"
    return "tls_name" if code in _NAMES else "tls_ca"
