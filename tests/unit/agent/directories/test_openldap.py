"""What the OpenLDAP driver makes of slapd's words, and what it sends, without a slapd."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ldap
import pytest

from keyturn.agent.directories.ldap.connection import Broken, Modification, Said
from keyturn.agent.directories.ldap.values import Entry
from keyturn.agent.directories.openldap import accounts, stamps, topology, writing
from keyturn.agent.directories.openldap.connection import PPOLICY, Root, answer
from keyturn.agent.directories.openldap.reading import scope, syncing
from keyturn.agent.directories.openldap.reading.cursor import Cursor, digest
from keyturn.agent.directories.openldap.settings import Settings
from keyturn.agent.directories.openldap.values import (
    by_uuid,
    csn_micros,
    dns_name,
    equals,
    hex_of,
    key,
    micros,
    parent,
    within,
)
from keyturn.agent.ports import Change, CursorLost, NotFound, Refused, Uncertain, Unreachable
from keyturn.rules.directories.entries import Scope
from keyturn.rules.directories.proofs import Stamp, Verdict, settle

GUID = "7e3d10298c7e0242b8bc88a3e68f7d33"
UUID = "7e3d1029-8c7e-0242-b8bc-88a3e68f7d33"
BASE = "dc=corp,dc=test"
DN = f"uid=alice,ou=people,{BASE}"
AT = 1_793_363_100_000_000
CSN = b"20261030122500.250000Z#000001#001#000000"


# --- words


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("19700101000000Z", 0),
        ("20261030122500Z", AT),
        ("202610301225Z", AT),
        ("20261030122500.25Z", AT + 250_000),
        ("20261030122500,000001Z", AT + 1),
        ("000001010000Z", 0),
        ("20261332122500Z", None),
        ("20261030122500", None),
        ("20261030122500+0200", None),
        ("", None),
    ],
)
def test_times(text: str, at: int | None) -> None:
    assert micros(text) == at


def test_a_change_number_has_its_moment() -> None:
    assert csn_micros(CSN.decode()) == AT + 250_000
    assert csn_micros("") is None


def test_ids_as_people_and_as_we_write_them() -> None:
    assert hex_of(UUID.upper()) == GUID
    assert by_uuid(GUID) == f"(entryUUID={UUID})"
    for other in ("", "*", GUID.upper(), GUID[:-1], f"{GUID}\n", UUID):
        with pytest.raises(ValueError, match=r"^$"):
            by_uuid(other)


def test_nothing_of_a_value_becomes_filter() -> None:
    assert equals("uid", "*)(uid=*\\\0") == r"(uid=\2a\29\28uid=\2a\5c\00)"


def test_names_are_compared_as_slapd_does() -> None:
    assert key("OU=People, DC=Corp,dc=TEST") == key(f"ou=people,{BASE}")
    assert key("cn=a  b,dc=x") == key("CN=A B,DC=X")
    assert key("cn=a+sn=b") == key("sn=B+CN=a")
    assert within(key(DN), key(BASE))
    assert within(key(BASE), key(BASE))
    assert not within(key(BASE), key(DN))
    assert not within(key(DN), key("nonsense"))
    assert not within(key("ou=xpeople,dc=corp,dc=test"), key(f"ou=people,{BASE}"))
    assert (parent(DN), parent("")) == (f"ou=people,{BASE}", "")
    assert (dns_name(BASE), dns_name("o=Example")) == ("corp.test", "")


def test_settings_do_not_show_the_password(tmp_path: Path) -> None:
    assert "S3cret" not in repr(Settings("cn=x", "S3cret-Word", tmp_path, base=BASE))


# --- stamps


def entry(**values: bytes) -> Entry:
    return {"entryCSN": [CSN], **{name: [value] for name, value in values.items()}}


def at(moment: int) -> Stamp:
    return Stamp(moment, "", moment // 1000, 0)


CLOSED = stamps.CLOSED.encode()


@pytest.mark.parametrize(
    ("held", "attribute", "expected"),
    [
        (entry(), "unicodePwd", stamps.NEVER),
        (entry(pwdChangedTime=b"20261030122500Z"), "unicodePwd", at(AT)),
        (entry(), "lockoutTime", at(AT + 250_000)),
        (entry(pwdAccountLockedTime=b"20261030122500Z"), "lockoutTime", at(AT)),
        (entry(pwdAccountLockedTime=b"000001010000Z"), "lockoutTime", Stamp(1, "", 0, 0)),
        (entry(), "pwdLastSet", stamps.NEVER),
        (entry(pwdReset=b"FALSE"), "pwdLastSet", stamps.NEVER),
        (entry(pwdReset=b"TRUE"), "pwdLastSet", at(AT + 250_000)),
        (entry(), "cn", stamps.NEVER),
    ],
)
def test_stamps_are_moments(held: Entry, attribute: str, expected: Stamp) -> None:
    assert stamps.stamp(held, attribute) == expected


def test_what_is_unfinished_is_never_done() -> None:
    half = entry(pwdChangedTime=b"20261030122500Z", pwdStartTime=CLOSED)
    seen = stamps.stamp(half, "unicodePwd")
    for before in (at(AT - 1_000_000), at(AT), at(AT + 1_000_000)):
        assert settle(before, seen, "", None) is Verdict.CHANGED
    whole = stamps.stamp(entry(pwdChangedTime=b"20261030122500Z"), "unicodePwd")
    assert settle(seen, whole, "", None) is Verdict.TRY  # the next one is told as ever


def test_an_entry_that_does_not_show_its_number_has_no_stamp() -> None:
    with pytest.raises(stamps.Unreadable):
        stamps.stamp({"pwdChangedTime": [b"20261030122500Z"]}, "unicodePwd")


# --- locks, as a look shows them


NOW = AT // 1000


@pytest.mark.parametrize(
    ("held", "until", "closed"),
    [
        (entry(), None, False),
        (entry(pwdAccountLockedTime=b"20261030122500Z"), 0, False),
        (entry(pwdAccountLockedTime=b"000001010000Z"), 0, False),
        (entry(pwdAccountLockedTime=b"garbage"), 0, False),
        (entry(pwdAccountTmpLockoutEnd=b"20261030122501Z"), NOW + 1000, False),
        (entry(pwdAccountTmpLockoutEnd=b"20261030122500Z"), None, False),
        (entry(pwdStartTime=CLOSED), 0, False),
        (entry(pwdStartTime=b"20261030122501Z"), None, True),
        (entry(pwdStartTime=b"20261030122500Z"), None, False),
        (entry(pwdEndTime=b"20261030122501Z"), None, False),
        (entry(pwdEndTime=b"20261030122500Z"), None, True),
    ],
)
def test_what_keeps_somebody_out(held: Entry, until: int | None, closed: bool) -> None:
    assert accounts.locked_now(held, None, NOW) == until
    assert accounts.closed(held, NOW) is closed


# --- writing


class Twin:
    """A connection that says what it is told to, and keeps what it was asked.

    Attributes:
        sent: what was written. says: what it answers to each write, in order.
    """

    host = "ldap1.corp.test"

    def __init__(self, *says: Exception | None, held: Entry | None = None, **more: Any) -> None:
        self.sent: list[Any] = []
        self.rows: dict[str, list[tuple[str, Entry]]] = {}
        self.root = Root((BASE,), frozenset({PPOLICY}))
        usual: dict[str, Any] = {
            "account": f"cn=svc,{BASE}", "password": "x", "ca_file": Path("/ca"), "base": BASE,
            "policy": "cn=default", "skew_ms": 0,
        }  # fmt: skip
        self.settings = Settings(**{**usual, **more})
        self._says = list(says)
        self._held = held or ORDINARY

    async def search(
        self, base: str, _scope: int, text: str, _attributes: Sequence[str], most: int = 0
    ) -> list[tuple[str, Entry]]:
        for part, rows in self.rows.items():
            if part in text:
                return rows
        return [(DN, self._held)] if "entryUUID" in text else []

    async def read(self, name: str, _attributes: Sequence[str]) -> tuple[str, Entry]:
        if name == "cn=default":
            return name, {"pwdAttribute": [b"userPassword"], "pwdMustChange": [b"TRUE"]}
        raise Said(32, "")

    async def set_password(self, name: str, password: str) -> None:
        self._answered((name, password))

    async def change(self, name: str, changes: Sequence[Modification]) -> None:
        self._answered((name, *(f"{kind} {what}" for kind, what, _values in changes)))

    def _answered(self, what: Any) -> None:
        self.sent.append(what)
        said = self._says.pop(0) if self._says else None
        if said:
            raise said


ORDINARY = entry(
    entryUUID=UUID.encode(), objectClass=b"inetOrgPerson", pwdChangedTime=b"20261030122400Z"
)
DELETE, REPLACE = ldap.MOD_DELETE, ldap.MOD_REPLACE
CLOSE, OPEN = (DN, f"{ldap.MOD_ADD} pwdStartTime"), f"{DELETE} pwdStartTime"
RESET, UNLOCK = f"{REPLACE} pwdReset", f"{DELETE} pwdAccountLockedTime"
SET = (DN, "Quiet-River-1")
GONE, NO, MISSING, CUT = Said(32, ""), Said(50, ""), Said(16, "no such value"), Broken("cut")


def make(twin: Twin, change: Change) -> None:
    """Allow and send."""

    async def story() -> None:
        target = await writing.allow(twin, GUID, change, lambda: NOW)  # type: ignore[arg-type]
        await writing.send(twin, GUID, change, target)  # type: ignore[arg-type]  # a twin

    asyncio.run(story())


LOCKED = {**ORDINARY, "pwdAccountLockedTime": [b"20261030122500Z"]}
HALF = {**ORDINARY, "pwdStartTime": [CLOSED]}
HALF_LOCKED = {**LOCKED, "pwdStartTime": [CLOSED]}


@pytest.mark.parametrize(
    ("held", "change", "sent"),
    [
        (ORDINARY, Change("Quiet-River-1"), [SET]),
        (LOCKED, Change("Quiet-River-1", unlock=True), [SET]),
        (ORDINARY, Change(unlock=True), []),
        (LOCKED, Change(unlock=True), [(DN, UNLOCK)]),
        (ORDINARY, Change(must_change=True), [(DN, RESET)]),
        (LOCKED, Change(unlock=True, must_change=True), [(DN, UNLOCK, RESET)]),
        (ORDINARY, Change("Quiet-River-1", must_change=True), [CLOSE, SET, (DN, OPEN, RESET)]),
        (HALF, Change("Quiet-River-1"), [SET, (DN, OPEN)]),
        (HALF, Change("Quiet-River-1", must_change=True), [SET, (DN, OPEN, RESET)]),
        (HALF, Change(unlock=True), [(DN, OPEN, RESET)]),
        (HALF_LOCKED, Change(unlock=True), [(DN, UNLOCK, OPEN, RESET)]),
        (HALF, Change(must_change=True), [(DN, RESET)]),
    ],
)
def test_what_is_sent(held: Entry, change: Change, sent: list[Any]) -> None:
    twin = Twin(held=held)
    make(twin, change)
    assert twin.sent == sent


@pytest.mark.parametrize(
    ("change", "says", "raised", "sent"),
    [
        (Change("Quiet-River-1"), [NO], Refused, 1),
        (Change("Quiet-River-1"), [GONE], NotFound, 1),
        (Change("Quiet-River-1"), [CUT], Uncertain, 1),
        (Change(must_change=True), [MISSING], Refused, 1),
        (Change(must_change=True), [CUT], Uncertain, 1),
        (Change("Quiet-River-1", must_change=True), [NO], Refused, 1),
        (Change("Quiet-River-1", must_change=True), [CUT], Uncertain, 1),
        (Change("Quiet-River-1", must_change=True), [None, NO], Refused, 3),
        (Change("Quiet-River-1", must_change=True), [None, NO, NO], Uncertain, 3),
        (Change("Quiet-River-1", must_change=True), [None, NO, CUT], Uncertain, 3),
        (Change("Quiet-River-1", must_change=True), [None, CUT], Uncertain, 2),
        (Change("Quiet-River-1", must_change=True), [None, None, NO], Uncertain, 3),
        (Change("Quiet-River-1", must_change=True), [None, None, GONE], Uncertain, 3),
        (Change("Quiet-River-1", must_change=True), [None, None, CUT], Uncertain, 3),
    ],
)
def test_what_is_said_of_a_change_that_failed_half_way(
    change: Change, says: list[Exception | None], raised: type[Exception], sent: int
) -> None:
    """Refused means that nothing was changed; whatever else went wrong is Uncertain."""
    twin = Twin(*says)
    with pytest.raises(raised):
        make(twin, change)
    assert len(twin.sent) == sent
    if raised is Refused and sent > 1:
        assert twin.sent[-1] == (DN, OPEN)  # opened again, and nothing else


@pytest.mark.parametrize(
    ("twin", "change", "reason"),
    [
        (Twin(), Change(), "malformed"),
        (Twin(), Change(""), "malformed"),
        (Twin(), Change("a\0b"), "malformed"),
        (Twin(account=DN), Change("Quiet-River-1"), "protected"),
        (Twin(protected=(f"ou=people,{BASE}",)), Change("Quiet-River-1"), "protected"),
        (Twin(held=entry(objectClass=b"organizationalRole")), Change(unlock=True), "protected"),
        (Twin(held={**ORDINARY, "pwdAccountLockedTime": [b"000001010000Z"]}),
         Change(unlock=True), "protected"),
        (Twin(policy=""), Change(must_change=True), "unwilling"),
        (Twin(policy="", held={**ORDINARY, "pwdStartTime": [CLOSED]}),
         Change(unlock=True), "unwilling"),
        (Twin(held={**ORDINARY, "pwdStartTime": [b"20200101000000Z"]}),
         Change("Quiet-River-1", must_change=True), "unwilling"),
        (Twin(held={k: v for k, v in ORDINARY.items() if k != "pwdChangedTime"}),
         Change("Quiet-River-1"), "no_right"),
    ],
)  # fmt: skip
def test_what_is_never_sent(twin: Twin, change: Change, reason: str) -> None:
    with pytest.raises(Refused) as told:
        make(twin, change)
    assert told.value.refusal.reason == reason
    assert twin.sent == []


def test_without_the_policy_overlay_no_password_is_set() -> None:
    twin = Twin()
    twin.root = Root((BASE,), frozenset())
    with pytest.raises(Refused):
        make(twin, Change("Quiet-River-1"))
    assert twin.sent == []


def test_a_member_of_a_protected_group_is_protected_and_so_is_whoever_cannot_be_looked_up() -> None:
    twin = Twin(protected=(f"cn=admins,{BASE}",))
    twin.rows["(member="] = [(f"cn=admins,{BASE}", {})]
    assert asyncio.run(accounts.guard(twin, DN, ORDINARY)) == "named"  # type: ignore[arg-type]

    class Deaf(Twin):
        async def search(self, *_args: Any, **_more: Any) -> list[tuple[str, Entry]]:
            raise Said(32, "")

    deaf = Deaf(protected=(f"cn=admins,{BASE}",))
    assert asyncio.run(accounts.guard(deaf, DN, ORDINARY)) == "unreadable"  # type: ignore[arg-type]


def test_an_account_that_was_never_changed_is_set_where_others_show_when_they_were() -> None:
    twin = Twin(held={k: v for k, v in ORDINARY.items() if k != "pwdChangedTime"})
    twin.rows["(pwdChangedTime=*)"] = [(DN, entry(pwdChangedTime=b"20261030122400Z"))]
    make(twin, Change("Quiet-River-1"))
    assert twin.sent == [SET]


@pytest.mark.parametrize(
    ("ago_ms", "skew_ms", "waits"),
    [(0, 0, True), (1049, 0, True), (1050, 0, False), (1050, 500, True), (-5000, 0, True)],
)
def test_a_second_is_never_shared(
    monkeypatch: pytest.MonkeyPatch, ago_ms: int, skew_ms: int, waits: bool
) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr("keyturn.agent.directories.openldap.writing.asyncio.sleep", sleep)
    held = {**ORDINARY, "pwdChangedTime": [b"20261030122500Z"]}
    twin = Twin(held=held, skew_ms=skew_ms)
    change = Change("Quiet-River-1")
    asyncio.run(writing.allow(twin, GUID, change, lambda: NOW + ago_ms))  # type: ignore[arg-type]
    assert len(waited) == waits
    assert all(0 < seconds <= 1.05 for seconds in waited)


def test_what_the_policy_adds_to_a_refusal_is_read() -> None:
    told = answer(Said(19, "words", [(PPOLICY, False, b"\x30\x03\x81\x01\x06")]))
    assert (told.result, told.diagnostic, told.error, told.grace) == (19, "words", 6, False)
    told = answer(Said(49, "", [(PPOLICY, False, b"\x30\x05\xa0\x03\x81\x01\x02")]))
    assert (told.error, told.grace) == (None, True)
    assert answer(Said(49, "", [(PPOLICY, False, b"garbage")])).error is None
    assert answer(Said(49, "")).error is None


def test_providers_are_listed_where_slapd_shows_them() -> None:
    class Shown(Twin):
        async def read(self, name: str, attributes: Sequence[str]) -> tuple[str, Entry]:
            if name == "cn=config":
                return name, {"olcServerID": [b"1 ldaps://Ldap1.corp.test", b"2", b"3 ldap://[x"]}
            return name, {}

    found = asyncio.run(topology.read(Shown(servers=("ldap9.corp.test",))))  # type: ignore[arg-type]
    assert [one.host for one in found.controllers] == ["ldap9.corp.test", "ldap1.corp.test"]
    assert [one.pdc for one in found.controllers] == [True, False]
    with pytest.raises(Unreachable):
        asyncio.run(topology.read(Twin()))  # type: ignore[arg-type]  # a base that is not there


# --- reading


def test_groups_within_groups_even_in_circles() -> None:
    a, b, one, two = (key(f"cn={name},{BASE}") for name in ("a", "b", "one", "two"))
    groups = {a: frozenset({b, one}), b: frozenset({a, two})}
    assert {one, two} <= scope._within(groups, a)
    assert {one, two} <= scope._within(groups, b)


def chosen(units: tuple[str, ...] = (), **members: set[str]) -> scope.Chosen:
    found = {name: frozenset(map(key, dns)) for name, dns in members.items()}
    return scope.Chosen(Scope(units, tuple(members)), tuple(map(key, units)), found)


def test_a_scope_holds_whom_it_names() -> None:
    assert chosen().holds(DN)
    assert chosen((f"OU=People,{BASE}",)).holds(DN)
    assert not chosen((f"ou=plant,{BASE}",)).holds(DN)
    assert chosen(team={DN}).groups_of(DN.upper()) == ("team",)
    assert not chosen(team=set()).holds(DN)
    assert not chosen((f"ou=plant,{BASE}",), team={DN}).holds(DN)
    assert chosen(team={DN}).digest == chosen(team={DN.upper()}).digest
    assert chosen(team={DN}).digest != chosen(team=set()).digest


def test_a_cursor_is_read_back_and_nothing_else_is() -> None:
    cursor = Cursor("base", "20261030122500.250000Z#000001#001#000000", "groups", "ids")
    assert Cursor.decoded(cursor.encoded(), "base") == cursor
    wrong = (b"", b"x", b"{}", b"[]", b"\xff", b'{"base": 1}', b"[" * 100_000,
             cursor.encoded().replace(b'"ids"', b"7", 1))  # fmt: skip
    for other in wrong:
        with pytest.raises(CursorLost):
            Cursor.decoded(other, "base")
    with pytest.raises(CursorLost):
        Cursor.decoded(cursor.encoded(), "another")
    assert digest({"b", "a"}) == digest(["a", "b"]) != digest(["a"])


@pytest.mark.parametrize(
    ("now", "lost"),
    [
        ("20261030122500.250000Z#000001#001#000000", False),
        ("20261030122600.000000Z#000000#001#000000", False),
        ("20261030122400.000000Z#000000#001#000000", True),
        ("20261030122600.000000Z#000000#002#000000", True),
        ("20261030122500.250000Z#000001#001#000000;20200101000000.000000Z#000000#002#000000",
         False),
    ],
)  # fmt: skip
def test_a_directory_that_went_back_is_seen(now: str, lost: bool) -> None:
    def back() -> None:
        syncing._not_back(CSN.decode(), now)

    _raises(CursorLost, back) if lost else back()


def _raises(kind: type[Exception], act: Callable[[], None]) -> None:
    with pytest.raises(kind):
        act()


A, B, C = "a" * 32, "b" * 32, "c" * 32
SECOND = 1_000_000


@pytest.mark.parametrize(
    ("known", "there", "written", "all_there"),
    [
        ({A, B}, {A, B}, {}, True),
        ({A, B}, {A}, {}, False),
        ({A}, {A, B}, {B: AT + 5 * SECOND}, True),
        ({A}, {A, B}, {B: AT - SECOND}, False),  # nobody new, and yet somebody else: one is gone
        ({A, B}, {A, B}, {A: AT - SECOND}, True),
        ({A, B}, {A, C}, {C: AT + 5 * SECOND}, False),
        ({A, B}, {A, B}, {B: AT}, True),  # made in the very second of the place: known already
        ({A}, {A, B}, {B: AT}, True),  # … or not
        ({A}, {A, B, C}, {B: AT, C: AT + 5 * SECOND}, True),
        ({A, B}, {A, B, C}, {B: AT, C: AT + 5 * SECOND}, True),
    ],
)
def test_whether_somebody_is_gone(
    known: set[str], there: set[str], written: dict[str, int], all_there: bool
) -> None:
    assert syncing._all_there(digest(known), there, written, AT) is all_there
    assert not syncing._all_there("", there, written, AT)
