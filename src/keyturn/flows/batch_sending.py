"""What was begun in a batch is done, row by row, beside everything else a server does.

A row is done in a transaction of its own, which holds the batch: so each is done once, whichever
servers work at it, and whatever stops one of them has done what it has counted.  It is judged
anew: with the rights that whoever began it has at that moment, and with what has become of its
user since.  Invitations keep the outbox short: a code that somebody waits for must not stand
behind ten thousand of them, nor a link lose its hours in a queue that does not move.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from keyturn.ports.parts import Parts
from keyturn.ports.store import Taken, Tx
from keyturn.rules import batches
from keyturn.rules.access import ALLOWED, Staff
from keyturn.rules.accounts import Role, Tenant, User, UserState
from keyturn.rules.batches import Act as Kind
from keyturn.rules.batches import Batch, BatchState, Means, Row, RowState, Stop
from keyturn.rules.callers import Caller
from keyturn.rules.events import Event
from keyturn.rules.identifiers import canonical
from keyturn.rules.messages import BACKOFF_MS
from keyturn.steps import batch_deeds, batch_imports, batch_rows, invitations
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.invitations import Sent

#: rows done in one look, and batches that share them
LIMIT: Final = 40
BATCHES: Final = 20
#: so many messages may wait to leave; with more, invitations wait
CROWD: Final = 100
#: what stands for the client in the audit trail
CLIENT: Final = "invitation of many"
DEED: Final = "done to many"


async def advance(parts: Parts, limit: int = LIMIT) -> int:
    """Do rows of the batches that are being sent, of all tenants; how many there were to look at.

    Raises StoreUnavailable.
    """
    going_on = await parts.store.glance(lambda tx: tx.batches.sending(BATCHES))
    share, done = -(-limit // max(1, len(going_on))), 0
    for tenant_id, batch_id in going_on:
        for _ in range(share):
            if done == limit or not await _next(parts, tenant_id, batch_id):
                break
            done += 1
    return done


async def _next(parts: Parts, tenant_id: str, batch_id: str) -> bool:
    """Do the next row of a batch; whether there may be another at once."""
    try:
        return await parts.store.write(lambda tx: _row(tx, parts, tenant_id, batch_id))
    except Taken:  # somebody has just signed up with that address: then it is judged anew
        return False


def _row(tx: Tx, parts: Parts, tenant_id: str, batch_id: str) -> bool:
    """Raises Taken, and then nothing is kept."""
    batch, tenant = tx.batches.get(tenant_id, batch_id), tx.tenants.get(tenant_id)
    if batch is None or tenant is None or batch.state is not BatchState.SENDING:
        return False
    staff = _staff(tx, tenant, batch)
    act = begin(parts, staff.caller, staff.user)
    if batch.needs not in ALLOWED[staff.role] or not _may_act(staff.user):
        return _end(tx, act, batch, Stop.RIGHTS)
    if batch.act is Kind.INVITE and tx.messages.crowd(act.now + BACKOFF_MS[-1], CROWD) == CROWD:
        return False
    row = next(iter(tx.batches.rows(tenant_id, batch_id, 0, 1, {RowState.WAITING})), None)
    if row is None:
        return _end(tx, act, batch, None)
    blank = replace(row, means="", about="", state=RowState.LEFT)
    found = _done(tx, act, staff, batch, blank)
    tx.batches.put(replace(found, done_at=act.now))
    return True


def _staff(tx: Tx, tenant: Tenant, batch: Batch) -> Staff:
    """Whoever began it, with the role that they have now: without one, the least."""
    client = CLIENT if batch.act is Kind.INVITE else DEED
    caller = Caller(tenant, "", (), "", client)
    if not batch.begun_by:  # a command on the host
        return Staff(caller, None, Role.OWNER, 2)
    user = tx.users.get(tenant.id, batch.begun_by)
    guest = None if user else tx.providers.acting(tenant.id, batch.begun_by)
    if guest is not None:
        user, caller = guest.user, replace(caller, provider=guest.provider.name)
    role = tx.roles.of_user(batch.begun_by).get(tenant.id) if user else None
    return Staff(caller, user, role or Role.AUDITOR, 2)


def _may_act(user: User | None) -> bool:
    return user is None or (user.state is UserState.ACTIVE and user.frozen_at is None)


def _end(tx: Tx, act: Act, batch: Batch, stop: Stop | None) -> bool:
    over = batches.ended(batch, act.now, stop)
    tx.batches.save(over)
    facts = {"batch": batch.id, "stop": str(stop) if stop else None}
    record(tx, act, Event.BATCH_ENDED, None, facts)
    return False


def _done(tx: Tx, act: Act, staff: Staff, batch: Batch, row: Row) -> Row:
    """Do it to the row's person, if it still can be. Raises Taken."""
    match batch.act:
        case Kind.INVITE:
            return _invited(tx, act, staff, row)
        case Kind.IMPORT:
            return batch_imports.done(tx, act, batch, row)
        case _:
            return batch_deeds.done(tx, act, batch, row)


def _invited(tx: Tx, act: Act, staff: Staff, row: Row) -> Row:
    [found] = batch_rows.judged(tx, act, staff, [row])
    if found.state is RowState.LEFT:
        return found
    if found.means == Means.NEW:
        found = replace(found, user_id=_made(tx, act, found).id)
    rows = tx.phones.held(act.tenant.id, found.user_id or "", act.now)
    answer = invitations.invite(tx, act, rows) if rows else None
    if isinstance(answer, Sent):
        return replace(found, state=RowState.SENT)
    return batches.judged(found, str(answer.why) if answer else Means.UNCLEAR)


def _made(tx: Tx, act: Act, row: Row) -> User:
    """An account for somebody who has none: invited, without a password. Raises Taken."""
    user = User(
        id=act.id(), tenant_id=act.tenant.id, state=UserState.INVITED, name=row.name,
        username=None, email=row.email, phone=None, phone_verified_at=None, password_hash=None,
        password_set_at=None, epoch=0, frozen_at=None, timezone=None, created_at=act.now,
    )  # fmt: skip
    tx.users.add(user, [canonical(row.email) or row.email])
    record(tx, act, Event.USER_CREATED, user, {"cause": "batch", "batch": row.batch_id})
    return user
