"""Five wrong passwords: for whom it locks, for how long, and who hears of it."""

from __future__ import annotations

import re

from keyturn.demo.play.browser import LINUX, SAFARI, Browser, Page
from keyturn.demo.play.stage import Stage
from keyturn.demo.play.telling import Teller
from keyturn.rules.lockout import DAY, MINUTE, SECOND

OK = 200
SINGLE_NOTICES = 3
EMAIL, PHONE = "mia@mail.test", "+1 202 555 0110"
SPELLINGS = (EMAIL, "Mia@Mail.Test", PHONE, " mia@mail.test", "MIA@MAIL.TEST")
LIMIT, ROUNDS = 5, 20
LOCK = 10 * MINUTE
_VARIES = re.compile(
    r'(name="csrf" value|data-now|data-ms|datetime|data-until)="[^"]*"|\d\d:\d\d(:\d\d)?'
    r"|\d+ (minutes?|seconds?)"
)


def try_in(browser: Browser, name: str, password: str) -> Page:
    """Open the sign-in page, fill it in, send it."""
    browser.get("/signin")
    return browser.send("/signin", identifier=name, password=password)


def locked(stage: Stage, told: Teller) -> None:
    """A7: see playing.ACTS."""
    password = stage.person(EMAIL).password
    told.tell("Mia signs in on her laptop, which is known from then on.")
    laptop = stage.browser(SAFARI)
    told.page(try_in(laptop, EMAIL, password))
    told.tell(
        "A stranger on Linux tries wrong passwords, each time with another spelling of her name."
    )
    stranger = stage.browser(LINUX)
    pages = [try_in(stranger, name, f"guess {n}") for n, name in enumerate(SPELLINGS)]
    told.page(pages[3])
    told.page(pages[4])
    told.check(
        "four are plainly wrong, the fifth locks",
        [p.until is not None for p in pages] == [False] * 4 + [True],
    )
    until = pages[4].until or 0
    told.check("for ten minutes", abs(until - pages[4].now - LOCK) < SECOND, until - pages[4].now)
    right = told.page(try_in(stranger, EMAIL, password))
    wrong = try_in(stranger, EMAIL, "another guess")
    told.check("now the right password is refused just like a wrong one", _same(right, wrong))
    told.check("a further try does not prolong the lock", wrong.until == until, wrong.until)
    other = try_in(stage.browser(), PHONE, password)
    told.check("by her phone number she is locked out there, too", other.until == until)
    told.tell("Mia, on her laptop, notices nothing:")
    laptop.get("/account")
    laptop.send("/signout")
    page = told.page(try_in(laptop, EMAIL, password))
    told.check(
        "her own browser signs in during the lock", page.path.endswith("/account"), page.path
    )
    _notice(stage, told)


def _notice(stage: Stage, told: Teller) -> None:
    mail = told.mail(stage.mail(EMAIL, "is locked until"), "Browser or app", "Internet address")
    told.check("one mail tells her: locked, until when [A8]", stage.count(EMAIL, "is locked") == 1)
    told.check(
        "with the stranger's browser and address [A8]",
        "Firefox on Linux" in mail.text and "127.0.0.1" in mail.text,
        mail.text,
    )
    told.check("and no link at all [A8]", not mail.links, mail.links)
    told.check("signed with DKIM [A9]", mail.kept.mail.genuine)
    told.check(
        "and says that nobody asks for a password", "never ask for your password" in mail.text
    )


def _same(one: Page, other: Page) -> bool:
    return one.status == other.status and _VARIES.sub("", one.body) == _VARIES.sub("", other.body)


def opens(stage: Stage, told: Teller) -> None:
    """A7, the end of the lock: see playing.ACTS."""
    password = stage.person(EMAIL).password
    stranger = stage.browser()
    until = try_in(stranger, EMAIL, password).until or 0
    told.check("it is still locked", until)
    told.tell("The clock moves to one second before the end.")
    stage.move_to(until - SECOND)
    page = told.page(try_in(stage.browser(), EMAIL, password))
    told.check("at one second before, it is locked", page.until == until, page.sentence)
    told.tell("And to the end.")
    stage.move_to(until)
    page = told.page(try_in(stage.browser(), EMAIL, password))
    told.check("at the end, the right password signs in", page.path.endswith("/account"), page.path)


def absent(stage: Stage, told: Teller) -> None:
    """A7, names that nobody has: see playing.ACTS."""
    name, real = "nemo@mail.test", "hugo@mail.test"
    told.tell(f"A stranger tries {name}, whom nobody knows, and {real}, a customer.")
    pages = []
    for each in (name, real):
        stranger = stage.browser(LINUX)
        pages.append([try_in(stranger, each, f"guess {n}") for n in range(LIMIT + 1)])
    told.page(pages[0][LIMIT])
    same = all(
        _same_but(one, other, name, real) for one, other in zip(pages[0], pages[1], strict=True)
    )
    told.check("every answer is the same, the lock and its ten minutes too", same)
    told.check(
        "the customer got a mail, the stranger's invention none",
        stage.count(real, "is locked") == 1 and stage.count(name) == 0,
    )


def _same_but(one: Page, other: Page, name: str, real: str) -> bool:
    mine, theirs = (
        _VARIES.sub("", p.body).replace(n, "NAME") for p, n in ((one, name), (other, real))
    )
    return one.status == other.status and mine == theirs


def hundred(stage: Stage, told: Teller) -> None:
    """The 100: see playing.ACTS."""
    email, password = "rosa@mail.test", "lanterns on the hill"
    stage.member("Rosa Vidal", email, password)
    told.tell(
        "Somebody guesses at Rosa's password for hours: five times, ten minutes, five times …"
    )
    stranger = stage.app("curl/8.5.0")
    for number in range(ROUNDS):
        replies = [stranger.sign_in(email, f"guess {number} {n}") for n in range(LIMIT)]
        if [r.code for r in replies] != ["wrong"] * (LIMIT - 1) + ["locked"]:
            told.check(f"round {number + 1} has the usual rhythm", good=False, seen=replies)
            return
        stage.pass_time(LOCK)
    told.check("a hundred failures, in the rhythm of five and ten minutes to the end", good=True)
    page = told.page(try_in(stage.browser(), email, password))
    told.check("now the right password is refused, too", page.until is None and page.status != OK)
    app = stage.app()
    app.call("POST", "/recovery", identifier=email)
    app.call("POST", "/recovery/code", code=told.mail(stage.mail(email, "Your code")).code)
    app.call("POST", "/recovery/password", password="a lighthouse in fog")
    stage.pass_time(LOCK)
    page = told.page(try_in(stage.browser(), email, "a lighthouse in fog"))
    told.check("a recovery opens it again", page.path.endswith("/account"), page.path)


def notices(stage: Stage, told: Teller) -> None:
    """A8, the digest: see playing.ACTS."""
    email = "tess@mail.test"
    stage.member("Tess Bloom", email, "a heron at low tide")
    told.tell("Tess is locked out by a stranger four times on one day.")
    for _ in range(4):
        stage.guess(email, LIMIT)
        stage.pass_time(LOCK)
    told.check(
        "three mails about single locks", stage.count(email, "is locked until") == SINGLE_NOTICES
    )
    told.check("and no fourth one", stage.count(email, "was locked") == 0)
    told.tell("A day later:")
    stage.pass_time(DAY)
    mail = told.mail(stage.mail(email, "was locked 4 times"), "Since")
    told.check("one digest that counts them all", "4 times" in mail.subject and not mail.links)
