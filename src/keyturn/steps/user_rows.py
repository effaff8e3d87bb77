"""Lists of users as staff see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keyturn.ports.store import Tx
from keyturn.rules.accounts import FactorKind, Role, User, UserState
from keyturn.rules.user_lists import Filter
from keyturn.steps.acts import Act
from keyturn.steps.dossier import moment

PAGE = 50
#: beyond it users are not counted to the last one
MOST = 10_000
#: as many as this that are yet to be filed are told; fewer are looked at one by one
UNFILED = 500


@dataclass(frozen=True, slots=True)
class UserRow:
    """One line of the list.

    Attributes:
        locked_until: the last end of its locks, None if none runs.
        app: a phone is bound.
        role: here, None for somebody who is no staff.
        directories: names of those that an account of theirs is in.
    """

    id: str
    name: str
    username: str | None
    email: str
    phone: str | None
    state: UserState
    frozen_at: int | None
    created_at: int
    locked_until: int | None
    last_signin_at: int | None
    totp: bool
    passkey: bool
    app: bool = False
    role: Role | None = None
    directories: tuple[str, ...] = ()

    @property
    def second(self) -> bool:
        """Whether there is a second step."""
        return self.totp or self.passkey or self.app


@dataclass(frozen=True, slots=True)
class Users:
    """A page of users, the cursor of the next, and how many there are in all.

    Attributes:
        found: whom the filter lets through in all; None: nobody has counted that far.
        total, locked: of the tenant.
        unfiled: some may not be found by a search for a while.
        most: `most` + 1 of any of these stands for more than `most`.
        directories: those of the tenant, name by id.
    """

    users: tuple[UserRow, ...]
    after: str | None
    found: int | None
    total: int
    locked: int
    unfiled: bool
    directories: Mapping[str, str]
    most: int = MOST


#: the names of the columns of a file
COLUMNS = (
    "id", "name", "email", "username", "phone", "state", "role", "directories", "locked_until",
    "frozen_at", "last_signin_at", "created_at", "phone_app", "authenticator", "passkey",
)  # fmt: skip


def cells(row: UserRow) -> Sequence[str]:
    """A row of such a file."""
    times = (row.locked_until, row.frozen_at, row.last_signin_at, row.created_at)
    return [
        row.id, row.name, row.email, row.username or "", row.phone or "", str(row.state),
        str(row.role or ""), "; ".join(row.directories),
        *(moment(at) if at is not None else "" for at in times),
        *("yes" if there else "no" for there in (row.app, row.totp, row.passkey)),
    ]  # fmt: skip


def page(tx: Tx, act: Act, wanted: Filter, after: str | None) -> Users:
    """One page of users."""
    tenant_id = act.tenant.id
    listed = tx.users.table(tenant_id, wanted, act.now, after, PAGE, MOST)
    total, locked = tx.users.tally(tenant_id, act.now, MOST)
    names = {one.id: one.name for one in tx.directories.all(tenant_id)}
    return Users(
        users=rows(tx, act, listed.users, names), after=listed.after, found=listed.total,
        total=total, locked=locked, unfiled=bool(wanted.query) and tx.users.unfiled(UNFILED),
        directories=names,
    )  # fmt: skip


def rows(
    tx: Tx, act: Act, users: Sequence[User], directories: Mapping[str, str]
) -> tuple[UserRow, ...]:  # fmt: skip
    """These users with what lists show of each.

    Args:
        directories: those of the tenant, name by id.
    """
    tenant_id, ids = act.tenant.id, [user.id for user in users]
    seen = tx.clients.last_seen(tenant_id, ids)
    locks = tx.lanes.locked(tenant_id, ids, act.now)
    totp = tx.factors.enrolled(tenant_id, ids, FactorKind.TOTP)
    keys = tx.passkeys.holders(tenant_id, ids)
    apps = tx.phones.active(tenant_id, ids)
    staff = tx.roles.here(tenant_id, ids)
    homes = _homes(tx, tenant_id, ids, directories)
    return tuple(
        UserRow(
            id=u.id, name=u.name, username=u.username, email=u.email, phone=u.phone,
            state=u.state, frozen_at=u.frozen_at, created_at=u.created_at,
            locked_until=locks.get(u.id), last_signin_at=seen.get(u.id), totp=u.id in totp,
            passkey=u.id in keys, app=u.id in apps, role=staff.get(u.id),
            directories=tuple(homes.get(u.id, ())),
        )
        for u in users
    )  # fmt: skip


def _homes(
    tx: Tx, tenant_id: str, ids: Sequence[str], directories: Mapping[str, str]
) -> Mapping[str, Sequence[str]]:
    """In which directories each has an account."""
    found: dict[str, list[str]] = {}
    for directory_id, name in directories.items():
        for account in tx.directories.of_users(tenant_id, directory_id, ids):
            found.setdefault(account.user_id, []).append(name)
    return found
