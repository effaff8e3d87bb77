"""The language of the pages, chosen in this browser; signed in, that of one's mails as well."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.flows import language as choosing
from keyturn.rules.languages import known
from keyturn.web.door import door
from keyturn.web.refusals import Refusal
from keyturn.web.site import Site
from keyturn.web.visit import ELSEWHERE, HERE_MAX, Visit, local

CODE_MAX = 8


def routes(site: Site) -> list[BaseRoute]:
    """The doors of this room."""
    return [door(site, "/language", post=choose)]


async def choose(visit: Visit) -> Response:
    """Keep the choice, and show the page again from which it was made."""
    fields = await visit.form(language=CODE_MAX, then=HERE_MAX)
    language = known(fields["language"])
    if language is None:
        raise Refusal(422, "unknown-value", {"field": "language"})
    visit.keep_language(language)
    signed = await visit.recognised()
    if signed is not None:
        await choosing.choose(visit.site.parts, visit.caller, signed, language)
    return visit.to(fields["then"] if local(fields["then"]) else ELSEWHERE)
