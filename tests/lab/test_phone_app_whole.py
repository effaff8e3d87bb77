"""The phone app and the real server, whole: the signed door, a push service on loopback (RFC 8030,
its messages encrypted and signed for real), a lock and its end.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from keyturn import wiring
from keyturn.adapters.memory_push import MemoryBrowser
from keyturn.lab.certificates import Authority
from keyturn.rules import enrolment, enrolment_address
from keyturn.rules.accounts import User
from keyturn.rules.binding import Rows
from keyturn.rules.enrolment import ScanCode
from keyturn.rules.enrolment_address import Content
from keyturn.steps.scanned import SCANNED, TYPED
from keyturn.web.encoding import encoded
from tests.lab.handset import ALL, HELD, PIN, SHOTS, Phone
from tests.lab.looking import WHOLE, Eye
from tests.lab.push_side import PushSide
from tests.lab.served import PASSWORD, Served, eventually

NUMBER, LETTERS = "42", "7F3KABCDEF"


@dataclass(frozen=True, slots=True)
class Stage:
    """Server, push service, browser."""

    served: Served
    side: PushSide
    eye: Eye

    def code(self, user: User, secret_seed: int) -> str:
        """A page shows a code to this user; its address, from /app/ on."""
        house, now = self.served.house, self.served.clock.now()
        code_id, secret = house.parts.random.id(now), encoded(bytes([secret_seed]) * 16)
        digest = house.parts.sealer.digest
        code = ScanCode(
            id=code_id, tenant_id=user.tenant_id, user_id=user.id,
            flow_id=house.parts.random.id(now), link=0, epoch=user.epoch,
            digest=digest(SCANNED, f"{code_id}|{secret}"), name=LETTERS[: enrolment.NAMING],
            typed=digest(TYPED, f"{code_id}|{LETTERS}"), number=NUMBER, made_at=now,
            expires_at=now + enrolment.LIFE_MS,
        )  # fmt: skip
        self.served.write(lambda tx: tx.phones.save(Rows(user), Rows(user, codes=(code,))))
        key = wiring.notary(house.settings).server_key
        content = Content(
            code_id.upper(), secret, enrolment_address.installation_pin(key),
            enrolment_address.directories_pin({}),
        )  # fmt: skip
        return f"#{enrolment_address.fragment(content)}"

    def handset(self) -> tuple[Phone, MemoryBrowser]:
        """A phone, and its browser's part at the push service."""
        key = wiring.pusher(self.served.house).public_key
        browser = self.side.service.subscribe(key)
        to = browser.subscription
        keys = {"p256dh": encoded(to.p256dh), "auth": encoded(to.auth)}
        address = {"endpoint": to.endpoint, "expirationTime": None, "keys": keys}
        return Phone(self.eye, *ALL, address=address), browser

    def bind(self, user: User, seed: int) -> Phone:
        """From the code to the account."""
        phone, browser = self.handset()
        phone.open(self.code(user, seed)).press("Check my phone").heading("can do all")
        phone.press("Go on").heading("Which number")
        phone.fill("The two digits on the page", NUMBER).press("Go on").heading("Choose a PIN")
        phone.fill("New PIN", PIN).fill("Once more", PIN).press("Keep this PIN")
        phone.heading("on its way")
        (push,) = eventually(lambda: browser.received or None)
        phone.push(push.payload)
        phone.heading("This phone is ready").press("Go to my account").heading("All is well")
        return phone


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """All of it, once."""
    if not Path(WHOLE).exists():
        pytest.fail("failed to run: Chromium is not installed", pytrace=False)
    authority = Authority(tmp_path_factory.mktemp("ca"))
    with ExitStack() as stack:
        side = PushSide(authority.context("localhost"))
        stack.callback(side.close)
        push = {
            "hosts": ["localhost"], "ports": [side.port], "ca_file": str(authority.ca),
            "networks": ["127.0.0.0/8", "::1/128"], "contact": "mailto:ops@example.test",
        }  # fmt: skip
        folder = tmp_path_factory.mktemp("installation")
        served = stack.enter_context(Served(folder, "localhost", push=push))
        side.clock.move(served.clock.now() - side.clock.now())
        driver = stack.enter_context(sync_playwright())
        axe = (files("axe_playwright_python") / "axe.min.js").read_text()
        camera = ("--use-fake-device-for-media-stream",)
        eye = Eye(driver, served.origin, SHOTS, axe, camera, whole=True, sizes=HELD)
        stack.callback(eye.close)
        yield Stage(served, side, eye)


@pytest.fixture
def ada(stage: Stage) -> User:
    """Somebody with an account of their own."""
    return stage.served.user("Ada Byron", f"ada{os.urandom(4).hex()}@people.test")


def test_a_phone_is_bound_and_ends_a_lock(stage: Stage, ada: User) -> None:
    before = len(stage.eye.findings)
    phone = stage.bind(ada, 1)
    assert stage.side.wrongs == []
    desk = stage.eye.person()
    for _ in range(5):
        desk.sign_in(ada.email, "not the password")
    assert desk.heading.startswith("Your account is locked until")
    phone.open().heading("Your account is locked until").heading("That is 10 minutes")
    phone.press("Unlock").heading("type your PIN").pin("999999").told("Tries left: 4")
    phone.pin().heading("Your account is open again")
    desk.sign_in(ada.email, PASSWORD)
    assert "locked" not in desk.heading
    phone.press("What happened").heading("What happened").told("Your account was locked")
    phone.press("Back to my account").heading("All is well").press("A code to sign in")
    phone.heading("Type this code").leave()
    desk.leave()
    assert stage.eye.findings[before:] == []


def test_a_second_phone_takes_the_place_of_the_first(stage: Stage, ada: User) -> None:
    first, second = stage.bind(ada, 2), stage.bind(ada, 3)
    first.open().heading("Another phone has taken the place")
    first.open().heading("Set up this phone")
    second.open().heading("All is well")
    first.leave()
    second.leave()


def test_a_phone_with_a_wrong_clock_is_bound_all_the_same(stage: Stage, ada: User) -> None:
    """Its requests are made by the server's clock, once it has heard it."""
    phone, _ = stage.handset()
    phone.page.clock.install(time=(stage.served.clock.now() - 3_600_000) / 1000)
    phone.open(stage.code(ada, 4)).press("Check my phone").heading("clock is behind")
    phone.press("Go on without it").heading("Which number")
    phone.fill("The two digits on the page", NUMBER).press("Go on").heading("Choose a PIN")
    phone.leave()


def test_a_sign_in_is_approved_on_the_phone_with_the_number_that_the_desk_shows(
    stage: Stage, ada: User
) -> None:
    before = len(stage.eye.findings)
    phone, desk = stage.bind(ada, 5), stage.eye.person()
    desk.sign_in(ada.email, PASSWORD).press("Ask my phone")
    phone.heading("Are you signing in right now?")
    number = desk.page.locator(".matching").first.inner_text().strip()
    phone.fill("The two digits", number).press("Yes, it is me")
    phone.heading("To say yes").pin().heading("You said that it is you")
    expect(desk.page).to_have_url(re.compile(r"/account$|/welcome"))
    phone.press("Go to my account").heading("All is well").leave()
    desk.leave()
    assert stage.eye.findings[before:] == []
