"""Links to activate: whom they are sent to, what they end, and that mails alone hold them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from keyturn.ports.delivery import PhoneNumber
from keyturn.ports.store import Tx
from keyturn.rules import activation, phone_app
from keyturn.rules.accounts import Client, User, UserState
from keyturn.rules.activation import AGAIN, LIFE_MS, Link, LinkState
from keyturn.rules.binding import Rows
from keyturn.rules.codes import RESEND_MS
from keyturn.rules.events import Event
from keyturn.rules.lockout import DAY
from keyturn.rules.phone_app import PhoneState
from keyturn.steps import invitations, phone_proof
from keyturn.steps.acts import Act, begin
from keyturn.steps.invitations import Bar, Later, NotSent, Sent
from keyturn.steps.phone_proof import InUse
from keyturn.steps.sessions import SignedIn
from tests.unit.flows.house import House
from tests.unit.flows.test_words import words

Step = Callable[[Tx, Act, Rows], Any]


@pytest.fixture
def house() -> Iterator[House]:
    built = House()
    yield built
    built.close()


def do(house: House, step: Step, user: User) -> Any:
    """A step on all that hangs on a user."""
    act = begin(house.parts, replace(house.browser().caller, tenant=house.tenant))

    def held(tx: Tx) -> Any:
        rows = tx.phones.held(user.tenant_id, user.id, act.now)
        assert rows is not None
        return step(tx, act, rows)

    return house.write(held)


def rows_of(house: House, user: User) -> Rows:
    found = do(house, lambda _tx, _act, rows: rows, user)
    assert isinstance(found, Rows)
    return found


def bind(house: House, user: User) -> None:
    """The user has a phone."""
    rows = rows_of(house, user)
    phone = phone_app.bound(house.random.id(1), user.tenant_id, user.id, "key", "Pixel", 1)
    house.write(lambda tx: tx.phones.save(rows, replace(rows, phones=(phone,))))


def found(house: House, token: str) -> Link | None:
    digest = house.sealer.digest(invitations.PURPOSE, token)
    return house.write(lambda tx: tx.phones.link(house.tenant.id, digest))


def state(house: House, user: User, link: Link) -> LinkState:
    return activation.judge(link, rows_of(house, user).newest, house.clock.now()).state


def trust(house: House, user: User) -> None:
    """A browser that need not do the second step again."""
    client = Client(house.random.id(1), user.tenant_id, user.id, "d", None, "Firefox", "", 1, 1,
                    trusted=True)  # fmt: skip
    house.write(lambda tx: tx.clients.add(client))


class TestInvite:
    def test_the_mail_alone_holds_the_token(self, house: House) -> None:
        ada = house.user(password=None, state=UserState.INVITED)
        sent = do(house, invitations.invite, ada)
        assert isinstance(sent, Sent)
        letter = house.last("activation")
        assert "/activate/" in letter.values["link"]
        assert found(house, letter.token) == sent.link
        assert sent.link.expires_at == letter.message.expires_at == house.clock.now() + LIFE_MS
        assert letter.token not in house.dump("activation_links", "audit", "messages")
        said = words(house, letter)
        assert "never ask" in said
        assert letter.token in said
        assert house.events(ada) == ["user.invited"]

    def test_a_newer_link_takes_the_place_of_the_older(self, house: House) -> None:
        ada = house.user(password=None, state=UserState.INVITED)
        older = do(house, invitations.invite, ada).link
        house.clock.move(RESEND_MS)
        newer = do(house, invitations.invite, ada).link
        assert state(house, ada, older) is LinkState.REPLACED
        assert state(house, ada, newer) is LinkState.OPEN

    @pytest.mark.parametrize(
        ("fields", "why"),
        [
            ({"state": UserState.UNVERIFIED}, Bar.UNVERIFIED),
            ({"state": UserState.DISABLED}, Bar.DISABLED),
            ({"frozen_at": 1}, Bar.FROZEN),
            ({"email": ""}, Bar.NO_ADDRESS),
        ],
    )
    def test_who_is_not_invited(self, house: House, fields: dict[str, Any], why: Bar) -> None:
        ada = house.change(house.user(), **fields)
        assert do(house, invitations.invite, ada) == NotSent(why)
        assert rows_of(house, ada).links == ()
        assert house.outbox() == []

    def test_two_clicks_make_one_mail(self, house: House) -> None:
        ada = house.user(password=None, state=UserState.INVITED)
        do(house, invitations.invite, ada)
        house.clock.move(RESEND_MS - 1)
        assert do(house, invitations.invite, ada) == NotSent(Bar.SOON)
        rows = rows_of(house, ada)
        gone = tuple(replace(link, withdrawn_at=1) for link in rows.links)
        house.write(lambda tx: tx.phones.save(rows, replace(rows, links=gone)))
        assert isinstance(do(house, invitations.invite, ada), Sent)

    def test_who_has_a_phone_is_not_invited(self, house: House) -> None:
        ada = house.user()
        bind(house, ada)
        assert do(house, invitations.invite, ada) == NotSent(Bar.BOUND)


class TestAgain:
    def invited(self, house: House) -> User:
        ada = house.user(password=None, state=UserState.INVITED)
        assert isinstance(do(house, invitations.invite, ada), Sent)
        return ada

    def test_two_taps_make_one_mail(self, house: House) -> None:
        ada = self.invited(house)
        at = house.clock.now() + RESEND_MS
        assert do(house, invitations.again, ada) == Later(at)
        house.clock.move(RESEND_MS)
        assert isinstance(do(house, invitations.again, ada), Sent)
        assert do(house, invitations.again, ada) == Later(at + RESEND_MS)
        assert len(house.outbox("activation")) == 2

    def test_so_many_a_day(self, house: House) -> None:
        ada = self.invited(house)
        first = house.clock.now() + RESEND_MS
        for _ in range(AGAIN.limit):
            house.clock.move(RESEND_MS)
            assert isinstance(do(house, invitations.again, ada), Sent)
        house.clock.move(RESEND_MS)
        assert do(house, invitations.again, ada) == Later(first + DAY)
        assert house.events(ada).count("activation.again") == AGAIN.limit

    def test_the_mail_says_where_it_was_asked_for(self, house: House) -> None:
        ada = self.invited(house)
        assert "Internet address" not in words(house, house.last("activation"))
        house.clock.move(RESEND_MS)
        do(house, invitations.again, ada)
        assert "Internet address" in words(house, house.last("activation"))

    def test_the_tenant_may_not_let_people(self, house: House) -> None:
        ada = self.invited(house)
        policy = replace(house.tenant.policy, activation_again=False)
        house.tenant = replace(house.tenant, policy=policy)
        assert do(house, invitations.again, ada) == NotSent(Bar.POLICY)

    def test_not_while_a_phone_is_bound(self, house: House) -> None:
        ada = self.invited(house)
        house.clock.move(RESEND_MS)
        bind(house, ada)
        assert do(house, invitations.again, ada) == NotSent(Bar.BOUND)

    def test_who_never_had_a_link_asks_for_none(self, house: House) -> None:
        assert do(house, invitations.again, house.user()) == NotSent(Bar.WITHDRAWN)

    def test_an_older_link_brings_nothing_back_that_was_withdrawn(self, house: House) -> None:
        ada = self.invited(house)
        house.clock.move(RESEND_MS)
        do(house, invitations.invite, ada)
        rows = rows_of(house, ada)
        gone = tuple(replace(link, withdrawn_at=1) for link in rows.links)
        house.write(lambda tx: tx.phones.save(rows, replace(rows, links=gone)))
        house.clock.move(DAY)
        assert do(house, invitations.again, ada) == NotSent(Bar.WITHDRAWN)


class TestReset:
    def test_phone_sessions_and_trust_are_gone_and_a_link_is_sent(self, house: House) -> None:
        ada = house.user()
        bind(house, ada)
        trust(house, ada)
        signed = house.signed(house.browser(), ada)
        sent = do(house, invitations.reset, ada)
        assert isinstance(sent, Sent)
        [phone] = house.write(lambda tx: tx.phones.of_user(ada.tenant_id, ada.id))
        assert phone.state is PhoneState.REVOKED
        tenant_id, digest = ada.tenant_id, signed.session.digest
        assert house.write(lambda tx: tx.sessions.get(tenant_id, digest)) is None
        [client] = house.write(lambda tx: tx.clients.of_user(tenant_id, ada.id))
        assert client.trusted is False
        letter = house.last("activation_reset")
        assert found(house, letter.token) == sent.link
        assert "never ask" in words(house, letter)
        assert house.events(ada) == ["user.reset", "sessions.ended"]

    def test_where_the_phone_was_all_the_password_alone_opens_nothing(self, house: House) -> None:
        ada = house.user()
        bind(house, ada)
        do(house, invitations.reset, ada)
        after = house.again(ada)
        assert (after.state, after.epoch) == (UserState.INVITED, ada.epoch + 1)
        assert not isinstance(house.browser().sign_in(), SignedIn)

    def test_who_has_another_second_step_stays_active(self, house: House) -> None:
        ada = house.user()
        house.totp(ada)
        bind(house, ada)
        do(house, invitations.reset, ada)
        assert house.again(ada).state is UserState.ACTIVE

    def test_a_number_comes_free_that_the_same_persons_stale_registration_holds(
        self, house: House
    ) -> None:
        number, ada = "+447400123456", house.user()
        old = house.user("old@northwind.test", state=UserState.DISABLED, phone=number,
                         phone_verified_at=1)  # fmt: skip
        house.change(old, email=ada.email)
        act = begin(house.parts, house.browser().caller)
        found = phone_proof.judge(house.parts, house.tenant, number, insisted=True)
        assert isinstance(found, PhoneNumber)
        held = house.write(lambda tx: phone_proof.offer(tx, act, ada, found, "phone"))
        assert isinstance(held, InUse)
        assert isinstance(do(house, invitations.reset, ada), Sent)
        assert house.again(old).phone is None
        [reset] = [e for e in house.trail(ada) if e.event is Event.USER_RESET]
        assert reset.facts["stale_number"] is True

    def test_who_has_no_phone_stays_active_too(self, house: House) -> None:
        ada = house.user()
        assert isinstance(do(house, invitations.reset, ada), Sent)
        assert house.again(ada).state is UserState.ACTIVE

    @pytest.mark.parametrize(
        ("fields", "why"),
        [
            ({"state": UserState.UNVERIFIED}, Bar.UNVERIFIED),
            ({"state": UserState.DISABLED}, Bar.DISABLED),
            ({"email": ""}, Bar.NO_ADDRESS),
        ],
    )
    def test_who_is_not_reset(self, house: House, fields: dict[str, Any], why: Bar) -> None:
        ada = house.user()
        bind(house, ada)
        ada = house.change(ada, **fields)
        assert do(house, invitations.reset, ada) == NotSent(why)
        assert rows_of(house, ada).bound
        assert house.events(ada) == []

    def test_what_its_owner_does_not_know_is_taken_away_while_changes_are_frozen(
        self, house: House
    ) -> None:
        ada = house.user()
        bind(house, ada)
        house.change(ada, frozen_at=1)
        assert isinstance(do(house, invitations.reset, ada), Sent)
        assert not rows_of(house, ada).bound
        assert house.again(ada).frozen_at == 1
