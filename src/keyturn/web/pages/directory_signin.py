"""Signing in with a directory password.

The page is one and the same for everybody; static/asking.js seals what is typed (`recipients`
says whom to), hands it in (`submit`) and asks for the answer until there is one (`answer`).
No door here takes a password.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.flows import directory_signin as flow
from keyturn.flows.directory_signin import (
    AddressPending,
    Asked,
    Barred,
    Begun,
    Full,
    Gone,
    MustChange,
    NoAgent,
    NotAName,
    NotSealed,
    SecondPending,
    SignedIn,
    TooMany,
    Trouble,
    Waiting,
    Wrong,
)
from keyturn.web.door import door
from keyturn.web.encoding import encoded
from keyturn.web.pages.directory import ENVELOPES_MAX, ID_MAX
from keyturn.web.pages.home import home_of
from keyturn.web.pages.signin import NAME_MAX, SECOND_STEP
from keyturn.web.refusals import Refusal
from keyturn.web.sealed import envelopes_of
from keyturn.web.site import Site
from keyturn.web.visit import Visit
from keyturn.wire.seals import SIGN_IN

ROOT: Final = "/signin/directory"


def routes(site: Site) -> list[BaseRoute]:
    """The doors of this room."""
    return [
        door(site, ROOT, get=show),
        door(site, ROOT + "/recipients", post=recipients),
        door(site, ROOT + "/submit", post=submit),
        door(site, ROOT + "/answer", post=answer),
    ]


async def show(visit: Visit) -> Response:
    """The form. Raises Refusal 404 where no directory signs anybody in."""
    found = await flow.ways(visit.site.parts, visit.caller)
    if not found:
        raise Refusal(404, "no-such-page")
    return visit.page("directory_signin.html", directories=found)


async def recipients(visit: Visit) -> Response:
    """Whom to seal to, at this moment; what the seal binds; the directory's identity."""
    fields = await visit.form(directory=ID_MAX)
    found = await flow.begin(visit.site.parts, visit.caller, fields["directory"])
    match found:
        case Begun():
            return visit.told(_sealing(found, visit.tenant.slug))
        case TooMany(until=until):
            return _later(visit, until)
        case NoAgent():
            return visit.told({"code": "nobody"}, 409)
        case _:
            return visit.told({"code": "gone"}, 409)


def _sealing(begun: Begun, tenant: str) -> dict[str, Any]:
    """What static/seal.js asks for; where a reset names its user stands what it is for."""
    return {
        "tenant": tenant,
        "domain": begun.directory.name,
        "job": begun.try_id,
        "user": SIGN_IN,
        "directory": begun.directory.id,
        "expires_at": begun.expires_at,
        "identity": encoded(begun.identity),
        "recipients": [
            {"agent": r.agent_id, "key": encoded(r.sealing_key),
             "certificate": encoded(r.certificate)}
            for r in begun.recipients
        ],
    }  # fmt: skip


async def submit(visit: Visit) -> Response:
    """Name and sealed password are handed in."""
    fields = await visit.form(attempt=ID_MAX, identifier=NAME_MAX, envelopes=ENVELOPES_MAX)
    answer = await flow.submit(
        visit.site.parts, visit.caller, fields["attempt"], fields["identifier"],
        envelopes_of(fields["envelopes"]),
    )  # fmt: skip
    match answer:
        case Asked():
            return visit.told({})
        case TooMany(until=until):
            return _later(visit, until)
        case NotAName():
            return visit.told({"code": "name"}, 422)
        case NotSealed():
            return visit.told({"code": "stale"}, 409)
        case Full():
            return visit.told({"code": "full"}, 503)
        case _:
            return visit.told({"code": "gone"}, 409)


def _later(visit: Visit, until: int) -> Response:
    response = visit.told({"code": "too_many", "until": until}, 429)
    response.headers["retry-after"] = str(max(1, -(-(until - visit.now) // 1000)))
    return response


async def answer(visit: Visit) -> Response:
    """What came of it: {} while there is nothing to be told."""
    fields = await visit.form(attempt=ID_MAX)
    found = await flow.answer(visit.site.parts, visit.caller, fields["attempt"])
    match found:
        case SignedIn():
            return await _welcome(visit, found)
        case SecondPending():
            return visit.told({"to": visit.base + "/signin/second"})
        case AddressPending():
            return visit.told({"to": visit.base + "/signup/code"})
        case MustChange(offered=True):
            return visit.told({"to": visit.base + "/signin/directory/change"})
        case Barred(reason=reason):
            return visit.told({"code": "barred", "reason": reason})
        case _:
            return visit.told(_PLAIN[type(found)])


#: answers that say nothing more than their name
_PLAIN: Final[Mapping[type, Mapping[str, str]]] = {
    Waiting: {},
    Wrong: {"code": "wrong"},
    MustChange: {"code": "change"},
    Trouble: {"code": "trouble"},
    Gone: {"code": "gone"},
}


async def _welcome(visit: Visit, found: SignedIn) -> Response:
    """In: as pages/signin.welcome, but told to a script."""
    visit.keep_session(found.session)
    visit.keep_client(found.client)
    second = found.level == SECOND_STEP
    to = await home_of(visit, found.session) if second else "/account"
    return visit.told({"to": visit.base + to})
