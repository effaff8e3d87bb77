"""An account that its owner wants to be deleted: asked for, called off, erased.

    active --> disabled, erase_at in 7 days --> active again (called off)
                                            --> erased: nothing personal is left

While it waits nobody gets in, and mails hold links to keep it.
"""

from __future__ import annotations

from dataclasses import replace

from keyturn.ports.store import Tx
from keyturn.rules.accounts import Role, User, UserState
from keyturn.rules.events import Event
from keyturn.rules.lockout import DAY
from keyturn.steps import disabling, links
from keyturn.steps.acts import Act, record
from keyturn.steps.notices import tell

KIND = "keep"
WAIT_MS = 7 * DAY
#: a row of the audit trail about an erased account keeps these facts: none tells who it was
KEPT = frozenset({
    "action", "break_glass", "by", "cause", "channel", "count", "customer", "flow", "generation",
    "kind", "known_client", "lane", "lanes", "level", "link_only", "new_client", "now", "proved",
    "provider", "ref", "role", "since", "trusted", "until", "verdict", "was", "works_from",
})  # fmt: skip


def is_last_owner(tx: Tx, user: User) -> bool:
    """Whether nobody would own one of their tenants if they were gone."""
    owned = [t for t, role in tx.roles.of_user(user.id).items() if role is Role.OWNER]
    return any(not other_owners(tx, tenant, user.id) for tenant in owned)


def other_owners(tx: Tx, tenant_id: str, user_id: str) -> bool:
    """Whether a tenant has another owner; who is disabled, or waits to be erased, is none."""
    every = tx.roles.holders(tenant_id, Role.OWNER)
    found = (tx.users.get(home, owner_id) for home, owner_id in every if owner_id != user_id)
    return any(other is not None and other.state is UserState.ACTIVE for other in found)


def ask(tx: Tx, act: Act, user: User) -> User:
    """Disable the account and let the wait begin; the owner hears of it, with a link to keep it."""
    at = act.now + WAIT_MS
    record(tx, act, Event.USER_DISABLED, user, {"was": str(user.state), "cause": "erase"})
    record(tx, act, Event.ERASE_ASKED, user, {"at": at})
    asked = replace(disabling.disable(tx, act, user, "erase"), erase_at=at)
    tx.users.save(asked)
    tell(tx, act, "erase_asked", asked, erase_at=at, link=_link(tx, act, asked, user.state))
    return asked


def keep(tx: Tx, act: Act, user: User, was: UserState) -> User:
    """It is called off: the account is what it was."""
    kept = replace(user, state=was, erase_at=None)
    tx.users.save(kept)
    record(tx, act, Event.ERASE_UNDONE, kept, {"now": str(was)})
    return kept


def objected(user: User) -> User:
    """As the account is for its owner who says "this wasn't me": not to be erased."""
    if user.erase_at is None:
        return user
    return replace(user, state=UserState.ACTIVE, erase_at=None)


def _link(tx: Tx, act: Act, user: User, was: UserState) -> str:
    """A link that lives as long as the wait; it belongs to no browser."""
    token = links.mint(tx, act, KIND, user, {"was": str(was)}, WAIT_MS)
    return act.parts.link(act.tenant, f"/keep/{token}")
