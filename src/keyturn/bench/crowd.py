"""A tenant that has grown: accounts, attempts and audit rows in any number, made in SQL.

The database itself makes the rows (PostgreSQL from generate_series, SQLite from a recursive
query), without the tables' further indexes, which are built afterwards, just as the
migrations define them: `load` ends with the very catalogue that it began with, or raises.
All accounts share one hash; nothing else about them is alike.
"""

# ruff: noqa: S608  statements are made of this file's own words and of numbers
from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Table, create_engine, select, text
from sqlalchemy.pool import StaticPool

from keyturn.adapters.sql import schema
from keyturn.adapters.sql.accounts import USER
from keyturn.bench.people import Town
from keyturn.rules import search

FIRST = (
    "Ada", "Alan", "Barbara", "Bjarne", "Claude", "Dana", "Dennis", "Donald", "Edith", "Edsger",
    "Fatima", "Frances", "Grace", "Guido", "Hedy", "Heinz", "Ibrahim", "Ingrid", "Jean", "John",
    "Karen", "Katherine", "Ken", "Leslie", "Linus", "Margaret", "Mary", "Niklaus", "Olga", "Peter",
    "Radia", "Robin",
)  # fmt: skip
_SYLLABLES = ("bar", "den", "fal", "gor", "hul", "ker", "lin", "mor", "nas", "pel")
_ENDS = ("by", "sen", "ton", "wall")
LAST = tuple(f"{a}{b}{c}".title() for a in _SYLLABLES for b in _SYLLABLES for c in _ENDS)
DOMAIN = "northwind.test"
SAMPLE = 25
_CATALOGUE = {
    "sqlite": "select name, sql from sqlite_master where sql is not null",
    "postgresql": "select indexname, indexdef from pg_indexes where schemaname = 'public'",
}


class NotAsBefore(Exception):
    """What was loaded is not what the application would have stored. Our fault."""


class NoRoom(Exception):
    """The disk is too small.

    Attributes:
        wanted, free: in GiB.
    """

    def __init__(self, wanted: int, free: int) -> None:
        super().__init__(wanted, free)
        self.wanted, self.free = wanted, free


@dataclass(frozen=True, slots=True)
class Person:
    """One of the crowd, by number from 1."""

    number: int

    @property
    def first(self) -> str:
        return FIRST[self.number % len(FIRST)]

    @property
    def last(self) -> str:
        return LAST[self.number * 7 % len(LAST)]

    @property
    def username(self) -> str:
        return f"{self.first}{self.number}".lower()

    @property
    def email(self) -> str:
        return f"{self.first}.{self.last}{self.number}@{DOMAIN}".lower()

    @property
    def phone(self) -> str:
        """Those with an even number have one."""
        return f"+447{self.number:09d}"

    @property
    def id(self) -> str:
        return row_id(self.number)

    @property
    def usual(self) -> bool:
        """Active and not locked."""
        return self.number % 100 < 98 and self.number % 500 != 7  # noqa: PLR2004  see _USERS


def row_id(number: int) -> str:
    """The id of a row that was made: in order, and before any id that is made now."""
    return f"01k{number:023d}"


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the two databases spell differently."""

    name: str

    def numbers(self, count: int) -> str:
        """A table `s` of the numbers from 1 to `count` in its column n."""
        if self.name == "sqlite":
            every = f"select 1 union all select n + 1 from s where n < {count}"
            return f"with recursive s(n) as ({every})"
        return f"with s(n) as (select generate_series(1::bigint, {count}))"

    def padded(self, number: str, size: int) -> str:
        """A number with zeros in front."""
        if self.name == "sqlite":
            return f"printf('%0{size}d', {number})"
        return f"lpad(({number})::text, {size}, '0')"

    def points(self, column: str) -> str:
        """A column in the order of code points."""
        return column if self.name == "sqlite" else f'{column} collate "C"'

    def id(self, number: str) -> str:
        """As row_id()."""
        return f"'01k' || {self.padded(number, 23)}"


def load(url: str, accounts: int, rows: int, say: Callable[[str], None]) -> None:
    """Fill an empty database.

    Args:
        accounts: users; half of them with a phone number, one message each.
        rows: of lanes, and as many of the audit trail.
        say: is told which table is full, for whoever watches.

    Raises NotAsBefore.
    """
    town = Town(url)
    values = {"t": town.tenant.id, "hash": town.encoded, "now": town.tenant.created_at}
    town.close()
    with _opened(url) as connection:
        before, told = _catalogue(connection), _statistics(connection)
        dialect = Dialect(connection.dialect.name)
        _names(connection)
        for table, statements in _statements(dialect, accounts, rows).items():
            began = time.monotonic()
            _fill(connection, schema.complete().tables[table], statements, values)
            say(f"{table}: {time.monotonic() - began:.0f} s")
        if told:  # SQLite forgets what was told of an index that goes
            connection.exec_driver_sql("delete from sqlite_stat1").close()
            connection.exec_driver_sql("insert into sqlite_stat1 values (?, ?, ?)", told).close()
        if _catalogue(connection) != before:
            raise NotAsBefore("indexes")
        for statement in _SETTLED[dialect.name]:
            connection.exec_driver_sql(statement).close()
    _compare(url, accounts)


#: as fast as it goes: a crash meanwhile loses the database, and it is made anew
_FAST = {
    "sqlite": (
        "pragma journal_mode = off", "pragma synchronous = off", "pragma cache_size = -400000",
        "pragma threads = 2",
    ),
    "postgresql": (
        "set synchronous_commit = off", "set maintenance_work_mem = '512MB'",
        "set work_mem = '256MB'",
    ),
}  # fmt: skip
#: on PostgreSQL what autovacuum does soon after by itself
_SETTLED = {"sqlite": ("pragma journal_mode = wal",), "postgresql": ("vacuum analyze",)}


@contextmanager
def _opened(url: str) -> Iterator[Connection]:
    engine = create_engine(url, poolclass=StaticPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in _FAST[engine.dialect.name]:
            connection.exec_driver_sql(statement).close()
        if engine.dialect.name == "sqlite":
            driver = connection.connection.driver_connection
            driver.create_function("reverse", 1, lambda word: word[::-1], deterministic=True)  # type: ignore[union-attr]
        yield connection
    engine.dispose()


def _catalogue(connection: Connection) -> set[tuple[str, str]]:
    rows = connection.exec_driver_sql(_CATALOGUE[connection.dialect.name])
    return {(name, said) for name, said in rows}


def _statistics(connection: Connection) -> list[tuple[str, str, str]]:
    """What migrations told SQLite's planner."""
    if connection.dialect.name != "sqlite":
        return []
    rows = connection.exec_driver_sql("select tbl, idx, stat from sqlite_stat1")
    return [(table, index, stat) for table, index, stat in rows]


def _names(connection: Connection) -> None:
    """What people are called, for the statements to look up by number."""
    for table, names in (("firsts", FIRST), ("lasts", LAST)):
        connection.exec_driver_sql(
            f"create temporary table {table} (i integer primary key, name varchar(20))"
        )
        rows = [{"i": i, "name": name} for i, name in enumerate(names)]
        connection.execute(text(f"insert into {table} values (:i, :name)"), rows)


def _fill(
    connection: Connection, table: Table, statements: Sequence[str], values: Mapping[str, object]
) -> None:
    """With indexes left out meanwhile, except for those of keys."""
    indexes = sorted(table.indexes, key=lambda index: str(index.name))
    for index in indexes:
        index.drop(connection)
    for statement in statements:
        used = {name: value for name, value in values.items() if f":{name}" in statement}
        connection.execute(text(statement), used).close()
    for index in indexes:
        index.create(connection)


def _statements(say: Dialect, accounts: int, rows: int) -> dict[str, list[str]]:
    """By table: what fills it. :t is the tenant, :hash everybody's hash, :now now (ms)."""
    first = f"(select name from firsts where i = n % {len(FIRST)})"
    last = f"(select name from lasts where i = n * 7 % {len(LAST)})"
    username = f"lower({first}) || n"
    email = f"lower({first} || '.' || {last}) || n || '@{DOMAIN}'"
    digits = f"'447' || {say.padded('n', 9)}"
    mine = say.id(f"(n * 7919) % {accounts} + 1")
    ip = "'10.' || (n / 62500 % 250) || '.' || (n / 250 % 250) || '.' || (n % 250)"
    sixth = say.padded("n / 10", 6)
    ref = f"'KT-' || substr({sixth}, 1, 4) || '-' || substr({sixth}, 5)"
    people, everything = say.numbers(accounts), say.numbers(rows)
    absent = say.numbers(max(rows - accounts, 1))
    return {
        "users": [f"""
            insert into users (id, tenant_id, state, name, username, email, phone,
              phone_verified_at, password_hash, password_set_at, epoch, created_at, filed)
            {people} select {say.id("n")}, :t,
              case n % 100 when 99 then 'disabled' when 98 then 'unverified' else 'active' end,
              {first} || ' ' || {last}, {username}, {email},
              case n % 2 when 0 then '+' || {digits} end,
              case n % 2 when 0 then cast(:now as bigint) end,
              :hash, :now, 0, :now - 86400000 + n / 100, 1 from s order by n"""],
        "words": [f"""
            insert into words (tenant_id, word, user_id)
            {people} select :t, word, id from (
              select {say.id("n")} as id, {username} as word from s
              union all select {say.id("n")}, substr({email}, 1, {search.WORD_MAX}) from s
              union all select {say.id("n")}, lower({last}) || n from s
              union all select {say.id("n")}, '{DOMAIN}' from s
              union all select {say.id("n")}, {digits} from s where n % 2 = 0
              union all select {say.id("n")}, '<' || reverse({digits}) from s where n % 2 = 0
            ) as every order by {say.points("word")}, id"""],
        "identifiers": [f"""
            insert into identifiers (tenant_id, canonical, user_id)
            {people} select :t, canonical, id from (
              select {say.id("n")} as id, {username} as canonical from s
              union all select {say.id("n")}, {email} from s
              union all select {say.id("n")}, '+' || {digits} from s where n % 2 = 0
            ) as every order by canonical"""],
        "lanes": [
            _LANES + f"""
            {absent} select :t, 'a:' || {say.padded("n", 43)}, null, n % 4 + 1, n % 4 + 1, 0,
              :now - n % 86400000, false, '', 0, 1, :now from s""",
            _LANES + f"""
            {people} select :t, 'u:' || {say.id("n")}, {say.id("n")}, n % 4, n % 40,
              case when n % 500 = 7 then :now + 36000000 when n % 50 = 3 then :now - 86400000
              else 0 end,
              :now - n % 86400000, false, '', 0, 1, :now from s""",
        ],
        "clients": [f"""
            insert into clients (id, tenant_id, user_id, digest, name, ip, created_at, seen_at,
              trusted)
            {people} select {say.id("n")}, :t, {say.id("n")}, {say.padded("n", 43)},
              'Firefox on Windows', {ip}, :now - 86400000, :now - n % 86400000, false
            from s where n % 5 = 0"""],
        "messages": [f"""
            insert into messages (id, tenant_id, user_id, channel, kind, address, sealed, state,
              attempt, run_at, expires_at, reference, detail, created_at, updated_at)
            {people} select {say.id("n")}, :t, {mine},
              case n % 20 when 0 then 'sms' else 'mail' end, 'locked',
              case n % 50 when 1 then null else 'someone@' || '{DOMAIN}' end, '',
              case when n % 50 = 1 then 'dropped' when n % 5000 = 2 then 'bounced'
              when n % 3 = 0 then 'delivered' else 'sent' end,
              1, :now, :now, '<' || n || '@{DOMAIN}>', '250 ok', :now, :now from s"""],
        "audit": [f"""
            insert into audit (id, tenant_id, at, event, user_id, actor_id, ip, client, facts)
            {everything} select {say.id("n")}, :t, :now - ({rows} - n) * 5,
              case when n % 10000 = 77 then 'role.granted' when n % 100 = 99 then 'signin.locked'
              when n % 50 = 48 then 'second.passed' when n % 10 = 7 then 'signin.refused'
              when n % 5 = 1 then 'signin.failed' else 'signin.passed' end,
              {mine}, null, {ip}, 'Firefox on Windows', '{{"level": 1}}'
            from s"""],
        "cases": [f"""
            insert into cases (id, ref, tenant_id, user_id, identifier, state, contact, note, facts,
              created_at, closed_at)
            {people} select {say.id("n")}, {ref}, :t, {mine}, 'someone', case n % 100
              when 0 then 'open' else 'closed' end, '', '', '{{}}', :now, :now
            from s where n % 10 = 0"""],
    }  # fmt: skip


_LANES = """insert into lanes (tenant_id, key, user_id, failed, total, locked_until, last_failed,
  closed, reservations, refused, version, touched_at)"""


def _compare(url: str, accounts: int) -> None:
    """Whether some people drawn at random are stored as the application stores them."""
    engine = create_engine(url)
    with engine.connect() as connection:
        for _ in range(SAMPLE):
            person = Person(1 + secrets.randbelow(accounts))
            row = connection.execute(USER.select().where(schema.users.c.id == person.id)).one()
            filed = select(schema.words.c.word).where(schema.words.c.user_id == person.id)
            names = select(schema.identifiers.c.canonical).where(
                schema.identifiers.c.user_id == person.id
            )
            user = USER.value(row)
            known = {user.email, user.username, user.phone} - {None}
            if (
                (user.email, user.username) != (person.email, person.username)
                or set(connection.execute(filed).scalars()) != search.words(user)
                or set(connection.execute(names).scalars()) != known
            ):
                raise NotAsBefore(person.id)
    engine.dispose()
