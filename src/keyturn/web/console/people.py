"""Who is in a directory: the list, accounts of which a person says whose they are, who is gone."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from starlette.responses import Response

from keyturn.flows import whose
from keyturn.flows.whose import Decided, Doubts, Gone, People
from keyturn.rules.access import ALLOWED, Action, Staff, Why
from keyturn.rules.directories.known import ID_LEAST, ID_MOST
from keyturn.web.console.entry import ConsoleHandler, barred
from keyturn.web.console.reading import ID_LENGTH, QUERY_MAX, WORD_MAX, choice, row_id
from keyturn.web.refusals import Refusal
from keyturn.web.visit import Visit

_ACCOUNT = re.compile(rf"[0-9a-f]{{{ID_LEAST},{ID_MOST}}}")
#: what may be said of those who went together
ANSWERS = frozenset({"gone", "scope"})


def account_id(text: str) -> str:
    """An account's id from an address. Raises Refusal 404: nothing is called like that."""
    if not _ACCOUNT.fullmatch(text):
        raise Refusal(404, "no-such-page")
    return text


def _cursor(text: str) -> str:
    """Where a page of accounts begins, "" at the first. Raises Refusal 422."""
    if text and not _ACCOUNT.fullmatch(text):
        raise Refusal(422, "not-a-value", {"field": "after"})
    return text


async def index(visit: Visit, staff: Staff) -> Response:
    """All, or those whose name begins so."""
    fields = visit.query(q=QUERY_MAX, after=ID_MOST)
    query, directory_id = fields["q"].strip(), row_id(visit.path["directory"])
    after = _cursor(fields["after"])
    page = await whose.people(visit.site.parts, staff, directory_id, query, after)
    if not isinstance(page, People):
        raise barred(page)
    return visit.page("console/people.html", page=page, query=query)


async def doubts(visit: Visit, staff: Staff) -> Response:
    """Those of which a person says whose they are."""
    after = _cursor(visit.query(after=ID_MOST)["after"])
    directory_id = row_id(visit.path["directory"])
    page = await whose.doubts(visit.site.parts, staff, directory_id, after)
    if not isinstance(page, Doubts):
        raise barred(page)
    return visit.page("console/doubts.html", page=page, can=ALLOWED[staff.role])


async def _give(visit: Visit, staff: Staff, directory_id: str, account: str) -> object:
    user_id = row_id((await visit.form(user=ID_LENGTH))["user"])
    return await whose.give(visit.site.parts, staff, directory_id, account, user_id)


async def _make(visit: Visit, staff: Staff, directory_id: str, account: str) -> object:
    await visit.form()
    return await whose.make(visit.site.parts, staff, directory_id, account)


async def _leave(visit: Visit, staff: Staff, directory_id: str, account: str) -> object:
    await visit.form()
    return await whose.leave(visit.site.parts, staff, directory_id, account)


#: by the last part of the address: what a person says of an account
CHOICES: dict[str, Callable[[Visit, Staff, str, str], Awaitable[object]]] = {
    "give": _give,
    "make": _make,
    "leave": _leave,
}


def decides(named: str) -> ConsoleHandler:
    """Say so of an account."""
    run = CHOICES[named]

    async def do(visit: Visit, staff: Staff) -> Response:
        directory_id, account = row_id(visit.path["directory"]), account_id(visit.path["account"])
        done = await run(visit, staff, directory_id, account)
        if not isinstance(done, Decided):
            raise barred(done)
        return visit.to(f"/console/directories/{directory_id}/doubts")

    return do


async def ask_gone(visit: Visit, staff: Staff) -> Response:
    """The page that asks whether those who went together are gone."""
    if Action.DIRECTORIES not in ALLOWED[staff.role]:
        raise barred(whose.NotAllowed(Why.NO_ROLE))
    page = await whose.gone(visit.site.parts, staff, row_id(visit.path["directory"]))
    if not isinstance(page, Gone):
        raise barred(page)
    return visit.page("console/gone.html", page=page)


async def gone(visit: Visit, staff: Staff) -> Response:
    """They are, or the scope was wrong."""
    said = choice("answer", (await visit.form(answer=WORD_MAX))["answer"], ANSWERS)
    if said is None:
        raise Refusal(422, "not-a-value", {"field": "answer"})
    directory_id = row_id(visit.path["directory"])
    done = await whose.release(visit.site.parts, staff, directory_id, sure=said == "gone")
    if not isinstance(done, Decided):
        raise barred(done)
    return visit.to(f"/console/directories/{directory_id}")
