"""A phone in somebody's hand: Chromium with the app open, before a played door.

A camera is played from a film, the browser's push service by its own hand: everything else is as
on a phone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.lab.looking import PATIENCE_MS, PHONE, WHOLE, Eye, Person, opened
from tests.lab.played_door import NUMBER, PlayedDoor, film
from tests.lab.served import Served, eventually

PIN = "284617"
PUSHES_AGAIN = 6
#: the app is held in a hand; what its pages are on a desk, theirs tell
HELD = {"phone": PHONE}
#: what a phone asks its owner for
ALL = ("camera", "notifications")
#: no push service of the browser's maker is reached from here: its part alone is played
PUSHES = """((made) => {
  let now = null;
  PushManager.prototype.subscribe = async (asked) => {
    if (!asked.userVisibleOnly || Notification.permission !== "granted")
      throw new DOMException("refused", "NotAllowedError");
    return now = {...made, options: asked, toJSON: () => made, unsubscribe: async () => true};
  };
  PushManager.prototype.getSubscription = async () => now;
})"""
ADDRESS = {
    "endpoint": "https://push.test/1",
    "expirationTime": None,
    "keys": {"p256dh": "BGRvdWJsZQ", "auth": "c2VjcmV0"},
}


@contextmanager
def staged(folder: Path) -> Iterator[tuple[Eye, PlayedDoor]]:
    """The server with a played door before it, and a browser whose camera sees the door's code."""
    if not Path(WHOLE).exists():
        pytest.fail("failed to run: Chromium is not installed", pytrace=False)
    doors = list[PlayedDoor]()
    served = Served(folder, "localhost", front=lambda app: doors[0].before(app))  # noqa: PLW0108  made below
    doors.append(PlayedDoor(served.origin, served.clock.now))
    seen = folder / "code.y4m"
    seen.write_bytes(film(doors[0].link))
    camera = ("--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={seen}")
    with served, opened(served.origin, camera, whole=True, sizes=HELD) as eye:
        yield eye, doors[0]


@contextmanager
def watched(eye: Eye, door: PlayedDoor) -> Iterator[Eye]:
    """One test; when it is over, nothing may have been wrong but what it has played itself."""
    before = len(eye.findings)
    door.well()
    yield eye
    played = ("ERR_INTERNET_DISCONNECTED", "a status of 503")
    found = [one for one in eye.findings[before:] if not any(word in one for word in played)]
    assert found == []
    assert door.faults == []


class Phone:
    """A phone in somebody's hand. Attributes: `person`, `page`.

    Args:
        allowed: what its owner has allowed.
        address: what the browser's push service gives it; None: that service is not played.
    """

    def __init__(
        self, eye: Eye, *allowed: str, address: Mapping[str, Any] | None = ADDRESS
    ) -> None:
        person = eye.person(size=PHONE)
        context = person.page.context
        context.grant_permissions(list(allowed))
        if address is not None:
            context.add_init_script(f"{PUSHES}({json.dumps(address)})")
        self._take(person)

    @classmethod
    def held(cls, person: Person) -> Phone:
        """The app in a window that is open already."""
        phone = cls.__new__(cls)
        phone._take(person)
        return phone

    def _take(self, person: Person) -> None:
        self.person: Person = person
        self.page = person.page
        self._browser = self.page.context.new_cdp_session(self.page)
        self._registrations: list[Any] = []
        self._browser.on(
            "ServiceWorker.workerRegistrationUpdated",
            lambda said: self._registrations.extend(said["registrations"]),
        )
        self._browser.send("ServiceWorker.enable")

    def decide(self, what: str, decision: str) -> None:
        """As somebody who has said so: "denied"; or who is to be asked (again): "prompt"."""
        target = self._browser.send("Target.getTargetInfo")["targetInfo"]
        self._browser.send(
            "Browser.setPermission",
            {"permission": {"name": what}, "setting": decision,
             "browserContextId": target["browserContextId"]},
        )  # fmt: skip

    def deny(self, what: str) -> None:
        """As somebody who has said no."""
        self.decide(what, "denied")

    def allow(self, *what: str) -> Phone:
        """As somebody who has changed their mind; what is not named is denied."""
        self.page.context.grant_permissions(list(what))
        return self

    def say(self, agent: str, touch: int = 5) -> Phone:
        """What this phone says it is, from the next page on; without hints, as iOS has none."""
        self._browser.send("Emulation.setUserAgentOverride", {"userAgent": agent})
        self.page.context.add_init_script(
            "Object.defineProperty(Navigator.prototype, 'userAgentData', {get: () => undefined});"
            f"Object.defineProperty(Navigator.prototype, 'maxTouchPoints', {{get: () => {touch}}});"
        )
        return self

    def hint(self, agent: str, version: str, chromium: str) -> Phone:
        """What this phone says it is in client hints, whatever its user agent says.

        Args:
            version: of its Android. chromium: of its browser's engine.
        """
        brands = [{"brand": "Chromium", "version": chromium}]
        hints = {
            "platform": "Android", "platformVersion": version, "architecture": "", "model": "X",
            "mobile": True, "brands": brands, "fullVersionList": brands,
        }  # fmt: skip
        told = {"userAgent": agent, "userAgentMetadata": hints}
        self._browser.send("Emulation.setUserAgentOverride", told)
        return self

    def lacks(self, *names: str) -> Phone:
        """Take away what an older browser does not have, from the next page on."""
        for name in names:
            self.page.context.add_init_script(f"delete {name};")
        return self

    def open(self, fragment: str = "") -> Phone:
        """Open the app."""
        self.person.go(f"/app/{fragment}")
        return self

    def heading(self, words: str, patience_s: float = PATIENCE_MS / 1000) -> Phone:
        """Wait until the screen's sentence holds these words; it has the focus."""
        sentence = self.page.locator("h1:visible")
        expect(sentence).to_contain_text(words, timeout=patience_s * 1000)
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

    def push(self, message: dict[str, Any] | bytes) -> None:
        """A message arrives from the push service."""
        scope = eventually(lambda: self._registrations[0] if self._registrations else None)
        plain = message.decode() if isinstance(message, bytes) else json.dumps(message)
        self._browser.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": scope["scopeURL"].split("/app/")[0] + "/",
             "registrationId": scope["registrationId"], "data": plain},
        )  # fmt: skip

    def notices(self, message: dict[str, Any]) -> list[list[str]]:
        """A message arrives: title, body and tag of what is shown of it.

        DevTools hands a message over once and does not tell whether a worker woke up in time to
        take it, so it is handed over again until something is seen; a tag is shown once.
        """
        shown = """(tag) => navigator.serviceWorker.ready.then((r) => r.getNotifications({tag}))
          .then((all) => all.map((one) => [one.title, one.body, one.tag]))"""
        for _ in range(PUSHES_AGAIN):
            self.push(message)
            with suppress(AssertionError):
                return eventually(lambda: self.page.evaluate(shown, message["id"]) or None, 5)
        raise AssertionError(f"no notice of {message}")

    def bind(self, door: PlayedDoor) -> Phone:
        """All the way from the code to the account, without a look."""
        self.open(door.link.partition("/app/")[2]).press("Check my phone")
        self.heading("can do all").press("Go on").heading("Which number")
        self.fill("The two digits on the page", NUMBER).press("Go on").heading("Choose a PIN")
        self.fill("New PIN", PIN).fill("Once more", PIN).press("Keep this PIN")
        self.heading("on its way")
        eventually(lambda: door.said("test-push") or None)
        self.push({"v": 1, "kind": "test", "id": "m1"})
        self.heading("This phone is ready").press("Go to my account").heading("All is well")
        return self

    def pin(self, digits: str = PIN) -> Phone:
        return self.fill("PIN", digits).press("Go on")

    def told(self, words: str) -> Phone:
        """Wait until these words can be read."""
        expect(self.page.get_by_text(words).and_(self.page.locator(":visible"))).to_be_visible()
        return self

    def unknown(self) -> Phone:
        """The same phone, at the app's beginning: it has kept nothing but the app itself."""
        self.open().heading("")
        script(self, "store.js", "await m.forget(); return true;", None)
        return self

    def leave(self) -> None:
        self.person.leave()


def script(phone: Phone, module: str, body: str, given: object) -> Any:
    """Run `body` on the open page, where `m` is one of the app's modules and `given` is given."""
    source = f"async (given) => {{ const m = await import('/static/app/{module}'); {body} }}"
    return phone.page.evaluate(source, given)
