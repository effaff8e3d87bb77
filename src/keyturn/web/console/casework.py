"""Working on a case: opening one for a caller, taking it, handing it over, notes, what proofs
permit.
"""

from __future__ import annotations

from starlette.responses import Response

from keyturn.flows import casework as flow
from keyturn.flows import lost_phone, releasing
from keyturn.flows.casework import Done, HeldBack, NoSuchName, NotPermitted, NotSent, NotYours, Over
from keyturn.flows.casework import Sent as LinkSent
from keyturn.flows.lost_phone import Barred, Begun, Stopped, Waits
from keyturn.rules.access import Staff
from keyturn.web.console import cases
from keyturn.web.console.entry import barred
from keyturn.web.console.reading import WORD_MAX
from keyturn.web.refusals import Refusal
from keyturn.web.visit import Visit

NAME_MAX, TEXT_MAX = 254, 2000


def refusal(answer: object) -> Refusal:
    """The refusal that the answer of a flow about a case means."""
    match answer:
        case NotYours():
            return Refusal(409, "case-not-yours")
        case Over():
            return Refusal(409, "case-closed")
        case NotPermitted() | lost_phone.NotPermitted() | releasing.NotPermitted():
            return Refusal(409, "case-not-permitted")
        case NotSent(why=why):
            return Refusal(409, f"no-link-{why}")
        case Waits():
            return Refusal(409, "lost-waits")
        case Barred(why=why):
            return Refusal(409, f"lost-{why}")
        case releasing.Barred():
            return Refusal(409, "lost-frozen")
        case _:
            return barred(answer)


async def open_for(visit: Visit, staff: Staff) -> Response:
    """Somebody calls: a case by the user name that they say."""
    said = await visit.form(name=NAME_MAX, contact=NAME_MAX, words=TEXT_MAX)
    answer = await flow.open_for(
        visit.site.parts, staff, said["name"], said["contact"], said["words"]
    )
    match answer:
        case Done(ref=ref):
            return visit.to(f"/console/cases/{ref}")
        case HeldBack(kind=kind):
            return await cases.listed(visit, staff, None, {"words": str(kind)})
        case NoSuchName():
            return await cases.listed(visit, staff, None, {"name": said["name"]})
        case _:
            raise refusal(answer)


async def take(visit: Visit, staff: Staff) -> Response:
    """The case is one's own from now on."""
    await visit.form()
    return _back(visit, await flow.take(visit.site.parts, staff, visit.path["ref"]))


async def hand(visit: Visit, staff: Staff) -> Response:
    """The case is a colleague's from now on."""
    to = (await visit.form(to=WORD_MAX))["to"]
    return _back(visit, await flow.hand(visit.site.parts, staff, visit.path["ref"], to))


async def note(visit: Visit, staff: Staff) -> Response:
    """Note something; what looks like a secret is handed back."""
    words = (await visit.form(words=TEXT_MAX))["words"]
    answer = await flow.note(visit.site.parts, staff, visit.path["ref"], words)
    if isinstance(answer, HeldBack):
        return await cases.one(visit, staff, {"note": str(answer.kind)}, 422)
    return _back(visit, answer)


async def resend(visit: Visit, staff: Staff) -> Response:
    """Mail the activation link anew."""
    await visit.form()
    answer = await flow.resend_link(visit.site.parts, staff, visit.path["ref"])
    if isinstance(answer, LinkSent):
        return visit.to(f"/console/cases/{visit.path['ref']}")
    raise refusal(answer)


async def ask_lost(visit: Visit, staff: Staff) -> Response:
    """Before a lost phone is replaced: what happens, and when."""
    desk = await cases.found(visit, staff)
    return visit.page("console/case_lost.html", **cases.told(desk))


async def lost(visit: Visit, staff: Staff) -> Response:
    """Begin it."""
    await visit.form()
    answer = await lost_phone.start(visit.site.parts, staff, visit.path["ref"])
    if isinstance(answer, Begun):
        return visit.to(f"/console/cases/{visit.path['ref']}")
    raise refusal(answer)


async def stop_lost(visit: Visit, staff: Staff) -> Response:
    """Stop it."""
    await visit.form()
    answer = await lost_phone.stop(visit.site.parts, staff, visit.path["ref"])
    if isinstance(answer, Stopped):
        return visit.to(f"/console/cases/{visit.path['ref']}")
    raise refusal(answer)


async def ask_number(visit: Visit, staff: Staff) -> Response:
    """Before a number is released: what happens."""
    desk = await cases.found(visit, staff)
    return visit.page("console/case_number.html", **cases.told(desk))


async def number(visit: Visit, staff: Staff) -> Response:
    """Release it."""
    await visit.form()
    answer = await releasing.release_in_case(visit.site.parts, staff, visit.path["ref"])
    if isinstance(answer, releasing.Released):
        return visit.to(f"/console/cases/{visit.path['ref']}")
    raise refusal(answer)


def _back(visit: Visit, answer: object) -> Response:
    """To the case's page, if it was done."""
    if isinstance(answer, Done):
        return visit.to(f"/console/cases/{answer.ref}")
    raise refusal(answer)
