"""What a caller who was verified has proved, to whom, and for how long.

The question that the phone approved is the proof: it names the user, the technician who asked (its
subject) and when it was used.  It is good for that technician and for minutes, so that one who
answers the phone an hour later verifies anew; codes and answers read aloud can be relayed, so it is
one proof among those that a dangerous change needs (SPEC §5), never enough by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from keyturn.rules.accounts import User
from keyturn.rules.approvals import Approval, Kind, State
from keyturn.rules.lockout import MINUTE

#: how long a verified caller counts as verified
PROOF_MS: Final = 10 * MINUTE


def proved_until(one: Approval) -> int | None:
    """Until when it proves the caller (ms); None: it proves nothing."""
    if one.kind is not Kind.CALLER or one.state is not State.USED or one.used_at is None:
        return None
    return one.used_at + PROOF_MS


def proved_to(
    history: Iterable[Approval], user: User, technician_id: str, now: int
) -> int | None:  # fmt: skip
    """Until when this user is proved to this technician; None: they are not, at `now`.

    Args:
        history: questions, whoever's they are; what came before a reset or a disabling proves
            nothing after it.
    """
    who = (user.id, user.epoch, technician_id)
    theirs = (one for one in history if (one.user_id, one.epoch, one.subject) == who)
    ends = (until for one in theirs if (until := proved_until(one)) is not None and now < until)
    return max(ends, default=None)
