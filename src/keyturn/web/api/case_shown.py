"""What replies about cases show."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from keyturn.flows import casework
from keyturn.flows.casework import Desk
from keyturn.rules.caselog import Kind
from keyturn.rules.grants import Deed, Permit
from keyturn.rules.recoveries import Recovery
from keyturn.web.api.call import Reply
from keyturn.web.api.pending import Ms, Out
from keyturn.web.api.verifications import Whose

Method = Literal["push", "offline", "text", "mail", "presence", "device", "approval"]
Bar = Literal["none", "new", "spent"]
RecoveryState = Literal["waiting", "sent", "done", "over", "stopped"]


class Colleague(Out):
    """Somebody of staff who can be handed the case, or asked for their word."""

    id: str
    name: str


class Way(Out):
    """A way to prove the caller. `bar`: why it proves nothing here. `to`: the phone, number,
    address (masked) or device that is asked. `device`: its id.
    """

    method: Method
    bar: Bar | None
    to: str
    device: str | None


class CaseProof(Out):
    """A proof that counts until then, for whose the case is. `by`: whose word it is."""

    method: Method
    until: Ms
    by: str


class Running(Out):
    """A proof that is asked for. `question`: its id, for a code that is read out by a device."""

    method: Method
    question: str
    until: Ms
    colleague: str


class DeedItem(Out):
    """What the proofs permit now, or what is missing for it. `bound`: a factor that was bound
    before the case took part.
    """

    deed: Annotated[Deed, Field(description="See POST /cases/{ref}/grants.")]
    missing: list[str]
    bound: bool


class Happened(Out):
    """One thing that happened. `by`: who of staff. `about`: the colleague it was about."""

    number: int
    at: Ms
    kind: Annotated[Kind, Field(description="What: see docs/design/17-help-desk.md.")]
    by: str
    about: str
    method: str | None
    outcome: str | None
    deed: str | None
    text: str | None


class RecoveryItem(Out):
    """A new phone. While it waits, every address and number of the user can stop it."""

    state: RecoveryState
    due_at: Ms


class CaseItem(Out):
    """A case. `mine`: the technician's. `causes`: ids of likely ones, the likeliest first."""

    ref: str
    state: Literal["open", "closed"]
    user: Whose | None
    identifier: str
    opened_at: Ms
    closed_at: Ms | None
    holder: str
    mine: bool
    causes: list[str]
    ways: list[Way]
    running: list[Running]
    proofs: list[CaseProof]
    deeds: list[DeedItem]
    colleagues: list[Colleague]
    recovery: RecoveryItem | None
    log: list[Happened]


class CaseReply(Reply):
    """The case as it stands now."""

    case: CaseItem


class ListedCase(Out):
    """A case in a list."""

    ref: str
    user: str | None
    identifier: str
    opened_at: Ms


class CasesReply(Reply):
    """Cases, the newest first: the technician's own, and nobody's."""

    mine: list[ListedCase]
    free: list[ListedCase]


def recovery(one: Recovery | None) -> RecoveryItem | None:
    """A recovery of a lost phone, where there is one."""
    if one is None:
        return None
    return RecoveryItem.model_validate({"state": str(one.state), "due_at": one.due_at})


def item(desk: Desk) -> dict[str, Any]:
    """A case as CaseItem has it."""
    page, case = desk.page, desk.page.case
    return {
        "ref": case.ref, "state": case.state,
        "user": {"id": page.user.id, "name": page.user.name} if page.user else None,
        "identifier": case.identifier, "opened_at": case.created_at, "closed_at": case.closed_at,
        "holder": desk.holder, "mine": desk.mine,
        "causes": [found.cause for found in page.diagnosis.findings],
        "ways": [
            {"method": str(way.method), "bar": str(way.bar) if way.bar else None, "to": way.to,
             "device": way.about or None}
            for way in desk.ways
        ],
        "running": [
            {"method": str(one.method), "question": one.about, "until": one.until,
             "colleague": one.colleague}
            for one in desk.running
        ],
        "proofs": [
            {"method": str(one.method), "until": one.until, "by": one.by} for one in desk.proofs
        ],
        "deeds": [
            {"deed": one.deed, "bound": isinstance(one, Permit) and one.bound,
             "missing": [] if isinstance(one, Permit) else [*map(str, one.missing)]}
            for one in desk.deeds
        ],
        "colleagues": [{"id": one.id, "name": one.name} for one in desk.colleagues],
        "recovery": recovery(desk.recovery), "log": [_happened(one) for one in desk.entries],
    }  # fmt: skip


def _happened(entry: casework.Entry) -> dict[str, Any]:
    row, told = entry.row, entry.row.facts
    return {
        "number": row.number, "at": row.at, "kind": row.kind, "by": entry.actor,
        "about": entry.about,
        **{name: told.get(name) for name in ("method", "outcome", "deed", "text")},
    }  # fmt: skip
