"""A real Kannel with its fake SMS centre: texts accepted, reports called back and understood."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from keyturn.adapters.memory_secrets import MemorySealer
from keyturn.adapters.sms.kannel import KannelGateway, KannelTexter, report, reported
from keyturn.ports.delivery import NotDelivered, Receipt, Text
from keyturn.rules.messages import MessageState
from tests.lab.hook import Hook
from tests.lab.own import free_port, listens, open_folder, program, running, until
from tests.unit.adapters.delivery_contract import ID

SEALER = MemorySealer()
EXTRAS = "/usr/lib/kannel/test"

CONF = """
group = core
admin-port = {admin}
admin-password = admin
admin-interface = 127.0.0.1
smsbox-interface = 127.0.0.1
smsbox-port = {box}
box-allow-ip = "127.0.0.1"
box-deny-ip = "*.*.*.*"
log-file = {folder}/bearerbox.log
dlr-storage = internal

group = smsc
smsc = fake
smsc-id = FAKE
port = {centre}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {box}
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
global-sender = Keyturn
log-file = {folder}/smsbox.log

group = sendsms-user
username = keyturn
password = s3cret
concatenation = true
max-messages = 3
"""


class Kannel:
    """Where it answers and what the fake phone network saw."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {name: free_port() for name in ("admin", "box", "centre", "sendsms")}
        self.url = f"http://127.0.0.1:{self.ports['sendsms']}/cgi-bin/sendsms"

    def seen(self) -> str:
        return (self.folder / "fakesmsc.out").read_text(errors="replace")


@pytest.fixture(scope="module")
def kannel() -> Iterator[Kannel]:
    bearerbox = program("bearerbox", "kannel")
    smsbox = program("smsbox", "kannel")
    centre = program("fakesmsc", "kannel-extras", beside=EXTRAS)
    with open_folder("kannel") as folder:
        it = Kannel(folder)
        conf = folder / "kannel.conf"
        conf.write_text(CONF.format(folder=folder, **it.ports))
        fake = (centre, "-H", "127.0.0.1", "-r", str(it.ports["centre"]), "-m", "0", "1 2 text x")
        with running(bearerbox, conf, log=folder / "bearerbox.out"):
            until(lambda: listens(it.ports["box"]), what="bearerbox")
            with (
                running(smsbox, conf, log=folder / "smsbox.out"),
                running(*fake, log=folder / "fakesmsc.out"),
            ):
                until(lambda: listens(it.ports["sendsms"]), what="smsbox")
                yield it


@pytest.fixture
def hook() -> Iterator[Hook]:
    open_door = Hook()
    yield open_door
    open_door.close()


def send(kannel: Kannel, hook: Hook, text: Text, password: str = "s3cret") -> Receipt:
    async def once() -> Receipt:
        gateway = KannelGateway(kannel.url, "keyturn", password, hook.url)
        texter = KannelTexter(gateway, SEALER)
        try:
            return await texter.send(text)
        finally:
            await texter.aclose()

    return asyncio.run(once())


@pytest.mark.parametrize("words", ["Your code is 042917.", "Код 042917 – 日本", "7 € & 50 % [ok]"])
def test_a_text_is_accepted_and_its_report_comes_back(
    kannel: Kannel, hook: Hook, words: str
) -> None:
    receipt = send(kannel, hook, Text(ID, "+447700900120", words))
    assert receipt.reference == ID
    assert receipt.detail.startswith(("0: Accepted", "3: Queued"))
    assert hook.settled.wait(15)
    assert {reported(call, SEALER) for call in hook.calls} == {ID}
    outcomes = [outcome for call in hook.calls if (outcome := report(call)) is not None]
    assert [state for state, _ in outcomes] == [MessageState.DELIVERED]


def test_the_phone_network_sees_number_and_words(kannel: Kannel, hook: Hook) -> None:
    send(kannel, hook, Text(ID, "+447700900121", "Your code is 667788."))
    until(lambda: "667788" in kannel.seen(), what="the fake SMS centre")
    assert "+447700900121" in kannel.seen()


def test_a_wrong_password_is_refused_for_now_and_says_so(kannel: Kannel, hook: Hook) -> None:
    with pytest.raises(NotDelivered) as caught:
        send(kannel, hook, Text(ID, "+447700900120", "x"), password="old")
    assert not caught.value.final
    assert "Authorization failed" in caught.value.detail


def test_a_number_that_is_none_is_refused_for_good(kannel: Kannel, hook: Hook) -> None:
    with pytest.raises(NotDelivered) as caught:
        send(kannel, hook, Text(ID, "", "x"))
    assert caught.value.final
    assert caught.value.detail
