"""Why does it lock again? The pages of that question."""

from __future__ import annotations

import pytest

from keyturn.rules.accounts import Role, User
from keyturn.rules.directories.logons.logon import Way
from keyturn.rules.directories.logons.source import Counter, Found, Kind, Source, encode
from keyturn.rules.lockout import MINUTE
from tests.unit.web.console.desk import Desk, Office, heading
from tests.unit.web.corp import DOMAIN, Corp, host

BASE = "/t/northwind"


@pytest.fixture
def corp(office: Office) -> Corp:
    return Corp(office.house.write, office.house.parts, office.house.tenant)


@pytest.fixture
def ada(office: Office, corp: Corp) -> User:
    user = office.house.user()
    corp.link(user, "ada")
    return user


@pytest.fixture
def desk(office: Office) -> Desk:
    return office.desk(Role.TECHNICIAN)


def found(corp: Corp, *kinds: Kind) -> Found:
    sources = tuple(
        Source(
            kind=kind, client="<b>pc-14", address="192.0.2.77", workstation="<b>pc-14",
            service="LDAP", ways=(Way.KERBEROS, Way.LDAP), controllers=(host("dc1"),), count=6,
            first_at=corp.now - 90 * MINUTE, last_at=corp.now, every_ms=15 * MINUTE, names=7,
            since_change=True, locked=True, strength=75,
        )
        for kind in kinds
    )  # fmt: skip
    logs = {host("dc1"): "", host("dc2"): "none", host("dc3"): "denied"}
    counters = (Counter(host("dc1"), 4, corp.now), Counter(host("dc2"), 0, None))
    return Found(corp.now - 24 * 60 * MINUTE, logs, counters, sources)


def ask(desk: Desk, corp: Corp, ada: User) -> str:
    asked = desk.post(f"/console/users/{ada.id}/directories/{corp.directory.id}/again")
    assert asked.status_code == 303, asked.text
    return asked.headers["location"].removeprefix(BASE)


def test_the_source_stands_first_on_the_page(desk: Desk, corp: Corp, ada: User) -> None:
    assert "Why does it lock again?" in desk.get(f"/console/users/{ada.id}").text
    where = ask(desk, corp, ada)
    assert heading(desk.get(where)) == f"{DOMAIN} is asked where the bad logons come from."
    waits = desk.get(where, hx_request="true")
    assert (waits.status_code, "hx-redirect" in waits.headers) == (204, False)
    told = found(corp, Kind.PHONE, Kind.TYPED)
    corp.answer(locked_until=0, again=encode(told))
    there = desk.get(where, hx_request="true")
    assert there.headers["hx-redirect"] == f"{BASE}{where}"
    page = desk.get(where)
    assert heading(page) == (
        "A phone, or a program like it, has an old password: &lt;b&gt;pc-14."
    )  # fmt: skip
    assert "<b>pc-14" not in page.text
    assert page.text.index("A phone, or a program") < page.text.index("Somebody types")
    for said in ("192.0.2.77", "kerberos, ldap (LDAP)", "minutes between them: 15", "Unlock there",
                 "No log of it is named in agent.toml", "The agent may not read the log",
                 "It began after the password was changed",
                 "what has locked the account"):  # fmt: skip
        assert said in page.text, said


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"cause": "timeout"}, f"{DOMAIN} could not be asked: it does not answer."),
        ({}, "The agent has told nothing of bad logons."),
    ],
)
def test_without_an_answer_it_says_why(
    desk: Desk, corp: Corp, ada: User, changes: dict[str, str], sentence: str
) -> None:
    where = ask(desk, corp, ada)
    corp.answer(**changes)
    assert heading(desk.get(where)) == sentence


def test_nothing_found_is_said_with_how_far_was_looked(desk: Desk, corp: Corp, ada: User) -> None:
    where = ask(desk, corp, ada)
    corp.answer(again=encode(found(corp)))
    page = desk.get(where)
    assert heading(page) == f"No bad logon of {ada.name} is in the logs that were read."
    assert "Unlock there" not in page.text


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_its_page(desk: Desk, corp: Corp, ada: User, kind: Kind) -> None:
    where = ask(desk, corp, ada)
    corp.answer(again=encode(found(corp, kind)))
    page = desk.get(where)
    assert page.status_code == 200
    assert "75 of 100" in page.text


def test_who_may_ask_and_who_may_only_read(
    office: Office, desk: Desk, corp: Corp, ada: User
) -> None:
    where = ask(desk, corp, ada)
    corp.answer(locked_until=0, again=encode(found(corp, Kind.SAVED)))
    account = f"/console/users/{ada.id}/directories/{corp.directory.id}/again"
    auditor = office.desk(Role.AUDITOR)
    assert auditor.post(account).status_code == 403
    read = auditor.get(where)
    assert (read.status_code, "Ask again" in read.text) == (200, False)
    elsewhere = office.desk(Role.OWNER, tenant=office.other)
    assert elsewhere.get(where).status_code == 404
    assert office.desk(None).get(where).status_code == 404
    assert desk.post(account.replace(corp.directory.id, "0" * 26)).status_code == 404


def test_a_silent_directory_is_not_asked(office: Office, desk: Desk, corp: Corp, ada: User) -> None:
    office.house.clock.move(45_000)
    account = f"/console/users/{ada.id}/directories/{corp.directory.id}/again"
    silent = desk.post(account)
    assert silent.status_code == 409
    assert "No agent of this directory is heard at this moment." in heading(silent)
