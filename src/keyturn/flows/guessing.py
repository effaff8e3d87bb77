"""What agents ask and say of tries of directory passwords (see channel.py for all else)."""

from __future__ import annotations

from typing import Final

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.directories.proofs import Bind
from keyturn.steps import agents, guesses
from keyturn.steps.agents import Said, Speaker, denied
from keyturn.wire.messages import AskTry, Denied, Guessed, Permitted, Taken

#: longest word that an agent gives as a reason, characters
REASON_MAX: Final = 40


async def permit(parts: Parts, said: Said, message: AskTry) -> Permitted | Denied:
    """Leave to try a password once; see steps.guesses.permit. Denied as steps.agents.heard says."""

    def do(tx: Tx, speaker: Speaker) -> Permitted:
        return guesses.permit(tx, speaker.act, speaker.agent, message)

    return await parts.store.write(agents.hearing(parts, said, message.run_id, do))


async def guessed(parts: Parts, said: Said, message: Guessed) -> Taken | Denied:
    """What came of a try. Denied as steps.agents.heard says, and "message"."""
    if message.bind not in {"", *Bind} or len(message.reason) > REASON_MAX:
        return denied("message")

    def do(tx: Tx, speaker: Speaker) -> Taken:
        guesses.guessed(tx, speaker.act, speaker.agent, message)
        return Taken()

    return await parts.store.write(agents.hearing(parts, said, message.run_id, do))
