"""Schemathesis over the OpenAPI document: every operation, fitting and unfitting data, by a
stranger and by somebody in the middle of everything.

What it checks: no 5xx; status, content type, headers and body as the document promises;
unfitting data refused; fitting requests without a body accepted; no session, no answer;
methods that are not there refused with those that are.  Beside that each answer is looked at
here: a request that is refused for its form has written nothing, no cookie is set, nothing is
cached, nothing tells of the program's inside.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from typing import Any

import pytest
import schemathesis
from schemathesis.engine import Status, events, from_schema

from keyturn.web.api.app import openapi
from tests.figures import Figure
from tests.fuzz.budget import long, scaled
from tests.fuzz.stage import Stage
from tests.unit.flows.house import House
from tests.unit.web.browsing import ORIGIN, Web, open_web

EXAMPLES = 15
#: how what does not fit may be answered: Schemathesis' own list, without its server errors, and
#: 413, which it leaves out: a text beyond its bound may be longer than any body may be
REJECTED = (400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428, 429)
SESSION = "the-session-of-this-moment"
KEY = "the-key-of-a-ticket-system"
LIVE, KEYED = f"Bearer {SESSION}".encode(), f"Bearer {KEY}".encode()
#: the name that programs in tests call us by
MEANT = {b"testserver": ORIGIN.partition("//")[2].encode()}
#: problems that come before any flow: whoever gets one has stored and counted nothing
BEFORE_FLOWS = {
    "invalid", "not-json", "not-utf-8", "content-type", "unexpected-query", "unexpected-body",
    "repeated-header", "body-too-long", "method", "no-such-page", "other-host", "no-tenant",
    "sign-in", "unknown-key", "nothing-pending",
}  # fmt: skip
INSIDES = (b"Traceback", b'File "', b"sqlalchemy", b"pydantic", b"keyturn.web", b"sqlite")


class Watched:
    """The gate, with Ada's tokens put in where `stage` is given, and each answer looked at."""

    def __init__(self, web: Web, stage: Stage, *, inside: bool) -> None:
        self._gate = web.gate
        self._stage = stage
        self._inside = inside
        self.faults: list[str] = []
        self.refused = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One connection (ASGI 3)."""
        if scope["type"] != "http":
            await self._gate(scope, receive, send)
            return
        self._stage.ready()
        before = self._stage.changes()
        start: dict[str, Any] = {}
        body = bytearray()

        async def seen(message: Any) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            body.extend(message.get("body", b""))
            await send(message)

        await self._gate(self._dressed(scope), receive, seen)
        self._look(scope, start, bytes(body), written=self._stage.changes() - before)

    def _dressed(self, scope: Any) -> Any:
        headers = [(k, MEANT.get(v, v)) for k, v in scope["headers"]]
        shown = {LIVE: self._stage.session, KEYED: self._stage.key}
        headers = [(k, f"Bearer {shown[v]}".encode() if v in shown else v) for k, v in headers]
        if self._inside:
            headers = [(k, v) for k, v in headers if k != b"keyturn-browser"]
            headers.append((b"keyturn-browser", self._stage.browser.encode()))
        return {**scope, "headers": headers, "client": ("198.51.100.7", 50000)}

    def _look(self, scope: Any, start: Any, body: bytes, *, written: int) -> None:
        where = f"{scope['method']} {scope['path']} {start['status']}"
        names = dict(start["headers"])
        if b"set-cookie" in names or names.get(b"cache-control") != b"no-store":
            self.faults.append(f"{where}: cookies or caching")
        if any(inside in body for inside in INSIDES):
            self.faults.append(f"{where}: tells of its inside")
        code = json.loads(body).get("code") if start["status"] >= 400 and body else None
        self.refused += code in BEFORE_FLOWS
        if code in BEFORE_FLOWS and written:
            self.faults.append(f"{where} {code}: wrote {written} rows")


def configuration(*, inside: bool, whole: bool = True) -> schemathesis.Config:
    """How Schemathesis works: bounded, and the same each time unless asked to look further."""
    told: dict[str, Any] = {
        "seed": 1,
        "generation": {"deterministic": not long(), "max-examples": scaled(EXAMPLES),
                       "no-shrink": not long()},
        # it learns from refusals what to send; it costs half the time and finds nothing here
        "phases": {"fuzzing": {"enabled": whole, "error-feedback": {"enabled": False}},
                   "stateful": {"enabled": whole}},
        # the document does not say what control characters are, so fitting texts may be refused
        "checks": {"positive_data_acceptance": {"enabled": False},
                   "negative_data_rejection": {"expected-statuses": list(REJECTED)}},
        "operations": [
            {"include-method": ["GET", "DELETE"],
             "checks": {"positive_data_acceptance": {"enabled": True}}},
        ],
    }  # fmt: skip
    if inside:
        told["auth"] = {"openapi": {"session": {"bearer": SESSION}, "key": {"bearer": KEY}}}
    return schemathesis.Config.from_dict(told)


@pytest.fixture
def stage(house: House) -> Stage:
    return Stage(house)


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "httpx")


@pytest.mark.parametrize("who", ["stranger", "owner"])
def test_whatever_is_sent_every_operation_answers_as_its_document_says(
    house: House, stage: Stage, who: str, figure: Figure
) -> None:
    inside = who == "owner"
    watched = Watched(open_web(house), stage, inside=inside)
    schema = schemathesis.openapi.from_dict(
        json.loads(openapi()), config=configuration(inside=inside)
    )
    schema.app = watched
    statuses, operations, failures = tried(schema)
    figure(f"API, {who}: operations", len(operations))
    figure(f"API, {who}: inputs tried", sum(statuses.values()))
    figure(f"API, {who}: refused for their form, nothing written", watched.refused)
    figure(f"API, {who}: 500s", sum(n for status, n in statuses.items() if status >= 500))
    assert failures == {}
    assert watched.faults == []
    assert len(operations) == sum(len(path) for path in json.loads(openapi())["paths"].values())
    assert {200, 422} <= set(statuses)


def tried(schema: Any) -> tuple[Counter[int], set[str], dict[str, str]]:
    """Answers by status, operations by name, and failures with how to see them again."""
    statuses: Counter[int] = Counter()
    operations: set[str] = set()
    failures: dict[str, str] = {}
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            failures["the engine"] = str(getattr(event, "info", event))
        if not isinstance(event, events.ScenarioFinished):
            continue
        if event.status is not Status.SKIP and " " in (event.label or ""):
            operations.add(str(event.label))
        answers = (each.response for each in event.recorder.interactions.values())
        statuses.update(answer.status_code if answer else 0 for answer in answers)
        for checks in event.recorder.checks.values():
            for check in checks:
                if check.failure_info is not None:
                    failure = check.failure_info.failure
                    name = f"{event.label}: {check.name}: {failure.title}"
                    failures[name] = f"{failure.message}\n{check.failure_info.code_sample}"
    return statuses, operations, failures


def _fault(name: str, scope: Any, message: Any) -> Any:
    """`message`, the start of an answer, as a server with this fault would have sent it."""
    refused = message["status"] >= 400
    unknown = message["status"] == 401
    changed: dict[str, dict[str, Any]] = {
        "a crash": {"status": 500} if message["status"] == 422 else {},
        "a status nobody was told of": {"status": 418} if refused else {},
        "no session asked for": {"status": 200} if unknown else {},
        "unfit data taken": {"status": 200} if message["status"] == 422 else {},
        "another content type": {"headers": [(b"content-type", b"text/plain")]},
        "a cookie": {"headers": [*message["headers"], (b"set-cookie", b"a=b")]},
    }
    return {**message, **changed[name]}


@pytest.mark.parametrize(
    ("fault", "found_by"),
    [
        ("a crash", "not_a_server_error"),
        ("a status nobody was told of", "status_code_conformance"),
        ("no session asked for", "ignored_auth"),
        ("unfit data taken", "negative_data_rejection"),
        ("another content type", "content_type_conformance"),
        ("a cookie", "cookies"),
    ],
)
def test_a_fault_put_in_on_purpose_is_found(
    house: House, stage: Stage, fault: str, found_by: str, figure: Figure
) -> None:
    web = open_web(house)
    gate = web.gate

    async def faulty(scope: Any, receive: Any, send: Any) -> None:
        async def spoilt(message: Any) -> None:
            start = message["type"] == "http.response.start"
            await send(_fault(fault, scope, message) if start else message)

        await gate(scope, receive, spoilt)

    web.gate = faulty  # type: ignore[assignment]
    watched = Watched(web, stage, inside=True)
    every = schemathesis.openapi.from_dict(
        json.loads(openapi()), config=configuration(inside=True, whole=False)
    )
    schema = every.include(path="/account/phone/code")
    schema.app = watched
    failures = tried(schema)[2]
    found = found_by in str([*failures, *watched.faults])
    figure("API: faults put in on purpose and found", int(found), of=1)
    assert found, failures
