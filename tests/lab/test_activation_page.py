"""Activation in a real Chromium: the mailed link, the number, the code to scan as it happens.

The phone's part is played here, through the flows that its signed door calls.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from keyturn.flows.binding import Bound
from keyturn.rules.lockout import MINUTE
from tests.lab.guests import NAME, Guest, number_on
from tests.lab.looking import PHONE, Eye
from tests.lab.served import Served


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_from_the_mailed_link_to_a_phone_with_the_page_telling_as_it_happens(
    eye: Eye, served: Served, *, script: bool
) -> None:
    guest, person = Guest(served), eye.person(script=script, size=PHONE)
    end = "" if script else "-plain"
    person.go(guest.link)
    person.see(f"activation-link{end}")
    person.press("Go on")
    person.see(f"activation-number{end}")
    person.type(number="+44 7400 123456" if script else "+44 7400 123457").press("Send the text")
    text = served.texted("+447400123456" if script else "+447400123457")
    person.type(code=text.code).press("Go on")
    expect(person.page.locator("h1")).to_contain_text("Scan this")
    person.see(f"activation-code{end}")
    code_id = guest.scans(person)
    number = number_on(person)
    assert not person.seek("Open the app on this phone").count()
    person.see(f"activation-match{end}")
    assert isinstance(guest.says(code_id, number), Bound)
    expect(person.page.locator("h1")).to_contain_text(f"{NAME} is yours here now.")
    person.see(f"activation-done{end}")
    person.go(guest.link)
    assert person.heading.startswith("Your phone was added with this link at")
    person.leave()


def test_three_wrong_numbers_are_told_at_once_and_a_new_code_is_a_button_away(
    eye: Eye, served: Served
) -> None:
    guest, person = Guest(served), eye.person()
    guest.opens(person)
    code_id = guest.scans(person)
    right = number_on(person)
    for _ in range(3):
        guest.says(code_id, "10" if right != "10" else "11")
    expect(person.page.locator("h1")).to_contain_text("Three wrong numbers were typed")
    person.see("activation-stopped")
    person.press("Show a new code")
    expect(person.page.locator("h1")).to_contain_text("Scan this")
    person.leave()


def test_a_code_that_ends_while_somebody_looks_says_so(eye: Eye, served: Served) -> None:
    guest, person = Guest(served), eye.person()
    guest.opens(person)
    served.clock.move(10 * MINUTE)
    expect(person.page.locator("h1")).to_contain_text("That code ended at")
    person.leave()


def test_who_goes_on_in_another_browser_leaves_nothing_open_in_the_first(
    eye: Eye, served: Served
) -> None:
    guest, first, second = Guest(served), eye.person(), eye.person()
    guest.opens(first)
    guest.opens(second)
    expect(first.page.locator("h1")).to_contain_text("Nothing is open in this browser.")
    expect(second.page.locator("h1")).to_contain_text("Scan this")
    first.leave()
    second.leave()
