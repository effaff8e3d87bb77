"""Directory passwords, through the signed door (docs/design/14-signed-door.md): how an account
stands, unlocking, a new password that was sealed in the app, the proof of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from keyturn.flows import phone_resets
from keyturn.flows.phone_resets import Choosing, JobView, Look, Refused, Seen
from keyturn.web.app_door import fields
from keyturn.web.app_door.fields import Field
from keyturn.web.directory_shown import account_shown, job_shown, policy_of
from keyturn.web.sealed import sealing

if TYPE_CHECKING:  # its table names what stands here
    from keyturn.web.app_door.operations import Answer, Call

ONE: Final[Mapping[str, Field]] = {"id": fields.ID}
ACCOUNT: Final[Mapping[str, Field]] = {"directory": fields.ID}
PROVED: Final[Mapping[str, Field]] = {**ACCOUNT, "proof": fields.PROOF}
SUBMIT: Final[Mapping[str, Field]] = {
    **ONE, "envelopes": fields.ENVELOPES, "proof": fields.PROOF,
}  # fmt: skip


# -- how things stand


async def look(call: Call) -> Answer:
    """The directory is asked how the account stands."""
    asked = call.body["directory"]
    return _standing(call, await phone_resets.look(call.parts, call.caller, call.said, asked))


async def looked(call: Call) -> Answer:
    """What it has said so far."""
    asked = call.body["id"]
    return _standing(call, await phone_resets.looked(call.parts, call.caller, call.said, asked))


def _standing(call: Call, found: Seen | Refused) -> Answer:
    """See the contract."""
    if isinstance(found, Refused):
        return found
    look = found.look if isinstance(found.look, Look) else None
    a = account_shown(found.account, found.look, call.parts.clock.now())
    known = policy_of(look)
    return {
        "look": look.id if look else "", "over": a.state != "asking", "directory": a.id,
        "domain": a.domain, "kind": a.directory_kind, "name": a.name, "state": a.state,
        "until": a.until, "expires_at": a.expires_at, "set_at": a.set_at,
        "bad_count": a.bad_count, "bad_at": a.bad_at,
        "asked_at": look.asked_at if look else None, "controller": a.controller,
        "cause": a.cause, "protected": a.protected, "can": a.can, "job": a.job,
        "by": found.account.waiting.starter if found.account.waiting else "",
        "policy": known["policy"], "names": known["account"],
    }  # fmt: skip


async def job(call: Call) -> Answer:
    """A job as it is now."""
    asked = call.body["id"]
    return _job(call, await phone_resets.view(call.parts, call.caller, call.said, asked))


async def cancel(call: Call) -> Answer:
    """A job is taken back, if that is still possible."""
    asked = call.body["id"]
    return _job(call, await phone_resets.cancel(call.parts, call.caller, call.said, asked))


def _job(call: Call, found: JobView | Refused) -> Answer:
    """See the contract."""
    if isinstance(found, Refused):
        return found
    j = job_shown(found, call.parts.clock.now())
    return {
        "id": j.id, "kind": j.kind, "state": j.state, "directory": j.directory_id,
        "domain": j.domain, "directory_kind": j.directory_kind, "account": j.account,
        "must_change": j.must_change, "unlocks": j.unlocks, "by": j.started_by,
        "started_at": j.started_at, "choose_until": j.choose_until,
        "finished_at": j.finished_at, "reason": j.reason, "data": _plain(j.data),
        "cause": found.cause, "everywhere": j.everywhere, "there": j.there,
        "arrived": j.arrived, "coming": j.coming, "read_only": j.read_only, "soon": j.soon,
        "proofs": [vars(one) for one in j.proofs], "stopped": j.stopped, "unbound": j.unbound,
        "already": j.already, "old_until": j.old_until, "over": j.over,
    }  # fmt: skip


def _plain(data: Mapping[str, Any]) -> Mapping[str, int | str]:
    """The numbers that a reason comes with."""
    return {name: value for name, value in data.items() if isinstance(value, int | str)}


# -- what the app lock stands before


async def unlock(call: Call) -> Answer:
    """Unlock, the password staying what it is."""
    asked, proof = call.body["directory"], call.body["proof"]
    found = await phone_resets.unlock(call.parts, call.caller, call.said, asked, proof)
    return _job(call, found)


async def choose(call: Call) -> Answer:
    """Begin a new password, or go on with the one that waits."""
    asked, proof = call.body["directory"], call.body["proof"]
    found = await phone_resets.choose(call.parts, call.caller, call.said, asked, proof)
    return sealing(found, call.caller.tenant.slug) if isinstance(found, Choosing) else found


async def submit(call: Call) -> Answer:
    """Hand the sealed password in."""
    body = call.body
    found = await phone_resets.submit(
        call.parts, call.caller, call.said, body["id"], body["envelopes"], body["proof"]
    )
    return _job(call, found)
