"""A temporary directory password: what permits it, once, for whom; and what nobody can make of it.

Ada calls without her phone: its offline code is read out, and a colleague knows her.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from keyturn.flows import casework, resets, resetting, temporary
from keyturn.flows.temporary import (
    Choosing,
    Hindered,
    Inactive,
    JobView,
    NotAllowed,
    NotFound,
    NotPermitted,
    NotSealed,
    NotYours,
    Place,
)
from keyturn.ports.directories import Look
from keyturn.ports.parts import Parts
from keyturn.rules import grants
from keyturn.rules.access import Staff, Why
from keyturn.rules.accounts import Role, UserState
from keyturn.rules.directories.resets import DEADLINE_MS, JobState
from keyturn.rules.grants import Deed, Missing, Permit, Short
from keyturn.rules.lockout import HOUR
from keyturn.rules.proofs import Method
from keyturn.rules.verified import PROOF_MS
from tests.unit.flows.domain import Domain
from tests.unit.flows.helpdesk import HelpDesk, me
from tests.unit.flows.house import House, run

DEED = Deed.TEMPORARY_PASSWORD


class Counter(HelpDesk):
    """As HelpDesk; and Ada has an account in a domain."""

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self.domain = Domain(house, self.ada)
        self.tom = self.staff("tom")
        self.ref = self.case(self.tom)
        self.code = self.secret()

    def proves(self) -> None:
        """Two proofs, one by a bound factor that cannot ring."""
        self.offline(self.tom, self.ref, self.code)
        self.vouch(self.tom, self.ref, self.staff(f"c{self.house.count('users')}"))

    @property
    def here(self) -> tuple[Parts, Staff, str, str]:
        """What the flows begin with."""
        return self.house.parts, self.tom, self.ref, self.domain.directory.id

    def starts(self) -> Any:
        """Tom presses the button."""
        self.domain.beat(self.domain.dc1)
        return run(temporary.start(*self.here))

    def submits(self, grant_id: str, *machines: Any) -> Any:
        """His page hands in what it has sealed."""
        return run(temporary.submit(*self.here, grant_id, self.domain.sealed(*machines)))

    def granted(self) -> Choosing:
        """Proved, and begun."""
        self.proves()
        answer = self.starts()
        assert isinstance(answer, Choosing), answer
        return answer

    def done(self) -> JobView:
        """Handed in, and done."""
        begun = self.granted()
        assert isinstance(self.submits(begun.job.id), JobView)
        return self.domain.done(begun.job)


@pytest.fixture
def desk(house: House) -> Counter:
    return Counter(house)


def test_granted_sealed_used_and_done(house: House, desk: Counter) -> None:
    begun = desk.granted()
    assert begun.user_id == desk.ada.id
    assert {one.agent_id for one in begun.recipients} == {desk.domain.dc1.id, desk.domain.dc2.id}
    assert begun.expires_at == house.clock.now() + grants.LIFE_MS + DEADLINE_MS
    assert desk.kinds(desk.tom, desk.ref)[-1] == "granted"
    assert house.count("jobs") == 0
    view = desk.submits(begun.job.id, desk.domain.dc1)
    assert (view.id, view.state) == (begun.job.id, JobState.QUEUED)
    assert (view.must_change, view.unlock, view.started_by) == (True, True, me(desk.tom).id)
    assert desk.kinds(desk.tom, desk.ref)[-2:] == ["granted", "used"]
    (task,) = desk.domain.work(desk.domain.dc1).tasks
    assert (task.must_change, task.expires_at) == (True, begun.expires_at)
    desk.domain.done(view)
    letter = house.last("directory_changed")
    assert (letter.values["temporary"], letter.values["what"]) == (True, "reset")
    told = next(e for e in house.trail(desk.ada) if e.event == "reset.submitted")
    assert told.facts["temporary"] is True


@pytest.mark.parametrize(
    ("methods", "missing"),
    [
        ((), Missing.PROOF),
        (("offline",), Missing.UNRELAYED),
        (("text", "mail"), Missing.UNRELAYED),
        (("offline", "text"), Missing.UNRELAYED),
        (("text", "approval"), Missing.BOUND),
        (("push",), Missing.PHONE),
        (("push", "text"), Missing.PHONE),
    ],
)
def test_too_little_is_refused_and_granted_nowhere(
    desk: Counter, methods: tuple[str, ...], missing: Missing
) -> None:
    for method in methods:
        if method == "offline":
            desk.offline(desk.tom, desk.ref, desk.code)
        elif method == "push":
            desk.push(desk.tom, desk.ref)
        elif method == "approval":
            desk.vouch(desk.tom, desk.ref, desk.staff("mia"))
        else:
            desk.reads(desk.tom, desk.ref, Method(method))
    assert desk.starts() == NotPermitted(Short(DEED, (missing,)))
    assert "granted" not in desk.kinds(desk.tom, desk.ref)
    assert isinstance(desk.submits("0" * 26), NotPermitted)
    assert desk.house.count("jobs") == 0


def test_pressing_twice_is_one_grant_and_handing_in_twice_one_job(desk: Counter) -> None:
    begun = desk.granted()
    again = desk.starts()
    assert again.job.id == begun.job.id
    first, second = desk.submits(begun.job.id), desk.submits(begun.job.id)
    assert first == second
    assert desk.kinds(desk.tom, desk.ref).count("used") == 1
    other = desk.starts()
    assert other.job.id != begun.job.id
    assert desk.house.count("jobs") == 1


def test_a_grant_that_is_five_minutes_old_does_nothing(desk: Counter) -> None:
    begun = desk.granted()
    desk.house.clock.move(grants.LIFE_MS)
    desk.domain.beat(desk.domain.dc1)
    assert isinstance(desk.submits(begun.job.id), NotPermitted)
    assert desk.starts().job.id != begun.job.id


def test_a_proof_that_has_ended_since_ends_the_grant(desk: Counter) -> None:
    desk.proves()
    desk.house.clock.move(PROOF_MS - 1)
    begun = desk.starts()
    desk.house.clock.move(1)
    assert desk.submits(begun.job.id) == NotPermitted(Short(DEED, (Missing.PROOF,)))
    assert desk.house.count("jobs") == 0


def test_nobody_else_uses_it(house: House, desk: Counter) -> None:
    begun = desk.granted()
    sealed = desk.domain.sealed()
    here = desk.domain.directory.id
    mia = desk.staff("uma")
    other = desk.case(mia)
    stolen = run(temporary.submit(house.parts, mia, other, here, begun.job.id, sealed))
    assert isinstance(stolen, NotPermitted)
    assert isinstance(
        run(temporary.submit(house.parts, mia, desk.ref, here, begun.job.id, sealed)), NotYours
    )
    anna = desk.staff("anna", Role.AUDITOR)
    assert run(temporary.start(house.parts, anna, desk.ref, here)) == NotAllowed(Why.NO_ROLE)
    run(casework.take(house.parts, mia, desk.ref))
    run(casework.take(house.parts, desk.tom, desk.ref))
    assert isinstance(desk.submits(begun.job.id), NotPermitted)
    assert house.count("jobs") == 0


def test_a_job_of_another_case_is_not_shown_by_its_id(house: House, desk: Counter) -> None:
    begun = desk.granted()
    desk.submits(begun.job.id)
    mia = desk.staff("uma")
    other = desk.case(mia)
    here = desk.domain.directory.id
    found = run(temporary.submit(house.parts, mia, other, here, begun.job.id, ()))
    assert found == NotFound()


def test_the_persons_own_page_never_goes_on_with_it(desk: Counter) -> None:
    begun = desk.granted()
    own = run(resets.start(*desk.domain.me, desk.domain.directory.id))
    assert isinstance(own, Choosing)
    assert (own.job.id == begun.job.id, own.job.must_change) == (False, False)
    mixed = run(
        temporary.submit(*desk.here, own.job.id, desk.domain.sealed())
    )  # the id of a job that waits for her own choice
    assert mixed == NotFound()
    assert isinstance(desk.submits(begun.job.id), JobView)
    assert desk.domain.view(own.job.id).reason == "superseded"


def test_only_for_an_account_of_whose_case_it_is(house: House, desk: Counter) -> None:
    desk.proves()
    nowhere = (house.parts, desk.tom, desk.ref, "0" * 26)
    assert run(temporary.start(*nowhere)) == NotFound()
    assert run(temporary.place(*nowhere)) == NotFound()


@pytest.mark.parametrize(
    ("fields", "why"),
    [({"state": UserState.DISABLED}, "disabled"), ({"frozen_at": 1}, "frozen")],
)
def test_an_account_that_is_not_in_use(desk: Counter, fields: dict[str, Any], why: str) -> None:
    begun = desk.granted()
    desk.house.change(desk.ada, **fields)
    assert desk.starts() == Inactive(why)
    assert desk.submits(begun.job.id) == Inactive(why)
    assert desk.house.count("jobs") == 0


def test_a_reset_of_the_account_ends_the_grant(desk: Counter) -> None:
    begun = desk.granted()
    desk.house.change(desk.ada, epoch=1)
    assert isinstance(desk.submits(begun.job.id), NotPermitted)


def test_no_agent_is_heard(desk: Counter) -> None:
    begun = desk.granted()
    desk.house.clock.move(2 * 60_000)
    assert isinstance(run(temporary.start(*desk.here)), Hindered)
    assert desk.submits(begun.job.id) == NotSealed()


def test_the_hours_budget_of_the_account(desk: Counter) -> None:
    desk.proves()
    answers: list[Any] = []
    while not answers or isinstance(answers[-1], JobView):
        answers.append(desk.submits(desk.starts().job.id))
    assert answers[-1].why == "spent"
    assert len(answers) == desk.house.count("jobs") + 1
    assert desk.kinds(desk.tom, desk.ref)[-1] == "granted"


def test_what_is_not_sealed_to_the_agents_is_not_taken(desk: Counter) -> None:
    begun = desk.granted()
    wrong = [replace(one, ciphertext=b"plain") for one in desk.domain.sealed()]
    assert run(temporary.submit(*desk.here, begun.job.id, wrong)) == NotSealed()
    assert desk.kinds(desk.tom, desk.ref)[-1] == "granted"


def test_a_colleagues_account_wants_somebody_higher_and_a_second_word(house: House) -> None:
    desk = Counter(house)
    house.write(lambda tx: tx.roles.grant(house.tenant.id, desk.ada.id, Role.TECHNICIAN))
    assert run(temporary.start(*desk.here)) == NotAllowed(Why.RANK)
    desk.tom = desk.staff("olga", Role.OWNER)
    run(casework.take(house.parts, desk.tom, desk.ref))
    mona = desk.staff("mona", Role.MANAGER)
    desk.reads(desk.tom, desk.ref, Method.TEXT)
    desk.push(desk.tom, desk.ref)
    assert desk.starts() == NotPermitted(Short(DEED, (Missing.PHONE, Missing.SECOND)))
    desk.vouch(desk.tom, desk.ref, mona)
    assert desk.starts() == NotPermitted(Short(DEED, (Missing.PHONE,)))


def test_the_page_says_how_things_stand(house: House, desk: Counter) -> None:
    before = run(temporary.place(*desk.here))
    assert isinstance(before, Place)
    assert (before.directory, before.found) == (
        desk.domain.directory.name, Short(DEED, (Missing.PROOF,)),
    )  # fmt: skip
    assert before.look is None
    desk.domain.beat(desk.domain.dc1)
    asked = run(
        resetting.ask_look_for(house.parts, desk.tom, desk.ada.id, desk.domain.directory.id)
    )
    assert isinstance(asked, resetting.Asked)
    assert run(temporary.place(*desk.here)).look is None  # type: ignore[union-attr]
    desk.domain.answers(desk.domain.dc1, asked.look_id, '{"name": "ada"}')
    desk.proves()
    known = run(temporary.place(*desk.here))
    assert isinstance(known, Place)
    assert isinstance(known.found, Permit)
    assert isinstance(known.look, Look)
    house.clock.move(HOUR)
    assert run(temporary.place(*desk.here)).look is None  # type: ignore[union-attr]


def test_ten_at_once_are_one_job(house: House, desk: Counter) -> None:
    begun = desk.granted()

    async def together() -> list[Any]:
        sealed = desk.domain.sealed()
        tries = (temporary.submit(*desk.here, begun.job.id, sealed) for _ in range(10))
        return await asyncio.gather(*tries)

    assert {type(answer) for answer in run(together())} == {JobView}
    assert house.count("jobs") == 1
    assert desk.kinds(desk.tom, desk.ref).count("used") == 1
