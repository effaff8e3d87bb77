"""Accounts that are never set from here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.rules.directories.protected import WORDS, Standing, protected, relative

DOMAIN = "S-1-5-21-1-2-3"
ALICE = Standing(
    sid=f"{DOMAIN}-1104",
    name="alice",
    classes=frozenset({"top", "person", "organizationalperson", "user"}),
    control=0x200,
    admin_count=0,
    groups=frozenset({f"{DOMAIN}-513", "S-1-5-32-545", "S-1-1-0"}),
    own=False,
)
MANAGED = frozenset({"user", "computer", "msds-groupmanagedserviceaccount"})


def test_an_ordinary_account_is_not_protected() -> None:
    assert protected(ALICE) == ""
    assert protected(replace(ALICE, control=0x1_0202)) == ""  # disabled, never expires
    assert protected(replace(ALICE, classes=ALICE.classes | {"inetorgperson"})) == ""


@pytest.mark.parametrize(
    ("account", "word"),
    [
        (replace(ALICE, own=True), "service"),
        (replace(ALICE, sid=f"{DOMAIN}-502"), "krbtgt"),
        (replace(ALICE, name="KrbTgt"), "krbtgt"),
        (replace(ALICE, name="krbtgt_12345"), "krbtgt"),
        (replace(ALICE, control=0x820), "trust"),
        (replace(ALICE, classes=MANAGED, control=0x1000), "managed"),
        (replace(ALICE, classes=ALICE.classes | {"computer"}), "computer"),
        (replace(ALICE, control=0x1000), "computer"),
        (replace(ALICE, control=0x8_2000), "computer"),
        (replace(ALICE, control=0x0400_1000), "computer"),
        (replace(ALICE, control=0), "not_a_user"),
        (replace(ALICE, classes=frozenset({"top", "contact"})), "not_a_user"),
        (replace(ALICE, sid=f"{DOMAIN}-500"), "administrator"),
        (replace(ALICE, sid=f"{DOMAIN}-501"), "guest"),
        (replace(ALICE, groups=None), "unreadable"),
        (replace(ALICE, admin_count=1), "admin_count"),
    ],
)
def test_what_it_is(account: Standing, word: str) -> None:
    assert protected(account) == word
    assert word in WORDS


@pytest.mark.parametrize(
    ("group", "word"),
    [
        (f"{DOMAIN}-512", "domain_admins"),
        (f"{DOMAIN}-516", "domain_controllers"),
        (f"{DOMAIN}-517", "cert_publishers"),
        (f"{DOMAIN}-518", "schema_admins"),
        ("S-1-5-21-9-9-9-519", "enterprise_admins"),  # of the forest's root domain
        (f"{DOMAIN}-520", "policy_owners"),
        (f"{DOMAIN}-521", "read_only_controllers"),
        (f"{DOMAIN}-498", "enterprise_read_only_controllers"),
        (f"{DOMAIN}-526", "key_admins"),
        (f"{DOMAIN}-527", "enterprise_key_admins"),
        ("S-1-5-32-544", "administrators"),
        ("S-1-5-32-548", "account_operators"),
        ("S-1-5-32-549", "server_operators"),
        ("S-1-5-32-550", "print_operators"),
        ("S-1-5-32-551", "backup_operators"),
        ("S-1-5-32-552", "replicator"),
        ("S-1-5-32-557", "trust_builders"),
        ("S-1-5-32-578", "hyper_v_administrators"),
    ],
)
def test_whom_it_belongs_to(group: str, word: str) -> None:
    assert ALICE.groups is not None
    assert protected(replace(ALICE, groups=ALICE.groups | {group})) == word
    assert word in WORDS


def test_the_strongest_membership_is_named_and_before_the_mark() -> None:
    held = frozenset({"S-1-5-32-544", f"{DOMAIN}-512", f"{DOMAIN}-517"})
    assert protected(replace(ALICE, groups=held, admin_count=1)) == "domain_admins"


def test_a_number_alone_makes_no_group() -> None:
    others = frozenset({"S-1-5-80-512", "S-1-5-32-512", f"{DOMAIN}-544", "S-1-5-32", "x", ""})
    assert protected(replace(ALICE, groups=others)) == ""
    assert relative("S-1-5-32-\u0664") == -1
    assert relative("") == -1
