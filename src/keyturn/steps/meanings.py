"""What an invitation means for many users at once: of each what `steps.invitations.invite` would
do, at the cost of a few statements for all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeVar

from keyturn.ports.store import Tx
from keyturn.rules import activation
from keyturn.rules.access import Action, Staff, hindrance, rank
from keyturn.rules.accounts import User
from keyturn.steps import invitations

T = TypeVar("T")
#: things in one statement
AT_ONCE: Final = 500


def portions(every: Sequence[T]) -> Iterator[Sequence[T]]:
    """So many at once as one statement takes."""
    return (every[at : at + AT_ONCE] for at in range(0, len(every), AT_ONCE))


def of_users(tx: Tx, staff: Staff, users: Sequence[User]) -> Mapping[str, str]:
    """By id what inviting each means: of activation.Invitation, or why nothing is sent, of
    invitations.Bar or access.Why.
    """
    found: dict[str, str] = {}
    for some in portions(users):
        found.update(_of_some(tx, staff, some))
    return found


def _of_some(tx: Tx, staff: Staff, users: Sequence[User]) -> Mapping[str, str]:
    tenant_id, ids = staff.caller.tenant.id, [user.id for user in users]
    links, bound = tx.phones.newest(tenant_id, ids), tx.phones.active(tenant_id, ids)
    ranks = {one: max(map(rank, held)) for one, held in tx.roles.of_users(ids).items()}
    found = {}
    for user in users:
        newest = links[user.id].number if user.id in links else 0
        stops = invitations.bar_to_invite(user, bound=user.id in bound) or hindrance(
            staff, Action.INVITE, user, ranks.get(user.id, 0)
        )
        means = activation.invitation(user.state, newest=newest, bound=user.id in bound)
        found[user.id] = str(stops or means)
    return found
