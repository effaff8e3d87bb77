"""One's own directory accounts: how they stand, unlocking, a new password, the proof of it.

What takes a moment is watched (web/streams.py): a look that an agent answers, a job on its way.
A new password is sealed by static/directory.js, which asks `recipients` whom to seal to, and
hands in with `submit` what nobody here can open. No door here takes a password.
"""

from __future__ import annotations

import json
from typing import Any, Final

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.flows import proof, resets
from keyturn.flows.resets import (
    Account,
    Accounts,
    Asked,
    Choosing,
    Hindered,
    JobView,
    Look,
    NoSecondStep,
    NotFound,
    NotSealed,
    ProofNeeded,
    Signed,
)
from keyturn.rules.accounts import User
from keyturn.rules.directories.resets import JobState
from keyturn.web.directory_shown import account_shown, job_shown, policy_of
from keyturn.web.door import door
from keyturn.web.pages.proof import barred
from keyturn.web.refusals import Refusal
from keyturn.web.sealed import envelopes_of, sealing
from keyturn.web.site import Site
from keyturn.web.streams import Sight, Stream, Watchers
from keyturn.web.visit import Visit

ROOT = "/account/directory"
LOOKS, JOBS = f"{ROOT}/looks", f"{ROOT}/jobs"
ID_MAX = 26
#: an envelope is some 500 characters, and a directory has a handful of candidates
ENVELOPES_MAX = 20_000
#: how long an answer of the directory is shown as how things stand
STALE_MS: Final = 60_000
_WATCHERS: Final = Watchers()


def routes(site: Site) -> list[BaseRoute]:
    """The doors of this room."""
    return [
        door(site, ROOT, get=show_all),
        door(site, LOOKS + "/{id}", get=show_look),
        door(site, LOOKS + "/{id}/events", get=watch_look),
        door(site, JOBS + "/{id}", get=show_job),
        door(site, JOBS + "/{id}/events", get=watch_job),
        door(site, JOBS + "/{id}/recipients", post=recipients),
        door(site, JOBS + "/{id}/submit", post=submit),
        door(site, JOBS + "/{id}/cancel", post=cancel),
        door(site, ROOT + "/{id}", get=show),
        door(site, ROOT + "/{id}/unlock", post=unlock),
        door(site, ROOT + "/{id}/password", post=begin),
    ]


def turned_away(visit: Visit, answer: resets.Not | NotFound, then: str) -> Response:
    """Why none of this can be done now: see pages/proof.barred; without a second step it never
    can. Raises Refusal 404.
    """
    match answer:
        case NotFound():
            raise Refusal(404, "no-such-page")
        case NoSecondStep():
            return visit.page("directory_closed.html", 403)
        case _:
            return barred(visit, answer, then)


# -- how things stand


async def show_all(visit: Visit) -> Response:
    """The accounts; where there is but one, that one."""
    found = await resets.accounts(visit.site.parts, visit.caller, await visit.signed())
    if not isinstance(found, Accounts):
        return turned_away(visit, found, ROOT)
    if len(found.accounts) == 1:
        return visit.to(f"{ROOT}/{found.accounts[0].directory_id}")
    return visit.page("directories.html", accounts=found.accounts)


async def show(visit: Visit) -> Response:
    """One account, as the directory says that it stands; until it has said so, that it is
    being asked.
    """
    return await _account_page(visit, visit.path["id"], visit.query(look=ID_MAX)["look"])


async def _account_page(
    visit: Visit, directory_id: str, look_id: str, *, status: int = 200,
    hindered: Hindered | None = None,
) -> Response:  # fmt: skip
    signed = await visit.signed()
    then = f"{ROOT}/{directory_id}"
    account, found = await _own(visit, signed, directory_id)
    if account is None:
        return turned_away(visit, found, then)
    look = await _look(visit, signed, directory_id, look_id)
    if isinstance(look, Asked):
        return visit.to(f"{then}?look={look.look_id}")
    if not isinstance(look, Look | Hindered):
        return turned_away(visit, look, then)
    shown = account_shown(account, look, visit.now)
    return visit.page("directory.html", status, a=shown, look=look_id, hindered=hindered)


async def _own(
    visit: Visit, signed: Signed, directory_id: str
) -> tuple[Account | None, resets.Not | NotFound]:
    """The person's account there; without one, why not."""
    found = await resets.accounts(visit.site.parts, visit.caller, signed)
    if not isinstance(found, Accounts):
        return None, found
    own = (a for a in found.accounts if a.directory_id == directory_id)
    return next(own, None), NotFound()


async def _look(
    visit: Visit, signed: Signed, directory_id: str, look_id: str
) -> Look | Asked | Hindered | NotFound | resets.Not:
    """The look of the address, if it tells how things stand; else a new one is asked for."""
    parts, caller = visit.site.parts, visit.caller
    if look_id:
        look = await resets.look_answer(parts, caller, signed, look_id)
        if isinstance(look, NotFound) or not isinstance(look, Look):
            return look
        if look.directory_id == directory_id and visit.now - look.asked_at < STALE_MS:
            return look
    return await resets.ask_look(parts, caller, signed, directory_id)


async def show_look(visit: Visit) -> Response:
    """For the script on the page of a new password: whether the directory has said what it
    wants of one, and what.
    """
    look = await _looked(visit)
    if not isinstance(look, Look):
        return _json({"code": "gone"}, 403)
    return _json({"over": bool(look.view or look.cause), **policy_of(look)})


async def watch_look(visit: Visit) -> Any:
    """Ends as soon as there is an answer."""
    look = await _looked(visit)
    if not isinstance(look, Look):
        raise Refusal(404, "no-such-page")

    async def sight() -> Sight | None:
        found = await _looked(visit)
        return Sight("", bool(found.view or found.cause)) if isinstance(found, Look) else None

    return await _stream(visit, sight)


async def _looked(visit: Visit) -> Look | NotFound | resets.Not:
    signed = await visit.signed()
    return await resets.look_answer(visit.site.parts, visit.caller, signed, visit.path["id"])


# -- what is asked of it


async def unlock(visit: Visit) -> Response:
    """Unlock, and watch."""
    look_id = (await visit.form(look=ID_MAX))["look"]
    signed, directory_id = await visit.signed(), visit.path["id"]
    answer = await resets.unlock(visit.site.parts, visit.caller, signed, directory_id)
    match answer:
        case JobView(id=job_id):
            return visit.to(f"{JOBS}/{job_id}")
        case Hindered():
            return await _account_page(visit, directory_id, look_id, status=503, hindered=answer)
        case _:
            return turned_away(visit, answer, f"{ROOT}/{directory_id}")


async def begin(visit: Visit) -> Response:
    """Begin a new password, or go on with the one that waits."""
    look_id = (await visit.form(look=ID_MAX))["look"]
    signed, directory_id = await visit.signed(), visit.path["id"]
    answer = await resets.start(visit.site.parts, visit.caller, signed, directory_id)
    match answer:
        case Choosing(job=job):
            return visit.to(f"{JOBS}/{job.id}" + (f"?look={look_id}" if look_id else ""))
        case Hindered():
            return await _account_page(visit, directory_id, look_id, status=503, hindered=answer)
        case _:
            return turned_away(visit, answer, f"{ROOT}/{directory_id}")


async def cancel(visit: Visit) -> Response:
    """Take a job back that nobody may act on yet; its page says whether that was in time."""
    await visit.form()
    signed, job_id = await visit.signed(), visit.path["id"]
    answer = await resets.cancel(visit.site.parts, visit.caller, signed, job_id)
    if isinstance(answer, JobView):
        return visit.to(f"{JOBS}/{job_id}")
    return turned_away(visit, answer, f"{JOBS}/{job_id}")


# -- a job


async def show_job(visit: Visit) -> Response:
    """A job: the form, while its password is still to be chosen; then how it goes on."""
    look_id = visit.query(look=ID_MAX)["look"]
    signed = await visit.signed()
    job = await _job(visit, signed)
    if not isinstance(job, JobView):
        return turned_away(visit, job, ROOT)
    if job.state is JobState.CHOOSING:
        return await _choose_page(visit, signed, job, look_id)
    watch = "" if job.over else f"{JOBS}/{job.id}/events"
    return visit.page("directory_job.html", j=job_shown(job, visit.now), watch=watch)


async def _job(visit: Visit, signed: Signed) -> JobView | NotFound | resets.SignedOut:
    return await resets.view(visit.site.parts, visit.caller, signed, visit.path["id"])


async def _choose_page(visit: Visit, signed: Signed, job: JobView, look_id: str) -> Response:
    """The form; a proof, where it is needed, comes before it."""
    parts, path = visit.site.parts, f"{JOBS}/{job.id}"
    answer = await proof.check(parts, visit.caller, signed)
    if not isinstance(answer, User):
        return barred(visit, answer, path)
    look = await _look(visit, signed, job.directory_id, look_id)
    if isinstance(look, Asked):
        return visit.to(f"{path}?look={look.look_id}")
    if not isinstance(look, Look | Hindered):
        return turned_away(visit, look, path)
    answered = not isinstance(look, Look) or bool(look.view or look.cause)
    return visit.page(
        "directory_choose.html", j=job_shown(job, visit.now), look="" if answered else look_id,
        root=path, **policy_of(look if isinstance(look, Look) else None),
    )  # fmt: skip


async def watch_job(visit: Visit) -> Any:
    """The middle of its page, each time that it is another."""
    signed = await visit.signed()
    job = await _job(visit, signed)
    if not isinstance(job, JobView):
        raise Refusal(404, "no-such-page")

    async def sight() -> Sight | None:
        found = await _job(visit, signed)
        if not isinstance(found, JobView):
            return None
        visit.now = visit.site.parts.clock.now()
        shown = job_shown(found, visit.now)
        return Sight(visit.piece("_directory_job.html", j=shown), found.over)

    return await _stream(visit, sight)


async def _stream(visit: Visit, sight: Any) -> Stream:
    signed = await visit.signed()
    return Stream(_WATCHERS, signed.user.id, visit.site.parts.clock, sight)


# -- for the script


async def recipients(visit: Visit) -> Response:
    """Whom to seal to, at this moment; what the seal binds; the directory's identity."""
    await visit.form()
    signed = await visit.recognised()
    job = await _job(visit, signed) if signed else None
    if signed is None or not isinstance(job, JobView) or job.state is not JobState.CHOOSING:
        return _json({"code": "gone"}, 409)
    answer = await resets.start(visit.site.parts, visit.caller, signed, job.directory_id)
    match answer:
        case Choosing() if answer.job.id == job.id:
            return _json(sealing(answer, visit.tenant.slug))
        case Hindered(why=why):
            return _json({"code": why if why == "spent" else "nobody"}, 409)
        case ProofNeeded():
            return _json({"code": "proof"}, 403)
        case _:
            return _json({"code": "gone"}, 409)


async def submit(visit: Visit) -> Response:
    """The sealed password is handed in."""
    fields = await visit.form(envelopes=ENVELOPES_MAX)
    signed = await visit.recognised()
    envelopes = envelopes_of(fields["envelopes"])
    if signed is None:
        return _json({"code": "gone"}, 409)
    answer = await resets.submit(
        visit.site.parts, visit.caller, signed, visit.path["id"], envelopes
    )
    match answer:
        case JobView():
            return Response(status_code=204)
        case NotSealed():
            return _json({"code": "stale"}, 409)
        case ProofNeeded():
            return _json({"code": "proof"}, 403)
        case _:
            return _json({"code": "gone"}, 409)


def _json(value: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(value), status, media_type="application/json")
