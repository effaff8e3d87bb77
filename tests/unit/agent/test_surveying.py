"""What an agent sees of its directory, and what it tells of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from keyturn.agent.charting import Chart
from keyturn.agent.directories.memory import Fault, MemoryDomain, MemoryDriver, MemoryInspector
from keyturn.agent.journal import Journal, at_once
from keyturn.agent.memory import MemoryLink
from keyturn.agent.ports import Inside, Inspector, LinkDown
from keyturn.agent.surveying import Plain, Surveyor
from keyturn.rules.directories.entries import Scope
from keyturn.rules.directories.health.codec import decode
from keyturn.rules.directories.health.facts import (
    Account,
    ListenerSight,
    PrimarySight,
    Rights,
    Way,
)
from keyturn.rules.directories.topology import real
from keyturn.wire.messages import Answer, Request, Surveyed, Taken

DC1, DC2, DC3 = (f"dc{n}.corp.example.test" for n in (1, 2, 3))
WALL = 1_700_000_000_000


class Wall:
    """A machine's clock."""

    def now(self) -> int:
        return WALL


class Scene:
    """A domain, a chart of it, and who looks."""

    def __init__(self, folder: Path, *, leads: bool = True) -> None:
        self.domain = MemoryDomain(lambda: WALL)
        self.driver = MemoryDriver(self.domain)
        self.link = MemoryLink(lambda _: Taken())
        self.inspector: Inspector = MemoryInspector(self.domain)
        self.leads = leads
        self.scope: Scope | None = None
        journal = Journal(folder / "journal.sqlite", at_once)
        self.chart = Chart(DC1, self.driver, journal)

    def cut(self, host: str, cause: str = "timeout") -> None:
        self.domain.controllers[host].fault = Fault(unreachable=cause)

    def survey(self, *, drawn: bool = True) -> Surveyed:
        """One survey, as the server hears it."""

        async def act() -> None:
            if drawn:
                await self.chart.draw()
            await Surveyor(
                "run", DC1.upper(), "corp.example.test", self.inspector, self.link, Wall(),
                lambda: self.leads, self.chart, lambda: self.scope,
            ).survey()  # fmt: skip

        asyncio.run(act())
        said = self.link.said[-1]
        assert isinstance(said, Surveyed)
        return said


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def seen(said: Surveyed) -> PrimarySight:
    return decode(PrimarySight, said.seen)


def test_the_primary_tells_of_every_controller_and_of_what_its_account_sees(scene: Scene) -> None:
    said = scene.survey()
    told = seen(said)
    assert [(way.host, way.cause) for way in told.ways] == [(DC1, ""), (DC2, ""), (DC3, "")]
    assert told.topology == scene.domain.topology()
    assert (told.policy, told.unreadable) == (True, ())
    assert told.account == Account("keyturn@corp.example.test", None)
    assert (said.run_id, said.clock_ms) == ("run", WALL)
    assert decode(ListenerSight, said.beside) == ListenerSight(DC1, "", 0, None)


def test_who_does_not_lead_tells_of_its_own_controller_only(tmp_path: Path) -> None:
    said = Scene(tmp_path, leads=False).survey()
    assert said.seen == ""
    assert decode(ListenerSight, said.beside).controller == DC1


def test_that_no_controller_answers_is_told(scene: Scene) -> None:
    scene.survey()
    for host in (DC1, DC2, DC3):
        scene.cut(host)
    told = seen(scene.survey())
    assert {way.cause for way in told.ways} == {"timeout"}
    assert len(real(told.topology)) == 3
    assert (told.policy, told.unreadable, told.rights, told.account) == (None, None, None, None)


def test_of_a_directory_that_was_never_read_the_controller_beside_is_told(scene: Scene) -> None:
    scene.cut(DC1, "credentials")
    told = seen(scene.survey(drawn=False))
    assert told.topology.domain == "corp.example.test"
    assert [(way.host, way.cause) for way in told.ways] == [(DC1, "credentials")]


def test_what_the_account_sees_is_asked_where_somebody_answers(scene: Scene) -> None:
    rights = (Rights("OU=Staff", True, True, True, False),)
    inspector = MemoryInspector(scene.domain)
    inspector.seen = replace(inspector.seen, rights=rights)
    scene.inspector = inspector
    scene.survey()
    scene.cut(DC1)
    assert seen(scene.survey()).rights == rights


def test_its_rights_are_asked_for_the_ous_that_are_read(scene: Scene) -> None:
    inspector = MemoryInspector(scene.domain)
    scene.inspector = inspector
    asked = []
    for units in ((), ("OU=Staff", "OU=Plant")):
        scene.scope = Scope(units, ("CN=Everybody",)) if units else None
        scene.survey()
        asked.append(inspector.units)
    assert asked == [(), ("OU=Staff", "OU=Plant")]


def test_an_error_is_told_in_one_short_line(scene: Scene) -> None:
    class Talks(MemoryInspector):
        async def ways(self, controllers: object) -> tuple[Way, ...]:
            return (Way(DC1, "tls", "80090308:\nLdapErr\0" + "x" * 9_999),)

    scene.inspector = Talks(scene.domain)
    (way,) = seen(scene.survey()).ways
    assert way.detail.startswith("80090308: LdapErr xxx")
    assert len(way.detail) == 300


def test_a_server_that_does_not_hear_is_told_the_next_time(tmp_path: Path) -> None:
    def away(_message: Request) -> Answer:
        raise LinkDown("timeout")

    scene = Scene(tmp_path)
    scene.link = MemoryLink(away)
    scene.survey()
    scene.survey()
    assert len(scene.link.said) == 2


def test_of_any_kind_of_directory_is_told_whom_its_driver_reaches(scene: Scene) -> None:
    plain = Plain(scene.driver)
    scene.cut(DC2, "tls_ca")
    ways = asyncio.run(plain.ways([DC1, DC2]))
    assert ways == (Way(DC1, ""), Way(DC2, "tls_ca"))
    assert asyncio.run(plain.beside(DC2)) == ListenerSight(DC2, "tls_ca", None, None)
    assert asyncio.run(plain.inside(DC1, ["OU=Staff"])) == Inside()
