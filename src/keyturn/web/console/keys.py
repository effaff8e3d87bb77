"""Keys of programs that verify callers or work on cases: owners make, see and revoke them."""

from __future__ import annotations

from starlette.responses import Response

from keyturn.flows import api_keys
from keyturn.flows.api_keys import BadName, Made, NameTaken, NotAllowed, NotFound
from keyturn.rules.access import Staff
from keyturn.rules.api_keys import ApiKey, Scope
from keyturn.web.console.entry import barred
from keyturn.web.console.reading import choice, row_id
from keyturn.web.visit import Visit

#: longest name that is read; longer ones are refused with the reason
TYPED_MAX = 200
#: what a key opens, as the form says it; "" is what most keys are for
OPENS = {"": Scope.VERIFY, "verify": Scope.VERIFY, "cases": Scope.CASES}


async def index(visit: Visit, staff: Staff) -> Response:
    """All of them."""
    return await _listed(visit, staff, "", Scope.VERIFY, None)


async def _listed(
    visit: Visit, staff: Staff, typed: str, scope: Scope, mistake: str | None
) -> Response:
    keys = await api_keys.everyone(visit.site.parts, staff)
    if isinstance(keys, NotAllowed):
        raise barred(keys)
    status = 422 if mistake else 200
    return visit.page(
        "console/keys.html", status, keys=keys, typed=typed, mistake=mistake,
        cases=scope is Scope.CASES,
    )  # fmt: skip


async def add(visit: Visit, staff: Staff) -> Response:
    """One more; the page that shows it, once."""
    form = await visit.form(name=TYPED_MAX, opens=max(map(len, OPENS)))
    typed, scope = form["name"], OPENS[choice("opens", form["opens"], OPENS) or ""]
    answer = await api_keys.add(visit.site.parts, staff, typed, scope)
    match answer:
        case Made(stored=stored, key=key):
            return visit.page("console/key_made.html", stored=stored, key=key)
        case BadName():
            return await _listed(visit, staff, typed, scope, "name")
        case NameTaken():
            return await _listed(visit, staff, typed, scope, "taken")
        case NotAllowed():
            raise barred(answer)


async def ask_revoke(visit: Visit, staff: Staff) -> Response:
    """The page that asks whether it is to be revoked."""
    key_id = row_id(visit.path["id"])
    keys = await api_keys.everyone(visit.site.parts, staff)
    if isinstance(keys, NotAllowed):
        raise barred(keys)
    found = next((key for key in keys if key.id == key_id), None)
    if found is None:
        raise barred(NotFound())
    return visit.page("console/key_revoke.html", stored=found)


async def revoke(visit: Visit, staff: Staff) -> Response:
    """It opens nothing any more."""
    await visit.form()
    gone = await api_keys.revoke(visit.site.parts, staff, row_id(visit.path["id"]))
    if not isinstance(gone, ApiKey):
        raise barred(gone)
    return visit.to("/console/keys")
