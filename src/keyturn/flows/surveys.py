"""An agent tells how its directory is: stored when it can be read, and only its own to tell.

Of its own controller every approved agent may speak, of the directory as a whole the primary
alone.  An agent is believed about its directory, but not trusted with the server: what it says
is read strictly, bounded, and stored as it was understood.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, TypeVar

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.directories import leases
from keyturn.rules.directories.health.codec import BEYOND, LEAST, decode, encode
from keyturn.rules.directories.health.facts import ListenerSight, PrimarySight
from keyturn.rules.directories.topology import Unreadable
from keyturn.steps import agents
from keyturn.steps.agents import Said, Speaker, denied
from keyturn.wire.messages import Denied, Surveyed, Taken

T = TypeVar("T")
#: longest that an agent says of its own controller, and a primary of all; characters
BESIDE_MAX: Final = 64_000
SEEN_MAX: Final = 200_000


async def take(parts: Parts, said: Said, message: Surveyed) -> Taken | Denied:
    """What an agent saw, stored.

    Denied besides what steps.agents.heard says: "message" (it cannot be read, or is about another
    controller than its own), "epoch" (it spoke for all, and is not primary: what it said of its
    own controller is stored).
    """
    beside = _read(ListenerSight, message.beside, BESIDE_MAX)
    seen = _read(PrimarySight, message.seen, SEEN_MAX) if message.seen else None
    if beside is None or (message.seen and seen is None):
        return denied("message")

    def do(tx: Tx, speaker: Speaker) -> Taken | Denied:
        return _take(tx, speaker, message, beside, seen)

    return await parts.store.write(agents.hearing(parts, said, message.run_id, do))


def _take(
    tx: Tx, speaker: Speaker, message: Surveyed, beside: ListenerSight, seen: PrimarySight | None
) -> Taken | Denied:
    agent, now = speaker.agent, speaker.act.now
    if beside.controller != agent.controller:
        return denied("message")
    place = agent.tenant_id, agent.directory_id
    ahead = max(LEAST, min(message.clock_ms - now, BEYOND - 1))
    noted = tx.health.note(*place, agent.id)
    tx.health.put_note(replace(noted, ahead_ms=ahead, beside=encode(beside), beside_at=now))
    if seen is None:
        return Taken()
    if not leases.leads(tx.directories.lease(*place), agent.id, message.run_id, now):
        return denied("epoch")
    tx.health.saw(*place, encode(seen), now)
    return Taken()


def _read(kind: type[T], text: str, most: int) -> T | None:
    if len(text) > most:
        return None
    try:
        return decode(kind, text)
    except Unreadable:
        return None
