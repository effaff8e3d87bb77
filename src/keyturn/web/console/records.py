"""What was sent and what happened: messages and the audit trail."""

from __future__ import annotations

from starlette.responses import Response

from keyturn.flows import staff as flow
from keyturn.rules.access import Staff
from keyturn.rules.messages import MessageState
from keyturn.web.console.reading import QUERY_MAX, WORD_MAX, choice, cursor, event
from keyturn.web.visit import Visit

CHANNELS = ("mail", "sms", "hook", "push")


async def messages(visit: Visit, staff: Staff) -> Response:
    """Mails and texts, newest first."""
    fields = visit.query(channel=WORD_MAX, state=WORD_MAX, before=WORD_MAX)
    channel = choice("channel", fields["channel"], CHANNELS)
    state = choice("state", fields["state"], frozenset(map(str, MessageState)))
    found = await flow.messages(
        visit.site.parts,
        staff,
        channel,
        MessageState(state) if state else None,
        cursor("before", fields["before"]),
    )
    return visit.page(
        "console/messages.html",
        channel=channel,
        state=state,
        messages=found.messages,
        before=found.before,
        alarms=found.alarms,
    )


async def audit(visit: Visit, staff: Staff) -> Response:
    """The audit trail, newest first."""
    fields = visit.query(q=QUERY_MAX, event=WORD_MAX, before=WORD_MAX)
    query, wanted = fields["q"].strip(), event("event", fields["event"])
    before = cursor("before", fields["before"])
    found = await flow.audit(visit.site.parts, staff, query, wanted, before)
    return visit.page(
        "console/audit.html",
        query=query,
        event=wanted,
        entries=found.entries,
        names=found.names,
        before=found.before,
    )
