"""What staff do: look, unlock, disable, end sessions, give roles, close cases.

Who may do what stands in `rules.access`; it is judged here, in the transaction that does
it.  A user of another tenant is not found, and so is the tenant's decoy.  Every action
leaves an audit row with its actor.  Nobody sets, sees or is told a password.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from keyturn.ports.parts import Parts
from keyturn.ports.store import Taken, Tx
from keyturn.rules.access import Action, Staff, Why, hindrance, rank
from keyturn.rules.accounts import Case, Role, Session, User, UserState
from keyturn.rules.callers import Caller
from keyturn.rules.cases import parse_reference
from keyturn.rules.diagnosis.catalogue import BY_ID
from keyturn.rules.events import Entry, Event
from keyturn.rules.identifiers import (
    Email,
    EmailProblem,
    NameProblem,
    canonical,
    display_name,
    parse_email,
    parse_username,
)
from keyturn.rules.lockout import HOUR
from keyturn.rules.messages import MessageState
from keyturn.rules.sessions import CONSOLE_IDLE_MS, CONSOLE_MS, alive
from keyturn.steps import alarms, disabling, glass, lanes, passkey_changes, sessions, views
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.alarms import Standing
from keyturn.steps.naming import is_id, name_of
from keyturn.steps.registration import take_address
from keyturn.steps.views import CasePage, MessageRow, UserPage, Users

T = TypeVar("T")
SECOND_STEP = 2
CASES = 100


class Signed(Protocol):
    """A browser's session and whose it is, as the door found it."""

    @property
    def user(self) -> User: ...
    @property
    def session(self) -> Session: ...


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """Staff may not do that; nothing was done."""

    why: Why


@dataclass(frozen=True, slots=True)
class NotFound:
    """Nothing of that name in this tenant."""


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
class Unfit:
    """What is wrong with a new user's fields; None for what is right."""

    name: NameProblem | None
    email: EmailProblem | None
    username: NameProblem | None


@dataclass(frozen=True, slots=True)
class InUse:
    """Somebody else has this "email" or "username"."""

    what: str


@dataclass(frozen=True, slots=True)
class Messages:
    """A page of messages, newest first.

    Attributes:
        before: the cursor of the next page, or None.
        alarms: those of the last day, newest first.
    """

    messages: tuple[MessageRow, ...]
    before: str | None
    alarms: tuple[Standing, ...]


@dataclass(frozen=True, slots=True)
class Trail:
    """A page of the audit trail, newest first.

    Attributes:
        names: who is who in `entries`, by id.
        before: the cursor of the next page, or None.
    """

    entries: tuple[Entry, ...]
    names: Mapping[str, str]
    before: str | None


async def authorise(parts: Parts, caller: Caller, signed: Signed) -> Staff | NotAllowed:
    """What the person signed in here may act as in the caller's tenant, at this request."""
    user, session, now = signed.user, signed.session, parts.clock.now()
    roles, glass_at = await parts.store.read(
        lambda tx: (tx.roles.of_user(user.id), glass.standing(tx, caller.tenant.id, now))
    )
    role = roles.get(caller.tenant.id)
    if role is None:
        return NotAllowed(Why.NO_ROLE)
    if not alive(session, user, now, CONSOLE_MS, CONSOLE_IDLE_MS):
        return NotAllowed(Why.SESSION)
    if session.level < SECOND_STEP:
        return NotAllowed(Why.LEVEL)
    if user.frozen_at is not None:
        return NotAllowed(Why.FROZEN)
    return Staff(caller=caller, user=user, role=role, level=session.level, glass_at=glass_at)


def on_the_host(caller: Caller) -> Staff:
    """A command on the host itself: whoever runs it can read the keys, so it may do all."""
    return Staff(caller=caller, user=None, role=Role.OWNER, level=SECOND_STEP)


# -- looking


async def users(
    parts: Parts, staff: Staff, query: str, state: UserState | None, after: str | None,
    *, locked: bool = False,
) -> Users:  # fmt: skip
    """A page of users whose name, address or number contains `query`.

    Args:
        after: the cursor that the page before gave.
        locked: only those who are locked now.
    """
    return await _look(
        parts, staff, lambda tx, act: views.users(tx, act, query, state, after, locked=locked)
    )


async def user(parts: Parts, staff: Staff, user_id: str) -> UserPage | NotFound:
    """Everything about one user. That somebody looked is recorded, once an hour."""

    def step(tx: Tx, act: Act) -> UserPage | NotFound:
        found = _find(tx, act, user_id)
        return views.user_page(tx, act, staff, found) if found else NotFound()

    page = await _look(parts, staff, step)
    if isinstance(page, UserPage):
        await _note_look(parts, staff, page)
    return page


async def _note_look(parts: Parts, staff: Staff, page: UserPage) -> None:
    act = _act(parts, staff)
    me = staff.user.id if staff.user else None
    looks = (e for e in page.entries if e.event is Event.DIAGNOSED and e.actor_id == me)
    if not any(entry.at > act.now - HOUR for entry in looks):
        await parts.store.write(lambda tx: record(tx, act, Event.DIAGNOSED, page.user))


async def messages(
    parts: Parts, staff: Staff, channel: str | None, state: MessageState | None,
    before: str | None,
) -> Messages:  # fmt: skip
    """Messages of the tenant, without those that nobody was to get."""
    limit = views.PAGE

    def step(tx: Tx, act: Act) -> Messages:
        found = tx.messages.recent(act.tenant.id, channel, state, limit + 1, before)
        rows = tuple(map(views.message, found[:limit]))
        older = rows[-1].id if len(found) > limit else None
        return Messages(rows, older, alarms.standing(tx, act))

    return await _look(parts, staff, step)


async def audit(
    parts: Parts, staff: Staff, query: str, event: str, before: str | None, limit: int = 50
) -> Trail:
    """The audit trail.

    Args:
        query: a user's id or any of their names, or an IP address; "" for all.
        event: an event, or the beginning of some ("signin."); "" for all.
    """

    def step(tx: Tx, act: Act) -> Trail:
        name = name_of(parts, act.tenant, query)
        named = tx.users.named(act.tenant.id, name) if name else None
        wanted = named.id if named else query
        events = (event,) if event else ()
        found = tx.audit.search(act.tenant.id, events, wanted, before, limit + 1)
        rows = tuple(found[:limit])
        older = rows[-1].id if len(found) > limit else None
        return Trail(rows, views.names(tx, act, rows), older)

    return await _look(parts, staff, step)


async def cases(parts: Parts, staff: Staff, state: str | None) -> tuple[Case, ...]:
    """The newest cases; `state`: "open", "closed" or None for both."""
    return await _look(
        parts, staff, lambda tx, act: tuple(tx.cases.recent(act.tenant.id, state, CASES))
    )


async def case(parts: Parts, staff: Staff, ref: str) -> CasePage | NotFound:
    """A case by its reference, as read out on the phone."""

    def step(tx: Tx, act: Act) -> CasePage | NotFound:
        found = tx.cases.get(act.tenant.id, parse_reference(ref) or "")
        return views.case_page(tx, act, found) if found else NotFound()

    return await _look(parts, staff, step)


# -- acting


async def unlock(parts: Parts, staff: Staff, user_id: str) -> Done | NotAllowed | NotFound:
    """End every lock of a user. A lane closed by 100 failures stays so until recovery."""

    def do(tx: Tx, act: Act, user: User) -> Done:
        locked = lanes.unlock(tx, act, user)
        record(tx, act, Event.USER_UNLOCKED, user, {"lanes": locked})
        return Done(user, locked)

    return await _do(parts, staff, user_id, Action.UNLOCK, do)


async def end_sessions(parts: Parts, staff: Staff, user_id: str) -> Done | NotAllowed | NotFound:
    """Sign a user out everywhere."""

    def do(tx: Tx, act: Act, user: User) -> Done:
        return Done(sessions.end_all(tx, act, user, "staff"), 1)

    return await _do(parts, staff, user_id, Action.END_SESSIONS, do)


async def disable(parts: Parts, staff: Staff, user_id: str) -> Done | NotAllowed | NotFound:
    """Nobody gets into the account any more; all its sessions end, and no link to activate is
    good: enabling brings none back.
    """

    def do(tx: Tx, act: Act, user: User) -> Done:
        if user.state is UserState.DISABLED:
            return Done(user, 0)
        record(tx, act, Event.USER_DISABLED, user, {"was": str(user.state)})
        return Done(disabling.disable(tx, act, user, "disabled"), 1)

    return await _do(parts, staff, user_id, Action.DISABLE, do)


async def enable(parts: Parts, staff: Staff, user_id: str) -> Done | NotAllowed | NotFound:
    """The account is again what it was before it was disabled, and is not erased."""

    def do(tx: Tx, act: Act, user: User) -> Done:
        if user.state is not UserState.DISABLED:
            return Done(user, 0)
        after = replace(user, state=_before(tx, act, user), erase_at=None)
        tx.users.save(after)
        record(tx, act, Event.USER_ENABLED, after, {"now": str(after.state)})
        return Done(after, 1)

    return await _do(parts, staff, user_id, Action.ENABLE, do)


def _before(tx: Tx, act: Act, user: User) -> UserState:
    """What the account was; where nobody knows any more, its address is to be confirmed."""
    found = tx.audit.search(act.tenant.id, (Event.USER_DISABLED,), user.id, None, 1)
    was = found[0].facts.get("was") if found else None
    return UserState(str(was)) if was in set(UserState) else UserState.UNVERIFIED


async def unfreeze(parts: Parts, staff: Staff, user_id: str) -> Done | NotAllowed | NotFound:
    """Let changes happen again that "this wasn't me" has frozen."""

    def do(tx: Tx, act: Act, user: User) -> Done:
        if user.frozen_at is None:
            return Done(user, 0)
        after = replace(user, frozen_at=None)
        tx.users.save(after)
        record(tx, act, Event.USER_UNFROZEN, after, {"since": user.frozen_at})
        return Done(after, 1)

    return await _do(parts, staff, user_id, Action.UNFREEZE, do)


async def remove_passkey(
    parts: Parts, staff: Staff, user_id: str, passkey_id: str
) -> Done | NotAllowed | NotFound:
    """Take one of a user's passkeys away; they hear of it."""

    def do(tx: Tx, act: Act, user: User) -> Done | NotFound:
        every = tx.passkeys.of_user(act.tenant.id, user.id)
        found = next((passkey for passkey in every if passkey.id == passkey_id), None)
        if found is None:
            return NotFound()
        passkey_changes.remove(tx, act, user, found)
        return Done(user, 1)

    return await _do(parts, staff, user_id, Action.REMOVE_PASSKEY, do)


async def grant_role(
    parts: Parts, staff: Staff, user_id: str, role: Role
) -> Done | NotAllowed | NotFound:
    """Give a user a role here, in place of the one they had; they sign in again for it."""

    def do(tx: Tx, act: Act, user: User) -> Done | NotAllowed:
        if rank(role) > rank(staff.role):
            return NotAllowed(Why.RANK)
        tx.roles.grant(act.tenant.id, user.id, role)
        record(tx, act, Event.ROLE_GRANTED, user, {"role": str(role)})
        return Done(sessions.end_all(tx, act, user, "staff"), 1)

    return await _do(parts, staff, user_id, Action.ROLES, do)


async def revoke_role(parts: Parts, staff: Staff, user_id: str) -> Done | NotAllowed | NotFound:
    """Take a user's role here away; their sessions end."""

    def do(tx: Tx, act: Act, user: User) -> Done:
        role = tx.roles.of_user(user.id).get(act.tenant.id)
        if role is None:
            return Done(user, 0)
        tx.roles.revoke(act.tenant.id, user.id)
        record(tx, act, Event.ROLE_REVOKED, user, {"role": str(role)})
        return Done(sessions.end_all(tx, act, user, "staff"), 1)

    return await _do(parts, staff, user_id, Action.ROLES, do)


async def create_user(
    parts: Parts, staff: Staff, name: str, email: str, username: str = ""
) -> Done | Unfit | InUse | NotAllowed:
    """Make an account without a password: its owner sets the first one by "Forgot your
    password?", which proves the address.
    """
    if (why := hindrance(staff, Action.CREATE_USER, None, 0)) is not None:
        return NotAllowed(why)
    named, address = display_name(name), parse_email(email)
    called = parse_username(username) if username else None
    if isinstance(named, NameProblem) or isinstance(address, EmailProblem):
        return _unfit(named, address, called)
    if isinstance(called, NameProblem):
        return _unfit(named, address, called)
    act = _act(parts, staff)
    fresh = _fresh(act, named, address, called)
    try:
        return await parts.store.write(lambda tx: _create(tx, act, fresh))
    except Taken:
        return InUse("username")


def _unfit(*fields: object) -> Unfit:
    name, email, username = fields
    return Unfit(
        name=name if isinstance(name, NameProblem) else None,
        email=email if isinstance(email, EmailProblem) else None,
        username=username if isinstance(username, NameProblem) else None,
    )


def _fresh(act: Act, name: str, address: Email, username: str | None) -> User:
    return User(
        id=act.id(), tenant_id=act.tenant.id, state=UserState.ACTIVE, name=name,
        username=username, email=address.address, phone=None, phone_verified_at=None,
        password_hash=None, password_set_at=None, epoch=0, frozen_at=None, timezone=None,
        created_at=act.now,
    )  # fmt: skip


def _create(tx: Tx, act: Act, fresh: User) -> Done | InUse:
    """Raises Taken for the user name, and then nothing is kept."""
    if take_address(tx, act, fresh, canonical(fresh.email) or fresh.email) is not None:
        return InUse("email")
    if fresh.username is not None:
        tx.users.add_identifier(act.tenant.id, fresh.id, canonical(fresh.username) or "")
    record(tx, act, Event.USER_CREATED, fresh)
    return Done(fresh, 1)


async def close_case(
    parts: Parts, staff: Staff, ref: str, cause: str | None
) -> CasePage | NotAllowed | NotFound:
    """Close a case.

    Args:
        cause: the id of the catalogue's cause that it was; None for another one.
    """
    if (why := hindrance(staff, Action.CLOSE_CASE, None, 0)) is not None:
        return NotAllowed(why)
    if cause is not None and cause not in BY_ID:
        return NotFound()

    def step(tx: Tx) -> CasePage | NotFound:
        act = _act(parts, staff)
        found = tx.cases.get(act.tenant.id, parse_reference(ref) or "")
        if found is None:
            return NotFound()
        return _close(tx, act, found, cause)

    return await parts.store.write(step)


def _close(tx: Tx, act: Act, case: Case, cause: str | None) -> CasePage:
    if case.state == "open":
        case = replace(
            case, state="closed", closed_at=act.now, facts={**case.facts, "cause": cause}
        )
        tx.cases.save(case)
        owner = tx.users.get(act.tenant.id, case.user_id) if case.user_id else None
        record(tx, act, Event.CASE_CLOSED, owner, {"ref": case.ref, "cause": cause})
    return views.case_page(tx, act, case)


# -- what both need


def _act(parts: Parts, staff: Staff) -> Act:
    return begin(parts, staff.caller, staff.user)


def _find(tx: Tx, act: Act, user_id: str) -> User | None:
    """A user of this tenant; never its decoy."""
    real = is_id(user_id) and user_id != act.tenant.id
    return tx.users.get(act.tenant.id, user_id) if real else None


async def _look(parts: Parts, staff: Staff, fn: Callable[[Tx, Act], T]) -> T:
    return await parts.store.read(lambda tx: fn(tx, _act(parts, staff)))


async def _do(
    parts: Parts, staff: Staff, user_id: str, action: Action, do: Callable[[Tx, Act, User], T]
) -> T | NotAllowed | NotFound:
    """Find, judge and act, in one transaction."""

    def step(tx: Tx) -> T | NotAllowed | NotFound:
        act = _act(parts, staff)
        found = _find(tx, act, user_id)
        held = tx.users.lock(act.tenant.id, found.id) if found else None
        if held is None:
            return NotFound()
        why = hindrance(staff, action, held, views.highest_rank(tx, held))
        return do(tx, act, held) if why is None else NotAllowed(why)

    return await parts.store.write(step)
