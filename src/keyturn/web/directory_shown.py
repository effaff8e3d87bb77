"""What pages and the phone app show of a directory account and of a job on it: words of one's own
domain turned into a few plain values, so that templates only choose sentences.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, Final

from keyturn.flows.resets import Account, Hindered, JobView, Look
from keyturn.rules.diagnosis.catalogue import BY_ID
from keyturn.rules.directories.entries import DirectoryKind
from keyturn.rules.directories.proofs import THERE, ProofState
from keyturn.rules.directories.resets import JobKind, JobState, Proof
from keyturn.rules.lockout import DAY, SECOND

#: a password that ends within this time is worth a word
SOON_MS: Final = 14 * DAY
#: within a site a controller tells its partners after this time (MS-ADTS, "notification delay";
#: 15 s, and 3 s more for each further partner)
WITHIN_SITE_MS: Final = 15 * SECOND
_NOT_HERE: Final = frozenset({"gone", "not_found"})
#: states in which no password helps, whatever it is
_SHUT: Final = frozenset({"asking", "silent", "spent", "gone", "disabled", "ended"})


def account_shown(account: Account, look: Look | Hindered, now: int) -> SimpleNamespace:
    """One account as `directory.html` wants it.

    Args:
        look: what was asked, answered or not; or why nothing could be asked.
    """
    view = _view(look)
    state = _state(look, view, now)
    waiting = account.waiting
    return SimpleNamespace(
        id=account.directory_id, domain=account.directory, directory_kind=str(account.kind),
        name=account.name, state=state,
        until=_until(look, view), expires_at=view.get("password_expires_at"),
        set_at=view.get("password_set_at"), bad_count=view.get("bad_count", 0),
        bad_at=view.get("bad_at"), controller=view.get("controller", ""),
        cause=_cause(look), protected=view.get("protected", ""),
        watch=_stream(look) if state == "asking" else "",
        can=_can(state, view), job=waiting.id if waiting else "",
    )  # fmt: skip


def standing(look: Look, now: int) -> tuple[str, int | None]:
    """How an account stands by an answer, as `state` and `until` of account_shown."""
    view = _view(look)
    return _state(look, view, now), _until(look, view)


def _until(look: Look | Hindered, view: Mapping[str, Any]) -> int | None:
    """When a lock, or a pause, ends by itself."""
    return look.until if isinstance(look, Hindered) else view.get("locked_until") or None


def _stream(look: Look | Hindered) -> str:
    return f"/account/directory/looks/{look.id}/events" if isinstance(look, Look) else ""


def _view(look: Look | Hindered | None) -> dict[str, Any]:
    return dict(json.loads(look.view)) if isinstance(look, Look) and look.view else {}


def _cause(look: Look | Hindered) -> str:
    return look.cause if isinstance(look, Look) else look.why


def _state(look: Look | Hindered, view: Mapping[str, Any], now: int) -> str:
    """A key of VERDICTS in directory_words.html: what matters most comes first."""
    if not view:
        cause = _cause(look)
        known = {"": "asking", "spent": "spent"} | dict.fromkeys(_NOT_HERE, "gone")
        return known.get(cause, "silent")
    expires_at = view["password_expires_at"]
    found = {
        "disabled": view["disabled"],
        "ended": view["expired_account"],
        "locked": view["locked_until"] is not None,
        "must_change": view["must_change"],
        "expired": expires_at is not None and expires_at <= now,
        "expiring": expires_at is not None and expires_at - now < SOON_MS,
    }
    return next((word for word, holds in found.items() if holds), "well")


def _can(state: str, view: Mapping[str, Any]) -> tuple[str, ...]:
    """What is offered: the likeliest first."""
    if state in _SHUT or view.get("protected"):
        return ()
    return ("unlock", "reset") if state == "locked" else ("reset",)


def policy_of(look: Look | None) -> dict[str, Any]:
    """What static/policies.js judges by: `policy` (None if it is not known, or not yet), and
    `account`, whose names no password may hold.
    """
    view = _view(look)
    return {
        "policy": view.get("policy"),
        "account": {"name": view.get("name", ""), "display": view.get("display", "")},
    }


def job_shown(job: JobView, now: int) -> SimpleNamespace:
    """One job as `_directory_job.html` wants it."""
    writable = [p for p in job.proofs if p.state is not ProofState.READ_ONLY]
    home = next((p.site for p in job.proofs if p.controller == job.settled_on), "")
    # elsewhere nobody can say how long it takes
    copies = job.directory_kind is DirectoryKind.ACTIVE_DIRECTORY
    proofs = [_proof(p, near=copies and p.site == home) for p in writable]
    coming = [p for p in proofs if p.state == ProofState.WAITING]
    # that a password works somewhere is said only of where it was tried
    shown = {ProofState.PROVED} if job.kind is JobKind.RESET else THERE
    return SimpleNamespace(
        id=job.id, kind=str(job.kind), state=str(job.state), directory_id=job.directory_id,
        domain=job.directory, directory_kind=str(job.directory_kind),
        account=job.account, must_change=job.must_change, unlocks=job.unlock,
        started_by=job.starter, staff=job.started_by is not None,
        started_at=job.created_at, choose_until=job.ends_at, reason=job.reason, data=job.data,
        finished_at=job.finished_at,
        everywhere=job.everywhere_at is not None or _only(writable),
        there=[p.host for p in proofs if p.state in shown],
        arrived=[p.host for p in proofs if p.state in THERE - shown],
        coming=[p.host for p in coming],
        soon=_left(coming, job.finished_at, now), proofs=proofs,
        read_only=[p.controller for p in job.proofs if p.state is ProofState.READ_ONLY],
        stopped=job.reason if job.state is JobState.DONE else "",
        unbound=job.unbound and job.kind is JobKind.RESET, already=job.already,
        old_until=job.old_until, over=job.over,
        remedy=_remedy(job),
    )  # fmt: skip


def _remedy(job: JobView) -> str:
    """What to do about how it ended, in the person's words of the catalogue; "" for nothing."""
    cause = BY_ID.get(job.cause or "")
    return cause.person.do if cause else ""


def _only(writable: list[Proof]) -> bool:
    """Whether there is but one, and it is there."""
    return len(writable) == 1 and writable[0].state in THERE


def _proof(proof: Proof, *, near: bool) -> SimpleNamespace:
    waits = proof.state is ProofState.WAITING
    return SimpleNamespace(
        host=proof.controller, site=proof.site, state=str(proof.state), at=proof.at,
        delay_ms=proof.delay_ms, soon=WITHIN_SITE_MS if near and waits else None,
    )  # fmt: skip


def _left(coming: list[SimpleNamespace], finished_at: int | None, now: int) -> int | None:
    """About how long until all that is on its way has arrived, by what directories do within
    a site; None where a site link decides it, or where it has taken longer already.
    """
    if not coming or finished_at is None or any(p.soon is None for p in coming):
        return None
    left = finished_at + WITHIN_SITE_MS - now
    return left if left > 0 else None
