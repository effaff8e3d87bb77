"""A provider's customers, and who of its people acts at each."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from keyturn.flows import customers as flow
from keyturn.flows.customers import Done, Page, TooHigh
from keyturn.rules.access import ALLOWED, Action, Staff
from keyturn.rules.accounts import Role
from keyturn.web.console.entering import CUSTOMERS
from keyturn.web.console.entry import barred
from keyturn.web.console.reading import ID_LENGTH, WORD_MAX, choice, row_id
from keyturn.web.visit import Visit


async def index(visit: Visit, staff: Staff) -> Response:
    """Each customer with what waits there."""
    rows = await flow.everyone(visit.site.parts, staff)
    chooses = Action.MEMBERS in ALLOWED[staff.role]
    return visit.page("console/customers.html", rows=rows, chooses=chooses)


async def show(visit: Visit, staff: Staff) -> Response:
    """Who acts at one."""
    return await _page(visit, staff)


async def _page(
    visit: Visit, staff: Staff, status: int = 200, problem: dict[str, Any] | None = None
) -> Response:
    found = await flow.people(visit.site.parts, staff, row_id(visit.path["tenant"]))
    if not isinstance(found, Page):
        raise barred(found)
    return visit.page("console/customer.html", status, page=found, refused=problem)


async def give(visit: Visit, staff: Staff) -> Response:
    """Let somebody act there."""
    fields = await visit.form(user=ID_LENGTH, role=WORD_MAX)
    tenant = row_id(visit.path["tenant"])
    role = choice("role", fields["role"], set(map(str, Role)))
    if role is None:
        return await _page(visit, staff, 422, {"why": "role"})
    answer = await flow.give(visit.site.parts, staff, tenant, fields["user"], Role(role))
    match answer:
        case Done():
            return visit.to(f"{CUSTOMERS}/{tenant}")
        case TooHigh():
            return await _page(visit, staff, 422, {"why": "high"})
        case _:
            raise barred(answer)


async def take(visit: Visit, staff: Staff) -> Response:
    """Let them act there no more."""
    await visit.form()
    tenant = row_id(visit.path["tenant"])
    answer = await flow.take(visit.site.parts, staff, tenant, row_id(visit.path["member"]))
    if not isinstance(answer, Done):
        raise barred(answer)
    return visit.to(f"{CUSTOMERS}/{tenant}")
