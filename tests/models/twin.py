"""A store small enough to be part of a state: one lane, or what a test puts into it.

The transactions that the models run are the real ones (steps.lanes, steps.codes, parts of
flows.signin); only the rooms they work in are these.  What a room promises stands in
ports/rooms.py; that the real store keeps it is shown by test_store_contract.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from keyturn.ports.store import Lookup, SeenLane
from keyturn.rules.accounts import Client, Tenant, TenantPolicy, User, UserState
from keyturn.rules.budgets import Budget, Spending
from keyturn.rules.callers import Caller
from keyturn.rules.events import Entry
from keyturn.rules.lockout import Lane
from keyturn.rules.messages import Message

START = 1_000_000
TENANT = Tenant(
    id="tenant", slug="t", name="T", host=None, sender="t@t.test", accent="#000000",
    timezone="UTC", context=(), support=(), policy=TenantPolicy(), created_at=0,
)  # fmt: skip
ADA = User(
    id="ada", tenant_id="tenant", state=UserState.ACTIVE, name="Ada", username=None,
    email="ada@t.test", phone=None, phone_verified_at=None, password_hash="0", password_set_at=0,
    epoch=0, frozen_at=None, timezone=None, created_at=0,
)  # fmt: skip


class Clear:
    """A sealer that hides nothing, so that a digest can be read in a state."""

    def digest(self, _purpose: str, value: str) -> str:
        return value

    def matches(self, _purpose: str, value: str, digest: str) -> bool:
        return value == digest

    def seal(self, _plain: bytes, _context: str) -> str:
        return ""


class Names:
    """Chance that is no chance: ids in the order in which they are wanted."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        self.names = list(names)
        self.drawn = 0
        self.code = "digits"

    def id(self, _now: int) -> str:
        self.drawn += 1
        return self.names[self.drawn - 1] if self.drawn <= len(self.names) else f"-{self.drawn}"

    def digits(self, _count: int) -> str:
        return self.code

    def token(self) -> str:
        return self.id(0)


def parts(names: Names, now: int) -> Any:
    """What a transaction needs of the parts."""
    return SimpleNamespace(
        clock=SimpleNamespace(now=lambda: now),
        random=names,
        sealer=Clear(),
        link=lambda _tenant, path: path,
        limits=SimpleNamespace(network_failures=1000, session_ms=10**9, session_idle_ms=10**9),
    )


def caller(browser: str = "browser") -> Caller:
    """A browser nobody knows, on a local socket."""
    return Caller(tenant=TENANT, browser=browser, offers=(), ip="", client_name="a browser")


@dataclass
class Written:
    """What a transaction wrote besides the lane."""

    entries: list[Entry] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)

    def shape(self) -> tuple[object, ...]:
        """The rows without whom they are about and in which lane."""
        rows = tuple(
            (str(e.event), e.at, tuple((n, v) for n, v in e.facts.items() if n != "lane"))
            for e in self.entries
        )
        return rows, tuple((m.kind, m.run_at, m.expires_at) for m in self.messages)


def audit(written: Written) -> Any:
    """A room for audit rows."""
    return SimpleNamespace(add=written.entries.append)


def messages(written: Written) -> Any:
    """An outbox."""
    return SimpleNamespace(add=written.messages.append)


def budgets() -> Any:
    """Budgets that are never used up: they are no part of these models."""

    def spend(_tenant: str, _key: str, now: int, _budget: Budget) -> Spending:
        return Spending(start=now, count=1)

    return SimpleNamespace(spend=spend)


class _Users:
    """One user; a lookup answers with what was read, which may be old by now."""

    def __init__(self, found: Lookup) -> None:
        self._found = found

    def lookup(self, _wanted: object) -> Lookup:
        return self._found


class LaneTx:
    """A transaction on one lane.

    Attributes:
        lane, version: as stored; afterwards as the transaction leaves them.
        written: rows it wrote besides.
    """

    def __init__(self, key: str, lane: Lane, version: int, found: Lookup) -> None:
        self.key, self.lane, self.version = key, lane, version
        self.written = Written()
        self.users = _Users(found)
        self.lanes = self
        self.audit, self.messages = audit(self.written), messages(self.written)
        self.budgets = budgets()

    def lock(self, _tenant: str, _key: str, _now: int) -> Lane:
        return self.lane

    def save(self, _tenant: str, _key: str, lane: Lane, _user: str | None) -> None:
        self.lane, self.version = lane, self.version + 1

    def swap(
        self, _tenant: str, seen: SeenLane, lane: Lane, _user: str | None, *, durable: bool = True
    ) -> SeenLane | None:
        """As the store's; nothing here is on a disk, however `durable`."""
        if seen.version != self.version:
            return None
        self.lane, self.version = lane, self.version + 1
        return SeenLane(key=seen.key, lane=lane, version=self.version)

    def of_user(self, _tenant: str, _user: str) -> Mapping[str, Lane]:
        return {self.key: self.lane}

    def refused(self, _tenant: str, _key: str) -> int:
        return 1


def found(user: User, lane: SeenLane | None, *, known: bool = True) -> Lookup:
    """What a lookup reads: no client, no second step, no role."""
    nobody: Client | None = None
    return Lookup(
        user=user, known=known, client=nobody, factors=frozenset(), staff=False, network=None,
        lane=lane,
    )  # fmt: skip


@contextmanager
def replaced(*changes: tuple[object, str, Callable[..., Any] | object]) -> Iterator[None]:
    """Modules with other parts (owner, name, part) while the block runs."""
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in changes]
    for owner, name, part in changes:
        setattr(owner, name, part)
    try:
        yield
    finally:
        for owner, name, part in reversed(before):
            setattr(owner, name, part)
