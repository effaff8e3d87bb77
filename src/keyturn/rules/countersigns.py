"""What one of staff wants to do to a colleague waits until a second one says yes (dual control).

    open --agreed--> done
       |--declined by a second one
       |--withdrawn by who asked
       |--void: who asked may not do it any more, or a backup was restored
       |  (over by itself after a day; that is read, not stored)

Who asked and whom it is about say nothing that does it: the second one is somebody else, who has
the right to do it themselves, at another browser.  A provider's people (rules/providers.py) ask
like everybody else, and agree to what one of the customer's own has asked for: of the two one is
always the customer's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from keyturn.rules.access import Action, Staff, Why, same_person
from keyturn.rules.accounts import User
from keyturn.rules.lockout import DAY

#: how long a second person may take
LIFE_MS: Final = DAY
#: what waits for a second person where it is done to somebody who has a role; see `needed`
COUNTERSIGNED: Final = frozenset(
    {
        Action.ROLES, Action.UNLOCK, Action.RESET_USER, Action.REMOVE_PASSKEY, Action.DISABLE,
        Action.ENABLE, Action.UNFREEZE, Action.ERASE,
    }
)  # fmt: skip


class State(StrEnum):
    """See the diagram above."""

    OPEN = "open"
    DONE = "done"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Countersign:
    """Something that waits for a second person, or did.

    Attributes:
        user_id: to whom it is to be done.
        detail: what else it needs: the role ("" takes it away), the passkey's id.
        asked_by: who of staff; browser: at which browser (its digest).
        decided_by: the second person; who asked, if it was withdrawn.
    """

    id: str
    tenant_id: str
    user_id: str
    action: Action
    detail: str
    asked_by: str
    browser: str
    made_at: int
    expires_at: int
    state: State = State.OPEN
    decided_by: str | None = None
    decided_at: int | None = None


def needed(staff: Staff, action: Action, theirs: int) -> bool:
    """Whether a second person has to agree. A command on the host is nobody's, and needs none.

    Args:
        theirs: the subject's highest rank anywhere; a role that is given counts as theirs.
    """
    return staff.user is not None and action in COUNTERSIGNED and theirs > 0


def is_open(one: Countersign, now: int) -> bool:
    """Whether it still waits."""
    return one.state is State.OPEN and now < one.expires_at


def barred(one: Countersign, staff: Staff, asker: User | None, subject: User) -> Why | None:
    """Why `staff` are no second person to this, whatever their role; None: they may be.

    Args:
        asker: who asked, if they are still there; subject: whom it is about.
    """
    if staff.user is None:
        return Why.NO_ROLE
    if (why := unfit(one, staff.user, asker, subject)) is not None:
        return why
    return Why.BROWSER if staff.caller.browser == one.browser else None


def unfit(one: Countersign, second: User, asker: User | None, subject: User) -> Why | None:
    """As `barred`, of somebody at whatever browser."""
    both = [other for other in (asker, subject) if other is not None]
    if second.id == one.asked_by or any(same_person(second, other) for other in both):
        return Why.SELF
    guests = [who for who in (second, asker) if who is None or who.tenant_id != one.tenant_id]
    return Why.PROVIDER if second in guests and len(guests) > 1 else None


def decided(one: Countersign, state: State, by: str, now: int) -> Countersign:
    """As it is afterwards."""
    return replace(one, state=state, decided_by=by, decided_at=now)
