"""`keyturn directory`: connected, agents let in and revoked, accounts linked, jobs shown."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keyturn import wiring
from keyturn.cli import directory_links
from keyturn.ports.store import Tx
from keyturn.rules.accounts import User
from keyturn.rules.directories.known import Known, Owing
from keyturn.rules.directories.resets import JobState
from keyturn.rules.directories.syncs import Phase
from keyturn.settings import load
from keyturn.wiring import House
from tests.unit.adapters.test_directories_contract import make_job
from tests.unit.adapters.test_syncing_contract import make_entry
from tests.unit.cli.conftest import Command, parsed
from tests.unit.web.corp import DOMAIN, Corp

ADA = ("user", "create", "ada@people.test", "--name", "Ada Byron", "--username", "ada")
GUID = "ab" * 16


@pytest.fixture
def house(northwind: Command) -> Iterator[House]:
    """The installation that the commands open, opened beside them."""
    northwind(*ADA)
    opened = wiring.open_house(load(None))
    yield opened
    opened.close()


@pytest.fixture
def corp(house: House) -> Corp:
    """A directory with two candidates."""

    def write(step: Callable[[Tx], Any]) -> Any:
        return house.store.submit_write(step).result(10)

    (tenant,) = write(lambda tx: tx.tenants.all())
    return Corp(write, house.parts, tenant)


def ada_of(house: House) -> User:
    def look(tx: Tx) -> User | None:
        return tx.users.named(tx.tenants.all()[0].id, "ada")

    found = house.store.submit_read(look).result(10)
    assert found is not None
    return found


def test_sign_in_with_its_passwords_is_switched_by_command(northwind: Command, corp: Corp) -> None:
    signin = ("directory", "signin", DOMAIN)
    assert corp.directory.name == DOMAIN
    assert "sign nobody in" in northwind(*signin)[1]
    assert parsed(northwind(*signin, "--on", "--json")) == [{"directory": DOMAIN, "on": True}]
    assert "sign people in" in northwind(*signin)[1]
    assert parsed(northwind(*signin, "--off", "--json")) == [{"directory": DOMAIN, "on": False}]
    assert northwind("directory", "signin", "other.test", "--on")[0] == 1


def test_a_directory_is_added_once_and_listed(northwind: Command) -> None:
    assert "No directory is connected" in northwind("directory", "list")[1]
    status, out, _ = northwind("directory", "add", "Corp.Example.test.")
    assert (status, out.split()[0]) == (0, "corp.example.test")
    assert northwind("directory", "add", "corp.example.test")[0] == 1
    [listed] = parsed(northwind("directory", "list", "--json"))
    assert (listed["name"], listed["standing"], listed["primary"]) == (DOMAIN, "new", None)
    assert DOMAIN in northwind("directory", "list")[1]
    [lab] = parsed(northwind("directory", "add", "lab.example.test", "--json"))
    assert (lab["name"], lab["identity"], lab["kind"]) == (
        "lab.example.test", None, "active_directory",
    )  # fmt: skip
    files = ("directory", "add", "files1.example.test", "--kind", "workgroup", "--json")
    assert parsed(northwind(*files))[0]["kind"] == "workgroup"
    assert northwind("directory", "add", "files2.example.test", "--kind", "novell")[0] == 2


@pytest.mark.parametrize(
    ("typed", "why"),
    [("CORP", "NetBIOS"), ("192.0.2.1", "address"), ("a@corp.test", "account"),
     (" ", "Nothing"), ("-.test", "no DNS name")],
)  # fmt: skip
def test_what_is_no_domain_is_wrong_usage(northwind: Command, typed: str, why: str) -> None:
    status, _, err = northwind("directory", "add", "--", typed)
    assert status == 2
    assert why in err


def test_whom_to_read_is_chosen_shown_and_forgotten(
    northwind: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    northwind("directory", "add", DOMAIN)
    sync = ("directory", "sync", DOMAIN)
    assert "Nobody is read" in northwind(*sync)[1]
    assert parsed(northwind(*sync, "--json")) == [{"directory": DOMAIN, "read": False}]
    assert northwind(*sync, "--unit", "Staff")[0] == 2
    assert northwind(*sync, "--everybody", "--stop")[0] == 2
    many = [word for n in range(41) for word in ("--group", f"CN={n}")]
    assert "at most" in northwind(*sync, *many)[2]
    chosen = northwind(*sync, "--unit", "OU=A,DC=x", "--unit", "OU=B,DC=x", "--group", "CN=C")
    assert "A full read is due" in chosen[1]
    [shown] = parsed(northwind(*sync, "--json"))
    assert (shown["units"], shown["groups"]) == (["OU=A,DC=x", "OU=B,DC=x"], ["CN=C"])
    assert (shown["phase"], shown["present"], shown["trouble"]) == ("due", 0, "")
    assert parsed(northwind(*sync, "--everybody", "--json"))[0]["units"] == []
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert northwind(*sync, "--stop")[0] == 1
    assert "Nobody is read" in northwind(*sync, "--stop", "--yes")[1]


def test_how_far_a_directory_is_read_is_told(northwind: Command, house: House) -> None:
    northwind("directory", "add", DOMAIN)
    northwind("directory", "sync", DOMAIN, "--everybody")

    def change(tx: Tx, **fields: Any) -> None:
        (tenant,) = tx.tenants.all()
        (directory,) = tx.directories.all(tenant.id)
        sync = tx.syncs.get(tenant.id, directory.id)
        assert sync is not None
        tx.syncs.put(tenant.id, replace(sync, **fields))

    def told(**fields: Any) -> str:
        house.store.submit_write(lambda tx: change(tx, **fields)).result(10)
        return northwind("directory", "sync", DOMAIN)[1]

    assert "400 of 10000" in told(phase=Phase.READING, done=400, total=10_000, begun_at=1)
    assert "0 accounts are known" in told(phase=Phase.FOLLOWING, heard_at=1)

    def keep(tx: Tx) -> None:
        (tenant,) = tx.tenants.all()
        (directory,) = tx.directories.all(tenant.id)
        every = [Known(make_entry("0a"), 1, unclear="shared"),
                 Known(make_entry("0b"), 1, 86_400_000, owing=Owing.HELD)]  # fmt: skip
        tx.syncs.keep(tenant.id, directory.id, every)

    house.store.submit_write(keep).result(10)
    owing = told()
    assert "Of 1 nobody knows whose they are" in owing
    assert "1 of them went together" in owing
    [shown] = parsed(northwind("directory", "sync", DOMAIN, "--json"))
    assert (shown["unclear"], shown["held"]) == (1, 1)
    assert shown["held_since"] == "1970-01-02T00:00:00.000Z"
    stuck = told(trouble="scope OU=A\x1b")
    assert "does not go on: scope OU=A" in stuck
    assert "\x1b" not in stuck


def test_a_token_is_shown_once_for_people_and_programs(northwind: Command) -> None:
    northwind("directory", "add", DOMAIN)
    status, out, _ = northwind("directory", "token", DOMAIN)
    token = out.splitlines()[0]
    assert (status, len(token)) == (0, 43)
    [made] = parsed(northwind("directory", "token", DOMAIN, "--role", "listener", "--json"))
    assert (made["role"], made["directory"]) == ("listener", DOMAIN)
    stored = Path("data").rglob("*")
    text = b"".join(file.read_bytes() for file in stored if file.is_file())
    assert token.encode() not in text
    assert made["token"].encode() not in text


def test_a_directory_that_is_not_there_is_not_done(northwind: Command) -> None:
    for words in (("token",), ("agents",), ("revoke",)):
        agent = ("dc1",) if words == ("revoke",) else ()
        status, _, err = northwind("directory", *words, "nowhere.test", *agent)
        assert status == 1
        assert "There is: none" in err


def test_agents_are_shown_and_revoked_after_a_question(
    northwind: Command, corp: Corp, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = parsed(northwind("directory", "agents", DOMAIN, "--json"))
    assert (first["name"], first["standing"], first["primary"]) == ("dc1", "living", True)
    assert first["fingerprint"] in northwind("directory", "agents", corp.directory.id)[1]
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert northwind("directory", "revoke", DOMAIN, "dc2")[0] == 1
    assert "is revoked" in northwind("directory", "revoke", DOMAIN, "dc2", "--yes")[1]
    assert northwind("directory", "revoke", DOMAIN, "dc2", "--yes")[0] == 1
    words = ("directory", "revoke", DOMAIN, second["id"], "--yes", "--json")
    assert parsed(northwind(*words))[0]["name"] == "dc2"


def test_a_directory_without_agents_says_so(northwind: Command) -> None:
    northwind("directory", "add", DOMAIN)
    assert "has no agent" in northwind("directory", "agents", DOMAIN)[1]


class Answering:
    """The agent's part, while a command waits."""

    def __init__(self, corp: Corp, cause: str, view: dict[str, Any]) -> None:
        self._corp, self._cause, self._view = corp, cause, view
        self.done = threading.Event()

    def wait(self, _seconds: float) -> None:
        """In the place of a pause."""
        self._corp.answer(self._cause, **self._view)
        self.done.set()


@pytest.fixture
def answers(corp: Corp, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Decide what the directory will say."""

    def decide(cause: str = "", **view: Any) -> None:
        answering = Answering(corp, cause, {"guid": GUID, "upn": f"ada@{DOMAIN}", **view})
        monkeypatch.setattr(directory_links, "pause", answering.wait)

    return decide


def test_an_account_is_linked_as_the_directory_answers(
    northwind: Command, answers: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers()
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    link = ("directory", "link", "ada", DOMAIN, "ada")
    status, _, err = northwind(*link)
    assert status == 1
    assert f"Ada B. (ada@{DOMAIN}, {GUID})" in err
    [made] = parsed(northwind(*link, "--yes", "--json"))
    assert made["accounts"] == [
        {"directory": DOMAIN, "name": "ada", "upn": f"ada@{DOMAIN}", "guid": GUID}
    ]
    northwind("user", "create", "eve@people.test", "--name", "Eve", "--username", "eve")
    status, _, err = northwind("directory", "link", "eve", DOMAIN, "ada", "--yes")
    assert status == 1
    assert "Somebody else (Ada Byron)" in err
    assert "no directory account" in northwind("directory", "unlink", "ada", DOMAIN)[1]
    assert northwind("directory", "unlink", "ada", DOMAIN)[0] == 1
    assert f"ada in {DOMAIN}" in northwind(*link, "--yes")[1]


@pytest.mark.parametrize(
    ("cause", "view", "said"),
    [("not_found", {}, "knows no such account"), ("timeout", {}, "did not answer"),
     ("", {"protected": "domain_admins"}, "protected (domain admins)")],
)  # fmt: skip
def test_what_cannot_be_linked_is_not_done(
    northwind: Command, answers: Callable[..., None], cause: str, view: Any, said: str
) -> None:
    answers(cause, **view)
    status, _, err = northwind("directory", "link", "ada", DOMAIN, "ada", "--yes")
    assert status == 1
    assert said in err


def test_nobody_answers_where_no_agent_is(northwind: Command) -> None:
    northwind(*ADA)
    northwind("directory", "add", DOMAIN)
    status, _, err = northwind("directory", "link", "ada", DOMAIN, "ada", "--yes")
    assert status == 1
    assert "No agent of this directory may act yet" in err
    assert northwind("directory", "link", "ada", DOMAIN, "", "--yes")[0] == 2


def test_jobs_are_shown_newest_first(northwind: Command, house: House, corp: Corp) -> None:
    assert "There is no job" in northwind("directory", "jobs")[1]
    account, now = corp.link(ada_of(house), "ada"), corp.now
    for state, reason in ((JobState.NOT_DONE, "too_short"), (JobState.DONE, "")):
        job = make_job(account, id=house.parts.random.id(now), state=state, reason=reason,
                       finished_at=now, envelopes=(), created_at=now,
                       everywhere_at=None if reason else now)  # fmt: skip
        house.store.submit_write(lambda tx, job=job: tx.jobs.add(job)).result(10)  # type: ignore[misc]
    found = parsed(northwind("directory", "jobs", DOMAIN, "--json"))
    assert {job["state"] for job in found} == {"done", "not_done"}
    assert json.dumps(found)
    out = northwind("directory", "jobs")[1]
    assert "too_short" in out
    assert "everywhere" in out
