"""Users in the order that somebody asks for, filtered by whatever hangs on them.

Two ways, and each reads a bounded part of what there is:

* A filter that few pass (who is locked, staff, a search for a name) gives its users, and those
  are sorted.
* Else a list is *walked* in its order, by the index that has it, a window at a time; whom the
  filters let through is shown, and the cursor says where to go on.

By last sign-in, those who have signed in are walked by their browsers, and then who never has,
by account.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    String,
    Table,
    and_,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
)

from keyturn.adapters.sql.accounts import USER
from keyturn.adapters.sql.directory_tables import linked_accounts
from keyturn.adapters.sql.finding import Finding, Sieve, begins, locked_now, seen
from keyturn.adapters.sql.phone_tables import ACTIVE, phones
from keyturn.adapters.sql.rows import Repository
from keyturn.adapters.sql.schema import (
    LOCKED_ONCE,
    clients,
    factors,
    lanes,
    passkeys,
    roles,
    users,
    words,
)
from keyturn.ports.rooms import Listed
from keyturn.rules import search
from keyturn.rules.search import Term
from keyturn.rules.user_lists import (
    ANY_ROLE,
    NO_DIRECTORY,
    Enrolment,
    Filter,
    Sort,
    cursor,
    place,
)

#: as many as this are sorted; more are walked
FEW: Final = 1_000
#: of a walk, looked at for each row of a page; and where that does not fill it, in all
SHORT: Final = 6
WINDOW: Final = 10_000
#: before the first and behind the last of all ids
_FIRST, _LAST = "0" * 26, "z" * 26

Clauses = list[ColumnElement[bool]]
#: a place in an order: the key and the user's id
Place = tuple[Any, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """One list of one tenant, at a moment."""

    tenant_id: str
    wanted: Filter
    now: int

    @property
    def terms(self) -> tuple[Term, ...]:
        """What is searched for."""
        return search.terms(self.wanted.query)

    @property
    def sieve(self) -> Sieve:
        """For lists that need no more."""
        locked = self.now if self.wanted.only_locked else None
        return Sieve(self.tenant_id, self.terms, self.wanted.state, locked)

    def has(self, table: Table, *which: Any) -> ColumnElement[bool]:
        """Whether a user has a row of this table in this tenant."""
        theirs = table.c.user_id == users.c.id, table.c.tenant_id == self.tenant_id
        return exists().where(*theirs, *which)


class Listing(Repository):
    """What SqlUsers says of `table`."""

    def page(self, asked: Asked, after: str | None, limit: int, most: int) -> Listed:
        """See ports.rooms.Users.table."""
        if asked.wanted.query and not asked.terms:
            return Listed([], None, 0)
        finding = Finding(self._c, self._dialect, writing=self._writing)
        fresh = [user.id for user in finding.fresh(asked.sieve)] if asked.terms else []
        few, clauses = self._few(asked, fresh), _clauses(asked, fresh)
        if asked.wanted.plain:
            page = finding.page(asked.sieve, after, limit)
            listed = Listed(page.users, page.after, None)
        elif few is not None:
            listed = self._sorted(asked, [users.c.id.in_(few), *clauses], after, limit)
        else:
            listed = self._walked(asked, clauses, after, limit)
        if not most:
            return listed
        total = self._total(asked, few, clauses, most)
        if total is None and not after and listed.after is None:
            total = len(listed.users)
        return Listed(listed.users, listed.after, total)

    def _total(
        self, asked: Asked, few: Sequence[str] | None, clauses: Clauses, most: int
    ) -> int | None:
        """How many users there are in all, where that costs little."""
        wanted = asked.wanted
        if few is not None:
            return self._count(select(users.c.id).where(users.c.id.in_(few), *clauses), most)
        if wanted.plain and not wanted.query and not wanted.only_locked:
            return self._count(select(users.c.id).where(*clauses), most)
        return None

    def _count(self, those: Select[Any], most: int) -> int:
        counted = select(func.count()).select_from(those.limit(most + 1).subquery())
        return int(self._c.execute(counted).scalar_one())

    # -- few

    def _few(self, asked: Asked, fresh: Sequence[str]) -> list[str] | None:
        """The users whom the narrowest of the filters lets through, or None if they are many."""
        for those, more in _narrow(asked, fresh):
            found = {row[0] for row in self._c.execute(those.limit(FEW + 1))}
            if len(found) <= FEW:
                return sorted(found.union(more))
        return None

    def _sorted(self, asked: Asked, clauses: Clauses, after: str | None, limit: int) -> Listed:
        """All of these users, in order."""
        key, down = _key(asked), asked.wanted.down
        wanted = select(null() if key is None else key, *USER.columns).where(*clauses)
        if after:
            wanted = wanted.where(_behind(key, users.c.id, _read(asked, after), down=down))
        if key is not None:
            wanted = wanted.order_by(key.is_(None))
        order = _ordered(key, users.c.id, down=down)
        rows = self._c.execute(wanted.order_by(*order).limit(limit + 1)).all()
        return _page(rows, limit)

    # -- many

    def _walked(self, asked: Asked, clauses: Clauses, after: str | None, limit: int) -> Listed:
        """A page of a walk; by last sign-in, of two."""
        at = _read(asked, after) if after else None
        if asked.wanted.sort is not Sort.SIGNIN:
            return self._through(asked, _Walk(asked, at), clauses, limit)
        if at is not None and at[0] is None:
            return self._through(asked, _Strangers(asked, at), clauses, limit)
        page = self._through(asked, _Browsers(asked, at), clauses, limit)
        if page.after is not None:
            return page
        start = None, _LAST if asked.wanted.down else _FIRST
        left = limit - len(page.users)
        if not left:
            return Listed(page.users, cursor(start[1], None), None)
        rest = self._through(asked, _Strangers(asked, start), clauses, left)
        return Listed([*page.users, *rest.users], rest.after, None)

    def _through(self, asked: Asked, walk: _Walk, clauses: Clauses, limit: int) -> Listed:
        """A short window mostly fills a page; where it does not, a long one is looked through."""
        window, down = walk.window(), asked.wanted.down

        def within(size: int) -> Listed:
            part = window.limit(size).cte("part")
            wanted = (
                select(part.c.key, *USER.columns)
                .join(users, users.c.id == part.c.id)
                .where(*clauses, *walk.clauses(part))
                .order_by(*_ordered(part.c.key, part.c.id, down=down))
            )
            page = _page(self._c.execute(wanted.limit(limit + 1)).all(), limit)
            if page.after is not None:
                return page
            last = self._c.execute(window.offset(size - 1).limit(1)).first()
            return Listed(page.users, cursor(last.id, last.key) if last else None, None)

        page = within(SHORT * limit)
        return page if page.after is None or len(page.users) == limit else within(WINDOW)


class _Walk:
    """Users and keys in an order, as an index has them, from a place on."""

    def __init__(self, asked: Asked, at: Place | None) -> None:
        self._asked, self._at = asked, at

    def window(self) -> Select[Any]:
        """All of them: `id` and `key`."""
        match self._asked.wanted.sort:
            case Sort.NAME:
                return self._from(users.c.name, users.c.id, users.c.tenant_id)
            case Sort.LOCK:
                each = _ends(self._asked).group_by(lanes.c.user_id).subquery()
                return self._cut(select(each.c.id, each.c.key), each.c.key, each.c.id)
            case _:
                return self._from(None, users.c.id, users.c.tenant_id)

    def clauses(self, part: CTE) -> Clauses:
        """What a part of it lets through, besides the filters."""
        del part
        return []

    def _from(self, key: Any, user_id: Any, tenant_id: Any) -> Select[Any]:
        named = literal(None, String) if key is None else key
        those = select(user_id.label("id"), named.label("key"))
        return self._cut(those.where(tenant_id == self._asked.tenant_id), key, user_id)

    def _cut(self, those: Select[Any], key: Any, user_id: Any) -> Select[Any]:
        down = self._asked.wanted.down
        if self._at is not None:
            those = those.where(_place(key, user_id, self._at, down=down))
        return those.order_by(*_ordered(key, user_id, down=down))


class _Browsers(_Walk):
    """Who has signed in, by the browser that they last did it with."""

    def window(self) -> Select[Any]:
        """See _Walk."""
        those = self._from(clients.c.seen_at, clients.c.user_id, clients.c.tenant_id)
        return those.distinct()

    def clauses(self, part: CTE) -> Clauses:
        """Only the last browser of each counts."""
        later = select(clients.c.id).where(
            clients.c.user_id == part.c.id,
            clients.c.tenant_id == self._asked.tenant_id,
            clients.c.seen_at > part.c.key,
        )
        return [~later.exists()]


class _Strangers(_Walk):
    """Who never signed in."""

    def window(self) -> Select[Any]:
        """See _Walk."""
        return self._from(None, users.c.id, users.c.tenant_id)

    def clauses(self, part: CTE) -> Clauses:
        """See _Walk."""
        del part
        return [~self._asked.has(clients)]


# -- filters


def _narrow(asked: Asked, fresh: Sequence[str]) -> Iterator[tuple[Select[Any], Sequence[str]]]:
    """The filters that an index tells, each with whom to add, the cheapest first."""
    wanted, tenant_id = asked.wanted, asked.tenant_id
    if wanted.only_locked:
        yield locked_now(tenant_id, asked.now), ()
    if wanted.role:
        yield select(roles.c.user_id).where(*_role(asked)), ()
    for term in asked.terms:
        those = seen(tenant_id, term, None).subquery()
        yield select(those.c.user_id), fresh
    if wanted.directory and wanted.directory != NO_DIRECTORY:
        yield select(linked_accounts.c.user_id).where(*_directory(asked)), ()
    if wanted.state is not None:
        here = users.c.tenant_id == tenant_id, users.c.state == str(wanted.state)
        yield select(users.c.id).where(*here), ()
    if wanted.enrolment is Enrolment.APP:
        yield select(phones.c.user_id).where(phones.c.tenant_id == tenant_id, ACTIVE), ()


def _clauses(asked: Asked, fresh: Sequence[str]) -> Clauses:
    """What the row of a user must fulfil."""
    wanted = asked.wanted
    kept: Clauses = [users.c.tenant_id == asked.tenant_id, users.c.id != asked.tenant_id]
    if wanted.state is not None:
        kept.append(users.c.state == str(wanted.state))
    if wanted.only_locked:
        kept.append(users.c.id.in_(locked_now(asked.tenant_id, asked.now)))
    if wanted.enrolment is not None:
        kept.append(_enrolled(asked, wanted.enrolment))
    if wanted.directory == NO_DIRECTORY:
        kept.append(~asked.has(linked_accounts))
    elif wanted.directory:
        kept.append(asked.has(linked_accounts, *_directory(asked)))
    if wanted.role:
        kept.append(asked.has(roles, *_role(asked)))
    kept.extend(_found(term, fresh) for term in asked.terms)
    return kept


def _enrolled(asked: Asked, wanted: Enrolment) -> ColumnElement[bool]:
    app = asked.has(phones, ACTIVE)
    second = or_(
        app,
        asked.has(factors, factors.c.kind == "totp"),
        asked.has(passkeys, passkeys.c.cloned_at.is_(None)),
    )
    return {
        Enrolment.APP: app, Enrolment.NO_APP: ~app,
        Enrolment.SECOND: second, Enrolment.NO_SECOND: ~second,
    }[wanted]  # fmt: skip


def _role(asked: Asked) -> Clauses:
    here = roles.c.tenant_id == asked.tenant_id
    return [here] if asked.wanted.role == ANY_ROLE else [here, roles.c.role == asked.wanted.role]


def _directory(asked: Asked) -> Clauses:
    return [
        linked_accounts.c.directory_id == asked.wanted.directory,
        linked_accounts.c.tenant_id == asked.tenant_id,
    ]


def _found(term: Term, fresh: Sequence[str]) -> ColumnElement[bool]:
    """Whom a term finds: by their words, or as somebody who is not filed yet."""
    filed = exists().where(words.c.user_id == users.c.id, begins(words.c.word, term))
    return or_(and_(users.c.filed.is_not(None), filed), users.c.id.in_(fresh))


# -- orders


def _ends(asked: Asked) -> Select[Any]:
    """Who is locked, and until when."""
    return select(
        lanes.c.user_id.label("id"), func.max(lanes.c.locked_until).label("key")
    ).where(
        lanes.c.tenant_id == asked.tenant_id, LOCKED_ONCE, lanes.c.locked_until > asked.now,
        lanes.c.user_id.is_not(None),
    )  # fmt: skip


def _key(asked: Asked) -> Any:
    """By what a user is sorted; None: by the id alone."""
    match asked.wanted.sort:
        case Sort.NAME:
            return users.c.name
        case Sort.SIGNIN:
            last = select(func.max(clients.c.seen_at)).where(
                clients.c.user_id == users.c.id, clients.c.tenant_id == asked.tenant_id
            )
            return last.scalar_subquery()
        case Sort.LOCK:
            ends = _ends(asked).where(lanes.c.user_id == users.c.id)
            return ends.with_only_columns(func.max(lanes.c.locked_until)).scalar_subquery()
        case _:
            return None


def _ordered(key: Any, user_id: Any, *, down: bool) -> list[Any]:
    columns = [user_id] if key is None else [key, user_id]
    return [column.desc() for column in columns] if down else columns


def _behind(key: Any, user_id: Any, at: Place, *, down: bool) -> ColumnElement[bool]:
    """What stands behind a place where those without a key come last."""
    if key is None:
        return _place(None, user_id, at, down=down)
    if at[0] is None:
        return and_(key.is_(None), _place(None, user_id, at, down=down))
    return or_(_place(key, user_id, at, down=down), key.is_(None))


def _place(key: Any, user_id: Any, at: Place, *, down: bool) -> ColumnElement[bool]:
    """What stands behind a place, as an index reads it."""
    here, there = (user_id, at[1]) if key is None else (tuple_(key, user_id), tuple_(*at))
    behind: ColumnElement[bool] = here < there if down else here > there
    return behind


def _read(asked: Asked, after: str) -> Place:
    user_id, key = place(after)
    if not key:
        return None, user_id
    return (key if asked.wanted.sort is Sort.NAME else int(key)), user_id


def _page(rows: Sequence[Any], limit: int) -> Listed:
    """Rows of a key and a user; the last is there to tell that there are more."""
    found = [USER.value(row[1:]) for row in rows[:limit]]
    after = cursor(found[-1].id, rows[limit - 1][0]) if len(rows) > limit else None
    return Listed(found, after, None)
