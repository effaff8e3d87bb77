"""Your devices: setting one up, which ones there are, giving one back."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.flows import pairing, proof
from keyturn.flows.pairing import (
    Busy,
    Hidden,
    NoDigits,
    NoLabel,
    NotFound,
    NothingOpen,
    Own,
    Released,
    TooMany,
    Unknown,
    View,
)
from keyturn.rules.accounts import User
from keyturn.rules.devices import proves_from, silent
from keyturn.rules.pairing import OPEN
from keyturn.web.door import door
from keyturn.web.pages.proof import barred
from keyturn.web.refusals import Refusal
from keyturn.web.site import Site
from keyturn.web.streams import Sight, Stream, Watchers
from keyturn.web.visit import Visit

ROOT: Final = "/account/devices"
ADD: Final = f"{ROOT}/add"
LABEL_MAX, DIGITS_MAX = 60, 40
_WATCHERS: Final = Watchers()


def routes(site: Site) -> list[BaseRoute]:
    """The doors of this room."""
    return [
        door(site, ROOT, get=show),
        door(site, ADD, get=show_setup, post=start),
        door(site, f"{ADD}/events", get=watch),
        door(site, f"{ADD}/again", post=again),
        door(site, f"{ADD}/digits", post=type_digits),
        door(site, f"{ADD}/stop", post=stop),
        door(site, f"{ROOT}/{{id}}/release", get=ask_release, post=release),
    ]


async def show(visit: Visit) -> Response:
    """Which devices there are, and how they do."""
    signed = await visit.signed()
    own = await pairing.devices(visit.site.parts, visit.caller, signed)
    return visit.page("devices.html", devices=[shown(one, visit.now) for one in own])


def shown(own: Own, now: int) -> dict[str, Any]:
    """A device, for a template."""
    return {
        "id": own.pairing.id, "model": own.device.model, "serial": own.device.serial,
        "paired_at": own.pairing.paired_at, "seen_at": own.seen_at,
        "silent": silent(own.seen_at, now), "proves_from": proves_from(own.pairing),
    }  # fmt: skip


# -- setting one up


async def show_setup(visit: Visit) -> Response:
    """What is being set up, or where its label's code is typed."""
    signed = await visit.signed()
    parts, caller = visit.site.parts, visit.caller
    found = await pairing.current(parts, caller, signed)
    if isinstance(found, View) and found.setup.state in OPEN:
        return _setup_page(visit, found)
    answer = await proof.check(parts, caller, signed)
    if not isinstance(answer, User):
        return barred(visit, answer, ADD)
    return _label_page(visit, 200, last=found if isinstance(found, View) else None)


def _setup_page(visit: Visit, view: View, status: int = 200, problem: str = "") -> Response:
    watched = f"{ADD}/events" if view.setup.state in OPEN else ""
    return visit.page(
        "device_setup.html", status, d=setup_shown(view), watch=watched, mistake=problem
    )


def setup_shown(view: View) -> dict[str, Any]:
    """What _device_setup.html shows."""
    setup, judged = view.setup, view.judged
    return {
        "state": str(setup.state), "ended": str(setup.ended or ""), "model": view.device.model,
        "serial": view.device.serial, "until": setup.expires_at, "another": view.another,
        "verdict": str(judged.verdict) if judged is not None else "",
        "network": judged.owner.name if judged is not None and judged.owner else "",
        "kind": str(judged.owner.kind) if judged is not None and judged.owner else "",
        "missing": [*map(str, view.missing)], "wrong": setup.wrong, "left": view.left,
        "typed": setup.typed, "pressed": setup.pressed_at is not None,
    }  # fmt: skip


def _label_page(
    visit: Visit, status: int, *, last: View | None = None, problem: dict[str, Any] | None = None,
    typed: str = "",
) -> Response:  # fmt: skip
    d = setup_shown(last) if last is not None else None
    return visit.page("device_add.html", status, last=d, problem=problem, typed=typed)


async def start(visit: Visit) -> Response:
    """Begin with a label's code."""
    typed = (await visit.form(label=LABEL_MAX))["label"]
    signed = await visit.signed()
    answer = await pairing.start(visit.site.parts, visit.caller, signed, typed)
    match answer:
        case View():
            return visit.to(ADD)
        case NoLabel():
            return _label_page(visit, 422, problem={"code": "label"}, typed=typed)
        case Unknown():
            return _label_page(visit, 422, problem={"code": "unknown"}, typed=typed)
        case Hidden(found=found):
            problem = {"code": "vpn", "network": found.name, "kind": str(found.kind)}
            return _label_page(visit, 409, problem=problem, typed=typed)
        case Busy(until=until):
            return _label_page(visit, 409, problem={"code": "busy", "until": until}, typed=typed)
        case TooMany(until=until):
            later = {"code": "too_many", "until": until}
            return _label_page(visit, 429, problem=later, typed=typed)
        case _:
            return barred(visit, answer, ADD)


async def again(visit: Visit) -> Response:
    """The person has left the VPN, or joined the Wi-Fi: look once more."""
    await visit.form()
    signed = await visit.signed()
    return _gone_on(visit, await pairing.again(visit.site.parts, visit.caller, signed))


async def type_digits(visit: Visit) -> Response:
    """What the device shows."""
    typed = (await visit.form(digits=DIGITS_MAX))["digits"]
    signed = await visit.signed()
    parts, caller = visit.site.parts, visit.caller
    answer = await pairing.type_digits(parts, caller, signed, typed)
    if isinstance(answer, NoDigits):
        found = await pairing.current(parts, caller, signed)
        is_open = isinstance(found, View) and found.setup.state in OPEN
        return _setup_page(visit, found, 422, "digits") if is_open else visit.to(ADD)  # type: ignore[arg-type]  # a View
    return _gone_on(visit, answer)


async def stop(visit: Visit) -> Response:
    """Set nothing up after all."""
    await visit.form()
    signed = await visit.signed()
    answer = await pairing.give_up(visit.site.parts, visit.caller, signed)
    return visit.to(ROOT) if isinstance(answer, View) else _gone_on(visit, answer)


def _gone_on(visit: Visit, answer: View | NothingOpen | pairing.Hurdle) -> Response:
    if isinstance(answer, View | NothingOpen):
        return visit.to(ADD)
    return barred(visit, answer, ADD)


async def watch(visit: Visit) -> Any:
    """How it goes, as it happens."""
    signed = await visit.signed()
    parts, caller = visit.site.parts, visit.caller
    if isinstance(await pairing.current(parts, caller, signed), NothingOpen):
        raise Refusal(404, "no-such-page")
    piece = ""

    async def sight() -> Sight | None:
        nonlocal piece
        found = await pairing.current(parts, caller, signed)
        visit.now = parts.clock.now()
        if isinstance(found, NothingOpen) or found.setup.state not in OPEN:
            return Sight(piece, last=True)  # it stands until the page is opened anew
        piece = visit.piece("_device_setup.html", d=setup_shown(found), mistake="")
        return Sight(piece, last=False)

    return Stream(_WATCHERS, signed.user.id, parts.clock, sight)


# -- giving one back


async def ask_release(visit: Visit) -> Response:
    """Before a device goes."""
    signed = await visit.signed()
    parts, caller = visit.site.parts, visit.caller
    path = f"{ROOT}/{visit.path['id']}/release"
    answer = await proof.check(parts, caller, signed)
    if not isinstance(answer, User):
        return barred(visit, answer, path)
    own = await pairing.devices(parts, caller, signed)
    one = next((each for each in own if each.pairing.id == visit.path["id"]), None)
    if one is None:
        raise Refusal(404, "no-such-page")
    return visit.page("device_release.html", d=shown(one, visit.now))


async def release(visit: Visit) -> Response:
    """Give it back."""
    await visit.form()
    signed = await visit.signed()
    pairing_id = visit.path["id"]
    answer = await pairing.release(visit.site.parts, visit.caller, signed, pairing_id)
    match answer:
        case Released():
            return visit.to(ROOT)
        case NotFound():
            raise Refusal(404, "no-such-page")
        case _:
            return barred(visit, answer, f"{ROOT}/{pairing_id}/release")
