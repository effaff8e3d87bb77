"""The phone's own lock in place of the app's PIN, and whoever tries to pass it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from keyturn.demo.play.authenticator import PRESENT, Authenticator
from keyturn.flows import asking, own_lock, passkeys, phone_app, phone_resets
from keyturn.flows.answering import Taken
from keyturn.flows.asking import Standing
from keyturn.ports.parts import Parts
from keyturn.rules.accounts import User
from keyturn.rules.app_lock import Does, Doing, LockKey, Proof
from keyturn.rules.approvals import Approval, State, Verdict
from keyturn.rules.callers import Caller
from keyturn.rules.lockout import MINUTE, Lane
from keyturn.rules.passkeys import LIFE_MS, Assertion, Attestation, assertion, attestation
from keyturn.steps.choosing import Choosing
from keyturn.steps.phone_door import Refused, Said, Why
from tests.unit.flows.domain import Domain
from tests.unit.flows.hands import enrolled, made, token, used
from tests.unit.flows.handsets import Handset
from tests.unit.flows.house import House, run
from tests.unit.flows.pockets import PIN as POCKET_PIN
from tests.unit.flows.pockets import Pocket

PIN, OTHER_PIN = "a" * 43, "b" * 43
UNLOCK = Doing(Does.UNLOCK)
APPROVE = Verdict.APPROVE


class Carried(Handset):
    """A phone in a pocket, as this page asks it."""

    def __init__(self, pocket: Pocket) -> None:
        self.house, self.pocket, self.id = pocket.house, pocket, pocket.phone.id
        self.browser = pocket.browser

    def said(self, number: int | None = None) -> Said:
        return self.pocket.said


def signing_in(house: House) -> Approval:
    """Somebody has the password, and asks the phone."""
    browser = house.browser()
    browser.sign_in()
    answer = run(asking.for_flow(house.parts, browser.caller, "signin"))
    assert isinstance(answer, Standing), answer
    return answer.one


@dataclass
class Locked:
    """A phone whose platform has a lock of its own."""

    phone: Handset
    token: Authenticator = field(default_factory=token)

    @property
    def said(self) -> tuple[Parts, Caller, Said]:
        return self.phone.house.parts, self.phone.caller, self.phone.said()

    def asked_new(self) -> Mapping[str, Any]:
        found = run(own_lock.ask_new(*self.said))
        assert not isinstance(found, Refused), found
        return dict(found)

    def add(self, given: Attestation | None = None, proof: Proof | None = PIN) -> Refused | None:
        given = given or made(self.token, self.asked_new())
        return run(own_lock.add(*self.said, given, proof))

    def asked(self, doing: Doing = UNLOCK) -> Mapping[str, Any]:
        found = run(own_lock.ask(*self.said, doing))
        assert isinstance(found, Mapping), found
        return found

    def opens(self, doing: Doing = UNLOCK) -> Assertion:
        """The finger is on it."""
        return used(self.token, self.asked(doing))

    def unlock(self, proof: Proof | None) -> int | Refused:
        return run(phone_app.unlock(*self.said, proof))

    @property
    def key(self) -> LockKey | None:
        house, phone = self.phone.house, self.phone.id
        kept = house.write(lambda tx: tx.phones.kept(house.tenant.id, phone))
        assert kept is not None
        return kept.key


@pytest.fixture
def user(house: House) -> User:
    return house.user()


def bound(house: House, user: User, **browser: Any) -> Locked:
    """A phone with a PIN."""
    handset = Handset(house, **browser)
    handset.bind(user)
    assert run(phone_app.pin(house.parts, handset.caller, handset.said(), PIN, None)) is None
    return Locked(handset)


@pytest.fixture
def bare(house: House, user: User) -> Locked:
    """Ada's, with a PIN alone."""
    return bound(house, user)


@pytest.fixture
def hers(bare: Locked) -> Locked:
    """Ada's, whose own lock opens the app."""
    assert bare.add() is None
    return bare


def shut(*, key: bool = True, left: int = 5) -> Refused:
    data = {"set": True, "until": None, "closed": False, "left": left, "key": key}
    return Refused(Why.LOCK, data)


class TestMaking:
    def test_it_is_of_the_platform_and_makes_sure_who_it_is(self, bare: Locked) -> None:
        asked = bare.asked_new()
        assert asked["authenticatorSelection"] == {
            "authenticatorAttachment": "platform", "residentKey": "discouraged",
            "requireResidentKey": False, "userVerification": "required",
        }  # fmt: skip
        assert asked["rp"] == {"id": "id.test", "name": "Northwind"}
        assert asked["user"]["name"] == "ada@northwind.test"
        assert asked["user"]["displayName"] == "Chrome on Android"

    def test_it_is_no_passkey_and_its_platform_keeps_it_apart_from_one(
        self, house: House, user: User
    ) -> None:
        """A platform has one credential of each handle: a second would take the first's place."""
        held, added = enrolled(house, user)
        hers = bound(house, user)
        hers.token = held
        assert hers.add() is None
        first, second = held.held
        assert first.rp == second.rp
        assert first.handle != second.handle
        assert house.write(lambda tx: tx.passkeys.of_user(user.tenant_id, user.id)) == [
            added.passkey
        ]

    def test_the_owner_is_told_and_the_trail_says_so(
        self, house: House, user: User, hers: Locked
    ) -> None:
        letter = house.last("app_changed")
        assert letter.values["what"] == "lock-on"
        entry = [one for one in house.trail(user) if one.event == "app.lock"][-1]
        assert entry.facts == {"phone": hers.phone.id, "what": "lock-on"}
        assert run(phone_app.state(*hers.said)).lock_key  # type: ignore[union-attr]

    @pytest.mark.parametrize("proof", [None, OTHER_PIN])
    def test_not_without_the_pin(self, bare: Locked, proof: str | None) -> None:
        found = bare.add(proof=proof)
        assert isinstance(found, Refused)
        assert found.why is Why.LOCK
        assert bare.key is None

    def test_not_before_there_is_a_pin(self, house: House, user: User) -> None:
        handset = Handset(house)
        handset.bind(user)
        found = Locked(handset).add()
        assert isinstance(found, Refused)
        assert found.data["set"] is False

    def test_not_made_without_the_person(self, bare: Locked) -> None:
        bare.token.flags = PRESENT
        assert bare.add() == Refused(Why.KEY)
        assert bare.key is None

    def test_not_twice_of_one_question_not_late_and_not_unasked(
        self, house: House, hers: Locked
    ) -> None:
        asked = hers.asked_new()
        first, second = (made(hers.token, asked) for _ in range(2))
        assert hers.add(first) is None
        assert hers.add(second) == Refused(Why.KEY)
        late = made(hers.token, hers.asked_new())
        house.clock.move(LIFE_MS)
        assert hers.add(late) == Refused(Why.KEY)

    def test_another_ones_question_makes_none(self, house: House, bare: Locked) -> None:
        bob = bound(house, house.user("bob@northwind.test"))
        bare.asked_new()
        assert bare.add(made(bare.token, bob.asked_new())) == Refused(Why.KEY)

    def test_a_freeze_forbids_it(self, house: House, user: User, bare: Locked) -> None:
        house.change(user, frozen_at=5)
        frozen = Refused(Why.FROZEN, {"since": 5})
        assert run(own_lock.ask_new(*bare.said)) == frozen
        given = attestation(bare.token.create({
            "challenge": "AA", "rp": {"id": "id.test"}, "user": {"id": "AA"},
        }))  # fmt: skip
        assert given is not None
        assert bare.add(given) == frozen


class TestOpening:
    def test_it_opens_what_it_was_asked_for(self, house: House, hers: Locked) -> None:
        house.browser().fail(5)
        asked = hers.asked()
        key = hers.key
        assert key is not None
        assert asked["userVerification"] == "required"
        assert asked["allowCredentials"] == [
            {"type": "public-key", "id": key.credential_id, "transports": ["internal"]}
        ]
        assert hers.unlock(used(hers.token, asked)) == 1
        assert hers.key == replace(key, sign_count=1)

    def test_a_question_stands_and_is_another_for_each_thing(
        self, house: House, hers: Locked
    ) -> None:
        first, again, other = hers.asked(), hers.asked(), hers.asked(Doing(Does.UNBIND))
        assert first["challenge"] == again["challenge"] != other["challenge"]
        house.clock.move(LIFE_MS - MINUTE)
        assert hers.asked()["challenge"] != first["challenge"]

    def test_the_pin_opens_as_before(self, hers: Locked) -> None:
        assert hers.unlock(PIN) == 0
        assert hers.unlock(OTHER_PIN) == shut(left=4)
        assert hers.unlock(None) == shut(left=4)

    def test_it_opens_while_the_pin_is_locked_out_and_chooses_another(
        self, house: House, hers: Locked
    ) -> None:
        house.set_lane("p:" + hers.phone.id, Lane(closed=True))
        assert isinstance(hers.unlock(PIN), Refused)
        assert hers.unlock(hers.opens()) == 0
        given = hers.opens(Doing(Does.PIN))
        assert run(phone_app.pin(*hers.said, OTHER_PIN, given)) is None
        assert hers.unlock(OTHER_PIN) == 0

    def test_a_phone_without_one_is_told_so(self, bare: Locked) -> None:
        assert run(own_lock.ask(*bare.said, UNLOCK)) is None

    @pytest.mark.parametrize("at_once", ["ask", "ask_new"])
    def test_a_phone_that_is_over_is_asked_nothing(
        self, house: House, user: User, hers: Locked, at_once: str
    ) -> None:
        Handset(house, "another key").bind(user)
        doing = (UNLOCK,) if at_once == "ask" else ()
        found = run(getattr(own_lock, at_once)(*hers.said, *doing))
        assert found.why is Why.UNBOUND


class TestAttacks:
    """An answer that is right, elsewhere: each is refused, and the question is used up by it."""

    def refused(self, hers: Locked, given: Assertion, *, key: bool = True) -> None:
        house = hers.phone.house
        before = house.events().count("app.lock_failed")
        assert hers.unlock(given) == shut(key=key)
        assert house.events().count("app.lock_failed") == before + 1

    def test_a_replayed_answer(self, hers: Locked) -> None:
        given = hers.opens()
        assert hers.unlock(given) == 0
        self.refused(hers, given)
        hers.asked()
        self.refused(hers, given)

    @pytest.mark.parametrize(
        "other",
        [Doing(Does.UNBIND), Doing(Does.ANSWER, "1" * 26), Doing(Does.UNLOCK, "1" * 26),
         Doing(Does.LOCK_FORGET)],
    )  # fmt: skip
    def test_an_answer_for_another_thing(self, hers: Locked, other: Doing) -> None:
        self.refused(hers, hers.opens(other))

    def test_an_answer_for_another_sign_in(self, house: House, user: User) -> None:
        """Whoever has the password signs in twice; the person approves the one that is theirs."""
        pocket = Pocket(house, user)
        hers = Locked(Carried(pocket))
        assert hers.add(proof=POCKET_PIN) is None
        theirs, mine = (signing_in(house) for _ in range(2))
        given = hers.opens(Doing(Does.ANSWER, theirs.id))
        wrong = replace(pocket.signs(mine, APPROVE, mine.number), proof=given)
        found = run(pocket.sends(wrong))
        assert isinstance(found, Refused)
        assert found.why is Why.LOCK
        assert pocket.stored(mine).state is State.WAITING
        right = replace(wrong, proof=hers.opens(Doing(Does.ANSWER, mine.id)))
        assert isinstance(run(pocket.sends(right)), Taken)
        assert pocket.stored(mine).state is State.APPROVED

    def test_an_answer_that_is_late(self, house: House, hers: Locked) -> None:
        given = hers.opens()
        house.clock.move(LIFE_MS)
        self.refused(hers, given)

    def test_touch_without_the_person(self, hers: Locked) -> None:
        hers.token.flags = PRESENT
        self.refused(hers, hers.opens())

    def test_another_phones(self, house: House, hers: Locked) -> None:
        bob = bound(house, house.user("bob@northwind.test"))
        assert bob.add() is None
        hers.asked()
        self.refused(hers, bob.opens())
        stolen = used(bob.token, {**hers.asked(), "allowCredentials": []})
        self.refused(hers, stolen)
        key = hers.key
        assert key is not None
        self.refused(hers, replace(used(bob.token, bob.asked()), id=key.credential_id))

    def test_another_handle(self, hers: Locked) -> None:
        self.refused(hers, replace(hers.opens(), user_handle="AAAA"))
        assert hers.unlock(replace(hers.opens(), user_handle=None)) == 0

    def test_another_tenants(self, house: House, user: User, hers: Locked) -> None:
        """The same phone's name and key, under another tenant's roof: nothing of it is there."""
        given = hers.opens()
        hers.phone.browser.tenant = house.add_tenant("contoso")
        assert hers.unlock(given) == Refused(Why.SIGNATURE)
        assert user.id

    def test_a_passkey_of_the_accounts_own(self, house: House, user: User) -> None:
        held, _ = enrolled(house, user)
        hers = bound(house, user)
        assert hers.add() is None
        self.refused(hers, used(held, {**hers.asked(), "allowCredentials": []}))

    def test_it_signs_nobody_in(self, house: House, hers: Locked) -> None:
        browser = house.browser()
        options = run(passkeys.ask_signin(house.parts, browser.caller))
        given = used(hers.token, options)
        assert isinstance(
            run(passkeys.sign_in(house.parts, browser.caller, given)), passkeys.Refused
        )

    def test_a_copy_ends_it_and_the_owner_hears(self, house: House, hers: Locked) -> None:
        copy = replace(hers.token.held[0], count=0)
        assert hers.unlock(hers.opens()) == 0
        given = assertion(hers.token.use(copy, hers.asked()["challenge"]))
        assert given is not None
        self.refused(hers, given, key=False)
        assert hers.key is None
        assert house.last("app_changed").values["what"] == "lock-copied"
        assert run(own_lock.ask(*hers.said, UNLOCK)) is None
        assert hers.unlock(PIN) == 0

    def test_nothing_is_asked_and_it_answers_all_the_same(self, hers: Locked) -> None:
        given = hers.opens()
        hers.unlock(given)
        self.refused(hers, replace(given, signature="AAAA"))


class TestForgetting:
    def test_by_the_pin_or_by_itself_and_the_owner_hears(self, house: House, hers: Locked) -> None:
        assert run(own_lock.remove(*hers.said, OTHER_PIN)) == shut(left=4)
        given = hers.opens(Doing(Does.LOCK_FORGET))
        assert run(own_lock.remove(*hers.said, given)) is None
        assert hers.key is None
        assert house.last("app_changed").values["what"] == "lock-off"
        told = len(house.outbox("app_changed"))
        assert run(own_lock.remove(*hers.said, PIN)) is None
        assert len(house.outbox("app_changed")) == told

    def test_it_dies_with_the_phone(self, hers: Locked) -> None:
        given = hers.opens(Doing(Does.UNBIND))
        assert run(phone_app.unbind(*hers.said, given)) is None
        assert hers.key is None


class TestDirectoryPasswords:
    """Begun and handed in: two requests, and one touch."""

    @pytest.fixture
    def domain(self, house: House) -> Domain:
        return Domain(house)

    @pytest.fixture
    def hand(self, domain: Domain) -> Locked:
        hand = bound(domain.house, domain.ada)
        assert hand.add() is None
        return hand

    def begun(self, domain: Domain, hand: Locked) -> tuple[str, Assertion]:
        given = hand.opens(Doing(Does.CHOOSE, domain.directory.id))
        found = run(phone_resets.choose(*hand.said, domain.directory.id, given))
        assert isinstance(found, Choosing), found
        return found.job.id, given

    def submit(self, domain: Domain, hand: Locked, job: str, proof: Proof) -> object:
        return run(phone_resets.submit(*hand.said, job, domain.sealed(), proof))

    def test_one_touch_is_enough_and_for_once(self, domain: Domain, hand: Locked) -> None:
        job, given = self.begun(domain, hand)
        assert isinstance(self.submit(domain, hand, job, given), phone_resets.JobView)
        assert self.submit(domain, hand, job, given) == shut()

    def test_for_that_job_alone(self, domain: Domain, hand: Locked) -> None:
        job, given = self.begun(domain, hand)
        assert self.submit(domain, hand, "x" * 26, given) == shut()
        assert self.submit(domain, hand, job, given) == shut()

    def test_for_handing_in_alone(self, domain: Domain, hand: Locked) -> None:
        job, given = self.begun(domain, hand)
        assert hand.unlock(given) == shut()
        assert self.submit(domain, hand, job, given) == shut()

    def test_by_that_answer_alone(self, domain: Domain, hand: Locked) -> None:
        job, given = self.begun(domain, hand)
        assert self.submit(domain, hand, job, replace(given, signature="AAAA")) == shut()
        again = hand.opens(Doing(Does.SUBMIT, job))
        assert isinstance(self.submit(domain, hand, job, again), phone_resets.JobView)
        assert given.id

    def test_where_nothing_was_begun_nothing_is_left(self, domain: Domain, hand: Locked) -> None:
        given = hand.opens(Doing(Does.CHOOSE, "x" * 26))
        found = run(phone_resets.choose(*hand.said, "x" * 26, given))
        assert found == Refused(Why.UNKNOWN)
        assert hand.unlock(given) == shut()

    def test_unlocking_there(self, domain: Domain, hand: Locked) -> None:
        given = hand.opens(Doing(Does.UNLOCK_ACCOUNT, domain.directory.id))
        found = run(phone_resets.unlock(*hand.said, domain.directory.id, given))
        assert isinstance(found, phone_resets.JobView)
