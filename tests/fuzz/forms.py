"""The forms that pages show, read from the pages themselves.

    for form in crawl(stage, web):
        form.action, form.method, form.fields

A form that is added to a page tomorrow is found tomorrow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from urllib.parse import urlencode, urlsplit

from starlette.routing import BaseRoute, Route

from keyturn.web import rooms
from keyturn.web.cookies import Jar
from keyturn.web.door import Door
from tests.fuzz.stage import SCENES, Scene, Stage
from tests.unit.web.browsing import FORM, ORIGIN, Page, Web

_SENT = {"input", "textarea", "select", "button"}


@dataclass(frozen=True, slots=True)
class Form:
    """One form: where it is sent to, how, its fields with what they hold, and where Ada
    stood when her page showed it.
    """

    action: str
    method: str
    fields: Mapping[str, str]
    scene: Scene = SCENES[0]

    def __str__(self) -> str:
        return f"{self.method} {self.action} {sorted(self.fields)}"


@dataclass
class _Reader(HTMLParser):
    """Collects forms and links."""

    forms: list[Form] = field(default_factory=list)
    links: set[str] = field(default_factory=set)
    _open: tuple[str, str, dict[str, str]] | None = None

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See html.parser."""
        named = {name: value or "" for name, value in attrs}
        if tag == "a" and named.get("href", "").startswith("/"):
            self.links.add(named["href"])
        elif tag == "form":
            action, method = named.get("action", ""), named.get("method", "get").upper()
            self._open = (action, method, {})
        elif tag in _SENT and self._open is not None and named.get("name"):
            self._open[2].setdefault(named["name"], named.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        """See html.parser."""
        if tag == "form" and self._open is not None:
            self.forms.append(Form(*self._open))
            self._open = None


class Post:
    """Sends what forms send, with the cookies of the person on the stage."""

    def __init__(self, stage: Stage, web: Web) -> None:
        jar = Jar(stage.house.tenant.slug, secure=True)
        cookies = {jar.name("browser"): stage.browser, jar.name("session"): stage.session}
        self._web = web
        self.cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        self.csrf = stage.house.sealer.digest("csrf", stage.browser)

    def get(self, path: str, query: bytes = b"", *more: tuple[str, str]) -> Page:
        """Open an address."""
        headers = [("cookie", self.cookie), *more]
        return self._web.request("GET", path, query=query, headers=headers)

    def send(
        self,
        form: Form,
        pairs: Sequence[tuple[str, str]] | bytes,
        *more: tuple[str, str],
        kind: str = FORM,
        origin: str = ORIGIN,
    ) -> Page:
        """Send a form with these fields, or with this body as it is."""
        raw = pairs if isinstance(pairs, bytes) else urlencode(pairs).encode()
        if form.method == "GET":
            return self.get(form.action, raw, *more)
        headers = [("cookie", self.cookie), ("content-type", kind), ("origin", origin), *more]
        return self._web.request("POST", form.action, headers=headers, body=raw)


def read(page: Page) -> _Reader:
    """The forms and links of a page."""
    reader = _Reader()
    reader.feed(page.html)
    return reader


def crawl(stage: Stage, web: Web, *starts: str) -> list[Form]:
    """Every form that a person can come to, each action once."""
    post = Post(stage, web)
    found: dict[tuple[str, str], Form] = {}
    for scene in SCENES:
        seen: set[str] = set()
        left = [*starts, *_shown(web)]  # links in mails die first
        while left:
            address = left.pop(0)
            stage.ready(scene)
            page = post.get(*_split(address)) if _new(address, seen) else None
            if page is not None and page.header("content-type") == "text/html; charset=utf-8":
                reader = read(page)
                left += sorted(reader.links)
                for form in reader.forms:
                    action = form.action or urlsplit(address).path
                    placed = replace(form, action=action, scene=scene)
                    found.setdefault((form.method, action), placed)
    return [found[key] for key in sorted(found)]


def _split(address: str) -> tuple[str, bytes]:
    parts = urlsplit(address)
    return parts.path, parts.query.encode()


def _new(address: str, seen: set[str]) -> bool:
    """Whether a page of this path was not looked at yet."""
    path = re.sub(r"[0-9a-z]{26}", "ID", urlsplit(address).path)
    if path in seen or path.startswith("/static"):
        return False
    seen.add(path)
    return True


def _shown(web: Web) -> Iterator[str]:
    """The addresses of all doors that need nothing filled in."""
    routes: Sequence[BaseRoute] = rooms.every(web.site)
    for route in routes:
        door = isinstance(route, Route) and isinstance(route.endpoint, Door)
        if door and isinstance(route, Route) and not route.param_convertors:
            yield route.path
