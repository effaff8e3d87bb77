"""Keys by which a tenant's programs ask the API.

A key opens one thing (Scope): asking phones whether a caller is who they say
(rules/verifications.py), or working on cases for the technicians of a help desk's own tool.  Which
it is stands in its first letters.  It is 256 random bits behind them, so that whoever finds one in
a log or a repository knows what it is.  It is shown once; stored are its digest and how it begins.

Time is in milliseconds since the epoch.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from keyturn.rules.identifiers import NameProblem, display_name


class Scope(StrEnum):
    """What a key opens, and how it begins."""

    VERIFY = "ktk_"
    CASES = "ktc_"


#: longest name: the person's phone shows it
NAME_MAX: Final = 40
#: of a key, so many letters are shown to tell it from others: 36 bits of 256
HINT: Final = len(Scope.VERIFY) + 6
_SHAPE: Final = re.compile(rf"({'|'.join(Scope)})[A-Za-z0-9_-]{{43}}")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as stored.

    Attributes:
        name: of the system that has it; people's phones show it. One live key has it.
        hint: how the key begins.
        digest: HMAC of the key, under a key outside the database.
        used_at: when it was last used, to the minute; None: never.
    """

    id: str
    tenant_id: str
    name: str
    hint: str
    digest: str = field(repr=False)
    made_at: int
    used_at: int | None = None
    revoked_at: int | None = None

    @property
    def scope(self) -> Scope:
        """What it opens."""
        return Scope.CASES if self.hint.startswith(Scope.CASES) else Scope.VERIFY


def written(token: str, scope: Scope = Scope.VERIFY) -> str:
    """The key of 32 random bytes, which are given as unpadded base64url."""
    return scope + token


def is_key(text: str) -> bool:
    """Whether a text has a key's shape: only then is it worth looking for."""
    return _SHAPE.fullmatch(text) is not None


def hint(key: str) -> str:
    """How it begins."""
    return key[:HINT]


def name(typed: str) -> str | None:
    """A key's name as it is stored; None if it cannot be one."""
    found = display_name(typed)
    return None if isinstance(found, NameProblem) or len(found) > NAME_MAX else found
