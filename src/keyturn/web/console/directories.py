"""Directories: the list, one with its agents and its map, tokens, revoking."""

from __future__ import annotations

import json
from collections.abc import Mapping

from starlette.responses import Response

from keyturn.flows import directories as flow
from keyturn.flows import resetting
from keyturn.flows.directories import BadName, Known, NotAllowed, NotFound
from keyturn.rules.access import ALLOWED, Action, Staff, Why
from keyturn.rules.directories.things import Agent, AgentRole
from keyturn.steps.directory_views import DirectoryPage
from keyturn.web.console import charts
from keyturn.web.console.directory_health import health_of
from keyturn.web.console.entry import barred
from keyturn.web.console.reading import WORD_MAX, choice, row_id
from keyturn.web.visit import Visit
from keyturn.wire.certificates import fingerprint

#: longest name of a domain that is read; longer ones are refused with the reason
NAME_MAX = 300
#: jobs that a directory's own page shows
FEW = 5


async def index(visit: Visit, staff: Staff) -> Response:
    """All of them."""
    return await _listed(visit, staff, typed="", problem=None)


async def _listed(visit: Visit, staff: Staff, typed: str, problem: str | None) -> Response:
    found = await flow.everyone(visit.site.parts, staff)
    return visit.page(
        "console/directories.html", 422 if problem else 200, directories=found, typed=typed,
        mistake=problem, can=ALLOWED[staff.role],
    )  # fmt: skip


async def add(visit: Visit, staff: Staff) -> Response:
    """One more, by its domain's DNS name."""
    typed = (await visit.form(name=NAME_MAX))["name"]
    answer = await flow.add(visit.site.parts, staff, typed)
    match answer:
        case NotAllowed():
            raise barred(answer)
        case BadName(why=why):
            return await _listed(visit, staff, typed, str(why))
        case Known():
            return await _listed(visit, staff, typed, "known")
    return visit.to(f"/console/directories/{answer.id}")


async def show(visit: Visit, staff: Staff) -> Response:
    """One directory."""
    page = await _found(visit, staff)
    directory = page.row.directory
    jobs = await resetting.jobs_of(visit.site.parts, staff, directory.id, None)
    return visit.page(
        "console/directory.html",
        page=page,
        row=page.row,
        directory=directory,
        map=charts.draw(page.controllers, page.chart.links if page.chart else ()),
        identity=fingerprint(directory.identity) if directory.identity else None,
        fingerprints={r.agent.id: _fingerprint(r.agent) for r in page.row.agents},
        said={r.agent.id: _said(r.agent) for r in page.row.agents},
        jobs=jobs[:FEW],
        health=await health_of(visit, staff, page),
        can=ALLOWED[staff.role],
    )


def _fingerprint(agent: Agent) -> str:
    """What `keyturn agent` shows of the same keys on the agent's own host."""
    return fingerprint(agent.signing_key, agent.sealing_key)


def _said(agent: Agent) -> Mapping[str, str]:
    """What is wrong beside an agent, in its own short words."""
    try:
        told = json.loads(agent.facts or "{}")
    except ValueError:
        return {}
    return {str(k): str(v) for k, v in told.items()} if isinstance(told, dict) else {}


async def _found(visit: Visit, staff: Staff) -> DirectoryPage:
    found = await flow.one(visit.site.parts, staff, row_id(visit.path["directory"]))
    if isinstance(found, NotFound):
        raise barred(found)
    return found


async def invite(visit: Visit, staff: Staff) -> Response:
    """A token, shown once."""
    role = choice("role", (await visit.form(role=WORD_MAX))["role"], set(map(str, AgentRole)))
    answer = await flow.invite(
        visit.site.parts,
        staff,
        row_id(visit.path["directory"]),
        AgentRole(role or AgentRole.CANDIDATE),
    )
    if isinstance(answer, NotAllowed | NotFound):
        raise barred(answer)
    return visit.page("console/directory_token.html", invited=answer, server=visit.site.origin)


async def ask_revoke(visit: Visit, staff: Staff) -> Response:
    """The page that asks before an agent is revoked."""
    if Action.DIRECTORIES not in ALLOWED[staff.role]:
        raise barred(NotAllowed(Why.NO_ROLE))
    page, wanted = await _found(visit, staff), row_id(visit.path["agent"])
    found = next((row for row in page.row.agents if row.agent.id == wanted), None)
    if found is None:
        raise barred(NotFound())
    others = [r for r in page.row.agents if r is not found and r.standing == "living"]
    return visit.page(
        "console/agent_revoke.html", directory=page.row.directory, row=found, others=others
    )


async def revoke(visit: Visit, staff: Staff) -> Response:
    """Do it."""
    await visit.form()
    directory_id, agent_id = row_id(visit.path["directory"]), row_id(visit.path["agent"])
    answer = await flow.revoke(visit.site.parts, staff, directory_id, agent_id)
    if isinstance(answer, NotAllowed | NotFound):
        raise barred(answer)
    return visit.to(f"/console/directories/{directory_id}")
