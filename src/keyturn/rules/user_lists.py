"""Which users a list is of, and in which order.

    sort      order                      who stands last, whichever way it goes
    --------  -------------------------  ----------------------------------------
    name      as the database sorts      -
    created   when the account was made  -
    signin    the last sign-in           who never signed in
    lock      the end of the lock        (a list of those alone who are locked)

A list without a sort is in the order that finds its users soonest: by account, a search by the
words that it finds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from keyturn.rules.accounts import UserState


class Sort(StrEnum):
    """See the table above."""

    NAME = "name"
    CREATED = "created"
    SIGNIN = "signin"
    LOCK = "lock"


class Enrolment(StrEnum):
    """What somebody has set up besides a password."""

    APP = "app"  # a phone is bound
    NO_APP = "no-app"
    SECOND = "second"  # any second step: phone, authenticator, passkey
    NO_SECOND = "no-second"


#: in place of a directory's id: of no directory
NO_DIRECTORY: Final = "none"
#: in place of a role: any
ANY_ROLE: Final = "any"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which users, and in which order.

    Attributes:
        query: see rules.search; "" for everybody.
        locked: only those who are locked now; what is sorted by locks always is.
        directory: the id of the directory that an account of theirs is in, NO_DIRECTORY, or ""
            for whatever.
        role: one here, ANY_ROLE, or "" for staff and all others.
        down: the last first.
    """

    query: str = ""
    state: UserState | None = None
    locked: bool = False
    enrolment: Enrolment | None = None
    directory: str = ""
    role: str = ""
    sort: Sort | None = None
    down: bool = False

    @property
    def only_locked(self) -> bool:
        """Whether those alone are listed who are locked now."""
        return self.locked or self.sort is Sort.LOCK

    @property
    def plain(self) -> bool:
        """Whether `Users.search` tells it: by name, state and lock, in its own order."""
        return not (self.enrolment or self.directory or self.role or self.sort)

    @property
    def everybody(self) -> bool:
        """Whether nobody is left out."""
        return not (
            self.query or self.state or self.only_locked or self.enrolment or self.directory
            or self.role
        )  # fmt: skip


def told(wanted: Filter) -> dict[str, object]:
    """The filter for the audit trail: what of it was asked for."""
    given = {
        "query": wanted.query, "state": wanted.state and str(wanted.state),
        "locked": wanted.only_locked, "enrolment": wanted.enrolment and str(wanted.enrolment),
        "directory": wanted.directory, "role": wanted.role,
        "sort": wanted.sort and str(wanted.sort), "down": wanted.down,
    }  # fmt: skip
    return {name: value for name, value in given.items() if value}


def label(wanted: Filter) -> str:
    """What names a list among others: its words, and what it was filtered by."""
    given = told(wanted)
    said = (
        name if value is True or name == "directory" else str(value)
        for name, value in given.items()
        if name not in {"sort", "down"}
    )  # fmt: skip
    return " ".join(said)


def cursor(user_id: str, key: object) -> str:
    """Where a list goes on: after this user, whose place is told by `key` ("" for none)."""
    return f"{user_id}{'' if key is None else key}"


def place(after: str, width: int = 26) -> tuple[str, str]:
    """What a cursor says: the user's id, and the key."""
    return after[:width], after[width:]
