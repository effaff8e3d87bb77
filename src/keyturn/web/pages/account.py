"""My account: what is signed in, the second step, recovery codes."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.flows import account
from keyturn.flows.account import (
    Codes,
    Enrolled,
    Enrolment,
    Frozen,
    Locked,
    NoSecondStep,
    NothingOpen,
    OldCodeNeeded,
    Overview,
    Removed,
    Signed,
    SignedOut,
    WrongCode,
)
from keyturn.rules.phones import owed
from keyturn.web.door import door
from keyturn.web.pages.home import home_of
from keyturn.web.pages.phone import NUMBER, arriving, barred
from keyturn.web.pages.signin import CODE_MAX
from keyturn.web.refusals import Refusal
from keyturn.web.site import Site
from keyturn.web.visit import Visit

HANDLE_MAX, CLIENT_ID_MAX = 43, 26
OTHERS = "others"
TOTP = "/account/totp"


def routes(site: Site) -> list[BaseRoute]:
    """The doors of this room."""
    return [
        door(site, "/account", get=show),
        door(site, "/welcome", get=show_welcome),
        door(site, "/account/sessions/end", post=end_sessions),
        door(site, "/account/clients/forget", post=forget_client),
        door(site, TOTP, get=show_totp, post=confirm_totp),
        door(site, "/account/totp/remove", get=ask_remove, post=remove_totp),
        door(site, "/account/recovery-codes", get=ask_codes, post=new_codes),
    ]


async def show(visit: Visit) -> Response:
    """The account."""
    signed = await visit.signed()
    found = await account.overview(visit.site.parts, visit.caller, signed)
    if _owes_number(visit, signed, found):
        return visit.to(NUMBER)
    return visit.page(
        "account.html",
        sessions=[_session(s, signed) for s in found.sessions],
        clients=found.clients,
        totp=found.totp,
        recovery_left=found.recovery_left,
        phone=signed.user.phone,
        problem=None,
    )


def _owes_number(visit: Visit, signed: Signed, found: Overview) -> bool:
    """Whether a phone number comes first, unless nothing can be changed anyway."""
    user = signed.user
    return user.frozen_at is None and owed(visit.tenant.policy.phone, user.phone, found.totp)


def _session(session: Any, signed: Signed) -> SimpleNamespace:
    return SimpleNamespace(
        handle=session.digest,
        client_name=session.client_name,
        ip=session.ip,
        seen_at=session.seen_at,
        current=session.digest == signed.session.digest,
    )


async def show_welcome(visit: Visit) -> Response:
    """The account is open, as this browser or another has just brought about."""
    signed = await visit.recognised()
    if signed is None:
        return visit.page("welcome.html")
    if not arriving(visit, signed):
        return visit.to("/account")
    found = await account.overview(visit.site.parts, visit.caller, signed)
    return visit.to(NUMBER) if _owes_number(visit, signed, found) else visit.page("welcome.html")


async def end_sessions(visit: Visit) -> Response:
    """Sign out another browser, or all others."""
    handle = (await visit.form(handle=HANDLE_MAX))["handle"]
    signed = await visit.signed()
    parts, caller = visit.site.parts, visit.caller
    if handle == OTHERS:
        await account.end_other_sessions(parts, caller, signed)
    elif not await account.end_session(parts, caller, signed, handle):
        raise Refusal(404, "no-such-session")
    return visit.to("/account")


async def forget_client(visit: Visit) -> Response:
    """Forget a known client."""
    client = (await visit.form(id=CLIENT_ID_MAX))["id"]
    signed = await visit.signed()
    # an empty id must not come to mean "all of them"
    if not client or not await account.forget_client(
        visit.site.parts, visit.caller, signed, client
    ):
        raise Refusal(404, "no-such-client")
    return visit.to("/account")


async def show_totp(visit: Visit) -> Response:
    """A secret to scan; the same one when the page is opened again."""
    return await _totp_page(visit, 200, await visit.signed())


async def _totp_page(
    visit: Visit, status: int, signed: Signed, problem: dict[str, Any] | None = None
) -> Response:
    answer = await account.begin_totp(visit.site.parts, visit.caller, signed)
    if not isinstance(answer, Enrolment):
        return barred(visit, answer)
    return visit.page(
        "totp.html",
        status,
        svg=_svg(answer.uri),
        secret=answer.secret,
        replaces=answer.replaces,
        problem=problem,
    )


def _svg(uri: str) -> str:
    """The QR code (ISO/IEC 18004) of an otpauth address, as SVG without inline style."""
    import segno  # noqa: PLC0415  few requests need it

    out = io.BytesIO()
    code = segno.make(uri, error="m", micro=False)
    code.save(out, kind="svg", scale=4, border=4, xmldecl=False, svgns=True, omitsize=True)
    return out.getvalue().decode()


async def confirm_totp(visit: Visit) -> Response:
    """The authenticator shows a code: switch it on."""
    fields = await visit.form(code=CODE_MAX, old=CODE_MAX)
    signed = await visit.signed()
    answer = await account.confirm_totp(
        visit.site.parts, visit.caller, signed, fields["code"], old_code=fields["old"] or None
    )
    match answer:
        case Enrolled():
            return await _enrolled(visit, answer)
        case NothingOpen():
            return visit.to(TOTP)
        case Frozen() | SignedOut():
            return barred(visit, answer)
        case _:
            return await _totp_page(visit, 422, signed, _problem(answer))


def _problem(answer: WrongCode | OldCodeNeeded | Locked) -> dict[str, Any]:
    match answer:
        case Locked(until=until):
            return {"code": "locked", "until": until}
        case WrongCode(old=old):
            return {"code": "wrong", "old": old}
        case OldCodeNeeded():
            return {"code": "old_code"}


async def _enrolled(visit: Visit, answer: Enrolled) -> Response:
    """It is on: a new session, and recovery codes if there were none."""
    visit.keep_session(answer.session)
    path = await home_of(visit, answer.session)
    return _codes_page(visit, answer.codes, path) if answer.codes else visit.to(path)


def _codes_page(visit: Visit, codes: tuple[str, ...], path: str) -> Response:
    """The one page that shows the codes; it is nobody's to keep (no-store)."""
    return visit.page("recovery_codes.html", codes=codes, onward=path)


async def ask_remove(visit: Visit) -> Response:
    """Before the second step goes, it is asked for once more."""
    return await _ask(visit, "totp-remove")


async def ask_codes(visit: Visit) -> Response:
    """Before new recovery codes are made, the second step is asked for."""
    return await _ask(visit, "recovery-codes")


async def _ask(visit: Visit, what: str) -> Response:
    signed = await visit.signed()
    found = await account.overview(visit.site.parts, visit.caller, signed)
    if not found.totp or signed.user.frozen_at is not None:
        return visit.to("/account")
    return visit.page("reauth.html", what=what, letters=found.recovery_left > 0, problem=None)


async def remove_totp(visit: Visit) -> Response:
    """Take the second step away."""
    code = (await visit.form(code=CODE_MAX))["code"]
    signed = await visit.signed()
    answer = await account.remove_totp(visit.site.parts, visit.caller, signed, code)
    return _changed(visit, "totp-remove", answer)


async def new_codes(visit: Visit) -> Response:
    """New recovery codes in place of all others."""
    code = (await visit.form(code=CODE_MAX))["code"]
    signed = await visit.signed()
    answer = await account.new_recovery_codes(visit.site.parts, visit.caller, signed, code)
    return _changed(visit, "recovery-codes", answer)


def _changed(
    visit: Visit,
    what: str,
    answer: Removed | Codes | WrongCode | Locked | NoSecondStep | Frozen | SignedOut,
) -> Response:
    match answer:
        case Codes(codes=codes):
            return _codes_page(visit, codes, "/account")
        case Removed() | NoSecondStep():
            return visit.to("/account")
        case Frozen() | SignedOut():
            return barred(visit, answer)
        case _:
            problem = _problem(answer)
            return visit.page("reauth.html", 422, what=what, letters=True, problem=problem)
