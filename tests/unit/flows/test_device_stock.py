"""What a tenant registers: strictly read, the same twice is once, each in its own tenant."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keyturn.flows import device_stock
from keyturn.flows.device_stock import PAGE, NotAllowed, Registered, Row, Wrong
from keyturn.flows.staff import on_the_host
from keyturn.rules.access import Staff, Why
from keyturn.rules.accounts import Role
from keyturn.rules.callers import Caller
from keyturn.rules.devices import label_digest, label_letters
from keyturn.rules.events import Event
from tests.unit.flows.cameras import Shelf
from tests.unit.flows.house import House, run

DIGEST = "ab" * 32


@pytest.fixture
def host(house: House) -> Staff:
    return on_the_host(Caller(house.tenant, "", (), "", "command on the host (root)"))


def row(number: int = 1, **other: Any) -> Row:
    return replace(Row(number, "Camera C2", f"C2-{number}", f"{number:064x}"), **other)


def registered(house: House, by: Staff, *rows: Row) -> Any:
    return run(device_stock.register(house.parts, by, rows))


def test_what_is_new_and_what_was_known(house: House, host: Staff) -> None:
    rows = [row(number) for number in range(PAGE + 1)]
    assert registered(house, host, *rows) == Registered(PAGE + 1, 0, [])
    assert registered(house, host, *rows[:2], row(PAGE + 2)) == Registered(1, 2, [])
    assert house.events().count(Event.DEVICE_REGISTERED) == PAGE + 2


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"model": ""}, Wrong.MODEL),
        ({"model": " C2"}, Wrong.MODEL),
        ({"model": "x" * 61}, Wrong.MODEL),
        ({"model": "C\x1b2"}, Wrong.MODEL),
        ({"serial": ""}, Wrong.SERIAL),
        ({"serial": "x" * 61}, Wrong.SERIAL),
        ({"digest": "ab"}, Wrong.DIGEST),
        ({"digest": "AB" * 32}, Wrong.DIGEST),
    ],
)
def test_a_wrong_row_is_named_and_the_others_are_taken(
    house: House, host: Staff, other: dict[str, str], why: Wrong
) -> None:
    bad = row(2, **other)
    assert registered(house, host, row(1), bad, row(3)) == Registered(2, 0, [(bad, why)])


def test_a_label_of_another_device_and_another_label_of_a_device(house: House, host: Staff) -> None:
    registered(house, host, row(1))
    same_label, same_device = row(2, digest=row(1).digest), row(1, digest=DIGEST)
    done = registered(house, host, same_label, same_device)
    assert done == Registered(0, 0, [(same_label, Wrong.TAKEN), (same_device, Wrong.TAKEN)])


def test_only_who_may(house: House, host: Staff) -> None:
    technician = replace(host, role=Role.TECHNICIAN)
    assert registered(house, technician, row()) == NotAllowed(Why.NO_ROLE)


def test_a_fresh_label_is_what_it_says(house: House) -> None:
    fresh = device_stock.new_label(house.parts)
    letters = label_letters(fresh.shown)
    assert letters is not None
    assert label_digest(letters) == fresh.digest


def test_listed_with_whose_they_are(house: House, host: Staff) -> None:
    shelf, ada = Shelf(house), house.user()
    free, held = shelf.camera(), shelf.camera()
    shelf.paired(ada, held)
    first = run(device_stock.listed(house.parts, host, "", 1))
    assert [(one.device, one.pairing) for one in first.devices] == [(free.device, None)]
    assert first.after == free.device.id
    (second,) = run(device_stock.listed(house.parts, host, first.after, 2)).devices
    assert (second.device, second.owner) == (held.device, ada)
    assert second.seen_at is not None
    away = replace(host, caller=replace(host.caller, tenant=house.add_tenant("contoso")))
    assert run(device_stock.listed(house.parts, away)).devices == []
