"""From the release before to this one, server by server, while people sign in."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine

from keyturn.adapters.sql import migrate
from tests.lab.commanded import SRC, Server
from tests.lab.installation import seeded
from tests.lab.traffic import Traffic, sign_in

PEOPLE = 6
FIRST_NEW = "src/keyturn/adapters/sql/migrations/versions/0002_passkeys.py"


#: Python has it since 3.11.4 and warns where it is missing since 3.12; it is our own code
CAREFULLY: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


def git(*words: str) -> bytes | None:
    """What git says, or None where there is no history to ask."""
    done = subprocess.run(["git", *words], cwd=SRC.parent, capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None


@pytest.fixture(scope="module")
def old_src(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code of the release before: the last one whose tables are at 0001."""
    came = git("log", "--diff-filter=A", "--format=%H", "--", FIRST_NEW)
    commit = came.decode().split()[-1] if came and came.strip() else None
    packed = git("archive", f"{commit}^", "src") if commit else None
    if packed is None:
        pytest.skip("the release before is not in this copy's history")
    folder = tmp_path_factory.mktemp("before")
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        archive.extractall(folder, **CAREFULLY)
    return folder / "src"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/data/keyturn.db"
    found: str = request.getfixturevalue("pg_url")
    return found


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[ExitStack]:
    """Closes every server that a test has started."""
    with ExitStack() as stack:
        yield stack


def start(servers: ExitStack, folder: Path, url: str, src: Path) -> Server:
    """A server of a release, which listens."""
    server = Server(
        folder, PYTHONPATH=str(src), KEYTURN_STORE__URL=url, KEYTURN_SERVER__WORKERS="1",
        KEYTURN_MAIL__PORT="1",
    )  # fmt: skip
    servers.callback(server.close)
    server.listening()
    return server


def revision(url: str) -> str | None:
    engine = create_engine(url)
    try:
        return migrate.current(engine)
    finally:
        engine.dispose()


def test_servers_are_replaced_one_by_one_and_every_sign_in_gets_in(
    old_src: Path, url: str, tmp_path: Path, servers: ExitStack, record_property: object
) -> None:
    seeded(tmp_path, url, PEOPLE + 1, old_src)
    assert revision(url) == "0001"
    before = [start(servers, tmp_path, url, old_src) for _ in range(2)]
    with Traffic([s.origin for s in before], people=PEOPLE) as traffic:
        traffic.more(30)
        traffic.use([before[1].origin])
        assert before[0].stop() == 0
        first = start(servers, tmp_path, url, SRC)  # its start changes the tables
        assert revision(url) == migrate.HEAD
        traffic.use([first.origin, before[1].origin])  # both releases side by side
        traffic.more(40)
        side_by_side = traffic.answers[-40:]
        _lock_together(first.origin, before[1].origin)
        traffic.use([first.origin])
        assert before[1].stop() == 0
        second = start(servers, tmp_path, url, SRC)
        traffic.use([first.origin, second.origin])
        traffic.more(30)
    assert traffic.failures == []
    assert {a.origin for a in side_by_side} == {first.origin, before[1].origin}
    kind = url.partition(":")[0]
    says = f"upgrade under traffic on {kind}: {len(traffic.answers)} sign-ins, none failed"
    record_property("says", says)  # type: ignore[operator]


def _lock_together(new: str, old: str) -> None:
    """Five wrong passwords, some at each release, lock; and neither lets the sixth in."""
    with httpx.Client(timeout=60) as client:
        person = PEOPLE  # who signs in nowhere else
        tries = [sign_in(client, o, person, "wrong") for o in (new, old, new, old, new)]
        assert {t.status for t in tries} <= {401, 403, 422, 423, 429}, tries
        after = [sign_in(client, origin, person, "wrong") for origin in (new, old)]
        assert all("locked" in a.said for a in after), after
