"""Who comes into the console.

anonymous                          sign-in
no role in this tenant             404: the console does not exist for them
no second step in this session     a page that leads to one, or to enrolling one
a session too old for the console  the same
their own account is frozen        a page that says so
everybody else                     in, as `rules.access.Staff`

Somebody of a provider (`flows.entering`) comes in by a stay instead of a session: in; or 404 once
they are let in no more; or a page that leads home, where their session is over.

Whoever sends something dangerous too long after their last proof is asked for another
(`resuming`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.responses import Response

from keyturn.flows import account, entering, staff
from keyturn.flows.entering import Entered, Gone
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
        guest = await _stay(visit)
        if isinstance(guest, Response):
            return guest
        if guest is not None:
            visit.guest = guest
            return await _handled(handler, visit, guest.staff)
        if is_partial(visit) and await visit.recognised() is None:
            return _whole_page(visit)
        signed = await visit.signed()
        allowed = await staff.authorise(visit.site.parts, visit.caller, signed)
        if isinstance(allowed, Staff):
            return await _handled(handler, visit, allowed)
        if allowed.why is Why.NO_ROLE:
            raise Refusal(404, "no-such-page")
        return _whole_page(visit) if is_partial(visit) else await _closed(visit, signed, allowed)

    return guarded


async def _stay(visit: Visit) -> Entered | Response | None:
    """Somebody of a provider who is in, or why they are not; None for everybody else. Whoever has
    a session of their own here goes on with that.
    """
    token = visit.stay_token
    if token is None:
        return None
    found = await entering.authorise(visit.site.parts, visit.caller, token)
    if isinstance(found, Entered):
        return found
    if found is None or await visit.recognised() is not None:
        return None
    if isinstance(found, Gone):
        raise Refusal(404, "no-such-page")
    if is_partial(visit):
        return _whole_page(visit)
    way = visit.site.parts.link(found.provider, "/console/customers")
    return visit.page("console/outside.html", 403, provider=found.provider, way=way)


async def still(visit: Visit) -> Staff | None:
    """Whoever was let in when the page was opened, if they would be now: for what goes on."""
    parts, caller = visit.site.parts, visit.caller
    if visit.guest is not None:
        entered = await entering.authorise(parts, caller, visit.stay_token or "")
        return entered.staff if isinstance(entered, Entered) else None
    signed = await account.authenticate(parts, caller, visit.session_token or "")
    allowed = await staff.authorise(parts, caller, signed) if signed else None
    return allowed if isinstance(allowed, Staff) else None


async def _handled(handler: ConsoleHandler, visit: Visit, staff: Staff) -> Response:
    visit.glass_at = staff.glass_at
    visit.oversees = Action.HEALTH in ALLOWED[staff.role]
    visit.owns = Action.API_KEYS in ALLOWED[staff.role]
    visit.serves = staff.serves
    visit.sees_as = str(staff.role) if staff.looking else ""
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
