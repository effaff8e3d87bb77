"""Programs for tests: real requests to the API through the real gate, every reply of which
is checked against the OpenAPI document that is served.

    app = App(open_web(house))
    reply = app.call("POST", "/signin", identifier=EMAIL, password=PASSWORD)
    assert reply.step == "none"

An app keeps its three tokens, as a program would, and shows its `key` where that is asked for, or
the one of a `desk`, with who is before it.
`raw` sends whatever it is told to.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from keyturn.web.api.app import PREFIX, ROUTER, openapi
from tests.unit.web.api.schema import violations
from tests.unit.web.browsing import Page, Web

#: refusals that come before any operation is found, so that none of them can list these
BEFORE = {404, 405, 421}
JSON = ("content-type", "application/json")


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The OpenAPI document."""
    return dict(json.loads(openapi()))


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of every operation."""
    return [
        (method.upper(), path, operation)
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    ]


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """What a reference within the document refers to; anything else is itself."""
    if "$ref" not in part:
        return part
    found: Any = document()
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return dict(found)


def described(method: str, path: str) -> dict[str, Any] | None:
    """The operation that answers here."""
    for route in ROUTER.routes:
        match = route.path_regex.match(path)  # type: ignore[attr-defined]
        if match and method in route.methods:  # type: ignore[attr-defined]
            return dict(document()["paths"][route.path][method.lower()])  # type: ignore[attr-defined]
    return None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and was found to be what the document promises."""

    page: Page
    data: dict[str, Any]

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.page.status

    @property
    def code(self) -> str | None:
        """The problem's code; None for a success."""
        return self.data.get("code")

    @property
    def step(self) -> str | None:
        """The pending step."""
        return self.data["pending"]["step"] if "pending" in self.data else None

    @property
    def errors(self) -> list[tuple[str, str]]:
        """Pointer and code of each field that was refused."""
        return [(e["pointer"], e["code"]) for e in self.data["errors"]]


@dataclass(slots=True)
class App:
    """See the module's text."""

    web: Web
    base: str = ""
    ip: str = "198.51.100.7"
    browser: str | None = None
    session: str | None = None
    client: str | None = None
    key: str | None = None
    desk: str | None = None
    technician: str | None = None
    extra: list[tuple[str, str]] = field(default_factory=list)

    def call(self, method: str, path: str, /, **fields: object) -> Answer:
        """Send these fields as JSON (no body without any); keep what tokens come back."""
        headers = [JSON] if fields else []
        return self.raw(method, path, json.dumps(fields).encode() if fields else b"", headers)

    def raw(
        self,
        method: str,
        path: str,
        body: bytes,
        headers: list[tuple[str, str]],
        query: bytes = b"",
    ) -> Answer:
        """One request, exactly as given, with the tokens beside it."""
        sent = [*self._tokens(described(method, path)), *headers, *self.extra]
        page = self.web.request(
            method, self.base + PREFIX + path, query=query, headers=sent, body=body, ip=self.ip
        )
        answer = Answer(page, checked(method, path, page))
        self._keep(answer)
        return answer

    def _tokens(self, operation: dict[str, Any] | None) -> list[tuple[str, str]]:
        security = (operation or {}).get("security")
        by_desk = security == [{"desk": []}]
        bearer = self.desk if by_desk else self.key if security == [{"key": []}] else self.session
        named = {
            "keyturn-technician": self.technician if by_desk else None,
            "keyturn-browser": self.browser,
            "keyturn-client": self.client,
            "authorization": f"Bearer {bearer}" if bearer else None,
        }
        return [(name, value) for name, value in named.items() if value is not None]

    def _keep(self, answer: Answer) -> None:
        if "browser" in answer.data:
            assert answer.page.header("keyturn-browser") == answer.data["browser"]
            self.browser = answer.data["browser"]
        entered = answer.data.get("signed_in") or {}
        self.session = entered.get("session") or answer.data.get("session") or self.session
        self.client = entered.get("client") or self.client


def checked(method: str, path: str, page: Page) -> dict[str, Any]:
    """The reply's object, which must be what the document promises for its status."""
    assert page.status < 500 or page.status == 503, (method, path, page)
    assert not page.all("set-cookie")
    assert page.header("cache-control") == "no-store"
    assert page.header("x-content-type-options") == "nosniff"
    success = page.status == 200
    kind = "application/json" if success else "application/problem+json"
    assert page.header("content-type") == kind, (method, path, page.status, page.headers)
    data = json.loads(page.body)
    if not success:
        assert page.problem == data
    operation = described(method, path)
    if operation is None:
        assert page.status in BEFORE | {413}
        schema = {"$ref": f"#/components/schemas/Problem.{data['code']}"}
        found = violations(document(), schema, data)
        assert not found, found
        return dict(data)
    _as_described(resolved(operation["responses"][str(page.status)]), kind, page, data)
    return dict(data)


def _as_described(response: dict[str, Any], kind: str, page: Page, data: Any) -> None:
    found = violations(document(), response["content"][kind]["schema"], data)
    assert not found, (page.status, data, found)
    named = {name.lower() for name in response.get("headers", {})}
    for name in ("keyturn-browser", "retry-after", "www-authenticate"):
        assert page.header(name) is None or name in named, (name, page.status)
