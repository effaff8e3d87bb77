"""Backup and restore of a server that goes on meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from tests.lab.installation import Running, empty, serving_people
from tests.lab.traffic import Answer, Traffic, alive, sign_in

PEOPLE, THREADS = 6, 3


@pytest.fixture(params=["sqlite", "postgresql"])
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    """An installation with people, served by two processes."""
    url = f"sqlite:///{tmp_path}/data/keyturn.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("pg_url")
        empty(url)
    with serving_people(tmp_path, url, PEOPLE + 2) as found:
        yield found


def lock(running: Running, person: int) -> None:
    """Five wrong passwords."""
    with httpx.Client(timeout=60) as client:
        for _ in range(5):
            sign_in(client, running.origin, person, "wrong")
        assert locked(running, person)


def locked(running: Running, person: int) -> bool:
    """What somebody with the right password hears."""
    with httpx.Client(timeout=60) as client:
        return '"code":"locked"' in sign_in(client, running.origin, person).said


def test_backup_and_restore_while_people_sign_in(
    running: Running, tmp_path: Path, record_property: object
) -> None:
    lock(running, PEOPLE)
    with Traffic([running.origin], people=PEOPLE, threads=THREADS) as traffic:
        traffic.more(20)
        first = len(traffic.answers)
        made = running.keyturn("backup", tmp_path, "--seal")
        traffic.more(20)
        old = next(a.token for a in reversed(traffic.answers) if a.token)
        running.keyturn("user", "unlock", f"person{PEOPLE}@people.test")
        lock(running, PEOPLE + 1)
        restored = running.keyturn("restore", made["file"], "--yes")
        at = len(traffic.answers)
        traffic.more(20)
    # who had typed a password before the restore and is judged after it is sent back once
    missed = [answer.said for answer in traffic.failures if isinstance(answer, Answer)]
    assert len(missed) == len(traffic.failures) <= THREADS, traffic.failures
    assert all('"code":"wrong"' in said for said in missed), missed
    assert not any(a in traffic.failures for a in traffic.answers[: first + 20])
    assert restored["generation"] > 0
    assert not alive(running.origin, old)
    assert alive(running.origin, traffic.answers[-1].token)
    assert locked(running, PEOPLE)
    assert not locked(running, PEOPLE + 1)
    [(queued,)] = running.ask(
        "select count(*) from messages where state in ('queued', 'sending') "
        f"and created_at < {_ms(made['taken_at'])}"
    )
    assert queued == 0
    rows = running.ask("select event from audit where event like 'backup.%'")
    assert [row[0] for row in rows] == ["backup.restored"]
    words = (
        f"backup and restore under traffic on {running.kind}: {len(traffic.answers)} sign-ins "
        f"({at} until the restore was over), {len(missed)} of them sent back at the very moment"
    )
    record_property("says", words)  # type: ignore[operator]


def _ms(iso: str) -> int:
    return int(datetime.fromisoformat(iso).timestamp() * 1000)


def test_a_backup_moves_to_the_other_database(
    running: Running, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    made = running.keyturn("backup", tmp_path / "it")
    there = f"sqlite:///{tmp_path}/other.db"
    if running.url.startswith("sqlite"):
        there = request.getfixturevalue("pg_url")
    moved = Running(running.server, tmp_path, there)
    running.server.settings["KEYTURN_STORE__URL"] = there
    restored = moved.keyturn("restore", made["file"], "--yes")
    assert restored["rows"] == made["rows"]
    assert moved.ask("select count(*) from users") == running.ask("select count(*) from users")
    assert moved.ask("select email from users order by id") == running.ask(
        "select email from users order by id"
    )
