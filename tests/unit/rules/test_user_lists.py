"""Which users a list is of, and where it goes on."""

from __future__ import annotations

import pytest

from keyturn.rules.accounts import UserState
from keyturn.rules.user_lists import Enrolment, Filter, Sort, cursor, label, place, told

ID = "01k" + "0" * 22 + "1"


@pytest.mark.parametrize(
    ("wanted", "plain", "everybody"),
    [
        (Filter(), True, True),
        (Filter("ada", UserState.ACTIVE, locked=True), True, False),
        (Filter(sort=Sort.NAME), False, True),
        (Filter(sort=Sort.LOCK), False, False),
        (Filter(enrolment=Enrolment.APP), False, False),
        (Filter(directory=ID), False, False),
        (Filter(role="any"), False, False),
    ],
)
def test_what_a_filter_leaves_out(wanted: Filter, plain: bool, everybody: bool) -> None:
    assert (wanted.plain, wanted.everybody) == (plain, everybody)


def test_a_list_by_locks_is_of_those_who_are_locked() -> None:
    assert Filter(sort=Sort.LOCK).only_locked
    assert Filter(locked=True).only_locked
    assert not Filter(sort=Sort.NAME).only_locked


def test_the_trail_is_told_what_was_asked_for_and_no_more() -> None:
    assert told(Filter()) == {}
    wanted = Filter("ada", UserState.ACTIVE, True, Enrolment.NO_APP, ID, "any", Sort.SIGNIN, True)
    assert told(wanted) == {
        "query": "ada", "state": "active", "locked": True, "enrolment": "no-app", "directory": ID,
        "role": "any", "sort": "signin", "down": True,
    }  # fmt: skip


def test_a_list_is_named_by_its_words_and_filters() -> None:
    assert label(Filter(sort=Sort.NAME)) == ""
    wanted = Filter("ada", UserState.ACTIVE, True, Enrolment.NO_APP, ID, "any", Sort.SIGNIN, True)
    assert label(wanted) == "ada active locked no-app directory any"


@pytest.mark.parametrize(("key", "text"), [(None, ""), (0, "0"), (17, "17"), ("Ada B", "Ada B")])
def test_a_cursor_says_the_user_and_the_key(key: object, text: str) -> None:
    assert place(cursor(ID, key)) == (ID, text)
