"""A help desk for tests: technicians, callers, and what the callers have in hand.

desk = HelpDesk(house)
tom = desk.staff("tom")
ref = desk.case(tom)              Ada calls; Tom's case
desk.push(tom, ref)               she approves in the phone app
"""

from __future__ import annotations

from typing import Any

from keyturn.flows import casework, proving, verifying
from keyturn.flows.casework import Desk
from keyturn.flows.staff import authorise
from keyturn.rules.access import Staff
from keyturn.rules.accounts import Role, User
from keyturn.rules.caselog import Row
from keyturn.rules.grants import Deed, Permit, Short
from keyturn.rules.lockout import DAY
from keyturn.rules.proofs import Method
from keyturn.steps import offline_codes
from keyturn.steps.acts import begin
from keyturn.steps.phone_door import Heard
from tests.unit.flows.house import EMAIL, House, run
from tests.unit.flows.pockets import Pocket

NUMBER = "+447400123456"


class HelpDesk:
    """Ada calls: her number is proved, and she has a phone; all since yesterday."""

    def __init__(self, house: House, **fields: Any) -> None:
        self.house = house
        now = house.clock.now()
        self.ada = house.user(**{"phone": NUMBER, "phone_verified_at": now, **fields})
        self.pocket = Pocket(house, self.ada)
        house.clock.move(DAY)

    def staff(self, name: str, role: Role = Role.TECHNICIAN) -> Staff:
        """Somebody who is signed in to the console."""
        house = self.house
        browser = house.browser()
        user = house.user(f"{name}@northwind.test", role=role, name=name.title())
        found = run(authorise(house.parts, browser.caller, house.signed(browser, user)))
        assert isinstance(found, Staff)
        return found

    def case(self, staff: Staff, typed: str = EMAIL) -> str:
        """A case for whoever has this name; opened a while ago."""
        answer = run(casework.open_for(self.house.parts, staff, typed, "", ""))
        assert isinstance(answer, casework.Done), answer
        self.house.clock.move(1)
        return answer.ref

    def look(self, staff: Staff, ref: str) -> Desk:
        """The case's page."""
        found = run(casework.look(self.house.parts, staff, ref))
        assert isinstance(found, Desk)
        return found

    def log(self, staff: Staff, ref: str) -> list[Row]:
        """What happened in it."""
        return [entry.row for entry in self.look(staff, ref).entries]

    def kinds(self, staff: Staff, ref: str) -> list[str]:
        """… by kinds."""
        return [str(row.kind) for row in self.log(staff, ref)]

    def proved(self, staff: Staff, ref: str) -> set[str]:
        """By which methods the caller is proved now."""
        return {str(proof.method) for proof in self.look(staff, ref).proofs}

    def deed(self, staff: Staff, ref: str, deed: Deed = Deed.LOST_PHONE) -> Permit | Short:
        """What the table says of a deed."""
        return next(one for one in self.look(staff, ref).deeds if one.deed is deed)

    # -- proofs

    def asks(self, staff: Staff, ref: str) -> str:
        """The phone is asked; the question's id."""
        answer = run(verifying.start(self.house.parts, staff, self.ada.id, ref))
        assert isinstance(answer, verifying.Started), answer
        return answer.id

    def push(self, staff: Staff, ref: str) -> None:
        """She approves in the app."""
        self.asks(staff, ref)
        self.pocket.approves()

    def send(self, staff: Staff, ref: str, method: Method) -> str:
        """A code is sent; the code."""
        answer = run(proving.send(self.house.parts, staff, ref, method))
        assert isinstance(answer, proving.CodeSent), answer
        return self.house.last("case_code").code

    def reads(self, staff: Staff, ref: str, method: Method) -> None:
        """She reads the code of a text or a mail."""
        code = self.send(staff, ref, method)
        answer = run(proving.enter(self.house.parts, staff, ref, method, code))
        assert isinstance(answer, proving.Proved), answer

    def secret(self) -> str:
        """Her app shows codes without a network: their secret."""
        house, pocket = self.house, self.pocket
        return house.write(
            lambda tx: offline_codes.renew(
                tx, begin(house.parts, pocket.browser.caller), Heard(pocket.phone, self.ada)
            )
        )

    def offline(self, staff: Staff, ref: str, secret: str) -> proving.Proved | Any:
        """She reads the code that the app shows."""
        code = self.house.code_of(secret)
        return run(proving.enter(self.house.parts, staff, ref, Method.OFFLINE, code))

    def vouch(self, staff: Staff, ref: str, colleague: Staff, *, known: bool = True) -> Any:
        """A colleague is asked and answers."""
        assert colleague.user is not None
        asked = run(proving.ask(self.house.parts, staff, ref, colleague.user.id))
        assert isinstance(asked, proving.Asked), asked
        return run(proving.vouch(self.house.parts, colleague, ref, known=known))


def me(staff: Staff) -> User:
    """Who they are."""
    assert staff.user is not None
    return staff.user
