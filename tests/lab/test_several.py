"""Several servers on one database: behind real proxies, restarted, and killed."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from keyturn.adapters.system import SystemClock
from keyturn.delivery import PACE
from keyturn.demo.mailbox import Mailbox
from keyturn.demo.peers import Peers
from keyturn.rules.events import Event
from keyturn.rules.messages import LEASE_MS, MessageState
from tests.lab.own import until
from tests.lab.served import Arrived
from tests.lab.several import BROWSER, Browsers, Certificate, Fleet, caddy, nginx, self_signed

PROXIES = {"nginx": nginx, "caddy": caddy}
WRONG = "not the harbour at all"
ACCEPT_S = 0.2
MAILS = 60
LIMIT = 5


class Slow(Mailbox):
    """A mail server that thinks about each mail, so that a kill finds some under way.
    Attributes: `callers`: the ports from which mails came.
    """

    def __init__(self) -> None:
        super().__init__()
        self.callers: list[set[str]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's
        peer: Any = session.peer
        self.callers.append(inodes(peer[1]))
        answer = await super().handle_DATA(server, session, envelope)
        await asyncio.sleep(ACCEPT_S)
        return answer


def inodes(port: int) -> set[str]:
    """The socket on this machine that is bound to a port, as /proc names it."""
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return {f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{port:04X}")}


@pytest.fixture(scope="module")
def peers() -> Iterator[Peers]:
    far_side = Peers()
    far_side.mailbox = Slow()
    with far_side:
        yield far_side


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, pg_url: str, peers: Peers) -> Iterator[Fleet]:
    three = Fleet(tmp_path_factory.mktemp("fleet"), pg_url, peers.mailbox.port)
    yield three
    three.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture(params=PROXIES)
def proxy(request: pytest.FixtureRequest, fleet: Fleet, certificate: Certificate) -> Iterator[str]:
    with PROXIES[request.param](fleet, certificate):
        yield request.param


@pytest.fixture
def browsers(fleet: Fleet, certificate: Certificate) -> Browsers:
    return Browsers(fleet, certificate.trust())


def test_a_proxy_ends_tls_tells_the_address_and_holds_back_what_is_too_long(
    fleet: Fleet, proxy: str, browsers: Browsers
) -> None:
    (ada,) = fleet.people(1, f"ada{proxy}")

    async def look() -> tuple[httpx.Response, httpx.Response, httpx.Response]:
        async with browsers.open() as client:
            client.headers["x-forwarded-for"] = "203.0.113.9"  # whoever asks may claim anything
            page = await client.get("/signin")
            tried = await browsers.post(
                client, "/signin", identifier=str(ada.username), password=WRONG
            )
            long = await client.post("/signin", content=b"x" * 70_000)
            return page, tried, long

    page, tried, long = asyncio.run(look())
    assert page.headers["strict-transport-security"]
    assert any(c.startswith("__Host-kt-browser") for c in page.headers.get_list("set-cookie"))
    assert (tried.status_code, long.status_code) == (401, 413)
    (entry,) = fleet.read(
        lambda tx: tx.audit.search(fleet.tenant.id, (Event.SIGNIN_FAILED,), ada.id, None, 9)
    )
    assert entry.ip == BROWSER


#: what a page, a style or a script loads at once
LOADED = re.compile(
    r'(?:stylesheet" href|src)="([^"]+)"|url\("([^"]+)"\)'
    r'|(?:^import|\bfrom) "(\.[^"]+)"',
    re.MULTILINE,
)
#: of the first visit of the phone app, on the wire
FIRST_VISIT = 150_000


def test_behind_a_proxy_the_phone_app_is_small_and_no_page_with_a_token_compressed(
    proxy: str, browsers: Browsers, record_property: Callable[[str, object], None]
) -> None:
    seen = dict[str, httpx.Response]()

    async def load(client: httpx.AsyncClient, link: str) -> None:
        if link in seen:
            return
        seen[link] = found = await client.get(link)
        assert found.status_code == 200, link
        if not link.endswith((".woff2", ".png")):
            for groups in LOADED.findall(found.text):
                await load(client, str(found.url.join("".join(groups))))

    async def look() -> httpx.Response:
        async with browsers.open() as client:
            client.headers["accept-encoding"] = "gzip"
            await load(client, str(client.base_url.join("/app/")))
            return await client.get("/signin")

    page = asyncio.run(look())
    size = sum(one.num_bytes_downloaded for one in seen.values())
    record_property("says", f"phone app behind {proxy}: {size} octets in {len(seen)} answers")
    assert "content-encoding" not in page.headers
    assert {"app.css", "main.js", "home.js", "sealing.js"} <= {x.rpartition("/")[2] for x in seen}
    assert size < FIRST_VISIT


def test_a_rolling_restart_costs_nobody_a_sign_in(
    fleet: Fleet, proxy: str, browsers: Browsers, pg_url: str,
    record_property: Callable[[str, object], None],
) -> None:  # fmt: skip
    began = SystemClock().now()
    names = [str(user.username) for user in fleet.people(4, f"roll{proxy}")]

    async def restart_all() -> None:
        stop = asyncio.Event()
        traffic = asyncio.create_task(browsers.keep_signing_in(names, stop))
        await asyncio.sleep(1)
        for number in range(len(fleet.servers)):
            await asyncio.to_thread(fleet.restart, number)
            await asyncio.sleep(1)  # before the next one, as docs/servers.md says
        stop.set()
        await traffic

    asyncio.run(restart_all())
    until(lambda: waiting(fleet, pg_url) == (0, 0), 60, "the mails of all sign-ins")
    again = taken_again(pg_url, began)
    record_property(
        "says",
        f"rolling restart behind {proxy}: {dict(browsers.outcomes)}, {again} mails taken twice",
    )
    assert set(browsers.outcomes) == {"303"}
    assert not again
    assert browsers.outcomes["303"] > 10


# -- one is killed


@dataclass(slots=True)
class Crowd:
    """What people did while a server died, and what they were answered."""

    tried: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    asked: dict[str, httpx.Cookies] = field(default_factory=dict)
    failed: Counter[str] = field(default_factory=Counter)


async def act(browsers: Browsers, crowd: Crowd, kind: str, name: str) -> None:
    """One try, or one request for a code, from a browser of its own."""
    async with browsers.open() as client:
        try:
            if kind == "try":
                reply = await browsers.post(client, "/signin", identifier=name, password=WRONG)
            else:
                reply = await browsers.post(client, "/recover", identifier=name)
        except (httpx.HTTPError, AssertionError) as error:
            crowd.failed[type(error).__name__] += 1
            return
        if reply.status_code >= 500:
            crowd.failed[str(reply.status_code)] += 1
        elif kind == "try":
            crowd.tried[name] += 1
        else:
            assert reply.headers["location"] == "/recover/code"
            crowd.asked[name] = client.cookies


async def under_load(fleet: Fleet, browsers: Browsers, jobs: list[tuple[str, str]]) -> Crowd:
    """Do all jobs, ten at a time; with a third of them done, one server is killed."""
    # mixed, the same in each run
    order = sorted(enumerate(jobs), key=lambda pair: zlib.crc32(repr(pair).encode()))
    crowd, left = Crowd(), [job for _, job in order]
    third = 2 * len(left) // 3

    async def worker() -> None:
        while left:
            if len(left) == third:
                fleet.kill(1)
            await act(browsers, crowd, *left.pop())

    await asyncio.gather(*(worker() for _ in range(10)))
    return crowd


def let_leases_end(fleet: Fleet, url: str) -> None:
    """What the dead server had taken is due again: a minute passes for it at once."""
    until(lambda: waiting(fleet, url)[0] == 0, 30, "what the others had to send")
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as link:
        link.execute("update messages set run_at = run_at - %s where state = 'sending'", [LEASE_MS])
    until(lambda: waiting(fleet, url) == (0, 0), 30, "what the dead server had taken")


def waiting(fleet: Fleet, url: str) -> tuple[int, int]:
    """Messages that are due, and those that somebody has taken."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as link:
        row = link.execute(
            "select count(*) filter (where state = 'queued'), "
            "count(*) filter (where state = 'sending') from messages"
        ).fetchone()
    assert row
    return int(row[0]), int(row[1])


def taken_again(url: str, began: int) -> list[tuple[str, int, int, str]]:
    """Messages since then that were taken more than once: kind, attempt, how long, detail."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as link:
        return link.execute(
            "select kind, attempt, updated_at - created_at, detail from messages "
            "where created_at >= %s and attempt > 1",
            [began],
        ).fetchall()


def test_a_server_killed_under_load_loses_no_lock_no_code_and_no_mail(
    fleet: Fleet, certificate: Certificate, browsers: Browsers, peers: Peers, pg_url: str,
    record_property: Callable[[str, object], None],
) -> None:  # fmt: skip
    until(lambda: waiting(fleet, pg_url) == (0, 0), 60, "the mails of the tests before")
    peers.mailbox.mails.clear()
    began = SystemClock().now()
    locked = fleet.people(16, "lock")
    forgetful = fleet.people(24, "code")
    jobs = [("try", str(user.username)) for user in locked for _ in range(LIMIT)]
    jobs += [("ask", str(user.username)) for user in forgetful]
    with nginx(fleet, certificate):
        crowd = asyncio.run(under_load(fleet, browsers, jobs))
        until(lambda: lapsed(fleet) == 0, 30, "the tries that died to be counted")
        counted = {user.username: failures(fleet, user.id) for user in locked}
        for name, seen in counted.items():
            assert crowd.tried[str(name)] <= seen <= LIMIT, (name, crowd.tried[str(name)], seen)
        again = [("try", str(name)) for name, n in counted.items() for _ in range(LIMIT - n)]
        more = Crowd()
        asyncio.run(gather(browsers, more, again))
        assert not more.failed
        let_leases_end(fleet, pg_url)
        codes_work(browsers, peers, crowd)
    assert {failures(fleet, user.id) for user in locked} == {LIMIT}
    sent = mails(fleet, peers, began)
    assert [sent.notices[user.email] for user in locked] == [1] * len(locked)
    assert sent.unsent == 0
    assert sent.twice <= sent.taken_twice  # nobody else's mail came twice
    record_property(
        "says",
        f"a server killed with {len(jobs)} requests under way: {sum(crowd.failed.values())} of "
        f"them failed for whoever sent them ({dict(crowd.failed)}); {len(sent.notices)} locks, "
        f"{len(crowd.asked)} codes, {sent.messages} mails, of which {sent.taken_twice} were "
        f"taken again and {sent.twice} came twice with one Message-ID",
    )
    fleet.revive(1)


async def gather(browsers: Browsers, crowd: Crowd, jobs: list[tuple[str, str]]) -> None:
    """Do these."""
    for job in jobs:
        await act(browsers, crowd, *job)


def lapsed(fleet: Fleet) -> int:
    """Tries that nobody settled yet."""
    late = SystemClock().now() + 60_000
    return len(fleet.read(lambda tx: tx.lanes.lapsed(late, 100)))


def failures(fleet: Fleet, user_id: str) -> int:
    """Failed tries that count; a locked lane has had LIMIT of them."""
    lane = fleet.read(lambda tx: tx.lanes.get(fleet.tenant.id, f"u:{user_id}"))
    if lane is None:
        return 0
    return LIMIT if lane.locked_until > SystemClock().now() else lane.failed


def codes_work(browsers: Browsers, peers: Peers, crowd: Crowd) -> None:
    """Everybody who was told that a code is on its way has it, and it works, whichever
    server is asked.
    """

    async def enter(name: str, cookies: httpx.Cookies) -> None:
        (mail,) = {m.text: m for m in list(peers.mailbox.mails) if m.to.startswith(f"{name}@")
                   and "code" in m.subject.lower()}.values()  # fmt: skip
        async with browsers.open() as client:
            client.cookies = cookies
            code = Arrived(mail.subject, mail.text).code
            reply = await browsers.post(client, "/recover/code", code=code)
            assert reply.headers["location"] == "/recover/password"

    async def everybody() -> None:
        for name, cookies in crowd.asked.items():
            await enter(name, cookies)

    assert crowd.asked
    asyncio.run(everybody())


@dataclass(slots=True)
class Sent:
    """What became of the mails. `twice` came twice, `taken_twice` were claimed twice."""

    messages: int
    unsent: int
    taken_twice: int
    twice: int
    notices: Counter[str]


def mails(fleet: Fleet, peers: Peers, began: int) -> Sent:
    """Count by Message-ID what the outbox sent since then and what arrived."""
    recent = fleet.read(lambda tx: tx.messages.recent(fleet.tenant.id, "mail", None, 500))
    there = [message for message in recent if message.created_at >= began]
    came = Counter(mail.message_id for mail in list(peers.mailbox.mails))
    again = {m.reference for m in there if m.attempt > 1}
    assert {m for m, times in came.items() if times > 1} <= again
    return Sent(
        messages=len(there),
        unsent=sum(m.state is not MessageState.SENT or not came[m.reference or ""] for m in there),
        taken_twice=len(again),
        twice=sum(times > 1 for times in came.values()),
        notices=Counter(str(m.address) for m in there if m.kind == "lock_notice"),
    )


# -- shared work


def test_what_no_server_was_told_of_is_sent_by_all_of_them(
    fleet: Fleet, peers: Peers, record_property: Callable[[str, object], None]
) -> None:
    """The queue is filled by somebody who wakes no server: their own looks find it."""
    ada, mailbox = fleet.people(1, "shared")[0], peers.mailbox
    assert isinstance(mailbox, Slow)
    mailbox.callers.clear()
    began = SystemClock().now()
    fleet.queue(ada, MAILS)
    until(lambda: len(mailbox.callers) > 0, 10, "the first mail")
    waited = SystemClock().now() - began
    owners: list[set[str]] = [set() for _ in fleet.servers]

    def all_came() -> bool:
        for before, now in zip(owners, fleet.sockets(), strict=True):
            before.update(now)
        return received(peers, ada.email) == MAILS

    until(all_came, 30, "all mails")
    took = SystemClock().now() - began
    servers = {n for n, held in enumerate(owners) if any(held & c for c in mailbox.callers)}
    record_property(
        "says",
        f"{MAILS} mails that no server was woken for: the first after {waited} ms, all after "
        f"{took} ms, sent by {len(servers)} of {len(fleet.servers)} servers",
    )
    assert waited < PACE.look + PACE.delay + PACE.spread + 2_000
    ids = [m.message_id for m in list(mailbox.mails) if m.to == ada.email]
    assert len(set(ids)) == len(ids) == MAILS


def received(peers: Peers, to: str) -> int:
    """Mails that came to an address."""
    return sum(mail.to == to for mail in list(peers.mailbox.mails))
