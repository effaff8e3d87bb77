"""A page's code to scan, where a flow would have stopped before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from keyturn.rules import phone_app
from keyturn.rules.accounts import User, UserState
from keyturn.rules.binding import No, Rows
from keyturn.rules.matching import Ended
from keyturn.steps import openings, showing
from keyturn.steps.acts import begin
from tests.unit.flows.activations import invited, link_for, rows_of
from tests.unit.flows.house import House


@pytest.fixture
def house() -> Iterator[House]:
    built = House()
    yield built
    built.close()


def show(house: House, user: User, link: int, **changed: Any) -> Any:
    """A page of this link asks for a code; `changed`: of the user, since the page began."""
    act = begin(house.parts, house.browser().caller)
    data = {showing.LINK: link, showing.EPOCH: user.epoch}

    def step(tx: Any) -> Any:
        rows: Rows = rows_of(tx, user, act.now)
        phone = phone_app.bound("1" * 26, user.tenant_id, user.id, "key", "Chrome", act.now)
        phones = (phone,) if changed.pop("phone", False) else ()
        rows = replace(rows, user=replace(rows.user, **changed), phones=phones)
        flow = openings.start(tx, act, "activation", "number", user.id, data, 1000)
        return showing.show(tx, act, rows, flow)

    return house.write(step)


def test_nothing_is_shown_while_changes_are_frozen(house: House) -> None:
    assert show(house, invited(house), 0, frozen_at=1) is No.USER


def test_a_link_shows_nothing_once_a_phone_is_bound_a_sign_in_does(house: House) -> None:
    ada = invited(house)
    link_for(house, ada)
    assert show(house, ada, 1, phone=True) is No.LINK
    assert house.count("scan_codes") == 0


def test_what_a_reset_has_overtaken_shows_nothing(house: House) -> None:
    ada = invited(house)
    link_for(house, ada)
    assert show(house, ada, 1, epoch=ada.epoch + 1) is No.USER
    assert show(house, ada, 7) is No.LINK
    assert show(house, ada, 1, state=UserState.DISABLED) is No.USER
    assert house.count("scan_codes") == 0


def test_the_end_of_a_page_ends_its_own_code_and_no_other(house: House) -> None:
    ada = invited(house)
    link_for(house, ada)
    flow = show(house, ada, 1)
    act = begin(house.parts, house.browser().caller)

    def end(flow_id: str) -> list[Ended | None]:
        return house.write(
            lambda tx: [
                code.ended
                for code in showing.end(tx, act, rows_of(tx, ada, act.now), flow_id).codes
            ]
        )

    assert end("a page without a code") == [None]
    assert end(flow.id) == [Ended.NEWER]
