"""The door by which other devices of a network reach a demo: at one address, nowhere else.

    https://ADDRESS:tls     the demo, as it listens on loopback, by TLS
    http://ADDRESS:plain    one page: how to trust the authority of that TLS; and its certificate

What is passed on is not looked at, so everybody from the network is "127.0.0.1" to the demo.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from string import Template
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding

from keyturn.demo.vouching import LIFE, Papers
from keyturn.rules import languages

HEAD_LIMIT, PIECE = 16_384, 65_536
#: the longest that one connection lasts; browsers open another by themselves
PATIENCE_S: Final = 600
#: whoever asks at the plain door does so at once
HEAD_S: Final = 10
#: name of the file that a phone is given
CERTIFICATE: Final = "/keyturn-demo.crt"
_ASKED: Final = re.compile(r"GET (/[\w.-]*)(?:\?\S*)? HTTP/1\.[01]", re.ASCII)
_READS: Final = re.compile(r"^accept-language:([^\r\n]*)", re.ASCII | re.IGNORECASE | re.MULTILINE)
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
Answer = tuple[str, str, bytes]


@dataclass(frozen=True, slots=True)
class Plan:
    """Where what listens.

    Attributes:
        address: of this machine, in its network.
        tls, plain: ports there; behind: the demo's, on 127.0.0.1.
        papers: what is shown, and what is handed out.
    """

    address: str
    tls: int
    plain: int
    behind: int
    papers: Papers

    @property
    def origin(self) -> str:
        """What browsers call the demo."""
        return f"https://{self.address}:{self.tls}"

    @property
    def trust(self) -> str:
        """Where a phone begins."""
        return f"http://{self.address}:{self.plain}"


class Front:
    """Both doors of a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._answers = _answers(plan)
        self._doors: list[asyncio.Server] = []
        self._links: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Listen. Raises OSError if a port is taken."""
        plan, shown = self._plan, ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        shown.load_cert_chain(plan.papers.certificate, plan.papers.key)
        self._doors = [
            await asyncio.start_server(self._pass_on, plan.address, plan.tls, ssl=shown),
            await asyncio.start_server(self._tell, plan.address, plan.plain, limit=HEAD_LIMIT),
        ]

    async def stop(self) -> None:
        """Listen no more, and hang up."""
        for one in self._doors:
            one.close()
        for link in tuple(self._links):
            link.transport.abort()
        await asyncio.sleep(0.01)  # those who hung up are heard before the loop ends

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, byte by byte both ways."""
        with self._kept(writer), contextlib.suppress(OSError):
            there, back = await asyncio.open_connection("127.0.0.1", self._plan.behind)
            with self._kept(back):
                done, going = await asyncio.wait(
                    {asyncio.create_task(_flow(reader, back)),
                     asyncio.create_task(_flow(there, writer))},
                    timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED,
                )  # fmt: skip
                for task in going:
                    task.cancel()
                await asyncio.gather(*done, *going, return_exceptions=True)

    async def _tell(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One GET a connection."""
        gone = (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError)
        with self._kept(writer), contextlib.suppress(*gone):
            async with asyncio.timeout(HEAD_S):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            asked, reads = _ASKED.match(head), _READS.search(head)
            language = languages.wanted(reads[1] if reads else None) or languages.ENGLISH
            status, kind, body = self._answers.get(
                (asked[1] if asked else "", language),
                ("404 Not Found", "text/plain", b"Nothing is here.\n"),
            )
            fields = (
                f"Content-Type: {kind}", f"Content-Length: {len(body)}", "Connection: close",
                "Cache-Control: no-store", f"Content-Security-Policy: {_POLICY}",
                "X-Content-Type-Options: nosniff", "Vary: Accept-Language",
            )  # fmt: skip
            writer.write("\r\n".join((f"HTTP/1.1 {status}", *fields, "", "")).encode() + body)
            await writer.drain()

    @contextlib.contextmanager
    def _kept(self, link: asyncio.StreamWriter) -> Iterator[None]:
        """It is hung up on at the end, whoever ends it."""
        self._links.add(link)
        try:
            yield
        finally:
            self._links.discard(link)
            link.close()


async def _flow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until either side has gone."""
    with contextlib.suppress(OSError):
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()


def _answers(plan: Plan) -> Mapping[tuple[str, str], Answer]:
    """What is told at the plain door, by path and language."""
    handed = "200 OK", "application/x-x509-ca-cert", plan.papers.shown().public_bytes(Encoding.DER)
    pages = {one: page(plan, one).encode() for one in languages.LANGUAGES}
    return {
        **{("/", one): ("200 OK", "text/html; charset=utf-8", it) for one, it in pages.items()},
        **{(CERTIFICATE, one): handed for one in pages},
    }


def page(plan: Plan, language: str) -> str:
    """How to trust the authority, in one of the languages: the words of trust.LANGUAGE.html, whose
    first line is the title, in trust.html.
    """
    whole, words = (_template(name) for name in ("trust.html", f"trust.{language}.html"))
    told = words.substitute(
        origin=plan.origin, address=plan.address, certificate=CERTIFICATE,
        fingerprint="<br>".join(plan.papers.fingerprint), days=LIFE.days,
        name=plan.papers.shown().subject.rfc4514_string().removeprefix("CN=").replace("\\", ""),
    )  # fmt: skip
    title, _, body = told.partition("\n")
    return whole.substitute(language=language, title=title, body=body)


def _template(name: str) -> Template:
    return Template(files("keyturn.demo").joinpath(name).read_text("utf-8"))
