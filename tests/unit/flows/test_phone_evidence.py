"""What diagnosis sees of the phone app."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keyturn.rules import activation, enrolment
from keyturn.rules.accounts import User
from keyturn.rules.binding import Rows
from keyturn.rules.callers import Caller
from keyturn.rules.diagnosis import Facts, diagnose
from keyturn.rules.enrolment import ScanCode
from keyturn.rules.lockout import HOUR
from keyturn.rules.matching import Ended
from keyturn.rules.phone_app import Phone, Push, PushState
from keyturn.steps import openings
from keyturn.steps.acts import Act, begin
from keyturn.steps.evidence import Subject, collect
from keyturn.steps.showing import SECRETS
from tests.unit.flows.house import House
from tests.unit.flows.pockets import Pocket


@pytest.fixture
def user(house: House) -> User:
    return house.user()


def act_of(house: House) -> Act:
    return begin(house.parts, Caller(house.tenant, "b" * 43, (), "203.0.113.7", "Firefox"))


def facts(house: House, user: User) -> Facts:
    act = act_of(house)
    return house.write(lambda tx: collect(tx, act, Subject(user=user)))


def app(house: House, user: User) -> dict[str, Any]:
    """Facts about the app that have a value."""
    known = facts(house, user).known
    return {k[4:]: v for k, v in known.items() if k.startswith("app.") and v is not None}


def causes(house: House, user: User) -> list[str]:
    found = diagnose(facts(house, user), house.clock.now()).findings
    return [one.cause for one in found if one.cause.startswith("app.")]


def test_nothing_is_known_of_somebody_without_a_phone(house: House, user: User) -> None:
    assert app(house, user) == {"bound": False}


def test_the_newest_link_is_judged(house: House, user: User) -> None:
    now = house.clock.now()
    first = activation.made("1" * 26, user.tenant_id, user.id, "a" * 43, 0, now)
    link = activation.made("2" * 26, user.tenant_id, user.id, "b" * 43, 1, now)
    house.write(lambda tx: tx.phones.save(Rows(user), Rows(user, links=(first, link))))
    assert app(house, user) == {
        "bound": False, "link": "open", "link_at": now, "link_ends": link.expires_at,
    }  # fmt: skip
    house.clock.move(48 * HOUR)
    assert app(house, user)["link"] == "expired"
    assert "app.link-expired" in causes(house, user)


def code_of(house: House, user: User, flow_id: str, **other: Any) -> ScanCode:
    now = house.clock.now()
    plain = ScanCode(
        id=house.random.id(now), tenant_id=user.tenant_id, user_id=user.id, flow_id=flow_id, link=0,
        epoch=0, digest="d" * 43, name="7F3K", typed="t" * 43, number="42", made_at=now,
        expires_at=now + enrolment.LIFE_MS,
    )  # fmt: skip
    return replace(plain, **other)


def test_what_ended_the_newest_code_is_told(house: House, user: User) -> None:
    act = act_of(house)

    def shows(tx: Any) -> ScanCode:
        flow = openings.start(tx, act, "activation", "scan", user.id, {SECRETS: "x"}, HOUR)
        code = code_of(house, user, flow.id)
        tx.phones.save(Rows(user), Rows(user, codes=(code,)))
        return code

    code = house.write(shows)
    assert "code" not in app(house, user)
    ended = enrolment.ended(code, Ended.NUMBER, house.clock.now())
    house.write(lambda tx: tx.phones.save(Rows(user, codes=(code,)), Rows(user, codes=(ended,))))
    found = app(house, user)
    assert (found["code"], found["code_at"]) == ("number", house.clock.now())
    assert "app.code-number" in causes(house, user)


def test_a_code_that_only_the_clock_has_ended_is_told(house: House, user: User) -> None:
    act = act_of(house)

    def shows(tx: Any) -> ScanCode:
        flow = openings.start(tx, act, "activation", "scan", user.id, {SECRETS: "x"}, HOUR)
        code = code_of(house, user, flow.id)
        tx.phones.save(Rows(user), Rows(user, codes=(code,)))
        return code

    code = house.write(shows)
    house.clock.move(enrolment.LIFE_MS)
    assert app(house, user)["code_at"] == code.expires_at


@pytest.mark.parametrize(
    ("told", "system"),
    [({"platform": "ios"}, "ios"), ({}, "android"), ({"platform": "x"}, "android")],
)
def test_what_the_phone_said_of_itself(
    house: House, user: User, told: dict[str, str], system: str
) -> None:
    pocket, now = Pocket(house, user), house.clock.now()
    words = {**told, "camera": "refused", "push": "well", "clock": "of a later release"}
    house.write(lambda tx: tx.phones.told(user.tenant_id, pocket.phone.id, words, now))
    assert app(house, user) == {
        "bound": True, "system": system, "checked_at": now, "checks.camera": "refused",
        "checks.push": "well",
    }  # fmt: skip


def named(pocket: Pocket, name: str) -> Phone:
    after = replace(pocket.phone, name=name)
    before, user = Rows(pocket.user, phones=(pocket.phone,)), pocket.user
    pocket.house.write(lambda tx: tx.phones.save(before, Rows(user, phones=(after,))))
    return after


@pytest.mark.parametrize(("name", "system"), [("Safari on iPhone", "ios"), ("Firefox", "other")])
def test_a_phone_that_never_checked_itself_has_the_system_of_its_name(
    house: House, user: User, name: str, system: str
) -> None:
    named(Pocket(house, user), name)
    assert app(house, user) == {"bound": True, "system": system}


@pytest.mark.parametrize("told", [False, True])
def test_a_dead_subscription_is_a_cause(house: House, user: User, told: bool) -> None:
    pocket, now = Pocket(house, user), house.clock.now()
    if told:
        words = {"push": "well"}
        house.write(lambda tx: tx.phones.told(user.tenant_id, pocket.phone.id, words, now))
    house.clock.move(HOUR)
    dead = Push(PushState.DEAD, house.clock.now())
    house.write(
        lambda tx: tx.phones.pushed(user.tenant_id, pocket.phone.id, dead, forget=True)
    )  # fmt: skip
    found = app(house, user)
    assert (found["checks.push"], found["checked_at"]) == ("dead", house.clock.now())
    assert "app.push-dead" in causes(house, user)
