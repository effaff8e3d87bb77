"""An activation link and whom it belongs to, as whoever follows it may know it."""

from __future__ import annotations

from dataclasses import dataclass

from keyturn.ports.store import Tx
from keyturn.rules import activation
from keyturn.rules.accounts import User, UserState
from keyturn.rules.activation import Link, Standing, WayOn
from keyturn.rules.identifiers import masked_email
from keyturn.steps import second
from keyturn.steps.acts import Act
from keyturn.steps.invitations import PURPOSE


@dataclass(frozen=True, slots=True)
class Seen:
    """A link, as its page shows it.

    Attributes:
        address: the user's, masked; "" if there is none.
        ways: what the page offers.
        newest_at: when the user's newest link was made.
        again_at: from when another link may be asked for.
        sign_in: going on takes a sign-in, because the account has a second step: a mailbox alone
            must not add another.
        frozen: changes to the account are frozen ("this wasn't me").
        bound: a phone is bound to the account.
    """

    user: User
    link: Link
    standing: Standing
    address: str
    ways: tuple[WayOn, ...]
    newest_at: int
    again_at: int
    sign_in: bool
    frozen: bool
    bound: bool


def look(tx: Tx, act: Act, token: str) -> Seen | None:
    """The link; None: nobody was ever sent one like it, which takes the same statements."""
    tenant_id = act.tenant.id
    link = tx.phones.link(tenant_id, act.parts.sealer.digest(PURPOSE, token))
    user_id = link.user_id if link else tenant_id  # else the tenant's decoy
    user = tx.users.get(tenant_id, user_id)
    newest = tx.phones.newest(tenant_id, [user_id]).get(user_id)
    bound = user_id in tx.phones.active(tenant_id, [user_id])
    methods = second.methods(tx, act, user_id)
    if link is None or user is None or newest is None:
        return None
    standing = activation.judge(link, newest.number, act.now)
    frozen = user.frozen_at is not None
    return Seen(
        user=user, link=link, standing=standing, address=masked_email(user.email),
        ways=_ways(act, standing, user, bound=bound), newest_at=newest.made_at,
        again_at=activation.again_at(newest),
        sign_in=user.state is UserState.ACTIVE and bool(methods), frozen=frozen, bound=bound,
    )  # fmt: skip


def _ways(act: Act, standing: Standing, user: User, *, bound: bool) -> tuple[WayOn, ...]:
    if user.frozen_at is not None:
        return (WayOn.ASK,)
    again = act.tenant.policy.activation_again
    ways = activation.ways_on(standing, user.state, again=again, bound=bound)
    if bound and WayOn.GO_ON in ways:  # a phone was added meanwhile, by a sign-in
        return (WayOn.APP, WayOn.ASK)
    return ways
