"""The laws of lockout, recovery and codes, each a function that says in plain words what holds.

A law is given what happened and raises `Violated` if it does not hold.  It never looks at how
the rules or the store come to their answer: it knows only what was asked, what was answered
and what went out by mail.  `LAWS` lists all of them, for docs/design/04-models.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from keyturn.rules.lockout import LockoutPolicy, Notice
from tests.unit.rules.worlds import Violated

LAWS: dict[str, Callable[..., None]] = {}
Law = TypeVar("Law", bound=Callable[..., bool])


def law(holds: Law) -> Callable[..., None]:
    """Make a law of a question: whatever it says no to is a violation that bears its name."""

    def check(*happened: Any, **more: Any) -> None:
        if not holds(*happened, **more):
            raise Violated(holds.__name__.replace("_", " "))

    check.__name__, check.__doc__ = holds.__name__, holds.__doc__
    LAWS[holds.__name__] = check
    return check


# -- tries on a lane ------------------------------------------------------------------------


@law
def never_more_guesses_than_the_limit_between_two_openings(
    guesses: int, policy: LockoutPolicy
) -> bool:
    """Wrong passwords that were compared and whose slot was still held, since the lane last
    opened (a success, the end of a lock, an old streak, a recovery, staff).
    """
    return guesses <= policy.limit


@law
def nothing_is_compared_during_a_lock(lock_end: int) -> bool:
    """A try that holds a slot is compared only while no lock runs."""
    return not lock_end


@law
def no_slot_is_given_during_a_lock(lock_end: int) -> bool:
    """During a lock no try counts, so none gets a slot."""
    return not lock_end


@law
def a_lease_is_as_long_as_the_policy_says(until: int, asked: int, policy: LockoutPolicy) -> bool:
    """Neither longer (a dead process would hold others up) nor shorter (a slow one would lose
    its slot).
    """
    return until == asked + policy.lease_ms


@law
def only_a_locked_lane_refuses(until: int, lock_end: int) -> bool:
    """No try, and above all no right one, is refused unless a lock runs; the refusal names
    the lock's end.
    """
    return bool(lock_end) and until == lock_end


@law
def a_try_waits_only_for_tries_under_way(held: int, lock_end: int) -> bool:
    """Whoever waits, waits for slots that somebody holds, and not during a lock."""
    return held > 0 and not lock_end


@law
def a_waiting_try_is_told_when_to_look_again(at: int, now: int, policy: LockoutPolicy) -> bool:
    """Within a lease."""
    return now < at <= now + policy.lease_ms


@law
def a_waiting_try_gets_an_answer_within_a_lease(still_waits: bool) -> bool:
    """However many processes die: if nobody newer comes, it gets a slot or hears of a lock
    when the last lease is over.
    """
    return not still_waits


@law
def a_wrong_password_never_gets_in(right: bool) -> bool:
    """Whatever else happens."""
    return right


@law
def a_password_that_was_replaced_never_gets_in(stale: bool) -> bool:
    """A recovery kills the old password for tries that are under way, too."""
    return not stale


@law
def a_try_gets_in_only_on_a_slot_it_holds(held: bool) -> bool:
    """Not when its lease has run out, and not when a recovery made it void."""
    return held


@law
def a_closed_lane_lets_nobody_in(closed: bool) -> bool:
    """From `close_after` failures in a row until recovery."""
    return not closed


@law
def nobody_gets_in_during_a_lock(lock_end: int) -> bool:
    """Not even with the right password."""
    return not lock_end


@law
def a_right_password_gets_in_unless_closed_locked_or_too_late(
    right: bool, closed: bool, lock_end: int
) -> bool:
    """What was compared in its turn and was right is not called wrong."""
    return not right or closed or bool(lock_end)


@law
def a_slot_is_settled_once(held: bool) -> bool:
    """Who is told that the try counted as wrong held a slot until then."""
    return held


@law
def only_a_lost_slot_has_lapsed(held: bool) -> bool:
    """A slot that is held when its verdict comes gets that verdict."""
    return not held


@law
def a_lapsed_try_learns_nothing(right: object, wrong: object) -> bool:
    """What it is told and what is stored is the same for a right password."""
    return right == wrong


@law
def an_answer_names_the_end_of_the_lock(told: int, lock_end: int) -> bool:
    """0 unless a lock runs."""
    return told == lock_end


@law
def a_lock_has_one_notice(running: int) -> bool:
    """None while a lock runs that was told of already."""
    return not running


@law
def a_lock_begins_with_a_failure(since: int, last_failure: int) -> bool:
    """With a wrong password or a lease that ran out, at that very moment."""
    return since == last_failure


@law
def a_lock_lasts_as_long_as_the_policy_says(notice: Notice, policy: LockoutPolicy) -> bool:
    """Ten minutes."""
    return notice.until == notice.since + policy.lock_ms


@law
def a_lock_begins_with_the_limit_of_failures(counted: int, policy: LockoutPolicy) -> bool:
    """Neither a failure earlier nor one later."""
    return counted == policy.limit


@law
def the_limit_of_failures_always_locks(counted: int, policy: LockoutPolicy) -> bool:
    """No failure is lost, not even that of a process that died."""
    return counted < policy.limit


@law
def every_notice_is_an_audit_row_and_a_mail(rows: int, mails: int, notices: int) -> bool:
    """In the transaction in which the lock is first seen."""
    return rows == mails == notices


@law
def a_notice_is_owed_until_it_is_handed_out(
    owed: tuple[Notice, ...], told: tuple[Notice, ...]
) -> bool:
    """A lock that began because a lease ran out is told of by whoever looks first."""
    return told[: len(owed)] == owed


@law
def the_end_of_a_lock_never_moves(stored: int, lock_end: int) -> bool:
    """No try, no death, no recovery makes it longer or shorter; at its end, it is open."""
    return stored == lock_end


@law
def a_lane_is_closed_by_close_after_failures_in_a_row(stored: bool, closed: bool) -> bool:
    """And by nothing else, until recovery."""
    return stored == closed


@law
def the_answer_says_whether_the_lane_is_closed(told: bool, closed: bool) -> bool:
    """Diagnosis relies on it; the person is not told."""
    return told == closed


@law
def what_was_stored_is_never_overwritten_unseen(changed_meanwhile: bool) -> bool:
    """A store in one statement succeeds only if the lane is still as it was read."""
    return not changed_meanwhile


@law
def a_name_that_nobody_has_leaves_the_same_traces(known: object, absent: object) -> bool:
    """The same lane, the same answer, as many rows of the same kind."""
    return known == absent


# -- codes ----------------------------------------------------------------------------------


@law
def wrong_digits_are_never_right(matches: bool) -> bool:
    """Only the digits that were mailed are right."""
    return matches


@law
def only_a_live_code_is_right(live: bool) -> bool:
    """Sent in this flow, not used, not replaced, younger than ten minutes, and with tries left."""
    return live


@law
def right_digits_of_a_live_code_are_right(live: bool) -> bool:
    """Nothing that a stranger does in another browser can spoil them."""
    return not live


@law
def a_code_works_once(times: int) -> bool:
    """By digits or by link, in whatever order."""
    return times <= 1


@law
def a_code_takes_five_tries(wrong: int, tries: int) -> bool:
    """The sixth is not compared."""
    return wrong <= tries


@law
def the_tries_left_are_told_truly(told: int, wrong: int, tries: int) -> bool:
    """After each wrong one."""
    return told == tries - wrong


@law
def a_dead_code_says_truly_why(told: str, why: str) -> bool:
    """Used, replaced, expired, or out of tries."""
    return told == why


@law
def a_link_works_exactly_while_it_lives(works: bool, live: bool) -> bool:
    """Wrong digits do not count against it."""
    return works == live


@law
def a_resend_replaces_only_the_code_of_its_own_flow(other_before: object, after: object) -> bool:
    """What another browser waits for stays good."""
    return other_before == after


# -- accounts -------------------------------------------------------------------------------


@law
def a_session_lives_exactly_as_long_as_nothing_ended_it(alive: bool, should: bool) -> bool:
    """A new password, an objection, a disabling and staff end all sessions, also those that
    are being started at that very moment.
    """
    return alive == should


@law
def a_second_step_that_waits_dies_with_the_password(passed: bool, overtaken: bool) -> bool:
    """What was pending before a recovery, an objection or a disabling leads nowhere."""
    return not (passed and overtaken)


@law
def nobody_is_in_with_a_second_step_outstanding(level: int, needed: int) -> bool:
    """Where a second step is enrolled a password alone makes no session."""
    return level >= needed


@law
def a_recovery_overtaken_by_another_sets_no_password(done: bool, overtaken: bool) -> bool:
    """What was proved before a recovery, an objection or a disabling counts no more."""
    return not (done and overtaken)


@law
def whoever_was_ended_is_no_known_client(known: bool, overtaken: bool) -> bool:
    """A try that a disabling or an objection has overtaken does not make its browser known."""
    return not (known and overtaken)


@law
def a_recovery_leaves_the_second_step_s_lane_alone(before: object, after: object) -> bool:
    """A new password says nothing about guesses at the second step."""
    return before == after
