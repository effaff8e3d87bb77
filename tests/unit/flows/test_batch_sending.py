"""What was begun is sent once each, judged anew, whatever happens meanwhile."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from keyturn.flows import activating, batch_sending, batching, inviting
from keyturn.flows import staff as staff_flow
from keyturn.flows.activating import AskNumber
from keyturn.flows.batch_sending import advance
from keyturn.flows.batching import Drafted
from keyturn.ports.store import Taken, Tx
from keyturn.rules.access import Staff
from keyturn.rules.accounts import Role, User, UserState
from keyturn.rules.batches import Batch, BatchState, Row, RowState, Stop
from keyturn.rules.messages import MessageState
from tests.unit.flows.house import House, run, together
from tests.unit.flows.test_staff import staff_of
from tests.unit.steps.test_invitations import bind


def begun(house: House, staff: Staff, *people: str) -> str:
    text = "name,email\n" + "".join(f"P,{name}@northwind.test\n" for name in people)
    found = run(batching.from_file(house.parts, staff, "a.csv", text.encode()))
    assert isinstance(found, Drafted)
    assert isinstance(run(batching.start(house.parts, staff, found.batch.id)), Batch)
    return found.batch.id


def stood(house: House, batch: str) -> Batch:
    found: Any = house.write(lambda tx: tx.batches.get(house.tenant.id, batch))
    assert isinstance(found, Batch)
    return found


def rows(house: House, batch: str) -> list[Row]:
    return list(house.write(lambda tx: tx.batches.rows(house.tenant.id, batch, 0, 99)))


def test_accounts_are_made_and_invited_and_it_is_over(house: House) -> None:
    me = staff_of(house)
    ada = house.user("ada@northwind.test", None, state=UserState.INVITED)
    batch = begun(house, me, "ada", "new")
    assert run(advance(house.parts)) == 2
    assert [row.state for row in rows(house, batch)] == [RowState.SENT] * 2
    made = house.write(lambda tx: tx.users.named(house.tenant.id, "new@northwind.test"))
    assert made is not None
    assert (made.state, made.password_hash, made.name) == (UserState.INVITED, None, "P")
    assert {letter.message.user_id for letter in house.outbox("activation")} == {ada.id, made.id}
    assert stood(house, batch).state is BatchState.OVER
    assert house.events(made) == ["user.created", "user.invited"]
    assert {e.actor_id for e in house.trail(made)} == {me.user.id if me.user else None}
    assert house.events()[-1] == "batch.ended"
    assert run(advance(house.parts)) == 0


def test_each_is_sent_once_whoever_works_at_it(house: House) -> None:
    batch = begun(house, staff_flow.on_the_host(house.browser().caller), *"abcdefgh")
    together(*(advance(house.parts, 8) for _ in range(4)))
    assert len(house.outbox("activation")) == 8
    assert {row.state for row in rows(house, batch)} == {RowState.SENT}


def test_it_goes_on_where_it_stopped(house: House) -> None:
    me = staff_of(house)
    one, two = begun(house, me, "a", "b", "c"), begun(house, me, "d")
    assert run(advance(house.parts, 2)) == 2
    assert [row.state for row in rows(house, one)].count(RowState.SENT) == 1
    assert [row.state for row in rows(house, two)] == [RowState.SENT]
    assert run(advance(house.parts)) == 2
    assert len(house.outbox("activation")) == 4


def test_what_has_changed_since_it_was_shown_counts(house: House) -> None:
    names = ("off", "bound", "soon", "erased", "signed")
    users = {name: house.user(f"{name}@northwind.test", None, state=UserState.INVITED)
             for name in names[:-1]}  # fmt: skip
    me = staff_of(house)
    batch = begun(house, me, *names)
    house.change(users["off"], state=UserState.DISABLED)
    bind(house, users["bound"])
    run(inviting.invite(house.parts, me, users["soon"].id))
    house.write(lambda tx: tx.upkeep.erase(house.tenant.id, users["erased"].id))
    house.user("signed@northwind.test", state=UserState.UNVERIFIED)
    run(advance(house.parts))
    # of whoever is erased the row goes, too
    found = {row.email.partition("@")[0]: (row.state, row.means) for row in rows(house, batch)}
    assert found == {
        "off": (RowState.LEFT, "disabled"), "bound": (RowState.LEFT, "bound"),
        "soon": (RowState.LEFT, "soon"), "signed": (RowState.LEFT, "unverified"),
    }  # fmt: skip
    assert len(house.outbox("activation")) == 1
    assert all(row.done_at == house.clock.now() for row in rows(house, batch))


def revoke(house: House, user: User, tx: Tx) -> None:
    tx.roles.revoke(house.tenant.id, user.id)


def erase(house: House, user: User, tx: Tx) -> None:
    tx.upkeep.erase(house.tenant.id, user.id)


def test_who_may_invite_nobody_any_more_sends_nothing(house: House) -> None:
    for change in ("role", "disabled", "frozen", "erased"):
        me = staff_flow.on_the_host(house.browser().caller)
        chief = house.user(f"{change}@chiefs.test", role=Role.MANAGER)
        staff = replace(me, user=chief, role=Role.MANAGER)
        batch = begun(house, staff, f"for-{change}")
        if change == "role":
            house.write(partial(revoke, house, chief))
        elif change == "erased":
            house.write(partial(erase, house, chief))
        elif change == "disabled":
            house.change(chief, state=UserState.DISABLED)
        else:
            house.change(chief, frozen_at=1)
        run(advance(house.parts))
        over = stood(house, batch)
        assert (over.state, over.stop) == (BatchState.STOPPED, Stop.RIGHTS)
    assert house.outbox() == []


def test_it_waits_while_many_messages_wait_to_leave(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_sending, "CROWD", 2)
    batch = begun(house, staff_of(house), "a", "b", "c")
    assert run(advance(house.parts)) == 2
    assert run(advance(house.parts)) == 0
    assert stood(house, batch).state is BatchState.SENDING
    first = house.outbox()[0].message
    house.write(lambda tx: tx.messages.claim(house.clock.now(), 1))
    sent = replace(first, state=MessageState.SENT, attempt=1)
    assert house.write(lambda tx: tx.messages.settle(sent, 1))
    assert run(advance(house.parts)) == 1


def test_an_address_that_is_taken_at_that_moment_is_judged_anew(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = begun(house, staff_of(house), "new")
    made = batch_sending._made
    calls = []

    def taken(*given: Any) -> Any:
        calls.append(given)
        if len(calls) == 1:
            raise Taken("identifier")
        return made(*given)

    monkeypatch.setattr(batch_sending, "_made", taken)
    assert run(advance(house.parts)) == 0
    assert [row.state for row in rows(house, batch)] == [RowState.WAITING]
    assert run(advance(house.parts)) == 1
    assert [row.state for row in rows(house, batch)] == [RowState.SENT]


def test_what_was_stopped_is_sent_no_more(house: House) -> None:
    me = staff_of(house)
    batch = begun(house, me, "a")
    waiting = house.write(lambda tx: tx.batches.sending(9))
    run(batching.stop(house.parts, me, batch))
    assert waiting == [(house.tenant.id, batch)]
    stale = batch_sending._next(house.parts, house.tenant.id, batch)
    assert run(stale) is False
    assert house.outbox() == []


def test_a_number_of_the_list_is_offered_and_counts_once_it_is_proved(house: House) -> None:
    me, browser = staff_of(house), house.browser()
    text = b"name,email,phone\nAda,ada@x.test,07700 900123\n"
    found = run(batching.from_file(house.parts, me, "a.csv", text))
    assert isinstance(found, Drafted)
    run(batching.start(house.parts, me, found.batch.id))
    run(advance(house.parts))
    token = house.last("activation").token
    state = run(activating.go_on(house.parts, browser.caller, token))
    assert state == AskNumber(required=False, number="+447700900123")
    made = house.write(lambda tx: tx.users.named(house.tenant.id, "ada@x.test"))
    assert made is not None
    assert (made.phone, made.phone_verified_at) == (None, None)
