"""What every store promises of lists of users (ports.rooms.Users.table): each filter and each
order, page by page, whether few are sorted or many are walked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from keyturn.adapters.memory_secrets import START as NOW
from keyturn.adapters.sql import SqlStore, listing
from keyturn.ports.store import Tx
from keyturn.rules import phone_app
from keyturn.rules.accounts import (
    Client,
    Factor,
    FactorKind,
    Passkey,
    Role,
    User,
    UserState,
)
from keyturn.rules.binding import Rows
from keyturn.rules.directories.things import LinkedAccount
from keyturn.rules.lockout import MINUTE, Lane
from keyturn.rules.user_lists import ANY_ROLE, NO_DIRECTORY, Enrolment, Filter, Sort
from tests.unit.adapters.stores import new_id, read, write

PEOPLE = 28
STATES = (UserState.ACTIVE, UserState.ACTIVE, UserState.DISABLED, UserState.INVITED)
OFFICE, MILL = new_id(), new_id()


@dataclass(frozen=True)
class Known:
    """Somebody, and what a list may be filtered and sorted by."""

    user: User
    locked: int | None
    seen: int | None
    app: bool
    second: bool
    directory: str
    role: Role | None


def person(tenant: str, number: int) -> Known:
    user = User(
        id=new_id(), tenant_id=tenant, state=STATES[number % len(STATES)],
        # the same name twice, and names not in the order of accounts
        name=f"Person {number * 7 % 20:02}", username=f"user{number}",
        email=f"user{number}@t.test", phone=None, phone_verified_at=None, password_hash=None,
        password_set_at=None, epoch=0, frozen_at=None, timezone=None, created_at=NOW,
    )  # fmt: skip
    return Known(
        user,
        locked=NOW + (number % 9 + 1) * MINUTE if number % 5 == 1 else None,
        seen=NOW - number % 6 * MINUTE if number % 3 else None,
        app=number % 4 == 0, second=number % 4 == 0 or number % 7 in {1, 2},
        directory=("", OFFICE, MILL)[number % 3],
        role={3: Role.TECHNICIAN, 4: Role.OWNER}.get(number),
    )  # fmt: skip


def put(tx: Tx, known: Known, number: int) -> None:
    user = known.user
    tx.users.add(user, [user.email])
    _lock(tx, known, number)
    for seen in () if known.seen is None else (known.seen, known.seen - MINUTE, known.seen):
        tx.clients.add(
            Client(new_id(), user.tenant_id, user.id, "d" * 43, None, "F", "::1", NOW, seen, False)
        )
    _enrol(tx, known, number)
    if known.directory:
        guid = f"{new_id():0>32}"
        tx.directories.link(
            LinkedAccount(user.tenant_id, known.directory, user.id, guid, user.name, "", NOW)
        )
    if known.role:
        tx.roles.grant(user.tenant_id, user.id, known.role)


def _lock(tx: Tx, known: Known, number: int) -> None:
    """Some have a lock that is over."""
    tenant, user_id = known.user.tenant_id, known.user.id
    ends = {f"u:{user_id}": known.locked or NOW}
    if known.locked:
        ends[f"2:{user_id}"] = NOW + 1
    for key, until in ends.items() if known.locked or number % 2 else ():
        tx.lanes.lock(tenant, key, NOW)
        tx.lanes.save(tenant, key, Lane(locked_until=until), user_id)


def _enrol(tx: Tx, known: Known, number: int) -> None:
    """Recovery codes are no second step of their own, nor is a passkey that was cloned."""
    user, tenant = known.user, known.user.tenant_id
    tx.factors.add(Factor(new_id(), tenant, user.id, FactorKind.RECOVERY, "s", None, NOW))
    if known.app:
        phone = phone_app.bound(new_id(), tenant, user.id, "key", "Chrome", NOW)
        tx.phones.save(Rows(user), Rows(user, phones=(phone,)))
    if number % 7 == 1:
        tx.factors.add(Factor(new_id(), tenant, user.id, FactorKind.TOTP, "s", None, NOW))
    if number % 7 in {2, 3}:
        cloned = NOW if number % 7 == 3 else None
        tx.passkeys.add(
            Passkey(
                new_id(), tenant, user.id, new_id(), "k", 0, "n", "a", "usb", False, NOW, None,
                cloned,
            )
        )  # fmt: skip


@pytest.fixture(scope="module")
def crowd(store: SqlStore) -> list[Known]:
    """So many people, and as many of another tenant."""
    here, there = new_id(), new_id()
    people = [person(here, number) for number in range(PEOPLE)]
    for number, known in enumerate(people):
        write(store, lambda tx, k=known, n=number: put(tx, k, n))
        other = replace(person(there, number), directory="")
        write(store, lambda tx, k=other, n=number: put(tx, k, n))
    while write(store, lambda tx: tx.users.file(100)):
        pass
    renamed = replace(people[8].user, username="other8")  # not filed yet
    write(store, lambda tx: tx.users.save(renamed))
    people[8] = replace(people[8], user=renamed)
    return people


@pytest.fixture(params=["few", "many", "far"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whether a list is sorted, walked, or walked in windows shorter than what is wanted."""
    way: str = request.param
    if way != "few":
        monkeypatch.setattr(listing, "FEW", 0)
    if way == "far":
        monkeypatch.setattr(listing, "SHORT", 1)
        monkeypatch.setattr(listing, "WINDOW", 5)
    return way


def passes(wanted: Filter, known: Known) -> bool:
    """What a filter says of somebody, said once more."""
    user = known.user
    role: dict[str, bool] = {"": True, ANY_ROLE: known.role is not None}
    directory = {"": True, NO_DIRECTORY: not known.directory}
    enrolled: dict[Enrolment | None, bool] = {
        None: True, Enrolment.APP: known.app, Enrolment.NO_APP: not known.app,
        Enrolment.SECOND: known.second, Enrolment.NO_SECOND: not known.second,
    }  # fmt: skip
    names = f"{user.name} {user.email} {user.username} t.test".lower().split()
    return (
        wanted.state in {None, user.state}
        and (not wanted.only_locked or known.locked is not None)
        and enrolled[wanted.enrolment]
        and directory.get(wanted.directory, known.directory == wanted.directory)
        and role.get(wanted.role, known.role == wanted.role)
        and all(any(name.startswith(t) for name in names) for t in wanted.query.lower().split())
    )


def place(wanted: Filter, known: Known) -> tuple[Any, ...]:
    key = {
        None: 0, Sort.CREATED: 0, Sort.NAME: known.user.name, Sort.SIGNIN: known.seen,
        Sort.LOCK: known.locked,
    }[wanted.sort]  # fmt: skip
    return key, known.user.id


def expected(wanted: Filter, people: list[Known]) -> list[str]:
    those = [known for known in people if passes(wanted, known)]
    last = [known for known in those if place(wanted, known)[0] is None]
    first = [known for known in those if known not in last]
    order: Callable[[Known], Any] = lambda known: place(wanted, known)  # noqa: E731
    by_id: Callable[[Known], str] = lambda known: known.user.id  # noqa: E731
    ordered = [
        *sorted(first, key=order, reverse=wanted.down),
        *sorted(last, key=by_id, reverse=wanted.down),
    ]
    return [known.user.id for known in ordered]


def pages(store: SqlStore, tenant: str, wanted: Filter, limit: int) -> Iterator[Any]:
    after: str | None = None
    for _ in range(4 * PEOPLE):
        asked = (tenant, wanted, NOW, after, limit, 1_000)
        page = read(store, lambda tx, asked=asked: tx.users.table(*asked))
        assert len(page.users) <= limit
        yield page
        after = page.after
        if after is None:
            return
    raise AssertionError(wanted)


FILTERS = (
    Filter(), Filter(state=UserState.DISABLED), Filter(state=UserState.UNVERIFIED),
    Filter(locked=True), Filter(enrolment=Enrolment.APP), Filter(enrolment=Enrolment.NO_APP),
    Filter(enrolment=Enrolment.SECOND), Filter(enrolment=Enrolment.NO_SECOND),
    Filter(directory=OFFICE), Filter(directory=MILL, locked=True), Filter(directory=NO_DIRECTORY),
    Filter(role=ANY_ROLE), Filter(role="technician"), Filter(role="auditor"),
    Filter(query="person"), Filter(query="user1", enrolment=Enrolment.SECOND),
    Filter(query="other8"), Filter(query="nobody", locked=True), Filter(query="person user2"),
    Filter(query="t.test", directory=OFFICE, state=UserState.ACTIVE),
)  # fmt: skip


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("sort", list(Sort))
def test_each_user_stands_once_where_they_belong(
    store: SqlStore, crowd: list[Known], way: str, sort: Sort, down: bool
) -> None:
    tenant = crowd[0].user.tenant_id
    for plain in FILTERS:
        wanted = replace(plain, sort=sort, down=down)
        ids = [user.id for page in pages(store, tenant, wanted, 5) for user in page.users]
        assert ids == expected(wanted, crowd), (way, wanted)


@pytest.mark.parametrize("wanted", FILTERS)
def test_without_an_order_each_is_found_once_and_counted_where_it_is_cheap(
    store: SqlStore, crowd: list[Known], way: str, wanted: Filter
) -> None:
    tenant, those = crowd[0].user.tenant_id, expected(wanted, crowd)
    found = list(pages(store, tenant, wanted, 5))
    assert sorted(user.id for page in found for user in page.users) == sorted(those)
    totals = {page.total for page in found}
    assert totals <= {len(those), None}
    if way == "few" and wanted.query:
        assert totals == {len(those)}
    (whole,) = list(pages(store, tenant, wanted, 100)) if way != "far" else [found[0]]
    assert way == "far" or whole.total == len(those)


def test_nobody_counts_unless_asked_and_not_beyond_what_is_asked(
    store: SqlStore, crowd: list[Known]
) -> None:
    tenant = crowd[0].user.tenant_id
    wanted = Filter(role=ANY_ROLE)
    page = read(store, lambda tx: tx.users.table(tenant, wanted, NOW, None, 9))
    assert (len(page.users), page.total) == (2, None)
    page = read(store, lambda tx: tx.users.table(tenant, Filter(), NOW, None, 9, 10))
    assert page.total == 11


def test_signs_alone_find_nobody(store: SqlStore, crowd: list[Known]) -> None:
    tenant = crowd[0].user.tenant_id
    page = read(store, lambda tx: tx.users.table(tenant, Filter(query="()"), NOW, None, 9, 9))
    assert (list(page.users), page.after, page.total) == ([], None, 0)


def test_another_tenants_directory_role_and_cursor_show_nobody_of_theirs(
    store: SqlStore, crowd: list[Known]
) -> None:
    stranger = new_id()
    for wanted in (Filter(directory=OFFICE), Filter(role=ANY_ROLE), Filter(sort=Sort.LOCK),
                   Filter(sort=Sort.SIGNIN), Filter(sort=Sort.NAME)):  # fmt: skip
        page = read(store, lambda tx, w=wanted: tx.users.table(stranger, w, NOW, None, 99, 9))
        assert (list(page.users), page.total) == ([], 0)
    after = crowd[0].user.id + "A"
    page = read(store, lambda tx: tx.users.table(stranger, Filter(sort=Sort.NAME), NOW, after, 99))
    assert list(page.users) == []
