"""From how a job ended to the catalogue's cause for it (rules/diagnosis/directory*.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from keyturn.rules.directories.resets import JobState

#: of jobs that are not done, by reason
NOT_DONE: Final[Mapping[str, str]] = {
    # what the directory says (answers.REASONS)
    "too_short": "directory.too-short",
    "too_simple": "directory.too-simple",
    "used_before": "directory.used-before",
    "too_young": "directory.too-young",
    "policy": "directory.policy",
    "no_right": "directory.no-right",
    "credentials": "directory.agent-credentials",
    "gone": "directory.account-gone",
    "read_only": "directory.read-only",
    "not_private": "directory.not-private",
    "busy": "directory.controller-busy",
    "too_late": "directory.controller-busy",
    "malformed": "directory.malformed",
    "wrong_old": "directory.malformed",
    "protected": "directory.protected",
    "unwilling": "directory.unwilling",
    # why it could not be asked (agent/ports.Unreachable.cause)
    "name": "directory.controller-name",
    "refused": "directory.controller-unreachable",
    "timeout": "directory.controller-unreachable",
    "tls_old": "directory.tls-old",
    "tls_ca": "directory.tls-ca",
    "tls_name": "directory.tls-name",
    "tls_expired": "directory.tls-expired",
    "tls": "directory.tls",
    # ours
    "not_chosen": "directory.not-chosen",
    "cancelled": "directory.cancelled",
    "superseded": "directory.superseded",
    "deadline": "directory.deadline",
    "unsent": "directory.interrupted",
    "interrupted": "directory.interrupted",
    "seal": "directory.seal",
    "late": "directory.interrupted",
    # why a change at next logon would not bind (agent/ports.AccountView)
    "never_expires": "directory.must-change",
    "must_change": "directory.must-change",
    "smart_card": "directory.must-change",
    "cannot_change": "directory.must-change",
}
#: every cause that `cause_of` may tell
ENDS: Final = frozenset({
    *NOT_DONE.values(), "directory.untried", "directory.changed", "directory.unsettled",
    "directory.unbound",
})  # fmt: skip
#: causes of "unreachable" that stand above; any other is a controller that does not answer
WAYS: Final = frozenset(
    {"name", "refused", "timeout", "tls_old", "tls_ca", "tls_name", "tls_expired", "tls",
     "credentials"}
)  # fmt: skip
#: of any other reason: a word of a newer agent
OTHER: Final = "directory.unwilling"


def word_of(reason: str, data: Mapping[str, object]) -> str:
    """The reason, or for "unreachable" its own cause."""
    if reason != "unreachable":
        return reason
    cause = str(data.get("cause", ""))
    return cause if cause in WAYS else "timeout"


def cause_of(state: JobState, reason: str, data: Mapping[str, object]) -> str | None:
    """The cause's id; None for a job that is under way, or done with nothing to explain.

    Args:
        data: of the job's detail.
    """
    match state:
        case JobState.NOT_DONE:
            return NOT_DONE.get(word_of(reason, data), OTHER)
        case JobState.CHANGED:
            return "directory.untried" if reason == "untried" else "directory.changed"
        case JobState.UNSETTLED:
            return "directory.unsettled"
        case JobState.DONE if "unbound" in data:
            return "directory.unbound"
        case _:
            return None
