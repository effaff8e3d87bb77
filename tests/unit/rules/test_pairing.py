"""Setting up a device: the label, the press, and what shows that the person is beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.rules.accounts import User, UserState
from keyturn.rules.devices import Held, Pairing
from keyturn.rules.networks import Judged, Kind, Range, Verdict
from keyturn.rules.pairing import (
    LIFE_MS,
    TRIES,
    Ended,
    Missing,
    No,
    Setup,
    State,
    begin,
    ended,
    finish,
    fit,
    hello,
    missing,
    press,
    read_digits,
    shown,
    type_digits,
)

NOW = 10_000_000
NEAR = Judged(Verdict.SAME, None, None)
FAR = Judged(Verdict.DIFFERENT, None, None)
VPN = Judged(Verdict.VPN, Range(Kind.VPN, "Example"), None)


def setup_of(user: str = "u", name: str = "s", at: int = NOW) -> Setup:
    return Setup(
        id=name, tenant_id="t", user_id=user, device_id="d", epoch=1, owner_ip="203.0.113.7",
        digits="482913", made_at=at, expires_at=at + LIFE_MS,
    )  # fmt: skip


def user_of(**other: Any) -> User:
    plain = User(
        id="u", tenant_id="t", state=UserState.ACTIVE, name="Ada", username=None, email="a@b.test",
        phone=None, phone_verified_at=None, password_hash=None, password_set_at=None, epoch=1,
        frozen_at=None, timezone=None, created_at=NOW,
    )  # fmt: skip
    return replace(plain, **other)


FRESH = setup_of()
MET, _ = hello(FRESH, None, "key", "203.0.113.7", NOW + 1)
PRESSED, _ = press(MET, "key", NOW + 2, long=False)
THEIRS = Pairing("before", "t", "u", "d", "key", NOW - 9)
ANOTHER = replace(THEIRS, user_id="other")


class TestBeginning:
    def test_nobody_else_does(self) -> None:
        assert begin([], FRESH, NOW) == ((FRESH,), None)

    def test_one_s_own_is_begun_anew(self) -> None:
        old = setup_of(name="old", at=NOW - 5)
        stored, why = begin([old], FRESH, NOW)
        assert stored == (ended(old, Ended.NEWER, NOW), FRESH)
        assert why is None

    def test_the_second_of_two_people_is_told_that_it_is_busy(self) -> None:
        assert begin([setup_of("other")], FRESH, NOW) == ((), No.BUSY)

    @pytest.mark.parametrize(("late", "why"), [(-1, No.BUSY), (0, None)])
    def test_until_the_other_s_time_is_over(self, late: int, why: No | None) -> None:
        other = setup_of("other", at=NOW - LIFE_MS - late)
        assert begin([other], FRESH, NOW)[1] is why


class TestTheDevice:
    def test_says_hello(self) -> None:
        assert (MET.state, MET.key, MET.device_ip) == (State.MET, "key", "203.0.113.7")
        assert hello(MET, None, "key", "203.0.113.7", NOW + 5) == (MET, None)

    def test_another_that_shows_the_same_label_is_not_taken(self) -> None:
        assert hello(MET, None, "copy", "198.51.100.1", NOW) == (MET, No.KEY)
        assert press(MET, "copy", NOW, long=True) == (MET, No.KEY)

    def test_of_somebody_goes_on_by_its_own_key_alone(self) -> None:
        """A picture of the label, and a program, move nothing that belongs to anybody."""
        for pairing in (THEIRS, ANOTHER):
            assert hello(FRESH, pairing, "program", "", NOW) == (FRESH, No.KEY)
            assert hello(FRESH, pairing, "key", "", NOW)[1] is None

    def test_is_pressed_after_it_has_spoken(self) -> None:
        assert press(FRESH, "", NOW, long=False) == (FRESH, No.OVER)
        assert PRESSED.pressed_at == NOW + 2

    def test_a_long_press_stays_one(self) -> None:
        long, _ = press(PRESSED, "key", NOW + 3, long=True)
        assert long.long
        assert press(long, "key", NOW + 4, long=False)[0].long

    @pytest.mark.parametrize(("late", "why"), [(-1, None), (0, No.OVER)])
    def test_an_end_is_an_end(self, late: int, why: No | None) -> None:
        at = FRESH.expires_at + late
        assert hello(FRESH, None, "key", "", at)[1] is why
        assert press(MET, "key", at, long=False)[1] is why
        assert type_digits(MET, "482913", at)[1] is why

    def test_a_replayed_press_of_a_setup_that_is_over_presses_nothing(self) -> None:
        over = ended(PRESSED, Ended.NEWER, NOW + 3)
        assert press(over, "key", NOW + 4, long=True) == (over, No.OVER)
        done = finish(PRESSED, None, "p", NOW + 3).setup
        assert press(done, "key", NOW + 4, long=True) == (done, No.OVER)


class TestDigits:
    def test_right(self) -> None:
        assert type_digits(MET, "482913", NOW) == (replace(MET, typed=True), None)

    def test_right_stays_right(self) -> None:
        right, _ = type_digits(MET, "482913", NOW)
        assert type_digits(right, "000000", NOW) == (right, None)

    def test_three_wrong_end_it(self) -> None:
        setup, answers = MET, []
        for _ in range(TRIES):
            setup, why = type_digits(setup, "000000", NOW)
            answers.append(why)
        assert answers == [No.WRONG, No.WRONG, No.OVER]
        assert (setup.state, setup.ended) == (State.OVER, Ended.DIGITS)
        assert type_digits(setup, "482913", NOW) == (setup, No.OVER)

    @pytest.mark.parametrize(
        ("typed", "digits"),
        [("482913", "482913"), (" 482 913 ", "482913"), ("482-913", "482913"), ("48291", None),
         ("4829133", None), ("48291a", None), ("", None), ("４８２９１３", None)],
    )  # fmt: skip
    def test_as_they_are_typed(self, typed: str, digits: str | None) -> None:
        assert read_digits(typed) == digits


class TestWhatIsMissing:
    def test_before_the_device_has_spoken(self) -> None:
        assert missing(FRESH, None, NEAR) == (Missing.HELLO,)
        assert missing(MET, None, None) == (Missing.HELLO,)

    def test_near_a_device_of_nobody_s_its_press(self) -> None:
        assert missing(MET, None, NEAR) == (Missing.PRESS,)
        assert missing(PRESSED, None, NEAR) == ()

    def test_the_label_without_the_press_is_nothing(self) -> None:
        typed, _ = type_digits(MET, "482913", NOW)
        for judged in (NEAR, FAR):
            assert Missing.PRESS in missing(typed, None, judged)

    @pytest.mark.parametrize("verdict", [one for one in Verdict if one is not Verdict.SAME])
    def test_where_nothing_shows_that_they_are_near_the_digits_do(self, verdict: Verdict) -> None:
        judged = Judged(verdict, None, None)
        assert Missing.DIGITS in missing(PRESSED, None, judged)
        typed, _ = type_digits(PRESSED, "482913", NOW)
        left = (Missing.VPN,) if verdict is Verdict.VPN else ()
        assert missing(typed, None, judged) == left

    def test_another_s_device_is_held_for_ten_seconds(self) -> None:
        assert missing(PRESSED, ANOTHER, NEAR) == (Missing.LONG,)
        long, _ = press(PRESSED, "key", NOW, long=True)
        assert missing(long, ANOTHER, NEAR) == ()
        assert missing(PRESSED, THEIRS, NEAR) == ()

    def test_a_vpn_is_told_as_such(self) -> None:
        assert missing(MET, None, VPN) == (Missing.VPN, Missing.PRESS, Missing.DIGITS)


class TestTheEnd:
    def test_nobody_s_device_is_theirs(self) -> None:
        done = finish(PRESSED, None, "p", NOW + 9)
        assert done.pairing == Pairing("p", "t", "u", "d", "key", NOW + 9)
        assert (done.setup.state, done.setup.pairing_id, done.before) == (State.DONE, "p", None)

    def test_changing_hands_ends_the_owner_before(self) -> None:
        done = finish(PRESSED, ANOTHER, "p", NOW + 9)
        assert done.pairing.former == "before"
        assert done.before == replace(ANOTHER, state=Held.PASSED, ended_at=NOW + 9)

    def test_one_s_own_is_paired_anew_and_waits_again(self) -> None:
        done = finish(PRESSED, THEIRS, "p", NOW + 9)
        assert (done.pairing.former, done.pairing.paired_at) == ("", NOW + 9)
        assert done.before is not None

    def test_it_ends_by_itself(self) -> None:
        over = shown(MET, MET.expires_at)
        assert (over.state, over.ended) == (State.OVER, Ended.EXPIRED)
        assert over.ended_at == MET.expires_at
        assert shown(MET, MET.expires_at - 1) is MET
        done = finish(PRESSED, None, "p", NOW).setup
        assert shown(done, done.expires_at) is done
        assert ended(done, Ended.NEWER, NOW) is done

    @pytest.mark.parametrize(
        ("other", "fits"),
        [({}, True), ({"epoch": 2}, False), ({"state": UserState.DISABLED}, False),
         ({"frozen_at": NOW}, False), ({"id": "x"}, False)],
    )  # fmt: skip
    def test_for_the_account_that_began_it(self, other: dict[str, Any], fits: bool) -> None:
        assert fit(FRESH, user_of(**other)) is fits


STEPS = st.lists(
    st.sampled_from(["hello", "copy", "press", "long", "digits", "wrong", "late"]), max_size=12
)


@given(STEPS, st.sampled_from([None, THEIRS, ANOTHER]), st.sampled_from([NEAR, FAR, VPN]))
def test_no_device_is_paired_without_its_own_press(
    steps: list[str], pairing: Pairing | None, judged: Judged
) -> None:
    """Whatever happens in whatever order: what is complete was pressed by the key that spoke."""
    setup, now, by_device = FRESH, NOW, False
    for step in steps:
        now += LIFE_MS if step == "late" else 1
        if step in {"hello", "copy"}:
            setup, _ = hello(setup, pairing, "key" if step == "hello" else "copy", "ip", now)
        elif step in {"press", "long"}:
            setup, why = press(setup, "key", now, long=step == "long")
            by_device |= why is None
        elif step in {"digits", "wrong"}:
            setup, _ = type_digits(setup, "482913" if step == "digits" else "000000", now)
    left = missing(setup, pairing, judged)
    if setup.state is State.MET and not left:
        assert by_device
        assert setup.key == "key"
        assert judged is not VPN
        assert judged.near or setup.typed
        assert pairing is not ANOTHER or setup.long
