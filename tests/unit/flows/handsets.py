"""Phones that scan codes, and pages that show them, without door or page in between.

shown = show(house, ada)                    a code on a page: shown.secret, shown.letters
phone = Handset(house)
phone.scan(shown)                           an Offer, or why not
bound = phone.bind(house.user())            all of it
phone.said()                                a fresh number, for a flow
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from keyturn.flows import binding
from keyturn.flows.binding import Bound, Offer
from keyturn.ports.store import Tx
from keyturn.rules import activation, enrolment, phone_app
from keyturn.rules.accounts import User
from keyturn.rules.activation import Link
from keyturn.rules.binding import Rows
from keyturn.rules.callers import Caller
from keyturn.rules.enrolment import ScanCode
from keyturn.rules.phone_app import Phone
from keyturn.steps import sessions
from keyturn.steps.acts import begin
from keyturn.steps.phone_door import Refused, Said
from keyturn.steps.scanned import SCANNED, TYPED
from tests.unit.flows.house import Browser, House, run

NUMBER, WRONG = "42", "43"
NAME = "Chrome on Android"


@dataclass(frozen=True, slots=True)
class Shown:
    """A code, and what its page shows."""

    code: ScanCode
    secret: str
    letters: str


def invite(house: House, user: User) -> Link:
    """A link of the user's."""
    now = house.clock.now()
    link = activation.made(
        house.random.id(now), user.tenant_id, user.id, house.random.token(), 0, now
    )
    house.write(lambda tx: tx.phones.save(Rows(user), Rows(user, links=(link,))))
    return link


def show(house: House, user: User, letters: str = "7F3KABCDEF", **fields: Any) -> Shown:
    """A page shows a code; others of the user's stay as they are."""
    now, digest = house.clock.now(), house.sealer.digest
    code_id, secret = house.random.id(now), house.random.token(16)
    plain = ScanCode(
        id=code_id, tenant_id=user.tenant_id, user_id=user.id, flow_id=house.random.id(now),
        link=0, epoch=user.epoch, digest=digest(SCANNED, f"{code_id}|{secret}"),
        name=letters[: enrolment.NAMING], typed=digest(TYPED, f"{code_id}|{letters}"),
        number=NUMBER, made_at=now, expires_at=now + enrolment.LIFE_MS,
    )  # fmt: skip
    code = replace(plain, **fields)
    house.write(lambda tx: tx.phones.save(Rows(user), Rows(user, codes=(code,))))
    return Shown(code, secret, letters)


def give(house: House, user: User, **fields: Any) -> Phone:
    """A phone that was bound some time."""
    now = house.clock.now()
    plain = phone_app.bound(house.random.id(now), user.tenant_id, user.id, "key", NAME, now)
    phone = replace(plain, **fields)
    house.write(lambda tx: tx.phones.save(Rows(user), Rows(user, phones=(phone,))))
    return phone


def stored(house: House, code_id: str) -> ScanCode:
    """A code as it is stored."""
    found = house.write(lambda tx: tx.phones.code(house.tenant.id, code_id))
    assert found is not None
    return found


def phones(house: House, user: User) -> list[Phone]:
    """All of a user's, the newest first."""
    return list(house.write(lambda tx: tx.phones.of_user(user.tenant_id, user.id)))


class Handset:
    """A phone with a key of its own."""

    def __init__(self, house: House, key: str = "key of a phone", ip: str = "") -> None:
        self.house = house
        self.key = key
        self.browser = house.browser(ip=ip or None)
        self.browser.name = NAME
        self.id = ""
        self.number_said = 0

    @property
    def caller(self) -> Caller:
        """As the door makes it."""
        return self.browser.caller

    def scan(self, shown: Shown, **other: str) -> Offer | Refused:
        """Scan a code."""
        asked = {"code_id": shown.code.id, "secret": shown.secret, **other}
        return run(binding.scan(self.house.parts, self.caller, self.key, **asked))

    def type_in(self, letters: str) -> Offer | Refused:
        """Type letters."""
        return run(binding.type_in(self.house.parts, self.caller, self.key, letters))

    def say(self, shown: Shown, typed: str = NUMBER) -> Bound | Refused:
        """Say a number."""
        code = shown.code.id
        answer = run(
            binding.number(self.house.parts, self.caller, self.key, code, typed, NAME)
        )  # fmt: skip
        if isinstance(answer, Bound):
            self.id = answer.phone.id
        return answer

    def bind(self, user: User) -> Bound:
        """All of it."""
        shown = show(self.house, user)
        assert isinstance(self.scan(shown), Offer)
        answer = self.say(shown)
        assert isinstance(answer, Bound), answer
        return answer

    def said(self, number: int | None = None) -> Said:
        """A request with the next number."""
        self.number_said = self.number_said + 1 if number is None else number
        return Said(self.id, self.number_said)


def enters(house: House, user: User) -> Browser:
    """A browser of the user's that is signed in, and known from now on."""
    browser = house.browser()
    act = begin(house.parts, browser.caller)
    browser.keep(
        house.write(lambda tx: sessions.enter(tx, act, user, None, level=2, trusted=False))
    )
    return browser


def disable(tx: Tx, user: User, now: int) -> None:
    """As staff's room does it."""
    from keyturn.rules import binding as rules

    rows = tx.phones.held(user.tenant_id, user.id, now)
    assert rows is not None
    after = rules.disable(rows, now)
    assert isinstance(after, Rows)
    tx.phones.save(rows, after)


def reset(tx: Tx, user: User, now: int, link_id: str) -> None:
    """As Reset User does it."""
    from keyturn.rules import binding as rules

    rows = tx.phones.held(user.tenant_id, user.id, now)
    assert rows is not None
    after = rules.reset_user(rows, link_id, f"digest of {link_id}", now, alone=False)
    assert isinstance(after, Rows)
    tx.phones.save(rows, after)
