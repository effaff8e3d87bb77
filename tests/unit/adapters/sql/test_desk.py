"""What the console and the delivery ask of the store, on both engines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from keyturn.adapters.memory_secrets import START, SeededRandom
from keyturn.adapters.sql import SqlStore, finding, open_store
from keyturn.adapters.sql.migrate import ensure
from keyturn.rules.accounts import (
    Factor,
    FactorKind,
    Tenant,
    TenantPolicy,
    User,
    UserState,
)
from keyturn.rules.events import Entry, Event
from keyturn.rules.lockout import MINUTE, Lane
from keyturn.rules.messages import LEASE_MS, Message, MessageState

RANDOM = SeededRandom("desk")
NOW = START


@pytest.fixture
def store(store_url: str) -> Iterator[SqlStore]:
    ensure(store_url)
    opened = open_store(store_url)
    yield opened
    opened.close()


@pytest.fixture
def tenant(store: SqlStore) -> Tenant:
    """A tenant of its own for each test: the database is shared by the module."""
    tenant_id = RANDOM.id(NOW)
    made = Tenant(
        tenant_id, tenant_id, "T", None, "a@t.test", "#000000", "UTC", (), (), TenantPolicy(), NOW
    )
    _write(store, lambda tx: tx.tenants.add(made))
    return made


def _write(store: SqlStore, fn: Callable[[Any], Any]) -> Any:
    return store.submit_write(fn).result(timeout=30)


def _adding(room: str, value: object) -> Callable[[Any], Any]:
    return lambda tx: getattr(tx, room).add(value)


def _user(store: SqlStore, tenant: Tenant, name: str) -> User:
    made = User(
        RANDOM.id(NOW), tenant.id, UserState.ACTIVE, name, None, f"{name}@t.test", None, None,
        None, None, 0, None, None, NOW,
    )  # fmt: skip
    _write(store, lambda tx: tx.users.add(made, [made.email]))
    return made


def _lock(store: SqlStore, tenant: Tenant, user: User, key: str, until: int) -> None:
    def step(tx: Any) -> None:
        tx.lanes.lock(tenant.id, key, NOW)
        tx.lanes.save(tenant.id, key, Lane(locked_until=until), user.id)

    _write(store, step)


def test_who_is_locked_is_found_and_counted(store: SqlStore, tenant: Tenant) -> None:
    ada, bo = _user(store, tenant, "ada"), _user(store, tenant, "bo")
    _lock(store, tenant, ada, f"u:{ada.id}", NOW + MINUTE)
    _lock(store, tenant, ada, f"2:{ada.id}", NOW + 2 * MINUTE)
    _lock(store, tenant, bo, f"u:{bo.id}", NOW)
    ids = [ada.id, bo.id]
    assert _write(store, lambda tx: tx.lanes.locked(tenant.id, ids, NOW)) == {
        ada.id: NOW + 2 * MINUTE
    }
    assert _write(store, lambda tx: tx.users.tally(tenant.id, NOW, 9)) == (2, 1)
    page = _write(store, lambda tx: tx.users.search(tenant.id, "", None, None, 10, NOW))
    assert [user.id for user in page.users] == [ada.id]


def test_who_has_enrolled_a_second_step_is_found(store: SqlStore, tenant: Tenant) -> None:
    ada, bo = _user(store, tenant, "ada"), _user(store, tenant, "bo")
    for user, kind in ((ada, FactorKind.TOTP), (bo, FactorKind.RECOVERY)):
        factor = Factor(RANDOM.id(NOW), tenant.id, user.id, kind, "s", None, NOW)
        _write(store, _adding("factors", factor))
    ids = [ada.id, bo.id]
    found = _write(store, lambda tx: tx.factors.enrolled(tenant.id, ids, FactorKind.TOTP))
    assert found == {ada.id}


def test_a_tenant_is_found_by_its_id(store: SqlStore, tenant: Tenant) -> None:
    assert _write(store, lambda tx: tx.tenants.get(tenant.id)) == tenant
    assert _write(store, lambda tx: tx.tenants.get("nothing")) is None


@pytest.mark.parametrize("by", ["user", "ip"])
def test_the_trail_is_searched_by_user_or_by_address(
    store: SqlStore, tenant: Tenant, by: str
) -> None:
    ada = _user(store, tenant, "ada")
    for ip, user_id in (("192.0.2.1", ada.id), ("2001:db8::1", None)):
        entry = Entry(
            RANDOM.id(NOW), tenant.id, NOW, Event.SIGNIN_FAILED, user_id, None, ip, "x", {}
        )
        _write(store, _adding("audit", entry))
    query = ada.id if by == "user" else "2001:db8::1"
    (found,) = _write(store, lambda tx: tx.audit.search(tenant.id, ("signin.",), query, None, 9))
    assert found.ip == ("192.0.2.1" if by == "user" else "2001:db8::1")


@pytest.fixture
def message(store: SqlStore, tenant: Tenant) -> Message:
    """A message that is due, taken once."""
    made = Message(
        RANDOM.id(NOW), tenant.id, None, "mail", "case_opened", "a@t.test", "sealed",
        MessageState.QUEUED, 0, NOW, NOW + 60 * MINUTE, None, "", NOW, NOW,
    )  # fmt: skip
    _write(store, lambda tx: tx.messages.add(made))
    return next(m for m in _claimed(store, NOW) if m.id == made.id)


def _claimed(store: SqlStore, now: int) -> list[Message]:
    return list(_write(store, lambda tx: tx.messages.claim(now, 100)))


def test_a_message_whose_worker_died_is_taken_again_after_its_lease(
    store: SqlStore, message: Message
) -> None:
    assert (message.state, message.attempt) == (MessageState.SENDING, 1)
    assert message.id not in {m.id for m in _claimed(store, NOW + LEASE_MS - 1)}
    again = next(m for m in _claimed(store, NOW + LEASE_MS) if m.id == message.id)
    assert again.attempt == 2


def test_a_late_workers_note_is_fenced_off(store: SqlStore, message: Message) -> None:
    _claimed(store, NOW + LEASE_MS)
    assert not _write(store, lambda tx: tx.messages.settle(message, 1))
    assert _write(store, lambda tx: tx.messages.settle(message, 2))


def test_a_report_that_comes_first_is_not_overwritten(
    store: SqlStore, tenant: Tenant, message: Message
) -> None:
    told = MessageState.DELIVERED
    assert _write(store, lambda tx: tx.messages.report(message.id, told, "1", NOW)) is not None
    assert not _write(store, lambda tx: tx.messages.settle(message, 1))
    stored = _write(store, lambda tx: tx.messages.get(tenant.id, message.id))
    assert (stored.state, stored.sealed) == (told, "")


def _searching(
    tenant: Tenant, query: str, state: UserState | None, after: str | None
) -> Callable[[Any], Any]:
    return lambda tx: tx.users.search(tenant.id, query, state, after, 2)


def _saving(user: User) -> Callable[[Any], Any]:
    return lambda tx: tx.users.save(user)


def _all_pages(store: SqlStore, tenant: Tenant, query: str, state: UserState | None) -> list[str]:
    """The names on every page of a search, and that it ends."""
    found: list[str] = []
    after: str | None = None
    for _ in range(50):
        page = _write(store, _searching(tenant, query, state, after))
        found += [user.name for user in page.users]
        after = page.after
        if after is None:
            return found
    raise AssertionError(found)


@pytest.mark.parametrize("filed", [True, False])
@pytest.mark.parametrize(
    ("query", "state", "wanted"),
    [
        ("t.test", None, 30), ("t.test person7", None, 1), ("person", UserState.DISABLED, 3),
        ("person", UserState.INVITED, 0), ("nobody", None, 0), ("person t.test person", None, 30),
    ],
)  # fmt: skip
def test_every_user_is_on_one_page_whatever_the_windows(
    store: SqlStore, tenant: Tenant, monkeypatch: pytest.MonkeyPatch,
    filed: bool, query: str, state: UserState | None, wanted: int,
) -> None:  # fmt: skip
    monkeypatch.setattr(finding, "SHORT", 1)
    monkeypatch.setattr(finding, "WINDOW", 7)
    for n in range(30):
        made = _user(store, tenant, f"person{n}")
        if n % 10 == 3:
            off = replace(made, state=UserState.DISABLED)
            _write(store, _saving(off))
    while filed and _write(store, lambda tx: tx.users.file(100)):
        pass
    found = _all_pages(store, tenant, query, state)
    assert len(found) == len(set(found)) == wanted


def test_counts_end_where_they_are_told_to(store: SqlStore, tenant: Tenant) -> None:
    people = [_user(store, tenant, f"p{n}") for n in range(3)]
    for user in people:
        _lock(store, tenant, user, f"u:{user.id}", NOW + MINUTE)
    assert _write(store, lambda tx: tx.users.tally(tenant.id, NOW, 1)) == (2, 2)
    assert _write(store, lambda tx: tx.users.tally(tenant.id, NOW, 3)) == (3, 3)


def test_lists_of_messages_and_cases_are_the_newest_whatever_the_filter(
    store: SqlStore, tenant: Tenant
) -> None:
    for n, state in enumerate([MessageState.SENT, MessageState.BOUNCED, MessageState.SENT] * 2):
        channel = "sms" if n % 2 else "mail"
        made = Message(
            RANDOM.id(NOW + n), tenant.id, None, channel, f"k{n}", "a@t.test", "", state, 1, NOW,
            NOW, None, "", NOW, NOW,
        )  # fmt: skip
        _write(store, _adding("messages", made))

    def kinds(*wanted: Any) -> list[str]:
        rows = _write(store, lambda tx: tx.messages.recent(tenant.id, *wanted))
        return [row.kind for row in rows]

    assert kinds(None, None, 4) == ["k5", "k4", "k3", "k2"]
    assert kinds("sms", None, 9) == ["k5", "k3", "k1"]
    assert kinds(None, MessageState.BOUNCED, 9) == ["k4", "k1"]
    assert kinds("mail", MessageState.BOUNCED, 9) == ["k4"]
