"""Finding users: lists, searches, counts, and the words that searches go by.

Whatever there is to look through, one request looks at a bounded part of it, and the cursor
says where to go on.  A search reads the words that begin with its rarest term, in order,
and keeps whom the other terms and the filters let through.  Users who are not filed yet
(added a second ago, or by a server of the release before) are compared one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    and_,
    case,
    delete,
    func,
    or_,
    select,
    tuple_,
    union_all,
    update,
)

from keyturn.adapters.sql.accounts import USER
from keyturn.adapters.sql.rows import Repository, param
from keyturn.adapters.sql.schema import LOCKED_ONCE, lanes, users, words
from keyturn.ports.store import Page
from keyturn.rules import search
from keyturn.rules.accounts import User, UserState
from keyturn.rules.search import LAST, Term

#: the rule by which users are filed now; a later rule files all anew
RULE = 1
#: words that one search looks at, and users it compares who are not filed yet
WINDOW, UNFILED_MOST = 2_000, 500
#: words for each user of a page that are looked at first
SHORT = 6
#: as many words as this that a term begins are called many
MANY = 500
_ID = 26
_UNFILED = users.c.filed.is_(None)

#: what `users.save` adds to its statement: who is called otherwise now is filed anew
AGAIN = case(
    (
        and_(
            *(
                users.c[name].is_not_distinct_from(param("v_" + name))
                for name in ("name", "username", "email", "phone")
            )
        ),
        users.c.filed,
    )
)


@dataclass(frozen=True, slots=True)
class Sieve:
    """Which users a list is of."""

    tenant_id: str
    terms: tuple[Term, ...]
    state: UserState | None
    locked: int | None

    @property
    def narrow(self) -> bool:
        """Whether it lets through few of those whom the terms find."""
        return self.state is not None or self.locked is not None

    def clauses(self, whose: ColumnElement[str] = users.c.id) -> list[ColumnElement[bool]]:
        """What the row of a user must fulfil, words left aside.

        Args:
            whose: the user's id as it is known first, so that few rows of users are read.
        """
        kept = [users.c.tenant_id == self.tenant_id, users.c.id != self.tenant_id]
        if self.state is not None:
            kept.append(users.c.state == str(self.state))
        if self.locked is not None:
            kept.append(whose.in_(locked_now(self.tenant_id, self.locked)))
        return kept


class Finding(Repository):
    """What SqlUsers says of search and tally; and `file`."""

    def page(self, sieve: Sieve, after: str | None, limit: int) -> Page:
        """See ports.store.Users.search."""
        if sieve.terms:
            return self._search(sieve, after, limit)
        if sieve.locked is not None:
            return self._locked(sieve, after, limit)
        wanted = USER.select().where(*sieve.clauses())
        if after:
            wanted = wanted.where(users.c.id > after)
        return _page(self._users(wanted.order_by(users.c.id).limit(limit + 1)), limit)

    def tally(self, tenant_id: str, now: int, most: int) -> tuple[int, int]:
        """See ports.store.Users.tally."""
        everybody = select(users.c.id).where(
            users.c.tenant_id == tenant_id, users.c.id != tenant_id
        )
        locked = locked_now(tenant_id, now)
        return self._count(everybody, most + 1), self._count(locked, most + 1)

    def file(self, limit: int) -> int:
        """File at most so many users who are not; how many there were."""
        wanted = USER.select().where(_UNFILED).order_by(users.c.id).limit(limit)
        found = self._users(wanted.with_for_update(skip_locked=True))
        if not found:
            return 0
        ids = [user.id for user in found]
        self._c.execute(delete(words).where(words.c.user_id.in_(ids)))
        rows = [
            {"tenant_id": user.tenant_id, "word": word, "user_id": user.id}
            for user in found
            for word in search.words(user)
            if user.id != user.tenant_id  # the decoy is nobody
        ]
        if rows:
            self._c.execute(words.insert(), rows)
        self._c.execute(update(users).where(users.c.id.in_(ids)).values(filed=RULE))
        return len(found)

    def unfiled(self, most: int) -> bool:
        """See ports.store.Users.unfiled."""
        wanted = select(users.c.id).where(_UNFILED).order_by(users.c.id)
        return self._c.execute(wanted.offset(most).limit(1)).first() is not None

    def drop(self, tenant_id: str, user_id: str) -> None:
        """Nobody finds this user any more."""
        mine = words.c.tenant_id == tenant_id, words.c.user_id == user_id
        self._c.execute(delete(words).where(*mine))

    # -- lists

    def _users(self, wanted: Select[Any]) -> list[User]:
        return [USER.value(row) for row in self._c.execute(wanted)]

    def _locked(self, sieve: Sieve, after: str | None, limit: int) -> Page:
        """Begins with the few lanes that are locked, not with the many users."""
        locked = locked_now(sieve.tenant_id, sieve.locked or 0)
        if after:
            locked = locked.where(lanes.c.user_id > after)
        ids = self._c.execute(locked.order_by(lanes.c.user_id).limit(limit + 1)).scalars().all()
        page = self._of(ids[:limit], sieve)
        return Page(users=page, after=ids[limit - 1] if len(ids) > limit else None)

    def _of(self, ids: Sequence[str], sieve: Sieve) -> list[User]:
        """Those of these users whom the sieve lets through, in the order of `ids`."""
        wanted = USER.select().where(users.c.id.in_(ids), *sieve.clauses())
        found = {user.id: user for user in self._users(wanted)}
        return [found[user_id] for user_id in ids if user_id in found]

    def _count(self, wanted: Select[Any], most: int) -> int:
        counted = wanted.limit(most).subquery()
        return int(self._c.execute(select(func.count()).select_from(counted)).scalar_one())

    # -- searches

    def _search(self, sieve: Sieve, after: str | None, limit: int) -> Page:
        """First who is not filed yet, by id, then by word; the cursor is an id, or an id and
        the word.
        """
        if after and len(after) > _ID:
            return self._filed(sieve, after, limit)
        first = self.fresh(sieve, after or "")
        if len(first) >= limit:
            return Page(users=first[:limit], after=first[limit - 1].id)
        rest = self._filed(sieve, None, limit - len(first))
        return Page(users=[*first, *rest.users], after=rest.after)

    def _filed(self, sieve: Sieve, after: str | None, limit: int) -> Page:
        """A short window mostly fills a page; where it does not, a long one is looked through."""
        driver, others = self._rarest(sieve)
        looked = seen(sieve.tenant_id, driver, after)

        def within(window: int) -> Page:
            wanted = _sifted(sieve, looked.limit(window).cte("seen"), driver, others)
            rows = self._c.execute(wanted.limit(limit + 1)).all()
            found = [USER.value(row[1:]) for row in rows[:limit]]
            if len(rows) > limit:
                return Page(users=found, after=found[-1].id + rows[limit - 1][0])
            last = self._c.execute(looked.offset(window - 1).limit(1)).first()
            return Page(users=found, after=last[1] + last[0] if last else None)

        page = within(SHORT * limit)
        return page if page.after is None or len(page.users) == limit else within(WINDOW)

    def fresh(self, sieve: Sieve, after: str = "") -> list[User]:
        """Whom a search finds among those who are not filed yet."""
        wanted = USER.select().where(_UNFILED).order_by(users.c.id.desc()).limit(UNFILED_MOST)
        newest = [user for user in self._users(wanted) if user.id > after]
        theirs = sorted(user.id for user in newest if search.found(sieve.terms, user))
        return self._of(theirs, sieve) if theirs else []

    def _rarest(self, sieve: Sieve) -> tuple[Term, list[Term]]:
        """The term that begins the fewest words, and the others."""
        if len(sieve.terms) == 1:
            return sieve.terms[0], []
        ordered = sorted(sieve.terms, key=lambda term: self._weight(sieve.tenant_id, term))
        return ordered[0], ordered[1:]

    def _weight(self, tenant_id: str, term: Term) -> tuple[int, int]:
        those = seen(tenant_id, term, None)
        return self._count(those, MANY), -len(term.starts[0])


def _page(found: list[User], limit: int) -> Page:
    return Page(users=found[:limit], after=found[limit - 1].id if len(found) > limit else None)


def locked_now(tenant_id: str, now: int) -> Select[Any]:
    """The users who have a lane that is locked at `now`."""
    return (
        select(lanes.c.user_id)
        .distinct()
        .where(
            lanes.c.tenant_id == tenant_id,
            LOCKED_ONCE,
            lanes.c.locked_until > now,
            lanes.c.user_id.is_not(None),
        )
    )


def seen(tenant_id: str, term: Term, after: str | None) -> Select[Any]:
    """Words that a term begins, in order, each read from the index where it stands."""
    parts = []
    for start in term.starts:
        part = select(words.c.word, words.c.user_id).where(
            words.c.tenant_id == tenant_id, words.c.word >= start, words.c.word < start + LAST
        )
        if after:
            place = tuple_(words.c.word, words.c.user_id)
            part = part.where(place > tuple_(after[_ID:], after[:_ID]))
        ordered = part.order_by(words.c.word, words.c.user_id).limit(WINDOW).subquery()
        parts.append(select(ordered.c.word, ordered.c.user_id))
    every = union_all(*parts).subquery()
    return select(every.c.word, every.c.user_id).order_by(every.c.word, every.c.user_id)


def _sifted(sieve: Sieve, window: CTE, driver: Term, others: Sequence[Term]) -> Select[Any]:
    """Word and user, for the words of a window whose users the sieve lets through."""
    if sieve.narrow:
        window = _kept(sieve, window)
    return (
        select(window.c.word, *USER.columns)
        .join(users, users.c.id == window.c.user_id)
        # of the words that find a user, only the first, so that each comes once
        .where(
            *sieve.clauses(window.c.user_id),
            users.c.filed.is_not(None),
            window.c.word == _first(window, driver),
        )
        .where(*(_first(window, term).is_not(None) for term in others))
        .order_by(window.c.word, window.c.user_id)
    )


def _kept(sieve: Sieve, window: CTE) -> CTE:
    """The words of a window whose users have the state that is asked for.

    Few do, and a step of its own lets nobody else's words be read: PostgreSQL would compare
    the words of all before it asks who is locked.
    """
    kept = (
        select(window.c.word, window.c.user_id)
        .join(users, users.c.id == window.c.user_id)
        .where(*sieve.clauses(window.c.user_id))
    )
    return kept.cte("kept").prefix_with("MATERIALIZED")


def begins(word: ColumnElement[str], term: Term) -> ColumnElement[bool]:
    """Whether a term begins a word."""
    return or_(*(and_(word >= start, word < start + LAST) for start in term.starts))


def _first(window: CTE, term: Term) -> ColumnElement[str]:
    """The first word of the window's user that a term begins, or NULL.

    A value for each row, not a join, and the term is no condition: PostgreSQL, which guesses
    that few words begin with a term, would read all that do.
    """
    other = words.alias()
    those = case((begins(other.c.word, term), other.c.word))
    mine = select(func.min(those)).where(other.c.user_id == window.c.user_id)
    return mine.correlate(window).scalar_subquery()
