"""Cases, the console, diagnosis, contacts."""

from __future__ import annotations

import json
import re

from keyturn.demo.play.browser import Browser, Page
from keyturn.demo.play.locking import try_in
from keyturn.demo.play.stage import Stage
from keyturn.demo.play.telling import Teller
from keyturn.rules.lockout import SECOND

OK, CREATED, NOT_FOUND, UNPROCESSABLE = 200, 201, 404, 422
SUPPORT = "+44 20 7946 0100"
_REF = re.compile(r"KT-[0-9A-Z]{4}-[0-9A-Z]{2,4}")


def staff(stage: Stage, told: Teller, email: str) -> Browser:
    """Somebody of the staff signs in to the console."""
    person = stage.person(email)
    browser = stage.browser()
    try_in(browser, person.email, person.password)
    stage.pass_time(30 * SECOND)  # a code of this half minute may have been used before
    page = browser.send("/signin/second", code=stage.authenticator(person.secret))
    told.page(page)
    return browser


def case(stage: Stage, told: Teller) -> None:
    """A11: see playing.ACTS."""
    browser = stage.browser()
    told.tell("Harold has tried everything the page says, and still is out. He asks for help.")
    browser.get("/help")
    page = told.page(
        browser.send("/help", identifier="harold@mail.test", contact="020 7946 0119",
                     note="It says the code is wrong, whatever I do.")
    )  # fmt: skip
    found = _REF.search(page.text)
    ref = found[0] if found else ""
    told.check("he gets a reference to read out", page.status == CREATED and ref, page.sentence)
    told.check(
        "and what often helps, which tells a stranger nothing",
        page.has("What often helps") and not page.has("landline"),
    )
    told.check("and how to reach a human [A14]", page.has(SUPPORT))
    told.mail(stage.mail("harold@mail.test", "We have your case"), "Your case:")
    browser.get("/help")
    page = browser.send(
        "/help",
        identifier="harold@mail.test",
        contact="020 7946 0119",
        note="my password is long walk by the sea",
    )
    told.check(
        "a note with a password in it is held back", page.status == UNPROCESSABLE, page.status
    )
    tom = staff(stage, told, "tom@northwind.test")
    page = told.page(tom.get(f"/console/cases/{ref}"))
    told.check(
        "Tom of the help desk sees the case with its evidence",
        page.status == OK and page.has("harold@mail.test", "whatever I do"),
    )


def console(stage: Stage, told: Teller) -> None:
    """The console: see playing.ACTS."""
    stage.guess("grace@mail.test", 5)
    told.tell("Grace is locked out. Nadia, the owner, signs in to the console.")
    nadia = staff(stage, told, "nadia@northwind.test")
    page = told.page(nadia.get("/console/users?q=grace"))
    told.check("she finds Grace, locked", page.has("Grace Liu", "Locked"), page.text[:400])
    told.check("nobody else is in the list", not page.has("Mia Torres"))
    link = page.somebody
    page = told.page(nadia.get(link))
    told.check("her page says why she may not get in", page.has("Why this person may not get in"))
    page = told.page(nadia.send("/unlock"))
    told.check("one press unlocks her", page.status == OK, page.status)
    other = try_in(stage.browser(), "grace@mail.test", "not told here 81")
    told.check("Grace gets in", other.path.endswith("/account"), other.path)
    page = told.page(nadia.get("/console/audit?q=grace%40mail.test"))
    told.check("the audit trail names Nadia for it", page.has("Nadia Castell"), page.text[:600])
    _walls(stage, told, link)


def _walls(stage: Stage, told: Teller, link: str) -> None:
    customer = stage.browser()
    person = stage.person("mia@mail.test")
    try_in(customer, person.email, person.password)
    page = told.page(customer.get(link))
    told.check("for a customer there is no console", page.status == NOT_FOUND, page.status)
    page = told.page(stage.browser().get("/console"))
    told.check("a stranger is asked to sign in", page.path.endswith("/signin"), page.path)


def diagnosis(stage: Stage, told: Teller) -> None:
    """The command: see playing.ACTS."""
    stage.guess("carlos@mail.test", 5)
    told.tell("An administrator on the host: keyturn demo diagnose carlos@mail.test")
    said = stage.keyturn("diagnose", "carlos@mail.test")
    lines = [line.strip() for line in said.stdout.splitlines() if line.strip()]
    for line in lines[:4]:
        told.seen(line)
    told.check("it answers with status 0", said.returncode == 0, said.stderr)
    told.check("names the lock as the cause", "lock" in said.stdout.lower(), said.stdout[:300])
    told.check(
        "says what it looked at and could not see",
        "Looked at" in said.stdout and "Could not see" in said.stdout,
    )
    parsed = json.loads(stage.keyturn("diagnose", "carlos@mail.test", "--json").stdout)
    causes = [cause["cause"] for cause in parsed["causes"]]
    told.check("--json says the same to programs", causes and causes[0].startswith("lock."), causes)
    nobody = stage.keyturn("diagnose", "zorro@mail.test")
    told.check("of a name that nobody has it says that", "Nobody is called" in nobody.stdout)
    unlocked = stage.keyturn("user", "unlock", "carlos@mail.test", "--json")
    told.check("keyturn user unlock opens it", unlocked.returncode == 0, unlocked.stderr)


def contacts(stage: Stage, told: Teller) -> None:
    """A14: see playing.ACTS."""
    locked = stage.browser()
    tries = [try_in(locked, "aisha@mail.test", f"guess {number}") for number in range(5)]
    pages: dict[str, Page] = {
        "a locked sign-in": tries[-1],
        "a link that belongs to nothing": stage.browser().get("/link/" + "x" * 43),
        "a page that is not there": stage.browser().get("/no/such/page"),
        "the help form": stage.browser().get("/help"),
        "a forgotten password": stage.browser().get("/recover"),
    }
    for what, each in pages.items():
        told.tell(f"{what[0].upper()}{what[1:]}: “{each.sentence}”")
        reachable = each.has(SUPPORT) or any(link.endswith("/contact") for link in each.links)
        told.check("support is at most one step away", reachable, each.links)
    page = told.page(stage.browser().get("/contact"))
    told.check("with ways and hours", page.has(SUPPORT, "help@northwind.test", "Mon to Fri"))
    told.check(
        "every page promises that nobody asks for a password",
        all(p.has("never ask for your password") for p in pages.values()),
    )
