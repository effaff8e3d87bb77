"""Impostors with true public facts, and what they get: nothing."""

from __future__ import annotations

from typing import Final

from keyturn.demo.past import MOBILE
from keyturn.demo.play.calls.desk import (
    BEN,
    CODE,
    CONFLICT,
    GRACE,
    HAROLD,
    MIA,
    NADIA,
    Desk,
    Floor,
    enter,
    well,
)
from keyturn.demo.play.telling import Teller
from keyturn.rules.lockout import DAY, HOUR, MINUTE
from keyturn.rules.recoveries import WAIT_MS

_WRONG: Final = 5


def facts(stage: Floor, told: Teller) -> None:
    """See table.CALLS."""
    desk = Desk(stage, told)
    told.tell("She knows Mia's birthday, street, manager and last order, and is very friendly.")
    desk.calls(MIA, "knows her birthday, street and manager")
    page = told.page(desk.case())
    told.check("what a caller knows proves nothing", page.has("proves nothing"), page.sentence)
    desk.nothing(page)
    well(stage, told, stage.person(MIA))


def guesses(stage: Floor, told: Teller) -> None:
    """See table.CALLS."""
    desk = Desk(stage, told)
    told.tell("He knows Mia's staff number, says “the text must be on its way”, and guesses.")
    desk.calls(MIA)
    desk.sent("mail")
    right = stage.mail(MIA, "Your code for the help desk").code
    wrong = [f"{number:06d}" for number in range(_WRONG + 1) if f"{number:06d}" != right][:_WRONG]
    for code in wrong:
        desk.types("mail", code)
    page = told.page(desk.case())
    told.check("after five wrong codes reading aloud is over", page.has("over in this case"))
    late = desk.force("proofs/mail/enter", code=right)
    told.check("the right one comes too late", late.status == CONFLICT, late.status)
    desk.nothing(page)


def relays(stage: Floor, told: Teller) -> None:
    """See table.CALLS."""
    desk = Desk(stage, told)
    told.tell("He has Mia on another line, and she reads him every code that comes.")
    desk.calls(MIA)
    before = len(stage.texts(MOBILE))
    desk.sent("text")
    text = told.text(stage.text(MOBILE, before)).text.text
    told.check("the text says who asks, in which case", desk.ref in text and "Nobody else" in text)
    desk.types("text", (CODE.search(text) or [""])[0])
    page = told.page(desk.mailed(MIA))
    told.check("text and mail are both proved", page.has("Code by text", "Code by mail"))
    told.check("and are still one voice", page.has("cannot be read aloud"), page.text[-400:])
    desk.nothing(page)


def swapped(stage: Floor, told: Teller) -> None:
    """See table.CALLS."""
    told.tell("He has taken over Mia's number with a new SIM. Her codes by text come to him.")
    stage.pass_time(HOUR)
    desk = Desk(stage, told)
    desk.calls(MIA)
    desk.texted(MOBILE)
    page = told.page(desk.asks_nadia("no"))
    told.check("Nadia does not know him, and the log says so", page.has("said no"))
    desk.nothing(page)


def hurries(stage: Floor, told: Teller) -> None:
    """See table.CALLS."""
    desk = Desk(stage, told)
    told.tell("“I am Mia's manager, her plane leaves in ten minutes, do it now, I answer for it!”")
    desk.calls(MIA, "in a great hurry; names her manager, who answers for it")
    told.tell("Tom would, and looks for a way. Every address behind every button is shut.")
    for place, fields in (
        ("lost", {}), ("link", {}), ("proofs/push/enter", {"code": "123456"}),
        ("proofs/mail/enter", {"code": "123456"}), ("approve", {"known": "yes"}),
    ):  # fmt: skip
        page = desk.force(place, **fields)
        told.check(f"…/{place}: {page.status}", page.status >= CONFLICT - 5, page.sentence)
    told.tell("Reset User needs no proof: but its link goes to Mia's own mailbox, to nobody else.")
    page = desk.browser.get(f"{desk.user()}/reset-user")
    told.check("and its page takes no address", 'name="email"' not in page.body, page.sentence)
    desk.nothing(desk.case())


def waits(stage: Floor, told: Teller) -> None:
    """See table.CALLS."""
    desk = Desk(stage, told)
    told.tell("She proves Ben's mailbox, which she has open, and calls back ten minutes later.")
    desk.calls(BEN)
    desk.mailed(BEN)
    told.check("Tom has a proof", desk.case().has("Counts until"))
    stage.pass_time(10 * MINUTE)
    desk.proves()
    page = told.page(desk.case())
    told.check("a proof of ten minutes ago is none", page.has("Not proved"), page.sentence)
    desk.mailed(BEN)
    told.tell("Tom refuses. She asks for somebody “with more rights”, and gets Nadia.")
    nadia = enter(stage, told, stage.person(NADIA))
    nadia.get(desk.at)
    nadia.send("/take")
    page = told.page(nadia.get(desk.at))
    told.check("what was proved to Tom is nothing to her", page.has("Not proved"), page.sentence)
    desk.nothing(desk.case())
    well(stage, told, stage.person(BEN))


def accomplice(stage: Floor, told: Teller) -> None:
    """See table.CALLS."""
    if stage.uma is None:
        raise LookupError("uma")
    desk = Desk(stage, told)
    told.tell("He is in league with Uma of the help desk, who says that she knows him: “Harold!”")
    desk.calls(HAROLD)
    uma = enter(stage, told, stage.uma)
    page = told.page(desk.asks("Uma", uma, "yes"))
    told.check("her word is one proof", page.has("Word of a colleague: Uma"), page.text[:400])
    told.check("and one more is missing", page.has("One more proof is missing, by other means."))
    desk.nothing(page)
    told.tell("Uma takes the case herself, to do it without Tom.")
    uma.get(desk.at)
    uma.send("/take")
    page = told.page(uma.get(desk.at))
    told.check("her own word counts nothing in her own case", page.has("Not proved"), page.sentence)
    forced = uma.post(f"{desk.at}/lost", {"csrf": uma.page.forms[0].fields["csrf"]})  # type: ignore[union-attr]
    told.check("and the address is shut to her, too", forced.status == CONFLICT, forced.status)
    desk.stored()


def convinces(stage: Floor, told: Teller) -> None:
    """See table.CALLS."""
    stage.pass_time(DAY)
    desk = Desk(stage, told)
    told.tell("She has Grace's mailbox open, and even Nadia takes her for Grace.")
    desk.calls(GRACE)
    desk.mailed(GRACE)
    desk.asks_nadia("yes")
    page = told.page(desk.begins())
    told.check("it waits a day: no factor of Grace's took part", page.has("Waits"), page.text[:500])
    notice = told.mail(stage.mail(GRACE, "A new phone for your"), "Happens:")
    grace = stage.browser()
    grace.get(notice.link("/notme/"))
    stopped = told.page(grace.send(grace.page.path if grace.page else ""))
    told.check("Grace objects", stopped.status < CONFLICT, stopped.status)
    page = told.page(desk.case())
    told.check("and it is stopped at once", page.has("Stopped", "wasn’t me"), page.text[:600])
    stage.pass_time(WAIT_MS)
    told.check("no link ever goes out", stage.count(GRACE, "Set up your phone") == 0)
    desk.stored("a grant")
