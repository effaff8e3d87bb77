"""The help desk's floor, and somebody of staff at the telephone."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from keyturn.demo.company import Person
from keyturn.demo.play.browser import Browser, Page
from keyturn.demo.play.calls.camera import HomeCamera
from keyturn.demo.play.calls.handset import Handset
from keyturn.demo.play.calls.ledger import Ledger, Standing
from keyturn.demo.play.locking import try_in
from keyturn.demo.play.stage import Stage
from keyturn.demo.play.telling import Teller
from keyturn.rules.lockout import SECOND

TOM, NADIA = "tom@northwind.test", "nadia@northwind.test"
MIA, BEN, GRACE = "mia@mail.test", "ben@mail.test", "grace@mail.test"
ELIN, HUGO, FARID = "elin@mail.test", "hugo@mail.test", "farid@mail.test"
HAROLD, IVY, CARLOS = "harold@mail.test", "ivy@mail.test", "carlos@mail.test"
CONFLICT, UNPROCESSABLE, NOT_FOUND = 409, 422, 404
CODE: Final = re.compile(r"\b(\d{6})\b")
_HALF_MINUTE: Final = 30 * SECOND
_ID = r"([0-9a-z]{26})"


class Floor(Stage):
    """A demo with what callers have at home.

    Attributes:
        cameras, phones: by whose they are.
        labels: of the cameras.
        uma: of staff, and in league with somebody; otto: runs another company that is a tenant
            here. None before they are hired.
    """

    def __init__(self) -> None:
        super().__init__()
        self.cameras: dict[str, HomeCamera] = {}
        self.labels: dict[str, str] = {}
        self.phones: dict[str, Handset] = {}
        self.uma: Person | None = None
        self.otto: Person | None = None

    def __enter__(self) -> Self:
        super().__enter__()
        self.ledger = Ledger(self.data)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for camera in self.cameras.values():
            camera.close()
        super().__exit__(kind, error, trace)

    def camera(self, email: str, serial: str) -> HomeCamera:
        """A camera that its maker has registered, unpacked at somebody's home."""
        made = json.loads(self.keyturn("device", "label", "Camera C2", serial, "--json").stdout)
        rows = self.data / f"{serial}.csv"
        rows.write_text(f"{made['model']},{made['serial']},{made['digest']}\n", "utf-8")
        self.keyturn("device", "register", str(rows))
        self.cameras[email] = HomeCamera(self, self.data / serial, made["label"])
        self.labels[email] = str(made["label"])
        return self.cameras[email]


def enter(stage: Stage, told: Teller, person: Person, base: str = "") -> Browser:
    """Somebody of staff signs in to the console."""
    browser = stage.browser()
    browser.get(f"{base}/signin")
    browser.send("/signin", identifier=person.email, password=person.password)
    stage.pass_time(_HALF_MINUTE)  # a code of this half minute may have been used before
    told.page(browser.send("/signin/second", code=stage.authenticator(person.secret)))
    return browser


def token(page: Page) -> str:
    """What a form of this browser has to carry."""
    return next(form.fields["csrf"] for form in page.forms if "csrf" in form.fields)


@dataclass(slots=True)
class Desk:
    """Somebody of staff at the telephone, with a fresh sign-in.

    Attributes:
        at: the case's address.
        steps: forms that were sent.
        began: when, by the demo's clock, ms.
        before: how whom the case is about stood before it.
    """

    stage: Floor
    told: Teller
    who: str = TOM
    at: str = ""
    steps: int = 0
    browser: Browser = field(init=False)
    began: int = field(init=False)
    _person: Person = field(init=False)
    _about: str = ""
    _before: Standing | None = None

    def __post_init__(self) -> None:
        uma = self.stage.uma
        self._person = uma if uma and uma.email == self.who else self.stage.person(self.who)
        self.browser = enter(self.stage, self.told, self._person)
        self.began = self.stage.now()

    def proves(self) -> None:
        """They show their second step again: what is dangerous asks for it after ten minutes."""
        self.browser.get("/account/proof")
        code = self.stage.authenticator(self._person.secret)
        self.browser.send("/account/proof", code=code)

    # -- the case

    @property
    def ref(self) -> str:
        """Its reference."""
        return self.at.rpartition("/")[2]

    def calls(self, email: str, words: str = "") -> str:
        """Somebody calls and says this name; the case's address."""
        self._about, self._before = email, self.stage.ledger.of(email)
        said = {"name": email, "contact": "", "words": words}
        csrf = token(self.browser.get("/console/cases"))
        self.steps += 1
        self.at = self.browser.post("/console/cases", {"csrf": csrf, **said}).path
        return self.at

    def send(self, to: str, **fields: str) -> Page:
        """One form of the page that they are on."""
        self.steps += 1
        return self.browser.send(to, **fields)

    def case(self) -> Page:
        """The case's page."""
        return self.browser.get(self.at)

    def force(self, place: str, **fields: str) -> Page:
        """What no button offers: an address, with this browser's token."""
        csrf = token(self.case())
        to = place if place.startswith("/") else f"{self.at}/{place}"
        return self.browser.post(to, {"csrf": csrf, **fields})

    def user(self) -> str:
        """The address of the page of whom it is about."""
        return next(link for link in self.case().links if "/console/users/" in link)

    # -- proofs

    def sent(self, method: str) -> None:
        """A code goes to the address or number on file."""
        self.browser.get(f"{self.at}/proofs/{method}")
        self.send(f"/proofs/{method}")

    def types(self, method: str, code: str) -> Page:
        """What the caller reads out."""
        self.browser.get(f"{self.at}/proofs/{method}")
        return self.send(f"/proofs/{method}/enter", code=code)

    def mailed(self, email: str) -> Page:
        """A code by mail, which whoever has the mailbox reads out."""
        self.sent("mail")
        return self.types("mail", self.stage.mail(email, "Your code for the help desk").code)

    def texted(self, number: str) -> Page:
        """A code by text, which whoever has the number reads out."""
        before = len(self.stage.texts(number))
        self.sent("text")
        text = self.told.text(self.stage.text(number, before)).text.text
        return self.types("text", (CODE.search(text) or [""])[0])

    def asks(self, name: str, browser: Browser, answer: str) -> Page:
        """A colleague is asked whether they know the caller, and says so."""
        found = re.search(rf'<option value="{_ID}">{name}', self.case().body)
        self.send("/ask", colleague=found[1] if found else "")
        csrf = token(browser.get(f"{self.at}/approve"))
        browser.post(f"{self.at}/approve", {"csrf": csrf, "known": answer})
        return self.case()

    def asks_nadia(self, answer: str) -> Page:
        """The same of Nadia."""
        nadia = enter(self.stage, self.told, self.stage.person(NADIA))
        return self.asks("Nadia", nadia, answer)

    def rings(self) -> Page:
        """The caller's phone is asked; the page with the number that they are to type."""
        self.case()
        return self.send("/verify")

    def is_there(self, camera: HomeCamera) -> Page:
        """The camera is asked, and somebody beside it presses; the case's page."""
        lines = camera.lines
        self.told.page(self.wants_a_press())
        camera.shows("asks", lines)
        lines = camera.lines
        camera.press()
        camera.shows("pressed", lines)
        return self.told.page(self.case())

    def wants_a_press(self, method: str = "button") -> Page:
        """The caller's camera is asked; the page that waits."""
        page = self.case()
        form = next(
            form for form in page.forms
            if form.action.endswith("/ask") and form.fields.get("method") == method
        )  # fmt: skip
        self.steps += 1
        return self.browser.post(form.action, form.fields)

    # -- the end

    def begins(self) -> Page:
        """They press Begin, if there is such a button."""
        self.browser.get(f"{self.at}/lost")
        return self.send("/lost")

    def nothing(self, page: Page, *allowed: str) -> None:
        """No new phone, neither by a button nor by the address behind it; and in the store
        nothing that was not there before.
        """
        refused = self.force("lost")
        self.told.check("no button for a new phone", not page.has("Begin…"), page.text[-300:])
        # refused, or asked for a second step of just now
        shut = refused.status in {CONFLICT, NOT_FOUND} or not refused.path.endswith(self.ref)
        self.told.check("nor is the address behind it open", shut, refused.status)
        self.stored(*allowed)

    def stored(self, *allowed: str) -> None:
        """What the store has of it. allowed: what was given and came to nothing."""
        if self._before is not None:
            gained = set(self.stage.ledger.gained(self._about, self._before)) - set(allowed)
            self.told.check("in the store: no session, grant, link, number", not gained, gained)
        self.ends()

    def ends(self) -> None:
        """How long it took."""
        self.told.seen(f"{self.steps} forms, {_spent(self.stage.now() - self.began)}")


def _spent(ms: int) -> str:
    """A time as people live it."""
    days, left = divmod(ms // SECOND, 86_400)
    hours, left = divmod(left, 3_600)
    minutes, seconds = divmod(left, 60)
    words = ((days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s"))
    return " ".join(f"{count} {unit}" for count, unit in words if count) or "a moment"


def well(stage: Stage, told: Teller, person: Person) -> None:
    """From outside: whose account it is comes in with their password as before."""
    page = try_in(stage.browser(), person.email, person.password)
    inside = page.path.endswith(("/account", "/signin/second"))
    told.check("and from outside: the password is theirs as before", inside, page.path)
