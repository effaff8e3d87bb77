"""Backup and restore: whole or not at all, from either database into either."""

from __future__ import annotations

import gzip
import json
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, inspect, select, text

from keyturn import backups, wiring
from keyturn.adapters.memory_secrets import MemoryClock
from keyturn.adapters.sealing import load_key_ring
from keyturn.adapters.sql import migrate, open_store
from keyturn.adapters.sql.facts import BACKUP, DEMO, GENERATION, get_fact, set_fact
from keyturn.adapters.sql.schema import complete
from keyturn.adapters.sql.store import engine_of
from keyturn.backups import Made, Manifest, Refused, Restored
from keyturn.ports.phones import Kept
from keyturn.ports.store import Tx
from keyturn.rules import batches, phone_app
from keyturn.rules.accounts import (
    Client,
    Factor,
    FactorKind,
    Flow,
    Role,
    Session,
    Tenant,
    TenantPolicy,
    User,
    UserState,
)
from keyturn.rules.app_lock import LockKey
from keyturn.rules.batches import Source
from keyturn.rules.binding import Rows
from keyturn.rules.callers import Caller
from keyturn.rules.codes import Code
from keyturn.rules.directories.resets import JobState
from keyturn.rules.directories.things import AgentState
from keyturn.rules.events import Entry, Event
from keyturn.rules.lockout import DAY, HOUR, MINUTE, Lane
from keyturn.rules.messages import Message, MessageState
from keyturn.rules.phone_app import PhoneState
from keyturn.rules.providers import Link
from keyturn.settings import Settings
from tests.unit.adapters.test_directories_contract import (
    make_account,
    make_agent,
    make_job,
    make_lease,
    make_permit,
    make_run,
)
from tests.unit.adapters.test_phones_contract import code_of, link_of, phone_of

WHO = "command on the host (ann)"


def nothing(_table: str, _rows: int) -> None:
    """Nobody asks how far it is."""


def caller(tenant: Tenant) -> Caller:
    return Caller(tenant=tenant, browser="", offers=(), ip="", client_name=WHO)


@dataclass
class Place:
    """An installation: a folder with keys and a database, and the moment it lives in."""

    settings: Settings
    clock: MemoryClock

    def __post_init__(self) -> None:
        load_key_ring(backups.key_file(self.settings))
        migrate.ensure(self.settings.store.url)
        self.house = wiring.build(self.settings, clock=self.clock)

    def write(self, fn: Callable[[Tx], Any]) -> Any:
        return self.house.store.submit_write(fn).result(30)

    def id(self) -> str:
        return self.house.parts.random.id(self.clock.now())

    def rows(self, table: str) -> list[dict[str, Any]]:
        with engine_of(self.house.store).connect() as connection:
            wanted = connection.execute(select(complete().tables[table])).mappings()
            return [dict(row) for row in wanted]

    def backup(self, target: Path, *, seal: bool = False) -> Made:
        return backups.make(self.settings, target, caller, nothing, seal=seal, clock=self.clock)

    def restore(self, path: Path) -> Restored:
        manifest = backups.verify(self.settings, path, nothing)
        return backups.restore(self.settings, path, manifest, WHO, nothing, clock=self.clock)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An address of an empty database."""
    return _empty(request, str(request.param), tmp_path)


def _empty(request: pytest.FixtureRequest, kind: str, folder: Path) -> str:
    if kind == "sqlite":
        return f"sqlite:///{folder}/keyturn.db"
    found: str = request.getfixturevalue("pg_url")
    store = open_store(found)
    with engine_of(store).begin() as connection:
        complete().drop_all(connection)
        connection.execute(text("drop table if exists alembic_version"))
    store.close()
    return found


def _settings(folder: Path, url: str) -> Settings:
    return Settings.model_validate({"store": {"data_dir": str(folder), "url": url}})


@pytest.fixture
def place(url: str, tmp_path: Path) -> Iterator[Place]:
    """An installation in which something is going on of every kind."""
    made = Place(_settings(tmp_path, url), MemoryClock())
    _fill(made)
    yield made
    made.house.close()


def _fill(place: Place) -> None:
    now, tenant_id, user_id = place.clock.now(), place.id(), place.id()
    tenant = Tenant(
        id=tenant_id, slug="north", name="Ténant", host=None, sender="a@north.test",
        accent="#1f7a5c", timezone="Europe/London", context=("one",), support=(),
        policy=TenantPolicy(signup=False), created_at=now,
    )  # fmt: skip
    user = User(
        id=user_id, tenant_id=tenant_id, state=UserState.ACTIVE, name='Ada\n"Byron" 🐙',
        username=None, email="ada@north.test", phone=None, phone_verified_at=None,
        password_hash="$argon2id$", password_set_at=now, epoch=3, frozen_at=None, timezone=None,
        created_at=now,
    )  # fmt: skip
    flow = Flow(
        id=place.id(), tenant_id=tenant_id, browser="b", kind="recovery", step="code",
        user_id=user_id, data={"a": 1}, created_at=now, expires_at=now + HOUR, closed_at=None,
    )  # fmt: skip
    code = Code(
        id=place.id(), tenant_id=tenant_id, flow_id=flow.id, channel="mail", digest="d",
        link="l", tries=0, sent_at=now, expires_at=now + DAY, used_at=None, replaced_at=None,
    )  # fmt: skip

    def step(tx: Tx) -> None:
        tx.tenants.add(tenant)
        tx.users.add(user, ["ada@north.test"])
        tx.flows.add(flow)
        tx.codes.add(code)
        tx.clients.add(
            Client(
                place.id(), tenant_id, user_id, "d", None, "Firefox", "192.0.2.1", now, now, True
            )
        )
        tx.sessions.add(
            Session(
                "s", tenant_id, user_id, None, 2, 3, "192.0.2.1", "Firefox", now, now, now + HOUR
            )
        )
        tx.factors.add(Factor(place.id(), tenant_id, user_id, FactorKind.TOTP, "sealed", 7, now))
        tx.lanes.lock(tenant_id, f"u:{user_id}", now)
        tx.lanes.save(
            tenant_id,
            f"u:{user_id}",
            Lane(failed=5, total=5, last_failed=now, locked_until=now + 10 * MINUTE),
            user_id,
        )
        for address in ("ada@north.test", None):
            tx.messages.add(_message(place, tenant_id, user_id, address))
        tx.audit.add(
            Entry(
                place.id(),
                tenant_id,
                now,
                Event.SIGNIN_LOCKED,
                user_id,
                None,
                "192.0.2.1",
                "Firefox",
                {"lane": "unknown"},
            )
        )

    place.write(step)


def _message(place: Place, tenant_id: str, user_id: str, address: str | None) -> Message:
    now = place.clock.now()
    return Message(
        id=place.id(), tenant_id=tenant_id, user_id=user_id, channel="mail", kind="lock_notice",
        address=address, sealed="sealed", state=MessageState.QUEUED, attempt=0, run_at=now,
        expires_at=now + DAY, reference=None, detail="", created_at=now, updated_at=now,
    )  # fmt: skip


def refusal(fn: Callable[[], object]) -> str:
    """Why it is refused."""
    with pytest.raises(Refused) as refused:
        fn()
    return refused.value.cause


@pytest.mark.parametrize("seal", [False, True])
def test_what_was_backed_up_comes_back_into_either_database(
    place: Place, tmp_path: Path, request: pytest.FixtureRequest, seal: bool
) -> None:
    before = {name: place.rows(name) for name in complete().tables}
    made = place.backup(tmp_path / "it", seal=seal)
    other = "sqlite" if place.settings.store.url.startswith("postgresql") else "postgresql"
    folder = tmp_path / "elsewhere"
    folder.mkdir(mode=0o700)
    (folder / "keys.json").touch(0o600)
    (folder / "keys.json").write_bytes(backups.key_file(place.settings).read_bytes())
    there = Place(_settings(folder, _empty(request, other, folder)), place.clock)
    there.restore(made.path)
    for name in ("tenants", "identifiers", "lanes", "roles", "passkeys", "budgets", "cases"):
        assert there.rows(name) == before[name], name
    [ada] = [row for row in there.rows("users") if row["email"] == "ada@north.test"]
    [was] = [row for row in before["users"] if row["email"] == "ada@north.test"]
    assert ada == {**was, "epoch": ada["epoch"]}
    there.house.close()


def test_a_restore_voids_what_could_be_used_twice_and_keeps_locks(
    place: Place, tmp_path: Path
) -> None:
    lanes = place.rows("lanes")
    made = place.backup(tmp_path)
    place.write(lambda tx: tx.lanes.save(lanes[0]["tenant_id"], lanes[0]["key"], Lane(), None))
    place.clock.move(5 * MINUTE)
    restored = place.restore(made.path)
    now, taken = place.clock.now(), made.manifest.head.taken_at
    assert place.rows("lanes") == lanes
    assert place.rows("sessions") == []
    assert [row["closed_at"] for row in place.rows("flows")] == [now]
    assert [row["expires_at"] for row in place.rows("codes")] == [taken]
    assert [row["trusted"] for row in place.rows("clients")] == [False]
    assert [row["used"] for row in place.rows("factors")] == [now // 30_000 + 1]
    assert {row["epoch"] for row in place.rows("users")} == {4}
    mails = {row["address"]: row for row in place.rows("messages")}
    assert {a: row["state"] for a, row in mails.items()} == {
        "ada@north.test": "expired", None: "dropped",
    }  # fmt: skip
    assert {row["sealed"] for row in mails.values()} == {""}
    assert "restored" in mails["ada@north.test"]["detail"]
    assert restored.unsent == 1


def test_a_restored_database_has_its_indexes(place: Place, tmp_path: Path) -> None:
    def indexes() -> set[tuple[str, str | None]]:
        there = inspect(engine_of(place.house.store))
        return {(t, i["name"]) for t in complete().tables for i in there.get_indexes(t)}

    before = indexes()
    place.restore(place.backup(tmp_path).path)
    assert indexes() == before
    assert {i.name for t in complete().tables.values() for i in t.indexes} <= {n for _, n in before}


def test_a_restore_and_a_backup_are_in_every_tenants_trail(place: Place, tmp_path: Path) -> None:
    made = place.backup(tmp_path)
    assert {row["event"] for row in place.rows("audit")} == {"signin.locked", "backup.made"}
    assert get_fact(place.house.store, BACKUP) == str(made.manifest.head.taken_at)
    place.clock.move(HOUR)
    restored = place.restore(made.path)
    [row] = [row for row in place.rows("audit") if row["event"] == "backup.restored"]
    facts = json.loads(row["facts"])
    assert (row["client"], row["at"]) == (WHO, place.clock.now())
    assert facts["taken_at"] == made.manifest.head.taken_at
    assert facts["generation"] == restored.generation


def test_generations_and_epochs_rise_over_whatever_was_there(place: Place, tmp_path: Path) -> None:
    made = place.backup(tmp_path)
    first = place.restore(made.path).generation
    set_fact(place.house.store, GENERATION, str(first + 100))
    [ada] = [row for row in place.rows("users") if row["name"]]
    found = place.write(lambda tx: tx.users.get(ada["tenant_id"], ada["id"]))
    place.write(lambda tx: tx.users.save(replace(found, epoch=40)))
    assert place.restore(made.path).generation == first + 101
    assert {row["epoch"] for row in place.rows("users")} == {41}


def test_who_was_erased_since_the_backup_is_erased_again(place: Place, tmp_path: Path) -> None:
    made = place.backup(tmp_path)
    [ada] = [row for row in place.rows("users") if row["name"]]
    place.clock.move(HOUR)
    entry = Entry(place.id(), ada["tenant_id"], place.clock.now(), Event.USER_ERASED, ada["id"],
                  None, "", "", {})  # fmt: skip
    place.write(lambda tx: tx.audit.add(entry))
    place.write(lambda tx: tx.users.delete(ada["tenant_id"], ada["id"]))
    assert place.restore(made.path).erased == 1
    [again] = [row for row in place.rows("users") if row["name"]]
    assert (again["state"], again["erase_at"]) == ("disabled", place.clock.now())


def test_a_backup_overwrites_nothing_and_is_for_its_owner_alone(
    place: Place, tmp_path: Path
) -> None:
    target = tmp_path / "it"
    target.write_text("precious")
    assert refusal(lambda: place.backup(target)) == "taken"
    assert target.read_text() == "precious"
    made = place.backup(tmp_path)
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert refusal(lambda: place.backup(tmp_path / "no" / "folder")) == "file"
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_nothing_can_be_read_in_a_sealed_backup(place: Place, tmp_path: Path) -> None:
    raw = place.backup(tmp_path, seal=True).path.read_bytes()
    assert b"ada@" not in raw
    assert b"\x1f\x8b" not in raw[:200]
    clear = gzip.decompress(place.backup(tmp_path / "clear").path.read_bytes())
    assert b"ada@north.test" in clear


@pytest.mark.parametrize("seal", [False, True])
def test_what_is_damaged_or_cut_off_is_refused_before_anything_is_touched(
    place: Place, tmp_path: Path, seal: bool
) -> None:
    path = place.backup(tmp_path / "it", seal=seal).path
    raw = path.read_bytes()
    before = {name: place.rows(name) for name in complete().tables}
    broken = tmp_path / "broken"
    for at in range(0, len(raw), max(1, len(raw) // 40)):
        for bad in (raw[:at], raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]):
            broken.write_bytes(bad)
            harmless = bad[:10] != raw[:10] and not seal  # gzip's head: time, system, level
            if not harmless:
                assert refusal(lambda: place.restore(broken)) in {
                    "cut", "altered", "not-ours", "keys", "format",
                }  # fmt: skip
    assert {name: place.rows(name) for name in complete().tables} == before


def _rewritten(path: Path, change: Callable[[list[bytes]], list[bytes]]) -> Path:
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    altered = path.with_name("altered")
    altered.write_bytes(gzip.compress(b"".join(change(lines))))
    return altered


def test_who_alters_a_row_and_all_its_hashes_still_has_no_key(place: Place, tmp_path: Path) -> None:
    path = place.backup(tmp_path / "it").path

    def without_lock(lines: list[bytes]) -> list[bytes]:
        return [line.replace(b"ada@north", b"eve@north") for line in lines]

    assert refusal(lambda: place.restore(_rewritten(path, without_lock))) == "altered"

    def release(lines: list[bytes]) -> list[bytes]:
        return [line.replace(b'"release":"', b'"release":"9') for line in lines]

    assert refusal(lambda: place.restore(_rewritten(path, release))) == "keys"
    assert refusal(lambda: place.restore(_rewritten(path, lambda x: [*x, b"{}\n"]))) == "altered"
    assert refusal(lambda: place.restore(_rewritten(path, lambda x: x[:-1]))) == "cut"
    assert refusal(lambda: place.restore(_rewritten(path, lambda x: x[1:]))) == "not-ours"


def test_another_key_ring_opens_neither_kind(place: Place, tmp_path: Path) -> None:
    kinds = [place.backup(tmp_path / f"{seal}", seal=seal).path for seal in (False, True)]
    backups.key_file(place.settings).unlink()
    assert refusal(lambda: place.restore(kinds[0])) == "no-keys"
    assert not backups.key_file(place.settings).exists()
    load_key_ring(backups.key_file(place.settings))
    assert [refusal(partial(place.restore, kind)) for kind in kinds] == ["keys", "keys"]


def _as_of(manifest: Manifest, revision: str) -> Manifest:
    return replace(manifest, head=replace(manifest.head, revision=revision))


def test_a_newer_releases_backup_is_refused(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = place.backup(tmp_path).path
    monkeypatch.setattr(backups, "known", lambda: frozenset({"0001"}))
    assert refusal(lambda: place.restore(path)) == "newer"
    assert refusal(lambda: place.backup(tmp_path / "other")) == "newer"


def test_an_older_releases_backup_is_migrated(url: str, tmp_path: Path) -> None:
    settings = _settings(tmp_path, url)
    load_key_ring(backups.key_file(settings))

    def older(connection: Connection) -> None:
        migrate.bring(connection, "0001")
        connection.execute(
            text("insert into identifiers (tenant_id, canonical, user_id) values ('t', 'n', 'u')")
        )

    migrate.alone(url, older)
    path = backups.make(settings, tmp_path, caller, nothing, seal=False).path
    assert b'"0001"' in gzip.decompress(path.read_bytes()).splitlines()[0]
    place = Place(settings, MemoryClock())
    place.restore(path)
    assert migrate.current(place.house.store) == migrate.HEAD
    assert [row["canonical"] for row in place.rows("identifiers")] == ["n"]
    place.house.close()


def test_tables_that_are_not_ours_are_left_alone(place: Place, tmp_path: Path) -> None:
    path = place.backup(tmp_path).path
    with engine_of(place.house.store).begin() as connection:
        connection.execute(text("drop table alembic_version"))
    assert refusal(lambda: place.restore(path)) == "strangers"
    assert len(place.rows("users")) == 2


def test_an_empty_database_is_not_backed_up(tmp_path: Path) -> None:
    settings = _settings(tmp_path, f"sqlite:///{tmp_path}/none.db")
    assert refusal(lambda: backups.make(settings, tmp_path, caller, nothing, seal=False)) == (
        "no-keys"
    )
    load_key_ring(backups.key_file(settings))
    assert refusal(lambda: backups.make(settings, tmp_path, caller, nothing, seal=False)) == (
        "empty"
    )


def test_a_restore_that_fails_halfway_changes_nothing(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = place.backup(tmp_path)
    set_fact(place.house.store, DEMO, "1")
    before = {name: place.rows(name) for name in complete().tables}
    manifest = backups.verify(place.settings, made.path, nothing)
    wrong = replace(manifest, tables=tuple(replace(t, rows=t.rows + 1) for t in manifest.tables))
    for bad in (wrong, _as_of(manifest, "9999")):
        cause = refusal(partial(backups.restore, place.settings, made.path, bad, WHO, nothing))
        assert cause in {"altered", "newer"}
    assert {name: place.rows(name) for name in complete().tables} == before


def test_a_restore_settles_jobs_by_reading_and_keeps_agents_revoked(
    place: Place, tmp_path: Path
) -> None:
    tenant, directory = place.rows("tenants")[0]["id"], place.id()
    account = make_account(tenant, directory)
    job = make_job(account, state=JobState.PERMITTED, permit=make_permit())
    agent = make_agent(tenant, directory, state=AgentState.ACTIVE, run=make_run())
    place.write(lambda tx: tx.jobs.add(job))
    place.write(lambda tx: tx.agents.add(agent))
    place.write(lambda tx: tx.directories.take_lease(tenant, make_lease(directory), None))
    made = place.backup(tmp_path)
    gone = replace(agent, state=AgentState.REVOKED, revoked_at=place.clock.now())
    place.write(lambda tx: tx.agents.update(gone))
    place.clock.move(HOUR)
    place.restore(made.path)
    assert place.rows("leases") == []
    [stored] = place.rows("jobs")
    assert (stored["state"], stored["envelopes"]) == ("unsettled", "[]")
    [revoked] = place.rows("agents")
    assert (revoked["state"], revoked["run_id"]) == ("revoked", None)


def test_a_restore_keeps_phones_and_what_was_taken_from_them_since(
    place: Place, tmp_path: Path
) -> None:
    row = place.rows("users")[0]
    user: Any = place.write(lambda tx: tx.users.get(row["tenant_id"], row["id"]))
    before = Rows(user, (link_of(user),), (code_of(user),), (), (phone_of(user),))
    [phone] = before.phones
    place.write(lambda tx: tx.phones.save(Rows(user), before))
    kept = Kept("digest", "sealed", key=LockKey("credential", "key", 3, 1))
    place.write(lambda tx: tx.phones.keep(user.tenant_id, phone.id, kept))
    draft = batches.draft(place.id(), user.tenant_id, Source.FILE, "a.csv", "", 1)
    going_on = batches.begun(replace(draft, id=place.id()), "", 2)
    place.write(lambda tx: tx.batches.add(draft, ()))
    place.write(lambda tx: tx.batches.add(going_on, ()))
    made = place.backup(tmp_path)
    gone = replace(before, phones=(phone_app.over(phone, PhoneState.REVOKED, 1),))
    place.write(lambda tx: tx.phones.save(before, gone))
    place.clock.move(HOUR)
    place.restore(made.path)
    [stored] = place.rows("phones")
    assert (stored["state"], stored["offline"]) == ("revoked", "sealed")
    assert (stored["pin"], stored["lock_key"]) == ("digest", None)
    assert stored["offline_used"] == place.clock.now() // 30_000 + 1
    assert [row["state"] for row in place.rows("scan_codes")] == ["over"]
    taken = made.manifest.head.taken_at
    assert [row["expires_at"] for row in place.rows("activation_links")] == [taken]
    assert {(row["state"], row["stop"]) for row in place.rows("batches")} == {
        ("draft", None), ("stopped", "restored"),
    }  # fmt: skip


# -- numbers that are unique over a provider's tenants


def _ringed(place: Place, slug: str, home: Tenant) -> tuple[Tenant, Link]:
    """A customer of a provider's that keeps its numbers apart, with one."""
    now = place.clock.now()
    tenant = Tenant(
        id=place.id(), slug=slug, name=slug, host=None, sender=f"a@{slug}.test", accent="#1f7a5c",
        timezone="UTC", context=(), support=(), policy=TenantPolicy(phone_unique="provider"),
        created_at=now,
    )  # fmt: skip
    link = Link(place.id(), home.id, tenant.id, Role.TECHNICIAN, None, now)
    user = User(
        id=place.id(), tenant_id=tenant.id, state=UserState.ACTIVE, name="Bea", username=None,
        email=f"bea@{slug}.test", phone=None, phone_verified_at=None, password_hash=None,
        password_set_at=None, epoch=0, frozen_at=None, timezone=None, created_at=now,
    )  # fmt: skip
    number = f"+44740012345{slug[-1]}"

    def step(tx: Tx) -> None:
        tx.tenants.add(tenant)
        tx.providers.add_link(link)
        tx.tenants.join(tenant.id, home.id)
        tx.users.add(user, ())
        tx.users.save_number(replace(user, phone=number, phone_verified_at=now))

    place.write(step)
    return tenant, link


def test_numbers_stay_apart_by_a_restore_but_of_customers_whose_link_was_ended_since(
    place: Place, tmp_path: Path
) -> None:
    home: Tenant = place.write(lambda tx: tx.tenants.all()[0])
    lost, link = _ringed(place, "south1", home)
    kept, _ = _ringed(place, "west2", home)
    made = place.backup(tmp_path / "it")
    place.write(lambda tx: tx.providers.end_link(link, place.clock.now(), None))
    place.restore(made.path)
    rings = {row["id"]: row["phone_ring"] for row in place.rows("tenants")}
    assert (rings[lost.id], rings[kept.id]) == (None, home.id)
    of = {row["phone"]: row["phone_ring"] for row in place.rows("users") if row["phone"]}
    assert of == {"+447400123451": None, "+447400123452": home.id}
    every: list[Tenant] = place.write(lambda tx: tx.tenants.all())
    said = {tenant.id: tenant.policy.phone_unique for tenant in every}
    assert (said[lost.id], said[kept.id]) == ("tenant", "provider")
