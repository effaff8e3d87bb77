"""Whose accounts are, for staff: the list, what only a person can decide, and who is gone.

Rights as in `rules.access`: whoever has a role may look; whose an account is, those say who may
link one; whether people are gone, those who may connect directories.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from keyturn.ports.parts import Parts
from keyturn.ports.store import Taken, Tx
from keyturn.ports.syncing import Held
from keyturn.rules.access import Action, Staff, Why, hindrance
from keyturn.rules.accounts import User
from keyturn.rules.directories.known import Known, Owing
from keyturn.rules.directories.owners import counts
from keyturn.rules.directories.things import Directory, LinkedAccount
from keyturn.rules.events import Event
from keyturn.steps import owning, views
from keyturn.steps.acts import Act, begin, record

T = TypeVar("T")
#: accounts of one page; others with the same address that are shown beside one; who is shown of
#: those who are gone
PAGE: Final = 50
BESIDE: Final = 10


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """Staff may not do that; nothing was done."""

    why: Why


@dataclass(frozen=True, slots=True)
class NotFound:
    """No such directory, or account, in this tenant."""


@dataclass(frozen=True, slots=True)
class Row:
    """An account, and whose it is.

    Attributes:
        user, link: None for nobody's.
    """

    known: Known
    user: User | None
    link: LinkedAccount | None


@dataclass(frozen=True, slots=True)
class People:
    """A page of a directory's accounts, by name.

    Attributes:
        after: id of the account that the next page follows; None for the last page.
    """

    directory: Directory
    rows: tuple[Row, ...]
    after: str | None
    unclear: int
    held: Held


@dataclass(frozen=True, slots=True)
class Doubt:
    """An account of which nobody knows whose it is, with both sides.

    Attributes:
        user: who is known by its address; None for nobody. account: theirs in this directory.
        others: accounts here that have the same address.
    """

    known: Known
    user: User | None
    account: LinkedAccount | None
    others: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Doubts:
    """A page of them; `after` as of People."""

    directory: Directory
    doubts: tuple[Doubt, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class Gone:
    """Who went together, and waits for a person; the first of them."""

    directory: Directory
    held: Held
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """It is so now.

    Attributes:
        count: accounts that were decided about; 0 if somebody else was faster.
    """

    directory: Directory
    count: int


# -- looking


async def people(
    parts: Parts, staff: Staff, directory_id: str, begins: str, after: str
) -> People | NotFound:
    """A page of accounts whose name begins so; `after`: as the page before said, "" at first."""

    def step(tx: Tx, act: Act, directory: Directory) -> People:
        here = (act.tenant.id, directory.id)
        last = next(iter(tx.syncs.known(*here, [after] if after else [])), None)
        found = tx.syncs.listed(*here, begins, last, PAGE + 1)
        rows = _rows(tx, act, directory.id, found[:PAGE])
        more = found[PAGE - 1].entry.id if len(found) > PAGE else None
        unclear, held = tx.syncs.count_unclear(*here), tx.syncs.held(*here)
        return People(directory, rows, more, unclear, held)

    return await _look(parts, staff, directory_id, step)


async def doubts(parts: Parts, staff: Staff, directory_id: str, after: str) -> Doubts | NotFound:
    """A page of accounts that a person is to decide about, or has set aside."""

    def step(tx: Tx, act: Act, directory: Directory) -> Doubts:
        found = tx.syncs.unclear(act.tenant.id, directory.id, after, PAGE + 1)
        shown = tuple(_doubt(tx, act, directory.id, one) for one in found[:PAGE])
        return Doubts(directory, shown, found[PAGE - 1].entry.id if len(found) > PAGE else None)

    return await _look(parts, staff, directory_id, step)


async def gone(parts: Parts, staff: Staff, directory_id: str) -> Gone | NotFound:
    """Who went together."""

    def step(tx: Tx, act: Act, directory: Directory) -> Gone:
        here = (act.tenant.id, directory.id)
        rows = _rows(tx, act, directory.id, tx.syncs.held_of(*here, PAGE))
        return Gone(directory, tx.syncs.held(*here), rows)

    return await _look(parts, staff, directory_id, step)


def _rows(tx: Tx, act: Act, directory_id: str, those: Sequence[Known]) -> tuple[Row, ...]:
    ids = [one.entry.id for one in those]
    links = {link.guid: link for link in tx.directories.holders(act.tenant.id, directory_id, ids)}
    whose = sorted({link.user_id for link in links.values()})
    users = {user.id: user for user in tx.users.some(act.tenant.id, whose)}
    return tuple(_row(one, links.get(one.entry.id), users) for one in those)


def _row(one: Known, link: LinkedAccount | None, users: dict[str, User]) -> Row:
    return Row(one, users.get(link.user_id) if link else None, link)


def _doubt(tx: Tx, act: Act, directory_id: str, one: Known) -> Doubt:
    user = _known_by(tx, act, one)
    theirs = tx.directories.of_users(act.tenant.id, directory_id, [user.id]) if user else ()
    same = tx.syncs.with_mail(act.tenant.id, directory_id, one.mail, BESIDE) if one.mail else ()
    others = [other for other in same if other.entry.id != one.entry.id]
    rows = _rows(tx, act, directory_id, others)
    return Doubt(one, user, next(iter(theirs), None), rows)


def _known_by(tx: Tx, act: Act, one: Known) -> User | None:
    """Who is known by an account's address."""
    found = tx.users.named(act.tenant.id, one.mail) if one.mail else None
    return found if found is not None and counts(found) else None


# -- deciding


async def give(
    parts: Parts, staff: Staff, directory_id: str, account_id: str, user_id: str
) -> Decided | NotAllowed | NotFound:
    """An account is the user's who is known by its address; `user_id` says whom the page showed,
    for the address may be somebody else's by now.
    """

    def do(tx: Tx, act: Act, directory: Directory, one: Known) -> Decided | NotAllowed:
        found = _known_by(tx, act, one)
        user = tx.users.lock(act.tenant.id, user_id) if found and found.id == user_id else None
        if user is None:
            return Decided(directory, 0)
        why = hindrance(staff, Action.LINK_ACCOUNT, user, views.highest_rank(tx, user))
        if why is not None:
            return NotAllowed(why)
        owning.give(tx, act, directory.id, one, user)
        record(tx, act, Event.ACCOUNT_DECIDED, user, _facts(one, "link"))
        return Decided(directory, 1)

    return await _decide(parts, staff, directory_id, account_id, do)


async def make(
    parts: Parts, staff: Staff, directory_id: str, account_id: str
) -> Decided | NotAllowed | NotFound:
    """An account is somebody's who is not here yet: a user is made for it."""

    def do(tx: Tx, act: Act, directory: Directory, one: Known) -> Decided:
        user = owning.make(tx, act, directory.id, one)
        record(tx, act, Event.ACCOUNT_DECIDED, user, _facts(one, "new"))
        return Decided(directory, 1)

    return await _decide(parts, staff, directory_id, account_id, do)


async def leave(
    parts: Parts, staff: Staff, directory_id: str, account_id: str
) -> Decided | NotAllowed | NotFound:
    """An account is nobody's here."""

    def do(tx: Tx, act: Act, directory: Directory, one: Known) -> Decided:
        owning.leave(tx, act, directory.id, one.entry.id)
        record(tx, act, Event.ACCOUNT_DECIDED, None, _facts(one, "leave"))
        return Decided(directory, 1)

    return await _decide(parts, staff, directory_id, account_id, do)


async def release(
    parts: Parts, staff: Staff, directory_id: str, *, sure: bool
) -> Decided | NotAllowed | NotFound:
    """Those who went together are gone, and their users are disabled; or the scope was wrong, and
    nobody is.
    """
    if (why := hindrance(staff, Action.DIRECTORIES, None, 0)) is not None:
        return NotAllowed(why)

    def do(tx: Tx, act: Act, directory: Directory) -> Decided:
        tx.syncs.lock(act.tenant.id, directory.id)
        count = tx.syncs.release(act.tenant.id, directory.id, Owing.SURE if sure else Owing.DECIDED)
        if count:
            facts = {"directory": directory.name, "sure": sure, "count": count}
            record(tx, act, Event.SYNC_RELEASED, None, facts)
        return Decided(directory, count)

    return await _act(parts, staff, directory_id, do)


def _facts(one: Known, choice: str) -> dict[str, object]:
    account = one.entry.upn or one.entry.name
    return {"account": account, "guid": one.entry.id, "why": one.unclear, "choice": choice}


# -- what all need


async def _decide(
    parts: Parts, staff: Staff, directory_id: str, account_id: str,
    do: Callable[[Tx, Act, Directory, Known], Decided | NotAllowed],
) -> Decided | NotAllowed | NotFound:  # fmt: skip
    """Judge, find and decide about an account that is still in doubt, in one transaction."""
    if (why := hindrance(staff, Action.LINK_ACCOUNT, None, 0)) is not None:
        return NotAllowed(why)

    def step(tx: Tx, act: Act, directory: Directory) -> Decided | NotAllowed | NotFound:
        tx.syncs.lock(act.tenant.id, directory.id)
        found = tx.syncs.known(act.tenant.id, directory.id, [account_id])
        if not found:
            return NotFound()
        held = tx.directories.holder(act.tenant.id, directory.id, account_id)
        if not found[0].unclear or held is not None or found[0].gone_at is not None:
            return Decided(directory, 0)
        return do(tx, act, directory, found[0])

    try:
        return await _act(parts, staff, directory_id, step)
    except Taken:
        return await _look(parts, staff, directory_id, lambda _tx, _act, here: Decided(here, 0))


async def _act(
    parts: Parts, staff: Staff, directory_id: str, do: Callable[[Tx, Act, Directory], T]
) -> T | NotFound:
    return await parts.store.write(lambda tx: _here(tx, parts, staff, directory_id, do))


async def _look(
    parts: Parts, staff: Staff, directory_id: str, do: Callable[[Tx, Act, Directory], T]
) -> T | NotFound:
    return await parts.store.read(lambda tx: _here(tx, parts, staff, directory_id, do))


def _here(
    tx: Tx, parts: Parts, staff: Staff, directory_id: str, do: Callable[[Tx, Act, Directory], T]
) -> T | NotFound:
    act = begin(parts, staff.caller, staff.user)
    found = tx.directories.get(act.tenant.id, directory_id)
    return do(tx, act, found) if found else NotFound()
