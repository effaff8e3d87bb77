"""Verifying a caller: the page with the number that the technician reads out."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from keyturn.flows import casework, verifying
from keyturn.flows import staff as flow
from keyturn.flows.verifying import (
    Capped,
    NoPhone,
    NotAllowed,
    NotAsked,
    NotFound,
    NotYours,
    Started,
    Verification,
)
from keyturn.rules.access import Staff
from keyturn.web.console.entry import barred, is_partial
from keyturn.web.console.reading import WORD_MAX, row_id
from keyturn.web.refusals import Refusal
from keyturn.web.visit import Visit


async def start(visit: Visit, staff: Staff) -> Response:
    """Ask the phone, then to the page that watches; where it cannot be asked, why."""
    case = (await visit.form(case=WORD_MAX))["case"]
    user_id = row_id(visit.path["id"])
    answer = await verifying.start(visit.site.parts, staff, user_id, case)
    match answer:
        case NotAllowed() | NotFound():
            raise barred(answer)
        case NotYours():
            raise Refusal(409, "case-not-yours")
        case Started(id=approval_id):
            return visit.to(f"/console/verifications/{approval_id}")
    return await _not_asked(visit, staff, user_id, answer)


async def _not_asked(
    visit: Visit, staff: Staff, user_id: str, answer: NotAsked | NoPhone
) -> Response:  # fmt: skip
    found = await flow.user(visit.site.parts, staff, user_id)
    if isinstance(found, flow.NotFound):
        raise barred(found)
    why: dict[str, Any] = {"why": "no-phone", "until": None}
    if isinstance(answer, NotAsked):
        busy = answer.why is Capped.BUSY
        why = {"why": "busy" if busy else "often", "until": answer.until}
    status = 409 if isinstance(answer, NoPhone) else 429
    return visit.page("console/verify.html", status, user=found.user, v=None, refused=why, ref="")


async def show(visit: Visit, staff: Staff) -> Response:
    """How it stands; for htmx, which asks while it is open, only what changes."""
    found = await verifying.look(visit.site.parts, staff, row_id(visit.path["id"]))
    if isinstance(found, NotFound):
        raise barred(found)
    visit.now = visit.site.parts.clock.now()
    part = "console/_verify.html" if is_partial(visit) else "console/verify.html"
    ref = await casework.of_question(visit.site.parts, staff, found.standing.one.id)
    return visit.page(part, user=found.user, v=shown(found), refused=None, ref=ref)


def shown(found: Verification) -> dict[str, Any]:
    """For the template."""
    standing = found.standing
    one = standing.one
    return {
        "id": one.id, "state": str(one.ended or one.state), "number": one.number,
        "until": one.expires_at, "wrong": one.wrong, "left": standing.left,
        "phone": standing.phone, "words": found.words, "push": str(found.push),
        "proved_until": found.proved_until, "asked_at": one.made_at,
    }  # fmt: skip
