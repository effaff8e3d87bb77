"""Made-up contexts for the pages of directory passwords; see preview_samples.py."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace as Row
from typing import Any

from keyturn.flows.resets import Account, Hindered, JobView, Look
from keyturn.rules.directories.causes import cause_of
from keyturn.rules.directories.entries import DirectoryKind
from keyturn.rules.directories.proofs import ProofState
from keyturn.rules.directories.resets import FINAL, JobKind, JobState, Proof
from keyturn.rules.lockout import DAY, HOUR, MINUTE, SECOND
from keyturn.web.directory_shown import account_shown, job_shown, policy_of

NOW = 1_767_965_460_000
WELL: dict[str, Any] = {
    "controller": "dc1.corp.example.test", "guid": "00", "name": "ann", "upn": "",
    "display": "Ann Lindqvist", "locked_until": None, "disabled": False, "expired_account": False,
    "must_change": False, "password_expires_at": NOW + 12 * DAY, "bad_count": 0, "bad_at": None,
    "password_set_at": NOW - 30 * DAY, "protected": "", "must_change_binds": "",
    "policy": {"source": "domain", "min_length": 14, "complexity": True, "history": 24,
               "history_on_reset": True, "min_age_ms": DAY, "max_age_ms": 42 * DAY,
               "lockout_threshold": 5, "lockout_ms": 30 * MINUTE, "observation_ms": 30 * MINUTE},
}  # fmt: skip
AD = DirectoryKind.ACTIVE_DIRECTORY
LATE: dict[str, Any] = {"password_expires_at": NOW + 80 * DAY}
LOCKED: dict[str, Any] = {
    "locked_until": NOW + 36 * MINUTE,
    "bad_count": 5,
    "bad_at": NOW - 2 * MINUTE,
}


def look(cause: str = "", view: dict[str, Any] | None = None) -> Look:
    """A look that was answered, by `view` or by `cause`; or not yet."""
    text = json.dumps(view) if view else ""
    answered = NOW if view or cause else None
    return Look("l1", "t1", "d1", "u1", "00", "", "u1", NOW - SECOND, NOW, text, cause, answered)


def stands(cause: str = "", **changes: Any) -> dict[str, Any]:
    """A context of directory.html."""
    account = Account("d1", "corp.example.test", AD, "ann", "", None, None)
    found = look(cause, None if cause else WELL | changes)
    return {"a": account_shown(account, found, NOW), "look": "l1", "hindered": None}


def paused() -> dict[str, Any]:
    """The same when it was asked too often."""
    account = Account("d1", "corp.example.test", AD, "ann", "", None, None)
    spent = Hindered("spent", NOW + 20 * MINUTE)
    return {"a": account_shown(account, spent, NOW), "look": "", "hindered": None}


def asking() -> dict[str, Any]:
    """The same before there is an answer."""
    account = Account("d1", "corp.example.test", AD, "ann", "", None, None)
    return {"a": account_shown(account, look(), NOW), "look": "l1", "hindered": None}


def proofs(*states: str) -> tuple[Proof, ...]:
    """One controller in each of these states, by turns in two sites."""
    return tuple(
        Proof(f"dc{n}.corp.example.test", ("Lisbon", "Hamburg")[n % 2], ProofState(state),
              NOW - SECOND, 1100 * (n - 1) if state in {"proved", "arrived"} else None)
        for n, state in enumerate(states, 1)
    )  # fmt: skip


def job(state: JobState, kind: JobKind = JobKind.RESET, **changes: Any) -> JobView:
    """A job of Ann's."""
    fields: dict[str, Any] = {
        "id": "01k0job0000000000000000000", "kind": kind, "state": state, "directory_id": "d1",
        "directory": "corp.example.test", "directory_kind": AD, "account": "ann",
        "user_id": "u1", "started_by": None,
        "starter": "", "must_change": False, "unlock": True, "created_at": NOW - 20 * SECOND,
        "ends_at": NOW + 14 * MINUTE, "deadline": NOW + 50 * SECOND, "everywhere_at": None,
        "finished_at": NOW - 2 * SECOND if state in {"done", "not_done", "changed"} else None,
        "reason": "", "data": {}, "diagnostic": "", "cause": None, "proofs": (), "settled_on": "",
        "unbound": False, "already": False, "old_until": None,
        "over": state in {"done", "not_done", "changed"},
    }  # fmt: skip
    if state is JobState.DONE:
        fields |= {"settled_on": "dc1.corp.example.test", "old_until": NOW + HOUR}
    whole = fields | changes
    waited_for = any(proof.state is ProofState.WAITING for proof in whole["proofs"])
    whole.setdefault("over", state in FINAL and not waited_for)
    return JobView(**whole | {"cause": cause_of(state, whole["reason"], whole["data"])})


def goes(view: JobView) -> dict[str, Any]:
    """A context of directory_job.html."""
    return {"j": job_shown(view, NOW), "watch": "" if view.over else "/job/events"}


def chooses(view: JobView, *, known: bool = True, waits: bool = False) -> dict[str, Any]:
    """A context of directory_choose.html."""
    told = policy_of(look(view=WELL) if known else None)
    return {
        "j": job_shown(view, NOW),
        "look": "l1" if waits else "",
        "root": "/account/directory/jobs/j1",
        **told,
    }


def signs_in(*names: str) -> list[Row]:
    """Directories whose passwords sign people in."""
    return [Row(id=f"d-{name}", name=f"{name}.example.test") for name in names]


def directory_pages(always: Callable[..., dict[str, Any]]) -> dict[str, tuple[str, dict[str, Any]]]:
    """The pages by name. always: what every template gets, and more."""
    well = stands(**LATE)
    told: dict[str, Any] = {"started_by": "u9", "starter": "Tomas Okafor"}
    done = job(JobState.DONE, proofs=proofs("proved", "proved", "waiting", "read_only"))
    samples = {
        "well": well,
        "expiring": stands(),
        "asking": asking(),
        "silent": stands("timeout"),
        "gone": stands("not_found"),
        "paused": paused(),
        "locked": stands(**LOCKED),
        "locked-for-good": stands(**LOCKED | {"locked_until": 0}),
        "expired": stands(password_expires_at=NOW - DAY),
        "must-change": stands(must_change=True, password_expires_at=None, password_set_at=None),
        "disabled": stands(disabled=True),
        "protected": stands(protected="domain_admins", **LATE),
        "hindered": well | {"hindered": Hindered("agent_silent", NOW - 20 * MINUTE)},
        "spent": well | {"hindered": Hindered("spent", NOW + 20 * MINUTE)},
    }
    jobs = {
        "queued": job(JobState.QUEUED),
        "permitted": job(JobState.PERMITTED),
        "unsettled": job(JobState.UNSETTLED),
        "done": done,
        "done-near": job(JobState.DONE, proofs=proofs("proved", "waiting")),
        "done-cut-off": job(JobState.DONE, proofs=proofs("proved", "arrived", "unreachable")),
        "done-everywhere": job(
            JobState.DONE, proofs=proofs("proved", "proved", "proved"), everywhere_at=NOW
        ),
        "done-one": job(JobState.DONE, proofs=proofs("proved"), everywhere_at=NOW),
        "done-unlock": job(JobState.DONE, JobKind.UNLOCK, proofs=proofs("arrived", "arrived")),
        "done-must-change": job(JobState.DONE, must_change=True, proofs=proofs("proved"), **told),
        "overtaken": job(JobState.DONE, proofs=proofs("proved", "changed"), reason="overtaken"),
        "refused-short": job(JobState.NOT_DONE, reason="too_short", data={"minimum": 15}),
        "refused-history": job(JobState.NOT_DONE, reason="used_before", data={"history": 24}),
        "refused-right": job(JobState.NOT_DONE, reason="no_right"),
        "refused-deadline": job(JobState.NOT_DONE, reason="deadline"),
        "refused-unlock": job(JobState.NOT_DONE, JobKind.UNLOCK, reason="unreachable"),
        "changed": job(JobState.CHANGED),
    }
    own, staff = job(JobState.CHOOSING), job(JobState.CHOOSING, **told)
    choosing = {
        "choose": chooses(own),
        "choose-by-staff": chooses(staff),
        "choose-unknown": chooses(own, known=False),
        "choose-asking": chooses(own, known=False, waits=True),
    }
    accounts = [Row(directory_id=f"d{n}", directory=f"{d}.example.test", name="ann", kind=AD)
                for n, d in enumerate(("corp", "lab"))]  # fmt: skip
    return {
        **{f"directory-{n}": ("directory.html", always(**c)) for n, c in samples.items()},
        **{
            f"directory-job-{n}": ("directory_job.html", always(**goes(j))) for n, j in jobs.items()
        },
        **{f"directory-{n}": ("directory_choose.html", always(**c)) for n, c in choosing.items()},
        "directory-several": ("directories.html", always(accounts=accounts)),
        "directory-none": ("directories.html", always(accounts=[])),
        "directory-closed": ("directory_closed.html", always()),
        "directory-signin": ("directory_signin.html", always(directories=signs_in("corp"))),
        "directory-change": (
            "directory_change.html",
            always(methods=["recovery", "totp"], problem=None),
        ),
        "directory-signin-several": (
            "directory_signin.html",
            always(directories=signs_in("corp", "lab")),
        ),
    }
