"""The options by which commands choose among people, as the console's list does."""

from __future__ import annotations

from typing import Annotated

import typer

from keyturn.cli.directory_found import directory_of
from keyturn.cli.opened import Desk
from keyturn.rules.accounts import Role, UserState
from keyturn.rules.user_lists import ANY_ROLE, Enrolment, Filter, Sort

QUERY = Annotated[str, typer.Argument(help="Part of a name, address or number.")]
STATE = Annotated[UserState | None, typer.Option("--state", help="Only those.")]
LOCKED = Annotated[bool, typer.Option("--locked", help="Only who is locked now.")]
ENROLLED = Annotated[
    Enrolment | None, typer.Option("--enrolled", help="Only who has that, or has not.")
]
ROLE = Annotated[Role | None, typer.Option("--role", help="Only staff of this role.")]
STAFF = Annotated[bool, typer.Option("--staff", help="Only staff, of any role.")]
OF = Annotated[str | None, typer.Option("--directory", metavar="NAME", help="Only its people.")]
SORT = Annotated[Sort | None, typer.Option("--sort", help="By what they are sorted.")]
DOWN = Annotated[bool, typer.Option("--down", help="The last first.")]


def wanted(
    at: Desk, query: str, state: UserState | None, enrolled: Enrolment | None, of: str | None,
    *, locked: bool, role: str, sort: Sort | None = None, down: bool = False,
) -> Filter:  # fmt: skip
    """The list that the options describe. Raises NotDone for a directory that is not there.

    Args:
        role: as `role_of` has it.
    """
    directory = "" if of is None else directory_of(at, of).id
    return Filter(query, state, locked, enrolled, directory, role, sort, down)


def role_of(role: Role | None, *, staff: bool) -> str:
    """What a list filters roles by; "" for not at all."""
    return ANY_ROLE if staff and role is None else str(role or "")
