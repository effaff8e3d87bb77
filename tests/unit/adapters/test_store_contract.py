"""What every store promises (ports.store), on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from keyturn.adapters.memory_secrets import START as NOW
from keyturn.adapters.sql import SqlStore, open_store
from keyturn.adapters.sql.schema import tenants
from keyturn.adapters.sql.tx import SqlTx
from keyturn.ports.store import StoreUnavailable, Taken, Tx, Wanted
from keyturn.rules.accounts import (
    Case,
    Client,
    Contact,
    Factor,
    FactorKind,
    Flow,
    Passkey,
    Role,
    Session,
    Tenant,
    TenantPolicy,
    User,
    UserState,
)
from keyturn.rules.budgets import NETWORK, Budget, Spending
from keyturn.rules.codes import Code
from keyturn.rules.events import Entry, Event
from keyturn.rules.lockout import HOUR, MINUTE, Lane, Reservation
from keyturn.rules.messages import LEASE_MS, Message, MessageState
from tests.unit.adapters.stores import RANDOM, new_id, read, write

NUMBERS = count(1)
BUDGET = Budget("tries", 3, HOUR)


def put(store: SqlStore, room: str, value: object) -> None:
    """Add one row."""
    write(store, lambda tx: getattr(tx, room).add(value))


def put_user(store: SqlStore, user: User, name: str) -> None:
    """Add a user under a name."""
    write(store, lambda tx: tx.users.add(user, [name]))


def named(store: SqlStore, tenant: Tenant, name: str) -> User | None:
    """Whose name it is."""
    found: User | None = read(store, lambda tx: tx.users.named(tenant.id, name))
    return found


def make_tenant(**fields: Any) -> Tenant:
    n = next(NUMBERS)
    plain: dict[str, Any] = {
        "id": new_id(),
        "slug": f"t{n}",
        "name": "Ténant",
        "host": None,
        "sender": "a@t.test",
        "accent": "#1f7a5c",
        "timezone": "Europe/London",
        "context": ("one", "two"),
        "support": (Contact("Phone", "+44", "9 to 5"),),
        "policy": TenantPolicy(signup=False, region="DE"),
        "created_at": NOW,
    }
    return Tenant(**{**plain, **fields})


@pytest.fixture
def tenant(store: SqlStore) -> Tenant:
    made = make_tenant()
    write(store, lambda tx: tx.tenants.add(made))
    return made


@pytest.fixture
def other(store: SqlStore) -> Tenant:
    """Somebody on the other side of the wall."""
    made = make_tenant()
    write(store, lambda tx: tx.tenants.add(made))
    return made


def make_user(tenant: Tenant, **fields: Any) -> User:
    plain: dict[str, Any] = {
        "id": new_id(),
        "tenant_id": tenant.id,
        "state": UserState.ACTIVE,
        "name": "Ada Byron",
        "username": "ada",
        "email": "ada@t.test",
        "phone": None,
        "phone_verified_at": None,
        "password_hash": "$hash",
        "password_set_at": NOW,
        "epoch": 3,
        "frozen_at": None,
        "timezone": None,
        "created_at": NOW,
    }
    return User(**{**plain, **fields})


@pytest.fixture
def ada(store: SqlStore, tenant: Tenant) -> User:
    made = make_user(tenant)
    write(store, lambda tx: tx.users.add(made, ["ada", "ada@t.test"]))
    return made


def make_client(user: User) -> Client:
    return Client(
        new_id(), user.tenant_id, user.id, "d" * 43, None, "Firefox", "::1", NOW, NOW, False
    )


def make_session(user: User) -> Session:
    digest = RANDOM.token()
    return Session(
        digest, user.tenant_id, user.id, None, 1, 3, "::1", "Firefox", NOW, NOW, NOW + HOUR
    )


def make_flow(tenant: Tenant, user: User | None = None, **fields: Any) -> Flow:
    plain: dict[str, Any] = {
        "id": new_id(),
        "tenant_id": tenant.id,
        "browser": RANDOM.token(),
        "kind": "signup",
        "step": "code",
        "user_id": user.id if user else None,
        "data": {"a": "ä", "n": 1, "b": True, "none": None},
        "created_at": NOW,
        "expires_at": NOW + HOUR,
        "closed_at": None,
    }
    return Flow(**{**plain, **fields})


def make_code(flow: Flow, **fields: Any) -> Code:
    plain: dict[str, Any] = {
        "id": new_id(),
        "tenant_id": flow.tenant_id,
        "flow_id": flow.id,
        "channel": "mail",
        "digest": RANDOM.token(),
        "link": RANDOM.token(),
        "tries": 0,
        "sent_at": NOW,
        "expires_at": NOW + 10 * MINUTE,
        "used_at": None,
        "replaced_at": None,
    }
    return Code(**{**plain, **fields})


def make_message(tenant: Tenant, user: User | None = None, **fields: Any) -> Message:
    plain: dict[str, Any] = {
        "id": new_id(),
        "tenant_id": tenant.id,
        "user_id": user.id if user else None,
        "channel": "mail",
        "kind": "lock_notice",
        "address": "ada@t.test",
        "sealed": "sealed",
        "state": MessageState.QUEUED,
        "attempt": 0,
        "run_at": NOW,
        "expires_at": NOW + HOUR,
        "reference": None,
        "detail": "",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Message(**{**plain, **fields})


def make_case(tenant: Tenant, user: User | None = None) -> Case:
    ref = f"KT-{next(NUMBERS):06}"
    owner = user.id if user else None
    return Case(new_id(), ref, tenant.id, owner, "ada", "open", "", "note", {"x": [1]}, NOW)


def wanted(tenant: Tenant, name: str, **fields: Any) -> Wanted:
    plain: dict[str, Any] = {
        "clients": [],
        "network": "203.0.113.0/24",
        "absent": "a:" + name,
        "own_lanes": True,
    }
    return Wanted(tenant_id=tenant.id, canonical=name, **{**plain, **fields})


# -- transactions


def test_what_was_written_is_read_back_as_it_was(
    store: SqlStore, tenant: Tenant, ada: User
) -> None:
    assert read(store, lambda tx: tx.tenants.get(tenant.id)) == tenant
    assert tenant in read(store, lambda tx: tx.tenants.all())
    assert read(store, lambda tx: tx.users.get(tenant.id, ada.id)) == ada


def test_a_changed_tenant_is_stored(store: SqlStore, tenant: Tenant) -> None:
    policy = TenantPolicy(voice=True, directory_domains=("corp.test", "b.test"))
    changed = replace(tenant, policy=policy, host=f"{tenant.slug}.test")
    write(store, lambda tx: tx.tenants.update(changed))
    assert read(store, lambda tx: tx.tenants.get(tenant.id)) == changed


def test_a_policy_is_written_so_that_the_first_release_can_read_it(
    store: SqlStore, tenant: Tenant
) -> None:
    """It knows six names; what came later is written only where it is used."""

    def stored(tx: Tx) -> dict[str, object]:
        assert isinstance(tx, SqlTx)
        wanted = select(tenants.c.policy).where(tenants.c.id == tenant.id)
        found: dict[str, object] = json.loads(str(tx.connection.execute(wanted).scalar()))
        return found

    first = {"signup", "phone", "password_min", "lockout_scope", "region", "voice"}
    assert set(read(store, stored)) == first
    later = replace(tenant, policy=replace(tenant.policy, directory_domains=("a.test",)))
    write(store, lambda tx: tx.tenants.update(later))
    assert set(read(store, stored)) == {*first, "directory_domains"}


def test_what_a_newer_release_added_to_a_policy_is_passed_over(
    store: SqlStore, tenant: Tenant
) -> None:
    def add(tx: Tx) -> None:
        assert isinstance(tx, SqlTx)
        newer = json.dumps({"region": "DE", "of_tomorrow": [1]})
        row = update(tenants).where(tenants.c.id == tenant.id).values(policy=newer)
        tx.connection.execute(row)

    write(store, add)
    found = read(store, lambda tx: tx.tenants.get(tenant.id))
    assert found is not None
    assert found.policy == TenantPolicy(region="DE")


def test_a_transaction_that_raises_leaves_nothing(store: SqlStore, tenant: Tenant) -> None:
    made = make_user(tenant)

    def fail(tx: Tx) -> None:
        tx.users.add(made, ["bo"])
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        write(store, fail)
    assert named(store, tenant, "bo") is None


def test_a_transaction_that_failed_halfway_is_never_called_done(
    store: SqlStore, tenant: Tenant
) -> None:
    """PostgreSQL answers the COMMIT of a failed transaction with ROLLBACK, and calls that no
    error: a step that swallows an error must not have its caller believe it was stored.
    """
    made = make_user(tenant)

    def step(tx: Tx) -> None:
        tx.users.add(made, ["halfway"])
        with suppress(DBAPIError):
            tx.connection.exec_driver_sql("SELECT * FROM no_such_table")  # type: ignore[attr-defined]

    with suppress(StoreUnavailable):
        write(store, step)
        assert named(store, tenant, "halfway") == made
    assert read(store, lambda tx: tx.tenants.get(tenant.id)) == tenant  # and the store goes on


@pytest.mark.parametrize("failing", [{0}, {3}, {0, 1, 4, 9}, set(range(10))])
def test_of_many_at_once_only_those_that_raise_are_undone(
    store: SqlStore, tenant: Tenant, failing: set[int]
) -> None:
    held = threading.Event()

    def add(n: int) -> Callable[[Tx], None]:
        def step(tx: Tx) -> None:
            tx.users.add(make_user(tenant), [f"many{n}"])
            if n in failing:
                raise KeyError(n)

        return step

    first = store.submit_write(lambda _tx: held.wait(10))  # the others queue up behind it
    futures = [store.submit_write(add(n)) for n in range(10)]
    held.set()
    first.result(timeout=30)
    failed = {n for n, f in enumerate(futures) if f.exception(timeout=30) is not None}
    assert failed == failing
    kept = {n for n in range(10) if named(store, tenant, f"many{n}") is not None}
    assert kept == set(range(10)) - failing


def test_a_read_changes_nothing(store: SqlStore, tenant: Tenant) -> None:
    with suppress(Exception):  # PostgreSQL refuses, SQLite forgets
        read(store, lambda tx: tx.users.add(make_user(tenant), ["reader"]))
    assert named(store, tenant, "reader") is None


def test_single_statements_are_kept(store: SqlStore, tenant: Tenant) -> None:
    flow = make_flow(tenant)
    store.submit_each(lambda tx: tx.flows.add(flow)).result(timeout=30)
    assert read(store, lambda tx: tx.flows.get(tenant.id, flow.id)) == flow


def test_a_glance_sees_what_was_written(store: SqlStore, tenant: Tenant, ada: User) -> None:
    seen = store.submit_glance(
        lambda tx: (tx.users.get(tenant.id, ada.id), tx.messages.next_due(0))
    )
    assert seen.result(timeout=30) == (ada, None)


def test_coroutines_get_answers_and_errors(store: SqlStore, tenant: Tenant) -> None:
    def fail(_tx: Tx) -> None:
        raise KeyError

    async def all_four() -> tuple[object, object, object, object]:
        with pytest.raises(KeyError):
            await store.write(fail)
        return (
            await store.write(lambda _tx: 1),
            await store.read(lambda _tx: 2),
            await store.each(lambda _tx: 3),
            await store.glance(lambda _tx: 4),
        )

    assert asyncio.run(all_four()) == (1, 2, 3, 4)


def test_only_a_commit_that_added_messages_is_announced(store: SqlStore, tenant: Tenant) -> None:
    heard: list[int] = []
    store.on_commit(lambda: heard.append(1))

    def fail(tx: Tx) -> None:
        tx.messages.add(make_message(tenant))
        raise KeyError

    write(store, lambda tx: tx.users.add(make_user(tenant), ["quiet"]))
    with pytest.raises(KeyError):
        write(store, fail)
    write(store, lambda _tx: None)
    assert not heard
    write(store, lambda tx: tx.messages.add(make_message(tenant)))
    write(store, lambda _tx: None)  # announced after the answer, before the next item
    assert heard == [1]


def test_whoever_gives_up_waiting_holds_up_nobody(store: SqlStore, tenant: Tenant) -> None:
    """What was begun is finished all the same, and the next in line gets its answer."""

    async def given_up() -> int:
        wait = threading.Event()
        first = asyncio.create_task(store.write(lambda _tx: wait.wait(5)))
        second = asyncio.create_task(store.write(lambda _tx: 2))
        await asyncio.sleep(0.05)
        for task in (first, second):
            task.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        wait.set()
        return await store.write(lambda _tx: 3)

    assert asyncio.run(given_up()) == 3


def test_transactions_that_wait_for_each_other_both_come_through(
    store: SqlStore, tenant: Tenant
) -> None:
    users = [make_user(tenant) for _ in range(2)]
    for n, user in enumerate(users):
        put_user(store, user, f"deadlock{n}")
    both = threading.Barrier(2)

    def cross(first: User, second: User) -> Callable[[Tx], None]:
        def step(tx: Tx) -> None:
            tx.users.lock(tenant.id, first.id)
            with suppress(threading.BrokenBarrierError):  # SQLite takes one after the other
                both.wait(0.5)
            tx.users.lock(tenant.id, second.id)

        return step

    futures = [store.submit_write(cross(*users)), store.submit_write(cross(*reversed(users)))]
    for future in futures:
        future.result(timeout=30)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_database_that_does_not_open_is_an_outage(tmp_path: Path, kind: str) -> None:
    address = {
        "sqlite": f"sqlite:///{tmp_path}/gone/keyturn.db",
        "postgresql": f"postgresql+psycopg:///none?host={tmp_path}",
    }[kind]
    if kind == "sqlite":
        (tmp_path / "gone").mkdir()
    opened = open_store(address)
    if kind == "sqlite":
        (tmp_path / "gone" / "keyturn.db.writer").unlink()
        (tmp_path / "gone").rmdir()
    try:
        for submit in (
            opened.submit_write, opened.submit_read, opened.submit_each, opened.submit_glance
        ):  # fmt: skip
            with pytest.raises(StoreUnavailable):
                submit(lambda tx: tx.tenants.all()).result(timeout=30)
    finally:
        opened.close()


# -- uniqueness


def test_slugs_and_hosts_are_unique_and_no_host_is_no_host(store: SqlStore) -> None:
    first = make_tenant(host="one.test")
    write(store, lambda tx: tx.tenants.add(first))
    for fields, what in (({"slug": first.slug}, "slug"), ({"host": "one.test"}, "host")):
        with pytest.raises(Taken) as taken:
            put(store, "tenants", make_tenant(**fields))
        assert taken.value.what == what
    for _ in range(2):
        write(store, lambda tx: tx.tenants.add(make_tenant(host=None)))


def test_an_identifier_is_unique_in_its_tenant_only(
    store: SqlStore, tenant: Tenant, other: Tenant, ada: User
) -> None:
    with pytest.raises(Taken) as taken:
        write(store, lambda tx: tx.users.add(make_user(tenant), ["free", "ada"]))
    assert taken.value.what == "identifier"
    assert named(store, tenant, "free") is None
    write(store, lambda tx: tx.users.add(make_user(other), ["ada"]))


def test_a_transaction_goes_on_after_taken(store: SqlStore, tenant: Tenant, ada: User) -> None:
    bo = make_user(tenant)

    def step(tx: Tx) -> None:
        tx.users.add(bo, ["bo"])
        with suppress(Taken):
            tx.users.add_identifier(tenant.id, bo.id, "ada")
        tx.users.add_identifier(tenant.id, bo.id, "bob")

    write(store, step)
    assert named(store, tenant, "bob") == bo


def test_a_phone_is_unique_in_its_tenant_only(
    store: SqlStore, tenant: Tenant, other: Tenant, ada: User
) -> None:
    phone = "+447400123456"
    write(store, lambda tx: tx.users.save(replace(ada, phone=phone)))
    bo, cy = make_user(tenant), make_user(other)
    write(store, lambda tx: tx.users.add(bo, ["bo"]))
    write(store, lambda tx: tx.users.add(cy, ["cy"]))
    with pytest.raises(Taken) as taken:
        write(store, lambda tx: tx.users.save(replace(bo, phone=phone)))
    assert taken.value.what == "phone"
    write(store, lambda tx: tx.users.save(replace(cy, phone=phone)))
    holder = read(store, lambda tx: tx.users.holder_of_phone(tenant.id, phone))
    assert holder == replace(ada, phone=phone)


def test_a_language_is_chosen_and_nothing_else_is_stored(
    store: SqlStore, tenant: Tenant, other: Tenant, ada: User
) -> None:
    write(store, lambda tx: tx.users.set_language(tenant.id, ada.id, "de"))
    write(store, lambda tx: tx.users.set_language(other.id, ada.id, "fr"))
    assert read(store, lambda tx: tx.users.get(tenant.id, ada.id)) == replace(ada, language="de")


def _taking(name: str, user: User) -> Callable[[Tx], None]:
    return lambda tx: tx.users.add(user, [name])


def test_of_many_who_take_one_name_at_once_one_gets_it(store: SqlStore, tenant: Tenant) -> None:
    users = [make_user(tenant) for _ in range(8)]
    futures = [store.submit_write(_taking("wanted", u)) for u in users]
    errors = [f.exception(timeout=30) for f in futures]
    assert [e for e in errors if e is not None and not isinstance(e, Taken)] == []
    assert errors.count(None) == 1
    winner = users[errors.index(None)]
    assert named(store, tenant, "wanted") == winner


def test_a_dropped_or_deleted_name_is_free(store: SqlStore, tenant: Tenant, ada: User) -> None:
    write(store, lambda tx: tx.users.drop_identifier(tenant.id, ada.id, "ada"))
    bo = make_user(tenant)
    write(store, lambda tx: tx.users.add(bo, ["ada"]))
    write(store, lambda tx: tx.users.delete(tenant.id, bo.id))
    assert named(store, tenant, "ada") is None
    assert read(store, lambda tx: tx.users.get(tenant.id, bo.id)) is None
    assert named(store, tenant, "ada@t.test") == ada


# -- the lookup of a try


def test_a_name_that_nobody_has_is_looked_up_as_the_decoy(
    store: SqlStore, tenant: Tenant, ada: User
) -> None:
    found = read(store, lambda tx: tx.users.lookup(wanted(tenant, "nobody")))
    assert (found.known, found.user.id, found.user.password_hash) == (False, tenant.id, None)
    assert found.user.state is UserState.DISABLED
    assert (found.client, found.factors, found.staff, found.lane) == (
        None,
        frozenset(),
        False,
        None,
    )


def test_a_lookup_brings_all_that_a_try_needs(store: SqlStore, tenant: Tenant, ada: User) -> None:
    client = make_client(ada)
    used = Factor(new_id(), tenant.id, ada.id, FactorKind.RECOVERY, "d", NOW, NOW)

    def fill(tx: Tx) -> None:
        tx.clients.add(client)
        tx.factors.add(Factor(new_id(), tenant.id, ada.id, FactorKind.TOTP, "s", None, NOW))
        tx.factors.add(used)
        tx.roles.grant(tenant.id, ada.id, Role.AUDITOR)
        tx.budgets.spend(tenant.id, "net", NOW, Budget(NETWORK, 1, HOUR))
        tx.lanes.lock(tenant.id, f"c:{client.id}", NOW)
        tx.lanes.lock(tenant.id, f"u:{ada.id}", NOW)

    write(store, fill)
    ask = wanted(tenant, "ada", clients=["x", client.id], network="net")
    found = read(store, lambda tx: tx.users.lookup(ask))
    assert (found.user, found.known, found.client, found.staff) == (ada, True, client, True)
    assert found.factors == {FactorKind.TOTP}  # the saved code is used up
    assert found.network == Spending(start=NOW, count=1)
    assert found.lane.key == f"c:{client.id}"
    one = read(store, lambda tx: tx.users.lookup(replace(ask, own_lanes=False)))
    assert one.lane.key == f"u:{ada.id}"


def test_a_lookup_finds_the_lane_of_an_absent_name(store: SqlStore, tenant: Tenant) -> None:
    write(store, lambda tx: tx.lanes.lock(tenant.id, "a:gone", NOW))
    found = read(store, lambda tx: tx.users.lookup(wanted(tenant, "gone")))
    assert (found.lane.key, found.lane.lane, found.lane.version) == ("a:gone", Lane(), 0)


def test_somebody_elses_client_is_none_of_this_users(
    store: SqlStore, tenant: Tenant, ada: User
) -> None:
    bo = make_user(tenant)
    client = make_client(bo)
    write(store, lambda tx: tx.users.add(bo, ["bo"]))
    write(store, lambda tx: tx.clients.add(client))
    ask = wanted(tenant, "ada", clients=[client.id])
    assert read(store, lambda tx: tx.users.lookup(ask)).client is None


def test_a_lookup_in_no_tenant_fails_loudly(store: SqlStore) -> None:
    with pytest.raises(LookupError):
        read(store, lambda tx: tx.users.lookup(wanted(make_tenant(), "ada")))


# -- the wall


def test_nothing_of_one_tenant_is_found_or_changed_from_another(  # noqa: PLR0915  every method
    store: SqlStore, tenant: Tenant, other: Tenant, ada: User
) -> None:
    phone = "+447400654321"
    client, session, flow = make_client(ada), make_session(ada), make_flow(tenant, ada)
    code, message = make_code(flow), make_message(tenant, ada)
    case = make_case(tenant, ada)
    totp = Factor(new_id(), tenant.id, ada.id, FactorKind.TOTP, "s", None, NOW)
    entry = Entry(new_id(), tenant.id, NOW, Event.SIGNOUT, ada.id, None, "::1", "Firefox", {})
    key = f"u:{ada.id}"

    def fill(tx: Tx) -> None:
        tx.users.save(replace(ada, phone=phone))
        tx.clients.add(client)
        tx.sessions.add(session)
        tx.flows.add(flow)
        tx.codes.add(code)
        tx.messages.add(message)
        tx.cases.add(case)
        tx.factors.add(totp)
        tx.audit.add(entry)
        tx.lanes.lock(tenant.id, key, NOW)
        tx.lanes.save(tenant.id, key, Lane(failed=1, locked_until=NOW + HOUR), ada.id)
        tx.budgets.spend(tenant.id, "k", NOW, BUDGET)

    write(store, fill)

    def everything(tx: Tx, where: str) -> list[object]:
        ask = wanted(replace(tenant, id=where), "ada", clients=[client.id])
        return [
            tx.users.get(where, ada.id),
            tx.users.lock(where, ada.id),
            tx.users.named(where, "ada"),
            tx.users.holder_of_phone(where, phone),
            tx.users.search(where, "", None, None, 10).users,
            tx.users.search(where, "", None, None, 10, NOW).users,
            tx.users.tally(where, NOW, 9) != (0, 0),
            tx.users.lookup(ask).known,
            tx.lanes.get(where, key),
            tx.lanes.of_user(where, ada.id),
            tx.lanes.locked(where, [ada.id], NOW),
            tx.clients.of_user(where, ada.id),
            tx.clients.last_seen(where, [ada.id]),
            tx.sessions.get(where, session.digest),
            tx.sessions.of_user(where, ada.id),
            tx.flows.open(where, flow.browser, flow.kind, NOW),
            tx.flows.get(where, flow.id),
            tx.flows.of_user(where, ada.id, 10),
            tx.codes.by_link(where, code.link or ""),
            tx.factors.of_user(where, ada.id),
            tx.factors.enrolled(where, [ada.id], FactorKind.TOTP),
            tx.budgets.look(where, "k", BUDGET),
            tx.messages.get(where, message.id),
            tx.messages.of_user(where, ada.id, 10),
            tx.messages.recent(where, None, None, 10),
            tx.audit.of_user(where, ada.id, 10),
            tx.audit.search(where, (), "", None, 10),
            tx.cases.get(where, case.ref),
            tx.cases.recent(where, None, 10),
            tx.cases.of_user(where, ada.id),
        ]

    assert all(write(store, lambda tx: everything(tx, tenant.id)))
    assert not any(write(store, lambda tx: everything(tx, other.id)))

    def harm(tx: Tx) -> list[object]:
        tx.users.delete(other.id, ada.id)
        tx.users.drop_identifier(other.id, ada.id, "ada")
        tx.sessions.touch(other.id, session.digest, NOW + 1, 2)
        tx.roles.revoke(other.id, ada.id)
        tx.lanes.save(other.id, key, Lane(), None)
        return [
            tx.clients.forget(other.id, ada.id, None),
            tx.clients.forget(other.id, ada.id, client.id),
            tx.sessions.end(other.id, ada.id, None),
            tx.sessions.end(other.id, ada.id, session.digest),
            tx.factors.remove(other.id, ada.id, FactorKind.TOTP),
        ]

    before = write(store, lambda tx: everything(tx, tenant.id))
    assert write(store, harm) == [0] * 5
    assert write(store, lambda tx: everything(tx, tenant.id)) == before


# -- lanes and budgets under concurrency


def done(futures: list[Future[Any]]) -> list[Any]:
    return [f.result(timeout=60) for f in futures]


def test_a_lane_is_held_from_lock_to_commit(store: SqlStore, tenant: Tenant) -> None:
    def fail_once(tx: Tx) -> None:
        lane = tx.lanes.lock(tenant.id, "u:x", NOW)
        tx.lanes.save(tenant.id, "u:x", replace(lane, total=lane.total + 1), None)

    done([store.submit_write(fail_once) for _ in range(100)])
    assert read(store, lambda tx: tx.lanes.get(tenant.id, "u:x")).total == 100


def test_a_lane_comes_back_with_its_reservations(store: SqlStore, tenant: Tenant) -> None:
    held = (Reservation(NOW + 1, "a"), Reservation(NOW + 2, "b"))
    lane = Lane(4, 99, NOW + HOUR, NOW, True, held)
    write(store, lambda tx: tx.lanes.lock(tenant.id, "u:y", NOW))
    write(store, lambda tx: tx.lanes.save(tenant.id, "u:y", lane, None))
    assert read(store, lambda tx: tx.lanes.get(tenant.id, "u:y")) == lane
    assert write(store, lambda tx: tx.lanes.lock(tenant.id, "u:y", NOW)) == lane


def test_of_many_swaps_of_what_was_seen_one_succeeds(store: SqlStore, tenant: Tenant) -> None:
    write(store, lambda tx: tx.lanes.lock(tenant.id, "a:swap", NOW))
    seen = read(store, lambda tx: tx.users.lookup(wanted(tenant, "swap"))).lane

    def swap(n: int) -> Future[Any]:
        return store.submit_each(lambda tx: tx.lanes.swap(tenant.id, seen, Lane(failed=n), None))

    answers = done([swap(n) for n in range(1, 9)])
    (won,) = [a for a in answers if a is not None]
    assert read(store, lambda tx: tx.lanes.get(tenant.id, "a:swap")) == won.lane
    assert won.version == seen.version + 1
    after = read(store, lambda tx: tx.users.lookup(wanted(tenant, "swap"))).lane
    assert after == won


def test_a_saved_lane_cannot_be_swapped_by_what_was_seen_before(
    store: SqlStore, tenant: Tenant
) -> None:
    write(store, lambda tx: tx.lanes.lock(tenant.id, "a:old", NOW))
    seen = read(store, lambda tx: tx.users.lookup(wanted(tenant, "old"))).lane
    write(store, lambda tx: tx.lanes.save(tenant.id, "a:old", Lane(), None))
    assert write(store, lambda tx: tx.lanes.swap(tenant.id, seen, Lane(failed=1), None)) is None


def test_lapsed_leases_are_found_oldest_first(store: SqlStore, tenant: Tenant, ada: User) -> None:
    def put(tx: Tx) -> None:
        for key, until in (("u:1", NOW - 2), ("u:2", NOW - 3), ("u:3", NOW + 1)):
            tx.lanes.lock(tenant.id, key, NOW)
            held = (Reservation(until, "r"), Reservation(NOW + MINUTE, "s"))
            tx.lanes.save(tenant.id, key, Lane(reservations=held), ada.id)

    write(store, put)
    found = read(store, lambda tx: tx.lanes.lapsed(NOW, 1000))
    mine = [(key, user) for where, key, user in found if where == tenant.id]
    assert mine == [("u:2", ada.id), ("u:1", ada.id)]
    assert len(read(store, lambda tx: tx.lanes.lapsed(NOW, 1))) == 1


def test_refusals_are_counted_until_the_lane_is_saved(store: SqlStore, tenant: Tenant) -> None:
    write(store, lambda tx: tx.lanes.lock(tenant.id, "u:r", NOW))
    counts = [write(store, lambda tx: tx.lanes.refused(tenant.id, "u:r")) for _ in range(3)]
    assert counts == [1, 2, 3]
    write(store, lambda tx: tx.lanes.save(tenant.id, "u:r", Lane(), None))
    assert write(store, lambda tx: tx.lanes.refused(tenant.id, "u:r")) == 1


def test_a_budget_counts_every_spending_of_a_window(store: SqlStore, tenant: Tenant) -> None:
    spends = [
        store.submit_write(lambda tx: tx.budgets.spend(tenant.id, "many", NOW, BUDGET))
        for _ in range(50)
    ]
    assert sorted(s.count for s in done(spends)) == list(range(1, 51))
    looks = [read(store, lambda tx: tx.budgets.look(tenant.id, "many", BUDGET)) for _ in range(2)]
    assert looks == [Spending(NOW, 50)] * 2


@pytest.mark.parametrize(("at", "opens"), [(HOUR - 1, False), (HOUR, True), (HOUR + 1, True)])
def test_a_window_ends_exactly_at_its_end(
    store: SqlStore, tenant: Tenant, at: int, opens: bool
) -> None:
    write(store, lambda tx: tx.budgets.spend(tenant.id, "w", NOW, BUDGET))
    after = write(store, lambda tx: tx.budgets.spend(tenant.id, "w", NOW + at, BUDGET))
    assert after == (Spending(NOW + at, 1) if opens else Spending(NOW, 2))


def test_budgets_of_two_names_or_subjects_are_two(store: SqlStore, tenant: Tenant) -> None:
    write(store, lambda tx: tx.budgets.spend(tenant.id, "a", NOW, BUDGET))
    for key, budget in (("b", BUDGET), ("a", replace(BUDGET, name="other"))):
        assert _spent(store, tenant, key, budget) is None


def _spent(store: SqlStore, tenant: Tenant, key: str, budget: Budget) -> object:
    return read(store, lambda tx: tx.budgets.look(tenant.id, key, budget))


# -- flows and codes


def _beginning(flow: Flow) -> Callable[[Tx], None]:
    return lambda tx: tx.flows.add(flow)


def test_one_flow_of_a_kind_is_open_in_a_browser(store: SqlStore, tenant: Tenant) -> None:
    first = make_flow(tenant)
    second = make_flow(tenant, browser=first.browser, created_at=NOW + 1)
    kind = make_flow(tenant, browser=first.browser, kind="recovery")
    for flow in (first, kind, second):
        put(store, "flows", flow)

    def opened(name: str) -> Flow | None:
        found: Flow | None = read(
            store, lambda tx: tx.flows.open(tenant.id, first.browser, name, NOW)
        )
        return found

    assert (opened("signup"), opened("recovery"), opened("phone")) == (second, kind, None)
    closed = read(store, lambda tx: tx.flows.get(tenant.id, first.id))
    assert closed == replace(first, closed_at=NOW + 1)


def test_flows_begun_at_once_in_one_browser_leave_one_open(store: SqlStore, tenant: Tenant) -> None:
    browser = RANDOM.token()
    flows = [make_flow(tenant, browser=browser) for _ in range(8)]
    done([store.submit_write(_beginning(f)) for f in flows])
    stored = read(store, lambda tx: [tx.flows.get(tenant.id, f.id) for f in flows])
    assert [s.closed_at for s in stored].count(None) == 1


@pytest.mark.parametrize(("at", "open_"), [(-1, True), (0, False), (1, False)])
def test_a_flow_is_open_until_its_end(
    store: SqlStore, tenant: Tenant, at: int, open_: bool
) -> None:
    flow = make_flow(tenant)
    write(store, lambda tx: tx.flows.add(flow))
    now = flow.expires_at + at
    found = read(store, lambda tx: tx.flows.open(tenant.id, flow.browser, flow.kind, now))
    assert (found == flow) is open_


def test_a_saved_flow_is_as_it_was_saved(store: SqlStore, tenant: Tenant, ada: User) -> None:
    flow = make_flow(tenant, ada)
    write(store, lambda tx: tx.flows.add(flow))
    closed = replace(flow, step="done", data={}, closed_at=NOW)
    write(store, lambda tx: tx.flows.save(closed))
    assert read(store, lambda tx: tx.flows.of_user(tenant.id, ada.id, 10)) == [closed]
    assert write(store, lambda tx: tx.flows.open(tenant.id, flow.browser, flow.kind, NOW)) is None


def test_a_new_code_replaces_the_live_ones_of_its_flow_only(
    store: SqlStore, tenant: Tenant
) -> None:
    flow, neighbour = make_flow(tenant), make_flow(tenant)
    used, first, second = (make_code(flow, used_at=NOW), make_code(flow), make_code(flow))
    second = replace(second, sent_at=NOW + MINUTE)
    apart = make_code(neighbour)
    for code in (used, first, apart, second):
        put(store, "codes", code)

    def by_link(code: Code) -> Code | None:
        found: Code | None = write(store, lambda tx: tx.codes.by_link(tenant.id, code.link or ""))
        return found

    assert by_link(used) == used
    assert by_link(first) == replace(first, replaced_at=NOW + MINUTE)
    assert by_link(apart) == apart
    assert write(store, lambda tx: tx.codes.latest(flow.id)) == second
    assert read(store, lambda tx: tx.codes.latest("none")) is None
    assert [code.id for code in read(store, lambda tx: tx.codes.replaced(flow.id))] == [first.id]
    assert read(store, lambda tx: tx.codes.replaced("none")) == []


def test_tries_at_one_code_are_counted_one_by_one(store: SqlStore, tenant: Tenant) -> None:
    flow = make_flow(tenant)
    write(store, lambda tx: tx.codes.add(make_code(flow)))

    def attempt(tx: Tx) -> None:
        code = tx.codes.latest(flow.id)
        assert code is not None
        tx.codes.save(replace(code, tries=code.tries + 1))

    done([store.submit_write(attempt) for _ in range(30)])
    assert read(store, lambda tx: tx.codes.latest(flow.id)).tries == 30


# -- clients, sessions, factors, roles


def test_clients_are_listed_latest_first_saved_and_forgotten(
    store: SqlStore, tenant: Tenant, ada: User
) -> None:
    early, late = make_client(ada), replace(make_client(ada), seen_at=NOW + 5)
    for client in (early, late):
        put(store, "clients", client)
    assert read(store, lambda tx: tx.clients.of_user(tenant.id, ada.id)) == [late, early]
    assert read(store, lambda tx: tx.clients.last_seen(tenant.id, [ada.id, "x"])) == {
        ada.id: NOW + 5
    }
    trusted = replace(early, trusted=True, previous="p" * 43, seen_at=NOW + 9)
    write(store, lambda tx: tx.clients.save(trusted))
    assert read(store, lambda tx: tx.clients.of_user(tenant.id, ada.id)) == [trusted, late]
    assert write(store, lambda tx: tx.clients.forget(tenant.id, ada.id, late.id)) == 1
    assert write(store, lambda tx: tx.clients.forget(tenant.id, ada.id, None)) == 1
    assert write(store, lambda tx: tx.clients.forget(tenant.id, ada.id, None)) == 0


def test_a_session_comes_with_its_user_until_it_is_ended(
    store: SqlStore, tenant: Tenant, ada: User
) -> None:
    one, two = make_session(ada), make_session(ada)
    for session in (one, two):
        put(store, "sessions", session)
    write(store, lambda tx: tx.sessions.touch(tenant.id, two.digest, NOW + 5, 2))
    two = replace(two, seen_at=NOW + 5, level=2)
    assert read(store, lambda tx: tx.sessions.get(tenant.id, two.digest)) == (two, ada)
    assert read(store, lambda tx: tx.sessions.of_user(tenant.id, ada.id)) == [two, one]
    assert write(store, lambda tx: tx.sessions.end(tenant.id, ada.id, one.digest)) == 1
    assert read(store, lambda tx: tx.sessions.get(tenant.id, one.digest)) is None
    assert write(store, lambda tx: tx.sessions.end(tenant.id, ada.id, None)) == 1


def test_factors_are_saved_and_removed_by_kind(store: SqlStore, tenant: Tenant, ada: User) -> None:
    totp = Factor(new_id(), tenant.id, ada.id, FactorKind.TOTP, "s", None, NOW)
    saved = Factor(new_id(), tenant.id, ada.id, FactorKind.RECOVERY, "d", None, NOW)
    for factor in (totp, saved):
        put(store, "factors", factor)
    used = replace(saved, used=NOW)
    write(store, lambda tx: tx.factors.save(used))
    assert write(store, lambda tx: tx.factors.of_user(tenant.id, ada.id)) == [totp, used]
    assert write(store, lambda tx: tx.factors.remove(tenant.id, ada.id, FactorKind.TOTP)) == 1
    assert read(store, lambda tx: tx.factors.of_user(tenant.id, ada.id)) == [used]


def test_a_role_is_one_a_tenant_and_can_be_taken_back(
    store: SqlStore, tenant: Tenant, other: Tenant, ada: User
) -> None:
    write(store, lambda tx: tx.roles.grant(tenant.id, ada.id, Role.AUDITOR))
    write(store, lambda tx: tx.roles.grant(tenant.id, ada.id, Role.OWNER))
    write(store, lambda tx: tx.roles.grant(other.id, ada.id, Role.TECHNICIAN))
    held = {tenant.id: Role.OWNER, other.id: Role.TECHNICIAN}
    assert read(store, lambda tx: tx.roles.of_user(ada.id)) == held
    assert read(store, lambda tx: tx.roles.any_owner())
    assert read(store, lambda tx: tx.roles.holders(tenant.id, Role.OWNER)) == [(tenant.id, ada.id)]
    assert read(store, lambda tx: tx.roles.holders(other.id, Role.OWNER)) == []
    helpers = read(store, lambda tx: tx.roles.holders(other.id, Role.TECHNICIAN))
    assert helpers == [(tenant.id, ada.id)]  # an account of another tenant
    write(store, lambda tx: tx.roles.revoke(tenant.id, ada.id))
    assert read(store, lambda tx: tx.roles.of_user(ada.id)) == {other.id: Role.TECHNICIAN}


# -- search


def test_users_are_found_by_a_part_of_any_name_page_by_page(
    store: SqlStore, tenant: Tenant
) -> None:
    people = [make_user(tenant, name=f"Zoë {n}", email=f"z{n}@t.test") for n in range(5)]
    for n, person in enumerate(people):
        put_user(store, person, f"zoe{n}")
    page = read(store, lambda tx: tx.users.search(tenant.id, "zo", None, None, 3))
    assert page.users == people[:3]
    rest = read(store, lambda tx: tx.users.search(tenant.id, "ZO", None, page.after, 3))
    assert (rest.users, rest.after) == (people[3:], None)
    one = read(store, lambda tx: tx.users.search(tenant.id, "z4@", UserState.ACTIVE, None, 3))
    assert one.users == [people[4]]
    gone = read(store, lambda tx: tx.users.search(tenant.id, "z4@", UserState.DISABLED, None, 3))
    assert gone.users == []


@pytest.mark.parametrize("query", ["%", "_", "\\", "a_a", "' or 1=1 --"])
def test_signs_of_a_pattern_mean_themselves(store: SqlStore, ada: User, query: str) -> None:
    found = read(store, lambda tx: tx.users.search(ada.tenant_id, query, None, None, 3))
    assert found.users == []


# -- outbox, trail, cases


@pytest.fixture
def emptied(store: SqlStore) -> None:
    """An outbox with nothing due of earlier tests."""

    def take(tx: Tx) -> None:
        for message in tx.messages.claim(NOW + 100 * HOUR, 1000):
            final = replace(message, state=MessageState.EXPIRED)
            tx.messages.settle(final, message.attempt)

    write(store, take)


@pytest.mark.usefixtures("emptied")
def test_of_many_workers_each_message_is_claimed_by_one(store: SqlStore, tenant: Tenant) -> None:
    ids = []
    for _ in range(20):
        message = make_message(tenant)
        ids.append(message.id)
        put(store, "messages", message)
    claims = [store.submit_write(lambda tx: tx.messages.claim(NOW, 4)) for _ in range(8)]
    taken = [m for batch in done(claims) for m in batch]
    assert sorted(m.id for m in taken) == ids
    assert {(m.state, m.attempt, m.run_at) for m in taken} == {
        (MessageState.SENDING, 1, NOW + LEASE_MS)
    }


@pytest.mark.usefixtures("emptied")
def test_a_late_worker_is_fenced_off(store: SqlStore, tenant: Tenant) -> None:
    message = make_message(tenant)
    write(store, lambda tx: tx.messages.add(message))
    (first,) = write(store, lambda tx: tx.messages.claim(NOW, 9))
    assert write(store, lambda tx: tx.messages.claim(NOW + LEASE_MS - 1, 9)) == []
    (second,) = write(store, lambda tx: tx.messages.claim(NOW + LEASE_MS, 9))
    assert (first.attempt, second.attempt) == (1, 2)
    late = replace(first, state=MessageState.REJECTED, detail="late")
    assert not write(store, lambda tx: tx.messages.settle(late, first.attempt))
    sent = replace(second, state=MessageState.SENT, sealed="", reference="r")
    assert write(store, lambda tx: tx.messages.settle(sent, second.attempt))
    assert not write(store, lambda tx: tx.messages.settle(sent, second.attempt))
    assert read(store, lambda tx: tx.messages.get(tenant.id, message.id)) == sent


@pytest.mark.usefixtures("emptied")
def test_what_is_not_due_yet_is_not_claimed_but_known(store: SqlStore, tenant: Tenant) -> None:
    assert read(store, lambda tx: tx.messages.next_due(NOW)) is None
    write(store, lambda tx: tx.messages.add(make_message(tenant, run_at=NOW + 1)))
    assert write(store, lambda tx: tx.messages.claim(NOW, 9)) == []
    assert read(store, lambda tx: tx.messages.next_due(NOW)) == NOW + 1
    assert len(write(store, lambda tx: tx.messages.claim(NOW + 1, 9))) == 1


@pytest.mark.usefixtures("emptied")
def test_pushes_and_all_the_others_are_claimed_apart(store: SqlStore, tenant: Tenant) -> None:
    mail, push = make_message(tenant), make_message(tenant, channel="push", run_at=NOW + 1)
    for message in (mail, push):
        put(store, "messages", message)
    assert read(store, lambda tx: tx.messages.next_due(NOW)) == mail.run_at
    assert read(store, lambda tx: tx.messages.next_due(NOW, pushes=True)) == NOW + 1
    found = write(store, lambda tx: tx.messages.claim(NOW + 1, 9, pushes=True))
    assert [message.id for message in found] == [push.id]
    found = write(store, lambda tx: tx.messages.claim(NOW + 1, 9))
    assert [message.id for message in found] == [mail.id]


@pytest.mark.usefixtures("emptied")
def test_a_message_is_found_by_what_its_gateway_calls_it(store: SqlStore, tenant: Tenant) -> None:
    first = make_message(tenant, channel="sms", reference="1f")
    second = make_message(tenant, channel="sms", reference="1f")
    mail = make_message(tenant, channel="mail", reference="1f")
    for message in (first, second, mail, make_message(tenant, channel="sms")):
        put(store, "messages", message)

    def found(*references: str) -> list[str]:
        rows = read(store, lambda tx: tx.messages.by_reference("sms", references))
        return [message.id for message in rows]

    assert found("31", "1f") == [second.id, first.id]
    assert found("31") == found() == []


@pytest.mark.usefixtures("emptied")
def test_a_report_moves_a_sent_message_once(store: SqlStore, tenant: Tenant) -> None:
    message = make_message(tenant)
    write(store, lambda tx: tx.messages.add(message))

    def report(state: MessageState) -> Message | None:
        told: Message | None = write(
            store, lambda tx: tx.messages.report(message.id, state, "words", NOW + 7)
        )
        return told

    assert report(MessageState.DELIVERED) is None  # it never left
    (taken,) = write(store, lambda tx: tx.messages.claim(NOW, 9))
    sent = replace(taken, state=MessageState.SENT)
    write(store, lambda tx: tx.messages.settle(sent, taken.attempt))
    assert report(MessageState.DELIVERED) is not None
    assert report(MessageState.BOUNCED) is None  # doubled, or late
    stored = read(store, lambda tx: tx.messages.get(tenant.id, message.id))
    assert (stored.state, stored.detail, stored.updated_at, stored.sealed) == (
        MessageState.DELIVERED, "words", NOW + 7, "",
    )  # fmt: skip
    assert (
        write(store, lambda tx: tx.messages.report("none", MessageState.BOUNCED, "", NOW)) is None
    )


def test_messages_are_listed_newest_first_without_the_dropped(
    store: SqlStore, tenant: Tenant, ada: User
) -> None:
    mail, text = make_message(tenant, ada), make_message(tenant, ada, channel="sms")
    absent = make_message(tenant, address=None)
    for message in (mail, text, absent):
        put(store, "messages", message)

    def recent(*args: Any) -> list[Message]:
        found: list[Message] = read(store, lambda tx: tx.messages.recent(tenant.id, *args))
        return found

    assert recent(None, None, 9) == [text, mail]
    assert recent(None, None, 1) == [text]
    assert recent("mail", MessageState.QUEUED, 9) == [mail]
    assert recent(None, MessageState.SENT, 9) == []
    assert recent(None, None, 9, text.id) == [mail]
    assert read(store, lambda tx: tx.messages.of_user(tenant.id, ada.id, 1)) == [text]


def test_the_trail_is_searched_newest_first(store: SqlStore, tenant: Tenant, ada: User) -> None:
    def entry(event: Event, ip: str, user: str | None) -> Entry:
        made = Entry(new_id(), tenant.id, NOW, event, user, ada.id, ip, "Firefox", {"a": ["ä"]})
        write(store, lambda tx: tx.audit.add(made))
        return made

    passed = entry(Event.SIGNIN_PASSED, "::1", ada.id)
    failed = entry(Event.SIGNIN_FAILED, "::2", None)
    left = entry(Event.SIGNOUT, "::2", ada.id)

    def search(*args: Any) -> list[Entry]:
        found: list[Entry] = read(store, lambda tx: tx.audit.search(tenant.id, *args))
        return found

    assert search((), "", None, 9) == [left, failed, passed]
    assert search(("signin.",), "", None, 9) == [failed, passed]
    assert search(("signin.passed", "signout"), "", None, 9) == [left, passed]
    assert search((), "::2", None, 9) == [left, failed]
    assert search((), ada.id, None, 9) == [left, passed]
    assert search((), "", left.id, 1) == [failed]
    assert read(store, lambda tx: tx.audit.of_user(tenant.id, ada.id, 1)) == [left]


def test_a_case_is_found_by_its_reference_and_saved(
    store: SqlStore, tenant: Tenant, ada: User
) -> None:
    first, second = make_case(tenant, ada), make_case(tenant)
    for case in (first, second):
        put(store, "cases", case)
    closed = replace(first, state="closed", closed_at=NOW + 1)
    write(store, lambda tx: tx.cases.save(closed))
    assert read(store, lambda tx: tx.cases.get(tenant.id, first.ref)) == closed
    assert read(store, lambda tx: tx.cases.recent(tenant.id, None, 9)) == [second, closed]
    assert read(store, lambda tx: tx.cases.recent(tenant.id, "open", 9)) == [second]
    assert read(store, lambda tx: tx.cases.of_user(tenant.id, ada.id)) == [closed]


def make_passkey(user: User, **fields: Any) -> Passkey:
    values: dict[str, Any] = {
        "id": new_id(), "tenant_id": user.tenant_id, "user_id": user.id,
        "credential_id": new_id(), "public_key": "a key", "sign_count": 1, "name": "Laptop",
        "aaguid": "", "transports": "internal", "synced": True, "created_at": NOW,
        "used_at": None, "cloned_at": None,
    }  # fmt: skip
    return Passkey(**values | fields)


def test_passkeys_are_kept_found_changed_and_removed(store: SqlStore, ada: User) -> None:
    first, second = make_passkey(ada), make_passkey(ada)
    for passkey in (first, second):
        put(store, "passkeys", passkey)
    used = replace(first, sign_count=2, used_at=NOW + 1, name="Phone")
    write(store, lambda tx: tx.passkeys.save(used))
    assert read(store, lambda tx: tx.passkeys.of_user(ada.tenant_id, ada.id)) == [used, second]
    named_ = read(store, lambda tx: tx.passkeys.named(ada.tenant_id, first.credential_id))
    assert named_ == used
    assert read(store, lambda tx: tx.passkeys.named("another", first.credential_id)) is None
    assert write(store, lambda tx: tx.passkeys.remove(ada.tenant_id, ada.id, first.id)) == 1
    assert write(store, lambda tx: tx.passkeys.remove("another", ada.id, None)) == 0
    assert write(store, lambda tx: tx.passkeys.remove(ada.tenant_id, ada.id, None)) == 1


def test_a_credential_belongs_to_one_user_of_a_tenant(store: SqlStore, ada: User) -> None:
    passkey = make_passkey(ada)
    write(store, lambda tx: tx.passkeys.add(passkey))
    again = replace(passkey, id=new_id())
    with pytest.raises(Taken, match="passkey"):
        write(store, lambda tx: tx.passkeys.add(again))
    elsewhere = replace(again, tenant_id=new_id())
    write(store, lambda tx: tx.passkeys.add(elsewhere))


@pytest.mark.parametrize("cloned", [False, True])
def test_the_lookup_tells_of_a_passkey_that_can_be_used(
    store: SqlStore, tenant: Tenant, *, cloned: bool
) -> None:
    user = make_user(tenant)
    passkey = make_passkey(user, cloned_at=NOW if cloned else None)
    write(store, lambda tx: tx.users.add(user, ["pia"]))
    write(store, lambda tx: tx.passkeys.add(passkey))
    wanted = Wanted(tenant.id, "pia", [], "net", "a:x", own_lanes=True)
    found = read(store, lambda tx: tx.users.lookup(wanted))
    assert (FactorKind.PASSKEY in found.factors) is not cloned


def test_the_holders_of_a_passkey_that_can_be_used_are_found_at_once(
    store: SqlStore, tenant: Tenant
) -> None:
    users = [make_user(tenant) for _ in range(3)]
    for number, user in enumerate(users):
        write(store, lambda tx, user=user, n=number: tx.users.add(user, [f"holder{n}"]))
    put(store, "passkeys", make_passkey(users[0]))
    put(store, "passkeys", make_passkey(users[1], cloned_at=NOW))
    ids = [user.id for user in users]
    assert read(store, lambda tx: tx.passkeys.holders(tenant.id, ids)) == {users[0].id}
    assert read(store, lambda tx: tx.passkeys.holders("another", ids)) == frozenset()
    assert read(store, lambda tx: tx.passkeys.holders(tenant.id, [])) == frozenset()
