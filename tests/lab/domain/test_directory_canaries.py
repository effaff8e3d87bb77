"""A directory password is nowhere: not on the server, its disk, its memory, its mails, not on
the wire, not in what agents write down.

Passwords that are canaries are set for real, by the page in a real Chromium and through the
API; then every place is searched for every spelling of them. That the search finds what is
there is shown each time, in each kind of place.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Self

import psycopg
import pyotp
import pytest
from playwright.sync_api import expect, sync_playwright

from keyturn.adapters.system import SystemClock
from keyturn.demo.estate import RELAY
from keyturn.demo.peers import Peers
from keyturn.lab.commands import until
from keyturn.lab.domain import Lab
from keyturn.rules.directories.resets import FINAL, JobState
from tests.figures import Figure
from tests.lab.canaries import Clues, clues, hits, in_files, in_memory
from tests.lab.commanded import environment, free_port
from tests.lab.domains import domain
from tests.lab.estates import DC, Installed
from tests.lab.holders import STEP_MS, Holder, Linked
from tests.lab.installation import empty
from tests.lab.looking import CHROMIUM, Eye
from tests.lab.own import listens
from tests.lab.powered import PoweredServer
from tests.lab.served import PASSWORD
from tests.lab.witness import nt_hashes

Says = Callable[[str, object], None]
#: the last one is typed into the page
CANARIES = ("Kanari-Gold-4711-feathers", "Žluťásek-Ωmega-7§ & Kü+fig/99", "Pták-Ñandú <42>% läuft!")
ANSWER_S, PAGE_MS = 150.0, 60_000


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """One controller for both databases."""
    with domain(1) as running:
        yield running


@contextmanager
def recorded(port: int, onward: int, record: Path) -> Iterator[None]:
    """A line on loopback that writes down what passes."""
    line = subprocess.Popen(
        [*RELAY, f"127.0.0.1:{port}", f"127.0.0.1:{onward}", "--record", str(record)],
        env=environment(),
    )
    try:
        until(lambda: listens(port), 30, "the line")
        yield
    finally:
        line.terminate()
        line.wait(20)


class Scene:
    """An installation of which everything that it says and writes is kept in `folder`."""

    def __init__(self, lab: Lab, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.temporary = folder / "tmp"
        self.wire, self.channel = folder / "people.traffic", folder / "agents.traffic"
        self.peers = Peers()
        self._lab = lab
        self._around = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._set_up()
        except BaseException:
            self._around.close()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self._around.close()

    def _set_up(self) -> None:
        self.temporary.mkdir()
        self._around.enter_context(self.peers)
        front = free_port()
        more = {"KEYTURN_STORE__URL": self.url} if self.url else {}
        self.server = PoweredServer(
            self.folder, origin=f"http://localhost:{front}", KEYTURN_MAIL__HOST="127.0.0.1",
            KEYTURN_MAIL__PORT=str(self.peers.mailbox.port), KEYTURN_LOG__LEVEL="debug",
            TMPDIR=str(self.temporary), **more,
        )  # fmt: skip
        self._around.enter_context(recorded(front, self.server.port, self.wire))
        start = "birdpg" if self.url else "bird"
        self.at = self._around.enter_context(
            Installed(self._lab, self.server, len(CANARIES), start, record=self.channel)
        )

    # --- acts

    def frozen(self, who: Linked, password: str) -> dict[str, Any]:
        """Set one while both agents stand still, and take a backup before they act; the job."""
        holder = Holder(self.server.origin, who)
        with closing(holder):
            holder.sign_in()
            for agent in self.at.agents:
                agent.freeze()
            try:
                job = holder.reset(password)
                assert job["state"] == JobState.QUEUED
                done = self.server.keyturn("backup", str(self.folder / "backup.gz"))
                assert done.returncode == 0, done.stderr
            finally:
                for agent in self.at.agents:
                    agent.thaw()
            return holder.answer(job["id"], ANSWER_S)

    def by_api(self, who: Linked, password: str) -> dict[str, Any]:
        """Set one as an app does; the job."""
        holder = Holder(self.server.origin, who)
        with closing(holder):
            holder.sign_in()
            return holder.answer(holder.reset(password)["id"], ANSWER_S)

    def by_page(self, who: Linked, password: str) -> str:
        """Set one in the browser; how it ended."""
        if not Path(CHROMIUM).exists():
            pytest.fail("failed to run: Chromium is not installed", pytrace=False)
        with sync_playwright() as driver:
            eye = Eye(driver, self.server.origin, "")
            person = eye.person()
            person.page.context.set_default_timeout(PAGE_MS)
            expect.set_options(timeout=PAGE_MS)
            person.sign_in(str(who.user.email), PASSWORD)
            now = SystemClock().now() // STEP_MS
            person.type(code=pyotp.TOTP(who.secret).generate_otp(now)).press("Go on")
            person.page.wait_for_url("**/account")
            person.press("See how it stands")
            expect(person.page.locator("h1")).not_to_contain_text("Asking")
            person.press("New password")
            person.page.get_by_label("New password", exact=True).fill(password)
            person.page.get_by_label("Once more").fill(password)
            person.press("Set the new password")
            user = who.user
            until(
                lambda: any(
                    job.state in FINAL
                    for job in self.at.read(
                        lambda tx: tx.jobs.of(user.tenant_id, None, user.id, 9)
                    )
                ),
                ANSWER_S, "an answer", 0.5,
            )  # fmt: skip
            expect(person.page.locator("h1")).to_contain_text("works")
            eye.close()
        (job,) = self.at.read(lambda tx: tx.jobs.of(user.tenant_id, None, user.id, 9))
        return str(job.state)

    # --- places

    def database(self) -> Path:
        """The folder of the database, with what it has not written yet written."""
        if not self.url:
            return self.server.data
        with psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True) as link:
            link.execute("checkpoint")
            row = link.execute("show data_directory").fetchone()
        assert row is not None
        return Path(row[0])

    def places(self) -> list[Path]:
        """Everything of the server's and the agents' that is on a disk, and all traffic."""
        return [self.folder, self.database(), *(agent.folder for agent in self.at.agents)]

    def mails(self) -> list[bytes]:
        """What was sent, as it travelled and as it reads."""
        return [repr(mail).encode() for mail in list(self.peers.mailbox.mails)]


def the_search_finds(folder: Path, wanted: Clues, password: str) -> None:
    """Planted in a file, a database's log, a backup and a process, each clue is found."""
    planted = folder / "planted"
    planted.mkdir()
    for number, clue in enumerate(wanted.values()):
        (planted / f"{number}").write_bytes(b"\0some\xff" + clue + b"more")
    found, _ = in_files([planted], wanted)
    assert {line.partition(": ")[2] for line in found} == set(wanted)
    with closing(sqlite3.connect(planted / "book.db")) as book:
        book.execute("pragma journal_mode = wal")
        book.execute("create table said (what text)")
        book.execute("insert into said values (?)", (f"x{password}y",))
        book.commit()
        found, _ = in_files([planted / "book.db-wal"], wanted)
        assert any(line.endswith("db-wal: UTF-8") for line in found)
    code = "import sys; held = sys.stdin.readline() * 2; print('ready', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin
        assert child.stdout
        child.stdin.write(f"{password}\n")
        child.stdin.flush()
        child.stdout.readline()
        found, _ = in_memory(child.pid, wanted)
        assert found != []
        child.stdin.write("\n")
    for each in planted.iterdir():
        each.unlink()
    planted.rmdir()


def searched(scene: Scene, wanted: Clues) -> tuple[list[str], int]:
    """Every place; what is there, and how many bytes were looked at."""
    found, size = in_files(scene.places(), wanted)
    for number, mail in enumerate(scene.mails()):
        found += hits(f"mail {number}", mail, wanted)
        size += len(mail)
    for pid in scene.server.processes:
        held, weight = in_memory(pid, wanted)
        found += held
        size += weight
    return found, size


def it_was_all_there(scene: Scene, job: str) -> None:
    """What must be found is found: the places are those in which it would be."""
    name = scene.at.holders[0].user.id.encode()
    assert scene.wire.read_bytes().count(job.encode()) > 1
    agents = scene.at.read(
        lambda tx: tx.agents.of(scene.at.tenant.id, tx.directories.all(scene.at.tenant.id)[0].id)
    )
    for agent in agents:
        assert agent.id.encode() in scene.channel.read_bytes()
    marks = {"job": job.encode(), "user": name}
    found, _ = in_files([scene.database()], marks)
    assert {line.rpartition(": ")[2] for line in found} == set(marks)
    found, _ = in_files([scene.folder / "backup.gz"], marks)
    assert {line.rpartition(": ")[2] for line in found} == set(marks)
    journals = [agent.state for agent in scene.at.agents]
    found, _ = in_files(journals, {"job": job.encode()})
    assert found != []
    own = str(scene.folder).encode()
    found, _ = in_memory(scene.server.processes[0], {"folder": own})
    assert found != []
    assert len(scene.mails()) >= len(CANARIES) - 1
    assert b"listens" in scene.server.log.read_bytes()
    assert all(b"link=up" in agent.log.read_bytes() for agent in scene.at.agents)


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_no_password_is_anywhere(
    lab: Lab, engine: str, tmp_path: Path, request: pytest.FixtureRequest, figure: Figure,
    record_property: Says,
) -> None:  # fmt: skip
    url = ""
    if engine == "postgresql":
        url = request.getfixturevalue("pg_url")
        empty(url)
    digests = nt_hashes(CANARIES)
    wanted = {
        f"{number}, {name}": clue
        for number, password in enumerate(CANARIES)
        for name, clue in clues(password, digests[password]).items()
    }
    the_search_finds(tmp_path, clues(CANARIES[1], digests[CANARIES[1]]), CANARIES[1])
    with Scene(lab, tmp_path, url) as scene:
        first, second, third = scene.at.holders
        answers: Sequence[Any] = [
            scene.frozen(first, CANARIES[0]), scene.by_api(second, CANARIES[1]),
        ]  # fmt: skip
        assert [job["state"] for job in answers] == ["done", "done"], answers
        page = not url
        if page:
            assert scene.by_page(third, CANARIES[2]) == "done"
        for who, password in zip(scene.at.holders[: 2 + page], CANARIES, strict=False):
            assert lab.hand.holds(DC, who.account, password)
        it_was_all_there(scene, answers[0]["id"])
        found, size = searched(scene, wanted)
        scene.server.stop()
        found_after, size_after = in_files(scene.places(), wanted)
    figure("spellings of directory passwords searched for", len(wanted))
    figure("directory passwords found where none may be", len(found) + len(found_after))
    record_property(
        "says",
        f"{engine}: {2 + page} canaries, {len(wanted)} spellings, searched in "
        f"{(size + size_after) >> 20} MiB of files, traffic, mails and memory: {len(found)} found",
    )
    assert [*found, *found_after] == []
