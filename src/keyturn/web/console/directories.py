"""Directories: the list, one with its agents and its map, tokens, revoking."""

from __future__ import annotations

import json
from collections.abc import Mapping

from starlette.responses import Response

from keyturn.flows import directories as flow
from keyturn.flows import resetting, syncing
from keyturn.flows.directories import BadName, Known, NotAllowed, NotFound
from keyturn.rules.access import ALLOWED, Action, Staff, Why
from keyturn.rules.directories.entries import DirectoryKind, Scope
from keyturn.rules.directories.limits import LIMITS
from keyturn.rules.directories.things import Agent, AgentRole
from keyturn.steps.directory_views import DirectoryPage
from keyturn.web.console import charts
from keyturn.web.console.directory_health import health_of
from keyturn.web.console.directory_signin import is_on
from keyturn.web.console.entry import barred, is_partial
from keyturn.web.console.reading import WORD_MAX, choice, row_id
from keyturn.web.visit import Visit
from keyturn.wire.certificates import fingerprint

#: longest name of a domain that is read; longer ones are refused with the reason
NAME_MAX = 300
#: longest list of OUs, and of groups, that is read
SCOPE_MAX = 8_000
#: jobs that a directory's own page shows
FEW = 5
#: times that an open page asks anew for what changes by itself, every 15 s: for a quarter of an
#: hour. Each is a use of the session, and one that nobody sits at has to end some time.
LIVE = 60


async def index(visit: Visit, staff: Staff) -> Response:
    """All of them."""
    return await _listed(visit, staff, ("", DirectoryKind.ACTIVE_DIRECTORY), problem=None)


async def _listed(
    visit: Visit, staff: Staff, typed: tuple[str, DirectoryKind], problem: str | None
) -> Response:
    found = await flow.everyone(visit.site.parts, staff)
    return visit.page(
        "console/directories.html", 422 if problem else 200, directories=found,
        typed=typed[0], kind=typed[1], mistake=problem, can=ALLOWED[staff.role],
    )  # fmt: skip


async def add(visit: Visit, staff: Staff) -> Response:
    """One more, by its DNS name and its kind."""
    form = await visit.form(name=NAME_MAX, kind=WORD_MAX)
    chosen = choice("kind", form["kind"], set(map(str, DirectoryKind)))
    typed = form["name"], DirectoryKind(chosen or DirectoryKind.ACTIVE_DIRECTORY)
    answer = await flow.add(visit.site.parts, staff, *typed)
    match answer:
        case NotAllowed():
            raise barred(answer)
        case BadName(why=why):
            return await _listed(visit, staff, typed, str(why))
        case Known():
            return await _listed(visit, staff, typed, "known")
    return visit.to(f"/console/directories/{answer.id}")


async def show(visit: Visit, staff: Staff) -> Response:
    """One directory; for htmx, which asks while it is looked at, only what changes by itself."""
    if not is_partial(visit):
        return await shown(visit, staff)
    left = visit.query(live=WORD_MAX)["live"]
    live = min(int(left), LIVE) if left.isascii() and left.isdecimal() else 0
    return await shown(visit, staff, template="console/_directory_live.html", live=live)


async def shown(
    visit: Visit, staff: Staff, chosen: tuple[str, str] | None = None, wrong: str | None = None,
    *, template: str = "console/directory.html", live: int = LIVE,
) -> Response:  # fmt: skip
    """The same.

    Args:
        live: how often more the page may ask for what changes.
        chosen: OUs and groups as they were typed, if they were; wrong: what of them cannot be,
            "" for too many.
    """
    page = await _found(visit, staff)
    directory = page.row.directory
    read = await syncing.one(visit.site.parts, staff, directory.id)
    if isinstance(read, syncing.NotFound):
        raise barred(read)
    jobs = await resetting.jobs_of(visit.site.parts, staff, directory.id, None)
    return visit.page(
        template,
        200 if wrong is None else 422,
        live=live,
        read=read,
        scope=chosen or _typed(read),
        wrong=wrong,
        page=page,
        row=page.row,
        directory=directory,
        map=charts.draw(page.controllers, page.chart.links if page.chart else ()),
        identity=fingerprint(directory.identity) if directory.identity else None,
        fingerprints={r.agent.id: _fingerprint(r.agent) for r in page.row.agents},
        said={r.agent.id: _said(r.agent) for r in page.row.agents},
        jobs=jobs[:FEW],
        limits=LIMITS[directory.kind],
        health=await health_of(visit, staff, page),
        signin=await is_on(visit, staff, directory.id),
        can=ALLOWED[staff.role],
    )


def _typed(read: syncing.Read) -> tuple[str, str]:
    """A scope as it is typed: a name a line."""
    scope = read.sync.scope if read.sync else Scope()
    return "\n".join(scope.units), "\n".join(scope.groups)


async def choose(visit: Visit, staff: Staff) -> Response:
    """Whom to read: OUs and groups."""
    form = await visit.form(units=SCOPE_MAX, groups=SCOPE_MAX)
    directory_id, chosen = row_id(visit.path["directory"]), (form["units"], form["groups"])
    answer = await syncing.choose(visit.site.parts, staff, directory_id, *chosen)
    match answer:
        case syncing.Read():
            return visit.to(f"/console/directories/{directory_id}")
        case syncing.BadScope(name=name):
            return await shown(visit, staff, chosen, name)
        case _:
            raise barred(answer)


async def end_reading(visit: Visit, staff: Staff) -> Response:
    """Read nobody any more, and forget who was read."""
    await visit.form()
    directory_id = row_id(visit.path["directory"])
    answer = await syncing.end(visit.site.parts, staff, directory_id)
    if not isinstance(answer, syncing.Read):
        raise barred(answer)
    return visit.to(f"/console/directories/{directory_id}")


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
