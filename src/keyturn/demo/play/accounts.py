"""Signing up."""

from __future__ import annotations

from keyturn.demo.company import SENDER
from keyturn.demo.play.browser import SAFARI, Browser
from keyturn.demo.play.stage import Stage
from keyturn.demo.play.telling import Teller
from keyturn.rules.lockout import SECOND

NAME, EMAIL, PASSWORD = "Ann Archer", "ann@mail.test", "nine herons on ice"
OK, UNPROCESSABLE, TOO_MANY = 200, 422, 429
WRONG = "That name and password do not match"


def sign_up(stage: Stage, told: Teller) -> None:
    """A5, A9: see playing.ACTS."""
    ann = stage.browser()
    told.tell("Ann opens the sign-up page in Firefox, types name, address and password.")
    ann.get("/signup")
    page = told.page(ann.send("/signup", name=NAME, email=EMAIL, password=PASSWORD))
    told.check("the page waits for the mailed code", page.path.endswith("/signup/code"), page.path)
    told.check("it names the address the mail comes from [A9]", page.has(SENDER))
    told.check(
        "it says to look among junk, and to trust the sender [A9]",
        page.has("junk") and page.has("contacts"),
        page.text,
    )
    first = told.mail(stage.mail(EMAIL, "Confirm"), "confirms this address")
    told.seen(f"the code in it is {first.code}")
    told.check(
        "it comes from that address, signed with DKIM [A9]",
        SENDER in first.kept.mail.sender and first.kept.mail.genuine,
    )

    told.tell("She is not in yet. On her phone she tries to sign in all the same.")
    phone = stage.browser(SAFARI)
    phone.get("/signin")
    page = told.page(phone.send("/signin", identifier=EMAIL, password="not it"))
    told.check("a wrong password hears only the neutral sentence", page.has(WRONG), page.text)
    page = told.page(phone.send("/signin", identifier=EMAIL, password=PASSWORD))
    told.check(
        "the right one is told that the address waits for its code",
        page.path.endswith("/signup/code"),
        page.path,
    )
    told.mail(stage.mail(EMAIL, "Confirm"))
    _codes(stage, told, ann, first.code)


def _codes(stage: Stage, told: Teller, ann: Browser, old: str) -> None:
    """Wrong, too soon, replaced, right."""
    wrong = "000001" if old != "000001" else "000002"
    told.tell(f"Back at her desk she mistypes the code: {wrong}.")
    page = told.page(ann.send("/signup/code", code=wrong))
    told.check("it is refused, with the tries left", page.has("4 tries left"), page.text)
    page = told.page(ann.send("/signup/resend"))
    told.check("another code can be had only after a minute", page.first == TOO_MANY, page.first)
    stage.pass_time(60 * SECOND)
    told.tell("A minute later she asks for another one.")
    page = told.page(ann.send("/signup/resend"))
    second = told.mail(stage.mail(EMAIL, "Confirm"))
    page = told.page(ann.send("/signup/code", code=old))
    told.check("the old code is dead", page.status == UNPROCESSABLE, page.status)
    page = told.page(ann.send("/signup/code", code=second.code[:3] + " " + second.code[3:]))
    told.check(
        "the new one opens the account, typed with a space",
        page.status == OK and page.path.endswith("/account/phone"),
        page.path,
    )
    page = told.page(ann.get("/account"))
    told.check("she is signed in", page.status == OK and page.has(EMAIL), page.path)
