"""Forgotten passwords."""

from __future__ import annotations

from keyturn.demo.company import SENDER
from keyturn.demo.play.browser import Browser, Page
from keyturn.demo.play.locking import try_in
from keyturn.demo.play.stage import Letter, Stage
from keyturn.demo.play.telling import Teller
from keyturn.rules.lockout import MINUTE, SECOND

OK, UNAUTHORISED = 200, 401
OLD, NEW = "walnut and thyme 4", "thyme and walnut 9"
RECOVERY = "Your code for a new"


def _ask(told: Teller, browser: Browser, name: str) -> Page:
    browser.get("/recover")
    return told.page(browser.send("/recover", identifier=name))


def during_a_lock(stage: Stage, told: Teller) -> None:
    """A10: see playing.ACTS."""
    email = "nora@mail.test"
    session = stage.member("Nora Quist", email, OLD)
    nora = stage.browser()
    told.tell("Nora, at a library's computer, no longer knows her password. The fifth try locks.")
    tries = [try_in(nora, email, f"was it {number}") for number in range(5)]
    until = told.page(tries[-1]).until or 0
    told.tell("She presses “Set a new password”.")
    page = _ask(told, nora, email)
    told.check(
        "a code is on its way, during the lock", page.path.endswith("/recover/code"), page.path
    )
    told.check(
        "the page shows the sender's address and how to trust it [A9]", page.has(SENDER, "junk")
    )
    mail = told.mail(stage.mail(email, RECOVERY), "It works once")
    told.tell("She presses “Set a new password” again.")
    page = told.page(nora.get("/recover"))
    told.check("it goes back to the open recovery", page.path.endswith("/recover/code"), page.path)
    told.check("and no second code was made", stage.count(email, RECOVERY) == 1)
    page = told.page(nora.send("/recover/code", code=mail.code))
    page = told.page(nora.send("/recover/password", password=NEW))
    told.check(
        "the new password is accepted at once", page.path.endswith("/recover/done"), page.path
    )
    told.check(
        "it works from the end of the lock, to which the page counts down",
        page.until == until and page.has("works from"),
        (page.until, until),
    )
    _afterwards(stage, told, nora, email, until)
    told.check(
        "the session she had elsewhere has ended",
        session.call("GET", "/session").status == UNAUTHORISED,
    )


def _afterwards(stage: Stage, told: Teller, nora: Browser, email: str, until: int) -> None:
    page = nora.get("/account")
    told.check("nobody was signed in by it", page.path.endswith("/signin"), page.path)
    mail = told.mail(stage.mail(email, "password was changed"), "works from", "Internet address")
    told.check("a notice says so, and offers “this wasn't me”", mail.link("/notme/"))
    page = told.page(try_in(nora, email, NEW))
    told.check("until then it is locked, as before", page.until == until, page.until)
    stage.move_to(until)
    told.tell("The lock is over.")
    page = told.page(try_in(nora, email, OLD))
    told.check("the old password is dead", page.status == UNAUTHORISED, page.status)
    page = told.page(try_in(nora, email, NEW))
    told.check("the new one signs in", page.path.endswith("/account"), page.path)


def by_link(stage: Stage, told: Teller) -> None:
    """A10, links: see playing.ACTS."""
    email = "lars@mail.test"
    stage.member("Lars Moen", email, OLD)
    lars = stage.browser()
    _ask(told, lars, email)
    link = told.mail(stage.mail(email, RECOVERY)).link("/link/")
    told.tell("Lars's mail program opens the link beforehand, as some do, to look for malware.")
    stage.browser().get(link)
    told.tell("Then he opens it himself.")
    page = told.page(lars.get(link))
    told.check("opening it changed nothing", page.has("changed nothing yet"), page.text)
    page = told.page(lars.send(page.path))
    told.check(
        "the button leads to the new password", page.path.endswith("/recover/password"), page.path
    )
    page = told.page(lars.send("/recover/password", password=NEW))
    told.check(
        "it is set, and works at once", page.path.endswith("/recover/done") and page.until is None
    )
    page = told.page(lars.get(link))
    told.check("the link is used up, and says so", page.has("Used already"), page.sentence)


def budgets(stage: Stage, told: Teller) -> None:
    """A10, budgets: see playing.ACTS."""
    email = "elin@mail.test"
    told.tell("A stranger asks for Elin's password again and again, in fresh browsers.")
    kinds = []
    for _ in range(3):
        stage.app().call("POST", "/recovery", identifier=email)
        kinds.append(stage.mail(email, RECOVERY))
    reply = stage.app().call("POST", "/recovery", identifier=email)
    told.check("the fourth reply says that only a link comes", reply.body["pending"]["link_only"])
    mail = told.mail(stage.mail(email, "Choose a new"), "There is no code")
    told.check("three mails with a code", all(letter.code for letter in kinds))
    told.check("the fourth brings a link and no code", not mail.code and mail.link("/link/"))
    _own_budget(stage, told, mail)


def _own_budget(stage: Stage, told: Teller, _mail: Letter) -> None:
    stage.pass_time(61 * MINUTE)
    stage.app().call("POST", "/recovery", identifier="elin@mail.test")
    told.check("an hour later codes come again", stage.mail("elin@mail.test", RECOVERY).code)


def second_factor(stage: Stage, told: Teller) -> None:
    """A10 with an authenticator: see playing.ACTS."""
    ben = stage.person("ben@mail.test")
    browser = stage.browser()
    told.tell("Ben, who has an authenticator, has forgotten his password.")
    _ask(told, browser, ben.email)
    mail = told.mail(stage.mail(ben.email, RECOVERY))
    page = told.page(browser.send("/recover/code", code=mail.code))
    told.check("the mailed code is not enough", page.path.endswith("/recover/second"), page.path)
    page = told.page(browser.send("/recover/second", code="000000"))
    told.check("a wrong second proof is refused", page.path.endswith("/recover/second"), page.path)
    stage.pass_time(30 * SECOND)
    page = told.page(browser.send("/recover/second", code=stage.authenticator(ben.secret)))
    told.check(
        "his authenticator's code leads on", page.path.endswith("/recover/password"), page.path
    )
    page = told.page(browser.send("/recover/password", password="a kettle of fish 3"))
    told.check("and the password is new", page.status == OK and page.path.endswith("/recover/done"))
    page = try_in(browser, ben.email, "a kettle of fish 3")
    told.page(page)
    told.check("his second step stays on", page.path.endswith("/signin/second"), page.path)
