"""Every form of every page, sent as no page of ours would send it.

Two questions.  A request that is wrong in its *form* (a field twice, an array, a control
character, no UTF-8, too long, another content type …) gets a clear 4xx and writes not one row.
A request whose *values* are strange may be answered either way, but never with a fault, never
with what was sent as mark-up, never with a header, cookie or address made from it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.flows import owner
from keyturn.rules.accounts import Role
from tests.figures import Figure
from tests.fuzz.budget import scaled, tries
from tests.fuzz.forms import Form, Post, crawl
from tests.fuzz.stage import Stage
from tests.fuzz.strange import HEADERS, STRANGE, paths
from tests.unit.flows.house import House, run
from tests.unit.web.browsing import FORM, ORIGIN, Page, Web, open_web

INSIDES = ("Traceback", 'File "/', "sqlalchemy", "jinja2", "site-packages", "sqlite3.")
OTHER = "carol@northwind.test"
COOKIE = re.compile(
    r"__Host-kt-((browser|session|client)-northwind=[A-Za-z0-9_.~-]*|language-northwind=[a-z]{2})"
    r"; Path=/; HttpOnly; SameSite=Lax(; Max-Age=\d+)?; Secure"
)


@dataclass(slots=True)
class Site:
    """A house in which everything is begun, and its doors."""

    stage: Stage
    web: Web
    post: Post
    forms: list[Form]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """One for all tests: before each request everything is put back."""
    house = House()
    stage = Stage(house, role=Role.OWNER)
    web = open_web(house)
    forms = crawl(stage, web, *letters(house, web))
    yield Site(stage, web, Post(stage, web), forms)
    house.close()


def letters(house: House, web: Web) -> Iterator[str]:
    """Addresses that stand in mails."""
    made = run(owner.setup_link(house.parts, house.tenant, break_glass=True))
    yield "/setup/" + str(made).rpartition("/")[2]
    house.user(OTHER)
    other = web.browser()
    for last in (False, True):
        other.get("/recover")
        other.post("/recover", identifier=OTHER)
        other.follow()
        letter = house.last("recovery_code")
        if last:
            yield f"/link/{letter.token}"
            continue
        other.post("/recover/code", code=letter.code)
        other.follow()
        other.post("/recover/password", password="another long password")
    yield "/notme/" + house.last("password_changed").token


def looked_at(page: Page) -> list[str]:
    """What is wrong with an answer, whatever was asked."""
    found = []
    if page.status >= 500:
        found.append(f"status {page.status}")
    text = page.body.decode()
    found += [f"tells of its inside: {inside}" for inside in INSIDES if inside in text]
    if "<kt-mark" in text:
        found.append("gives mark-up back")
    if any("kt-mark" in value or "\r" in value or "\n" in value for _, value in page.headers):
        found.append("a header made from input")
    found += [f"cookie {c}" for c in page.all("set-cookie") if not COOKIE.fullmatch(c)]
    if page.location is not None and not re.match(r"/(?![/\\])", page.location):
        found.append(f"leads to {page.location}")
    return found


# -- wrong in form

Wrong = Callable[[Form, str, list[tuple[str, str]]], bytes]


def _spoilt(tail: str) -> Wrong:
    """The field's value with something raw behind it."""

    def body(_form: Form, spoilt: str, pairs: list[tuple[str, str]]) -> bytes:
        return b"&".join(
            urlencode([pair]).encode() + (tail.encode("latin-1") if pair[0] == spoilt else b"")
            for pair in pairs
        )

    return body


def _named(pattern: str) -> Wrong:
    """The field under another name."""

    def body(_form: Form, spoilt: str, pairs: list[tuple[str, str]]) -> bytes:
        return urlencode([(pattern.format(k) if k == spoilt else k, v) for k, v in pairs]).encode()

    return body


def _besides(pattern: str) -> Wrong:
    """The field, and another one beside it."""

    def body(_form: Form, spoilt: str, pairs: list[tuple[str, str]]) -> bytes:
        return urlencode([*pairs, (pattern.format(spoilt), dict(pairs)[spoilt] or "x")]).encode()

    return body


IN_ONE_FIELD: dict[str, Wrong] = {
    "NUL": _spoilt("%00"),
    "escape": _spoilt("%1b[2J"),
    "delete": _spoilt("%7f"),
    "C1 control in Latin-1": _spoilt("%9b"),
    "no UTF-8": _spoilt("%ff%fe"),
    "overlong UTF-8": _spoilt("%c0%af"),
    "overlong NUL": _spoilt("%c0%80"),
    "surrogate in UTF-8": _spoilt("%ed%a0%80"),
    "beyond Unicode": _spoilt("%f4%90%80%80"),
    "raw bytes": _spoilt("\xff"),
    "too long": _spoilt("x" * 40_000),
    "twice": _besides("{}"),
    "array beside it": _besides("{}[]"),
    "array": _named("{}[]"),
    "indexed": _named("{}[0]"),
    "operator": _named("{}[$ne]"),
    "dotted": _named("{}.value"),
    "prototype": _named("__proto__[{}]"),
    "upper case": _named("X{}"),
    "other white space": _named("{}\u00a0"),
    "NUL in its name": _named("{}\0"),
}
#: fields that would make somebody more than they are, were they bound to what is stored
EXTRA = ("role", "is_admin", "verified", "user_id", "tenant", "email_verified", "state", "next",
         "_method", "redirect", "to[]")  # fmt: skip


def _whole(form: Form, post: Post) -> Iterator[tuple[str, Page]]:
    """Bodies, headers and methods that no form sends."""
    pairs = filled(form, post)
    good = urlencode(pairs).encode()
    fields = json.dumps(dict(pairs)).encode()
    parts = b"".join(
        f'--x\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode()
        for k, v in pairs
    )
    other = [(k, "A" * 43 if k == "csrf" else v) for k, v in pairs]
    without = [(k, v) for k, v in pairs if k != "csrf"]
    yield "JSON", post.send(form, fields, kind="application/json")
    yield "JSON as a form", post.send(form, fields)
    yield "multipart", post.send(form, parts + b"--x--\r\n", kind="multipart/form-data; boundary=x")
    yield "text", post.send(form, good, kind="text/plain")
    yield "no type", post.send(form, good, kind="")
    yield "compressed", post.send(form, b"\x1f\x8b\x08" + good)
    yield "UTF-16", post.send(form, urlencode(pairs).encode("utf-16"))
    yield "nothing", post.send(form, b"")
    yield "1 MB", post.send(form, good + b"&x=" + b"a" * 1_000_000)
    yield "1 MB of fields", post.send(form, good + b"&x=1" * 250_000)
    yield "1 MB of separators", post.send(form, good + b"&" * 1_000_000)
    yield "another browser's token", post.send(form, other)
    yield "no token", post.send(form, without)
    yield "another origin", post.send(form, pairs, origin="https://evil.test")
    yield "no origin to speak of", post.send(form, pairs, origin="null")
    yield "a prefix of ours", post.send(form, pairs, origin=ORIGIN + ".evil.test")
    yield "plain http", post.send(form, pairs, origin="http://id.test")
    for name in EXTRA:
        yield f"extra field {name}", post.send(form, [*pairs, (name, "owner")])


def filled(form: Form, post: Post) -> list[tuple[str, str]]:
    """The form's fields as its page had them, with something in those that were empty."""
    return [
        (name, post.csrf if name == "csrf" else value or "x") for name, value in form.fields.items()
    ]


def _tried(site: Site, form: Form) -> Iterator[tuple[str, Page, int]]:
    """Everything that is wrong in form: its name, the answer, and how many rows it wrote."""

    def attempts() -> Iterator[tuple[str, Page]]:
        for spoilt in form.fields:
            for name, wrong in IN_ONE_FIELD.items():
                body = wrong(form, spoilt, filled(form, site.post))
                yield f"{name}: {spoilt}", site.post.send(form, body)
        if form.method == "POST":
            yield from _whole(form, site.post)

    site.stage.ready(form.scene)
    before = site.stage.changes()
    for name, page in attempts():
        after = site.stage.changes()
        yield name, page, after - before
        site.stage.ready(form.scene)
        before = site.stage.changes()


def test_every_form_is_found(site: Site, figure: Figure) -> None:
    found = {re.sub(r"[0-9a-z]{26}|KT-[0-9A-Z-]+|[\w-]{43}", "ID", f.action) for f in site.forms}
    figure("forms: found on pages", len(found))
    assert {
        "/signin", "/signin/second", "/signup", "/signup/code", "/recover", "/recover/code",
        "/recover/second", "/recover/password", "/account/phone", "/account/phone/code",
        "/account/totp", "/account/sessions/end", "/help", "/console/users", "/console/audit",
        "/console/users/ID/disable", "/console/cases/ID/close", "/link/ID",
        "/setup/ID", "/notme/ID",
    } <= found  # fmt: skip


def test_a_request_wrong_in_form_is_refused_clearly_and_writes_nothing(
    site: Site, figure: Figure
) -> None:
    wrong: list[str] = []
    statuses: Counter[int] = Counter()
    for form in site.forms:
        for name, page, written in _tried(site, form):
            statuses[page.status] += 1
            faults = looked_at(page)
            if not 400 <= page.status < 500:
                faults.append(f"answered {page.status}")
            elif page.header("content-type") != "application/problem+json":
                faults.append("no problem document")
            elif not page.problem["code"]:
                faults.append("no code")
            if written:
                faults.append(f"wrote {written} rows")
            wrong += [f"{form}: {name}: {fault}" for fault in faults]
    figure("forms: inputs wrong in form", statuses.total())
    figure("forms: 500s", sum(n for status, n in statuses.items() if status >= 500))
    assert wrong == []


# -- strange in value

TEXTS = st.sampled_from(STRANGE) | st.text(max_size=80)
RAW = st.binary(max_size=60).map(quote)
EXTRA_HEADERS = st.lists(
    st.sampled_from([(name, value) for name, values in HEADERS.items() for value in values]),
    max_size=3,
    unique_by=lambda pair: pair[0],
)


@st.composite
def strange(draw: st.DrawFn, form: Form, post: Post) -> bytes:
    """The form with some of its values replaced, as its body or query string."""
    found = []
    for name, value in filled(form, post):
        kept = name == "csrf" or draw(st.booleans())
        text = quote(value) if kept else draw(TEXTS.map(_quoted) | RAW)
        found.append(f"{name}={text}")
    return "&".join(draw(st.permutations(found))).encode()


def _quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"))


def test_strange_values_are_never_answered_with_a_fault_nor_given_back_as_they_are(
    site: Site, figure: Figure
) -> None:
    statuses: Counter[int] = Counter()

    @tries(700)
    @given(data=st.data())
    def holds(data: st.DataObject) -> None:
        form = data.draw(st.sampled_from(site.forms))
        body = data.draw(strange(form, site.post))
        headers = data.draw(EXTRA_HEADERS)
        site.stage.ready(form.scene)
        page = site.post.send(form, body, *headers)
        statuses[page.status] += 1
        assert looked_at(page) == [], (form, body, headers)
        if page.location is not None:
            assert looked_at(site.post.get(page.location.partition("?")[0])) == []

    holds()
    figure("forms: inputs strange in value", statuses.total())
    figure("forms: 500s", sum(n for status, n in statuses.items() if status >= 500))
    for letter in site.stage.house.outbox():
        told = json.dumps(dict(letter.values))
        assert "<kt-mark" not in told, letter.kind
        assert "\\n" not in told, letter.kind
        assert "\\r" not in told, letter.kind
        assert all(link.startswith(ORIGIN) for link in re.findall(r"https?://[^/\"]*", told))


# -- paths


def test_no_address_leads_to_a_file_or_a_fault(site: Site, figure: Figure) -> None:
    statuses: Counter[int] = Counter()
    for path in paths():
        for method in ("GET", "POST"):
            site.stage.ready()
            before = site.stage.changes()
            page = site.web.request(method, path, headers=[("cookie", site.post.cookie)])
            statuses[page.status] += 1
            assert looked_at(page) == [], path
            assert page.status in {200, 303, 400, 403, 404, 405, 415, 421, 422}, (path, page.status)
            assert site.stage.changes() == before, path
            text = page.body.decode()
            assert not any(each in text for each in ("root:x:", "[project]", "[core]")), path
    figure("paths: inputs tried", statuses.total())
    figure("paths: 500s", sum(n for status, n in statuses.items() if status >= 500))


# -- bodies in pieces


def test_a_body_may_come_in_any_pieces_and_means_the_same(site: Site, figure: Figure) -> None:
    form = next(f for f in site.forms if f.action == "/signin")
    whole = urlencode(
        [("csrf", site.post.csrf), ("identifier", "nobody"), ("password", "wrong wrong")]
    ).encode()

    @tries(60)
    @given(st.lists(st.integers(0, len(whole)), max_size=8))
    def holds(cuts: list[int]) -> None:
        site.stage.ready(form.scene)
        ends = [0, *sorted(cuts), len(whole)]
        pieces = [whole[a:b] for a, b in pairwise(ends)]
        page = site.web.request(
            "POST", "/signin", pieces=pieces,
            headers=[("cookie", site.post.cookie), ("content-type", FORM), ("origin", ORIGIN)],
        )  # fmt: skip
        assert page.status == 401

    holds()
    figure("forms: bodies in pieces", scaled(60))
