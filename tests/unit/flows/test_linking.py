"""Which directory account is whose: asked, shown, confirmed, taken away."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from keyturn.flows import linking as flows
from keyturn.flows.linking import (
    CONFIRM_MS,
    Answer,
    Asked,
    Candidate,
    Held,
    Hindered,
    Linked,
    NotAllowed,
    NotFound,
    Stale,
)
from keyturn.ports.directories import Look
from keyturn.rules.access import Staff, Why
from keyturn.rules.accounts import Role, User
from keyturn.rules.budgets import DIRECTORY_LOOKS
from keyturn.rules.directories.resets import JobState
from keyturn.rules.events import Event
from keyturn.steps.directory_looks import LOOK_MS
from keyturn.steps.directory_views import candidate
from tests.unit.adapters.test_directories_contract import make_job
from tests.unit.flows.house import House, run
from tests.unit.flows.test_staff import staff_of
from tests.unit.web.corp import DOMAIN, Corp

GUID = "0123456789abcdef" * 2


@pytest.fixture
def corp(house: House) -> Corp:
    return Corp(house.write, house.parts, house.tenant)


@pytest.fixture
def ada(house: House) -> User:
    return house.user()


@pytest.fixture
def manager(house: House) -> Staff:
    return staff_of(house)


def asked(house: House, corp: Corp, staff: Staff, user: User, name: str = "ada") -> str:
    """The id of a look for this name."""
    answer = run(flows.ask(house.parts, staff, user.id, corp.directory.id, name))
    assert isinstance(answer, Asked)
    return answer.look_id


def answered(house: House, corp: Corp, staff: Staff, user: User, **view: Any) -> str:
    """The same, answered."""
    look = asked(house, corp, staff, user)
    assert corp.answer(**{"guid": GUID, "upn": f"ada@{DOMAIN}", **view}) == 1
    return look


def shown(house: House, staff: Staff, user: User, look: str) -> Answer:
    found = run(flows.answer(house.parts, staff, user.id, look))
    assert isinstance(found, Answer)
    return found


def accounts(house: House, staff: Staff, user: User) -> list[tuple[str, str, str]]:
    """GUID, name and directory of each account of a user."""
    found = run(flows.accounts_of(house.parts, staff, user.id))
    assert isinstance(found, Linked)
    return [(a.account.guid, a.account.name, a.directory) for a in found.accounts]


def test_what_the_directory_answers_is_shown_and_linked_by_its_guid(
    house: House, corp: Corp, ada: User, manager: Staff
) -> None:
    look = asked(house, corp, manager, ada, f"  ADA@{DOMAIN} ")
    before = shown(house, manager, ada, look)
    assert (before.name, before.candidate, before.cause) == (f"ADA@{DOMAIN}", None, "")
    stored = house.write(lambda tx: tx.jobs.look(house.tenant.id, look))
    assert isinstance(stored, Look)
    assert (stored.guid, stored.asked_by) == ("", manager.user and manager.user.id)
    assert run(flows.link(house.parts, manager, ada.id, look)) == Stale("")
    corp.answer(guid=GUID, upn=f"ada@{DOMAIN}", disabled=True)
    told = shown(house, manager, ada, look)
    assert told.candidate == Candidate(GUID, "ada", f"ada@{DOMAIN}", "Ada B.", "", disabled=True)
    assert (told.cause, told.holder) == ("", None)
    assert isinstance(run(flows.link(house.parts, manager, ada.id, look)), Linked)
    assert accounts(house, manager, ada) == [(GUID, "ada", DOMAIN)]
    assert house.events(ada) == [Event.ACCOUNT_LINKED]
    assert house.trail(ada)[0].facts == {"account": f"ada@{DOMAIN}", "guid": GUID}


def test_an_account_without_a_long_name_is_recorded_by_its_short_one(
    house: House, corp: Corp, ada: User, manager: Staff
) -> None:
    run(flows.link(house.parts, manager, ada.id, answered(house, corp, manager, ada, upn="")))
    run(flows.unlink(house.parts, manager, ada.id, corp.directory.id))
    assert [e.facts["account"] for e in house.trail(ada)] == ["ada", "ada"]


def test_an_account_that_somebody_has_is_told_and_not_taken(
    house: House, corp: Corp, ada: User, manager: Staff
) -> None:
    eve = house.user("eve@northwind.test")
    run(flows.link(house.parts, manager, eve.id, answered(house, corp, manager, eve)))
    look = answered(house, corp, manager, ada)
    assert shown(house, manager, ada, look).holder == eve
    assert run(flows.link(house.parts, manager, ada.id, look)) == Held(eve)
    assert accounts(house, manager, ada) == []
    again = answered(house, corp, manager, eve)
    assert shown(house, manager, eve, again).holder is None  # it is their own
    assert isinstance(run(flows.link(house.parts, manager, eve.id, again)), Linked)


def test_a_holder_who_is_gone_meanwhile_is_nobody(
    house: House, corp: Corp, ada: User, manager: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    eve = house.user("eve@northwind.test")
    run(flows.link(house.parts, manager, eve.id, answered(house, corp, manager, eve)))
    look = answered(house, corp, manager, ada)

    async def gone(*_: object) -> NotFound:
        return NotFound()

    monkeypatch.setattr(flows, "answer", gone)
    assert run(flows.link(house.parts, manager, ada.id, look)) == Held(None)


@pytest.mark.parametrize(("late", "done"), [(-1, True), (0, False)])
def test_an_answer_can_be_confirmed_for_an_hour(
    house: House, corp: Corp, ada: User, manager: Staff, late: int, done: bool
) -> None:
    look = answered(house, corp, manager, ada)
    house.clock.move(CONFIRM_MS + late)
    answer = run(flows.link(house.parts, manager, ada.id, look))
    assert isinstance(answer, Linked) if done else answer == Stale("")


def test_a_protected_account_is_never_linked(
    house: House, corp: Corp, ada: User, manager: Staff
) -> None:
    look = answered(house, corp, manager, ada, protected="domain_admins")
    assert run(flows.link(house.parts, manager, ada.id, look)) == Stale("domain_admins")
    assert accounts(house, manager, ada) == []


def test_no_answer_has_its_cause(house: House, corp: Corp, ada: User, manager: Staff) -> None:
    look = asked(house, corp, manager, ada)
    corp.answer("not_found")
    assert shown(house, manager, ada, look).cause == "not_found"
    late = asked(house, corp, manager, ada)
    house.clock.move(LOOK_MS)
    assert shown(house, manager, ada, late).cause == "timeout"
    corp.beat()
    odd = answered(house, corp, manager, ada, guid="odd")
    assert shown(house, manager, ada, odd).cause == "unreadable"
    assert run(flows.link(house.parts, manager, ada.id, odd)) == Stale("")


@pytest.mark.parametrize(
    "view",
    ["", "{", "[]", "1", "{}", f'{{"guid":"{GUID}"}}',
     f'{{"guid":"{GUID[:-1]}G","name":"","upn":"","display":"","protected":""}}',
     f'{{"guid":"{GUID}","name":1,"upn":"","display":"","protected":""}}',
     f'{{"guid":"{GUID}","name":"{"a" * 1025}","upn":"","display":"","protected":""}}'],
)  # fmt: skip
def test_a_view_that_is_no_account_is_none(view: str) -> None:
    assert candidate(view) is None


def test_an_account_of_a_workgroup_is_known_by_its_sid() -> None:
    sid = "0105000000000005150000000102030405060708090a0b0cf4010000"
    told = candidate(f'{{"guid":"{sid}","name":"ann","upn":"","display":"","protected":""}}')
    assert told is not None
    assert told.guid == sid


def test_nobody_is_asked_where_nobody_would_answer(
    house: House, corp: Corp, ada: User, manager: Staff
) -> None:
    place = corp.directory.id
    house.clock.move(45_000)
    answer = run(flows.ask(house.parts, manager, ada.id, place, "ada"))
    assert isinstance(answer, Hindered)
    assert answer.why == "agent_silent"
    for name in ("", " ", "a" * 255, "a\x00b", "a\x1bb"):
        assert run(flows.ask(house.parts, manager, ada.id, place, name)) == NotFound()
    assert run(flows.ask(house.parts, manager, ada.id, "0" * 26, "ada")) == NotFound()


def test_a_desk_that_tries_names_is_held_up(
    house: House, corp: Corp, ada: User, manager: Staff
) -> None:
    at = house.clock.now()
    for _ in range(DIRECTORY_LOOKS.limit):
        asked(house, corp, manager, ada)
    answer = run(flows.ask(house.parts, manager, ada.id, corp.directory.id, "ada"))
    assert answer == Hindered("spent", at + DIRECTORY_LOOKS.window_ms)


def test_a_command_on_the_host_asks_in_the_tenants_name(
    house: House, corp: Corp, ada: User, manager: Staff
) -> None:
    look = asked(house, corp, replace(manager, user=None, role=Role.OWNER), ada)
    stored = house.write(lambda tx: tx.jobs.look(house.tenant.id, look))
    assert stored is not None
    assert stored.asked_by == house.tenant.id


def test_what_waits_for_an_account_is_given_up_with_the_link(
    house: House, corp: Corp, ada: User, manager: Staff
) -> None:
    account = corp.link(ada, "ada")
    now = house.clock.now()
    waits = make_job(account, id=house.random.id(now), state=JobState.CHOOSING, deadline=None,
                     created_at=now, expires_at=now + 900_000, envelopes=())  # fmt: skip
    house.write(lambda tx: tx.jobs.add(waits))
    assert isinstance(run(flows.unlink(house.parts, manager, ada.id, corp.directory.id)), Linked)
    assert corp.job(waits.id).state is JobState.NOT_DONE
    assert accounts(house, manager, ada) == []
    assert run(flows.unlink(house.parts, manager, ada.id, corp.directory.id)) == NotFound()


def test_another_account_takes_the_place_of_the_one_before(
    house: House, corp: Corp, ada: User, manager: Staff
) -> None:
    account = corp.link(ada, "old")
    now = house.clock.now()
    waits = make_job(account, id=house.random.id(now), state=JobState.CHOOSING, deadline=None,
                     created_at=now, expires_at=now + 900_000, envelopes=())  # fmt: skip
    house.write(lambda tx: tx.jobs.add(waits))
    look = answered(house, corp, manager, ada)
    run(flows.link(house.parts, manager, ada.id, look))
    assert accounts(house, manager, ada) == [(GUID, "ada", DOMAIN)]
    assert corp.job(waits.id).state is JobState.NOT_DONE
    kept = make_job(replace(account, guid=GUID), id=house.random.id(now), envelopes=(),
                    state=JobState.CHOOSING, deadline=None, expires_at=now + 900_000)  # fmt: skip
    house.write(lambda tx: tx.jobs.add(kept))
    run(flows.link(house.parts, manager, ada.id, look))  # the same once more
    assert corp.job(kept.id).state is JobState.CHOOSING


# -- rights and walls

Act = Callable[[House, Staff, User, Corp, str], Coroutine[Any, Any, Any]]
ACTS: dict[str, Act] = {
    "ask": lambda h, s, u, c, _l: flows.ask(h.parts, s, u.id, c.directory.id, "ada"),
    "answer": lambda h, s, u, _c, look: flows.answer(h.parts, s, u.id, look),
    "link": lambda h, s, u, _c, look: flows.link(h.parts, s, u.id, look),
    "unlink": lambda h, s, u, c, _l: flows.unlink(h.parts, s, u.id, c.directory.id),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
@pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.AUDITOR])
def test_only_owners_and_managers_say_whose_it_is(
    house: House, corp: Corp, ada: User, manager: Staff, act: Act, role: Role
) -> None:
    corp.link(ada, "ada")
    look = answered(house, corp, manager, ada)
    answer = run(act(house, staff_of(house, role), ada, corp, look))
    assert answer == NotAllowed(Why.NO_ROLE)
    assert house.events(ada) == []


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_nobody_links_somebody_of_a_higher_role(
    house: House, corp: Corp, manager: Staff, act: Act
) -> None:
    host = staff_of(house, Role.OWNER)
    owner = house.user("first@northwind.test", role=Role.OWNER)
    look = answered(house, corp, host, owner)
    assert run(act(house, manager, owner, corp, look)) == NotAllowed(Why.RANK)


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_nothing_is_found_across_the_wall_or_for_another_user(
    house: House, corp: Corp, ada: User, manager: Staff, act: Act
) -> None:
    look = answered(house, corp, manager, ada)
    fabrikam = house.add_tenant("fabrikam")
    stranger = staff_of(house, Role.OWNER, fabrikam)
    theirs = house.user("bo@fabrikam.test", tenant=fabrikam)
    assert run(act(house, stranger, ada, corp, look)) == NotFound()
    assert run(act(house, stranger, theirs, corp, look)) == NotFound()
    decoy = replace(ada, id=house.tenant.id)
    assert run(act(house, manager, decoy, corp, look)) == NotFound()
    assert run(flows.accounts_of(house.parts, stranger, ada.id)) == NotFound()


def test_a_look_at_an_account_is_no_answer_to_a_name(
    house: House, corp: Corp, ada: User, manager: Staff
) -> None:
    """What a person's own page has asked cannot be confirmed as a link."""
    eve = house.user("eve@northwind.test")
    look = answered(house, corp, manager, ada)
    for user in (eve,):
        assert run(flows.answer(house.parts, manager, user.id, look)) == NotFound()
        assert run(flows.link(house.parts, manager, user.id, look)) == NotFound()
    now = house.clock.now()
    by_guid = Look(house.random.id(now), house.tenant.id, corp.directory.id, ada.id, GUID, "",
                   ada.id, now, now + LOOK_MS, "", "", None)  # fmt: skip
    house.write(lambda tx: tx.jobs.ask(by_guid))
    assert run(flows.answer(house.parts, manager, ada.id, by_guid.id)) == NotFound()
    assert run(flows.link(house.parts, manager, ada.id, by_guid.id)) == NotFound()


def test_an_answer_of_a_directory_that_is_gone_is_not_found(
    house: House, corp: Corp, ada: User, manager: Staff
) -> None:
    now = house.clock.now()
    stray = Look(house.random.id(now), house.tenant.id, "0" * 26, ada.id, "", "ada",
                 ada.id, now, now + LOOK_MS, "", "", None)  # fmt: skip
    house.write(lambda tx: tx.jobs.ask(stray))
    assert run(flows.answer(house.parts, manager, ada.id, stray.id)) == NotFound()
