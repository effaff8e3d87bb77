"""Activation links: 48 hours, one phone, the newest alone.

    state       how it came to be so                       its page says
    ---------   ----------------------------------------   -----------------------------------
    open        none of the below                           one button: go on
    used        a phone was bound by it                     when, and that the app is the way
    replaced    the user has a newer one                    look for the newer mail
    withdrawn   the user was disabled                       whom to ask; enabling brings no
                                                            link back: it is invited again
    expired     48 hours are over, when it is followed      when

That is also the order of telling: a link that was used, and has a newer one besides, tells
that it was used, and that there is a newer one.  Replaced and expired are never stored: they are
judged.  Expiry is asked for when the link is followed (POST), and never again: who has begun in
time may finish.  Whether the link still *holds* (neither replaced nor withdrawn) is asked again by
the transaction that binds the phone, under the lock of the user's row that Reset User and
disabling take, too (binding.py).

Whoever shows a dead link's token has shown that the link was theirs, so its page may be frank.  A
link that was used never makes a new one while a phone is bound by it: else the mailbox alone
would replace the phone.

Time is in milliseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from keyturn.rules.accounts import UserState
from keyturn.rules.budgets import Budget
from keyturn.rules.codes import RESEND_MS
from keyturn.rules.lockout import DAY, HOUR

LIFE_MS: Final = 48 * HOUR
#: reminders go out so long before a link dies, the first one first
REMIND_MS: Final = (24 * HOUR, 4 * HOUR)
#: links that a person may ask for again by themselves
AGAIN: Final = Budget("activation-again", 3, DAY)


class LinkState(StrEnum):
    """See the table above."""

    OPEN = "open"
    USED = "used"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class What(StrEnum):
    """What happens to a link."""

    BOUND = "bound"
    NEWER = "newer"
    DISABLED = "disabled"
    TIME = "time"


#: state and what happened to the state that is told next; what is not here changes nothing
TABLE: Final[Mapping[tuple[LinkState, What], LinkState]] = MappingProxyType({
    (LinkState.OPEN, What.BOUND): LinkState.USED,
    (LinkState.OPEN, What.NEWER): LinkState.REPLACED,
    (LinkState.OPEN, What.DISABLED): LinkState.WITHDRAWN,
    (LinkState.OPEN, What.TIME): LinkState.EXPIRED,
    (LinkState.EXPIRED, What.BOUND): LinkState.USED,  # begun in time
    (LinkState.EXPIRED, What.NEWER): LinkState.REPLACED,
    (LinkState.EXPIRED, What.DISABLED): LinkState.WITHDRAWN,
    (LinkState.WITHDRAWN, What.NEWER): LinkState.REPLACED,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Link:
    """A link as stored.

    Attributes:
        number: rises with each link of the user, from 1.
        digest: of its token, which only the mail holds.
        reminded: how many of REMIND_MS have been sent, or were passed over.
    """

    id: str
    tenant_id: str
    user_id: str
    number: int
    digest: str
    made_at: int
    expires_at: int
    used_at: int | None = None
    withdrawn_at: int | None = None
    reminded: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """What a link is worth.

    Attributes:
        at: since when it is so; None: open, or replaced (the newer link's row knows when).
        newer: the user has a newer link.
    """

    state: LinkState
    at: int | None
    newer: bool


def made(
    link_id: str, tenant_id: str, user_id: str, digest: str, newest: int, now: int
) -> Link:  # fmt: skip
    """The user's next link; it replaces all others by being there.

    Args:
        newest: the number of the user's newest link, 0 if there was none.
    """
    return Link(
        id=link_id, tenant_id=tenant_id, user_id=user_id, number=newest + 1, digest=digest,
        made_at=now, expires_at=now + LIFE_MS,
    )  # fmt: skip


def judge(link: Link, newest: int, now: int) -> Standing:
    """What the link is worth to whoever follows it now.

    Args:
        newest: the number of the user's newest link.
    """
    newer = newest > link.number
    if link.used_at is not None:
        return Standing(LinkState.USED, link.used_at, newer)
    if newer:
        return Standing(LinkState.REPLACED, None, newer)
    if link.withdrawn_at is not None:
        return Standing(LinkState.WITHDRAWN, link.withdrawn_at, newer)
    if now >= link.expires_at:
        return Standing(LinkState.EXPIRED, link.expires_at, newer)
    return Standing(LinkState.OPEN, None, newer)


def holds(link: Link, newest: int) -> bool:
    """Whether what was begun by the link may still be finished, however late it is."""
    return judge(link, newest, link.made_at).state is LinkState.OPEN


# -- the page of a dead link


class WayOn(StrEnum):
    """What the page of a link may offer, the nearest first."""

    GO_ON = "go-on"
    NEWEST = "newest"  # look for the newer mail
    APP = "app"  # open the app: a phone is bound; Check my phone, Reinstall
    AGAIN = "again"  # one tap mails a new link to the address on file
    ASK = "ask"  # the tenant's support


def ways_on(
    standing: Standing, state: UserState, *, again: bool, bound: bool
) -> tuple[WayOn, ...]:  # fmt: skip
    """What the page of a link offers.

    Args:
        state: of the link's user.
        again: the tenant lets people ask for a new link by themselves.
        bound: the user has a phone.
    """
    if not welcome(invitation(state, newest=1, bound=False)):
        return (WayOn.ASK,)
    if standing.state is LinkState.OPEN:
        return (WayOn.GO_ON,)
    ways = [WayOn.NEWEST] if standing.newer else []
    if bound:
        ways.append(WayOn.APP)
    elif again and standing.state is not LinkState.WITHDRAWN:
        ways.append(WayOn.AGAIN)
    return (*ways, WayOn.ASK)


def again_at(newest: Link) -> int:
    """From when another link may be asked for: two taps make one mail."""
    return newest.made_at + RESEND_MS


# -- who is invited


class Invitation(StrEnum):
    """What inviting somebody means, as a preview of many says it."""

    FIRST = "first"
    AGAIN = "again"  # replaces the link that was sent before
    PHONE = "phone"  # the account is in use, and has no phone yet
    BOUND = "bound"  # not invited: has a phone; Reset User is the way
    UNVERIFIED = "unverified"  # not invited: whoever signed up has not shown the address is theirs
    DISABLED = "disabled"  # not invited


def invitation(state: UserState, *, newest: int, bound: bool) -> Invitation:
    """Whether a user is to be sent a link.

    An unverified account has a password that somebody chose before anybody proved the address:
    a link would lead its owner into an account whose password a stranger knows.

    Args:
        newest: the number of the user's newest link, 0 if there was none.
        bound: the user has a phone.
    """
    if state is UserState.DISABLED:
        return Invitation.DISABLED
    if state is UserState.UNVERIFIED:
        return Invitation.UNVERIFIED
    if bound:
        return Invitation.BOUND
    if state is UserState.ACTIVE:
        return Invitation.PHONE
    return Invitation.AGAIN if newest else Invitation.FIRST


def welcome(found: Invitation) -> bool:
    """Whether a link is sent."""
    return found in {Invitation.FIRST, Invitation.AGAIN, Invitation.PHONE}


# -- reminders


def remind_at(link: Link) -> int | None:
    """When the next reminder is due, if the link is open then; None: there is none."""
    left = REMIND_MS[link.reminded :]
    return link.expires_at - left[0] if left else None


def remind(link: Link, newest: int, now: int) -> tuple[Link, int | None]:
    """A reminder, each at most once. Of several that are due the last alone is sent.

    Returns: the link to store, and for how long it still lives, ms, if somebody is to be told.
    """
    due = sum(now >= link.expires_at - before for before in REMIND_MS)
    is_open = judge(link, newest, now).state is LinkState.OPEN
    if not is_open or due <= link.reminded:
        return link, None
    return replace(link, reminded=due), link.expires_at - now
