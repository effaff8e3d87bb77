"""The second person: what waits for one, its answer; and the role of a user, which always waits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.responses import Response

from keyturn.flows import countersigning as flow
from keyturn.flows import staff as staff_flow
from keyturn.flows.countersigning import Agreed, Ended, LastOwner, NotSent, Over
from keyturn.flows.staff import NotFound
from keyturn.ports.parts import Parts
from keyturn.rules.access import ALLOWED, Action, Staff, Why, rank
from keyturn.rules.accounts import Role
from keyturn.web.console import resuming
from keyturn.web.console.acts import done
from keyturn.web.console.entry import ConsoleHandler, barred, refused
from keyturn.web.console.reading import WORD_MAX, choice, row_id
from keyturn.web.refusals import Refusal
from keyturn.web.visit import Visit

HOME: Final = "/console/approvals"
Answer = Callable[[Parts, Staff, str], Awaitable[object]]
#: by the last part of the address
ANSWERS: Final[dict[str, Answer]] = {
    "agree": flow.agree, "decline": flow.decline, "withdraw": flow.withdraw,
}  # fmt: skip
#: what takes a role away
NO_ROLE: Final = "none"


async def index(visit: Visit, staff: Staff) -> Response:
    """The newest ones."""
    found = await flow.everyone(visit.site.parts, staff)
    return visit.page("console/approvals.html", rows=found)


async def show(visit: Visit, staff: Staff) -> Response:
    """One of them."""
    found = await flow.one(visit.site.parts, staff, row_id(visit.path["approval"]))
    if isinstance(found, flow.NotFound):
        raise barred(found)
    return visit.page("console/approval.html", v=found)


def answers(word: str) -> ConsoleHandler:
    """Saying yes, no, or never mind."""
    run = ANSWERS[word]

    async def answer(visit: Visit, staff: Staff) -> Response:
        await visit.form()
        wanted = row_id(visit.path["approval"])
        match await run(visit.site.parts, staff, wanted):
            case Agreed() | Ended():
                return visit.to(f"{HOME}/{wanted}")
            case Over():
                raise Refusal(409, "countersign-over")
            case LastOwner():
                raise Refusal(409, "last-owner")
            case NotSent(why=why):
                raise Refusal(409, f"no-link-{why}")
            case no:
                raise barred(no)

    return answer


async def ask_role(visit: Visit, staff: Staff) -> Response:
    """The page that asks which role a user is to have here."""
    if Action.ROLES not in ALLOWED[staff.role]:
        raise refused(staff_flow.NotAllowed(Why.NO_ROLE))
    found = await staff_flow.user(visit.site.parts, staff, row_id(visit.path["id"]))
    if isinstance(found, NotFound):
        raise refused(found)
    proof = resuming.first(visit, staff, Action.ROLES)
    if proof is not None:
        return proof
    may = [role for role in Role if rank(role) <= rank(staff.role)]
    return visit.page("console/role.html", user=found.user, role=found.role, roles=may)


async def give_role(visit: Visit, staff: Staff) -> Response:
    """Have a second person asked whether a user is to have a role, or none."""
    wanted = choice("role", (await visit.form(role=WORD_MAX))["role"], {NO_ROLE, *map(str, Role)})
    user_id, parts = row_id(visit.path["id"]), visit.site.parts
    if wanted is None:
        return await ask_role(visit, staff)
    if wanted == NO_ROLE:
        return done(visit, user_id, await staff_flow.revoke_role(parts, staff, user_id))
    return done(visit, user_id, await staff_flow.grant_role(parts, staff, user_id, Role(wanted)))
