"""The world of one user's way to a phone: two browsers that follow links and show codes, two phones
that scan whatever they see, staff, and time.

A step is what nothing can come between: one transaction that holds the user's row (the real
rules/binding on real rows), or the passing of time.  Between any two of them a process may die,
which is the same as that nothing more of it happens; an answer may be lost, which is the same as
that a phone says again what it said.

    browser    follows a link > shows a code, and another …
    phone      scans any code that was ever shown > says a number > says it again
    staff      invite, Reset User, disable, enable

The phone "x" is held by whoever sees the pages, and reads the number there; "y" sees the codes and
not the numbers.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from keyturn.rules import activation, binding, enrolment, matching, phone_app
from keyturn.rules.accounts import User, UserState
from keyturn.rules.activation import Link, LinkState
from keyturn.rules.binding import No, Rows
from keyturn.rules.enrolment import CodeState, ScanCode
from keyturn.rules.matching import Ended
from keyturn.rules.phone_app import PhoneState
from tests.models import binding_laws as laws
from tests.models import twin

#: short times: what matters is which of two ends comes first
LINK_LIFE, CODE_LIFE, NUMBER_LIFE = 3, 2, 2
START = 100
BROWSERS, PHONES = ("a", "b"), ("x", "y")
RIGHT, WRONG = "42", "41"
INVITE, RESET, DISABLE, MISTYPE = range(4)
Most = tuple[int, int, int, int]


class Page(NamedTuple):
    """What a browser has begun. endings: how many there were then."""

    link: int
    epoch: int
    endings: int


class Past(NamedTuple):
    """What happened to a code, whatever its row says.

    Attributes:
        endings: how many there were when its page was begun.
        first: the phone that scanned it first, and when; wrong: numbers of that phone.
        ends: what may be told of its end.
    """

    endings: int
    first: str = ""
    at: int = 0
    wrong: int = 0
    ends: frozenset[Ended] = frozenset()


class World(NamedTuple):
    """The rows, what each browser has begun, and what happened."""

    rows: Rows
    pages: tuple[Page | None, ...] = (None, None)
    pasts: tuple[Past, ...] = ()
    uses: tuple[int, ...] = (0,)
    disabled: tuple[bool, ...] = (False,)
    endings: int = 0
    had: bool = False
    was: UserState = UserState.INVITED
    now: int = START
    spent: Most = (0, 0, 0, 0)


@dataclass(frozen=True)
class Wrong:
    """What is put in the place of the real thing: (owner, name, part)."""

    parts: tuple[tuple[object, str, Any], ...] = ()


@dataclass
class Model:
    """The steps of a world, with the laws checked on the way.

    Args:
        most: how often each of INVITE, RESET, DISABLE, MISTYPE may happen.
        codes: how many may be shown.
        used: the user is active already and has a phone; else invited.
    """

    most: Most
    codes: int = 2
    used: bool = False
    wrong: Wrong = field(default_factory=Wrong)
    reached: set[str] = field(default_factory=set)

    def first(self) -> World:
        user = replace(twin.ADA, state=UserState.INVITED, password_hash=None)
        rows = binding.invite(Rows(user), "1", "d", START)
        assert isinstance(rows, Rows)
        if not self.used:
            return World(rows)
        phone = phone_app.bound("old", "tenant", "ada", "old", "", START)
        active = replace(rows, user=replace(user, state=UserState.ACTIVE), phones=(phone,))
        return World(active, had=True, was=UserState.ACTIVE)

    def installed(self) -> Any:
        """The rules with short times, and with what is wrong, while the block lasts."""
        short = (
            (activation, "LIFE_MS", LINK_LIFE), (enrolment, "LIFE_MS", CODE_LIFE),
            (enrolment, "NUMBER_MS", NUMBER_LIFE),
        )  # fmt: skip
        return twin.replaced(*short, *self.wrong.parts)

    def steps(self, world: World) -> Iterator[tuple[str, World]]:
        for at, browser in enumerate(BROWSERS):
            for link in world.rows.links:
                yield f"{browser} follows {link.number}", self._follows(world, at, link)
            if len(world.rows.codes) < self.codes and world.pages[at] is not None:
                yield f"{browser} shows", self._shows(world, at)
        for phone in PHONES:
            for code in world.rows.codes:
                yield f"{phone} scans {code.id}", self._scans(world, phone, code)
                yield f"{phone} says {code.id}", self._says(world, phone, code, phone == "x")
                if phone == "x" and world.spent[MISTYPE] < self.most[MISTYPE]:
                    said = self._says(world, phone, code, right=False)
                    yield f"{phone} mistypes {code.id}", _spend(said, MISTYPE)
        yield from self._staff(world)
        yield "time", world._replace(now=world.now + 1)

    # -- browsers -----------------------------------------------------------------------------

    def _follows(self, world: World, at: int, link: Link) -> World:
        """POST: the link is judged, and a page is begun in this browser."""
        told = activation.judge(link, world.rows.newest, world.now).state
        laws.what_is_told_of_a_link_is_true(told, _truth(world, link))
        self.reached.add(f"link {told}")
        if told is not LinkState.OPEN:
            return world
        page = Page(link.number, world.rows.user.epoch, world.endings)
        return world._replace(pages=_put(world.pages, at, page))

    def _shows(self, world: World, at: int) -> World:
        page = world.pages[at]
        assert page is not None
        code = ScanCode(
            id=str(len(world.rows.codes)), tenant_id="tenant", user_id="ada", flow_id=str(at),
            link=page.link, epoch=page.epoch, digest="", name="", typed="", number=RIGHT,
            made_at=world.now, expires_at=world.now + CODE_LIFE,
        )  # fmt: skip
        rows = binding.show(world.rows, code, world.now)
        if isinstance(rows, No):
            return world
        pasts = _ended(world.pasts, Ended.NEWER)
        return world._replace(rows=rows, pasts=(*pasts, Past(page.endings)))

    # -- phones ------------------------------------------------------------------------------

    def _scans(self, world: World, phone: str, code: ScanCode) -> World:
        after, why = enrolment.scan(code, phone, world.now)
        past = world.pasts[int(code.id)]
        self._told(world, code, why)
        if why is None and not past.first:
            laws.a_code_is_scanned_in_time(world.now, code.made_at + CODE_LIFE)
            past = past._replace(first=phone, at=world.now)
        if past.first == phone and code.state is CodeState.BOUND:
            laws.the_phone_that_scanned_is_heard_again(why is not None)
        self.reached.add(f"scan {why}")
        return _kept(world, after, past)

    def _says(self, world: World, phone: str, code: ScanCode, right: bool) -> World:
        again = code.state is CodeState.BOUND
        made = phone_app.bound(
            f"{phone}{code.id}{again}", "tenant", "ada", phone, "", world.now
        )  # fmt: skip
        said = RIGHT if right else WRONG
        rows, why = binding.bind(world.rows, code.id, said, made, world.now)
        self.reached.add(f"number {why}")
        self._told(world, code, why)
        past = world.pasts[int(code.id)]
        if again:
            laws.what_is_said_again_changes_nothing(rows == world.rows)
            return world
        if why is None:
            return self._bound(world, rows, phone, code, right)
        wrong = past.wrong + (phone == past.first and not right)
        past = past._replace(wrong=min(wrong, matching.TRIES))
        after = _kept(world._replace(rows=rows), rows.codes[int(code.id)], past)
        if why is Ended.NUMBER:
            after = after._replace(pasts=_ended(after.pasts, Ended.NUMBER, int(code.id)))
        return after

    def _bound(self, world: World, rows: Rows, phone: str, code: ScanCode, right: bool) -> World:
        past = world.pasts[int(code.id)]
        laws.a_phone_is_bound_by_the_code_it_scanned_first(phone, past.first)
        laws.a_phone_is_bound_by_the_number_that_the_page_shows(right)
        laws.three_wrong_numbers_end_a_code(past.wrong)
        laws.a_number_is_said_in_time(world.now, past.at + NUMBER_LIFE)
        laws.nothing_begun_before_an_ending_binds_after_it(past.endings, world.endings)
        laws.the_newest_code_alone_binds(int(code.id), len(world.pasts) - 1)
        laws.nobody_disabled_is_bound(world.rows.user.state)
        laws.a_user_has_one_phone(_active(rows))
        uses = _put(world.uses, code.link - 1, world.uses[code.link - 1] + 1)
        laws.a_link_binds_one_phone(uses[code.link - 1])
        return world._replace(
            rows=rows, uses=uses, endings=world.endings + 1, had=True, was=UserState.ACTIVE
        )

    def _told(self, world: World, code: ScanCode, why: object) -> None:
        if isinstance(why, Ended):
            past = world.pasts[int(code.id)]
            over = past.at + NUMBER_LIFE if past.first else code.made_at + CODE_LIFE
            late = {Ended.EXPIRED} if world.now >= over else set()
            late |= {Ended.NUMBER} if past.wrong >= 2 else set()
            laws.what_is_told_of_a_code_happened(why, past.ends | late)

    # -- staff -------------------------------------------------------------------------------

    def _staff(self, world: World) -> Iterator[tuple[str, World]]:
        rows, now, number = world.rows, world.now, str(world.rows.newest + 1)
        if world.spent[INVITE] < self.most[INVITE]:
            invited = binding.invite(rows, number, "d", now)
            if isinstance(invited, Rows):
                yield "invite", _spend(_linked(world, invited, Ended.NEWER), INVITE)
        if world.spent[RESET] < self.most[RESET]:
            reset = binding.reset_user(rows, number, "d", now, alone=True)
            if isinstance(reset, Rows):
                laws.nobody_has_a_phone_after_reset_user(_active(reset))
                self._guarded(world, reset)
                yield "reset", _spend(_linked(world, reset, Ended.RESET), RESET)
        disabled = binding.disable(rows, now)
        if isinstance(disabled, No):
            yield (
                "enable",
                world._replace(rows=replace(rows, user=replace(rows.user, state=world.was))),
            )
        elif world.spent[DISABLE] < self.most[DISABLE]:
            acts = any(_acts(phone, disabled.user) for phone in disabled.phones)
            laws.no_phone_acts_for_a_disabled_user(acts)
            after = world._replace(
                rows=disabled, was=rows.user.state, disabled=tuple(True for _ in world.disabled),
                endings=world.endings + 1, pasts=_ended(world.pasts, Ended.DISABLED),
            )  # fmt: skip
            yield "disable", _spend(after, DISABLE)

    def _guarded(self, world: World, rows: Rows) -> None:
        if world.had:
            laws.a_password_alone_never_opens_what_a_phone_guarded(rows.user.state, rows.bound)

    # -- what of a state the future can see --------------------------------------------------

    def key(self, world: World) -> Hashable:
        now, user, rows = world.now, world.rows.user, world.rows
        links = [
            (x.used_at is None, x.withdrawn_at is None, _ago(x.expires_at, now)) for x in rows.links
        ]
        codes = [_code(world, c, p) for c, p in zip(rows.codes, world.pasts, strict=True)]
        pages = [
            p and (p.link, p.epoch == user.epoch, p.endings == world.endings) for p in world.pages
        ]
        phones = [(p.key, p.state) for p in rows.phones]
        return (
            user.state, tuple(links), tuple(codes), tuple(pages), tuple(phones), world.uses,
            world.disabled, world.had, world.was, world.spent,
        )  # fmt: skip


def _code(world: World, code: ScanCode, past: Past) -> Hashable:
    """A code, and what the laws ask of its past; of one that has ended, only why."""
    if code.state is CodeState.BOUND:
        return code.state, code.key, past.first
    if code.state is CodeState.OVER:
        return code.state, code.ended, code.ended in past.ends
    epoch, now = world.rows.user.epoch, world.now
    return (
        code.state, code.link, code.epoch == epoch, code.key, code.wrong, past.wrong, past.first,
        past.endings == world.endings, past.ends,
        _ago(past.at + NUMBER_LIFE if past.first else code.made_at + CODE_LIFE, now),
        _ago(enrolment.ends_at(code) or 0, now),
    )  # fmt: skip


def _truth(world: World, link: Link) -> LinkState:
    """How the link stands, by what happened."""
    at = link.number - 1
    if world.uses[at]:
        return LinkState.USED
    if link.number < len(world.uses):
        return LinkState.REPLACED
    if world.disabled[at]:
        return LinkState.WITHDRAWN
    return LinkState.EXPIRED if world.now >= link.made_at + LINK_LIFE else LinkState.OPEN


def _linked(world: World, rows: Rows, reason: Ended) -> World:
    """A newer link is there: an ending for all that an older one began."""
    ends = _ended(_ended(world.pasts, reason), Ended.NEWER)
    return world._replace(
        rows=rows, uses=(*world.uses, 0), disabled=(*world.disabled, False), pasts=ends,
        endings=world.endings + 1, was=rows.user.state,
    )  # fmt: skip


def _kept(world: World, code: ScanCode, past: Past) -> World:
    at = int(code.id)
    rows = replace(world.rows, codes=_put(world.rows.codes, at, code))
    return world._replace(rows=rows, pasts=_put(world.pasts, at, past))


def _ended(pasts: tuple[Past, ...], reason: Ended, only: int | None = None) -> tuple[Past, ...]:
    return tuple(
        past._replace(ends=past.ends | {reason}) if only in {None, at} else past
        for at, past in enumerate(pasts)
    )


def _put(row: tuple[Any, ...], at: int, value: object) -> tuple[Any, ...]:
    return (*row[:at], value, *row[at + 1 :])


def _active(rows: Rows) -> int:
    return sum(phone.state is PhoneState.ACTIVE for phone in rows.phones)


def _acts(phone: phone_app.Phone, user: User) -> bool:
    return phone_app.may_act(phone, user.tenant_id, user.id, user.state)


def _ago(moment: int, now: int) -> int:
    return max(moment - now, -1)


def _spend(world: World, what: int) -> World:
    spent = [count + (at == what) for at, count in enumerate(world.spent)]
    return world._replace(spent=(spent[0], spent[1], spent[2], spent[3]))
