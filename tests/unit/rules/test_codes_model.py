"""All orders of events around the codes of one flow, on the real rules; broken ones found.

A world holds the codes a flow has sent (the newest lives, a resend replaces the older),
the moment, and a witness of what was answered.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import pytest

from keyturn.rules import codes
from keyturn.rules.codes import LIFE_MS, TRIES, Code, Expired, Replaced, Right, Spent, Used, Wrong

from .worlds import Explored, Violated, explore, must

START = 1_000_000


@dataclass(frozen=True)
class Rules:
    """The functions under test; mutants replace some of them."""

    attempt: Callable[..., Any] = codes.attempt
    follow: Callable[..., Any] = codes.follow


class Told(NamedTuple):
    """What the answers about one code have told."""

    wrong: int = 0
    right: int = 0
    replaced: bool = False


class World(NamedTuple):
    now: int
    sent: tuple[tuple[Code, Told], ...]


def new_code(now: int, number: int) -> Code:
    return Code(
        id=str(number), tenant_id="t", flow_id="f", channel="mail", digest="d", link="l",
        tries=0, sent_at=now, expires_at=now + LIFE_MS, used_at=None, replaced_at=None,
    )  # fmt: skip


class Model:
    """Steps around a flow's codes, with the invariants checked on the way."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules

    def steps(self, world: World) -> Iterator[tuple[str, World]]:
        for at in range(len(world.sent)):
            yield f"wrong {at}", self._digits(world, at, matches=False)
            yield f"right {at}", self._digits(world, at, matches=True)
            yield f"link {at}", self._link(world, at)
        if len(world.sent) < 2:
            yield "resend", self._resent(world)
        for code, _ in world.sent:
            for moment in (code.expires_at - 1, code.expires_at, code.expires_at + 1):
                if moment > world.now:
                    yield f"+{moment - world.now}", world._replace(now=moment)

    def _digits(self, world: World, at: int, *, matches: bool) -> World:
        code, told = world.sent[at]
        after, answer = self.rules.attempt(code, world.now, matches)
        live = self._live(world, code, told)
        match answer:
            case Right():
                must(matches, "wrong digits are never right")
                must(live and told.wrong < TRIES, "only a live code is right")
                told = told._replace(right=told.right + 1)
            case Wrong(left):
                must(not matches, "right digits are not called wrong")
                must(live, "only a live code is compared")
                told = told._replace(wrong=told.wrong + 1)
                must(told.wrong <= TRIES, "at most five tries")
                must(left == TRIES - told.wrong, "the tries left are told")
            case _:
                must(not live or told.wrong >= TRIES, "a live code answers")
                self._dead(world, code, told, answer)
        return self._with(world, at, after, told)

    def _link(self, world: World, at: int) -> World:
        code, told = world.sent[at]
        after, answer = self.rules.follow(code, world.now)
        live = self._live(world, code, told)
        must(isinstance(answer, Right) == live, "a link works exactly while it lives")
        if live:
            told = told._replace(right=told.right + 1)
        else:
            self._dead(world, code, told, answer)
        return self._with(world, at, after, told)

    @staticmethod
    def _live(world: World, code: Code, told: Told) -> bool:
        return not told.right and not told.replaced and world.now < code.expires_at

    @staticmethod
    def _dead(world: World, code: Code, told: Told, answer: object) -> None:
        """The reason given is the true one."""
        if told.right:
            must(isinstance(answer, Used), "a used code says so")
        elif told.replaced:
            must(isinstance(answer, Replaced), "a replaced code says so")
        elif world.now >= code.expires_at:
            must(answer == Expired(at=code.sent_at + LIFE_MS), "an expired code says when")
        else:
            must(isinstance(answer, Spent), "a code without tries left says so")

    @staticmethod
    def _with(world: World, at: int, code: Code, told: Told) -> World:
        must(told.right <= 1, "a code is right once")
        sent = (*world.sent[:at], (code, told), *world.sent[at + 1 :])
        return world._replace(sent=sent)

    @staticmethod
    def _resent(world: World) -> World:
        """As the store does: live codes of the flow are replaced."""
        older = tuple(
            (code, told)
            if told.right
            else (replace(code, replaced_at=world.now), told._replace(replaced=True))
            for code, told in world.sent
        )
        number = len(world.sent)
        return world._replace(sent=(*older, (new_code(world.now, number), Told())))


def seen(world: World) -> Hashable:
    """A world without absolute time."""
    return tuple(
        (code.tries, code.expires_at - world.now, code.used_at is None, code.replaced_at is None,
         told)
        for code, told in world.sent
    )  # fmt: skip


def explored(rules: Rules) -> Explored:
    first = World(START, ((new_code(START, 0), Told()),))
    return explore(first, Model(rules).steps, seen, 20_000)


def test_no_order_of_events_breaks_the_codes_of_a_flow() -> None:
    states, complete, _ = explored(Rules())
    print(f"states explored: {states}, to the last one")  # noqa: T201  how far it looked is part of the answer
    assert complete
    assert states > 100


def _attempt_on(change: Callable[[Code, int], Code]) -> Callable[..., Any]:
    """`attempt`, blind to something of the code; what it stores keeps it."""

    def broken(code: Code, now: int, matches: bool) -> Any:
        after, answer = codes.attempt(change(code, now), now, matches)
        kept = replace(after, expires_at=code.expires_at, replaced_at=code.replaced_at)
        return kept, answer

    return broken


def _later(code: Code, _: int) -> Code:
    return replace(code, expires_at=code.expires_at + 1)


def _follow_unstored(code: Code, now: int) -> Any:
    return code, codes.follow(code, now)[1]


def _follow_expired(code: Code, now: int) -> Any:
    after, answer = codes.follow(_later(code, now), now)
    return replace(after, expires_at=code.expires_at), answer


def _follow_counts_digits(code: Code, now: int) -> Any:
    dead = codes.standing(code, now)
    return (code, dead) if dead else codes.follow(code, now)


def _right_never_stored(code: Code, now: int, matches: bool) -> Any:
    after, answer = codes.attempt(code, now, matches)
    return (code if isinstance(answer, Right) else after), answer


def _wrong_never_stored(code: Code, now: int, matches: bool) -> Any:
    after, answer = codes.attempt(code, now, matches)
    return (code if isinstance(answer, Wrong) else after), answer


def _one_try_more(code: Code, now: int, matches: bool) -> Any:
    after, answer = codes.attempt(replace(code, tries=code.tries - 1), now, matches)
    return replace(after, tries=after.tries + 1), answer


def _one_try_fewer(code: Code, now: int, matches: bool) -> Any:
    after, answer = codes.attempt(replace(code, tries=code.tries + 1), now, matches)
    return replace(after, tries=after.tries - 1), answer


def _dead_tries_prolong(code: Code, now: int, matches: bool) -> Any:
    after, answer = codes.attempt(code, now, matches)
    return replace(after, expires_at=now + LIFE_MS), answer


MUTANTS = {
    "a code lives a moment too long": Rules(attempt=_attempt_on(_later)),
    "a replaced code still answers": Rules(
        attempt=_attempt_on(lambda code, _: replace(code, replaced_at=None))
    ),
    "a code may be used again": Rules(
        attempt=_attempt_on(lambda code, _: replace(code, used_at=None))
    ),
    "a success is not stored": Rules(attempt=_right_never_stored),
    "a wrong try is not counted": Rules(attempt=_wrong_never_stored),
    "six tries": Rules(attempt=_one_try_more),
    "four tries": Rules(attempt=_one_try_fewer),
    "a try prolongs a code's life": Rules(attempt=_dead_tries_prolong),
    "a link works twice": Rules(follow=_follow_unstored),
    "a link lives a moment too long": Rules(follow=_follow_expired),
    "wrong digits kill the link": Rules(follow=_follow_counts_digits),
}


@pytest.mark.parametrize("rules", MUTANTS.values(), ids=MUTANTS)
def test_the_explorer_finds_a_broken_rule(rules: Rules) -> None:
    with pytest.raises(Violated):
        explored(rules)
