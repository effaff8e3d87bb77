"""Presence: a caller shows that they are beside a device of theirs (design 18)."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from keyturn.flows import presence
from keyturn.flows import staff as flow
from keyturn.flows.presence import (
    Asked,
    Given,
    Locked,
    Method,
    NotAllowed,
    NotFound,
    NotNow,
    NotYours,
    Often,
    Released,
    Wrong,
)
from keyturn.rules.access import ALLOWED, Action, Staff, Why
from keyturn.web.console.entry import barred, is_partial
from keyturn.web.console.reading import WORD_MAX, choice, row_id
from keyturn.web.refusals import Refusal
from keyturn.web.visit import Visit


async def start(visit: Visit, staff: Staff) -> Response:
    """Ask, then to the page that watches; where nothing can be asked, why."""
    fields = await visit.form(method=WORD_MAX, case=WORD_MAX)
    method = choice("method", fields["method"], set(map(str, Method))) or str(Method.BUTTON)
    user_id, pairing_id = row_id(visit.path["id"]), row_id(visit.path["pairing"])
    answer = await presence.start(
        visit.site.parts, staff, user_id, pairing_id, Method(method), fields["case"]
    )
    match answer:
        case NotAllowed() | NotFound():
            raise barred(answer)
        case NotYours():
            raise Refusal(409, "case-not-yours")
        case Asked(one=one):
            return visit.to(f"/console/presence/{one.id}")
    return await _not_asked(visit, staff, user_id, answer)


async def _not_asked(
    visit: Visit, staff: Staff, user_id: str, answer: NotNow | Often | Locked
) -> Response:  # fmt: skip
    found = await flow.user(visit.site.parts, staff, user_id)
    if isinstance(found, flow.NotFound):
        raise barred(found)
    word = str(answer.why) if isinstance(answer, NotNow) else type(answer).__name__.lower()
    why = {"why": word, "until": answer.until}
    status = 409 if isinstance(answer, NotNow) else 429
    return visit.page("console/presence.html", status, user=found.user, p=None, refused=why)


async def show(visit: Visit, staff: Staff) -> Response:
    """How it stands; for htmx, which asks while it is open, only what changes."""
    return await _shown(visit, staff, 200)


async def read_out(visit: Visit, staff: Staff) -> Response:
    """The technician types what the caller reads."""
    typed = (await visit.form(code=WORD_MAX))["code"]
    challenge_id = row_id(visit.path["id"])
    answer = await presence.read_out(visit.site.parts, staff, challenge_id, typed)
    match answer:
        case Given() | Locked():
            return visit.to(f"/console/presence/{challenge_id}")
        case Wrong(left=left):
            return await _shown(visit, staff, 422, left)
        case NotAllowed():
            raise barred(answer)
        case _:
            return await _shown(visit, staff, 409)


async def _shown(visit: Visit, staff: Staff, status: int, left: int | None = None) -> Response:
    found = await presence.look(visit.site.parts, staff, row_id(visit.path["id"]))
    if isinstance(found, NotFound):
        raise barred(found)
    visit.now = visit.site.parts.clock.now()
    part = "console/_presence.html" if is_partial(visit) else "console/presence.html"
    return visit.page(part, status, user=found.user, p=shown(found, left), refused=None)


def shown(found: Asked, left: int | None = None) -> dict[str, Any]:
    """For the template. left: tries after a wrong code just now."""
    one, of = found.one, found.of
    return {
        "id": one.id, "method": str(one.method), "state": str(one.ended or one.state),
        "case": one.case, "until": one.expires_at, "asked_at": one.made_at,
        "pairing": one.pairing_id, "model": of.device.model, "serial": of.device.serial,
        "silent": of.silent, "seen_at": of.seen_at, "left": left,
        "locked": of.locked.until if of.locked else None,
        "proved_until": found.proof.until if found.proof is not None else None,
    }  # fmt: skip


async def ask_release(visit: Visit, staff: Staff) -> Response:
    """The page that asks before a device is taken from its owner."""
    if Action.RELEASE_DEVICE not in ALLOWED[staff.role]:
        raise barred(NotAllowed(Why.NO_ROLE))
    found = await flow.user(visit.site.parts, staff, row_id(visit.path["id"]))
    if isinstance(found, flow.NotFound):
        raise barred(found)
    theirs = await presence.devices_of(visit.site.parts, staff, found.user.id)
    wanted = row_id(visit.path["pairing"])
    one = next((each for each in theirs if each.pairing.id == wanted), None)
    if one is None:
        raise barred(NotFound())
    return visit.page("console/device_release.html", user=found.user, d=one)


async def release(visit: Visit, staff: Staff) -> Response:
    """Do it and show the user as it is now."""
    await visit.form()
    user_id, pairing_id = row_id(visit.path["id"]), row_id(visit.path["pairing"])
    answer = await presence.release(visit.site.parts, staff, user_id, pairing_id)
    if not isinstance(answer, Released):
        raise barred(answer)
    return visit.to(f"/console/users/{user_id}")
