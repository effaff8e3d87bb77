"""Signing in with a directory password by many at one moment, on both databases."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from keyturn.adapters.sql import open_store
from keyturn.adapters.sql.schema import complete
from keyturn.adapters.sql.store import engine_of
from keyturn.adapters.system import SystemRandom
from keyturn.flows import directory_signin as flow
from keyturn.flows.directory_signin import Asked, Gone, SignedIn, Waiting, Wrong
from keyturn.rules.directories.signins.answers import STEP_MS
from keyturn.wire.messages import Permitted
from tests.unit.flows.guessers import sealed_to
from tests.unit.flows.house import EMAIL, Browser, House, together
from tests.unit.flows.visitors import Visitors

CROWD = 24


@pytest.fixture
def visitors(store_url: str) -> Iterator[Visitors]:
    """A directory in a database that other tests use as well."""
    house, random = House(), SystemRandom()  # ids that no other test of this database has
    house.store.close()
    house.store = open_store(store_url)
    complete().create_all(engine_of(house.store))
    house.random = random  # type: ignore[assignment]
    house.parts = replace(house.parts, store=house.store, random=random)
    house.tenant = house.add_tenant(f"t{random.digits(12)}")
    visitors = Visitors(house)
    visitors.person()
    yield visitors
    house.close()


async def whole(visitors: Visitors, browser: Browser, number: int, typed: str) -> object:
    """Begin, hand in, be tried and asked for, with others doing so at every moment."""
    parts, guessers = visitors.house.parts, visitors.guessers
    begun = await flow.begin(parts, browser.caller, visitors.agency.directory.id)
    assert isinstance(begun, flow.Begun)
    sealed = (sealed_to(guessers.agent),)
    handed = await flow.submit(parts, browser.caller, begun.try_id, typed, sealed)
    assert handed == Asked()
    one, lane = visitors.stored(begun.try_id), f"work{number}"
    while True:
        leave = await guessers.asks(one, lane=lane)
        assert isinstance(leave, Permitted)
        if leave.why != "busy":
            break
        assert await flow.answer(parts, browser.caller, one.id) == Waiting()
        await asyncio.sleep(0)
    if leave.left_ms:
        await guessers.says(one, "wrong", "wrong", lane=lane)
    visitors.house.clock.move(STEP_MS // CROWD + 1)
    while True:
        found = await flow.answer(parts, browser.caller, one.id)
        if found != Waiting():
            return found
        visitors.house.clock.move(STEP_MS // CROWD + 1)


@pytest.mark.parametrize("typed", [EMAIL, "nobody@northwind.test"])
def test_a_crowd_is_told_the_same_and_the_owner_once(visitors: Visitors, typed: str) -> None:
    house = visitors.house
    browsers = [house.browser() for _ in range(CROWD)]
    found = together(*(whole(visitors, b, n, typed) for n, b in enumerate(browsers)))
    assert Counter(found) == {Wrong(): CROWD}
    notices = [x.message.tenant_id for x in house.outbox("directory_spent")]
    assert notices.count(house.tenant.id) == 1
    tried = [x for x in house.trail() if x.event == "signin.directory"]
    assert Counter(x.facts["reason"] for x in tried) == {"wrong": 3, "spent": 20}


def test_asking_twice_at_one_moment_is_signing_in_once(visitors: Visitors) -> None:
    house, browser = visitors.house, visitors.house.browser()
    attempt = visitors.tried(browser, EMAIL, "right")
    house.clock.move(STEP_MS)
    found = together(*(flow.answer(house.parts, browser.caller, attempt) for _ in range(6)))
    assert sum(isinstance(one, SignedIn) for one in found) == 1
    assert found.count(Gone()) == 5
