"""The page of a user; their list is in lists.py."""

from __future__ import annotations

from starlette.responses import Response

from keyturn.flows import inviting, linking, presence, releasing, resetting, verifying
from keyturn.flows import staff as flow
from keyturn.flows.inviting import Enrolled
from keyturn.flows.linking import Linked
from keyturn.flows.staff import NotFound
from keyturn.rules.access import ALLOWED, Action, Staff
from keyturn.web.console.entry import refused
from keyturn.web.console.reading import row_id
from keyturn.web.console.spoken import spoken
from keyturn.web.visit import Visit

#: how many of a user's jobs in directories their page shows
JOBS = 5
#: what a user's page offers; "read" is no button
OFFERED = frozenset(
    {
        Action.UNLOCK, Action.DISABLE, Action.ENABLE, Action.END_SESSIONS, Action.UNFREEZE,
        Action.EXPORT, Action.ERASE, Action.REMOVE_PASSKEY, Action.START_RESET,
        Action.LINK_ACCOUNT, Action.RELEASE_NUMBER, Action.INVITE, Action.RESET_USER,
        Action.VERIFY, Action.RELEASE_DEVICE, Action.ROLES,
    }
)  # fmt: skip
#: of these a user's page offers what has a point (flows.inviting)
PHONE_APP = frozenset({Action.INVITE, Action.RESET_USER})


async def show(visit: Visit, staff: Staff) -> Response:
    """Everything about one user."""
    found = await flow.user(visit.site.parts, staff, row_id(visit.path["id"]))
    if isinstance(found, NotFound):
        raise refused(found)
    linked = await linking.accounts_of(visit.site.parts, staff, found.user.id)
    jobs = await resetting.jobs_of(visit.site.parts, staff, None, found.user.id)
    held = await verifying.phone_of(visit.site.parts, staff, found.user.id)
    enrolled = await inviting.standing(visit.site.parts, staff, found.user.id)
    phone_app = enrolled.can if isinstance(enrolled, Enrolled) else frozenset()
    return visit.page(
        "console/user.html",
        user=found.user,
        accounts=linked.accounts if isinstance(linked, Linked) else (),
        jobs=jobs[:JOBS],
        held=held,
        devices=await presence.devices_of(visit.site.parts, staff, found.user.id),
        present=await presence.proofs(visit.site.parts, staff, found.user.id),
        clash=await releasing.clash_of(visit.site.parts, staff, found.user.id),
        releases=Action.RELEASE_NUMBER in ALLOWED[staff.role],
        role=found.role,
        last_signin_at=found.last_signin_at,
        lanes=found.lanes,
        sessions=found.sessions,
        clients=found.clients,
        factors=found.factors,
        messages=found.messages,
        cases=found.cases,
        entries=found.entries,
        names=found.names,
        diagnosis=spoken(visit, staff, found.diagnosis, found.facts),
        enrolled=enrolled if isinstance(enrolled, Enrolled) else None,
        can=(found.can & OFFERED - PHONE_APP) | phone_app,
    )
