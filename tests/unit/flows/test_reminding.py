"""Whose directory password ends is told in time, and each day of it once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keyturn.flows import reminding
from keyturn.rules.accounts import UserState
from keyturn.rules.directories.comings import DAY_MS, remind_at, reminder
from keyturn.rules.directories.known import Known
from keyturn.rules.directories.things import LinkedAccount
from keyturn.rules.events import Event
from tests.unit.adapters.test_syncing_contract import make_entry
from tests.unit.flows.agency import Agency
from tests.unit.flows.house import House, run
from tests.unit.flows.test_words import words

KIND = "password_ends"


class Desk:
    """A directory with one account, which is Ada's and whose password ends in 30 days."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.agency = Agency(house)
        self.ada = house.user()
        self.place = (house.tenant.id, self.agency.directory.id)
        self.ends = house.clock.now() + 30 * DAY_MS
        house.write(
            lambda tx: tx.directories.link(
                LinkedAccount(*self.place, self.ada.id, "0a", "ada", "", 1)
            )
        )
        self.keep()

    def keep(self, **fields: Any) -> None:
        plain = {"must_change": False, "password_expires_at": self.ends}
        entry = make_entry("0a", **{**plain, **fields})
        self.house.write(lambda tx: tx.syncs.keep(*self.place, [Known(entry, 1)]))

    def known(self) -> Known:
        (found,) = self.house.write(lambda tx: tx.syncs.known(*self.place, ["0a"]))
        assert isinstance(found, Known)
        return found

    def until(self, days: float) -> None:
        """So many days are left."""
        self.house.clock.move(self.ends - round(days * DAY_MS) - self.house.clock.now())

    def remind(self) -> int:
        return run(reminding.remind(self.house.parts))

    def mails(self) -> list[Any]:
        return self.house.outbox(KIND)


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house)


def test_each_day_is_told_once_and_the_mail_says_which(desk: Desk) -> None:
    assert desk.remind() == 0
    for count, days in enumerate((14, 7, 3, 1)):
        desk.until(days + 0.01)
        assert desk.remind() == 0
        desk.until(days)
        assert (desk.remind(), desk.remind()) == (1, 0)
        assert len(desk.mails()) == count + 1
        letter = desk.house.last(KIND)
        assert (letter.values["days"], letter.values["ends"]) == (days, desk.ends)
        assert letter.values["account"] == "u0a"
        within = "within a day" if days == 1 else f"within {days} days"
        assert within in words(desk.house, letter)
    desk.until(-1)
    assert desk.remind() == 0
    assert desk.house.events(desk.ada).count(Event.ACCOUNT_REMINDED) == 4


def test_who_was_away_is_told_once_of_what_is_left(desk: Desk) -> None:
    desk.until(2.5)
    assert (desk.remind(), desk.remind(), len(desk.mails())) == (1, 0, 1)
    assert desk.house.last(KIND).values["days"] == 3


def test_when_it_is_over_there_is_nothing_to_tell(desk: Desk) -> None:
    desk.until(0)
    assert (desk.remind(), desk.remind(), desk.mails()) == (1, 0, [])


def test_a_password_that_was_changed_has_days_of_its_own(desk: Desk) -> None:
    desk.until(14)
    desk.remind()
    desk.keep(password_expires_at=desk.ends + 1)
    assert desk.remind() == 0  # a millisecond too early
    desk.house.clock.move(1)
    assert (desk.remind(), len(desk.mails())) == (1, 2)


@pytest.mark.parametrize("nobody", ["no link", "disabled", "no user", "no directory"])
def test_whoever_cannot_use_it_hears_nothing_and_is_not_asked_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, nobody: str
) -> None:
    def change(tx: Any) -> None:
        if nobody == "no link":
            tx.directories.unlink(*desk.place, desk.ada.id)
        elif nobody == "disabled":
            tx.users.save(replace(desk.ada, state=UserState.DISABLED))
        elif nobody == "no user":
            tx.users.delete(desk.place[0], desk.ada.id)

    desk.house.write(change)
    if nobody == "no directory":
        from keyturn.adapters.sql.directories import SqlDirectories

        monkeypatch.setattr(SqlDirectories, "get", lambda *_: None)
    desk.until(14)
    assert (desk.remind(), desk.remind(), desk.mails()) == (1, 0, [])
    assert desk.known().told == (14,)


def test_what_another_server_has_told_is_not_told_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from keyturn.adapters.sql.syncing import SqlSyncs

    desk.until(14)
    stale = desk.known()
    desk.remind()
    monkeypatch.setattr(SqlSyncs, "to_remind", lambda *_: [(*desk.place, stale)])
    desk.remind()
    assert len(desk.mails()) == 1
    desk.keep(password_expires_at=None)
    desk.remind()
    assert len(desk.mails()) == 1


def test_so_many_are_looked_at_in_one_transaction(desk: Desk) -> None:
    every = [Known(make_entry(f"{n:04x}", must_change=False, password_expires_at=desk.ends), 1)
             for n in range(3)]  # fmt: skip
    desk.house.write(lambda tx: tx.syncs.keep(*desk.place, every))
    desk.until(14)
    assert run(reminding.remind(desk.house.parts, 3)) == 3
    assert run(reminding.remind(desk.house.parts, 3)) == 1


def test_the_moment_of_a_reminder_is_the_first_that_has_one() -> None:
    end = 10**12
    entry = make_entry("0a", must_change=False, password_expires_at=end)
    for told in ((), (14,), (14, 7), (14, 7, 3), (3,)):
        at = remind_at(entry, told)
        assert at is not None
        assert reminder(entry, told, at - 1) is None
        assert reminder(entry, told, at) is not None
    assert remind_at(entry, (1,)) is None
    assert remind_at(replace(entry, must_change=True), ()) is None
