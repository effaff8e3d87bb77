"""The phone app in a real Chromium, bound: how the account stands, and what it does about it.
The door is played (played_door.py), with real signatures.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyotp
import pytest
from playwright.sync_api import expect

from keyturn.rules.lockout import DAY, MINUTE, SECOND
from tests.lab.handset import ALL, Phone, script, watched
from tests.lab.looking import Eye
from tests.lab.played_door import NUMBER, SECRET, PlayedDoor, Refusal
from tests.lab.served import eventually


@pytest.fixture
def eye(stage: tuple[Eye, PlayedDoor]) -> Iterator[Eye]:
    """The browser."""
    with watched(*stage) as seeing:
        yield seeing


@pytest.fixture(scope="module")
def hand(stage: tuple[Eye, PlayedDoor]) -> Iterator[Phone]:
    """A phone that is bound, for all tests that leave it so."""
    phone = Phone(stage[0], *ALL).bind(stage[1])
    yield phone
    phone.leave()


@pytest.fixture
def bound(hand: Phone, eye: Eye) -> Phone:
    """The same, at home."""
    return hand.open().heading("All is well")


@pytest.fixture
def fresh(eye: Eye, door: PlayedDoor) -> Iterator[Phone]:
    """A phone of this test's own, bound."""
    phone = Phone(eye, *ALL).bind(door)
    yield phone
    phone.leave()


def test_a_lock_is_told_and_ended_by_the_pin(bound: Phone, door: PlayedDoor) -> None:
    door.state["locked_until"] = door.now() + 6 * MINUTE
    bound.open().heading("Your account is locked until").heading("That is 6 minutes").see("locked")
    bound.press("Unlock").heading("type your PIN").see("ask-pin")
    bound.pin("12").told("A PIN is 6 to 12 digits")
    assert door.said("unlock") == []
    bound.pin("999999").told("Tries left: 4").see("pin-wrong")
    bound.pin().heading("Your account is open again").see("unlocked")
    bound.open().heading("All is well")


def test_a_lock_that_ends_by_itself_is_seen_to_end(bound: Phone, door: PlayedDoor) -> None:
    door.state["lanes"] = [
        {"kind": "client", "client": "x", "locked_until": door.now() + 3 * SECOND, "closed": False}
    ]
    bound.open().heading("That is")
    door.state["lanes"] = []
    bound.heading("Your account is open").told("The lock has ended")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"frozen_at": 1_700_000_000_000}, "Nothing can be changed"),
        ({"lanes": [{"kind": "unknown", "client": "", "locked_until": None, "closed": True}]},
         "a hundred wrong tries"),
        ({"locked_until": 1}, "All is well"),
    ],
)  # fmt: skip
def test_home_says_how_the_account_stands(
    bound: Phone, door: PlayedDoor, change: dict[str, Any], words: str
) -> None:
    door.state |= change
    bound.open().heading(words)
    assert bound.person.seek("Unlock").count() == 0


def test_a_phone_that_is_said_to_be_lost_says_so_and_stops_it(
    bound: Phone, door: PlayedDoor
) -> None:
    lost = {"id": "r1", "ref": "KT-1234", "asked_at": door.now(), "due_at": door.now() + DAY}
    door.state["lost"] = lost
    bound.open().heading("told that this phone is lost").told("KT-1234").see("lost")
    bound.press("Stop it").heading("To keep this phone").see("lost-pin")
    bound.pin("999999").told("Tries left: 4").pin().heading("This phone stays yours").see("kept")
    assert door.said("stop-lost")[-1]["id"] == "r1"
    door.state["lost"] = lost
    bound.open().heading("told that this phone is lost")
    door.state["lost"] = None
    bound.press("Stop it").pin().heading("All is well")  # it had its end meanwhile


def test_a_locked_pin_says_until_when(bound: Phone, door: PlayedDoor) -> None:
    door.state["locked_until"] = door.now() + 6 * MINUTE
    door.refusals["unlock"] = Refusal("lock", set=True, until=door.now() + DAY, left=0)
    bound.open().press("Unlock").heading("type your PIN").pin().told("try again from tomorrow")
    bound.see("pin-locked")
    bound.press("Back to my account").heading("Your account is locked")


def test_a_door_without_a_pin_has_one_chosen(fresh: Phone, door: PlayedDoor) -> None:
    door.state["locked_until"] = door.now() + 6 * MINUTE
    door.refusals["unlock"] = Refusal("lock", set=False, until=None, left=None)
    fresh.open().press("Unlock").heading("type your PIN").pin().heading("Choose a PIN")
    door.refusals.clear()
    fresh.fill("New PIN", "735294").fill("Once more", "735294").press("Keep this PIN")
    fresh.heading("Your account is open again")


@pytest.mark.parametrize(
    ("code", "data", "words", "kept"),
    [
        ("unbound", {"why": "stale", "at": 1}, "Another phone has taken", False),
        ("unbound", {"why": "revoked", "at": 1}, "taken away from your account", False),
        ("signature", {}, "not known here any more", True),
        ("account", {"state": "disabled"}, "may not be used", True),
    ],
)
def test_a_phone_that_may_not_act_says_why_and_forgets_only_when_it_is_over(
    fresh: Phone, door: PlayedDoor, code: str, data: dict[str, Any], words: str, kept: bool
) -> None:
    door.refusals["state"] = Refusal(code, **data)
    fresh.open().heading(words)
    if code != "account":
        fresh.see(f"over-{data.get('why', code)}")
    door.refusals.clear()
    fresh.open().heading("All is well" if kept else "Set up this phone")


def test_what_is_not_signed_by_the_known_key_is_not_believed(
    bound: Phone, door: PlayedDoor
) -> None:
    door.broken = True
    door.state["locked_until"] = door.now() + 6 * MINUTE
    bound.open().heading("not the server that this phone knows").see("false-server")
    door.broken = False
    bound.press("Try again").heading("Your account is locked")


def test_a_server_that_is_busy_ends_nothing(bound: Phone, door: PlayedDoor) -> None:
    door.silent = True
    bound.open().heading("cannot answer at the moment")
    door.silent = False
    bound.press("Try again").heading("All is well")


def test_without_a_network_the_app_opens_and_shows_a_code(fresh: Phone) -> None:
    kept = "caches.keys().then((names) => names.length)"
    assert eventually(lambda: fresh.page.evaluate(kept) or None) == 1
    fresh.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    eventually(lambda: fresh.page.evaluate("Boolean(navigator.serviceWorker.controller)") or None)
    fresh.page.context.set_offline(offline=True)
    fresh.page.reload()
    fresh.heading("does not reach Northwind Cameras").see("offline")
    fresh.press("A code to sign in").heading("Type this code").see("offline-code")
    shown = fresh.page.locator("[data-text=code]").inner_text().replace(" ", "")
    now = int(fresh.page.evaluate("Date.now()")) // 1000
    assert shown in {pyotp.TOTP(SECRET).at(now - back) for back in (0, 30)}


def test_no_signed_answer_is_ever_kept(bound: Phone, door: PlayedDoor) -> None:
    body = """async () => (await Promise.all((await caches.keys()).map(async (name) =>
      (await (await caches.open(name)).keys()).map((r) => new URL(r.url).pathname)))).flat()"""
    paths = bound.page.evaluate(body)
    assert "/app/" in paths
    assert len(paths) > 20
    assert [path for path in paths if "/v1/" in path] == []


def test_the_key_is_used_and_never_read(bound: Phone) -> None:
    body = """const { key, offline } = await m.read("key", "offline");
      const out = (k, how) => crypto.subtle.exportKey(how, k).then(() => "read", () => "kept");
      return [await out(key.privateKey, "pkcs8"), await out(key.privateKey, "jwk"),
              await out(offline, "raw")];"""
    assert script(bound, "store.js", body, None) == ["kept"] * 3


def test_two_tabs_never_say_the_same_number(bound: Phone, door: PlayedDoor) -> None:
    other = bound.page.context.new_page()
    other.goto("/app/")
    expect(other.locator("h1:visible")).to_contain_text("All is well")
    ask = """import('/static/app/door.js').then((m) =>
      Promise.all(Array(10).fill(0).map(() => m.say('state')))).then((all) => all.length)"""
    before = len(door.said("state"))
    bound.page.evaluate(f"globalThis.going = {ask}; 0")
    assert other.evaluate(ask) == 10
    assert bound.page.evaluate("globalThis.going") == 10
    assert len(door.said("state")) - before >= 20
    other.close()


def test_where_one_is_signed_in_and_what_happened(bound: Phone, door: PlayedDoor) -> None:
    bound.press("Where you are signed in").heading("Here you are signed in").see("sessions")
    bound.press("End")
    assert eventually(lambda: door.said("end-session") or None) == [{"id": "s1"}]
    bound.heading("Here you are signed in").press("Forget")
    assert eventually(lambda: door.said("forget-client") or None) == [{"id": "c1"}]
    bound.press("Back to my account").heading("All is well")
    bound.press("What happened").heading("What happened").told("Your account was locked").see(
        "happened"
    )
    bound.press("Show older").told("By staff")
    assert door.said("happened") == [{}, {"before": "x"}]


def test_an_answer_that_comes_late_takes_nobody_from_where_they_went(
    bound: Phone, door: PlayedDoor
) -> None:
    bound.press("Where you are signed in").heading("Here you are signed in")
    door.held = "forget-client"
    bound.press("Forget")
    eventually(lambda: door.said("forget-client") or None)
    bound.press("Back to my account").heading("All is well")
    door.held = ""
    eventually(lambda: "forget-client" in door.answered or None)
    bound.press("What happened").heading("What happened")
    assert len(door.said("sessions")) == 1


def test_this_phone_can_be_set_up_anew_or_taken_away(fresh: Phone, door: PlayedDoor) -> None:
    fresh.press("This phone").heading("Chrome on Android").see("phone")
    fresh.press("Change the PIN").heading("type the present one").pin().heading("Choose a PIN")
    fresh.fill("New PIN", "735294").fill("Once more", "735294").press("Keep this PIN")
    fresh.heading("All is well").press("This phone").press("Set it up anew")
    fresh.heading("Set up this phone anew?").see("anew")
    fresh.press("Leave it as it is").heading("All is well")
    fresh.press("This phone").press("Take this phone away").heading("type your PIN").pin("735294")
    fresh.heading("Set up this phone")
    fresh.open().heading("Set up this phone")


def test_a_message_that_does_not_arrive_is_told_with_its_mend(
    bound: Phone, door: PlayedDoor
) -> None:
    door.state["push"] = {"state": "dead", "since": 1}
    bound.open().heading("All is well")  # it has made a new address by itself
    door.state["push"] = {"state": "dead", "since": 1}
    door.refusals["subscribe"] = Refusal("body", field="subscription")
    bound.open().heading("messages do not reach this phone").see("silent")
    del door.refusals["subscribe"]
    door.refusals["test-push"] = Refusal("push", why="gone")
    bound.press("Check my phone").heading("address for messages is dead").see("push-dead")
    assert door.said("checks")[-1]["seen"]["subscription"] == "dead"
    door.refusals.clear()
    before = len(door.said("test-push"))
    bound.press("Check again")
    eventually(lambda: len(door.said("test-push")) > before or None)
    bound.push({"v": 1, "kind": "test", "id": "m1"})
    bound.heading("can do all").press("Back to my account").heading("All is well")


def test_a_message_shows_words_and_opens_the_app(bound: Phone) -> None:
    found = bound.notices({"v": 1, "kind": "second", "id": "q1"})
    assert found == [
        ["Northwind Cameras", "Somebody is signing in to your account. Is it you?", "q1"]
    ]


def test_text_of_twice_the_size_still_fits(bound: Phone) -> None:
    bound.page.add_style_tag(url="/static/app.css")
    bound.page.evaluate("document.documentElement.style.fontSize = '212.5%'")
    for way in ("", "A code to sign in", "Where you are signed in", "What happened", "This phone"):
        if way:
            bound.press(way)
            expect(bound.page.get_by_role("button", name="Back to my account")).to_be_visible()
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert bound.page.evaluate(wide) <= 0, way
        if way:
            bound.press("Back to my account").heading("All is well")


# -- who asks


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("recovery", "setting a new password right now"),
        ("proof", "changing something in your account"),
        ("reset", "May this technician"),
    ],
)
def test_a_question_comes_by_itself_while_the_app_is_open(
    bound: Phone, door: PlayedDoor, kind: str, words: str
) -> None:
    door.ask(kind, "Firefox on Windows")
    bound.heading(words)


def test_a_sign_in_is_approved_by_its_number_and_the_pin(bound: Phone, door: PlayedDoor) -> None:
    door.ask("second", "Firefox on Windows", "192.0.2.7, Leeds")
    bound.push({"v": 1, "kind": "second", "id": "q1"})
    bound.heading("Are you signing in right now?").see("question")
    assert bound.person.reads("Firefox on Windows")
    bound.press("Yes, it is me").told("Type the two digits")
    bound.fill("The two digits", "11").press("Yes, it is me")
    bound.heading("To say yes, type your PIN").pin().heading("Are you signing in")
    bound.told("Tries left: 2").see("question-wrong")
    bound.fill("The two digits", NUMBER).press("Yes, it is me")
    bound.heading("To say yes").pin("999999").told("Tries left: 4")
    bound.pin().heading("You said that it is you").see("approved")
    bound.press("Go to my account").heading("All is well")


def test_no_is_said_with_one_tap(bound: Phone, door: PlayedDoor) -> None:
    door.ask("second", "Firefox on Windows")
    bound.open().heading("Are you signing in").press("No, it is not me")
    bound.heading("You said that it is not you").see("denied")
    assert door.said("answer")[-1]["verdict"] == "deny"
    assert "proof" not in door.said("answer")[-1]


def test_a_technician_is_proved_to_the_person(bound: Phone, door: PlayedDoor) -> None:
    door.ask("caller", "Zoë Ünal", "Service desk", "amber lighthouse")
    bound.open().heading("Are you talking to the help desk").see("question-caller")
    assert bound.person.reads("amber lighthouse")
    bound.fill("The two digits", NUMBER).press("Yes, it is me")
    bound.heading("To say yes").pin().heading("You said that it is you")


@pytest.mark.parametrize(
    ("code", "data", "words"),
    [
        ("over", {"why": "expired"}, "This question is over"),
        ("over", {"why": "newer"}, "A newer question"),
        ("over", {"why": "number"}, "Three wrong numbers"),
        ("over", {"why": "reset"}, "This question is over"),
        ("unknown", {}, "This question is over"),
        ("forged", {}, "not what was asked"),
    ],
)
def test_a_question_that_is_over_says_so(
    bound: Phone, door: PlayedDoor, code: str, data: dict[str, str], words: str
) -> None:
    door.ask("reset", "Zoë Ünal")
    bound.open().heading("May this technician")
    door.refusals["answer"] = Refusal(code, **data)
    bound.press("No, it is not me").heading(words)
