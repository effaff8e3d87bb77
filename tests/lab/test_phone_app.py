"""The phone app in a real Chromium: from the code to a phone that is bound, and what keeps it
from it. The door is played (played_door.py), with real signatures.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from keyturn.rules.lockout import MINUTE
from tests.lab.handset import ALL, PIN, Phone, watched
from tests.lab.looking import Eye
from tests.lab.played_door import LETTERS, NUMBER, PlayedDoor, Refusal
from tests.lab.served import eventually


@pytest.fixture
def eye(stage: tuple[Eye, PlayedDoor]) -> Iterator[Eye]:
    """The browser."""
    with watched(*stage) as seeing:
        yield seeing


@pytest.fixture(scope="module")
def only(stage: tuple[Eye, PlayedDoor]) -> Iterator[Phone]:
    """One phone that allows everything, for all tests that change nothing about it."""
    phone = Phone(stage[0], *ALL)
    yield phone
    phone.leave()


@pytest.fixture
def phone(only: Phone, eye: Eye) -> Phone:
    """The same, bound to nothing."""
    return only.unknown()


# -- the way in


def test_from_the_code_to_the_account(eye: Eye, door: PlayedDoor) -> None:
    phone = Phone(eye, *ALL).open()
    phone.heading("Set up this phone for Northwind Cameras").see("start")
    phone.press("Check my phone").heading("This phone can do all that is needed").see("checked")
    assert door.said("scan") == []
    phone.press("Go on").heading("Which number does the page show?").see("number")
    assert phone.person.reads("Northwind Cameras")
    assert phone.person.reads("ada@people.test")
    phone.fill("The two digits on the page", "4").press("Go on")
    expect(phone.page.get_by_text("Type the two digits")).to_be_visible()
    phone.fill("The two digits on the page", "11").press("Go on")
    expect(phone.page.get_by_text("Tries left: 2")).to_be_visible()
    phone.see("number-wrong")
    phone.fill("The two digits on the page", f" {NUMBER} ").press("Go on")
    phone.heading("Choose a PIN").see("pin")
    phone.fill("New PIN", "123456").fill("Once more", "123456").press("Keep this PIN")
    expect(phone.page.get_by_text("everybody tries first")).to_be_visible()
    phone.fill("New PIN", PIN).fill("Once more", "284618").press("Keep this PIN")
    expect(phone.page.get_by_text("not the same")).to_be_visible()
    phone.see("pin-differs")
    phone.fill("Once more", PIN).press("Keep this PIN")
    phone.heading("on its way")
    eventually(lambda: door.said("test-push") or None)
    phone.push({"v": 1, "kind": "test", "id": "m1"})
    phone.heading("This phone is ready").see("ready")
    assert door.said("arrived") == [{"id": "m1"}]
    phone.press("Go to my account").heading("All is well").see("home")
    (said,) = door.said("number")[-1:]
    assert said["said"] == NUMBER
    assert PIN not in json.dumps(door.asked)
    phone.leave()


def test_whoever_opens_the_codes_address_need_not_scan(eye: Eye, door: PlayedDoor) -> None:
    phone = Phone(eye, *ALL).bind(door)
    assert "#" not in phone.page.url
    phone.open(door.link.partition("/app/")[2]).heading("set up already").see("again")
    phone.press("Go to my account").heading("All is well")
    phone.leave()


def test_a_number_that_is_asked_for_is_still_asked_for_after_a_reload(
    phone: Phone, door: PlayedDoor
) -> None:
    phone.open(door.link.partition("/app/")[2])
    phone.press("Check my phone").heading("can do all").press("Go on").heading("Which number")
    phone.page.reload()
    phone.heading("Which number").press("This is not my account")
    phone.heading("Nothing was set up").see("stopped")
    assert door.said("number") == []
    phone.page.reload()
    phone.heading("Set up this phone")


def test_letters_are_typed_where_nothing_can_be_scanned(eye: Eye, door: PlayedDoor) -> None:
    phone = Phone(eye, "notifications")
    phone.deny("camera")
    phone.open().press("Check my phone").heading("The camera is not allowed").see("no-camera")
    phone.told("type the ten letters")
    phone.press("Go on without it").heading("Type the ten letters").see("letters")
    phone.fill("Ten letters and digits", "ABC").press("Go on").told("not ten letters")
    assert door.said("type") == []
    phone.fill("Ten letters and digits", "ABCD-EFG-HJK").press("Go on").told("are not right")
    phone.see("letters-wrong")
    phone.fill("Ten letters and digits", "abcd-234-567").press("Go on").heading("Which number")
    assert door.said("type")[-1]["letters"] == LETTERS
    phone.leave()


@pytest.mark.parametrize(
    ("code", "data", "words"),
    [
        ("over", {"why": "expired"}, "too old"),
        ("over", {"why": "newer"}, "newer code"),
        ("over", {"why": "number"}, "Three wrong numbers"),
        ("over", {"why": "reset"}, "started anew"),
        ("over", {"why": "disabled"}, "account is disabled"),
        ("over", {"why": "link"}, "link in your mail"),
        ("taken", {}, "Another phone has scanned"),
        ("unknown", {}, "not known here"),
    ],
)
def test_a_code_that_leads_no_further_says_why(
    phone: Phone, door: PlayedDoor, code: str, data: dict[str, str], words: str
) -> None:
    door.refusals["scan"] = Refusal(code, **data)
    phone.open(door.link.partition("/app/")[2])
    phone.press("Check my phone").heading("can do all").press("Go on").heading(words)
    if code == "taken":
        phone.see("code-taken")


def test_a_code_of_another_installation_opens_nothing(phone: Phone, door: PlayedDoor) -> None:
    """The fingerprint in it is another key's: nothing is said but the time."""
    head, _, rest = door.link.partition("/app/")[2].rpartition(".")
    other = f"{head.rpartition('.')[0]}.{'A' * 22}.{rest}"
    phone.open(other).press("Check my phone").heading("can do all").press("Go on")
    phone.heading("not what this code vouches for").see("code-false")
    assert door.said("scan") == []


# -- what keeps a phone from it


def test_notifications_that_are_off_are_told_before_anything_is_scanned(
    eye: Eye, door: PlayedDoor
) -> None:
    phone = Phone(eye, "camera")
    phone.deny("notifications")
    phone.open().press("Check my phone").heading("Notifications are off").see("notifications-off")
    phone.told("turned off for the app")
    assert {name for name, _ in door.asked} == {"time"}
    phone.page.context.grant_permissions(list(ALL))
    phone.press("Check again").heading("can do all")
    phone.leave()


IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS {} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/16.3 Mobile/15E148 Safari/604.1"
)
ANDROID = (
    "Mozilla/5.0 (Linux; Android {}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{} "
    "Mobile Safari/537.36"
)


@pytest.mark.parametrize(
    ("name", "agent", "lacking", "words", "mend"),
    [
        ("old-ios", IPHONE.format("16_3"), ("window.PushManager",), "system is too old",
         "General, Software Update"),
        ("ios-tab", IPHONE.format("17_5"), ("window.PushManager",), "not on the home screen",
         "Add to Home Screen"),
        ("old-android", ANDROID.format("6.0.1; X", "95.0"), ("window.PushManager",),
         "system is too old", "System, Software update"),
        ("old-browser", ANDROID.format("10; K", "95.0"), ("window.PushManager",),
         "browser is too old", "Chrome 119"),
        ("webview", ANDROID.format("13; X; wv", "120.0"), ("window.PushManager",),
         "inside of another app", "Open in browser"),
        ("no-storage", ANDROID.format("10; K", "142.0"), ("IDBFactory.prototype.open",),
         "keeps nothing", "private browsing"),
    ],
)  # fmt: skip
def test_what_a_phone_cannot_do_is_told_with_its_mend(
    eye: Eye, door: PlayedDoor, name: str, agent: str, lacking: tuple[str, ...], words: str,
    mend: str,
) -> None:  # fmt: skip
    phone = Phone(eye, *ALL).say(agent).lacks(*lacking).open()
    phone.press("Check my phone").heading(words).told(mend).see(f"cannot-{name}")
    assert phone.person.seek("Go on").count() == 0
    assert door.said("scan") == []
    phone.leave()


def test_what_cannot_be_told_is_shown_as_such(eye: Eye) -> None:
    agent = "Mozilla/5.0 (Linux; Android 10; K)"
    phone = Phone(eye, *ALL).say(agent).lacks("MediaDevices.prototype.getUserMedia").open()
    phone.press("Check my phone").heading("Nothing is in the way that can be seen")
    phone.told("Cannot tell").see("untold").leave()


def test_a_wrong_clock_is_told_and_harms_nothing(phone: Phone, door: PlayedDoor) -> None:
    door.ahead = 3 * MINUTE
    phone.open().press("Check my phone").heading("clock is ahead").press("Go on without it")
    phone.heading("Which number")


def test_no_network_is_told_as_such(eye: Eye, door: PlayedDoor) -> None:
    phone = Phone(eye, *ALL).open()
    phone.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    phone.page.context.set_offline(offline=True)
    phone.press("Check my phone").heading("The phone is offline").see("cannot-offline")
    assert phone.person.seek("Go on").count() == 0
    phone.leave()


def test_the_keyboard_alone_is_enough(phone: Phone, door: PlayedDoor) -> None:
    phone.open(door.link.partition("/app/")[2])
    phone.heading("Set up this phone")
    expect(phone.page.locator("h1:visible")).to_be_focused()
    phone.person.tab_to("Check my phone").keys("Enter")
    phone.heading("can do all")
    expect(phone.page.locator("h1:visible")).to_be_focused()
    phone.person.tab_to("Go on").keys("Enter")
    phone.heading("Which number")
    expect(phone.page.get_by_label("The two digits")).to_be_focused()
    phone.person.keys("4", "7", "Enter")
    phone.heading("Choose a PIN")
