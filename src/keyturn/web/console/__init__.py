"""The console: what staff see and do. Every door lets in only who may come (`entry`)."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.rules.access import Staff
from keyturn.web.console import (
    acts,
    bulk,
    cases,
    directories,
    directory_signin,
    health,
    jobs,
    linking,
    passkeys,
    people,
    records,
    sources,
    users,
    verifying,
)
from keyturn.web.console.entry import inside
from keyturn.web.door import door
from keyturn.web.site import Site
from keyturn.web.visit import Visit

HOME = "/console"


def routes(site: Site) -> list[BaseRoute]:
    """The doors of the console."""
    one = "/console/users/{id}"
    return [
        door(site, HOME, get=inside(home)),
        door(site, "/console/users", get=inside(users.index)),
        door(site, "/console/users/bulk", get=inside(bulk.show), post=inside(bulk.do)),
        door(site, one, get=inside(users.show)),
        door(site, f"{one}/unlock", post=inside(acts.unlock)),
        *(
            door(site, f"{one}/{act}", get=inside(acts.asks(act)), post=inside(acts.does(act)))
            for act in acts.ASKED
        ),
        door(
            site,
            f"{one}/passkeys/{{passkey}}/remove",
            get=inside(passkeys.ask),
            post=inside(passkeys.remove),
        ),
        door(site, f"{one}/verify", post=inside(verifying.start)),
        door(site, "/console/verifications/{id}", get=inside(verifying.show)),
        *_directories(site),
        *_accounts(site, one),
        door(site, "/console/health", get=inside(health.show), post=inside(health.look)),
        door(site, "/console/messages", get=inside(records.messages)),
        door(site, "/console/audit", get=inside(records.audit)),
        door(site, "/console/cases", get=inside(cases.index)),
        door(site, "/console/cases/{ref}", get=inside(cases.show)),
        door(site, "/console/cases/{ref}/close", post=inside(cases.close)),
    ]


def _directories(site: Site) -> list[BaseRoute]:
    """Directories, their agents, and jobs."""
    every, one = "/console/directories", "/console/directories/{directory}"
    agent, job = f"{one}/agents/{{agent}}/revoke", "/console/jobs/{job}"
    return [
        door(site, every, get=inside(directories.index), post=inside(directories.add)),
        door(site, one, get=inside(directories.show)),
        door(site, f"{one}/token", post=inside(directories.invite)),
        door(site, f"{one}/sync", post=inside(directories.choose)),
        door(site, f"{one}/sync/end", post=inside(directories.end_reading)),
        door(site, f"{one}/people", get=inside(people.index)),
        door(site, f"{one}/doubts", get=inside(people.doubts)),
        *(
            door(site, f"{one}/people/{{account}}/{choice}", post=inside(people.decides(choice)))
            for choice in people.CHOICES
        ),
        door(site, f"{one}/gone", get=inside(people.ask_gone), post=inside(people.gone)),
        door(site, f"{one}/signin", post=inside(directory_signin.switch)),
        door(site, agent, get=inside(directories.ask_revoke), post=inside(directories.revoke)),
        door(site, "/console/jobs", get=inside(jobs.index)),
        door(site, job, get=inside(jobs.show)),
        door(site, f"{job}/cancel", post=inside(jobs.cancel)),
    ]


def _accounts(site: Site, one: str) -> list[BaseRoute]:
    """A user's directory accounts; `one`: the path of a user."""
    account, found = f"{one}/directories/{{directory}}", f"{one}/link/{{look}}"
    return [
        door(site, f"{one}/link", get=inside(linking.form), post=inside(linking.ask)),
        door(site, found, get=inside(linking.answer), post=inside(linking.confirm)),
        door(
            site,
            f"{account}/unlink",
            get=inside(linking.ask_unlink),
            post=inside(linking.unlink),
        ),
        *(door(site, f"{account}/{act}", post=inside(linking.does(act))) for act in linking.JOBS),
        door(site, f"{account}/again", post=inside(sources.ask)),
        door(site, f"{one}/again/{{look}}", get=inside(sources.show)),
    ]


async def home(visit: Visit, _staff: Staff) -> Response:
    """The console begins with its users."""
    return visit.to("/console/users")
