"""Becoming an agent: enrol, found the directory's identity, approve, renew.

    token --enrol--> waiting --(no identity yet: found)--> active
                        |                                    |
                        +--------approved by an active one---+

What is believed of whom: the token lets in one key, once; the directory's identity is
whatever the first candidate founds, decided by one statement of the store; every later
agent is only what an active one has signed for.  Certificates are verified here although
browsers verify them again: what cannot be true is not even stored.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from keyturn.ports.channel import Notary
from keyturn.ports.parts import Parts
from keyturn.ports.store import Taken as NameTaken
from keyturn.ports.store import Tx
from keyturn.rules.budgets import ENROLMENTS, exhausted
from keyturn.rules.callers import Caller, network_of
from keyturn.rules.directories.things import (
    Agent,
    AgentRole,
    AgentState,
    Directory,
    EnrolmentToken,
)
from keyturn.rules.events import Event
from keyturn.steps import agents, jobs
from keyturn.steps.acts import Act, record
from keyturn.steps.agents import Said, Speaker, denied
from keyturn.wire.messages import Approve, Begun, Denied, Enrol, Enrolled, Found, Renew, Taken

KEY_BYTES: Final = 32
#: longest certificate (two ids, a key and a signature) and sealed identity key, bytes
CERTIFICATE_MAX, BEQUEST_MAX = 512, 1024
#: counts what no tenant can be charged for
_NOBODY = ""
_NAME = re.compile(r"[^\W_](?:[\w. -]{0,62}[\w)])?")


async def enrol(parts: Parts, notary: Notary, ip: str, said: Enrol) -> Enrolled | Denied:
    """A newcomer shows its token. The door has verified that `said.signing_key` signed this.

    The same token with the same key is answered as before: the first answer may be lost.
    Denied: "message", "later", "token" (unknown, used, over: one answer), "kind" (the token is
    right and stays good), "name".
    Raises StoreUnavailable.
    """
    if not _sound(said):
        return denied("message")
    try:
        return await parts.store.write(lambda tx: _enrol(tx, parts, notary, ip, said))
    except NameTaken:
        return denied("name")


def _sound(said: Enrol) -> bool:
    """Whether the fields are what such fields can be."""
    return (
        len(said.signing_key) == KEY_BYTES
        and len(said.sealing_key) == KEY_BYTES
        and _NAME.fullmatch(said.name) is not None
        and agents.presentable(said.controller, said.machine, said.place, said.version)
    )


def _enrol(tx: Tx, parts: Parts, notary: Notary, ip: str, said: Enrol) -> Enrolled | Denied:
    now, network = parts.clock.now(), network_of(ip)
    spent = tx.budgets.look(_NOBODY, network, ENROLMENTS, hold=True)  # `_wrong` spends it
    if exhausted(spent, now, ENROLMENTS):
        return denied("later")
    digest = parts.sealer.digest(agents.TOKEN, said.token)
    token = tx.directories.token(digest)
    directory = tx.directories.get(token.tenant_id, token.directory_id) if token else None
    if token is None or directory is None:
        return _wrong(tx, network, now)
    if said.kind is not directory.kind:
        return _unlike(tx, parts, ip, (token, directory), said, now)
    if tx.directories.use_token(digest, now):
        agent: Agent | None = _newcomer(tx, parts, ip, token, said, now)
    else:
        agent = _known(tx, digest, said)
    if agent is None:
        return _wrong(tx, network, now)
    return Enrolled(
        agent_id=agent.id, directory_id=directory.id, directory=directory.name, role=agent.role,
        server_key=notary.server_key, identity=directory.identity,
        approved=agent.state is AgentState.ACTIVE,
    )  # fmt: skip


def _wrong(tx: Tx, network: str, now: int) -> Denied:
    tx.budgets.spend(_NOBODY, network, now, ENROLMENTS)
    return denied("token")


def _unlike(
    tx: Tx, parts: Parts, ip: str, to: tuple[EnrolmentToken, Directory], said: Enrol, now: int
) -> Denied:
    """An agent of another kind. Whoever shows a good token is told so, and the console too; the
    token lets in another try.
    """
    token, directory = to
    tenant = tx.tenants.get(token.tenant_id)
    if tenant is None or token.used_at is not None or token.expires_at <= now:
        return _wrong(tx, network_of(ip), now)
    tx.budgets.spend(_NOBODY, network_of(ip), now, ENROLMENTS)
    facts = {"name": said.name, "place": said.place, "directory": directory.name,
             "cause": "kind", "kind": str(said.kind)}  # fmt: skip
    caller = Caller(tenant=tenant, browser="", offers=(), ip=ip, client_name=f"agent {said.name}")
    record(tx, Act(parts, caller, now), Event.AGENT_REFUSED, None, facts)
    return denied("kind")


def _known(tx: Tx, digest: str, said: Enrol) -> Agent | None:
    """The agent that this very token let in, if it is the one that asks."""
    token = tx.directories.token(digest)  # anew: it may have been used up just now
    here = tx.agents.of(token.tenant_id, token.directory_id) if token else ()
    return next(
        (a for a in here
         if token and a.enrolled_at == token.used_at and a.signing_key == said.signing_key
         and a.state is not AgentState.REVOKED),
        None,
    )  # fmt: skip


def _newcomer(
    tx: Tx, parts: Parts, ip: str, token: EnrolmentToken, said: Enrol, now: int
) -> Agent | None:
    """A new agent, stored; None if its tenant is gone. Raises NameTaken."""
    tenant = tx.tenants.get(token.tenant_id)
    if tenant is None:
        return None
    agent = Agent(
        id=parts.random.id(now), tenant_id=tenant.id, directory_id=token.directory_id,
        name=said.name, role=token.role, state=AgentState.WAITING, controller=said.controller,
        signing_key=said.signing_key, sealing_key=said.sealing_key, certificate=None,
        bequest=None, run=None, sequences={}, version=said.version, facts="",
        enrolled_at=now, approved_by=None, revoked_at=None, clone_at=None,
    )  # fmt: skip
    tx.agents.add(agent)
    facts = {"agent": agent.id, "name": agent.name, "role": agent.role, "place": said.place}
    act = jobs.by_agent(parts, tenant, agent, ip, now)
    record(tx, act, Event.AGENT_ENROLLED, None, facts)
    return agent


async def found(parts: Parts, notary: Notary, said: Said, message: Found) -> Begun | Denied:
    """A candidate offers an identity; the first whose certificate verifies makes it.

    Of several that come at once the store takes one; the others hear which counts. Whoever
    shows a certificate by the one that counts has its private half, from the owner's safe, and
    needs nobody's approval: it could approve itself by any other name. Denied
    besides what steps.agents.admit says: "role", "certificate". Raises StoreUnavailable.
    """
    return await parts.store.write(lambda tx: _found(tx, parts, notary, said, message))


def _found(tx: Tx, parts: Parts, notary: Notary, said: Said, message: Found) -> Begun | Denied:
    speaker = agents.admit(tx, parts, said)
    if isinstance(speaker, Denied):
        return speaker
    agent, act = speaker.agent, speaker.act
    if agent.role is not AgentRole.CANDIDATE:
        return denied("role")
    if not _vouched(
        notary, message.identity, message.certificate, agent, agent.sealing_key, act.now
    ):
        return denied("certificate")
    first = tx.directories.take_identity(agent.tenant_id, agent.directory_id, message.identity)
    directory = tx.directories.get(agent.tenant_id, agent.directory_id)
    counts = directory is not None and directory.identity == message.identity
    if counts and agent.state is AgentState.WAITING:
        agent = replace(agent, state=AgentState.ACTIVE, certificate=message.certificate)
        tx.agents.update(agent)
        event = Event.DIRECTORY_FOUNDED if first else Event.AGENT_APPROVED
        facts = {"agent": agent.id, "name": agent.name, "identity": message.identity.hex()}
        record(tx, act, event, None, facts)
    return agents.welcome(tx, agent)


def _vouched(
    notary: Notary, identity: bytes, certificate: bytes, agent: Agent, sealing_key: bytes, now: int
) -> bool:
    return (
        len(identity) == KEY_BYTES
        and len(sealing_key) == KEY_BYTES
        and len(certificate) <= CERTIFICATE_MAX
        and notary.certified(
            identity, certificate, agent.directory_id, agent.id, sealing_key, now
        )
    )  # fmt: skip


async def approve(parts: Parts, notary: Notary, said: Said, message: Approve) -> Taken | Denied:
    """An active candidate vouches for one that waits; once more for the same is no error.

    Denied besides what steps.agents.admit says: "waiting" (the voucher itself waits), "role"
    (a listener has no identity key to vouch with), "message" (nobody waits under this id in
    this directory; a candidate without bequest, a listener with one), "certificate".
    """
    return await parts.store.write(lambda tx: _approve(tx, parts, notary, said, message))


def _approve(tx: Tx, parts: Parts, notary: Notary, said: Said, message: Approve) -> Taken | Denied:
    speaker = agents.admit(tx, parts, said)
    if isinstance(speaker, Denied):
        return speaker
    agent = speaker.agent
    if agent.state is AgentState.WAITING:
        return denied("waiting")
    if agent.role is not AgentRole.CANDIDATE:
        return denied("role")
    applicant = tx.agents.lock(message.agent_id)
    if applicant is None or not _fits(agent, applicant, message):
        return denied("message")
    directory = tx.directories.get(agent.tenant_id, agent.directory_id)
    return _vouch(tx, notary, speaker, applicant, directory, message)


def _fits(agent: Agent, applicant: Agent, message: Approve) -> bool:
    """Whether this can be an approval of this applicant by this agent at all."""
    here = (applicant.tenant_id, applicant.directory_id) == (agent.tenant_id, agent.directory_id)
    bequest = message.bequest
    left = bequest is not None and 0 < len(bequest) <= BEQUEST_MAX
    right = left if applicant.role is AgentRole.CANDIDATE else bequest is None
    return here and applicant.state is not AgentState.REVOKED and right


def _vouch(
    tx: Tx, notary: Notary, speaker: Speaker, applicant: Agent, directory: Directory | None,
    message: Approve,
) -> Taken | Denied:  # fmt: skip
    agent, act, certificate = speaker.agent, speaker.act, message.certificate
    identity = directory.identity if directory else None
    if identity is None or not _vouched(
        notary, identity, certificate, applicant, applicant.sealing_key, act.now
    ):
        return denied("certificate")
    if applicant.state is AgentState.WAITING:
        approved = replace(
            applicant, state=AgentState.ACTIVE, certificate=certificate, bequest=message.bequest,
            approved_by=agent.id,
        )  # fmt: skip
        tx.agents.update(approved)
        facts = {"agent": applicant.id, "name": applicant.name, "role": applicant.role,
                 "by": agent.name}  # fmt: skip
        record(tx, act, Event.AGENT_APPROVED, None, facts)
    return Taken()


async def renew(parts: Parts, notary: Notary, said: Said, message: Renew) -> Taken | Denied:
    """An active agent brings a fresh certificate over its sealing key, which may be new.

    Denied besides what steps.agents.admit says: "waiting", "certificate".
    """
    return await parts.store.write(lambda tx: _renew(tx, parts, notary, said, message))


def _renew(tx: Tx, parts: Parts, notary: Notary, said: Said, message: Renew) -> Taken | Denied:
    speaker = agents.admit(tx, parts, said)
    if isinstance(speaker, Denied):
        return speaker
    agent, now = speaker.agent, speaker.act.now
    if agent.state is AgentState.WAITING:
        return denied("waiting")
    directory = tx.directories.get(agent.tenant_id, agent.directory_id)
    identity = directory.identity if directory else None
    key, certificate = message.sealing_key, message.certificate
    if identity is None or not _vouched(notary, identity, certificate, agent, key, now):
        return denied("certificate")
    tx.agents.update(replace(agent, sealing_key=key, certificate=certificate))
    return Taken()
