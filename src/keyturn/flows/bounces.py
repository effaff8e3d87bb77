"""A mail came back: what it reports is joined to the message that it is about.

    mail --> names a message, signed by us --> is read as a report (RFC 3464) --> state

Reports come from anybody, through a command or a Maildir, and twice where a mail system
tries again.  One that is no report, that names no message of ours, or whose signature is
wrong changes nothing and leaves nothing behind.  Whoever handled a mail, its recipient
included, can forge a report about that one mail: so a report tells, and decides nothing.

Reading a mail made to be tedious takes a second. So the signature is looked for first, which
is cheap, and a mail without one is not read at all; the others are read beside the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from enum import StrEnum

from keyturn.ports.parts import Parts
from keyturn.rules import mail_reports, verp
from keyturn.rules.verp import Claim

__all__ = ["MOST_BYTES", "Came", "take"]

MOST_BYTES = mail_reports.MOST_BYTES


class Came(StrEnum):
    """What a mail to the bounce address was worth."""

    NEWS = "news"  # a message's state was changed by it
    KNOWN = "known"  # it tells nothing new, or too late
    NOT_OURS = "not-ours"  # it names no message of ours
    NO_REPORT = "no-report"  # a holiday answer, spam, anything else


async def take(parts: Parts, raw: bytes, addressed: str = "") -> Came:
    """Take one mail that came to the bounce address. Raises StoreUnavailable: give it again.

    Args:
        raw: the mail; at most MOST_BYTES of it are read.
        addressed: the address that it was delivered to, where the mail system tells.
    """
    raw = raw[:MOST_BYTES]
    if _signed(parts, (*verp.claims(addressed), *verp.claims_anywhere(raw))) is None:
        return Came.NOT_OURS
    found = await asyncio.to_thread(mail_reports.read, raw, addressed)
    if found is None:
        return Came.NO_REPORT
    message_id = _signed(parts, found.claims)
    if message_id is None:
        return Came.NOT_OURS
    now = parts.clock.now()
    moved = await parts.store.write(
        lambda tx: tx.messages.report(message_id, found.state, found.detail, now)
    )
    return Came.KNOWN if moved is None else Came.NEWS


def _signed(parts: Parts, claims: Sequence[Claim]) -> str | None:
    """The message that a mail is about: the first claim whose signature is ours."""
    for claim in claims:
        if verp.genuine(claim, parts.sealer.digest(verp.PURPOSE, claim.message_id)):
            return claim.message_id
    return None
