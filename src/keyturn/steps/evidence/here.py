"""What can be seen of the tenant, the network and the browser: no account is needed, and
it is the same for a name that exists and for one that does not.
"""

from __future__ import annotations

from keyturn.ports.store import Tx
from keyturn.rules import lockout
from keyturn.rules.accounts import Flow
from keyturn.rules.budgets import Budget, Spending, exhausted
from keyturn.rules.callers import network_of
from keyturn.rules.circular import is_circular
from keyturn.rules.diagnosis import Blind
from keyturn.rules.lockout import Lane
from keyturn.steps import lanes
from keyturn.steps.acts import Act
from keyturn.steps.evidence.page import Page
from keyturn.steps.naming import name_of

#: flows that wait for a code, the likeliest first
_WAITING = ("recovery", "signup", "phone")


def tenant(page: Page, act: Act) -> None:
    """What the tenant has decided."""
    policy = act.tenant.policy
    page.note(
        "tenant.", signup=policy.signup, phone=policy.phone, sender=act.tenant.sender,
        lockout_scope=policy.lockout_scope, voice=policy.voice,
    )  # fmt: skip


def here(page: Page, tx: Tx, act: Act, refused: str | None) -> None:
    """The browser asking, its network, and what it has begun."""
    budget = lanes.network_budget(act)
    spent = tx.budgets.look(act.tenant.id, network_of(act.caller.ip), budget)
    page.note("browser.", cookie=bool(act.caller.browser))
    page.note("network.", exhausted_until=until(spent, act.now, budget))
    if refused is not None:
        page.note("here.", refused=refused)
    found = (tx.flows.open(act.tenant.id, act.caller.browser, k, act.now) for k in _WAITING)
    flow = next((f for f in found if f is not None), None)
    if flow is None:
        page.miss(Blind.NOT_KEPT, "here.flow.expires_at")
        page.note("here.code.", sent_at=None, expires_at=None, tries=0, replaced_at=None)
        return
    page.note("here.flow.", expires_at=flow.expires_at)
    _code(page, tx, flow)


def _code(page: Page, tx: Tx, flow: Flow) -> None:
    code = tx.codes.latest(flow.id)
    page.note(
        "here.code.",
        sent_at=code.sent_at if code else None,
        expires_at=code.expires_at if code else None,
        tries=code.tries if code else 0,
        replaced_at=replaces_at(flow, code.sent_at) if code else None,
    )


def replaces_at(flow: Flow, sent_at: int) -> int | None:
    """When a flow's newest code took an older one's place: the first is made with the flow."""
    return sent_at if sent_at > flow.created_at else None


def asked(page: Page, tx: Tx, act: Act, typed: str) -> None:
    """The name that was typed, and the lane that a try under it would use from here."""
    name = name_of(act.parts, act.tenant, typed)
    circular = is_circular(typed, act.tenant.policy.directory_domains)
    page.note("asked.", kind=kind_of(name), circular=circular)
    if name is None:
        page.note("lane.asked.", locked_until=None)
        return
    lane = tx.lanes.get(act.tenant.id, lanes.look(tx, act, name)[2])
    page.note("lane.asked.", locked_until=locked_until(lane, act.now))


def kind_of(name: str | None) -> str:
    """What a canonical spelling looks like."""
    if name is None:
        return "none"
    if "@" in name:
        return "email"
    return "phone" if name.removeprefix("+").isdigit() else "username"


def locked_until(lane: Lane | None, now: int) -> int | None:
    """The end of a lane's lock, if it is locked now."""
    seen = lockout.observe(lane or Lane(), now)[0]
    return seen.locked_until if seen.locked_until > now else None


def until(spent: Spending | None, now: int, budget: Budget) -> int | None:
    """The end of a budget's window, if it is used up."""
    if spent is None or not exhausted(spent, now, budget):
        return None
    return spent.start + budget.window_ms
