"""Which directory account is whose.

A link decides whose password a person may set, so nobody types it: the directory is asked, what
it answers is shown, and what is confirmed is the account that it answered with, by its GUID,
never a name that came back with a form.  Rights as in `rules.access`: owners and managers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from keyturn.ports.directories import Look
from keyturn.ports.parts import Parts
from keyturn.ports.store import Taken, Tx
from keyturn.rules.access import Action, Staff, Why, hindrance, lacking
from keyturn.rules.accounts import User
from keyturn.rules.budgets import DIRECTORY_LOOKS
from keyturn.rules.directories.things import Directory, LinkedAccount
from keyturn.rules.events import Event
from keyturn.rules.lockout import HOUR
from keyturn.steps import directory_looks, directory_views, jobs, owning, views
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.directory_views import AccountRow, Candidate
from keyturn.steps.jobs import Hindered
from keyturn.steps.naming import is_id

__all__ = [
    "AccountRow", "Answer", "Asked", "Candidate", "Held", "Hindered", "Linked", "NotAllowed",
    "NotFound", "Stale", "accounts_of", "answer", "ask", "link", "unlink",
]  # fmt: skip

T = TypeVar("T")
#: how long an answer may be confirmed: the account may have changed hands in the directory
CONFIRM_MS: Final = HOUR
#: longest name of an account that is looked for (a UPN)
NAME_MAX: Final = 254


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """Staff may not do that; nothing was done."""

    why: Why


@dataclass(frozen=True, slots=True)
class NotFound:
    """No such user, directory, account or look in this tenant."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The directory is asked for the name; after `until` no answer comes."""

    look_id: str
    until: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What the directory said to a name.

    Attributes:
        name: as it was typed.
        candidate: the account; None while there is no answer, and with a cause.
        cause: "not_found", "timeout", "unreadable", or why nobody could be asked; "" else.
        holder: who has that account already, if somebody else does.
    """

    user: User
    directory: Directory
    look_id: str
    name: str
    candidate: Candidate | None
    cause: str
    holder: User | None


@dataclass(frozen=True, slots=True)
class Stale:
    """The answer cannot be confirmed: there is none, it is too old, or the account is one that
    is never touched (`protected` says why, else "").
    """

    protected: str


@dataclass(frozen=True, slots=True)
class Held:
    """Somebody else has that account."""

    holder: User | None


@dataclass(frozen=True, slots=True)
class Linked:
    """The accounts of a user as they are now."""

    user: User
    accounts: tuple[AccountRow, ...]


async def accounts_of(parts: Parts, staff: Staff, user_id: str) -> Linked | NotFound:
    """A user's directory accounts."""

    def step(tx: Tx) -> Linked | NotFound:
        act = _act(parts, staff)
        user = _find(tx, act, user_id)
        return Linked(user, directory_views.accounts(tx, act, user)) if user else NotFound()

    return await parts.store.read(step)


async def ask(
    parts: Parts, staff: Staff, user_id: str, directory_id: str, typed: str
) -> Asked | Hindered | NotAllowed | NotFound:
    r"""Ask the directory for an account by sAMAccountName, UPN or DOMAIN\name."""
    name = typed.strip()

    def do(tx: Tx, act: Act, user: User) -> Asked | Hindered | NotFound:
        if tx.directories.get(act.tenant.id, directory_id) is None or not _plain(name):
            return NotFound()
        account = LinkedAccount(act.tenant.id, directory_id, user.id, "", name, "", act.now)
        hindered = jobs.silence(tx, act, account) or _spent(tx, act, directory_id)
        if hindered is not None:
            return hindered
        asked_by = staff.user.id if staff.user else act.tenant.id
        look = Look(
            id=act.id(), tenant_id=act.tenant.id, directory_id=directory_id, user_id=user.id,
            guid="", name=name, asked_by=asked_by, asked_at=act.now,
            expires_at=act.now + directory_looks.LOOK_MS, view="", cause="", answered_at=None,
        )  # fmt: skip
        tx.jobs.ask(look)
        return Asked(look.id, look.expires_at)

    return await _to(parts, staff, user_id, do)


def _plain(name: str) -> bool:
    return 0 < len(name) <= NAME_MAX and name.isprintable()


def _spent(tx: Tx, act: Act, directory_id: str) -> Hindered | None:
    """Names that staff look for are counted together: a desk has one keyboard."""
    spent = tx.budgets.spend(act.tenant.id, f"{directory_id}|names", act.now, DIRECTORY_LOOKS)
    if DIRECTORY_LOOKS.allows(spent):
        return None
    return Hindered("spent", spent.start + DIRECTORY_LOOKS.window_ms)


async def answer(
    parts: Parts, staff: Staff, user_id: str, look_id: str
) -> Answer | NotAllowed | NotFound:
    """What the directory said, for whoever is to confirm it."""

    def do(tx: Tx, act: Act, user: User) -> Answer | NotFound:
        found = tx.jobs.look(act.tenant.id, look_id)
        if found is None or found.user_id != user.id or not found.name:
            return NotFound()
        directory = tx.directories.get(act.tenant.id, found.directory_id)
        return _answer(tx, act, user, directory, found) if directory else NotFound()

    return await _to(parts, staff, user_id, do, judge=lacking)  # it is only shown


def _answer(tx: Tx, act: Act, user: User, directory: Directory, found: Look) -> Answer:
    look = directory_looks.shown(found, act.now)
    told = directory_views.candidate(look.view) if look.view else None
    cause = "unreadable" if look.view and told is None else look.cause
    holder = tx.directories.holder(act.tenant.id, directory.id, told.guid) if told else None
    other = holder is not None and holder.user_id != user.id
    return Answer(
        user, directory, look.id, look.name, told, cause,
        tx.users.get(act.tenant.id, holder.user_id) if holder and other else None,
    )  # fmt: skip


async def link(
    parts: Parts, staff: Staff, user_id: str, look_id: str
) -> Linked | Stale | Held | NotAllowed | NotFound:
    """The account that a look has found is this user's from now on. What waits for the one
    they had before is given up.
    """

    def do(tx: Tx, act: Act, user: User) -> Linked | Stale | NotFound:
        found = tx.jobs.look(act.tenant.id, look_id)
        if found is None or found.user_id != user.id or not found.name:
            return NotFound()
        told = directory_views.candidate(found.view)
        late = found.answered_at is None or act.now >= found.answered_at + CONFIRM_MS
        if told is None or late or told.protected:
            return Stale(told.protected if told else "")
        return _link(tx, act, user, found.directory_id, told)

    try:
        return await _to(parts, staff, user_id, do)
    except Taken:
        shown = await answer(parts, staff, user_id, look_id)
        return Held(shown.holder if isinstance(shown, Answer) else None)


def _link(tx: Tx, act: Act, user: User, directory_id: str, told: Candidate) -> Linked:
    """Raises Taken, and then nothing is kept."""
    was = _linked(tx, act, user, directory_id)
    if was is not None and was.guid != told.guid:
        owning.give_up(tx, act, was)
    fresh = LinkedAccount(
        act.tenant.id, directory_id, user.id, told.guid, told.name, told.upn, act.now
    )
    tx.directories.link(fresh)
    owning.stir(tx, act, directory_id, [told.guid, *([was.guid] if was else [])])
    facts = {"account": told.upn or told.name, "guid": told.guid}
    record(tx, act, Event.ACCOUNT_LINKED, user, facts)
    return Linked(user, directory_views.accounts(tx, act, user))


async def unlink(
    parts: Parts, staff: Staff, user_id: str, directory_id: str
) -> Linked | NotAllowed | NotFound:
    """The user sets no password in this directory any more; what waits is given up. Reading the
    directory does not link the account anew.
    """

    def do(tx: Tx, act: Act, user: User) -> Linked | NotFound:
        was = _linked(tx, act, user, directory_id)
        if was is None:
            return NotFound()
        owning.give_up(tx, act, was)
        tx.directories.unlink(act.tenant.id, directory_id, user.id)
        owning.leave(tx, act, directory_id, was.guid)
        facts = {"account": was.upn or was.name, "guid": was.guid}
        record(tx, act, Event.ACCOUNT_UNLINKED, user, facts)
        return Linked(user, directory_views.accounts(tx, act, user))

    return await _to(parts, staff, user_id, do)


def _linked(tx: Tx, act: Act, user: User, directory_id: str) -> LinkedAccount | None:
    found = tx.directories.linked(act.tenant.id, user.id)
    return next((one for one in found if one.directory_id == directory_id), None)


# -- what all need


def _act(parts: Parts, staff: Staff) -> Act:
    return begin(parts, staff.caller, staff.user)


def _find(tx: Tx, act: Act, user_id: str) -> User | None:
    """A user of this tenant; never its decoy."""
    real = is_id(user_id) and user_id != act.tenant.id
    return tx.users.get(act.tenant.id, user_id) if real else None


async def _to(
    parts: Parts, staff: Staff, user_id: str, do: Callable[[Tx, Act, User], T],
    *, judge: Callable[[Staff, Action, User, int], Why | None] = hindrance,
) -> T | NotAllowed | NotFound:  # fmt: skip
    """Find, judge and act on a user's account, in one transaction."""

    def step(tx: Tx) -> T | NotAllowed | NotFound:
        act = _act(parts, staff)
        found = _find(tx, act, user_id)
        held = tx.users.lock(act.tenant.id, found.id) if found else None
        if held is None:
            return NotFound()
        why = judge(staff, Action.LINK_ACCOUNT, held, views.highest_rank(tx, held))
        return do(tx, act, held) if why is None else NotAllowed(why)

    return await parts.store.write(step)
