"""The second step: an authenticator's code or a saved recovery code.

Guesses at it have a lane of their own (five wrong, ten minutes), open only to somebody
who already gave the right password.  No hash is slow here, so a try is one transaction.
"""

from __future__ import annotations

from dataclasses import replace

from keyturn.ports.store import Tx
from keyturn.rules.accounts import Factor, FactorKind, User
from keyturn.rules.events import Event
from keyturn.rules.lockout import Locked, Passed, Reserved
from keyturn.rules.recovery_codes import canonical
from keyturn.steps import lanes
from keyturn.steps.acts import Act, record
from keyturn.steps.naming import digits_of

RECOVERY_PURPOSE = "recovery-code"


def sealed_for(user_id: str) -> str:
    """The context an authenticator's secret is sealed in."""
    return f"totp|{user_id}"


def methods(tx: Tx, act: Act, user_id: str) -> tuple[FactorKind, ...]:
    """The kinds a user can use now."""
    factors = tx.factors.of_user(act.tenant.id, user_id)
    usable = {f.kind for f in factors if f.kind is FactorKind.TOTP or f.used is None}
    return tuple(sorted(usable))


def attempt(tx: Tx, act: Act, user: User, code: str) -> bool | Locked:
    """One try. Whatever is right is used up in the same transaction."""
    key = lanes.second_key(user)
    slot = lanes.reserve(tx, act, key, user)
    if isinstance(slot, Locked):
        return slot
    right = isinstance(slot, Reserved) and not slot.closed and _use(tx, act, user, code)
    if not isinstance(slot, Reserved):
        return False
    verdict = lanes.settle(tx, act, key, user, slot.id, right=right)
    if isinstance(verdict, Passed):
        return True
    record(tx, act, Event.SECOND_FAILED, user)
    return Locked(until=verdict.locked_until) if verdict.locked_until > act.now else False


def _use(tx: Tx, act: Act, user: User, code: str) -> bool:
    """Whether `code` is right now; marks it used."""
    for factor in tx.factors.of_user(act.tenant.id, user.id):
        used = _used(act, user, factor, code)
        if used is not None:
            tx.factors.save(replace(factor, used=used))
            return True
    return False


def _used(act: Act, user: User, factor: Factor, code: str) -> int | None:
    """What to store as used if `code` is this factor's, else None."""
    if factor.kind is FactorKind.TOTP:
        secret = act.parts.sealer.open(factor.secret, sealed_for(user.id)).decode()
        return act.parts.otp.verify(secret, digits_of(code), act.now, factor.used)
    typed = canonical(code)
    if factor.used is not None or typed is None:
        return None
    right = act.parts.sealer.matches(RECOVERY_PURPOSE, f"{user.id}|{typed}", factor.secret)
    return act.now if right else None
