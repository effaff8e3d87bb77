"""What several rooms say in the same way: codes, new passwords, where to go on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keyturn.rules.codes import Expired, Replaced, Right, Used, Verdict, Wrong
from keyturn.rules.passwords import PasswordFault, PasswordProblem
from keyturn.web.api import problems
from keyturn.web.api.call import Call
from keyturn.web.api.pending import Out
from keyturn.web.refusals import Refusal

_LIMITED = (PasswordFault.TOO_SHORT, PasswordFault.TOO_LONG)


def code_refused(call: Call, verdict: Verdict, pending: Out) -> Refusal:
    """A code's verdict as a problem."""
    match verdict:
        case Wrong(left=left):
            return call.refusal(problems.WRONG_CODE, pending, left=left)
        case Expired(at=at):
            return call.refusal(problems.CODE_EXPIRED, pending, at=at)
        case Replaced(at=at):
            return call.refusal(problems.CODE_REPLACED, pending, at=at)
        case Used(at=at):
            return call.refusal(problems.CODE_USED, pending, at=at)
        case Right():  # right, and yet of no use: its account went away meanwhile
            return call.refusal(problems.CODE_SPENT, pending)
        case _:
            return call.refusal(problems.CODE_SPENT, pending)


def password_faults(found: Sequence[PasswordProblem]) -> list[dict[str, Any]]:
    """The schema FAULTS of what is wrong with a password."""
    return [
        {
            "fault": str(p.fault),
            "limit": p.limit if p.fault in _LIMITED else None,
            "word": p.word or None,
        }
        for p in found
    ]
