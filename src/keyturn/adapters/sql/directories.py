"""Directories, their enrolment tokens, leases and linked accounts."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, update

from keyturn.adapters.sql.directory_tables import directories, enrolments, leases, linked_accounts
from keyturn.adapters.sql.quick import Quick
from keyturn.adapters.sql.rows import Codec, Repository, Shape, enum, param, taken, upsert
from keyturn.rules.directories.entries import DirectoryKind
from keyturn.rules.directories.things import (
    AgentRole,
    Directory,
    EnrolmentToken,
    Epoch,
    How,
    Lease,
    LinkedAccount,
)


def to_text(raw: bytes) -> str:
    """Bytes as a column has them."""
    return b64encode(raw).decode()


BYTES = Codec(write=to_text, read=b64decode)
DIRECTORY = Shape(
    directories, Directory, key=("id", "tenant_id"), identity=BYTES, kind=enum(DirectoryKind)
)
TOKEN = Shape(enrolments, EnrolmentToken, key=("digest",), role=enum(AgentRole))
ACCOUNT = Shape(linked_accounts, LinkedAccount, key=("directory_id", "user_id"), how=enum(How))
#: ids in one statement
AT_ONCE = 500

#: but the identity, which has a call of its own, and the kind, which never changes
_UPDATE = DIRECTORY.update.values(identity=directories.c.identity, kind=directories.c.kind)
_BY_DIGEST = TOKEN.select().where(enrolments.c.digest == param("b_digest"))
_LEASE = Quick(
    leases.select().where(leases.c.tenant_id == param("tid"), leases.c.directory_id == param("did"))
)


#: built once: each beat of a primary takes it
_NAMES = [c.name for c in leases.columns if c.name != "tenant_id"]
_RENEW = Quick(
    update(leases)
    .where(
        leases.c.tenant_id == param("k_tenant_id"),
        *(leases.c[name] == param(f"k_{name}") for name in _NAMES),
    )
    .values({name: param(f"v_{name}") for name in _NAMES})
)


class SqlDirectories(Repository):
    """See ports.directories.Directories."""

    def add(self, directory: Directory) -> None:
        with taken(self._c, "directory"):
            self._c.execute(DIRECTORY.insert, DIRECTORY.params(directory))

    def all(self, tenant_id: str) -> Sequence[Directory]:
        wanted = DIRECTORY.select().where(directories.c.tenant_id == tenant_id)
        rows = self._c.execute(wanted.order_by(directories.c.name))
        return [DIRECTORY.value(r) for r in rows]

    def get(self, tenant_id: str, directory_id: str) -> Directory | None:
        wanted = DIRECTORY.select().where(
            directories.c.tenant_id == tenant_id, directories.c.id == directory_id
        )
        return DIRECTORY.maybe(self._c.execute(wanted).first())

    def update(self, directory: Directory) -> None:
        key = {"id": directory.id, "tenant_id": directory.tenant_id}
        change = {**DIRECTORY.changes(directory, **key)}
        for lasting in ("v_identity", "v_kind"):
            change.pop(lasting)
        self._c.execute(_UPDATE, change)

    def take_identity(self, tenant_id: str, directory_id: str, identity: bytes) -> bool:
        first = update(directories).where(
            directories.c.tenant_id == tenant_id, directories.c.id == directory_id,
            directories.c.identity.is_(None),
        )  # fmt: skip
        return self._c.execute(first.values(identity=to_text(identity))).rowcount == 1

    def add_token(self, token: EnrolmentToken) -> None:
        self._c.execute(TOKEN.insert, TOKEN.params(token))

    def token(self, digest: str) -> EnrolmentToken | None:
        return TOKEN.maybe(self._c.execute(_BY_DIGEST, {"b_digest": digest}).first())

    def tokens(self, tenant_id: str, directory_id: str, now: int) -> Sequence[EnrolmentToken]:
        wanted = TOKEN.select().where(
            enrolments.c.tenant_id == tenant_id, enrolments.c.directory_id == directory_id,
            enrolments.c.used_at.is_(None), enrolments.c.expires_at > now,
        )  # fmt: skip
        rows = self._c.execute(wanted.order_by(enrolments.c.expires_at))
        return [TOKEN.value(r) for r in rows]

    def use_token(self, digest: str, now: int) -> bool:
        spent = update(enrolments).where(
            enrolments.c.digest == digest, enrolments.c.used_at.is_(None),
            enrolments.c.expires_at > now,
        )  # fmt: skip
        return self._c.execute(spent.values(used_at=now)).rowcount == 1

    def lease(self, tenant_id: str, directory_id: str) -> Lease | None:
        rows = _LEASE.rows(self._c, {"tid": tenant_id, "did": directory_id})
        return _lease(rows[0]) if rows else None

    def take_lease(self, tenant_id: str, lease: Lease, was: Lease | None) -> bool:
        cells = {"tenant_id": tenant_id, **_cells(lease)}
        if was is None:
            fresh = upsert(self._dialect)(leases).values(cells).on_conflict_do_nothing()
            made = fresh.returning(leases.c.directory_id)
            return self._c.execute(made).first() is not None
        held = {f"k_{name}": value for name, value in _cells(was).items()}
        given = {f"v_{name}": value for name, value in _cells(lease).items()}
        same = lease.directory_id == was.directory_id
        given |= {**held, "k_tenant_id": tenant_id}
        return same and _RENEW.count(self._c, given) == 1

    def link(self, account: LinkedAccount) -> None:
        cells = ACCOUNT.params(account)
        told = {n: v for n, v in cells.items() if n not in ("directory_id", "user_id")}
        fresh = upsert(self._dialect)(linked_accounts).values(cells)
        key = [linked_accounts.c.directory_id, linked_accounts.c.user_id]
        with taken(self._c, "account"):
            self._c.execute(fresh.on_conflict_do_update(index_elements=key, set_=told))

    def link_all(self, accounts: Sequence[LinkedAccount]) -> None:
        if not accounts:
            return
        fresh = upsert(self._dialect)(linked_accounts)
        key = [linked_accounts.c.directory_id, linked_accounts.c.user_id]
        changing = (n for n in ACCOUNT.names if n not in ("directory_id", "user_id", "tenant_id"))
        told = {name: fresh.excluded[name] for name in changing}
        with taken(self._c, "account"):
            self._c.execute(
                fresh.on_conflict_do_update(index_elements=key, set_=told),
                [ACCOUNT.params(account) for account in accounts],
            )

    def unlink(self, tenant_id: str, directory_id: str, user_id: str) -> None:
        gone = delete(linked_accounts).where(
            linked_accounts.c.tenant_id == tenant_id,
            linked_accounts.c.directory_id == directory_id,
            linked_accounts.c.user_id == user_id,
        )
        self._c.execute(gone)

    def linked(self, tenant_id: str, user_id: str) -> Sequence[LinkedAccount]:
        wanted = ACCOUNT.select().where(
            linked_accounts.c.tenant_id == tenant_id, linked_accounts.c.user_id == user_id
        )
        rows = self._c.execute(wanted.order_by(linked_accounts.c.linked_at))
        return [ACCOUNT.value(r) for r in rows]

    def holders(
        self, tenant_id: str, directory_id: str, guids: Sequence[str]
    ) -> Sequence[LinkedAccount]:
        return self._those(tenant_id, directory_id, linked_accounts.c.guid, guids)

    def of_users(
        self, tenant_id: str, directory_id: str, user_ids: Sequence[str]
    ) -> Sequence[LinkedAccount]:
        return self._those(tenant_id, directory_id, linked_accounts.c.user_id, user_ids)

    def _those(
        self, tenant_id: str, directory_id: str, by: ColumnElement[str], wanted: Sequence[str]
    ) -> Sequence[LinkedAccount]:
        here = (
            linked_accounts.c.tenant_id == tenant_id,
            linked_accounts.c.directory_id == directory_id,
        )
        found: list[LinkedAccount] = []
        for first in range(0, len(wanted), AT_ONCE):
            some = ACCOUNT.select().where(*here, by.in_(wanted[first : first + AT_ONCE]))
            found += [ACCOUNT.value(r) for r in self._c.execute(some)]
        return found

    def holder(self, tenant_id: str, directory_id: str, guid: str) -> LinkedAccount | None:
        wanted = ACCOUNT.select().where(
            linked_accounts.c.tenant_id == tenant_id,
            linked_accounts.c.directory_id == directory_id,
            linked_accounts.c.guid == guid,
        )
        return ACCOUNT.maybe(self._c.execute(wanted).first())


def _cells(lease: Lease) -> dict[str, str | int]:
    return {
        "directory_id": lease.directory_id, "agent_id": lease.agent_id, "run_id": lease.run_id,
        "generation": lease.epoch.generation, "number": lease.epoch.number, "until": lease.until,
    }  # fmt: skip


def _lease(row: Sequence[Any]) -> Lease:
    cells = dict(zip(leases.columns.keys(), row, strict=True))
    epoch = Epoch(cells["generation"], cells["number"])
    return Lease(cells["directory_id"], cells["agent_id"], cells["run_id"], epoch, cells["until"])
