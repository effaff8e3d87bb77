"""What each transaction that holds the user's row does to all that hangs on it.

Their orders are the business of tests/models/bindings.py.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.rules import enrolment
from keyturn.rules.accounts import User, UserState
from keyturn.rules.approvals import Approval, Kind, State
from keyturn.rules.binding import No, Rows, bind, disable, invite, reset_user, show, unbind
from keyturn.rules.enrolment import CodeState, ScanCode, Why
from keyturn.rules.matching import Ended
from keyturn.rules.phone_app import Phone, PhoneState, bound

NOW = 1_000_000
USER = User(
    id="u", tenant_id="t", state=UserState.INVITED, name="Ada", username=None, email="a@t.test",
    phone=None, phone_verified_at=None, password_hash=None, password_set_at=None, epoch=3,
    frozen_at=None, timezone=None, created_at=0,
)  # fmt: skip
OLD, NEW = (bound(name, "t", "u", f"key of {name}", "", NOW) for name in ("old", "new"))
ASKED = Approval(
    id="a", tenant_id="t", user_id="u", phone_id="old", kind=Kind.SECOND, subject="s", epoch=3,
    asker="", place="", number="42", made_at=NOW, expires_at=NOW + 60_000,
)  # fmt: skip


def code(name: str = "c", link: int = 1, epoch: int = 3) -> ScanCode:
    return ScanCode(
        id=name, tenant_id="t", user_id="u", flow_id="f", link=link, epoch=epoch, digest="",
        name="", typed="", number="42", made_at=NOW, expires_at=NOW + enrolment.LIFE_MS,
    )  # fmt: skip


def rows(state: UserState = UserState.INVITED, phones: tuple[Phone, ...] = ()) -> Rows:
    found = invite(Rows(USER), "l1", "d", NOW)
    assert isinstance(found, Rows)
    user = replace(USER, state=state)
    return replace(found, user=user, phones=phones, questions=(ASKED,))


def scanned(state: UserState = UserState.INVITED, phones: tuple[Phone, ...] = ()) -> Rows:
    shown = show(rows(state, phones), code(), NOW)
    assert isinstance(shown, Rows)
    return replace(shown, codes=(enrolment.scan(shown.codes[0], NEW.key, NOW)[0],))


def done(after: Rows | No) -> Rows:
    assert isinstance(after, Rows)
    return after


def test_nobody_has_a_link_or_a_phone_at_first() -> None:
    assert (Rows(USER).newest, Rows(USER).bound) == (0, False)


def test_inviting_makes_the_next_link_and_ends_what_an_older_one_began() -> None:
    after = done(invite(scanned(), "l2", "d", NOW + 1))
    assert [link.number for link in after.links] == [1, 2]
    assert (after.codes[0].ended, after.user) == (Ended.NEWER, USER)


def test_a_code_whose_time_had_come_keeps_that_as_its_reason() -> None:
    late = NOW + 2 * enrolment.LIFE_MS
    assert done(invite(scanned(), "l2", "d", late)).codes[0].ended is Ended.EXPIRED


@pytest.mark.parametrize("state", [UserState.DISABLED, UserState.UNVERIFIED])
def test_some_are_not_invited_and_not_reset(state: UserState) -> None:
    found = rows(state)
    assert invite(found, "l2", "d", NOW) is No.USER
    assert reset_user(found, "l2", "d", NOW, alone=True) is No.USER


def test_who_has_a_phone_is_reset_not_invited() -> None:
    assert invite(rows(UserState.ACTIVE, (OLD,)), "l2", "d", NOW) is No.USER


def test_binding_makes_the_user_active_the_link_used_and_the_old_phone_stale() -> None:
    after, why = bind(scanned(phones=(OLD,)), "c", "42", NEW, NOW + 5)
    assert why is None
    assert (after.user.state, after.user.epoch) == (UserState.ACTIVE, 3)
    assert after.links[0].used_at == NOW + 5
    assert [(p.id, p.state) for p in after.phones] == [
        ("old", PhoneState.STALE), ("new", PhoneState.ACTIVE),
    ]  # fmt: skip
    assert (after.codes[0].state, after.codes[0].phone_id) == (CodeState.BOUND, "new")
    assert after.questions[0].ended is Ended.NEWER  # it was asked of the old phone


def test_said_again_it_is_bound_as_it_was() -> None:
    after, _ = bind(scanned(), "c", "42", NEW, NOW + 5)
    assert bind(after, "c", "42", replace(NEW, id="other"), NOW + 6) == (after, None)


def test_a_wrong_number_is_kept_and_binds_nothing() -> None:
    after, why = bind(scanned(), "c", "41", NEW, NOW)
    assert (why, after.codes[0].wrong, after.phones) == (Why.WRONG, 1, ())


def test_a_code_that_is_not_there_binds_nothing() -> None:
    found = scanned()
    assert bind(found, "other", "42", NEW, NOW) == (found, No.ABSENT)


def test_who_is_signed_in_binds_without_a_link() -> None:
    found = done(show(rows(UserState.ACTIVE), code(link=0), NOW))
    found = replace(found, codes=(enrolment.scan(found.codes[0], NEW.key, NOW)[0],))
    after, why = bind(found, "c", "42", NEW, NOW)
    assert (why, after.links[0].used_at, after.bound) == (None, None, True)


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (replace(scanned(), user=replace(USER, epoch=4)), No.USER),
        (replace(scanned(), user=replace(USER, state=UserState.DISABLED)), No.USER),
        (replace(scanned(), user=replace(USER, state=UserState.UNVERIFIED)), No.USER),
        (replace(scanned(), links=()), No.LINK),
        (replace(scanned(), links=(replace(rows().links[0], used_at=NOW),)), No.LINK),
        (replace(scanned(), links=(replace(rows().links[0], withdrawn_at=NOW),)), No.LINK),
        (replace(scanned(), links=(*rows().links, replace(rows().links[0], number=2))), No.LINK),
    ],
)
def test_a_code_that_was_forgotten_when_all_else_ended_binds_nothing(found: Rows, why: No) -> None:
    assert bind(found, "c", "42", NEW, NOW) == (found, why)
    assert show(found, code("d"), NOW) is why


def test_a_newer_code_ends_the_one_before() -> None:
    after = done(show(scanned(), code("d"), NOW + 1))
    assert [c.ended for c in after.codes] == [Ended.NEWER, None]


def test_a_phone_that_its_owner_takes_away_is_revoked_and_no_other() -> None:
    before = rows(UserState.ACTIVE, phones=(OLD, NEW))
    after = unbind(before, "new", NOW + 1)
    assert after.phones == (OLD, replace(NEW, state=PhoneState.REVOKED, ended_at=NOW + 1))
    assert replace(after, phones=before.phones) == before


def test_reset_user_unbinds_ends_and_sends_a_new_link() -> None:
    after = done(reset_user(scanned(UserState.ACTIVE, (OLD,)), "l2", "d", NOW, alone=False))
    assert (after.user.state, after.user.epoch, after.newest) == (UserState.ACTIVE, 4, 2)
    assert (after.phones[0].state, after.codes[0].ended) == (PhoneState.REVOKED, Ended.RESET)
    assert after.questions[0].ended is Ended.RESET


@pytest.mark.parametrize(
    ("phones", "alone", "state"),
    [
        ((OLD,), True, UserState.INVITED),
        ((OLD,), False, UserState.ACTIVE),
        ((), True, UserState.ACTIVE),
    ],
)
def test_a_password_alone_does_not_open_what_the_phone_guarded(
    phones: tuple[Phone, ...], alone: bool, state: UserState
) -> None:
    after = done(reset_user(rows(UserState.ACTIVE, phones), "l2", "d", NOW, alone=alone))
    assert after.user.state is state


def test_disabling_withdraws_links_ends_what_was_begun_and_leaves_phones_bound() -> None:
    after = done(disable(scanned(UserState.ACTIVE, (OLD,)), NOW + 1))
    assert (after.user.state, after.user.epoch) == (UserState.DISABLED, 4)
    assert [link.withdrawn_at for link in after.links] == [NOW + 1]
    assert (after.codes[0].ended, after.phones) == (Ended.DISABLED, (OLD,))
    assert after.questions[0].state is State.OVER
    assert disable(after, NOW + 2) is No.USER


def test_a_link_withdrawn_before_keeps_its_moment() -> None:
    once = done(disable(rows(), NOW + 1))
    again = done(disable(replace(once, user=USER), NOW + 2))
    assert [link.withdrawn_at for link in again.links] == [NOW + 1]


def test_words_of_refusal_differ() -> None:
    assert not set(No) & (set(Why) | set(Ended))
