"""Who of the agents speaks, and whether they may: the first step of whatever an agent asks.

The door has proved that the request is signed by this agent's key, and nothing else.  What
remains is the store's to know, and one transaction: that the agent was not revoked, that
the number is new in its lane, and that the run is the key's present one.

    revoked? cloned? --> the present run? --> number risen? --> heard
                              |                    |
      no: refused, or, if another run followed     no: a slip (the third in an hour:
      it and lives: the key is in two places       two places)

A number that did not rise proves less than it seems.  A request that a slow server or
proxy delivers late comes after its successor, and honestly; so two are forgiven in an hour,
while a copy that goes on working, beat for beat, has used them up within the minute.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.alarms import Alarm
from keyturn.rules.budgets import SLIPS
from keyturn.rules.directories import leases
from keyturn.rules.directories.things import Agent, AgentState, Run
from keyturn.rules.events import Event
from keyturn.steps import alarms, jobs
from keyturn.steps.acts import Act, record
from keyturn.wire.messages import COMMAND, Begun, Denied, Holder

T = TypeVar("T")
#: purpose of the digests of enrolment tokens (ports.secrets.Sealer.digest)
TOKEN = "agent-token"  # noqa: S105  a purpose's name, not a secret


#: a DNS name, or the one label of a machine without a domain (RFC 1035 §2.3.4)
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_][a-z0-9_-]{0,62}(\.[a-z0-9_][a-z0-9_-]{0,62})*")


@dataclass(frozen=True, slots=True)
class Said:
    """A request whose signature the door has verified.

    Attributes:
        run_id: the sender's present life, as it says.
        lane, number: its place in the order of requests.
        ip: where it came from, as seen through trusted proxies.
    """

    agent_id: str
    run_id: str
    lane: str
    number: int
    ip: str


@dataclass(frozen=True, slots=True)
class Speaker:
    """An agent that is listened to."""

    agent: Agent
    act: Act


def denied(why: str, holder: Holder | None = None) -> Denied:
    """A refusal; see wire.messages.Denied for the words."""
    return Denied(why, holder)


def listened(tx: Tx, parts: Parts, said: Said) -> Speaker | Denied:
    """Whether an agent is listened to, whatever its run and the request's number."""
    agent = tx.agents.lock(said.agent_id)
    tenant = tx.tenants.get(agent.tenant_id) if agent is not None else None
    if agent is None or tenant is None:
        return denied("signature")
    if agent.state is AgentState.REVOKED:
        return denied("revoked")
    if agent.clone_at is not None:
        return denied("cloned")
    return Speaker(agent, jobs.by_agent(parts, tenant, agent, said.ip, parts.clock.now()))


def numbered(tx: Tx, speaker: Speaker, said: Said, *, waits: bool = False) -> Denied | None:
    """Take the request's number; the refusal if it is not higher than all before it.

    Args:
        waits: it only wants to be rung. Such requests are given up and made anew all the time, and
            most when a server is slow: that one comes late says nothing of where the key is.
    """
    if tx.agents.advance(speaker.agent.id, said.lane, said.number):
        return None
    return denied("sequence") if waits else _slip(tx, speaker, said)


def admit(tx: Tx, parts: Parts, said: Said, *, waits: bool = False) -> Speaker | Denied:
    """As `listened`, and takes the request's number; `waits` as there."""
    speaker = listened(tx, parts, said)
    if isinstance(speaker, Denied):
        return speaker
    return numbered(tx, speaker, said, waits=waits) or speaker


def heard(
    tx: Tx, parts: Parts, said: Said, run_id: str, *, waits: bool = False
) -> Speaker | Denied:
    """As `admit`, for what only the present run of an approved agent may ask.

    Args:
        run_id: the run that the message names; the one that signed must be the same. A command
            line has none, and shows nothing by that.
        waits: see `numbered`.
    """
    speaker = listened(tx, parts, said)
    if isinstance(speaker, Denied):
        return speaker
    agent, now = speaker.agent, speaker.act.now
    if said.run_id == COMMAND:
        return numbered(tx, speaker, said, waits=waits) or denied("run")
    if agent.run is None or agent.run.id != said.run_id:
        # before its number: of two with one key, one is always behind the other's numbers
        if leases.alternates(agent.run, said.run_id, now):
            return copied(tx, speaker, "")
        return numbered(tx, speaker, said, waits=waits) or denied("run", holder(agent, now))
    slipped = numbered(tx, speaker, said, waits=waits)
    if slipped is not None:
        return slipped
    if run_id != said.run_id:
        return denied("message")
    return denied("waiting") if agent.state is AgentState.WAITING else speaker


def hearing(
    parts: Parts, said: Said, run_id: str, do: Callable[[Tx, Speaker], T], *, waits: bool = False
) -> Callable[[Tx], T | Denied]:
    """A transaction for whoever is `heard`: `do` with them; else why not, and nothing is done."""

    def step(tx: Tx) -> T | Denied:
        speaker = heard(tx, parts, said, run_id, waits=waits)
        return speaker if isinstance(speaker, Denied) else do(tx, speaker)

    return step


def presentable(controller: str, machine: str, place: str, version: str) -> bool:
    """Whether what an agent says of itself can be stored and shown."""
    longest = ((machine, 64), (place, 300), (version, 40))
    texts = all(len(text) <= most and text.isprintable() for text, most in longest)
    return texts and _HOST.fullmatch(controller) is not None


def holder(agent: Agent, now: int) -> Holder | None:
    """Who lives under an agent's key already."""
    run = agent.run
    if run is None:
        return None
    left = max(0, run.seen_at + leases.ALIVE_MS - now)
    return Holder(agent.name, run.place, max(0, now - run.since), left)


def welcome(tx: Tx, agent: Agent) -> Begun:
    """What an agent that begins is told: whether it is approved, and what approval left for it."""
    directory = tx.directories.get(agent.tenant_id, agent.directory_id)
    return Begun(
        approved=agent.state is AgentState.ACTIVE,
        certificate=agent.certificate,
        bequest=agent.bequest,
        identity=directory.identity if directory else None,
    )


def _slip(tx: Tx, speaker: Speaker, said: Said) -> Denied:
    """A number that did not rise."""
    act = speaker.act
    spent = tx.budgets.spend(act.tenant.id, said.agent_id, act.now, SLIPS)
    return denied("sequence") if SLIPS.allows(spent) else copied(tx, speaker, "")


def copied(tx: Tx, speaker: Speaker, other: str) -> Denied:
    """An agent's key is in two places: it is believed in neither any more, and owners hear of
    it. Its lease runs out by itself, for whoever has it may be acting just now.

    Args:
        other: where the other process is, "" if it did not say.
    """
    agent, act = speaker.agent, speaker.act
    tx.agents.update(replace(agent, clone_at=act.now))
    facts = two_places(agent, agent.run, other)
    record(tx, act, Event.AGENT_COPIED, None, facts)
    alarms.sound(tx, act, Alarm.AGENT_COPIED, facts)
    return denied("cloned")


def two_places(agent: Agent, run: Run | None, other: str) -> Mapping[str, object]:
    """What an alarm says of two processes with one key."""
    return {"subject": agent.name, "place": run.place if run else "", "other": other}
