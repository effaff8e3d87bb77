"""A lost or changed phone: begun by proofs, told to everybody, stopped by anybody, carried out."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from keyturn.adapters.memory_push import MemoryPushService
from keyturn.flows import account, activating, casework, data, lost_phone, objection, staff, support
from keyturn.flows.lost_phone import (
    Barred,
    Begun,
    NotAllowed,
    NotFound,
    NotPermitted,
    NotYours,
    Over,
    Stopped,
    Waits,
)
from keyturn.rules import recoveries
from keyturn.rules.access import Staff, Why
from keyturn.rules.accounts import Role, UserState
from keyturn.rules.events import Event
from keyturn.rules.grants import Deed, Missing, Short
from keyturn.rules.lockout import DAY
from keyturn.rules.proofs import Method
from keyturn.rules.recoveries import WAIT_MS, Recovery, State, Stop
from keyturn.steps import objections, phone_door
from keyturn.steps.acts import begin
from keyturn.steps.evidence import Subject, collect
from keyturn.sweeping import Sweep
from tests.unit.flows.handsets import give
from tests.unit.flows.helpdesk import NUMBER, HelpDesk, me
from tests.unit.flows.house import House, run
from tests.unit.flows.pockets import PIN


@pytest.fixture
def desk(house: House) -> HelpDesk:
    """Where Ada calls."""
    return HelpDesk(house)


@pytest.fixture
def tom(desk: HelpDesk) -> Staff:
    """A technician."""
    return desk.staff("tom")


@pytest.fixture
def ref(desk: HelpDesk, tom: Staff) -> str:
    """Tom's case."""
    return desk.case(tom)


def start(desk: HelpDesk, by: Staff, ref: str) -> Any:
    return run(lost_phone.start(desk.house.parts, by, ref))


def begun(desk: HelpDesk, by: Staff, ref: str, *, bound: bool = False) -> Recovery:
    """Proved and begun."""
    desk.vouch(by, ref, desk.staff(f"c{desk.house.count('users')}"))
    if bound:
        desk.push(by, ref)
    else:
        desk.reads(by, ref, Method.TEXT)
    answer = start(desk, by, ref)
    assert isinstance(answer, Begun), answer
    return answer.recovery


def now_is(desk: HelpDesk, by: Staff, ref: str) -> Recovery:
    found = desk.look(by, ref).recovery
    assert found is not None
    return found


def sweep(desk: HelpDesk) -> int:
    return run(lost_phone.carry_out(desk.house.parts))


def token(desk: HelpDesk, kind: str = "phone_lost") -> str:
    return str(desk.house.last(kind).values["notme"]).rpartition("/")[2]


# -- begun


def test_two_proofs_and_a_day(house: House, desk: HelpDesk, tom: Staff, ref: str) -> None:
    assert start(desk, tom, ref) == NotPermitted(Short(Deed.LOST_PHONE, (Missing.PROOF,)))
    one = begun(desk, tom, ref)
    assert one.due_at == house.clock.now() + WAIT_MS
    assert desk.kinds(tom, ref)[-2:] == ["granted", "used"]
    assert house.events()[-2:] == ["case.granted", "lost.begun"]
    assert now_is(desk, tom, ref) == one


def test_at_once_where_a_bound_factor_took_part(
    house: House, desk: HelpDesk, tom: Staff, ref: str
) -> None:
    assert begun(desk, tom, ref, bound=True).due_at == house.clock.now()


@pytest.mark.parametrize("two", [("text", "mail"), ("text", "offline"), ("push", "offline")])
def test_the_wrong_two_begin_nothing(
    desk: HelpDesk, tom: Staff, ref: str, two: tuple[str, str]
) -> None:
    secret = desk.secret()
    for method in two:
        if method == "push":
            desk.push(tom, ref)
        elif method == "offline":
            desk.offline(tom, ref, secret)
        else:
            desk.reads(tom, ref, Method(method))
    assert desk.proved(tom, ref) == set(two)
    assert isinstance(start(desk, tom, ref), NotPermitted)
    assert desk.house.count("recoveries") == 0


def test_everybody_who_may_be_the_user_hears_of_it(
    house: House, desk: HelpDesk, tom: Staff, ref: str
) -> None:
    act = begin(house.parts, house.browser().caller)
    old = "old@northwind.test"
    house.write(lambda tx: objections.objection(tx, act, desk.ada, email=old))
    house.write(lambda tx: objections.objection(tx, act, desk.ada, email=desk.ada.email))
    begun(desk, tom, ref)
    letters = house.outbox("phone_lost")
    assert [letter.message.address for letter in letters] == [desk.ada.email, old, NUMBER]
    for letter in letters:
        assert (letter.values["ref"], letter.values["wait"]) == (ref, True)
    assert len({letter.values["notme"] for letter in letters}) == 3


def test_who_has_no_number_is_told_by_mail(house: House) -> None:
    desk = HelpDesk(house, phone=None, phone_verified_at=None)
    tom = desk.staff("tom")
    begun(desk, tom, desk.case(tom), bound=True)
    assert [letter.message.channel for letter in house.outbox("phone_lost")] == ["mail"]


def test_one_at_a_time_and_none_shortens_anothers_wait(
    house: House, desk: HelpDesk, tom: Staff, ref: str
) -> None:
    first = begun(desk, tom, ref)
    desk.push(tom, ref)
    assert start(desk, tom, ref) == Waits(first)
    other = desk.case(tom)
    desk.push(tom, other)
    desk.vouch(tom, other, desk.staff("max"))
    assert start(desk, tom, other) == Waits(first)
    assert desk.look(tom, other).recovery == first
    assert house.count("recoveries") == 1


def test_after_one_that_its_account_has_barred_another_begins(
    house: House, desk: HelpDesk, tom: Staff, ref: str
) -> None:
    begun(desk, tom, ref)
    run(staff.end_sessions(house.parts, tom, desk.ada.id))
    assert now_is(desk, tom, ref).why is Stop.CHANGED
    assert desk.proved(tom, ref) == set()
    begun(desk, tom, ref)
    assert now_is(desk, tom, ref).state is State.WAITING
    assert house.count("recoveries") == 2


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"state": UserState.DISABLED}, Stop.DISABLED),
        ({"frozen_at": 1}, Stop.FROZEN),
        ({"state": UserState.UNVERIFIED}, Stop.CHANGED),
        ({"email": ""}, Stop.UNREACHABLE),
    ],
)
def test_an_account_in_no_state_for_it(
    house: House, desk: HelpDesk, tom: Staff, ref: str, fields: dict[str, Any], why: Stop
) -> None:
    house.change(desk.ada, **fields)
    assert start(desk, tom, ref) == Barred(why)


def test_who_may(house: House, desk: HelpDesk, tom: Staff, ref: str) -> None:
    assert start(desk, desk.staff("mia"), ref) == NotYours("Tom")
    assert start(desk, desk.staff("aud", Role.AUDITOR), ref) == NotAllowed(Why.NO_ROLE)
    assert start(desk, tom, "KT-7F3K-2M") == NotFound()
    run(staff.close_case(house.parts, tom, ref, None))
    assert start(desk, tom, ref) == Over()


def test_of_a_name_that_nobody_has(house: House, desk: HelpDesk, tom: Staff) -> None:
    opened = run(support.open_case(house.parts, house.browser().caller, "who@here.test", "", ""))
    assert isinstance(opened, support.Opened)
    run(casework.take(house.parts, tom, opened.ref))
    assert start(desk, tom, opened.ref) == NotFound()
    assert run(lost_phone.stop(house.parts, tom, opened.ref)) == NotFound()


# -- carried out


def test_nothing_happens_before_it_is_due(
    house: House, desk: HelpDesk, tom: Staff, ref: str
) -> None:
    begun(desk, tom, ref)
    house.clock.move(WAIT_MS - 1)
    assert sweep(desk) == 0
    assert house.again(desk.ada).phone == NUMBER


def test_phone_number_and_authenticator_go_and_a_link_comes(
    house: House, desk: HelpDesk, tom: Staff, ref: str
) -> None:
    house.totp(desk.ada)
    begun(desk, tom, ref)
    house.clock.move(WAIT_MS)
    asyncio.run(Sweep(house.parts).once())
    ada = house.again(desk.ada)
    assert (ada.phone, ada.state, ada.epoch) == (None, UserState.INVITED, 1)
    one = now_is(desk, tom, ref)
    assert (one.state, one.link_number, one.epoch) == (State.SENT, 1, 1)
    assert house.last("activation_reset").message.address == ada.email
    assert Event.LOST_SENT in house.events(ada)
    assert sweep(desk) == 0
    give(house, ada)


def test_it_is_done_when_a_phone_is_bound_by_its_link(
    house: House, desk: HelpDesk, tom: Staff, ref: str
) -> None:
    begun(desk, tom, ref, bound=True)
    assert sweep(desk) == 1
    links = house.write(lambda tx: tx.phones.links_of(house.tenant.id, desk.ada.id))
    rows = house.write(lambda tx: tx.phones.held(house.tenant.id, desk.ada.id, house.clock.now()))
    assert rows is not None
    used = replace(rows, links=(replace(links[0], used_at=house.clock.now()),))
    house.write(lambda tx: tx.phones.save(rows, used))
    assert now_is(desk, tom, ref).state is State.DONE
    assert run(lost_phone.stop(house.parts, tom, ref)) == Stopped()
    assert now_is(desk, tom, ref).state is State.DONE


@pytest.mark.parametrize(
    ("how", "why"),
    [("disable", Stop.DISABLED), ("sessions", Stop.CHANGED), ("address", Stop.UNREACHABLE)],
)
def test_what_has_changed_meanwhile_stops_it(
    house: House, desk: HelpDesk, tom: Staff, ref: str, how: str, why: Stop
) -> None:
    begun(desk, tom, ref)
    if how == "disable":
        run(staff.disable(house.parts, desk.staff("boss", Role.OWNER), desk.ada.id))
    elif how == "sessions":
        run(staff.end_sessions(house.parts, tom, desk.ada.id))
    else:
        house.change(desk.ada, email="")
    assert now_is(desk, tom, ref).why is why
    house.clock.move(WAIT_MS)
    assert sweep(desk) == 1
    one = now_is(desk, tom, ref)
    assert (one.state, one.why) == (State.STOPPED, why)
    assert house.outbox("activation_reset") == []
    assert len(house.outbox("phone_lost_stopped")) == (how != "address")


def test_one_that_was_stopped_just_before_is_left(
    house: House, desk: HelpDesk, tom: Staff, ref: str
) -> None:
    one = begun(desk, tom, ref, bound=True)
    whose = (one.tenant_id, one.user_id)
    run(lost_phone.stop(house.parts, tom, ref))
    house.write(lambda tx: lost_phone._do(tx, house.parts, whose, one.id))
    house.write(lambda tx: lost_phone._do(tx, house.parts, whose, "0" * 26))
    house.write(lambda tx: lost_phone._do(tx, house.parts, (whose[0], "0" * 26), one.id))
    assert house.outbox("activation_reset") == []


# -- stopped


def test_an_objection_stops_it_at_once(house: House, desk: HelpDesk, tom: Staff, ref: str) -> None:
    begun(desk, tom, ref)
    answer = run(objection.confirm(house.parts, house.browser().caller, token(desk)))
    assert isinstance(answer, objection.Stopped)
    one = now_is(desk, tom, ref)
    assert (one.state, one.why) == (State.STOPPED, Stop.OBJECTION)
    assert house.again(desk.ada).frozen_at is not None
    house.clock.move(WAIT_MS)
    assert sweep(desk) == 0
    assert house.outbox("activation_reset") == []


def test_an_objection_kills_a_link_that_was_sent(
    house: House, desk: HelpDesk, tom: Staff, ref: str
) -> None:
    begun(desk, tom, ref, bound=True)
    notme = token(desk)
    sweep(desk)
    link = str(house.last("activation_reset").values["link"]).rpartition("/")[2]
    run(objection.confirm(house.parts, house.browser().caller, notme))
    boss = desk.staff("boss", Role.OWNER)
    run(staff.unfreeze(house.parts, boss, desk.ada.id))
    seen = run(activating.go_on(house.parts, house.browser().caller, link))
    assert isinstance(seen, activating.Seen)
    assert seen.standing.state == "withdrawn"
    assert now_is(desk, tom, ref).why is Stop.OBJECTION


def test_staff_stop_it_also_once_the_case_is_closed(
    house: House, desk: HelpDesk, tom: Staff, ref: str
) -> None:
    begun(desk, tom, ref)
    run(staff.close_case(house.parts, tom, ref, None))
    mia = desk.staff("mia")
    for _ in range(2):
        assert run(lost_phone.stop(house.parts, mia, ref)) == Stopped()
    assert now_is(desk, tom, ref).why is Stop.STAFF
    assert desk.kinds(tom, ref)[-1] == "stopped"
    assert len(house.outbox("phone_lost_stopped")) == 1
    auditor = desk.staff("aud", Role.AUDITOR)
    assert run(lost_phone.stop(house.parts, auditor, ref)) == NotAllowed(Why.NO_ROLE)


def test_the_person_stops_it(house: House, desk: HelpDesk, tom: Staff, ref: str) -> None:
    browser = house.browser()
    signed = house.signed(browser, desk.ada)

    def own() -> Recovery | None:
        return run(account.overview(house.parts, browser.caller, signed)).lost

    assert own() is None
    one = begun(desk, tom, ref)
    assert own() == one
    assert run(lost_phone.stop_own(house.parts, browser.caller, signed)) == Stopped()
    assert own() is None
    assert now_is(desk, tom, ref).why is Stop.PERSON


def test_a_session_that_has_ended_stops_nothing(
    house: House, desk: HelpDesk, tom: Staff, ref: str
) -> None:
    browser = house.browser()
    signed = house.signed(browser, desk.ada)
    begun(desk, tom, ref)
    house.write(lambda tx: tx.sessions.end(house.tenant.id, desk.ada.id, None))
    run(lost_phone.stop_own(house.parts, browser.caller, signed))
    assert now_is(desk, tom, ref).state is State.WAITING


# -- stopped on the phone that is said to be lost


def stop_held(desk: HelpDesk, one: Recovery, proof: str | None = PIN) -> Any:
    pocket = desk.pocket
    return run(
        lost_phone.stop_held(
            desk.house.parts, pocket.browser.caller, pocket.said, one.id, proof
        )
    )  # fmt: skip


def test_whoever_holds_it_and_opens_its_lock_stops_it(
    house: House, desk: HelpDesk, tom: Staff, ref: str
) -> None:
    desk.pocket.subscribes(MemoryPushService(house.clock))
    one = begun(desk, tom, ref)
    [push] = [each for each in house.outbox("phone_lost") if each.message.channel == "push"]
    assert push.values["facts"] == {"kind": "lost", "id": one.id}
    assert stop_held(desk, one) is True
    over = now_is(desk, tom, ref)
    assert (over.state, over.why) == (State.STOPPED, Stop.PERSON)
    assert house.trail(desk.ada)[-1].facts == {"ref": ref, "cause": "person"}
    assert len(house.outbox("phone_lost_stopped")) == 1
    assert stop_held(desk, one) is False
    assert sweep(desk) == 0


@pytest.mark.parametrize("proof", [None, "x" * 43])
def test_not_without_its_lock(desk: HelpDesk, tom: Staff, ref: str, proof: str | None) -> None:
    one = begun(desk, tom, ref)
    found = stop_held(desk, one, proof)
    assert isinstance(found, phone_door.Refused)
    assert found.why is phone_door.Why.LOCK
    assert now_is(desk, tom, ref).state is State.WAITING


def test_not_another_ones_and_none_where_there_is_none(
    desk: HelpDesk, tom: Staff, ref: str
) -> None:
    unknown = phone_door.Refused(phone_door.Why.UNKNOWN)
    one = recoveries.begun("0" * 26, desk.ada, ("1" * 26, ref), "2" * 26, 1, bound=False)
    assert stop_held(desk, one) == unknown
    begun(desk, tom, ref)
    assert stop_held(desk, one) == unknown


def test_a_phone_that_is_over_stops_nothing(
    house: House, desk: HelpDesk, tom: Staff, ref: str
) -> None:
    one = begun(desk, tom, ref)
    house.clock.move(WAIT_MS)
    assert sweep(desk) == 1
    found = stop_held(desk, one)
    assert isinstance(found, phone_door.Refused)
    assert found.why is phone_door.Why.UNBOUND


def test_what_a_bound_factor_began_is_pushed_to_nobody(
    house: House, desk: HelpDesk, tom: Staff, ref: str
) -> None:
    desk.pocket.subscribes(MemoryPushService(house.clock))
    begun(desk, tom, ref, bound=True)
    assert [one for one in house.outbox("phone_lost") if one.message.channel == "push"] == []


# -- kept, told, and gone


def test_an_export_holds_it_and_erasing_takes_it(
    house: House, desk: HelpDesk, tom: Staff, ref: str
) -> None:
    run(casework.note(house.parts, tom, ref, "sounded tired"))
    begun(desk, tom, ref)
    chief = staff.on_the_host(house.browser().caller)
    told = run(data.export_for(house.parts, chief, desk.ada.id))
    assert "sounded tired" in str(told)
    assert "lost_phones" in str(told)
    assert me(tom).id not in str(told)
    house.write(lambda tx: tx.upkeep.erase(house.tenant.id, desk.ada.id))
    assert house.count("case_log") == house.count("recoveries") == 0
    assert house.clock.now() > DAY


# -- why somebody still waits


def seen(house: House, desk: HelpDesk) -> dict[str, Any]:
    act = begin(house.parts, house.browser().caller)
    ada = house.again(desk.ada)
    facts = house.write(lambda tx: collect(tx, act, Subject(user=ada)))
    names = ("lost.", "case.")
    return {name: value for name, value in facts.known.items() if name.startswith(names)}


def test_diagnosis_sees_it_and_who_was_not_proved(
    house: House, desk: HelpDesk, tom: Staff, ref: str
) -> None:
    assert set(seen(house, desk).values()) == {None}
    desk.asks(tom, ref)
    desk.pocket.denies()
    found = seen(house, desk)
    assert (found["case.unproved"], found["case.unproved_why"]) == ("push", "denied")
    one = begun(desk, tom, ref)
    found = seen(house, desk)
    assert found["case.unproved"] is None
    assert (found["lost.state"], found["lost.case"]) == ("waiting", ref)
    assert found["lost.due_at"] == one.due_at
    run(lost_phone.stop(house.parts, tom, ref))
    assert seen(house, desk)["lost.ended_at"] == house.clock.now()
