"""The laws of directory sign-in, in plain words; see laws.py for what a law is.

They are told by somebody who sees everything: what the controller counts, and who made it so.
None of them knows how the rules or an agent come to their answers.
"""

from __future__ import annotations

from tests.models.laws import law


@law
def nothing_of_ours_takes_the_last_two(count: int, threshold: int, meanwhile: int) -> bool:
    """After a wrong one of ours the controller bears one more and does not lock.

    meanwhile: wrong ones at the person's own desk since the controller's count was read.
    """
    return count <= threshold - 2 + meanwhile


@law
def ours_never_exceed_the_budget(ours: int, budget: int) -> bool:
    """Wrong ones of ours since the controller last forgot."""
    return ours <= budget


@law
def a_password_is_tried_once(binds: int) -> bool:
    """Whatever is said twice, whoever takes over."""
    return binds <= 1


@law
def whoever_gets_in_was_right(right: bool) -> bool:
    """The controller said so."""
    return right


@law
def nobody_gets_in_by_a_leave_that_has_ended(now: int, until: int) -> bool:
    """Told in time, or not at all."""
    return now < until


@law
def the_answer_of_a_try_is_never_taken_back(same: bool) -> bool:
    """Answered stays answered, and as it was."""
    return same
