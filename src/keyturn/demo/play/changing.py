"""Another address and a new password, and how the owner takes them back."""

from __future__ import annotations

from keyturn.demo.play.locking import try_in
from keyturn.demo.play.stage import Stage
from keyturn.demo.play.telling import Teller
from keyturn.rules.lockout import MINUTE

OK, UNPROCESSABLE = 200, 422
EMAIL, PASSWORD, NEW = "gil@mail.test", "gravel under the gate", "the gate over the gravel"
ELSEWHERE = "gil@elsewhere.test"


def changes(stage: Stage, told: Teller) -> None:
    """See playing.ACTS."""
    stage.member("Gil Hart", EMAIL, PASSWORD)
    desk = stage.browser()
    try_in(desk, EMAIL, PASSWORD)
    told.tell("Gil leaves his browser open and goes for lunch. Somebody sits down at it.")
    stage.pass_time(11 * MINUTE)
    page = told.page(desk.get("/account/email"))
    told.check(
        "to change the address, the password is asked for", page.path.endswith("/account/proof")
    )
    page = told.page(desk.send("/account/proof", password="a guess"))
    told.check("a guess does not do", page.status == UNPROCESSABLE, page.status)
    told.tell("It was a colleague who has looked over his shoulder, and knows it.")
    page = desk.send("/account/proof", password=PASSWORD)
    told.check("then the form comes", told.page(page).path.endswith("/account/email"), page.path)
    page = told.page(desk.send("/account/email", email=ELSEWHERE))
    told.check("nothing changes before the code", page.has("A code went to"), page.text)
    code = told.mail(stage.mail(ELSEWHERE, "Confirm your new"), "makes this the address").code
    page = told.page(desk.send("/account/email/code", code=code))
    told.check("the address is another one now", page.has(ELSEWHERE), page.text)
    desk.get("/account/password")
    page = told.page(desk.send("/account/password", current=PASSWORD, password=NEW))
    told.check("and so is the password", page.has("works from now on"), page.text)
    _undone(stage, told)


def _undone(stage: Stage, told: Teller) -> None:
    told.tell("Gil's old address was told at once. On his phone he opens the link.")
    mail = told.mail(stage.mail(EMAIL, "address of your"), "New address")
    phone = stage.browser()
    page = phone.get(mail.link("/notme/"))
    told.page(phone.send(page.path))
    told.tell("He asks for a new password under the address he has always had.")
    phone.get("/recover")
    phone.send("/recover", identifier=EMAIL)
    code = told.mail(stage.mail(EMAIL, "Your code for a new")).code
    phone.send("/recover/code", code=code)
    phone.send("/recover/password", password="stones below the bars")
    page = told.page(try_in(phone, EMAIL, "stones below the bars"))
    told.check("he is in, by his own address", page.has(EMAIL) and page.status == OK, page.text)
    told.check("and the thief's address is nobody's", not page.has(ELSEWHERE), page.text)
