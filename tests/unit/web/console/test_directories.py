"""Directories, agents, jobs and linked accounts in the console."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from keyturn.rules.accounts import Role, User
from keyturn.rules.directories import topology
from keyturn.rules.directories.entries import DirectoryKind, Scope
from keyturn.rules.directories.proofs import ProofState
from keyturn.rules.directories.resets import JobKind, JobState
from keyturn.rules.directories.syncs import LATE_MS, Phase, Sync
from keyturn.rules.directories.things import Agent, AgentState, Directory
from keyturn.rules.directories.topology import Controller, Link, Topology
from keyturn.rules.events import Event
from keyturn.wire.certificates import fingerprint
from tests.unit.web.console.desk import Desk, Office, heading
from tests.unit.web.corp import DOMAIN, Corp, host

GUID = "0123456789abcdef" * 2
BASE = "/t/northwind"


@pytest.fixture
def corp(office: Office) -> Corp:
    """A directory with two candidates; the first is primary."""
    return Corp(office.house.write, office.house.parts, office.house.tenant)


@pytest.fixture
def ada(office: Office) -> User:
    return office.house.user()


@pytest.fixture
def desk(office: Office) -> Desk:
    """Where a manager sits."""
    return office.desk(Role.MANAGER)


def text(page: str) -> str:
    """What is read of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def put(office: Office, agent: Agent) -> None:
    """Store an agent as it is now."""
    office.house.write(lambda tx: tx.agents.update(agent))


def directory_page(desk: Desk, corp: Corp) -> str:
    return desk.get(f"/console/directories/{corp.directory.id}").text


# -- directories


def test_a_directory_is_added_by_its_dns_name(office: Office, desk: Desk) -> None:
    assert heading(desk.get("/console/directories")) == "No directory is connected."
    refused = desk.post("/console/directories", name="CORP")
    assert refused.status_code == 422
    assert "short (NetBIOS) name" in refused.text
    assert 'value="CORP"' in refused.text
    added = desk.post("/console/directories", name="Corp.example.test")
    assert added.status_code == 303
    (found,) = office.house.write(lambda tx: tx.directories.all(office.house.tenant.id))
    assert added.headers["location"] == f"{BASE}/console/directories/{found.id}"
    assert "there already" in desk.post("/console/directories", name=DOMAIN).text
    page = desk.get(f"/console/directories/{found.id}")
    assert heading(page) == f"{DOMAIN} waits for its first agent."
    assert "The map comes with the first primary agent" in page.text
    listed = desk.get("/console/directories")
    assert heading(listed) == "1 directory is not served at this moment."


def test_a_kind_is_chosen_once_and_shown(office: Office, desk: Desk) -> None:
    form = {"name": "files1.example.test", "kind": "workgroup"}
    added = desk.post("/console/directories", **form)
    (found,) = office.house.write(lambda tx: tx.directories.all(office.house.tenant.id))
    assert found.kind is DirectoryKind.WORKGROUP
    page = text(desk.get(added.headers["location"].removeprefix(BASE)).text)
    assert "Workgroup machine" in page
    assert "beside the machine" in page
    again = desk.post("/console/directories", **form).text
    assert '<option value="workgroup" selected>' in again
    assert desk.post("/console/directories", name="x.test", kind="novell").status_code == 422


def test_all_is_well_when_every_directory_is_served(desk: Desk, corp: Corp) -> None:
    assert heading(desk.get("/console/directories")) == "The directory is served."
    assert f"{DOMAIN} is served by dc1." in text(directory_page(desk, corp))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"clone_at": 1},
            f"No agent of {DOMAIN} is heard: nothing can be reset or unlocked there.",
        ),
        ({"state": AgentState.WAITING}, f"No agent of {DOMAIN} is approved yet."),
    ],
)
def test_the_page_says_how_it_stands(
    office: Office, desk: Desk, corp: Corp, changes: dict[str, Any], sentence: str
) -> None:
    for agent in corp.agents:
        put(office, replace(agent, **changes))
    page = desk.get(f"/console/directories/{corp.directory.id}")
    assert heading(page) == sentence


def test_without_a_lease_it_has_no_primary(office: Office, desk: Desk, corp: Corp) -> None:
    place = (office.house.tenant.id, corp.directory.id)

    def let_go(tx: Any) -> None:
        was = tx.directories.lease(*place)
        tx.directories.take_lease(place[0], replace(was, until=0), was)

    office.house.write(let_go)
    page = desk.get(f"/console/directories/{corp.directory.id}")
    assert heading(page) == f"{DOMAIN} has no primary agent at this moment."


def test_who_waits_is_shown_with_the_fingerprint_to_compare(
    office: Office, desk: Desk, corp: Corp
) -> None:
    waiting = replace(corp.agents[1], state=AgentState.WAITING, certificate=None)
    put(office, waiting)
    page = text(directory_page(desk, corp))
    assert "dc2 waits for approval" in page
    assert fingerprint(waiting.signing_key, waiting.sealing_key) in page
    assert "keyturn agent approve" in page
    identity = corp.identity.public_key().public_bytes_raw()
    assert fingerprint(identity) in page


def test_a_copied_key_and_what_an_agent_says_is_wrong_are_shown(
    office: Office, desk: Desk, corp: Corp
) -> None:
    copied = replace(corp.agents[1], clone_at=corp.now, facts='{"clock": "late"}')
    put(office, copied)
    page = desk.get(f"/console/directories/{corp.directory.id}")
    assert "the key of dc2 was seen in two places and is stopped" in heading(page)
    assert "clock: late" in text(page.text)
    for odd in ("{", "[]"):
        put(office, replace(copied, facts=odd))
        assert desk.get(f"/console/directories/{corp.directory.id}").status_code == 200


def charted(office: Office, corp: Corp, *sites: str) -> Directory:
    """The directory with one controller in each site, the second unreachable."""
    controllers = tuple(
        Controller(host(f"dc{n}"), site, f"{n:032}", False, True, True, pdc=n == 1)
        for n, site in enumerate(sites, 1)
    )
    links = (Link("chain", sites, 100, 15), Link("far", (sites[0], sites[-1]), 9, 180))
    chart = Topology(DOMAIN, "CORP", "DC=x", "", policy_hints=False,
                     controllers=controllers, links=links)  # fmt: skip
    told = replace(
        corp.directory, topology=topology.encode(chart),
        reachable=f'{{"{host("dc1")}": "", "{host("dc2")}": "tls_old"}}',
    )  # fmt: skip
    office.house.write(lambda tx: tx.directories.update(told))
    return told


def test_the_map_and_the_table_say_the_same(office: Office, desk: Desk, corp: Corp) -> None:
    charted(office, corp, "Hamburg", "Lisbon", "Porto", "Riga & Oslo")
    page = directory_page(desk, corp)
    assert "which cannot reach 1 controller." in text(page)
    svg = page[page.index("<svg viewBox") : page.index("</table>")]
    drawn, table = svg[: svg.index("<table")], svg[svg.index("<table") :]
    assert drawn.count('class="map-site"') == 4
    assert drawn.count('class="map-line"') == 4  # three of the chain, one between its ends
    for name, word, tone in (("dc1", "Reached", "good"), ("dc2", "Not reached", "bad")):
        assert f'class="map-node {tone}"><title>{host(name)}: {word}' in drawn
        assert host(name) in table
    assert "It offers no TLS 1.2" in table
    assert f"{host('dc2')} in Lisbon: not reached, it offers no TLS 1.2." in drawn
    assert "Riga &amp; Oslo" in drawn
    assert "style=" not in drawn


def test_every_box_is_within_the_picture_and_none_on_another(
    office: Office, desk: Desk, corp: Corp
) -> None:
    charted(office, corp, *(f"Site {n}" for n in range(7)))
    page = directory_page(desk, corp)
    width, height = map(int, re.search(r'<svg viewBox="0 0 (\d+) (\d+)"', page).groups())  # type: ignore[union-attr]
    boxes = [tuple(map(int, found)) for found in re.findall(
        r'class="map-site" x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"', page)]  # fmt: skip
    assert len(boxes) == 7
    assert all(x + w <= width and y + h <= height for x, y, w, h in boxes)
    apart = [
        a[0] + a[2] <= b[0] or b[0] + b[2] <= a[0] or a[1] + a[3] <= b[1] or b[1] + b[3] <= a[1]
        for n, a in enumerate(boxes) for b in boxes[n + 1 :]
    ]  # fmt: skip
    assert all(apart)


# -- letting agents in, revoking


def test_whom_to_read_is_chosen_mended_and_forgotten(
    office: Office, desk: Desk, corp: Corp
) -> None:
    place = (office.house.tenant.id, corp.directory.id)
    url = f"/console/directories/{corp.directory.id}"
    assert "Not read" in directory_page(desk, corp)
    wrong = desk.post(f"{url}/sync", units="Staff <b>", groups="CN=All,DC=x")
    assert wrong.status_code == 422
    assert "This is no distinguished name: Staff &lt;b&gt;" in wrong.text
    assert "CN=All,DC=x</textarea>" in wrong.text
    many = "\r\n".join(f"OU={n}" for n in range(41))
    assert "too many" in desk.post(f"{url}/sync", units=many).text
    assert office.house.write(lambda tx: tx.syncs.get(*place)) is None
    assert desk.post(f"{url}/sync", units="OU=A,DC=x\r\nOU=B,DC=x").status_code == 303
    page = directory_page(desk, corp)
    assert "Waits for its primary" in page
    assert "OU=A,DC=x\nOU=B,DC=x</textarea>" in page
    seen = text(office.desk(Role.AUDITOR).get(url).text)
    assert "Below OU=A,DC=x OU=B,DC=x In one of In a group or not" in seen
    assert desk.post(f"{url}/sync/end").status_code == 303
    assert office.house.write(lambda tx: tx.syncs.get(*place)) is None


def test_how_far_a_directory_is_read_is_said_in_words(
    office: Office, desk: Desk, corp: Corp
) -> None:
    tenant, now = office.house.tenant.id, office.house.clock.now()
    reading = Sync(
        corp.directory.id, Scope(), 1, Phase.READING, "0a", 10_000, 400, b"c", now, None, None
    )

    def shown(sync: Sync) -> str:
        office.house.write(lambda tx: tx.syncs.put(tenant, sync))
        return text(directory_page(desk, corp))

    assert "Being read" in shown(reading)
    followed = replace(reading, phase=Phase.FOLLOWING, finished_at=now, heard_at=now)
    page = shown(followed)
    assert "Up to date" in page
    assert "0 accounts are known" in page
    stuck = shown(replace(reading, trouble="scope OU=<A>"))
    assert "does not exist, or may not be read: OU=&lt;A&gt; ." in stuck
    assert "fits into a message" in shown(replace(reading, trouble="size"))
    away = shown(replace(reading, trouble="timeout dc1.corp.test"))
    assert "dc1.corp.test cannot be read: it does not answer." in away
    assert "Not heard lately" in shown(replace(followed, heard_at=now - LATE_MS))


def test_a_token_is_shown_once_and_never_stored(office: Office, desk: Desk, corp: Corp) -> None:
    path = f"/console/directories/{corp.directory.id}"
    shown = desk.post(f"{path}/token", role="listener")
    assert heading(shown) == f"This token lets one listener into {DOMAIN}."
    token = re.search(r'id="token"[^>]*>([\w-]{43})<', shown.text)
    assert token
    assert token[1] not in office.house.dump("enrolments", "audit")
    assert "1 token is open" in text(desk.get(path).text)
    assert desk.post(f"{path}/token", role="king").status_code == 422


def test_an_agent_is_revoked_after_a_question(office: Office, desk: Desk, corp: Corp) -> None:
    path = f"/console/directories/{corp.directory.id}/agents/{corp.agents[0].id}/revoke"
    asked = desk.get(path)
    assert heading(asked) == "Revoke the agent dc1?"
    assert "It is the primary" in asked.text
    assert desk.post(path).status_code == 303
    assert "No agent of" not in text(directory_page(desk, corp))
    last = f"/console/directories/{corp.directory.id}/agents/{corp.agents[1].id}/revoke"
    assert "No other agent of" in desk.get(last).text
    assert office.house.events() == [Event.AGENT_REVOKED]
    gone = f"/console/directories/{corp.directory.id}/agents/{'0' * 26}/revoke"
    assert (desk.get(gone).status_code, desk.post(gone).status_code) == (404, 404)


# -- whose account is whose


def ask(desk: Desk, corp: Corp, user: User, name: str = "ada") -> str:
    """Where the answer to a name will be."""
    path = f"/console/users/{user.id}/link"
    asked = desk.post(path, directory=corp.directory.id, name=name)
    assert asked.status_code == 303, asked.text
    return asked.headers["location"].removeprefix(BASE)


def test_an_account_is_linked_by_what_the_directory_answered(
    office: Office, desk: Desk, corp: Corp, ada: User
) -> None:
    form = desk.get(f"/console/users/{ada.id}/link")
    assert heading(form) == "Which account in the directory is Ada Byron’s?"
    where = ask(desk, corp, ada)
    assert heading(desk.get(where)) == f"{DOMAIN} is asked for “ada”."
    waits = desk.get(where, hx_request="true")
    assert (waits.status_code, "hx-redirect" in waits.headers) == (204, False)
    corp.answer(guid=GUID, upn=f"ada@{DOMAIN}")
    there = desk.get(where, hx_request="true")
    assert there.headers["hx-redirect"] == f"{BASE}{where}"
    found = desk.get(where)
    assert heading(found) == "Is this Ada Byron’s account?"
    assert GUID in found.text
    assert desk.post(where).headers["location"] == f"{BASE}/console/users/{ada.id}"
    page = text(desk.get(f"/console/users/{ada.id}").text)
    assert f"ada@{DOMAIN}; linked just now" in page
    unlink = f"/console/users/{ada.id}/directories/{corp.directory.id}/unlink"
    assert heading(desk.get(unlink)) == f"Unlink ada in {DOMAIN} from Ada Byron?"
    assert desk.post(unlink).status_code == 303
    assert (desk.get(unlink).status_code, desk.post(unlink).status_code) == (404, 404)
    assert "None is linked" in desk.get(f"/console/users/{ada.id}").text
    done = [e for e in office.house.events(ada) if e.startswith("account.")]
    assert done == [Event.ACCOUNT_LINKED, Event.ACCOUNT_UNLINKED]


@pytest.mark.parametrize(
    ("cause", "view", "sentence"),
    [
        ("not_found", {}, f"{DOMAIN} knows no account “ada”."),
        ("timeout", {}, f"{DOMAIN} did not answer in time."),
        ("tls_ca", {}, f"{DOMAIN} could not be asked"),
        ("", {"protected": "domain_admins"}, "ada is an account that Keyturn never touches."),
    ],
)
def test_what_cannot_be_linked_says_why(
    desk: Desk, corp: Corp, ada: User, cause: str, view: dict[str, Any], sentence: str
) -> None:
    where = ask(desk, corp, ada)
    corp.answer(cause, **{"guid": GUID, **view})
    found = desk.get(where)
    assert heading(found).startswith(sentence)
    assert "Yes, link it" not in found.text
    assert desk.post(where).status_code == 409


def test_an_account_that_somebody_else_has_is_told(
    office: Office, desk: Desk, corp: Corp, ada: User
) -> None:
    eve = office.house.user("eve@northwind.test", name="Eve")
    mine, theirs = ask(desk, corp, ada), ask(desk, corp, eve)
    corp.answer(guid=GUID)
    desk.post(theirs)
    taken = desk.post(mine)
    assert taken.status_code == 409
    assert heading(taken) == "ada is linked to somebody else already."
    assert f'<a href="{BASE}/console/users/{eve.id}">Eve</a>' in taken.text


def test_a_name_is_wanted_and_a_directory_that_hears(
    office: Office, desk: Desk, corp: Corp, ada: User
) -> None:
    path = f"/console/users/{ada.id}/link"
    assert "Connect one first" in text(
        office.desk(Role.OWNER, tenant=office.other).get(
            f"/console/users/{office.house.user('bo@f.test', tenant=office.other).id}/link"
        ).text
    )  # fmt: skip
    for name in ("", "a" * 255):
        empty = desk.post(path, directory=corp.directory.id, name=name)
        assert empty.status_code == 422
        assert "Type a name as the directory has it." in empty.text
    office.house.clock.move(45_000)
    silent = desk.post(path, directory=corp.directory.id, name="ada")
    assert silent.status_code == 422
    assert "No agent of this directory is heard at this moment." in silent.text
    assert desk.post(path, directory="0" * 26, name="ada").status_code == 404


# -- jobs


def begin(desk: Desk, corp: Corp, user: User, act: str) -> str:
    """Start one on a user's account; where it is shown."""
    begun = desk.post(f"/console/users/{user.id}/directories/{corp.directory.id}/{act}")
    assert begun.status_code == 303, begun.text
    return begun.headers["location"].removeprefix(BASE)


@pytest.mark.parametrize(
    ("act", "kind", "sentence"),
    [
        ("reset", JobKind.RESET, "Ada Byron is asked to choose a new password until"),
        ("unlock", JobKind.UNLOCK, "The job waits for the primary agent, until"),
        ("require-change", JobKind.REQUIRE_CHANGE, "The job waits for the primary agent, until"),
    ],
)
def test_a_technician_begins_a_job_and_may_give_it_up(
    office: Office, corp: Corp, ada: User, act: str, kind: JobKind, sentence: str
) -> None:
    desk = office.desk(Role.TECHNICIAN)
    corp.link(ada, "ada")
    where = begin(desk, corp, ada, act)
    assert corp.job().kind is kind
    page = desk.get(where)
    assert heading(page).startswith(sentence)
    assert f"by {desk.me and desk.me.name}" in text(page.text)
    assert desk.post(f"{where}/cancel").headers["location"] == f"{BASE}{where}"
    assert corp.job().state is JobState.NOT_DONE
    assert "It was given up before anything was sent." in heading(desk.get(where))
    assert "Give it up" not in desk.get(where).text


def test_a_job_is_shown_step_by_step_with_its_proof(
    office: Office, desk: Desk, corp: Corp, ada: User
) -> None:
    corp.link(ada, "ada")
    where = begin(desk, corp, ada, "unlock")
    job = corp.take()
    assert heading(desk.get(where)).startswith("An agent may act until")
    corp.done(job)
    corp.seen(job, "dc1", ProofState.PROVED, 0)
    corp.seen(job, "dc2", ProofState.ARRIVED, 1800)
    part = desk.get(where, hx_request="true").text
    assert part.lstrip().startswith('<div id="job" hx-get=')
    shown = text(part)
    assert f"Unlock: done on {host('dc1')}; 1 controller has not shown it yet." in shown
    assert "1.8 s" in shown
    assert part.count("Arrived</span>") == 2  # of an unlock there is nothing to try
    assert "Read-only: asks a writable one" in shown
    names = ["Handed to the directory", "An agent may act", "Done in the directory"]
    assert [part.index(name) for name in names] == sorted(part.index(name) for name in names)
    assert f"agent dc1, {host('dc1')}" in shown
    corp.seen(job, "dc3", ProofState.ARRIVED, 2500)
    over = desk.get(where)
    assert "done, and on every writable controller since" in heading(over)
    assert "hx-trigger" not in over.text


@pytest.mark.parametrize(
    ("outcome", "reason", "sentence"),
    [
        ("not_done", "no_right", "not done. The agent’s account has no right"),
        ("not_done", "from_tomorrow", "not done. From tomorrow."),
        ("changed", "", "somebody else has changed the account since."),
    ],
)
def test_how_a_job_ended_is_said_in_words(
    desk: Desk, corp: Corp, ada: User, outcome: str, reason: str, sentence: str
) -> None:
    corp.link(ada, "ada")
    where = begin(desk, corp, ada, "unlock")
    corp.report(corp.take(), outcome, reason)
    assert sentence in heading(desk.get(where))


def test_jobs_are_listed_and_counted(desk: Desk, corp: Corp, ada: User) -> None:
    assert heading(desk.get("/console/jobs")) == "Nothing was asked of a directory yet."
    corp.link(ada, "ada")
    where = begin(desk, corp, ada, "unlock")
    assert heading(desk.get("/console/jobs")) == "1 job is under way or still watched."
    corp.report(corp.take(), "not_done", "gone")
    for path in ("/console/jobs", f"/console/jobs?directory={corp.directory.id}"):
        page = desk.get(path)
        assert heading(page) == "Every job has its answer."
        assert f'href="{BASE}{where}"' in page.text
    assert f'href="{BASE}{where}"' in desk.get(f"/console/users/{ada.id}").text
    assert f'href="{BASE}{where}"' in directory_page(desk, corp)


def test_a_job_of_somebody_erased_is_still_shown(
    office: Office, desk: Desk, corp: Corp, ada: User
) -> None:
    corp.link(ada, "ada")
    where = begin(desk, corp, ada, "reset")
    office.house.write(lambda tx: tx.users.delete(ada.tenant_id, ada.id))
    assert heading(desk.get(where)).startswith("Somebody erased since is asked")


def test_what_cannot_be_begun_says_why(office: Office, desk: Desk, corp: Corp, ada: User) -> None:
    corp.link(ada, "ada")
    path = f"/console/users/{ada.id}/directories/{corp.directory.id}/reset"
    office.house.change(ada, frozen_at=corp.now)
    frozen = desk.post(path)
    assert frozen.status_code == 409
    assert heading(frozen) == "Changes to the user’s account are frozen."
    office.house.change(ada, frozen_at=None)
    office.house.clock.move(45_000)
    silent = desk.post(path)
    assert "No agent of this directory is heard at this moment. The last was heard" in heading(
        silent
    )


# -- who comes in, and as far as where


def doors(office: Office, corp: Corp, ada: User) -> dict[str, tuple[str, str, dict[str, str]]]:
    """Method, path and fields of each door that only some may use."""
    owner = office.desk(Role.OWNER)
    corp.link(ada, "ada")
    where = ask(owner, corp, ada)
    corp.answer(guid=ada.id.encode().hex()[:32])
    job = begin(owner, corp, ada, "reset")
    place, agent = corp.directory.id, corp.agents[1].id
    account = f"/console/users/{ada.id}/directories/{place}"
    return {
        "cancel": ("POST", f"{job}/cancel", {}),
        "reset": ("POST", f"{account}/reset", {}),
        "unlock": ("POST", f"{account}/unlock", {}),
        "require": ("POST", f"{account}/require-change", {}),
        "add": ("POST", "/console/directories", {"name": "new.example.test"}),
        "token": ("POST", f"/console/directories/{place}/token", {"role": "candidate"}),
        "read": ("POST", f"/console/directories/{place}/sync", {"units": "OU=A,DC=x"}),
        "gone": ("GET", f"/console/directories/{place}/gone", {}),
        "scope": ("POST", f"/console/directories/{place}/gone", {"answer": "scope"}),
        "forget": ("POST", f"/console/directories/{place}/sync/end", {}),
        "sure": ("GET", f"/console/directories/{place}/agents/{agent}/revoke", {}),
        "form": ("GET", f"/console/users/{ada.id}/link", {}),
        "ask": ("POST", f"/console/users/{ada.id}/link", {"directory": place, "name": "x"}),
        "found": ("GET", where, {}),
        "confirm": ("POST", where, {}),
        "unsure": ("GET", f"{account}/unlink", {}),
        "unlink": ("POST", f"{account}/unlink", {}),
        "revoke": ("POST", f"/console/directories/{place}/agents/{agent}/revoke", {}),
    }


HELP = {"cancel", "reset", "unlock", "require"}


@pytest.mark.parametrize("role", [*Role, None])
def test_each_role_does_what_the_table_says(
    office: Office, corp: Corp, ada: User, role: Role | None
) -> None:
    found = doors(office, corp, ada)
    desk = office.desk(role)
    allowed = set(found) if role in (Role.OWNER, Role.MANAGER) else set[str]()
    allowed |= HELP if role is Role.TECHNICIAN else set()
    for name, (method, path, fields) in found.items():
        answer = desk.get(path) if method == "GET" else desk.post(path, **fields)
        refused = 404 if role is None else 403
        assert (answer.status_code == refused) is (name not in allowed), (name, answer.status_code)
        assert answer.status_code in {200, 303, refused}, name
    looks = ("/console/directories", "/console/jobs", f"/console/directories/{corp.directory.id}")
    for path in looks:
        page = desk.get(path)
        assert page.status_code == (404 if role is None else 200)
        assert ("Add an agent" in page.text) is (path is looks[2] and "add" in allowed)


def test_nothing_of_another_tenant_is_found(office: Office, corp: Corp, ada: User) -> None:
    found = doors(office, corp, ada)
    stranger = office.desk(Role.OWNER, tenant=office.other)
    for name, (method, path, fields) in found.items():
        if name == "add":
            continue
        answer = stranger.get(path) if method == "GET" else stranger.post(path, **fields)
        assert answer.status_code == 404, name
    job = corp.job().id
    for path in (f"/console/directories/{corp.directory.id}", f"/console/jobs/{job}"):
        assert stranger.get(path).status_code == 404
    assert DOMAIN not in stranger.get("/console/directories").text
    assert job not in stranger.get(f"/console/jobs?directory={corp.directory.id}").text
