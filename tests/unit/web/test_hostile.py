"""Hostile input at every door: a clear refusal, nothing stored, nothing counted.

The doors are those of `rooms.routes`: a new one is tried without being named here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import select
from starlette.routing import Route

from keyturn.adapters.sql.schema import complete
from keyturn.web import rooms
from keyturn.web.door import Door
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.browsing import FORM, ORIGIN, Page, Web, WebBrowser, open_web

PLACES = {
    "token": "a" * 43,
    "user_id": "0" * 26,
    "id": "0" * 26,
    "ref": "KT-AAAA-AA",
    "size": "192",
}


def _doors() -> list[tuple[str, frozenset[str]]]:
    """Path with places filled in, and methods, of every door."""
    house = House()
    found = []
    site = open_web(house).site
    for route in rooms.every(site):
        if isinstance(route, Route) and isinstance(route.endpoint, Door):
            path = route.path
            for place in route.param_convertors:
                named = re.compile(rf"\{{{place}(:\w+)?\}}")
                path = named.sub(PLACES.get(place, "0" * 26), path)
            methods = {m for m, h in route.endpoint._handlers.items() if h is not None}
            found.append((path, frozenset(methods)))
    house.close()
    return found


DOORS = _doors()
TAKING = [path for path, methods in DOORS if "POST" in methods]
#: the console asks who it is before it reads a form
PERSONAL = [path for path in TAKING if not path.startswith("/console")]
SHOWING = [path for path, methods in DOORS if "GET" in methods]
#: bodies that no page of ours sends, and the refusal of each
BODIES: list[tuple[str, bytes, str]] = [
    ("json", json.dumps({"identifier": EMAIL}).encode(), "application/json"),
    ("xml", b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", "text/xml"),
    ("multipart", b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--",
     "multipart/form-data; boundary=x"),
    ("no type", b"csrf=CSRF", ""),
    ("not utf-8", b"csrf=CSRF&identifier=%ff%fe", FORM),
    ("raw bytes", b"csrf=CSRF&identifier=\xff\xfe", FORM),
    ("no form", b"csrf", FORM),
    ("unknown field", b"csrf=CSRF&is_admin=1", FORM),
    ("array", b"csrf=CSRF&identifier[]=a&identifier[]=b&code[]=1&number[]=2", FORM),
    ("object", b"csrf=CSRF&identifier[$ne]=x", FORM),
    ("token twice", b"csrf=CSRF&csrf=CSRF", FORM),
    ("nul in the token", b"csrf=CSRF%00", FORM),
    ("escape in the token", b"csrf=%1b[2J", FORM),
    ("a megabyte", b"csrf=CSRF&identifier=" + b"a" * 1_000_000, FORM),
    ("a megabyte of fields", b"csrf=CSRF" + b"&a=1" * 250_000, FORM),
    ("many fields", b"csrf=CSRF" + b"".join(b"&f%d=1" % n for n in range(30)), FORM),
    ("long token", b"csrf=" + b"A" * 5000, FORM),
    ("no token", b"", FORM),
    ("token of nobody", b"csrf=" + b"A" * 43, FORM),
]  # fmt: skip


def rows(house: House) -> dict[str, list[Any]]:
    """Everything that is stored."""

    def step(tx: Any) -> dict[str, list[Any]]:
        tables = complete().tables.items()
        return {name: [tuple(r) for r in tx.connection.execute(select(t))] for name, t in tables}

    return house.write(step)


@pytest.fixture(scope="module")
def lived_in() -> Iterator[House]:
    """A house with somebody in it, who has begun everything that can be begun."""
    built = House()
    built.totp(built.user())
    yield built
    built.close()


@pytest.fixture(scope="module")
def everywhere(lived_in: House) -> Web:
    return open_web(lived_in)


@pytest.fixture(scope="module")
def stranger(everywhere: Web) -> WebBrowser:
    browser = everywhere.browser()
    browser.get("/signin")
    return browser


@pytest.fixture(scope="module")
def ada(lived_in: House, everywhere: Web) -> WebBrowser:
    """Signed in with a second step, in the middle of a recovery."""
    browser = everywhere.browser()
    browser.get("/signin")
    browser.post("/signin", identifier=EMAIL, password=PASSWORD)
    browser.follow()
    [factor] = lived_in.write(lambda tx: tx.factors.of_user(lived_in.tenant.id, _id(tx, lived_in)))
    secret = lived_in.sealer.open(factor.secret, f"totp|{factor.user_id}").decode()
    browser.post("/signin/second", code=lived_in.code_of(secret))
    browser.get("/recover")
    browser.post("/recover", identifier=EMAIL)
    browser.follow()
    return browser


def _id(tx: Any, house: House) -> str:
    return str(tx.users.named(house.tenant.id, EMAIL).id)


def send(browser: WebBrowser, path: str, body: bytes, kind: str, *more: tuple[str, str]) -> Page:
    """A body as it is, from somewhere that has the browser's cookies."""
    filled = body.replace(b"CSRF", browser.token.encode())
    cookie = "; ".join(f"{k}={v}" for k, v in browser.jar.items())
    headers = [("cookie", cookie), ("origin", ORIGIN), *more]
    if kind:
        headers.append(("content-type", kind))
    return browser.web.request("POST", path, headers=headers, body=filled, ip=browser.ip)


def test_every_door_is_tried() -> None:
    assert len(DOORS) > 25
    assert "/signin" in TAKING


@pytest.mark.parametrize("path", TAKING)
@pytest.mark.parametrize("who", ["stranger", "ada"])
def test_a_form_that_no_page_of_ours_sends_is_refused_and_leaves_no_trace(
    lived_in: House, path: str, who: str, request: pytest.FixtureRequest
) -> None:
    browser = request.getfixturevalue(who)
    before = rows(lived_in)
    for name, body, kind in BODIES:
        page = send(browser, path, body, kind)
        assert 400 <= page.status < 500, (name, page.status)
        assert page.problem["code"] != "fault", name
        assert page.all("set-cookie") == [], name
    assert rows(lived_in) == before


def test_around_a_content_type_only_space_and_tab_may_stand(stranger: WebBrowser) -> None:
    page = send(stranger, "/signin", b"csrf=CSRF", f"{FORM}\xa0")
    assert (page.status, page.problem["code"]) == (415, "content-type")
    assert send(stranger, "/signin", b"csrf=CSRF", f" {FORM} \t").status != 415


@pytest.mark.parametrize("path", PERSONAL)
def test_for_a_browser_the_refusal_is_a_page(stranger: WebBrowser, path: str) -> None:
    page = send(stranger, path, b"csrf=CSRF&is_admin=1", FORM, ("accept", "text/html"))
    assert page.status == 422
    assert page.header("content-type") == "text/html; charset=utf-8"
    assert page.heading


@pytest.mark.parametrize(("path", "methods"), DOORS)
def test_a_method_that_a_door_does_not_know_is_refused_with_those_it_does(
    lived_in: House, everywhere: Web, path: str, methods: frozenset[str]
) -> None:
    before = rows(lived_in)
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "X"):
        if method in methods:
            continue
        page = everywhere.request(method, path)
        assert page.status == 405
        assert page.problem["code"] == "method"
        assert set((page.header("allow") or "").split(", ")) == set(methods)
    assert rows(lived_in) == before


@pytest.mark.parametrize("path", SHOWING)
def test_opening_a_page_with_anything_in_its_address_stores_nothing(
    lived_in: House, stranger: WebBrowser, path: str
) -> None:
    before = rows(lived_in)
    for query in (
        "", "name[]=a", "name=a&name=b", "name=%00", "name=%ff", "name=" + "a" * 70_000,
        "q=%27%20OR%201=1--", "%ff%fe", "&&&=&", "name=%0d%0aSet-Cookie:%20x=y", "\xe9",
        "csrf=" + stranger.token,
    ):  # fmt: skip
        page = stranger.web.request("GET", path, query=query.encode("latin-1"))
        assert page.status < 500, query
        if page.status >= 400 and page.status != 404:
            assert page.problem["code"], query
        assert not any("x=y" in value for value in page.all("set-cookie"))
        assert "Set-Cookie" not in "".join(v for _, v in page.headers)
    assert rows(lived_in) == before


@pytest.mark.parametrize("room", ["/link/", "/notme/", "/setup/"])
@pytest.mark.parametrize(
    "token",
    ["a", "a" * 42, "a" * 44, "a" * 10_000, "a" * 42 + "\0", "a" * 42 + "=", "\u202e" * 43,
     "a" * 42 + "\n", "../../etc/passwd", "%00" * 14, "a" * 42 + "é"],
)  # fmt: skip
def test_a_token_of_another_shape_is_not_there_and_not_looked_for(
    lived_in: House, stranger: WebBrowser, room: str, token: str
) -> None:
    before = rows(lived_in)
    with lived_in.statements() as statements:
        assert stranger.web.request("GET", room + token).status == 404
        page = send(stranger, room + token, b"csrf=CSRF", FORM)
    assert page.status == 404
    assert not [s for s in statements if "codes" in s or "flows" in s]
    assert rows(lived_in) == before


FIELDS = {
    "/signin": {"identifier": EMAIL, "password": PASSWORD},
    "/recover": {"identifier": EMAIL},
    "/signup": {"name": "Ada", "email": "new@x.test", "password": PASSWORD},
    "/help": {"identifier": EMAIL, "contact": "", "note": "", "about": "signin"},
    "/account/phone": {"number": "07400 123456"},
}


@pytest.mark.parametrize("path", FIELDS)
@pytest.mark.parametrize("bad", ["\0", "\x1b[31m", "\x7f", "twice", "x" * 5000])
def test_one_bad_field_among_good_ones_refuses_all_of_them(
    lived_in: House, ada: WebBrowser, path: str, bad: str
) -> None:
    before = rows(lived_in)
    for spoilt in FIELDS[path]:
        fields = [("csrf", ada.token), *FIELDS[path].items()]
        if bad == "twice":
            fields.append((spoilt, FIELDS[path][spoilt]))
        else:
            fields = [(k, v + bad if k == spoilt else v) for k, v in fields]
        page = send(ada, path, urlencode(fields).encode(), FORM)
        assert page.status == 422, spoilt
        assert page.problem["field"] == spoilt
    assert rows(lived_in) == before


LOOKALIKES = [
    "аdа@northwind.test",
    "ada@northwind.test\u200b",
    "ＡＤＡ＠northwind.test",
    "ada@northwind．test",
]


@pytest.mark.parametrize("name", LOOKALIKES)
def test_a_look_alike_is_nobody_or_the_one_it_folds_to_and_never_an_error(
    web: Web, house: House, name: str
) -> None:
    house.user()
    browser = web.browser()
    for path, fields in FIELDS.items():
        if path == "/account/phone":
            continue
        browser.get(path)
        changed = {k: name if v in {EMAIL, "new@x.test"} else v for k, v in fields.items()}
        assert browser.post(path, **changed).status in {201, 303, 401, 422}


@pytest.mark.parametrize("name", ["Ada\r\nBcc: x@y.test", "Ada\nByron", "\u202eAda", "Ada\u0000"])
def test_a_line_end_in_a_name_goes_into_no_mail(
    house: House, browser: WebBrowser, name: str
) -> None:
    browser.get("/signup")
    page = browser.post("/signup", name=name, email=EMAIL, password=PASSWORD)
    assert page.status == 422
    assert house.outbox() == []


@pytest.mark.parametrize("length", ["-1", "x", "9" * 5000, "\u00b2", "1e3", "70000"])
def test_a_length_that_cannot_be_is_refused_before_the_body_is_read(
    stranger: WebBrowser, length: str
) -> None:
    page = send(stranger, "/signin", b"", FORM, ("content-length", length))
    assert page.status == 413
    assert page.problem["most"] == 65_536


@pytest.mark.parametrize("path", PERSONAL)
def test_a_session_is_not_enough_to_send_a_form(
    lived_in: House, ada: WebBrowser, path: str
) -> None:
    before = rows(lived_in)
    body = b"handle=others&code=123456"
    assert send(ada, path, body, FORM).status in {403, 422}
    assert send(ada, path, b"csrf=" + b"B" * 43, FORM).status == 403
    assert rows(lived_in) == before
