"""The REST driver over real sockets: what is final, what is for later, and what is not known."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable, Iterator

import pytest

from keyturn.adapters.memory_secrets import MemorySealer
from keyturn.adapters.sms.rest import RestGateway, RestTexter
from keyturn.ports.delivery import NotDelivered, Receipt, Text
from tests.lab.own import free_port
from tests.lab.rest_side import ACCOUNT, TOKEN, Fate, RestSide
from tests.unit.adapters.delivery_contract import ID

CODE = Text(ID, "+447400123450", "042917 ist Ihr Code – nur für Sie.", valid_s=540)
HOOK = "http://127.0.0.1:9/hooks/sms/status"


@pytest.fixture
def side() -> Iterator[Callable[[Fate], RestSide]]:
    opened: list[RestSide] = []

    def another(fate: Fate) -> RestSide:
        opened.append(RestSide(lambda _: fate))
        return opened[-1]

    yield another
    for one in opened:
        one.close()


def send(url: str, *, sender: str = "+447700900000", account: str = ACCOUNT) -> Receipt:
    gateway = RestGateway(
        url=url, account=account, user="SK1", password="key-secret", signing_key=TOKEN,
        sender=sender, report_url=HOOK, wait_s=0.5,
    )  # fmt: skip

    async def once() -> Receipt:
        texter = RestTexter(gateway, MemorySealer())
        try:
            return await texter.send(CODE)
        finally:
            await texter.aclose()

    return asyncio.run(once())


def refused(url: str, account: str = ACCOUNT) -> NotDelivered:
    with pytest.raises(NotDelivered) as caught:
        send(url, account=account)
    return caught.value


def test_a_text_is_posted_as_the_gateway_documents_it(
    side: Callable[[Fate], RestSide],
) -> None:
    far = side(Fate(status=""))
    receipt = send(far.url)
    assert receipt.reference.startswith("SM")
    (form,) = far.texts
    assert form.pop("StatusCallback").startswith(f"{HOOK}?id={ID}&sig=")
    assert form == {
        "To": CODE.to, "From": "+447700900000", "Body": CODE.text, "ValidityPeriod": "540",
    }  # fmt: skip
    assert far.logins == ["Basic " + b64encode(b"SK1:key-secret").decode()]


def test_a_messaging_service_is_named_as_such(side: Callable[[Fate], RestSide]) -> None:
    far = side(Fate(status=""))
    service = "MG" + "0" * 32
    send(far.url, sender=service)
    assert far.texts[0]["MessagingServiceSid"] == service
    assert "From" not in far.texts[0]


@pytest.mark.parametrize(
    ("fate", "final", "words"),
    [
        (Fate(http=400, code=21211), True, "unknown-number: HTTP 400 21211 Refused"),
        (Fate(http=400, code=21610), True, "barred: HTTP 400 21610 Refused"),
        (Fate(http=401, code=20003), False, "HTTP 401 20003 Refused"),
        (Fate(http=429, code=20429), False, "HTTP 429 20429 Refused"),
        (Fate(http=503, code=20503), False, "HTTP 503 20503 Refused"),
    ],
)
def test_a_refusal_is_final_or_for_now(
    side: Callable[[Fate], RestSide], fate: Fate, final: bool, words: str
) -> None:
    refusal = refused(side(fate).url)
    assert (refusal.final, refusal.detail) == (final, words)


def test_an_account_that_is_not_there_is_ours_to_mend(side: Callable[[Fate], RestSide]) -> None:
    assert not refused(side(Fate()).url, account="AC2").final


def test_no_answer_is_for_later_and_says_that_the_text_may_have_gone(
    side: Callable[[Fate], RestSide],
) -> None:
    far = side(Fate(hang=True))
    refusal = refused(far.url)
    assert not refusal.final
    assert refusal.detail == "ReadTimeout; the text may have been taken"
    assert len(far.texts) == 1


def test_a_gateway_that_is_not_there_is_for_later_and_nothing_was_sent() -> None:
    refusal = refused(f"http://127.0.0.1:{free_port()}")
    assert not refusal.final
    assert refusal.detail == "not sent: ConnectError"
