"""The whole way of one person, on real controllers: invited, a phone set up by the mailed link, the
caller verified, a reset that a technician starts and the phone seals, proved on every controller,
and the sign-in with the new password.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import expect

from keyturn.adapters.memory_push import MemoryBrowser
from keyturn.demo.agents import AgentProcess
from keyturn.demo.estate import Estate
from keyturn.lab.certificates import Authority
from keyturn.lab.domain import Lab
from keyturn.lab.people import ALICE
from keyturn.rules.accounts import Role, User, UserState
from tests.lab.commanded import keyturn
from tests.lab.domains import domain
from tests.lab.handset import PIN, Phone
from tests.lab.looking import DESK, Person
from tests.lab.served import PASSWORD, eventually
from tests.lab.whole import Stage, staged

pytestmark = pytest.mark.lab

ALL = ("dc1", "dc2", "dc3")
AGENTS = ("dc1", "dc3")
RIGHT = "right"
NUMBER = "+44 7400 123456"
NEW = "Phone-Sealed-Harbour-7 Grün"
EMAIL = "alice@people.test"
CHECKED = re.compile("can do all|Nothing is in the way that can be seen")
#: beside real controllers everything takes its time, replication most
PATIENCE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Scene:
    """Controllers with agents, and everything of the server's."""

    lab: Lab
    stage: Stage
    estate: Estate[Lab]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Three controllers in two sites, an agent in each, a server, a browser."""
    authority = Authority(tmp_path_factory.mktemp("ca"))
    folder = tmp_path_factory.mktemp("installation")
    with ExitStack() as around:
        lab = around.enter_context(domain(3))
        stage = around.enter_context(staged(folder, authority))
        settings = {
            "KEYTURN_SERVER__ORIGIN": stage.served.origin,
            "KEYTURN_STORE__DATA_DIR": str(folder),
        }

        def command(*words: str) -> Any:
            return keyturn(folder, *words, "--tenant", "northwind", **settings)

        estate = around.enter_context(Estate(lab, stage.served.origin, command))
        estate.keyturn("directory", "add", lab.domain)
        for name in AGENTS:
            estate.move_in(AgentProcess(lab, name, stage.served.origin))
        yield Scene(lab, stage, estate)


def technician(scene: Scene) -> Person:
    """Somebody of the help desk, signed in."""
    served = scene.stage.served
    tom = served.user("Tom Price", "tom@people.test", role=Role.TECHNICIAN)
    secret, desk = served.authenticator(tom), scene.stage.eye.person(size=DESK)
    desk.page.context.set_default_timeout(PATIENCE_MS)
    desk.sign_in(str(tom.email), PASSWORD).type(code=served.shown(secret)).press("Go on")
    desk.page.wait_for_url("**/console/users")
    return desk


def says(person: Person, words: str) -> None:
    """Wait until the page's sentence holds these words."""
    expect(person.page.locator("h1:visible").first).to_contain_text(words)


def digits(person: Person) -> str:
    """The two digits in the page's sentence."""
    found = re.search(r"\b\d\d\b", person.heading)
    assert found, person.heading
    return found[0]


class Pushes:
    """What the push service has for a phone, one after the other."""

    def __init__(self, browser: MemoryBrowser, phone: Phone) -> None:
        self._browser, self._phone, self._taken = browser, phone, 0

    def next(self) -> str:
        """The next one arrives; its kind."""
        found = eventually(lambda: self._browser.received[self._taken :] or None)[0]
        self._taken += 1
        self._phone.push(found.payload)
        return str(json.loads(found.payload)["kind"])


class Alice:
    """Somebody at a desk, with a phone, and on the telephone with the help desk."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.stage, self.lab = scene, scene.stage, scene.lab
        self.user: User = self.stage.served.user(
            "Alice Arden", EMAIL, state=UserState.INVITED, password_hash=None,
            password_set_at=None,
        )  # fmt: skip
        self.desk = self.stage.eye.person(size=DESK)
        self.phone, browser = self.stage.handset()
        self.pushes = Pushes(browser, self.phone)
        for page in (self.desk.page, self.phone.page):
            page.context.set_default_timeout(PATIENCE_MS)
        scene.estate.link(EMAIL, ALICE.name)

    def follows_the_mail(self) -> str:
        """The mailed link, the number by SMS; the address of the code that is shown."""
        desk, served = self.desk, self.stage.served
        desk.go(served.mailed(EMAIL, "set up your phone").link("/activate/")).press("Go on")
        desk.type(number=NUMBER).press("Send the text")
        desk.type(code=served.texted(NUMBER.replace(" ", "")).code).press("Go on")
        says(desk, "Scan this")
        return desk.seek("Open the app on this phone").get_attribute("href") or ""

    def binds(self, address: str) -> None:
        """Scan, number, PIN, the test push."""
        phone, desk = self.phone, self.desk
        phone.open("#" + address.partition("#")[2]).press("Check my phone")
        # beside controllers the camera may be too slow to be judged; nothing else may be in the way
        expect(phone.page.locator("h1:visible")).to_contain_text(CHECKED)
        phone.press("Go on").heading("Which number")
        says(desk, "on your phone")
        phone.fill("The two digits on the page", digits(desk)).press("Go on")
        phone.heading("Choose a PIN")
        phone.fill("New PIN", PIN).fill("Once more", PIN).press("Keep this PIN")
        phone.heading("on its way")
        assert self.pushes.next() == "test"
        phone.heading("This phone is ready").see("journey-bound")
        phone.press("Go to my account").heading("All is well").see("journey-home")
        says(desk, "is yours here now")

    def is_verified(self, help_desk: Person) -> None:
        """The help desk asks whether it is her."""
        help_desk.go(f"/console/users/{self.user.id}").press("Verify the caller")
        says(help_desk, "Ask the caller to type")
        assert self.pushes.next() == "caller"
        self.phone.heading("Are you talking to the help desk").see("journey-caller")
        self.phone.fill("The two digits", digits(help_desk)).press("Yes, it is me")
        self.phone.heading("To say yes").pin().heading("You said that it is you")
        says(help_desk, "The caller is Alice Arden.")

    def sets(self, password: str, help_desk: Person) -> None:
        """A technician starts it; she chooses on the phone."""
        help_desk.go(f"/console/users/{self.user.id}").press("Start reset")
        says(help_desk, "is asked to choose a new password")
        assert self.pushes.next() == "choose"
        phone = self.phone
        phone.press("Go to my account").heading("All is well")
        phone.told("Tom Price has started a new password: choose it")
        phone.press("Windows password").heading("is locked").see("journey-locked")
        phone.press("New password").heading("Tom Price has started a new password for alice")
        phone.see("journey-fresh")
        phone.page.get_by_label("New password", exact=True).fill(password)
        phone.page.get_by_label("Once more").fill(password)
        phone.press("Set the new password").heading("To set the new password").pin()
        phone.heading("Your new password works").see("journey-done")  # how far, the agents decide
        phone.heading("Your new password works everywhere").see("journey-everywhere")

    def signs_in(self, password: str) -> None:
        """With it, at a desk; the phone is the second step."""
        page, phone = self.desk.go("/signin/directory").page, self.phone
        page.get_by_label("User name").fill(ALICE.upn)
        page.get_by_label("Password at work").fill(password)
        self.desk.press("Sign in").press("Ask my phone")
        phone.press("Back to my account").heading("Are you signing in right now?")
        number = page.locator(".matching").first.inner_text().strip()
        phone.fill("The two digits", number).press("Yes, it is me").heading("To say yes").pin()
        phone.heading("You said that it is you")
        expect(page).to_have_url(re.compile(r"/account$|/welcome"))


def test_from_the_invitation_to_the_sign_in_with_the_new_password(
    scene: Scene, record_property: Callable[[str, object], None]
) -> None:
    expect.set_options(timeout=PATIENCE_MS)
    alice, help_desk, lab = Alice(scene), technician(scene), scene.lab
    scene.estate.keyturn("directory", "signin", lab.domain, "--on")
    scene.estate.keyturn("user", "invite", EMAIL)
    alice.binds(alice.follows_the_mail())
    lab.hand.lock("dc1", ALICE)
    alice.is_verified(help_desk)
    alice.sets(NEW, help_desk)
    tried = {name: lab.hand.try_password(name, ALICE, NEW) for name in ALL}
    assert tried == dict.fromkeys(ALL, RIGHT)
    assert not any(lab.hand.locked(name, ALICE) for name in ALL)
    expect(help_desk.page.locator("body")).to_contain_text("Everywhere")
    assert NEW not in help_desk.page.content()
    alice.signs_in(NEW)
    user = alice.user
    job = scene.stage.served.write(lambda tx: tx.jobs.of(user.tenant_id, None, user.id, 1))[0]
    took = (job.everywhere_at or 0) - (job.finished_at or 0)
    record_property("says", f"works on all of {len(ALL)} controllers after {took / 1000:.1f} s")
    assert scene.stage.eye.findings == []
    for person in (alice.phone, alice.desk, help_desk):
        person.leave()
