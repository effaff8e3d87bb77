"""This wasn't me."""

from __future__ import annotations

from keyturn.demo.play.locking import try_in
from keyturn.demo.play.stage import Stage
from keyturn.demo.play.telling import Teller

OK, UNAUTHORISED = 200, 401
EMAIL, PASSWORD = "una@mail.test", "bread before dawn 2"
NEW = "dawn without bread 5"


def not_me(stage: Stage, told: Teller) -> None:
    """See playing.ACTS."""
    app = stage.member("Una Fell", EMAIL, PASSWORD)
    told.tell("Somebody who knows Una's password signs in from a browser of his.")
    thief = stage.browser()
    told.page(try_in(thief, EMAIL, PASSWORD))
    mail = told.mail(stage.mail(EMAIL, "opened in a new browser"), "Browser or app")
    una = stage.browser()
    told.tell("Una opens the mail's link.")
    page = told.page(una.get(mail.link("/notme/")))
    told.check(
        "opening it changes nothing",
        page.has("changed nothing yet") and thief.get("/account").status == OK,
    )
    page = told.page(una.send(page.path))
    ref = page.text.partition("KT-")[2][:7]
    told.check("the button opens a case with its reference", bool(ref), page.text)
    told.check(
        "every session has ended: the thief's", thief.get("/account").path.endswith("/signin")
    )
    told.check("and her own app's", app.call("GET", "/session").status == UNAUTHORISED)
    told.mail(stage.mail(EMAIL, "is frozen"), "Your case")
    page = told.page(try_in(thief, EMAIL, PASSWORD))
    told.check("the password that he knows is dead", page.status == UNAUTHORISED, page.status)
    _back(stage, told)


def _back(stage: Stage, told: Teller) -> None:
    told.tell("Una sets a new one by mail, and signs in.")
    una = stage.browser()
    una.get("/recover")
    una.send("/recover", identifier=EMAIL)
    una.send("/recover/code", code=stage.mail(EMAIL, "Your code for a new").code)
    una.send("/recover/password", password=NEW)
    page = told.page(try_in(una, EMAIL, NEW))
    told.check("changes stay frozen until support has looked", page.has("frozen"), page.text)
