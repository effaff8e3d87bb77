"""Second steps as stored: an authenticator, and the saved codes that stand in for it."""

from __future__ import annotations

from collections.abc import Sequence

from keyturn.ports.store import Tx
from keyturn.rules.accounts import Factor, FactorKind, User
from keyturn.rules.events import Event
from keyturn.rules.recovery_codes import COUNT, LENGTH, shown
from keyturn.steps.acts import Act, record
from keyturn.steps.notices import tell
from keyturn.steps.second import RECOVERY_PURPOSE, sealed_for


def has(factors: Sequence[Factor], kind: FactorKind) -> bool:
    """Whether there is a factor of this kind that can be used."""
    return any(f.kind is kind and (kind is FactorKind.TOTP or f.used is None) for f in factors)


def put_totp(tx: Tx, act: Act, user: User, secret: str, used: int) -> tuple[str, ...]:
    """Make `secret` the authenticator, in place of the one there was.

    Args:
        used: the time step of the code that confirmed it, which is used up by that.

    Returns: recovery codes as people read them, shown this once; () if there are some.
    """
    sealed = act.parts.sealer.seal(secret.encode(), sealed_for(user.id))
    tx.factors.remove(act.tenant.id, user.id, FactorKind.TOTP)
    _add(tx, act, user, FactorKind.TOTP, sealed, used)
    record(tx, act, Event.FACTOR_ADDED, user, {"kind": "totp"})
    tell(tx, act, "factor_changed", user, what="totp.added")
    factors = tx.factors.of_user(act.tenant.id, user.id)
    return () if has(factors, FactorKind.RECOVERY) else new_codes(tx, act, user)


def new_codes(tx: Tx, act: Act, user: User) -> tuple[str, ...]:
    """Ten recovery codes in place of all earlier ones, as people read them."""
    tx.factors.remove(act.tenant.id, user.id, FactorKind.RECOVERY)
    letters = [act.parts.random.letters(LENGTH) for _ in range(COUNT)]
    for code in letters:
        digest = act.parts.sealer.digest(RECOVERY_PURPOSE, f"{user.id}|{code}")
        _add(tx, act, user, FactorKind.RECOVERY, digest, None)
    record(tx, act, Event.FACTOR_ADDED, user, {"kind": "recovery"})
    return tuple(shown(code) for code in letters)


def _add(tx: Tx, act: Act, user: User, kind: FactorKind, secret: str, used: int | None) -> None:
    tx.factors.add(Factor(act.id(), act.tenant.id, user.id, kind, secret, used, act.now))


def standing(tx: Tx, act: Act, user: User) -> bool:
    """Whether there is a second step that saved codes can stand in for."""
    every = tx.factors.of_user(act.tenant.id, user.id)
    return has(every, FactorKind.TOTP) or bool(tx.passkeys.of_user(act.tenant.id, user.id))


def remove_totp(tx: Tx, act: Act, user: User) -> None:
    """Take the authenticator away, and the saved codes if nothing is left for them."""
    tx.factors.remove(act.tenant.id, user.id, FactorKind.TOTP)
    drop_idle_codes(tx, act, user)
    record(tx, act, Event.FACTOR_REMOVED, user, {"kind": "totp"})
    tell(tx, act, "factor_changed", user, what="totp.removed")


def drop_idle_codes(tx: Tx, act: Act, user: User) -> None:
    """Saved codes that stand in for nothing any more would be a second step of their own,
    which nobody asked for.
    """
    if not standing(tx, act, user):
        tx.factors.remove(act.tenant.id, user.id, FactorKind.RECOVERY)
