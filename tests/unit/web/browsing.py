"""Browsers for tests: real requests to the real gate, without a socket in between.

    web = open_web(house)
    ada = web.browser()
    ada.get("/signin")
    page = ada.post("/signin", identifier=EMAIL, password=PASSWORD)
    assert page.location == "/account"

A browser keeps its cookies, sends the form token of the page it is on, and names its
origin with every form, as browsers do.  `request` sends whatever it is told to.
"""

from __future__ import annotations

import asyncio
import html
import ipaddress
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import jinja2

from keyturn.couriers import text_reports
from keyturn.web import rooms
from keyturn.web.app import Gate
from keyturn.web.rendering import environment
from keyturn.web.site import Site
from tests.unit.flows.house import House

ORIGIN = "https://id.test"
FORM = "application/x-www-form-urlencoded"
Headers = Sequence[tuple[str, str]]


@lru_cache(maxsize=1)
def pages() -> jinja2.Environment:
    """The templates, read once for all tests."""
    return environment("test")


@dataclass(frozen=True, slots=True)
class Page:
    """What came back."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        """Every header of this name."""
        return [value for key, value in self.headers if key == name]

    def header(self, name: str) -> str | None:
        """The header, which must not come twice."""
        found = self.all(name)
        assert len(found) < 2, (name, found)
        return found[0] if found else None

    @property
    def location(self) -> str | None:
        """Where a redirect leads."""
        return self.header("location")

    @property
    def html(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def text(self) -> str:
        """What a person reads: without mark-up, spaces run together."""
        body = self.html.partition("<main")[2].partition("</main>")[0]
        return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())

    @property
    def heading(self) -> str:
        """The one sentence that says how things stand (the next one waits, hidden)."""
        shown = re.sub(r"<div data-over hidden>.*?</div>", "", self.html, flags=re.DOTALL)
        found = re.findall(r"<h1[^>]*>(.*?)</h1>", shown, re.DOTALL)
        assert len(found) == 1, found
        return " ".join(html.unescape(re.sub(r"<[^>]*>", "", found[0])).split())

    @property
    def problem(self) -> dict[str, Any]:
        """The problem document (RFC 9457), which must be one."""
        assert self.header("content-type") == "application/problem+json", self.headers
        found = json.loads(self.body)
        assert found["type"] == f"urn:keyturn:problem:{found['code']}"
        assert found["status"] == self.status
        assert isinstance(found["title"], str)
        return dict(found)

    @property
    def cookies(self) -> Iterator[tuple[str, str, set[str]]]:
        """Name, value and attributes of each cookie that was set."""
        for line in self.all("set-cookie"):
            first, *attributes = line.split("; ")
            name, _, value = first.partition("=")
            yield name, value, set(attributes)


@dataclass(slots=True)
class Web:
    """The doors of a house."""

    house: House
    site: Site
    gate: Gate

    def browser(self, **settings: Any) -> WebBrowser:
        """A browser in a network of its own that nobody knows."""
        return WebBrowser(self, **{"ip": self.house.browser().ip, **settings})

    def request(
        self,
        method: str,
        path: str,
        *,
        query: bytes = b"",
        headers: Headers = (),
        body: bytes = b"",
        pieces: Sequence[bytes] = (),
        ip: str = "198.51.100.7",
    ) -> Page:
        """One request, exactly as given; a Host header is added if there is none.

        Args:
            pieces: the body as it comes in, instead of `body`.
        """
        chunks = list(pieces) or [body[i : i + 32_768] for i in range(0, len(body), 32_768)]
        return asyncio.run(self._request(method, path, query, headers, chunks or [b""], ip))

    async def _request(
        self, method: str, path: str, query: bytes, headers: Headers, chunks: list[bytes], ip: str
    ) -> Page:
        raw = [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers]
        if not any(key == b"host" for key, _ in raw):
            raw.append((b"host", ORIGIN.partition("//")[2].encode()))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query,
            "root_path": "",
            "headers": raw,
            "client": (ip, 50000),
            "server": ("127.0.0.1", 8080),
        }
        return await _answered(self.gate, scope, chunks)


async def _answered(gate: Gate, scope: Mapping[str, Any], chunks: list[bytes]) -> Page:
    sent: list[Mapping[str, Any]] = []
    waiting = list(chunks)

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()  # the browser stays until it has its answer
        chunk = waiting.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    await gate(dict(scope), receive, send)
    start, *rest = sent
    headers = [(k.decode("latin-1").lower(), v.decode("latin-1")) for k, v in start["headers"]]
    return Page(start["status"], headers, b"".join(m.get("body", b"") for m in rest))


@dataclass(slots=True)
class WebBrowser:
    """See the module's text.

    Attributes:
        page: the page it is on.
        reads: what it says of languages; "" for nothing.
    """

    web: Web
    ip: str
    base: str = ""
    jar: dict[str, str] = field(default_factory=dict)
    page: Page = field(default_factory=lambda: Page(0, (), b""))
    agent: str = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"
    reads: str = ""

    def get(self, path: str, query: str = "") -> Page:
        """Open an address; its query may stand in it."""
        path, _, asked = path.partition("?")
        return self._go("GET", path, (query or asked).encode(), b"", ())

    def post(self, path: str, *, origin: str | None = ORIGIN, **fields: str) -> Page:
        """Send a form of the page it is on; `csrf` overrides that page's token."""
        form = {"csrf": self.token, **fields}
        headers = [("content-type", FORM)]
        if origin is not None:
            headers.append(("origin", origin))
        return self._go("POST", path, b"", urlencode(form).encode(), headers)

    def follow(self) -> Page:
        """Go where the last answer leads, to its end."""
        for _ in range(5):
            if self.page.status != 303:
                return self.page
            location = self.page.location or ""
            assert re.match(r"/(?!/)", location), location
            self.get(location.removeprefix(self.base))
        raise AssertionError(self.page.location)

    @property
    def token(self) -> str:
        """The form token of the page it is on."""
        found = re.search(r'name="csrf" value="([^"]*)"', self.page.html)
        return found[1] if found else ""

    def cookie(self, kind: str) -> str | None:
        """The value of one of our cookies."""
        return next((v for k, v in self.jar.items() if f"kt-{kind}-" in k), None)

    def _go(self, method: str, path: str, query: bytes, body: bytes, headers: Headers) -> Page:
        sent = [
            ("accept", "text/html,application/xhtml+xml"),
            ("user-agent", self.agent),
            ("cookie", "; ".join(f"{k}={v}" for k, v in self.jar.items())),
            *([("accept-language", self.reads)] if self.reads else []),
            *headers,
        ]
        page = self.web.request(
            method, self.base + path, query=query, headers=sent, body=body, ip=self.ip
        )
        for name, value, attributes in page.cookies:
            if "Max-Age=0" in attributes:
                self.jar.pop(name, None)
            else:
                self.jar[name] = value
        # a page without a form leaves the one behind it open, as another tab would
        if page.status != 303 or not self.page.body:
            self.page = page
        else:
            self.page = Page(page.status, page.headers, self.page.body)
        return page


def open_web(house: House, *, origin: str = ORIGIN, trusted: Sequence[str] = ()) -> Web:
    """The doors of `house`, as the wiring puts them together."""
    site = Site(
        parts=house.parts,
        origin=origin,
        trusted=[ipaddress.ip_network(network) for network in trusted],
        pages=pages(),
        report=text_reports(house.parts),
    )
    return Web(house=house, site=site, gate=Gate(site, rooms.routes(site)))
