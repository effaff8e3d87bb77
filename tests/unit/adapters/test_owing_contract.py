"""What every store promises to whoever settles whose accounts are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from keyturn.adapters.memory_secrets import START as NOW
from keyturn.adapters.sql import SqlStore
from keyturn.ports.store import Taken
from keyturn.ports.syncing import Held, Tally
from keyturn.rules.accounts import Role, User, UserState
from keyturn.rules.directories.entries import Scope
from keyturn.rules.directories.known import LEFT, Known, Owing
from keyturn.rules.directories.syncs import Phase, Sync
from keyturn.rules.directories.things import How, LinkedAccount
from keyturn.rules.events import Entry, Event
from tests.unit.adapters.stores import new_id, read, write
from tests.unit.adapters.test_syncing_contract import make_entry

Here = tuple[str, str]


@pytest.fixture
def here() -> Here:
    """A tenant and its directory."""
    return new_id(), new_id()


def keep(store: SqlStore, here: Here, *every: Known) -> None:
    write(store, lambda tx: tx.syncs.keep(*here, every))


def ids(those: Sequence[Known]) -> list[str]:
    return [one.entry.id for one in those]


def gone(id_: str, at: int, owing: Owing) -> Known:
    return Known(make_entry(id_), NOW, at, owing=owing)


def make_user(tenant_id: str, name: str = "Ada") -> User:
    return User(
        id=new_id(), tenant_id=tenant_id, state=UserState.INVITED, name=name, username=None,
        email="", phone=None, phone_verified_at=None, password_hash=None, password_set_at=None,
        epoch=0, frozen_at=None, timezone=None, created_at=NOW,
    )  # fmt: skip


def account(here: Here, user_id: str, guid: str, **fields: Any) -> LinkedAccount:
    plain = LinkedAccount(here[0], here[1], user_id, guid, "ada", "", NOW)
    return replace(plain, **fields)


# -- accounts


def test_directories_that_owe_something_are_found_once_they_are_followed(
    store: SqlStore, here: Here
) -> None:
    def owing() -> set[Here]:
        found = read(store, lambda tx: tx.syncs.owing(99))
        return {(tenant, place) for tenant, place in found if (tenant, place) == here}

    keep(store, here, Known(make_entry("0a"), NOW))
    assert owing() == set()
    sync = Sync(here[1], Scope(), 1, Phase.READING)
    for phase, found in ((Phase.READING, set()), (Phase.FOLLOWING, {here}), (Phase.DUE, set())):
        write(store, lambda tx, phase=phase: tx.syncs.put(here[0], replace(sync, phase=phase)))
        assert owing() == found
    write(store, lambda tx: tx.syncs.put(here[0], replace(sync, phase=Phase.FOLLOWING)))
    for owed, found in (
        (Owing.NOTHING, set()), (Owing.HELD, set()), (Owing.DECIDED, set()), (Owing.SURE, {here}),
    ):  # fmt: skip
        keep(store, here, Known(make_entry("0a"), NOW, owing=owed))
        assert owing() == found


def test_what_is_due_or_sure_is_settled_in_order(store: SqlStore, here: Here) -> None:
    for n, owing in enumerate(Owing):
        keep(store, here, gone(f"0{n}", NOW, owing))
    due = read(store, lambda tx: tx.syncs.to_settle(*here, 9))
    assert [one.owing for one in due] == [Owing.DUE, Owing.SURE]
    assert ids(read(store, lambda tx: tx.syncs.to_settle(*here, 1))) == ids(due)[:1]
    assert read(store, lambda tx: tx.syncs.to_settle(new_id(), here[1], 9)) == []


def test_accounts_with_an_address_are_counted_and_found(store: SqlStore, here: Here) -> None:
    mails = {"0a": "Ada@X.test", "0b": "ada@x.TEST", "0c": "ben@x.test", "0d": "no address"}
    keep(store, here, *(Known(make_entry(i, mail=mail), NOW) for i, mail in mails.items()))
    keep(store, here, Known(make_entry("0e", mail="ada@x.test"), NOW, NOW))
    asked = ["ada@x.test", "ben@x.test", "eve@x.test"]
    counted = read(store, lambda tx: tx.syncs.mails(*here, asked))
    assert counted == {"ada@x.test": 2, "ben@x.test": 1}
    assert read(store, lambda tx: tx.syncs.mails(*here, [])) == {}
    same = lambda limit: read(store, lambda tx: tx.syncs.with_mail(*here, "ada@x.test", limit))  # noqa: E731
    assert (ids(same(9)), ids(same(1))) == (["0a", "0b"], ["0a"])


def test_what_a_person_decides_about_is_listed_and_counted(store: SqlStore, here: Here) -> None:
    for n, why in enumerate(("shared", "", LEFT, "staff")):
        keep(store, here, Known(make_entry(f"0{n}"), NOW, unclear=why))
    keep(store, here, Known(make_entry("09"), NOW, NOW, unclear="shared"))

    def unclear(after: str, limit: int) -> list[str]:
        return ids(read(store, lambda tx: tx.syncs.unclear(*here, after, limit)))

    assert (unclear("", 9), unclear("00", 9), unclear("", 1)) == (
        ["00", "02", "03"], ["02", "03"], ["00"],
    )  # fmt: skip
    assert read(store, lambda tx: tx.syncs.count_unclear(*here)) == 2


def test_who_went_together_is_held_and_let_go(store: SqlStore, here: Here) -> None:
    for n, owing in enumerate(Owing):
        keep(store, here, gone(f"0{n}", NOW + n, owing))
    keep(store, here, gone("0e", NOW - 1, Owing.DUE), Known(make_entry("0f"), NOW))
    of_these = {Owing.NOTHING: "00", Owing.DUE: "01", Owing.HELD: "02"}
    tally = read(store, lambda tx: tx.syncs.tally(*here, NOW))
    assert tally == Tally(1, 3)  # whom a person has spoken of is not counted
    held = write(store, lambda tx: tx.syncs.hold(*here, NOW))
    assert list(held) == list(of_these.values())
    assert read(store, lambda tx: tx.syncs.held(*here)) == Held(3, NOW)
    shown = read(store, lambda tx: tx.syncs.held_of(*here, 2))
    assert ids(shown) == ["00", "01"]
    other = (new_id(), here[1])
    assert write(store, lambda tx: tx.syncs.hold(*other, 0)) == []
    assert write(store, lambda tx: tx.syncs.release(*other, Owing.SURE)) == 0
    assert write(store, lambda tx: tx.syncs.release(*here, Owing.SURE)) == 3
    assert read(store, lambda tx: tx.syncs.held(*here)) == Held()
    sure = read(store, lambda tx: tx.syncs.known(*here, ["00", "01", "02"]))
    assert {one.owing for one in sure} == {Owing.SURE}


# -- links, users, roles, rows


def test_many_accounts_are_linked_at_once_and_found(store: SqlStore, here: Here) -> None:
    one, two = (
        account(here, new_id(), guid, how=how, stopped=stopped)
        for guid, how, stopped in (("0a", How.MADE, "invited"), ("0b", How.MAIL, ""))
    )
    write(store, lambda tx: tx.directories.link_all([one, two]))
    write(store, lambda tx: tx.directories.link_all([]))

    def holders(*guids: str, tenant: str = here[0]) -> list[LinkedAccount]:
        found = read(store, lambda tx: tx.directories.holders(tenant, here[1], guids))
        return sorted(found, key=lambda link: link.guid)

    assert holders("0a", "0b", "0c") == [one, two]
    assert holders(tenant=here[0]) == holders("0a", tenant=new_id()) == []
    assert read(store, lambda tx: tx.directories.linked(here[0], one.user_id)) == [one]
    of_users = lambda *who: read(store, lambda tx: tx.directories.of_users(*here, who))  # noqa: E731
    assert of_users(one.user_id, new_id()) == [one]
    moved = replace(one, guid="0d", how=How.STAFF, stopped="")
    write(store, lambda tx: tx.directories.link_all([moved]))
    assert holders("0a", "0d") == [moved]
    with pytest.raises(Taken):
        write(store, lambda tx: tx.directories.link_all([replace(moved, guid="0b")]))
    assert holders("0b", "0d") == [two, moved]
    many = [f"{n:04x}" for n in range(501)]
    assert holders(*many, "0b") == [two]


def test_many_users_are_made_and_found_at_once(store: SqlStore, here: Here) -> None:
    ada, ben = make_user(here[0]), make_user(here[0], "Ben")
    write(store, lambda tx: tx.users.add_all([ada, ben]))
    write(store, lambda tx: tx.users.add_all([]))
    some = lambda tenant: read(store, lambda tx: tx.users.some(tenant, [ben.id, ada.id]))  # noqa: E731
    assert some(here[0]) == sorted([ada, ben], key=lambda user: user.id)
    assert some(new_id()) == []
    write(store, lambda tx: tx.users.add_identifier(here[0], ben.id, "ben@x.test"))

    def named(tenant: str) -> Any:
        return read(store, lambda tx: tx.users.named_all(tenant, ["ben@x.test", "ada@x.test"]))

    assert named(here[0]) == {"ben@x.test": ben}
    assert named(new_id()) == {}


def test_the_roles_of_many_are_told_at_once(store: SqlStore, here: Here) -> None:
    ada, ben = make_user(here[0]), make_user(here[0], "Ben")
    other = new_id()

    def give(tx: Any) -> None:
        tx.users.add_all([ada, ben])
        tx.roles.grant(here[0], ada.id, Role.OWNER)
        tx.roles.grant(other, ada.id, Role.AUDITOR)

    write(store, give)
    found = read(store, lambda tx: tx.roles.of_users([ada.id, ben.id]))
    assert found == {ada.id: frozenset({Role.OWNER, Role.AUDITOR})}


def test_many_rows_of_the_trail_are_written_at_once(store: SqlStore, here: Here) -> None:
    rows = [Entry(new_id(), here[0], NOW, Event.USER_CREATED, new_id(), None, "", "directory",
                  {"n": n}) for n in range(2)]  # fmt: skip
    write(store, lambda tx: tx.audit.add_all(rows))
    write(store, lambda tx: tx.audit.add_all([]))
    found = read(store, lambda tx: tx.audit.search(here[0], (), "", None, 9))
    assert sorted(found, key=lambda row: row.id) == sorted(rows, key=lambda row: row.id)
