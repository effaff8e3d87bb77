"""Made-up contexts for the console's directories, agents and jobs; see preview_samples.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace as Row
from typing import Any

from preview_directory import job, proofs  # type: ignore[import-not-found]
from preview_people import people_pages  # type: ignore[import-not-found]

from keyturn.flows.directories import Invited
from keyturn.flows.linking import Answer
from keyturn.flows.syncing import Read
from keyturn.ports.syncing import Held
from keyturn.rules.accounts import User
from keyturn.rules.directories.entries import DirectoryKind, Scope
from keyturn.rules.directories.health.catalogue import CATALOGUE
from keyturn.rules.directories.health.forest import arrange
from keyturn.rules.directories.health.spoken import headline
from keyturn.rules.directories.limits import LIMITS
from keyturn.rules.directories.protected import WORDS
from keyturn.rules.directories.resets import JobState
from keyturn.rules.directories.syncs import Phase, Sync
from keyturn.rules.directories.things import (
    Agent,
    AgentRole,
    AgentState,
    Directory,
    EnrolmentToken,
    LinkedAccount,
    Run,
)
from keyturn.rules.directories.topology import Link, Topology
from keyturn.rules.events import Entry, Event
from keyturn.rules.health.verdicts import Finding, Value
from keyturn.rules.lockout import DAY, HOUR, MINUTE, SECOND
from keyturn.steps.directory_views import (
    AccountRow,
    AgentRow,
    Candidate,
    DirectoryPage,
    DirectoryRow,
    Seen,
)
from keyturn.web.console import charts
from keyturn.web.console.directory_health import SpokenHealth, SpokenLine
from keyturn.web.console.health import spoken
from keyturn.web.console.linking import Trouble
from keyturn.words.speech import ENGLISH

NOW = 1_767_965_460_000
DOMAIN = "corp.northwind.test"
CORP = Directory("d1", "t1", DOMAIN, b"i" * 32, "{}", NOW - 4 * MINUTE, NOW - 40 * DAY)
EMPTY = replace(CORP, id="d2", name="lab.northwind.test", identity=None, topology_at=None)
MARK = "3f9a0 c11d2 88e1b 70aa4 19c55 e0f3d"
MAY = {"directories", "link_account", "start_reset", "read"}


def agent(number: int, standing: str, *, primary: bool = False, **changes: Any) -> AgentRow:
    """An agent that stands like this."""
    run = Run(f"r{number}", "m", f"dc{number} (192.0.2.{10 + number})", NOW - 3 * DAY, NOW - 8000)
    plain = Agent(
        id=f"a{number}", tenant_id="t1", directory_id="d1", name=f"dc{number}",
        role=AgentRole.CANDIDATE, state=AgentState.ACTIVE, controller=f"dc{number}.{DOMAIN}",
        signing_key=b"s" * 32, sealing_key=b"e" * 32, certificate=b"c", bequest=None, run=run,
        sequences={}, version="1.0", facts="", enrolled_at=NOW - 40 * DAY, approved_by=None,
        revoked_at=None, clone_at=None,
    )  # fmt: skip
    return AgentRow(replace(plain, **changes), standing, primary)


AGENTS = (
    agent(1, "living", primary=True),
    agent(2, "living"),
    agent(3, "silent", role=AgentRole.LISTENER),
    agent(4, "waiting", state=AgentState.WAITING, run=None, enrolled_at=NOW - 5 * MINUTE),
    agent(5, "cloned", clone_at=NOW - HOUR),
    agent(6, "revoked", state=AgentState.REVOKED, revoked_at=NOW - DAY, run=None),
)
SERVED = DirectoryRow(CORP, "served", AGENTS, AGENTS[0].agent, NOW + 38 * SECOND)
NEW = DirectoryRow(EMPTY, "new", (), None, None)
CONTROLLERS = (
    Seen(f"dc3.{DOMAIN}", "Hamburg", False, False, "unreachable", "timeout", None, ()),
    Seen(f"old-dc.{DOMAIN}", "Hamburg", False, False, "left_over", "", None, ()),
    Seen(f"dc1.{DOMAIN}", "Lisbon", True, False, "reached", "", 400, ("dc1",)),
    Seen(f"dc2.{DOMAIN}", "Lisbon", False, False, "reached", "", 1800, ("dc2",)),
    Seen(f"branch-rodc.{DOMAIN}", "Porto", False, True, "read_only", "", None, ()),
    Seen(f"dc7.{DOMAIN}", "Porto", False, False, "unknown", "", 905_000, ()),
)
LINKS = (Link("DEFAULTIPSITELINK", ("Hamburg", "Lisbon"), 100, 15),
         Link("far", ("Hamburg", "Porto"), 300, 180))  # fmt: skip
CHART = Topology(DOMAIN, "CORP", "DC=corp", "", True, (), LINKS)
TOKEN = EnrolmentToken("x", "t1", "d1", AgentRole.LISTENER, "u9", NOW + 20 * HOUR, None)
TRAIL = tuple(
    Entry(f"e{n}", "t1", NOW - 60_000 + n * 4000, event, "u1", actor, "", client, facts)
    for n, (event, actor, client, facts) in enumerate(
        (
            (Event.RESET_STARTED, "u9", "Firefox", {}),
            (Event.RESET_SUBMITTED, None, "Firefox", {}),
            (Event.RESET_PERMITTED, None, "agent dc1", {"controller": f"dc1.{DOMAIN}"}),
            (Event.RESET_DONE, None, "agent dc1", {"controller": f"dc1.{DOMAIN}"}),
        )
    )
)
READ = Sync("d1", Scope(("OU=Staff,DC=corp",)), 1, Phase.FOLLOWING, total=412, done=412,
            begun_at=NOW - DAY, finished_at=NOW - DAY, heard_at=NOW - MINUTE)  # fmt: skip
FOLLOWED = Read(CORP, READ, 402, unclear=3, held=Held(37, NOW - 20 * MINUTE))
READING = Read(CORP, replace(READ, phase=Phase.READING, done=160, finished_at=None), 160)
UNREAD = Read(EMPTY, None, 0)
LINKED = AccountRow(LinkedAccount("t1", "d1", "u1", "ab" * 16, "ann", f"ann@{DOMAIN}",
                                  NOW - 9 * DAY), DOMAIN,
                    DirectoryKind.ACTIVE_DIRECTORY)  # fmt: skip
FOUND = Candidate("ab" * 16, "ann", f"ann@{DOMAIN}", "Ann Lindqvist", "", disabled=False)
JOBS = (
    job(JobState.CHOOSING, started_by="u9"),
    job(JobState.NOT_DONE, reason="too_short"),
    job(JobState.DONE, everywhere_at=NOW - HOUR),
)


def health(visit: Any, *findings: Finding) -> SpokenHealth:
    """How a directory is, of these findings; with a line of history for the first."""
    report = arrange(findings, NOW - 20 * SECOND)
    told = spoken(visit, report, CATALOGUE, headline(report))
    first = told.roots[:1]
    lines = tuple(SpokenLine(NOW - 3 * MINUTE, "opened", r.title, "", r.what) for r in first)
    marks = {f"dc2.{DOMAIN}": ("warn", "alert", "Certificate: end")} if first else {}
    untold = ("Delegated rights",) if first else ()
    return SpokenHealth(told, untold, lines, marks)


def wrong(host: str = f"dc3.{DOMAIN}") -> tuple[Finding, ...]:
    """A controller that is dead, with what comes of it; a certificate that ends; what is well."""
    dead: dict[str, Value] = {
        "controller": host,
        "short": "dc3",
        "machine": host,
        "said": "no route",
        "writable": True,
    }
    ends: dict[str, Value] = {"controller": f"dc2.{DOMAIN}", "ends_at": NOW + 9 * DAY, "port": 636}
    lines = f"dc3.{DOMAIN} to dc1.{DOMAIN}, dc3.{DOMAIN} to dc2.{DOMAIN}"
    late: dict[str, Value] = {
        **dead,
        "lines": lines,
        "silent_ms": 4 * MINUTE,
        "failures": 7,
        "error": 1722,
    }
    return (
        Finding("controller.dead", host, NOW - MINUTE, dead),
        Finding("port.blocked", host, NOW - MINUTE, {**dead, "answers": "none seen"}),
        Finding("replication.stopped", host, NOW - MINUTE, late),
        *(
            Finding(f"{c}.unseen", host, NOW - MINUTE, dead)
            for c in ("tls", "chain", "name", "end")
        ),
        Finding("end.soon", f"dc2.{DOMAIN}", NOW - MINUTE, ends),
        *WELL,
    )


WELL = (
    Finding("primary.ok", "", NOW, {"agent": "dc1", "place": "dc1 (192.0.2.11)"}),
    Finding("resets.ok", "", NOW, {"controllers": f"dc1.{DOMAIN}, dc2.{DOMAIN}"}),
    Finding("rights.ok", "OU=Staff", NOW, {"unit": "OU=Staff,DC=corp,DC=northwind,DC=test"}),
)


def one(row: DirectoryRow, page: tuple[Seen, ...], **changes: Any) -> dict[str, Any]:
    """Context of a directory's page."""
    chart = CHART if page else None
    return {
        "page": DirectoryPage(row, chart, page, (TOKEN,) if page else ()), "row": row,
        "directory": row.directory, "map": charts.draw(page, LINKS if page else ()),
        "identity": MARK if row.directory.identity else None,
        "fingerprints": {r.agent.id: MARK for r in row.agents},
        "said": {r.agent.id: {"controller": "slow"} if r.agent.id == "a2" else {}
                 for r in row.agents},
        "jobs": JOBS if page else (), "can": MAY, "live": 60,
        "limits": LIMITS[row.directory.kind], "signin": bool(page),
        "read": FOLLOWED if page else UNREAD,
        "scope": ("OU=Staff,DC=corp\nOU=Plant,DC=corp", "") if page else ("", ""), "wrong": None,
    } | changes  # fmt: skip


def answer(user: User, **changes: Any) -> dict[str, Any]:
    """Context of the page that shows what the directory said to a name."""
    plain = Answer(user, CORP, "l1", "ann", FOUND, "", None)
    found = replace(plain, **changes)
    why = WORDS.get(found.candidate.protected, "") if found.candidate else ""
    return {"found": found, "user": user, "held": False, "why": why}


def agent_pages(
    always: Callable[..., dict[str, Any]], ann: User, other: User
) -> dict[str, tuple[str, dict[str, Any]]]:
    """Every page of directories in the console."""
    visit = Row(person=ann, now=NOW, tenant=always()["tenant"], words=lambda _: (str, ENGLISH))
    fresh = (Finding("primary.never", "", NOW), Finding("resets.no-primary", "", NOW),
             Finding("telling.never", "", NOW))  # fmt: skip
    typing: dict[str, Any] = {"kind": "active_directory", "can": MAY}
    shown: dict[str, tuple[str, dict[str, Any]]] = {
        "directories": ("directories", {"directories": (SERVED, NEW), "typed": "",
                                        "mistake": None, **typing}),
        "directories-none": ("directories", {"directories": (), "typed": "CORP",
                                             "mistake": "short", **typing}),
        "directory": ("directory", one(SERVED, CONTROLLERS, health=health(visit, *wrong()))),
        "directory-well": ("directory", one(SERVED, CONTROLLERS, health=health(visit, *WELL))),
        "directory-reading": ("directory", one(SERVED, CONTROLLERS, read=READING,
                                               health=health(visit, *WELL))),
        "directory-new": ("directory", one(NEW, (), health=health(visit, *fresh))),
        **people_pages(ann, other),
        "directory-token": ("directory_token", {
            "invited": Invited("pX3" * 14 + "q", AgentRole.CANDIDATE, NOW + DAY, CORP),
            "server": "https://id.northwind.test"}),
        "agent-revoke": ("agent_revoke", {"directory": CORP, "row": AGENTS[0], "others": ()}),
        "jobs": ("jobs", {"jobs": JOBS}),
        "job": ("job", job_page(job(
            JobState.DONE, settled_on=f"dc1.{DOMAIN}", old_until=NOW + 50 * MINUTE,
            proofs=proofs("proved", "proved", "waiting", "unreachable", "read_only")))),
        "job-failed": ("job", job_page(job(
            JobState.NOT_DONE, reason="no_right", data={"minimum": 15},
            diagnostic="0000202F: SecErr: DSID-031A1190, problem 4003"))),
        "job-waits": ("job", job_page(job(JobState.CHOOSING, ends_at=NOW + 14 * MINUTE))),
        "job-refused": ("job_refused", {
            "user": ann, "trouble": Trouble("agent_silent", NOW - 3 * MINUTE)}),
        "link": ("account_link", {"user": ann, "accounts": (), "directories": (SERVED, NEW),
                                  "typed": "", "chosen": None, "trouble": None}),
        "link-confirm": ("account_found", answer(ann)),
        "link-asking": ("account_found", answer(ann, candidate=None)),
        "link-protected": ("account_found", answer(
            ann, candidate=replace(FOUND, protected="domain_admins"))),
        "link-taken": ("account_found", answer(ann, holder=other)),
        "link-absent": ("account_found", answer(ann, candidate=None, cause="not_found")),
        "unlink": ("account_unlink", {"user": ann, "row": LINKED}),
    }  # fmt: skip
    return {f"console-{name}": (f"console/{t}.html", always(**c)) for name, (t, c) in shown.items()}


def job_page(shown: Any) -> dict[str, Any]:
    """Context of a job's page."""
    return {"job": shown, "steps": TRAIL, "names": {"u9": "Tomas Okafor"},
            "user": Row(id="u1", name="Ann Lindqvist"), "can": {"start_reset"}}  # fmt: skip
