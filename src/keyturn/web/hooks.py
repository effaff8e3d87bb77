"""What other machines call: delivery reports of the SMS gateway.

The address that a report comes to was signed when the text was handed over; whoever
calls it without that signature is told so and changes nothing.  A report says neither
Host nor tenant: the gateway may reach this server by an inner name.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from keyturn.web import parsing
from keyturn.web.refusals import Refusal
from keyturn.web.site import Site

SMS = "/hooks/sms"
#: longest value of each field of a report (adapters/sms/kannel.report_address)
FIELDS = {"id": 26, "sig": 43, "type": 3, "answer": 500}


def routes(site: Site) -> list[Route]:
    """The doors for machines."""
    return [Route(SMS, _Reports(site))]


class _Reports:
    """The ASGI application that takes reports."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One report: 204 if the gateway signed it, told it anything new or not."""
        if scope["method"] != "GET":
            raise Refusal(405, "method", headers={"allow": "GET"})
        report = self._site.report
        if report is None:
            raise Refusal(404, "no-such-page")
        if not await report(parsing.query(scope, FIELDS)):
            raise Refusal(403, "not-signed")
        await Response(status_code=204)(scope, receive, send)
