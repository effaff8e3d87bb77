"""A topology travels as JSON, and answers a few questions."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from keyturn.rules.directories.topology import (
    Controller,
    Link,
    Topology,
    Unreadable,
    by_host,
    by_invocation,
    decode,
    encode,
    left_over,
    read_only,
    real,
    writable,
)

DC1 = Controller("dc1.corp.test", "Main", "aa", False, True, True, True)
DC2 = Controller("dc2.corp.test", "Branch", "bb", False, True, True, False)
RODC = Controller("dc3.corp.test", "Branch", "cc", True, True, True, False)
NO_SETTINGS = Controller("dc8.corp.test", "Main", "", False, False, True, False)
NO_COMPUTER = Controller("dc9.corp.test", "Main", "dd", False, True, False, False)
ALL = Topology(
    domain="corp.test",
    netbios="CORP",
    base="DC=corp,DC=test",
    vendor="Samba",
    policy_hints=False,
    controllers=(DC2, DC1, RODC, NO_SETTINGS, NO_COMPUTER),
    links=(Link("Main-Branch", ("Branch", "M\u00fcnchen"), 100, 15),),
)


def test_it_survives_the_trip() -> None:
    assert decode(encode(ALL)) == ALL
    assert decode(encode(replace(ALL, controllers=(), links=()))).controllers == ()


def broken(**changes: object) -> str:
    return json.dumps({**json.loads(encode(ALL)), **changes})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 100_000,
        "null",
        "[]",
        "{}",
        broken(more=1),
        broken(domain=None),
        broken(policy_hints=1),
        broken(controllers={}),
        broken(controllers=[{}]),
        broken(controllers=[{**json.loads(encode(ALL))["controllers"][0], "pdc": 0}]),
        broken(links=[3]),
        broken(links=[{"name": "x", "sites": [1], "cost": 1, "interval": 1}]),
        broken(links=[{"name": "x", "sites": [], "cost": True, "interval": 1}]),
    ],
)
def test_anything_else_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        decode(text)


def test_who_takes_a_password_the_pdc_emulator_first() -> None:
    assert writable(ALL) == (DC1, DC2)
    assert read_only(ALL) == (RODC,)
    assert real(ALL) == (DC2, DC1, RODC)


def test_what_a_decommissioned_controller_left() -> None:
    assert left_over(ALL) == (NO_SETTINGS, NO_COMPUTER)


def test_one_of_them() -> None:
    assert by_host(ALL, "DC1.Corp.Test") == DC1
    assert by_host(ALL, "dc7.corp.test") is None
    assert by_invocation(ALL, "bb") == DC2
    assert by_invocation(ALL, "") is None
    assert by_invocation(ALL, "ee") is None
