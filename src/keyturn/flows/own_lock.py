"""The phone's own lock (finger, face, screen) in place of the app's PIN: made, asked, forgotten.

    ask_new --> the platform makes a key --> add, with the PIN --> told by mail
    ask (one thing) --> the platform makes sure who it is --> proof of that one thing
    remove, with either --> the PIN alone, as before

The PIN stays, and is the way back.
"""

from __future__ import annotations

from typing import TypeVar

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.app_lock import Does, Doing, Proof
from keyturn.rules.callers import Caller
from keyturn.rules.passkeys import Attestation
from keyturn.steps import app_keys, phone_lock
from keyturn.steps.acts import Act, begin
from keyturn.steps.app_keys import Options
from keyturn.steps.phone_door import Heard, Refused, Said, Why, changing, heard

__all__ = ["Options", "Refused", "add", "ask", "ask_new", "remove"]

T = TypeVar("T")


async def ask(parts: Parts, caller: Caller, said: Said, doing: Doing) -> Options | Refused | None:
    """Ask the phone's own lock for one thing; None: it opens nothing here."""

    def step(tx: Tx) -> Options | Refused | None:
        act = begin(parts, caller)
        found = heard(tx, act, said, hold=True)
        return found if isinstance(found, Refused) else app_keys.ask(tx, act, found, doing)

    return await parts.store.write(step)


async def ask_new(parts: Parts, caller: Caller, said: Said) -> Options | Refused:
    """Ask the phone to make a key of its own lock."""

    def step(tx: Tx) -> Options | Refused:
        act = begin(parts, caller)
        found = changing(tx, act, said)
        return found if isinstance(found, Refused) else app_keys.creation(tx, act, found)

    return await parts.store.write(step)


async def add(
    parts: Parts, caller: Caller, said: Said, given: Attestation, proof: Proof | None
) -> Refused | None:
    """The phone's own lock opens the app from now on, besides the PIN."""
    await parts.passkeys.ready()

    def do(tx: Tx, act: Act, found: Heard) -> Refused | None:
        return None if app_keys.make(tx, act, found, given) else Refused(Why.KEY)

    return await phone_lock.opened(parts, caller, said, Doing(Does.LOCK_KEY), proof, do)


async def remove(parts: Parts, caller: Caller, said: Said, proof: Proof | None) -> Refused | None:
    """The PIN alone opens the app from now on."""
    doing = Doing(Does.LOCK_FORGET)
    return await phone_lock.opened(parts, caller, said, doing, proof, app_keys.forget)
