"""Dangerous acts for whom it is too long ago that they showed their second step.

    a form, too late --> kept --> the proof --> the same form once more, with one button

`entry.inside` comes here with what a flow refused for want of a proof.
"""

from __future__ import annotations

from starlette.responses import Response

from keyturn.flows import resuming
from keyturn.rules.access import EVERYDAY, Action, Staff
from keyturn.steps.naming import is_id
from keyturn.web.pages.proof import PROOF
from keyturn.web.visit import Visit

#: where a proof leads to: what was asked for
RESUME = "/console/resume"
#: what leads from there to a customer's console: its tenant's id and an address follow
AT = "/at"
#: addresses that hold a user's id
_USERS = "/console/users/"
#: … and that end with the name of a policy
_POLICIES = "/console/policies/"


async def keep(visit: Visit, staff: Staff) -> Response:
    """Keep the form that was sent, and ask for the proof."""
    path: str = visit.scope["path"]
    about = visit.path.get("id", "") if path.startswith(_USERS) else ""
    await resuming.keep(visit.site.parts, staff, path, visit.fields, about)
    return to_proof(visit, RESUME)


async def show(visit: Visit, staff: Staff) -> Response:
    """What was asked for, to be sent as it was."""
    asked = await resuming.kept(visit.site.parts, staff)
    if asked is None:
        return visit.to("/console/users")
    words = [word for word in asked.path.split("/") if word and not is_id(word)]
    deed = "policies" if asked.path.startswith(_POLICIES) else words[-1]
    return visit.page("console/resume.html", asked=asked, deed=deed)


def first(visit: Visit, staff: Staff, action: Action) -> Response | None:
    """The proof before a page that asks whether one is sure; None where none is needed."""
    if staff.fresh or action in EVERYDAY:
        return None
    return to_proof(visit, visit.scope["path"])


def to_proof(visit: Visit, then: str) -> Response:
    """To the proof, and on to a page of the console. Somebody of a provider proves themselves at
    home, where their second steps are.
    """
    if visit.guest is None:
        return visit.to(f"{PROOF}?then={then}")
    on = then.removeprefix("/console")
    return visit.away(visit.guest.provider, f"{PROOF}?then={AT}/{visit.tenant.id}{on}")
