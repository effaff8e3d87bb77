"""The laws of activation and enrolment, in any order of links, codes, phones and staff."""

from __future__ import annotations

from collections.abc import Collection

from keyturn.rules.accounts import UserState
from keyturn.rules.activation import LinkState
from keyturn.rules.matching import Ended
from tests.models.laws import law


@law
def a_link_binds_one_phone(bound: int) -> bool:
    """Whoever follows it, in however many browsers."""
    return bound <= 1


@law
def a_user_has_one_phone(active: int) -> bool:
    """The one that was bound last."""
    return active <= 1


@law
def a_phone_is_bound_by_the_code_it_scanned_first(key: str, first: str) -> bool:
    """Whoever else has seen the code."""
    return key == first


@law
def a_phone_is_bound_by_the_number_that_the_page_shows(right: bool) -> bool:
    """Nobody is let in by chance or by a wrong number."""
    return right


@law
def nothing_begun_before_an_ending_binds_after_it(begun: int, now: int) -> bool:
    """Endings: Reset User, disabling, a newer link, a phone bound by the same link; counted."""
    return begun == now


@law
def the_newest_code_alone_binds(number: int, newest: int) -> bool:
    """What an older page shows is over."""
    return number == newest


@law
def nobody_disabled_is_bound(state: UserState) -> bool:
    """Nor made active by it."""
    return state is not UserState.DISABLED


@law
def a_code_is_scanned_in_time(now: int, end: int) -> bool:
    """Ten minutes."""
    return now < end


@law
def a_number_is_said_in_time(now: int, end: int) -> bool:
    """Five minutes after the scan."""
    return now < end


@law
def three_wrong_numbers_end_a_code(wrong: int) -> bool:
    """Of the phone that scanned it."""
    return wrong < 3


@law
def what_is_said_again_changes_nothing(same: bool) -> bool:
    """An answer that was lost is given again."""
    return same


@law
def the_phone_that_scanned_is_heard_again(refused: bool) -> bool:
    """As long as nothing has ended the code."""
    return not refused


@law
def what_is_told_of_a_link_is_true(told: LinkState, true: LinkState) -> bool:
    """Used, replaced, withdrawn, expired: the first that holds."""
    return told is true


@law
def what_is_told_of_a_code_happened(told: Ended, happened: Collection[Ended]) -> bool:
    """Its end is one that it had."""
    return told in happened


@law
def nobody_has_a_phone_after_reset_user(active: int) -> bool:
    """It unbinds."""
    return active == 0


@law
def no_phone_acts_for_a_disabled_user(acts: bool) -> bool:
    """Though it stays bound."""
    return not acts


@law
def a_password_alone_never_opens_what_a_phone_guarded(state: UserState, bound: bool) -> bool:
    """Where the phone is the only second step, an active user who had one has one."""
    return bound or state is not UserState.ACTIVE
