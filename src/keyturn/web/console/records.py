"""What was sent and what happened: messages and the audit trail."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from starlette.responses import Response, StreamingResponse

from keyturn import __version__
from keyturn.flows import staff as flow
from keyturn.flows import trail
from keyturn.flows.trail import Asked, NotAllowed, Trail
from keyturn.rules.access import ALLOWED, Action, Staff
from keyturn.rules.messages import MessageState
from keyturn.rules.trail_formats import MEDIA, Format, head, lines
from keyturn.web.console.entry import barred
from keyturn.web.console.reading import QUERY_MAX, WORD_MAX, choice, cursor, day, event
from keyturn.web.visit import Visit

#: entries of a file; the command line has no such limit
MOST = 100_000
_ASKED = {"q": QUERY_MAX, "event": WORD_MAX, "first": WORD_MAX, "last": WORD_MAX}
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
    fields = visit.query(before=WORD_MAX, **_ASKED)
    asked, before = _asked(fields), cursor("before", fields["before"])
    found = await trail.look(visit.site.parts, staff, asked, before)
    return visit.page(
        "console/audit.html",
        query=asked.query,
        event=asked.event,
        first=fields["first"],
        last=fields["last"],
        entries=found.entries,
        names=found.names,
        before=found.before,
        most=MOST,
        can=ALLOWED[staff.role] & {Action.EXPORT_TRAIL},
    )


async def export(visit: Visit, staff: Staff) -> Response:
    """The newest of what is searched for, as a file."""
    fields = await visit.form(format=WORD_MAX, **_ASKED)
    form = Format(choice("format", fields["format"], frozenset(map(str, Format))) or Format.CSV)
    asked = _asked(fields)
    pages = await trail.export(visit.site.parts, staff, asked, form, MOST)
    if isinstance(pages, NotAllowed):
        raise barred(pages)
    headers = {"content-disposition": f'attachment; filename="{visit.tenant.slug}-audit.{form}"'}
    return StreamingResponse(_file(form, pages), media_type=MEDIA[form], headers=headers)


def _asked(fields: Mapping[str, str]) -> Asked:
    """What of the trail is asked for. Raises Refusal 422."""
    first, last = day("first", fields["first"]), day("last", fields["last"])
    return Asked(fields["q"].strip(), event("event", fields["event"]), first, last)


async def _file(form: Format, pages: AsyncIterator[Trail]) -> AsyncIterator[str]:
    yield head(form)
    async for page in pages:
        yield lines(form, page.entries, page.names, __version__)
