"""A code by text for whoever stands before a second step in this browser."""

from __future__ import annotations

from dataclasses import dataclass

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.accounts import User
from keyturn.rules.callers import Caller
from keyturn.steps import openings, stepup, texted
from keyturn.steps.acts import Act, begin
from keyturn.steps.codes import TooSoon
from keyturn.steps.stepup import Signed
from keyturn.steps.texted import Texted
from keyturn.steps.texts import Capped

__all__ = ["Capped", "NoTexts", "Signed", "Texted", "TooSoon", "for_flow", "for_proof"]


@dataclass(frozen=True, slots=True)
class NoTexts:
    """Nobody here waits for a second step that a text could be."""


Answer = Texted | TooSoon | Capped | NoTexts


async def for_flow(parts: Parts, caller: Caller, kind: str) -> Answer:
    """Text a code to whoever stands before the second step.

    Args:
        kind: "signin" or "recovery": of the flow open in this browser.
    """

    def step(tx: Tx) -> Answer:
        act = begin(parts, caller)
        before = openings.before_second(tx, act, kind)
        return _send(tx, act, before[1] if before else None)

    return await parts.store.write(step)


async def for_proof(parts: Parts, caller: Caller, signed: Signed) -> Answer:
    """Text a code to somebody who is signed in and is to prove themselves again."""

    def step(tx: Tx) -> Answer:
        act = begin(parts, caller)
        user = stepup.held(tx, act, signed)
        return _send(tx, act, user if isinstance(user, User) else None)

    return await parts.store.write(step)


def _send(tx: Tx, act: Act, user: User | None) -> Answer:
    if user is None or not texted.usable(tx, act, user.id):
        return NoTexts()
    return texted.send(tx, act, user)
