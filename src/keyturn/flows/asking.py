"""Asking the phone of whoever stands before a second step in this browser.

At sign-in and in a recovery what asks is the flow that is open in the browser; before a change it
is the session.  It alone takes the approval (flows/signin, flows/recovery, flows/proof), so nobody
gets in by an answer to somebody else's question.
"""

from __future__ import annotations

from dataclasses import dataclass

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.accounts import User
from keyturn.rules.approvals import Approval, Capped, Kind, NotAsked
from keyturn.rules.callers import Caller
from keyturn.steps import openings, questions, stepup
from keyturn.steps.acts import Act, begin
from keyturn.steps.questions import NoPhone, Standing, Wanted
from keyturn.steps.stepup import Signed

__all__ = [
    "Capped", "NoPhone", "Nobody", "NotAsked", "Signed", "Standing", "for_flow", "for_proof",
    "of_flow", "of_proof",
]  # fmt: skip

#: what the phone is asked, by the flow that asks
KINDS = {"signin": Kind.SECOND, "recovery": Kind.RECOVERY}


@dataclass(frozen=True, slots=True)
class Nobody:
    """Nobody here stands before a second step, or nothing was asked."""


Answer = Standing | NotAsked | NoPhone | Nobody


async def for_flow(parts: Parts, caller: Caller, kind: str) -> Answer:
    """Ask the phone of whoever stands before the second step; they gave the right password, or
    proved their address.

    Args:
        kind: "signin" or "recovery": of the flow open in this browser.
    """

    def step(tx: Tx) -> Answer:
        act = begin(parts, caller)
        before = openings.before_second(tx, act, kind)
        if before is None:
            return Nobody()
        flow, user = before
        return _ask(tx, act, user, KINDS[kind], flow.id)

    return await parts.store.write(step)


async def for_proof(parts: Parts, caller: Caller, signed: Signed) -> Answer:
    """Ask the phone of somebody who is signed in and is to prove themselves again."""

    def step(tx: Tx) -> Answer:
        act = begin(parts, caller)
        user = stepup.held(tx, act, signed)
        if not isinstance(user, User):
            return Nobody()
        return _ask(tx, act, user, Kind.PROOF, signed.session.digest)

    return await parts.store.write(step)


def _ask(tx: Tx, act: Act, user: User, kind: Kind, subject: str) -> Answer:
    caller = act.caller
    asked = questions.ask(tx, act, user.id, Wanted(kind, subject, caller.client_name, caller.ip))
    return questions.shown(tx, act, asked) if isinstance(asked, Approval) else asked


async def of_flow(parts: Parts, caller: Caller, kind: str) -> Standing | Nobody:
    """How the question stands that this browser's flow has asked."""

    def step(tx: Tx) -> Standing | Nobody:
        act = begin(parts, caller)
        before = openings.before_second(tx, act, kind)
        if before is None:
            return Nobody()
        flow, user = before
        return questions.standing(tx, act, user.id, flow.id) or Nobody()

    return await parts.store.read(step)


async def of_proof(parts: Parts, caller: Caller, signed: Signed) -> Standing | Nobody:
    """How the question stands that this session has asked."""

    def step(tx: Tx) -> Standing | Nobody:
        act, subject = begin(parts, caller), signed.session.digest
        return questions.standing(tx, act, signed.user.id, subject) or Nobody()

    return await parts.store.read(step)
