"""Forgotten password."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.flows import recovery
from keyturn.flows.recovery import (
    Handed,
    Later,
    NothingOpen,
    Open,
    Overloaded,
    Refused,
    TooMany,
    TooSoon,
)
from keyturn.rules.circular import is_circular
from keyturn.rules.codes import Expired, Replaced, Spent, Used, Verdict, Wrong
from keyturn.rules.lockout import Locked
from keyturn.steps.codes import Sent
from keyturn.web.door import door
from keyturn.web.pages.signin import CODE_MAX, NAME_MAX, PASSWORD_MAX
from keyturn.web.pages.told import of_mail
from keyturn.web.site import Site
from keyturn.web.visit import Visit

PAGES = {
    "code": "/recover/code",
    "first": "/recover/first",
    "second": "/recover/second",
    "password": "/recover/password",
    "done": "/recover/done",
}


def routes(site: Site) -> list[BaseRoute]:
    """The doors of this room."""
    return [
        door(site, "/recover", get=show, post=start),
        door(site, "/recover/code", get=show_code, post=try_code),
        door(site, "/recover/resend", post=resend),
        door(site, "/recover/restart", post=restart),
        door(site, "/recover/first", get=show_first, post=go_on_first),
        door(site, "/recover/second", get=show_second, post=try_second),
        door(site, "/recover/password", get=show_password, post=set_password),
        door(site, "/recover/done", get=show_done),
    ]


async def show(visit: Visit) -> Response:
    """The form; a recovery that is open in this browser goes on instead."""
    name = visit.query(name=NAME_MAX)["name"]
    opened = await recovery.current(visit.site.parts, visit.caller)
    if isinstance(opened, Open) and opened.step != "done":
        return visit.to(PAGES[opened.step])
    return visit.page("recover.html", identifier=name, problem=None)


async def start(visit: Visit) -> Response:
    """Ask for a code."""
    name = (await visit.form(identifier=NAME_MAX))["identifier"]
    answer = await recovery.start(visit.site.parts, visit.caller, name)
    if isinstance(answer, Open):
        return visit.to(PAGES[answer.step])
    status = 422
    problem: dict[str, Any] = {"code": "not_a_name"}
    if isinstance(answer, TooMany):
        status, problem = 429, {"code": "too_many", "until": answer.until}
    return visit.page("recover.html", status, identifier=name, problem=problem)


async def _opened(visit: Visit, step: str) -> Open | Response:
    """The open recovery if it is at `step`, else where it is."""
    opened = await recovery.current(visit.site.parts, visit.caller)
    if isinstance(opened, NothingOpen):
        return visit.to("/recover")
    return opened if opened.step == step else visit.to(PAGES[opened.step])


def _code_page(visit: Visit, status: int, opened: Open, problem: dict[str, Any] | None) -> Response:
    sent = opened.sent or Sent(opened.started_at, opened.started_at, visit.now, False, None)
    fate = opened.mail
    return visit.page(
        "recover_code.html",
        status,
        typed=opened.typed,
        sent_at=sent.sent_at,
        expires_at=sent.expires_at,
        resend_at=sent.resend_at,
        link_only=sent.link_only,
        sender=visit.tenant.sender,
        circular=is_circular(opened.typed, visit.tenant.policy.directory_domains),
        problem=problem,
        **of_mail(fate, fate.address if fate else "", visit.tenant, visit.now),
    )


async def show_code(visit: Visit) -> Response:
    """Where the mailed code is typed."""
    opened = await _opened(visit, "code")
    return opened if isinstance(opened, Response) else _code_page(visit, 200, opened, None)


async def try_code(visit: Visit) -> Response:
    """One try at the mailed code."""
    code = (await visit.form(code=CODE_MAX))["code"]
    answer = await recovery.enter_code(visit.site.parts, visit.caller, code)
    if isinstance(answer, Open):
        return visit.to(PAGES[answer.step])
    opened = await _opened(visit, "code")
    if isinstance(opened, Response) or isinstance(answer, NothingOpen):
        return visit.to("/recover")
    return _code_page(visit, 422, opened, verdict_problem(answer))


def verdict_problem(verdict: Verdict) -> dict[str, Any]:
    """A code's verdict as a problem of a page."""
    names = {Wrong: "wrong", Expired: "expired", Used: "used", Replaced: "replaced", Spent: "spent"}
    return {"code": names.get(type(verdict), "used"), **asdict(verdict)}


async def resend(visit: Visit) -> Response:
    """Another code."""
    await visit.form()
    answer = await recovery.resend(visit.site.parts, visit.caller)
    if isinstance(answer, NothingOpen):
        return visit.to("/recover")
    opened = await _opened(visit, "code")
    if isinstance(opened, Response):
        return opened
    if isinstance(answer, TooSoon):
        return _code_page(visit, 429, opened, {"code": "too_soon", "at": answer.at})
    if answer.withheld_until is not None:
        problem = {"code": "budget", "until": answer.withheld_until}
        return _code_page(visit, 429, opened, problem)
    return visit.to("/recover/code")


async def restart(visit: Visit) -> Response:
    """Begin anew with another name."""
    await visit.form()
    await recovery.give_up(visit.site.parts, visit.caller)
    return visit.to("/recover")


async def show_first(visit: Visit) -> Response:
    """The account waits to be set up: on to that."""
    opened = await _opened(visit, "first")
    if isinstance(opened, Response):
        return opened
    return visit.page("recover_first.html", typed=opened.typed, problem=None)


async def go_on_first(visit: Visit) -> Response:
    """By a link of just now, which nobody else has seen."""
    await visit.form()
    answer = await recovery.first_day(visit.site.parts, visit.caller)
    if isinstance(answer, NothingOpen):
        return visit.to("/recover")
    if isinstance(answer, Handed):
        return visit.to(f"/activate/{answer.token}")
    opened = await _opened(visit, "first")
    if isinstance(opened, Response):
        return opened
    late = {"code": "too_soon", "at": answer.at} if isinstance(answer, Later) else None
    problem = late or {"code": "not_by_oneself"}
    return visit.page(
        "recover_first.html", 429 if late else 422, typed=opened.typed, problem=problem
    )


async def show_second(visit: Visit) -> Response:
    """Where the second proof is typed."""
    opened = await _opened(visit, "second")
    return opened if isinstance(opened, Response) else _second_page(visit, 200, opened, None)


def _second_page(
    visit: Visit, status: int, opened: Open, problem: dict[str, Any] | None
) -> Response:
    methods = [str(m) for m in opened.methods]
    return visit.page(
        "recover_second.html", status, methods=methods, texted=opened.texted, problem=problem
    )


async def try_second(visit: Visit) -> Response:
    """One try at the second proof."""
    code = (await visit.form(code=CODE_MAX))["code"]
    answer = await recovery.second_proof(visit.site.parts, visit.caller, code)
    if isinstance(answer, Open):
        return visit.to(PAGES[answer.step])
    problem: dict[str, Any] = {"code": "wrong"}
    if isinstance(answer, Locked):
        problem = {"code": "locked", "until": answer.until}
    return await second_again(visit, problem)


async def second_again(visit: Visit, problem: dict[str, Any], status: int = 401) -> Response:
    """The page of the second proof once more, with what was wrong."""
    opened = await _opened(visit, "second")
    return opened if isinstance(opened, Response) else _second_page(visit, status, opened, problem)


async def show_password(visit: Visit) -> Response:
    """Where the new password is typed."""
    opened = await _opened(visit, "password")
    return opened if isinstance(opened, Response) else _password_page(visit, 200, opened, None)


def _password_page(
    visit: Visit,
    status: int,
    opened: Open,
    refused: Refused | None,
    problem: dict[str, Any] | None = None,
) -> Response:
    return visit.page(
        "recover_password.html",
        status,
        problems=refused.problems if refused else (),
        warnings=refused.warnings if refused else (),
        minimum=visit.tenant.policy.password_min,
        typed=opened.typed,
        problem=problem,
    )


async def set_password(visit: Visit) -> Response:
    """The new password."""
    fields = await visit.form(password=PASSWORD_MAX, spaces=1)
    answer = await recovery.set_password(
        visit.site.parts, visit.caller, fields["password"], spaces_meant=fields["spaces"] == "1"
    )
    match answer:
        case Open():
            return visit.to("/recover/done")
        case NothingOpen():
            return visit.to("/recover")
        case Refused() | Overloaded():
            opened = await _opened(visit, "password")
            return opened if isinstance(opened, Response) else _again(visit, opened, answer)


def _again(visit: Visit, opened: Open, answer: Refused | Overloaded) -> Response:
    """The page once more, with what was wrong."""
    if isinstance(answer, Refused):
        return _password_page(visit, 422, opened, answer)
    problem = {"code": "busy", "retry_after": answer.retry_after}
    return _password_page(visit, 503, opened, None, problem)


async def show_done(visit: Visit) -> Response:
    """From when the new password works."""
    opened = await _opened(visit, "done")
    if isinstance(opened, Response):
        return opened
    running = opened.works_from is not None and opened.works_from > visit.now
    return visit.page("recover_done.html", works_from=opened.works_from if running else None)
