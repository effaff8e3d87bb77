"""Whose activation link dies soon is told in time, twice at most."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keyturn.flows import inviting, link_reminding
from keyturn.flows import staff as flows
from keyturn.flows.inviting import Sent
from keyturn.rules.accounts import User, UserState
from keyturn.rules.activation import LIFE_MS, REMIND_MS, Link
from keyturn.rules.lockout import HOUR
from tests.unit.flows.house import House, run
from tests.unit.flows.test_words import words
from tests.unit.steps.test_invitations import bind, rows_of

KIND = "activation_soon"
FIRST, SECOND = (LIFE_MS - before for before in REMIND_MS)


def invited(house: House, email: str = "ada@northwind.test") -> tuple[User, Link]:
    user = house.user(email, password=None, state=UserState.INVITED)
    chief = flows.on_the_host(house.browser().caller)
    sent = run(inviting.invite(house.parts, chief, user.id))
    assert isinstance(sent, Sent)
    return user, sent.link


def remind(house: House) -> int:
    return run(link_reminding.remind(house.parts))


def test_24_and_4_hours_before_each_once(house: House) -> None:
    user, link = invited(house)
    house.clock.move(FIRST - 1)
    assert remind(house) == 0
    house.clock.move(1)
    assert [remind(house), remind(house)] == [1, 0]
    house.clock.move(SECOND - FIRST)
    assert [remind(house), remind(house)] == [1, 0]
    house.clock.move(LIFE_MS - SECOND)
    assert remind(house) == 0
    first, second = house.outbox(KIND)
    assert (first.values["hours"], second.values["hours"]) == (24, 4)
    assert first.message.expires_at == link.expires_at
    assert house.events(user).count("activation.reminded") == 2


def test_the_reminder_has_no_link_and_says_which_mail_to_look_for(house: House) -> None:
    _user, link = invited(house)
    house.clock.move(FIRST)
    remind(house)
    letter = house.last(KIND)
    said = words(house, letter)
    assert house.last("activation").token not in said
    assert "/activate/" not in said
    assert letter.values["sent"] == link.made_at
    assert "less than 24 hours" in said
    late = words(house, replace(letter, values={**letter.values, "hours": 1}))
    assert "less than an hour" in late


def test_of_several_that_are_due_the_last_alone_is_sent(house: House) -> None:
    invited(house)
    house.clock.move(LIFE_MS - HOUR)
    assert [remind(house), remind(house)] == [1, 0]
    assert len(house.outbox(KIND)) == 1


@pytest.mark.parametrize(
    "fields", [{"frozen_at": 1}, {"email": ""}, {"state": UserState.UNVERIFIED}]
)
def test_who_could_not_go_on_hears_nothing(house: House, fields: dict[str, Any]) -> None:
    user, _link = invited(house)
    house.change(user, **fields)
    house.clock.move(FIRST)
    assert [remind(house), remind(house)] == [1, 0]
    assert house.outbox(KIND) == []


def test_who_has_a_phone_by_now_hears_nothing(house: House) -> None:
    user, _link = invited(house)
    bind(house, user)
    house.clock.move(FIRST)
    assert [remind(house), remind(house)] == [1, 0]
    assert house.outbox(KIND) == []
    assert [link.reminded for link in rows_of(house, user).links] == [1]


def test_many_are_reminded_in_portions_of_all_tenants(house: House) -> None:
    for name in ("ada", "bob", "cat"):
        invited(house, f"{name}@northwind.test")
    house.clock.move(FIRST)
    seen = [run(link_reminding.remind(house.parts, 2)) for _ in range(3)]
    assert seen == [2, 1, 0]
    assert len(house.outbox(KIND)) == 3
