"""The laws of approvals: what no order of questions, answers and takings can break."""

from __future__ import annotations

from tests.models.laws import law


@law
def one_question_waits(waiting: int) -> bool:
    """For each user, whoever asks."""
    return waiting <= 1


@law
def a_side_asks_only_so_often(asked: int, most: int) -> bool:
    """Within the window."""
    return asked <= most


@law
def strangers_use_up_no_question_of_staff(capped: bool, by_side: int, most: int) -> bool:
    """Who is told that there were too many has asked as many."""
    return not capped or by_side >= most


@law
def a_stranger_never_ends_a_question_of_staff(ends: bool) -> bool:
    """It is told to come back."""
    return not ends


@law
def what_is_used_was_approved_once(uses: int, approved: bool) -> bool:
    """By the right number."""
    return uses <= 1 and approved


@law
def what_is_approved_was_never_denied(denied: bool) -> bool:
    """And the other way round."""
    return not denied


@law
def a_question_is_approved_by_the_number_that_was_shown(right: bool) -> bool:
    """Never by another."""
    return right


@law
def its_own_phone_answers_in_time(own: bool, now: int, end: int) -> bool:
    """Within sixty seconds."""
    return own and now < end


@law
def its_own_asker_takes_it_in_time(own: bool, now: int, end: int) -> bool:
    """Within sixty seconds of the answer."""
    return own and now < end


@law
def nothing_asked_before_an_ending_is_used_after_it(asked: int, now: int) -> bool:
    """Reset User, disabling, a newer question."""
    return asked == now


@law
def three_wrong_numbers_end_a_question(wrong: int) -> bool:
    """A fourth is not asked for."""
    return wrong < 3


@law
def an_answer_that_comes_again_changes_nothing(same: bool) -> bool:
    """Nor does another one."""
    return same


@law
def the_first_answer_is_answered_again(refused: bool) -> bool:
    """It was lost, perhaps."""
    return not refused


@law
def nothing_is_pushed_while_it_is_quiet(pushed: bool, quiet: bool) -> bool:
    """And everything is while it is not."""
    return pushed is not quiet


@law
def every_quiet_is_told_of_once(told: bool, begins: bool) -> bool:
    """With the denial that begins it."""
    return told is begins
