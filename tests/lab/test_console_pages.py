"""Every page of the console at a browser: as its routes have it, not as a list by hand.

One server, one browser; each page is looked at once as a phone shows it by day and a desk by
night: axe-core, scrolling sideways, the Content-Security-Policy.  Whoever adds a page adds nothing
here; a page that needs what no estate has fails until it has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader
from starlette.routing import Route

from keyturn.rules.accounts import Role, User
from keyturn.rules.lockout import DAY
from keyturn.web import console
from keyturn.web.door import Door
from tests.lab.inhabited import inhabited
from tests.lab.looking import SHOTS, Eye, Person, opened, unharmed
from tests.lab.served import PASSWORD, Served
from tests.unit.web.console.estate import Places

OWNER = "olga@northwind.test"
#: is open as long as somebody looks; its pieces are those of the page beside it
STREAMS = frozenset({"/console/users/batches/{batch}/events"})
SCREENS = (("phone", "light"), ("desk", "dark"))
#: a page that refuses is none that was looked at
OK, SEE_OTHER = 200, 303
HTML = "text/html"


class Place:
    """The server with its estate. Attributes: `owner`, `secret` of her authenticator."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.owner: User = served.user("Olga Okafor", OWNER, role=Role.OWNER)
        self.secret = served.authenticator(self.owner)

    @cached_property
    def places(self) -> Places:
        """One of everything, when it is first asked for: what a directory answers is not kept
        for long. In a thread of its own: the browser's driver holds this one's loop.
        """
        with ThreadPoolExecutor(1) as builder:
            return builder.submit(inhabited, self.served, self.owner).result()

    def desk(self, eye: Eye) -> Person:
        """Olga, signed in with her second step."""
        desk = eye.person().sign_in(OWNER, PASSWORD)
        return desk.type(code=self.served.shown(self.secret)).press("Go on")


@pytest.fixture(scope="module")
def place(served: Served) -> Place:
    """The server, and who sits at the desk."""
    return Place(served)


@pytest.fixture(scope="module")
def seeing(place: Place) -> Iterator[Eye]:
    """One browser for all."""
    with opened(place.served.origin, screens=SCREENS) as eye:
        yield eye


@pytest.fixture
def eye(seeing: Eye) -> Iterator[Eye]:
    """When a test is over, nothing may have been wrong."""
    with unharmed(seeing):
        yield seeing


def pages() -> list[str]:
    """The path of every door of the console that shows something."""
    routes = console.routes(cast("Any", SimpleNamespace()))
    return [
        route.path for route in routes
        if isinstance(route, Route) and isinstance(route.endpoint, Door)
        and route.endpoint._handlers["GET"] is not None
    ]  # fmt: skip


def test_every_page_is_looked_at(
    place: Place, eye: Eye, record_property: Callable[[str, object], None]
) -> None:
    desk = place.desk(eye)
    seen: set[str] = set()
    # first what a directory has just answered
    for path in sorted(set(pages()) - STREAMS, key=lambda path: ("{look}" not in path, path)):
        address = place.places.at(path)
        answer = desk.page.request.get(address, max_redirects=0)
        assert answer.status in {OK, SEE_OTHER}, (path, answer.status)
        if answer.status == OK and answer.headers["content-type"].startswith(HTML):
            desk.go(address).see(re.sub(r"[{}]", "", path).strip("/").replace("/", "-"))
            assert desk.heading, path
            seen.add(path)
    record_property("says", f"console: {len(seen)} pages, {eye.screens} screens")
    desk.leave()


# -- by keyboard alone

#: the element that has the focus: its place in the page, and whether one sees that it has it
_FOCUS = """() => { const e = document.activeElement; if (!e || e === document.body) return null;
  const all = [...document.querySelectorAll("*")], s = getComputedStyle(e);
  const box = e.getBoundingClientRect();
  const seen = s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 && box.width > 0;
  return {at: all.indexOf(e), seen, what: e.outerHTML.slice(0, 90)} }"""
_REACHABLE = """() => [...document.querySelectorAll(
  "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")]
  .filter(e => !e.disabled && e.tabIndex >= 0 && e.checkVisibility() && e.getClientRects().length)
  .length"""
MOST = 400
#: a date's day, month, year and calendar are in one field
PARTS = 4


def walked(desk: Person) -> list[str]:
    """What is wrong with going through the open page by Tab alone, from beginning to end."""
    desk.page.evaluate("document.activeElement?.blur()")
    wrong, at, reached, within = [], -1, 0, 0
    for _ in range(MOST):
        focus: dict[str, Any] | None = desk.keys("Tab").page.evaluate(_FOCUS)
        if focus is None or focus["at"] < at or within > PARTS:
            break  # from the end to the beginning again, or held
        if focus["at"] == at:
            within += 1
            continue
        at, reached, within = focus["at"], reached + 1, 0
        if not focus["seen"]:
            wrong.append(f"{desk.path}: one does not see the focus on {focus['what']}")
    wanted = desk.page.evaluate(_REACHABLE)
    if reached < wanted:
        wrong.append(f"{desk.path}: {reached} of {wanted} reached")
    return wrong


WALKED = (
    "/console/users", "/console/users/{id}", "/console/cases", "/console/cases/{ref}",
    "/console/audit", "/console/figures", "/console/directories/{directory}",
)  # fmt: skip


def test_tab_goes_through_a_page_in_order_and_the_focus_is_seen(place: Place, eye: Eye) -> None:
    desk = place.desk(eye)
    wrong = [w for path in WALKED for w in walked(desk.go(place.places.at(path)))]
    assert wrong == []
    desk.leave()


def test_a_caller_is_helped_by_keyboard_alone(place: Place, eye: Eye) -> None:
    served = place.served
    gina = served.user(
        "Gina Torres", "gina@people.test", names=["gina"], phone="+447400123451",
        phone_verified_at=served.clock.now() - DAY,
    )  # fmt: skip
    stranger = eye.person()
    for _ in range(5):
        stranger.sign_in("gina", "not the password")
    stranger.leave()
    desk = eye.person().go("/signin")
    page, type_ = desk.page, desk.page.keyboard.type
    expect(page.locator("#identifier")).to_be_focused()
    type_(OWNER)
    desk.keys("Tab")
    type_(PASSWORD)
    desk.keys("Enter")
    expect(page.locator("#code")).to_be_focused()
    type_(served.shown(place.secret))
    desk.keys("Enter")
    page.wait_for_url("**/console/users")
    desk.tab_to("Find a user")
    type_("torres")
    expect(page.locator("#rows tbody tr")).to_have_count(1)
    desk.tab_to("Actions for Gina Torres").keys("Enter").tab_to("Unlock").keys("Enter")
    page.wait_for_url(f"**/console/users/{gina.id}*")
    assert desk.heading == "Gina Torres can sign in."
    desk.tab_to("Cases").keys("Enter")
    page.wait_for_url("**/console/cases")
    _open_case(desk)
    _prove(served, desk)
    _grant_and_close(desk)
    desk.leave()


def _open_case(desk: Person) -> None:
    desk.tab_to("Somebody calls: open a case").keys("Enter")
    desk.tab_to("User name or address").page.keyboard.type("gina")
    desk.tab_to("Open a case").keys("Enter")
    desk.page.wait_for_url("**/console/cases/KT-*")
    if "Nobody" in desk.heading and desk.seek("Take this case").count():
        desk.tab_to("Take this case").keys("Enter")


def _prove(served: Served, desk: Person) -> None:
    """By a code that is texted, and read aloud."""
    desk.tab_to("Send a code").keys("Enter")
    desk.page.wait_for_url("**/proofs/text")
    desk.tab_to("Send a code").keys("Enter")
    expect(desk.page.locator("#code")).to_be_focused()
    desk.page.keyboard.type(served.texted("+447400123451").code)
    desk.keys("Enter")
    expect(desk.page.locator("h1")).to_have_text("1 proof says that the caller is Gina Torres.")


def _grant_and_close(desk: Person) -> None:
    """What one proof permits: an activation link to the address on file."""
    desk.tab_to("Send").keys("Enter")
    expect(desk.page.locator("body")).to_contain_text("Permitted by what was proved")
    desk.tab_to("Close this case").keys("Enter")
    expect(desk.page.locator("h1")).to_contain_text("This case was closed")


#: points of an A4 page
A4 = (595, 842)


def test_the_report_of_a_month_is_printed_as_a_pdf(place: Place, eye: Eye, tmp_path: Path) -> None:
    desk = place.desk(eye).go("/console/figures")
    link = desk.page.locator(".months a").first
    month = link.inner_text()
    link.click()
    assert desk.heading == f"Report for {month}"
    file = Path(SHOTS or tmp_path) / "report.pdf"
    desk.page.pdf(path=file, prefer_css_page_size=True, print_background=False)
    printed = PdfReader(file)
    assert {tuple(round(n) for n in page.mediabox[2:]) for page in printed.pages} == {A4}
    assert 2 <= len(printed.pages) <= 5
    words = [" ".join(page.extract_text().split()) for page in printed.pages]
    whole = " ".join(words)
    assert words[0].find(f"Report for {month}") >= 0
    for said in ("In short", "Sign-ins", "Locks", "Enrolment of phones", "What staff did",
                 "Days begin and end in Europe/London", "Day by day"):  # fmt: skip
        assert said in whole, said
    for left_out in ("Directories", "Sign out", "Skip to the content", "Figures as CSV"):
        assert left_out not in whole, left_out
    assert "Day by day" in words[-1]
    assert "Made" in words[0]
    desk.leave()
