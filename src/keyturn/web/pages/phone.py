"""A phone number: right after sign-up where the tenant asks for one, or later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.flows import phone, proof
from keyturn.flows.account import Signed
from keyturn.flows.phone import (
    Ask,
    Capped,
    Frozen,
    InUse,
    NotANumber,
    NothingOpen,
    Open,
    PhonesOff,
    Proved,
    SignedOut,
    TextState,
    TooSoon,
)
from keyturn.rules.accounts import User
from keyturn.rules.lockout import HOUR
from keyturn.steps.codes import Sent
from keyturn.web.door import door
from keyturn.web.pages.proof import barred
from keyturn.web.pages.recover import verdict_problem
from keyturn.web.pages.signin import CODE_MAX
from keyturn.web.site import Site
from keyturn.web.visit import Visit

if TYPE_CHECKING:
    from keyturn.rules.diagnosis import Words

NUMBER_MAX = 40
NUMBER, CODE = "/account/phone", "/account/phone/code"


def routes(site: Site) -> list[BaseRoute]:
    """The doors of this room."""
    return [
        door(site, NUMBER, get=show, post=offer),
        door(site, CODE, get=show_code, post=try_code),
        door(site, "/account/phone/resend", post=resend),
        door(site, "/account/phone/restart", post=restart),
        door(site, "/account/phone/remove", post=remove),
    ]


def arriving(visit: Visit, signed: Signed) -> bool:
    """Whether this person signed up just now."""
    return visit.now - signed.user.created_at < HOUR


def onward(visit: Visit, signed: Signed) -> str:
    """Where somebody goes who has a number now, or wants none."""
    return "/welcome" if arriving(visit, signed) else "/account"


async def show(visit: Visit) -> Response:
    """The form; a number that waits for its code goes on instead."""
    signed = await visit.signed()
    if visit.tenant.policy.phone == "off" or signed.user.frozen_at is not None:
        return visit.to("/account")
    opened = await phone.current(visit.site.parts, visit.caller, signed.user)
    if isinstance(opened, Open):
        return visit.to(CODE)
    answer = await proof.check(visit.site.parts, visit.caller, signed)
    return _form(visit, 200, signed) if isinstance(answer, User) else barred(visit, answer, NUMBER)


def _form(visit: Visit, status: int, signed: Signed, number: str = "", **context: Any) -> Response:
    shown: dict[str, Any] = {"advice": None, "problem": None, **context}
    return visit.page(
        "signup_phone.html",
        status,
        required=visit.tenant.policy.phone == "required",
        arriving=arriving(visit, signed),
        onward=onward(visit, signed),
        number=number,
        **shown,
    )


async def offer(visit: Visit) -> Response:
    """A number to text."""
    fields = await visit.form(number=NUMBER_MAX, insist=1)
    signed = await visit.signed()
    number, insisted = fields["number"], fields["insist"] == "1"
    answer = await phone.offer(visit.site.parts, visit.caller, signed, number, insisted=insisted)
    match answer:
        case Open():
            return visit.to(CODE)
        case Ask():
            return _form(visit, 422, signed, number, advice=answer)
        case NotANumber():
            return _form(visit, 422, signed, number, problem={"code": "bad_number"})
        case InUse():
            return _form(visit, 409, signed, number, problem={"code": "number_taken"})
        case Capped(until=until):
            return _form(visit, 429, signed, number, problem={"code": "budget", "until": until})
        case PhonesOff():
            return visit.to("/account")
        case _:
            return barred(visit, answer, NUMBER)


async def _opened(visit: Visit, signed: Signed) -> Open | Response:
    opened = await phone.current(visit.site.parts, visit.caller, signed.user)
    return visit.to(NUMBER) if isinstance(opened, NothingOpen) else opened


def _code_page(
    visit: Visit, status: int, opened: Open, problem: dict[str, Any] | None = None
) -> Response:
    context = code_context(opened, visit.now)
    return visit.page("phone_code.html", status, root=NUMBER, problem=problem, **context)


def code_context(opened: Open, now: int) -> dict[str, Any]:
    """What phone_code.html shows of a text and its code."""
    sent = opened.sent or Sent(opened.started_at, opened.started_at, now, False, None)
    return {
        "number": opened.number,
        "sent_at": sent.sent_at,
        "expires_at": sent.expires_at,
        "resend_at": sent.resend_at,
        "message_state": opened.text.state if opened.text else None,
        "told_of": _told(opened, opened.text, sent, now) if opened.text else None,
    }


def _told(opened: Open, text: TextState, sent: Sent, now: int) -> Words | None:
    """What the receipts say of the text, in the person's words of the catalogue."""
    from keyturn.rules.diagnosis import (  # noqa: PLC0415  a catalogue that a start need not load
        Facts,
        Symptom,
        Voice,
        diagnose,
        words,
    )

    facts = Facts(
        {
            "sms.state": text.state.value,
            "sms.at": sent.sent_at,
            "sms.updated_at": text.at,
            "sms.address": opened.number,
            "sms.detail": text.detail,
            "sms.attempts": 1 if text.again_at else 0,
            "sms.next_at": text.again_at,
        }
    )
    findings = diagnose(facts, now, Symptom.TEXT).findings
    return words(findings[0], Voice.PERSON) if findings else None


async def show_code(visit: Visit) -> Response:
    """Where the code in the text is typed, and what is known of the text."""
    opened = await _opened(visit, await visit.signed())
    return opened if isinstance(opened, Response) else _code_page(visit, 200, opened)


async def try_code(visit: Visit) -> Response:
    """One try at the code in the text."""
    code = (await visit.form(code=CODE_MAX))["code"]
    signed = await visit.signed()
    answer = await phone.enter_code(visit.site.parts, visit.caller, signed.user, code)
    match answer:
        case Proved():
            return visit.to(onward(visit, signed))
        case InUse():
            return _form(visit, 409, signed, problem={"code": "number_taken"})
        case Frozen() | SignedOut():
            return barred(visit, answer, NUMBER)
        case NothingOpen():
            return visit.to(NUMBER)
    opened = await _opened(visit, signed)
    if isinstance(opened, Response):
        return opened
    return _code_page(visit, 422, opened, verdict_problem(answer))


async def resend(visit: Visit) -> Response:
    """Another text."""
    await visit.form()
    signed = await visit.signed()
    answer = await phone.resend(visit.site.parts, visit.caller, signed.user)
    if isinstance(answer, Frozen | SignedOut):
        return barred(visit, answer, NUMBER)
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
    """Begin anew with another number."""
    await visit.form()
    signed = await visit.signed()
    await phone.give_up(visit.site.parts, visit.caller, signed.user)
    return visit.to(NUMBER)


async def remove(visit: Visit) -> Response:
    """Take the number away."""
    await visit.form()
    signed = await visit.signed()
    answer = await phone.remove(visit.site.parts, visit.caller, signed)
    return visit.to("/account") if isinstance(answer, User) else barred(visit, answer, "/account")
