"""From "a caller cannot log in" to the true cause: three clicks at most, or one command.

The way is always the same: *Users*, type the name, open the user; the causes stand there ranked,
the true one first.  Typing is no click.  `make guide` keeps the best pictures for docs/callers.md.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from keyturn.rules.accounts import Role
from keyturn.rules.diagnosis.catalogue import BY_ID
from tests.lab.callers import Call, Callers
from tests.lab.commanded import environment
from tests.lab.inhabited import Inhabited
from tests.lab.looking import Eye, Person, opened, unharmed
from tests.lab.served import PASSWORD, Served

MOST_CLICKS, MOST_COMMANDS = 3, 1
DOCS = Path(__file__).parents[2] / "docs"
PICTURES = DOCS / "images"
#: pictures of the page in docs, by the cause that they show
SHOWN = {
    "lock.now": "caller-locked", "mail.no-mailbox": "caller-mail", "second.clock": "caller-clock",
    "signin.unknown-name": "caller-nobody",
}  # fmt: skip
WIDE, QUALITY, LARGEST = (1000, 720), 82, 60_000
TECHNICIAN = "tom@northwind.test"


class Hand:
    """A technician's at the mouse. Attribute: `clicks`."""

    def __init__(self, desk: Person) -> None:
        self.desk, self.clicks = desk, 0

    def click(self, what: Locator) -> None:
        """Once."""
        what.click()
        self.clicks += 1


@pytest.fixture(scope="module")
def callers(served: Served) -> Callers:
    """Made before the browser comes."""
    made = Callers(Inhabited(served))
    made.all()
    return made


@pytest.fixture(scope="module")
def seeing(served: Served, callers: Callers) -> Iterator[Eye]:
    """One browser, at a phone's size by day and a desk's by night."""
    assert callers.calls
    with opened(served.origin, screens=(("phone", "light"), ("desk", "dark"))) as eye:
        yield eye


@pytest.fixture
def eye(seeing: Eye) -> Iterator[Eye]:
    """When a test is over, nothing may have been wrong."""
    with unharmed(seeing):
        yield seeing


def found(hand: Hand, call: Call) -> str:
    """The title of the cause that stands first, from wherever in the console one is."""
    page = hand.desk.page
    hand.click(page.get_by_role("link", name="Users", exact=True))
    page.get_by_label("Find a user").type(call.says)
    if not call.name:
        expect(page.locator("#rows")).to_contain_text("No user matches")
        return "Nobody has this name"
    expect(page.locator("#rows tbody tr")).to_have_count(1)
    hand.click(page.locator("#rows").get_by_role("link", name=call.name))
    return re.sub(r"^1\. ", "", page.locator(".cause h3").first.inner_text())


def picture(desk: Person, name: str) -> None:
    """For the documentation."""
    page = desk.page
    page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    page.emulate_media(color_scheme="light")
    page.mouse.move(0, 0)
    camera = page.context.new_cdp_session(page)
    told = camera.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    camera.detach()
    data = base64.b64decode(told["data"])
    assert len(data) < LARGEST, name
    (PICTURES / f"{name}.webp").write_bytes(data)


def test_three_clicks_lead_to_the_true_cause(
    served: Served, eye: Eye, callers: Callers, record_property: Callable[[str, object], None]
) -> None:
    tom = served.user("Tom Brandt", TECHNICIAN, role=Role.TECHNICIAN)
    secret = served.authenticator(tom)
    desk = eye.person().sign_in(TECHNICIAN, PASSWORD)
    desk.type(code=served.shown(secret)).press("Go on")
    most, told = 0, {}
    for call in callers.calls:
        if call.cause == "directory.locked":
            callers.beat()
        desk.go("/console/audit")  # anywhere
        hand = Hand(desk)
        told[call.says] = found(hand, call)
        most = max(most, hand.clicks)
        desk.see(f"technician-{call.says}")
        if os.environ.get("KEYTURN_GUIDE") and call.cause in SHOWN:
            picture(desk, SHOWN[call.cause])
    assert told == {call.says: BY_ID[call.cause].title for call in callers.calls}
    assert most <= MOST_CLICKS
    record_property("says", f"technician: {len(callers.calls)} causes, {most} clicks at most")
    desk.leave()


def test_one_command_leads_to_the_true_cause(served: Served, callers: Callers) -> None:
    settings = {"KEYTURN_STORE__DATA_DIR": str(served._folder)}
    told = {}
    for call in callers.calls:
        if call.cause == "directory.locked":
            callers.beat()
        command = ("diagnose", call.says, "--tenant", "northwind", "--json")
        done = subprocess.run(
            [sys.executable, "-m", "keyturn", *command], cwd=served._folder,
            env=environment(**settings), capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        causes = json.loads(done.stdout.splitlines()[-1])["causes"]
        told[call.says] = causes[0]["cause"] if causes else None
    assert told == {call.says: call.cause for call in callers.calls}


def test_the_page_for_technicians_shows_what_is_there() -> None:
    page = (DOCS / "callers.md").read_text("utf-8")
    shown = set(re.findall(r"images/(caller-[\w-]+)\.webp", page))
    assert shown == {file.stem for file in PICTURES.glob("caller-*.webp")} == {*SHOWN.values()}
