"""What can be seen of a person's directory account: its agents, the last job, the last look."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from keyturn.ports.directories import Look
from keyturn.ports.store import Tx
from keyturn.rules.accounts import User
from keyturn.rules.budgets import DIRECTORY_JOBS, exhausted
from keyturn.rules.diagnosis import VOCABULARY, Blind, directory_again
from keyturn.rules.directories import resets
from keyturn.rules.directories.causes import word_of
from keyturn.rules.directories.logons.source import Found, decode
from keyturn.rules.directories.proofs import THERE
from keyturn.rules.directories.resets import Job
from keyturn.rules.directories.things import Agent, AgentState, LinkedAccount
from keyturn.rules.lockout import HOUR
from keyturn.steps import charts, standby
from keyturn.steps.acts import Act
from keyturn.steps.evidence.page import Page

#: why a change at next logon would not bind: the reason says it
_UNBINDING = frozenset({"never_expires", "must_change", "smart_card", "cannot_change"})
_VIEW = {
    "disabled": "disabled", "expired": "expired_account", "must_change": "must_change",
    "password_expires_at": "password_expires_at", "locked_until": "locked_until",
}  # fmt: skip


def directory(page: Page, tx: Tx, act: Act, user: User) -> None:
    """The account linked first, and the person's newest job. What is not there is asked for
    under an empty name: every person costs the same statements.
    """
    linked = tx.directories.linked(act.tenant.id, user.id)
    newest = tx.jobs.of(act.tenant.id, None, user.id, 1)
    account = linked[0] if linked else None
    directory_id, guid = (account.directory_id, account.guid) if account else ("", "")
    where = tx.directories.get(act.tenant.id, directory_id)
    page.note("directory.", kind=str(where.kind) if where else None)
    agents = tx.agents.of(act.tenant.id, directory_id)
    look = tx.jobs.last_look(act.tenant.id, directory_id, guid)
    _agents(page, account, agents, act.now)
    _spent(page, tx, act, account)
    _looked(page, account, look)
    _job(page, tx, act, resets.shown(newest[0], act.now) if newest else None)


def _agents(page: Page, account: LinkedAccount | None, agents: Sequence[Agent], now: int) -> None:
    heard = [agent.run.seen_at for agent in agents if agent.run is not None]
    page.note(
        "directory.", linked=account is not None, agent=standing(agents, now) if account else None,
        heard_at=max(heard, default=None),
    )  # fmt: skip


def standing(agents: Sequence[Agent], now: int) -> str:
    """How the agents of a directory stand, in one word (see the fact `directory.agent`)."""
    able = standby.candidates(agents)
    if able:
        return "alive" if standby.living(able, now) else "silent"
    if any(agent.clone_at is not None for agent in agents):
        return "cloned"
    if any(agent.state is not AgentState.REVOKED for agent in agents):
        return "waiting"
    return "revoked" if agents else "none"


def _spent(page: Page, tx: Tx, act: Act, account: LinkedAccount | None) -> None:
    key = f"{account.directory_id}|{account.guid}" if account else ""
    spent = tx.budgets.look(act.tenant.id, key, DIRECTORY_JOBS)
    over = spent is not None and exhausted(spent, act.now, DIRECTORY_JOBS)
    page.note("directory.", spent_until=spent.start + HOUR if spent and over else None)


def _looked(page: Page, account: LinkedAccount | None, look: Look | None) -> None:
    names = (*_VIEW, "locked", "looked_at")
    if account is None:
        page.note("directory.", **dict.fromkeys(names))
        page.note(**directory_again.facts(None))
        return
    if look is None or not look.view:
        page.miss(Blind.NOT_LOOKED_AT, *(f"directory.{name}" for name in names))
        page.miss(Blind.NOT_LOOKED_AT, *directory_again.facts(None))
        return
    view: dict[str, Any] = json.loads(look.view)
    _again(page, decode(view.get("again")))
    page.note("directory.", **{name: view.get(key) for name, key in _VIEW.items()})
    locked = view.get("locked_until")
    page.note(
        "directory.", looked_at=look.answered_at, locked=locked is not None,
        locked_until=locked or None,
    )  # fmt: skip


def _again(page: Page, found: Found | None) -> None:
    """Why it locks again, if that was asked: the likeliest source."""
    if found is None:
        page.miss(Blind.NOT_LOOKED_AT, *directory_again.facts(None))
    else:
        page.note(**directory_again.facts(found.sources[0] if found.sources else None))


def _job(page: Page, tx: Tx, act: Act, job: Job | None) -> None:
    proofs = tx.jobs.proofs(act.tenant.id, job.id if job else "")
    there = {proof.controller for proof in proofs if proof.state in THERE}
    wanted = charts.writable(tx, act.tenant.id, job.directory_id if job else "")
    data: Mapping[str, Any] = json.loads(job.detail) if job and job.detail else {}
    done = job is not None and job.state is resets.JobState.DONE
    page.note(
        "reset.",
        kind=str(job.kind) if job else None,
        state=str(job.state) if job else None,
        reason=_reason(job, data),
        started_at=job.created_at if job else None,
        finished_at=job.finished_at if job else None,
        everywhere_at=job.everywhere_at if job else None,
        missing=len(wanted - there) if done else None,
        unbound="unbound" in data,
        minimum=data.get("minimum"),
        history=data.get("history"),
        min_age_hours=int(data["min_age_ms"]) // HOUR if "min_age_ms" in data else None,
        why=data.get("why") or (job.reason if job and job.reason in _UNBINDING else None),
        controller=data.get("controller")
        or (job.permit.controller if job and job.permit else None),
        detail=data.get("diagnostic"),
    )


def _reason(job: Job | None, data: Mapping[str, Any]) -> str | None:
    """The reason, "other" for a word of a newer agent."""
    if job is None or not job.reason:
        return None
    word = word_of(job.reason, data)
    return word if word in VOCABULARY["reset.reason"].words else "other"
