"""A ticket system asks a caller's phone whether it is them (docs/design/16-verification-api.md).

It does so by a key of the tenant, as a technician would (flows/verifying.py): with the rights of
one and under the same caps.  The phone names the system and the ticket.  What it proves is the
ticket system's to use: no technician of the console is proved anything by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules import verifications
from keyturn.rules.access import Action, Staff, hindrance
from keyturn.rules.accounts import Role, User
from keyturn.rules.api_keys import ApiKey
from keyturn.rules.approvals import Approval, Kind, NotAsked
from keyturn.rules.callers import Caller
from keyturn.rules.lockout import MINUTE
from keyturn.rules.matching import Ended
from keyturn.rules.phone_app import PushState
from keyturn.rules.verifications import Reason, Verification, Wish
from keyturn.steps import callers, questions, views
from keyturn.steps.acts import Act, begin
from keyturn.steps.naming import is_id, name_of
from keyturn.steps.questions import Standing, Wanted

__all__ = [
    "ApiKey", "NotAsked", "NotFound", "NotPossible", "Reason", "Reused", "Revoked", "Seen",
    "Unfit", "Wish", "look", "start", "withdraw",
]  # fmt: skip

#: how exactly it is known when a key was last used
EXACT_MS: Final = MINUTE


@dataclass(frozen=True, slots=True)
class Unfit:
    """A field that is not as it must be; nothing was asked."""

    field: str


@dataclass(frozen=True, slots=True)
class Revoked:
    """The key was revoked a moment ago."""


@dataclass(frozen=True, slots=True)
class Reused:
    """This key has sent this idempotency key before, with something else."""


@dataclass(frozen=True, slots=True)
class NotFound:
    """Nobody of that name in this tenant, or no verification that this key has started."""


@dataclass(frozen=True, slots=True)
class NotPossible:
    """The phone cannot be asked."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Seen:
    """How a verification stands.

    Attributes:
        one: its outcome may not be stored yet, where only the clock has brought it.
        words: the two that the phone shows.
        push: whether notifications reach the phone.
    """

    one: Verification
    user: User
    standing: Standing
    words: str
    push: PushState


async def start(
    parts: Parts, caller: Caller, key: ApiKey, wish: Wish
) -> Seen | Unfit | Revoked | Reused | NotFound | NotPossible | NotAsked:
    """Ask a phone, once for each idempotency key however often it is sent."""
    if (field := verifications.unfit(wish)) is not None:
        return Unfit(field)
    name = name_of(parts, caller.tenant, wish.user)

    def step(tx: Tx) -> Seen | Revoked | Reused | NotFound | NotPossible | NotAsked:
        act = begin(parts, caller)
        if not tx.api_keys.used(act.tenant.id, key.id, act.now):  # holds it: see ports
            return Revoked()
        user = _named(tx, act, name, wish.user)
        before = tx.verifications.requested(act.tenant.id, key.id, wish.request)
        if before is not None:
            same = user is not None and verifications.is_same(wish, user.id, before)
            return _seen(tx, act, before) if same else Reused()
        return NotFound() if user is None else _asked(tx, act, key, user, wish)

    return await parts.store.write(step)


def _named(tx: Tx, act: Act, name: str | None, typed: str) -> User | None:
    """Whom a name or an id belongs to; never the tenant's decoy."""
    found = tx.users.named(act.tenant.id, name) if name else None
    if found is None and is_id(typed) and typed != act.tenant.id:
        found = tx.users.get(act.tenant.id, typed)
    return found


def _asked(
    tx: Tx, act: Act, key: ApiKey, user: User, wish: Wish
) -> Seen | NotFound | NotPossible | NotAsked:  # fmt: skip
    by = Staff(act.caller, None, Role.TECHNICIAN, 2)
    if hindrance(by, Action.VERIFY, user, views.highest_rank(tx, user)) is not None:
        return NotPossible(Reason.RANK)
    if (reason := verifications.hindered(user.state)) is not None:
        return NotPossible(reason)
    place = verifications.place(key.name, wish.ticket)
    facts = {"key": key.name, "ticket": wish.ticket}
    wanted = Wanted(Kind.CALLER, key.id, verifications.asker_of(wish), place, facts)
    asked = callers.ask(
        tx, act, user.id, wanted, wish.ticket, key_id=key.id, request=wish.request
    )  # fmt: skip
    if isinstance(asked, Approval):
        made = tx.verifications.get(act.tenant.id, asked.id)
        return NotFound() if made is None else _seen(tx, act, made)
    return asked if isinstance(asked, NotAsked) else NotPossible(Reason.NO_PHONE)


def _seen(tx: Tx, act: Act, one: Verification) -> Seen | NotFound:
    asked = tx.phones.approval(act.tenant.id, one.id)
    user = tx.users.get(act.tenant.id, one.user_id)
    if asked is None or user is None:
        return NotFound()
    phone = tx.phones.phone(act.tenant.id, asked.phone_id)
    push = phone.push.state if phone is not None else PushState.NONE
    standing = questions.shown(tx, act, asked)
    return Seen(one, user, standing, questions.words(act, asked), push)


def _own(tx: Tx, act: Act, key: ApiKey, one_id: str) -> Verification | None:
    """A verification that this key has started."""
    one = tx.verifications.get(act.tenant.id, one_id)
    return one if one is not None and one.key_id == key.id else None


async def look(parts: Parts, caller: Caller, key: ApiKey, one_id: str) -> Seen | NotFound:
    """How a verification stands."""

    def step(tx: Tx) -> Seen | NotFound:
        act = begin(parts, caller)
        one = _own(tx, act, key, one_id)
        return NotFound() if one is None else _seen(tx, act, one)

    await _used(parts, key)
    return await parts.store.read(step)


async def _used(parts: Parts, key: ApiKey) -> None:
    """Store that a key is used to read something, if that is not known to the minute."""
    now = parts.clock.now()
    if key.used_at is None or now - key.used_at >= EXACT_MS:
        await parts.store.write(lambda tx: tx.api_keys.used(key.tenant_id, key.id, now))


async def withdraw(parts: Parts, caller: Caller, key: ApiKey, one_id: str) -> Seen | NotFound:
    """Take a question back; one that has ended stays as it is."""

    def step(tx: Tx) -> Seen | NotFound:
        act = begin(parts, caller)
        alive = tx.api_keys.used(act.tenant.id, key.id, act.now)
        one = _own(tx, act, key, one_id) if alive else None
        if one is None:
            return NotFound()
        callers.lapse(tx, act, one, Ended.RECALLED)
        return _seen(tx, act, tx.verifications.get(act.tenant.id, one_id) or one)

    return await parts.store.write(step)
