"""What every store promises of links, codes to scan, phones and questions (ports.phones)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from keyturn.adapters.memory_secrets import START as NOW
from keyturn.adapters.sql import SqlStore
from keyturn.ports.phones import Kept, Subscribed
from keyturn.ports.store import Tx
from keyturn.rules import activation, approvals, binding, enrolment, phone_app
from keyturn.rules.accounts import User, UserState
from keyturn.rules.activation import LIFE_MS, REMIND_MS, Link
from keyturn.rules.app_lock import LockKey
from keyturn.rules.approvals import Approval, Kind
from keyturn.rules.binding import Rows
from keyturn.rules.enrolment import CodeState, ScanCode
from keyturn.rules.matching import Ended
from keyturn.rules.phone_app import Phone, PhoneState, Push, PushState
from tests.unit.adapters.stores import new_id, read, write

CHROME = "Chrome on Android"


def person(tenant_id: str) -> User:
    return User(
        id=new_id(), tenant_id=tenant_id, state=UserState.INVITED, name="Alice", username="alice",
        email="alice@example.com", phone=None, phone_verified_at=None, password_hash=None,
        password_set_at=None, epoch=1, frozen_at=None, timezone=None, created_at=NOW,
    )  # fmt: skip


def link_of(user: User, number: int = 1, now: int = NOW) -> Link:
    return activation.made(new_id(), user.tenant_id, user.id, new_id(), number - 1, now)


def code_of(user: User, **other: Any) -> ScanCode:
    plain = ScanCode(
        id=new_id(), tenant_id=user.tenant_id, user_id=user.id, flow_id=new_id(), link=1,
        epoch=user.epoch, digest=new_id(), name="7F3K", typed=new_id(), number="42", made_at=NOW,
        expires_at=NOW + enrolment.LIFE_MS,
    )  # fmt: skip
    return replace(plain, **other)


def phone_of(user: User, **other: Any) -> Phone:
    return replace(phone_app.bound(new_id(), user.tenant_id, user.id, "key", CHROME, NOW), **other)


def question_of(user: User, **other: Any) -> Approval:
    plain = Approval(
        id=new_id(), tenant_id=user.tenant_id, user_id=user.id, phone_id=new_id(),
        kind=Kind.CALLER, subject=new_id(), epoch=user.epoch, asker="Tom", place="the help desk",
        number="17", made_at=NOW, expires_at=NOW + approvals.LIFE_MS,
    )  # fmt: skip
    return replace(plain, **other)


def stored(store: SqlStore, user: User, **things: Any) -> Rows:
    """A user with what hangs on them."""
    rows = Rows(user, **things)

    def step(tx: Tx) -> None:
        tx.users.add(user, [])
        tx.phones.save(Rows(user), rows)

    write(store, step)
    return rows


def held(store: SqlStore, user: User, now: int = NOW) -> Rows | None:
    found: Rows | None = write(store, lambda tx: tx.phones.held(user.tenant_id, user.id, now))
    return found


class TestHeld:
    def test_everything_comes_back_as_it_was_stored(self, store: SqlStore, here: str) -> None:
        user = person(here)
        rows = stored(
            store, user, links=(link_of(user), link_of(user, 2)), codes=(code_of(user),),
            questions=(question_of(user),), phones=(phone_of(user),),
        )  # fmt: skip
        assert held(store, user) == rows
        assert read(store, lambda tx: tx.phones.held(here, user.id, NOW)) == rows

    def test_no_such_user_here(self, store: SqlStore, here: str, there: str) -> None:
        user = person(here)
        stored(store, user)
        assert write(store, lambda tx: tx.phones.held(there, user.id, NOW)) is None
        assert write(store, lambda tx: tx.phones.held(here, new_id(), NOW)) is None

    def test_what_is_over_is_left_out(self, store: SqlStore, here: str) -> None:
        user = person(here)
        over = code_of(user, state=CodeState.OVER, ended=Ended.NUMBER, ended_at=NOW)
        bound = code_of(user, state=CodeState.BOUND, key="key", scanned_at=NOW, phone_id=new_id())
        stale = phone_of(user, state=PhoneState.STALE, ended_at=NOW)
        stored(store, user, codes=(over, bound), phones=(stale,))
        found = held(store, user)
        assert found is not None
        assert (found.codes, found.phones) == ((bound,), ())

    def test_questions_of_the_last_two_hours_in_any_state(
        self, store: SqlStore, here: str
    ) -> None:  # fmt: skip
        user = person(here)
        denied = question_of(user, state=approvals.State.DENIED, answered_at=NOW + 1)
        late = NOW + approvals.HISTORY_MS
        old = question_of(user, made_at=NOW - approvals.LIFE_MS, state=approvals.State.DENIED)
        stored(store, user, questions=(denied, old))
        seen = held(store, user, late)
        assert seen is not None
        assert seen.questions == (denied,)

    def test_a_question_that_waits_is_there_however_old(self, store: SqlStore, here: str) -> None:
        user = person(here)
        one = question_of(user)
        stored(store, user, questions=(one,))
        seen = held(store, user, NOW + 10 * approvals.HISTORY_MS)
        assert seen is not None
        assert seen.questions == (one,)


class TestSave:
    def test_a_phone_is_bound_and_another_takes_its_place(self, store: SqlStore, here: str) -> None:
        user = person(here)
        code = code_of(user, state=CodeState.SCANNED, key="key", scanned_at=NOW)
        old = phone_of(user)
        before = stored(store, user, links=(link_of(user),), codes=(code,), phones=(old,))
        after, why = binding.bind(before, code.id, code.number, phone_of(user), NOW + 1)
        assert why is None
        write(store, lambda tx: tx.phones.save(before, after))
        found = held(store, user)
        assert found == replace(after, phones=after.phones[-1:])
        assert found.user.state is UserState.ACTIVE
        gone = read(store, lambda tx: tx.phones.phone(here, old.id))
        assert (gone.state, gone.ended_at) == (PhoneState.STALE, NOW + 1)

    def test_what_others_changed_meanwhile_stays(self, store: SqlStore, here: str) -> None:
        user, push = person(here), Push(PushState.WORKS, NOW + 5)
        phone = phone_of(user)
        before = stored(store, user, phones=(phone,))

        def step(tx: Tx) -> None:
            assert tx.phones.rise(here, phone.id, 7, NOW + 4)
            tx.phones.subscribe(here, Subscribed(phone.id, "sealed", push))
            tx.users.save(replace(user, name="Alice B."))
            over = replace(phone, state=PhoneState.REVOKED, ended_at=NOW + 9)
            changed = replace(before, phones=(over,), user=replace(user, epoch=2))
            tx.phones.save(before, changed)

        write(store, step)
        found = read(store, lambda tx: tx.phones.phone(here, phone.id))
        assert found == replace(phone, push=push, state=PhoneState.REVOKED, ended_at=NOW + 9)
        assert write(store, lambda tx: tx.phones.rise(here, phone.id, 7, NOW)) is False
        saved = read(store, lambda tx: tx.users.get(here, user.id))
        assert saved == replace(user, name="Alice B.", epoch=2)

    def test_another_tenants_rows_are_not_touched(
        self, store: SqlStore, here: str, there: str
    ) -> None:
        user = person(here)
        link = link_of(user)
        rows = stored(store, user, links=(link,))
        theirs = replace(link, tenant_id=there)
        forged = replace(rows, links=(theirs,)), replace(rows, links=(replace(theirs, used_at=1),))
        write(store, lambda tx: tx.phones.save(*forged))
        assert held(store, user) == rows


class TestLinks:
    def test_a_link_is_found_by_its_digest_in_its_tenant(
        self, store: SqlStore, here: str, there: str
    ) -> None:
        user = person(here)
        link = link_of(user)
        stored(store, user, links=(link,))
        assert read(store, lambda tx: tx.phones.link(here, link.digest)) == link
        assert read(store, lambda tx: tx.phones.link(there, link.digest)) is None
        assert read(store, lambda tx: tx.phones.link(here, new_id())) is None

    def test_the_newest_of_each(self, store: SqlStore, here: str, there: str) -> None:
        alice, bob, carol = (person(here) for _ in range(3))
        newest = link_of(alice, 2)
        stored(store, alice, links=(newest, link_of(alice)))
        [of_bob] = stored(store, bob, links=(link_of(bob),)).links
        stored(store, carol)
        ids = [alice.id, bob.id, carol.id]
        found = read(store, lambda tx: tx.phones.newest(here, ids))
        assert found == {alice.id: newest, bob.id: of_bob}
        assert read(store, lambda tx: tx.phones.newest(there, ids)) == {}


def due(store: SqlStore, tenant_id: str, now: int) -> Sequence[Link]:
    found = write(store, lambda tx: tx.phones.to_remind(now, 1000))
    return [link for link in found if link.tenant_id == tenant_id]


class TestReminders:
    def test_each_once_and_before_it_dies(self, store: SqlStore, here: str) -> None:
        user = person(here)
        link = link_of(user)
        stored(store, user, links=(link,))
        first, second = (link.expires_at - left for left in REMIND_MS)
        assert due(store, here, first - 1) == []
        assert due(store, here, first) == [link]
        once = replace(link, reminded=1)
        write(store, lambda tx: tx.phones.mark(once))
        assert due(store, here, second - 1) == []
        assert due(store, here, second) == [once]
        assert due(store, here, link.expires_at) == []
        write(store, lambda tx: tx.phones.mark(replace(link, reminded=2)))
        assert due(store, here, second) == []

    def test_those_that_die_first_come_first(self, store: SqlStore, here: str) -> None:
        alice, bob = person(here), person(here)
        [late] = stored(store, alice, links=(link_of(alice, now=NOW + 9),)).links
        [soon] = stored(store, bob, links=(replace(link_of(bob), reminded=1),)).links
        assert due(store, here, NOW + LIFE_MS - 1) == [soon, late]
        most = write(store, lambda tx: tx.phones.to_remind(NOW + LIFE_MS - 1, 1))
        assert len(most) == 1

    @pytest.mark.parametrize("over", [{"used_at": NOW}, {"withdrawn_at": NOW}])
    def test_none_of_a_link_that_is_over(
        self, store: SqlStore, here: str, over: dict[str, int]
    ) -> None:
        user = person(here)
        stored(store, user, links=(replace(link_of(user), **over),))  # type: ignore[arg-type]
        assert due(store, here, NOW + LIFE_MS - 1) == []

    def test_none_of_a_link_that_was_replaced(self, store: SqlStore, here: str) -> None:
        user = person(here)
        newer = link_of(user, 2)
        stored(store, user, links=(link_of(user), newer))
        assert due(store, here, NOW + LIFE_MS - 1) == [newer]


class TestCodes:
    def test_by_id_and_by_flow(self, store: SqlStore, here: str, there: str) -> None:
        user = person(here)
        older = code_of(user)
        newer = code_of(user, flow_id=older.flow_id)
        stored(store, user, codes=(older, newer))
        assert read(store, lambda tx: tx.phones.code(here, older.id)) == older
        assert read(store, lambda tx: tx.phones.code(there, older.id)) is None
        assert read(store, lambda tx: tx.phones.code_of_flow(here, older.flow_id)) == newer
        assert read(store, lambda tx: tx.phones.code_of_flow(there, older.flow_id)) is None

    def test_the_newest_of_a_user_whatever_became_of_it(
        self, store: SqlStore, here: str, there: str
    ) -> None:
        user = person(here)
        assert read(store, lambda tx: tx.phones.newest_code(here, user.id)) is None
        older = code_of(user)
        over = code_of(user, state=CodeState.OVER, ended=Ended.NUMBER, ended_at=NOW)
        stored(store, user, codes=(older, over))
        assert read(store, lambda tx: tx.phones.newest_code(here, user.id)) == over
        assert read(store, lambda tx: tx.phones.newest_code(there, user.id)) is None

    def test_by_name_while_a_phone_may_name_it(
        self, store: SqlStore, here: str, there: str
    ) -> None:
        user = person(here)
        waits, scanned = code_of(user), code_of(user, state=CodeState.SCANNED)
        over, other = code_of(user, state=CodeState.OVER), code_of(user, name="AAAA")
        stored(store, user, codes=(waits, scanned, over, other))
        end = waits.expires_at + enrolment.NUMBER_MS
        found = read(store, lambda tx: tx.phones.codes_named(here, "7F3K", end - 1))
        assert found == [waits, scanned]
        assert read(store, lambda tx: tx.phones.codes_named(here, "7F3K", end)) == []
        assert read(store, lambda tx: tx.phones.codes_named(there, "7F3K", NOW)) == []


class TestPhones:
    def test_of_user_the_newest_first(self, store: SqlStore, here: str, there: str) -> None:
        user = person(here)
        old = phone_of(user, state=PhoneState.STALE, ended_at=NOW)
        new = phone_of(user)
        stored(store, user, phones=(old, new))
        assert read(store, lambda tx: tx.phones.of_user(here, user.id)) == [new, old]
        assert read(store, lambda tx: tx.phones.of_user(there, user.id)) == []
        assert read(store, lambda tx: tx.phones.active(here, [user.id])) == {user.id: new}
        assert read(store, lambda tx: tx.phones.active(there, [user.id])) == {}
        assert read(store, lambda tx: tx.phones.phone(there, new.id)) is None

    def test_sequences_only_rise(self, store: SqlStore, here: str, there: str) -> None:
        user = person(here)
        [phone] = stored(store, user, phones=(phone_of(user),)).phones

        def rise(tenant_id: str, number: int, now: int) -> bool:
            return bool(write(store, lambda tx: tx.phones.rise(tenant_id, phone.id, number, now)))

        assert read(store, lambda tx: tx.phones.seen_at(here, phone.id)) is None
        assert rise(here, 2, NOW + 1)
        assert not rise(here, 2, NOW + 2)
        assert not rise(here, 1, NOW + 3)
        assert not rise(there, 9, NOW + 4)
        assert read(store, lambda tx: tx.phones.seen_at(here, phone.id)) == NOW + 1
        assert read(store, lambda tx: tx.phones.seen_at(there, phone.id)) is None
        assert rise(here, 3, NOW + 5)

    def test_what_its_checks_said(self, store: SqlStore, here: str, there: str) -> None:
        user = person(here)
        [phone] = stored(store, user, phones=(phone_of(user),)).phones
        assert read(store, lambda tx: tx.phones.checks(here, phone.id)) is None
        said = {"camera": "well", "versions": [1, "é"]}
        write(store, lambda tx: tx.phones.told(here, phone.id, said, NOW))
        write(store, lambda tx: tx.phones.told(there, phone.id, {}, NOW + 1))
        assert read(store, lambda tx: tx.phones.checks(here, phone.id)) == (said, NOW)
        assert read(store, lambda tx: tx.phones.checks(there, phone.id)) is None

    def test_what_it_keeps_besides_its_key(self, store: SqlStore, here: str, there: str) -> None:
        user = person(here)
        kept = Kept("digest", "sealed", 5, LockKey("credential", "key", 3, NOW))
        [phone] = stored(store, user, phones=(phone_of(user),)).phones
        assert read(store, lambda tx: tx.phones.kept(here, phone.id)) == Kept()
        write(store, lambda tx: tx.phones.keep(here, phone.id, kept))
        write(store, lambda tx: tx.phones.keep(there, phone.id, Kept()))
        assert write(store, lambda tx: tx.phones.kept(here, phone.id)) == kept
        assert read(store, lambda tx: tx.phones.kept(there, phone.id)) is None
        write(store, lambda tx: tx.phones.keep(here, phone.id, replace(kept, key=None)))
        assert read(store, lambda tx: tx.phones.kept(here, phone.id)) == replace(kept, key=None)


class TestPush:
    def test_a_subscription_in_place_of_another(
        self, store: SqlStore, here: str, there: str
    ) -> None:
        user = person(here)
        [phone] = stored(store, user, phones=(phone_of(user),)).phones
        works = Push(PushState.WORKS, NOW + 1)
        first, second = (Subscribed(phone.id, text, works) for text in ("one", "two"))
        assert read(store, lambda tx: tx.phones.subscription(here, phone.id)) is None
        for each in (first, second):
            write(store, lambda tx, each=each: tx.phones.subscribe(here, each))
            assert read(store, lambda tx: tx.phones.subscription(here, phone.id)) == each
        write(store, lambda tx: tx.phones.subscribe(there, first))
        assert read(store, lambda tx: tx.phones.subscription(here, phone.id)) == second
        assert read(store, lambda tx: tx.phones.subscription(there, phone.id)) is None

    def test_what_was_learned_of_one_is_not_said_of_the_next(
        self, store: SqlStore, here: str, there: str
    ) -> None:
        user = person(here)
        [phone] = stored(store, user, phones=(phone_of(user),)).phones
        works, dead = Push(PushState.WORKS, NOW), Push(PushState.DEAD, NOW + 2)
        write(store, lambda tx: tx.phones.subscribe(here, Subscribed(phone.id, "two", works)))

        def gone(tenant_id: str, was: str | None, push: Push = dead, *, forget: bool) -> bool:
            return bool(
                write(
                    store,
                    lambda tx: tx.phones.pushed(tenant_id, phone.id, push, forget=forget, was=was),
                )
            )

        assert not gone(here, "one", forget=True)
        assert not gone(there, None, forget=True)
        assert read(store, lambda tx: tx.phones.subscription(here, phone.id).push) == works
        denied = Push(PushState.DENIED, NOW + 1)
        assert gone(here, None, denied, forget=False)
        left = read(store, lambda tx: tx.phones.subscription(here, phone.id))
        assert left == Subscribed(phone.id, "two", denied)
        assert gone(here, "two", forget=True)
        assert read(store, lambda tx: tx.phones.subscription(here, phone.id)) is None
        assert read(store, lambda tx: tx.phones.phone(here, phone.id).push) == dead


class TestQuestions:
    def test_by_id_and_by_what_asked(self, store: SqlStore, here: str, there: str) -> None:
        user = person(here)
        older = question_of(user)
        newer = question_of(user, subject=older.subject)
        stored(store, user, questions=(older, newer))
        assert read(store, lambda tx: tx.phones.approval(here, older.id)) == older
        assert read(store, lambda tx: tx.phones.approval(there, older.id)) is None
        assert read(store, lambda tx: tx.phones.approval_of(here, older.subject)) == newer
        assert read(store, lambda tx: tx.phones.approval_of(there, older.subject)) is None

    def test_all_that_a_user_was_asked(self, store: SqlStore, here: str, there: str) -> None:
        user = person(here)
        old, new = question_of(user, made_at=1), question_of(user, state=approvals.State.USED)
        stored(store, user, questions=(old, new))
        assert read(store, lambda tx: tx.phones.history(here, user.id, 9)) == [new, old]
        assert read(store, lambda tx: tx.phones.history(here, user.id, 1)) == [new]
        assert read(store, lambda tx: tx.phones.history(there, user.id, 9)) == []

    def test_what_a_phone_is_to_answer(self, store: SqlStore, here: str, there: str) -> None:
        user, phone_id = person(here), new_id()
        older, newer = (question_of(user, phone_id=phone_id) for _ in range(2))
        denied = question_of(user, phone_id=phone_id, state=approvals.State.DENIED)
        stored(store, user, questions=(older, newer, denied, question_of(user)))
        end = older.expires_at
        assert read(store, lambda tx: tx.phones.waiting(here, phone_id, end - 1)) == [newer, older]
        assert read(store, lambda tx: tx.phones.waiting(here, phone_id, end)) == []
        assert read(store, lambda tx: tx.phones.waiting(there, phone_id, NOW)) == []


class TestRaces:
    """Whoever holds the user's row sees what those before have stored (rules.binding)."""

    def test_of_many_links_made_at_once_each_has_a_number_of_its_own(
        self, store: SqlStore, here: str
    ) -> None:
        user = person(here)
        stored(store, user)

        def invite(tx: Tx) -> None:
            rows = tx.phones.held(here, user.id, NOW)
            assert rows is not None
            after = binding.invite(rows, new_id(), new_id(), NOW)
            assert isinstance(after, Rows)
            tx.phones.save(rows, after)

        for made in [store.submit_write(invite) for _ in range(20)]:
            made.result(30)
        numbers = [
            link.number for link in read(store, lambda tx: tx.phones.links_of(here, user.id))
        ]
        assert numbers == list(range(1, 21))

    @pytest.mark.parametrize("other", ["reset", "disable", "bind"])
    def test_a_binding_against_another_has_one_outcome(
        self, store: SqlStore, here: str, other: str
    ) -> None:
        for _ in range(25):
            self._once(store, here, other)

    def _once(self, store: SqlStore, here: str, other: str) -> None:
        user = person(here)
        code = code_of(user, state=CodeState.SCANNED, key="key", scanned_at=NOW)
        stored(store, user, links=(link_of(user),), codes=(code,))

        def bind(tx: Tx) -> bool:
            rows = tx.phones.held(here, user.id, NOW)
            assert rows is not None
            after, why = binding.bind(rows, code.id, code.number, phone_of(user), NOW)
            tx.phones.save(rows, after)
            return why is None

        def against(tx: Tx) -> bool:
            rows = tx.phones.held(here, user.id, NOW)
            assert rows is not None
            if other == "disable":
                after = binding.disable(rows, NOW)
            else:
                after = binding.reset_user(rows, new_id(), new_id(), NOW, alone=True)
            assert isinstance(after, Rows)
            tx.phones.save(rows, after)
            return True

        first = store.submit_write(bind)
        second = store.submit_write(bind if other == "bind" else against)
        assert second.result(30)
        bound = first.result(30)
        rows, every = held(store, user), read(store, lambda tx: tx.phones.of_user(here, user.id))
        assert rows is not None
        assert len(every) == int(bound)
        if other == "bind":
            assert (len(rows.phones), rows.user.state) == (1, UserState.ACTIVE)
        elif other == "reset":
            assert (rows.phones, rows.user.state) == ((), UserState.INVITED)
        else:
            assert rows.user.state is UserState.DISABLED
