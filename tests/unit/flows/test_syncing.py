"""Who is in a directory: chosen by staff, read by its primary, stored with the place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from keyturn.adapters.sql.directories import SqlDirectories
from keyturn.flows import channel, syncing
from keyturn.flows.syncing import BadScope, NotAllowed, NotFound, Read
from keyturn.rules.access import Staff, Why
from keyturn.rules.accounts import Role, User
from keyturn.rules.directories.entries import PAGE, Entry, Scope
from keyturn.rules.directories.syncs import LATE_MS, Phase, place
from keyturn.rules.directories.things import AgentRole, LinkedAccount
from keyturn.rules.events import Event
from keyturn.rules.lockout import MINUTE
from keyturn.steps.syncing import CURSOR_MAX, EVENTS
from keyturn.wire.messages import (
    Denied,
    Fetch,
    SyncBegun,
    SyncChanges,
    Syncing,
    SyncLost,
    SyncPage,
    SyncStuck,
    Work,
)
from tests.unit.adapters.test_syncing_contract import make_entry
from tests.unit.flows.agency import Agency, Machine
from tests.unit.flows.house import House, run
from tests.unit.flows.test_staff import staff_of
from tests.unit.flows.test_words import words

IDS = [f"{number:02x}" for number in range(0, 40, 2)]
TAKE = {
    SyncBegun: syncing.begun, SyncPage: syncing.paged, SyncChanges: syncing.followed,
    SyncLost: syncing.lost, SyncStuck: syncing.stuck,
}  # fmt: skip


class Desk:
    """A directory with a primary, and a manager who has chosen to read all of it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.agency = Agency(house)
        self.primary = self.agency.first()
        self.manager = self.staff(Role.MANAGER)

    def staff(self, role: Role) -> Staff:
        return staff_of(self.house, role)

    def choose(self, units: str = "", groups: str = "", by: Staff | None = None) -> Any:
        by = by or self.manager
        return run(syncing.choose(self.house.parts, by, self.agency.directory.id, units, groups))

    def say(self, message: Any, by: Machine | None = None) -> Any:
        said = (by or self.primary).said()
        return run(TAKE[type(message)](self.house.parts, said, message))  # type: ignore[operator]

    def work(self, by: Machine | None = None) -> Work:
        by = by or self.primary
        work = run(channel.fetch(self.house.parts, by.said(), Fetch(by.run_id)))
        assert isinstance(work, Work)
        return work

    def place(self) -> Syncing:
        found = self.work().sync
        assert found is not None
        return found

    def begun(self, total: int = 20) -> Syncing:
        return self.said(SyncBegun(self.place().at, b"cookie", total))

    def said(self, message: Any) -> Syncing:
        answer = self.say(message)
        assert isinstance(answer, Syncing)
        return answer

    def read_all(self, entries: Sequence[Entry]) -> Syncing:
        return self.said(SyncPage(self.begun(len(entries)).at, "", tuple(entries), last=True))

    def stored(self) -> list[str]:
        here = (self.house.tenant.id, self.agency.directory.id)
        return list(self.house.write(lambda tx: tx.syncs.between(*here, "", None)))

    def link(self, user: User, guid: str) -> None:
        account = LinkedAccount(
            self.house.tenant.id, self.agency.directory.id, user.id, guid, "ada", "", 1
        )
        self.house.write(lambda tx: tx.directories.link(account))


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house)


@pytest.fixture
def ada(house: House) -> User:
    return house.user()


@pytest.fixture
def chosen(desk: Desk) -> Desk:
    assert isinstance(desk.choose(), Read)
    return desk


# -- staff


def test_nobody_is_read_before_somebody_has_chosen_so(desk: Desk) -> None:
    assert desk.work().sync is None
    assert desk.say(SyncBegun("x", b"", 1)) == Denied("unsynced", None)
    shown = run(syncing.one(desk.house.parts, desk.manager, desk.agency.directory.id))
    assert shown == Read(desk.agency.again(), None, 0)


def test_what_was_chosen_is_told_to_the_primary_and_rung_for(desk: Desk) -> None:
    units, groups = "OU=A,DC=x\r\n OU=B,DC=x \n\nOU=A,DC=x\n", "CN=All,DC=x"
    read = desk.choose(units, groups)
    scope = Scope(("OU=A,DC=x", "OU=B,DC=x"), ("CN=All,DC=x",))
    assert (read.sync.scope, read.present) == (scope, 0)
    told = desk.place()
    assert (told.scope, told.phase, told.after, told.cursor) == (scope, Phase.DUE, "", b"")
    beaten = desk.agency.beat(desk.primary)
    assert beaten.work is True  # type: ignore[union-attr]
    assert desk.house.events().count(Event.SYNC_CHOSEN) == 1
    assert desk.choose(units, groups) == read
    assert desk.house.events().count(Event.SYNC_CHOSEN) == 1


def test_another_scope_begins_anew_and_what_is_on_its_way_is_not_taken(chosen: Desk) -> None:
    before = chosen.begun()
    chosen.choose("OU=A,DC=x")
    answer = chosen.said(SyncPage(before.at, "", (make_entry("0a"),), last=True))
    assert (answer.phase, answer.scope.units) == (Phase.DUE, ("OU=A,DC=x",))
    assert chosen.stored() == []


@pytest.mark.parametrize(
    ("units", "groups", "wrong"),
    [
        ("Staff", "", "Staff"),
        ("", "OU=\x07", "OU=\x07"),
        ("OU=" + "x" * 1000, "", "OU=" + "x" * 1000),
        ("\n".join(f"OU={n}" for n in range(41)), "", ""),
    ],
)
def test_what_is_no_distinguished_name_is_told(
    desk: Desk, units: str, groups: str, wrong: str
) -> None:
    assert desk.choose(units, groups) == BadScope(wrong)
    assert desk.work().sync is None


def test_reading_is_ended_and_all_that_was_read_forgotten(chosen: Desk) -> None:
    chosen.read_all([make_entry("0a")])
    here = chosen.agency.directory.id
    ended = run(syncing.end(chosen.house.parts, chosen.manager, here))
    assert ended == Read(chosen.agency.again(), None, 0)
    assert (chosen.stored(), chosen.work().sync) == ([], None)
    run(syncing.end(chosen.house.parts, chosen.manager, here))
    assert chosen.house.events().count(Event.SYNC_ENDED) == 1


def test_only_owners_and_managers_choose(desk: Desk) -> None:
    technician = desk.staff(Role.TECHNICIAN)
    assert desk.choose(by=technician) == NotAllowed(Why.NO_ROLE)
    ended = run(syncing.end(desk.house.parts, technician, desk.agency.directory.id))
    assert ended == NotAllowed(Why.NO_ROLE)


def test_a_directory_that_is_not_there_is_not_found(desk: Desk) -> None:
    nowhere = desk.house.random.id(1)
    parts = desk.house.parts
    assert run(syncing.one(parts, desk.manager, nowhere)) == NotFound()
    assert run(syncing.choose(parts, desk.manager, nowhere, "", "")) == NotFound()
    assert run(syncing.end(parts, desk.manager, nowhere)) == NotFound()


# -- the primary, and nobody else


def test_a_listener_and_who_stands_by_are_not_told_and_not_heard(chosen: Desk) -> None:
    for name, role in (("dc2", AgentRole.CANDIDATE), ("dc3", AgentRole.LISTENER)):
        other = chosen.agency.second(chosen.primary, name, role)
        assert chosen.work(other).sync is None
        answer = chosen.say(SyncBegun(chosen.place().at, b"", 1), by=other)
        assert answer == Denied("epoch", None)


def test_after_its_lease_a_primary_is_not_heard(chosen: Desk) -> None:
    at = chosen.place().at
    chosen.house.clock.move(MINUTE)
    assert chosen.say(SyncBegun(at, b"", 1)) == Denied("epoch", None)


def test_whoever_may_not_speak_is_denied_as_everywhere(chosen: Desk) -> None:
    said = chosen.primary.said(run_id="other")
    answer = run(syncing.lost(chosen.house.parts, said, SyncLost("x")))
    assert isinstance(answer, Denied)


# -- a full read


def test_pages_are_stored_with_the_place(chosen: Desk) -> None:
    answer = chosen.begun()
    assert (answer.phase, answer.after, answer.cursor) == (Phase.READING, "", b"cookie")
    first = SyncPage(answer.at, "0a", (make_entry("02"), make_entry("0a")), last=False)
    answer = chosen.said(first)
    assert (answer.phase, answer.after) == (Phase.READING, "0a")
    assert chosen.said(first) == answer  # once more: the same place, and nothing twice
    answer = chosen.said(SyncPage(answer.at, "", (make_entry("0c"),), last=True))
    assert (answer.phase, answer.cursor) == (Phase.FOLLOWING, b"cookie")
    assert chosen.stored() == ["02", "0a", "0c"]
    shown = run(syncing.one(chosen.house.parts, chosen.manager, chosen.agency.directory.id))
    assert isinstance(shown, Read)
    assert shown.sync is not None
    assert (shown.present, shown.sync.done, shown.sync.total) == (3, 3, 20)
    events = chosen.house.events()
    assert (events.count(Event.SYNC_BEGUN), events.count(Event.SYNC_DONE)) == (1, 1)


def test_a_directory_that_falls_silent_is_late(chosen: Desk) -> None:
    chosen.read_all([make_entry("0a")])
    chosen.house.clock.move(LATE_MS)
    shown = run(syncing.one(chosen.house.parts, chosen.manager, chosen.agency.directory.id))
    assert isinstance(shown, Read)
    assert shown.late


def test_why_it_does_not_go_on_is_kept_until_it_does(chosen: Desk) -> None:
    at = chosen.place().at
    assert chosen.said(SyncStuck(at, "scope", "OU=A")).at == at
    here = (chosen.house.tenant.id, chosen.agency.directory.id)
    stored = chosen.house.write(lambda tx: tx.syncs.get(*here))
    assert stored is not None
    assert stored.trouble == "scope OU=A"
    chosen.begun()
    stored = chosen.house.write(lambda tx: tx.syncs.get(*here))
    assert stored is not None
    assert stored.trouble == ""


def test_a_page_says_who_is_not_there_any_more_in_its_range_only(chosen: Desk) -> None:
    chosen.read_all([make_entry(id_) for id_ in IDS])
    answer = chosen.said(SyncLost(chosen.place().at))
    assert answer.phase is Phase.DUE
    answer = chosen.begun()
    chosen.said(SyncPage(answer.at, "08", (make_entry("00"), make_entry("08")), last=False))
    assert chosen.stored() == ["00", *IDS[4:]]
    answer = chosen.said(SyncPage(chosen.place().at, "", (make_entry("ff"),), last=True))
    assert chosen.stored() == ["00", "08", "ff"]


def test_a_read_that_began_already_is_not_begun_again(chosen: Desk) -> None:
    message = SyncBegun(chosen.place().at, b"cookie", 3)
    first = chosen.said(message)
    assert chosen.said(message) == first
    assert chosen.house.events().count(Event.SYNC_BEGUN) == 1


def test_a_page_from_before_the_place_is_not_taken(chosen: Desk) -> None:
    answer = chosen.begun()
    answer = chosen.said(SyncPage(answer.at, "0a", (make_entry("0a"),), last=False))
    late = SyncPage(answer.at, "0c", (make_entry("02"), make_entry("0c")), last=False)
    assert chosen.said(late) == answer
    assert chosen.stored() == ["0a"]


@pytest.mark.parametrize(
    "message",
    [
        SyncBegun("x", bytes(CURSOR_MAX + 1), 1),
        SyncBegun("x", b"", -1),
        SyncPage("x", "", (), last=False),
        SyncPage("x", "0a", (make_entry("0b"),), last=False),
        SyncPage("x", "", (make_entry("0b"), make_entry("0a")), last=True),
        SyncPage("x", "", tuple(make_entry(f"{n:04x}") for n in range(PAGE + 1)), last=True),
        SyncChanges("x", (make_entry("0B"),), (), b"", whole=False),
        SyncChanges("x", (), ("0b", "0a"), b"", whole=False),
        SyncChanges("x", (), (), bytes(CURSOR_MAX + 1), whole=False),
        SyncStuck("x", "<b>", ""),
        SyncStuck("x", "scope", "x" * 2_001),
    ],
)
def test_what_cannot_be_a_report_is_refused(chosen: Desk, message: Any) -> None:
    assert chosen.say(message) == Denied("message", None)


# -- what changes


def test_changes_are_taken_with_their_cursor(chosen: Desk) -> None:
    answer = chosen.read_all([make_entry("0a"), make_entry("0b")])
    told = SyncChanges(answer.at, (make_entry("0c"),), ("0a",), b"next", whole=False)
    after = chosen.said(told)
    assert (after.phase, after.cursor) == (Phase.FOLLOWING, b"next")
    assert chosen.stored() == ["0b", "0c"]
    assert chosen.said(told) == after
    assert chosen.said(replace(told, at=after.at, whole=True, gone=())).phase is Phase.DUE


def test_what_is_lost_is_read_anew_and_written_down_once(chosen: Desk) -> None:
    answer = chosen.read_all([make_entry("0a")])
    after = chosen.said(SyncLost(answer.at))
    assert after.phase is Phase.DUE
    assert chosen.said(SyncLost(answer.at)) == after
    assert chosen.said(SyncLost(after.at)) == after
    assert chosen.house.events().count(Event.SYNC_LOST) == 1
    assert chosen.stored() == ["0a"]  # who is known stays known meanwhile


def test_what_happens_to_a_linked_account_is_in_its_persons_trail(chosen: Desk, ada: User) -> None:
    chosen.link(ada, "0a")
    plain = make_entry("0a", must_change=False)
    at = chosen.read_all([plain, make_entry("0b")]).at
    assert [e for e in chosen.house.events(ada) if e.startswith("account.")] == []
    now = chosen.house.clock.now() + MINUTE
    changed = replace(plain, password_set_at=now, locked_at=now, disabled=True, must_change=True,
                      expires_at=None, name="ada2", unit="OU=Else")  # fmt: skip
    at = chosen.said(SyncChanges(at, (changed, make_entry("0b", name="z")), (), b"2", False)).at
    at = chosen.said(SyncChanges(at, (plain,), (), b"3", whole=False)).at
    chosen.said(SyncChanges(at, (), ("0a", "0b"), b"4", whole=False))
    seen = [e for e in chosen.house.events(ada) if e.startswith("account.")]
    assert seen == [
        Event.ACCOUNT_PASSWORD, Event.ACCOUNT_LOCKED, Event.ACCOUNT_DISABLED,
        Event.ACCOUNT_MUST_CHANGE, Event.ACCOUNT_EXPIRY, Event.ACCOUNT_RENAMED,
        Event.ACCOUNT_PASSWORD, Event.ACCOUNT_UNLOCKED, Event.ACCOUNT_ENABLED,
        Event.ACCOUNT_EXPIRY, Event.ACCOUNT_RENAMED, Event.ACCOUNT_GONE,
    ]  # fmt: skip
    assert set(EVENTS.values()) == set(seen)
    gone = chosen.house.trail(ada)[-1]
    assert (gone.facts["guid"], gone.client) == ("0a", "agent dc1")


@pytest.mark.parametrize(("gone", "sounds"), [(10, False), (11, True)])
def test_owners_hear_when_many_are_gone_within_an_hour(
    chosen: Desk, gone: int, sounds: bool
) -> None:
    ids = [f"{number:04x}" for number in range(100)]
    staff_of(chosen.house, Role.OWNER)
    at = chosen.read_all([make_entry(id_) for id_ in ids]).at
    at = chosen.said(SyncChanges(at, (), tuple(ids[: gone - 1]), b"2", whole=False)).at
    assert chosen.house.events().count(Event.ALARM_RAISED) == 0
    chosen.said(SyncChanges(at, (), tuple(ids[gone - 1 : gone]), b"3", whole=False))
    assert chosen.house.events().count(Event.ALARM_RAISED) == sounds
    if sounds:
        raised = chosen.house.trail()[-1]
        assert raised.facts == {
            "alarm": "accounts-gone", "subject": "corp.example.test", "gone": 11, "of": 100,
        }  # fmt: skip
        mail = words(chosen.house, chosen.house.last("alarm"))
        assert "11 of 100 accounts of the directory corp.example.test" in mail


def test_a_directory_that_went_meanwhile_sounds_no_alarm(
    chosen: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [f"{number:04x}" for number in range(20)]
    at = chosen.read_all([make_entry(id_) for id_ in ids]).at
    monkeypatch.setattr(SqlDirectories, "get", lambda *_: None)
    chosen.said(SyncChanges(at, (), tuple(ids), b"2", whole=False))
    assert chosen.stored() == []
    assert chosen.house.events().count(Event.ALARM_RAISED) == 0


def test_an_account_of_somebody_who_is_gone_is_nobodys(
    chosen: Desk, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen.link(ada, "0a")
    at = chosen.read_all([make_entry("0a")]).at
    chosen.house.write(lambda tx: tx.users.delete(chosen.house.tenant.id, ada.id))
    before = chosen.house.events()
    chosen.said(SyncChanges(at, (), ("0a",), b"4", whole=False))
    assert chosen.house.events() == before


def test_the_place_that_is_told_is_the_rules_place(chosen: Desk) -> None:
    answer = chosen.begun()
    here = (chosen.house.tenant.id, chosen.agency.directory.id)
    stored = chosen.house.write(lambda tx: tx.syncs.get(*here))
    assert stored is not None
    assert answer.at == place(stored)
