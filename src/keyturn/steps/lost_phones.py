"""A lost or changed phone: begun, stopped, carried out (rules/recoveries.py).

All of it happens while the user's row is held.  What is sent at the end is what Reset User sends;
the number and the authenticator, which may be on the lost phone, go with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from keyturn.ports.store import Tx
from keyturn.rules import activation, recoveries
from keyturn.rules.accounts import FactorKind, User
from keyturn.rules.activation import Link
from keyturn.rules.binding import Rows
from keyturn.rules.events import Event
from keyturn.rules.messages import NOTICE_LIFE_MS
from keyturn.rules.recoveries import Recovery, Stop
from keyturn.steps import factors, invitations, objections, phone_proof, pushes
from keyturn.steps.acts import Act, record
from keyturn.steps.invitations import Sent
from keyturn.steps.outbox import enqueue

BEGUN, STOPPED = "phone_lost", "phone_lost_stopped"
#: kind of what the phone itself gets
PUSH: Final = "lost"
#: how many of a user's newest flows are looked through for addresses they had
_MOST: Final = 50


def newest(tx: Tx, act: Act, user: User) -> Recovery | None:
    """The user's last one, as it is now."""
    one = tx.recoveries.newest(act.tenant.id, user.id)
    links = tx.phones.links_of(act.tenant.id, user.id)  # also where there is none
    return None if one is None else _as_of(one, user, links, act.now)


def to_come(tx: Tx, act: Act, user: User) -> Recovery | None:
    """The user's last one, if it can still come about."""
    one = newest(tx, act, user)
    return one if one is not None and recoveries.is_open(one) else None


def shown(tx: Tx, act: Act, one: Recovery, user: User) -> Recovery:
    """One, as it is now."""
    return _as_of(one, user, tx.phones.links_of(act.tenant.id, user.id), act.now)


def _as_of(one: Recovery, user: User, links: Sequence[Link], now: int) -> Recovery:
    link = next((each for each in links if each.number == one.link_number), None)
    top = max((each.number for each in links), default=0)
    return recoveries.shown(one, user, link, top, now)


def begin(tx: Tx, act: Act, one: Recovery, user: User) -> None:
    """It begins; everybody who may be the user's hears of it."""
    before = tx.recoveries.newest(act.tenant.id, user.id)
    if before is not None:  # what bars it now is written down, and makes room
        tx.recoveries.save(_settled(tx, act, before, user))
    tx.recoveries.add(one)
    record(tx, act, Event.LOST_BEGUN, user, {"ref": one.ref, "until": one.due_at})
    values = {"at": act.now, "ref": one.ref, "due": one.due_at, "wait": one.due_at > act.now}
    for address, before_it in _addresses(tx, act, user):
        notme = objections.objection(tx, act, user, email=before_it)
        enqueue(
            tx, act, "mail", BEGUN, user=user, address=address, life_ms=NOTICE_LIFE_MS,
            values={**values, "notme": notme},
        )  # fmt: skip
    phone = tx.phones.active(act.tenant.id, [user.id]).get(user.id)
    if phone is not None and one.due_at > act.now:  # else it is bound no more in a moment
        facts = {"kind": PUSH, "id": one.id}
        pushes.queue(tx, act, user, phone, BEGUN, facts, one.due_at - act.now)
    if user.phone is not None and user.phone_verified_at is not None:
        notme = objections.objection(tx, act, user)
        enqueue(
            tx, act, "sms", BEGUN, user=user, address=user.phone, life_ms=NOTICE_LIFE_MS,
            values={**values, "notme": notme},
        )  # fmt: skip


def _settled(tx: Tx, act: Act, one: Recovery, user: User) -> Recovery:
    """What is to be stored of one that another takes the place of."""
    now = shown(tx, act, one, user)
    return now if now.state is recoveries.State.STOPPED else one


def _addresses(tx: Tx, act: Act, user: User) -> Iterable[tuple[str, str | None]]:
    """The user's address, and those of the last days, each with what its objection gives back."""
    old = {
        str(flow.data["email"]) for flow in tx.flows.of_user(act.tenant.id, user.id, _MOST)
        if flow.kind == objections.KIND and flow.closed_at is None and flow.data.get("email")
        and act.now < flow.expires_at
    }  # fmt: skip
    yield user.email, None
    yield from ((address, address) for address in sorted(old - {user.email}))


def stop(tx: Tx, act: Act, user: User, why: Stop) -> Recovery | None:
    """The user's last one comes to nothing any more; a link that it has sent is dead. None: there
    was nothing to stop.
    """
    one = tx.recoveries.newest(act.tenant.id, user.id)
    if one is None or not _lives(tx, act, one, user):
        return None
    rows = tx.phones.held(act.tenant.id, user.id, act.now)
    if rows is not None and one.link_number:
        tx.phones.save(rows, _withdrawn(rows, one.link_number, act.now))
    return _stopped(tx, act, one, user, why)


def _lives(tx: Tx, act: Act, one: Recovery, user: User) -> bool:
    """Whether there is anything to stop; what only bars it now is not its end."""
    if one.state is recoveries.State.WAITING:
        return True
    return recoveries.is_open(shown(tx, act, one, user))


def _withdrawn(rows: Rows, number: int, now: int) -> Rows:
    links = tuple(
        replace(link, withdrawn_at=now) if link.number == number else link for link in rows.links
    )
    return replace(rows, links=links)


def _stopped(tx: Tx, act: Act, one: Recovery, user: User, why: Stop) -> Recovery:
    over = recoveries.stopped(one, why, act.now)
    tx.recoveries.save(over)
    record(tx, act, Event.LOST_STOPPED, user, {"ref": one.ref, "cause": str(why)})
    if user.email:
        values = {"at": act.now, "ref": one.ref, "why": str(why)}
        enqueue(
            tx, act, "mail", STOPPED, user=user, address=user.email, values=values,
            life_ms=NOTICE_LIFE_MS,
        )  # fmt: skip
    return over


def carry_out(tx: Tx, act: Act, one: Recovery, user: User) -> Recovery:
    """What is due is done: the phone, its number and the authenticator go, and a link is mailed;
    or it is stopped by what bars it.
    """
    bar = recoveries.bar(one, user)
    if bar is not None:
        return _stopped(tx, act, one, user, bar)
    facts: dict[str, object] = {"ref": one.ref}
    user = phone_proof.drop(tx, act, user, Event.PHONE_REMOVED, facts)
    if factors.has(tx.factors.of_user(act.tenant.id, user.id), FactorKind.TOTP):
        factors.remove_totp(tx, act, user)
    rows = tx.phones.held(act.tenant.id, user.id, act.now) or Rows(user)
    done = invitations.reset(tx, act, rows)
    assert isinstance(done, Sent)  # noqa: S101  `recoveries.bar` knows all that Reset User asks
    after = recoveries.sent(one, done.link.number, done.user.epoch, act.now)
    tx.recoveries.save(after)
    until = done.link.made_at + activation.LIFE_MS
    record(tx, act, Event.LOST_SENT, user, {"ref": one.ref, "until": until})
    return after
