"""A machine without a domain: what is read, compared and set, on a pretend SAM."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from cryptography.exceptions import InvalidTag
from smbprotocol.exceptions import SMBConnectionClosed, SMBException
from smbprotocol.header import SMB2HeaderResponse

from keyturn.agent.directories.workgroup import (
    Settings,
    Workgroup,
    WorkgroupSource,
    accounts,
    channel,
)
from keyturn.agent.directories.workgroup import source as sources
from keyturn.agent.directories.workgroup.channel import _Strict
from keyturn.agent.directories.workgroup.line import Broken, Line
from keyturn.agent.directories.workgroup.machine import Machine
from keyturn.agent.directories.workgroup.records import (
    LockoutPolicy,
    PasswordPolicy,
    Setting,
    User,
)
from keyturn.agent.directories.workgroup.samr import Said
from keyturn.agent.directories.workgroup.values import below, sid
from keyturn.agent.ports import Change, CursorLost, NotFound, Refused, ScopeGone
from keyturn.rules.directories import topology as topologies
from keyturn.rules.directories.entries import Scope
from keyturn.rules.directories.proofs import Bind
from keyturn.rules.directories.workgroup import LIMITS, NEVER, NORMAL
from tests.unit.agent.directories import sources as contract

T = TypeVar("T")

HOST = "files1.example.test"
OURS, BUILTIN = sid("S-1-5-21-1-2-3"), sid("S-1-5-32")
SET_AT = 134398290630000000  # FILETIME
SET_AT_MS = 1795355463000
SVC, ALICE, BOB, ADMIN, NESTED, COMPUTER = 1001, 1002, 1003, 1004, 1005, 1006
HELPERS = 1100


def user(rid: int, name: str, flags: int = NORMAL, **more: Any) -> User:
    return replace(User(rid, name, name.title(), flags, SET_AT, NEVER, 0, NEVER, 0), **more)


class Sam:
    """A pretend SAM; a handle is a SID or an account's number."""

    def __init__(self) -> None:
        self.people = {
            one.rid: one
            for one in (
                user(SVC, "svc"), user(ALICE, "alice"), user(BOB, "bob", NORMAL | 0x400),
                user(ADMIN, "admin"), user(NESTED, "nested"), user(COMPUTER, "pc7$", 0x80),
            )
        }  # fmt: skip
        self.aliases = {
            OURS: {HELPERS: {below(OURS, NESTED)}},
            BUILTIN: {544: {below(OURS, ADMIN), below(OURS, HELPERS)}, 545: {sid("S-1-5-11")}},
        }
        self.made: list[tuple[int, Setting]] = []
        self.refuses = 0
        self.deaf: set[str] = set()

    def _hear(self, call: str) -> None:
        if call in self.deaf:
            raise Said(0xC0000022)

    def domains(self) -> list[str]:
        return ["Builtin", "FILES1"]

    def lookup_domain(self, name: str) -> bytes:
        return BUILTIN if name.lower() == "builtin" else OURS

    def open_domain(self, domain: bytes) -> bytes:
        return domain

    def close(self, handle: bytes) -> None:
        pass

    def lookup_user(self, _domain: bytes, name: str) -> int | None:
        found = (rid for rid, one in self.people.items() if one.name.lower() == name.lower())
        return next(found, None)

    def users(self, _domain: bytes, flags: int) -> list[int]:
        return [rid for rid, one in self.people.items() if one.flags & flags]

    def open_user(self, _domain: bytes, rid: int, access: int) -> bytes | None:
        if access & 0x80:
            self._hear("open")
        return rid.to_bytes(4, "little") if rid in self.people else None

    def user(self, handle: bytes) -> User:
        return self.people[int.from_bytes(handle, "little")]

    def groups_of(self, _handle: bytes) -> list[int]:
        self._hear("groups")
        return [513]

    def aliases_of(self, domain: bytes, members: list[bytes]) -> tuple[int, ...]:
        return tuple(rid for rid, who in self.aliases[domain].items() if who & set(members))

    def password_policy(self, _domain: bytes) -> PasswordPolicy:
        self._hear("policy")
        return PasswordPolicy(10, 5, True, -864_000_000_000, 0)

    def lockout_policy(self, _domain: bytes) -> LockoutPolicy:
        return LockoutPolicy(-6_000_000_000, -6_000_000_000, 5)

    def set_user(self, handle: bytes, setting: Setting) -> None:
        if self.refuses:
            raise Said(self.refuses)
        self.made.append((int.from_bytes(handle, "little"), setting))


class Service:
    """Calls without a network: the machine is right here."""

    def __init__(self, sam: Sam, clock_ms: int = SET_AT_MS + 3_600_000) -> None:
        self.sam, self.clock_ms, self.account = sam, clock_ms, r"FILES1\svc"
        self.line = Line(1)

    async def using(self, host: str, work: Callable[[Line, Any], T]) -> T:
        assert host == HOST
        machine = Machine(self.sam, self.account, lambda: self.clock_ms)  # type: ignore[arg-type]
        return await asyncio.to_thread(work, self.line, machine)


def driver(service: Service) -> Workgroup:
    made = Workgroup(Settings("svc", "S3cret-Word"), lambda: SET_AT_MS + 3_600_000)
    made._service = service  # type: ignore[assignment]
    return made


def play(service: Service, story: Callable[[Workgroup], Awaitable[T]]) -> T:
    async def playing() -> T:
        return await story(driver(service))

    return asyncio.run(playing())


def guid(rid: int) -> str:
    return below(OURS, rid).hex()


# --- reading


@pytest.mark.parametrize("name", ["alice", "ALICE", r"FILES1\alice", r"files1\Alice"])
def test_an_account_is_found_by_each_of_its_names(name: str) -> None:
    view = play(Service(Sam()), lambda d: d.find(HOST, name))
    assert (view.guid, view.name, view.display) == (guid(ALICE), "alice", "Alice")
    assert view.dn == r"FILES1\alice"


@pytest.mark.parametrize("name", ["", "nobody", r"OTHER\alice", "ali\0", "x" * 300, "\\", "pc7$"])
def test_what_is_no_persons_account_is_not_found(name: str) -> None:
    with pytest.raises(NotFound):
        play(Service(Sam()), lambda d: d.find(HOST, name))


def test_a_look_shows_what_the_machine_tells() -> None:
    sam = Sam()
    sam.people[BOB] = replace(
        sam.people[BOB], bad_count=5, expires=SET_AT, must_change=SET_AT + 10_000
    )
    view = play(Service(sam), lambda d: d.look(HOST, guid(BOB)))
    assert view.locked_until == 0
    assert view.expired_account
    assert not view.disabled
    assert not view.must_change
    assert view.password_set_at == SET_AT_MS
    assert view.password_expires_at == SET_AT_MS + 1
    assert (view.bad_count, view.bad_at) == (5, None)
    assert view.policy is not None
    assert (view.policy.min_length, view.policy.lockout_ms) == (10, 600_000)
    assert view.protected == ""
    assert view.password_stamp.version == SET_AT_MS * 1000
    other = play(Service(sam), lambda d: d.look(HOST, guid(ALICE)))
    assert other.lockout_stamp.version == view.lockout_stamp.version + 1


def test_who_must_change_has_no_moment() -> None:
    sam = Sam()
    sam.people[ALICE] = replace(sam.people[ALICE], last_set=0)
    view = play(Service(sam), lambda d: d.look(HOST, guid(ALICE)))
    assert view.must_change
    assert view.password_set_at is None
    assert view.password_stamp.version == 0
    stamp = play(Service(sam), lambda d: d.stamp(HOST, guid(ALICE), "pwdLastSet"))
    assert stamp.version == 2
    assert play(Service(sam), lambda d: d.stamp(HOST, guid(ALICE), "other")).version == 0


@pytest.mark.parametrize("account", [guid(99), "zz", "", "00" * 16, "00" * 28])
def test_an_unknown_account_is_not_found(account: str) -> None:
    calls: tuple[Callable[[Workgroup], Awaitable[object]], ...] = (
        lambda d: d.look(HOST, account),
        lambda d: d.stamp(HOST, account, "unicodePwd"),
        lambda d: d.apply(HOST, account, Change("Quiet-River-1")),
        lambda d: d.try_password(HOST, account, "whatever"),
    )
    for call in calls:
        with pytest.raises(NotFound):
            play(Service(Sam()), call)


@pytest.mark.parametrize(
    ("rid", "why"),
    [(SVC, "service"), (ADMIN, "administrators"), (NESTED, "administrators"),
     (COMPUTER, "computer"), (ALICE, "")],
)  # fmt: skip
def test_who_is_protected(rid: int, why: str) -> None:
    assert play(Service(Sam()), lambda d: d.look(HOST, guid(rid))).protected == why


def test_whoever_cannot_be_judged_is_protected() -> None:
    service = Service(Sam())
    service.sam.deaf.add("groups")
    assert play(service, lambda d: d.look(HOST, guid(ALICE))).protected == "unreadable"
    service = Service(Sam())
    service.account = r"CORP\somebody-else"  # then nobody knows whose account is our own
    assert play(service, lambda d: d.look(HOST, guid(ALICE))).protected == "service"


def test_the_one_machine_is_the_topology() -> None:
    found = play(Service(Sam()), lambda d: d.topology(HOST))
    assert [c.host for c in topologies.writable(found)] == [HOST]
    assert (found.netbios, found.base) == ("FILES1", "S-1-5-21-1-2-3")
    assert topologies.decode(topologies.encode(found)) == found


def test_what_cannot_be_typed_is_never_tried() -> None:
    async def story(driver: Workgroup) -> None:
        for password in ("", "Quiet\0River", "Quiet\ud83d"):
            assert await driver.try_password(HOST, guid(ALICE), password) is Bind.WRONG

    play(Service(Sam()), story)


# --- setting


def test_one_change_is_one_call() -> None:
    service = Service(Sam())
    change = Change("Quiet-River-1", unlock=True, must_change=True)
    play(service, lambda d: d.apply(HOST, guid(BOB), change))
    assert service.sam.made == [(BOB, Setting("Quiet-River-1", NORMAL, expired=True))]
    assert service.line.sent


def test_flags_are_written_only_to_unlock_who_is_locked() -> None:
    service = Service(Sam())
    play(service, lambda d: d.apply(HOST, guid(ALICE), Change("Quiet-River-1", unlock=True)))
    play(service, lambda d: d.apply(HOST, guid(ALICE), Change(unlock=True)))  # it is so already
    assert service.sam.made == [(ALICE, Setting("Quiet-River-1", None, expired=False))]


@pytest.mark.parametrize(
    ("rid", "change", "reason"),
    [
        (ALICE, Change(), "malformed"),
        (ALICE, Change(""), "malformed"),
        (ALICE, Change("aB1-x"), "too_short"),
        (ALICE, Change("quietriverquiet"), "too_simple"),
        (ADMIN, Change(unlock=True), "protected"),
    ],
)
def test_what_may_not_be_is_not_sent(rid: int, change: Change, reason: str) -> None:
    service = Service(Sam())
    with pytest.raises(Refused) as told:
        play(service, lambda d: d.apply(HOST, guid(rid), change))
    assert told.value.refusal.reason == reason
    assert (service.sam.made, service.line.sent) == ([], False)


@pytest.mark.parametrize(
    ("deaf", "refuses", "reason"),
    [("open", 0, "no_right"), ("policy", 0, "policy"), ("", 0xC000006C, "policy")],
)
def test_a_refusal_has_its_reason(deaf: str, refuses: int, reason: str) -> None:
    service = Service(Sam())
    service.sam.deaf.add(deaf)
    service.sam.refuses = refuses
    with pytest.raises(Refused) as told:
        play(service, lambda d: d.apply(HOST, guid(ALICE), Change("Quiet-River-1")))
    assert told.value.refusal.reason == reason


def test_who_is_gone_at_the_last_moment_is_not_found() -> None:
    service = Service(Sam())
    service.sam.refuses = 0xC0000064
    with pytest.raises(NotFound):
        play(service, lambda d: d.apply(HOST, guid(ALICE), Change("Quiet-River-1")))


def test_two_sets_never_have_one_moment() -> None:
    service = Service(Sam(), clock_ms=SET_AT_MS + 980)
    waited: list[float] = []
    service.line.wait = waited.append  # type: ignore[method-assign, assignment]
    play(service, lambda d: d.apply(HOST, guid(ALICE), Change("Quiet-River-1")))
    assert waited == [0.02]
    service.clock_ms = SET_AT_MS + 1_000
    play(service, lambda d: d.apply(HOST, guid(ALICE), Change("Quiet-River-1")))
    assert len(waited) == 1


def test_a_clock_that_is_behind_is_refused() -> None:
    service = Service(Sam(), clock_ms=SET_AT_MS - 60_000)
    with pytest.raises(Refused) as told:
        play(service, lambda d: d.apply(HOST, guid(ALICE), Change("Quiet-River-1")))
    assert told.value.refusal.reason == "busy"
    assert not service.line.sent


# --- what a call waits on


class Held:
    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


def test_a_call_that_was_ended_begins_nothing() -> None:
    line, held = Line(1), Held()
    line.hold(held)
    assert line.end() is False
    line.hang_up()
    assert held.closed == 1
    for step in (line.going, line.sending, lambda: line.hold(held), lambda: line.wait(60)):
        with pytest.raises(Broken):
            step()
    assert not line.sent


def test_a_call_that_was_sending_is_told_as_such() -> None:
    line = Line(1)
    line.sending()
    assert line.end() is True
    assert line.sent


def test_what_could_not_be_answered_in_time_is_not_sent() -> None:
    line = Line(-1)
    with pytest.raises(TimeoutError):
        line.sending()
    assert not line.sent


def test_whoever_waits_is_woken_by_the_end() -> None:
    line, woken = Line(1), threading.Event()

    def waiting() -> None:
        with pytest.raises(Broken):
            line.wait(60)
        woken.set()

    thread = threading.Thread(target=waiting)
    thread.start()
    line.end()
    assert woken.wait(10)
    thread.join()


# --- everybody


def follow(service: Service, story: Callable[[WorkgroupSource], Awaitable[T]]) -> T:
    async def following() -> T:
        made = WorkgroupSource(Settings("svc", "S3cret-Word"), lambda: 0)
        made._service = service  # type: ignore[assignment]
        return await story(made)

    return asyncio.run(following())


PEOPLE = sorted(map(guid, (SVC, ALICE, BOB, ADMIN, NESTED)))


def test_everybody_is_read_once() -> None:
    async def story(source: WorkgroupSource) -> None:
        roll = await source.roll(HOST, Scope())
        assert [each.hex() for each in roll.ids] == PEOPLE  # computers are nobody
        entries = await source.read(HOST, [*PEOPLE, guid(99), "zz"], Scope())
        assert [entry.id for entry in entries] == PEOPLE
        found = {entry.name: entry for entry in entries}
        assert (found["bob"].locked_at, found["alice"].locked_at) == (0, None)
        assert (found["bob"].unit, found["bob"].display) == ("FILES1", "Bob")
        changes = await source.changes(HOST, roll.cursor, Scope())
        assert (changes.entries, changes.gone, changes.more, changes.whole) == (
            (),
            (),
            False,
            False,
        )

    follow(Service(Sam()), story)


def test_what_changed_is_seen_by_comparing() -> None:
    service = Service(Sam())

    async def story(source: WorkgroupSource) -> None:
        cursor = (await source.roll(HOST, Scope())).cursor
        service.sam.people[ALICE] = replace(service.sam.people[ALICE], display="Alice Ames")
        service.sam.people[1007] = user(1007, "new")
        del service.sam.people[BOB]
        changes = await source.changes(HOST, cursor, Scope())
        assert [entry.name for entry in changes.entries] == ["alice", "new"]
        assert changes.gone == (guid(BOB),)
        again = await source.changes(HOST, changes.cursor, Scope())
        assert (again.entries, again.gone) == ((), ())

    follow(service, story)


@pytest.mark.parametrize("page", [1, 2, 3, 4])
def test_many_changes_come_in_parts(page: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (sources, contract):
        monkeypatch.setattr(module, "PAGE", page)
    service = Service(Sam())

    async def story(source: WorkgroupSource) -> None:
        follower = contract.Follower(source, HOST)
        await follower.full()
        for rid in (ALICE, BOB):
            service.sam.people[rid] = replace(service.sam.people[rid], display="X")
        for rid in (ADMIN, NESTED):
            del service.sam.people[rid]
        parts = await follower.follow()
        assert len(parts) == -(-4 // page)
        assert sorted(follower.told) == sorted(map(guid, (ALICE, BOB, ADMIN, NESTED)))
        await contract.same_as_anew(follower)

    follow(service, story)


def test_more_than_can_be_compared_are_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MOST", 3)

    async def story(source: WorkgroupSource) -> None:
        roll = await source.roll(HOST, Scope())
        assert len(roll.ids) == 5
        changes = await source.changes(HOST, roll.cursor, Scope())
        assert (changes.whole, changes.entries) == (True, ())
        assert len(changes.cursor) < 32

    follow(Service(Sam()), story)


@pytest.mark.parametrize("spoil", [lambda c: b"", lambda c: c[:-1], lambda c: b"\2" + c[1:],
                                   lambda c: c[:9] + b"\7" + c[10:]])  # fmt: skip
def test_a_cursor_that_is_none_of_this_machines_is_lost(spoil: Callable[[bytes], bytes]) -> None:
    async def story(source: WorkgroupSource) -> None:
        cursor = (await source.roll(HOST, Scope())).cursor
        with pytest.raises(CursorLost):
            await source.changes(HOST, spoil(cursor), Scope())

    follow(Service(Sam()), story)


@pytest.mark.parametrize("scope", [Scope(units=("OU=x",)), Scope(groups=("CN=x",))])
def test_a_scope_that_cannot_be_is_told(scope: Scope) -> None:
    with pytest.raises(ScopeGone):
        follow(Service(Sam()), lambda source: source.roll(HOST, scope))
    with pytest.raises(ScopeGone):
        follow(Service(Sam()), lambda source: source.read(HOST, [], scope))
    with pytest.raises(ScopeGone):
        follow(Service(Sam()), lambda source: source.changes(HOST, b"", scope))


def test_it_looks_again_within_a_minute() -> None:
    waited: list[float] = []

    async def pause(seconds: float) -> None:
        waited.append(seconds)

    async def story() -> None:
        source = WorkgroupSource(Settings("svc", "x"), lambda: 0, pause)
        source._service = Service(Sam())  # type: ignore[assignment]
        await source.noticed(HOST)
        assert waited == []  # something may have changed before
        await source.noticed(HOST)

    asyncio.run(story())
    assert len(waited) == 1
    assert 0 < waited[0] < 60


def test_a_page_carries_nothing_that_changes_by_itself() -> None:
    sam = Sam()
    machine = Machine(sam, "svc", lambda: 0)  # type: ignore[arg-type]
    one = accounts.entry(machine, sam.people[ALICE])
    assert sources.digest(one) == sources.digest(accounts.entry(machine, sam.people[ALICE]))
    assert sources.digest(one) != sources.digest(replace(one, disabled=True))


def test_settings_do_not_show_the_password() -> None:
    assert "S3cret" not in repr(Settings("svc", "S3cret-Word"))


def test_every_limit_stands_in_the_documentation() -> None:
    page = (Path(__file__).parents[4] / "docs" / "workgroup.md").read_text("utf-8")
    for word, text in LIMITS.items():
        assert f"| `{word}` | {text} |" in page


# --- what smbprotocol lets pass


@pytest.mark.parametrize("encrypted", [True, False])
def test_no_plain_answer_is_taken_in_an_encrypted_session(encrypted: bool) -> None:
    connection = _Strict(uuid4(), "192.0.2.1", 445)
    connection.session_table[1] = SimpleNamespace(encrypt_data=encrypted)
    plain = SMB2HeaderResponse()  # neither sealed nor signed
    plain["session_id"] = 1
    if not encrypted:
        connection.verify_signature(plain, 1)
        return
    with pytest.raises(SMBException):
        connection.verify_signature(plain, 1)


class Welcome:
    """A session that was granted, and how it ends."""

    def __init__(self, end: Exception | None) -> None:
        self.end = end

    def disconnect(self) -> None:
        if self.end:
            raise self.end


@pytest.mark.parametrize(
    ("end", "bind"),
    [
        (None, Bind.RIGHT),
        (InvalidTag(), Bind.SILENT),  # it does not have the key that the password makes
        (SMBException("a plain answer in an encrypted session"), Bind.SILENT),
        (SMBConnectionClosed("gone"), None),
    ],
)
def test_a_welcome_counts_only_under_the_key_of_the_password(
    end: Exception | None, bind: Bind | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held()
    monkeypatch.setattr(channel, "_connected", lambda *_: held)
    monkeypatch.setattr(channel, "_signed_in", lambda *_: Welcome(end))
    if bind is None:
        with pytest.raises(Broken):
            channel.attempt(Line(1), "192.0.2.1", 445, "alice", "Quiet-River-1")
    else:
        tried = channel.attempt(Line(1), "192.0.2.1", 445, "alice", "Quiet-River-1")
        assert tried.bind is bind
    assert held.closed == 1
