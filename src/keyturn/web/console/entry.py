"""Who comes into the console.

anonymous                          sign-in
no role in this tenant             404: the console does not exist for them
no second step in this session     a page that leads to one, or to enrolling one
a session too old for the console  the same
their own account is frozen        a page that says so
everybody else                     in, as `rules.access.Staff`

Whoever sends something dangerous too long after their last proof is asked for another
(`resuming`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.responses import Response

from keyturn.flows import account, staff
from keyturn.flows.staff import NotAllowed, NotFound
from keyturn.rules.access import ALLOWED, Action, Staff, Why
from keyturn.web import parsing
from keyturn.web.console import resuming
from keyturn.web.door import Handler
from keyturn.web.refusals import Refusal
from keyturn.web.visit import Visit

ConsoleHandler = Callable[[Visit, Staff], Awaitable[Response]]
#: what the browser is told to open when live search meets a closed door (htmx)
REDIRECT = "HX-Redirect"
#: what ends looking as a lower role
STOP = "/console/as/end"
#: what a flow's refusal for want of a proof is called
UNPROVED = f"staff-{Why.PROOF}"


def inside(handler: ConsoleHandler) -> Handler:
    """A door's handler that only staff reach."""

    async def guarded(visit: Visit) -> Response:
        if is_partial(visit) and await visit.recognised() is None:
            return _whole_page(visit)
        signed = await visit.signed()
        allowed = await staff.authorise(visit.site.parts, visit.caller, signed)
        if isinstance(allowed, Staff):
            visit.glass_at = allowed.glass_at
            visit.oversees = Action.HEALTH in ALLOWED[allowed.role]
            visit.owns = Action.API_KEYS in ALLOWED[allowed.role]
            visit.sees_as = str(allowed.role) if allowed.looking else ""
            return await _handled(handler, visit, allowed)
        if allowed.why is Why.NO_ROLE:
            raise Refusal(404, "no-such-page")
        return _whole_page(visit) if is_partial(visit) else await _closed(visit, signed, allowed)

    return guarded


async def _handled(handler: ConsoleHandler, visit: Visit, staff: Staff) -> Response:
    acts = visit.scope["method"] == "POST" and visit.scope["path"] != STOP
    if staff.looking and acts:  # also what no flow would refuse
        raise Refusal(403, f"staff-{Why.LOOKING}")
    try:
        return await handler(visit, staff)
    except Refusal as refusal:
        if refusal.code != UNPROVED or visit.scope["method"] != "POST":
            raise
        return await resuming.keep(visit, staff)


async def home_of(visit: Visit, token: str) -> str:
    """Where somebody who has just signed in begins: staff who may come in, in the console."""
    parts, caller = visit.site.parts, visit.caller
    signed = await account.authenticate(parts, caller, token)
    if signed is None:
        return "/account"
    allowed = await staff.authorise(parts, caller, signed)
    return "/console" if isinstance(allowed, Staff) else "/account"


def is_partial(visit: Visit) -> bool:
    """Whether htmx asks for a part of a page."""
    return parsing.header(visit.scope, b"hx-request") == "true"


def _whole_page(visit: Visit) -> Response:
    """Let the browser open the page as a whole: it will see why it cannot go on."""
    return Response(status_code=401, headers={REDIRECT: f"{visit.base}/console/users"})


async def _closed(visit: Visit, signed: account.Signed, refused: NotAllowed) -> Response:
    """What is missing, and the way to it."""
    if refused.why is Why.FROZEN:
        return visit.page("console/closed.html", 403, why="frozen")
    own = await account.overview(visit.site.parts, visit.caller, signed)
    why = "again" if own.second_step else "enrol"
    return visit.page("console/closed.html", 403, why=why)


def barred(answer: object) -> Refusal:
    """As `refused`, of any flow's NotAllowed (which has a `why`) or NotFound."""
    why = getattr(answer, "why", None)
    return Refusal(403, f"staff-{why}") if isinstance(why, Why) else Refusal(404, "no-such-page")


def refused(answer: NotAllowed | NotFound) -> Refusal:
    """The refusal that a flow's answer means."""
    if isinstance(answer, NotFound):
        return Refusal(404, "no-such-page")
    return Refusal(403, f"staff-{answer.why}")
