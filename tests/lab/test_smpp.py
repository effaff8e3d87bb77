"""The SMPP link against a message centre whose fates are chosen, over real sockets."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keyturn.adapters.sms.smpp import Reported, SmppCentre, SmppTexter
from keyturn.ports.delivery import NotDelivered, Receipt, Text
from keyturn.rules.messages import MessageState
from tests.lab.centre import PASSWORD, USER, Centre, Fate
from tests.lab.own import free_port
from tests.unit.adapters.delivery_contract import ID

NUMBER = "+447400123450"
CODE = Text(ID, NUMBER, "042917 is your Northwind code.", valid_s=600)
LONG = Text(ID, NUMBER, "x" * 200 + "€" * 60)


class Told:
    """What the link reported. `known`: which references somebody knows."""

    def __init__(self) -> None:
        self.reports: list[Reported] = []
        self.broken = 0
        self.came = asyncio.Event()

    async def take(self, told: Reported) -> bool:
        if self.broken:
            self.broken -= 1
            raise OSError("the store is down")
        self.reports.append(told)
        self.came.set()
        return True

    async def next(self) -> Reported:
        async with asyncio.timeout(5):
            await self.came.wait()
        return self.reports[-1]


def settings(centre: Centre, **changes: Any) -> SmppCentre:
    plain = SmppCentre(
        "127.0.0.1", centre.port, USER, PASSWORD, tls=False, sender="Keyturn", wait_s=5,
        pauses=(0.05,), hold_s=0.2,
    )  # fmt: skip
    return replace(plain, **changes)


@asynccontextmanager
async def linked(centre: Centre, told: Told | None = None, **changes: Any) -> Any:
    texter = SmppTexter(settings(centre, **changes), (told or Told()).take)
    try:
        yield texter
    finally:
        await texter.aclose()


def run(story: Callable[[Centre], Awaitable[None]], **fates: Any) -> Centre:
    """Play a story with a centre; afterwards no task may be left."""

    async def play() -> Centre:
        async with Centre(**fates) as centre:
            await story(centre)
        left = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
        assert [t.get_name() for t in left if "smpp" in t.get_name()] == []
        return centre

    return asyncio.run(play())


async def seen(true: Callable[[], object]) -> None:
    """Look every ten milliseconds until it is true."""
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110  another implementation's state has no event
            await asyncio.sleep(0.01)


async def refused(texter: SmppTexter, text: Text = CODE) -> NotDelivered:
    with pytest.raises(NotDelivered) as caught:
        await texter.send(text)
    assert caught.value.detail.isprintable()
    return caught.value


def test_a_text_arrives_and_its_receipt_is_joined_to_it() -> None:
    async def story(centre: Centre) -> None:
        told = Told()
        async with linked(centre, told) as texter:
            receipt = await texter.send(CODE)
            report = await told.next()
        assert receipt == Receipt("1f", "taken as 1f")
        assert (report.message_id, report.state) == (ID, MessageState.DELIVERED)
        assert centre.answers == [0]

    centre = run(story)
    (came,) = centre.seen
    assert (came.source, came.to, came.valid) == ("Keyturn", "447400123450", "000000001000000R")
    assert centre.texts == [CODE.text]
    assert centre.unbinds == 1


@pytest.mark.parametrize(
    ("fate", "state", "words"),
    [
        (Fate(), MessageState.DELIVERED, "DELIVRD err:000"),
        (Fate(stat="UNDELIV", state=5), MessageState.BOUNCED, "UNDELIV err:001"),
        (Fate(stat="EXPIRED", state=3), MessageState.EXPIRED, "EXPIRED err:001"),
        (Fate(stat="REJECTD", state=8), MessageState.REJECTED, "REJECTD err:001"),
        (Fate(stat="DELETED", state=4), MessageState.REJECTED, "DELETED err:001"),
        (Fate(stat="UNDELIV", state=None), MessageState.BOUNCED, "UNDELIV err:001"),
        (Fate(stat="DELIVRD", state=None, decimal=True), MessageState.DELIVERED, "DELIVRD err:000"),
    ],
)
def test_each_fate_is_told(fate: Fate, state: MessageState, words: str) -> None:
    async def story(centre: Centre) -> None:
        told = Told()
        async with linked(centre, told) as texter:
            await texter.send(CODE)
            report = await told.next()
        assert (report.message_id, report.state, report.detail) == (ID, state, words)

    run(story, fate=lambda _: fate)


def test_a_receipt_over_another_processes_link_names_what_the_store_knows() -> None:
    async def story(centre: Centre) -> None:
        mine, other = Told(), Told()
        async with linked(centre, other) as listener, linked(centre, mine) as texter:
            await listener.send(replace(CODE, to="+447400123459"))
            centre.receipts_over = 0
            receipt = await texter.send(CODE)
            report = await other.next()
        assert not mine.reports
        assert report.message_id is None
        assert receipt.reference in report.references
        assert report.number == "447400123450"

    def fate(to: str) -> Fate:
        return Fate(stat=None) if to.endswith("9") else Fate(state=None, decimal=True)

    run(story, fate=fate)


def test_receipts_that_waited_for_the_link_come_with_its_first_answer() -> None:
    async def story(centre: Centre) -> None:
        centre.waiting = [("447400123450", f"id:{at} stat:DELIVRD err:000") for at in (31, 32)]
        told, stop = Told(), asyncio.Event()
        async with linked(centre, told) as texter:
            life = asyncio.create_task(texter.run(stop))
            await seen(lambda: len(centre.answers) == 2)
            stop.set()
            await life
        assert [report.references[0] for report in told.reports] == ["31", "32"]
        assert centre.answers == [0, 0]

    run(story)


def test_a_long_text_goes_in_parts_and_is_delivered_with_the_last() -> None:
    async def story(centre: Centre) -> None:
        told = Told()
        async with linked(centre, told) as texter:
            await texter.send(LONG)
            await told.next()
            assert len(told.reports) == 1

    centre = run(story)
    assert len(centre.seen) == 3
    assert centre.texts == [LONG.text]
    assert {part.esm_class for part in centre.seen} == {0x40}
    assert centre.answers == [0, 0, 0]


def test_letters_beyond_the_default_alphabet_arrive() -> None:
    text = replace(CODE, text="Ваш код 042917 😀" * 9)

    async def story(centre: Centre) -> None:
        async with linked(centre) as texter:
            await texter.send(text)

    assert run(story).texts == [text.text]


@pytest.mark.parametrize(
    ("status", "final", "detail"),
    [
        (0x58, False, "submit_sm: 0x00000058 THROTTLED"),
        (0x14, False, "submit_sm: 0x00000014 QUEUE_FULL"),
        (0x08, False, "submit_sm: 0x00000008 SYSTEM_ERROR"),
        (0x0B, True, "unknown-number: submit_sm: 0x0000000b INVALID_DESTINATION"),
        (0x0A, False, "our-account: submit_sm: 0x0000000a INVALID_SOURCE"),
        (0x45, False, "submit_sm: 0x00000045 SUBMIT_FAILED"),
        (0x65, True, "submit_sm: 0x00000065 PERMANENT"),
        (0x402, False, "submit_sm: 0x00000402 not in our list"),
    ],
)
def test_a_refusal_is_final_or_for_now(status: int, final: bool, detail: str) -> None:
    async def story(centre: Centre) -> None:
        async with linked(centre) as texter:
            refusal = await refused(texter)
        assert (refusal.final, refusal.detail) == (final, detail)

    run(story, fate=lambda _: Fate(status=status))


def test_after_too_fast_nothing_is_sent_for_a_while() -> None:
    async def story(centre: Centre) -> None:
        async with linked(centre) as texter:
            await refused(texter)
            centre.fate = lambda _: Fate()
            began = asyncio.get_running_loop().time()
            await texter.send(CODE)
            assert asyncio.get_running_loop().time() - began >= 0.19

    run(story, fate=lambda _: Fate(status=0x58))


def test_no_more_texts_than_the_window_are_under_way() -> None:
    async def story(centre: Centre) -> None:
        async with linked(centre, window=3, wait_s=1) as texter:
            texts = [replace(CODE, id=f"{at:026}") for at in range(5)]
            sending = [asyncio.create_task(refused(texter, text)) for text in texts]
            while len(centre.seen) < 3:  # noqa: ASYNC110  the centre is another program
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.2)
            assert len(centre.seen) == 3
            await asyncio.gather(*sending)

    run(story, fate=lambda _: Fate(silent=True))


def test_no_answer_is_for_later_and_says_that_the_text_may_have_gone() -> None:
    async def story(centre: Centre) -> None:
        async with linked(centre, wait_s=3) as texter:  # a slow machine needs a while to link
            refusal = await refused(texter)
        assert not refusal.final
        assert "may have been taken" in refusal.detail

    run(story, fate=lambda _: Fate(silent=True))


def test_a_link_that_breaks_comes_back_and_its_texts_are_for_later() -> None:
    async def story(centre: Centre) -> None:
        async with linked(centre) as texter:
            sending = asyncio.create_task(refused(texter))
            await seen(lambda: centre.seen)
            centre.cut()
            refusal = await sending
            assert not refusal.final
            centre.fate = lambda _: Fate()
            assert (await texter.send(CODE)).reference
            centre.unbind()
            await asyncio.sleep(0.2)
            assert (await texter.send(CODE)).reference
        assert centre.binds == 3

    run(story, fate=lambda _: Fate(silent=True))


def test_a_link_that_no_longer_answers_is_given_up() -> None:
    async def story(centre: Centre) -> None:
        async with linked(centre, enquire_s=0.1) as texter:
            await texter.send(CODE)
            await asyncio.sleep(0.3)
            assert centre.connections == 1  # its tests were answered
            centre.deaf = True
            await asyncio.sleep(0.5)
            assert centre.connections > 1

    run(story)


def test_a_wrong_password_is_for_later_and_told() -> None:
    async def story(centre: Centre) -> None:
        async with linked(centre, password="wrong", wait_s=2) as texter:
            refusal = await refused(texter)
            assert refusal.detail == "no link: bind refused: 0x0000000e INVALID_PASSWORD"
            assert not refusal.final

    run(story)


def test_a_bind_too_many_waits_for_its_turn() -> None:
    async def story(centre: Centre) -> None:
        centre.most_binds = 1
        async with linked(centre, wait_s=3) as second:
            async with linked(centre) as first:
                await first.send(CODE)
                refusal = await refused(second)
                assert "ALREADY_BOUND" in refusal.detail
            await second.send(CODE)

    run(story)


def test_a_centre_that_is_not_there_is_for_later() -> None:
    async def story() -> None:
        nowhere = Centre()
        nowhere.port = free_port()
        async with linked(nowhere, wait_s=1) as texter:
            refusal = await refused(texter)
        assert not refusal.final
        assert refusal.detail.startswith("no link: no connection: ConnectionRefusedError")

    asyncio.run(story())


@pytest.mark.parametrize("to", ["", "+", "+44740012345678901234567"])
def test_what_is_no_number_is_refused_for_good_or_by_the_centre(to: str) -> None:
    async def story(centre: Centre) -> None:
        async with linked(centre) as texter:
            assert (await refused(texter, replace(CODE, to=to))).final

    run(story, fate=lambda _: Fate(status=0x0B))


def test_a_receipt_that_cannot_be_stored_is_asked_for_again() -> None:
    async def story(centre: Centre) -> None:
        told = Told()
        told.broken = 1
        async with linked(centre, told) as texter:
            await texter.send(CODE)
            await seen(lambda: centre.answers)
        assert centre.answers == [0x64]

    run(story)


def test_at_the_end_what_is_under_way_is_finished_first() -> None:
    async def story(centre: Centre) -> None:
        told = Told()
        texter = SmppTexter(settings(centre), told.take)
        stop = asyncio.Event()
        life = asyncio.create_task(texter.run(stop))
        sending = asyncio.create_task(texter.send(CODE))
        await seen(lambda: centre.binds)
        await asyncio.sleep(0)
        stop.set()
        ending = asyncio.create_task(texter.aclose())
        done, _ = await asyncio.wait({sending}, timeout=3)
        assert done
        await asyncio.gather(life, ending)
        await texter.aclose()  # a second time changes nothing
        assert centre.unbinds == 1
        assert not (await refused(texter)).final

    run(story)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out",
         "cert.pem"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return folder


def test_the_link_may_be_tls_and_believes_only_whom_it_was_told_to(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")

    async def story(centre: Centre) -> None:
        ours = str(certificate / "cert.pem")
        async with linked(centre, tls=True, ca_file=ours, wait_s=5) as texter:
            assert (await texter.send(CODE)).reference
        async with linked(centre, tls=True, wait_s=3) as texter:
            refusal = await refused(texter)
            assert "certificate" in refusal.detail.lower()

    run(story, tls=context)


def test_a_certificate_file_that_is_not_there_stops_the_start() -> None:
    with pytest.raises(FileNotFoundError):
        SmppTexter(SmppCentre("127.0.0.1", 1, "u", "p", ca_file="/nowhere.pem"), Told().take)
