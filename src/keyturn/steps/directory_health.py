"""What is known of how a directory is: the server's own facts, and what agents last said.

What an agent said was checked when it was taken; what another release wrote otherwise is not
known any more, until it is said again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from keyturn.ports.directory_health import AgentNote, Book, Line
from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.directories import leases, topology
from keyturn.rules.directories.health import codec
from keyturn.rules.directories.health.checks import judge
from keyturn.rules.directories.health.facts import (
    AgentSight,
    Facts,
    Heard,
    ListenerSight,
    PrimarySight,
    ServerSight,
    Way,
    hear,
)
from keyturn.rules.directories.health.forest import arrange, key
from keyturn.rules.directories.health.remembered import recall, store
from keyturn.rules.directories.health.settled import Event, Kept, Memory, alarm, held, settle
from keyturn.rules.directories.health.view import FRESH_MS, NO_WAY
from keyturn.rules.directories.things import Agent, AgentState, Directory
from keyturn.rules.directories.topology import Unreadable
from keyturn.rules.health.report import Report
from keyturn.rules.lockout import MINUTE
from keyturn.steps import directory_alarms

T = TypeVar("T")
#: between two judgements of one directory: agents look as often
EVERY_MS: Final = MINUTE


@dataclass(frozen=True, slots=True)
class Health:
    """How a directory is.

    Attributes:
        report: roots, consequences, what is well.
        memory: since when each answer counts (settled.Kept.since).
    """

    report: Report
    memory: Memory


def look(tx: Tx, directory: Directory, version: str, now: int) -> Health:
    """How a directory is at `now`; stores nothing.

    While a server judges it all the time, an answer counts as settled.py says. With none
    (nobody serves, or not yet) the facts are judged as they are.

    Args:
        version: the server's own.
    """
    found = judge(facts(tx, directory, version, now))
    book = tx.health.book(directory.tenant_id, directory.id)
    memory, _ = settle(recall(book.memory), found, now)
    answers = held(memory)
    if book.judged_at is None or now >= book.judged_at + FRESH_MS or not answers:
        memory = {key(one): Kept(held=one, since=one.at) for one in found}
        answers = found
    return Health(arrange(answers, now), memory)


def judge_now(tx: Tx, parts: Parts, tenant_id: str, directory_id: str, version: str) -> bool:
    """Judge a directory if it is time, and store what came to count and what changed, and tell
    owners what is new; whether it was judged.
    """
    now = parts.clock.now()
    directory = tx.directories.get(tenant_id, directory_id)
    if directory is None or not tx.health.take(tenant_id, directory_id, now - EVERY_MS, now):
        return False
    book = tx.health.book(tenant_id, directory_id)
    found = judge(facts(tx, directory, version, now))
    memory, events = settle(recall(book.memory), found, now)
    for event in events:
        tx.health.add(_line(parts.random.id(now), directory, event))
    report = arrange(held(memory), now)
    memory, news = alarm(memory, report, book.alarmed_at, now)
    tx.health.judged(tenant_id, directory_id, store(memory), now if news else book.alarmed_at)
    if news is not None:
        directory_alarms.tell(tx, parts, directory, news, report)
    return True


def _line(line_id: str, directory: Directory, event: Event) -> Line:
    finding = event.finding
    return Line(
        id=line_id, tenant_id=directory.tenant_id, directory_id=directory.id, at=event.at,
        change=event.change, cause=finding.cause, subject=finding.subject, before=event.before,
        facts=finding.facts,
    )  # fmt: skip


def facts(tx: Tx, directory: Directory, version: str, now: int) -> Facts:
    """Everything that is known of one directory at `now`."""
    tenant_id = directory.tenant_id
    agents = [
        agent
        for agent in tx.agents.of(tenant_id, directory.id)
        if agent.state is not AgentState.REVOKED
    ]
    notes = tx.health.notes(tenant_id, directory.id)
    sight, at = _primary(directory, tx.health.book(tenant_id, directory.id))
    lease = tx.directories.lease(tenant_id, directory.id)
    leading = (a.name for a in agents if a.run and leases.leads(lease, a.id, a.run.id, now))
    seen = tuple(_agent(agent, notes.get(agent.id)) for agent in agents)
    return Facts(
        at=now,
        server=ServerSight(directory.name, version, seen, next(leading, "")),
        primary=sight,
        primary_at=at,
        beside=_beside(agents, notes),
    )


def _agent(agent: Agent, note: AgentNote | None) -> AgentSight:
    run = agent.run
    noted = note or AgentNote(agent.id, agent.tenant_id, agent.directory_id)
    return AgentSight(
        name=agent.name, controller=agent.controller, role=agent.role, state=agent.state,
        place=run.place if run else noted.left_place,
        heard_at=run.seen_at if run else noted.left_at,
        version=agent.version, ahead_ms=noted.ahead_ms, told=hear(agent.facts),
        cloned_at=agent.clone_at, second_at=noted.second_at, second_place=noted.second_place,
        runs=run is not None,
    )  # fmt: skip


def _primary(directory: Directory, book: Book) -> tuple[PrimarySight | None, int | None]:
    """The last that a primary told, and when. An agent of before only sends the map, and why
    it cannot reach whom: whatever else it could see is not known, nor whether a controller
    that is silent on one port lives.
    """
    charted = directory.topology_at
    if book.seen_at is not None and (charted is None or charted < book.seen_at + FRESH_MS):
        return _told(PrimarySight, book.seen), book.seen_at
    if charted is None:
        return None, None
    reach: Mapping[str, str] = json.loads(directory.reachable or "{}")
    ways = tuple(Way(host, cause) for host, cause in reach.items() if cause not in NO_WAY)
    known = topology.decode(directory.topology)
    return PrimarySight(known, ways, None, None, None, None), charted


def _beside(agents: list[Agent], notes: Mapping[str, AgentNote]) -> tuple[Heard, ...]:
    names = {agent.id: agent.name for agent in agents}
    return tuple(
        Heard(names[note.agent_id], note.beside_at, sight)
        for note in notes.values()
        if note.agent_id in names
        and note.beside_at is not None
        and (sight := _told(ListenerSight, note.beside)) is not None
    )


def _told(kind: type[T], text: str) -> T | None:
    try:
        return codec.decode(kind, text)
    except Unreadable:
        return None
