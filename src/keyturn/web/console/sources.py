"""Why does it lock again? Ask the directory where an account's bad logons come from."""

from __future__ import annotations

from starlette.responses import Response

from keyturn.flows import linking, resetting
from keyturn.flows import sources as flow
from keyturn.flows.linking import Linked
from keyturn.flows.resetting import Asked, Hindered
from keyturn.flows.sources import NotFound, Sources
from keyturn.rules.access import ALLOWED, Action, Staff
from keyturn.web.console.entry import barred, is_partial
from keyturn.web.console.linking import Trouble
from keyturn.web.console.reading import row_id
from keyturn.web.console.spoken import one
from keyturn.web.visit import Visit


async def ask(visit: Visit, staff: Staff) -> Response:
    """Begin to ask."""
    await visit.form()
    parts, user_id = visit.site.parts, row_id(visit.path["id"])
    asked = await resetting.ask_look_for(parts, staff, user_id, row_id(visit.path["directory"]))
    match asked:
        case Asked(look_id=look_id):
            return visit.to(f"/console/users/{user_id}/again/{look_id}")
        case Hindered(why=why, until=until):
            person = await linking.accounts_of(parts, staff, user_id)
            if isinstance(person, Linked):
                return visit.page(
                    "console/job_refused.html", 409, user=person.user, trouble=Trouble(why, until)
                )
    raise barred(asked)


async def show(visit: Visit, staff: Staff) -> Response:
    """What it told. For htmx, which asks while nothing is there: nothing until there is, and then
    to open the page.
    """
    user_id, look_id = row_id(visit.path["id"]), row_id(visit.path["look"])
    found: Sources | NotFound = await flow.sources(visit.site.parts, staff, user_id, look_id)
    if isinstance(found, NotFound):
        raise barred(found)
    if is_partial(visit):
        here = f"{visit.base}/console/users/{user_id}/again/{look_id}"
        done = {"HX-Redirect": here} if found.look.view or found.look.cause else {}
        return Response(status_code=204, headers=done)
    return visit.page(
        "console/account_again.html",
        page=found,
        user=found.user,
        causes=[(told.source, one(visit, staff, told.finding)) for told in found.told],
        can=ALLOWED[staff.role] & {Action.START_RESET},
    )
