"""Many people invited together: from a file, an OU, a group, a search; shown first, then begun."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from keyturn.flows import batching as flow
from keyturn.flows import data
from keyturn.flows import staff as staff_flow
from keyturn.flows.batching import (
    BadFile,
    Drafted,
    Nobody,
    NoSuchPlace,
    NotAllowed,
    NotFound,
    NotRead,
    Shown,
    Stale,
)
from keyturn.flows.data import Exported
from keyturn.rules.access import Staff, Why
from keyturn.rules.accounts import Role, User, UserState
from keyturn.rules.batches import FRESH_MS, Batch, BatchState, RowState, Source, Stop
from keyturn.rules.lockout import HOUR
from keyturn.rules.people_csv import Fault
from keyturn.steps import batch_sources, invitations, meanings
from tests.unit.flows.house import House, run
from tests.unit.flows.test_owning import Land, person
from tests.unit.flows.test_staff import staff_of
from tests.unit.steps.test_invitations import bind, do

HEAD = "name,email,phone,user name\n"
NEW = b"name,email\nNew,new@northwind.test\n"


def from_file(house: House, staff: Staff, text: str, **how: Any) -> Drafted:
    found = run(flow.from_file(house.parts, staff, "staff.csv", text.encode(), **how))
    assert isinstance(found, Drafted), found
    return found


def told(found: Drafted) -> list[tuple[int, str, str]]:
    return [(row.number, row.means, row.about) for row in found.rows]


def crowd(house: House) -> Mapping[str, User]:
    """One of each."""
    made = {
        "first": house.user("first@northwind.test", None, state=UserState.INVITED),
        "again": house.user("again@northwind.test", None, state=UserState.INVITED),
        "phone": house.user("phone@northwind.test"),
        "bound": house.user("bound@northwind.test"),
        "unverified": house.user("un@northwind.test", state=UserState.UNVERIFIED),
        "disabled": house.user("off@northwind.test", state=UserState.DISABLED),
        "frozen": house.user("frozen@northwind.test", frozen_at=1),
        "rank": house.user("boss@northwind.test", role=Role.OWNER),
    }
    do(house, invitations.invite, made["again"])
    house.clock.move(HOUR)
    bind(house, made["bound"])
    return made


# -- a file


def test_what_it_means_is_said_for_each_and_nothing_is_done(house: House) -> None:
    made, me = crowd(house), staff_of(house)
    text = HEAD + "".join(f"X,{user.email.upper()},,\n" for user in made.values())
    before = house.dump("users", "activation_links", "messages", "audit")
    found = from_file(house, me, text + "Neu,new@northwind.test,,\n")
    assert [row.means for row in found.rows] == [*made, "new"]
    waiting = {row.means for row in found.rows if row.state is RowState.WAITING}
    assert waiting == {"first", "again", "phone", "new"}
    assert house.dump("users", "activation_links", "messages", "audit") == before


def test_what_speaks_against_a_row_is_named(house: House) -> None:
    ada = house.user(phone="+447700900123", names=["+447700900123"])
    found = from_file(house, staff_of(house), HEAD + "\n".join((
        "Bob,bob.northwind.test,,",
        ",bob@northwind.test,,",
        "Bob,bob@northwind.test,12,",
        "Bob,bob@northwind.test,07700 900123,",
        f"Ada,{ada.email},07700 900123,",
        f"Ada,{ada.email},,",
        "Cat,cat@northwind.test,07700 900124,",
        "Cat,CAT@northwind.test,,",
        "Dan,dan@northwind.test,,dan",
    )))  # fmt: skip
    assert told(found) == [
        (2, "email", "no-at"), (3, "name", "empty"), (4, "number", ""),
        (5, "number-held", ada.id), (6, "phone", ""), (7, "twice", "6"), (8, "new", ""),
        (9, "twice", "8"), (10, "no-account", ""),
    ]  # fmt: skip
    assert found.rows[6].phone == "+447700900124"


def test_a_file_that_is_refused_leaves_nothing(house: House) -> None:
    me = staff_of(house)
    answer = run(flow.from_file(house.parts, me, "a.csv", b"name,email\n=1,a@x.test"))
    assert answer == BadFile(Fault.FORMULA, 2, "name")
    assert (house.count("batches"), house.count("batch_rows")) == (0, 0)


def test_a_look_alone_is_not_stored(house: House) -> None:
    found = from_file(house, staff_of(house), NEW.decode(), keep=False)
    assert [row.means for row in found.rows] == ["new"]
    assert house.count("batches") == 0


def test_who_may_make_no_accounts_invites_those_who_have_one(house: House) -> None:
    house.user("ada@northwind.test", None, state=UserState.INVITED)
    text = NEW.decode() + "Ada,ada@northwind.test\n"
    found = from_file(house, staff_of(house, Role.TECHNICIAN), text)
    assert told(found) == [(2, "no-role", ""), (3, "first", "")]


def test_so_many_take_so_few_statements(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meanings, "AT_ONCE", 100)
    me = staff_of(house)
    lines = [f"P,p{n}@northwind.test,," for n in range(300)]
    with house.statements() as few:
        from_file(house, me, HEAD + "\n".join(lines[:100]), keep=False)
    with house.statements() as many:
        from_file(house, me, HEAD + "\n".join(lines), keep=False)
    assert len(many) <= 3 * len(few)


# -- a directory


@pytest.fixture
def land(house: House) -> Land:
    return Land(house)


def unit(land: Land, typed: str, source: Source = Source.UNIT, by: Staff | None = None) -> Any:
    staff = by or staff_of(land.house, Role.TECHNICIAN)
    return run(flow.from_directory(land.house.parts, staff, land.here[1], source, typed))


STAFF, STORE = "OU=Staff,DC=corp,DC=test", "OU=Store,OU=Staff,DC=corp,DC=test"


def peopled(land: Land) -> None:
    land.has(
        person("0a", unit=STAFF), person("0b", unit=STORE), person("0c", unit=STORE, mail=""),
        person("0d", unit="OU=Else,DC=corp,DC=test"), person("0e", unit=STAFF, disabled=True),
        person("0f", unit=""),
    )  # fmt: skip


def test_an_ou_is_everybody_in_it_and_below(land: Land) -> None:
    peopled(land)
    found = unit(land, "ou=staff, dc=corp, dc=test")
    assert isinstance(found, Drafted)
    assert (found.batch.label, found.batch.directory_id) == (STAFF, land.here[1])
    assert {row.account: row.means for row in found.rows} == {
        "u0a": "first", "u0b": "first", "u0c": "no-address", "u0e": "disabled",
    }  # fmt: skip
    [row] = [row for row in found.rows if row.account == "u0b"]
    assert (row.user_id, row.email) == (land.user_of("0b").id, "u0b@corp.test")
    below = unit(land, "Store", by=land.manager)
    assert [row.account for row in below.rows] == ["u0b", "u0c"]


def test_which_there_are_is_said_where_none_is_meant(land: Land) -> None:
    peopled(land)
    answer = unit(land, "Nowhere")
    assert isinstance(answer, NoSuchPlace)
    assert [(one.name, one.people) for one in answer.known] == [
        ("OU=Else,DC=corp,DC=test", 1), (STAFF, 4), (STORE, 2),
    ]  # fmt: skip


def test_an_account_of_which_nobody_knows_whose_it_is_is_left(land: Land, house: House) -> None:
    ada = house.user()
    land.has(person("0a", mail=ada.email, unit=STAFF), person("0b", mail=ada.email, unit=STAFF))
    assert [row.means for row in unit(land, "Staff").rows] == ["unclear", "unclear"]


def test_a_group_is_one_of_those_that_are_read(house: House) -> None:
    land = Land(house)
    field = "CN=Field,DC=corp,DC=test"
    land.choose(groups=field)
    land.has(person("0a", groups=(field,)), person("0b"))
    found = unit(land, "field", Source.GROUP)
    assert [row.account for row in found.rows] == ["u0a"]
    assert isinstance(unit(land, "Else", Source.GROUP, land.manager), NoSuchPlace)


def test_without_anybody_or_with_too_many_there_is_no_batch(
    land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    me, parts = land.manager, land.house.parts
    land.choose(groups="CN=Field,DC=corp,DC=test")
    land.has()
    assert unit(land, "Field", Source.GROUP, me) == Nobody()
    assert run(flow.from_search(parts, me, "zzz", None)) == Nobody()
    monkeypatch.setattr(batch_sources, "MOST", 1)
    land.has(person("0a", unit=STAFF), person("0b", unit=STAFF))
    assert unit(land, "Staff", by=me) == Nobody(many=True)
    assert run(flow.from_search(parts, me, "", None)) == Nobody(many=True)


def test_a_directory_that_is_not_read_yet_says_so(house: House, land: Land) -> None:
    assert isinstance(unit(land, "Staff", by=land.manager), NotRead)
    elsewhere = flow.from_directory(house.parts, land.manager, "x", Source.UNIT, "Staff")
    assert run(elsewhere) == NotFound()
    assert run(flow.places(house.parts, land.manager, land.here[1])).read is False  # type: ignore[union-attr]
    assert [one.id for one in run(flow.everyone(house.parts, land.manager))] == [land.here[1]]


def test_a_row_may_name_a_directory_account(land: Land, house: House) -> None:
    ada = house.user()
    land.has(person("0a", upn="u0a@corp.test"), person("0b", mail=""),
             person("0c", mail=ada.email), person("0d", mail=ada.email),
             person("0e", mail="e@corp.test"), person("0f", mail="e@corp.test"))  # fmt: skip
    rows = (
        "U,u0a@corp.test,,CORP\\U0A", "U,u0a@corp.test,,u0a@corp.test",
        "U,u0a@corp.test,,u0a@else.test", "U,other@corp.test,,u0a", f"U,{ada.email},,u0a",
        "U,u0b@corp.test,,u0b", "U,c@corp.test,,u0c", "U,u0a@corp.test,,", "U,e@corp.test,,",
        "U,nobody@corp.test,,u99", "U,none@corp.test,,CORP\\",
    )  # fmt: skip
    found = from_file(house, land.manager, HEAD + "\n".join(rows))
    assert told(found) == [
        (2, "first", ""), (3, "twice", "2"), (4, "no-account", ""), (5, "address-other", ""),
        (6, "address-held", ada.id), (7, "no-address", ""), (8, "unclear", ""),
        (9, "twice", "2"), (10, "unclear", ""), (11, "no-account", ""), (12, "no-account", ""),
    ]  # fmt: skip
    assert found.rows[0].user_id == land.user_of("0a").id


# -- a search


def test_a_search_is_everybody_whom_it_finds(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_sources, "_PAGE", 2)
    me = staff_of(house)
    for name in ("a", "b", "c"):
        house.clock.move(1)
        house.user(f"{name}@northwind.test", None, state=UserState.INVITED)
    found = run(flow.from_search(house.parts, me, "", UserState.INVITED))
    assert isinstance(found, Drafted)
    assert (found.batch.label, len(found.rows)) == ("invited", 3)
    assert {row.means for row in found.rows} == {"first"}


def test_every_account_is_read_page_by_page(land: Land, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_sources, "_PAGE", 2)
    peopled(land)
    assert len(unit(land, "Staff").rows) == 4


# -- shown, begun, stopped


def test_a_draft_is_shown_page_by_page_and_by_state(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "PAGE", 2)
    me = staff_of(house)
    text = HEAD + "A,a@x.test,,\nB,b.x.test,,\nC,c@x.test,,\n"
    batch = from_file(house, me, text).batch
    first = run(flow.show(house.parts, me, batch.id))
    assert isinstance(first, Shown)
    assert ([row.number for row in first.rows], first.after, first.fresh) == ([2, 3], 3, True)
    assert first.makers == {me.user.id: me.user.name if me.user else ""}  # type: ignore[union-attr]
    assert (first.count(RowState.WAITING), first.count(RowState.LEFT)) == (2, 1)
    rest = run(flow.show(house.parts, me, batch.id, 3))
    assert isinstance(rest, Shown)
    assert ([row.number for row in rest.rows], rest.after) == ([4], None)
    left = run(flow.show(house.parts, me, batch.id, 0, {RowState.LEFT}))
    assert isinstance(left, Shown)
    assert [row.number for row in left.rows] == [3]
    assert run(flow.recent(house.parts, me)) == (batch,)
    whole = run(flow.outcome(house.parts, me, batch.id))
    assert isinstance(whole, Drafted)
    assert len(whole.rows) == 3


def test_it_is_begun_once_and_only_while_it_is_fresh(house: House) -> None:
    me = staff_of(house)
    batch = from_file(house, me, NEW.decode()).batch
    old = from_file(house, me, NEW.decode()).batch
    begun = run(flow.start(house.parts, me, batch.id))
    assert isinstance(begun, Batch)
    assert begun.state is BatchState.SENDING
    assert run(flow.start(house.parts, me, batch.id)) == Stale(begun)
    house.clock.move(FRESH_MS)
    assert run(flow.start(house.parts, me, old.id)) == Stale(old)
    [entry] = [e for e in house.trail() if e.event == "batch.begun"]
    assert (entry.facts["waiting"], entry.actor_id) == (1, me.user.id if me.user else None)


def test_it_can_be_stopped_and_a_draft_is_thrown_away(house: House) -> None:
    me = staff_on_the_host(house)
    batch = from_file(house, me, NEW.decode()).batch
    run(flow.start(house.parts, me, batch.id))
    over = run(flow.stop(house.parts, me, batch.id))
    assert isinstance(over, Batch)
    assert (over.state, over.stop) == (BatchState.STOPPED, Stop.STAFF)
    assert isinstance(run(flow.stop(house.parts, me, batch.id)), Stale)
    draft = from_file(house, me, NEW.decode()).batch
    assert isinstance(run(flow.stop(house.parts, me, draft.id)), Batch)
    assert run(flow.show(house.parts, me, draft.id)) == NotFound()
    assert run(flow.show(house.parts, me, "no id")) == NotFound()


def staff_on_the_host(house: House) -> Staff:
    return staff_flow.on_the_host(house.browser().caller)


def test_who_may_not_invite_sees_and_does_nothing(house: House) -> None:
    me, parts = staff_of(house, Role.AUDITOR), house.parts
    batch = from_file(house, staff_of(house), NEW.decode()).batch.id
    answers = [
        run(flow.from_file(parts, me, "a", NEW)), run(flow.from_search(parts, me, "", None)),
        run(flow.from_directory(parts, me, "d", Source.UNIT, "x")),
        run(flow.places(parts, me, "d")), run(flow.recent(parts, me)),
        run(flow.show(parts, me, batch)), run(flow.outcome(parts, me, batch)),
        run(flow.start(parts, me, batch)), run(flow.stop(parts, me, batch)),
    ]  # fmt: skip
    assert answers == [NotAllowed(Why.NO_ROLE)] * len(answers)
    assert house.count("batches") == 1


def test_another_tenants_batch_is_not_found(house: House) -> None:
    batch = from_file(house, staff_of(house), NEW.decode()).batch.id
    there = staff_of(house, tenant=house.add_tenant("elsewhere"))
    for answer in (flow.show, flow.outcome, flow.start, flow.stop):
        assert run(answer(house.parts, there, batch)) == NotFound()


def test_a_persons_rows_are_in_their_export_and_go_with_them(house: House) -> None:
    ada = house.user("ada@northwind.test", None, state=UserState.INVITED)
    from_file(house, staff_of(house), "name,email\nAda,ada@northwind.test\nB,b@x.test\n")
    answer = run(data.export_for(house.parts, staff_on_the_host(house), ada.id))
    assert isinstance(answer, Exported)
    rows: Any = answer.document["invited_with_others"]
    assert [row["email"] for row in rows] == [ada.email]
    house.write(lambda tx: tx.upkeep.erase(house.tenant.id, ada.id))
    assert house.count("batch_rows") == 1
