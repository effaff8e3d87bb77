"""The demo's own push service: what reaches a phone where no browser's maker does.

    server   --POST, encrypted (RFC 8030, 8291), signed (RFC 8292)-->   this, on loopback, by TLS
    browser  --asks each second, while the app is open (push.js)----->   a page of the demo

An address holds all that is to be known of it: a name that the browser has drawn, and the key of
the one sender who may use it.  What it takes stays as it is encrypted: the browser opens it.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
import ssl
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from keyturn.demo.spool import append, lines
from keyturn.ports.system import Clock

HEAD_LIMIT, BODY_MAX = 16_384, 4096
DAY_S: Final = 86_400
PATH: Final = "/push/"
#: POST, a name of 128 bits, a sender's key: an uncompressed point
_POSTED = re.compile(r"POST /push/([\w-]{22})/([\w-]{87}) HTTP/1\.1", re.ASCII)
_SIGNED = re.compile(r"vapid t=([\w-]+\.[\w-]+)\.([\w-]{86}), k=([\w-]{87})", re.ASCII)


class Pushed:
    """What the service took, in the file at `path`: one process writes, all workers read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, name: str, body: bytes) -> None:
        """A message to whoever has drawn this name."""
        append(self._path, {"to": name, "body": _text(body)})

    def after(self, name: str, seen: int) -> list[str]:
        """The bodies for a name but the first `seen`, base64url."""
        return [line["body"] for line in lines(self._path) if line["to"] == name][seen:]


class PushService:
    """Listens on 127.0.0.1, under the name localhost.

    Args:
        clock: by which senders' signatures are judged.
        taken: hears the name in an address, and what came for it.
    """

    def __init__(
        self, context: ssl.SSLContext, clock: Clock, taken: Callable[[str, bytes], None]
    ) -> None:
        self.port = 0
        self._context = context
        self._clock = clock
        self._taken = taken
        self._server: asyncio.Server | None = None

    @property
    def origin(self) -> str:
        """What senders sign for."""
        return f"https://localhost:{self.port}"

    async def start(self) -> None:
        """Listen on a free port, told in `port`."""
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, limit=HEAD_LIMIT, ssl=self._context
        )
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One message a connection."""
        gone = (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError)
        with contextlib.suppress(*gone):
            status = await self._answer(reader)
            head = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Length: 0\r\n"
            writer.write(f"{head}Connection: close\r\n\r\n".encode())
            await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader) -> HTTPStatus:
        first, *rest = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = {
            name.lower(): value.strip() for name, _, value in (f.partition(":") for f in rest)
        }
        length, posted = fields.get("content-length", ""), _POSTED.fullmatch(first)
        if posted is None:
            return HTTPStatus.NOT_FOUND
        if not length.isdigit() or int(length) > BODY_MAX:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        body = await reader.readexactly(int(length))
        if "ttl" not in fields or fields.get("content-encoding") != "aes128gcm":
            return HTTPStatus.BAD_REQUEST
        sender = signer(fields.get("authorization", ""), self.origin, self._clock.now() // 1000)
        if sender is None:
            return HTTPStatus.UNAUTHORIZED
        if sender != posted[2]:
            return HTTPStatus.FORBIDDEN
        self._taken(posted[1], body)
        return HTTPStatus.CREATED


def signer(field: str, origin: str, now: int) -> str | None:
    """Whose signature an Authorization field holds (RFC 8292 §2, §3); None if nobody's who may.

    Args:
        origin: of the service.
        now: seconds.
    """
    found = _SIGNED.fullmatch(field)
    if found is None:
        return None
    signed, signature, key = found[1], _raw(found[2]), found[3]
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _raw(key))
        halves = (int.from_bytes(half) for half in (signature[:32], signature[32:]))
        public.verify(encode_dss_signature(*halves), signed.encode(), ec.ECDSA(SHA256()))
        said: dict[str, Any] = json.loads(_raw(signed.partition(".")[2]))
    except (ValueError, InvalidSignature):
        return None
    return key if said["aud"] == origin and now < said["exp"] <= now + DAY_S else None


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
