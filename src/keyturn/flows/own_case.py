"""How a person's own case stands, by the reference that they read out."""

from __future__ import annotations

from dataclasses import dataclass

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules import recoveries
from keyturn.rules.accounts import Case
from keyturn.rules.callers import Caller
from keyturn.rules.recoveries import Recovery
from keyturn.steps import casework, lost_phones
from keyturn.steps.acts import begin
from keyturn.steps.stepup import Signed


@dataclass(frozen=True, slots=True)
class NotFound:
    """No case of theirs has this reference."""


@dataclass(frozen=True, slots=True)
class Own:
    """A case of whoever looks. What is proved in it, by whom and what was noted is staff's.

    Attributes:
        taken: somebody works on it.
        recovery: of their lost phone, as long as it can come about.
    """

    case: Case
    taken: bool
    recovery: Recovery | None


async def look(parts: Parts, caller: Caller, signed: Signed, ref: str) -> Own | NotFound:
    """How it stands. Changes nothing."""

    def step(tx: Tx) -> Own | NotFound:
        act = begin(parts, caller)
        lives = tx.sessions.get(act.tenant.id, signed.session.digest) is not None
        held = casework.look(tx, act, ref) if lives else None
        if held is None or held.user is None or held.user.id != signed.user.id:
            return NotFound()
        one = lost_phones.newest(tx, act, held.user)
        waits = one is not None and recoveries.is_open(one)
        return Own(held.case, bool(held.standing.holder), one if waits else None)

    return await parts.store.read(step)
