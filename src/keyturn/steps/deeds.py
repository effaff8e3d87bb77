"""What staff do to a user once it may be done: because they have the right to it, or because a
second person has agreed (rules/countersigns.py).

The user's row is held; for what can take an owner away, the tenant's too (`OUSTING`), or the last
two owners go at the same moment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from keyturn.ports.store import Tx
from keyturn.rules.access import Action
from keyturn.rules.accounts import Role, User, UserState
from keyturn.rules.events import Event
from keyturn.steps import disabling, erasure, invitations, lanes, passkey_changes, sessions
from keyturn.steps.acts import Act, record
from keyturn.steps.invitations import NotSent, Sent

#: what can take an owner away
OUSTING: Final = frozenset({Action.DISABLE, Action.ERASE, Action.ROLES})


@dataclass(frozen=True, slots=True)
class Done:
    """It is so now.

    Attributes:
        user: afterwards.
        count: lanes that were locked, or 1 if anything changed and 0 if not.
    """

    user: User
    count: int


@dataclass(frozen=True, slots=True)
class NotFound:
    """Nothing of that name in this tenant."""


@dataclass(frozen=True, slots=True)
class LastOwner:
    """Nobody else owns the organisation: somebody has to, first."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The account is disabled and will be erased at `erase_at`."""

    erase_at: int


Change = Done | NotFound | LastOwner
Result = Change | Asked | Sent | NotSent


def hold(tx: Tx, act: Act, action: Action) -> None:
    """Hold the tenant, before its user, for what can take an owner away."""
    if action in OUSTING:
        tx.users.lock(act.tenant.id, act.tenant.id)


def _unlock(tx: Tx, act: Act, user: User, _: str) -> Done:
    locked = lanes.unlock(tx, act, user)
    record(tx, act, Event.USER_UNLOCKED, user, {"lanes": locked})
    return Done(user, locked)


def _end_sessions(tx: Tx, act: Act, user: User, _: str) -> Done:
    return Done(sessions.end_all(tx, act, user, "staff"), 1)


def _disable(tx: Tx, act: Act, user: User, _: str) -> Done | LastOwner:
    if user.state is UserState.DISABLED:
        return Done(user, 0)
    if erasure.is_last_owner(tx, user):
        return LastOwner()
    record(tx, act, Event.USER_DISABLED, user, {"was": str(user.state)})
    return Done(disabling.disable(tx, act, user, "disabled"), 1)


def _enable(tx: Tx, act: Act, user: User, _: str) -> Done:
    if user.state is not UserState.DISABLED:
        return Done(user, 0)
    after = replace(user, state=_before(tx, act, user), erase_at=None)
    tx.users.save(after)
    record(tx, act, Event.USER_ENABLED, after, {"now": str(after.state)})
    return Done(after, 1)


def _before(tx: Tx, act: Act, user: User) -> UserState:
    """What the account was; where nobody knows any more, its address is to be confirmed."""
    found = tx.audit.search(act.tenant.id, (Event.USER_DISABLED,), user.id, None, 1)
    was = found[0].facts.get("was") if found else None
    return UserState(str(was)) if was in set(UserState) else UserState.UNVERIFIED


def _unfreeze(tx: Tx, act: Act, user: User, _: str) -> Done:
    if user.frozen_at is None:
        return Done(user, 0)
    after = replace(user, frozen_at=None)
    tx.users.save(after)
    record(tx, act, Event.USER_UNFROZEN, after, {"since": user.frozen_at})
    return Done(after, 1)


def _remove_passkey(tx: Tx, act: Act, user: User, passkey_id: str) -> Done | NotFound:
    every = tx.passkeys.of_user(act.tenant.id, user.id)
    found = next((passkey for passkey in every if passkey.id == passkey_id), None)
    if found is None:
        return NotFound()
    passkey_changes.remove(tx, act, user, found)
    return Done(user, 1)


def _roles(tx: Tx, act: Act, user: User, wanted: str) -> Done | LastOwner:
    """`wanted`: the role that takes the place of the one they had; "": none."""
    was = tx.roles.of_user(user.id).get(act.tenant.id)
    if not wanted and was is None:
        return Done(user, 0)
    if was is Role.OWNER and wanted != Role.OWNER and not erasure.other_owners(
        tx, act.tenant.id, user.id
    ):  # fmt: skip
        return LastOwner()
    if wanted:
        tx.roles.grant(act.tenant.id, user.id, Role(wanted))
        record(tx, act, Event.ROLE_GRANTED, user, {"role": wanted})
    else:
        tx.roles.revoke(act.tenant.id, user.id)
        tx.providers.end_members(act.now, None, user.id)  # given back, it brings none of them back
        record(tx, act, Event.ROLE_REVOKED, user, {"role": str(was)})
    return Done(sessions.end_all(tx, act, user, "staff"), 1)


def erase(tx: Tx, act: Act, user: User) -> Asked | LastOwner:
    """Disable the account now, and erase it after a week."""
    if erasure.is_last_owner(tx, user):
        return LastOwner()
    if user.erase_at is not None:
        return Asked(user.erase_at)
    return Asked(erasure.ask(tx, act, user).erase_at or act.now)


def reset_user(tx: Tx, act: Act, user: User) -> Sent | NotSent | NotFound:
    """Reset User (steps.invitations)."""
    rows = tx.phones.held(act.tenant.id, user.id, act.now)
    return NotFound() if rows is None else invitations.reset(tx, act, rows)


CHANGES: Final[Mapping[Action, Callable[[Tx, Act, User, str], Change]]] = {
    Action.UNLOCK: _unlock,
    Action.END_SESSIONS: _end_sessions,
    Action.DISABLE: _disable,
    Action.ENABLE: _enable,
    Action.UNFREEZE: _unfreeze,
    Action.REMOVE_PASSKEY: _remove_passkey,
    Action.ROLES: _roles,
}


def do(tx: Tx, act: Act, action: Action, user: User, detail: str) -> Result:
    """Do what a second person has agreed to."""
    if action is Action.ERASE:
        return erase(tx, act, user)
    if action is Action.RESET_USER:
        return reset_user(tx, act, user)
    return CHANGES[action](tx, act, user, detail)
