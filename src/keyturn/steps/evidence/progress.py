"""What can be seen of the flows an account is in: its newest code, its recoveries."""

from __future__ import annotations

from collections.abc import Sequence

from keyturn.ports.store import Tx
from keyturn.rules import codes
from keyturn.rules.accounts import Flow, User
from keyturn.rules.codes import Code
from keyturn.rules.diagnosis import Blind
from keyturn.steps.acts import Act
from keyturn.steps.evidence.here import replaces_at
from keyturn.steps.evidence.page import Page

MOST = 50
_WITH_CODES = ("signup", "recovery", "phone")


def _flows(tx: Tx, act: Act, user: User) -> Sequence[Flow]:
    return tx.flows.of_user(act.tenant.id, user.id, MOST)


def newest_code(page: Page, tx: Tx, act: Act, user: User) -> None:
    """How the newest code of the account stands, and the second step that was asked for."""
    kept = _flows(tx, act, user)
    asked = next((flow for flow in kept if flow.kind == "signin"), None)
    page.note("second.", ends_at=asked.expires_at if asked else None)
    flow = next((flow for flow in kept if flow.kind in _WITH_CODES), None)
    code = tx.codes.latest(flow.id if flow else "")  # asked in any case: each costs the same
    if flow is not None and code is not None:
        _code(page, act, flow, code)
    else:
        page.note(
            "code.", state=None, sent_at=None, expires_at=None, used_at=None, tries=0,
            replaces_at=None, link_only=False,
        )  # fmt: skip


def _code(page: Page, act: Act, flow: Flow, code: Code) -> None:
    ended = codes.standing(code, act.now)
    page.note(
        "code.",
        state=type(ended).__name__.lower() if ended else "live",
        sent_at=code.sent_at,
        expires_at=code.expires_at,
        used_at=code.used_at,
        tries=code.tries,
        replaces_at=replaces_at(flow, code.sent_at),
        link_only=code.digest is None,
    )


def recoveries(page: Page, tx: Tx, act: Act, user: User, *, here: bool) -> None:
    """Recoveries that wait to be finished."""
    begun = [flow for flow in _flows(tx, act, user) if flow.kind == "recovery"]
    waiting = [flow for flow in begun if _waits(flow, act.now)]
    page.note(
        "recovery.",
        open=bool(waiting),
        step=waiting[0].step if waiting else None,
        browsers=len({flow.browser for flow in waiting}),
        started_at=begun[0].created_at if begun else None,
    )
    if here:
        page.note("recovery.", here=any(f.browser == act.caller.browser for f in waiting))
    else:
        page.miss(Blind.NOT_LOOKED_AT, "recovery.here")


def _waits(flow: Flow, now: int) -> bool:
    return flow.closed_at is None and flow.expires_at > now and flow.step != "done"
