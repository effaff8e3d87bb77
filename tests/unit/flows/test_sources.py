"""Why a directory account locks again, as staff are told."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from keyturn.flows import linking, resets, resetting, sources
from keyturn.flows.sources import NotFound, Sources
from keyturn.rules.access import Staff
from keyturn.rules.accounts import Role
from keyturn.rules.directories.logons.logon import Way
from keyturn.rules.directories.logons.source import Found, Kind, Source, encode
from tests.unit.flows.domain import Domain
from tests.unit.flows.house import House, run

SOURCE = Source(
    Kind.PHONE, "192.0.2.77", "192.0.2.77", "", "LDAP", (Way.LDAP,), ("dc1",), 6, 1, 2, 900_000, 1,
    since_change=True, locked=False, strength=75,
)  # fmt: skip
FOUND = Found(0, {"dc1": ""}, (), (SOURCE, replace(SOURCE, kind=Kind.SAVED, strength=50)))


@pytest.fixture
def domain(house: House) -> Domain:
    return Domain(house)


@pytest.fixture
def tess(domain: Domain) -> Staff:
    person = domain.house.user("tess@northwind.test", role=Role.TECHNICIAN)
    return Staff(domain.house.browser().caller, person, Role.TECHNICIAN, 2, fresh=True)


def ask(domain: Domain, staff: Staff) -> str:
    asked = run(resetting.ask_look_for(domain.parts, staff, domain.ada.id, domain.directory.id))
    assert isinstance(asked, resetting.Asked)
    return asked.look_id


def told(domain: Domain, staff: Staff, look_id: str) -> Sources:
    found = run(sources.sources(domain.parts, staff, domain.ada.id, look_id))
    assert isinstance(found, Sources)
    return found


def test_staff_are_told_the_sources_in_the_words_of_the_catalogue(
    domain: Domain, tess: Staff
) -> None:
    look = ask(domain, tess)
    assert [one.sources for one in domain.work(domain.dc1).looks] == [True]
    open_ = told(domain, tess, look)
    assert (open_.found, open_.told, open_.look.view, open_.look.cause) == (None, (), "", "")
    domain.answers(domain.dc1, look, json.dumps({"locked_until": 0, "again": encode(FOUND)}))
    there = told(domain, tess, look)
    assert (there.user.id, there.directory) == (domain.ada.id, "corp.example.test")
    assert (there.locked, there.found) == (True, FOUND)
    assert [one.finding.cause for one in there.told] == [
        "directory.again-phone", "directory.again-saved",
    ]  # fmt: skip
    assert [one.finding.strength for one in there.told] == [75, 50]


def test_a_persons_own_look_tells_nothing_of_it_and_hinders_nobodys(
    domain: Domain, tess: Staff
) -> None:
    own = run(resets.ask_look(*domain.me, domain.directory.id))
    assert isinstance(own, resets.Asked)
    again = run(resets.ask_look(*domain.me, domain.directory.id))
    assert isinstance(again, resets.Asked)
    assert again.look_id == own.look_id
    theirs = ask(domain, tess)
    assert theirs != own.look_id
    assert {one.look_id: one.sources for one in domain.work(domain.dc1).looks} == {
        own.look_id: False, theirs: True,
    }  # fmt: skip
    assert ask(domain, tess) == theirs


@pytest.mark.parametrize(
    "view", ["", "{", "[]", "{}", '{"again": 5, "locked_until": null}', '{"again": {"since": 1}}']
)
def test_what_an_agent_does_not_tell_is_not_there(domain: Domain, tess: Staff, view: str) -> None:
    look = ask(domain, tess)
    domain.answers(domain.dc1, look, view, "" if view else "timeout")
    found = told(domain, tess, look)
    assert (found.found, found.told, found.locked) == (None, (), False)


def test_nothing_found_is_an_answer(domain: Domain, tess: Staff) -> None:
    look = ask(domain, tess)
    nothing = replace(FOUND, sources=())
    domain.answers(domain.dc1, look, json.dumps({"locked_until": None, "again": encode(nothing)}))
    found = told(domain, tess, look)
    assert (found.found, found.told) == (nothing, ())


def test_what_nobody_answers_has_a_cause(domain: Domain, tess: Staff) -> None:
    look = ask(domain, tess)
    domain.house.clock.move(20_000)
    assert told(domain, tess, look).look.cause == "timeout"


def test_a_look_belongs_to_its_user_and_tenant(domain: Domain, tess: Staff) -> None:
    look = ask(domain, tess)
    other = domain.house.add_tenant("elsewhere")
    away = replace(tess, caller=domain.house.browser(tenant=other).caller)
    eve = domain.house.user("eve@northwind.test")

    def seen(staff: Staff, user_id: str, look_id: str) -> Any:
        return run(sources.sources(domain.parts, staff, user_id, look_id))

    assert seen(away, domain.ada.id, look) == NotFound()
    assert seen(tess, eve.id, look) == NotFound()
    assert seen(tess, domain.ada.id, "0" * 26) == NotFound()


def test_a_look_for_a_name_is_none_at_an_account(domain: Domain) -> None:
    boss = domain.house.user("boss@northwind.test", role=Role.OWNER)
    staff = Staff(domain.house.browser().caller, boss, Role.OWNER, 2, fresh=True)
    asked = run(linking.ask(domain.parts, staff, domain.ada.id, domain.directory.id, "ada"))
    assert isinstance(asked, linking.Asked)
    assert [one.sources for one in domain.work(domain.dc1).looks] == [False]
    found = run(sources.sources(domain.parts, staff, domain.ada.id, asked.look_id))
    assert found == NotFound()
