"""Many people invited together: from a file, a directory or a search; what it means for each is
shown first, and how far it is while it goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from keyturn.flows import batching as flow
from keyturn.flows import bulk
from keyturn.flows.batching import (
    BadFile,
    Drafted,
    Nobody,
    NoSuchPlace,
    NotAllowed,
    NotFound,
    NotRead,
    Places,
    Shown,
)
from keyturn.rules import sheets, user_lists
from keyturn.rules.access import ALLOWED, Action, Staff, Why
from keyturn.rules.accounts import UserState
from keyturn.rules.batches import Act, Batch, BatchState, Row, RowState, Source
from keyturn.rules.people_csv import MOST_BYTES
from keyturn.steps.dossier import moment
from keyturn.steps.user_rows import PAGE
from keyturn.web.console import entry, lists
from keyturn.web.console.entry import barred
from keyturn.web.console.reading import ID_LENGTH, QUERY_MAX, WORD_MAX, choice, row_id
from keyturn.web.refusals import Refusal
from keyturn.web.streams import Sight, Stream, Watchers
from keyturn.web.visit import Visit

ROOT: Final = "/console/users/batches"
#: digits of a row's number, and the longest name of an OU or a group
NUMBER_MAX, PLACE_MAX = 7, 1_000
#: the names of the columns of what can be taken away
COLUMNS: Final = (
    "line", "name", "email", "phone", "account", "result", "reason", "about", "done_at"
)  # fmt: skip
#: what is done with the users of a list
LISTED: Final = tuple(str(act) for act in Act if act is not Act.IMPORT)
_FILES: Final = {Act.INVITE: "invited", Act.IMPORT: "imported"}
_WATCHERS: Final = Watchers()


async def index(visit: Visit, staff: Staff) -> Response:
    """Where the people are to come from, and what was begun lately."""
    asked = visit.query(q=QUERY_MAX, state=WORD_MAX)
    return await _index(visit, staff, asked["q"].strip(), _state(asked["state"]), None)


async def _index(
    visit: Visit, staff: Staff, query: str, state: UserState | None, bad: BadFile | Nobody | None
) -> Response:
    recent = await flow.recent(visit.site.parts, staff)
    if isinstance(recent, NotAllowed):
        raise barred(recent)
    return visit.page(
        "console/batches.html", 422 if bad else 200, query=query, state=state, bad=bad,
        recent=recent, directories=await flow.everyone(visit.site.parts, staff),
    )  # fmt: skip


def _state(text: str) -> UserState | None:
    """Raises Refusal 422."""
    named = choice("state", text, set(map(str, UserState)))
    return UserState(named) if named else None


async def of_file(visit: Visit, staff: Staff) -> Response:
    """The people of a CSV file."""
    _, file = await visit.upload("file", MOST_BYTES)
    answer = await flow.from_file(visit.site.parts, staff, file.name, file.octets)
    if isinstance(answer, BadFile | Nobody):
        return await _index(visit, staff, "", None, answer)
    return _on(visit, answer)


async def of_list(visit: Visit, staff: Staff) -> Response:
    """Something done with everybody of a list of users, or with those who are ticked in it."""
    form, ticked = await visit.form_with_list(
        "user", PAGE, act=WORD_MAX, on=WORD_MAX, user=ID_LENGTH, **lists.FIELDS
    )
    kind = Act(choice("act", form["act"], frozenset(LISTED)) or Act.INVITE)
    asked, parts = lists.wanted(form), visit.site.parts
    if choice("on", form["on"], {"all", "ticked"}) == "ticked":
        ids = sorted(set(map(row_id, ticked)))
        answer = await bulk.of_picked(parts, staff, kind, ids)
    else:
        answer = await bulk.of_list(parts, staff, kind, asked, user_lists.label(asked))
    if isinstance(answer, bulk.Nobody):
        back = urlencode(lists.address(asked))
        return visit.page("console/bulk_nobody.html", 422, many=answer.many, back=back)
    return _on(visit, answer)


async def bring(visit: Visit, staff: Staff) -> Response:
    """Where users come from whom a file has."""
    return await _bring(visit, staff, None)


async def _bring(visit: Visit, staff: Staff, bad: BadFile | None) -> Response:
    if Action.CREATE_USER not in ALLOWED[staff.role]:
        raise barred(NotAllowed(Why.NO_ROLE))
    return visit.page("console/import.html", 422 if bad else 200, bad=bad)


async def of_import(visit: Visit, staff: Staff) -> Response:
    """Users as a CSV file has them."""
    _, file = await visit.upload("file", MOST_BYTES)
    answer = await bulk.of_file(visit.site.parts, staff, file.name, file.octets)
    if isinstance(answer, BadFile):
        return await _bring(visit, staff, answer)
    return _on(visit, answer)


async def of_search(visit: Visit, staff: Staff) -> Response:
    """The users whom a search finds."""
    form = await visit.form(q=QUERY_MAX, state=WORD_MAX)
    query, state = form["q"].strip(), _state(form["state"])
    answer = await flow.from_search(visit.site.parts, staff, query, state)
    if isinstance(answer, Nobody):
        return await _index(visit, staff, query, state, answer)
    return _on(visit, answer)


def _on(visit: Visit, answer: object) -> Response:
    """To the draft. Raises Refusal."""
    if not isinstance(answer, Drafted | bulk.Drafted):
        raise barred(answer)
    return visit.to(f"{ROOT}/{answer.batch.id}")


async def choose(visit: Visit, staff: Staff) -> Response:
    """Which OU or group of a directory."""
    return await _choose(visit, staff, None)


async def _choose(visit: Visit, staff: Staff, bad: str | None) -> Response:
    found = await flow.places(visit.site.parts, staff, row_id(visit.path["directory"]))
    if not isinstance(found, Places):
        raise barred(found)
    return visit.page("console/batch_place.html", 422 if bad else 200, page=found, bad=bad)


async def of_directory(visit: Visit, staff: Staff) -> Response:
    """The accounts in or below an OU, or in a group."""
    form = await visit.form(unit=PLACE_MAX, group=PLACE_MAX)
    source = Source.GROUP if form["group"] else Source.UNIT
    place = form["group"] or form["unit"]
    directory = row_id(visit.path["directory"])
    answer = await flow.from_directory(visit.site.parts, staff, directory, source, place)
    match answer:
        case Nobody(many=many):
            return await _choose(visit, staff, "many" if many else "nobody")
        case NoSuchPlace() | NotRead():
            return await _choose(visit, staff, "place")
    return _on(visit, answer)


async def show(visit: Visit, staff: Staff) -> Response:
    """What it means for each, how far it is, or what came of it."""
    asked = visit.query(after=NUMBER_MAX, only=WORD_MAX)
    only = choice("only", asked["only"], set(map(str, RowState)))
    page = await _shown(visit, staff, _number(asked["after"]), only)
    going_on = page.batch.state is BatchState.SENDING
    watch = f"{ROOT}/{page.batch.id}/events" if going_on else ""
    return visit.page("console/batch.html", page=page, only=only, watch=watch)


async def _shown(visit: Visit, staff: Staff, after: int = 0, only: str | None = None) -> Shown:
    """Raises Refusal."""
    states = {RowState(only)} if only else set[RowState]()
    batch = row_id(visit.path["batch"])
    page = await flow.show(visit.site.parts, staff, batch, after, states)
    if not isinstance(page, Shown):
        raise barred(page)
    return page


def _number(text: str) -> int:
    """Raises Refusal 422."""
    if text and not (text.isascii() and text.isdecimal()):
        raise Refusal(422, "not-a-value", {"field": "after"})
    return int(text or 0)


async def start(visit: Visit, staff: Staff) -> Response:
    """Send what the draft shows."""
    await visit.form()
    batch = row_id(visit.path["batch"])
    answer = await flow.start(visit.site.parts, staff, batch)
    if isinstance(answer, NotAllowed | NotFound):
        raise barred(answer)
    return visit.to(f"{ROOT}/{batch}")  # which says what it is, also where it was begun before


async def stop(visit: Visit, staff: Staff) -> Response:
    """Send no more of it, or throw the draft away."""
    await visit.form()
    batch = row_id(visit.path["batch"])
    answer = await flow.stop(visit.site.parts, staff, batch)
    if isinstance(answer, NotAllowed | NotFound):
        raise barred(answer)
    thrown = isinstance(answer, Batch) and answer.state is BatchState.DRAFT
    return visit.to(ROOT if thrown else f"{ROOT}/{batch}")


async def watch(visit: Visit, staff: Staff) -> Any:
    """How far it is, each time that it is another."""
    await _shown(visit, staff)

    async def sight() -> Sight | None:
        parts, allowed = visit.site.parts, await entry.still(visit)
        if allowed is None:
            return None
        page = await flow.show(parts, allowed, visit.path["batch"])
        if not isinstance(page, Shown):
            return None
        visit.now = visit.site.parts.clock.now()
        over = page.batch.state is not BatchState.SENDING
        invites = page.batch.act is Act.INVITE
        piece = "console/_batch.html" if invites else "console/_batch_deed.html"
        return Sight(visit.piece(piece, page=page), over)

    return Stream(_WATCHERS, staff.user.id if staff.user else "", visit.site.parts.clock, sight)


async def outcome(visit: Visit, staff: Staff) -> Response:
    """What came of each, for a spreadsheet."""
    found = await flow.outcome(visit.site.parts, staff, row_id(visit.path["batch"]))
    if not isinstance(found, Drafted):
        raise barred(found)
    text = sheets.MARK + sheets.rows([COLUMNS, *map(_cells, found.rows)])
    name = f'attachment; filename="{visit.tenant.slug}-{_FILES.get(found.batch.act, "done")}.csv"'
    return Response(
        text, media_type="text/csv; charset=utf-8", headers={"content-disposition": name}
    )


def _cells(row: Row) -> Sequence[str]:
    done = moment(row.done_at) if row.done_at else ""
    return [
        str(row.number), row.name, row.email, row.phone, row.account, str(row.state), row.means,
        row.about, done,
    ]  # fmt: skip
