"""A directory in the console as what it is: its limits, its servers, whom it can read."""

from __future__ import annotations

import html

import pytest

from keyturn.rules.accounts import Role
from keyturn.rules.directories.entries import DirectoryKind
from keyturn.rules.directories.limits import LIMITS
from keyturn.rules.directories.proofs import ProofState
from tests.unit.web.console.desk import Desk, Office, heading
from tests.unit.web.console.test_directories import begin, text
from tests.unit.web.corp import Corp, host

OTHERS = (DirectoryKind.OPENLDAP, DirectoryKind.WORKGROUP)


@pytest.fixture
def desk(office: Office) -> Desk:
    return office.desk(Role.MANAGER)


def corp_of(office: Office, kind: DirectoryKind) -> Corp:
    house = office.house
    return Corp(house.write, house.parts, house.tenant, kind=kind)


def page_of(desk: Desk, corp: Corp) -> str:
    return html.unescape(text(desk.get(f"/console/directories/{corp.directory.id}").text))


@pytest.mark.parametrize("kind", DirectoryKind)
def test_every_limit_of_its_kind_is_named_and_no_other(
    office: Office, desk: Desk, kind: DirectoryKind
) -> None:
    page = page_of(desk, corp_of(office, kind))
    named = {limit for limits in LIMITS.values() for limit in limits.values() if limit in page}
    assert named == set(LIMITS[kind].values())
    assert ("What is unlike a domain" in page) is (kind is not DirectoryKind.ACTIVE_DIRECTORY)


@pytest.mark.parametrize("kind", OTHERS)
def test_only_a_domain_has_sites_and_a_pdc(office: Office, desk: Desk, kind: DirectoryKind) -> None:
    page = page_of(desk, corp_of(office, kind))
    servers = page.partition("As the primary saw them")[2].partition("People in it")[0]
    assert host("dc1") in servers
    for word in ("PDC", "Site", "ontroller"):
        assert word not in servers


def test_a_machine_is_read_whole(office: Office, desk: Desk) -> None:
    corp = corp_of(office, DirectoryKind.WORKGROUP)
    url = f"/console/directories/{corp.directory.id}"
    page = desk.get(url).text
    assert "Read everybody" in page
    assert "<textarea" not in page
    assert desk.post(f"{url}/sync", units="", groups="").status_code == 303
    assert "Read everybody" not in desk.get(url).text
    assert "<textarea" in desk.get(f"/console/directories/{_domain(office).directory.id}").text


def _domain(office: Office) -> Corp:
    house = office.house
    return Corp(house.write, house.parts, house.tenant, domain="lab.example.test")


@pytest.mark.parametrize(
    ("kind", "done", "everywhere"),
    [
        (DirectoryKind.OPENLDAP, "2 servers have not shown it yet", "on every server since"),
        (DirectoryKind.WORKGROUP, "2 machines have not shown it yet", "on the machine since"),
    ],
)
def test_a_job_is_told_in_the_words_of_its_kind(
    office: Office, desk: Desk, kind: DirectoryKind, done: str, everywhere: str
) -> None:
    corp, ada = corp_of(office, kind), office.house.user()
    corp.link(ada, "ada")
    begin(desk, corp, ada, "unlock")
    job = corp.take()
    corp.done(job)
    corp.seen(job, "dc1", ProofState.ARRIVED, 0)
    page = desk.get(f"/console/jobs/{job.id}")
    assert done in heading(page)
    assert "ontroller" not in text(page.text)
    for name in ("dc2", "dc3"):
        corp.seen(job, name, ProofState.ARRIVED, 900)
    assert everywhere in heading(desk.get(f"/console/jobs/{job.id}"))


@pytest.mark.parametrize("kind", OTHERS)
def test_a_refusal_names_no_controller_where_there_is_none(
    office: Office, desk: Desk, kind: DirectoryKind
) -> None:
    corp, ada = corp_of(office, kind), office.house.user()
    corp.link(ada, "ada")
    begin(desk, corp, ada, "unlock")
    job = corp.take()
    corp.report(job, "not_done", "timeout")
    page = desk.get(f"/console/jobs/{job.id}")
    word = "machine" if kind is DirectoryKind.WORKGROUP else "server"
    assert heading(page) == f"Unlock: not done. The {word} did not answer."
    assert "Why does it lock again?" not in desk.get(f"/console/users/{ada.id}").text
