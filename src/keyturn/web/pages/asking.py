"""The phone's answer as the second step: at sign-in, in recovery, before a dangerous change.

POST path          asks the phone, then to the page
GET path           how the question stands, with the number; watched live, or loaded again
POST path/done     goes on by the approval, which the page does by itself where it has a script
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.flows import asking, proof, recovery, signin
from keyturn.flows.asking import Answer, Capped, NoPhone, NotAsked, Standing
from keyturn.flows.signin import NothingPending, SignedIn
from keyturn.rules.approvals import State
from keyturn.steps.questions import ByPhone
from keyturn.web.door import door
from keyturn.web.pages.proof import PROOF, THEN_MAX, onward, proof_page
from keyturn.web.pages.recover import PAGES, second_again
from keyturn.web.pages.signin import second_page, welcome
from keyturn.web.site import Site
from keyturn.web.streams import Sight, Stream, Watchers
from keyturn.web.visit import Visit

AT_SIGNIN, IN_RECOVERY = "/signin/second/phone", "/recover/second/phone"
BEFORE_A_CHANGE = f"{PROOF}/phone"
_WATCHERS: Final = Watchers()


@dataclass(frozen=True, slots=True)
class _Way:
    """Where a question belongs.

    Attributes:
        path: of its page.
        back: of the page with the other second steps.
        fields: what its forms and addresses carry along.
    """

    path: str
    back: str
    fields: dict[str, str]

    def address(self, more: str = "") -> str:
        """Of the page, or of something beneath it."""
        return f"{self.path}{more}" + (f"?{urlencode(self.fields)}" if self.fields else "")


def routes(site: Site) -> list[BaseRoute]:
    """The doors of this room."""
    return [
        door(site, AT_SIGNIN, get=show_at_signin, post=ask_at_signin),
        door(site, f"{AT_SIGNIN}/events", get=watch_at_signin),
        door(site, f"{AT_SIGNIN}/done", post=sign_in),
        door(site, IN_RECOVERY, get=show_in_recovery, post=ask_in_recovery),
        door(site, f"{IN_RECOVERY}/events", get=watch_in_recovery),
        door(site, f"{IN_RECOVERY}/done", post=recover),
        door(site, BEFORE_A_CHANGE, get=show_before_a_change, post=ask_before_a_change),
        door(site, f"{BEFORE_A_CHANGE}/events", get=watch_before_a_change),
        door(site, f"{BEFORE_A_CHANGE}/done", post=prove),
    ]


# -- what all three do


def _problem(answer: NotAsked | NoPhone) -> dict[str, Any]:
    if isinstance(answer, NoPhone):
        return {"code": "no_phone"}
    busy = answer.why is Capped.BUSY
    return {"code": "phone_busy" if busy else "phone_often", "until": answer.until}


def _shown(standing: Standing) -> dict[str, Any]:
    """For the template; nothing that depends on the moment."""
    one = standing.one
    return {
        "state": str(one.ended or one.state), "number": one.number, "until": one.expires_at,
        "left": standing.left, "wrong": one.wrong, "phone": standing.phone,
    }  # fmt: skip


def _over(standing: Standing) -> bool:
    return standing.one.state is not State.WAITING


def _page(visit: Visit, way: _Way, found: object) -> Response:
    """The question's page; without a question, the other ways."""
    if not isinstance(found, Standing):
        return visit.to(way.back)
    watch = "" if _over(found) else way.address("/events")
    return visit.page("second_phone.html", a=_shown(found), way=way, watch=watch)


def _watched(
    visit: Visit, way: _Way, look: Callable[[], Awaitable[object]], whose: str
) -> Stream:  # fmt: skip
    async def sight() -> Sight | None:
        found = await look()
        if not isinstance(found, Standing):
            return None
        return Sight(visit.piece("_second_phone.html", a=_shown(found), way=way), _over(found))

    return Stream(_WATCHERS, whose, visit.site.parts.clock, sight)


# -- at sign-in


def _at_signin(trust: str) -> _Way:
    return _Way(AT_SIGNIN, "/signin/second", {"trust": "1"} if trust == "1" else {})


async def ask_at_signin(visit: Visit) -> Response:
    """Ask the phone of whoever gave the right password in this browser."""
    way = _at_signin((await visit.form(trust=1))["trust"])
    parts, caller = visit.site.parts, visit.caller
    answer: Answer = await asking.for_flow(parts, caller, "signin")
    if not isinstance(answer, NotAsked | NoPhone):
        return visit.to(way.address())
    waiting = await signin.pending(parts, caller)
    if isinstance(waiting, NothingPending):
        return visit.to("/signin")
    return second_page(visit, 429, waiting, _problem(answer))


async def show_at_signin(visit: Visit) -> Response:
    """How it stands."""
    way = _at_signin(visit.query(trust=1)["trust"])
    return _page(visit, way, await asking.of_flow(visit.site.parts, visit.caller, "signin"))


async def watch_at_signin(visit: Visit) -> Any:
    """The same as it changes."""
    way, caller = _at_signin(visit.query(trust=1)["trust"]), visit.caller
    return _watched(
        visit, way, lambda: asking.of_flow(visit.site.parts, caller, "signin"), caller.browser
    )


async def sign_in(visit: Visit) -> Response:
    """In, by the approval; it is taken in the transaction that begins the session."""
    trust = (await visit.form(trust=1))["trust"]
    answer = await signin.second_step(
        visit.site.parts, visit.caller, ByPhone(), trust=trust == "1"
    )  # fmt: skip
    if isinstance(answer, SignedIn):
        return await welcome(visit, answer)
    return visit.to(_at_signin(trust).address())


# -- in recovery

_IN_RECOVERY = _Way(IN_RECOVERY, "/recover/second", {})


async def ask_in_recovery(visit: Visit) -> Response:
    """Ask the phone of whoever proved the address in this browser."""
    await visit.form()
    answer = await asking.for_flow(visit.site.parts, visit.caller, "recovery")
    if isinstance(answer, NotAsked | NoPhone):
        return await second_again(visit, _problem(answer), 429)
    return visit.to(IN_RECOVERY)


async def show_in_recovery(visit: Visit) -> Response:
    """How it stands."""
    found = await asking.of_flow(visit.site.parts, visit.caller, "recovery")
    return _page(visit, _IN_RECOVERY, found)


async def watch_in_recovery(visit: Visit) -> Any:
    """The same as it changes."""
    caller = visit.caller
    return _watched(
        visit, _IN_RECOVERY, lambda: asking.of_flow(visit.site.parts, caller, "recovery"),
        caller.browser,
    )  # fmt: skip


async def recover(visit: Visit) -> Response:
    """On to the new password, by the approval."""
    await visit.form()
    answer = await recovery.second_proof(visit.site.parts, visit.caller, ByPhone())
    return visit.to(PAGES[answer.step] if isinstance(answer, recovery.Open) else IN_RECOVERY)


# -- before a change


def _before_a_change(then: str) -> _Way:
    then = onward(then)
    return _Way(BEFORE_A_CHANGE, f"{PROOF}?{urlencode({'then': then})}", {"then": then})


async def ask_before_a_change(visit: Visit) -> Response:
    """Ask the phone of whoever is signed in."""
    way = _before_a_change((await visit.form(then=THEN_MAX))["then"])
    answer = await asking.for_proof(visit.site.parts, visit.caller, await visit.signed())
    if isinstance(answer, NotAsked | NoPhone):
        return await proof_page(visit, 429, way.fields["then"], _problem(answer))
    return visit.to(way.address())


async def show_before_a_change(visit: Visit) -> Response:
    """How it stands."""
    way, signed = _before_a_change(visit.query(then=THEN_MAX)["then"]), await visit.signed()
    return _page(visit, way, await asking.of_proof(visit.site.parts, visit.caller, signed))


async def watch_before_a_change(visit: Visit) -> Any:
    """The same as it changes."""
    way, signed = _before_a_change(visit.query(then=THEN_MAX)["then"]), await visit.signed()
    parts, caller = visit.site.parts, visit.caller
    return _watched(visit, way, lambda: asking.of_proof(parts, caller, signed), signed.user.id)


async def prove(visit: Visit) -> Response:
    """On with what was wanted, by the approval."""
    way = _before_a_change((await visit.form(then=THEN_MAX))["then"])
    answer = await proof.by_phone(visit.site.parts, visit.caller, await visit.signed())
    if isinstance(answer, proof.Proved):
        visit.keep_session(answer.session)
        return visit.to(way.fields["then"])
    return visit.to(way.address())
