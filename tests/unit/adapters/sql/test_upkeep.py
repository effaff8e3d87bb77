"""Old rows and erased accounts, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from keyturn.adapters.memory_secrets import SeededRandom
from keyturn.adapters.sql import SqlStore, migrate, open_store
from keyturn.adapters.sql.schema import complete
from keyturn.adapters.sql.store import engine_of
from keyturn.adapters.sql.tx import SqlTx
from keyturn.ports.upkeep import Swept
from keyturn.rules.directories.signins.budget import LONGEST_MS
from keyturn.rules.lockout import DAY
from keyturn.rules.retention import Kind
from keyturn.rules.sessions import CONSOLE_MS

NOW = 1_700_000_000_000
RANDOM = SeededRandom("upkeep")


@pytest.fixture(scope="module")
def opened(store_url: str) -> Iterator[SqlStore]:
    migrate.ensure(store_url)
    store = open_store(store_url)
    yield store
    store.close()


@pytest.fixture
def store(opened: SqlStore) -> SqlStore:
    """Empty tables."""
    with engine_of(opened).begin() as connection:
        for table in complete().sorted_tables:
            connection.execute(table.delete())
    return opened


def write(store: SqlStore, fn: Callable[[SqlTx], Any]) -> Any:
    return store.submit_write(fn).result(30)  # type: ignore[arg-type]


def fill(store: SqlStore, table: str, *rows: dict[str, Any]) -> None:
    """Rows of which only what matters is given."""
    made = complete().tables[table]

    def whole(row: dict[str, object]) -> dict[str, object]:
        plain: dict[str, object] = {}
        for column in made.columns:
            if not column.nullable:
                kind = column.type.python_type
                plain[column.name] = {int: 0, bool: False}.get(kind, "x")
        return {**plain, **row}

    with engine_of(store).begin() as connection:
        for row in rows:
            connection.execute(insert(made), whole(row))


def left(store: SqlStore, table: str) -> int:
    with engine_of(store).connect() as connection:
        return int(connection.execute(select(func.count()).select_from(
            complete().tables[table])).scalar_one())  # fmt: skip


def sweep(store: SqlStore, kind: Kind, after: tuple[str, ...] = (), window: int = 10) -> Swept:
    found: Swept = write(store, lambda tx: tx.upkeep.sweep(kind, after, NOW, window))
    return found


def new_id(at: int) -> str:
    return RANDOM.id(at)


#: kind, table, key of a row made at a moment, what makes it young, old, or lasting
ROWS: list[tuple[Kind, str, Callable[[int], dict[str, Any]], list[dict[str, Any]]]] = [
    (Kind.CODES, "codes", lambda at: {"id": new_id(at), "link": new_id(at)},
     [{"expires_at": NOW}, {"expires_at": NOW - 1}]),
    (Kind.FLOWS, "flows", lambda at: {"id": new_id(at), "browser": new_id(at)},
     [{"expires_at": NOW}, {"expires_at": NOW - 1}]),
    (Kind.SESSIONS, "sessions", lambda at: {"digest": new_id(at)},
     [{"expires_at": NOW}, {"expires_at": NOW - 1}]),
    (Kind.BUDGETS, "budgets", lambda at: {"key": new_id(at)},
     [{"until": NOW}, {"until": NOW - 1}]),
    (Kind.ABSENT, "lanes", lambda at: {"key": "a:" + new_id(at)},
     [{"touched_at": NOW}, {"last_failed": NOW}, {"locked_until": NOW}, {"lease_until": 1},
      {"key": "u:1"}, {"touched_at": NOW - 1, "last_failed": NOW - 1}]),
    (Kind.MESSAGES, "messages", lambda at: {"id": new_id(at), "created_at": at},
     [{"state": "queued"}, {"state": "sending"}, {"created_at": NOW}, {"state": "sent"}]),
    (Kind.CLIENTS, "clients", lambda at: {"id": new_id(at)},
     [{"seen_at": NOW}, {"seen_at": NOW - 1}]),
    (Kind.CASES, "cases", lambda at: {"id": new_id(at), "ref": new_id(at)[14:]},
     [{"closed_at": None}, {"closed_at": NOW}, {"closed_at": NOW - 1}]),
    (Kind.AUDIT, "audit", lambda at: {"id": new_id(at), "at": at},
     [{"event": "retention.purged"}, {"event": "user.erased"}, {"event": "backup.restored"},
      {"at": NOW}, {"event": "signout"}]),
    (Kind.LOOKS, "looks", lambda at: {"id": new_id(at)},
     [{"expires_at": NOW}, {"expires_at": NOW - 1}]),
    (Kind.ENROLMENTS, "enrolments", lambda at: {"digest": new_id(at)},
     [{"expires_at": NOW}, {"expires_at": NOW - 1}]),
    (Kind.PROOFS, "proofs", lambda at: {"job_id": new_id(at)},
     [{"at": NOW}, {"at": NOW - 1}]),
    (Kind.JOBS, "jobs", lambda at: {"id": new_id(at)},
     [{"finished_at": None}, {"finished_at": NOW}, {"finished_at": NOW - 1}]),
    (Kind.GONE, "entries", lambda at: {"directory_id": new_id(at), "id": new_id(at)},
     [{"gone_at": None}, {"gone_at": NOW}, {"gone_at": NOW - 1}]),
    (Kind.HEALTH, "health_lines", lambda at: {"id": new_id(at)},
     [{"at": NOW}, {"at": NOW - 1}]),
    (Kind.TRIES, "directory_tries", lambda at: {"id": new_id(at)},
     [{"expires_at": NOW}, {"expires_at": NOW - 1}]),
    (Kind.STREAKS, "directory_streaks", lambda at: {"lane": new_id(at)},
     [{"last_at": NOW - LONGEST_MS}, {"until": NOW - LONGEST_MS},
      {"last_at": NOW - LONGEST_MS - 1, "until": NOW - LONGEST_MS - 1}]),
    (Kind.ACTIVATIONS, "activation_links",
     lambda at: {"id": new_id(at), "user_id": new_id(at), "digest": new_id(at)},
     [{"expires_at": NOW}, {"expires_at": NOW - 1}]),
    (Kind.SCANS, "scan_codes", lambda at: {"id": new_id(at)},
     [{"expires_at": NOW}, {"expires_at": NOW - 1}]),
    (Kind.QUESTIONS, "approvals", lambda at: {"id": new_id(at)},
     [{"expires_at": NOW}, {"expires_at": NOW - 1}]),
    (Kind.PHONES, "phones", lambda at: {"id": new_id(at)},
     [{"ended_at": None}, {"ended_at": NOW}, {"ended_at": NOW - 1}]),
    (Kind.CASE_LOG, "case_log", lambda at: {"id": new_id(at), "case_id": new_id(at)}, [{}]),
    (Kind.RECOVERIES, "recoveries", lambda at: {"id": new_id(at), "user_id": new_id(at)},
     [{"due_at": NOW}, {"state": "waiting", "due_at": NOW - 1}, {"due_at": NOW - 1}]),
    (Kind.BATCHES, "batches", lambda at: {"id": new_id(at)},
     [{"expires_at": None}, {"expires_at": NOW}, {"expires_at": NOW - 1}]),
    (Kind.VERIFICATIONS, "verifications",
     lambda at: {"id": new_id(at), "key_id": None, "request": None},
     [{"made_at": NOW}, {"made_at": NOW - 1}]),
    (Kind.SETUPS, "device_setups", lambda at: {"id": new_id(at)},
     [{"expires_at": NOW}, {"expires_at": NOW - 1}]),
    (Kind.PRESENCES, "presence_challenges", lambda at: {"id": new_id(at)},
     [{"expires_at": NOW}, {"expires_at": NOW - 1}]),
    (Kind.COUNTERSIGNS, "countersigns", lambda at: {"id": new_id(at)},
     [{"expires_at": NOW}, {"expires_at": NOW - 1}]),
    (Kind.STAYS, "provider_stays", lambda at: {"digest": new_id(at)},
     [{"made_at": NOW - CONSOLE_MS}, {"made_at": NOW - CONSOLE_MS - 1}]),
    (Kind.MEMBERSHIPS, "provider_members", lambda at: {"id": new_id(at), "link_id": new_id(at)},
     [{"ended_at": None}, {"ended_at": NOW}, {"ended_at": NOW - 1}]),
    (Kind.LINKS, "provider_links", lambda at: {"id": new_id(at), "provider_id": new_id(at)},
     [{"ended_at": None}, {"ended_at": NOW}, {"ended_at": NOW - 1}]),
    (Kind.PAIRINGS, "device_pairings", lambda at: {"id": new_id(at)},
     [{"ended_at": None}, {"ended_at": NOW}, {"ended_at": NOW - 1}]),
]  # fmt: skip


def test_people_go_with_their_list(store: SqlStore) -> None:
    there = new_id(NOW)
    fill(store, "batches", {"id": there, "tenant_id": "t"})
    for batch in (there, new_id(NOW)):
        fill(store, "batch_rows", *({"batch_id": batch, "number": n, "tenant_id": "t"}
                                    for n in range(3)))  # fmt: skip
    assert sweep(store, Kind.BATCHED) == Swept(removed={"t": 3}, after=())
    assert left(store, "batch_rows") == 3


@pytest.mark.parametrize(("kind", "table", "key", "fields"), ROWS, ids=[r[0] for r in ROWS])
def test_only_what_is_over_and_old_goes(
    store: SqlStore, kind: Kind, table: str, key: Any, fields: list[dict[str, Any]]
) -> None:
    *stay, goes = fields
    old = NOW - DAY
    fill(store, table, *({**key(old), "tenant_id": "t", **row} for row in stay))
    fill(store, table, {**key(old), "tenant_id": "t", **goes})
    swept = sweep(store, kind)
    assert swept == Swept(removed={"t": 1}, after=())
    assert left(store, table) == len(stay)
    assert sweep(store, kind).removed == {}


@pytest.mark.parametrize(("kind", "table", "key", "fields"), ROWS, ids=[r[0] for r in ROWS])
def test_a_window_ends_where_the_next_begins(
    store: SqlStore, kind: Kind, table: str, key: Any, fields: list[dict[str, Any]]
) -> None:
    old = NOW - DAY
    for tenant in ("t", "s"):
        fill(store, table, *({**key(old + n), "tenant_id": tenant, **fields[-1]} for n in range(6)))
    removed = 0
    after: tuple[str, ...] = ()
    for _ in range(4):
        swept = sweep(store, kind, after, window=4)
        assert sum(swept.removed.values()) <= 4
        removed, after = removed + sum(swept.removed.values()), swept.after
        if not after:
            break
    assert removed == 12
    assert left(store, table) == 0


def test_the_log_of_a_case_that_is_there_stays(store: SqlStore) -> None:
    case_id, old = new_id(NOW - DAY), NOW - DAY
    fill(store, "cases", {"id": case_id, "ref": "r", "tenant_id": "t"})
    fill(store, "case_log", {"id": new_id(old), "case_id": case_id, "tenant_id": "t"})
    assert sweep(store, Kind.CASE_LOG) == Swept(removed={}, after=())
    assert left(store, "case_log") == 1


def test_rows_younger_than_the_moment_are_not_even_looked_at(store: SqlStore) -> None:
    fill(store, "audit", *({"id": new_id(NOW + n), "at": NOW + n} for n in range(20)))
    assert sweep(store, Kind.AUDIT, window=5).after == ()


def _remember(value: str, tx: SqlTx) -> None:
    tx.facts.set("it", value)


def test_facts_are_remembered_in_place_of_what_was(store: SqlStore) -> None:
    assert write(store, lambda tx: tx.facts.get("it")) is None
    for value in ("one", "two"):
        write(store, partial(_remember, value))
        assert write(store, lambda tx: tx.facts.get("it")) == value
        assert store.submit_read(lambda tx: tx.facts.get("it")).result(30) == value


def test_accounts_are_due_from_their_moment_on(store: SqlStore) -> None:
    fill(
        store, "users",
        *({"id": f"u{n}", "tenant_id": "t", "erase_at": at}
          for n, at in enumerate((NOW + 1, NOW, NOW - 1, None))),
    )  # fmt: skip
    due = write(store, lambda tx: tx.upkeep.due_erasures(NOW, 10))
    assert due == [("t", "u2"), ("t", "u1")]
    assert write(store, lambda tx: tx.upkeep.due_erasures(NOW, 1)) == [("t", "u2")]


def test_erasing_takes_every_row_of_one_person_and_of_nobody_else(store: SqlStore) -> None:
    personal = [t.name for t in complete().sorted_tables if "user_id" in t.c]
    for name in personal:
        keys = [c.name for c in complete().tables[name].primary_key.columns
                if c.name not in ("user_id", "number")]  # fmt: skip
        for user in ("ada", "bob"):
            unique = {key: f"{user[:1]}{name[:8]}" for key in keys if key != "tenant_id"}
            more = {"ref": user, "link": user, "credential_id": user, "browser": user,
                    "digest": user}  # fmt: skip
            columns = complete().tables[name].c
            fill(
                store,
                name,
                {
                    "tenant_id": "t",
                    "user_id": user,
                    **unique,
                    **{k: v for k, v in more.items() if k in columns and name != "scan_codes"},
                },
            )
    fill(store, "codes", {"id": "c", "tenant_id": "t", "flow_id": "aflows", "link": "x"})
    fill(store, "users", *({"id": u, "tenant_id": "t", "email": u} for u in ("ada", "bob")))
    fill(store, "proofs", *({"tenant_id": "t", "job_id": f"{u}jobs"} for u in "ab"))
    write(store, lambda tx: tx.upkeep.erase("t", "ada"))
    kept = {name: left(store, name) for name in (*personal, "users", "codes", "proofs")}
    assert kept == {**dict.fromkeys(kept, 1), "audit": 2, "cases": 2, "codes": 0}
    with engine_of(store).connect() as connection:
        cases = complete().tables["cases"]
        blank = connection.execute(select(cases).where(cases.c.user_id == "ada")).mappings().one()
    assert (blank["identifier"], blank["contact"], blank["note"], blank["facts"]) == (
        "", "", "", "{}",
    )  # fmt: skip


def test_blurred_rows_keep_what_happened_and_lose_who_and_where(store: SqlStore) -> None:
    fill(
        store, "audit",
        {"id": "1", "tenant_id": "t", "user_id": "ada", "ip": "192.0.2.1", "client": "Firefox",
         "facts": '{"level":2,"phone":"+44 … 12"}', "event": "signin.passed", "at": NOW},
        {"id": "5", "tenant_id": "t", "user_id": "ada", "ip": "", "client": "unknown",
         "facts": '{"phone":"hers"}'},
        {"id": "2", "tenant_id": "t", "user_id": "bob", "actor_id": "ada", "ip": "192.0.2.1",
         "client": "Firefox", "facts": '{"phone":"bobs"}'},
        {"id": "3", "tenant_id": "t", "user_id": "ada", "ip": "",
         "client": "command on the host (ann)", "facts": "{}"},
        {"id": "4", "tenant_id": "t", "user_id": "bob", "ip": "192.0.2.1", "client": "Firefox"},
    )  # fmt: skip

    def blur(tx: SqlTx) -> int:
        return tx.upkeep.blur("t", "ada", 1, lambda ip: "~" + ip[:3], frozenset({"level"}))

    assert [write(store, blur) for _ in range(3)] == [1, 1, 0]
    with engine_of(store).connect() as connection:
        wanted = select(complete().tables["audit"]).order_by("id")
        rows = connection.execute(wanted).mappings().all()
    shown = [(r["ip"], r["client"], r["facts"], r["at"] or 0) for r in rows]
    assert shown == [
        ("~192", "erased", '{"level":2}', NOW),
        ("192.0.2.1", "Firefox", '{"phone":"bobs"}', 0),
        ("", "command on the host (ann)", "{}", 0),
        ("192.0.2.1", "Firefox", "x", 0),
        ("", "erased", "{}", 0),
    ]
