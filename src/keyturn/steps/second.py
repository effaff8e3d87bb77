"""The second step: an authenticator's code, a saved recovery code, a passkey, a text or the
phone's answer.

Guesses at it have a lane of their own (five wrong, ten minutes), open only to somebody
who already gave the right password.  No hash is slow here, so a try is one transaction.
"""

from __future__ import annotations

from dataclasses import replace

from keyturn.ports.store import Tx
from keyturn.rules.accounts import Factor, FactorKind, User
from keyturn.rules.events import Event
from keyturn.rules.lockout import SECOND, Locked, Passed, Reserved
from keyturn.rules.recovery_codes import canonical
from keyturn.steps import lanes, offline_codes, passkeys, questions, texted
from keyturn.steps.acts import Act, record
from keyturn.steps.naming import digits_of
from keyturn.steps.notices import tell
from keyturn.steps.passkeys import Shown
from keyturn.steps.questions import Answered

RECOVERY_PURPOSE = "recovery-code"
#: how far off an authenticator's clock is looked for, when a code was wrong
STEP_S, SKEW_STEPS = 30, 20
#: what nobody can guess opens a lane that guesses have closed
UNGUESSABLE = frozenset({FactorKind.RECOVERY, FactorKind.PASSKEY})


def sealed_for(user_id: str) -> str:
    """The context an authenticator's secret is sealed in."""
    return f"totp|{user_id}"


def methods(tx: Tx, act: Act, user_id: str, *, phone: bool = True) -> tuple[FactorKind, ...]:
    """The kinds a user can use now.

    Args:
        phone: a bound phone counts: its answer, and the codes that it shows, which are typed as an
            authenticator's are.
    """
    factors = tx.factors.of_user(act.tenant.id, user_id)
    usable = {f.kind for f in factors if f.kind is FactorKind.TOTP or f.used is None}
    if phone and offline_codes.usable(tx, act, user_id):
        usable.add(FactorKind.TOTP)
    if passkeys.usable(tx, act, user_id):
        usable.add(FactorKind.PASSKEY)
    if texted.usable(tx, act, user_id):
        usable.add(FactorKind.SMS)
    if phone and questions.usable(tx, act, user_id):
        usable.add(FactorKind.PUSH)
    return tuple(sorted(usable))


def attempt(tx: Tx, act: Act, user: User, proof: str | Shown | Answered) -> bool | Locked:
    """One try. Whatever is right is used up in the same transaction.

    After 100 failures in a row no authenticator's code is right any more: six digits can
    be guessed by somebody with patience and the password. A saved recovery code and a
    passkey cannot; they open the lane again.

    Args:
        proof: a code as typed, or a passkey's answer; for that `parts.passkeys` is ready. Or
            what the phone said: nothing is guessed at there, so no lock holds it up, and what it
            has not approved counts nothing.
    """
    key = lanes.second_key(user)
    if isinstance(proof, Answered):
        return _answered(tx, act, user, proof)
    slot = lanes.reserve(tx, act, key, user)
    if not isinstance(slot, Reserved):
        return slot if isinstance(slot, Locked) else False
    used = _use(tx, act, user, proof)
    if used in UNGUESSABLE:
        lanes.reopen(tx, act, key, user)
        return True
    verdict = lanes.settle(tx, act, key, user, slot.id, right=used is not None)
    if isinstance(verdict, Passed):
        return True
    # that the lane is closed is a fact of its own; a right code would look "reused" here
    why = {"why": "wrong"} if slot.closed else _why(tx, act, user, proof)
    record(tx, act, Event.SECOND_FAILED, user, why)
    return Locked(until=verdict.locked_until) if verdict.locked_until > act.now else False


def _answered(tx: Tx, act: Act, user: User, proof: Answered) -> bool:
    if not questions.take(tx, act, user.id, proof.subject):
        return False
    lanes.reopen(tx, act, lanes.second_key(user), user)
    return True


def _use(tx: Tx, act: Act, user: User, proof: str | Shown) -> FactorKind | None:
    """The kind of factor that `proof` is right for now, which is marked used; or None."""
    if isinstance(proof, Shown):
        return FactorKind.PASSKEY if passkeys.accept(tx, act, user, proof) else None
    return _use_code(tx, act, user, proof)


def _use_code(tx: Tx, act: Act, user: User, code: str) -> FactorKind | None:
    for factor in tx.factors.of_user(act.tenant.id, user.id):
        used = _used(act, user, factor, code)
        if used is not None:
            tx.factors.save(replace(factor, used=used))
            if factor.kind is FactorKind.RECOVERY:
                tell(tx, act, "factor_changed", user, what="recovery.used")
            return factor.kind
    if offline_codes.accept(tx, act, user, code):
        return FactorKind.TOTP
    right = texted.accept(tx, act, user, code, lanes.second_key(user))
    return FactorKind.SMS if right else None


def _why(tx: Tx, act: Act, user: User, proof: str | Shown) -> dict[str, object]:
    """Why a proof was wrong, for diagnosis: used before, the phone's clock is off, a
    recovery code that was spent, a passkey that was copied, or just wrong. It lets nobody in.
    """
    if isinstance(proof, Shown):
        return {"why": passkeys.why(tx, act, user, proof.assertion)}
    return _why_code(tx, act, user, proof)


def _why_code(tx: Tx, act: Act, user: User, code: str) -> dict[str, object]:
    for factor in tx.factors.of_user(act.tenant.id, user.id):
        fresh = replace(factor, used=None)
        if _used(act, user, fresh, code) is not None:
            recovery = factor.kind is FactorKind.RECOVERY
            return {"why": "recovery-used" if recovery else "reused"}
        skew = _skew(act, user, fresh, code)
        if skew is not None:
            return {"why": "clock", "skew": skew}
    return {"why": "wrong"}


def _skew(act: Act, user: User, factor: Factor, code: str) -> int | None:
    """By how many seconds the authenticator's clock is ahead, if `code` belongs to a
    moment within ten minutes of now.
    """
    if factor.kind is not FactorKind.TOTP:
        return None
    for steps in range(1, SKEW_STEPS + 1):
        for seconds in (steps * STEP_S, -steps * STEP_S):
            then = replace(act, now=act.now + seconds * SECOND)
            if _used(then, user, factor, code) is not None:
                return seconds + (STEP_S if seconds > 0 else -STEP_S)  # one step is tolerated
    return None


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
