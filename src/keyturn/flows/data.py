"""One's own data: all of it in a file, and the account deleted.

Both need a proof of just now (steps.stepup).  A deletion disables the account at once and
erases it after a week (flows.erasing does); until then the link in the mail keeps it.
Staff can do both for somebody, as rules.access says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.access import Action, Staff, Why, hindrance
from keyturn.rules.accounts import User, UserState
from keyturn.rules.callers import Caller
from keyturn.rules.codes import Right, Used, Verdict
from keyturn.rules.events import Event
from keyturn.steps import countersigns, deeds, erasure, links, stepup, views
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.changes import Frozen, SignedOut
from keyturn.steps.countersigns import Alone, Waiting
from keyturn.steps.deeds import Asked, LastOwner
from keyturn.steps.dossier import Document, dossier
from keyturn.steps.links import LinkState
from keyturn.steps.naming import is_id
from keyturn.steps.notices import tell
from keyturn.steps.stepup import ProofNeeded, Signed

__all__ = [
    "Alone", "Asked", "Exported", "Frozen", "Kept", "LastOwner", "LinkState", "NotAllowed",
    "NotFound", "NothingOpen", "ProofNeeded", "Signed", "SignedOut", "Waiting", "ask_deletion",
    "check", "delete_for", "export", "export_for", "keep", "look",
]  # fmt: skip

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Exported:
    """All that is stored about a person, for JSON."""

    document: Document


@dataclass(frozen=True, slots=True)
class Kept:
    """The account is what it was before its deletion was asked for."""


@dataclass(frozen=True, slots=True)
class NothingOpen:
    """No mail ever carried this link, or the account is gone."""


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """Staff may not do that; nothing was done."""

    why: Why


@dataclass(frozen=True, slots=True)
class NotFound:
    """Nobody of that id in this tenant."""


async def check(
    parts: Parts, caller: Caller, signed: Signed
) -> User | LastOwner | ProofNeeded | Frozen | SignedOut:
    """Whether a deletion can be asked for now; changes nothing."""

    def step(tx: Tx) -> User | LastOwner | ProofNeeded | Frozen | SignedOut:
        user = stepup.proved(tx, begin(parts, caller), signed)
        last = isinstance(user, User) and erasure.is_last_owner(tx, user)
        return LastOwner() if last else user

    return await parts.store.write(step)


async def export(
    parts: Parts, caller: Caller, signed: Signed
) -> Exported | ProofNeeded | Frozen | SignedOut:
    """Everything about the person signed in. A notice goes to their address."""

    def step(tx: Tx) -> User | ProofNeeded | Frozen | SignedOut:
        act = begin(parts, caller)
        user = stepup.proved(tx, act, signed)
        return _announced(tx, act, user) if isinstance(user, User) else user

    answer = await parts.store.write(step)
    return await _exported(parts, caller, answer) if isinstance(answer, User) else answer


def _announced(tx: Tx, act: Act, user: User) -> User:
    """Written down and told, before anything is handed out."""
    record(tx, act, Event.DATA_EXPORTED, user)
    tell(tx, act, "data_exported", user)
    return user


async def _exported(parts: Parts, caller: Caller, user: User) -> Exported:
    """A snapshot: nobody who writes waits for it, however much there is."""
    act = begin(parts, caller)
    return Exported(await parts.store.read(lambda tx: dossier(tx, act, user)))


async def ask_deletion(
    parts: Parts, caller: Caller, signed: Signed
) -> Asked | LastOwner | ProofNeeded | Frozen | SignedOut:
    """Disable the account of the person signed in, to be erased after a week."""

    def step(tx: Tx) -> Asked | LastOwner | ProofNeeded | Frozen | SignedOut:
        act = begin(parts, caller)
        tx.users.lock(act.tenant.id, act.tenant.id)  # one at a time, or the last two owners go
        user = stepup.proved(tx, act, signed)
        return deeds.erase(tx, act, user) if isinstance(user, User) else user

    return await parts.store.write(step)


async def look(parts: Parts, caller: Caller, token: str) -> LinkState:
    """What the link in the mail is worth; changes nothing (mail programs open links, too)."""
    act = begin(parts, caller)
    return await parts.store.read(lambda tx: links.look(tx, act, token, erasure.KIND))


async def keep(parts: Parts, caller: Caller, token: str) -> Kept | Verdict | NothingOpen:
    """The deletion is called off. Doing so again with the same link says the same."""

    def step(tx: Tx) -> Kept | Verdict | NothingOpen:
        act = begin(parts, caller)
        followed = links.follow(tx, act, token, erasure.KIND)
        user = tx.users.lock(act.tenant.id, followed[0].user_id or "") if followed else None
        if followed is None or user is None:
            return NothingOpen()
        flow, verdict = followed
        if isinstance(verdict, Right) and user.erase_at is not None:
            erasure.keep(tx, act, user, UserState(str(flow.data["was"])))
        return Kept() if isinstance(verdict, Right | Used) else verdict

    return await parts.store.write(step)


async def export_for(
    parts: Parts, staff: Staff, user_id: str
) -> Exported | Waiting | Alone | NotAllowed | NotFound:
    """Everything about somebody, for whoever asked support for it."""
    answer = await _for(parts, staff, user_id, Action.EXPORT, _announced)
    return await _exported(parts, staff.caller, answer) if isinstance(answer, User) else answer


async def delete_for(
    parts: Parts, staff: Staff, user_id: str
) -> Asked | LastOwner | Waiting | Alone | NotAllowed | NotFound:
    """Disable somebody's account, to be erased after a week."""
    return await _for(parts, staff, user_id, Action.ERASE, deeds.erase)


async def _for(
    parts: Parts, staff: Staff, user_id: str, action: Action, do: Callable[[Tx, Act, User], T]
) -> T | Waiting | Alone | NotAllowed | NotFound:
    """Find, judge, and act or have a second person asked, in one transaction."""

    def step(tx: Tx) -> T | Waiting | Alone | NotAllowed | NotFound:
        act = begin(parts, staff.caller, staff.user)
        tenant_id = act.tenant.id
        tx.users.lock(tenant_id, tenant_id)  # as in `ask_deletion`
        real = is_id(user_id) and user_id != tenant_id
        user = tx.users.lock(tenant_id, user_id) if real else None
        if user is None:
            return NotFound()
        why = hindrance(staff, action, user, views.highest_rank(tx, user))
        if why is not None:
            return NotAllowed(why)
        return countersigns.ask(tx, act, staff, action, user) or do(tx, act, user)

    return await parts.store.write(step)
