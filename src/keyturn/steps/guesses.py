"""Tries of directory passwords: begun, handed in, given leave, answered.

Each is one try on one account, or on a name that nobody has; how they are counted stands in
rules/directories/signins.  Whose name it is was looked up by the caller; from here on the way
is the same, with the same statements.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from keyturn.ports.store import Tx
from keyturn.rules.directories.proofs import Bind
from keyturn.rules.directories.resets import Envelope
from keyturn.rules.directories.signins import tries
from keyturn.rules.directories.signins.budget import Limits
from keyturn.rules.directories.signins.tries import WAITING, Ask, Submit, Told, Try
from keyturn.rules.directories.things import Agent, LinkedAccount
from keyturn.steps import guess_traces, sealing, standby
from keyturn.steps.acts import Act
from keyturn.wire.messages import AskTry, Guessed, Permitted

#: purpose of the digests of names that nobody has (ports.secrets.Sealer.digest)
PURPOSE: Final = "directory-lane"


def lane_of(act: Act, account: LinkedAccount | None, canonical: str) -> str:
    """What names the streak: the account, so that all its spellings share it, or the name.

    Args:
        canonical: the name as rules.identifiers.canonical writes it. A digest is made of it
            for every name, so that each takes the same time.
    """
    absent = "n:" + act.parts.sealer.digest(PURPOSE, f"{act.tenant.id}|{canonical}")
    return absent if account is None else "g:" + account.guid


def begin(tx: Tx, act: Act, directory_id: str) -> Try:
    """What a page seals for; the caller has made sure that the directory is the tenant's."""
    one = tries.begun(act.id(), act.tenant.id, directory_id, act.now)
    tx.signins.add(one)
    return one


def submit(
    tx: Tx, act: Act, one: Try, account: LinkedAccount | None, canonical: str,
    envelopes: Sequence[Envelope],
) -> str:  # fmt: skip
    """Hand a try in. Doing so again in the same words is doing it once.

    Args:
        one: held by this transaction.
        account: whose name it is; None for a name that nobody has. One of another directory
            is nobody's here.

    Returns: "" if it waits for an agent, else "sealed" (not one envelope of the right size for
    each agent that can open it), "full" (too many wait), "late" or "settled".
    """
    fresh = one.state is tries.TryState.SEALING
    if fresh and not sealing.fit_for(tx, one.tenant_id, one.directory_id, envelopes, act.now):
        return "sealed"
    if fresh and tx.signins.waiting(one.tenant_id, one.directory_id, act.now) >= WAITING:
        return "full"
    here = (one.tenant_id, one.directory_id)
    known = account if account and (account.tenant_id, account.directory_id) == here else None
    named = Submit(
        guid=known.guid if known else "", user_id=known.user_id if known else None,
        lane=lane_of(act, known, canonical), envelopes=tuple(envelopes),
    )  # fmt: skip
    after, why = tries.submit(one, named, act.now)
    _store(tx, one, after)
    return why


def permit(tx: Tx, act: Act, agent: Agent, asked: AskTry) -> Permitted:
    """Leave to try once, see rules.directories.signins.tries.ask. "gone": there is no such try
    of this agent's directory, or nothing that it could open.

    The caller has made sure that `asked.run_id` is the agent's present run.
    """
    one = _held(tx, agent, asked.try_id)
    if one is None or not _able(agent, one):
        return Permitted(0, "gone")
    limits = Limits(asked.threshold, asked.window_ms) if _sane(asked) else None
    lease = tx.directories.lease(one.tenant_id, one.directory_id)
    ask = Ask(agent.id, asked.run_id, limits, max(0, asked.needs_ms), lease)
    streak = tx.signins.streak(one.tenant_id, one.directory_id, one.lane)
    decision = tries.ask(one, streak, ask, act.now)
    if decision.streak != streak:
        tx.signins.keep(one.tenant_id, one.directory_id, one.lane, decision.streak)
    _store(tx, one, decision.one)
    guess_traces.told(tx, act, one, decision.one)
    if decision.why or decision.one.until is None:
        return Permitted(0, decision.why)
    return Permitted(decision.one.until - act.now, "")


def guessed(tx: Tx, act: Act, agent: Agent, said: Guessed) -> str:
    """What an agent says of a try; "" where it counts, else why not (an agent need not know).

    The caller has made sure that `said.run_id` is the agent's present run.
    """
    one = _held(tx, agent, said.try_id)
    if one is None or not _able(agent, one):
        return "gone"
    lease = tx.directories.lease(one.tenant_id, one.directory_id)
    bind = Bind(said.bind) if said.bind else None
    streak = tx.signins.streak(one.tenant_id, one.directory_id, one.lane)
    told = Told(agent.id, said.run_id, bind, said.reason, lease)
    decision = tries.told(one, streak, told, act.now)
    if decision.streak != streak:
        tx.signins.keep(one.tenant_id, one.directory_id, one.lane, decision.streak)
    _store(tx, one, decision.one)
    guess_traces.told(tx, act, one, decision.one)
    return decision.why


def _sane(asked: AskTry) -> bool:
    return asked.readable and asked.threshold >= 0 and asked.window_ms >= 0


def _able(agent: Agent, one: Try) -> bool:
    """A candidate that was sealed to, of a try that was handed in; one that is answered has
    envelopes no more, and is told to be over.
    """
    sealed = standby.sealed_for(agent, one.envelopes) is not None
    handed_in = one.asked_at is not None
    over = one.state is tries.TryState.ANSWERED
    return bool(standby.candidates([agent])) and handed_in and (sealed or over)


def _held(tx: Tx, agent: Agent, try_id: str) -> Try | None:
    """A try of the agent's own directory, held."""
    one = tx.signins.lock(agent.tenant_id, try_id)
    return one if one is not None and one.directory_id == agent.directory_id else None


def _store(tx: Tx, before: Try, after: Try) -> None:
    if after != before:
        tx.signins.save(after, before.state)
