"""Users are filed a moment after they were added, and found before and after."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from keyturn.flows.filing import BATCH, file_users
from keyturn.rules.accounts import User, UserState
from tests.unit.flows.house import House


def found(house: House, query: str) -> list[str]:
    page = house.write(lambda tx: tx.users.search(house.tenant.id, query, None, None, 9))
    return [user.name for user in page.users]


def file_all(house: House) -> int:
    """How many rounds it took."""
    rounds = 1
    while asyncio.run(file_users(house.parts)):
        rounds += 1
    return rounds


def lovelace(house: House) -> User:
    return house.user(name="Ada Lovelace-Byron", username="adal", phone="+447700900123")


def test_who_is_not_filed_yet_is_found_all_the_same(house: House) -> None:
    lovelace(house)
    for query in ("byron", "0123", "ada lov"):
        before = found(house, query)
        file_all(house)
        assert found(house, query) == before == ["Ada Lovelace-Byron"]


def test_everybody_is_filed_a_few_at_a_time(house: House) -> None:
    for number in range(BATCH):
        house.user(f"p{number}@northwind.test")
    assert house.write(lambda tx: tx.users.unfiled(BATCH - 1))
    assert file_all(house) == 2
    assert not house.write(lambda tx: tx.users.unfiled())
    assert file_all(house) == 1


def test_a_new_name_is_found_and_the_old_one_no_more(house: House) -> None:
    ada = lovelace(house)
    file_all(house)
    house.write(lambda tx: tx.users.save(replace(ada, name="Augusta King")))
    for _ in range(2):
        assert found(house, "augusta") == ["Augusta King"]
        assert found(house, "lovelace") == []
        file_all(house)


def test_a_change_that_is_no_name_files_nobody_anew(house: House) -> None:
    ada = lovelace(house)
    file_all(house)
    house.write(lambda tx: tx.users.save(replace(ada, state=UserState.DISABLED, phone=None)))
    assert house.write(lambda tx: tx.users.unfiled())
    file_all(house)
    house.write(lambda tx: tx.users.save(replace(ada, state=UserState.ACTIVE, phone=None)))
    assert not house.write(lambda tx: tx.users.unfiled())


def test_who_is_deleted_is_found_no_more(house: House) -> None:
    ada = lovelace(house)
    file_all(house)
    house.write(lambda tx: tx.users.delete(ada.tenant_id, ada.id))
    assert found(house, "byron") == []
