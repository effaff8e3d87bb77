"""The bell: opened by a signature, rung by commits, closed for reasons that are told."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keyturn.flows import channel
from keyturn.ports.store import StoreUnavailable
from keyturn.rules.directories.leases import LEASE_MS
from keyturn.rules.directories.resets import JobState
from keyturn.rules.directories.things import AgentState, Epoch
from keyturn.web.agents import beats, hub
from keyturn.web.agents.bell import Bell
from keyturn.wire.codec import decode_answer
from keyturn.wire.messages import Beaten, Denied
from keyturn.wire.paths import BELL, FORGED, GOING, LATER, REPLACED, SILENT, STOPPED
from keyturn.wire.session import Opened
from keyturn.wire.signatures import Kind, Lane
from tests.unit.flows.agency import IP, Machine
from tests.unit.flows.house import run
from tests.unit.web.ringing import Office, scope_of


def test_an_agent_beats_by_its_bell_and_is_primary(office: Office) -> None:
    first = office.agency.first()

    async def scene() -> None:
        async with office.bell(first) as bell:
            beaten = await bell.beat()
            assert isinstance(beaten, Beaten)
            assert beaten.epoch == Epoch(0, 1)
            assert isinstance(await bell.beat(health='{"tls":"old"}'), Beaten)

    run(scene())
    assert office.agency.stored(first).facts == '{"tls":"old"}'


def test_a_commit_in_this_process_rings_whoever_it_concerns(office: Office) -> None:
    first = office.agency.first()
    second = office.agency.second(first)
    other = type(office.agency)(office.house, "other.test")
    stranger = other.first()
    job = office.agency.job()
    office.house.write(lambda tx: tx.connection.exec_driver_sql("delete from jobs"))  # type: ignore[attr-defined]

    async def scene() -> None:
        async with (
            office.bell(first) as one,
            office.bell(second) as two,
            office.bell(stranger) as apart,
        ):
            await office.house.store.write(lambda tx: tx.jobs.add(job))
            assert await one.ring() == 1
            assert await two.ring() == 1
            done = replace(job, state=JobState.UNSETTLED)
            await office.house.store.write(lambda tx: tx.jobs.update(done, JobState.QUEUED))
            assert await one.ring() == 2
            assert apart.outbox.empty()

    run(scene())


def test_what_stirs_already_rings_at_the_opening(office: Office) -> None:
    first = office.agency.first()
    office.agency.job()

    async def scene() -> None:
        async with office.bell(first) as bell:
            assert await bell.ring() == 1

    run(scene())


def test_what_another_process_commits_rings_soon(office: Office) -> None:
    first = office.agency.first()

    async def scene() -> None:
        async with office.bell(first) as bell:
            office.house.store._listeners.clear()  # nobody tells this process
            office.agency.job()
            began = asyncio.get_running_loop().time()
            assert await bell.ring() == 1
            assert asyncio.get_running_loop().time() - began < 5

    run(scene())


def test_a_ring_is_not_repeated_while_nothing_changes(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "LOOK_S", 0.02)
    first = office.agency.first()
    office.agency.job()

    async def scene() -> None:
        async with office.bell(first) as bell:
            assert await bell.ring() == 1
            await asyncio.sleep(0.3)
            assert bell.outbox.qsize() <= 1  # the first look of all sees it as new

    run(scene())


# -- openings


def test_an_opening_by_another_key_and_by_nobody_are_refused_alike(office: Office) -> None:
    first = office.agency.first()
    strangers = (
        office.speaker(first, key=Ed25519PrivateKey.generate()),
        office.speaker(first, agent_id="0" * 26),
    )

    async def scene() -> list[Any]:
        heard = []
        for speaker in strangers:
            opening = speaker.open()
            reply = await office.open(opening.headers)
            speaker_hears = session_answer(office, reply, opening.signature)
            assert speaker_hears == Denied("signature", None)
            heard.append((reply.status, reply.body, reply.headers.keys()))
        return heard

    one, two = run(scene())
    assert one == two
    assert one[0] == 403


def session_answer(office: Office, reply: Any, signature: bytes) -> Any:
    """What a refused opening says, verified."""
    from keyturn.wire import signatures

    key = office.agency.notary.server_key
    signatures.verify_answer(key, reply.status, reply.headers, reply.body, signature)
    return decode_answer(reply.body)


@pytest.mark.parametrize("why", ["revoked", "waiting", "run"])
def test_whoever_is_not_listened_to_gets_no_bell(office: Office, why: str) -> None:
    first = office.agency.first()
    machine = first
    if why == "revoked":
        gone = {"state": AgentState.REVOKED, "revoked_at": 1}
        office.agency.change(first, lambda a: replace(a, **gone))
    elif why == "waiting":
        machine = office.agency.machine("dc2")
        office.agency.enrol(machine)
        office.agency.begin(machine)
    else:
        machine = replace(first, run_id="another")

    async def scene() -> None:
        opening = office.speaker(machine).open()
        reply = await office.open(opening.headers)
        assert reply.status == 403
        assert session_answer(office, reply, opening.signature).why == why
        await reply.task

    run(scene())


def test_an_opening_is_good_once(office: Office) -> None:
    first = office.agency.first()

    async def scene() -> None:
        opening = office.speaker(first).open()
        one = await office.open(opening.headers)
        assert one.status == 101
        two = await office.open(opening.headers)
        assert (two.status, session_answer(office, two, opening.signature).why) == (403, "sequence")
        one.gone()
        await one.task

    run(scene())


def test_what_is_not_signed_and_what_a_browser_sends_is_refused(office: Office) -> None:
    first = office.agency.first()

    async def scene() -> None:
        unsigned = await office.open({})
        assert (unsigned.status, json.loads(unsigned.body)["code"]) == (400, "not-signed")
        headers = {**office.speaker(first).open().headers, "origin": "https://evil.test"}
        page = await office.open(headers)
        assert (page.status, json.loads(page.body)["code"]) == (403, "other-origin")
        elsewhere = await office.open({}, path="/signin")
        assert elsewhere.status == 404
        nowhere = await office.open({}, path="/agents/v1/nothing")
        assert nowhere.status == 404

    run(scene())


def test_without_the_database_no_bell_opens(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first = office.agency.first()

    async def outage(*_: Any) -> Any:
        raise StoreUnavailable

    async def fault(*_: Any) -> Any:
        raise ValueError

    async def scene() -> None:
        await office.open({})  # the room is loaded
        monkeypatch.setattr(channel, "listen", outage)
        reply = await office.open(office.speaker(first).open().headers)
        assert (reply.status, reply.headers["retry-after"]) == (503, "5")
        monkeypatch.setattr(channel, "listen", fault)
        assert (await office.open(office.speaker(first).open().headers)).status == 500

    run(scene())
    assert "fault room=agents" in caplog.text


# -- ends


@pytest.mark.parametrize("frame", [b"", b"x" * 200, "text"])
def test_what_is_no_beat_ends_the_bell(office: Office, frame: bytes | str) -> None:
    first = office.agency.first()

    async def scene() -> None:
        async with office.bell(first) as bell:
            bell.say(frame)
            assert await bell.ended() == FORGED

    run(scene())


def test_a_frame_of_another_message_or_another_key_ends_the_bell(office: Office) -> None:
    first = office.agency.first()
    second = office.agency.second(first)

    async def scene() -> None:
        from keyturn.wire import signatures
        from keyturn.wire.codec import encode
        from keyturn.wire.messages import Fetch
        from tests.unit.web.browsing import ORIGIN

        async with office.bell(first) as bell:
            sender = office.speaker(first).sender(signatures.Lane.BELL)
            bell.say(signatures.sign_beat(first.key, ORIGIN, sender, encode(Fetch("x"))))
            assert await bell.ended() == FORGED
        async with office.bell(first) as bell, office.bell(second) as other:
            bell.say(other.framed().frame)
            assert await bell.ended() == FORGED

    run(scene())


def test_a_frame_that_is_played_again_is_told_so_and_the_bell_goes_on(office: Office) -> None:
    first = office.agency.first()

    async def scene() -> None:
        async with office.bell(first) as bell:
            framed = bell.framed()
            bell.say(framed.frame)
            assert isinstance((await bell.hear())[2], Beaten)
            bell.say(framed.frame)
            kind, _, answer = await bell.hear()
            assert (kind, answer) == (Kind.ANSWER, Denied("sequence", None))
            assert isinstance(await bell.beat(), Beaten)

    run(scene())


def test_a_newer_bell_of_the_same_agent_ends_the_older(office: Office) -> None:
    first = office.agency.first()

    async def scene() -> None:
        async with office.bell(first) as older, office.bell(first) as newer:
            assert await older.ended() == REPLACED
            assert isinstance(await newer.beat(), Beaten)

    run(scene())


def stop(office: Office, machine: Machine, **fields: Any) -> Any:
    """A transaction that stops an agent now."""
    gone = replace(office.agency.stored(machine), **fields)
    return lambda tx: tx.agents.update(gone)


@pytest.mark.parametrize("why", ["revoked", "cloned"])
def test_the_bell_of_an_agent_that_was_stopped_ends_at_once(office: Office, why: str) -> None:
    first = office.agency.first()
    now = office.house.clock.now()
    fields: dict[str, Any] = (
        {"state": AgentState.REVOKED, "revoked_at": now} if why == "revoked" else {"clone_at": now}
    )

    async def scene() -> None:
        async with office.bell(first) as bell:
            await office.house.store.write(stop(office, first, **fields))
            assert await bell.ended() == STOPPED

    run(scene())


def test_a_beat_of_a_stopped_agent_is_answered_and_ends_the_bell(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = office.agency.first()
    monkeypatch.setattr(hub, "LOOK_S", 600.0)

    async def scene() -> None:
        async with office.bell(first) as bell:
            await asyncio.sleep(0)
            office.house.store._listeners.clear()
            office.house.write(stop(office, first, state=AgentState.REVOKED, revoked_at=1))
            assert await bell.beat() == Denied("revoked", None)
            assert await bell.ended() == STOPPED

    run(scene())


def test_a_bell_that_is_not_heard_for_a_lease_ends(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = office.agency.first()
    monkeypatch.setattr(hub, "LOOK_S", 0.02)

    async def scene() -> None:
        async with office.bell(first) as bell:
            monkeypatch.setattr(hub, "LEASE_MS", -LEASE_MS)  # the past is long ago
            assert await bell.ended() == SILENT

    run(scene())


def test_whoever_does_not_go_is_told_once_that_it_is_over(office: Office) -> None:
    first = office.agency.first()
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def scene() -> None:
        opened = Opened(office.speaker(first).sender(Lane.BELL), b"")
        bell = Bell(send, office.agency.notary.key, office.agency.stored(first), opened, IP)
        for _ in range(3):  # each look finds it there still
            bell.stop(SILENT)
            await asyncio.sleep(0)

    run(scene())
    assert sent == [{"type": "websocket.close", "code": SILENT}]


def test_a_server_that_leaves_sends_agents_away_at_once(office: Office) -> None:
    first = office.agency.first()

    async def scene() -> None:
        async with office.bell(first) as bell:
            office.door.leave()
            assert await bell.ended() == GOING
            late = await office.open(office.speaker(first).open().headers)
            assert (late.status, late.headers["retry-after"]) == (503, "1")

    run(scene())


def test_a_database_that_does_not_answer_ends_the_bell_and_says_later(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = office.agency.first()

    async def outage(*_: Any) -> Any:
        raise StoreUnavailable

    async def scene() -> None:
        async with office.bell(first) as bell:
            monkeypatch.setattr(channel, "beats", outage)
            bell.say(bell.framed().frame)
            assert await bell.ended() == LATER

    run(scene())


def test_a_fault_of_ours_ends_the_bell_and_is_logged(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first = office.agency.first()

    async def fault(*_: Any) -> Any:
        raise ValueError

    async def scene() -> None:
        async with office.bell(first) as bell:
            monkeypatch.setattr(channel, "beats", fault)
            bell.say(bell.framed().frame)
            assert await bell.ended() == 1011

    run(scene())
    assert "fault room=bell" in caplog.text


def test_an_outage_is_outlasted_by_whoever_waits_for_rings(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(hub, "LOOK_S", 0.01)
    monkeypatch.setattr(hub, "OUTAGE_S", 0.01)
    first = office.agency.first()
    news = channel.news

    async def outage(*_: Any) -> Any:
        raise StoreUnavailable

    async def scene() -> None:
        monkeypatch.setattr(channel, "news", outage)
        async with office.bell(first) as bell:
            await asyncio.sleep(0.1)
            monkeypatch.setattr(channel, "news", news)
            office.agency.job()
            assert await bell.ring() == 1

    run(scene())
    assert "agents wait for the store" in caplog.text


# -- batches


def test_beats_that_come_together_are_committed_together(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = office.agency.first()
    others = [office.agency.second(first, f"dc{n}") for n in range(2, 12)]
    sizes: list[int] = []
    take = channel.beats

    async def counted(parts: Any, batch: Any) -> Any:
        sizes.append(len(batch))
        return await take(parts, batch)

    async def scene() -> None:
        from contextlib import AsyncExitStack

        async with AsyncExitStack() as stack:
            bells = [await stack.enter_async_context(office.bell(m)) for m in (first, *others)]
            monkeypatch.setattr(channel, "beats", counted)
            answers = await asyncio.gather(*(bell.beat() for bell in bells))
            assert all(isinstance(a, Beaten) for a in answers)

    run(scene())
    assert sum(sizes) == 11
    assert len(sizes) < 11


def test_a_batch_is_no_longer_than_it_may_be(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beats, "MOST", 1)
    first = office.agency.first()
    second = office.agency.second(first)

    async def scene() -> None:
        async with office.bell(first) as one, office.bell(second) as two:
            answers = await asyncio.gather(one.beat(), two.beat())
            assert all(isinstance(a, Beaten) for a in answers)

    run(scene())


@pytest.mark.parametrize("signed", [True, False], ids=["taken", "refused"])
def test_whoever_is_gone_before_the_answer_is_no_fault(
    office: Office, caplog: pytest.LogCaptureFixture, *, signed: bool
) -> None:
    first = office.agency.first()
    opening = office.speaker(first).open()
    scope = scope_of("websocket", BELL, opening.headers if signed else {}, IP)
    coming = [{"type": "websocket.disconnect", "code": 1006}, {"type": "websocket.connect"}]

    async def receive() -> Any:
        return coming.pop()

    async def send(_message: Any) -> None:
        raise ConnectionResetError

    run(office.door(scope, receive, send))
    assert "fault" not in caplog.text
