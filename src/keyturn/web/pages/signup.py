"""Creating an account."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.flows import signup
from keyturn.flows.signup import (
    Confirmed,
    NothingOpen,
    Open,
    Overloaded,
    SignedIn,
    SignupClosed,
    TooMany,
    TooSoon,
    Unfit,
)
from keyturn.rules.circular import is_circular
from keyturn.rules.identifiers import DISPLAY_MAX, EmailFault, EmailProblem, NameFault, NameProblem
from keyturn.steps.codes import Sent
from keyturn.web.door import door
from keyturn.web.pages.recover import verdict_problem
from keyturn.web.pages.signin import CODE_MAX, NAME_MAX, PASSWORD_MAX
from keyturn.web.pages.told import of_mail
from keyturn.web.site import Site
from keyturn.web.visit import Visit

#: what a form takes of a display name; the rules say what fits (DISPLAY_MAX)
DISPLAY_TYPED, ZONE_MAX = 400, 64
WELCOME = "/welcome"


def routes(site: Site) -> list[BaseRoute]:
    """The doors of this room."""
    return [
        door(site, "/signup", get=show, post=start),
        door(site, "/signup/code", get=show_code, post=try_code),
        door(site, "/signup/resend", post=resend),
    ]


async def show(visit: Visit) -> Response:
    """The form. It stays open while a code is awaited, for another address."""
    if not visit.tenant.policy.signup:
        return _closed(visit, 200)
    return _form(visit, 200, {"name": "", "email": ""})


def _form(visit: Visit, status: int, values: dict[str, str], **context: Any) -> Response:
    shown: dict[str, Any] = {"problem": None, "problems": {}, "warnings": (), **context}
    return visit.page("signup.html", status, values=values, **shown)


def _closed(visit: Visit, status: int) -> Response:
    return visit.page("signup_closed.html", status)


async def start(visit: Visit) -> Response:
    """Sign up."""
    fields = await visit.form(
        name=DISPLAY_TYPED, email=NAME_MAX, password=PASSWORD_MAX, spaces=1, timezone=ZONE_MAX
    )
    values = {"name": fields["name"], "email": fields["email"]}
    answer = await signup.start(
        visit.site.parts,
        visit.caller,
        fields["name"],
        fields["email"],
        fields["password"],
        spaces_meant=fields["spaces"] == "1",
        timezone=fields["timezone"] or None,
    )
    match answer:
        case Open():
            return visit.to("/signup/code")
        case Unfit():
            problems, warnings = beside(answer), answer.warnings
            return _form(visit, 422, values, problems=problems, warnings=warnings)
        case SignupClosed():
            return _closed(visit, 403)
        case TooMany(until=until):
            return _form(visit, 429, values, problem={"code": "too_many", "until": until})
        case Overloaded(retry_after=wait):
            return _form(visit, 503, values, problem={"code": "busy", "retry_after": wait})


def beside(unfit: Unfit) -> dict[str, list[Any]]:
    """What is wrong, by the field beside which the page says so."""
    found: dict[str, list[Any]] = {
        "name": [_name_problem(unfit.name)] if unfit.name else [],
        "email": [_email_problem(unfit.email)] if unfit.email else [],
        "password": list(unfit.password),
    }
    return {field: problems for field, problems in found.items() if problems}


def _name_problem(problem: NameProblem) -> dict[str, object]:
    codes = {NameFault.EMPTY: "missing", NameFault.TOO_LONG: "too_long"}
    return {"code": codes.get(problem.fault, "bad_name"), "limit": DISPLAY_MAX}


def _email_problem(problem: EmailProblem) -> dict[str, object]:
    codes = {EmailFault.EMPTY: "missing", EmailFault.TOO_LONG: "too_long"}
    return {"code": codes.get(problem.fault, "bad_email"), "limit": NAME_MAX}


async def _opened(visit: Visit) -> Open | Response:
    opened = await signup.current(visit.site.parts, visit.caller)
    return visit.to("/signup") if isinstance(opened, NothingOpen) else opened


def _code_page(
    visit: Visit, status: int, opened: Open, problem: dict[str, Any] | None = None
) -> Response:
    sent = opened.sent or Sent(opened.started_at, opened.started_at, visit.now, False, None)
    return visit.page(
        "signup_code.html",
        status,
        email=opened.email,
        sent_at=sent.sent_at,
        expires_at=sent.expires_at,
        resend_at=sent.resend_at,
        link_only=sent.link_only,
        sender=visit.tenant.sender,
        circular=is_circular(opened.email, visit.tenant.policy.directory_domains),
        problem=problem,
        **of_mail(opened.mail, opened.email, visit.tenant, visit.now),
    )


async def show_code(visit: Visit) -> Response:
    """Where the mailed code is typed."""
    opened = await _opened(visit)
    return opened if isinstance(opened, Response) else _code_page(visit, 200, opened)


async def try_code(visit: Visit) -> Response:
    """One try at the mailed code."""
    code = (await visit.form(code=CODE_MAX))["code"]
    answer = await signup.enter_code(visit.site.parts, visit.caller, code)
    if isinstance(answer, SignedIn | Confirmed):
        return arrive(visit, answer)
    opened = await _opened(visit)
    if isinstance(opened, Response) or isinstance(answer, NothingOpen):
        return visit.to("/signup")
    return _code_page(visit, 422, opened, verdict_problem(answer))


def arrive(visit: Visit, answer: SignedIn | Confirmed) -> Response:
    """The account is open: on to its phone number, or to be welcomed."""
    if isinstance(answer, Confirmed):
        return visit.to(WELCOME)
    visit.keep_session(answer.session)
    visit.keep_client(answer.client)
    return visit.to(WELCOME if visit.tenant.policy.phone == "off" else "/account/phone")


async def resend(visit: Visit) -> Response:
    """Another code."""
    await visit.form()
    answer = await signup.resend(visit.site.parts, visit.caller)
    opened = await _opened(visit)
    if isinstance(opened, Response) or isinstance(answer, NothingOpen):
        return visit.to("/signup")
    if isinstance(answer, TooSoon):
        return _code_page(visit, 429, opened, {"code": "too_soon", "at": answer.at})
    if answer.withheld_until is not None:
        problem = {"code": "budget", "until": answer.withheld_until}
        return _code_page(visit, 429, opened, problem)
    return visit.to("/signup/code")
