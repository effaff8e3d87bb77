"""The phone's own lock as a key of the app lock (docs/design/14-signed-door.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from keyturn.flows import own_lock
from keyturn.flows.own_lock import Options, Refused
from keyturn.rules.app_lock import Does, Doing
from keyturn.web.app_door import fields
from keyturn.web.app_door.fields import Field

if TYPE_CHECKING:  # its table names what stands here
    from keyturn.web.app_door.operations import Answer, Call

ASK: Final[Mapping[str, Field]] = {
    "does": fields.shaped("|".join(Does)), "about": fields.CURSOR,
}  # fmt: skip
FORGET: Final[Mapping[str, Field]] = {"proof": fields.PROOF}
MAKE: Final[Mapping[str, Field]] = {"made": fields.MADE, **FORGET}


async def ask(call: Call) -> Answer:
    """A question for one thing."""
    doing = Doing(Does(call.body["does"]), call.body["about"] or "")
    return _options(await own_lock.ask(call.parts, call.caller, call.said, doing))


async def ask_new(call: Call) -> Answer:
    """A question that makes a key."""
    return _options(await own_lock.ask_new(call.parts, call.caller, call.said))


def _options(found: Options | Refused | None) -> Answer:
    return found if isinstance(found, Refused) else {"options": found}


async def make(call: Call) -> Answer:
    """The key is kept."""
    made, proof = call.body["made"], call.body["proof"]
    return await own_lock.add(call.parts, call.caller, call.said, made, proof) or {}


async def forget(call: Call) -> Answer:
    """The key is forgotten."""
    proof = call.body["proof"]
    return await own_lock.remove(call.parts, call.caller, call.said, proof) or {}
