"""What staff do: look, unlock, disable, end sessions, give roles, close cases.

What is done to a user is in `steps.deeds`; to a colleague most of it waits for a second person
(`flows.countersigning`).

Who may do what stands in `rules.access`; it is judged here, in the transaction that does
it.  A user of another tenant is not found, and so is the tenant's decoy.  Every action
leaves an audit row with its actor.  Nobody sets, sees or is told a password.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from keyturn.ports.parts import Parts
from keyturn.ports.store import Taken, Tx
from keyturn.rules.access import Action, Staff, Why, hindrance
from keyturn.rules.accounts import Role, Session, User, UserState
from keyturn.rules.callers import Caller
from keyturn.rules.caselog import Kind
from keyturn.rules.diagnosis.catalogue import BY_ID
from keyturn.rules.events import Event
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
from keyturn.steps import alarms, casework, countersigns, deeds, glass, seeing, stepup, views
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.alarms import Standing
from keyturn.steps.casework import Held
from keyturn.steps.countersigns import Alone, Waiting
from keyturn.steps.deeds import Done, LastOwner, NotFound
from keyturn.steps.naming import is_id
from keyturn.steps.registration import take_address
from keyturn.steps.views import CasePage, MessageRow, UserPage

__all__ = [
    "Alone", "Done", "InUse", "LastOwner", "Messages", "NotAllowed", "NotFound", "Outcome",
    "Unfit", "Waiting", "authorise", "close_case", "create_user", "disable",
    "enable", "end_sessions", "grant_role", "messages", "on_the_host", "remove_passkey",
    "revoke_role", "unfreeze", "unlock", "user",
]  # fmt: skip

T = TypeVar("T")
SECOND_STEP = 2


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


#: what comes of something that staff do to a user
Outcome = Done | LastOwner | Waiting | Alone | NotAllowed | NotFound


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


async def authorise(parts: Parts, caller: Caller, signed: Signed) -> Staff | NotAllowed:
    """What the person signed in here may act as in the caller's tenant, at this request."""
    user, session, act = signed.user, signed.session, begin(parts, caller)
    now = act.now

    def step(tx: Tx) -> tuple[tuple[Role, bool] | None, int | None, bool]:
        here = caller.tenant.id
        role = tx.roles.of_user(user.id).get(here)
        if role is None:
            return None, None, False
        shown = seeing.shown(tx, act, user.id, role)
        return shown, glass.standing(tx, here, now), tx.providers.serves(here)

    shown, glass_at, serves = await parts.store.read(step)
    if shown is None:
        return NotAllowed(Why.NO_ROLE)
    if not alive(session, user, now, CONSOLE_MS, CONSOLE_IDLE_MS):
        return NotAllowed(Why.SESSION)
    if session.level < SECOND_STEP:
        return NotAllowed(Why.LEVEL)
    if user.frozen_at is not None:
        return NotAllowed(Why.FROZEN)
    role, looking = shown
    return Staff(
        caller=caller, user=user, role=role, level=session.level, glass_at=glass_at,
        fresh=stepup.is_fresh(session, now), looking=looking, serves=serves,
    )  # fmt: skip


def on_the_host(caller: Caller) -> Staff:
    """A command on the host itself: whoever runs it can read the keys, so it may do all."""
    return Staff(caller=caller, user=None, role=Role.OWNER, level=SECOND_STEP, fresh=True)


# -- looking


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


# -- acting


async def unlock(parts: Parts, staff: Staff, user_id: str) -> Outcome:
    """End every lock of a user. A lane closed by 100 failures stays so until recovery."""
    return await _do(parts, staff, user_id, Action.UNLOCK)


async def end_sessions(parts: Parts, staff: Staff, user_id: str) -> Outcome:
    """Sign a user out everywhere."""
    return await _do(parts, staff, user_id, Action.END_SESSIONS)


async def disable(parts: Parts, staff: Staff, user_id: str) -> Outcome:
    """Nobody gets into the account any more; all its sessions end, and no link to activate is
    good: enabling brings none back.
    """
    return await _do(parts, staff, user_id, Action.DISABLE)


async def enable(parts: Parts, staff: Staff, user_id: str) -> Outcome:
    """The account is again what it was before it was disabled, and is not erased."""
    return await _do(parts, staff, user_id, Action.ENABLE)


async def unfreeze(parts: Parts, staff: Staff, user_id: str) -> Outcome:
    """Let changes happen again that "this wasn't me" has frozen."""
    return await _do(parts, staff, user_id, Action.UNFREEZE)


async def remove_passkey(parts: Parts, staff: Staff, user_id: str, passkey_id: str) -> Outcome:
    """Take one of a user's passkeys away; they hear of it."""
    return await _do(parts, staff, user_id, Action.REMOVE_PASSKEY, passkey_id)


async def grant_role(parts: Parts, staff: Staff, user_id: str, role: Role) -> Outcome:
    """Give a user a role here, in place of the one they had; they sign in again for it."""
    return await _do(parts, staff, user_id, Action.ROLES, str(role))


async def revoke_role(parts: Parts, staff: Staff, user_id: str) -> Outcome:
    """Take a user's role here away; their sessions end."""
    return await _do(parts, staff, user_id, Action.ROLES)


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
        held = casework.hold(tx, act, ref)
        return NotFound() if held is None else _close(tx, act, held, cause)

    return await parts.store.write(step)


def _close(tx: Tx, act: Act, held: Held, cause: str | None) -> CasePage:
    case = held.case
    if case.state == "open":
        case = replace(
            case, state="closed", closed_at=act.now, facts={**case.facts, "cause": cause}
        )
        tx.cases.save(case)
        casework.add(tx, act, held, Kind.CLOSED, facts={"cause": cause})
        record(tx, act, Event.CASE_CLOSED, held.user, {"ref": case.ref, "cause": cause})
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
    parts: Parts, staff: Staff, user_id: str, action: Action, detail: str = ""
) -> Outcome:
    """Find, judge, and act or have a second person asked, in one transaction."""

    def step(tx: Tx) -> Outcome:
        act = _act(parts, staff)
        found = _find(tx, act, user_id)
        deeds.hold(tx, act, action)
        held = tx.users.lock(act.tenant.id, found.id) if found else None
        if held is None:
            return NotFound()
        why = hindrance(staff, action, held, countersigns.at_stake(tx, held, action, detail))
        if why is not None:
            return NotAllowed(why)
        waits = countersigns.ask(tx, act, staff, action, held, detail)
        return deeds.CHANGES[action](tx, act, held, detail) if waits is None else waits

    return await parts.store.write(step)
