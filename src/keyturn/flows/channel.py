"""The life of an agent's process: it begins, beats, waits, works, ends.

A beat is the only thing that agents say all the time, so beats are taken in batches: one
transaction for all that came while the one before was being committed.  Whoever is told
that it is primary was told so after the commit, never before.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.alarms import Alarm
from keyturn.rules.directories import leases, topology
from keyturn.rules.directories.resets import Outcome
from keyturn.rules.directories.things import Agent, AgentRole, Lease, Run
from keyturn.rules.events import Event
from keyturn.steps import agents, alarms, jobs, standby
from keyturn.steps.acts import record
from keyturn.steps.agents import Said, Speaker, denied
from keyturn.wire.messages import (
    COMMAND,
    AskPermit,
    Beat,
    Beaten,
    Begin,
    Begun,
    Charted,
    Denied,
    Fetch,
    Holder,
    Looked,
    Permitted,
    Release,
    Report,
    Seen,
    Taken,
    Work,
)

#: the fact that counts restores: rises with each, and never falls
GENERATION: Final = "restore.generation"
#: longest that an agent says of its own health, a directory's layout, an account; characters
HEALTH_MAX, TOPOLOGY_MAX, VIEW_MAX = 4_000, 200_000, 64_000
#: due jobs seen to in one transaction
SWEEP: Final = 100


# -- a run begins and ends


async def begin(parts: Parts, said: Said, message: Begin) -> Begun | Denied:
    """A process begins its run, or asks again whether it is approved by now.

    Denied besides what steps.agents.admit says: "run" with its holder, while another run of
    this key lives; "message". Raises StoreUnavailable.
    """
    return await parts.store.write(lambda tx: _begin(tx, parts, said, message))


def _begin(tx: Tx, parts: Parts, said: Said, message: Begin) -> Begun | Denied:
    speaker = agents.listened(tx, parts, said)
    if isinstance(speaker, Denied):
        return speaker
    agent, now = speaker.agent, speaker.act.now
    told = (message.controller, message.machine, message.place, message.version)
    if message.run_id != said.run_id or said.run_id == COMMAND or not agents.presentable(*told):
        return denied("message")
    present = agent.run
    if not leases.may_begin(present, message.run_id, message.replaces, message.machine, now):
        # its number is not taken: a copy has numbers that are still the first one's to use
        return _second(tx, speaker, message)
    slipped = agents.numbered(tx, speaker, said)
    if slipped is not None:
        return slipped
    again = present is not None and present.id == message.run_id
    since = present.since if present is not None and again else now
    run = Run(message.run_id, message.machine, message.place, since, now)
    if not tx.agents.begin(agent.id, run, present.id if present else None):
        return _second(tx, replace(speaker, agent=tx.agents.by_id(agent.id) or agent), message)
    if not again:
        _started(tx, speaker, present, message)
    return agents.welcome(tx, agent)


def _started(tx: Tx, speaker: Speaker, before: Run | None, message: Begin) -> None:
    """A new run: what it says of itself is kept, a dead forerunner's lease is free."""
    agent, act = speaker.agent, speaker.act
    if before is not None and message.replaces == before.id and message.machine == before.machine:
        _free(tx, agent, before.id, act.now)
    tx.agents.update(replace(agent, controller=message.controller, version=message.version))
    facts = {"agent": agent.id, "name": agent.name, "place": message.place,
             "version": message.version}  # fmt: skip
    record(tx, act, Event.AGENT_STARTED, None, facts)


def _second(tx: Tx, speaker: Speaker, message: Begin) -> Denied:
    """Another run lives under this key: the newcomer hears where. From another machine it
    cannot be an accident, and owners hear of it.
    """
    agent, act = speaker.agent, speaker.act
    facts = agents.two_places(agent, agent.run, message.place)
    elsewhere = agent.run is not None and agent.run.machine != message.machine
    if elsewhere:
        noted = tx.health.note(agent.tenant_id, agent.directory_id, agent.id)
        tx.health.put_note(replace(noted, second_at=act.now, second_place=message.place))
    if elsewhere and alarms.sound(tx, act, Alarm.AGENT_TWICE, facts):
        record(tx, act, Event.AGENT_REFUSED, None, facts)
    return denied("run", agents.holder(agent, act.now))


async def release(parts: Parts, said: Said, message: Release) -> Taken | Denied:
    """A run ends in good order; its lease is free at once. Denied as steps.agents.heard says."""
    return await parts.store.write(lambda tx: _release(tx, parts, said, message))


def _release(tx: Tx, parts: Parts, said: Said, message: Release) -> Taken | Denied:
    speaker = agents.admit(tx, parts, said)
    if isinstance(speaker, Denied):
        return speaker
    agent, act = speaker.agent, speaker.act
    if message.run_id != said.run_id or not tx.agents.end(agent.id, message.run_id):
        return denied("run", agents.holder(agent, act.now))
    _free(tx, agent, message.run_id, act.now)
    noted, place = tx.health.note(agent.tenant_id, agent.directory_id, agent.id), agent.run
    where = place.place if place else noted.left_place
    tx.health.put_note(replace(noted, left_at=act.now, left_place=where))
    record(tx, act, Event.AGENT_STOPPED, None, {"agent": agent.id, "name": agent.name})
    return Taken()


def _free(tx: Tx, agent: Agent, run_id: str, now: int) -> None:
    """End the lease of a run that is certain to be over."""
    lease = tx.directories.lease(agent.tenant_id, agent.directory_id)
    ended = leases.release(lease, agent.id, run_id, now)
    if ended is not None:
        tx.directories.take_lease(agent.tenant_id, ended, lease)


# -- beats


async def beats(parts: Parts, batch: Sequence[tuple[Said, Beat]]) -> list[Beaten | Denied]:
    """What each of these beats gets, in their order; all of it committed.

    Raises StoreUnavailable; then none of them counts.
    """
    # everybody takes rows in the same order, so that nobody waits in a circle
    order = sorted(range(len(batch)), key=lambda n: (batch[n][0].agent_id, batch[n][0].number))

    def step(tx: Tx) -> list[Beaten | Denied]:
        taken = _Beats(tx, parts)
        answers = {n: taken.one(*batch[n]) for n in order}
        taken.close()
        return [answers[n] for n in range(len(batch))]

    return await parts.store.write(step)


class _Beats:
    """A batch of beats within one transaction."""

    def __init__(self, tx: Tx, parts: Parts) -> None:
        self._tx = tx
        self._parts = parts
        self._alive: list[str] = []
        self._generation = int(tx.facts.get(GENERATION) or 0)
        self._busy = {directory for directory, _ in tx.jobs.stirring(parts.clock.now())}

    def one(self, said: Said, beat: Beat) -> Beaten | Denied:
        """What one beat gets."""
        speaker = agents.heard(self._tx, self._parts, said, beat.run_id)
        if isinstance(speaker, Denied):
            return speaker
        agent = speaker.agent
        self._alive.append(agent.id)
        if beat.health != agent.facts and len(beat.health) <= HEALTH_MAX:
            self._tx.agents.update(replace(agent, facts=beat.health))
        work = agent.directory_id in self._busy
        lease = self._lease(speaker, said.run_id, beat)
        now = speaker.act.now
        if isinstance(lease, Lease):
            return Beaten(lease.epoch, lease.until - now, None, work)
        return Beaten(None, 0, self._holder(lease, now), work)

    def close(self) -> None:
        """Whoever was listened to lives."""
        if self._alive:
            self._tx.agents.heard(self._alive, self._parts.clock.now())

    def _lease(self, speaker: Speaker, run_id: str, beat: Beat) -> Lease | leases.Other | None:
        agent, now = speaker.agent, speaker.act.now
        wants = beat.wants_lease and agent.role is AgentRole.CANDIDATE
        stored = self._tx.directories.lease(agent.tenant_id, agent.directory_id)
        decided = leases.decide(
            stored, agent.directory_id, agent.id, run_id, now,
            wants=wants, generation=self._generation,
        )  # fmt: skip
        if not isinstance(decided, Lease):
            return decided
        if self._tx.directories.take_lease(agent.tenant_id, decided, stored):
            return decided
        quicker = self._tx.directories.lease(agent.tenant_id, agent.directory_id)
        return leases.Other(quicker) if quicker else None

    def _holder(self, other: leases.Other | None, now: int) -> Holder | None:
        """Who is primary instead."""
        if other is None:
            return None
        held, left = self._tx.agents.by_id(other.lease.agent_id), other.lease.until - now
        if held is None or held.run is None:
            return Holder(held.name if held else "", "", 0, left)
        return Holder(held.name, held.run.place, max(0, now - held.run.since), left)


# -- the bell


@dataclass(frozen=True, slots=True)
class Listening:
    """An agent may wait for work. marks: what stirs in its directory already."""

    marks: frozenset[str]


async def listen(parts: Parts, said: Said, run_id: str) -> Listening | Denied:
    """The present run of an approved agent wants to be rung. Denied as steps.agents.heard says;
    one that comes late is refused, and no sign of a copied key.
    """

    def do(tx: Tx, speaker: Speaker) -> Listening:
        here, stirring = speaker.agent.directory_id, tx.jobs.stirring(speaker.act.now)
        return Listening(frozenset(mark for directory, mark in stirring if directory == here))

    return await parts.store.write(agents.hearing(parts, said, run_id, do, waits=True))


@dataclass(frozen=True, slots=True)
class News:
    """What concerns agents that are connected.

    Attributes:
        marks: (directory, mark) as ports.directories.Jobs.stirring has them.
        stopped: agents that nobody listens to any more.
    """

    marks: frozenset[tuple[str, str]]
    stopped: frozenset[str]


async def news(parts: Parts, since: int) -> News:
    """What stirs now, in all directories; who was stopped at `since` or later (ms)."""
    now = parts.clock.now()
    return await parts.store.read(
        lambda tx: News(frozenset(tx.jobs.stirring(now)), frozenset(tx.agents.stopped(since)))
    )


# -- work


async def fetch(parts: Parts, said: Said, message: Fetch) -> Work | Denied:
    """What there is to do for this agent, now; for a command line, who waits for approval.

    An agent that fetches has heard that it was approved, so what approval left for it goes.
    """
    return await parts.store.write(lambda tx: _fetch(tx, parts, said, message))


def _fetch(tx: Tx, parts: Parts, said: Said, message: Fetch) -> Work | Denied:
    if said.run_id == COMMAND:
        speaker = agents.admit(tx, parts, said)
        if isinstance(speaker, Denied):
            return speaker
        return replace(standby.NOTHING, applicants=standby.applicants(tx, speaker.agent))
    speaker = agents.heard(tx, parts, said, message.run_id)
    if isinstance(speaker, Denied):
        return speaker
    if speaker.agent.bequest is not None:
        speaker = replace(speaker, agent=replace(speaker.agent, bequest=None))
        tx.agents.update(speaker.agent)
    agent = speaker.agent
    lease = tx.directories.lease(agent.tenant_id, agent.directory_id)
    return standby.work(tx, agent, lease, speaker.act.now)


async def permit(parts: Parts, said: Said, message: AskPermit) -> Permitted | Denied:
    """Leave to act once; see steps.jobs.permit. Denied as steps.agents.heard says."""

    def do(tx: Tx, speaker: Speaker) -> Permitted:
        return jobs.permit(tx, speaker.act, speaker.agent, message)

    return await parts.store.write(agents.hearing(parts, said, message.run_id, do))


async def report(parts: Parts, said: Said, message: Report) -> Taken | Denied:
    """How a job ended. The run that acted may be an earlier one of this agent's: its journal
    remembers. Denied as steps.agents.heard says.
    """
    if message.outcome not in set(Outcome):
        return denied("message")

    def do(tx: Tx, speaker: Speaker) -> Taken:
        jobs.report(tx, speaker.act, speaker.agent, message)
        return Taken()

    return await parts.store.write(agents.hearing(parts, said, said.run_id, do))


async def seen(parts: Parts, said: Said, message: Seen) -> Taken | Denied:
    """What a watch saw. Denied as steps.agents.heard says."""

    def do(tx: Tx, speaker: Speaker) -> Taken:
        jobs.seen(tx, speaker.act, speaker.agent, message)
        return Taken()

    return await parts.store.write(agents.hearing(parts, said, said.run_id, do))


async def looked(parts: Parts, said: Said, message: Looked) -> Taken | Denied:
    """The answer to a look. Denied as steps.agents.heard says, and "message" (too long)."""
    if len(message.view) > VIEW_MAX:
        return denied("message")

    def do(tx: Tx, speaker: Speaker) -> Taken:
        jobs.looked(tx, speaker.act, speaker.agent, message)
        return Taken()

    return await parts.store.write(agents.hearing(parts, said, said.run_id, do))


async def chart(parts: Parts, said: Said, message: Charted) -> Taken | Denied:
    """The primary's view of its directory, stored; nobody else's is.

    Denied besides what steps.agents.heard says: "epoch" (it is not primary), "message".
    """

    def do(tx: Tx, speaker: Speaker) -> Taken | Denied:
        return _chart(tx, speaker, said.run_id, message)

    return await parts.store.write(agents.hearing(parts, said, said.run_id, do))


def _chart(tx: Tx, speaker: Speaker, run_id: str, message: Charted) -> Taken | Denied:
    agent, now = speaker.agent, speaker.act.now
    lease = tx.directories.lease(agent.tenant_id, agent.directory_id)
    if not leases.leads(lease, agent.id, run_id, now):
        return denied("epoch")
    directory = tx.directories.get(agent.tenant_id, agent.directory_id)
    if directory is None or not _readable(message.topology):
        return denied("message")
    reachable = json.dumps(message.reachable)
    tx.directories.update(
        replace(directory, topology=message.topology, reachable=reachable, topology_at=now)
    )
    return Taken()


def _readable(text: str) -> bool:
    try:
        topology.decode(text)
    except topology.Unreadable:
        return False
    return len(text) <= TOPOLOGY_MAX


# -- time


async def sweep(parts: Parts, limit: int = SWEEP) -> int:
    """Store what time has made of jobs, of all tenants; returns how many there were to look at.

    Raises StoreUnavailable.
    """
    now = parts.clock.now()
    if not await parts.store.glance(lambda tx: tx.jobs.due(now, 1)):
        return 0
    return await parts.store.write(lambda tx: jobs.sweep(tx, parts, parts.clock.now(), limit))
