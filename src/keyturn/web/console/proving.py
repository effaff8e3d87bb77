"""Proving a caller in a case: the page of a code that is read aloud, and of a colleague's word."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from keyturn.flows import proving
from keyturn.flows.proving import (
    Asked,
    Capped,
    CodeSent,
    Denied,
    NoCode,
    NotProved,
    NoWay,
    Proved,
    Standing,
    TooSoon,
)
from keyturn.rules.access import Staff
from keyturn.rules.proofs import Method
from keyturn.web.console import cases
from keyturn.web.console.casework import refusal
from keyturn.web.console.reading import WORD_MAX
from keyturn.web.refusals import Refusal
from keyturn.web.visit import Visit

CODE_MAX = 64


async def show(visit: Visit, staff: Staff) -> Response:
    """The page on which a code is typed."""
    return await _page(visit, staff, _method(visit), {})


async def send(visit: Visit, staff: Staff) -> Response:
    """Send a code, or another one."""
    await visit.form()
    method = _method(visit, proving.SENT)
    answer = await proving.send(visit.site.parts, staff, visit.path["ref"], method)
    match answer:
        case CodeSent():
            return visit.to(f"/console/cases/{visit.path['ref']}/proofs/{method}")
        case Capped(until=until):
            return await _page(visit, staff, method, {"why": "capped", "until": until}, 429)
        case TooSoon(at=at):
            return await _page(visit, staff, method, {"why": "soon", "until": at}, 429)
        case _:
            raise _barred(answer)


async def enter(visit: Visit, staff: Staff) -> Response:
    """What the caller reads out."""
    code = (await visit.form(code=CODE_MAX))["code"]
    method = _method(visit)
    answer = await proving.enter(visit.site.parts, staff, visit.path["ref"], method, code)
    match answer:
        case Proved():
            return visit.to(f"/console/cases/{visit.path['ref']}")
        case NotProved(outcome=outcome, left=left):
            if not left:
                return visit.to(f"/console/cases/{visit.path['ref']}")
            return await _page(visit, staff, method, {"why": str(outcome), "left": left}, 422)
        case NoCode():
            return await _page(visit, staff, method, {"why": "no-code"}, 409)
        case _:
            raise _barred(answer)


def _method(visit: Visit, among: frozenset[Method] = proving.TYPED) -> Method:
    """Of the address. Raises Refusal 404."""
    named = visit.path["method"]
    if named not in among:
        raise Refusal(404, "no-such-page")
    return Method(named)


def _barred(answer: object) -> Refusal:
    return Refusal(409, "case-no-way") if isinstance(answer, NoWay) else refusal(answer)


async def _page(
    visit: Visit, staff: Staff, method: Method, problem: dict[str, Any], status: int = 200
) -> Response:
    ref = visit.path["ref"]
    answer = await proving.standing(visit.site.parts, staff, ref, method)
    if not isinstance(answer, Standing):
        raise _barred(answer)
    return visit.page(
        "console/case_code.html", status, ref=ref, method=str(method), user=answer.user,
        to=answer.to, sent=answer.sent, left=answer.left, refused=problem,
    )  # fmt: skip


# -- the word of a colleague


async def ask(visit: Visit, staff: Staff) -> Response:
    """Ask a colleague."""
    colleague = (await visit.form(colleague=WORD_MAX))["colleague"]
    answer = await proving.ask(visit.site.parts, staff, visit.path["ref"], colleague)
    match answer:
        case Asked():
            return visit.to(f"/console/cases/{visit.path['ref']}")
        case Capped():
            return await cases.one(visit, staff, {"colleague": "capped"}, 429)
        case _:
            raise refusal(answer)


async def ask_word(visit: Visit, staff: Staff) -> Response:
    """The colleague's page."""
    desk = await cases.found(visit, staff)
    return visit.page("console/case_approve.html", **cases.told(desk))


async def word(visit: Visit, staff: Staff) -> Response:
    """What the colleague says."""
    said = (await visit.form(known=WORD_MAX))["known"]
    await cases.found(visit, staff)
    if said not in {"yes", "no"}:
        raise Refusal(422, "not-a-value", {"field": "known"})
    answer = await proving.vouch(visit.site.parts, staff, visit.path["ref"], known=said == "yes")
    if isinstance(answer, Proved | Denied):
        return visit.to(f"/console/cases/{visit.path['ref']}")
    raise refusal(answer)
