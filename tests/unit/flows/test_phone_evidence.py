"""What diagnosis sees of somebody's phone."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import pytest

from keyturn.flows import phone_app
from keyturn.rules.accounts import User
from keyturn.rules.activation import LIFE_MS
from keyturn.rules.binding import Rows
from keyturn.rules.diagnosis import Facts, diagnose
from keyturn.rules.lockout import HOUR
from keyturn.rules.matching import Ended
from keyturn.rules.phone_app import Push, PushState
from keyturn.rules.phone_checks.checks import Check
from keyturn.rules.phone_checks.seen import Seen
from keyturn.rules.phone_checks.vectors import WELL
from keyturn.steps.acts import begin
from keyturn.steps.evidence import Subject, collect
from tests.unit.flows.handsets import WRONG, Handset, invite, show
from tests.unit.flows.house import House, run
from tests.unit.flows.pockets import Pocket


@pytest.fixture
def user(house: House) -> User:
    return house.user()


def seen(house: House, user: User) -> Facts:
    act = begin(house.parts, house.browser().caller)
    return house.write(lambda tx: collect(tx, act, Subject(user=user)))


def told(house: House, user: User) -> dict[str, Any]:
    return {n: v for n, v in asdict(seen(house, user))["known"].items() if n.startswith("app.")}


def test_of_who_has_none_everything_was_looked_at(house: House, user: User) -> None:
    found = told(house, user)
    assert found.pop("app.bound") is False
    assert set(found.values()) == {None}
    assert {f"app.checks.{check}" for check in Check} <= set(found)


def test_what_the_phone_found_itself_is_a_cause_that_staff_see(house: House, user: User) -> None:
    phone = Handset(house)
    phone.bind(user)
    denied = Seen(**{**WELL, "permission": "denied"})
    assert run(phone_app.checks(house.parts, phone.caller, phone.said(), denied)) is None
    found = told(house, user)
    assert (found["app.bound"], found["app.system"]) == (True, "android")
    assert found["app.checks.notifications"] == "denied"
    assert found["app.checked_at"] == house.clock.now()
    causes = [one.cause for one in diagnose(seen(house, user), house.clock.now()).findings]
    assert "app.notifications-denied-android" in causes


def test_words_of_another_release_are_not_known_here(house: House, user: User) -> None:
    phone = Handset(house)
    phone.bind(user)
    odd: dict[str, Any] = {"system": "fuchsia", "checks": {"push": "lost", "camera": "melted"}}
    for words, push in ((odd, "lost"), ({"checks": "none"}, None), ({}, None)):
        house.write(lambda tx, w=words: tx.phones.told(user.tenant_id, phone.id, w, 5))  # type: ignore[misc]
        found = told(house, user)
        assert (found["app.system"], found["app.checks.camera"]) == ("android", None)
        assert (found["app.checks.push"], found["app.checked_at"]) == (push, 5)


@pytest.mark.parametrize(("name", "system"), [("Safari on iPhone", "ios"), ("Firefox", "other")])
def test_a_phone_that_never_checked_itself_has_the_system_of_its_name(
    house: House, user: User, name: str, system: str
) -> None:
    pocket = Pocket(house, user)
    before, after = pocket.phone, replace(pocket.phone, name=name)
    house.write(
        lambda tx: tx.phones.save(Rows(user, phones=(before,)), Rows(user, phones=(after,)))
    )
    assert told(house, user)["app.system"] == system


@pytest.mark.parametrize("checked", [False, True])
def test_a_dead_subscription_is_a_cause_whatever_the_phone_said_before(
    house: House, user: User, checked: bool
) -> None:
    phone, now = Pocket(house, user).phone, house.clock.now()
    if checked:
        words = {"system": "android", "checks": {"push": "well"}}
        house.write(lambda tx: tx.phones.told(user.tenant_id, phone.id, words, now))
    house.clock.move(HOUR)
    dead = Push(PushState.DEAD, house.clock.now())
    house.write(lambda tx: tx.phones.pushed(user.tenant_id, phone.id, dead, forget=True))
    found = told(house, user)
    assert (found["app.checks.push"], found["app.checked_at"]) == ("dead", house.clock.now())
    causes = [one.cause for one in diagnose(seen(house, user), house.clock.now()).findings]
    assert "app.push-dead" in causes


def test_the_link_and_the_code(house: House, user: User) -> None:
    link = invite(house, user)
    found = told(house, user)
    assert (found["app.link"], found["app.link_at"]) == ("open", link.made_at)
    shown, phone = show(house, user), Handset(house)
    phone.scan(shown)
    assert told(house, user)["app.code"] is None
    for _ in range(3):
        phone.say(shown, WRONG)
    found = told(house, user)
    assert (found["app.code"], found["app.code_at"]) == (Ended.NUMBER, house.clock.now())
    late, ends = show(house, user, "8888888888"), house.clock.now()
    house.clock.move(LIFE_MS)
    found = told(house, user)
    assert (found["app.code"], found["app.code_at"]) == ("expired", late.code.expires_at)
    assert (found["app.link"], found["app.link_ends"]) == ("expired", ends + LIFE_MS)


def test_the_same_is_asked_for_a_name_that_nobody_has(house: House, user: User) -> None:
    decoy = house.write(lambda tx: tx.users.get(user.tenant_id, user.tenant_id))
    assert decoy is not None
    with house.statements() as one:
        seen(house, user)
    with house.statements() as other:
        seen(house, decoy)
    about = [[s for s in statements if "phones" in s or "scan_codes" in s or "links" in s]
             for statements in (one, other)]  # fmt: skip
    assert about[0] == about[1] != []
