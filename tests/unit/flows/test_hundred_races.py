"""Two at the same moment, a hundred rounds of each race, on both databases: one outcome each time.

What there was of each is among the figures at the end of a run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from keyturn.flows import (
    activating,
    answering,
    binding,
    countersigning,
    lost_phone,
    phone_app,
    staff,
)
from keyturn.flows.activating import Gone, Scan
from keyturn.flows.answering import NotTaken, Reply, Taken
from keyturn.flows.binding import Bound, Offer
from keyturn.flows.countersigning import Agreed, Ended, Over
from keyturn.ports.store import Tx
from keyturn.rules import approvals, recoveries
from keyturn.rules.access import Staff
from keyturn.rules.accounts import Role, User, UserState
from keyturn.rules.approvals import Approval, Kind, State, Verdict
from keyturn.rules.countersigns import State as Sign
from keyturn.rules.phone_app import Phone, PhoneState
from keyturn.rules.recoveries import Recovery
from keyturn.rules.recoveries import State as Lost
from keyturn.steps import questions
from keyturn.steps.acts import begin
from keyturn.steps.phone_door import Refused, Said, Why
from keyturn.steps.questions import Wanted
from keyturn.wire import phone_answers
from tests.figures import Figure
from tests.unit.flows.handsets import NAME, NUMBER, Shown, disable, reset
from tests.unit.flows.rounds import PIN, Arena, duel

ROUNDS = 100
APPROVE, DENY = Verdict


@pytest.fixture(scope="module")
def arena(store_url: str) -> Iterator[Arena]:
    """One tenant that takes no phone numbers, for all races."""
    built = Arena(store_url, phone="off")
    yield built
    built.close()


def told(figure: Figure, race: str, outcomes: Sequence[str]) -> None:
    """Each round had one outcome."""
    assert len(outcomes) == ROUNDS
    for outcome, count in sorted(Counter(outcomes).items()):
        figure(f"races, {race}: {outcome}", count, of=ROUNDS)


def test_two_activations_by_one_link(arena: Arena, figure: Figure) -> None:
    tokens = arena.links(arena.people(ROUNDS))

    async def one(n: int) -> str:
        pair = [arena.browser_of_its_own() for _ in range(2)]
        await duel(n, *(activating.go_on(arena.parts, b.caller, tokens[n]) for b in pair))
        states = [await activating.current(arena.parts, b.caller) for b in pair]
        assert sorted(isinstance(state, Scan) for state in states) == [False, True]
        assert states.count(Gone()) == 1
        return "the one" if isinstance(states[0], Scan) else "the other"

    told(figure, "two activations", arena.play(one, ROUNDS))


async def scanned(arena: Arena, shown: Shown) -> Any:
    caller = arena.browser_of_its_own().caller
    offer = await binding.scan(arena.parts, caller, "key", shown.code.id, shown.secret)
    assert isinstance(offer, Offer)
    return caller


def number(arena: Arena, caller: Any, shown: Shown) -> Any:
    return binding.number(arena.parts, caller, "key", shown.code.id, NUMBER, NAME)


def test_an_activation_against_reset_user(arena: Arena, figure: Figure) -> None:
    people = arena.people(ROUNDS)
    codes = arena.codes(people)

    async def staff(user: User) -> None:
        now = arena.clock.now()
        link_id = arena.random.id(now)
        await arena.store.write(lambda tx: reset(tx, user, now, link_id))

    async def one(n: int) -> str:
        user, caller = people[n], await scanned(arena, codes[n])
        answer, _ = await duel(n, number(arena, caller, codes[n]), staff(user))
        bound = await phones(arena, user)
        if isinstance(answer, Bound):
            assert [phone.state for phone in bound] == [PhoneState.REVOKED]
            return "bound, then reset"
        assert answer == Refused(Why.OVER, {"why": "reset"})
        assert bound == []
        return "reset, nothing bound"

    told(figure, "activation against Reset User", arena.play(one, ROUNDS))


def test_an_activation_against_disabling(arena: Arena, figure: Figure) -> None:
    people = arena.people(ROUNDS)
    codes = arena.codes(people)

    async def staff(user: User) -> None:
        await arena.store.write(lambda tx: disable(tx, user, arena.clock.now()))

    async def one(n: int) -> str:
        user, caller = people[n], await scanned(arena, codes[n])
        answer, _ = await duel(n, number(arena, caller, codes[n]), staff(user))
        stored = await arena.store.read(lambda tx: tx.users.get(user.tenant_id, user.id))
        assert stored is not None
        assert stored.state is UserState.DISABLED
        if isinstance(answer, Bound):
            said = Said(answer.phone.id, 1)
            refused = await phone_app.state(arena.parts, caller, said)
            assert refused == Refused(Why.ACCOUNT, {"state": "disabled"})
            return "bound, then disabled"
        assert answer == Refused(Why.OVER, {"why": "disabled"})
        assert await phones(arena, user) == []
        return "disabled, nothing bound"

    told(figure, "activation against disabling", arena.play(one, ROUNDS))


def test_a_stop_on_the_phone_against_the_sweep(arena: Arena, figure: Figure) -> None:
    """Somebody says that the phone is lost; its owner stops it in the moment that it is due."""
    people = arena.people(ROUNDS, UserState.ACTIVE)
    bound = arena.phones(people)

    async def one(n: int) -> str:
        waits = await recovery_of(arena, people[n])
        said, caller = Said(bound[n].id, 1), arena.browser_of_its_own().caller
        stop = lost_phone.stop_held(arena.parts, caller, said, waits.id, PIN)
        answer, _ = await duel(n, stop, lost_phone.carry_out(arena.parts))
        tenant_id, name = arena.tenant.id, waits.id
        after = await arena.store.read(lambda tx: tx.recoveries.get(tenant_id, name))
        [phone] = await phones(arena, people[n])
        assert after is not None
        if answer is True:
            assert (after.state, phone.state) == (Lost.STOPPED, PhoneState.ACTIVE)
            return "stopped, the phone stays"
        assert isinstance(answer, Refused)
        assert answer.why is Why.UNBOUND
        assert (after.state, phone.state) == (Lost.SENT, PhoneState.REVOKED)
        return "sent, the phone is gone"

    told(figure, "stop against a lost phone's end", arena.play(one, ROUNDS))


async def recovery_of(arena: Arena, user: User) -> Recovery:
    """One that is due now."""
    now = arena.clock.now()
    case = (arena.random.id(now), "KT-1")
    one = recoveries.begun(arena.random.id(now), user, case, user.id, now, bound=True)
    await arena.store.write(lambda tx: tx.recoveries.add(one))
    return one


async def phones(arena: Arena, user: User) -> list[Phone]:
    return list(await arena.store.read(lambda tx: tx.phones.of_user(user.tenant_id, user.id)))


def test_two_scans_of_one_code(arena: Arena, figure: Figure) -> None:
    codes = arena.codes(arena.people(ROUNDS))

    def scan(n: int, key: str) -> Any:
        caller, shown = arena.browser_of_its_own().caller, codes[n]
        return binding.scan(arena.parts, caller, key, shown.code.id, shown.secret)

    async def one(n: int) -> str:
        answers = await duel(n, scan(n, "one"), scan(n, "other"))
        won = [key for key, answer in zip(("one", "other"), answers, strict=True)
               if isinstance(answer, Offer)]  # fmt: skip
        assert answers.count(Refused(Why.TAKEN)) == 1
        tenant_id, code_id = arena.tenant.id, codes[n].code.id
        stored = await arena.store.read(lambda tx: tx.phones.code(tenant_id, code_id))
        assert stored is not None
        assert won == [stored.key]
        return f"the {won[0]}"

    told(figure, "two scans", arena.play(one, ROUNDS))


def questions_of(arena: Arena, people: Sequence[User]) -> list[Approval]:
    """Each is asked by a browser that stands before the second step."""
    act = begin(arena.parts, arena.browser_of_its_own().caller)

    def step(tx: Tx) -> list[Approval]:
        wanted = [Wanted(Kind.SECOND, user.id, "Firefox", "203.0.113.7") for user in people]
        asked = [
            questions.ask(tx, act, user.id, want) for user, want in zip(people, wanted, strict=True)
        ]
        return [one for one in asked if isinstance(one, Approval)]

    found = arena.write(step)
    assert len(found) == len(people)
    return found


async def says(arena: Arena, one: Approval, verdict: Verdict) -> Any:
    """A phone answers; a request that another one has overtaken is signed once more."""
    typed = one.number if verdict is APPROVE else ""
    signature = phone_answers.sign(arena.key, approvals.statement(one, verdict, typed))
    reply = Reply(one.id, verdict, typed, signature, PIN if verdict is APPROVE else None)
    caller, judge = arena.browser_of_its_own().caller, phone_answers.signed
    for sequence in range(1, 9):
        answer = await answering.answer(
            arena.parts, caller, Said(one.phone_id, sequence), reply, judge
        )
        if answer != Refused(Why.SEQUENCE):
            return answer
    raise AssertionError(one)


def test_two_answers_to_one_question(arena: Arena, figure: Figure) -> None:
    people = arena.people(ROUNDS, UserState.ACTIVE)
    arena.phones(people)
    asked = questions_of(arena, people)

    async def one(n: int) -> str:
        question = asked[n]
        answers = await duel(
            n, says(arena, question, APPROVE), says(arena, question, DENY)
        )  # fmt: skip
        assert answers.count(Taken()) == 1
        assert answers.count(NotTaken(approvals.Why.SETTLED)) == 1
        tenant_id = arena.tenant.id
        stored = await arena.store.read(lambda tx: tx.phones.approval(tenant_id, question.id))
        assert stored is not None
        assert stored.state is (State.APPROVED if answers[0] == Taken() else State.DENIED)
        return f"{stored.state}"

    told(figure, "two answers", arena.play(one, ROUNDS))


def test_two_who_take_one_approval(arena: Arena, figure: Figure) -> None:
    people = arena.people(ROUNDS, UserState.ACTIVE)
    arena.phones(people)
    asked = questions_of(arena, people)

    async def take(question: Approval) -> bool:
        act = begin(arena.parts, arena.browser_of_its_own().caller)
        user_id, subject = question.user_id, question.subject
        return await arena.store.write(lambda tx: questions.take(tx, act, user_id, subject))

    async def one(n: int) -> str:
        assert await says(arena, asked[n], APPROVE) == Taken()
        taken = await duel(n, take(asked[n]), take(asked[n]))
        assert sorted(taken) == [False, True]
        return "the one" if taken[0] else "the other"

    told(figure, "two who take an approval", arena.play(one, ROUNDS))


def chiefs(arena: Arena, count: int, role: Role = Role.OWNER) -> list[Staff]:
    """Staff of the arena, each at a browser of their own."""
    people = arena.people(count, state=UserState.ACTIVE)

    def step(tx: Tx) -> None:
        for user in people:
            tx.roles.grant(arena.tenant.id, user.id, role)

    arena.write(step)
    return [Staff(arena.browser_of_its_own().caller, user, role, 2, fresh=True) for user in people]


async def waiting(arena: Arena, by: Staff, user: User) -> str:
    """Disabling somebody waits for a second person."""
    answer = await staff.disable(arena.parts, by, user.id)
    assert isinstance(answer, staff.Waiting)
    return answer.one.id


async def ended(arena: Arena, wanted: str, user: User) -> tuple[Sign, UserState, int]:
    """How it stands: what waited, the user, and how many answers the trail has."""

    def step(tx: Tx) -> tuple[Sign, UserState, int]:
        one = tx.countersigns.get(user.tenant_id, wanted)
        stored = tx.users.get(user.tenant_id, user.id)
        assert one is not None
        assert stored is not None
        trail = tx.audit.of_user(user.tenant_id, user.id, 50)
        said = [row for row in trail if str(row.event).startswith("countersign.")]
        return one.state, stored.state, len(said) - 1

    return await arena.store.read(step)


def test_two_second_persons_at_once(arena: Arena, figure: Figure) -> None:
    ann, bea, cy = chiefs(arena, 3)
    people = [one.user for one in chiefs(arena, ROUNDS, Role.AUDITOR) if one.user]

    async def one(n: int) -> str:
        wanted = await waiting(arena, ann, people[n])
        answers = await duel(
            n, *(countersigning.agree(arena.parts, by, wanted) for by in (bea, cy))
        )
        assert sorted(isinstance(answer, Agreed) for answer in answers) == [False, True]
        assert Over() in answers
        assert await ended(arena, wanted, people[n]) == (Sign.DONE, UserState.DISABLED, 1)
        return "the one" if isinstance(answers[0], Agreed) else "the other"

    told(figure, "two second persons", arena.play(one, ROUNDS))


@pytest.mark.parametrize("other", ["decline", "withdraw"])
def test_agreeing_against_another_answer(arena: Arena, figure: Figure, other: str) -> None:
    ann, bea, cy = chiefs(arena, 3)
    people = [one.user for one in chiefs(arena, ROUNDS, Role.AUDITOR) if one.user]
    flow, by = {
        "decline": (countersigning.decline, cy), "withdraw": (countersigning.withdraw, ann)
    }[other]  # fmt: skip

    async def one(n: int) -> str:
        wanted = await waiting(arena, ann, people[n])
        yes, no = await duel(
            n, countersigning.agree(arena.parts, bea, wanted), flow(arena.parts, by, wanted)
        )
        state, user, said = await ended(arena, wanted, people[n])
        assert said == 1
        if isinstance(yes, Agreed):
            assert (no, state, user) == (Over(), Sign.DONE, UserState.DISABLED)
            return "agreed"
        assert (yes, isinstance(no, Ended), user) == (Over(), True, UserState.ACTIVE)
        return other

    told(figure, f"agree against {other}", arena.play(one, ROUNDS))


def test_the_last_two_owners_disabled_at_once(arena: Arena, figure: Figure) -> None:
    """By two commands on the host: one of the two stays."""
    people = [one.user for one in chiefs(arena, 2 * ROUNDS, Role.AUDITOR) if one.user]
    before = arena.write(lambda tx: tx.roles.holders(arena.tenant.id, Role.OWNER))

    def clear(tx: Tx) -> None:
        for _, who in before:
            tx.roles.revoke(arena.tenant.id, who)

    arena.write(clear)

    def give(tx: Tx, pair: Sequence[User], role: Role) -> None:
        for user in pair:
            tx.roles.grant(arena.tenant.id, user.id, role)

    async def one(n: int) -> str:
        pair, host = people[2 * n : 2 * n + 2], staff.on_the_host(arena.browser_of_its_own().caller)
        await arena.store.write(lambda tx: give(tx, pair, Role.OWNER))
        answers = await duel(n, *(staff.disable(arena.parts, host, who.id) for who in pair))
        assert sorted(isinstance(answer, staff.Done) for answer in answers) == [False, True]
        assert staff.LastOwner() in answers
        await arena.store.write(lambda tx: give(tx, pair, Role.AUDITOR))
        return "the one" if isinstance(answers[0], staff.Done) else "the other"

    told(figure, "the last two owners", arena.play(one, ROUNDS))
