"""Who is in a fresh demo, and how they stand: made by the product's own flows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from keyturn import wiring
from keyturn.demo import company, past
from keyturn.demo.company import Person
from keyturn.demo.far_side import FarSide
from keyturn.demo.folder import DemoFolder
from keyturn.ports.store import Tx
from keyturn.rules.accounts import Role, User, UserState
from keyturn.rules.messages import Message, MessageState


class Fresh:
    """A demo's house with its past in it."""

    def __init__(self, folder: Path) -> None:
        demo = DemoFolder(folder)
        demo.take(keep=False)
        settings = demo.remember(FarSide(0, 25, 26, 27, 0), 8080, 1)
        self.house = wiring.open_house(settings, demo=True)
        self.now = demo.clock.now()
        self.told: list[str] = []
        self.people: tuple[Person, ...] = past.write(self.house, self.now, self.told.append)
        self.tenant = self.read(lambda tx: tx.tenants.all())[0]

    def read(self, fn: Callable[[Tx], Any]) -> Any:
        """A snapshot."""
        return self.house.store.submit_read(fn).result(10)

    def user(self, person: Person) -> User:
        found = self.read(lambda tx: tx.users.named(self.tenant.id, person.email))
        assert found is not None
        return found

    def messages(self, person: Person) -> list[Message]:
        user = self.user(person)
        return list(self.read(lambda tx: tx.messages.of_user(self.tenant.id, user.id, 50)))


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fresh]:
    made = Fresh(tmp_path_factory.mktemp("demo") / "demo")
    yield made
    made.house.close()


@pytest.mark.parametrize(
    ("person", "state"),
    [
        (company.MIA, UserState.ACTIVE), (company.BEN, UserState.ACTIVE),
        (company.IVY, UserState.UNVERIFIED), (company.JONAS, UserState.DISABLED),
        (company.PRIYA, UserState.ACTIVE), (company.OLIVE, UserState.ACTIVE),
        (company.HAROLD, UserState.ACTIVE), (company.NADIA, UserState.ACTIVE),
        (company.TOM, UserState.ACTIVE), *((p, UserState.ACTIVE) for p in company.QUIET),
    ],
)  # fmt: skip
def test_everybody_stands_as_the_demo_says(fresh: Fresh, person: Person, state: UserState) -> None:
    user = fresh.user(person)
    assert user.state is state
    assert user.password_hash is not None
    assert asyncio.run(fresh.house.hasher.verify(user.password_hash, person.password))


def test_the_people_shown_are_those_of_the_company_with_fresh_secrets(fresh: Fresh) -> None:
    assert [p.email for p in fresh.people] == [p.email for p in company.SHOWN]
    secrets = {p.email: p.secret for p in fresh.people if p.secret}
    assert set(secrets) == {company.BEN.email, company.NADIA.email, company.TOM.email}
    assert len(set(secrets.values())) == 3


def test_an_owner_and_a_technician_run_the_console(fresh: Fresh) -> None:
    def roles(tx: Tx) -> list[Role | None]:
        people = (company.NADIA, company.TOM, company.MIA)
        return [tx.roles.of_user(fresh.user(p).id).get(fresh.tenant.id) for p in people]

    assert fresh.read(roles) == [Role.OWNER, Role.TECHNICIAN, None]


def test_priya_is_locked_for_some_minutes_and_her_notice_waits(fresh: Fresh) -> None:
    lane = fresh.read(lambda tx: tx.lanes.get(fresh.tenant.id, f"u:{fresh.user(company.PRIYA).id}"))
    assert fresh.now + 400_000 < lane.locked_until <= fresh.now + 600_000
    notice = fresh.messages(company.PRIYA)[0]
    assert (notice.kind, notice.state) == ("lock_notice", MessageState.QUEUED)


def test_olives_mail_came_back_and_harolds_text(fresh: Fresh) -> None:
    mail, text = fresh.messages(company.OLIVE)[0], fresh.messages(company.HAROLD)[0]
    assert (mail.channel, mail.state) == ("mail", MessageState.REJECTED)
    assert (text.channel, text.state) == ("sms", MessageState.BOUNCED)


def test_mia_has_proved_her_phone(fresh: Fresh) -> None:
    assert fresh.user(company.MIA).phone == past.MOBILE


def test_the_past_lies_in_the_past_and_in_order(fresh: Fresh) -> None:
    entries = fresh.read(lambda tx: tx.audit.search(fresh.tenant.id, (), "", None, 1000))
    times = [entry.at for entry in entries]
    assert times == sorted(times, reverse=True)
    assert all(fresh.tenant.created_at <= at <= fresh.now for at in times)
    assert len(entries) > 75
