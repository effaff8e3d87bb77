"""How directories are: notes, books, history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select, update

from keyturn.adapters.sql.directory_tables import directories
from keyturn.adapters.sql.health_tables import agent_notes, health_books, health_lines
from keyturn.adapters.sql.rows import JSON, Repository, Shape, upsert
from keyturn.ports.directory_health import AgentNote, Book, Line

NOTE = Shape(agent_notes, AgentNote, key=("agent_id",))
BOOK = Shape(health_books, Book, key=("directory_id",))
LINE = Shape(health_lines, Line, facts=JSON)

_judged = health_books.c.judged_at


class SqlHealth(Repository):
    """See ports.directory_health.Health."""

    def note(self, tenant_id: str, directory_id: str, agent_id: str) -> AgentNote:
        wanted = NOTE.select().where(
            agent_notes.c.tenant_id == tenant_id, agent_notes.c.agent_id == agent_id
        )
        found = NOTE.maybe(self._c.execute(wanted).first())
        return found or AgentNote(agent_id, tenant_id, directory_id)

    def notes(self, tenant_id: str, directory_id: str) -> Mapping[str, AgentNote]:
        wanted = NOTE.select().where(
            agent_notes.c.tenant_id == tenant_id, agent_notes.c.directory_id == directory_id
        )
        found = (NOTE.value(row) for row in self._c.execute(wanted))
        return {note.agent_id: note for note in found}

    def put_note(self, note: AgentNote) -> None:
        cells = NOTE.params(note)
        told = {name: cell for name, cell in cells.items() if name != "agent_id"}
        fresh = upsert(self._dialect)(agent_notes).values(cells)
        key = [agent_notes.c.agent_id]
        self._c.execute(fresh.on_conflict_do_update(index_elements=key, set_=told))

    def book(self, tenant_id: str, directory_id: str) -> Book:
        wanted = BOOK.select().where(
            health_books.c.tenant_id == tenant_id, health_books.c.directory_id == directory_id
        )
        found = BOOK.maybe(self._c.execute(wanted).first())
        return found or Book(directory_id, tenant_id)

    def saw(self, tenant_id: str, directory_id: str, seen: str, now: int) -> None:
        fresh = Book(directory_id, tenant_id, seen=seen, seen_at=now)
        self._c.execute(self._put(fresh, {"seen": seen, "seen_at": now}))

    def due(self, before: int, limit: int) -> Sequence[tuple[str, str]]:
        of = health_books.c.directory_id == directories.c.id
        wanted = (
            select(directories.c.tenant_id, directories.c.id)
            .select_from(directories.outerjoin(health_books, of))
            .where(or_(_judged.is_(None), _judged <= before))
            .order_by(_judged.asc().nulls_first(), directories.c.id)
            .limit(limit)
        )
        return [(row[0], row[1]) for row in self._c.execute(wanted)]

    def take(self, tenant_id: str, directory_id: str, before: int, now: int) -> bool:
        fresh = Book(directory_id, tenant_id, judged_at=now)
        mine = self._put(fresh, {"judged_at": now}, or_(_judged.is_(None), _judged <= before))
        return self._c.execute(mine.returning(health_books.c.directory_id)).first() is not None

    def judged(
        self, tenant_id: str, directory_id: str, memory: str, alarmed_at: int | None
    ) -> None:
        kept = update(health_books).where(
            health_books.c.tenant_id == tenant_id, health_books.c.directory_id == directory_id
        )
        self._c.execute(kept.values(memory=memory, alarmed_at=alarmed_at))

    def add(self, line: Line) -> None:
        self._c.execute(LINE.insert, LINE.params(line))

    def history(self, tenant_id: str, directory_id: str, limit: int) -> Sequence[Line]:
        wanted = LINE.select().where(
            health_lines.c.tenant_id == tenant_id, health_lines.c.directory_id == directory_id
        )
        rows = self._c.execute(wanted.order_by(health_lines.c.id.desc()).limit(limit))
        return [LINE.value(row) for row in rows]

    def _put(self, fresh: Book, change: Mapping[str, object], where: Any = None) -> Any:
        """Insert a book, or change only so much of the one that is there."""
        made = upsert(self._dialect)(health_books).values(BOOK.params(fresh))
        key = [health_books.c.directory_id]
        return made.on_conflict_do_update(index_elements=key, set_=change, where=where)
