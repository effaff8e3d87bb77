"""Whose accounts are, for staff: shown with both sides, decided; and who is gone."""

from __future__ import annotations

from typing import Any

import pytest

from keyturn.adapters.sql.directories import SqlDirectories
from keyturn.flows import linking, whose
from keyturn.flows.whose import Decided, Doubts, Gone, NotAllowed, NotFound, People
from keyturn.ports.store import Taken
from keyturn.ports.syncing import Held
from keyturn.rules.access import Staff, Why
from keyturn.rules.accounts import Role, User, UserState
from keyturn.rules.directories.known import LEFT
from keyturn.rules.directories.resets import JobState
from keyturn.rules.directories.things import How
from keyturn.rules.events import Event
from tests.unit.flows.house import EMAIL, House, run
from tests.unit.flows.test_owning import MANY, Land, crowd, person, states


@pytest.fixture
def land(house: House) -> Land:
    return Land(house)


@pytest.fixture
def ada(house: House) -> User:
    return house.user()


@pytest.fixture
def shared(land: Land, ada: User) -> Land:
    """Two accounts with the address that Ada has proved."""
    assert ada.email == EMAIL
    land.has(person("0a", mail=EMAIL), person("0b", mail=EMAIL), person("0c"))
    return land


def people(land: Land, begins: str = "", after: str = "", by: Staff | None = None) -> People:
    found = run(whose.people(land.house.parts, by or land.manager, land.here[1], begins, after))
    assert isinstance(found, People)
    return found


def doubts(land: Land, after: str = "") -> Doubts:
    found = run(whose.doubts(land.house.parts, land.manager, land.here[1], after))
    assert isinstance(found, Doubts)
    return found


def decide(land: Land, what: Any, *words: str, by: Staff | None = None) -> Any:
    return run(what(land.house.parts, by or land.manager, land.here[1], *words))


def release(land: Land, *, sure: bool, by: Staff | None = None) -> Any:
    return run(whose.release(land.house.parts, by or land.manager, land.here[1], sure=sure))


# -- looking


def test_everybody_is_listed_by_name_with_whose_they_are(
    shared: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whose, "PAGE", 2)
    first = people(shared, by=shared.staff(Role.AUDITOR))
    assert [row.known.entry.id for row in first.rows] == ["0a", "0b"]
    assert [(row.user, row.link) for row in first.rows] == [(None, None)] * 2
    assert (first.after, first.unclear, first.held) == ("0b", 2, Held())
    rest = people(shared, after="0b")
    (row,) = rest.rows
    assert row.user is not None
    assert row.link is not None
    assert (row.user.name, row.link.how, rest.after) == ("U 0c", How.MADE, None)
    assert [r.known.entry.id for r in people(shared, "U0C").rows] == ["0c"]
    assert people(shared, "x").rows == ()


def test_an_account_of_a_user_who_is_gone_is_shown_as_nobodys(land: Land, house: House) -> None:
    land.has(person("0a"))
    user = land.user_of("0a")
    house.write(lambda tx: tx.users.delete(user.tenant_id, user.id))
    (row,) = people(land).rows
    assert row.user is None
    assert row.link is not None


def test_both_sides_of_a_doubt_are_shown(
    shared: Land, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared.link(ada, "0f")
    monkeypatch.setattr(whose, "PAGE", 1)
    page = doubts(shared)
    (doubt,) = page.doubts
    assert (doubt.known.entry.id, doubt.known.unclear, page.after) == ("0a", "shared", "0a")
    assert doubt.user is not None
    assert doubt.account is not None
    assert (doubt.user.id, doubt.account.guid) == (ada.id, "0f")
    assert [row.known.entry.id for row in doubt.others] == ["0b"]
    assert doubts(shared, "0a").after is None


def test_a_doubt_without_an_address_has_one_side(land: Land, house: House) -> None:
    land.has(person("0a", mail=""), person("0b"))
    house.user("u0b@corp.test", state=UserState.UNVERIFIED)
    for guid in ("0a", "0b"):
        user = land.user_of(guid)
        run(linking.unlink(house.parts, land.manager, user.id, land.here[1]))
    first, second = doubts(land).doubts
    assert (first.known.unclear, first.user, first.account, first.others) == (LEFT, None, None, ())
    assert (second.user, second.others) == (None, ())


def test_a_directory_that_is_not_there_is_not_found(land: Land) -> None:
    parts, nowhere = land.house.parts, land.house.random.id(1)
    by = land.manager
    for found in (
        run(whose.people(parts, by, nowhere, "", "")), run(whose.doubts(parts, by, nowhere, "")),
        run(whose.gone(parts, by, nowhere)), run(whose.leave(parts, by, nowhere, "0a")),
        run(whose.release(parts, by, nowhere, sure=True)),
    ):  # fmt: skip
        assert found == NotFound()


# -- deciding


def test_a_person_says_that_it_is_theirs(shared: Land, ada: User) -> None:
    done = decide(shared, whose.give, "0a", ada.id)
    assert done == Decided(shared.agency.again(), 1)
    link = shared.link_of("0a")
    assert link is not None
    assert (link.user_id, link.how, link.opens) == (ada.id, How.STAFF, True)
    assert shared.known("0a").unclear == ""
    row = shared.house.trail(ada)[-1]
    assert (row.event, row.facts["choice"]) == (Event.ACCOUNT_DECIDED, "link")
    assert row.actor_id == shared.manager.user.id  # type: ignore[union-attr]
    assert decide(shared, whose.give, "0a", ada.id) == Decided(shared.agency.again(), 0)


def test_who_had_another_account_has_this_one_instead(shared: Land, ada: User) -> None:
    shared.link(ada, "0d")
    shared.tells(person("0d", mail=EMAIL))
    shared.settle()
    job = shared.agency.job(guid="0d", user_id=ada.id)
    decide(shared, whose.give, "0b", ada.id)
    assert shared.user_of("0b").id == ada.id
    assert shared.link_of("0d") is None
    stored = shared.house.write(lambda tx: tx.jobs.get(ada.tenant_id, job.id))
    assert stored is not None
    assert stored.state is JobState.NOT_DONE
    shared.settle()
    assert shared.known("0d").unclear == "shared"


def test_a_person_says_that_it_is_somebody_new(shared: Land) -> None:
    assert decide(shared, whose.make, "0a").count == 1
    user, link = shared.user_of("0a"), shared.link_of("0a")
    assert link is not None
    assert (user.state, link.how) == (UserState.INVITED, How.MADE)
    assert shared.house.events(user) == [
        Event.USER_CREATED, Event.ACCOUNT_LINKED, Event.ACCOUNT_DECIDED,
    ]  # fmt: skip


def test_a_person_says_that_it_is_nobodys_and_may_say_otherwise(shared: Land) -> None:
    assert decide(shared, whose.leave, "0a").count == 1
    assert (shared.known("0a").unclear, people(shared).unclear) == (LEFT, 1)
    shared.tells(person("0a", mail="alone@corp.test"))
    shared.settle()
    assert shared.link_of("0a") is None
    assert decide(shared, whose.make, "0a").count == 1
    assert shared.link_of("0a") is not None


def test_whom_staff_unlinked_is_not_linked_again_by_reading(land: Land, ada: User) -> None:
    land.has(person("0a", mail=EMAIL))
    run(linking.unlink(land.house.parts, land.manager, ada.id, land.here[1]))
    land.tells(person("0a", mail=EMAIL, display="Ada"))
    land.settle()
    assert (land.link_of("0a"), land.known("0a").unclear) == (None, LEFT)


def test_what_is_decided_or_gone_meanwhile_stays_so(shared: Land, ada: User) -> None:
    nothing = Decided(shared.agency.again(), 0)
    assert decide(shared, whose.make, "0c") == nothing  # no doubt there
    assert decide(shared, whose.make, "ff") == NotFound()
    assert decide(shared, whose.give, "0a", shared.house.random.id(1)) == nothing
    shared.link(ada, "0b")
    assert decide(shared, whose.make, "0b") == nothing
    shared.tells(gone=("0a",))
    assert decide(shared, whose.leave, "0a") == nothing


def test_an_account_that_somebody_links_at_this_moment_is_theirs(
    shared: Land, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(*_: Any) -> None:
        raise Taken("account")

    monkeypatch.setattr(SqlDirectories, "link", late)
    assert decide(shared, whose.give, "0a", ada.id) == Decided(shared.agency.again(), 0)
    assert shared.known("0a").unclear == "shared"


def test_only_who_may_link_decides_and_nobody_above_themselves(
    land: Land, house: House, ada: User
) -> None:
    technician = land.staff(Role.TECHNICIAN)
    owner = house.user("owner@people.test", role=Role.OWNER)
    land.has(person("0a", mail=owner.email), person("0b", mail=EMAIL), person("0c", mail=EMAIL))
    for what, words in ((whose.give, (ada.id,)), (whose.make, ()), (whose.leave, ())):
        refused = decide(land, what, "0b", *words, by=technician)
        assert refused == NotAllowed(Why.NO_ROLE)
    assert decide(land, whose.give, "0a", owner.id) == NotAllowed(Why.RANK)
    assert land.link_of("0a") is None
    assert release(land, sure=True, by=technician) == NotAllowed(Why.NO_ROLE)


# -- so many are gone


def test_who_went_together_is_shown(land: Land, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd(land)
    monkeypatch.setattr(whose, "PAGE", 3)
    page = run(whose.gone(land.house.parts, land.manager, land.here[1]))
    assert isinstance(page, Gone)
    assert (page.held.count, [row.known.entry.id for row in page.rows]) == (11, MANY[:3])
    assert {row.user.name for row in page.rows if row.user} == {f"U {i}" for i in MANY[:3]}


@pytest.mark.parametrize(("sure", "state"), [(True, "disabled"), (False, "invited")])
def test_a_person_says_what_it_means(land: Land, state: str, *, sure: bool) -> None:
    crowd(land)
    assert release(land, sure=sure) == Decided(land.agency.again(), 11)
    land.settle()
    assert (land.held(), states(land, *MANY[:11])) == (0, {state})
    assert states(land, *MANY[11:]) == {"invited"}
    assert release(land, sure=sure).count == 0
    (row,) = (r for r in land.house.trail() if r.event is Event.SYNC_RELEASED)
    assert (row.facts["sure"], row.facts["count"]) == (sure, 11)
