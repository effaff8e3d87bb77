"""How many people a change of a policy is about, as the store counts them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: so many users of a tenant are looked at; of more the page says that it counted so far
MOST: Final = 200_000


@dataclass(frozen=True, slots=True)
class People:
    """The users of a tenant. All but `whole` are numbers of users.

    Attributes:
        whole: all were counted; else the first MOST.
        active, invited: in these states; `unfinished`: signed up, and not yet confirmed.
        passwords: active, with a password of their own.
        numbered: active, with a proved number.
        owing: active, with neither a number nor an authenticator.
        texted: active, with a proved number, and no staff: texts may be their second step.
        only_text: of these, who have no other second step.
        no_language, no_zone: active or invited, and chose none.
    """

    whole: bool = True
    active: int = 0
    invited: int = 0
    unfinished: int = 0
    passwords: int = 0
    numbered: int = 0
    owing: int = 0
    texted: int = 0
    only_text: int = 0
    no_language: int = 0
    no_zone: int = 0


@dataclass(frozen=True, slots=True)
class Locked:
    """Who is locked at this moment.

    Attributes:
        strangers: accounts that are locked for unknown browsers.
        browsers: other accounts, of which only known browsers are locked.
    """

    strangers: int = 0
    browsers: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """What the words of a change need.

    Attributes:
        circular: active users at mail domains that are added.
        stuck: of these, who have proved no number.
        freed: active users at mail domains that are taken off.
    """

    people: People = People()
    locked: Locked = Locked()
    circular: int = 0
    stuck: int = 0
    freed: int = 0
