"""What staff do to a user: the page that asks, and the act itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.responses import Response

from keyturn.flows import data, inviting, releasing
from keyturn.flows import staff as flow
from keyturn.flows.data import Exported, LastOwner
from keyturn.flows.staff import Alone, NotAllowed, NotFound, Waiting
from keyturn.ports.parts import Parts
from keyturn.rules.access import ALLOWED, Action, Staff, Why
from keyturn.web.console import resuming
from keyturn.web.console.entry import ConsoleHandler, refused
from keyturn.web.console.reading import row_id
from keyturn.web.pages.data import as_file
from keyturn.web.refusals import Refusal
from keyturn.web.visit import Visit

Act = Callable[[Parts, Staff, str], Awaitable[object]]

#: by the last part of the address: what is asked first, what it needs, and the flow
ASKED: dict[str, tuple[Action, Act]] = {
    "invite": (Action.INVITE, inviting.invite),
    "reset-user": (Action.RESET_USER, inviting.reset_user),
    "disable": (Action.DISABLE, flow.disable),
    "enable": (Action.ENABLE, flow.enable),
    "sessions": (Action.END_SESSIONS, flow.end_sessions),
    "unfreeze": (Action.UNFREEZE, flow.unfreeze),
    "export": (Action.EXPORT, data.export_for),
    "erase": (Action.ERASE, data.delete_for),
    "number": (Action.RELEASE_NUMBER, releasing.release),
}

#: what stands in the way, as the page of a refusal calls it
_HINDERED: dict[type, str] = {
    Alone: "nobody-else", LastOwner: "last-owner", releasing.Held: "number-held",
    releasing.NotAsked: "holder-not-asked",
}  # fmt: skip


async def unlock(visit: Visit, staff: Staff) -> Response:
    """End every lock at once: it harms nobody, so nothing is asked."""
    return await _done(visit, staff, flow.unlock)


async def ask_holder(visit: Visit, staff: Staff) -> Response:
    """Ask whoever holds a number that a user could not have: it changes nothing."""
    return await _done(visit, staff, releasing.ask_holder)


def asks(act: str) -> ConsoleHandler:
    """The page that says what `act` will do, and asks."""
    action, _ = ASKED[act]

    async def ask(visit: Visit, staff: Staff) -> Response:
        if action not in ALLOWED[staff.role]:
            raise refused(NotAllowed(Why.NO_ROLE))
        found = await flow.user(visit.site.parts, staff, row_id(visit.path["id"]))
        if isinstance(found, NotFound):
            raise refused(found)
        proof = resuming.first(visit, staff, action)
        if proof is not None:
            return proof
        return visit.page("console/confirm.html", ask=act, user=found.user)

    return ask


def does(act: str) -> ConsoleHandler:
    """The act itself."""
    _, run = ASKED[act]

    async def do(visit: Visit, staff: Staff) -> Response:
        return await _done(visit, staff, run)

    return do


async def _done(visit: Visit, staff: Staff, run: Act) -> Response:
    """Do it and show the user as it is now."""
    await visit.form()
    user_id = row_id(visit.path["id"])
    return done(visit, user_id, await run(visit.site.parts, staff, user_id))


def done(visit: Visit, user_id: str, answer: object) -> Response:
    """What came of something that was done to a user: they as they are now, or why it was not."""
    if isinstance(answer, Waiting):
        return visit.to(f"/console/approvals/{answer.one.id}")
    if isinstance(answer, NotAllowed | NotFound):
        raise refused(answer)
    match answer:
        case (
            data.NotAllowed(why=why) | releasing.NotAllowed(why=why) | inviting.NotAllowed(why=why)
        ):
            raise refused(NotAllowed(why))
        case data.NotFound() | releasing.NotFound() | inviting.NotFound():
            raise refused(NotFound())
        case Alone() | releasing.Held() | releasing.NotAsked() | LastOwner():
            raise Refusal(409, _HINDERED[type(answer)])
        case inviting.NotSent(why=bar):
            raise Refusal(409, f"no-link-{bar}")
        case Exported():
            return as_file(answer, visit.tenant.slug)
    return visit.to(f"/console/users/{user_id}")
