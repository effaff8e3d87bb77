"""An authenticator: set up, used, used again, lost."""

from __future__ import annotations

import re

from keyturn.demo.play.browser import SAFARI, Page
from keyturn.demo.play.locking import try_in
from keyturn.demo.play.stage import Stage
from keyturn.demo.play.telling import Teller
from keyturn.rules.lockout import SECOND

UNAUTHORISED, UNPROCESSABLE, CODES = 401, 422, 8
EMAIL, PASSWORD = "omar@mail.test", "figs in the market"
STEP = 30 * SECOND
_SECRET = re.compile(r'data-plain="([A-Z2-7]{32})"')
_CODE = re.compile(r"\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}\b")


def enrol(stage: Stage, told: Teller) -> None:
    """The second step: see playing.ACTS."""
    stage.member("Omar Farouk", EMAIL, PASSWORD)
    omar = stage.browser()
    try_in(omar, EMAIL, PASSWORD)
    told.tell("Omar opens “Add a second step” and scans the square with his authenticator.")
    page = told.page(omar.get("/account/totp"))
    found = _SECRET.search(page.body)
    secret = found[1] if found else ""
    told.check("the page shows a QR code, and the key beside it", "<svg" in page.body and secret)
    page = told.page(omar.send("/account/totp", code="123456"))
    told.check("a wrong code does not switch it on", page.status == UNPROCESSABLE, page.status)
    page = told.page(omar.send("/account/totp", code=stage.authenticator(secret)))
    codes = _CODE.findall(page.text)
    told.check("the right one does, and shows recovery codes once", len(codes) >= CODES, page.text)
    told.mail(stage.mail(EMAIL, "authenticator app was added"))
    _use(stage, told, secret, codes)


def _use(stage: Stage, told: Teller, secret: str, codes: list[str]) -> None:
    told.tell("On his phone the password is not enough any more.")
    stage.pass_time(STEP)
    phone = stage.browser(SAFARI)
    page = told.page(try_in(phone, EMAIL, PASSWORD))
    told.check("a code is asked for", page.path.endswith("/signin/second"), page.path)
    code = stage.authenticator(secret)
    page = told.page(phone.send("/signin/second", code=code))
    told.check("the authenticator's code signs in", page.path.endswith("/account"), page.path)
    page = _second(stage, code)
    told.page(page)
    told.check("the same code a second time is refused", page.status == UNAUTHORISED, page.status)
    told.tell(f"His phone is lost. He types a recovery code: {codes[0]}.")
    page = _second(stage, codes[0].lower().replace("-", " "))
    told.page(page)
    told.check("it signs in, typed in small letters with spaces", page.path.endswith("/account"))
    told.mail(stage.mail(EMAIL, "recovery code was used"))
    page = _second(stage, codes[0])
    told.page(page)
    told.check("the same recovery code again is refused", page.status == UNAUTHORISED, page.status)


def _second(stage: Stage, code: str) -> Page:
    """Omar's password and a code in a browser that nobody knows."""
    browser = stage.browser()
    try_in(browser, EMAIL, PASSWORD)
    return browser.send("/signin/second", code=code)
