"""Phones in people's pockets: bound, subscribed, and answering what they are asked.

pocket = Pocket(house, user)
(question,) = pocket.waiting()
pocket.says(question.one, APPROVE, question.one.number)
"""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.asymmetric import ec

from keyturn.adapters.memory_push import MemoryBrowser, MemoryPusher, MemoryPushService
from keyturn.flows import answering
from keyturn.flows.answering import Answer, Question, Reply
from keyturn.flows.deliver import Courier, deliver_due
from keyturn.ports.phones import Subscribed
from keyturn.ports.store import Tx
from keyturn.rules import approvals, phone_app
from keyturn.rules.accounts import Tenant, User
from keyturn.rules.approvals import Approval, Verdict
from keyturn.rules.binding import Rows
from keyturn.rules.phone_app import Phone, Push, PushState
from keyturn.steps import phone_lock, subscriptions
from keyturn.steps.acts import begin
from keyturn.steps.phone_door import Heard, Refused, Said, Why
from keyturn.wire import phone_answers
from keyturn.wire.phones import point
from tests.unit.flows.handsets import give
from tests.unit.flows.house import House, run

APPROVE, DENY = Verdict
PIN = "p" * 43
NAME = "Chrome on Android (Pixel 8)"


class Pocket:
    """One phone of one user."""

    def __init__(self, house: House, user: User, *, scalar: int = 7) -> None:
        self.house = house
        self.user = user
        self.key = ec.derive_private_key(scalar, ec.SECP256R1())
        self.phone = give(house, user, key=point(self.key.public_key()), name=NAME)
        self.browser = house.browser(tenant=self._tenant())
        self.sequence = 0
        house.write(self._locked)

    def _locked(self, tx: Tx) -> None:
        """The PIN of its app lock."""
        act = begin(self.house.parts, self.browser.caller)
        phone_lock.choose(tx, act, Heard(self.phone, self.user), PIN)

    @property
    def said(self) -> Said:
        """What the signature of its next request says."""
        self.sequence += 1
        return Said(self.phone.id, self.sequence)

    def _tenant(self) -> Tenant:
        found = self.house.write(lambda tx: tx.tenants.get(self.user.tenant_id))
        assert found is not None
        return found

    def again(self) -> Phone:
        """As it is stored."""
        found = self.house.write(lambda tx: tx.phones.phone(self.user.tenant_id, self.phone.id))
        assert found is not None
        return found

    def subscribes(self, service: MemoryPushService) -> MemoryBrowser:
        """The app allows notifications."""
        held = service.subscribe(MemoryPusher(service).public_key)
        to, tenant_id = held.subscription, self.user.tenant_id
        sealed = subscriptions.seal(
            self.house.sealer, self.phone.id, to.endpoint, text_of(to.p256dh), text_of(to.auth)
        )
        works = Push(PushState.WORKS, self.house.clock.now())
        row = Subscribed(self.phone.id, sealed, works)
        self.house.write(lambda tx: tx.phones.subscribe(tenant_id, row))
        return held

    def waiting(self) -> tuple[Question, ...]:
        """What the app shows."""
        found = run(answering.waiting(self.house.parts, self.browser.caller, self.said))
        assert not isinstance(found, Refused), found
        return found

    def stored(self, one: Approval) -> Approval:
        """A question as it is stored."""
        found = self.house.write(lambda tx: tx.phones.approval(one.tenant_id, one.id))
        assert found is not None
        return found

    def signs(self, one: Approval, verdict: Verdict, typed: str) -> Reply:
        """An answer to what the phone has shown."""
        statement = approvals.statement(one, verdict, typed)
        proof = PIN if verdict is APPROVE else None
        return Reply(one.id, verdict, typed, phone_answers.sign(self.key, statement), proof)

    async def sends(self, reply: Reply) -> Answer:
        """The server hears it; a request that another one has overtaken is signed once more."""
        parts, caller, judge = self.house.parts, self.browser.caller, phone_answers.signed
        while True:
            answer = await answering.answer(parts, caller, self.said, reply, judge)
            if answer != Refused(Why.SEQUENCE):
                return answer

    def says(self, one: Approval, verdict: Verdict, typed: str = "") -> Answer:
        """All of it."""
        return run(self.sends(self.signs(one, verdict, typed)))

    def approves(self) -> Answer:
        """Yes to the newest, with the number that was shown."""
        one = self.waiting()[0].one
        return self.says(one, APPROVE, one.number)

    def denies(self) -> Answer:
        """No to the newest."""
        return self.says(self.waiting()[0].one, DENY)


def text_of(octets: bytes) -> str:
    """As a browser writes them."""
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def deliver(house: House, service: MemoryPushService | None, limit: int = 10) -> int:
    """Send the pushes that are due; None: no push is set up."""
    nobody: object = None
    made = None if service is None else (lambda: MemoryPusher(service))
    courier = Courier(nobody, None, nobody, pusher=made)  # type: ignore[arg-type]
    return run(deliver_due(house.parts, courier, limit, pushes=True))


def rebound(pocket: Pocket, state: phone_app.PhoneState) -> None:
    """The phone is over, and nobody said so to its questions."""
    house, user = pocket.house, pocket.house.again(pocket.user)
    before = pocket.again()
    after = phone_app.over(before, state, house.clock.now())
    house.write(
        lambda tx: tx.phones.save(Rows(user, phones=(before,)), Rows(user, phones=(after,)))
    )
