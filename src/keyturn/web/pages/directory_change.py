"""A new directory password for who gave the right one that has run out; see flows/directory_change.

static/directory.js does here what it does on the account's page: `recipients`, `submit`.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.flows import directory_change as flow
from keyturn.flows.directory_change import (
    Choosing,
    Gone,
    Hindered,
    JobView,
    Locked,
    NotSealed,
    Proving,
    Wrong,
)
from keyturn.rules.directories.resets import JobState
from keyturn.web.directory_shown import job_shown, policy_of
from keyturn.web.door import door
from keyturn.web.pages.directory import ENVELOPES_MAX
from keyturn.web.pages.signin import CODE_MAX
from keyturn.web.refusals import Refusal
from keyturn.web.sealed import envelopes_of, sealing
from keyturn.web.site import Site
from keyturn.web.streams import Sight, Stream, Watchers
from keyturn.web.visit import Visit

ROOT: Final = "/signin/directory/change"
_WATCHERS: Final = Watchers()


def routes(site: Site) -> list[BaseRoute]:
    """The doors of this room."""
    return [
        door(site, ROOT, get=show),
        door(site, ROOT + "/code", post=prove),
        door(site, ROOT + "/again", post=again),
        door(site, ROOT + "/cancel", post=cancel),
        door(site, ROOT + "/recipients", post=recipients),
        door(site, ROOT + "/submit", post=submit),
        door(site, ROOT + "/events", get=watch),
    ]


async def show(visit: Visit) -> Response:
    """The second step; the form; then how it goes on."""
    at = await flow.standing(visit.site.parts, visit.caller)
    match at:
        case Gone():
            return visit.to("/signin/directory")
        case Proving():
            return _proving(visit, 200, at, None)
    shown = job_shown(at, visit.now)
    if at.state is JobState.CHOOSING:
        return visit.page("directory_choose.html", j=shown, look="", root=ROOT, **policy_of(None))
    stream = "" if at.over else ROOT + "/events"
    return visit.page("directory_job.html", j=shown, watch=stream, again=ROOT + "/again")


def _proving(visit: Visit, status: int, at: Proving, problem: dict[str, object] | None) -> Response:
    methods = [str(method) for method in at.methods]
    return visit.page("directory_change.html", status, methods=methods, problem=problem)


async def prove(visit: Visit) -> Response:
    """The second step."""
    fields = await visit.form(code=CODE_MAX)
    answer = await flow.prove(visit.site.parts, visit.caller, fields["code"])
    match answer:
        case Wrong():
            return await _again(visit, {"code": "wrong"})
        case Locked(until=until):
            return await _again(visit, {"code": "locked", "until": until})
        case _:
            return await _onward(visit, answer)


async def _again(visit: Visit, problem: dict[str, object]) -> Response:
    at = await flow.standing(visit.site.parts, visit.caller)
    if not isinstance(at, Proving):
        return visit.to(ROOT)
    return _proving(visit, 401, at, problem)


async def _onward(visit: Visit, answer: JobView | Hindered | Gone) -> Response:
    """Raises Refusal 503 where nothing can be begun at this moment."""
    if isinstance(answer, Hindered):
        raise Refusal(503, "directory-silent")
    return visit.to(ROOT)


async def again(visit: Visit) -> Response:
    """Choose once more."""
    await visit.form()
    return await _onward(visit, await flow.again(visit.site.parts, visit.caller))


async def cancel(visit: Visit) -> Response:
    """Leave it as it is: nothing was handed in, and what waits ends by itself."""
    await visit.form()
    return visit.to("/signin")


async def recipients(visit: Visit) -> Response:
    """Whom to seal to, at this moment; what the seal binds; the directory's identity."""
    await visit.form()
    answer = await flow.recipients(visit.site.parts, visit.caller)
    match answer:
        case Choosing():
            return visit.told(sealing(answer, visit.tenant.slug))
        case Hindered():
            return visit.told({"code": "nobody"}, 409)
        case _:
            return visit.told({"code": "gone"}, 409)


async def submit(visit: Visit) -> Response:
    """The sealed password is handed in."""
    fields = await visit.form(envelopes=ENVELOPES_MAX)
    envelopes = envelopes_of(fields["envelopes"])
    answer = await flow.submit(visit.site.parts, visit.caller, envelopes)
    match answer:
        case JobView():
            return Response(status_code=204)
        case NotSealed():
            return visit.told({"code": "stale"}, 409)
        case _:
            return visit.told({"code": "gone"}, 409)


async def watch(visit: Visit) -> Any:
    """The middle of the job's page, each time that it is another. Raises Refusal 404."""
    job = await flow.standing(visit.site.parts, visit.caller)
    if not isinstance(job, JobView):
        raise Refusal(404, "no-such-page")

    async def sight() -> Sight | None:
        found = await flow.standing(visit.site.parts, visit.caller)
        if not isinstance(found, JobView):
            return None
        visit.now = visit.site.parts.clock.now()
        shown = job_shown(found, visit.now)
        piece = visit.piece("_directory_job.html", j=shown, again=ROOT + "/again")
        return Sight(piece, found.over)

    return Stream(_WATCHERS, job.user_id, visit.site.parts.clock, sight)
