"""Many people invited: whom a search of the users' table finds, a page at a time.

Staff see first what an invitation means for each of a page; then those of them who can be sent a
link are, each in a transaction of their own, judged anew.  A page is the measure of progress:
whatever stops on the way has sent what it has counted, and the next page begins where it ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules import activation
from keyturn.rules.access import Action, Staff, Why, hindrance, rank
from keyturn.rules.accounts import User, UserState
from keyturn.rules.activation import Link
from keyturn.steps import invitations, views
from keyturn.steps.acts import begin
from keyturn.steps.invitations import Sent

__all__ = ["PAGE", "Invited", "NotAllowed", "Person", "Preview", "invite", "preview"]

#: people of a page
PAGE = views.PAGE


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """Staff may not do that; nothing was done."""

    why: Why


@dataclass(frozen=True, slots=True)
class Person:
    """One of those whom the search found.

    Attributes:
        means: what inviting them means: of activation.Invitation, or why nothing is sent, of
            invitations.Bar or access.Why.
        welcome: a link is sent.
    """

    id: str
    name: str
    email: str
    means: str
    welcome: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """A page. `after`: the cursor of the next, or None."""

    people: tuple[Person, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class Invited:
    """How many links are on their way, and how many of those named were sent none."""

    sent: int
    left: int


async def preview(
    parts: Parts, staff: Staff, query: str, state: UserState | None, after: str | None
) -> Preview | NotAllowed:
    """What inviting a page of people means. Args: as of flows.staff.users."""
    if (why := hindrance(staff, Action.INVITE, None, 0)) is not None:
        return NotAllowed(why)

    def step(tx: Tx) -> Preview:
        tenant_id = staff.caller.tenant.id
        page = tx.users.search(tenant_id, query, state, after, PAGE)
        ids = [user.id for user in page.users]
        links, bound = tx.phones.newest(tenant_id, ids), tx.phones.active(tenant_id, ids)
        roles = tx.roles.of_users(ids)
        ranks = {user_id: max(map(rank, held)) for user_id, held in roles.items()}
        people = (_person(staff, user, links, bound, ranks) for user in page.users)
        return Preview(tuple(people), page.after)

    return await parts.store.read(step)


def _person(
    staff: Staff, user: User, links: Mapping[str, Link], bound: Mapping[str, object],
    ranks: Mapping[str, int],
) -> Person:  # fmt: skip
    has, link = user.id in bound, links.get(user.id)
    stops = invitations.bar_to_invite(user, bound=has) or hindrance(
        staff, Action.INVITE, user, ranks.get(user.id, 0)
    )
    newest = link.number if link else 0
    means = stops or activation.invitation(user.state, newest=newest, bound=has)
    return Person(user.id, user.name, user.email, str(means), welcome=stops is None)


async def invite(parts: Parts, staff: Staff, user_ids: Sequence[str]) -> Invited | NotAllowed:
    """Invite these people, as far as each can be sent a link now; at most PAGE of them."""
    if (why := hindrance(staff, Action.INVITE, None, 0)) is not None:
        return NotAllowed(why)
    wanted = tuple(dict.fromkeys(user_ids))[:PAGE]
    sent = 0
    for user_id in wanted:
        sent += await parts.store.write(lambda tx, one=user_id: _invite(tx, parts, staff, one))  # type: ignore[misc]
    return Invited(sent, len(wanted) - sent)


def _invite(tx: Tx, parts: Parts, staff: Staff, user_id: str) -> bool:
    act = begin(parts, staff.caller, staff.user)
    rows = tx.phones.held(act.tenant.id, user_id, act.now)
    if rows is None or user_id == act.tenant.id:
        return False
    theirs = views.highest_rank(tx, rows.user)
    if hindrance(staff, Action.INVITE, rows.user, theirs) is not None:
        return False
    return isinstance(invitations.invite(tx, act, rows), Sent)
