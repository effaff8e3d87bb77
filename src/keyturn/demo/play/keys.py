"""A passkey: made, used alone and as second step, copied."""

from __future__ import annotations

import json

from keyturn.demo.play.authenticator import Authenticator
from keyturn.demo.play.browser import SAFARI, Browser, Page
from keyturn.demo.play.locking import try_in
from keyturn.demo.play.stage import Stage
from keyturn.demo.play.telling import Teller

UNAUTHORISED = 401
EMAIL, PASSWORD = "kaia@mail.test", "lanterns on the quay"
ALONE, SECOND = "/signin/passkey", "/signin/second/passkey"


def passkeys(stage: Stage, told: Teller) -> None:
    """Passkeys: see playing.ACTS."""
    stage.member("Kaia Berg", EMAIL, PASSWORD)
    held = Authenticator(stage.origin)
    kaia = stage.browser()
    try_in(kaia, EMAIL, PASSWORD)
    told.tell("Kaia adds a passkey: her phone makes a key and signs what the page asks.")
    kaia.get("/account/passkeys/new")
    made = held.create(kaia.question("/account/passkeys"))
    page = told.page(kaia.send("/account/passkeys", credential=json.dumps(made)))
    told.check("it is stored, and recovery codes are shown once", page.has("recovery codes"))
    told.mail(stage.mail(EMAIL, "passkey was added"))
    _alone(stage, told, held)
    _copied(stage, told, held)


def _use(browser: Browser, held: Authenticator, to: str) -> Page:
    """Press the button, and let the authenticator answer."""
    return browser.send(to, credential=json.dumps(held.get(browser.question(to))))


def _alone(stage: Stage, told: Teller, held: Authenticator) -> None:
    told.tell("On another browser she types no name at all.")
    phone = stage.browser(SAFARI)
    phone.get("/signin")
    question = phone.question(ALONE)
    told.check("the question names nobody's keys", question["allowCredentials"] == [])
    answer = json.dumps(held.get(question))
    page = told.page(phone.send(ALONE, credential=answer))
    told.check("her passkey signs her in", page.path.endswith("/account"), page.path)
    again = stage.browser(SAFARI)
    again.get("/signin")
    page = told.page(again.send(ALONE, credential=answer))
    told.check("the same answer again is refused", page.status == UNAUTHORISED, page.status)
    told.tell("With name and password the passkey is the second step.")
    desk = stage.browser()
    try_in(desk, EMAIL, PASSWORD)
    page = told.page(_use(desk, held, SECOND))
    told.check("it passes", page.path.endswith("/account"), page.path)


def _copied(stage: Stage, told: Teller, held: Authenticator) -> None:
    told.tell("Somebody copied the key some days ago: the copy's counter is behind.")
    held.held[-1].count = 0
    thief = stage.browser()
    thief.get("/signin")
    page = told.page(_use(thief, held, ALONE))
    told.check("the copy is refused", page.status == UNAUTHORISED, page.status)
    told.mail(stage.mail(EMAIL, "was copied"))
    held.held[-1].count = 99
    page = told.page(_use(thief, held, ALONE))
    told.check("and so is the key itself from then on", page.status == UNAUTHORISED, page.status)
