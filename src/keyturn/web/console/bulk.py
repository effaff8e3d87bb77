"""Many people invited: the page that says what it means for each, and the act."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import Response

from keyturn.flows import bulk_inviting as flow
from keyturn.flows.bulk_inviting import PAGE, Invited, Preview
from keyturn.flows.staff import NotAllowed
from keyturn.rules.access import Staff
from keyturn.rules.accounts import UserState
from keyturn.web.console.entry import refused
from keyturn.web.console.reading import (
    ID_LENGTH,
    PLACE_MAX,
    QUERY_MAX,
    WORD_MAX,
    choice,
    place,
    row_id,
)
from keyturn.web.refusals import Refusal
from keyturn.web.visit import Visit

#: digits of a count
COUNT_MAX = 7
_FIELDS = {"q": QUERY_MAX, "state": WORD_MAX, "after": PLACE_MAX, "sent": COUNT_MAX}


async def show(visit: Visit, staff: Staff) -> Response:
    """What inviting the next page of people means; or that all pages were looked at."""
    fields = visit.query(**_FIELDS, over=1)
    state = choice("state", fields["state"], set(map(str, UserState)))
    query, over = fields["q"].strip(), fields["over"] == "1"
    page = await flow.preview(
        visit.site.parts, staff, query, UserState(state) if state else None,
        place("after", fields["after"]),
    )  # fmt: skip
    if not isinstance(page, Preview):
        raise refused(NotAllowed(page.why))
    return visit.page(
        "console/bulk.html", people=() if over else page.people, after=page.after, query=query,
        state=state, sent=_count(fields["sent"]), over=over,
    )  # fmt: skip


async def do(visit: Visit, staff: Staff) -> Response:
    """Invite those of the page who were shown as invited, and go to the next."""
    fields = await visit.form(**_FIELDS, users=PAGE * (ID_LENGTH + 1))
    ids = [row_id(one) for one in fields["users"].split()]
    done = await flow.invite(visit.site.parts, staff, ids)
    if not isinstance(done, Invited):
        raise refused(NotAllowed(done.why))
    state = choice("state", fields["state"], set(map(str, UserState))) or ""
    after = place("after", fields["after"])
    told = {"q": fields["q"], "state": state, "sent": _count(fields["sent"]) + done.sent}
    onward = {"after": after} if after else {"over": 1}
    return visit.to(f"/console/users/bulk?{urlencode({**told, **onward})}")


def _count(text: str) -> int:
    """A count from an address. Raises Refusal 422."""
    if text and not (text.isascii() and text.isdecimal()):
        raise Refusal(422, "not-a-value", {"field": "sent"})
    return int(text or 0)
