"""Honest callers, and how they are helped."""

from __future__ import annotations

from keyturn.demo.play.browser import SAFARI
from keyturn.demo.play.calls.before import PEOPLE
from keyturn.demo.play.calls.desk import (
    BEN,
    CARLOS,
    CODE,
    CONFLICT,
    ELIN,
    FARID,
    HAROLD,
    HUGO,
    IVY,
    MIA,
    UNPROCESSABLE,
    Desk,
    Floor,
)
from keyturn.demo.play.calls.handset import Handset
from keyturn.demo.play.locking import try_in
from keyturn.demo.play.telling import Teller
from keyturn.rules.lockout import HOUR
from keyturn.rules.recoveries import WAIT_MS

FRESH, FRESH_E164 = "+1 202 555 0147", "+12025550147"


def locked_out(stage: Floor, told: Teller) -> None:
    """See table.CALLS."""
    stage.guess(CARLOS, 5)
    desk = Desk(stage, told)
    told.tell("Carlos is locked out, and says nothing but his user name.")
    desk.calls(CARLOS)
    page = told.page(desk.case())
    why = page.has("Say to the person")
    told.check("the case says why he may not get in", why, page.text[:600])
    told.check("to unlock asks for nothing", page.has("They harm nobody."))
    desk.browser.get(desk.user())
    page = told.page(desk.send("/unlock"))
    told.check("one press unlocks him", not page.has("Locked for"), page.sentence)
    page = told.page(try_in(stage.browser(), CARLOS, PEOPLE[CARLOS].password))
    told.check("he is in", page.path.endswith("/account"), page.path)
    desk.ends()


def again(stage: Floor, told: Teller) -> None:
    """See table.CALLS."""
    stage.pass_time(HOUR)
    desk = Desk(stage, told)
    told.tell("Mia wants to set up her phone, finds no mail, and reads a code from her mailbox.")
    desk.calls(MIA)
    refused = desk.force("link")
    told.check("without a proof no link is sent", refused.status == CONFLICT, refused.status)
    desk.mailed(MIA)
    desk.case()
    desk.send("/link")
    letter = told.mail(stage.mail(MIA, "to set up your phone"), "Works until:")
    phone = Handset(stage)
    page = told.page(phone.set_up(letter))
    told.check("by it her phone is set up", phone.id, page.sentence)
    desk.ends()


def lost(stage: Floor, told: Teller) -> None:
    """See table.CALLS."""
    desk = Desk(stage, told)
    told.tell("Ben has lost the phone with his authenticator. He has his mailbox, and Nadia.")
    desk.calls(BEN, "lost his phone on a ferry")
    desk.mailed(BEN)
    page = told.page(desk.asks_nadia("yes"))
    told.check("two proofs by different means permit it", page.has("Begin…"), page.text[-500:])
    page = told.page(desk.begins())
    told.check("he is told that it takes a day", page.has("Waits"))
    told.mail(stage.mail(BEN, "A new phone for your"), "Happens:")
    early = stage.count(BEN, "Set up your phone")
    told.check("no link before the day is over", not early, early)
    stage.pass_time(WAIT_MS)
    letter = told.mail(stage.mail(BEN, "Set up your phone"), "Works until:")
    phone = Handset(stage)
    page = told.page(phone.set_up(letter))
    told.check("then another phone is his", phone.id, page.sentence)
    desk.ends()


def lost_at_home(stage: Floor, told: Teller) -> None:
    """See table.CALLS."""
    camera = stage.cameras[ELIN]
    stage.pass_time(HOUR)
    desk = Desk(stage, told)
    told.tell(
        "Elin's phone fell into the sea. She is at home, beside her camera, with her mailbox."
    )
    desk.calls(ELIN, "her phone is in the sea")
    page = desk.is_there(camera)
    told.check("she was there", page.has("Button of their device", "Counts until"), page.sentence)
    page = told.page(desk.mailed(ELIN))
    told.check("press and mail permit it at once", page.has("At once"), page.text[-600:])
    desk.begins()
    told.mail(stage.mail(ELIN, "A new phone for your"), "Happens:")
    letter = told.mail(stage.mail(ELIN, "Set up your phone"), "Works until:")
    phone = Handset(stage)
    page = told.page(phone.set_up(letter))
    told.check("another phone is hers within the call", phone.id, page.sentence)
    desk.ends()


def new_phone(stage: Floor, told: Teller) -> None:
    """See table.CALLS."""
    phone = stage.phones[FARID]
    desk = Desk(stage, told)
    told.tell("Farid has bought another phone. The old one is still in his hand.")
    desk.calls(FARID)
    page = told.page(desk.rings())
    number = page.sentence.partition(" type ")[2][:2]
    said = phone.approves(number)
    told.check(f"he types {number} in the app, and his PIN", "result" in said, said)
    page = told.page(desk.mailed(FARID))
    told.check("phone and mailbox permit it at once", page.has("At once"), page.text[-600:])
    desk.begins()
    letter = told.mail(stage.mail(FARID, "Set up your phone"), "Works until:")
    fresh = Handset(stage)
    page = told.page(fresh.set_up(letter))
    told.check("the new phone is his", fresh.id, page.sentence)
    told.check("the old one says nothing for him any more", "error" in phone.ask("state"))
    stage.phones[FARID] = fresh
    desk.ends()


def landline(stage: Floor, told: Teller) -> None:
    """See table.CALLS."""
    harold = stage.person(HAROLD)
    desk = Desk(stage, told)
    told.tell("Harold waits for texts that never come.")
    desk.calls(HAROLD, "no text ever comes")
    page = told.page(desk.case())
    told.check("the case knows why: a landline", page.has("landline"), page.text[:900])
    told.tell("Tom says so. Harold takes his mobile phone.")
    browser = stage.browser(SAFARI)
    try_in(browser, harold.email, harold.password)
    browser.get("/account/phone")
    before = len(stage.texts(FRESH_E164))
    browser.send("/account/phone", number=FRESH)
    text = told.text(stage.text(FRESH_E164, before)).text.text
    page = told.page(browser.send("/account/phone/code", code=(CODE.search(text) or [""])[0]))
    told.check("his number is proved", page.status < CONFLICT, page.sentence)
    desk.ends()


def unconfirmed(stage: Floor, told: Teller) -> None:
    """See table.CALLS."""
    ivy = stage.person(IVY)
    desk = Desk(stage, told)
    told.tell("Ivy signed up in a hurry, and cannot get in.")
    desk.calls(IVY)
    page = told.page(desk.case())
    told.check("the case knows why", page.has("never"), page.text[:900])
    told.tell("Tom tells her to sign in once more, and to enter what comes by mail.")
    browser = stage.browser()
    try_in(browser, ivy.email, ivy.password)
    page = told.page(browser.send("/code", code=stage.mail(IVY, "Confirm").code))
    told.check("she is in", page.path.startswith("/account"), (page.path, page.sentence))
    desk.ends()


def stolen_laptop(stage: Floor, told: Teller) -> None:
    """See table.CALLS."""
    laptop = stage.browser()
    try_in(laptop, HUGO, PEOPLE[HUGO].password)
    desk = Desk(stage, told)
    told.tell("Hugo's laptop is stolen, and he is signed in on it.")
    desk.calls(HUGO)
    told.check("ending sessions asks for nothing", desk.case().has("They harm nobody."))
    page = desk.browser.get(f"{desk.user()}/sessions")
    told.page(desk.send("/sessions"))
    page = told.page(laptop.get("/account"))
    told.check("the laptop is out", page.path.endswith("/signin"), page.path)
    desk.ends()


def secrets(stage: Floor, told: Teller) -> None:
    """See table.CALLS."""
    desk = Desk(stage, told)
    told.tell("A caller blurts a password out, and Tom writes it down.")
    desk.calls(MIA)
    desk.case()
    page = told.page(desk.send("/note", words="says her password is tulips by the canal"))
    told.check("the note is handed back", page.status == UNPROCESSABLE, page.status)
    told.check("and stored nowhere", not desk.case().has("tulips"))
