"""Keys of programs that verify callers: owners make them, see them and revoke them."""

from __future__ import annotations

from starlette.responses import Response

from keyturn.flows import api_keys
from keyturn.flows.api_keys import BadName, Made, NameTaken, NotAllowed, NotFound
from keyturn.rules.access import Staff
from keyturn.rules.api_keys import ApiKey
from keyturn.web.console.entry import barred
from keyturn.web.console.reading import row_id
from keyturn.web.visit import Visit

#: longest name that is read; longer ones are refused with the reason
TYPED_MAX = 200


async def index(visit: Visit, staff: Staff) -> Response:
    """All of them."""
    return await _listed(visit, staff, "", None)


async def _listed(visit: Visit, staff: Staff, typed: str, mistake: str | None) -> Response:
    keys = await api_keys.everyone(visit.site.parts, staff)
    if isinstance(keys, NotAllowed):
        raise barred(keys)
    status = 422 if mistake else 200
    return visit.page("console/keys.html", status, keys=keys, typed=typed, mistake=mistake)


async def add(visit: Visit, staff: Staff) -> Response:
    """One more; the page that shows it, once."""
    typed = (await visit.form(name=TYPED_MAX))["name"]
    answer = await api_keys.add(visit.site.parts, staff, typed)
    match answer:
        case Made(stored=stored, key=key):
            return visit.page("console/key_made.html", stored=stored, key=key)
        case BadName():
            return await _listed(visit, staff, typed, "name")
        case NameTaken():
            return await _listed(visit, staff, typed, "taken")
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
