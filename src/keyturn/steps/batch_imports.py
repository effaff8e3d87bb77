"""Users as a file has them: made, or called as it says.

A row is whoever has its address.  An address is never changed by a file, and no number, state or
role comes of one: whoever could write those could take an account, or raise one.  Staff are left
alone, and so is whoever a directory names: it would name them back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from keyturn.ports.store import Tx
from keyturn.rules import batches
from keyturn.rules.accounts import User, UserState
from keyturn.rules.batches import Batch, Means, Row, RowState
from keyturn.rules.events import Event
from keyturn.rules.identifiers import NameProblem, canonical, display_name, parse_username
from keyturn.steps.acts import Act, record
from keyturn.steps.meanings import portions
from keyturn.steps.registration import take_address

#: in `about` of a row that changes something
NAME, USERNAME = "name", "username"


@dataclass(frozen=True, slots=True)
class _Known:
    """Whom names belong to.

    Attributes:
        by_name: users by canonical address or user name.
        staff: ids of those who have a role anywhere.
        followed: ids of those who have an account in a directory.
    """

    by_name: Mapping[str, User]
    staff: frozenset[str]
    followed: frozenset[str]

    @classmethod
    def read(cls, tx: Tx, act: Act, rows: Sequence[Row]) -> _Known:
        names = sorted({name for row in rows for name in _names(row)})
        by_name = tx.users.named_all(act.tenant.id, names) if names else {}
        ids = sorted({user.id for user in by_name.values()})
        linked = (
            account.user_id
            for directory in tx.directories.all(act.tenant.id)
            for account in tx.directories.of_users(act.tenant.id, directory.id, ids)
        )
        return cls(by_name, frozenset(tx.roles.of_users(ids)), frozenset(linked))


def _names(row: Row) -> Iterator[str]:
    for typed in (row.email, row.account):
        if (name := canonical(typed)) is not None:
            yield name


def judged(tx: Tx, act: Act, rows: Sequence[Row]) -> tuple[Row, ...]:
    """The rows, each with who it is and what the file means for them."""
    first: dict[str, int] = {}
    found: list[Row] = []
    for some in portions(rows):
        known = _Known.read(tx, act, some)
        found.extend(_once(_meant(known, row), first) for row in some)
    return tuple(found)


def _once(row: Row, first: dict[str, int]) -> Row:
    """Who stands twice, or shares a user name with a line before, is taken once."""
    for name in _names(row) if row.state is RowState.WAITING else ():
        if first.setdefault(name, row.number) != row.number:
            return batches.judged(row, Means.TWICE, str(first[name]))
    return row


def _meant(known: _Known, row: Row) -> Row:
    unfit = batches.unfit(row)
    if unfit is not None:
        return unfit
    called = parse_username(row.account) if row.account else ""
    if isinstance(called, NameProblem):
        return batches.judged(row, Means.USERNAME, str(called.fault))
    user = known.by_name.get(canonical(row.email) or "")
    if user is not None and user.state is UserState.UNVERIFIED:
        user = None  # a sign-up that never confirmed the address gives way
    holder = known.by_name.get(canonical(called) or "") if called else None
    if holder is not None and (user is None or holder.id != user.id):
        return batches.judged(row, Means.USERNAME_HELD, holder.id)
    if user is None:
        return batches.judged(row, Means.NEW)
    found = replace(row, user_id=user.id)
    if user.id in known.staff:
        return batches.judged(found, Means.STAFF)
    return _compared(found, user, followed=user.id in known.followed)


def _compared(row: Row, user: User, *, followed: bool) -> Row:
    changed = [
        what
        for what, differs in (
            (NAME, display_name(row.name) != user.name),
            (USERNAME, row.account not in ("", user.username or "")),
        )
        if differs
    ]
    if not changed:
        return batches.judged(row, Means.SAME)
    if followed:
        return batches.judged(row, Means.FOLLOWED)
    return batches.judged(row, Means.CHANGED, " ".join(changed))


def done(tx: Tx, act: Act, batch: Batch, row: Row) -> Row:
    """Make or change the row's user, if it still can be. Raises Taken."""
    [found] = judged(tx, act, [row])
    if found.state is RowState.LEFT:
        return found
    if found.user_id is None:
        found = replace(found, user_id=_made(tx, act, batch, found).id)
    for user in tx.users.some(act.tenant.id, [found.user_id or ""]):
        if found.means == Means.CHANGED:
            _change(tx, act, batch, user, found)
    return replace(found, state=RowState.SENT)


def _made(tx: Tx, act: Act, batch: Batch, row: Row) -> User:
    """An account without a password: its owner sets the first one by "Forgot your password?"."""
    name = display_name(row.name)
    user = User(
        id=act.id(), tenant_id=act.tenant.id, state=UserState.ACTIVE, name=str(name),
        username=row.account or None, email=row.email, phone=None, phone_verified_at=None,
        password_hash=None, password_set_at=None, epoch=0, frozen_at=None, timezone=None,
        created_at=act.now,
    )  # fmt: skip
    take_address(tx, act, user, canonical(row.email) or row.email)
    if row.account:
        tx.users.add_identifier(act.tenant.id, user.id, canonical(row.account) or "")
    record(tx, act, Event.USER_CREATED, user, {"cause": "import", "batch": batch.id})
    return user


def _change(tx: Tx, act: Act, batch: Batch, user: User, row: Row) -> None:
    """Raises Taken."""
    tenant_id = act.tenant.id
    if USERNAME in row.about.split():
        if user.username:
            tx.users.drop_identifier(tenant_id, user.id, canonical(user.username) or "")
        tx.users.add_identifier(tenant_id, user.id, canonical(row.account) or "")
        user = replace(user, username=row.account)
    tx.users.save(replace(user, name=str(display_name(row.name))))
    facts = {"changed": row.about, "cause": "import", "batch": batch.id}
    record(tx, act, Event.USER_CHANGED, user, facts)
