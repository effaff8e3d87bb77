"""Before anybody calls: cameras at home, a phone with the app, a colleague, another tenant."""

from __future__ import annotations

import json
import re
from typing import Final

from keyturn.demo.company import QUIET, Person
from keyturn.demo.play.calls.desk import ELIN, FARID, HUGO, Floor
from keyturn.demo.play.calls.handset import Handset
from keyturn.demo.play.locking import try_in
from keyturn.demo.play.telling import Teller
from keyturn.rules.lockout import DAY, HOUR

PEOPLE: Final = {person.email: person for person in QUIET}
UMA, OTTO = "uma@northwind.test", "otto@fabrikam.test"
FABRIKAM: Final = "/t/fabrikam"
_SECRET = re.compile(r'data-plain="([A-Z2-7]{32})"')


def day_before(stage: Floor, told: Teller) -> None:
    """See table.CALLS."""
    for email, serial in ((ELIN, "C2-1001"), (HUGO, "C2-1002")):
        _camera(stage, told, email, serial)
    _phone(stage, told)
    stage.uma = _hired(stage)
    stage.otto = _neighbours(stage)
    told.tell("Uma is hired for the help desk; Otto runs Fabrikam, another tenant. A day passes.")
    stage.pass_time(DAY + HOUR)


def _camera(stage: Floor, told: Teller, email: str, serial: str) -> None:
    """Somebody sets up their camera, as the page says."""
    camera = stage.camera(email, serial)
    owner = stage.browser()
    try_in(owner, email, PEOPLE[email].password)
    camera.shows("waiting")
    owner.get("/account/devices/add")
    owner.send("/account/devices/add", label=stage.labels[email])
    show = str(camera.shows("met")["show"])
    owner.get("/account/devices/add")
    owner.send("/account/devices/add/digits", digits=show)
    camera.press()
    camera.shows("paired")
    page = told.page(owner.get("/account/devices"))
    told.check(f"a camera is {PEOPLE[email].name}’s", page.has(serial), page.text[:300])
    camera.shows("code")


def _phone(stage: Floor, told: Teller) -> None:
    """Farid's phone is invited and set up."""
    stage.keyturn("user", "invite", FARID)
    phone = stage.phones[FARID] = Handset(stage)
    page = told.page(phone.set_up(stage.mail(FARID, "to set up your phone")))
    told.check("Farid has the app on his phone", phone.id, page.sentence)


def _hired(stage: Floor) -> Person:
    """Uma, who has signed up, adds an authenticator and becomes a technician."""
    uma = Person("Uma Kern", UMA, "owls over the harbour", "technician")
    stage.member(uma.name, uma.email, uma.password)
    browser = stage.browser()
    try_in(browser, uma.email, uma.password)
    found = _SECRET.search(browser.get("/account/totp").body)
    secret = found[1] if found else ""
    browser.send("/account/totp", code=stage.authenticator(secret))
    stage.keyturn("user", "role", "grant", uma.email, "technician")
    return Person(uma.name, uma.email, uma.password, uma.state, secret=secret)


def _neighbours(stage: Floor) -> Person:
    """Another company moves in, and its owner."""
    words = ("--name", "Fabrikam", "--sender", "account@fabrikam.test")
    stage.keyturn("tenant", "add", "fabrikam", *words)
    made = stage.keyturn(
        "user", "owner", "--tenant", "fabrikam", "--break-glass", "--yes", "--json"
    ).stdout
    otto = Person("Otto Lang", OTTO, "seven grey geese fly", "owner")
    browser = stage.browser()
    page = browser.get(json.loads(made)["link"])
    page = browser.send(page.path, name=otto.name, email=otto.email, password=otto.password)
    found = _SECRET.search(browser.get(f"{FABRIKAM}/account/totp").body)
    secret = found[1] if found else ""
    browser.send("/account/totp", code=stage.authenticator(secret))
    return Person(otto.name, otto.email, otto.password, otto.state, secret=secret)
