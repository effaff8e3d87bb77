"""Staff invite people to set up their phone, and reset whose phone is lost (Reset User).

Who may do what to whom stands in `rules.access`; whether somebody can be sent a link, in
`steps.invitations`.  Both are judged in the transaction that does it, while it holds the user's
row: so a reset and a phone that binds at the same moment see each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules import activation
from keyturn.rules.access import Action, Staff, Why, hindrance, lacking
from keyturn.rules.accounts import User
from keyturn.rules.activation import Link, Standing
from keyturn.rules.binding import Rows
from keyturn.rules.phone_app import Phone
from keyturn.steps import countersigns, invitations, views
from keyturn.steps.acts import Act, begin
from keyturn.steps.countersigns import Alone, Waiting
from keyturn.steps.invitations import Bar, NotSent, Sent
from keyturn.steps.naming import is_id
from keyturn.steps.views import MessageRow

__all__ = [
    "Alone", "Bar", "Enrolled", "NotAllowed", "NotFound", "NotSent", "Sent", "Waiting", "invite",
    "reset_user", "standing",
]  # fmt: skip

#: how many of a user's newest messages are looked through for the link's mail
_MOST = 50


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """Staff may not do that; nothing was done."""

    why: Why


@dataclass(frozen=True, slots=True)
class NotFound:
    """Nobody of that id in this tenant."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """How far a user has come with the phone app, for staff.

    Attributes:
        link, standing: the newest link and what it is worth; None: none was ever made.
        mail: what became of the newest mail with it; None: it is not kept any more.
        phone: the one that is bound, else the last one that was.
        seen_at: when that phone was last heard.
        can: INVITE and RESET_USER, if they have a point and the staff member may.
    """

    link: Link | None
    standing: Standing | None
    mail: MessageRow | None
    phone: Phone | None
    seen_at: int | None
    can: frozenset[Action]


async def invite(
    parts: Parts, staff: Staff, user_id: str
) -> Sent | NotSent | Waiting | Alone | NotAllowed | NotFound:
    """Mail somebody without a phone a link to set it up."""
    return await _do(parts, staff, user_id, Action.INVITE, invitations.invite)


async def reset_user(
    parts: Parts, staff: Staff, user_id: str
) -> Sent | NotSent | Waiting | Alone | NotAllowed | NotFound:
    """Reset User: unbind the phone, end sessions and trust, mail a new link."""
    return await _do(parts, staff, user_id, Action.RESET_USER, invitations.reset)


async def _do(
    parts: Parts, staff: Staff, user_id: str, action: Action,
    do: Callable[[Tx, Act, Rows], Sent | NotSent],
) -> Sent | NotSent | Waiting | Alone | NotAllowed | NotFound:  # fmt: skip
    """Hold, judge, and act or have a second person asked, in one transaction."""

    def step(tx: Tx) -> Sent | NotSent | Waiting | Alone | NotAllowed | NotFound:
        act = begin(parts, staff.caller, staff.user)
        real = is_id(user_id) and user_id != act.tenant.id
        rows = tx.phones.held(act.tenant.id, user_id, act.now) if real else None
        if rows is None:
            return NotFound()
        why = hindrance(staff, action, rows.user, views.highest_rank(tx, rows.user))
        if why is not None:
            return NotAllowed(why)
        return countersigns.ask(tx, act, staff, action, rows.user) or do(tx, act, rows)

    return await parts.store.write(step)


async def standing(parts: Parts, staff: Staff, user_id: str) -> Enrolled | NotFound:
    """How far a user of this tenant has come."""

    def step(tx: Tx) -> Enrolled | NotFound:
        act = begin(parts, staff.caller, staff.user)
        real = is_id(user_id) and user_id != act.tenant.id
        user = tx.users.get(act.tenant.id, user_id) if real else None
        return _standing(tx, act, staff, user) if user is not None else NotFound()

    return await parts.store.read(step)


def _standing(tx: Tx, act: Act, staff: Staff, user: User) -> Enrolled:
    link = tx.phones.newest(act.tenant.id, [user.id]).get(user.id)
    bound = tx.phones.active(act.tenant.id, [user.id]).get(user.id)
    phone = bound or next(iter(tx.phones.of_user(act.tenant.id, user.id)), None)
    return Enrolled(
        link=link,
        standing=activation.judge(link, link.number, act.now) if link else None,
        mail=_mail(tx, act, user, link) if link else None,
        phone=phone,
        seen_at=tx.phones.seen_at(act.tenant.id, phone.id) if phone else None,
        can=_can(tx, staff, user, bound=bound is not None),
    )


def _mail(tx: Tx, act: Act, user: User, link: Link) -> MessageRow | None:
    """The link's own mail: no other of its kind was queued since."""
    sent = tx.messages.of_user(act.tenant.id, user.id, _MOST)
    of_it = (m for m in sent if m.kind in invitations.KINDS and m.created_at >= link.made_at)
    newest = max(of_it, key=lambda message: message.id, default=None)
    return views.message(newest) if newest is not None else None


def _can(tx: Tx, staff: Staff, user: User, *, bound: bool) -> frozenset[Action]:
    theirs = views.highest_rank(tx, user)
    pointed = {
        Action.INVITE: invitations.bar_to_invite(user, bound=bound) is None,
        Action.RESET_USER: invitations.bar_to_reset(user) is None,
    }
    may = (action for action, point in pointed.items() if point)
    return frozenset(a for a in may if lacking(staff, a, user, theirs) is None)
