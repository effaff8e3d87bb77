"""Guessing codes over a thousand fresh flows, on both databases: fresh flows bring no fresh guesses
beyond what the rules give.

Each test names the attack; how many guesses were compared is among the figures at the end of a
run, out of so many that the rules allow.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any

import pytest

from keyturn.flows import activating, binding, signin
from keyturn.flows.activating import Scan
from keyturn.flows.binding import Offer
from keyturn.flows.signin import SecondPending, SignedIn
from keyturn.ports.store import Tx
from keyturn.rules import codes, enrolment, lockout, matching
from keyturn.rules.accounts import FactorKind, UserState
from keyturn.rules.budgets import CODE_TRIES, SMS_PER_NUMBER
from keyturn.rules.callers import Caller
from keyturn.rules.lockout import DAY, HOUR, MINUTE
from keyturn.steps import entrance, offline_codes
from keyturn.steps.acts import begin
from keyturn.steps.phone_door import Heard, Refused, Why
from keyturn.steps.phone_proof import Open
from tests.figures import Figure
from tests.unit.flows.handsets import NUMBER, WRONG
from tests.unit.flows.house import run
from tests.unit.flows.rounds import Arena

FLOWS = 1000
#: at the same moment: they share commits
AT_ONCE = 50
NETWORKS = 200
MOBILE = "+447400123456"


@pytest.fixture(scope="module")
def arena(store_url: str) -> Iterator[Arena]:
    """A tenant that takes phone numbers."""
    built = Arena(store_url)
    yield built
    built.close()


@pytest.fixture(scope="module")
def plain(store_url: str) -> Iterator[Arena]:
    """A tenant that takes none."""
    built = Arena(store_url, phone="off")
    yield built
    built.close()


async def crowd(some: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
    """All of them, AT_ONCE at the same moment; their answers in order."""
    found: list[Any] = []
    for at in range(0, len(some), AT_ONCE):
        found.extend(await asyncio.gather(*some[at : at + AT_ONCE]))
    return found


def counted(figure: Figure, what: str, guesses: int, most: int) -> None:
    """So many guesses were compared, and the rules allow no more."""
    assert 0 < guesses <= most
    figure(f"guessing over {FLOWS} flows, {what}: flows", FLOWS)
    figure(f"guessing over {FLOWS} flows, {what}: guesses compared", guesses, of=most)


def missed(letters: str) -> str:
    """The same name, and a secret that is not the code's."""
    return letters[:-1] + ("0" if letters[-1] != "0" else "1")


# -- typed letters of the enrolment


def test_one_network_types_wrong_letters_for_a_thousand_codes(plain: Arena, figure: Figure) -> None:
    """A thousand people enrol on one morning, and somebody who can see the first letters of all
    their codes guesses the rest from one network.
    """
    plain.clock.move(HOUR)
    shown = plain.codes(plain.people(FLOWS))
    caller = plain.browser_of_its_own().caller
    tries = [binding.type_in(plain.parts, caller, "thief", missed(one.letters)) for one in shown]
    answers = asyncio.run(crowd(tries))
    compared = answers.count(Refused(Why.WRONG))
    assert compared + sum(a.why is Why.TOO_MANY for a in answers) == FLOWS
    counted(figure, "typed letters, one network", compared, enrolment.TYPED_UNKNOWN.limit)


def test_many_networks_type_wrong_letters_for_one_code(plain: Arena, figure: Figure) -> None:
    """A botnet guesses the letters of one code, each request from another network; then nothing
    typed is right any more, the right letters neither.
    """
    plain.clock.move(HOUR)
    [shown] = plain.codes(plain.people(1))

    def type_in(letters: str) -> Coroutine[Any, Any, Any]:
        caller = plain.browser_of_its_own().caller
        return binding.type_in(plain.parts, caller, "thief", letters)

    tries = [type_in(missed(shown.letters)) for _ in range(NETWORKS)]
    asyncio.run(crowd(tries))
    code = plain.write(lambda tx: tx.phones.code(plain.tenant.id, shown.code.id))
    assert code is not None
    assert run(type_in(shown.letters)) == Refused(Why.SPENT)
    assert code.tries == codes.TRIES
    figure("guessing from many networks, typed letters: networks", NETWORKS)
    figure("guessing from many networks, typed letters: guesses compared", code.tries,
           of=codes.TRIES)  # fmt: skip


# -- the number of the enrolment


def test_a_filmed_page_is_asked_for_a_thousand_codes(plain: Arena, figure: Figure) -> None:
    """Somebody films the page, scans each code before the owner does, and guesses the two digits;
    the owner asks for another code, all day long.
    """
    [ada] = plain.people(1)
    [token] = plain.links([ada])
    browser, thief = plain.browser_of_its_own(), plain.browser_of_its_own().caller

    async def attack() -> int:
        guesses = 0
        state: object = await activating.go_on(plain.parts, browser.caller, token)
        for _ in range(FLOWS):
            if isinstance(state, Scan) and state.shown is not None:
                guesses += await guessed(state.shown.code.id, state.shown.secret)
            plain.clock.move(DAY // FLOWS // 2)
            state = await activating.new_code(plain.parts, browser.caller)
        return guesses

    async def guessed(code_id: str, secret: str) -> int:
        offer = await binding.scan(plain.parts, thief, "thief", code_id, secret)
        if not isinstance(offer, Offer):
            return 0
        code = await plain.store.read(lambda tx: tx.phones.code(plain.tenant.id, code_id))
        assert code is not None
        wrong = WRONG if code.number != WRONG else NUMBER
        compared = 0
        for _ in range(9):
            told = await binding.number(plain.parts, thief, "thief", code_id, wrong, "Thief")
            assert isinstance(told, Refused)
            compared += told.why is Why.WRONG or told.data.get("why") == "number"
            if told.why is Why.OVER:
                return compared
        raise AssertionError(code_id)

    most = matching.TRIES * enrolment.MISMATCHES.limit
    counted(figure, "number of a scanned code, one day", asyncio.run(attack()), most)
    assert plain.write(lambda tx: tx.phones.of_user(ada.tenant_id, ada.id)) == []


# -- the code in a text of the activation


def test_one_invitation_guesses_a_thousand_codes_in_texts(arena: Arena, figure: Figure) -> None:
    """Whoever has somebody's invitation wants another's number: over and over they have a text
    sent there, and guess its code.
    """
    [ada] = arena.people(1)
    [token] = arena.links([ada])

    async def attack() -> int:
        compared = 0
        for _ in range(10):
            arena.clock.move(HOUR)
            caller = arena.browser_of_its_own().caller
            await activating.go_on(arena.parts, caller, token)
            for _ in range(FLOWS // 10):
                told = await activating.offer(arena.parts, caller, MOBILE, insisted=False)
                compared += await guessed(caller) if isinstance(told, Open) else 0
        return compared

    async def guessed(caller: Caller) -> int:
        tries = [  # five digits: never right by chance
            await activating.enter_code(arena.parts, caller, f"{n:05}")
            for n in range(codes.TRIES + 1)
        ]
        return sum(isinstance(verdict, codes.Wrong) for verdict in tries)

    most = min(CODE_TRIES.limit, codes.TRIES * SMS_PER_NUMBER.limit)
    counted(figure, "code in a text, one day", asyncio.run(attack()), most)


# -- codes without a network


def test_a_thousand_sign_ins_guess_the_codes_of_the_phone(plain: Arena, figure: Figure) -> None:
    """Whoever has the password stands before a thousand second steps, each in another browser and
    network, guesses what the phone shows without a network, and waits for the end of every lock.
    """
    [ada] = plain.people(1, UserState.ACTIVE)
    [phone] = plain.phones([ada])
    act = begin(plain.parts, plain.browser_of_its_own().caller)
    secret = plain.write(lambda tx: offline_codes.renew(tx, act, Heard(phone, ada)))

    def before_second(tx: Tx) -> list[Caller]:
        """What follows a right password, in ten browsers."""
        callers = [plain.browser_of_its_own().caller for _ in range(10)]
        for caller in callers:
            act, ways = begin(plain.parts, caller), frozenset({FactorKind.TOTP})
            told = entrance.enter(tx, act, ada, None, ways, staff=False)
            assert isinstance(told, SecondPending)
        return callers

    def wrong() -> str:
        """Never right by chance."""
        shown = {plain.code_of(secret, step) for step in (-1, 0, 1)}
        return next(code for code in ("000000", "111111", "222222", "333333") if code not in shown)

    async def attack() -> int:
        compared, closed = 0, False
        for _ in range(FLOWS // 10):
            callers = await plain.store.write(before_second)
            tries = [
                signin.second_step(plain.parts, caller, wrong(), trust=False) for caller in callers
            ]
            await asyncio.gather(*tries)
            lane = await plain.store.read(lambda tx: tx.lanes.get(ada.tenant_id, f"2:{ada.id}"))
            assert lane is not None
            compared, closed = compared if closed else lane.total, lane.closed
            plain.clock.move(10 * MINUTE)
        return compared

    guesses = asyncio.run(attack())
    [caller, *_] = plain.write(before_second)
    right = signin.second_step(plain.parts, caller, plain.code_of(secret), trust=False)
    assert not isinstance(run(right), SignedIn)
    counted(figure, "codes without a network", guesses, lockout.DEFAULT.close_after)
