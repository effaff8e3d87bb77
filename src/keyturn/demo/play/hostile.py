"""Requests that no page of ours sends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from keyturn.demo.play.stage import Stage
from keyturn.demo.play.telling import Teller

FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}
MEGABYTE = 1_000_000
LONG = 100_000
BAD, SERVER = 400, 500


@dataclass(frozen=True, slots=True)
class Hostile:
    """A request and what is wrong with it."""

    what: str
    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def _attacks(csrf: str) -> tuple[Hostile, ...]:
    login = f"csrf={csrf}&identifier=mia%40mail.test&password=x".encode()
    return (
        Hostile("a form without its token", "POST", "/signin", b"identifier=a&password=b", FORM),
        Hostile("a field twice", "POST", "/signin", login + b"&identifier=ben", FORM),
        Hostile("a field that is not known", "POST", "/signin", login + b"&admin=1", FORM),
        Hostile("an array", "POST", "/signin", login.replace(b"fier=", b"fier[]="), FORM),
        Hostile("NUL in a name", "POST", "/signin", login.replace(b"%40", b"%00"), FORM),
        Hostile("bytes that are not UTF-8", "POST", "/signin", login.replace(b"%40", b"%ff"), FORM),
        Hostile("a megabyte", "POST", "/signin", login + b"x" * MEGABYTE, FORM),
        Hostile("JSON to a form", "POST", "/signin", b'{"identifier":"mia"}', JSON),
        Hostile("another site's form", "POST", "/signin", login, {**FORM, "origin": "https://evil.test"}),
        Hostile("another host's name", "GET", "/signin", b"", {"host": "evil.test"}),
        Hostile("a method that is not served", "DELETE", "/signin"),
        Hostile("a list where text belongs, API", "POST", "/api/v1/signin",
                json.dumps({"identifier": ["mia"], "password": {"a": 1}}).encode(), JSON),
        Hostile("a field that is not known, API", "POST", "/api/v1/signin",
                b'{"identifier":"mia","password":"x","admin":true}', JSON),
        Hostile("JSON cut short, API", "POST", "/api/v1/signup", b'{"name": "x', JSON),
        Hostile("a path out of the tree", "GET", "/static/..%2f..%2fkeys.json"),
        Hostile("a line end in an address, API", "POST", "/api/v1/signup",
                b'{"name":"x","email":"a@b.test\\r\\nBcc: c@d.test","password":"y"}', JSON),
    )  # fmt: skip


def requests(stage: Stage, told: Teller) -> None:
    """Bad input: see playing.ACTS."""
    browser = stage.browser()
    csrf = browser.get("/signin").forms[0].fields["csrf"]
    before = _stored(stage)
    with httpx.Client(base_url=stage.origin, timeout=30) as http:
        for attack in _attacks(csrf):
            answer = http.request(
                attack.method, attack.path, content=attack.body or None, headers=attack.headers
            )
            document = _document(answer)
            code = document.get("code", "")
            good = (
                BAD <= answer.status_code < SERVER and document.get("status") == answer.status_code
            )
            told.check(f"{attack.what}: {answer.status_code} {code}", good, answer.text[:200])
    told.check("nothing of it was stored or counted", _stored(stage) == before)
    _forged(stage, told)


def _document(answer: httpx.Response) -> dict[str, object]:
    """The problem document (RFC 9457), or nothing."""
    if not answer.headers.get("content-type", "").startswith("application/problem+json"):
        return {}
    return dict(answer.json())


def _stored(stage: Stage) -> tuple[int, int]:
    """How many users there are, and rows of the audit trail."""
    users = stage.keyturn("user", "list", "--json", "--limit", "100000").stdout
    trail = stage.keyturn("audit", "--json", "--limit", "100000").stdout
    return users.count("\n"), trail.count("\n")


def _forged(stage: Stage, told: Teller) -> None:
    """A browser that calls itself something else, from somewhere else."""
    for number in range(5):
        httpx.post(
            f"{stage.origin}/api/v1/signin",
            json={"identifier": "farid@mail.test", "password": f"guess {number}"},
            headers={
                "x-forwarded-for": "8.8.8.8",
                "user-agent": "<script>alert(1)</script>" + "x" * 300,
            },
        )
    mail = told.mail(stage.mail("farid@mail.test", "is locked until"), "Browser", "Internet")
    told.check("a forged X-Forwarded-For is not believed", "8.8.8.8" not in mail.text)
    told.check("a hostile User-Agent does not get into the mail", "<script" not in mail.text
               and "<script" not in mail.kept.mail.html.lower())  # fmt: skip
