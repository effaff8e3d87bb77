"""A directory account on its owner's phone: looked at, unlocked, set anew, watched."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import pytest

from keyturn.flows import phone_app, resets, resetting
from keyturn.flows import phone_resets as flow
from keyturn.flows.phone_resets import Choosing, JobView, Look, Refused, Seen
from keyturn.ports.parts import Parts
from keyturn.rules.access import Staff
from keyturn.rules.accounts import Role
from keyturn.rules.budgets import DIRECTORY_LOOKS
from keyturn.rules.callers import Caller
from keyturn.rules.directories.proofs import ProofState
from keyturn.rules.directories.resets import CHOOSE_MS, DEADLINE_MS, JobState
from keyturn.rules.lockout import DAY, HOUR
from keyturn.steps.directory_looks import LOOK_MS
from keyturn.steps.jobs import Hindered
from keyturn.steps.own_accounts import KNOWN_MS
from keyturn.steps.phone_door import Said, Why
from tests.unit.flows.domain import Domain
from tests.unit.flows.handsets import Handset
from tests.unit.flows.house import House, run

PIN, OTHER_PIN = "a" * 43, "b" * 43
Ask = Callable[..., Coroutine[Any, Any, Any]]
UNKNOWN = Refused(Why.UNKNOWN)


@dataclass
class Phone:
    """Ada's phone, with a PIN, and the directory that her account is in."""

    domain: Domain
    hand: Handset

    @property
    def me(self) -> tuple[Parts, Caller, Said]:
        """What every flow of hers begins with."""
        return (self.domain.parts, self.hand.caller, self.hand.said())

    @property
    def there(self) -> str:
        """The directory's id."""
        return self.domain.directory.id

    def look(self) -> Seen:
        """The directory is asked."""
        found = run(flow.look(*self.me, self.there))
        assert isinstance(found, Seen)
        return found

    def looked(self, look_id: str) -> Seen:
        """What it said."""
        found = run(flow.looked(*self.me, look_id))
        assert isinstance(found, Seen)
        return found

    def choose(self, proof: str | None = PIN) -> Choosing:
        """A new password is begun."""
        found = run(flow.choose(*self.me, self.there, proof))
        assert isinstance(found, Choosing), found
        return found

    def submit(self, job_id: str) -> JobView | Refused:
        """It is handed in."""
        return run(flow.submit(*self.me, job_id, self.domain.sealed(), PIN))

    def account(self) -> phone_app.Account:
        """As the app's first page shows it."""
        found = run(phone_app.state(*self.me))
        assert isinstance(found, phone_app.State)
        (account,) = found.accounts
        return account


@pytest.fixture
def phone(house: House) -> Phone:
    domain = Domain(house)
    hand = Handset(house)
    hand.bind(domain.ada)
    assert run(phone_app.pin(house.parts, hand.caller, hand.said(), PIN, None)) is None
    return Phone(domain, hand)


def other(phone: Phone) -> Phone:
    """Somebody else's, of the same tenant."""
    house = phone.domain.house
    hand = Handset(house, "another key")
    hand.bind(house.user("eve@northwind.test"))
    assert run(phone_app.pin(house.parts, hand.caller, hand.said(), PIN, None)) is None
    return Phone(phone.domain, hand)


# -- who is heard

NONE = "x" * 26


def asks(name: str, *more: Any, there: bool = True) -> Any:
    """A request of hers; with a PIN, where it takes one."""

    def one(phone: Phone, *pin: str | None) -> Coroutine[Any, Any, Any]:
        about = (phone.there,) if there else ()
        asked: Coroutine[Any, Any, Any] = getattr(flow, name)(*phone.me, *about, *more, *pin)
        return asked

    return pytest.param(one, id=name)


READS = [asks("look"), *(asks(name, NONE, there=False) for name in ("looked", "view", "cancel"))]
PROVED = [asks("unlock"), asks("choose"), asks("submit", NONE, (), there=False)]


@pytest.mark.parametrize("ask", READS)
def test_a_number_is_good_once(phone: Phone, ask: Ask) -> None:
    phone.hand.number_said -= 1
    assert run(ask(phone)) == Refused(Why.SEQUENCE)


@pytest.mark.parametrize("ask", PROVED)
def test_so_it_is_where_the_pin_is_asked_for(phone: Phone, ask: Ask) -> None:
    phone.hand.number_said -= 1
    assert run(ask(phone, PIN)) == Refused(Why.SEQUENCE)


@pytest.mark.parametrize("ask", PROVED)
def test_a_freeze_forbids_what_changes(phone: Phone, ask: Ask) -> None:
    phone.domain.house.change(phone.domain.ada, frozen_at=5)
    assert run(ask(phone, PIN)) == Refused(Why.FROZEN, {"since": 5})


@pytest.mark.parametrize("ask", PROVED)
def test_without_the_pin_nothing_is_begun(phone: Phone, ask: Ask) -> None:
    lock = {"set": True, "until": None, "closed": False, "key": False}
    assert run(ask(phone, None)) == Refused(Why.LOCK, {**lock, "left": 5})
    assert run(ask(phone, OTHER_PIN)) == Refused(Why.LOCK, {**lock, "left": 4})
    house = phone.domain.house
    assert not [e for e in house.events(phone.domain.ada) if e.startswith("reset.")]


def test_a_frozen_account_may_still_be_looked_at(phone: Phone) -> None:
    phone.domain.house.change(phone.domain.ada, frozen_at=5)
    assert isinstance(phone.look().look, Look)


def test_nobody_reaches_another_persons_account_look_or_job(phone: Phone) -> None:
    look = phone.look().look
    assert isinstance(look, Look)
    job = phone.choose().job.id
    eve = other(phone)
    for answer in (
        run(flow.look(*eve.me, eve.there)), run(flow.looked(*eve.me, look.id)),
        run(flow.view(*eve.me, job)), run(flow.cancel(*eve.me, job)),
        run(flow.unlock(*eve.me, eve.there, PIN)), run(flow.choose(*eve.me, eve.there, PIN)),
        eve.submit(job),
    ):  # fmt: skip
        assert answer == UNKNOWN


# -- looking


def test_a_look_is_asked_answered_and_known_for_a_while(phone: Phone) -> None:
    domain = phone.domain
    assert phone.account().known is None
    asked = phone.look()
    assert isinstance(asked.look, Look)
    assert (asked.account.name, asked.account.directory) == ("ada", "corp.example.test")
    assert phone.look() == asked
    assert phone.account().known is None
    domain.answers(domain.dc1, asked.look.id, '{"name": "ada"}')
    seen = phone.looked(asked.look.id)
    assert isinstance(seen.look, Look)
    assert seen.look.view == '{"name": "ada"}'
    assert phone.account().known == seen.look
    domain.passes(KNOWN_MS, domain.dc1)
    assert phone.account().known is None


def test_what_staff_were_told_is_not_known_to_the_person(phone: Phone) -> None:
    domain, house = phone.domain, phone.domain.house
    staff = Staff(house.browser().caller, None, Role.OWNER, 2, fresh=True)
    asked = run(resetting.ask_look_for(house.parts, staff, domain.ada.id, phone.there))
    assert isinstance(asked, resetting.Asked), asked
    domain.answers(domain.dc1, asked.look_id, '{"name": "ada"}')
    assert phone.account().known is None


def test_a_look_that_nobody_answers_says_so(phone: Phone) -> None:
    asked = phone.look().look
    assert isinstance(asked, Look)
    phone.domain.passes(LOOK_MS, phone.domain.dc1)
    told = phone.looked(asked.id).look
    assert isinstance(told, Look)
    assert told.cause == "timeout"


def test_a_directory_that_cannot_be_asked_says_why(phone: Phone) -> None:
    heard = phone.domain.house.clock.now()
    phone.domain.house.clock.move(60_000)
    assert phone.look().look == Hindered("agent_silent", heard)


def test_looks_have_their_budget(phone: Phone) -> None:
    for _ in range(DIRECTORY_LOOKS.limit):
        look = phone.look().look
        assert isinstance(look, Look)
        phone.domain.answers(phone.domain.dc1, look.id, "{}")
    spent = phone.look()
    assert spent.look == Hindered("spent", phone.domain.house.clock.now() + HOUR)


def test_an_account_that_was_unlinked_meanwhile_is_not_known(phone: Phone) -> None:
    look = phone.look().look
    assert isinstance(look, Look)
    domain = phone.domain
    domain.house.write(
        lambda tx: tx.directories.unlink(domain.tenant.id, phone.there, domain.ada.id)
    )
    assert run(flow.looked(*phone.me, look.id)) == UNKNOWN


# -- changing


def test_an_unlock_is_on_its_way_at_once(phone: Phone) -> None:
    view = run(flow.unlock(*phone.me, phone.there, PIN))
    assert isinstance(view, JobView)
    assert (view.state, view.starter) == (JobState.QUEUED, "")
    assert phone.account().job == view
    assert run(flow.view(*phone.me, view.id)) == view


def test_a_new_password_is_begun_sealed_handed_in_and_proved(phone: Phone) -> None:
    begun = phone.choose()
    assert begun.identity == phone.domain.again().identity
    assert {r.agent_id for r in begun.recipients} == {phone.domain.dc1.id, phone.domain.dc2.id}
    assert phone.choose().job.id == begun.job.id
    assert phone.look().account.waiting == begun.job
    handed = phone.submit(begun.job.id)
    assert isinstance(handed, JobView)
    assert handed.deadline == phone.domain.house.clock.now() + DEADLINE_MS
    assert phone.submit(begun.job.id) == handed
    assert phone.domain.permit(phone.domain.dc1, handed.id).why == ""
    phone.domain.report(phone.domain.dc1, handed.id)
    phone.domain.sees(phone.domain.dc1, handed.id, "dc2", ProofState.PROVED)
    done = run(flow.view(*phone.me, handed.id))
    assert isinstance(done, JobView)
    assert (done.state, done.over) == (JobState.DONE, True)
    assert phone.account().job == done
    phone.domain.passes(DAY, phone.domain.dc1)
    assert phone.account().job is None


def test_what_is_not_sealed_to_the_agents_is_not_taken(phone: Phone) -> None:
    begun = phone.choose()
    answer = run(flow.submit(*phone.me, begun.job.id, (), PIN))
    assert answer == Refused(Why.UNSEALED)
    view = run(flow.view(*phone.me, begun.job.id))
    assert isinstance(view, JobView)
    assert view.state is JobState.CHOOSING


def test_a_password_chosen_too_late_is_told_so(phone: Phone) -> None:
    begun = phone.choose()
    phone.domain.passes(CHOOSE_MS, phone.domain.dc1)
    late = phone.submit(begun.job.id)
    assert isinstance(late, JobView)
    assert (late.state, late.reason) == (JobState.NOT_DONE, "not_chosen")


def test_a_reset_that_waits_is_the_same_on_phone_and_desk_and_can_be_taken_back(
    phone: Phone,
) -> None:
    begun = phone.choose()
    assert phone.domain.choosing().job.id == begun.job.id
    gone = run(flow.cancel(*phone.me, begun.job.id))
    assert isinstance(gone, JobView)
    assert (gone.state, gone.reason) == (JobState.NOT_DONE, "cancelled")
    seen = run(resets.view(*phone.domain.me, begun.job.id))
    assert seen == gone


def test_where_no_agent_lives_nothing_is_begun_and_the_cause_is_told(phone: Phone) -> None:
    heard = phone.domain.house.clock.now()
    phone.domain.house.clock.move(60_000)
    silent = Refused(Why.DIRECTORY, {"why": "agent_silent", "until": heard})
    assert run(flow.choose(*phone.me, phone.there, PIN)) == silent
    assert run(flow.unlock(*phone.me, phone.there, PIN)) == silent


def test_a_technicians_start_waits_on_the_phone_and_names_them(phone: Phone) -> None:
    domain, house = phone.domain, phone.domain.house
    technician = house.user("tom@northwind.test", role=Role.TECHNICIAN, name="Tom Price")
    staff = Staff(house.browser().caller, technician, Role.TECHNICIAN, 2, fresh=True)
    started = run(resetting.start_for(house.parts, staff, domain.ada.id, phone.there))
    assert isinstance(started, JobView), started
    waits = phone.account().job
    assert waits is not None
    assert (waits.id, waits.state, waits.starter) == (started.id, JobState.CHOOSING, "Tom Price")
    assert phone.choose().job.id == started.id
