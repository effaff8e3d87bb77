"""Lists of users, and the file of one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from keyturn.flows import user_lists
from keyturn.flows.user_lists import NotAllowed
from keyturn.rules.access import Why
from keyturn.rules.accounts import Role
from keyturn.rules.events import Event
from keyturn.rules.user_lists import ANY_ROLE, NO_DIRECTORY, Filter, Sort
from keyturn.steps.user_rows import COLUMNS, UserRow, cells
from tests.unit.flows.domain import Domain
from tests.unit.flows.house import House, run
from tests.unit.flows.test_staff import staff_of


async def gathered(portions: AsyncIterator[tuple[UserRow, ...]]) -> list[tuple[UserRow, ...]]:
    return [rows async for rows in portions]


def test_a_list_is_filtered_and_sorted_and_tells_how_many(house: House) -> None:
    for name in ("Cy", "Ada", "Bo"):
        house.user(f"{name}@northwind.test", name=name)
    me = staff_of(house)
    page = run(user_lists.look(house.parts, me, Filter("northwind", sort=Sort.NAME)))
    names = [row.name for row in page.users]
    assert names == sorted(names)
    assert (page.found, page.total, page.after, page.directories) == (4, 4, None, {})


def test_rows_tell_role_and_directories(house: House) -> None:
    domain = Domain(house)
    me = staff_of(house)
    here = domain.directory
    (own,) = run(user_lists.look(house.parts, me, Filter(role=ANY_ROLE))).users
    assert (own.role, own.directories) == (Role.MANAGER, ())
    homeless = run(user_lists.look(house.parts, me, Filter(directory=NO_DIRECTORY)))
    assert [row.id for row in homeless.users] == [own.id]
    inside = run(user_lists.look(house.parts, me, Filter(directory=here.id)))
    assert inside.directories == {here.id: here.name}
    assert [(row.id, row.directories) for row in inside.users] == [(domain.ada.id, (here.name,))]


@pytest.mark.parametrize("portion", [1, 2, 500])
def test_a_file_has_everybody_of_the_list_and_stands_in_the_trail(
    house: House, monkeypatch: pytest.MonkeyPatch, portion: int
) -> None:
    monkeypatch.setattr(user_lists, "PORTION", portion)
    ada, bo = house.user(), house.user("bo@northwind.test", name="Bo")
    me = staff_of(house, Role.AUDITOR)
    wanted = Filter("northwind.test", sort=Sort.NAME, down=True)
    portions = run(user_lists.export(house.parts, me, wanted))
    assert not isinstance(portions, NotAllowed)
    assert house.events()[-1] == Event.USERS_EXPORTED
    assert house.trail()[-1].facts == {"query": "northwind.test", "sort": "name", "down": True}
    rows = [row for some in run(gathered(portions)) for row in some]
    assert {ada.id, bo.id} < {row.id for row in rows}
    assert [row.name for row in rows] == sorted((row.name for row in rows), reverse=True)


def test_a_technician_takes_no_file_away(house: House) -> None:
    answer = run(user_lists.export(house.parts, staff_of(house, Role.TECHNICIAN), Filter()))
    assert answer == NotAllowed(Why.NO_ROLE)
    assert Event.USERS_EXPORTED not in house.events()


def test_a_row_of_the_file_says_what_there_is(house: House) -> None:
    house.user(phone="+447700900123")
    page = run(user_lists.look(house.parts, staff_of(house), Filter("ada")))
    told = dict(zip(COLUMNS, cells(page.users[0]), strict=True))
    assert (told["name"], told["phone"], told["state"]) == ("Ada Byron", "+447700900123", "active")
    assert not page.users[0].second
    assert (told["locked_until"], told["role"], told["phone_app"]) == ("", "", "no")
    assert told["created_at"].startswith("20")
