"""The link: what it takes for the server's answer, and what it makes of anything else."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keyturn.agent.failing import link_down
from keyturn.agent.keys import load_or_make
from keyturn.agent.link import HttpLink, http_client, tls_context
from keyturn.agent.ports import LinkDenied, LinkDown
from keyturn.rules.directories.proofs import ProofState
from keyturn.wire.codec import MAX_SIZE
from keyturn.wire.messages import Denied, Fetch, Holder, Rung, Seen, Taken, Wait, Work
from keyturn.wire.signatures import Lane
from tests.unit.agent.linked import Server, folder

NOTHING = Work((), (), (), (), ())
FETCH = Fetch("run-1")


def asked(server: Server, tmp_path: Path, times: int = 1) -> Work:
    keys = load_or_make(folder(tmp_path))

    async def ask() -> Work:
        async with server.link(keys) as link:
            for _ in range(times - 1):
                await link.call(FETCH, Work)
            return await link.call(FETCH, Work)

    return asyncio.run(ask())


def down(server: Server, tmp_path: Path, times: int = 1) -> str:
    with pytest.raises(LinkDown) as caught:
        asked(server, tmp_path, times)
    return caught.value.cause


def test_the_servers_answer_comes_back(tmp_path: Path) -> None:
    server = Server(lambda _: NOTHING)
    assert asked(server, tmp_path, times=3) == NOTHING
    assert [heard.sender.sequence for heard in server.heard] == [1, 2, 3]


def test_a_refusal_of_the_server_is_told_with_its_reason(tmp_path: Path) -> None:
    holder = Holder("dc1", "dc1 (192.0.2.10)", 1, 2)
    with pytest.raises(LinkDenied) as caught:
        asked(Server(lambda _: Denied("run", holder)), tmp_path)
    assert caught.value.denied == Denied("run", holder)


def test_an_answer_signed_by_somebody_else_is_not_believed(tmp_path: Path) -> None:
    server = Server(lambda _: Denied("revoked", None), key=Ed25519PrivateKey.generate())
    assert down(server, tmp_path) == "signature"


def test_an_answer_without_a_signature_is_not_believed(tmp_path: Path) -> None:
    server = Server(lambda _: NOTHING, mangle=lambda status, _, body: (status, {}, body))
    assert down(server, tmp_path) == "unsigned"


def test_a_proxys_own_page_is_told_by_its_status(tmp_path: Path) -> None:
    server = Server(lambda _: NOTHING, mangle=lambda *_: (502, {}, b"<h1>Bad gateway</h1>"))
    assert down(server, tmp_path) == "status"


def test_an_answer_with_another_status_is_not_believed(tmp_path: Path) -> None:
    server = Server(lambda _: NOTHING, mangle=lambda _, head, body: (403, head, body))
    assert down(server, tmp_path) == "signature"


def test_an_answer_whose_body_was_changed_is_not_believed(tmp_path: Path) -> None:
    server = Server(lambda _: NOTHING, mangle=lambda s, h, body: (s, h, body + b" "))
    assert down(server, tmp_path) == "signature"


def test_an_answer_from_before_played_again_is_not_believed(tmp_path: Path) -> None:
    kept: list[tuple[int, dict[str, str], bytes]] = []

    def replay(
        status: int, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        kept.append((status, headers, body))
        return kept[0]

    assert down(Server(lambda _: NOTHING, mangle=replay), tmp_path, times=2) == "signature"


def test_an_answer_without_end_is_cut_off(tmp_path: Path) -> None:
    long = b" " * (MAX_SIZE + 1)
    server = Server(lambda _: NOTHING, mangle=lambda s, h, _: (s, h, long))
    assert down(server, tmp_path) == "message"


def test_an_answer_to_another_question_is_none(tmp_path: Path) -> None:
    assert down(Server(lambda _: Taken()), tmp_path) == "message"


def test_a_mistake_of_the_caller_is_none_either(tmp_path: Path) -> None:
    keys = load_or_make(folder(tmp_path))

    async def ask() -> None:
        async with Server(lambda _: NOTHING).link(keys) as link:
            await link.call(FETCH, Taken)

    with pytest.raises(LinkDown):
        asyncio.run(ask())


def test_requests_of_one_lane_keep_their_order_and_a_long_poll_holds_up_none(
    tmp_path: Path,
) -> None:
    keys = load_or_make(folder(tmp_path))
    server = Server(lambda m: Rung(work=True) if isinstance(m, Wait) else Taken())
    hanging, goes_on = asyncio.Event(), asyncio.Event()

    class Slow(httpx.ASGITransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.headers["keyturn-lane"] == Lane.WAIT:
                hanging.set()
                await goes_on.wait()
            return await super().handle_async_request(request)

    async def ask() -> None:
        link = server.link(keys)
        link._client = httpx.AsyncClient(transport=Slow(server), base_url="https://x.test")
        async with link:
            waiting = asyncio.create_task(link.call(Wait("run-1", 1000), Rung))
            await hanging.wait()
            seen = Seen("j", "dc1", "s", ProofState.PROVED, None)
            await asyncio.gather(*(link.call(seen, Taken) for _ in range(20)))
            goes_on.set()
            assert (await waiting).work

    asyncio.run(ask())
    work = [h.sender.sequence for h in server.heard if h.sender.lane is Lane.WORK]
    assert len(work) == 20
    assert work == sorted(work)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (httpx.ConnectTimeout("x"), "timeout"),
        (TimeoutError(), "timeout"),
        (httpx.ProxyError("x"), "proxy"),
        (httpx.ConnectError("x"), "closed"),
        (httpx.RemoteProtocolError("x"), "closed"),
    ],
)
def test_what_goes_wrong_on_the_way_has_a_word(error: Exception, cause: str) -> None:
    assert link_down(error).cause == cause


@pytest.mark.parametrize(
    ("code", "cause"),
    [(10, "tls_expired"), (9, "tls_expired"), (62, "tls_name"), (64, "tls_name"),
     (18, "tls_ca"), (20, "tls_ca")],
)  # fmt: skip
def test_what_is_wrong_with_a_certificate_has_a_word(code: int, cause: str) -> None:
    inner = ssl.SSLCertVerificationError("x")
    inner.verify_code = code
    outer = httpx.ConnectError("all of it")
    outer.__cause__ = inner
    assert link_down(outer).cause == cause


def test_what_lies_deepest_is_what_is_told() -> None:
    refused = httpx.ConnectError("all connection attempts failed")
    refused.__context__ = ExceptionGroup("several", [ConnectionRefusedError("no")])
    assert link_down(refused).cause == "refused"


def test_tls_is_1_2_or_later_with_name_and_chain() -> None:
    context = tls_context(None)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)


def test_an_explicit_proxy_counts_more_than_the_environments(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://other.test:1")
    assert not http_client("https://x.test", None, "http://proxy.test:3128").trust_env
    assert not http_client("https://x.test", None, "none").trust_env
    assert http_client("https://x.test", None, "").trust_env


def test_nobody_listens_is_told_as_refused(tmp_path: Path) -> None:
    keys = load_or_make(folder(tmp_path))
    server = Server(lambda _: NOTHING)

    class Nobody(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("no") from ConnectionRefusedError("refused")

    async def ask() -> None:
        speaker = server.link(keys)._speaker
        client = httpx.AsyncClient(transport=Nobody(), base_url="https://x.test")
        async with HttpLink(speaker, client) as link:
            await link.call(FETCH, Work)

    with pytest.raises(LinkDown) as caught:
        asyncio.run(ask())
    assert caught.value.cause == "refused"
