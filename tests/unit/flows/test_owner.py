"""The link that makes an owner."""

from __future__ import annotations

from typing import Any

import pytest

from keyturn.flows import account, owner
from keyturn.flows.owner import AddressTaken, DeadLink, Link, Overloaded, SignedIn, Unfit
from keyturn.ports.store import Taken
from keyturn.rules.accounts import Role, UserState
from keyturn.rules.lockout import HOUR
from keyturn.steps import glass
from tests.unit.flows.house import EMAIL, PASSWORD, Browser, House, run, together


def link(house: House, *, break_glass: bool = False) -> str | None:
    """The token of a fresh link."""
    made = run(owner.setup_link(house.parts, house.tenant, break_glass=break_glass))
    return made.rpartition("/")[2] if made else None


def set_up(
    browser: Browser, token: str | None, email: str = EMAIL, password: str = PASSWORD
) -> Any:
    flow = owner.set_up(
        browser.house.parts, browser.caller, token or "", "Olga Owner", email, password,
        spaces_meant=False, timezone="Europe/Berlin",
    )  # fmt: skip
    return browser.keep(run(flow))


def see(browser: Browser, token: str | None) -> Any:
    return run(owner.look(browser.house.parts, browser.caller, token or ""))


def test_the_link_makes_an_active_owner_who_is_signed_in_at_level_one(
    house: House, browser: Browser
) -> None:
    token = link(house)
    done = set_up(browser, token)
    assert isinstance(done, SignedIn)
    assert (done.level, done.user.state, done.user.timezone) == (
        1, UserState.ACTIVE, "Europe/Berlin",
    )  # fmt: skip
    roles = house.write(lambda tx: tx.roles.of_user(done.user.id))
    assert roles == {house.tenant.id: Role.OWNER}
    assert run(account.authenticate(house.parts, browser.caller, done.session)) is not None
    assert house.events() == ["owner.link", "user.created", "role.granted", "signin.passed"]


def test_the_link_is_of_the_tenants_own_origin_and_says_nothing_else(house: House) -> None:
    made = run(owner.setup_link(house.parts, house.tenant, break_glass=False))
    assert made is not None
    assert made.startswith("https://id.test/t/northwind/setup/")


def test_the_link_is_stored_as_a_digest_only(house: House) -> None:
    token = link(house)

    assert (token or "?") not in house.dump("flows", "audit")


def test_every_link_is_in_the_audit_trail(house: House) -> None:
    link(house)
    house.user(role=Role.OWNER)
    link(house, break_glass=True)
    facts = [(e.facts, e.client) for e in house.trail() if e.event == "owner.link"]
    assert facts == [
        ({"break_glass": False}, "command on the host"),
        ({"break_glass": True}, "command on the host"),
    ]


def test_once_there_is_an_owner_only_break_glass_makes_a_link(house: House) -> None:
    house.user(role=Role.OWNER)
    assert link(house) is None
    assert link(house, break_glass=True)


def test_break_glass_makes_one_more_owner(house: House, browser: Browser) -> None:
    house.user(role=Role.OWNER)
    token = link(house, break_glass=True)
    seen = see(browser, token)
    assert seen == Link(break_glass=True, expires_at=house.clock.now() + HOUR)
    assert isinstance(set_up(browser, token, "new.owner@northwind.test"), SignedIn)


def test_a_link_works_once(house: House, browser: Browser) -> None:
    token = link(house)
    set_up(browser, token)
    assert see(browser, token) == DeadLink()
    assert set_up(browser, token, "second@northwind.test") == DeadLink()


def test_an_earlier_link_dies_when_another_made_the_first_owner(
    house: House, browser: Browser
) -> None:
    first, second = link(house), link(house)
    assert isinstance(set_up(browser, second), SignedIn)
    assert see(browser, first) == DeadLink()
    assert set_up(browser, first, "second@northwind.test") == DeadLink()


@pytest.mark.parametrize("same_link", [True, False])
def test_of_many_at_once_one_becomes_owner(house: House, same_link: bool) -> None:
    tokens = [link(house)] * 8 if same_link else [link(house) for _ in range(8)]
    answers = together(
        *(
            owner.set_up(
                house.parts, house.browser().caller, token or "", "Olga", f"o{n}@northwind.test",
                PASSWORD, spaces_meant=False,
            )
            for n, token in enumerate(tokens)
        )
    )  # fmt: skip
    assert sorted(type(a).__name__ for a in answers) == ["DeadLink"] * 7 + ["SignedIn"]
    assert house.count("roles") == 1


@pytest.mark.parametrize(("wait", "live"), [(-1, True), (0, False), (1, False)])
def test_a_link_lives_for_an_hour(house: House, browser: Browser, wait: int, live: bool) -> None:
    token = link(house)
    house.clock.move(HOUR + wait)
    assert isinstance(see(browser, token), Link if live else DeadLink)
    assert isinstance(set_up(browser, token), SignedIn if live else DeadLink)


def test_a_made_up_link_is_dead_and_costs_no_hash(house: House, browser: Browser) -> None:
    assert set_up(browser, "made-up") == DeadLink()
    assert house.hasher.made == 0


def test_a_bad_form_leaves_the_link_alive(house: House, browser: Browser) -> None:
    token = link(house)
    assert isinstance(set_up(browser, token, password="short"), Unfit)
    house.hasher.full = True
    assert set_up(browser, token) == Overloaded(retry_after=1000)
    house.hasher.full = False
    assert isinstance(set_up(browser, token), SignedIn)


def test_an_address_that_has_an_account_is_told_and_leaves_the_link_alive(
    house: House, browser: Browser
) -> None:
    house.user()
    token = link(house)
    assert set_up(browser, token) == AddressTaken()
    assert isinstance(set_up(browser, token, "olga@northwind.test"), SignedIn)


def test_an_address_taken_at_this_very_moment_is_told(house: House, browser: Browser) -> None:
    token = link(house)

    async def lose(_fn: object) -> None:
        raise Taken("identifier")

    house.store.write = lose  # type: ignore[assignment, method-assign]
    assert set_up(browser, token) == AddressTaken()


def test_a_broken_glass_is_told_to_every_owner_when_made_and_when_used(house: House) -> None:
    elsewhere = house.add_tenant("provider")
    guest = house.user("guest@provider.test", tenant=elsewhere)
    house.write(lambda tx: tx.roles.grant(house.tenant.id, guest.id, Role.OWNER))
    house.user("olga@northwind.test", role=Role.OWNER)
    house.user("gone@northwind.test", role=Role.OWNER, state=UserState.DISABLED)
    house.user("mia@northwind.test", role=Role.MANAGER)
    link = run(
        owner.setup_link(house.parts, house.tenant, break_glass=True, client="command (ann)")
    )
    token = str(link).rpartition("/")[2]
    told = house.outbox("break_glass")
    assert {x.message.address for x in told} == {"guest@provider.test", "olga@northwind.test"}
    assert {(x.values["client"], x.values["made"]) for x in told} == {("command (ann)", None)}
    caller = house.browser().caller
    made = owner.set_up(
        house.parts, caller, token, "New", "new@northwind.test", "a wholly new one",
        spaces_meant=False,
    )  # fmt: skip
    assert isinstance(run(made), owner.SignedIn)
    after = house.outbox("break_glass")[len(told) :]
    assert {x.message.address for x in after} == {"guest@provider.test", "olga@northwind.test"}
    assert {x.values["made"] for x in after} == {"new@northwind.test"}


def test_the_first_owners_link_breaks_no_glass(house: House) -> None:
    run(owner.setup_link(house.parts, house.tenant, break_glass=False))
    assert house.outbox() == []
    assert house.write(lambda tx: glass.standing(tx, house.tenant.id, house.clock.now())) is None


@pytest.mark.parametrize(("late", "stands"), [(-1, True), (0, False)])
def test_a_broken_glass_stands_for_a_week(house: House, late: int, stands: bool) -> None:
    run(owner.setup_link(house.parts, house.tenant, break_glass=True))
    house.clock.move(glass.STANDS_MS + late)
    at = house.write(lambda tx: glass.standing(tx, house.tenant.id, house.clock.now()))
    assert (at is not None) is stands
