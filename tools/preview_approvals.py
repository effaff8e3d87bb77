"""Made-up contexts for what waits for a second person; see preview_samples.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from keyturn.flows.countersigning import View
from keyturn.rules.access import Action
from keyturn.rules.accounts import Role, User
from keyturn.rules.countersigns import LIFE_MS, Countersign, State, decided
from keyturn.rules.lockout import HOUR, MINUTE

NOW = 1_767_965_460_000
Page = tuple[str, dict[str, Any]]


def approval_pages(
    always: Callable[..., dict[str, Any]], ann: User, bea: User, cy: User
) -> dict[str, Page]:
    """Every page of them: Ann asks, Bea answers, it is about Cy."""
    made = NOW - 12 * MINUTE
    one = Countersign("01kdvdna00000000000000000q", "t1", cy.id, Action.DISABLE, "", ann.id, "b",
                      made, made + LIFE_MS)  # fmt: skip
    role = replace(one, action=Action.ROLES, detail="manager")
    old = replace(one, made_at=NOW - 25 * HOUR, expires_at=NOW - HOUR)

    def view(what: Countersign, *can: str) -> View:
        second = bea if what.decided_by else None
        waits = what.state is State.OPEN and what.expires_at > NOW
        return View(what, cy, ann, second, waits, frozenset(can))

    def end(state: State) -> View:
        return view(decided(one, state, bea.id, NOW - MINUTE))

    gone = View(one, None, None, None, open=False, can=frozenset())
    rows = (view(role, "agree", "decline"), end(State.DONE), end(State.DECLINED), view(old), gone)
    shown = {
        "asked": view(role, "agree", "decline"), "mine": view(one, "withdraw"), "other": view(one),
        "late": view(old), "gone": gone, **{str(state): end(state) for state in State
                                            if state is not State.OPEN},
    }  # fmt: skip
    pages = {f"console-approval-{n}": ("console/approval.html", always(v=v))
             for n, v in shown.items()}  # fmt: skip
    return {
        **pages,
        "console-approvals": ("console/approvals.html", always(rows=rows)),
        "console-approvals-none": ("console/approvals.html", always(rows=())),
        "console-role": (
            "console/role.html", always(user=cy, role=Role.TECHNICIAN, roles=list(Role))
        ),
        "console-role-none": ("console/role.html", always(user=cy, role=None, roles=list(Role))),
    }  # fmt: skip
