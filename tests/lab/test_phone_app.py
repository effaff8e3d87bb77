"""The phone app in a real Chromium: from the code to a phone that is bound, and what it shows then.

The door is played (played_door.py), with real signatures; a camera is played from a film, the
browser's push service by its own hand: everything else is as on a phone.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import unicodedata
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pyotp
import pytest
from playwright.sync_api import expect, sync_playwright

from keyturn.rules import matching
from keyturn.rules.crockford import fold
from tests.lab.looking import PHONE, WHOLE, Eye, Person
from tests.lab.played_door import NUMBER, SECRET, PlayedDoor, film
from tests.lab.served import Served, eventually

SHOTS = Path(os.environ.get("KEYTURN_SCREENSHOTS", "screenshots"))
VECTORS = Path(__file__).parents[1] / "vectors"
PIN = "284617"
#: no push service of the browser's maker is reached from here: its part alone is played
PUSHES = """(() => {
  let now = null;
  const keys = {p256dh: "BGRvdWJsZQ", auth: "c2VjcmV0"};
  PushManager.prototype.subscribe = async (asked) => {
    if (!asked.userVisibleOnly || Notification.permission !== "granted")
      throw new DOMException("refused", "NotAllowedError");
    const made = {endpoint: "https://push.test/1", expirationTime: null, keys};
    return now = {...made, options: asked, toJSON: () => made, unsubscribe: async () => true};
  };
  PushManager.prototype.getSubscription = async () => now;
})()"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, PlayedDoor]]:
    """The server, with a played door before it."""
    served = Served(
        tmp_path_factory.mktemp("installation"),
        "localhost",
        front=lambda app: door.before(app),  # noqa: PLW0108  made below
    )
    door = PlayedDoor(served.origin, served.clock.now)
    with served:
        yield served, door


@pytest.fixture(scope="module")
def seeing(
    stage: tuple[Served, PlayedDoor], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Eye]:
    """One browser for all tests; its camera sees the door's code."""
    if not Path(WHOLE).exists():
        pytest.fail("failed to run: Chromium is not installed", pytrace=False)
    served, door = stage
    seen = tmp_path_factory.mktemp("camera") / "code.y4m"
    seen.write_bytes(film(door.link))
    camera = ("--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={seen}")
    axe = (files("axe_playwright_python") / "axe.min.js").read_text()
    with sync_playwright() as driver:
        eye = Eye(driver, served.origin, SHOTS, axe, camera, whole=True)
        yield eye
        eye.close()


@pytest.fixture
def eye(seeing: Eye, stage: tuple[Served, PlayedDoor]) -> Iterator[Eye]:
    """The same; when the test is over, nothing may have been wrong."""
    before, door = len(seeing.findings), stage[1]
    door.well()
    yield seeing
    assert seeing.findings[before:] == []
    assert door.faults == []


@pytest.fixture
def door(stage: tuple[Served, PlayedDoor]) -> PlayedDoor:
    """What the app speaks with."""
    return stage[1]


class Phone:
    """A phone in somebody's hand. Attributes: `person`, `page`."""

    def __init__(self, eye: Eye, *allowed: str) -> None:
        self.person: Person = eye.person(size=PHONE)
        self.page = self.person.page
        context = self.page.context
        context.grant_permissions(list(allowed))
        context.add_init_script(PUSHES)
        self._browser = context.new_cdp_session(self.page)
        self._registrations: list[Any] = []
        self._browser.on(
            "ServiceWorker.workerRegistrationUpdated",
            lambda said: self._registrations.extend(said["registrations"]),
        )
        self._browser.send("ServiceWorker.enable")

    def deny(self, what: str) -> None:
        """As somebody who has said no."""
        target = self._browser.send("Target.getTargetInfo")["targetInfo"]
        self._browser.send(
            "Browser.setPermission",
            {"permission": {"name": what}, "setting": "denied",
             "browserContextId": target["browserContextId"]},
        )  # fmt: skip

    def open(self, fragment: str = "") -> Phone:
        """Open the app."""
        self.person.go(f"/app/{fragment}")
        return self

    def heading(self, words: str) -> Phone:
        """Wait until the screen's sentence holds these words; it has the focus."""
        expect(self.page.locator("h1:visible")).to_contain_text(words)
        return self

    def press(self, words: str) -> Phone:
        self.person.press(words)
        return self

    def fill(self, label: str, text: str) -> Phone:
        self.page.get_by_label(label, exact=True).fill(text)
        return self

    def see(self, name: str) -> Phone:
        self.person.see(f"app-{name}")
        return self

    def push(self, message: dict[str, str]) -> None:
        """A message arrives from the push service."""
        scope = eventually(lambda: self._registrations[0] if self._registrations else None)
        self._browser.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": scope["scopeURL"].split("/app/")[0] + "/",
             "registrationId": scope["registrationId"], "data": json.dumps(message)},
        )  # fmt: skip

    def bind(self, door: PlayedDoor) -> Phone:
        """All the way from the code to the account, without a look."""
        self.open(door.link.partition("/app/")[2]).press("Check my phone")
        self.heading("can do all").press("Go on").heading("Which number")
        self.fill("The two digits on the page", NUMBER).press("Go on").heading("Choose a PIN")
        self.fill("New PIN", PIN).fill("Once more", PIN).press("Keep this PIN")
        self.heading("on its way")
        eventually(lambda: door.said("test-push") or None)
        self.push({"v": 1, "kind": "test", "id": "m1"})  # type: ignore[dict-item]
        self.heading("This phone is ready").press("Go to my account").heading("All is well")
        return self

    def leave(self) -> None:
        self.person.leave()


ALL = ("camera", "notifications")


def script(phone: Phone, module: str, body: str, given: object) -> Any:
    """Run `body` on the open page, where `m` is one of the app's modules and `given` is given."""
    source = f"async (given) => {{ const m = await import('/static/app/{module}'); {body} }}"
    return phone.page.evaluate(source, given)


def vectors(name: str) -> Any:
    return json.loads((VECTORS / f"{name}.json").read_text())


HEX = """const hex = (t) => Uint8Array.from(t.match(/../g) ?? [], (x) => parseInt(x, 16));
const text = (b) => [...b].map((x) => x.toString(16).padStart(2, "0")).join("");"""


# -- the same rules as the server's


@pytest.fixture
def opened(eye: Eye) -> Iterator[Phone]:
    """The app, just opened."""
    phone = Phone(eye).open()
    phone.heading("Set up this phone")
    yield phone
    phone.leave()


def test_phones_are_checked_as_the_rules_check_them(opened: Phone) -> None:
    cases = vectors("phone_checks")["cases"]
    assert len(cases) > 200
    seen = [case["seen"] for case in cases]
    found = script(
        opened, "checks.js", "return given.map((s) => Object.entries(m.results(s)));", seen
    )
    assert found == [[list(pair) for pair in case["results"].items()] for case in cases]
    body = "return given.map((s) => m.platform(s));"
    assert script(opened, "platforms.js", body, seen) == [case["platform"] for case in cases]


def test_codes_to_scan_are_read_as_the_rules_read_them(opened: Phone) -> None:
    known = vectors("enrolment_address")
    body = """return given.map((f) => { try {
      const c = m.read(f);
      return {code_id: c.codeId, secret: c.secret, installation: c.installation,
              directories: c.directories};
    } catch (error) { return error.message; } });"""
    found = script(opened, "address.js", body, [case["fragment"] for case in known["cases"]])
    assert found == [case["content"] or case["unread"] for case in known["cases"]]
    body = f"""{HEX} return Promise.all(given.map((p) => p.installation
      ? m.installationPin(hex(p.installation))
      : m.directoriesPin(Object.entries(p.directories).map(([id, key]) => [id, hex(key)]))));"""
    pins = script(opened, "address.js", body, known["pins"])
    assert pins == [one["pin"] for one in known["pins"]]


def test_what_is_approved_is_signed_as_the_rules_build_it(opened: Phone) -> None:
    cases = vectors("approvals")["cases"]
    body = f"{HEX} return given.map((c) => text(m.statement(c.approval, c.verdict, c.said)));"
    assert script(opened, "statement.js", body, cases) == [case["statement"] for case in cases]


def test_numbers_and_letters_are_read_as_the_rules_read_them(opened: Phone) -> None:
    every = map(chr, range(0x110000))
    digits = [c * 2 for c in every if c.isdecimal() and unicodedata.category(c) == "Nd"]
    typed = [*digits, " 42 ", "4 2", "042", "4", "x2", "", "\u00bd2", "\uff14\uff12", "4\u200b2"]
    body = "return given.map((t) => m.number(t));"
    assert script(opened, "typed.js", body, typed) == [matching.said(t) for t in typed]
    letters = ["abcd-efg-hjk", "ABCD EFG HJK", "oil1-234-567", "abcd", "ABCDEFGHJU", "A" * 101, ""]
    wanted = [fold(t) for t in letters]
    body = "return given.map((t) => m.letters(t));"
    expected = [t if t is not None and len(t) == 10 else None for t in wanted]
    assert script(opened, "typed.js", body, letters) == expected


def test_offline_codes_are_those_of_rfc_6238(opened: Phone) -> None:
    times = [59, 1111111109, 1111111111, 1234567890, 2000000000, 20000000000]
    body = """const { fromBase32 } = await import('/static/app/bytes.js');
      const key = await m.key(fromBase32(given.secret));
      return Promise.all(given.times.map((t) => m.code(key, t * 1000)));"""
    found = script(opened, "totp.js", body, {"secret": SECRET, "times": times})
    assert found == [pyotp.TOTP(SECRET).at(time) for time in times]
    assert found[0] == "287082"


def test_requests_are_signed_and_answers_checked_as_the_wire_has_it(opened: Phone) -> None:
    known = vectors("phone_requests")
    body = """const P = {name: "ECDSA", namedCurve: "P-256"}, bytes = new TextEncoder();
      const {d, ...half} = given.phone.jwk;
      const key = await crypto.subtle.importKey("jwk", given.phone.jwk, P, false, ["sign"]);
      const open = await crypto.subtle.importKey("jwk", half, P, false, ["verify"]);
      return Promise.all(given.requests.map(async (r) => {
        const {headers, signature} = await m.sign(key, {...r, body: bytes.encode(r.body)});
        const good = await crypto.subtle.verify({name: "ECDSA", hash: "SHA-256"}, open,
          Uint8Array.from(atob(signature), (c) => c.charCodeAt(0)), bytes.encode(r.base));
        return [good, headers];
      }));"""
    for request, (good, headers) in zip(
        known["requests"], script(opened, "signed.js", body, known), strict=True
    ):
        assert good
        assert headers | {"signature": ""} == request["headers"] | {"signature": ""}
    body = f"""{HEX} const key = hex(given.installation.public), bytes = new TextEncoder();
      return Promise.all([...given.answers, ...given.forged].map((a) => m.genuine(key,
        {{status: a.status, headers: new Headers(a.headers), body: bytes.encode(a.body)}},
        given.requests[a.request].headers.signature.slice("keyturn=:".length, -1))));"""
    found = script(opened, "signed.js", body, known)
    assert found == [True] * len(known["answers"]) + [False] * len(known["forged"])


def test_a_pin_becomes_what_the_door_expects(opened: Phone) -> None:
    made = script(
        opened, "pin.js", "return m.secret(given.pin, given.phone);", {"pin": PIN, "phone": "p1"}
    )
    secret = hashlib.pbkdf2_hmac("sha256", PIN.encode(), b"keyturn-pin-v1|p1", 600_000)
    assert base64.urlsafe_b64decode(made + "=") == secret
    body = "return given.map((p) => [m.digits(p), m.plain(m.digits(p) ?? '')]);"
    pins = [
        "284617",
        " 284617 ",
        "\uff12\uff18\uff14\uff16\uff11\uff17",
        "28461",
        "x84617",
        "1" * 13,
    ]
    assert [d for d, _ in script(opened, "pin.js", body, pins)] == [PIN, PIN, PIN, None, None, None]
    first = ["000000", "123456", "654321", "135790"]
    assert [p for _, p in script(opened, "pin.js", body, first)] == [True, True, True, False]


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
    phone.push({"v": 1, "kind": "test", "id": "m1"})  # type: ignore[dict-item]
    phone.heading("This phone is ready").see("ready")
    assert door.said("arrived") == [{"id": "m1"}]
    phone.press("Go to my account").heading("All is well").see("home")
    (said,) = door.said("number")[-1:]
    assert said["said"] == NUMBER
    assert PIN not in json.dumps(door.asked)
    phone.leave()
