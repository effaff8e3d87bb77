"""Whose accounts are: linked, made, in doubt; stopped and back; so many gone that one asks."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from keyturn.adapters.sql.syncing import SqlSyncs
from keyturn.flows import owning
from keyturn.rules.accounts import Role, User, UserState
from keyturn.rules.directories.entries import Entry
from keyturn.rules.directories.known import Known, Owing
from keyturn.rules.directories.syncs import GONE_WINDOW_MS
from keyturn.rules.directories.things import How, LinkedAccount
from keyturn.rules.events import Event
from keyturn.sweeping import LOOK_S, Sweep
from keyturn.wire.messages import SyncChanges, SyncLost, SyncPage
from tests.unit.adapters.test_syncing_contract import make_entry
from tests.unit.flows.house import EMAIL, House, run
from tests.unit.flows.test_staff import staff_of
from tests.unit.flows.test_syncing import Desk


class Land(Desk):
    """A directory that is read, and what becomes of its people."""

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self.choose()
        self.cursor = 0
        self.here = (house.tenant.id, self.agency.directory.id)

    def settle(self, limit: int = owning.LIMIT) -> int:
        return run(owning.settle(self.house.parts, limit))

    def has(self, *entries: Entry) -> None:
        """Everybody who is there, read in full and settled."""
        self.read_all(sorted(entries, key=lambda entry: entry.id))
        self.settle()

    def tells(self, *entries: Entry, gone: tuple[str, ...] = ()) -> None:
        """What changed; not settled yet."""
        self.cursor += 1
        self.agency.beat(self.primary)  # or it would not lead any more
        told = SyncChanges(self.place().at, tuple(entries), gone, bytes([self.cursor]), False)
        self.said(told)

    def link_of(self, guid: str) -> LinkedAccount | None:
        found: LinkedAccount | None = self.house.write(
            lambda tx: tx.directories.holder(*self.here, guid)
        )
        return found

    def user_of(self, guid: str) -> User:
        link = self.link_of(guid)
        assert link is not None
        found = self.house.write(lambda tx: tx.users.get(self.here[0], link.user_id))
        assert found is not None
        return found

    def known(self, guid: str) -> Known:
        (found,) = self.house.write(lambda tx: tx.syncs.known(*self.here, [guid]))
        assert isinstance(found, Known)
        return found

    def held(self) -> int:
        return int(self.house.write(lambda tx: tx.syncs.held(*self.here)).count)


@pytest.fixture
def land(house: House) -> Land:
    return Land(house)


def person(id_: str, **fields: Any) -> Entry:
    return make_entry(id_, **{"mail": f"u{id_}@corp.test", "display": f"U {id_}", **fields})


# -- whose


def test_a_user_is_made_for_who_is_not_here_and_cannot_sign_in(land: Land, house: House) -> None:
    land.has(person("0a"), person("0b", disabled=True))
    made, off = land.user_of("0a"), land.user_of("0b")
    assert (made.state, made.name, made.email) == (UserState.INVITED, "U 0a", "u0a@corp.test")
    assert made.password_hash is None
    assert off.state is UserState.DISABLED
    link, stopped = land.link_of("0a"), land.link_of("0b")
    assert link is not None
    assert stopped is not None
    assert (link.how, link.stopped, stopped.stopped) == (How.MADE, "", "invited")
    assert house.events(made) == [Event.USER_CREATED, Event.ACCOUNT_LINKED]
    assert house.trail(made)[0].client == "directory"
    # what stands in a directory names nobody here
    named = house.write(lambda tx: tx.users.named(land.here[0], "u0a@corp.test"))
    assert named is None
    assert land.known("0a").owing is Owing.NOTHING
    assert land.settle() == 0


def test_who_has_proved_the_address_has_the_account_but_is_not_let_in_by_it(
    land: Land, house: House
) -> None:
    ada = house.user()
    land.has(person("0a", mail=EMAIL.upper(), display="Somebody", disabled=True))
    link = land.link_of("0a")
    assert link is not None
    assert (link.user_id, link.how, link.opens) == (ada.id, How.MAIL, False)
    assert house.again(ada) == ada  # not renamed, and not stopped
    assert house.trail(ada)[-1].facts["how"] == "mail"


def test_the_account_of_a_linked_user_stays_theirs_whatever_it_says(
    land: Land, house: House
) -> None:
    ada, ben = house.user(), house.user("ben@northwind.test")
    land.link(ada, "0a")
    land.has(person("0a", mail=ben.email))
    assert land.user_of("0a").id == ada.id
    link = land.link_of("0a")
    assert link is not None
    assert (link.how, link.name) == (How.STAFF, "u0a")
    land.tells(person("0a", mail="eve@northwind.test"))
    land.settle()
    assert land.user_of("0a").id == ada.id


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"role": Role.AUDITOR}, "staff"),
        ({"password": None}, "unproved"),
        ({"state": UserState.DISABLED}, "unproved"),
        ({"state": UserState.UNVERIFIED}, ""),
    ],
)
def test_an_address_alone_gives_nobody_who_is_staff_or_unproved(
    land: Land, house: House, fields: dict[str, Any], why: str
) -> None:
    ada = house.user(**fields)
    land.has(person("0a", mail=ada.email))
    assert land.known("0a").unclear == why
    link = land.link_of("0a")
    assert link is None if why else link is not None and link.how is How.MADE
    doubts = [row.facts["why"] for row in house.trail() if row.event is Event.ACCOUNT_UNCLEAR]
    assert doubts == ([why] if why else [])


def test_one_address_of_two_accounts_is_nobodys_however_they_came(land: Land, house: House) -> None:
    house.user()
    land.has(person("0a", mail=EMAIL), person("0b", mail=EMAIL), person("0c"))
    assert [land.known(i).unclear for i in ("0a", "0b", "0c")] == ["shared", "shared", ""]
    # and it stays so until a person decides, whatever is written into one of them
    land.tells(person("0b", mail="else@corp.test"))
    land.settle()
    land.tells(person("0a", mail=EMAIL, display="Ada"))
    land.settle()
    assert land.link_of("0a") is None
    assert land.link_of("0b") is None


def test_a_second_account_of_the_same_person_is_in_doubt(land: Land, house: House) -> None:
    ada = house.user()
    land.link(ada, "0a")
    land.has(person("0a", mail=""), person("0b", mail=EMAIL))
    assert land.known("0b").unclear == "taken"


def test_whom_staff_link_is_in_doubt_no_more(land: Land, house: House) -> None:
    ada = house.user(role=Role.AUDITOR)
    land.has(person("0a", mail=ada.email))
    land.link(ada, "0a")
    land.tells(person("0a", mail=ada.email, display="Ada"))
    land.settle()
    assert land.known("0a").unclear == ""


def test_nothing_is_settled_while_everybody_is_read(land: Land) -> None:
    at = land.begun().at
    first = tuple(person(i) for i in ("0a", "0b"))
    at = land.said(SyncPage(at, "0b", first, last=False)).at
    assert (land.settle(), land.link_of("0a")) == (0, None)
    land.said(SyncPage(at, "", (person("0c"),), last=True))
    assert (land.settle(), land.link_of("0a") is not None) == (3, True)


def test_many_cost_as_many_statements_as_few(land: Land, house: House) -> None:
    def cost(count: int, first: int) -> int:
        people = [person(f"{first:02x}{n:04x}") for n in range(count)]
        land.tells(*people)
        with house.statements() as seen:
            assert land.settle() == count
        return len(seen)

    land.has()
    assert cost(60, 1) == cost(2, 2) < 25


def test_so_many_are_settled_in_one_transaction(land: Land) -> None:
    land.read_all([person(f"0{n}") for n in range(5)])
    assert [land.settle(2) for _ in range(4)] == [2, 2, 1, 0]


def test_the_sweep_settles_and_goes_on_at_once_while_there_is_more(
    land: Land, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    land.read_all([person("0a")])
    assert asyncio.run(Sweep(house.parts).once()) == LOOK_S
    assert land.link_of("0a") is not None
    land.tells(person("0b"))
    monkeypatch.setattr(owning, "LIMIT", 1)
    assert asyncio.run(Sweep(house.parts).once()) == 0


def test_a_directory_that_is_forgotten_meanwhile_owes_nothing(
    land: Land, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SqlSyncs, "owing", lambda *_: [land.here, (land.here[0], "d"), ("t", "d")])
    land.begun()
    assert land.settle() == 0


# -- what follows


def test_name_and_address_follow_until_the_person_has_come(land: Land, house: House) -> None:
    land.has(person("0a"))
    land.tells(person("0a", display="Ada King", mail="ada@corp.test", name="ada"))
    land.settle()
    user = land.user_of("0a")
    assert (user.name, user.email) == ("Ada King", "ada@corp.test")
    assert house.events(user).count(Event.USER_FOLLOWED) == 1
    link = land.link_of("0a")
    assert link is not None
    assert link.name == "ada"
    house.change(user, state=UserState.ACTIVE)
    land.tells(person("0a", display="Ada L.", mail="eve@evil.test", name="ada"))
    land.settle()
    assert (land.user_of("0a").name, land.user_of("0a").email) == ("Ada L.", "ada@corp.test")


def test_nothing_follows_into_staff(land: Land, house: House) -> None:
    land.has(person("0a"))
    user = land.user_of("0a")
    house.write(lambda tx: tx.roles.grant(land.here[0], user.id, Role.TECHNICIAN))
    land.tells(person("0a", display="The owner"))
    land.settle()
    assert land.user_of("0a").name == "U 0a"


# -- stopped, and back


def test_who_came_with_an_account_is_stopped_and_started_by_it(land: Land, house: House) -> None:
    land.has(person("0a"))
    user = house.change(land.user_of("0a"), state=UserState.ACTIVE)
    signed = house.signed(house.browser(), user)
    land.tells(person("0a", disabled=True))
    land.settle()
    assert land.user_of("0a").state is UserState.DISABLED
    gone = house.write(lambda tx: tx.sessions.get(user.tenant_id, signed.session.digest))
    assert gone is None
    trail = house.trail(user)
    assert any(r.event is Event.USER_DISABLED and r.facts["cause"] == "directory" for r in trail)
    land.tells(person("0a"))
    land.settle()
    assert land.user_of("0a").state is UserState.ACTIVE
    assert house.events(user)[-1] == Event.USER_ENABLED


def test_one_who_is_gone_is_stopped_and_comes_back_as_the_same(land: Land, house: House) -> None:
    land.has(person("0a"), person("0b"))
    user = land.user_of("0a")
    land.tells(gone=("0a",))
    land.settle()
    assert land.user_of("0a").state is UserState.DISABLED
    land.tells(person("0a"))
    land.settle()
    assert land.user_of("0a") == replace(user, epoch=user.epoch + 1)


def test_who_was_here_before_stays_when_the_account_goes(land: Land, house: House) -> None:
    ada = house.user()
    land.has(person("0a", mail=EMAIL))
    land.tells(gone=("0a",))
    land.settle()
    assert house.again(ada).state is UserState.ACTIVE


def test_no_directory_leaves_a_tenant_without_owner(land: Land, house: House) -> None:
    land.has(person("0a"))
    user = land.user_of("0a")
    house.write(lambda tx: tx.roles.grant(land.here[0], user.id, Role.OWNER))
    land.tells(gone=("0a",))
    land.settle()
    assert land.user_of("0a").state is UserState.INVITED


def test_an_account_of_a_user_who_is_gone_is_let_be(land: Land, house: House) -> None:
    land.has(person("0a"))
    user = land.user_of("0a")
    house.write(lambda tx: tx.users.delete(user.tenant_id, user.id))
    land.tells(person("0a", disabled=True))
    assert (land.settle(), land.settle()) == (1, 0)


# -- so many at once

MANY = [f"{n:04x}" for n in range(40)]


def crowd(land: Land, gone: int = 11) -> None:
    """Forty people, of whom so many go."""
    staff_of(land.house, Role.OWNER)
    land.has(*(person(i) for i in MANY))
    land.tells(gone=tuple(MANY[:gone]))
    land.settle()


def states(land: Land, *guids: str) -> set[str]:
    return {str(land.user_of(guid).state) for guid in guids}


def test_as_many_as_may_go_are_stopped_and_one_more_is_held(land: Land) -> None:
    crowd(land, 10)
    assert (land.held(), states(land, *MANY[:10])) == (0, {"disabled"})
    land.tells(gone=(MANY[10],))
    assert land.settle() == 1
    # whom they had stopped comes back: it is one disappearance
    assert (land.held(), states(land, *MANY)) == (11, {"invited"})
    assert land.settle() == 0


def test_nobody_is_stopped_while_a_person_is_asked(land: Land, house: House) -> None:
    crowd(land)
    assert (land.held(), states(land, *MANY)) == (11, {"invited"})
    land.tells(gone=(MANY[12],))
    land.settle()
    assert land.held() == 12
    assert house.events().count(Event.SYNC_HELD) == 1
    assert house.events().count(Event.ALARM_RAISED) == 1


def test_who_was_disabled_there_before_stays_so(land: Land) -> None:
    land.has(*(person(i, disabled=i == MANY[0]) for i in MANY))
    land.tells(gone=tuple(MANY[:11]))
    land.settle()
    assert states(land, MANY[0]) == {"disabled"}
    assert states(land, *MANY[1:]) == {"invited"}


def test_who_is_held_and_whose_user_is_gone_is_let_be(land: Land, house: House) -> None:
    crowd(land, 10)
    user = land.user_of(MANY[0])
    house.write(lambda tx: tx.users.delete(user.tenant_id, user.id))
    land.tells(gone=(MANY[10],))
    land.settle()
    assert states(land, *MANY[1:]) == {"invited"}


def test_who_comes_back_waits_no_more(land: Land) -> None:
    crowd(land)
    land.tells(*(person(i) for i in MANY[:11]))
    land.settle()
    assert land.held() == 0
    assert states(land, *MANY) == {"invited"}


def test_a_full_read_that_finds_nobody_stops_nobody(land: Land) -> None:
    crowd(land, 0)
    land.said(SyncLost(land.place().at))
    land.read_all([])
    land.settle()
    assert (land.held(), states(land, *MANY)) == (40, {"invited"})


def test_when_they_are_gone_they_are_stopped_and_not_asked_of_again(
    land: Land, house: House
) -> None:
    crowd(land)
    released = house.write(lambda tx: tx.syncs.release(*land.here, Owing.SURE))
    assert released == 11
    land.settle()
    assert states(land, *MANY[:11]) == {"disabled"}
    assert states(land, *MANY[11:]) == {"invited"}
    assert land.known(MANY[0]).owing is Owing.DECIDED
    land.tells(gone=(MANY[11],))
    land.settle()
    assert (land.held(), states(land, MANY[11])) == (0, {"disabled"})
    assert states(land, *MANY[:11]) == {"disabled"}


def test_a_few_each_hour_are_not_a_crowd(land: Land, house: House) -> None:
    land.has(*(person(i) for i in MANY))
    for first in (0, 6):
        land.tells(gone=tuple(MANY[first : first + 6]))
        land.settle()
        house.clock.move(GONE_WINDOW_MS + 1)
    assert (land.held(), states(land, *MANY[:12])) == (0, {"disabled"})
