"""Passkeys: signing in, second step, recovery and proof by one; one's own list.

A browser asks at PATH/options (JSON) and sends what its passkey answered to PATH, in the
field `credential` of an ordinary form (static/passkeys.js).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.flows import account, passkeys, proof, recovery, signin
from keyturn.flows.account import Signed
from keyturn.flows.passkeys import (
    Added,
    Frozen,
    Full,
    Known,
    NotAName,
    NotFound,
    Proved,
    Refused,
    Removed,
    Renamed,
    SignedIn,
    SignedOut,
    TooMany,
)
from keyturn.flows.recovery import Open
from keyturn.flows.signin import NothingPending
from keyturn.rules.accounts import Passkey, User
from keyturn.rules.lockout import Locked
from keyturn.rules.passkeys import NAME_MAX, Assertion, assertion, attestation
from keyturn.web.door import door
from keyturn.web.pages import recover
from keyturn.web.pages.home import home_of
from keyturn.web.pages.proof import THEN_MAX, barred, onward, proof_page
from keyturn.web.pages.signin import second_page, welcome
from keyturn.web.refusals import Refusal
from keyturn.web.site import Site
from keyturn.web.visit import Visit

#: longest answer of a passkey: a packed attestation with its certificates is some 4,000
CREDENTIAL_MAX = 32_768
ACCOUNT, NEW, LIST = "/account", "/account/passkeys/new", "/account/passkeys"
SECOND, RECOVER, PROOF = "/signin/second", "/recover/second", "/account/proof"


def routes(site: Site) -> list[BaseRoute]:
    """The doors of this room."""
    return [
        door(site, "/signin/passkey/options", post=ask_signin),
        door(site, "/signin/passkey", post=sign_in),
        door(site, f"{SECOND}/passkey/options", post=ask_second),
        door(site, f"{SECOND}/passkey", post=second_step),
        door(site, f"{RECOVER}/passkey/options", post=ask_recovery),
        door(site, f"{RECOVER}/passkey", post=second_proof),
        door(site, f"{PROOF}/passkey/options", post=ask_proof),
        door(site, f"{PROOF}/passkey", post=prove),
        door(site, NEW, get=show_new),
        door(site, f"{LIST}/options", post=ask_new),
        door(site, LIST, post=add),
        door(site, LIST + "/{id}/rename", get=show_rename, post=rename),
        door(site, LIST + "/{id}/remove", get=show_remove, post=remove),
    ]


# -- questions and answers


def _question(options: Mapping[str, object]) -> Response:
    return Response(json.dumps(options), media_type="application/json")


def _none(status: int = 409) -> Response:
    """There is nothing to ask; loading the page again says why."""
    return Response(status_code=status)


def _credential(text: str) -> object:
    """What the browser put into the form; None if it is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


async def _assertion(visit: Visit, **allowed: int) -> tuple[Assertion | None, dict[str, str]]:
    """The answer of a passkey, None if it cannot be read, and the other fields."""
    fields = await visit.form(credential=CREDENTIAL_MAX, **allowed)
    return assertion(_credential(fields["credential"])), fields


# -- signing in


async def ask_signin(visit: Visit) -> Response:
    """A question to nobody in particular."""
    await visit.form()
    answer = await passkeys.ask_signin(visit.site.parts, visit.caller)
    return _none(429) if isinstance(answer, TooMany) else _question(answer)


async def sign_in(visit: Visit) -> Response:
    """Sign in by a passkey alone."""
    given, _ = await _assertion(visit)
    problem: dict[str, Any] = {"code": "passkey"}
    if given is not None:
        answer = await passkeys.sign_in(visit.site.parts, visit.caller, given)
        if isinstance(answer, SignedIn):
            return await welcome(visit, answer)
        if isinstance(answer, TooMany):
            problem = {"code": "too_many", "until": answer.until}
            return visit.page("signin.html", 429, identifier="", problem=problem)
    return visit.page("signin.html", 401, identifier="", problem=problem)


async def ask_second(visit: Visit) -> Response:
    """A question to whoever gave the right password here."""
    await visit.form()
    answer = await signin.ask_passkey(visit.site.parts, visit.caller)
    return _none() if isinstance(answer, NothingPending) else _question(answer)


async def second_step(visit: Visit) -> Response:
    """The second step by a passkey."""
    given, fields = await _assertion(visit, trust=1)
    parts, caller = visit.site.parts, visit.caller
    problem: dict[str, Any] = {"code": "passkey"}
    if given is not None:
        trust = fields["trust"] == "1"
        answer = await signin.second_step(parts, caller, given, trust=trust)
        if isinstance(answer, SignedIn):
            return await welcome(visit, answer)
        if isinstance(answer, Locked):
            problem = {"code": "locked", "until": answer.until}
    waiting = await signin.pending(parts, caller)
    if isinstance(waiting, NothingPending):
        return visit.to("/signin")
    return second_page(visit, 401, waiting, problem)


# -- recovery


async def ask_recovery(visit: Visit) -> Response:
    """A question to whoever typed the mailed code here."""
    await visit.form()
    answer = await recovery.ask_passkey(visit.site.parts, visit.caller)
    return _none() if isinstance(answer, recovery.NothingOpen) else _question(answer)


async def second_proof(visit: Visit) -> Response:
    """The second proof of a recovery by a passkey."""
    given, _ = await _assertion(visit)
    problem: dict[str, Any] = {"code": "passkey"}
    if given is not None:
        answer = await recovery.second_proof(visit.site.parts, visit.caller, given)
        if isinstance(answer, Open):
            return visit.to(recover.PAGES[answer.step])
        if isinstance(answer, Locked):
            problem = {"code": "locked", "until": answer.until}
    return await recover.second_again(visit, problem)


# -- proof


async def ask_proof(visit: Visit) -> Response:
    """A question to whoever is signed in here."""
    await visit.form()
    signed = await visit.recognised()
    if signed is None:
        return _none()
    answer = await passkeys.ask_proof(visit.site.parts, visit.caller, signed)
    return _question(answer) if isinstance(answer, Mapping) else _none()


async def prove(visit: Visit) -> Response:
    """Prove oneself by a passkey, then on with what was wanted."""
    given, fields = await _assertion(visit, then=THEN_MAX)
    signed, then = await visit.signed(), onward(fields["then"])
    problem: dict[str, Any] = {"code": "passkey"}
    if given is not None:
        answer = await passkeys.prove(visit.site.parts, visit.caller, signed, given)
        match answer:
            case Proved(session=session):
                visit.keep_session(session)
                return visit.to(then)
            case Locked(until=until):
                problem = {"code": "locked", "until": until}
            case Frozen() | SignedOut():
                return barred(visit, answer, then)
            case Refused():
                pass
    return await proof_page(visit, 422, then, problem)


# -- one's own


async def show_new(visit: Visit) -> Response:
    """Where a passkey is made; a proof, where it is needed, comes before it."""
    signed = await visit.signed()
    answer = await proof.check(visit.site.parts, visit.caller, signed)
    if not isinstance(answer, User):
        return barred(visit, answer, NEW)
    return _new_page(visit, 200, None)


def _new_page(visit: Visit, status: int, problem: dict[str, Any] | None) -> Response:
    return visit.page("passkey_new.html", status, problem=problem)


async def ask_new(visit: Visit) -> Response:
    """A question for a new passkey."""
    await visit.form()
    signed = await visit.recognised()
    if signed is None:
        return _none()
    answer = await passkeys.ask_new(visit.site.parts, visit.caller, signed)
    return _question(answer) if isinstance(answer, Mapping) else _none()


async def add(visit: Visit) -> Response:
    """The browser made a passkey."""
    fields = await visit.form(credential=CREDENTIAL_MAX)
    signed = await visit.signed()
    given = attestation(_credential(fields["credential"]))
    if given is None:
        return _new_page(visit, 422, {"code": "passkey"})
    answer = await passkeys.add(visit.site.parts, visit.caller, signed, given)
    match answer:
        case Added():
            return await _added(visit, answer)
        case Refused():
            return _new_page(visit, 422, {"code": "passkey"})
        case Known():
            return _new_page(visit, 422, {"code": "passkey_known"})
        case Full(most=most):
            return _new_page(visit, 422, {"code": "passkeys_full", "most": most})
        case _:
            return barred(visit, answer, NEW)


async def _added(visit: Visit, answer: Added) -> Response:
    """It is there: a new session, and recovery codes if there were none."""
    visit.keep_session(answer.session)
    path = await home_of(visit, answer.session)
    if answer.codes:
        return visit.page("recovery_codes.html", codes=answer.codes, onward=path)
    return visit.to(ACCOUNT)


async def _own(visit: Visit, signed: Signed) -> tuple[Passkey, bool]:
    """The passkey of the address, and whether it is the only second step. Raises Refusal."""
    found = await account.overview(visit.site.parts, visit.caller, signed)
    every = {passkey.id: passkey for passkey in found.passkeys}
    if visit.path["id"] not in every:
        raise Refusal(404, "no-such-page")
    return every[visit.path["id"]], len(every) == 1 and not found.totp


async def show_rename(visit: Visit) -> Response:
    """Another name for a passkey."""
    passkey, _ = await _own(visit, await visit.signed())
    return visit.page("passkey_rename.html", passkey=passkey, problem=None)


async def rename(visit: Visit) -> Response:
    """Store the name."""
    name = (await visit.form(name=NAME_MAX * 2))["name"]
    signed = await visit.signed()
    passkey, _ = await _own(visit, signed)
    answer = await passkeys.rename(visit.site.parts, visit.caller, signed, passkey.id, name)
    match answer:
        case Renamed() | NotFound():
            return visit.to(ACCOUNT)
        case NotAName():
            problem = {"code": "not_a_passkey_name", "most": NAME_MAX}
            return visit.page("passkey_rename.html", 422, passkey=passkey, problem=problem)
        case _:
            return barred(visit, answer, ACCOUNT)


async def show_remove(visit: Visit) -> Response:
    """Before a passkey goes."""
    signed = await visit.signed()
    passkey, last = await _own(visit, signed)
    answer = await proof.check(visit.site.parts, visit.caller, signed)
    if not isinstance(answer, User):
        return barred(visit, answer, f"{LIST}/{passkey.id}/remove")
    return visit.page("passkey_remove.html", passkey=passkey, last=last)


async def remove(visit: Visit) -> Response:
    """Take it away."""
    await visit.form()
    signed = await visit.signed()
    passkey, _ = await _own(visit, signed)
    answer = await passkeys.remove(visit.site.parts, visit.caller, signed, passkey.id)
    if isinstance(answer, Removed | NotFound):
        return visit.to(ACCOUNT)
    return barred(visit, answer, f"{LIST}/{passkey.id}/remove")
