"""A user's passkeys: staff may take one away, and the user hears of it."""

from __future__ import annotations

from starlette.responses import Response

from keyturn.flows import staff as flow
from keyturn.flows.staff import NotAllowed, NotFound
from keyturn.rules.access import ALLOWED, Action, Staff, Why
from keyturn.web.console.acts import done
from keyturn.web.console.entry import refused
from keyturn.web.console.reading import row_id
from keyturn.web.visit import Visit


async def ask(visit: Visit, staff: Staff) -> Response:
    """The page that asks."""
    if Action.REMOVE_PASSKEY not in ALLOWED[staff.role]:
        raise refused(NotAllowed(Why.NO_ROLE))
    found = await flow.user(visit.site.parts, staff, row_id(visit.path["id"]))
    if isinstance(found, NotFound):
        raise refused(found)
    wanted = row_id(visit.path["passkey"])
    passkey = next((key for key in found.factors.passkeys if key.id == wanted), None)
    if passkey is None:
        raise refused(NotFound())
    return visit.page("console/passkey_remove.html", user=found.user, passkey=passkey)


async def remove(visit: Visit, staff: Staff) -> Response:
    """Do it and show the user as it is now."""
    await visit.form()
    user_id, passkey_id = row_id(visit.path["id"]), row_id(visit.path["passkey"])
    answer = await flow.remove_passkey(visit.site.parts, staff, user_id, passkey_id)
    return done(visit, user_id, answer)
