"""Old rows and erased accounts; and what the installation itself remembers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    Table,
    and_,
    delete,
    not_,
    select,
    tuple_,
    update,
)

from keyturn.adapters.sql.rows import Repository, compact, upsert
from keyturn.adapters.sql.schema import (
    audit,
    budgets,
    cases,
    clients,
    codes,
    facts,
    flows,
    lanes,
    messages,
    sessions,
    users,
    whole,
)
from keyturn.adapters.system import ulid
from keyturn.ports.upkeep import Swept
from keyturn.rules.directories.signins.budget import LONGEST_MS
from keyturn.rules.events import HOST, Event
from keyturn.rules.lockout import DAY
from keyturn.rules.messages import MessageState
from keyturn.rules.retention import Kind
from keyturn.rules.sessions import CONSOLE_MS

#: rows that say why others are not there any more stay
_LASTING = [str(e) for e in (Event.PURGED, Event.USER_ERASED, Event.RESTORED)]
_MOVING = [str(s) for s in (MessageState.QUEUED, MessageState.SENDING)]
#: what stands for the client in audit rows of an erased account
ERASED = "erased"
Old = Callable[[int], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class _Kept:
    """How one kind is swept.

    Attributes:
        old: which rows go, by the moment.
        timed: the key is a ULID: rows younger than the moment need not be looked at.
    """

    table: Table
    old: Old
    timed: bool = True

    @property
    def key(self) -> list[Column[str]]:
        """The columns of the primary key, in its order."""
        return list(self.table.primary_key.columns)


def _over(column: Column[int]) -> Old:
    return lambda before: column < before


def _absent(before: int) -> ColumnElement[bool]:
    quiet = and_(lanes.c.touched_at < before, lanes.c.last_failed < before)
    return and_(
        lanes.c.key.like("a:%"), quiet, lanes.c.locked_until < before, lanes.c.lease_until.is_(None)
    )


_KEPT: Mapping[Kind, _Kept] = {
    Kind.CODES: _Kept(codes, _over(codes.c.expires_at)),
    Kind.FLOWS: _Kept(flows, _over(flows.c.expires_at)),
    Kind.SESSIONS: _Kept(sessions, _over(sessions.c.expires_at), timed=False),
    Kind.BUDGETS: _Kept(budgets, _over(budgets.c.until), timed=False),
    Kind.ABSENT: _Kept(lanes, _absent, timed=False),
    Kind.MESSAGES: _Kept(
        messages,
        lambda before: and_(messages.c.created_at < before, messages.c.state.not_in(_MOVING)),
    ),
    Kind.CLIENTS: _Kept(clients, _over(clients.c.seen_at)),
    Kind.CASES: _Kept(cases, _over(cases.c.closed_at)),
    Kind.AUDIT: _Kept(
        audit, lambda before: and_(audit.c.at < before, audit.c.event.not_in(_LASTING))
    ),
}


def _forgotten(streaks: Table) -> Old:
    """No directory counts for so long."""
    return lambda before: and_(
        streaks.c.last_at < before - LONGEST_MS, streaks.c.until < before - LONGEST_MS
    )


@cache
def _of_directories() -> Mapping[Kind, _Kept]:
    tables = whole().tables
    done, proved, asked, let_in = (tables[n] for n in ("jobs", "proofs", "looks", "enrolments"))
    read = tables["entries"]
    lines = tables["health_lines"]
    tried, streaks = tables["directory_tries"], tables["directory_streaks"]
    return {
        Kind.LOOKS: _Kept(asked, _over(asked.c.expires_at)),
        Kind.ENROLMENTS: _Kept(let_in, _over(let_in.c.expires_at), timed=False),
        Kind.PROOFS: _Kept(proved, _over(proved.c.at)),
        Kind.JOBS: _Kept(done, _over(done.c.finished_at)),
        Kind.GONE: _Kept(read, _over(read.c.gone_at), timed=False),
        Kind.HEALTH: _Kept(lines, _over(lines.c.at)),
        Kind.TRIES: _Kept(tried, _over(tried.c.expires_at)),
        Kind.STREAKS: _Kept(streaks, _forgotten(streaks), timed=False),
    }


@cache
def _of_phones() -> Mapping[Kind, _Kept]:
    tables = whole().tables
    links, shown = tables["activation_links"], tables["scan_codes"]
    asked, phones, verified = (tables[n] for n in ("approvals", "phones", "verifications"))
    return {
        Kind.ACTIVATIONS: _Kept(links, _over(links.c.expires_at)),
        Kind.SCANS: _Kept(shown, _over(shown.c.expires_at)),
        Kind.QUESTIONS: _Kept(asked, _over(asked.c.expires_at)),
        Kind.PHONES: _Kept(phones, _over(phones.c.ended_at)),
        Kind.VERIFICATIONS: _Kept(verified, _over(verified.c.made_at)),
    }


@cache
def _of_cases() -> Mapping[Kind, _Kept]:
    tables = whole().tables
    log, recovered = tables["case_log"], tables["recoveries"]
    its_case = select(cases.c.id).where(cases.c.id == log.c.case_id)
    return {
        Kind.CASE_LOG: _Kept(log, lambda _before: ~its_case.exists()),
        Kind.RECOVERIES: _Kept(
            recovered,
            lambda before: and_(recovered.c.due_at < before, recovered.c.state != "waiting"),
        ),
    }


def _of_batches() -> Mapping[Kind, _Kept]:
    tables = whole().tables
    lists, rows = tables["batches"], tables["batch_rows"]
    there = select(lists.c.id).where(lists.c.id == rows.c.batch_id).exists()
    return {
        Kind.BATCHES: _Kept(lists, _over(lists.c.expires_at)),
        Kind.BATCHED: _Kept(rows, lambda _before: not_(there), timed=False),
    }


@cache
def _of_devices() -> Mapping[Kind, _Kept]:
    tables = whole().tables
    begun, asked = tables["device_setups"], tables["presence_challenges"]
    pairings = tables["device_pairings"]
    return {
        Kind.SETUPS: _Kept(begun, _over(begun.c.expires_at)),
        Kind.PRESENCES: _Kept(asked, _over(asked.c.expires_at)),
        Kind.PAIRINGS: _Kept(pairings, _over(pairings.c.ended_at)),
    }


def _of_tallies() -> Mapping[Kind, _Kept]:
    counts = whole().tables["tallies"]
    return {Kind.TALLIES: _Kept(counts, lambda before: counts.c.day < before // DAY, timed=False)}


def _of_staff() -> Mapping[Kind, _Kept]:
    tables = whole().tables
    waited, stays = tables["countersigns"], tables["provider_stays"]
    acted, linked = tables["provider_members"], tables["provider_links"]
    return {
        Kind.COUNTERSIGNS: _Kept(waited, _over(waited.c.expires_at)),
        Kind.STAYS: _Kept(stays, lambda before: stays.c.made_at < before - CONSOLE_MS, timed=False),
        Kind.MEMBERSHIPS: _Kept(acted, _over(acted.c.ended_at)),
        Kind.LINKS: _Kept(linked, _over(linked.c.ended_at)),
    }


class SqlFacts(Repository):
    """See ports.upkeep.Facts."""

    def get(self, name: str) -> str | None:
        wanted = select(facts.c.value).where(facts.c.name == name)
        return self._c.execute(wanted.with_for_update() if self._writing else wanted).scalar()

    def set(self, name: str, value: str) -> None:
        fresh = upsert(self._dialect)(facts).values(name=name, value=value)
        self._c.execute(
            fresh.on_conflict_do_update(index_elements=[facts.c.name], set_={"value": value})
        )


class SqlUpkeep(Repository):
    """See ports.upkeep.Upkeep."""

    def sweep(self, kind: Kind, after: Sequence[str], before: int, window: int) -> Swept:
        late = {
            **_of_directories(), **_of_phones(), **_of_cases(), **_of_batches(), **_of_devices(),
            **_of_tallies(),
            **_of_staff(),
        }  # fmt: skip
        kept = _KEPT.get(kind) or late[kind]
        key = kept.key
        rows = [tuple(row) for row in self._c.execute(_window(kept, after, before, window))]
        over = [row[:-1] for row in rows if row[-1]]
        gone: Counter[str] = Counter()
        if over:
            # asked again: a row may have been used since it was looked at
            these = tuple_(*key).in_(over) if len(key) > 1 else key[0].in_([k for (k,) in over])
            went = delete(kept.table).where(these, kept.old(before))
            gone.update(self._c.execute(went.returning(kept.table.c.tenant_id)).scalars())
        last = rows[-1][:-1] if len(rows) == window else ()
        return Swept(removed=dict(gone), after=last)

    def due_erasures(self, now: int, limit: int) -> Sequence[tuple[str, str]]:
        wanted = select(users.c.tenant_id, users.c.id).where(users.c.erase_at <= now)
        rows = self._c.execute(wanted.order_by(users.c.erase_at).limit(limit))
        return [(row[0], row[1]) for row in rows]

    def blur(
        self,
        tenant_id: str,
        user_id: str,
        limit: int,
        address: Callable[[str], str],
        kept: frozenset[str],
    ) -> int:
        host = and_(audit.c.ip == "", audit.c.client.startswith(HOST))
        wanted = select(audit.c.id, audit.c.ip, audit.c.facts).where(
            audit.c.tenant_id == tenant_id, audit.c.user_id == user_id,
            audit.c.client != ERASED, not_(host),
        )  # fmt: skip
        rows = self._c.execute(wanted.limit(limit)).all()
        for row_id, ip, told in rows:
            left = {name: value for name, value in json.loads(told).items() if name in kept}
            change = {"ip": address(ip) if ip else "", "client": ERASED, "facts": compact(left)}
            self._c.execute(update(audit).where(audit.c.id == row_id).values(change))
        return len(rows)

    def erase(self, tenant_id: str, user_id: str) -> None:
        begun = select(flows.c.id).where(flows.c.tenant_id == tenant_id, flows.c.user_id == user_id)
        self._c.execute(delete(codes).where(codes.c.flow_id.in_(begun)))
        blank = {"identifier": "", "contact": "", "note": "", "facts": "{}"}
        of_them = (cases.c.tenant_id == tenant_id, cases.c.user_id == user_id)
        self._c.execute(update(cases).where(*of_them).values(blank))
        log = whole().tables["case_log"]
        theirs = select(cases.c.id).where(*of_them)
        self._c.execute(delete(log).where(log.c.case_id.in_(theirs)))
        for table in whole().sorted_tables:
            if table.name == "jobs":
                self._erase_proofs(table, user_id)
            if table.name == "linked_accounts":
                self._erase_entries(table, user_id)
            if "user_id" in table.c and table not in (audit, cases):
                self._c.execute(delete(table).where(table.c.user_id == user_id))
        self._c.execute(delete(users).where(users.c.tenant_id == tenant_id, users.c.id == user_id))

    def _erase_proofs(self, jobs: Table, user_id: str) -> None:
        proofs = whole().tables["proofs"]
        theirs = select(jobs.c.id).where(jobs.c.user_id == user_id)
        self._c.execute(delete(proofs).where(proofs.c.job_id.in_(theirs)))

    def _erase_entries(self, linked: Table, user_id: str) -> None:
        """What was read of their accounts, in this tenant's directories."""
        read = whole().tables["entries"]
        theirs = select(linked.c.directory_id, linked.c.guid).where(linked.c.user_id == user_id)
        self._c.execute(delete(read).where(tuple_(read.c.directory_id, read.c.id).in_(theirs)))


def _window(kept: _Kept, after: Sequence[str], before: int, window: int) -> Select[Any]:
    """The next rows: their keys, and whether they go."""
    key = kept.key
    columns: list[Any] = [*key, kept.old(before).label("is_old")]
    wanted = select(*columns).order_by(*key).limit(window)
    if after:
        wanted = wanted.where(tuple_(*key) > tuple_(*after))
    if kept.timed:
        wanted = wanted.where(key[0] < ulid(before, 0))
    return wanted
