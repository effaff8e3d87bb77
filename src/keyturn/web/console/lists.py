"""The list of users: filtered and sorted by what stands in its address, and as a file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from starlette.responses import Response, StreamingResponse

from keyturn.flows import user_lists as flow
from keyturn.flows.user_lists import NotAllowed
from keyturn.rules import sheets
from keyturn.rules.access import ALLOWED, Action, Staff
from keyturn.rules.accounts import Role, UserState
from keyturn.rules.user_lists import ANY_ROLE, NO_DIRECTORY, Enrolment, Filter, Sort
from keyturn.steps.user_rows import COLUMNS, UserRow, cells
from keyturn.web.console.entry import barred, is_partial
from keyturn.web.console.reading import (
    ID_LENGTH,
    PLACE_MAX,
    QUERY_MAX,
    WORD_MAX,
    choice,
    cursor,
    list_place,
)
from keyturn.web.visit import Visit

#: the fields of the filter, in addresses and forms, with their longest value
FIELDS: Final[Mapping[str, int]] = {
    "q": QUERY_MAX, "state": WORD_MAX, "lock": WORD_MAX, "enrolled": WORD_MAX,
    "directory": ID_LENGTH, "role": WORD_MAX, "sort": WORD_MAX,
}  # fmt: skip
#: in `lock`, and in addresses of the release before in `state`
LOCKED: Final = "locked"
#: before a sort's name: the last first
DOWN: Final = "-"
SORTS: Final = frozenset(f"{sign}{sort}" for sign in ("", DOWN) for sort in Sort)
ROLES: Final = frozenset({ANY_ROLE, *map(str, Role)})
#: what rows of the list offer
OFFERED: Final = frozenset(
    {
        Action.UNLOCK, Action.DISABLE, Action.ENABLE, Action.END_SESSIONS, Action.UNFREEZE,
        Action.INVITE, Action.RESET_USER, Action.EXPORT_USERS, Action.CREATE_USER,
    }
)  # fmt: skip


def wanted(fields: Mapping[str, str]) -> Filter:
    """The filter that fields say. Raises Refusal 422."""
    state = choice("state", fields["state"], {LOCKED, *map(str, UserState)})
    enrolled = choice("enrolled", fields["enrolled"], frozenset(map(str, Enrolment)))
    sort = choice("sort", fields["sort"], SORTS) or ""
    directory = fields["directory"]
    if directory != NO_DIRECTORY:
        directory = cursor("directory", directory) or ""
    return Filter(
        query=fields["q"].strip(),
        state=UserState(state) if state not in (None, LOCKED) else None,
        locked=LOCKED in (state, choice("lock", fields["lock"], {LOCKED})),
        enrolment=Enrolment(enrolled) if enrolled else None,
        directory=directory, role=choice("role", fields["role"], ROLES) or "",
        sort=Sort(sort.removeprefix(DOWN)) if sort else None, down=sort.startswith(DOWN),
    )  # fmt: skip


def address(asked: Filter) -> dict[str, str]:
    """The fields that say a filter, those of them that say something."""
    fields = {
        "q": asked.query, "state": str(asked.state or ""), "lock": LOCKED if asked.locked else "",
        "enrolled": str(asked.enrolment or ""), "directory": asked.directory, "role": asked.role,
        "sort": f"{DOWN if asked.down else ''}{asked.sort or ''}",
    }  # fmt: skip
    return {name: value for name, value in fields.items() if value}


async def index(visit: Visit, staff: Staff) -> Response:
    """The list; for htmx its rows alone."""
    fields = visit.query(after=PLACE_MAX, **FIELDS)
    asked = wanted(fields)
    after = list_place("after", fields["after"], asked)
    found = await flow.look(visit.site.parts, staff, asked, after)
    context: dict[str, Any] = {
        "query": asked.query, "asked": asked, "fields": address(asked), "users": found.users,
        "sent": dict.fromkeys(FIELDS, "") | address(asked),  # a form's fields are always the same
        "after": found.after, "found": found.found, "total": found.total, "locked": found.locked,
        "most": found.most, "unfiled": found.unfiled, "directories": found.directories,
        "can": ALLOWED[staff.role] & OFFERED,
    }  # fmt: skip
    rows = is_partial(visit)
    return visit.page("console/_users_rows.html" if rows else "console/users.html", **context)


async def export(visit: Visit, staff: Staff) -> Response:
    """Exactly what is listed, for a spreadsheet."""
    asked = wanted(await visit.form(**FIELDS))
    portions = await flow.export(visit.site.parts, staff, asked)
    if isinstance(portions, NotAllowed):
        raise barred(portions)
    headers = {"content-disposition": f'attachment; filename="{visit.tenant.slug}-users.csv"'}
    media = "text/csv; charset=utf-8; header=present"
    return StreamingResponse(_file(portions), media_type=media, headers=headers)


async def _file(portions: AsyncIterator[tuple[UserRow, ...]]) -> AsyncIterator[str]:
    yield sheets.MARK + sheets.rows([COLUMNS])
    async for rows in portions:
        yield sheets.rows(map(cells, rows))
