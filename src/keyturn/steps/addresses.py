"""The address an account is known by and written to: changed, and given back."""

from __future__ import annotations

from dataclasses import replace

from keyturn.ports.store import Tx
from keyturn.rules.accounts import User, UserState
from keyturn.rules.events import Event
from keyturn.rules.identifiers import canonical, masked_email
from keyturn.steps.acts import Act, record


def holder(tx: Tx, act: Act, user: User, address: str) -> User | None:
    """Who else is known by the address; a sign-up that never confirmed it is nobody."""
    found = tx.users.named(act.tenant.id, canonical(address) or "")
    if found is None or found.id == user.id or found.state is UserState.UNVERIFIED:
        return None
    return found


def rename(tx: Tx, act: Act, user: User, address: str) -> User:
    """Make `address` the account's, in place of the one it has; the user as stored now.

    Nobody but an unconfirmed sign-up may hold it (see `holder`), and that gives way. Raises
    Taken if somebody else takes it at this very moment.
    """
    name = canonical(address) or ""
    found = tx.users.named(act.tenant.id, name)
    if found is not None and found.id != user.id:
        tx.users.delete(act.tenant.id, found.id)
    tx.users.drop_identifier(act.tenant.id, user.id, canonical(user.email) or "")
    tx.users.drop_identifier(act.tenant.id, user.id, name)
    tx.users.add_identifier(act.tenant.id, user.id, name)
    after = replace(user, email=address)
    tx.users.save(after)
    return after


def give_back(tx: Tx, act: Act, user: User, address: str) -> User:
    """The owner objects to a change of address: the account has the one from before again,
    unless somebody else has it by now.
    """
    if user.email == address or holder(tx, act, user, address) is not None:
        return user
    after = rename(tx, act, user, address)
    record(tx, act, Event.EMAIL_RESTORED, after, {"from": masked_email(user.email)})
    return after
