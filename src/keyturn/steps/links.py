"""Long links in mails: one address for all of them, each good in the flow it was sent for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from keyturn.ports.store import Tx
from keyturn.rules.accounts import Flow, User
from keyturn.rules.codes import Code, Verdict, link_standing
from keyturn.steps import codes, openings
from keyturn.steps.acts import Act


@dataclass(frozen=True, slots=True)
class LinkState:
    """What a long link is worth.

    Attributes:
        verdict: None while it lives.
        here: this browser began the flow that the link belongs to.
    """

    verdict: Verdict | None
    known: bool
    here: bool = False


def mint(
    tx: Tx,
    act: Act,
    kind: str,
    user: User,
    data: Mapping[str, str | int | bool | None],
    life_ms: int,
) -> str:
    """The token of a link that is mailed by itself, without a code, and belongs to no browser:
    the mail may be read on any device. Its flow carries `data`.
    """
    token = act.parts.random.token()
    browser = act.parts.sealer.digest(kind, token)
    flow = openings.start(tx, act, kind, "open", user.id, data, life_ms, browser=browser)
    codes.mailed_link(tx, act, flow, token)
    return token


def look(tx: Tx, act: Act, token: str, kind: str) -> LinkState:
    """What the link is worth to a flow of `kind`; changes nothing."""
    found = _found(tx, act, token, kind)
    if found is None:
        return LinkState(verdict=None, known=False)
    code, flow = found
    here = flow.browser == act.caller.browser
    return LinkState(verdict=link_standing(code, act.now), known=True, here=here)


def follow(tx: Tx, act: Act, token: str, kind: str) -> tuple[Flow, Verdict] | None:
    """Use the link up; the flow it was sent in, and the verdict. None if no flow of `kind`
    ever sent it: then it is left as it is, for the flow that did.
    """
    found = _found(tx, act, token, kind)
    return None if found is None else (found[1], codes.follow(tx, act, found[0]))


def _found(tx: Tx, act: Act, token: str, kind: str) -> tuple[Code, Flow] | None:
    code = codes.of_link(tx, act, token)
    flow = tx.flows.get(act.tenant.id, code.flow_id) if code else None
    return (code, flow) if code and flow and flow.kind == kind else None
