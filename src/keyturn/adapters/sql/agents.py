"""Agents and what was last heard of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import bindparam, select, union, update

from keyturn.adapters.sql.directories import BYTES
from keyturn.adapters.sql.directory_tables import agents, sequences
from keyturn.adapters.sql.quick import Quick
from keyturn.adapters.sql.rows import Repository, enum, param, taken, upsert
from keyturn.rules.directories.things import Agent, AgentRole, AgentState, Run

_CODECS = {
    "role": enum(AgentRole), "state": enum(AgentState), "signing_key": BYTES,
    "sealing_key": BYTES, "certificate": BYTES, "bequest": BYTES,
}  # fmt: skip
#: columns of the run, in the order of its fields
_RUN = {"id": "run_id", "machine": "machine", "place": "place", "since": "since",
        "seen_at": "seen_at"}  # fmt: skip
_PLAIN = [c.name for c in agents.columns if c.name not in _RUN.values()]

#: an agent, once for each of its lanes. Every request of every agent needs these statements
_COLUMNS = [c.name for c in agents.columns]
_ROWS = select(*agents.columns, sequences.c.lane, sequences.c.number).select_from(
    agents.outerjoin(sequences, sequences.c.agent_id == agents.c.id)
)
_ROW = _ROWS.where(agents.c.id == param("b_id"))
_BY_ID, _LOCKED = Quick(_ROW), Quick(_ROW.with_for_update(of=agents))
#: not in order: for its sake SQLite would go through all agents of all directories by their ids
_OF = Quick(_ROWS.where(agents.c.tenant_id == param("tid"), agents.c.directory_id == param("did")))
_HEARD = (
    update(agents)
    .where(agents.c.id.in_(bindparam("ids", expanding=True)), agents.c.seen_at < param("now"))
    .values(seen_at=param("now"))
)
_REVOKED, _CLONED = agents.c.revoked_at, agents.c.clone_at
#: ids in one statement
_AT_ONCE = 500


@cache
def _advance(dialect: str) -> Quick:
    """Built once: every request of every agent takes it."""
    # typed: in what is selected PostgreSQL cannot tell what they are
    lane = bindparam("b_lane", type_=sequences.c.lane.type)
    number = bindparam("b_number", type_=sequences.c.number.type)
    whose = select(agents.c.id, lane, agents.c.tenant_id, number).where(
        agents.c.id == param("b_id")
    )
    columns = ["agent_id", "lane", "tenant_id", "number"]
    fresh = upsert(dialect)(sequences).from_select(columns, whose)
    risen = fresh.on_conflict_do_update(
        index_elements=[sequences.c.agent_id, sequences.c.lane],
        set_={"number": fresh.excluded.number},
        where=sequences.c.number < fresh.excluded.number,
    )
    return Quick(risen.returning(sequences.c.number))


class SqlAgents(Repository):
    """See ports.directories.Agents."""

    def add(self, agent: Agent) -> None:
        self.stirred = True
        cells = {**_cells(agent), **_run_cells(agent.run)}
        with taken(self._c, "agent"):
            self._c.execute(agents.insert(), cells)
        for lane, number in agent.sequences.items():
            self.advance(agent.id, lane, number)

    def by_id(self, agent_id: str) -> Agent | None:
        return next(iter(_whole(_BY_ID.rows(self._c, {"b_id": agent_id}))), None)

    def lock(self, agent_id: str) -> Agent | None:
        return next(iter(_whole(_LOCKED.rows(self._c, {"b_id": agent_id}))), None)

    def of(self, tenant_id: str, directory_id: str) -> Sequence[Agent]:
        found = _whole(_OF.rows(self._c, {"tid": tenant_id, "did": directory_id}))
        return sorted(found, key=lambda agent: agent.id)

    def update(self, agent: Agent) -> None:
        self.stirred = True
        cells = _cells(agent)
        same = [agents.c[name] == cells.pop(name) for name in ("id", "tenant_id")]
        with taken(self._c, "agent"):
            self._c.execute(update(agents).where(*same).values(cells))

    def advance(self, agent_id: str, lane: str, number: int) -> bool:
        given = {"b_id": agent_id, "b_lane": lane, "b_number": number}
        return bool(_advance(self._dialect).rows(self._c, given))

    def begin(self, agent_id: str, run: Run, was: str | None) -> bool:
        begun = update(agents).where(
            agents.c.id == agent_id, agents.c.run_id.is_not_distinct_from(was)
        )
        return self._c.execute(begun.values(_run_cells(run))).rowcount == 1

    def end(self, agent_id: str, run_id: str) -> bool:
        over = update(agents).where(agents.c.id == agent_id, agents.c.run_id == run_id)
        return self._c.execute(over.values(_run_cells(None))).rowcount == 1

    def heard(self, agent_ids: Sequence[str], now: int) -> None:
        ids = sorted(set(agent_ids))  # the same order everywhere: nobody waits in a circle
        for some in _portions(ids):
            self._c.execute(_HEARD, {"ids": some, "now": now})

    def stopped(self, since: int) -> Sequence[str]:
        each = [select(agents.c.id).where(at >= since) for at in (_REVOKED, _CLONED)]
        return self._c.execute(union(*each)).scalars().all()


def _whole(rows: Sequence[tuple[Any, ...]]) -> list[Agent]:
    """Rows as agents, each with its numbers."""
    cells: dict[str, Mapping[str, Any]] = {}
    numbers: dict[str, dict[str, int]] = {}
    for row in rows:
        cells.setdefault(row[0], dict(zip(_COLUMNS, row, strict=False)))
        of_it = numbers.setdefault(row[0], {})
        if row[-2] is not None:
            of_it[row[-2]] = row[-1]
    return [_agent(each, numbers[agent_id]) for agent_id, each in cells.items()]


def _portions(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE))


def _cells(agent: Agent) -> dict[str, Any]:
    """Of all columns but the run's."""
    cells = {name: getattr(agent, name) for name in _PLAIN}
    return {n: _CODECS[n].write(v) if n in _CODECS and v is not None else v
            for n, v in cells.items()}  # fmt: skip


def _run_cells(run: Run | None) -> dict[str, Any]:
    return {column: run and getattr(run, name) for name, column in _RUN.items()}


def _agent(row: Mapping[str, Any], numbers: dict[str, int]) -> Agent:
    cells = {n: _CODECS[n].read(row[n]) if n in _CODECS and row[n] is not None else row[n]
             for n in _PLAIN}  # fmt: skip
    run = None if row["run_id"] is None else Run(**{n: row[c] for n, c in _RUN.items()})
    return Agent(**cells, run=run, sequences=numbers)
