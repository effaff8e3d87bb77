"""The audit trail: searched, page by page, and handed out as a file."""

from __future__ import annotations

import pytest

from keyturn.flows import trail
from keyturn.flows.trail import PAGE, Asked, NotAllowed, Trail
from keyturn.ports.store import Tx
from keyturn.rules.access import Staff, Why
from keyturn.rules.accounts import Role
from keyturn.rules.events import Event
from keyturn.rules.trail_formats import Format
from keyturn.steps.acts import begin, record
from tests.unit.flows.house import EMAIL, House, run
from tests.unit.flows.test_staff import staff_of


def look(house: House, me: Staff, query: str = "", event: str = "") -> Trail:
    return run(trail.look(house.parts, me, Asked(query, event), None))


def test_the_trail_is_searched_by_name_address_or_event(house: House) -> None:
    ada = house.user(names=["ada"])
    one = house.browser()
    one.sign_in()
    house.browser().fail(2)
    house.browser().fail(1, "somebody@else.test")
    me = staff_of(house)
    assert len(look(house, me).entries) == 4
    for name in ("ada", EMAIL, ada.id):
        assert {e.user_id for e in look(house, me, name).entries} == {ada.id}
    assert [e.event for e in look(house, me, one.ip).entries] == [Event.SIGNIN_PASSED]
    assert len(look(house, me, event="signin.failed").entries) == 3
    assert look(house, me, "nobody").entries == ()


def test_the_trail_has_pages(house: House) -> None:
    house.user()
    house.browser().fail(4)
    me, asked = staff_of(house), Asked(event="signin.")
    first = run(trail.look(house.parts, me, asked, None, limit=3))
    second = run(trail.look(house.parts, me, asked, first.before, limit=3))
    assert [len(first.entries), len(second.entries)] == [3, 1]
    assert second.before is None


def exported(house: House, me: Staff, asked: Asked, most: int) -> list[Trail]:
    async def read() -> list[Trail]:
        pages = await trail.export(house.parts, me, asked, Format.CEF, most)
        assert not isinstance(pages, NotAllowed)
        return [page async for page in pages]

    return run(read())


@pytest.mark.parametrize(
    ("most", "pages"), [(0, []), (1, [1]), (PAGE, [PAGE]), (PAGE + 1, [PAGE, 1]),
                        (3 * PAGE, [PAGE, PAGE, 3])],
)  # fmt: skip
def test_a_file_is_read_page_by_page_to_its_end_or_as_far_as_it_may(
    house: House, most: int, pages: list[int]
) -> None:
    user, me = house.user(), staff_of(house)
    act = begin(house.parts, house.browser().caller)

    def many(tx: Tx) -> None:
        for _ in range(2 * PAGE + 2):
            record(tx, act, Event.SIGNOUT, user)

    house.write(many)
    found = exported(house, me, Asked(), most)
    assert [len(page.entries) for page in found] == pages
    every = [entry.id for page in found for entry in page.entries]
    assert every == sorted(set(every), reverse=True)


def test_a_file_stands_in_the_trail_before_its_first_line(house: House) -> None:
    me = staff_of(house)
    (page,) = exported(house, me, Asked("ada", "data."), 10)
    assert page.entries == ()  # of ada there is nothing
    (entry,) = house.trail()
    assert entry.event is Event.TRAIL_EXPORTED
    assert me.user is not None
    assert entry.actor_id == me.user.id
    assert dict(entry.facts) == {"format": "cef", "query": "ada", "event": "data."}


@pytest.mark.parametrize("role", Role)
def test_technicians_read_the_trail_and_take_no_file_of_it(house: House, role: Role) -> None:
    me = staff_of(house, role)
    pages = run(trail.export(house.parts, me, Asked(), Format.CSV, 10))
    if role is Role.TECHNICIAN:
        assert pages == NotAllowed(Why.NO_ROLE)
        assert house.trail() == []
    else:
        assert not isinstance(pages, NotAllowed)
