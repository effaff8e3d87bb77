"""A temporary directory password in a case: the page that makes, seals and shows one, once.

static/temporary.js does everything that needs the password; no door here takes or tells one.
"""

from __future__ import annotations

import json
from typing import Any, Final

from starlette.responses import Response

from keyturn.flows import resetting
from keyturn.flows import temporary as flow
from keyturn.flows.temporary import (
    Choosing,
    Hindered,
    Inactive,
    JobView,
    NotPermitted,
    NotSealed,
    Place,
)
from keyturn.rules.access import Action, Staff
from keyturn.rules.directories.resets import FINAL
from keyturn.rules.grants import Short
from keyturn.web.console import resuming
from keyturn.web.console.casework import refusal
from keyturn.web.console.reading import ID_LENGTH, row_id
from keyturn.web.directory_shown import policy_of
from keyturn.web.sealed import envelopes_of, sealing
from keyturn.web.visit import Visit

#: as of a person's own page
ENVELOPES_MAX: Final = 20_000


async def show(visit: Visit, staff: Staff) -> Response:
    """What happens, and the button."""
    proof = resuming.first(visit, staff, Action.RESET_USER)
    if proof is not None:
        return proof
    answer = await flow.place(visit.site.parts, staff, visit.path["ref"], _directory(visit))
    if not isinstance(answer, Place):
        raise refusal(answer)
    known = policy_of(answer.look)
    return visit.page(
        "console/case_temporary.html",
        ref=visit.path["ref"],
        user=answer.user,
        account=answer.account.name,
        domain=answer.directory,
        directory=answer.account.directory_id,
        missing=answer.found.missing if isinstance(answer.found, Short) else (),
        policy=known["policy"],
        names={**known["account"], "name": known["account"]["name"] or answer.account.name},
    )


async def recipients(visit: Visit, staff: Staff) -> Response:
    """For the script: whom to seal to, as the proofs permit it now."""
    await visit.form()
    answer = await flow.start(visit.site.parts, staff, visit.path["ref"], _directory(visit))
    if isinstance(answer, Choosing):
        return _json(sealing(answer, visit.tenant.slug))
    return _json({"code": _why(answer)}, 409)


async def submit(visit: Visit, staff: Staff) -> Response:
    """For the script: what it has sealed. The job's id is the grant's."""
    fields = await visit.form(job=ID_LENGTH, envelopes=ENVELOPES_MAX)
    answer = await flow.submit(
        visit.site.parts, staff, visit.path["ref"], _directory(visit), fields["job"],
        envelopes_of(fields["envelopes"]),
    )  # fmt: skip
    if isinstance(answer, JobView):
        return _json(_state(answer))
    return _json({"code": _why(answer)}, 409)


async def watch(visit: Visit, staff: Staff) -> Response:
    """For the script: how the job stands."""
    job = await resetting.job(visit.site.parts, staff, row_id(visit.path["job"]))
    return _json(_state(job)) if isinstance(job, JobView) else _json({"code": "gone"}, 404)


def _directory(visit: Visit) -> str:
    return row_id(visit.path["directory"])


def _state(job: JobView) -> dict[str, Any]:
    return {"job": job.id, "state": str(job.state), "over": job.state in FINAL}


def _why(answer: object) -> str:
    """A name of a note on the page. Raises Refusal for what is no longer this page's matter."""
    match answer:
        case Hindered(why=why):
            return "spent" if why == "spent" else "nobody"
        case Inactive():
            return "inactive"
        case NotPermitted():
            return "short"
        case NotSealed():
            return "stale"
        case _:
            raise refusal(answer)


def _json(value: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(value), status, media_type="application/json")
