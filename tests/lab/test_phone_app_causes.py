"""What keeps a phone from it, each by its own name, in a real Chromium: what its owner allows, on
Android and on iOS, and what is changed while the app is open.

The door is played (played_door.py), with real signatures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from keyturn.rules.lockout import MINUTE
from tests.lab.handset import ALL, Phone, watched
from tests.lab.looking import Eye
from tests.lab.played_door import PlayedDoor
from tests.lab.served import eventually

ANDROID = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Mobile Safari/537.36"
)
#: as Chrome says it of every Android since 110
FROZEN = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 "
    "Mobile Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)
#: on iOS the app runs from the home screen, or not at all
AT_HOME = "Object.defineProperty(Navigator.prototype, 'standalone', {get: () => true});"
#: a camera that fails as the standard names it (Media Capture, getUserMedia)
FAILS = "MediaDevices.prototype.getUserMedia = async () => {{ throw new DOMException('', '{}') }};"


@pytest.fixture
def eye(stage: tuple[Eye, PlayedDoor]) -> Iterator[Eye]:
    """The browser."""
    with watched(*stage) as seeing:
        yield seeing


# -- what stands in the way, and its path out on each system


@dataclass(frozen=True, slots=True)
class Case:
    """What is the case, what the app says of it, and the way on."""

    name: str
    agent: str
    words: str
    mend: str
    denied: tuple[str, ...] = ()
    camera: str = ""
    ahead: int = 0


CASES = (
    Case("notifications-android", ANDROID, "Notifications are off",
         "Settings, Apps, your browser, Notifications", denied=("notifications",)),
    Case("notifications-ios", IPHONE, "Notifications are off",
         "Settings, Notifications, find the app by its name", denied=("notifications",)),
    Case("camera-refused-android", ANDROID, "The camera is not allowed",
         "Settings, Apps, your browser, Permissions, Camera", denied=("camera",)),
    Case("camera-refused-ios", IPHONE, "The camera is not allowed",
         "Settings, Apps, Safari, Camera", denied=("camera",)),
    Case("camera-absent", ANDROID, "There is no camera", "Type the ten letters",
         camera="NotFoundError"),
    Case("camera-busy", ANDROID, "The camera is in use", "Close that app",
         camera="NotReadableError"),
    Case("clock-ahead", ANDROID, "clock is ahead", "Settings, System, Date and time",
         ahead=5 * MINUTE),
    Case("clock-behind", IPHONE, "clock is behind", "Settings, General, Date & Time",
         ahead=-5 * MINUTE),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_cause_is_told_as_itself_before_anything_is_scanned(
    eye: Eye, door: PlayedDoor, case: Case
) -> None:
    door.ahead = case.ahead
    phone = Phone(eye, *(what for what in ALL if what not in case.denied)).say(case.agent)
    for what in case.denied:
        phone.deny(what)
    if case.agent is IPHONE:
        phone.page.context.add_init_script(AT_HOME)
    if case.camera:
        phone.page.context.add_init_script(FAILS.format(case.camera))
    phone.open().press("Check my phone").heading(case.words).told(case.mend)
    assert {name for name, _ in door.asked} == {"time"}
    phone.leave()


# -- too old: by client hints, where the user agent says "Android 10" of every Android


@pytest.mark.parametrize(
    ("version", "chromium", "words"),
    [
        ("6.0.1", "119.0.6045.0", "The phone's system is too old"),
        ("14.0.0", "110.0.5481.0", "The browser is too old"),
        ("14.0.0", "142.0.7444.0", "The browser lacks something"),
    ],
    ids=["system", "browser", "neither"],
)
def test_how_old_a_phone_is_client_hints_say_first(
    eye: Eye, door: PlayedDoor, version: str, chromium: str, words: str
) -> None:
    phone = Phone(eye, *ALL).hint(FROZEN, version, chromium).lacks("window.PushManager").open()
    phone.press("Check my phone").heading(words)
    assert door.said("scan") == []
    phone.leave()


# -- asked, and not answered: neither allowed nor denied


def test_a_question_that_was_wiped_away_is_told_apart_from_a_no(eye: Eye, door: PlayedDoor) -> None:
    """This browser has no window: it wipes away each question of its own, as a hand would."""
    phone = Phone(eye, "camera")
    phone.decide("notifications", "prompt")
    phone.open().press("Check my phone").heading("was not answered").told("once more")
    assert phone.page.evaluate("Notification.permission") == "default"
    assert phone.person.seek("Allow notifications").count() == 1
    assert phone.person.seek("Check again").count() == 0
    phone.press("Allow notifications").heading("was not answered")
    phone.deny("notifications")
    phone.heading("Notifications are off")
    assert phone.person.seek("Allow notifications").count() == 0
    phone.allow(*ALL).heading("can do all").leave()


# -- changed while somebody looks


def test_what_is_allowed_meanwhile_mends_the_page_by_itself(eye: Eye, door: PlayedDoor) -> None:
    phone = Phone(eye, "camera")
    phone.deny("notifications")
    phone.open().press("Check my phone").heading("Notifications are off")
    phone.allow(*ALL).heading("can do all")
    phone.deny("camera")
    phone.heading("The camera is not allowed")
    phone.deny("notifications")
    phone.told("Then “Check again”: 1 more to mend.")
    phone.allow(*ALL).heading("can do all").press("Go on").heading("Which number").leave()


def test_a_network_that_comes_back_mends_the_page_by_itself(eye: Eye, door: PlayedDoor) -> None:
    phone = Phone(eye, *ALL).open()
    phone.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    phone.page.context.set_offline(offline=True)
    phone.press("Check my phone").heading("The phone is offline")
    phone.page.context.set_offline(offline=False)
    phone.heading("can do all").leave()


def test_a_clock_that_was_set_meanwhile_is_seen_when_the_page_is_looked_at_again(
    eye: Eye, door: PlayedDoor
) -> None:
    door.ahead = 5 * MINUTE
    phone = Phone(eye, *ALL).open().press("Check my phone").heading("clock is ahead")
    door.ahead = 0
    phone.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    phone.heading("can do all").leave()


def test_what_stays_as_it_was_is_not_told_twice(eye: Eye, door: PlayedDoor) -> None:
    phone = Phone(eye, *ALL).open().press("Check my phone").heading("can do all")
    phone.page.locator("h1:visible").evaluate("(it) => { it.dataset.same = 'yes'; }")
    before = len(door.said("time"))
    phone.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    eventually(lambda: len(door.said("time")) > before or None)
    phone.page.evaluate("new Promise((done) => setTimeout(done, 200))")
    expect(phone.page.locator("h1:visible")).to_have_attribute("data-same", "yes")
    phone.leave()


def test_at_home_messages_that_are_turned_off_and_on_are_told_as_it_happens(
    eye: Eye, door: PlayedDoor
) -> None:
    phone = Phone(eye, *ALL).bind(door)
    phone.deny("notifications")
    phone.heading("messages do not reach this phone")
    assert door.said("push")[-1] == {"permission": "denied"}
    phone.press("Check my phone").heading("Notifications are off")
    phone.allow(*ALL)
    eventually(lambda: door.said("test-push")[1:] or None)
    phone.push({"v": 1, "kind": "test", "id": "m1"})
    phone.heading("can do all").press("Back to my account").heading("All is well").leave()
