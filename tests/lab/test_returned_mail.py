"""Mails that come back through a real Postfix, set up as docs/delivery.md says.

Keyturn --> Postfix --> the far side: 250, 550, or 451 until it is told to take mail
   ^           |
   +-- reports by a pipe, or by a Maildir
"""

from __future__ import annotations

import asyncio
import os
import pwd
import re
import smtplib
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from keyturn.flows.diagnose import diagnose_user
from keyturn.flows.staff import on_the_host
from keyturn.rules import verp
from keyturn.rules.accounts import Role
from keyturn.rules.callers import Caller
from keyturn.rules.diagnosis import Symptom
from keyturn.rules.messages import Message, MessageState
from tests.lab.own import free_port, open_folder, until
from tests.lab.postfix import documented, postfix
from tests.lab.served import PASSWORD, Served
from tests.unit.rules.reports_of_mail import dsn

NOBODY = pwd.getpwnam("nobody")
RETURNS = "returns.northwind.test"
FAR = """
transport_maps = inline:{{
  {{ far.test = smtp:[127.0.0.1]:{far} }}, {{ {returns} = {how} }} }}
virtual_mailbox_domains = here.test {ours}
virtual_mailbox_base = {folder}
virtual_mailbox_maps = inline:{{
  {{ ada@here.test = ada/ }}, {{ bounce@{returns} = returned/ }} }}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
"""


class FarSide:
    """The people's mail system: it gives no receipts."""

    def __init__(self) -> None:
        self.takes = False
        self.got: list[Envelope] = []

    async def handle_RCPT(  # noqa: N802  aiosmtpd calls it by this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _: list[str]
    ) -> str:
        """550 for nobody; 451 for slow, until `takes`."""
        if address.startswith("nobody"):
            return "550 5.1.1 no such user here"
        if address.startswith("full"):
            return "552 5.2.2 mailbox is over quota"
        if address.startswith("slow") and not self.takes:
            return "451 4.7.1 greylisted, come back later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  as above
        """Keep it."""
        self.got.append(envelope)
        return "250 2.0.0 OK"


@dataclass
class Post:
    """A Keyturn behind a Postfix, and the far side."""

    served: Served
    far: FarSide

    def message(self, to: str) -> Message:
        """The newest message to an address, as stored."""
        tenant = self.served.tenant.id
        found = self.served.write(lambda tx: tx.messages.recent(tenant, "mail", None, 50))
        return next(message for message in found if message.address == to)

    def becomes(self, to: str, state: MessageState) -> Message:
        """The same, once it is in that state."""
        until(lambda: self.message(to).state is state, what=f"{to} to be {state}")
        return self.message(to)


@pytest.fixture(scope="module", params=["pipe", "maildir"])
def post(request: pytest.FixtureRequest) -> Iterator[Post]:
    """One for each way in which reports come."""
    far = FarSide()
    remote = Controller(far, hostname="127.0.0.1", port=free_port())
    remote.start()
    with open_folder("returned") as folder:
        os.chown(folder, NOBODY.pw_uid, NOBODY.pw_gid)
        (folder / "data").mkdir(mode=0o700)
        main, services = _lines(request.param, folder, remote)
        with postfix(main, services) as port:
            mail: dict[str, Any] = {"port": port, "bounces": f"bounce@{RETURNS}"}
            if request.param == "maildir":
                mail["bounce_maildir"] = str(folder / "returned")
            with Served(folder / "data", **mail) as served:
                _hand_over(folder / "data")
                yield Post(served, far)
    remote.stop()


def _lines(way: str, folder: Path, remote: Controller) -> tuple[str, str]:
    """main.cf and master.cf: what the document says, and where mail goes in this test."""
    spelled = {
        "returns.example.com": RETURNS,
        "user=keyturn": "user=nobody",
        "/opt/keyturn/bin/keyturn": _keyturn() if way == "pipe" else "",
        "/etc/keyturn/keyturn.toml": str(folder / "keyturn.toml"),
        "/var/mail/keyturn": str(folder),
        "static:990": f"static:{NOBODY.pw_uid}",
        "15m": "1s",
    }
    (folder / "keyturn.toml").write_text(f'[store]\ndata_dir = "{folder}/data"\n')
    main = documented("main.cf", spelled) + documented(f"main.cf {way}", spelled)
    services = documented("master.cf pipe", spelled) if way == "pipe" else ""
    test = FAR.format(
        far=remote.port, returns=RETURNS, folder=folder, uid=NOBODY.pw_uid, gid=NOBODY.pw_gid,
        how="keyturn:" if way == "pipe" else "virtual:", ours="" if way == "pipe" else RETURNS,
    )  # fmt: skip
    return main + test, services


def _hand_over(data: Path) -> None:
    """The installation belongs to the user of the pipe."""
    for path in (data, *data.rglob("*")):
        os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)


def _keyturn() -> str:
    """A command line of ours that the user of the pipe can run: this Python may lie in a home
    that is closed to others, and the system's of the same release does as well.
    """
    release = f"python{sys.version_info.major}.{sys.version_info.minor}"
    path = ":".join([str(Path(__file__).parents[2] / "src"), *filter(None, sys.path)])
    for python in (sys.executable, f"/usr/bin/{release}"):
        words = ["/usr/bin/env", f"PYTHONPATH={path}", python, "-m", "keyturn"]
        try:
            done = subprocess.run([*words, "--version"], user="nobody", cwd="/", check=False)
        except OSError:
            continue
        if done.returncode == 0:
            return " ".join(words)
    pytest.skip("the user nobody can run no Python with this checkout")


class Visitor:
    """A browser without script."""

    def __init__(self, served: Served) -> None:
        self._web = httpx.Client(
            base_url=f"{served.origin}/t/northwind", follow_redirects=True, timeout=20
        )
        self._page = ""

    def close(self) -> None:
        """The browser is closed."""
        self._web.close()

    def get(self, path: str) -> str:
        """Open a page; its HTML."""
        self._page = self._web.get(path).text
        return self._page

    def post(self, path: str, **fields: str) -> str:
        """Send the form of the page that is open; the page after it."""
        csrf = re.search(r'name="csrf" value="([^"]+)"', self._page)
        assert csrf, self._page
        answer = self._web.post(path, data={"csrf": csrf[1], **fields})
        self._page = answer.text
        return self._page

    def sign_up(self, email: str) -> str:
        """Sign up; the page that waits for the code."""
        self.get("/signup")
        return self.post("/signup", name="Ada Byron", email=email, password=PASSWORD)

    def reads(self, path: str, words: str) -> str:
        """The page at a path, once it holds these words."""
        until(lambda: words in self.get(path), what=f"“{words}” on {path}")
        return self._page


@pytest.fixture
def visitors(post: Post) -> Iterator[Callable[[], Visitor]]:
    """Opens browsers, and closes them in the end."""
    opened: list[Visitor] = []

    def another() -> Visitor:
        opened.append(Visitor(post.served))
        return opened[-1]

    yield another
    for visitor in opened:
        visitor.close()


@pytest.fixture
def visitor(visitors: Callable[[], Visitor]) -> Visitor:
    return visitors()


def test_an_unknown_mailbox_is_told_on_the_page_in_the_console_and_in_diagnosis(
    post: Post, visitor: Visitor, visitors: Callable[[], Visitor]
) -> None:
    email = "nobody.1@far.test"
    visitor.sign_up(email)
    page = visitor.reads("/signup/code", "Not deliverable")
    assert "no such mailbox exists" in page
    message = post.becomes(email, MessageState.BOUNCED)
    assert "550 5.1.1 no such user here" in message.detail

    staff = visitors()
    _sign_in(post, staff)
    user = post.served.write(lambda tx: tx.users.named(post.served.tenant.id, email))
    assert user is not None
    page = staff.get(f"/console/users/{user.id}")
    assert "Not deliverable" in page
    assert "550 5.1.1 no such user here" in page
    assert "n•••@f•••.test" in page
    assert "No such mailbox" in page
    assert "550 5.1.1 no such user here" in staff.get("/console/messages?state=bounced")
    assert "mail.no-mailbox" in _causes(post, email)


def _sign_in(post: Post, staff: Visitor) -> None:
    """Staff, with a second step."""
    name = f"owner{post.served.clock.now()}@people.test"
    owner = post.served.user("Olga Owner", name, role=Role.OWNER)
    secret = post.served.authenticator(owner)
    staff.get("/signin")
    staff.post("/signin", identifier=name, password=PASSWORD)
    staff.post("/signin/second", code=post.served.shown(secret))


def _causes(post: Post, typed: str) -> list[str]:
    """What diagnosis says of a mail that does not arrive."""
    tenant = post.served.tenant
    caller = Caller(tenant=tenant, browser="", offers=(), ip="", client_name="lab")
    flow = diagnose_user(post.served.house.parts, on_the_host(caller), typed, Symptom.MAIL)
    return [finding.cause for finding in asyncio.run(flow).diagnosis.findings]


def test_a_full_mailbox_is_told_as_such(post: Post, visitor: Visitor) -> None:
    visitor.sign_up("full@far.test")
    assert "the mailbox is full" in visitor.reads("/signup/code", "Not deliverable")


def test_a_mail_that_is_put_off_is_told_and_then_arrives(post: Post, visitor: Visitor) -> None:
    email = "slow@far.test"
    post.far.takes = False
    visitor.sign_up(email)
    page = visitor.reads("/signup/code", "Put off by the other side")
    assert "offered again and again" in page
    assert "greylisted" not in page
    assert "451 4.7.1 greylisted" in post.becomes(email, MessageState.DEFERRED).detail
    assert "mail.put-off" in _causes(post, email)
    post.far.takes = True
    assert "gives no receipts" in visitor.reads("/signup/code", "Handed on, no receipts there")
    post.becomes(email, MessageState.RELAYED)
    (envelope,) = [e for e in post.far.got if e.rcpt_tos == [email]]
    assert str(envelope.mail_from).startswith(f"bounce+{post.message(email).id}.")


def test_a_receipt_says_that_a_mail_is_in_the_mailbox(post: Post, visitor: Visitor) -> None:
    """Postfix itself delivers it, and gives the receipt that was asked for."""
    visitor.sign_up("ada@here.test")
    assert "was delivered to" in visitor.reads("/signup/code", "Delivered")
    post.becomes("ada@here.test", MessageState.DELIVERED)


def test_a_bounced_recovery_is_told_to_the_owners_browser_and_to_no_stranger(
    post: Post, visitor: Visitor, visitors: Callable[[], Visitor]
) -> None:
    email = f"nobody.{post.served.clock.now()}@far.test"
    post.served.user("Ann Lindqvist", email)
    visitor.get("/signin")
    visitor.post("/signin", identifier=email, password=PASSWORD)
    stranger = visitors()
    for browser in (visitor, stranger):
        browser.get("/recover")
        browser.post("/recover", identifier=email)
    visitor.reads("/recover/code", "Not deliverable")
    post.becomes(email, MessageState.BOUNCED)
    page = stranger.get("/recover/code")
    assert "Not deliverable" not in page
    assert "What is known of the mail" not in page


def test_a_forged_report_changes_nothing(post: Post, visitor: Visitor) -> None:
    """The address is right but for one letter of its signature."""
    visitor.sign_up("slow.forged@far.test")
    message = post.becomes("slow.forged@far.test", MessageState.RELAYED)
    sealer = post.served.house.parts.sealer
    digest = sealer.digest(verp.PURPOSE, message.id)
    to = verp.return_path(f"bounce@{RETURNS}", message.id, digest).address
    at = to.index("@") - 1
    forged = to[:at] + ("a" if to[at] != "a" else "b") + to[at + 1 :]
    port = post.served.house.settings.mail.port
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        smtp.sendmail("", [forged], dsn(forged))
        smtp.sendmail("", [to], dsn(to))
    post.becomes("slow.forged@far.test", MessageState.BOUNCED)  # the true one came through
