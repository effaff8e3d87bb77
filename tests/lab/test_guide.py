"""The pictures of the user's guide (docs/guide), taken on the way from a mail to an approval.

`make guide` writes them; otherwise the way is gone all the same, and only the names are compared:
a guide that shows what is no longer there fails here, or in tests/unit/test_documentation.py.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from keyturn import couriers
from keyturn.adapters.memory_push import MemoryBrowser
from keyturn.lab.certificates import Authority
from keyturn.rules.accounts import Role
from keyturn.rules.directories.proofs import ProofState
from keyturn.rules.lockout import MINUTE
from keyturn.web.encoding import encoded
from tests.lab.guests import Guest, number_on
from tests.lab.handset import ALL, HELD, PIN, Phone
from tests.lab.looking import Eye, Person, opened
from tests.lab.push_side import PushSide
from tests.lab.served import PASSWORD, Served, eventually
from tests.unit.web.corp import DOMAIN, Corp

GUIDE = Path(__file__).parents[2] / "docs" / "guide"
NEW = "Velvet-Otter-42-sings"
DESK, MAIL = (1000, 720), (680, 900)
#: what the phone says it is
ANDROID = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Mobile Safari/537.36"
)
#: of each picture, as WebP
QUALITY = 82
LARGEST = 60_000
_PICTURE = re.compile(r"images/([\w-]+)\.webp")


@dataclass(slots=True)
class Album:
    """Takes the pictures. Attribute: `taken`: their names, in order."""

    folder: Path
    taken: list[str] = field(default_factory=list)

    def take(self, page: Page, name: str, about: Locator | None = None) -> None:
        """What can be seen of a page. `about`: what must be in the middle of it."""
        page.mouse.move(0, 0)
        page.evaluate("document.activeElement?.blur(); window.scrollTo(0, 0)")
        if about is not None:
            about.first.evaluate("(it) => it.scrollIntoView({block: 'center'})")
        camera = page.context.new_cdp_session(page)
        told = camera.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
        camera.detach()
        picture = base64.b64decode(told["data"])
        assert len(picture) < LARGEST, name
        (self.folder / f"{name}.webp").write_bytes(picture)
        self.taken.append(name)


@dataclass(frozen=True, slots=True)
class Stage:
    """Server, push service, browser, album."""

    served: Served
    side: PushSide
    eye: Eye
    album: Album

    def handset(self) -> tuple[Phone, MemoryBrowser]:
        """A phone, and its browser's part at the push service."""
        browser = self.side.service.subscribe(
            couriers.pusher(self.served.house.settings, self.served.house.parts.clock).public_key
        )
        to = browser.subscription
        keys = {"p256dh": encoded(to.p256dh), "auth": encoded(to.auth)}
        address = {"endpoint": to.endpoint, "expirationTime": None, "keys": keys}
        return Phone(self.eye, *ALL, address=address).say(ANDROID), browser

    def technician(self) -> Person:
        """At their desk, in the console."""
        user = self.served.user("Tom Brandt", "tom@northwind.test", role=Role.TECHNICIAN)
        secret = self.served.authenticator(user)
        desk = self.eye.person(size=DESK).sign_in(user.email or "", PASSWORD)
        desk.type(code=self.served.shown(secret)).press("Go on")
        return desk


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """All of it, once."""
    authority = Authority(tmp_path_factory.mktemp("ca"))
    wanted = os.environ.get("KEYTURN_GUIDE")
    folder = GUIDE / "images" if wanted else tmp_path_factory.mktemp("images")
    with ExitStack() as stack:
        side = PushSide(authority.context("localhost"))
        stack.callback(side.close)
        push = {
            "hosts": ["localhost"], "ports": [side.port], "ca_file": str(authority.ca),
            "networks": ["127.0.0.0/8", "::1/128"], "contact": "mailto:ops@example.test",
        }  # fmt: skip
        data = tmp_path_factory.mktemp("installation")
        served = stack.enter_context(Served(data, "localhost", push=push))
        side.clock.move(served.clock.now() - side.clock.now())
        camera = ("--use-fake-device-for-media-stream",)
        eye = stack.enter_context(opened(served.origin, camera, whole=True, sizes=HELD))
        yield Stage(served, side, eye, Album(folder))


def test_the_guide_shows_what_is_there(stage: Stage) -> None:
    guest = Guest(stage.served, known=True)
    corp = Corp(stage.served.write, stage.served.house.parts, stage.served.tenant, domain=DOMAIN)
    _is_mailed(stage, guest)
    phone = _set_up(stage, guest)
    _answers(stage, guest, phone)
    _is_locked(stage, guest, phone)
    corp.link(guest.user, "gwen")
    _is_unlocked_there(stage, corp, phone)
    _chooses(stage, corp, phone)
    _is_helped(stage, guest, phone)
    _is_stopped(stage)
    shown = {name for one in GUIDE.glob("*.md") for name in _PICTURE.findall(one.read_text())}
    assert sorted(shown) == sorted(stage.album.taken)


def _is_mailed(stage: Stage, guest: Guest) -> None:
    """The mail, as its reader's program shows it."""
    letter = stage.eye.person(size=MAIL)
    html = stage.served.mails(guest.user.email or "")[-1].html
    letter.page.set_content(html.replace(stage.served.origin, "https://id.northwind.test"))
    stage.album.take(letter.page, "mail")
    letter.leave()


def _set_up(stage: Stage, guest: Guest) -> Phone:
    """From the link to a phone that is bound."""
    take, desk, (phone, browser) = (
        stage.album.take, stage.eye.person(size=DESK), stage.handset(),
    )  # fmt: skip
    desk.go(guest.link)
    take(desk.page, "link")
    desk.press("Go on").press("Go on without a number")
    expect(desk.page.locator("h1")).to_contain_text("Scan this")
    take(desk.page, "code")
    address = desk.seek("Open the app on this phone").get_attribute("href") or ""
    phone.open(address.partition("/app/")[2]).heading("Set up this phone")
    take(phone.page, "start")
    phone.press("Check my phone").heading("can do all")
    take(phone.page, "checked")
    phone.press("Go on").heading("Which number")
    number = number_on(desk)
    take(desk.page, "number-desk")
    phone.fill("The two digits on the page", number)
    take(phone.page, "number")
    phone.press("Go on").heading("Choose a PIN")
    take(phone.page, "pin")
    phone.fill("New PIN", PIN).fill("Once more", PIN).press("Keep this PIN").heading("on its way")
    (push,) = eventually(lambda: browser.received or None)
    phone.push(push.payload)
    phone.heading("This phone is ready")
    take(phone.page, "ready")
    phone.press("Go to my account").heading("All is well")
    take(phone.page, "home")
    desk.leave()
    return phone


def _answers(stage: Stage, guest: Guest, phone: Phone) -> None:
    """A sign-in that the phone approves, and the code for when there is no network."""
    take, desk = stage.album.take, stage.eye.person(size=DESK)
    desk.sign_in(guest.user.email or "", PASSWORD).press("Ask my phone")
    phone.heading("Are you signing in right now?")
    number = desk.page.locator(".matching").first.inner_text().strip()
    take(desk.page, "signin-desk")
    take(phone.page, "question")
    phone.fill("The two digits", number).press("Yes, it is me").heading("To say yes").pin()
    phone.heading("You said that it is you").press("Go to my account").heading("All is well")
    phone.press("A code to sign in").heading("Type this code")
    take(phone.page, "offline-code")
    phone.press("Back to my account").heading("All is well")
    desk.leave()


def _is_locked(stage: Stage, guest: Guest, phone: Phone) -> None:
    """Locked, and open again by the phone."""
    desk = stage.eye.person(size=DESK)
    for _ in range(5):
        desk.sign_in(guest.user.email or "", "not the password")
    desk.leave()
    phone.open().heading("Your account is locked until")
    stage.album.take(phone.page, "locked")
    phone.press("Unlock").heading("type your PIN").pin().heading("Your account is open again")


def _looks(corp: Corp, phone: Phone, **view: Any) -> Phone:
    """The account in the directory is opened, and the directory answers."""
    corp.beat()
    phone.open().heading("All is well")
    phone.page.get_by_role("button", name=DOMAIN).click()
    phone.heading("Asking")
    eventually(lambda: corp.answer(name="gwen", display="Gwen Guest", **view) or None)
    return phone


def _is_unlocked_there(stage: Stage, corp: Corp, phone: Phone) -> None:
    """The account in the directory is locked, and open again everywhere."""
    phone.open().heading("All is well").told(DOMAIN)
    stage.album.take(phone.page, "home-directory")
    _looks(corp, phone, locked_until=corp.now + 20 * MINUTE, bad_count=5).heading("is locked until")
    stage.album.take(phone.page, "directory-locked")
    phone.press("Unlock").heading("To unlock this account").pin().heading("about to be unlocked")
    job = corp.take()
    corp.done(job, bound=False)
    for name in ("dc2", "dc3"):
        corp.seen(job, name, ProofState.ARRIVED, 800)
    phone.heading("Your account is unlocked everywhere")
    stage.album.take(phone.page, "directory-unlocked")
    phone.press("Back to my account").heading("All is well")


def _chooses(stage: Stage, corp: Corp, phone: Phone) -> None:
    """A new password, and where it works."""
    take = stage.album.take
    _looks(corp, phone).heading("works. It expires in")
    phone.press("New password").heading("Choose a new password for gwen")
    new = phone.page.get_by_label("New password", exact=True)
    new.fill("gwen")
    take(phone.page, "password-policy")
    new.fill(NEW)
    phone.page.get_by_label("Once more").fill(NEW)
    phone.press("Set the new password").heading("To set the new password").pin()
    phone.heading("on its way to the directory")
    job = corp.take()
    corp.done(job)
    phone.heading("works on dc1; it is on its way to dc2 and dc3")
    take(phone.page, "password-works")
    for name in ("dc2", "dc3"):
        corp.seen(job, name, ProofState.PROVED, 900)
    phone.heading("Your new password works everywhere")
    take(phone.page, "password-everywhere")
    phone.press("Back to my account").heading("All is well")


def _is_helped(stage: Stage, guest: Guest, phone: Phone) -> None:
    """A technician proves the caller, and begins anew."""
    take, desk = stage.album.take, stage.technician()
    desk.go(f"/console/users/{guest.user.id}")
    take(desk.page, "user", desk.seek("Verify the caller"))
    desk.press("Verify the caller")
    number = desk.page.locator(".matching, .match").first.inner_text().strip()
    take(desk.page, "caller-desk")
    phone.heading("Are you talking to the help desk")
    take(phone.page, "caller")
    phone.fill("The two digits", number).press("Yes, it is me").heading("To say yes").pin()
    phone.heading("You said that it is you")
    expect(desk.page.locator("h1")).to_contain_text("The caller is")
    take(desk.page, "caller-proved")
    desk.go(f"/console/users/{guest.user.id}")
    desk.page.get_by_label("More actions for Gwen Guest").click()
    take(desk.page, "menu")
    desk.page.get_by_role("link", name="Reset User…").click()
    expect(desk.page.locator("h1")).to_be_visible()
    take(desk.page, "reset-user")
    desk.leave()
    phone.leave()


def _is_stopped(stage: Stage) -> None:
    """A phone that shows no notifications."""
    phone = Phone(stage.eye, "camera").say(ANDROID)
    phone.deny("notifications")
    phone.open().press("Check my phone").heading("Notifications are off")
    stage.album.take(phone.page, "notifications-off")
    phone.leave()
