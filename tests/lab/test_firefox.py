"""The phone app in Debian's Firefox with a real push service, on loopback: nothing of the browser
is played. From the mailed link and ten typed letters to a sign-in that the phone approves, with
every message encrypted by the server and opened by the browser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

from keyturn.lab.certificates import Authority
from tests.lab.autopush import Autopush
from tests.lab.firefox import MISSING, PROGRAM, Firefox
from tests.lab.guests import Guest, number_on
from tests.lab.handset import PIN
from tests.lab.looking import Eye, Person, opened
from tests.lab.push_side import PushSide
from tests.lab.served import PASSWORD, Served, eventually

#: of the preference: nobody is asked
ALLOW = 1


@dataclass(frozen=True, slots=True)
class Stage:
    """Server, push service, a desk's browser, and the phone's."""

    served: Served
    pushes: Autopush
    eye: Eye
    fox: Firefox


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """All of it, once."""
    if not Path(PROGRAM).exists():
        pytest.fail(MISSING, pytrace=False)
    authority = Authority(tmp_path_factory.mktemp("ca"))
    with ExitStack() as stack:
        side = PushSide(authority.context("localhost"))
        stack.callback(side.close)
        push = {
            "hosts": ["localhost"], "ports": [side.port], "ca_file": str(authority.ca),
            "networks": ["127.0.0.0/8", "::1/128"], "contact": "mailto:ops@example.test",
        }  # fmt: skip
        pushes = Autopush(side)
        stack.callback(pushes.close)
        folder = tmp_path_factory.mktemp("installation")
        served = stack.enter_context(Served(folder, "localhost", push=push))
        side.clock.move(served.clock.now() - side.clock.now())
        settings: dict[str, str | int | bool] = {
            "dom.push.serverURL": pushes.url, "dom.push.testing.allowInsecureServerURL": True,
            "dom.push.enabled": True, "dom.push.connection.enabled": True,
            "permissions.default.desktop-notification": ALLOW,
        }  # fmt: skip
        profile = tmp_path_factory.mktemp("firefox")
        fox = stack.enter_context(Firefox(profile, settings))
        eye = stack.enter_context(opened(served.origin))
        yield Stage(served, pushes, eye, fox)
        assert side.wrongs == []


def letters_on(person: Person) -> str:
    """The ten letters below the code."""
    person.page.get_by_text("type letters instead").click()
    return person.page.locator("p.secret code").inner_text()


def test_a_phone_is_bound_by_letters_and_approves_a_sign_in(stage: Stage) -> None:
    served, fox = stage.served, stage.fox
    guest, desk = Guest(served, known=True), stage.eye.person()
    guest.opens(desk)
    expect(desk.page.locator("h1")).to_contain_text("Scan this")
    fox.go(f"{served.origin}/app/").heading("Set up this phone").press("Check my phone")
    fox.heading("There is no camera").press("Go on without it").heading("Type the ten letters")
    fox.fill("Ten letters and digits", letters_on(desk)).press("Go on").heading("Which number")
    fox.fill("The two digits on the page", number_on(desk)).press("Go on").heading("Choose a PIN")
    fox.fill("New PIN", PIN).fill("Once more", PIN).press("Keep this PIN")
    # a real subscription, a message there and back: encrypted by us, opened by Firefox
    fox.heading("This phone is ready").told("arrived")
    (channel,) = stage.pushes.channels.values()
    assert len(eventually(lambda: channel.acked or None)) == 1
    expect(desk.page.locator("h1")).to_contain_text("is yours here now")

    fox.press("Go to my account").heading("All is well")
    desk.sign_in(guest.user.email or "", PASSWORD).press("Ask my phone")
    fox.heading("Are you signing in right now?")
    number = desk.page.locator(".matching").first.inner_text().strip()
    eventually(lambda: len(channel.acked) == 2 or None)
    shown = "return (await (await navigator.serviceWorker.ready).getNotifications())"
    bodies = fox.run(f"{shown}.map((one) => one.body);")
    assert "Somebody is signing in to your account. Is it you?" in bodies
    fox.fill("The two digits", number).press("Yes, it is me").heading("To say yes")
    fox.fill("PIN", PIN).press("Go on").heading("You said that it is you")
    expect(desk.page).to_have_url(re.compile(r"/account$|/welcome"))
    desk.leave()


def test_a_subscription_that_has_died_is_made_anew_when_the_app_opens(stage: Stage) -> None:
    """After the first test: the same phone."""
    served, fox = stage.served, stage.fox
    (dead,) = stage.pushes.channels
    del stage.pushes.channels[dead]
    fox.go(f"{served.origin}/app/").heading("All is well").press("Check my phone")
    fox.heading("There is no camera")
    mend = "return !document.querySelector('[data-only=\"push:cause\"]').hidden"
    assert fox.run(mend)
    assert stage.pushes.channels == {}
    fox.go(f"{served.origin}/app/").heading("All is well")
    (channel,) = stage.pushes.channels.values()
    fox.press("Check my phone").heading("There is no camera")
    assert not fox.run(mend)
    assert len(eventually(lambda: channel.acked or None)) == 1
