"""Another e-mail address for one's account."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.flows import address, proof
from keyturn.flows.address import (
    Capped,
    Changed,
    EmailProblem,
    Frozen,
    NothingOpen,
    Open,
    Same,
    SignedOut,
    TakenSince,
    TooSoon,
)
from keyturn.flows.proof import Signed
from keyturn.rules.accounts import User
from keyturn.rules.circular import is_circular
from keyturn.steps.codes import Sent
from keyturn.web.door import door
from keyturn.web.pages.proof import barred
from keyturn.web.pages.recover import verdict_problem
from keyturn.web.pages.signin import CODE_MAX, NAME_MAX
from keyturn.web.pages.told import of_mail
from keyturn.web.site import Site
from keyturn.web.visit import Visit

ADDRESS, CODE = "/account/email", "/account/email/code"


def routes(site: Site) -> list[BaseRoute]:
    """The doors of this room."""
    return [
        door(site, ADDRESS, get=show, post=offer),
        door(site, CODE, get=show_code, post=try_code),
        door(site, "/account/email/resend", post=resend),
        door(site, "/account/email/restart", post=restart),
    ]


async def show(visit: Visit) -> Response:
    """The form; an address that waits for its code goes on instead."""
    signed = await visit.signed()
    parts, caller = visit.site.parts, visit.caller
    if isinstance(await address.current(parts, caller, signed.user), Open):
        return visit.to(CODE)
    answer = await proof.check(parts, caller, signed)
    return _form(visit, 200) if isinstance(answer, User) else barred(visit, answer, ADDRESS)


def _form(visit: Visit, status: int, typed: str = "", **context: Any) -> Response:
    shown: dict[str, Any] = {"problem": None, "problems": {}, **context}
    return visit.page("email.html", status, email=typed, **shown)


async def offer(visit: Visit) -> Response:
    """An address to mail a code to."""
    typed = (await visit.form(email=NAME_MAX))["email"]
    signed = await visit.signed()
    answer = await address.offer(visit.site.parts, visit.caller, signed, typed)
    match answer:
        case Open():
            return visit.to(CODE)
        case EmailProblem():
            return _form(visit, 422, typed, problems={"email": [{"code": "bad_email"}]})
        case Same():
            return _form(visit, 422, typed, problems={"email": [{"code": "same_address"}]})
        case Capped(until=until):
            return _form(visit, 429, typed, problem={"code": "budget", "until": until})
        case _:
            return barred(visit, answer, ADDRESS)


async def _opened(visit: Visit, signed: Signed) -> Open | Response:
    opened = await address.current(visit.site.parts, visit.caller, signed.user)
    return visit.to(ADDRESS) if isinstance(opened, NothingOpen) else opened


def _code_page(
    visit: Visit, status: int, opened: Open, problem: dict[str, Any] | None = None
) -> Response:
    sent = opened.sent or Sent(opened.started_at, opened.started_at, visit.now, False, None)
    return visit.page(
        "email_code.html", status, email=opened.email, sent_at=sent.sent_at,
        expires_at=sent.expires_at, resend_at=sent.resend_at, sender=visit.tenant.sender,
        circular=is_circular(opened.email, visit.tenant.policy.directory_domains),
        problem=problem, **of_mail(opened.mail, opened.email, visit.tenant, visit.now),
    )  # fmt: skip


async def show_code(visit: Visit) -> Response:
    """Where the code from the mail is typed."""
    opened = await _opened(visit, await visit.signed())
    return opened if isinstance(opened, Response) else _code_page(visit, 200, opened)


async def try_code(visit: Visit) -> Response:
    """One try at the code from the mail."""
    code = (await visit.form(code=CODE_MAX))["code"]
    signed = await visit.signed()
    answer = await address.enter_code(visit.site.parts, visit.caller, signed.user, code)
    match answer:
        case Changed():
            return visit.to("/account")
        case TakenSince():
            return _form(visit, 409, problem={"code": "address_taken"})
        case NothingOpen():
            return visit.to(ADDRESS)
        case Frozen() | SignedOut():
            return barred(visit, answer, ADDRESS)
    opened = await _opened(visit, signed)
    if isinstance(opened, Response):
        return opened
    return _code_page(visit, 422, opened, verdict_problem(answer))


async def resend(visit: Visit) -> Response:
    """Another code."""
    await visit.form()
    signed = await visit.signed()
    answer = await address.resend(visit.site.parts, visit.caller, signed.user)
    if isinstance(answer, Frozen | SignedOut):
        return barred(visit, answer, ADDRESS)
    opened = await _opened(visit, signed)
    if isinstance(opened, Response):
        return opened
    match answer:
        case TooSoon(at=at):
            return _code_page(visit, 429, opened, {"code": "too_soon", "at": at})
        case Capped(until=until):
            return _code_page(visit, 429, opened, {"code": "budget", "until": until})
        case _:
            return visit.to(CODE)


async def restart(visit: Visit) -> Response:
    """Begin anew with another address, or keep the one there is."""
    await visit.form()
    signed = await visit.signed()
    await address.give_up(visit.site.parts, visit.caller, signed.user)
    return visit.to(ADDRESS)
