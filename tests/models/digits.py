"""The world of two browsers that wait for codes, as the real steps send and judge them.

Browser a may ask again (once), browser b has one code.  Digits are typed in either browser:
wrong ones, its own newest or older ones, the other's; links are followed; time goes to just
before, onto and just after the moments at which a code dies or may be sent again.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, NamedTuple

from keyturn.rules import codes as rules
from keyturn.rules.accounts import Flow
from keyturn.rules.codes import LINK_LIFE_MS, RESEND_MS, Code, Right, Wrong
from keyturn.steps import codes, mails
from keyturn.steps.acts import begin
from tests.models import laws, twin

BROWSERS = ("a", "b")
MOST = {"a": 2, "b": 1}


class Sent(NamedTuple):
    """A code as stored, and what was answered about it."""

    code: Code
    digits: str
    wrong: int = 0
    right: int = 0
    replaced: bool = False

    def live(self, now: int) -> bool:
        """Whether its link works: digits need tries left, too."""
        return not self.right and not self.replaced and now < self.code.sent_at + rules.LIFE_MS

    def why(self, now: int) -> str:
        """Why it is dead."""
        if self.right:
            return "Used"
        if self.replaced:
            return "Replaced"
        return "Expired" if now >= self.code.sent_at + rules.LIFE_MS else "Spent"


class World(NamedTuple):
    """The moment, and what was sent in each browser, oldest first."""

    now: int = twin.START
    a: tuple[Sent, ...] = ()
    b: tuple[Sent, ...] = ()

    def of(self, browser: str) -> tuple[Sent, ...]:
        """What was sent in a browser."""
        return self.a if browser == "a" else self.b

    def having(self, browser: str, sent: tuple[Sent, ...]) -> World:
        """The same with other codes in a browser."""
        return self._replace(a=sent) if browser == "a" else self._replace(b=sent)


class CodesTx:
    """A transaction on the codes of both browsers."""

    def __init__(self, sent: Mapping[str, Code]) -> None:
        self.rows = dict(sent)
        self.written = twin.Written()
        self.codes = self
        self.flows = SimpleNamespace(save=lambda _flow: None)
        self.audit, self.messages = twin.audit(self.written), twin.messages(self.written)
        self.budgets = twin.budgets()

    def add(self, code: Code) -> None:
        for row in [r for r in self.rows.values() if r.flow_id == code.flow_id]:
            if row.used_at is None and row.replaced_at is None:
                self.rows[row.id] = replace(row, replaced_at=code.sent_at)
        self.rows[code.id] = code

    def save(self, code: Code) -> None:
        self.rows[code.id] = code

    def latest(self, flow_id: str) -> Code | None:
        mine = [r for r in self.rows.values() if r.flow_id == flow_id]
        return max(mine, key=lambda r: r.id, default=None)

    def replaced(self, flow_id: str) -> list[Code]:
        mine = [r for r in self.rows.values() if r.flow_id == flow_id]
        return [r for r in mine if r.replaced_at is not None]


@dataclass(frozen=True)
class Rules:
    """What is put in the place of the real thing: rules.codes, steps.codes, the store."""

    rules: dict[str, Any] = field(default_factory=dict)
    steps: dict[str, Any] = field(default_factory=dict)
    store: type[CodesTx] = CodesTx


class Model:
    """The steps of a world, with the laws checked on the way.

    Args:
        tries: how many wrong digits a code takes.
    """

    def __init__(self, changed: Rules | None = None, tries: int = rules.TRIES) -> None:
        self.changed, self.tries = changed or Rules(), tries
        self._tx = self.changed.store

    def installed(self) -> Any:
        """The real steps run with these rules while the block lasts; no mail is withheld."""
        seen = SimpleNamespace(**{**vars(rules), **self.changed.rules})
        steps = [(codes, name, part) for name, part in self.changed.steps.items()]
        unlimited = (mails, "withheld_until", lambda *_: None)
        fewer = (rules, "TRIES", self.tries)
        return twin.replaced(fewer, (codes, "codes", seen), unlimited, *steps)

    def first(self) -> World:
        """Both have been sent a code."""
        return self._sends(self._sends(World(), "a"), "b")

    def steps(self, world: World) -> Iterator[tuple[str, World]]:
        for browser in BROWSERS:
            typed = {s.digits for each in BROWSERS for s in world.of(each)} | {"wrong"}
            for digits in sorted(typed):
                yield f"{browser} types {digits}", self._types(world, browser, digits)
            for at in range(len(world.of(browser))):
                yield f"link {browser}{at}", self._follows(world, browser, at)
            mine = world.of(browser)
            if len(mine) < MOST[browser] and world.now >= mine[-1].code.sent_at + RESEND_MS:
                yield f"{browser} again", self._sends(world, browser)
        ends = {s.code.sent_at + ms for each in BROWSERS for s in world.of(each)
                for ms in (rules.LIFE_MS, RESEND_MS)}  # fmt: skip
        for moment in sorted({end + d for end in ends for d in (-1, 0, 1)}):
            if moment > world.now:
                yield f"+{moment - world.now}", world._replace(now=moment)

    # -- steps ----------------------------------------------------------------------------

    def _sends(self, world: World, browser: str) -> World:
        number = len(world.of(browser))
        names = twin.Names([f"{browser}{number}", f"link {browser}{number}"])
        names.code = f"{browser}{number}"
        tx, act = self._open(world), begin(twin.parts(names, world.now), twin.caller(browser))
        anything: Any = tx
        codes.mail(
            anything, act, _flow(browser), ("code", "link"), user=twin.ADA, address="ada@t.test",
            lane="c:1", typed="ada",
        )  # fmt: skip
        older = tuple(s if s.right else s._replace(replaced=True) for s in world.of(browser))
        digits = f"{browser}{number}"
        sent = (*older, Sent(tx.rows[digits], digits))
        return self._after(world.having(browser, sent), tx, browser)

    def _types(self, world: World, browser: str, digits: str) -> World:
        tx, act = self._open(world), self._act(world, browser)
        verdict = codes.check(tx, act, _flow(browser), twin.ADA, digits, "c:1")  # type: ignore[arg-type]
        newest = world.of(browser)[-1]
        matches, live = digits == newest.digits, newest.live(world.now)
        if isinstance(verdict, Right):
            laws.wrong_digits_are_never_right(matches)
            laws.only_a_live_code_is_right(live and newest.wrong < self.tries)
            newest = newest._replace(right=newest.right + 1)
        else:
            laws.right_digits_of_a_live_code_are_right(
                matches and live and newest.wrong < self.tries
            )
            newest = self._refused(world, newest, verdict, digits)
        return self._after(_with(world, browser, newest), tx, browser)

    def _refused(self, world: World, newest: Sent, verdict: Any, digits: str) -> Sent:
        """Wrong digits, or a dead code. An older code of this browser is told as replaced."""
        if not newest.live(world.now) or newest.wrong >= self.tries:
            laws.a_dead_code_says_truly_why(type(verdict).__name__, newest.why(world.now))
            return newest
        newest = newest._replace(wrong=newest.wrong + 1)
        laws.a_code_takes_five_tries(newest.wrong, self.tries)
        older = newest.digits == "a1" and digits == "a0"
        if isinstance(verdict, Wrong):
            laws.the_tries_left_are_told_truly(verdict.left, newest.wrong, self.tries)
        truth = "Replaced" if older and world.a[0].replaced else "Wrong"
        laws.a_dead_code_says_truly_why(type(verdict).__name__, truth)
        return newest

    def _follows(self, world: World, browser: str, at: int) -> World:
        one = world.of(browser)[at]
        tx, act = self._open(world), self._act(world, browser)
        verdict = codes.follow(tx, act, tx.rows[one.digits])  # type: ignore[arg-type]
        works = isinstance(verdict, Right)
        laws.a_link_works_exactly_while_it_lives(works, one.live(world.now))
        if works:
            one = one._replace(right=one.right + 1)
        else:
            laws.a_dead_code_says_truly_why(type(verdict).__name__, one.why(world.now))
        sent = (*world.of(browser)[:at], one, *world.of(browser)[at + 1 :])
        return self._after(world.having(browser, sent), tx, browser)

    # -- around them --------------------------------------------------------------------------

    def _after(self, world: World, tx: CodesTx, browser: str) -> World:
        """The rows as stored; the other browser's are what they were."""
        for each in BROWSERS:
            before = tuple(s.code for s in world.of(each))
            after = tuple(tx.rows[s.digits] for s in world.of(each))
            if each != browser:
                laws.a_resend_replaces_only_the_code_of_its_own_flow(before, after)
            sent = tuple(s._replace(code=tx.rows[s.digits]) for s in world.of(each))
            for one in sent:
                laws.a_code_works_once(one.right)
            world = world.having(each, sent)
        return world

    def _open(self, world: World) -> CodesTx:
        return self._tx({s.digits: s.code for each in BROWSERS for s in world.of(each)})

    @staticmethod
    def _act(world: World, browser: str) -> Any:
        return begin(twin.parts(twin.Names(), world.now), twin.caller(browser))

    @staticmethod
    def key(world: World) -> Hashable:
        """A world without absolute time."""
        far = LINK_LIFE_MS
        return tuple(
            tuple(
                (s.code.tries, max(s.code.sent_at - world.now, -far), s.code.used_at is None,
                 s.code.replaced_at is None, s.code.expires_at - s.code.sent_at, *s[2:])
                for s in world.of(each)
            )
            for each in BROWSERS
        )  # fmt: skip


def _with(world: World, browser: str, newest: Sent) -> World:
    return world.having(browser, (*world.of(browser)[:-1], newest))


def _flow(browser: str) -> Flow:
    return Flow(
        id=browser, tenant_id="tenant", browser=browser, kind="recovery", step="code",
        user_id="ada", data={}, created_at=0, expires_at=10**12, closed_at=None,
    )  # fmt: skip
