"""Signed messages at their door: what is believed, and what never is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keyturn.rules.directories.things import AgentState
from keyturn.rules.lockout import MINUTE
from keyturn.web import strikes
from keyturn.web.agents import hub
from keyturn.wire.codec import MAX_SIZE, decode_answer, encode
from keyturn.wire.messages import (
    Approve,
    AskTry,
    Beat,
    Beaten,
    Begin,
    Begun,
    Charted,
    Denied,
    Enrolled,
    Fetch,
    Found,
    Guessed,
    Looked,
    Permitted,
    Release,
    Renew,
    Rung,
    SyncBegun,
    SyncChanges,
    SyncLost,
    SyncPage,
    SyncStuck,
    Taken,
    Wait,
    Work,
)
from keyturn.wire.paths import MESSAGES
from keyturn.wire.signatures import NEW, Forged, Lane, sign_request
from tests.unit.flows.agency import public
from tests.unit.flows.house import run
from tests.unit.flows.test_channel import CHART
from tests.unit.web.ringing import Office, Reply


def refused(why: str) -> Denied:
    return Denied(why, None)


def word(reply: Reply) -> str:
    """What a reply says, whoever it is to."""
    answer = decode_answer(reply.body)
    assert isinstance(answer, Denied)
    return answer.why


# -- a life


def test_an_agent_enrols_founds_begins_beats_works_and_ends(office: Office) -> None:
    agency, house = office.agency, office.house
    machine = agency.machine("dc1")
    newcomer = office.speaker(machine, "enrol", server_key=None, agent_id=NEW)

    async def scene() -> None:
        enrolled = await office.call(newcomer, agency.asks(machine, agency.token()))
        assert isinstance(enrolled, Enrolled)
        assert enrolled.server_key == agency.notary.server_key
        machine.id, machine.run_id = enrolled.agent_id, "run"
        identity = Ed25519PrivateKey.generate()
        speaker = office.speaker(machine)
        found = Found(public(identity), agency.certificate(identity, machine))
        begun = await office.call(speaker, found)
        assert isinstance(begun, Begun)
        assert begun.approved
        begin = Begin("run", "", "m", "dc1 (192.0.2.10)", "dc1.corp.example.test", "0.1.0")
        assert isinstance(await office.call(speaker, begin), Begun)
        beaten = await office.call(speaker, Beat("run", True, ""))
        assert isinstance(beaten, Beaten)
        assert beaten.epoch is not None
        fresh = agency.certificate(identity, machine, serial=2)
        assert await office.call(speaker, Renew(machine.sealing_key, fresh)) == Taken()
        assert await office.call(speaker, Charted(CHART, {})) == Taken()
        assert await office.call(speaker, Looked("look", "", "gone")) == Taken()
        assert isinstance(await office.call(speaker, Fetch("run")), Work)
        for told in (
            SyncBegun("x", b"", 1), SyncPage("x", "", (), last=True), SyncLost("x"),
            SyncStuck("x", "scope", ""),
            SyncChanges("x", (), (), b"", whole=False),
        ):  # fmt: skip
            assert await office.call(speaker, told) == refused("unsynced")
        assert await office.call(speaker, Approve("nobody", b"", b"")) == refused("message")
        assert await office.call(speaker, Release("run")) == Taken()

    run(scene())
    assert house.events() == [
        "agent.enrolled", "directory.founded", "agent.started", "agent.stopped",
    ]  # fmt: skip


def test_of_a_try_that_is_not_there_an_agent_learns_nothing(office: Office) -> None:
    first = office.agency.first()
    speaker, here = office.speaker(first), first.run_id

    async def scene() -> None:
        asks = AskTry("nothing", here, 5, 1_800_000, True, 11_000)
        assert await office.call(speaker, asks) == Permitted(0, "gone")
        assert await office.call(speaker, Guessed("nothing", here, "right", "")) == Taken()

    run(scene())


# -- who is believed


@pytest.mark.parametrize(
    "tamper",
    [
        lambda h, b: (h, b.replace(b"run", b"RUN")),
        lambda h, b: ({**h, "keyturn-agent": "somebody"}, b),
        lambda h, b: ({**h, "keyturn-run": "another"}, b),
        lambda h, b: ({**h, "keyturn-sequence": "99"}, b),
        lambda h, b: ({**h, "keyturn-lane": "wait"}, b),
        lambda h, b: ([*h.items(), ("keyturn-run", h["keyturn-run"])], b),
        lambda h, b: ({**h, "content-digest": "sha-256=:AAAA:"}, b),
    ],
    ids=["body", "agent", "run", "number", "lane", "twice", "digest"],
)
def test_what_was_touched_on_its_way_is_refused(office: Office, tamper: Callable[..., Any]) -> None:
    first = office.agency.first()
    before = office.agency.stored(first)

    async def scene() -> None:
        said = office.speaker(first).ask(Release(first.run_id))
        headers, body = tamper(dict(said.headers), said.body)
        reply = await office.post(headers, body)
        assert reply.status in (200, 400)
        if reply.status == 200:
            assert word(reply) == "signature"

    run(scene())
    assert office.agency.stored(first) == before


def test_a_message_in_a_lane_that_is_not_its_own_is_refused(office: Office) -> None:
    first = office.agency.first()
    speaker = office.speaker(first)
    body = encode(Wait(first.run_id, 0))
    sender = speaker.sender(Lane.WORK)
    headers = sign_request(first.key, "POST", speaker.origin, MESSAGES, sender, body)
    assert word(run(office.post(headers, body))) == "signature"


def test_another_agents_id_needs_another_agents_key(office: Office) -> None:
    first = office.agency.first()
    second = office.agency.second(first)
    forged = office.speaker(second, agent_id=first.id, run_id=first.run_id)
    assert run(office.call(forged, Fetch(first.run_id))) == refused("signature")


def test_whoever_is_not_known_hears_what_a_forger_hears(office: Office) -> None:
    first = office.agency.first()
    stranger = office.speaker(first, agent_id="0" * len(first.id))
    forger = office.speaker(first, key=Ed25519PrivateKey.generate())

    async def scene() -> list[tuple[Reply, list[str]]]:
        heard = []
        for speaker in (stranger, forger):
            said = speaker.ask(Fetch(first.run_id))
            with office.house.statements() as seen:
                reply = await office.post(said.headers, said.body)
            speaker.hear(said, reply.status, reply.headers, reply.body)
            heard.append((reply, [s for s in seen if "sequences" not in s]))
        return heard

    (one, asked_one), (two, asked_two) = run(scene())
    assert (one.status, one.body, one.headers.keys()) == (two.status, two.body, two.headers.keys())
    assert asked_one == asked_two


def test_a_request_that_is_sent_twice_counts_once(office: Office) -> None:
    first = office.agency.first()
    speaker = office.speaker(first)

    async def scene() -> None:
        said = speaker.ask(Fetch(first.run_id))
        once = await office.post(said.headers, said.body)
        assert isinstance(speaker.hear(said, 200, once.headers, once.body), Work)
        again = await office.post(said.headers, said.body)
        assert speaker.hear(said, 200, again.headers, again.body) == refused("sequence")

    run(scene())


def test_an_answer_is_good_for_its_own_request_only(office: Office) -> None:
    first = office.agency.first()
    speaker = office.speaker(first)

    async def scene() -> None:
        one, two = speaker.ask(Fetch(first.run_id)), speaker.ask(Fetch(first.run_id))
        reply = await office.post(one.headers, one.body)
        with pytest.raises(Forged):
            speaker.hear(two, 200, reply.headers, reply.body)
        with pytest.raises(Forged):
            speaker.hear(one, 200, reply.headers, reply.body + b" ")

    run(scene())


def test_a_revoked_agent_hears_so_signed(office: Office) -> None:
    first = office.agency.first()
    office.agency.change(first, lambda a: replace(a, state=AgentState.REVOKED, revoked_at=1))
    assert run(office.call(office.speaker(first), Fetch(first.run_id))) == refused("revoked")
    beat = Beat(first.run_id, True, "")
    assert run(office.call(office.speaker(first), beat)) == refused("revoked")
    assert run(office.call(office.speaker(first), Wait(first.run_id, 0))) == refused("revoked")


# -- what is not even a request


def test_what_is_not_signed_is_told_so(office: Office) -> None:
    reply = run(office.post({}, b"{}"))
    assert reply.status == 400
    assert json.loads(reply.body)["code"] == "not-signed"


def test_only_posts_are_messages(office: Office) -> None:
    reply = run(office.post({}, b"", method="GET"))
    assert (reply.status, reply.headers["allow"]) == (405, "POST")


def test_what_is_too_long_is_not_read(office: Office) -> None:
    reply = run(office.post({}, b"x" * (MAX_SIZE + 1)))
    assert reply.status == 413
    declared = {"content-length": str(MAX_SIZE + 1)}
    assert run(office.post(declared, b"")).status == 413


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"nonsense", "message"),
        (b'{"keyturn":2,"type":"Fetch","body":{"run_id":"x"}}', "protocol"),
        (b'{"keyturn":1,"type":"Fetched","body":{}}', "message"),
    ],
)
def test_another_protocol_and_no_message_are_told_apart(
    office: Office, body: bytes, why: str
) -> None:
    first = office.agency.first()
    speaker = office.speaker(first)
    headers = sign_request(
        first.key, "POST", speaker.origin, MESSAGES, speaker.sender(Lane.WORK), body
    )
    reply = run(office.post(headers, body))
    assert word(reply) == why
    newcomer = office.speaker(first, agent_id=NEW)
    headers = sign_request(
        first.key, "POST", speaker.origin, MESSAGES, newcomer.sender(Lane.WORK),
        body,
    )  # fmt: skip
    assert word(run(office.post(headers, body))) == why


def test_whoever_enrols_proves_the_key_that_it_brings(office: Office) -> None:
    agency = office.agency
    machine, token = agency.machine("dc1"), agency.token()
    asks = agency.asks(machine, token, signing_key=public(Ed25519PrivateKey.generate()))
    newcomer = office.speaker(machine, "enrol", server_key=None, agent_id=NEW)
    assert run(office.call(newcomer, asks)) == refused("signature")
    assert isinstance(run(office.call(newcomer, agency.asks(machine, token))), Enrolled)


def test_a_newcomer_says_nothing_but_that_it_enrols(office: Office) -> None:
    first = office.agency.first()
    newcomer = office.speaker(first, agent_id=NEW)
    assert run(office.call(newcomer, Fetch(first.run_id))) == refused("message")


def test_an_agent_does_not_enrol_again_in_its_own_name(office: Office) -> None:
    agency = office.agency
    first, token = agency.first(), agency.token()
    asks = agency.asks(first, token, name="dc1b")
    assert run(office.call(office.speaker(first), asks)) == refused("message")


def test_a_network_that_forges_without_end_waits(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strikes, "MOST", 3)
    monkeypatch.setattr(strikes, "NETWORKS", 2)
    first = office.agency.first()
    forger = office.speaker(first, key=Ed25519PrivateKey.generate())
    honest = office.speaker(first)

    async def forge(ip: str) -> Reply:
        said = forger.ask(Fetch(first.run_id))
        return await office.post(said.headers, said.body, ip=ip)

    async def scene() -> None:
        for _ in range(3):
            assert (await forge("198.51.100.1")).status == 200
        late = await forge("198.51.100.2")
        assert (late.status, late.headers["retry-after"]) == (429, "60")
        assert isinstance(await office.call(honest, Fetch(first.run_id)), Work)
        office.house.clock.move(MINUTE)
        assert (await forge("198.51.100.1")).status == 200
        for net in ("203.0.113.1", "203.0.112.1"):  # the oldest is forgotten
            await forge(net)

    run(scene())


def test_where_no_agents_are_served_there_is_no_door(office: Office) -> None:
    from keyturn.web import agents

    office.site.notary = None
    assert agents.routes(office.site) == []


# -- long-polls


def test_a_long_poll_is_answered_at_once_where_there_is_work(office: Office) -> None:
    first = office.agency.first()
    office.agency.job()
    assert run(office.call(office.speaker(first), Wait(first.run_id, 25_000))) == Rung(True)


def test_a_long_poll_waits_no_longer_than_it_asked(office: Office) -> None:
    first = office.agency.first()
    assert run(office.call(office.speaker(first), Wait(first.run_id, 10))) == Rung(False)
    assert run(office.call(office.speaker(first), Wait(first.run_id, -1))) == Rung(False)


def test_a_long_poll_is_rung_by_a_commit(office: Office) -> None:
    first = office.agency.first()

    async def scene() -> None:
        waits = asyncio.create_task(office.call(office.speaker(first), Wait(first.run_id, 25_000)))
        await asyncio.sleep(0.05)
        await office.house.store.write(lambda tx: tx.jobs.add(job))
        assert await waits == Rung(True)

    job = office.agency.job()
    office.house.write(lambda tx: tx.connection.exec_driver_sql("delete from jobs"))  # type: ignore[attr-defined]
    run(scene())


def test_what_a_run_was_told_of_once_does_not_ring_again(office: Office) -> None:
    first = office.agency.first()
    office.agency.job()

    async def scene() -> None:
        speaker = office.speaker(first)
        assert await office.call(speaker, Wait(first.run_id, 20)) == Rung(True)
        assert await office.call(speaker, Wait(first.run_id, 20)) == Rung(False)
        office.agency.job(guid="cd" * 16)
        assert await office.call(speaker, Wait(first.run_id, 20)) == Rung(True)

    run(scene())


def test_what_long_polls_were_told_is_bounded(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "TOLD_MOST", 1)
    first = office.agency.first()
    second = office.agency.second(first)
    office.agency.job()

    async def scene() -> None:
        for machine in (first, second, first):
            speaker = office.speaker(machine)
            assert await office.call(speaker, Wait(machine.run_id, 20)) == Rung(True)

    run(scene())


def test_a_long_poll_of_a_revoked_agent_ends_at_once(office: Office) -> None:
    first = office.agency.first()
    now = office.house.clock.now()
    gone = replace(office.agency.stored(first), state=AgentState.REVOKED, revoked_at=now)

    async def scene() -> None:
        waits = asyncio.create_task(office.call(office.speaker(first), Wait(first.run_id, 25_000)))
        await asyncio.sleep(0.05)
        await office.house.store.write(lambda tx: tx.agents.update(gone))
        assert await waits == refused("revoked")

    run(scene())


def test_a_server_that_leaves_lets_long_polls_go(office: Office) -> None:
    first = office.agency.first()

    async def scene() -> None:
        speaker = office.speaker(first)
        waits = asyncio.create_task(office.call(speaker, Wait(first.run_id, 25_000)))
        await asyncio.sleep(0.05)
        office.door.leave()
        assert await waits == Rung(False)
        assert await office.call(speaker, Wait(first.run_id, 25_000)) == Rung(False)

    run(scene())


def test_a_network_has_room_for_so_many(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub.Hub, "room_for", lambda *_: False)
    first = office.agency.first()

    async def scene() -> None:
        speaker = office.speaker(first)
        said = speaker.ask(Wait(first.run_id, 10))
        assert (await office.post(said.headers, said.body)).status == 429
        assert (await office.open(speaker.open().headers)).status == 429

    run(scene())
