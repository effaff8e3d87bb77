"""What is done with many users: shown first, done once each with the rights of whoever began it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keyturn.flows import batching, bulk
from keyturn.flows import staff as staff_flow
from keyturn.flows.batch_sending import DEED, advance
from keyturn.flows.bulk import BadFile, Drafted, Nobody, NotAllowed
from keyturn.rules.access import Staff, Why
from keyturn.rules.accounts import Role, User, UserState
from keyturn.rules.batches import Act, Batch, BatchState, Means, Row, RowState, Source, Stop
from keyturn.rules.events import Event
from keyturn.rules.lockout import MINUTE, Lane
from keyturn.rules.people_csv import Fault
from keyturn.rules.user_lists import Filter
from tests.unit.flows.domain import Domain
from tests.unit.flows.house import House, run
from tests.unit.flows.test_batch_sending import rows, stood
from tests.unit.flows.test_staff import staff_of

OURS = Filter("northwind.test")


def drafted(answer: object) -> Drafted:
    assert isinstance(answer, Drafted), answer
    return answer


def listed(house: House, me: Staff, act: Act, wanted: Filter = OURS) -> Drafted:
    return drafted(run(bulk.of_list(house.parts, me, act, wanted, "all of ours")))


def brought(house: House, me: Staff, *lines: str, head: str = "name,email,username") -> Drafted:
    text = "\n".join((head, *lines))
    return drafted(run(bulk.of_file(house.parts, me, "a.csv", text.encode())))


def meant(found: Drafted) -> dict[str, tuple[str, str]]:
    return {row.email.partition("@")[0]: (row.means, row.about) for row in found.rows}


def begin(house: House, me: Staff, found: Drafted) -> None:
    assert isinstance(run(batching.start(house.parts, me, found.batch.id)), Batch)


def stand(house: House, user: User) -> User:
    now: Any = house.write(lambda tx: tx.users.get(house.tenant.id, user.id))
    assert isinstance(now, User)
    return now


def crew(house: House) -> dict[str, User]:
    """An active user, one who is locked, one disabled, a colleague."""
    users = {
        "ada": house.user("ada@northwind.test"),
        "lena": house.user("lena@northwind.test", name="Lena"),
        "dora": house.user("dora@northwind.test", name="Dora", state=UserState.DISABLED),
        "tom": house.user("tom@northwind.test", name="Tom", role=Role.TECHNICIAN),
    }
    until = house.clock.now() + 5 * MINUTE
    lena = users["lena"]
    house.set_lane(f"u:{lena.id}", Lane(total=5, locked_until=until), lena)
    return users


@pytest.mark.parametrize(
    ("act", "ada", "lena", "dora"),
    [
        (Act.UNLOCK, Means.NOT_LOCKED, Means.DO, Means.NOT_LOCKED),
        (Act.SESSIONS, Means.DO, Means.DO, Means.DISABLED),
        (Act.DISABLE, Means.DO, Means.DO, Means.DISABLED),
        (Act.ENABLE, Means.ENABLED, Means.ENABLED, Means.DO),
    ],
)
def test_it_is_told_of_each_and_staff_and_oneself_are_left_out(
    house: House, act: Act, ada: Means, lena: Means, dora: Means
) -> None:
    crew(house)
    me = staff_of(house)
    found = listed(house, me, act)
    assert meant(found) == {
        "ada": (ada, ""), "lena": (lena, ""), "dora": (dora, ""), "tom": (Means.STAFF, ""),
        "manager": (Means.STAFF, ""),
    }  # fmt: skip
    assert (found.batch.source, found.batch.label) == (Source.SEARCH, "all of ours")
    assert Event.BATCH_BEGUN not in house.events()


def test_each_is_done_as_one_alone_would_be(house: House) -> None:
    users = crew(house)
    me = staff_of(house)
    for act, who, event in (
        (Act.UNLOCK, "lena", Event.USER_UNLOCKED), (Act.SESSIONS, "ada", Event.SESSIONS_ENDED),
        (Act.ENABLE, "dora", Event.USER_ENABLED), (Act.DISABLE, "ada", Event.USER_DISABLED),
    ):  # fmt: skip
        found = listed(house, me, act)
        begin(house, me, found)
        run(advance(house.parts))
        assert stood(house, found.batch.id).state is BatchState.OVER
        last = [entry for entry in house.trail(users[who]) if entry.event is event][-1]
        assert (last.actor_id, last.client) == (me.user.id if me.user else None, DEED)
    assert stand(house, users["ada"]).state is UserState.DISABLED
    # dora was disabled first, and nobody knows what the account was: its address is to be confirmed
    assert stand(house, users["lena"]).state is UserState.DISABLED
    assert stand(house, users["tom"]).state is UserState.ACTIVE
    (begun,) = [e for e in house.trail() if e.event is Event.BATCH_BEGUN][-1:]
    assert (begun.facts["act"], begun.facts["waiting"]) == ("disable", 3)


def test_some_are_picked_and_nobody_of_another_tenant(house: House) -> None:
    users = crew(house)
    stranger = house.user("x@fabrikam.test", tenant=house.add_tenant("fabrikam"))
    me = staff_of(house)
    ids = [users["ada"].id, stranger.id]
    found = drafted(run(bulk.of_picked(house.parts, me, Act.DISABLE, ids)))
    assert (meant(found), found.batch.source) == ({"ada": (Means.DO, "")}, Source.PICKED)
    assert run(bulk.of_picked(house.parts, me, Act.DISABLE, [stranger.id])) == Nobody()


def test_more_than_a_batch_may_have_are_refused(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    crew(house)
    monkeypatch.setattr("keyturn.steps.batch_sources.MOST", 2)
    answer = run(bulk.of_list(house.parts, staff_of(house), Act.UNLOCK, OURS, ""))
    assert answer == Nobody(many=True)


def test_a_technician_disables_nobody_however_many(house: House) -> None:
    crew(house)
    manager, technician = staff_of(house), staff_of(house, Role.TECHNICIAN)
    answer = run(bulk.of_list(house.parts, technician, Act.DISABLE, OURS, ""))
    assert answer == NotAllowed(Why.NO_ROLE)
    found = listed(house, manager, Act.DISABLE)
    no = batching.NotAllowed(Why.NO_ROLE)
    assert run(batching.start(house.parts, technician, found.batch.id)) == no
    assert run(batching.show(house.parts, technician, found.batch.id)) == no
    assert run(batching.recent(house.parts, technician)) == ()
    assert run(batching.recent(house.parts, staff_of(house, Role.AUDITOR))) == no


def test_it_may_not_be_begun_by_whoever_may_not_do_it_now(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    crew(house)
    me = staff_of(house)
    found = listed(house, me, Act.DISABLE)
    monkeypatch.setattr(batching, "hindrance", lambda *_: Why.FROZEN)
    answer = run(batching.start(house.parts, me, found.batch.id))
    assert answer == batching.NotAllowed(Why.FROZEN)


def test_whoever_lost_the_right_stops_it(house: House) -> None:
    users = crew(house)
    me = staff_of(house)
    assert me.user is not None
    mine = me.user.id
    begin(house, me, found := listed(house, me, Act.DISABLE))
    house.write(lambda tx: tx.roles.grant(house.tenant.id, mine, Role.TECHNICIAN))
    run(advance(house.parts))
    over = stood(house, found.batch.id)
    assert (over.state, over.stop) == (BatchState.STOPPED, Stop.RIGHTS)
    assert stand(house, users["ada"]).state is UserState.ACTIVE


def test_what_has_changed_since_counts(house: House) -> None:
    users = crew(house)
    me = staff_of(house)
    begin(house, me, found := listed(house, me, Act.DISABLE))
    house.write(lambda tx: tx.roles.grant(house.tenant.id, users["ada"].id, Role.AUDITOR))
    house.write(lambda tx: tx.users.delete(house.tenant.id, users["lena"].id))
    run(advance(house.parts))
    became = {row.email[:4]: (row.means, row.state) for row in rows(house, found.batch.id)}
    assert became["ada@"] == (Means.STAFF, RowState.LEFT)
    assert became["lena"] == (Means.UNCLEAR, RowState.LEFT)


def test_many_are_invited_from_a_list(house: House) -> None:
    users = crew(house)
    me = staff_of(house, Role.TECHNICIAN)
    found = listed(house, me, Act.INVITE)
    assert meant(found)["ada"] == ("phone", "")
    begin(house, me, found)
    run(advance(house.parts))
    assert users["ada"].id in {letter.message.user_id for letter in house.outbox("activation")}


# -- from a file


def test_a_file_tells_who_is_new_what_changes_and_what_is_refused(house: House) -> None:
    house.user("ada@northwind.test", name="Ada", username="ada", names=["ada"])
    house.user("bo@northwind.test", name="Bo")
    house.user("tom@northwind.test", name="Tom", role=Role.TECHNICIAN)
    house.user("ula@northwind.test", name="U", state=UserState.UNVERIFIED)
    found = brought(
        house, staff_of(house),
        "Ada,ada@northwind.test,", "Bo B,bo@northwind.test,bob", "Thomas,tom@northwind.test,",
        "New,new@northwind.test,ada", "Neo,neo@northwind.test,neo", "Ula,ula@northwind.test,",
        "Num,num@northwind.test,4479001234", ",nameless@northwind.test,",
        "Dup,dup@northwind.test,neo", "No Address,none,",
    )  # fmt: skip
    ada = house.write(lambda tx: tx.users.named(house.tenant.id, "ada"))
    assert ada is not None
    assert meant(found) == {
        "ada": ("same", ""), "bo": ("changed", "name username"), "tom": ("staff", ""),
        "new": ("username-held", ada.id), "neo": ("new", ""), "ula": ("new", ""),
        "num": ("username", "looks-like-phone"), "nameless": ("name", "empty"),
        "dup": ("twice", "6"), "none": ("email", "no-at"),
    }  # fmt: skip
    assert house.events() == []


def test_a_file_is_taken_over_once_and_gives_no_role_state_or_number(house: House) -> None:
    bo = house.user("bo@northwind.test", name="Bo", username="bo", names=["bo"])
    me = staff_of(house)
    head = "name,email,username,phone,role,state"
    lines = (
        "Bob,bo@northwind.test,bob,+447700900123,owner,disabled",
        "Neo,neo@northwind.test,neo,+447700900124,owner,disabled",
        "Eve,eve@northwind.test,,,,",
    )
    begin(house, me, found := brought(house, me, *lines, head=head))
    run(advance(house.parts))
    assert stood(house, found.batch.id).state is BatchState.OVER
    named: Any = lambda name: house.write(lambda tx: tx.users.named(house.tenant.id, name))  # noqa: E731
    assert named("bo") is None
    assert named("bob") == replace(bo, name="Bob", username="bob")
    neo = named("neo")
    assert (neo.email, neo.name, neo.state) == ("neo@northwind.test", "Neo", UserState.ACTIVE)
    assert (neo.phone, neo.password_hash) == (None, None)
    assert house.write(lambda tx: tx.roles.of_users([bo.id, neo.id])) == {}
    changed = house.trail(bo)[-1]
    assert (changed.event, changed.facts["changed"]) == (Event.USER_CHANGED, "name username")
    assert house.events(neo) == [Event.USER_CREATED]
    assert house.outbox() == []
    again = brought(house, me, *lines, head=head)
    assert {means for means, _ in meant(again).values()} == {Means.SAME}


def test_a_name_alone_and_a_first_user_name_are_changed(house: House) -> None:
    ada = house.user("ada@northwind.test", name="Ada")
    bo = house.user("bo@northwind.test", name="Bo")
    me = staff_of(house)
    begin(house, me, brought(house, me, "Ada L,ada@northwind.test,", "Bo,bo@northwind.test,bobby"))
    run(advance(house.parts))
    assert (stand(house, ada).name, stand(house, ada).username) == ("Ada L", None)
    assert (stand(house, bo).name, stand(house, bo).username) == ("Bo", "bobby")


def test_what_was_taken_meanwhile_is_left(house: House) -> None:
    me = staff_of(house)
    begin(house, me, found := brought(house, me, "Neo,neo@northwind.test,neo"))
    house.user("other@northwind.test", name="O", username="neo", names=["neo"])
    run(advance(house.parts))
    assert [row.means for row in rows(house, found.batch.id)] == [Means.USERNAME_HELD]


def test_whom_a_directory_names_is_left(house: House) -> None:
    domain = Domain(house)
    found = brought(house, staff_of(house), f"Otherwise,{domain.ada.email},")
    assert [row.means for row in found.rows] == [Means.FOLLOWED]


def test_a_file_that_is_none_or_has_nobody_leaves_nothing(house: House) -> None:
    me = staff_of(house)
    assert run(bulk.of_file(house.parts, me, "a", b"name\n")) == BadFile(
        Fault.NO_COLUMN, 1, "email"
    )
    answer = run(bulk.of_file(house.parts, staff_of(house, Role.TECHNICIAN), "a",
                              b"name,email\nA,a@x.test\n"))  # fmt: skip
    assert answer == NotAllowed(Why.NO_ROLE)


def test_a_command_on_the_host_may_draft(house: House) -> None:
    boss = staff_flow.on_the_host(house.browser().caller)
    found = brought(house, boss, "Neo,neo@northwind.test,")
    assert found.batch.made_by == ""
    row: Row = found.rows[0]
    assert row.state is RowState.WAITING
