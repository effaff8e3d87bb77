"""The phone app and the real server, whole: the signed door, a push service on loopback, a browser.

with staged(folder, authority) as stage:
    phone = stage.bind(ada, 1)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from keyturn import couriers, wiring
from keyturn.adapters.memory_push import MemoryBrowser
from keyturn.lab.certificates import Authority
from keyturn.rules import enrolment, enrolment_address
from keyturn.rules.accounts import User
from keyturn.rules.binding import Rows
from keyturn.rules.enrolment import ScanCode
from keyturn.rules.enrolment_address import Content
from keyturn.steps.scanned import SCANNED, TYPED
from keyturn.web.encoding import encoded
from tests.lab.handset import ALL, HELD, PIN, Phone
from tests.lab.looking import WHOLE, Eye, opened
from tests.lab.push_side import PushSide
from tests.lab.served import Served, eventually

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
        known = self.served.write(lambda tx: tx.directories.all(user.tenant_id))
        trusted = {one.id: one.identity for one in known if one.identity is not None}
        content = Content(
            code_id.upper(), secret, enrolment_address.installation_pin(key),
            enrolment_address.directories_pin(trusted),
        )  # fmt: skip
        return f"#{enrolment_address.fragment(content)}"

    def handset(self) -> tuple[Phone, MemoryBrowser]:
        """A phone, and its browser's part at the push service."""
        key = couriers.pusher(self.served.house.settings, self.served.house.parts.clock).public_key
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


@contextmanager
def staged(folder: Path, authority: Authority) -> Iterator[Stage]:
    """All of it. authority: whose certificate the push service shows."""
    if not Path(WHOLE).exists():
        pytest.fail("failed to run: Chromium is not installed", pytrace=False)
    with ExitStack() as stack:
        side = PushSide(authority.context("localhost"))
        stack.callback(side.close)
        push = {
            "hosts": ["localhost"], "ports": [side.port], "ca_file": str(authority.ca),
            "networks": ["127.0.0.0/8", "::1/128"], "contact": "mailto:ops@example.test",
        }  # fmt: skip
        served = stack.enter_context(Served(folder, "localhost", push=push))
        side.clock.move(served.clock.now() - side.clock.now())
        camera = ("--use-fake-device-for-media-stream",)
        eye = stack.enter_context(opened(served.origin, camera, whole=True, sizes=HELD))
        yield Stage(served, side, eye)
