"""`keyturn tenant link` and its like: providers of tenants, by commands on the host."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from keyturn import wiring
from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.accounts import User, UserState
from keyturn.settings import load
from tests.unit.cli.conftest import Command, parsed

LINK = ("tenant", "link", "northwind", "--provider", "helpers")
UNLINK = ("tenant", "unlink", "northwind", "--provider", "helpers")
MEMBER = ("tenant", "member", "northwind", "--provider", "helpers", "--user", "ann@helpers.test")


@pytest.fixture
def linked(northwind: Command) -> Command:
    """With a provider whose only owner is Ann."""
    sender = ("--sender", "a@helpers.test")
    assert northwind("tenant", "add", "helpers", "--name", "Helpers", *sender)[0] == 0
    made = northwind("user", "create", "ann@helpers.test", "--name", "Ann", "--tenant", "helpers")
    assert made[0] == 0, made
    role = ("user", "role", "grant", "ann@helpers.test", "owner", "--tenant", "helpers")
    assert northwind(*role)[0] == 0
    return northwind


def test_a_provider_is_let_in_and_let_in_no_more(linked: Command) -> None:
    assert "no provider and no customer" in linked("tenant", "links", "northwind")[1]
    assert "Helpers may act at Northwind: as technician at most" in linked(*LINK)[1]
    assert linked("tenant", "links", "northwind")[1].startswith("provider helpers  Helpers")
    assert linked("tenant", "links", "helpers")[1].startswith("customer northwind  Northwind")
    (row,) = parsed(linked("tenant", "links", "helpers", "--json"))
    assert (row["customer"], row["role"]) == ("northwind", "technician")
    assert "Nobody of Helpers is let in any more" in linked(*UNLINK)[1]
    assert linked(*UNLINK)[0] == 1
    (made,) = parsed(linked(*LINK, "--role", "manager", "--json"))
    assert (made["provider"], made["role"], made["people"]) == ("helpers", "manager", [])


def test_the_only_owner_is_let_in_by_a_command_alone(linked: Command) -> None:
    linked(*LINK)
    assert "Ann acts at Northwind as technician." in linked(*MEMBER, "--role", "technician")[1]
    assert "  Ann, technician since" in linked("tenant", "links", "northwind")[1]
    (made,) = parsed(linked("tenant", "links", "northwind", "--json"))
    assert [(one["name"], one["role"]) for one in made["people"]] == [("Ann", "technician")]
    assert "Ann acts there no more." in linked(*MEMBER, "--role", "none")[1]
    assert linked(*MEMBER, "--role", "none")[0] == 1


@pytest.mark.parametrize(
    ("words", "status", "why"),
    [
        ((*LINK, "--role", "owner"), 2, "--role cannot be `owner`"),
        (("tenant", "link", "northwind", "--provider", "nobody"), 1, "no other tenant `nobody`"),
        (("tenant", "link", "northwind", "--provider", "northwind"), 1, "no other tenant"),
        (LINK, 1, "has this provider already"),
        ((*MEMBER, "--role", "manager"), 1, "lets nobody be manager"),
        ((*MEMBER, "--role", "owner"), 2, "--role cannot be `owner`"),
        (("tenant", "member", "nowhere", *MEMBER[3:], "--role", "auditor"), 1, "no tenant"),
        (("tenant", "unlink", "northwind", "--provider", "nobody"), 1, "is no provider"),
    ],
)
def test_what_cannot_be_is_told(
    linked: Command, words: tuple[str, ...], status: int, why: str
) -> None:
    linked(*LINK)
    said = linked(*words)
    assert said[0] == status
    assert why in " ".join(said[2].split())


def test_nobody_has_more_providers_than_there_can_be(linked: Command) -> None:
    for number in range(8):
        slug, sender = f"p{number}", ("--sender", "a@p.test")
        linked("tenant", "add", slug, "--name", slug, *sender)
        assert linked("tenant", "link", "northwind", "--provider", slug)[0] == 0
    assert "as many providers" in linked(*LINK)[2]


def test_numbers_are_kept_apart_once_it_is_said_after_the_link(linked: Command) -> None:
    say = ("tenant", "set", "northwind", "--phone-unique", "provider", "--json")
    assert "not yet kept apart" not in linked(*LINK)[1]
    assert linked(*UNLINK)[0] == 0
    (shown,) = parsed(linked(*say))
    assert shown["policy"]["phone_unique"] == "provider"
    said = linked(*LINK)[1]
    assert "not yet kept apart" in said
    assert "`keyturn tenant set northwind --phone-unique provider`" in said
    assert linked(*say)[0] == 0
    linked(*UNLINK)
    (shown,) = parsed(linked("tenant", "set", "northwind", "--json"))
    assert shown["policy"]["phone_unique"] == "tenant"


def prove(tx: Tx, parts: Parts, numbers: int) -> None:
    """The same numbers in each tenant."""
    now = parts.clock.now()
    for tenant in tx.tenants.all():
        for n in range(numbers):
            user = User(
                parts.random.id(now), tenant.id, UserState.ACTIVE, "Ann", None, f"{n}@x.test",
                None, None, None, None, 0, None, None, now,
            )  # fmt: skip
            tx.users.add(user, ())
            tx.users.save_number(replace(user, phone=f"+44740012345{n}", phone_verified_at=now))


@pytest.mark.parametrize(
    ("numbers", "why"), [(1, "1 of its phone numbers is held"), (2, "2 of its phone numbers are")]
)
def test_a_tenant_with_numbers_that_others_hold_does_not_join(
    linked: Command, numbers: int, why: str
) -> None:
    say = ("tenant", "set", "northwind", "--phone-unique", "provider")
    linked(*LINK)
    assert linked("tenant", "set", "helpers", "--phone-unique", "provider")[0] == 0
    house = wiring.open_house(load(None))
    asyncio.run(house.parts.store.write(lambda tx: prove(tx, house.parts, numbers)))
    house.close()
    status, _, err = linked(*say)
    assert status == 1
    assert why in err
    assert "Nothing was stored." in err
