"""A browser that reads pages as a person does: the sentence on top, the forms, no script."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)
LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
_MOST_HOPS = 5
_USER = re.compile(r"/console/users/[0-9a-z]{26}$")


@dataclass(slots=True)
class Form:
    """A form of a page: where it goes, and what its fields hold."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class _Reader(HTMLParser):
    """Collects forms, the title sentence and the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.until: int | None = None
        self.now = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One element."""
        found = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.now = int(found.get("data-now", "0"))
        if "data-until" in found:
            self.until = int(found["data-until"])
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag == "form":
            self.forms.append(Form(found.get("action", "")))
        named = "name" in found and bool(self.forms)
        if tag in {"input", "textarea", "button", "select"} and named:
            if found.get("type") == "checkbox" and "checked" not in found:
                return
            self.forms[-1].fields[found["name"]] = found.get("value", "")


@dataclass(frozen=True, slots=True)
class Page:
    """What a browser shows.

    Attributes:
        first: the status of the request itself, before any redirect; `status`: at its end.
        until: the end of a lock or wait that the page counts down to, ms, or None.
        now: the server's time when it was made, ms.
    """

    url: str
    first: int
    status: int
    headers: httpx.Headers
    body: str
    forms: tuple[Form, ...]
    links: tuple[str, ...]
    until: int | None
    now: int

    @property
    def path(self) -> str:
        """Where one is in the end."""
        return urlsplit(self.url).path

    @property
    def sentence(self) -> str:
        """The one sentence on top that says how things stand."""
        found = re.search(r"<h1[^>]*>(.*?)</h1>", self.body, re.DOTALL)
        return _plain(found[1]) if found else ""

    @property
    def text(self) -> str:
        """Everything a person reads, in one line."""
        return _plain(self.body.partition("<body")[2])

    @property
    def somebody(self) -> str:
        """The address of the first user in the console's list. Raises LookupError."""
        found = [link for link in self.links if _USER.search(link)]
        return found[0]

    def has(self, *words: str) -> bool:
        """Whether all of `words` can be read on it."""
        return all(word in self.text for word in words)


def _plain(source: str) -> str:
    bare = re.sub(r"<(style|script)\b.*?</\1>|<[^>]*>", " ", source, flags=re.DOTALL)
    return re.sub(r" ([.,:;?!”’])", r"\1", " ".join(html.unescape(bare).split()))


def _read(answer: httpx.Response, first: int) -> Page:
    reader = _Reader()
    reader.feed(answer.text)
    return Page(
        url=str(answer.url), first=first, status=answer.status_code, headers=answer.headers,
        body=answer.text, forms=tuple(reader.forms), links=tuple(reader.links),
        until=reader.until, now=reader.now,
    )  # fmt: skip


class Browser:
    """Keeps cookies, follows redirects, sends the forms of the page it is on.

    Args:
        origin: of the demo.
        agent: the User-Agent it names.
    """

    def __init__(self, origin: str, agent: str = FIREFOX) -> None:
        self.origin = origin
        self._http = httpx.Client(
            headers={"user-agent": agent, "accept": "text/html,*/*;q=0.8"}, timeout=30
        )
        self.page: Page | None = None

    def close(self) -> None:
        """Let go of its connections."""
        self._http.close()

    def get(self, path: str) -> Page:
        """Open an address of this site, or a whole one."""
        return self._settle(self._http.get(urljoin(self.origin, path)))

    def send(self, to: str, **fields: str) -> Page:
        """Fill in and send the form of this page whose action ends with `to`.

        Fields that are not named keep what the page put into them. Raises LookupError if
        the page has no such form: then a person could not have sent it either.
        """
        form, path = self._form(to)
        unknown = set(fields) - set(form.fields)
        if unknown:
            raise LookupError(f"the form to {to} has no field {sorted(unknown)}")
        return self.post(path, {**form.fields, **fields})

    def question(self, to: str) -> dict[str, Any]:
        """What the page's script would fetch for the form to `to` that a passkey fills in."""
        form, path = self._form(to)
        answer = self._http.post(
            urljoin(self.origin, path + "/options"),
            data={"csrf": form.fields["csrf"]},
            headers={"origin": self.origin},
        )
        return dict(answer.json())

    def fetch(self, path: str, **fields: str) -> tuple[int, dict[str, Any]]:
        """What the page's script sends without leaving the page: status and JSON, {} without any.

        Raises LookupError if the page has no form, whose token it would need.
        """
        forms = self.page.forms if self.page else ()
        token = next((form.fields["csrf"] for form in forms if "csrf" in form.fields), None)
        if token is None:
            raise LookupError(path)
        answer = self._http.post(
            urljoin(self.origin, path), data={"csrf": token, **fields},
            headers={"origin": self.origin},
        )  # fmt: skip
        return answer.status_code, dict(answer.json()) if answer.content else {}

    def _form(self, to: str) -> tuple[Form, str]:
        """The form of this page whose action ends with `to`, and where it goes."""
        page = self.page
        if page is None:
            raise LookupError(to)
        form = next((f for f in page.forms if (f.action or page.path).endswith(to)), None)
        if form is None:
            raise LookupError(f"no form to {to} on {page.path}: “{page.sentence}”")
        return form, form.action or page.path

    def post(self, path: str, fields: Mapping[str, str]) -> Page:
        """Send fields to an address, as the form of a page does."""
        headers = {"origin": self.origin}
        answer = self._http.post(urljoin(self.origin, path), data=dict(fields), headers=headers)
        return self._settle(answer)

    def _settle(self, answer: httpx.Response) -> Page:
        first = answer.status_code
        for _ in range(_MOST_HOPS):
            if answer.status_code not in {302, 303}:
                break
            answer = self._http.get(urljoin(str(answer.url), answer.headers["location"]))
        self.page = _read(answer, first)
        return self.page
