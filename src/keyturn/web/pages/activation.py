"""Activation: the link in the mail, the phone number, the code to scan, done.

Opening a link changes nothing: mail programs open links, too. What follows stands at one address,
which shows whatever is next in this browser.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.flows import activating
from keyturn.flows.activating import (
    Ask,
    AskCode,
    AskNumber,
    Bound,
    Capped,
    Closed,
    Gone,
    InUse,
    Later,
    NotANumber,
    NoText,
    Scan,
    Seen,
    State,
    TextSent,
    TooSoon,
    Unknown,
)
from keyturn.web.door import door
from keyturn.web.pages.link import token_of
from keyturn.web.pages.phone import NUMBER_MAX, code_context
from keyturn.web.pages.recover import verdict_problem
from keyturn.web.pages.scanning import code_shown, is_open, stream
from keyturn.web.pages.signin import CODE_MAX
from keyturn.web.refusals import Refusal
from keyturn.web.site import Site
from keyturn.web.visit import Visit

LINK, ROOT = "/activate", "/activation"


def routes(site: Site) -> list[BaseRoute]:
    """The doors of this room."""
    return [
        door(site, LINK + "/{token}", get=show_link, post=go_on),
        door(site, LINK + "/{token}/again", post=again),
        door(site, ROOT, get=show),
        door(site, f"{ROOT}/number", post=offer),
        door(site, f"{ROOT}/code", post=try_code),
        door(site, f"{ROOT}/resend", post=resend),
        door(site, f"{ROOT}/restart", post=restart),
        door(site, f"{ROOT}/skip", post=leave_out),
        door(site, f"{ROOT}/show", post=new_code),
        door(site, f"{ROOT}/events", get=watch),
    ]


# -- the link


async def show_link(visit: Visit) -> Response:
    """What the link is worth, and a button."""
    seen = await activating.look(visit.site.parts, visit.caller, token_of(visit) or "")
    return _link_page(visit, 200, seen)


def _link_page(
    visit: Visit, status: int, seen: Seen | Unknown, problem: dict[str, Any] | None = None
) -> Response:
    if isinstance(seen, Unknown):
        return visit.page("activate_unknown.html", 404)
    return visit.page(
        "activate.html", status, kind=seen.standing.state.value, at=seen.standing.at,
        newer=seen.standing.newer, newest_at=seen.newest_at, expires_at=seen.link.expires_at,
        account=seen.address or seen.user.name, ways=[way.value for way in seen.ways],
        sign_in=seen.sign_in, frozen=seen.frozen, bound=seen.bound, again_at=seen.again_at,
        path=f"{LINK}/{visit.path['token']}", problem=problem,
    )  # fmt: skip


async def go_on(visit: Visit) -> Response:
    """The button was pressed."""
    await visit.form()
    answer = await activating.go_on(visit.site.parts, visit.caller, token_of(visit) or "")
    if isinstance(answer, Unknown):
        return _link_page(visit, 404, answer)
    return visit.to(f"{LINK}/{visit.path['token']}" if isinstance(answer, Seen) else ROOT)


async def again(visit: Visit) -> Response:
    """Mail another link to the address on file; the page then says that there is a newer one."""
    await visit.form()
    parts, token = visit.site.parts, token_of(visit) or ""
    answer = await activating.again(parts, visit.caller, token)
    if isinstance(answer, Later):
        seen = await activating.look(parts, visit.caller, token)
        return _link_page(visit, 429, seen, {"code": "link_soon", "at": answer.at})
    if isinstance(answer, Unknown):
        return _link_page(visit, 404, answer)
    return visit.to(f"{LINK}/{visit.path['token']}")


# -- what comes next in this browser


async def show(visit: Visit) -> Response:
    """The page that is next."""
    return _page(visit, 200, await activating.current(visit.site.parts, visit.caller))


def _page(visit: Visit, status: int, state: State, **context: Any) -> Response:
    match state:
        case AskNumber():
            return _number_page(visit, status, state, **context)
        case AskCode(open=opened):
            shown: dict[str, Any] = {"problem": None, **context}
            return visit.page(
                "phone_code.html", status, root=ROOT, **code_context(opened, visit.now), **shown
            )
        case Scan():
            return _scan_page(visit, status, state, **context)
        case Bound():
            return visit.page(
                "activation_done.html", phone=state.phone, directories=state.directories,
                password=state.user.password_hash is not None,
                app=visit.site.parts.link(visit.tenant, "/app/"),
            )  # fmt: skip
        case Closed() | Gone():
            return visit.page("activation_closed.html", 404, gone=isinstance(state, Gone))


def _number_page(
    visit: Visit, status: int, state: AskNumber, number: str | None = None, **context: Any
) -> Response:
    """Args: number: as it was typed; None: not yet."""
    shown: dict[str, Any] = {"advice": None, "problem": None, **context}
    known = state.number if number is None else number
    return visit.page(
        "activation_number.html", status, required=state.required, number=known, **shown
    )


def _scan_page(
    visit: Visit, status: int, state: Scan, capped: Capped | None = None
) -> Response:  # fmt: skip
    watched = f"{ROOT}/events" if is_open(state.shown) else ""
    s = code_shown(visit, state.shown, capped)
    return visit.page("activation_scan.html", status, s=s, watch=watched, root=ROOT)


# -- the number


async def offer(visit: Visit) -> Response:
    """A number to text."""
    fields = await visit.form(number=NUMBER_MAX, insist=1)
    number, insisted = fields["number"], fields["insist"] == "1"
    answer = await activating.offer(visit.site.parts, visit.caller, number, insisted=insisted)
    match answer:
        case Ask():
            return await _again_number(visit, 422, number, advice=answer)
        case NotANumber():
            return await _again_number(visit, 422, number, problem={"code": "bad_number"})
        case InUse():
            return await _again_number(visit, 409, number, problem={"code": "number_taken"})
        case NoText(until=until):
            problem = {"code": "budget", "until": until}
            return await _again_number(visit, 429, number, problem=problem)
        case _:
            return visit.to(ROOT)


async def _again_number(visit: Visit, status: int, number: str, **context: Any) -> Response:
    state = await activating.current(visit.site.parts, visit.caller)
    if not isinstance(state, AskNumber):
        return visit.to(ROOT)
    return _number_page(visit, status, state, number, **context)


async def try_code(visit: Visit) -> Response:
    """One try at the code in the text."""
    code = (await visit.form(code=CODE_MAX))["code"]
    answer = await activating.enter_code(visit.site.parts, visit.caller, code)
    if isinstance(answer, InUse):
        await activating.another_number(visit.site.parts, visit.caller)
        return await _again_number(visit, 409, "", problem={"code": "number_taken"})
    if isinstance(answer, AskNumber | AskCode | Scan | Bound | Closed | Gone):
        return visit.to(ROOT)
    return await _again_code(visit, 422, verdict_problem(answer))


async def _again_code(visit: Visit, status: int, problem: dict[str, Any] | None) -> Response:
    state = await activating.current(visit.site.parts, visit.caller)
    if not isinstance(state, AskCode):
        return visit.to(ROOT)
    return _page(visit, status, state, problem=problem)


async def resend(visit: Visit) -> Response:
    """Another text."""
    await visit.form()
    answer = await activating.resend(visit.site.parts, visit.caller)
    match answer:
        case TooSoon(at=at):
            return await _again_code(visit, 429, {"code": "too_soon", "at": at})
        case NoText(until=until):
            return await _again_code(visit, 429, {"code": "budget", "until": until})
        case TextSent() | Closed() | Gone():
            return visit.to(ROOT)


async def restart(visit: Visit) -> Response:
    """Begin anew with another number."""
    await visit.form()
    await activating.another_number(visit.site.parts, visit.caller)
    return visit.to(ROOT)


async def leave_out(visit: Visit) -> Response:
    """Go on without a number."""
    await visit.form()
    await activating.leave_out(visit.site.parts, visit.caller)
    return visit.to(ROOT)


# -- the code to scan


async def new_code(visit: Visit) -> Response:
    """Another code."""
    await visit.form()
    answer = await activating.new_code(visit.site.parts, visit.caller)
    if not isinstance(answer, Capped):
        return visit.to(ROOT)
    state = await activating.current(visit.site.parts, visit.caller)
    if not isinstance(state, Scan):
        return visit.to(ROOT)
    return _scan_page(visit, 429, state, answer)


async def watch(visit: Visit) -> Any:
    """What became of the code, as it happens."""
    state = await activating.current(visit.site.parts, visit.caller)
    if not isinstance(state, Scan):
        raise Refusal(404, "no-such-page")

    async def look() -> Any:
        found = await activating.current(visit.site.parts, visit.caller)
        return found.shown if isinstance(found, Scan) else None

    return stream(visit, state.user.id, look, root=ROOT)
