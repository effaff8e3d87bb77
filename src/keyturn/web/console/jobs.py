"""Jobs in directories: the list, and one step by step."""

from __future__ import annotations

from starlette.responses import Response

from keyturn.flows import linking, resetting
from keyturn.flows import trail as trails
from keyturn.flows.linking import Linked
from keyturn.flows.resetting import NotAllowed, NotFound
from keyturn.flows.trail import Asked
from keyturn.rules.access import ALLOWED, Action, Staff
from keyturn.web.console.entry import barred, is_partial
from keyturn.web.console.reading import ID_LENGTH, row_id
from keyturn.web.visit import Visit

#: rows of the audit trail among which a job's own are looked for
TRAIL = 200


async def index(visit: Visit, staff: Staff) -> Response:
    """The newest ones; of one directory with `?directory=`."""
    wanted = visit.query(directory=ID_LENGTH)["directory"]
    directory = row_id(wanted) if wanted else None
    found = await resetting.jobs_of(visit.site.parts, staff, directory, None)
    return visit.page("console/jobs.html", jobs=found)


async def show(visit: Visit, staff: Staff) -> Response:
    """One job; for htmx, which asks while it is watched, only what changes."""
    parts = visit.site.parts
    job = await resetting.job(parts, staff, row_id(visit.path["job"]))
    if isinstance(job, NotFound):
        raise barred(job)
    trail = await trails.look(parts, staff, Asked(job.user_id, "reset."), None, TRAIL)
    person = await linking.accounts_of(parts, staff, job.user_id)
    return visit.page(
        "console/_job.html" if is_partial(visit) else "console/job.html",
        job=job,
        steps=[e for e in reversed(trail.entries) if e.facts.get("job") == job.id],
        names=trail.names,
        user=person.user if isinstance(person, Linked) else None,
        can=ALLOWED[staff.role] & {Action.START_RESET},
    )


async def cancel(visit: Visit, staff: Staff) -> Response:
    """Give it up, if no agent may act on it yet."""
    await visit.form()
    job_id = row_id(visit.path["job"])
    answer = await resetting.cancel(visit.site.parts, staff, job_id)
    if isinstance(answer, NotAllowed | NotFound):
        raise barred(answer)
    return visit.to(f"/console/jobs/{job_id}")
