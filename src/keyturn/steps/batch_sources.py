"""What the people of a batch come from: each source makes rows, the rest is the same for all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from keyturn.ports.store import Tx
from keyturn.rules.accounts import User, UserState
from keyturn.rules.batches import MOST, Batch, Means, Row
from keyturn.rules.directories.known import Known
from keyturn.rules.people_csv import Line
from keyturn.rules.user_lists import Filter
from keyturn.steps.acts import Act
from keyturn.steps.meanings import portions

#: accounts, and users, read in one statement
_PAGE: Final = 500
#: what separates the parts of a distinguished name: no comma that belongs to one (RFC 4514 §2.4)
_COMMA: Final = re.compile(r"(?<!\\),")


class TooMany(Exception):
    """More people than a batch may have (rules.batches.MOST)."""


@dataclass(frozen=True, slots=True)
class Place:
    """An OU or a group of a directory, as far as it was read.

    Attributes:
        people: accounts in or below it.
    """

    name: str
    people: int


def of_lines(batch: Batch, lines: Sequence[Line]) -> tuple[Row, ...]:
    """The people of a file."""
    return tuple(
        Row(batch.id, batch.tenant_id, line.number, line.name, line.email, line.phone,
            line.account)
        for line in lines
    )  # fmt: skip


def of_search(
    tx: Tx, act: Act, batch: Batch, query: str, state: UserState | None
) -> tuple[Row, ...]:  # fmt: skip
    """The users whom a search finds. Raises TooMany."""
    return of_list(tx, act, batch, Filter(query, state))


def of_list(tx: Tx, act: Act, batch: Batch, wanted: Filter) -> tuple[Row, ...]:
    """The users of a list. Raises TooMany."""
    found: list[User] = []
    after: str | None = None
    while True:
        page = tx.users.table(act.tenant.id, wanted, act.now, after, _PAGE)
        found.extend(page.users)
        if len(found) > MOST:
            raise TooMany
        if page.after is None:
            return of_users(batch, found)
        after = page.after


def of_users(batch: Batch, users: Sequence[User]) -> tuple[Row, ...]:
    """These users."""
    return tuple(
        Row(batch.id, batch.tenant_id, number, user.name, user.email, user_id=user.id)
        for number, user in enumerate(users, 1)
    )


def of_unit(tx: Tx, batch: Batch, directory_id: str, unit: str) -> tuple[Row, ...]:
    """The accounts in or below an OU. Raises TooMany."""
    wanted = _path(unit)
    accounts = _accounts(tx, batch.tenant_id, directory_id)
    return _rows(tx, batch, directory_id, (one for one in accounts if _below(one, wanted)))


def of_group(tx: Tx, batch: Batch, directory_id: str, group: str) -> tuple[Row, ...]:
    """The accounts in a group, one of those that are read. Raises TooMany."""
    wanted = _path(group)
    accounts = _accounts(tx, batch.tenant_id, directory_id)
    within = (one for one in accounts if wanted in map(_path, one.entry.groups))
    return _rows(tx, batch, directory_id, within)


def _accounts(tx: Tx, tenant_id: str, directory_id: str) -> Iterator[Known]:
    """Everybody who is in a directory, by name."""
    last: Known | None = None
    while True:
        page = tx.syncs.listed(tenant_id, directory_id, "", last, _PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        last = page[-1]


def _rows(tx: Tx, batch: Batch, directory_id: str, found: Iterator[Known]) -> tuple[Row, ...]:
    accounts: list[Known] = []
    for one in found:
        accounts.append(one)
        if len(accounts) > MOST:
            raise TooMany
    users = _owners(tx, batch.tenant_id, directory_id, accounts)
    return tuple(
        _row(batch, number, one, users.get(one.entry.id)) for number, one in enumerate(accounts, 1)
    )


def _owners(
    tx: Tx, tenant_id: str, directory_id: str, accounts: Sequence[Known]
) -> Mapping[str, User]:
    """Whose accounts are, by account."""
    found: dict[str, User] = {}
    for some in portions(accounts):
        ids = [one.entry.id for one in some]
        links = tx.directories.holders(tenant_id, directory_id, ids)
        users = {u.id: u for u in tx.users.some(tenant_id, [link.user_id for link in links])}
        found.update(
            (link.guid, users[link.user_id]) for link in links if link.user_id in users
        )  # fmt: skip
    return found


def _row(batch: Batch, number: int, one: Known, user: User | None) -> Row:
    """Name and address are those that are written to."""
    entry = one.entry
    if user is None:
        return Row(
            batch.id, batch.tenant_id, number, entry.display or entry.name, entry.mail,
            account=entry.name, means=Means.UNCLEAR,
        )  # fmt: skip
    return Row(
        batch.id, batch.tenant_id, number, user.name, user.email, account=entry.name,
        user_id=user.id,
    )  # fmt: skip


# -- what there is to choose


def units(tx: Tx, tenant_id: str, directory_id: str) -> tuple[Place, ...]:
    """The OUs in which accounts are, and those above them, below the domain itself."""
    counted: Counter[str] = Counter()
    for one in _accounts(tx, tenant_id, directory_id):
        counted.update(_above(one.entry.unit))
    return _places(counted)


def groups(tx: Tx, tenant_id: str, directory_id: str) -> tuple[Place, ...]:
    """The groups that are read: others the directory was not asked for."""
    sync = tx.syncs.get(tenant_id, directory_id)
    counted = Counter(dict.fromkeys(sync.scope.groups if sync else (), 0))
    if counted:
        for one in _accounts(tx, tenant_id, directory_id):
            counted.update(one.entry.groups)
    return _places(counted)


def _places(counted: Counter[str]) -> tuple[Place, ...]:
    """In the order of the tree, what is above first."""
    ordered = sorted(counted.items(), key=lambda one: _path(one[0])[::-1])
    return tuple(Place(name, people) for name, people in ordered)


def chosen(places: Sequence[Place], typed: str) -> str | None:
    """Which of these somebody means: by the distinguished name, or by its first value ("Staff"
    for OU=Staff,…) where only one has it. None: no one.
    """
    same = [one.name for one in places if _path(one.name) == _path(typed)]
    short = [one.name for one in places if _value(one.name) == typed.strip().casefold()]
    found = same or short
    return found[0] if len(found) == 1 else None


def _value(name: str) -> str:
    return _path(name)[0].partition("=")[2]


def _path(name: str) -> tuple[str, ...]:
    """A distinguished name for comparing, as far as can be without its directory: without regard
    to case and to spaces around its parts.
    """
    parts = (part.partition("=") for part in _COMMA.split(name))
    return tuple(f"{a.strip()}{b}{c.strip()}".casefold() for a, b, c in parts)


def _below(one: Known, unit: tuple[str, ...]) -> bool:
    return _path(one.entry.unit)[-len(unit) :] == unit


def _above(unit: str) -> Iterator[str]:
    """An OU and what holds it, without the domain; a machine without a domain has none."""
    parts = _COMMA.split(unit)
    for at, part in enumerate(parts):
        if not part or part.strip().casefold().startswith(("dc=", "o=")):
            return
        yield ",".join(parts[at:])
