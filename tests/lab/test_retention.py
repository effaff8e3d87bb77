"""Old rows go while people sign in: in small steps, by one process of two."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert

from keyturn.adapters.memory_secrets import SeededRandom
from keyturn.adapters.sql.schema import audit
from keyturn.rules.lockout import DAY
from keyturn.rules.retention import WINDOW
from tests.lab.installation import Running, empty, serving_people
from tests.lab.own import until
from tests.lab.traffic import Traffic

PEOPLE, OLD = 4, 3 * WINDOW + 7


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/data/keyturn.db"
    found: str = request.getfixturevalue("pg_url")
    empty(found)
    return found


def test_old_rows_go_in_small_steps_while_people_sign_in(
    url: str, tmp_path: Path, record_property: object
) -> None:
    with serving_people(tmp_path, url, PEOPLE) as running:
        _grow_old(running)
        left = [OLD]

        def gone() -> bool:
            [(count,)] = running.ask("select count(*) from audit where event = 'signout'")
            if count != left[-1]:
                left.append(count)
            return bool(count == 0)

        with Traffic([running.origin], people=PEOPLE, threads=2) as traffic:
            until(gone, 60, "the old rows to go")
            until(lambda: bool(_purged(running)), 20, "the trail of it")
        assert traffic.failures == []
        steps = [before - after for before, after in pairwise(left)]
        assert len(steps) >= OLD // WINDOW // 2, steps
        assert max(steps) <= 2 * WINDOW, steps  # two may lie between two looks
        assert [p["audit"] for p in _purged(running)] == [OLD]
        says = f"retention on {running.kind}: {OLD} rows in steps of {steps} beside "
        says += f"{len(traffic.answers)} sign-ins, none failed"
        record_property("says", says)  # type: ignore[operator]


def _purged(running: Running) -> list[dict[str, int]]:
    rows = running.ask("select facts from audit where event = 'retention.purged'")
    return [json.loads(row[0]) for row in rows]


def _grow_old(running: Running) -> None:
    """Rows of three years ago."""
    [(tenant, now)] = running.ask("select id, created_at from tenants")
    then, chance = now - 1095 * DAY, SeededRandom("old")
    rows = [
        {
            "id": chance.id(then + n), "tenant_id": tenant, "at": then + n, "event": "signout",
            "user_id": None, "actor_id": None, "ip": "192.0.2.1", "client": "x", "facts": "{}",
        }
        for n in range(OLD)
    ]  # fmt: skip
    engine = create_engine(running.url)
    with engine.begin() as connection:
        connection.execute(insert(audit), rows)
    engine.dispose()
