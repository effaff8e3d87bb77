"""A ticket system asks a caller's phone: what it may, what it learns, and how it ends."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from keyturn.adapters.letters import JinjaLetters
from keyturn.adapters.memory import MemoryCaller, MemoryMailer
from keyturn.flows import api_keys, data, deliver, verifying, webhooks
from keyturn.flows.answering import NotTaken
from keyturn.flows.deliver import Courier
from keyturn.flows.staff import on_the_host
from keyturn.flows.ticketing import (
    NotAsked,
    NotFound,
    NotPossible,
    Reason,
    Reused,
    Revoked,
    Seen,
    Unfit,
)
from keyturn.ports.delivery import NotDelivered
from keyturn.ports.store import Tx
from keyturn.rules import binding
from keyturn.rules.accounts import Role, UserState
from keyturn.rules.approvals import ASKED, LIFE_MS, TAKE_MS, Verdict
from keyturn.rules.lockout import DAY, HOUR
from keyturn.rules.matching import Ended
from keyturn.rules.phone_app import PushState
from keyturn.rules.retention import Kind
from keyturn.rules.verifications import Ending, Outcome, ending
from tests.unit.flows.house import EMAIL, House, run
from tests.unit.flows.pockets import Pocket
from tests.unit.flows.programs import Desk

APPROVE = Verdict.APPROVE


@pytest.fixture
def pocket(house: House) -> Pocket:
    """Ada has a phone."""
    return Pocket(house, house.user(names=("ada",)))


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house)


@pytest.fixture
def hook(house: House) -> MemoryCaller:
    """The tenant's address is told."""
    owner = on_the_host(house.browser().caller)
    run(webhooks.choose(house.parts, owner, "https://hooks.example.com/x", private=False))
    return MemoryCaller()


def sweep(house: House) -> int:
    return run(verifying.settle(house.parts))


def calls(house: House, hook: MemoryCaller) -> list[dict[str, Any]]:
    """What the tenant's address has heard so far."""
    courier = Courier(MemoryMailer(), None, JinjaLetters(house.parts.link), hook)
    run(deliver.deliver_due(house.parts, courier, 50))
    return [json.loads(call.body) for call in hook.taken]


def stands(desk: Desk, seen: Seen) -> Ending | None:
    found = desk.looks(seen.one.id)
    assert isinstance(found, Seen)
    return ending(found.standing.one)


def test_the_phone_says_which_system_and_which_ticket_ask(pocket: Pocket, desk: Desk) -> None:
    seen = desk.asks()
    (shown,) = pocket.waiting()
    assert (shown.one.asker, shown.one.place) == ("Tom", "ServiceDesk, INC-4711")
    assert seen.standing.one == shown.one
    assert seen.words == shown.words
    assert len(seen.words.split()) == 2
    assert (seen.user.id, seen.push, seen.one.outcome) == (pocket.user.id, PushState.NONE, None)


@pytest.mark.parametrize("named", [EMAIL, "ADA", "Ada@Northwind.test"])
def test_any_name_of_the_account_will_do(pocket: Pocket, desk: Desk, named: str) -> None:
    assert desk.asks(named).user.id == pocket.user.id


def test_so_will_its_id(pocket: Pocket, desk: Desk) -> None:
    assert desk.asks(pocket.user.id).user.id == pocket.user.id


def test_a_caller_is_verified_and_proved_to_no_technician(pocket: Pocket, desk: Desk) -> None:
    house, seen = pocket.house, desk.asks()
    pocket.approves()
    found = stands(desk, seen)
    assert found is not None
    assert (found.outcome, found.at) == (Outcome.VERIFIED, house.clock.now())
    assert house.events()[-2:] == ["approval.given", "caller.verified"]
    tom = house.user("tom@northwind.test", role=Role.TECHNICIAN)
    told = [e.facts.get("by") for e in house.trail() if e.event == "caller.verified"]
    assert told == [desk.key.id]
    assert tom.id not in house.dump("approvals")


def test_the_audit_trail_names_the_key_and_the_ticket(pocket: Pocket, desk: Desk) -> None:
    desk.asks()
    asked = pocket.house.trail()[-1]
    assert str(asked.event) == "approval.asked"
    assert (asked.facts["key"], asked.facts["ticket"]) == ("ServiceDesk", "INC-4711")


def test_wrong_numbers_a_denial_and_silence_are_each_told(pocket: Pocket, desk: Desk) -> None:
    house, wrong = pocket.house, desk.asks()
    one = wrong.standing.one
    for _ in range(3):
        pocket.says(one, APPROVE, str(109 - int(one.number)))
    assert stands(desk, wrong) == Ending(Outcome.WRONG, None, house.clock.now())
    denied = desk.asks()
    pocket.denies()
    assert stands(desk, denied) == Ending(Outcome.DENIED, None, house.clock.now())
    silent = desk.asks()
    house.clock.move(LIFE_MS)
    assert stands(desk, silent) == Ending(Outcome.NO_ANSWER, None, house.clock.now())


def test_a_newer_question_ends_the_one_before(pocket: Pocket, desk: Desk) -> None:
    first, second = desk.asks(), desk.asks()
    found = stands(desk, first)
    assert found is not None
    assert found.outcome is Outcome.SUPERSEDED
    assert stands(desk, second) is None


def change(pocket: Pocket, how: str) -> None:
    """Staff, while a question waits."""
    house = pocket.house

    def step(tx: Tx) -> None:
        now = house.clock.now()
        rows = tx.phones.held(pocket.user.tenant_id, pocket.user.id, now)
        assert rows is not None
        fresh = (house.random.id(now), "d" * 43, now)
        after = (binding.reset_user(rows, *fresh, alone=False) if how == "reset"
                 else binding.disable(rows, now))  # fmt: skip
        assert isinstance(after, binding.Rows)
        tx.phones.save(rows, after)

    house.write(step)


@pytest.mark.parametrize("how", ["reset", "disabled"])
def test_what_staff_do_meanwhile_is_told_by_the_sweep(
    pocket: Pocket, desk: Desk, hook: MemoryCaller, how: str
) -> None:
    seen = desk.asks()
    change(pocket, how)
    assert sweep(pocket.house) == 1
    assert sweep(pocket.house) == 0
    [told] = calls(pocket.house, hook)
    assert (told["data"]["outcome"], told["data"]["reason"]) == ("not_possible", how)
    found = stands(desk, seen)
    assert found is not None
    assert found.reason == Reason(how)


def test_a_yes_after_the_account_has_changed_is_no_yes(pocket: Pocket, desk: Desk) -> None:
    seen, house = desk.asks(), pocket.house
    house.change(pocket.user, epoch=1)
    pocket.approves()
    assert stands(desk, seen) is None
    assert sweep(house) == 0
    house.clock.move(TAKE_MS)
    assert sweep(house) == 1
    found = stands(desk, seen)
    assert found is not None
    assert (found.outcome, found.reason) == (Outcome.NOT_POSSIBLE, Reason.CHANGED)
    assert "caller.verified" not in house.events()


def test_a_question_is_taken_back_once_and_the_phone_shows_it_no_more(
    pocket: Pocket, desk: Desk, hook: MemoryCaller
) -> None:
    seen = desk.asks()
    answer = pocket.signs(seen.standing.one, APPROVE, seen.standing.one.number)
    for _ in range(2):
        found = desk.withdraws(seen.one.id)
        assert isinstance(found, Seen)
        assert found.one.outcome is Outcome.WITHDRAWN
    assert pocket.waiting() == ()
    assert run(pocket.sends(answer)) == NotTaken(Ended.RECALLED)
    [told] = calls(pocket.house, hook)
    assert told["data"]["outcome"] == "withdrawn"
    assert pocket.house.trail()[-1].facts["why"] == "recalled"


def test_what_has_ended_is_not_taken_back(pocket: Pocket, desk: Desk) -> None:
    seen = desk.asks()
    pocket.approves()
    found = desk.withdraws(seen.one.id)
    assert isinstance(found, Seen)
    assert found.one.outcome is Outcome.VERIFIED


def test_a_request_that_is_sent_again_is_the_same_verification(pocket: Pocket, desk: Desk) -> None:
    wish = desk.wish()
    first = desk.starts(wish)
    again = desk.starts(wish)
    assert isinstance(first, Seen)
    assert again == first
    assert pocket.house.count("approvals") == 1
    pocket.approves()
    pocket.house.clock.move(HOUR)
    later = desk.starts(wish)
    assert isinstance(later, Seen)
    assert later.one.outcome is Outcome.VERIFIED
    assert pocket.house.count("approvals") == 1


def test_with_something_else_it_is_refused(pocket: Pocket, desk: Desk) -> None:
    pocket.house.user("eve@northwind.test")
    wish = desk.wish()
    desk.starts(wish)
    for other in (replace(wish, user="eve@northwind.test"), replace(wish, ticket="INC-1"),
                  replace(wish, user="nobody@northwind.test")):  # fmt: skip
        assert desk.starts(other) == Reused()
    assert pocket.house.count("approvals") == 1


def test_another_key_s_requests_are_its_own(pocket: Pocket, desk: Desk, house: House) -> None:
    other = Desk(house, name="Other")
    first, second = desk.starts(desk.wish(request="r")), other.starts(other.wish(request="r"))
    assert isinstance(first, Seen)
    assert isinstance(second, Seen)
    assert first.one.id != second.one.id
    assert other.looks(first.one.id) == NotFound()
    assert other.withdraws(first.one.id) == NotFound()


def test_what_cannot_be_shown_is_not_asked(pocket: Pocket, desk: Desk) -> None:
    assert desk.starts(desk.wish(ticket="call me")) == Unfit("ticket")
    assert desk.starts(desk.wish(asker="www.evil.test")) == Unfit("asker")
    assert pocket.house.count("approvals") == 0


@pytest.mark.parametrize("name", ["nobody@northwind.test", "", "0" * 26, "a\u202eb"])
def test_nobody_of_that_name(pocket: Pocket, desk: Desk, name: str) -> None:
    assert desk.starts(desk.wish(name)) == NotFound()


def test_the_decoy_of_absent_names_is_nobody(desk: Desk, house: House) -> None:
    assert desk.starts(desk.wish(house.tenant.id)) == NotFound()


@pytest.mark.parametrize(
    ("state", "reason"),
    [(UserState.DISABLED, Reason.DISABLED), (UserState.INVITED, Reason.NOT_ACTIVE)],
)
def test_an_account_that_is_not_active_is_told_as_such(
    pocket: Pocket, desk: Desk, state: UserState, reason: Reason
) -> None:
    pocket.house.change(pocket.user, state=state)
    assert desk.starts(desk.wish()) == NotPossible(reason)


def test_without_a_phone_nobody_is_asked(desk: Desk, house: House) -> None:
    house.user()
    assert desk.starts(desk.wish()) == NotPossible(Reason.NO_PHONE)


def test_a_key_asks_nobody_whom_a_technician_may_not(desk: Desk, house: House) -> None:
    Pocket(house, house.user("boss@northwind.test", role=Role.OWNER))
    assert desk.starts(desk.wish("boss@northwind.test")) == NotPossible(Reason.RANK)
    Pocket(house, house.user("tom@northwind.test", role=Role.TECHNICIAN))
    assert isinstance(desk.starts(desk.wish("tom@northwind.test")), Seen)


def test_keys_and_technicians_ask_five_times_in_fifteen_minutes_together(
    pocket: Pocket, desk: Desk
) -> None:
    for _ in range(ASKED):
        desk.asks()
    assert isinstance(desk.starts(desk.wish()), NotAsked)


def test_a_key_that_is_revoked_while_it_asks_asks_nobody(pocket: Pocket, desk: Desk) -> None:
    owner = on_the_host(pocket.house.browser().caller)
    run(api_keys.revoke(pocket.house.parts, owner, desk.key.id))
    assert desk.starts(desk.wish()) == Revoked()
    assert pocket.house.count("approvals") == 0


def test_tenants_are_walls(pocket: Pocket, desk: Desk, house: House) -> None:
    seen = desk.asks()
    there = Desk(house, house.add_tenant("southbank"))
    assert there.starts(there.wish()) == NotFound()
    assert there.starts(there.wish(pocket.user.id)) == NotFound()
    assert there.looks(seen.one.id) == NotFound()
    assert there.withdraws(seen.one.id) == NotFound()
    assert stands(desk, seen) is None


# -- the tenant's address


def test_each_outcome_is_told_once_signed_as_alarms_are(
    pocket: Pocket, desk: Desk, hook: MemoryCaller
) -> None:
    house, seen = pocket.house, desk.asks()
    assert calls(house, hook) == []
    pocket.approves()
    at = house.clock.now()
    for _ in range(2):
        sweep(house)
        stands(desk, seen)
        assert len(calls(house, hook)) == 1
    [told] = calls(house, hook)
    assert told["type"] == "keyturn.verification"
    assert told["timestamp"].endswith("Z")
    assert told["data"] == {
        "tenant": "northwind", "verification": seen.one.id, "outcome": "verified", "reason": None,
        "user": pocket.user.id, "ticket": "INC-4711", "asker": "Tom", "started_by": "api",
    }  # fmt: skip
    stored = house.write(lambda tx: tx.verifications.get(house.tenant.id, seen.one.id))
    assert stored is not None
    assert stored.settled_at == at


def test_a_receiver_that_is_down_hears_it_later(
    pocket: Pocket, desk: Desk, hook: MemoryCaller
) -> None:
    house, seen = pocket.house, desk.asks()
    house.clock.move(LIFE_MS)
    sweep(house)
    hook.refuses = NotDelivered("HTTP 503", final=False)
    assert calls(house, hook) == []
    hook.refuses = None
    house.clock.move(HOUR)
    [told] = calls(house, hook)
    assert (told["data"]["verification"], told["data"]["outcome"]) == (seen.one.id, "no_answer")


def test_without_an_address_it_is_recorded_all_the_same(pocket: Pocket, desk: Desk) -> None:
    desk.asks()
    pocket.house.clock.move(LIFE_MS)
    assert sweep(pocket.house) == 1
    assert pocket.house.trail()[-1].facts["why"] == "expired"
    assert pocket.house.outbox() == []


# -- what is kept of it


def test_the_person_s_data_hold_it_and_not_who_asked(pocket: Pocket, desk: Desk) -> None:
    house = pocket.house
    desk.asks(asker="Tamsin Technician")
    pocket.approves()
    chief = on_the_host(house.browser().caller)
    exported = run(data.export_for(house.parts, chief, pocket.user.id))
    assert isinstance(exported, data.Exported)
    text = json.dumps(exported.document)
    [told] = json.loads(text)["verifications"]
    assert (told["ticket"], told["outcome"]) == ("INC-4711", "verified")
    assert "Tamsin" not in text
    assert "ServiceDesk/2" not in text
    house.write(lambda tx: tx.upkeep.erase(house.tenant.id, pocket.user.id))
    assert house.count("verifications") == 0


def test_the_sweep_passes_over_whoever_was_erased_meanwhile(pocket: Pocket, desk: Desk) -> None:
    house, seen = pocket.house, desk.asks()
    house.clock.move(LIFE_MS)
    [due] = house.write(lambda tx: tx.verifications.due(house.clock.now(), 9))
    house.write(lambda tx: tx.upkeep.erase(house.tenant.id, pocket.user.id))
    for one in (due, replace(due, tenant_id="0" * 26)):
        house.write(partial(verifying._settle, parts=house.parts, one=one))
    assert desk.looks(seen.one.id) == NotFound()
    assert sweep(house) == 0


def test_what_is_kept_no_more_is_not_there(pocket: Pocket, desk: Desk) -> None:
    house, seen = pocket.house, desk.asks()
    house.clock.move(DAY)
    old, window = house.clock.now(), 9
    house.write(lambda tx: tx.upkeep.sweep(Kind.QUESTIONS, (), old, window))
    assert desk.looks(seen.one.id) == NotFound()
    assert desk.withdraws(seen.one.id) == NotFound()
