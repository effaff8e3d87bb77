"""My account: what is signed in, the second step, recovery codes."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.flows import account, proof
from keyturn.flows.account import (
    Codes,
    Enrolled,
    Enrolment,
    NothingOpen,
    Overview,
    Signed,
    WrongCode,
)
from keyturn.flows.proof import Frozen, ProofNeeded, SignedOut
from keyturn.rules.accounts import User
from keyturn.rules.circular import is_circular
from keyturn.rules.phones import owed
from keyturn.web.door import door
from keyturn.web.pages.home import home_of
from keyturn.web.pages.phone import NUMBER, arriving
from keyturn.web.pages.proof import barred
from keyturn.web.pages.signin import CODE_MAX
from keyturn.web.pages.told import of_mail
from keyturn.web.refusals import Refusal
from keyturn.web.site import Site
from keyturn.web.visit import Visit

HANDLE_MAX, CLIENT_ID_MAX = 43, 26
OTHERS = "others"
TOTP, REMOVE, CODES = "/account/totp", "/account/totp/remove", "/account/recovery-codes"


def routes(site: Site) -> list[BaseRoute]:
    """The doors of this room."""
    return [
        door(site, "/account", get=show),
        door(site, "/welcome", get=show_welcome),
        door(site, "/account/sessions/end", post=end_sessions),
        door(site, "/account/clients/forget", post=forget_client),
        door(site, "/account/clients/trust", post=trust_client),
        door(site, "/account/clients/distrust", post=distrust_client),
        door(site, TOTP, get=show_totp, post=confirm_totp),
        door(site, REMOVE, get=ask_remove, post=remove_totp),
        door(site, CODES, get=ask_codes, post=new_codes),
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
        own_client=signed.session.client_id,
        second_step=found.second_step,
        totp=found.totp,
        recovery_left=found.recovery_left,
        passkeys=found.passkeys,
        directories=found.directories,
        phone=signed.user.phone,
        lost=found.lost,
        circular=is_circular(signed.user.email, visit.tenant.policy.directory_domains),
        problem=None,
        **of_mail(found.mail, signed.user.email, visit.tenant, visit.now),
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
        return barred(visit, answer, TOTP)
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
    code = (await visit.form(code=CODE_MAX))["code"]
    signed = await visit.signed()
    answer = await account.confirm_totp(visit.site.parts, visit.caller, signed, code)
    match answer:
        case Enrolled():
            return await _enrolled(visit, answer)
        case NothingOpen():
            return visit.to(TOTP)
        case WrongCode():
            return await _totp_page(visit, 422, signed, {"code": "wrong"})
        case _:
            return barred(visit, answer, TOTP)


async def _enrolled(visit: Visit, answer: Enrolled) -> Response:
    """It is on: a new session, and recovery codes if there were none."""
    visit.keep_session(answer.session)
    path = await home_of(visit, answer.session)
    return _codes_page(visit, answer.codes, path) if answer.codes else visit.to(path)


def _codes_page(visit: Visit, codes: tuple[str, ...], path: str) -> Response:
    """The one page that shows the codes; it is nobody's to keep (no-store)."""
    return visit.page("recovery_codes.html", codes=codes, onward=path)


async def ask_remove(visit: Visit) -> Response:
    """Before the second step goes."""
    return await _ask(visit, "totp-remove", REMOVE)


async def ask_codes(visit: Visit) -> Response:
    """Before new recovery codes take the place of all others."""
    return await _ask(visit, "recovery-codes", CODES)


async def _ask(visit: Visit, what: str, path: str) -> Response:
    signed = await visit.signed()
    found = await account.overview(visit.site.parts, visit.caller, signed)
    if not found.second_step or (path == REMOVE and not found.totp):
        return visit.to("/account")
    answer = await proof.check(visit.site.parts, visit.caller, signed)
    if not isinstance(answer, User):
        return barred(visit, answer, path)
    return visit.page("sure.html", what=what, problem=None)


async def remove_totp(visit: Visit) -> Response:
    """Take the second step away."""
    await visit.form()
    signed = await visit.signed()
    answer = await account.remove_totp(visit.site.parts, visit.caller, signed)
    if isinstance(answer, ProofNeeded | Frozen | SignedOut):
        return barred(visit, answer, REMOVE)
    return visit.to("/account")


async def new_codes(visit: Visit) -> Response:
    """New recovery codes in place of all others."""
    await visit.form()
    signed = await visit.signed()
    answer = await account.new_recovery_codes(visit.site.parts, visit.caller, signed)
    if isinstance(answer, Codes):
        return _codes_page(visit, answer.codes, "/account")
    if isinstance(answer, ProofNeeded | Frozen | SignedOut):
        return barred(visit, answer, CODES)
    return visit.to("/account")


async def trust_client(visit: Visit) -> Response:
    """Ask this browser for no second step any more."""
    await visit.form()
    signed = await visit.signed()
    answer = await account.trust_client(visit.site.parts, visit.caller, signed)
    if isinstance(answer, ProofNeeded | Frozen | SignedOut):
        return barred(visit, answer, "/account")
    return visit.to("/account")


async def distrust_client(visit: Visit) -> Response:
    """Ask a known client for the second step again."""
    client = (await visit.form(id=CLIENT_ID_MAX))["id"]
    signed = await visit.signed()
    if not await account.distrust_client(visit.site.parts, visit.caller, signed, client):
        raise Refusal(404, "no-such-client")
    return visit.to("/account")
