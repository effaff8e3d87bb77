"""This wasn't me: an owner objects to a change that a notice told of.

Opening the link changes nothing.  Confirming it ends every session, forgets every known
client, kills the password (whoever made the change may know it), stops a new phone that the help
desk was asked for, makes devices nobody's that somebody else took over within the day, freezes
changes and opens a case.  The owner chooses a new password by recovery, which goes on working; what
stands frozen support opens again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.accounts import Flow, User
from keyturn.rules.callers import Caller
from keyturn.rules.codes import Right, Used, Verdict
from keyturn.rules.events import Event
from keyturn.rules.recoveries import Stop
from keyturn.steps import addresses, device_ends, erasure, lanes, links, lost_phones, sessions
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.cases import OPEN, open_case
from keyturn.steps.links import LinkState
from keyturn.steps.objections import KIND
from keyturn.steps.outbox import mail_notice

__all__ = ["LinkState", "NothingOpen", "Stopped", "confirm", "look"]


@dataclass(frozen=True, slots=True)
class Stopped:
    """Nobody is signed in, nothing can be changed. `ref`: the case's reference."""

    ref: str


@dataclass(frozen=True, slots=True)
class NothingOpen:
    """No notice ever carried this link."""


async def look(parts: Parts, caller: Caller, token: str) -> LinkState:
    """What the link is worth; changes nothing (mail programs open links on their own)."""
    act = begin(parts, caller)
    return await parts.store.read(lambda tx: links.look(tx, act, token, KIND))


async def confirm(parts: Parts, caller: Caller, token: str) -> Stopped | Verdict | NothingOpen:
    """The owner objects. Doing so again with the same link shows the same case."""

    def step(tx: Tx) -> Stopped | Verdict | NothingOpen:
        act = begin(parts, caller)
        followed = links.follow(tx, act, token, KIND)
        user = tx.users.lock(act.tenant.id, followed[0].user_id or "") if followed else None
        if followed is None or user is None:
            return NothingOpen()
        flow, verdict = followed
        if isinstance(verdict, Used):
            return Stopped(ref=str(flow.data["ref"]))
        return _stop(tx, act, flow, user) if isinstance(verdict, Right) else verdict

    return await parts.store.write(step)


def _stop(tx: Tx, act: Act, flow: Flow, user: User) -> Stopped:
    before = flow.data.get("email")
    user = addresses.give_back(tx, act, user, str(before)) if before else user
    user = erasure.objected(user)
    frozen = replace(user, frozen_at=user.frozen_at or act.now, password_hash=None)
    frozen = sessions.end_all(tx, act, frozen, "objection")
    lanes.interrupt(tx, act, frozen)
    forgotten = tx.clients.forget(act.tenant.id, user.id, None)
    device_ends.objected(tx, act, user)
    ref = _running(tx, act, user) or _opened(tx, act, flow, frozen)
    lost_phones.stop(tx, act, frozen, Stop.OBJECTION)
    tx.flows.save(replace(flow, step="done", closed_at=act.now, data={"ref": ref}))
    record(tx, act, Event.NOT_ME, frozen, {"ref": ref, "clients": forgotten})
    return Stopped(ref=ref)


def _running(tx: Tx, act: Act, user: User) -> str | None:
    """The case of an earlier objection that support still works on."""
    if user.frozen_at is None:
        return None
    every = tx.cases.of_user(act.tenant.id, user.id)
    return next((c.ref for c in every if c.state == OPEN and c.facts.get("cause") == KIND), None)


def _opened(tx: Tx, act: Act, flow: Flow, user: User) -> str:
    """A case, and a mail with its reference."""
    facts = {"cause": KIND, "notice_at": flow.created_at, "ip": act.caller.ip}
    case = open_case(tx, act, user, identifier=user.email, contact=user.email, note="", facts=facts)
    mail_notice(tx, act, "not_me_done", user, {"at": act.now, "ref": case.ref})
    return case.ref
