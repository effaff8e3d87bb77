"""One-time codes: the table at the head of the rule, row by row."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyturn.rules.codes import (
    LIFE_MS,
    RESEND_MS,
    TRIES,
    Code,
    Expired,
    Replaced,
    Right,
    Spent,
    Used,
    Wrong,
    attempt,
    follow,
    resend_at,
)

SENT = 1_000_000
CODE = Code(
    id="1", tenant_id="t", flow_id="f", channel="mail", digest="d", link="l", tries=0,
    sent_at=SENT, expires_at=SENT + LIFE_MS, used_at=None, replaced_at=None,
)  # fmt: skip


def test_right_digits_use_the_code() -> None:
    assert attempt(CODE, SENT + 5, matches=True) == (replace(CODE, used_at=SENT + 5), Right())


def test_five_wrong_tries_and_then_not_even_the_right_one() -> None:
    code, told = CODE, []
    for _ in range(TRIES):
        code, answer = attempt(code, SENT, matches=False)
        told.append(answer)
    assert told == [Wrong(left) for left in (4, 3, 2, 1, 0)]
    assert attempt(code, SENT, matches=True) == (code, Spent())


@pytest.mark.parametrize("matches", [False, True])
@pytest.mark.parametrize(
    ("code", "answer"),
    [
        (replace(CODE, used_at=SENT + 1), Used(at=SENT + 1)),
        (replace(CODE, replaced_at=SENT + 2), Replaced(at=SENT + 2)),
        (replace(CODE, tries=TRIES), Spent()),
    ],
)
def test_a_dead_code_says_why_and_does_not_change(
    code: Code, answer: object, matches: bool
) -> None:
    assert attempt(code, SENT + 5, matches) == (code, answer)


@pytest.mark.parametrize(("moment", "lives"), [(-1, True), (0, False), (1, False)])
def test_a_code_and_its_link_live_ten_minutes(moment: int, lives: bool) -> None:
    now = SENT + LIFE_MS + moment
    dead = Expired(at=SENT + LIFE_MS)
    assert attempt(CODE, now, matches=True)[1] == (Right() if lives else dead)
    assert follow(CODE, now)[1] == (Right() if lives else dead)


def test_wrong_digits_do_not_count_against_the_link() -> None:
    spent = replace(CODE, tries=TRIES)
    assert follow(spent, SENT) == (replace(spent, used_at=SENT), Right())


def test_a_link_works_once() -> None:
    used, _ = follow(CODE, SENT)
    assert follow(used, SENT + 1) == (used, Used(at=SENT))
    assert attempt(used, SENT + 1, matches=True) == (used, Used(at=SENT))


def test_a_mail_with_only_a_link_has_no_right_digits() -> None:
    code, answer = attempt(replace(CODE, digest=None), SENT, matches=True)
    assert answer == Wrong(left=4)
    assert follow(code, SENT)[1] == Right()


def test_another_code_may_be_asked_for_after_a_minute() -> None:
    assert resend_at(CODE) == SENT + RESEND_MS
