"""Who works here: the tenant's own staff, and the people of its providers (rules/providers.py)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from keyturn.ports.store import Tx
from keyturn.rules.accounts import User, UserState


def acting(tx: Tx, tenant_id: str, user_id: str) -> User | None:
    """Somebody whose account may act here now: one of the tenant's own, or of a provider's people
    who are let in. What they may is `tx.roles.of_user`'s to say.
    """
    own = tx.users.get(tenant_id, user_id)
    found = tx.providers.acting(tenant_id, user_id) if own is None and user_id else None
    who = found.user if found is not None else own
    fit = who is not None and who.state is UserState.ACTIVE and who.frozen_at is None
    return who if fit else None


def known(tx: Tx, tenant_id: str, user_id: str) -> User | None:
    """As somebody is shown: a provider's, who may not be let in any more, with its name."""
    own = tx.users.get(tenant_id, user_id) if user_id else None
    if own is not None or not user_id:
        return own
    found = tx.providers.people(tenant_id, [user_id]).get(user_id)
    return replace(found[0], name=shown(*found)) if found else None


def one_is_own(tx: Tx, tenant_id: str, *user_ids: str) -> bool:
    """Whether one of these is the tenant's own: a provider's people do nothing by themselves that
    takes two.
    """
    return any(tx.users.get(tenant_id, one) is not None for one in user_ids if one)


def names(tx: Tx, tenant_id: str, user_ids: Iterable[str]) -> Mapping[str, str]:
    """How all of these are called who have an account here, or worked here for a provider."""
    ids = sorted(set(user_ids))
    every = {one: tx.users.get(tenant_id, one) for one in ids}
    own = {one: user.name for one, user in every.items() if user is not None}
    guests = tx.providers.people(tenant_id, [one for one in ids if one not in own])
    return {**own, **{one: shown(*found) for one, found in guests.items()}}


def shown(user: User, provider: str) -> str:
    """How one of a provider's people is called at a customer."""
    return f"{user.name} ({provider})"
