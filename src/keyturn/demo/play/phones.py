"""A phone number, and what became of each text."""

from __future__ import annotations

from keyturn.demo.play import accounts
from keyturn.demo.play.browser import Browser, Page
from keyturn.demo.play.stage import Stage, eventually
from keyturn.demo.play.telling import Teller

LANDLINE, LANDLINE_E164 = "020 7946 0123", "+442079460123"
FATES = (
    ("+1 202 555 0119", "+12025550119", "sent back by the network", "could not be delivered"),
    ("+1 202 555 0116", "+12025550116", "never heard of again", ""),
)
GOOD, GOOD_E164 = "+1 202 555 0143", "+12025550143"


def phones(stage: Stage, told: Teller) -> None:
    """A6: see playing.ACTS."""
    ann = stage.browser()
    ann.get("/signin")
    ann.send("/signin", identifier=accounts.EMAIL, password=accounts.PASSWORD)
    told.tell(f"Ann types the number of her landline, {LANDLINE}.")
    ann.get("/account/phone")
    page = told.page(ann.send("/account/phone", number=LANDLINE))
    told.check(
        "the page names it as a landline, before anything is sent", page.has("landline"), page.text
    )
    told.check(
        "and offers another number and an authenticator",
        page.has("authenticator") and page.has("Another phone number"),
    )
    told.check("no text has left", not stage.texts(LANDLINE_E164), stage.texts(LANDLINE_E164))
    states = [_fate(stage, told, ann, *fate) for fate in FATES]
    states.append(_delivered(stage, told, ann))
    told.check(
        "sent back, unknown and delivered are told apart", len(set(states)) == len(states), states
    )
    code = stage.text(GOOD_E164).text.text[:6]
    page = told.page(ann.send("/account/phone/code", code=code))
    mail = told.mail(stage.mail(accounts.EMAIL, "phone number was added"), "Number:")
    told.check("the number is hers, and a mail says so", "143" in mail.text, mail.text)


def _fate(
    stage: Stage, told: Teller, ann: Browser, typed: str, number: str, fate: str, words: str
) -> str:
    """One number whose text does not arrive; what the page says of it."""
    told.tell(f"She tries {typed}; its text will be {fate}.")
    ann.get("/account/phone")
    ann.send("/account/phone", number=typed)
    told.text(stage.text(number))
    if words:
        page = eventually(lambda: _when(ann.get("/account/phone/code"), words), words)
    else:
        page = eventually(lambda: _when(ann.get("/account/phone/code"), "Sent"), "sent")
    told.page(page)
    known = _known(page)
    told.seen(f"what is known of the text: {known}")
    told.check(f"the page says what is known: {fate}", bool(known))
    ann.send("/account/phone/restart")
    return known


def _delivered(stage: Stage, told: Teller, ann: Browser) -> str:
    told.tell(f"Then {GOOD}, her mobile.")
    ann.get("/account/phone")
    ann.send("/account/phone", number=GOOD)
    told.text(stage.text(GOOD_E164))
    page = eventually(lambda: _when(ann.get("/account/phone/code"), "Delivered"), "the report")
    known = _known(told.page(page))
    told.seen(f"what is known of the text: {known}")
    told.check("a delivery report makes it “Delivered”", "Delivered" in known, known)
    return known


def _when(page: Page, words: str) -> Page | None:
    return page if page.has(words) else None


def _known(page: Page) -> str:
    """The words beside “What is known of the text”."""
    after = page.text.partition("What is known of the text")[2]
    return after.strip().split(". ")[0][:90]
