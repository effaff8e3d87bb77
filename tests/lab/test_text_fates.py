"""Each fate of a text, over each driver, from the gateway's report to the person's page, the
console and diagnosis.  The whole server; a real Kannel; a message centre and a REST gateway
whose fates are chosen by the number's last digit.

    0 delivered   9 not deliverable   8 gave up   7 refused   6 taken, and no report
    5 delivered after the gateway was too busy at first
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from keyturn.flows.diagnose import diagnose_user
from keyturn.flows.staff import on_the_host
from keyturn.rules.accounts import Role
from keyturn.rules.callers import Caller
from keyturn.rules.diagnosis import Symptom
from keyturn.rules.lockout import MINUTE
from keyturn.rules.messages import Message, MessageState
from keyturn.settings import Settings
from keyturn.steps.acts import begin
from keyturn.steps.outbox import enqueue
from tests.lab import centre as smsc
from tests.lab import rest_side
from tests.lab.centre import PASSWORD as CENTRE_PASSWORD
from tests.lab.centre import USER, Centre
from tests.lab.kannels import kannel_before
from tests.lab.own import until
from tests.lab.rest_side import ACCOUNT, TOKEN, RestSide
from tests.lab.served import PASSWORD, Served

S = MessageState
DRIVERS = ("kannel", "rest", "smpp")


class Texting(Served):
    """A server with these settings of the section "sms"."""

    def __init__(self, folder: Path, sms: dict[str, Any]) -> None:
        super().__init__(folder)
        self._sms = sms

    def _settings(self) -> Settings:
        plain = super()._settings()
        return Settings.model_validate({
            "server": plain.server, "store": plain.store, "mail": plain.mail, "sms": self._sms,
        })  # fmt: skip


class Busy:
    """Fates of the message centre; a number that ends in 5 is throttled at first.

    Args:
        plain: receipts say everything in their text, and name messages in decimal.
    """

    def __init__(self, *, plain: bool) -> None:
        self.plain = plain
        self.seen: set[str] = set()

    def __call__(self, to: str) -> smsc.Fate:
        first = to not in self.seen
        self.seen.add(to)
        if to[-1] == "5" and first:
            return smsc.Fate(status=0x58)
        fate = {
            "9": smsc.Fate(stat="UNDELIV", state=5),
            "8": smsc.Fate(stat="EXPIRED", state=3),
            "7": smsc.Fate(status=0x0B),
            "6": smsc.Fate(stat=None),
        }.get(to[-1], smsc.Fate())
        return replace(fate, state=None, decimal=True) if self.plain else fate


def _rest_fate() -> Callable[[str], rest_side.Fate]:
    seen: set[str] = set()

    def fate(to: str) -> rest_side.Fate:
        first = to not in seen
        seen.add(to)
        if to[-1] == "5" and first:
            return rest_side.Fate(http=429, code=20429)
        return {
            "9": rest_side.Fate(status="undelivered", error="30005"),
            "8": rest_side.Fate(status="undelivered", error="30003"),
            "7": rest_side.Fate(http=400, code=21408),
            "6": rest_side.Fate(status=""),
        }.get(to[-1], rest_side.Fate())

    return fate


@dataclass
class Text:
    """A Keyturn with a driver, and the far side of it."""

    driver: str
    served: Texting
    far: Centre | RestSide

    def message(self, to: str) -> Message:
        """The newest text to a number, as stored."""
        tenant = self.served.tenant.id
        found = self.served.write(lambda tx: tx.messages.recent(tenant, "sms", None, 50))
        return next(message for message in found if message.address == to)

    def becomes(self, to: str, state: MessageState) -> Message:
        """The same, once it is in that state."""
        until(lambda: self.message(to).state is state, what=f"{to} to be {state}")
        return self.message(to)


@pytest.fixture(scope="module", params=DRIVERS)
def text(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Text]:
    """One for each driver."""
    folder, driver = tmp_path_factory.mktemp("texting"), str(request.param)
    with ExitStack() as stack:
        far: Centre | RestSide
        sms: dict[str, Any]
        if driver == "rest":
            far = rest = RestSide(_rest_fate())
            stack.callback(rest.close)
            sms = {"url": rest.url, "user": ACCOUNT, "password": TOKEN, "sender": "Northwind"}
        elif driver == "smpp":
            far = centre = stack.enter_context(smsc.running(Centre(Busy(plain=False))))
            sms = {
                "host": "127.0.0.1", "port": centre.port, "user": USER, "tls": "none",
                "password": CENTRE_PASSWORD, "sender": "Northwind",
            }  # fmt: skip
        else:
            far = centre = stack.enter_context(smsc.running(Centre(Busy(plain=True))))
            url = stack.enter_context(kannel_before(centre.port))
            sms = {"url": url, "user": "keyturn", "password": "s3cret"}
        sms["driver"] = driver
        served = stack.enter_context(Texting(folder, sms))
        yield Text(driver, served, far)


class Visitor:
    """A browser without script."""

    def __init__(self, served: Served) -> None:
        self._web = httpx.Client(
            base_url=f"{served.origin}/t/northwind", follow_redirects=True, timeout=20
        )
        self._page = ""

    def close(self) -> None:
        self._web.close()

    def get(self, path: str) -> str:
        """Open a page; its HTML."""
        self._page = self._web.get(path).text
        return self._page

    def post(self, path: str, **fields: str) -> str:
        """Send the form of the page that is open; the page after it."""
        csrf = re.search(r'name="csrf" value="([^"]+)"', self._page)
        assert csrf, self._page
        self._page = self._web.post(path, data={"csrf": csrf[1], **fields}).text
        return self._page

    def sign_in(self, email: str) -> None:
        self.get("/signin")
        self.post("/signin", identifier=email, password=PASSWORD)

    def reads(self, path: str, words: str) -> str:
        """The page at a path, once it holds these words."""
        until(lambda: words in self.get(path), what=f"“{words}” on {path}")
        return self._page


@pytest.fixture
def visitors(text: Text) -> Iterator[Callable[[], Visitor]]:
    opened: list[Visitor] = []

    def another() -> Visitor:
        opened.append(Visitor(text.served))
        return opened[-1]

    yield another
    for visitor in opened:
        visitor.close()


#: digit → driver → state, words of the detail, what the person reads, the cause
FATES = {
    "0": {
        "kannel": (S.DELIVERED, "stat:DELIVRD", "received the text at", "sms.delivered"),
        "rest": (S.DELIVERED, "delivered", "received the text at", "sms.delivered"),
        "smpp": (S.DELIVERED, "DELIVRD err:000", "received the text at", "sms.delivered"),
    },
    "9": {
        "kannel": (S.BOUNCED, "stat:UNDELIV", "could not deliver", "sms.undeliverable"),
        "rest": (S.BOUNCED, "unknown-number: 30005", "knows no phone", "sms.number-unknown"),
        "smpp": (S.BOUNCED, "UNDELIV err:001", "could not deliver", "sms.undeliverable"),
    },
    "8": {
        "kannel": (S.EXPIRED, "stat:EXPIRED", "could not be reached", "sms.phone-off"),
        "rest": (S.BOUNCED, "unreachable: 30003", "could not be reached", "sms.phone-off"),
        "smpp": (S.EXPIRED, "EXPIRED err:001", "could not be reached", "sms.phone-off"),
    },
    "7": {
        "kannel": (S.REJECTED, "NACK/", "was refused before", "sms.rejected"),
        "rest": (S.REJECTED, "no-route: HTTP 400 21408", "No texts can be sent", "sms.not-served"),
        "smpp": (S.REJECTED, "unknown-number: submit_sm", "knows no phone", "sms.number-unknown"),
    },
    "6": {
        "kannel": (S.SENT, "Accepted", "handed over", "sms.no-report"),
        "rest": (S.SENT, "taken: queued", "handed over", "sms.no-report"),
        "smpp": (S.SENT, "taken as", "handed over", "sms.no-report"),
    },
}  # fmt: skip


@pytest.mark.parametrize("digit", FATES)
def test_a_fate_is_told_on_the_page_in_the_console_and_in_diagnosis(
    text: Text, visitors: Callable[[], Visitor], digit: str
) -> None:
    state, detail, person, cause = FATES[digit][text.driver]
    number, email = f"+44740012345{digit}", f"p{digit}@people.test"
    user = text.served.user(f"Person {digit}", email)
    visitor = visitors()
    visitor.sign_in(email)
    visitor.get("/account/phone")
    visitor.post("/account/phone", number=number)
    message = text.becomes(number, state)
    assert detail in message.detail
    assert person in visitor.reads("/account/phone/code", person)

    console = _console(text, visitors(), f"staff{digit}@northwind.test")
    shown = console.get("/console/messages?channel=sms")
    assert message.detail.replace("'", "&#39;") in shown
    assert user.id in shown
    assert _cause(text, email) == cause


def _console(text: Text, staff: Visitor, email: str) -> Visitor:
    helper = text.served.user("Tomas Okafor", email, role=Role.TECHNICIAN)
    secret = text.served.authenticator(helper)
    staff.sign_in(email)
    staff.post("/signin/second", code=text.served.shown(secret))
    return staff


def _cause(text: Text, email: str) -> str:
    """The first cause that diagnosis finds for a text that does not arrive."""
    parts, tenant = text.served.house.parts, text.served.tenant
    caller = Caller(tenant=tenant, browser="", offers=(), ip="", client_name="")
    staff = on_the_host(caller)
    found = asyncio.run(diagnose_user(parts, staff, email, Symptom.TEXT))
    return found.diagnosis.findings[0].cause


@pytest.mark.parametrize("text", ["rest", "smpp"], indirect=True)
def test_a_text_that_the_gateway_was_too_busy_for_arrives_later(
    text: Text, visitors: Callable[[], Visitor]
) -> None:
    number = "+447400123455"
    text.served.user("Person 5", "p5@people.test")
    visitor = visitors()
    visitor.sign_in("p5@people.test")
    visitor.get("/account/phone")
    visitor.post("/account/phone", number=number)
    until(lambda: text.message(number).attempt == 1, what="the first try")
    text.becomes(number, S.QUEUED)
    text.served.clock.move(MINUTE)
    assert text.becomes(number, S.DELIVERED).attempt == 2


def test_the_phone_shows_the_code_and_the_code_proves_the_number(
    text: Text, visitors: Callable[[], Visitor]
) -> None:
    number = "+447400123440"
    user = text.served.user("Person 10", "p10@people.test")
    visitor = visitors()
    visitor.sign_in("p10@people.test")
    visitor.get("/account/phone")
    visitor.post("/account/phone", number=number)
    text.becomes(number, S.DELIVERED)
    words = text.far.texts[-1] if isinstance(text.far, Centre) else text.far.texts[-1]["Body"]
    code = re.match(r"\d{6}", str(words))
    assert code, words
    visitor.get("/account/phone/code")
    visitor.post("/account/phone/code", code=code[0])
    stored = text.served.write(lambda tx: tx.users.get(user.tenant_id, user.id))
    assert stored
    assert stored.phone == number


@pytest.mark.parametrize("text", ["rest"], indirect=True)
def test_a_report_with_a_wrong_signature_changes_nothing(text: Text) -> None:
    assert isinstance(text.far, RestSide)
    number = "+447400123466"
    text.served.user("Person 6", "p66@people.test")
    parts = text.served.house.parts
    caller = Caller(tenant=text.served.tenant, browser="", offers=(), ip="", client_name="")
    text.served.write(
        lambda tx: enqueue(
            tx, begin(parts, caller), "sms", "verify_phone", user=None, address=number,
            values={"code": "042917", "minutes": 10}, life_ms=10 * MINUTE,
        )
    )  # fmt: skip
    text.becomes(number, S.SENT)
    url, form = text.far.texts[-1]["StatusCallback"], {"MessageStatus": "failed"}
    assert text.far.call(url, form, rest_side.signed("another", url, form)) == 403
    other = url.replace("sig=", "sig=A")[:-1]
    assert text.far.call(other, form, rest_side.signed(TOKEN, other, form)) == 403
    assert text.message(number).state is S.SENT
    assert text.far.call(url, form, rest_side.signed(TOKEN, url, form)) == 204
    assert text.message(number).state is S.REJECTED
    assert set(text.far.reports) <= {204}
