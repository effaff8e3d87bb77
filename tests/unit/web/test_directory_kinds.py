"""Pages of an account that is not in a Windows domain: the same flows, and no word of a domain."""

from __future__ import annotations

import re
from typing import Any

import pytest

from keyturn.rules.directories.entries import DirectoryKind
from keyturn.rules.directories.proofs import ProofState
from tests.unit.flows.house import EMAIL, PASSWORD, House
from tests.unit.web.browsing import Page, Web
from tests.unit.web.corp import DOMAIN, Corp
from tests.unit.web.test_directory_pages import ROOT, Ada, signed_in

OTHERS = (DirectoryKind.OPENLDAP, DirectoryKind.WORKGROUP)
NAMED = {DirectoryKind.OPENLDAP: "Directory password", DirectoryKind.WORKGROUP: "Computer password"}
_DOMAINS = re.compile(r"\b(windows|domain|controllers?|pdc)\b", re.IGNORECASE)


def resident(house: House, web: Web, kind: DirectoryKind) -> Ada:
    """Ada, with an account in a directory of that kind."""
    user = house.user(EMAIL, PASSWORD)
    secret = house.totp(user)
    browser = signed_in(house, web, user, secret)
    corp = Corp(house.write, house.parts, house.tenant, kind=kind)
    corp.link(user, "ada")
    return Ada(browser, corp, user, house, secret)


@pytest.fixture(params=OTHERS, ids=str)
def ada(house: House, web: Web, request: pytest.FixtureRequest) -> Ada:
    return resident(house, web, request.param)


def plain(page: Page) -> Page:
    """A page on which nothing is about a domain."""
    shown = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", page.html, flags=re.DOTALL)
    assert _DOMAINS.findall(shown) == []
    return page


def title(page: Page) -> str:
    found = re.search(r"<title>(.*?)</title>", page.html, re.DOTALL)
    return found[1] if found else ""


@pytest.mark.parametrize("view", [
    {}, {"password_expires_at": None}, {"locked_until": 0, "bad_count": 5},
    {"locked_until": 10**13}, {"disabled": True}, {"expired_account": True},
    {"must_change": True}, {"password_expires_at": 1}, {"protected": "named"},
])  # fmt: skip
def test_no_standing_is_told_as_in_a_domain(ada: Ada, view: dict[str, Any]) -> None:
    page = plain(ada.look(**view))
    assert NAMED[ada.corp.directory.kind] in title(page)


@pytest.mark.parametrize("cause", ["timeout", "tls_ca", "not_found", "credentials"])
def test_no_silence_is_told_as_in_a_domain(ada: Ada, cause: str) -> None:
    plain(ada.look(cause))


def test_what_the_password_is_called(ada: Ada) -> None:
    assert ada.look().heading == f"Your password at {DOMAIN} works. It expires in 12 days."
    page = ada.browser.get("/account")
    assert f">{NAMED[ada.corp.directory.kind]}</h2>" in page.html
    assert f"account at {DOMAIN}" in page.text


@pytest.mark.parametrize("kind", DirectoryKind)
def test_a_lock_without_an_end_promises_only_what_is_known(
    house: House, web: Web, kind: DirectoryKind
) -> None:
    page = resident(house, web, kind).look(locked_until=0)
    by_itself = "The computer may open it again by itself" in page.text
    until_unlocked = "It stays so until somebody unlocks it." in page.text
    workgroup = kind is DirectoryKind.WORKGROUP
    assert (by_itself, until_unlocked) == (workgroup, not workgroup)


def test_a_new_password_is_chosen_set_and_told(ada: Ada) -> None:
    path = ada.begin()
    plain(ada.browser.page)
    assert ada.submit(path).status == 204
    plain(ada.browser.get(path))
    job = ada.corp.take()
    plain(ada.browser.get(path))
    ada.corp.done(job)
    page = plain(ada.browser.get(path))
    assert page.heading == "Your new password works on dc1; dc2 and dc3 follow."
    assert "for up to an hour" not in page.text
    assert "A computer away from the office" not in page.text
    ada.corp.seen(job, "dc2", ProofState.PROVED, 900)
    ada.corp.seen(job, "dc3", ProofState.PROVED, 900)
    plain(ada.browser.get(path))


@pytest.mark.parametrize(("reason", "data"), [
    ("too_short", {"minimum": 10}), ("read_only", {}), ("must_change", {}), ("protected", {}),
    ("timeout", {}), ("unwilling", {}),
])  # fmt: skip
def test_a_refusal_is_told_in_its_own_words(ada: Ada, reason: str, data: dict[str, Any]) -> None:
    path = ada.begin()
    ada.submit(path)
    ada.corp.report(ada.corp.take(), "not_done", reason, **data)
    page = plain(ada.browser.get(path))
    assert page.heading.startswith("Your password was not changed: ")


def test_accounts_of_several_kinds_have_one_heading(house: House, web: Web) -> None:
    ada = resident(house, web, DirectoryKind.WORKGROUP)
    Corp(house.write, house.parts, house.tenant, domain="lab.example.test").link(ada.user, "adab")
    assert ada.browser.get(ROOT).heading == "You have 2 accounts elsewhere."
    assert ">Passwords elsewhere</h2>" in ada.browser.get("/account").html
