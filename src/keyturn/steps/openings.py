"""Opening a flow: a row of this browser that waits for the next step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from keyturn.ports.store import Tx
from keyturn.rules.accounts import Flow, User, UserState
from keyturn.steps.acts import Act


def start(
    tx: Tx,
    act: Act,
    kind: str,
    step: str,
    user_id: str | None,
    data: Mapping[str, str | int | bool | None],
    life_ms: int,
    *,
    browser: str | None = None,
    flow_id: str | None = None,
) -> Flow:
    """A new flow, stored.

    Args:
        browser: whose it is, if not this browser's: the digest of what its link carries.
        flow_id: where `data` is sealed for this very flow.
    """
    flow = Flow(
        id=flow_id or act.id(),
        tenant_id=act.tenant.id,
        browser=act.caller.browser if browser is None else browser,
        kind=kind,
        step=step,
        user_id=user_id,
        data=data,
        created_at=act.now,
        expires_at=act.now + life_ms,
        closed_at=None,
    )
    tx.flows.add(flow)
    return flow


def of(tx: Tx, act: Act, kind: str, user_id: str) -> Flow | None:
    """The flow of this kind that is open in this browser, if it is this user's."""
    flow = tx.flows.open(act.tenant.id, act.caller.browser, kind, act.now)
    return flow if flow is not None and flow.user_id == user_id else None


def before_second(tx: Tx, act: Act, kind: str) -> tuple[Flow, User] | None:
    """The flow of this kind that is open in this browser, and whose it is, if they stand before
    its second step and nothing has overtaken them.
    """
    flow = tx.flows.open(act.tenant.id, act.caller.browser, kind, act.now)
    user = tx.users.get(act.tenant.id, flow.user_id or "") if flow else None
    if flow is None or user is None or flow.step != "second":
        return None
    still = user.state is UserState.ACTIVE and user.epoch == flow.data.get("epoch")
    return (flow, user) if still else None


def give_up(tx: Tx, act: Act, kind: str, user_id: str) -> None:
    """Close what `of` finds, so that another can begin."""
    flow = of(tx, act, kind, user_id)
    if flow is not None:
        tx.flows.save(replace(flow, closed_at=act.now))
