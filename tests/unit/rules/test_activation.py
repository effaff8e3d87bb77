"""Activation links: what a link is worth, what a dead one offers, who is invited, reminders."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.rules import activation
from keyturn.rules.accounts import UserState
from keyturn.rules.activation import (
    LIFE_MS,
    REMIND_MS,
    TABLE,
    Invitation,
    Link,
    LinkState,
    Standing,
    WayOn,
    What,
    holds,
    invitation,
    judge,
    made,
    remind,
    remind_at,
    ways_on,
    welcome,
)

NOW = 1_000_000
LINK = made("l", "t", "u", "digest", 6, NOW)
END = NOW + LIFE_MS


def happened(state: LinkState) -> tuple[Link, int, int]:
    """A link, the newest number and a moment at which the link stands like that."""
    return {
        LinkState.OPEN: (LINK, 7, NOW),
        LinkState.USED: (replace(LINK, used_at=NOW + 1), 7, NOW + 2),
        LinkState.REPLACED: (LINK, 8, NOW),
        LinkState.WITHDRAWN: (replace(LINK, withdrawn_at=NOW + 1), 7, NOW + 2),
        LinkState.EXPIRED: (LINK, 7, END),
    }[state]


def after(link: Link, newest: int, now: int, what: What) -> tuple[Link, int, int]:
    match what:
        case What.BOUND:
            return replace(link, used_at=now), newest, now
        case What.NEWER:
            return link, newest + 1, now
        case What.DISABLED:
            kept = link.withdrawn_at is not None
            return (link if kept else replace(link, withdrawn_at=now)), newest, now
        case What.TIME:
            return link, newest, END


def test_a_link_is_the_next_one_and_lives_48_hours() -> None:
    assert (LINK.number, LINK.expires_at - LINK.made_at) == (7, 48 * 3_600_000)


#: nothing is bound by a link that is dead otherwise (rules/binding.py, tests/models/bindings.py)
HAPPENS = [
    (state, what)
    for state in LinkState
    for what in What
    if what is not What.BOUND or (state, what) in TABLE
]


@pytest.mark.parametrize(("state", "what"), HAPPENS)
def test_a_link_goes_the_way_of_the_table(state: LinkState, what: What) -> None:
    before = happened(state)
    assert judge(*before).state is state
    assert judge(*after(*before, what)).state is TABLE.get((state, what), state)


@pytest.mark.parametrize(
    ("now", "state"),
    [(END - 1, LinkState.OPEN), (END, LinkState.EXPIRED), (END + 1, LinkState.EXPIRED)],
)
def test_it_dies_exactly_at_its_end(now: int, state: LinkState) -> None:
    assert judge(LINK, 7, now).state is state


def test_each_standing_knows_since_when_and_whether_there_is_a_newer_link() -> None:
    assert judge(LINK, 7, NOW) == Standing(LinkState.OPEN, None, newer=False)
    assert judge(LINK, 7, END + 9) == Standing(LinkState.EXPIRED, END, newer=False)
    assert judge(LINK, 8, NOW) == Standing(LinkState.REPLACED, None, newer=True)
    used = replace(LINK, used_at=NOW + 5)
    assert judge(used, 8, END) == Standing(LinkState.USED, NOW + 5, newer=True)
    withdrawn = replace(LINK, withdrawn_at=NOW + 5)
    assert judge(withdrawn, 7, END) == Standing(LinkState.WITHDRAWN, NOW + 5, newer=False)


def test_what_was_begun_in_time_is_finished_unless_something_newer_says_no() -> None:
    assert holds(LINK, 7)
    assert not holds(LINK, 8)
    assert not holds(replace(LINK, withdrawn_at=NOW), 7)
    assert not holds(replace(LINK, used_at=NOW), 7)


GO, NEWEST, APP, AGAIN, ASK = WayOn


@pytest.mark.parametrize(
    ("state", "again", "bound", "ways"),
    [
        (LinkState.OPEN, True, False, (GO,)),
        (LinkState.EXPIRED, True, False, (AGAIN, ASK)),
        (LinkState.EXPIRED, False, False, (ASK,)),
        (LinkState.EXPIRED, True, True, (APP, ASK)),
        (LinkState.REPLACED, True, False, (NEWEST, AGAIN, ASK)),
        (LinkState.REPLACED, False, True, (NEWEST, APP, ASK)),
        (LinkState.USED, True, True, (APP, ASK)),
        (LinkState.USED, True, False, (AGAIN, ASK)),
        (LinkState.WITHDRAWN, True, False, (ASK,)),
    ],
)
def test_the_page_of_a_link_offers_what_leads_on(
    state: LinkState, again: bool, bound: bool, ways: tuple[WayOn, ...]
) -> None:
    standing = judge(*happened(state))
    assert ways_on(standing, UserState.INVITED, again=again, bound=bound) == ways


@pytest.mark.parametrize("state", LinkState)
@pytest.mark.parametrize("user", [UserState.DISABLED, UserState.UNVERIFIED])
def test_who_cannot_be_invited_is_told_whom_to_ask(user: UserState, state: LinkState) -> None:
    standing = judge(*happened(state))
    assert ways_on(standing, user, again=True, bound=False) == (ASK,)


def test_two_taps_on_again_make_one_mail() -> None:
    assert activation.again_at(LINK) == NOW + 60_000


@pytest.mark.parametrize(
    ("state", "newest", "bound", "found", "sent"),
    [
        (UserState.INVITED, 0, False, Invitation.FIRST, True),
        (UserState.INVITED, 2, False, Invitation.AGAIN, True),
        (UserState.ACTIVE, 0, False, Invitation.PHONE, True),
        (UserState.ACTIVE, 1, True, Invitation.BOUND, False),
        (UserState.UNVERIFIED, 0, False, Invitation.UNVERIFIED, False),
        (UserState.DISABLED, 1, True, Invitation.DISABLED, False),
    ],
)
def test_who_is_invited(
    state: UserState, newest: int, bound: bool, found: Invitation, sent: bool
) -> None:
    assert invitation(state, newest=newest, bound=bound) is found
    assert welcome(found) is sent


def test_reminders_go_out_a_day_and_four_hours_before_each_once() -> None:
    link, told = LINK, []
    for now in range(NOW, END + 3_600_000, 3_600_000):
        link, left = remind(link, 7, now)
        told += [] if left is None else [(now, left)]
    assert told == [(END - before, before) for before in REMIND_MS]
    assert remind_at(link) is None


def test_the_next_reminder_has_its_moment() -> None:
    day, hours = REMIND_MS
    assert remind_at(LINK) == END - day
    assert remind(LINK, 7, END - day - 1) == (LINK, None)
    once, left = remind(LINK, 7, END - day)
    assert (left, remind_at(once)) == (day, END - hours)


def test_of_reminders_that_were_missed_the_last_alone_is_sent() -> None:
    link, left = remind(LINK, 7, END - 1)
    assert (link.reminded, left) == (2, 1)


@pytest.mark.parametrize("state", [s for s in LinkState if s is not LinkState.OPEN])
def test_nobody_is_reminded_of_a_dead_link(state: LinkState) -> None:
    link, newest, _ = happened(state)
    now = END if state is LinkState.EXPIRED else END - 1
    assert remind(link, newest, now) == (link, None)
