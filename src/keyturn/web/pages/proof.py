"""Showing once more that it is oneself, before what is dangerous; a new password."""

from __future__ import annotations

import re
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.flows import proof
from keyturn.flows.proof import (
    Changed,
    Frozen,
    Locked,
    NotThisWay,
    Overloaded,
    ProofNeeded,
    Proved,
    Refused,
    SignedOut,
    Wrong,
)
from keyturn.rules.accounts import User
from keyturn.web.door import door
from keyturn.web.pages.signin import CODE_MAX, PASSWORD_MAX
from keyturn.web.site import Site
from keyturn.web.visit import Visit

PROOF, PASSWORD = "/account/proof", "/account/password"
THEN_MAX = 80
#: where a proof may lead: pages of the account; in the console what was asked for, the question
#: before something dangerous is done to a user, and a directory; the same in a customer's console
_THEN = re.compile(
    r"/account(/[0-9a-z-]+){0,3}|/console/resume"
    r"|/console/users/[0-9a-z]{26}/[a-z-]{1,12}|/console/directories/[0-9a-z]{26}"
    r"|/at/[0-9a-z]{26}/(resume|users/[0-9a-z]{26}/[a-z-]{1,12}|directories/[0-9a-z]{26})"
)


def routes(site: Site) -> list[BaseRoute]:
    """The doors of this room."""
    return [
        door(site, PROOF, get=ask, post=judge),
        door(site, PASSWORD, get=show_password, post=change_password),
    ]


def barred(visit: Visit, answer: ProofNeeded | Frozen | SignedOut, then: str) -> Response:
    """Why a change cannot be made now: it needs a proof, after which `then` goes on; changes
    are frozen, as the account page says; or the session is over.
    """
    match answer:
        case ProofNeeded():
            return visit.to(f"{PROOF}?then={then}")
        case Frozen():
            return visit.to("/account")
        case SignedOut():
            return visit.to("/signin")


def onward(then: str) -> str:
    """The page that a proof leads to; the account for anything else."""
    return then if _THEN.fullmatch(then) else "/account"


async def ask(visit: Visit) -> Response:
    """What shows that it is them."""
    signed = await visit.signed()
    then = onward(visit.query(then=THEN_MAX)["then"])
    if isinstance(await proof.check(visit.site.parts, visit.caller, signed), User):
        return visit.to(then)
    return await proof_page(visit, 200, then)


async def proof_page(
    visit: Visit, status: int, then: str, problem: dict[str, Any] | None = None
) -> Response:
    """What it can be shown by."""
    signed = await visit.signed()
    needed = await proof.methods(visit.site.parts, visit.caller, signed)
    return visit.page(
        "proof.html", status, methods=needed.methods, texted=needed.texted, then=then,
        problem=problem,
    )  # fmt: skip


async def judge(visit: Visit) -> Response:
    """A code or a password: then on with what was wanted."""
    fields = await visit.form(code=CODE_MAX, password=PASSWORD_MAX, then=THEN_MAX)
    signed, then = await visit.signed(), onward(fields["then"])
    parts, caller = visit.site.parts, visit.caller
    if fields["password"]:
        answer = await proof.by_password(parts, caller, signed, fields["password"])
    else:
        answer = await proof.by_code(parts, caller, signed, fields["code"])
    visit.now = parts.clock.now()
    match answer:
        case Proved(session=session):
            visit.keep_session(session)
            return visit.to(then)
        case SignedOut():
            return visit.to("/signin")
        case _:
            status, problem = _problem(answer)
            return await proof_page(visit, status, then, problem)


def _problem(
    answer: Wrong | NotThisWay | Locked | Overloaded,
) -> tuple[int, dict[str, Any]]:
    match answer:
        case Wrong() | NotThisWay():
            return 422, {"code": "wrong"}
        case Locked(until=until):
            return 422, {"code": "locked", "until": until}
        case Overloaded(retry_after=wait):
            return 503, {"code": "busy", "retry_after": wait}


async def show_password(visit: Visit) -> Response:
    """The form for a new password; a second step, where there is one, comes before it."""
    signed = await visit.signed()
    parts, caller = visit.site.parts, visit.caller
    if signed.user.password_hash is None:
        return visit.to("/recover")
    answer = await proof.check(parts, caller, signed)
    by_password = isinstance(answer, ProofNeeded) and answer.methods == (proof.PASSWORD,)
    if isinstance(answer, User) or by_password:  # the form asks for the password itself
        return _password_page(visit, 200)
    return barred(visit, answer, PASSWORD)


def _password_page(visit: Visit, status: int, **context: Any) -> Response:
    shown: dict[str, Any] = {"problem": None, "problems": {}, "warnings": (), **context}
    minimum = visit.tenant.policy.password_min
    return visit.page("password.html", status, minimum=minimum, **shown)


async def change_password(visit: Visit) -> Response:
    """The current password and a new one."""
    fields = await visit.form(current=PASSWORD_MAX, password=PASSWORD_MAX, spaces=1)
    signed = await visit.signed()
    answer = await proof.change_password(
        visit.site.parts, visit.caller, signed, fields["current"], fields["password"],
        spaces_meant=fields["spaces"] == "1",
    )  # fmt: skip
    visit.now = visit.site.parts.clock.now()
    match answer:
        case Changed(session=session):
            visit.keep_session(session)
            return visit.page("password_done.html")
        case Refused():
            return _password_page(
                visit, 422, problems={"password": _faults(answer)}, warnings=answer.warnings
            )
        case Wrong():
            return _password_page(visit, 422, problems={"current": [{"code": "wrong"}]})
        case Locked() | Overloaded():
            status, problem = _problem(answer)
            return _password_page(visit, status, problem=problem)
        case NotThisWay():
            return visit.to("/recover")
        case _:
            return barred(visit, answer, PASSWORD)


def _faults(refused: Refused) -> list[Any]:
    """What is beside the field: the rules' problems, or that it is the old one."""
    return [*refused.problems, *([{"code": "same"}] if refused.same else [])]
