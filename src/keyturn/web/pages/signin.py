"""Signing in and out."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.flows import account, signin
from keyturn.flows.signin import (
    AddressPending,
    NotAName,
    NothingPending,
    Overloaded,
    SecondPending,
    SignedIn,
    TooMany,
    Wrong,
)
from keyturn.rules.lockout import Locked
from keyturn.web.door import door
from keyturn.web.pages.home import home_of
from keyturn.web.site import Site
from keyturn.web.visit import Visit

NAME_MAX, PASSWORD_MAX, CODE_MAX = 254, 1024, 64
SECOND_STEP = 2


def routes(site: Site) -> list[BaseRoute]:
    """The doors of this room."""
    return [
        door(site, "/signin", get=show, post=try_password),
        door(site, "/signin/second", get=show_second, post=try_second),
        door(site, "/signout", post=leave),
        door(site, "/", get=home),
    ]


async def home(visit: Visit) -> Response:
    """The front door leads to where one begins, which leads to sign-in if need be."""
    token = visit.session_token
    return visit.to(await home_of(visit, token) if token else "/signin")


async def show(visit: Visit) -> Response:
    """The sign-in form; ?name= fills in the name."""
    name = visit.query(name=NAME_MAX)["name"]
    if not name:
        return visit.form_page("signin.html", identifier="", problem=None)
    return visit.page("signin.html", identifier=name, problem=None)


async def try_password(visit: Visit) -> Response:
    """One try."""
    fields = await visit.form(identifier=NAME_MAX, password=PASSWORD_MAX)
    name = fields["identifier"]
    empty = next((field for field, value in fields.items() if not value.strip()), None)
    if empty is not None:
        return _again(visit, 422, name, {"code": "bad_input", "field": empty})
    answer = await signin.sign_in(visit.site.parts, visit.caller, name, fields["password"])
    visit.now = visit.site.parts.clock.now()
    if isinstance(answer, SignedIn):
        return await welcome(visit, answer)
    if isinstance(answer, SecondPending):
        return visit.to("/signin/second")
    if isinstance(answer, AddressPending):
        return visit.to("/signup/code")
    return _refused(visit, name, answer)


async def welcome(visit: Visit, answer: SignedIn) -> Response:
    """In: to the console, which asks for a second step, or to one's account."""
    visit.keep_session(answer.session)
    visit.keep_client(answer.client)
    second = answer.level == SECOND_STEP
    return visit.to(await home_of(visit, answer.session) if second else "/account")


def _refused(
    visit: Visit, name: str, answer: Wrong | Locked | TooMany | NotAName | Overloaded
) -> Response:
    """Every refusal is this page; which one does not depend on whether the name exists."""
    match answer:
        case Wrong():
            return _again(visit, 401, name, {"code": "wrong"})
        case Locked(until=until):
            return _again(visit, 401, name, {"code": "locked", "until": until})
        case TooMany(until=until):
            return _again(visit, 429, name, {"code": "too_many", "until": until})
        case NotAName():
            return _again(visit, 422, name, {"code": "not_a_name"})
        case Overloaded(retry_after=wait):
            return _again(visit, 503, name, {"code": "busy", "retry_after": wait})


def _again(visit: Visit, status: int, name: str, problem: dict[str, object]) -> Response:
    return visit.page("signin.html", status, identifier=name, problem=problem)


async def show_second(visit: Visit) -> Response:
    """The second step that waits in this browser."""
    waiting = await signin.pending(visit.site.parts, visit.caller)
    if isinstance(waiting, NothingPending):
        return visit.to("/signin")
    return second_page(visit, 200, waiting, None)


def second_page(
    visit: Visit, status: int, waiting: SecondPending, problem: dict[str, object] | None
) -> Response:
    """What the second step can be done by."""
    methods = [str(m) for m in waiting.methods]
    return visit.page(
        "second.html", status, methods=methods, texted=waiting.texted, problem=problem,
        trust_offered=True,
    )  # fmt: skip


async def try_second(visit: Visit) -> Response:
    """One try at the second step."""
    fields = await visit.form(code=CODE_MAX, trust=1)
    trust = fields["trust"] == "1"
    parts, caller = visit.site.parts, visit.caller
    answer = await signin.second_step(parts, caller, fields["code"], trust=trust)
    if isinstance(answer, SignedIn):
        return await welcome(visit, answer)
    waiting = await signin.pending(parts, caller)
    if isinstance(answer, NothingPending) or isinstance(waiting, NothingPending):
        return visit.to("/signin")
    if isinstance(answer, Locked):
        return second_page(visit, 401, waiting, {"code": "locked", "until": answer.until})
    return second_page(visit, 401, waiting, {"code": "wrong"})


async def leave(visit: Visit) -> Response:
    """Sign out of this browser."""
    await visit.form()
    if visit.session_token is not None:
        await account.sign_out(visit.site.parts, visit.caller, visit.session_token)
    visit.keep_session(None)
    return visit.to("/signin")
