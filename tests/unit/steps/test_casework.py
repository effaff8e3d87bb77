"""Grants in a case: used once, by whose case it is, while they live."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from keyturn.flows import casework as flow
from keyturn.ports.store import Tx
from keyturn.rules.access import Staff
from keyturn.rules.grants import LIFE_MS, Deed, Grant, Permit
from keyturn.rules.proofs import Method
from keyturn.steps import casework
from keyturn.steps.acts import begin
from tests.unit.flows.helpdesk import HelpDesk, me
from tests.unit.flows.house import House, run


@pytest.fixture
def house() -> Iterator[House]:
    built = House()
    yield built
    built.close()


@pytest.fixture
def desk(house: House) -> HelpDesk:
    return HelpDesk(house)


def granted(desk: HelpDesk, by: Staff, ref: str) -> str:
    """Proved, and a grant that nothing has used; its id."""
    house = desk.house
    desk.push(by, ref)
    desk.reads(by, ref, Method.TEXT)

    def step(tx: Tx) -> Grant:
        act = begin(house.parts, by.caller, by.user)
        held = casework.hold(tx, act, ref)
        assert held is not None
        found, wanted = casework.permitted(tx, act, held, Deed.LOST_PHONE), casework.about(held)
        assert isinstance(found, Permit)
        assert wanted is not None
        return casework.grant(tx, act, held, found, wanted)[1]

    return house.write(step).id


def spent(desk: HelpDesk, by: Staff, ref: str, grant_id: str, deed: Deed = Deed.LOST_PHONE) -> bool:
    house = desk.house

    def step(tx: Tx) -> bool:
        act = begin(house.parts, by.caller, by.user)
        held = casework.hold(tx, act, ref)
        assert held is not None
        return casework.spend(tx, act, held, grant_id, deed) is not None

    return house.write(step)


def test_once(desk: HelpDesk) -> None:
    tom = desk.staff("tom")
    ref = desk.case(tom)
    grant = granted(desk, tom, ref)
    assert not spent(desk, tom, ref, grant, Deed.TEMPORARY_PASSWORD)
    assert not spent(desk, tom, ref, "0" * 26)
    assert not spent(desk, tom, desk.case(tom), grant)
    assert spent(desk, tom, ref, grant)
    assert not spent(desk, tom, ref, grant)


def test_not_when_it_is_old(desk: HelpDesk) -> None:
    tom = desk.staff("tom")
    ref = desk.case(tom)
    grant = granted(desk, tom, ref)
    desk.house.clock.move(LIFE_MS)
    assert not spent(desk, tom, ref, grant)


def test_not_in_another_turn(desk: HelpDesk) -> None:
    tom, mia = desk.staff("tom"), desk.staff("mia")
    ref = desk.case(tom)
    grant = granted(desk, tom, ref)
    run(flow.hand(desk.house.parts, tom, ref, me(mia).id))
    run(flow.hand(desk.house.parts, mia, ref, me(tom).id))
    assert not spent(desk, tom, ref, grant)


def test_not_after_the_account_was_reset(desk: HelpDesk) -> None:
    tom = desk.staff("tom")
    ref = desk.case(tom)
    grant = granted(desk, tom, ref)
    desk.house.change(desk.ada, epoch=1)
    assert not spent(desk, tom, ref, grant)
