"""A user's directory accounts: link one, take it away, reset, unlock, require a change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.responses import Response

from keyturn.flows import directories, linking, resetting
from keyturn.flows.linking import Answer, Asked, Held, Hindered, Linked, Stale
from keyturn.flows.resetting import Inactive, JobView
from keyturn.ports.parts import Parts
from keyturn.rules.access import ALLOWED, Action, Staff, Why
from keyturn.rules.accounts import User
from keyturn.rules.directories.protected import WORDS
from keyturn.steps.directory_views import DirectoryRow
from keyturn.web.console.entry import barred, is_partial
from keyturn.web.console.reading import ID_LENGTH, row_id
from keyturn.web.refusals import Refusal
from keyturn.web.visit import Visit

Act = Callable[[Parts, Staff, str, str], Awaitable[object]]
#: by the last part of the address: what is done to the account in a directory
JOBS: dict[str, Act] = {
    "reset": resetting.start_for,
    "unlock": resetting.unlock_for,
    "require-change": resetting.require_change_for,
}
#: longest name that is read; longer ones are no account's
NAME_MAX = 300


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why nothing was begun: a word of Hindered or Inactive; `until`: see Hindered."""

    why: str
    until: int | None = None


async def form(visit: Visit, staff: Staff) -> Response:
    """Which account is it? Raises Refusal 403 for a role that may not say so."""
    return await _form(visit, staff, "", None, None)


async def _form(
    visit: Visit, staff: Staff, typed: str, chosen: str | None, trouble: Trouble | None
) -> Response:
    if Action.LINK_ACCOUNT not in ALLOWED[staff.role]:
        raise barred(directories.NotAllowed(Why.NO_ROLE))
    found = await _person(visit, staff)
    rows: tuple[DirectoryRow, ...] = await directories.everyone(visit.site.parts, staff)
    return visit.page(
        "console/account_link.html", 422 if trouble else 200, user=found.user,
        accounts=found.accounts, directories=rows, typed=typed, chosen=chosen, trouble=trouble,
    )  # fmt: skip


async def _person(visit: Visit, staff: Staff) -> Linked:
    found = await linking.accounts_of(visit.site.parts, staff, row_id(visit.path["id"]))
    if not isinstance(found, Linked):
        raise barred(found)
    return found


async def ask(visit: Visit, staff: Staff) -> Response:
    """Ask the directory for the name typed."""
    fields = await visit.form(directory=ID_LENGTH, name=NAME_MAX)
    typed, user_id = fields["name"].strip(), row_id(visit.path["id"])
    if not typed or len(typed) > linking.NAME_MAX:
        return await _form(visit, staff, typed, fields["directory"], Trouble("name"))
    directory = row_id(fields["directory"])
    answer = await linking.ask(visit.site.parts, staff, user_id, directory, typed)
    match answer:
        case Asked(look_id=look_id):
            return visit.to(f"/console/users/{user_id}/link/{look_id}")
        case Hindered(why=why, until=until):
            return await _form(visit, staff, typed, directory, Trouble(why, until))
        case _:
            raise barred(answer)


async def answer(visit: Visit, staff: Staff) -> Response:
    """What the directory said, to be confirmed. For htmx, which asks while nothing is there:
    nothing until there is, and then to open the page.
    """
    found = await _answer(visit, staff)
    here = f"{visit.base}/console/users/{found.user.id}/link/{found.look_id}"
    if is_partial(visit):
        done = {"HX-Redirect": here} if found.candidate or found.cause else {}
        return Response(status_code=204, headers=done)
    return _shown(visit, found, found.user, held=False)


def _shown(visit: Visit, found: Answer, user: User, *, held: bool) -> Response:
    """The page of an answer; `held`: somebody else was faster (409)."""
    protected = found.candidate.protected if found.candidate else ""
    return visit.page(
        "console/account_found.html", 409 if held else 200, found=found, user=user, held=held,
        why=WORDS.get(protected, protected),
    )  # fmt: skip


async def _answer(visit: Visit, staff: Staff) -> Answer:
    user_id, look_id = row_id(visit.path["id"]), row_id(visit.path["look"])
    found = await linking.answer(visit.site.parts, staff, user_id, look_id)
    if not isinstance(found, Answer):
        raise barred(found)
    return found


async def confirm(visit: Visit, staff: Staff) -> Response:
    """It is this one."""
    await visit.form()
    user_id, look_id = row_id(visit.path["id"]), row_id(visit.path["look"])
    done = await linking.link(visit.site.parts, staff, user_id, look_id)
    match done:
        case Linked():
            return visit.to(f"/console/users/{user_id}")
        case Stale():
            raise Refusal(409, "link-stale")
        case Held():
            found, person = await _answer(visit, staff), await _person(visit, staff)
            return _shown(visit, found, person.user, held=True)
        case _:
            raise barred(done)


async def ask_unlink(visit: Visit, staff: Staff) -> Response:
    """The page that asks before a link is taken away."""
    if Action.LINK_ACCOUNT not in ALLOWED[staff.role]:
        raise barred(directories.NotAllowed(Why.NO_ROLE))
    person, wanted = await _person(visit, staff), row_id(visit.path["directory"])
    found = next((a for a in person.accounts if a.account.directory_id == wanted), None)
    if found is None:
        raise barred(None)
    return visit.page("console/account_unlink.html", user=person.user, row=found)


async def unlink(visit: Visit, staff: Staff) -> Response:
    """Do it."""
    await visit.form()
    user_id, directory = row_id(visit.path["id"]), row_id(visit.path["directory"])
    done = await linking.unlink(visit.site.parts, staff, user_id, directory)
    if not isinstance(done, Linked):
        raise barred(done)
    return visit.to(f"/console/users/{user_id}")


def does(act: str) -> Callable[[Visit, Staff], Awaitable[Response]]:
    """Begin a job of this kind on a user's account."""
    run = JOBS[act]

    async def do(visit: Visit, staff: Staff) -> Response:
        await visit.form()
        user_id, directory = row_id(visit.path["id"]), row_id(visit.path["directory"])
        begun = await run(visit.site.parts, staff, user_id, directory)
        match begun:
            case JobView(id=job_id):
                return visit.to(f"/console/jobs/{job_id}")
            case Hindered(why=why, until=until):
                trouble = Trouble(why, until)
            case Inactive(why=why):
                trouble = Trouble(why)
            case _:
                raise barred(begun)
        person = await _person(visit, staff)
        return visit.page("console/job_refused.html", 409, user=person.user, trouble=trouble)

    return do
