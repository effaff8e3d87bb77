"""What other machines call: delivery reports of the SMS gateway.

The address that a report comes to was signed when the text was handed over; whoever
calls it without that signature is told so and changes nothing.  A report says neither
Host nor tenant: the gateway may reach this server by an inner name.

    GET  /hooks/sms          Kannel's, everything in the address
    POST /hooks/sms/status   a Twilio-style gateway's: a form, signed by the gateway as well
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from starlette.responses import Response
from starlette.routing import Route

from keyturn.web import parsing
from keyturn.web.refusals import Refusal
from keyturn.web.site import Site

SMS, STATUS = "/hooks/sms", "/hooks/sms/status"
#: longest value of each field of a report (adapters/sms/kannel.report_address)
FIELDS = {"id": 26, "sig": 43, "type": 3, "answer": 500}
#: the same of a status callback's address; its form is the gateway's and may grow
STATUS_FIELDS = {"id": 26, "sig": 43}
FORM_FIELDS_MAX = 100
SIGNATURE = b"x-twilio-signature"


def routes(site: Site) -> list[Route]:
    """The doors for machines."""
    return [Route(SMS, _Reports(site)), Route(STATUS, _Statuses(site))]


class _Reports:
    """The ASGI application that takes reports."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One report: 204 if the gateway signed it, told it anything new or not."""
        _only(scope, "GET")
        report = self._site.report
        if report is None:
            raise Refusal(404, "no-such-page")
        if not await report(parsing.query(scope, FIELDS)):
            raise Refusal(403, "not-signed")
        await Response(status_code=204)(scope, receive, send)


class _Statuses:
    """The ASGI application that takes status callbacks."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One status: 204 if both we and the gateway signed it, told it anything new or not."""
        _only(scope, "POST")
        status = self._site.status
        if status is None:
            raise Refusal(404, "no-such-page")
        query = parsing.query(scope, STATUS_FIELDS)
        form = _form(await parsing.body(scope, receive))
        signed = parsing.header(scope, SIGNATURE) or ""
        if not await status(query, form, signed):
            raise Refusal(403, "not-signed")
        await Response(status_code=204)(scope, receive, send)


def _only(scope: Any, method: str) -> None:
    if scope["method"] != method:
        raise Refusal(405, "method", headers={"allow": method})


def _form(raw: bytes) -> list[tuple[str, str]]:
    """Every field in its order, known or not: the gateway signs them all and adds some from
    time to time. Raises Refusal 400 for what is no form, or says a thing twice.
    """
    try:
        form = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(raw),
            errors="strict",
            max_num_fields=FORM_FIELDS_MAX,
        )
    except ValueError as error:
        raise Refusal(400, "not-a-form") from error
    if len({name for name, _ in form}) < len(form):
        raise Refusal(400, "repeated-field")
    return form
