"""Every policy has its words, its place, its right and its effects; what is fixed is told."""

from __future__ import annotations

import re

from keyturn.rules.access import ALLOWED, EVERYDAY, Action
from keyturn.rules.accounts import Role, Tenant, TenantPolicy
from keyturn.rules.policies import effects, words
from keyturn.rules.policies.catalogue import GROUPS, POLICIES, Form
from keyturn.rules.policies.fixed import FIXED
from keyturn.rules.policies.spelling import spelled
from tests.unit.rules.policies.worlds import TENANT

#: what is decided elsewhere: on a directory's page, by a command, or not at all
ELSEWHERE = {"directory_signin", "host", "id", "slug", "context", "policy", "created_at",
             "phone_unique"}  # fmt: skip


def test_whatever_a_tenant_has_is_a_policy_or_decided_elsewhere() -> None:
    every = {*TenantPolicy.__slots__, *Tenant.__slots__}
    assert set(POLICIES) == every - ELSEWHERE
    assert sorted(key for keys in GROUPS.values() for key in keys) == sorted(POLICIES)
    assert set(effects._EFFECTS) == set(POLICIES)


def test_each_is_chosen_from_values_with_words_or_typed_with_what_is_allowed() -> None:
    for key, policy in POLICIES.items():
        assert bool(policy.values) is (policy.form is Form.CHOICE) is not bool(policy.allowed), key
        assert not policy.values or spelled(TENANT, key) in policy.values
        assert policy.title
        assert policy.what.endswith(".")


def test_what_guards_accounts_is_the_owners_and_all_of_it_is_dangerous() -> None:
    assert Action.POLICIES not in ALLOWED[Role.MANAGER]
    assert {POLICIES[key].action for key in ("name", "accent", "language", "timezone")} == {
        Action.APPEARANCE
    }
    assert sum(one.action is Action.APPEARANCE for one in POLICIES.values()) == 4
    assert not {Action.POLICIES, Action.APPEARANCE} & EVERYDAY
    for role in (Role.TECHNICIAN, Role.AUDITOR):
        assert not {Action.POLICIES, Action.APPEARANCE} & ALLOWED[role]


def test_what_is_fixed_is_told_with_the_numbers_that_the_rules_go_by() -> None:
    said = [one.what.format(**one.values) for one in FIXED]
    assert said[0].startswith("5 wrong passwords in a row lock for 10 minutes")
    assert any("48 hours" in one for one in said)
    assert all("{" not in one for one in said)
    assert all(one.why for one in FIXED)


def test_each_sentence_is_given_to_translators_once() -> None:
    every = list(words.every())
    assert len(every) == len(set(every)) > 60
    assert {hole for text in every for hole in re.findall(r"{(\w+)}", text)} == {"n", "to", "was"}
