"""The phone app and the real server, whole: the signed door, a push service on loopback (RFC 8030,
its messages encrypted and signed for real), a lock and its end.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from keyturn.lab.certificates import Authority
from keyturn.rules.accounts import User
from tests.lab.served import PASSWORD
from tests.lab.whole import NUMBER, Stage, staged


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """All of it, once."""
    authority = Authority(tmp_path_factory.mktemp("ca"))
    with staged(tmp_path_factory.mktemp("installation"), authority) as found:
        yield found


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
