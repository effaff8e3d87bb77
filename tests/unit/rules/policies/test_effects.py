"""What a change does, in words and numbers, before it is stored."""

from __future__ import annotations

from typing import Any

import pytest

from keyturn.rules.accounts import Contact
from keyturn.rules.diagnosis.judge import render
from keyturn.rules.policies.catalogue import POLICIES
from keyturn.rules.policies.counts import Counts, Locked, People
from keyturn.rules.policies.effects import Tone, effects, stripped
from tests.unit.rules.policies.worlds import TENANT, having

COUNTS = Counts(
    People(active=40, invited=7, unfinished=2, passwords=38, numbered=20, owing=9, texted=18,
           only_text=5, no_language=30, no_zone=3),
    Locked(strangers=4, browsers=1), circular=11, stuck=6, freed=8,
)  # fmt: skip


def said(key: str, before: Any, after: Any, counts: Counts = COUNTS, **both: Any) -> list[str]:
    """Each effect as its tone's first letter and its sentence."""
    found = effects(key, having(**{key: before}, **both), having(**{key: after}, **both), counts)
    return [f"{one.tone[0]} {render(one.text, one.values, str)}" for one in found]


def starts(key: str, before: Any, after: Any, **both: Any) -> list[str]:
    return [" ".join(line.split()[:4]) for line in said(key, before, after, **both)]


#: key, what it is, what it becomes, how each sentence begins
TABLE: list[tuple[str, Any, Any, list[str]]] = [
    ("signup", True, False, ["c From then on", "c 2 people who", "c The invitations of"]),
    ("signup", False, True, ["w Anybody who finds"]),
    ("phone", "off", "required", ["w 9 users have", "c 7 invited people", "g From then on"]),
    ("phone", "required", "optional", ["c From then on", "w From then on"]),
    ("phone", "off", "optional", ["c From then on"]),
    ("phone", "required", "off", ["c From then on", "c 20 users keep", "w From then on"]),
    ("phone", "optional", "off", ["c From then on", "c 20 users keep"]),
    ("activation_again", True, False, ["c From then on", "c 7 people are"]),
    ("activation_again", False, True, ["w From then on", "c 7 people are"]),
    ("password_min", 8, 12, ["g Passwords that are", "c 38 users keep", "c Nobody is locked"]),
    ("password_min", 12, 8, ["w From then on", "c 38 users keep", "c Nobody is locked"]),
    ("lockout_scope", "client", "account",
     ["w From then on", "w 4 accounts are", "c 1 account is"]),
    ("lockout_scope", "account", "client", ["g From then on", "c 4 accounts that"]),
    ("directory_domains", (), ("a.test",), ["c Whoever has an", "c 11 users have", "w 6 of these"]),
    ("directory_domains", ("a.test",), (), ["w People at a", "c 8 users have"]),
    ("sms_second", True, False, ["w 5 users have", "g 13 users with", "c Nobody is signed"]),
    ("sms_second", False, True, ["g 5 users have", "w 13 users have", "w Whoever takes over"]),
    ("voice", False, True, ["c From then on"]),
    ("voice", True, False, ["c From then on"]),
    ("region", "GB", "DE", ["c Numbers that are", "c 20 numbers that"]),
    ("sms_countries", ("GB",), (), ["w From then on"]),
    ("sms_countries", (), ("GB",), ["c From then on", "c 20 numbers that"]),
    ("sms_countries", ("GB",), ("IE",), ["w From then on", "c From then on", "c 20 numbers that"]),
    ("sender", "a@a.test", "b@a.test",
     ["w Mails come from", "c 47 people get", "c Whether it arrives"]),
    ("support", (Contact("A", "1"),), (), ["w Nobody would be", "c Whoever saved you"]),
    ("support", (), (Contact("A", "1"),), ["c Every page that"]),
    ("language", "en", "de", ["c 30 users chose", "c Pages stay in"]),
    ("timezone", "UTC", "Europe/London", ["c 3 users have", "c Days of figures"]),
    ("name", "North", "South", ["c Pages and mails"]),
    ("accent", "#000000", "#ffffff", ["c Pages and mails"]),
]  # fmt: skip


@pytest.mark.parametrize(("key", "before", "after", "expected"), TABLE)
def test_a_change_says_what_it_does_and_to_how_many(
    key: str, before: Any, after: Any, expected: list[str]
) -> None:
    assert starts(key, before, after) == expected


@pytest.mark.parametrize("key", sorted(POLICIES))
def test_what_does_not_change_does_nothing(key: str) -> None:
    assert effects(key, TENANT, TENANT, COUNTS) == ()


def test_nothing_is_said_of_nobody_and_one_is_said_as_one() -> None:
    nobody = said("sms_second", True, False, Counts())
    assert nobody == ["c Nobody is signed out by this."]
    one = said("password_min", 8, 9, Counts(People(passwords=1)))
    assert "c 1 user keeps the password of today until the next change of it." in one


def test_values_stand_in_the_words() -> None:
    assert "at least 12 characters" in said("password_min", 8, 12)[0]
    sender = said("sender", "old@a.test", "new@a.test")[0]
    assert "come from new@a.test" in sender
    assert "marked old@a.test" in sender


def test_strangers_who_can_lock_people_out_are_a_warning_in_plain_words() -> None:
    found = effects("lockout_scope", TENANT, having(lockout_scope="account"), COUNTS)
    assert found[0].tone is Tone.WARN
    assert "strangers can lock people out" in found[0].text


def test_who_is_left_without_a_second_step_is_counted_only_when_texts_end() -> None:
    on, off = having(sms_second=True), having(sms_second=False)
    assert stripped(on, off, COUNTS) == 5
    assert stripped(off, on, COUNTS) == stripped(on, on, COUNTS) == 0
