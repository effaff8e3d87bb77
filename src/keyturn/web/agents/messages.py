"""POST: one signed message, one signed answer.

    head --> too much from there? --> body (bounded) --> whose key? --> signature --> message
                                                                           |
                                     "signature", signed, the same for whoever is not known

Nothing of a body is believed before its signature is verified; of an Enrol, which brings its
own key, the key is read out first, and then it must have signed what it came in.  Every
signed request gets a signed answer with status 200, refusals too, so that no proxy in
between can put an answer of its own in its place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

from starlette.responses import Response

from keyturn.flows import channel, enrolling, guessing, surveys, syncing
from keyturn.ports.parts import Parts
from keyturn.rules.callers import network_of
from keyturn.rules.directories.things import Agent
from keyturn.steps.agents import Said, denied
from keyturn.web import parsing
from keyturn.web.agents.desk import Desk, said_by
from keyturn.web.refusals import Refusal
from keyturn.wire import session, signatures
from keyturn.wire.codec import MAX_SIZE, Unreadable, decode_request
from keyturn.wire.messages import (
    Answer,
    Approve,
    AskPermit,
    AskTry,
    Beat,
    Begin,
    Charted,
    Denied,
    Enrol,
    Fetch,
    Found,
    Guessed,
    Looked,
    Release,
    Renew,
    Report,
    Rung,
    Seen,
    Surveyed,
    SyncBegun,
    SyncChanges,
    SyncLost,
    SyncPage,
    SyncStuck,
    Wait,
)
from keyturn.wire.session import Heard
from keyturn.wire.signatures import NEW, Forged

#: longest that a long-poll is kept waiting: proxies give up after some time
WAIT_MAX_MS: Final = 25_000

Flow = Callable[[Parts, Said, Any], Awaitable[Answer]]


class Messages:
    """The ASGI application that takes messages."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._flows: Mapping[type, Flow] = {
            Begin: channel.begin, Release: channel.release, Fetch: channel.fetch,
            AskPermit: channel.permit, Report: channel.report, Seen: channel.seen,
            Looked: channel.looked, Charted: channel.chart,
            Surveyed: surveys.take,
            AskTry: guessing.permit, Guessed: guessing.guessed,
            Found: self._noted(enrolling.found), Approve: self._noted(enrolling.approve),
            Renew: self._noted(enrolling.renew),
            SyncBegun: syncing.begun, SyncPage: syncing.paged, SyncChanges: syncing.followed,
            SyncLost: syncing.lost, SyncStuck: syncing.stuck,
        }  # fmt: skip

    def _noted(self, flow: Any) -> Flow:
        """A flow that judges certificates."""

        async def judged(parts: Parts, said: Said, message: Any) -> Answer:
            answer: Answer = await flow(parts, self._desk.notary, said, message)
            return answer

        return judged

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One message (ASGI). Raises Refusal for what is not signed, and StoreUnavailable."""
        if scope["method"] != "POST":
            raise Refusal(405, "method", headers={"allow": "POST"})
        ip, headers = self._desk.ip(scope), parsing.headers_of(scope)
        body = await parsing.body(scope, receive, MAX_SIZE)
        try:
            signature = signatures.claimed_signature(headers)
            sender = signatures.read_sender(headers)
        except Forged as error:
            raise Refusal(400, "not-signed") from error
        if sender.agent_id == NEW:
            answer = await self._newcomer(ip, headers, body)
        else:
            known = await self._desk.key_of(sender.agent_id)
            hear = partial(self._heard, ip, known[1], headers, body)
            answer = await self._answer(scope, ip, known[0], hear())
        head, said = session.say(self._desk.notary.key, answer, signature)
        await Response(said, headers=head)(scope, receive, send)

    def _heard(
        self, ip: str, key: bytes, headers: Mapping[str, str], body: bytes
    ) -> Heard | Denied:
        """What was said, verified."""
        try:
            return session.hear(key, self._desk.site.origin, headers, body)
        except Forged:
            self._desk.forged(ip)
            return denied("signature")
        except Unreadable as error:
            return denied("protocol" if error.why == "protocol" else "message")

    async def _newcomer(self, ip: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """An Enrol: the key that it brings must have signed it."""
        try:
            brought = decode_request(body)
        except Unreadable as error:
            return denied("protocol" if error.why == "protocol" else "message")
        if not isinstance(brought, Enrol):
            return denied("message")
        heard = self._heard(ip, brought.signing_key, headers, body)
        if isinstance(heard, Denied):
            return heard
        return await enrolling.enrol(self._desk.parts, self._desk.notary, ip, brought)

    async def _answer(
        self, scope: Any, ip: str, agent: Agent | None, heard: Heard | Denied
    ) -> Answer:
        if isinstance(heard, Denied):
            return heard
        if agent is None:
            return denied("signature")
        said, message = said_by(heard.sender, ip), heard.message
        if isinstance(message, Beat):
            return await self._desk.beats.take(said, message)
        if isinstance(message, Wait):
            return await self._wait(scope, agent, said, message)
        flow = self._flows.get(type(message))
        return await flow(self._desk.parts, said, message) if flow else denied("message")

    async def _wait(self, scope: Any, agent: Agent, said: Said, message: Wait) -> Answer:
        """A long-poll: answered when there is work that this run was not told of."""
        hub = self._desk.hub
        hub.watch(scope)
        patience = max(0, min(message.for_ms, WAIT_MAX_MS))
        network = network_of(said.ip)
        if not hub.room_for(network):
            raise Refusal(429, "too-many", headers={"retry-after": "5"})
        with hub.waiting(agent, said.run_id, network) as waiter:
            listening = await channel.listen(self._desk.parts, said, message.run_id)
            if isinstance(listening, Denied):
                return listening
            await waiter.rung(listening.marks, patience / 1000)
        return denied("revoked") if waiter.stopped else Rung(waiter.work)
