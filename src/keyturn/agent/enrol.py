"""Becoming an agent: a token once, keys of its own, and the directory's identity if it has none."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from keyturn import __version__
from keyturn.agent import identity, system, who
from keyturn.agent import keys as keyring
from keyturn.agent.config import Config
from keyturn.agent.ports import Link
from keyturn.agent.state import State
from keyturn.agent.who import Who
from keyturn.wire.messages import Begun, Enrol, Enrolled


@dataclass(frozen=True, slots=True)
class Entered:
    """What came of it.

    Attributes:
        approved: False: somebody runs `keyturn agent approve` on an approved agent first.
        founded: this agent has just made the directory's identity.
    """

    who: Who
    approved: bool
    founded: bool


Links = Callable[[Who], AbstractAsyncContextManager[Link]]


async def enrol(
    state: State, config: Config, token: str, first: Link, links: Links, now: int
) -> Entered:
    """Trade a token for an id, and keep what belongs to it.

    Keys are on the disk before the server hears of them, so that a crash or a lost answer
    costs nothing: the same token with the same keys gets the same answer.

    Args:
        state: locked, and not enrolled.
        first: a link without an id. links: makes one for the id that was given.
        now: ms since the epoch.

    Raises LinkDown, LinkDenied, Mistrusted, StateUnusable.
    """
    keys = keyring.load_or_make(state)
    answer = await first.call(
        Enrol(
            token, config.name, config.controller, keys.signing_public, keys.sealing_public,
            system.machine(), system.place(), __version__, config.kind,
        ),
        Enrolled,
    )  # fmt: skip
    me = Who.enrolled(answer, config.name, config.server)
    who.save(state, me)
    begun = Begun(answer.approved, None, None, answer.identity)
    async with links(me) as link:
        found = await identity.found(link, state, keys, me, begun, now)
    if found.approved and found is not begun:
        return Entered(identity.admitted(state, keys, me, found, now), approved=True, founded=True)
    return Entered(me, found.approved, founded=False)


def forget(state: State) -> None:
    """Make room for a new enrolment after a revocation: id, keys, certificate. What may still be
    needed stays: the journal, and the directory's identity key.
    """
    for name in (who.FILE, keyring.SIGNING, keyring.SEALING, who.CERTIFICATE, who.RUN, who.KNOWN):
        state.remove(name)
