"""The console: what staff see and do. Every door lets in only who may come (`entry`)."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute

from keyturn.rules.access import Staff
from keyturn.rules.policies.catalogue import POLICIES
from keyturn.web.console import (
    acts,
    approvals,
    batches,
    cases,
    casework,
    customers,
    devices,
    directories,
    directory_signin,
    entering,
    figures,
    health,
    jobs,
    keys,
    linking,
    lists,
    passkeys,
    people,
    policies,
    providers,
    proving,
    records,
    resuming,
    seeing,
    sources,
    temporary,
    users,
    verifying,
)
from keyturn.web.console.entry import STOP, inside
from keyturn.web.door import door
from keyturn.web.site import Site
from keyturn.web.visit import Visit

HOME = "/console"


def routes(site: Site) -> list[BaseRoute]:
    """The doors of the console."""
    one = "/console/users/{id}"
    return [
        door(site, HOME, get=inside(home)),
        door(site, seeing.HOME, get=inside(seeing.choose), post=inside(seeing.start)),
        door(site, STOP, post=inside(seeing.end)),
        door(site, resuming.RESUME, get=inside(resuming.show)),
        door(site, "/console/users", get=inside(lists.index)),
        door(site, "/console/users/file", post=inside(lists.export)),
        *_batches(site),
        door(site, one, get=inside(users.show)),
        *_second(site, one),
        door(site, f"{one}/unlock", post=inside(acts.unlock)),
        door(site, f"{one}/ask-holder", post=inside(acts.ask_holder)),
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
        door(site, f"{one}/devices/{{pairing}}/ask", post=inside(devices.start)),
        door(
            site,
            f"{one}/devices/{{pairing}}/release",
            get=inside(devices.ask_release),
            post=inside(devices.release),
        ),
        door(
            site,
            "/console/presence/{id}",
            get=inside(devices.show),
            post=inside(devices.read_out),
        ),
        *_directories(site),
        *_accounts(site, one),
        *_policies(site),
        door(site, "/console/keys", get=inside(keys.index), post=inside(keys.add)),
        door(
            site,
            "/console/keys/{id}/revoke",
            get=inside(keys.ask_revoke),
            post=inside(keys.revoke),
        ),
        door(site, "/console/health", get=inside(health.show), post=inside(health.look)),
        door(site, "/console/messages", get=inside(records.messages)),
        door(site, "/console/figures", get=inside(figures.show)),
        door(site, "/console/report", get=inside(figures.report)),
        door(site, "/console/report/figures.csv", get=inside(figures.sheet)),
        door(site, "/console/audit", get=inside(records.audit)),
        door(site, "/console/audit/file", post=inside(records.export)),
        *_cases(site, "/console/cases/{ref}"),
        *_providers(site),
    ]


def _providers(site: Site) -> list[BaseRoute]:
    """Providers of the tenant, customers of it, and the way from one to the other."""
    link, one = f"{providers.HOME}/{{link}}/end", f"{entering.CUSTOMERS}/{{tenant}}"
    return [
        door(site, providers.HOME, get=inside(providers.index), post=inside(providers.add)),
        door(site, link, get=inside(providers.ask_end), post=inside(providers.end)),
        door(site, entering.CUSTOMERS, get=inside(customers.index)),
        door(site, one, get=inside(customers.show)),
        door(site, f"{one}/members", post=inside(customers.give)),
        door(site, f"{one}/members/{{member}}/withdraw", post=inside(customers.take)),
        door(site, f"{one}/enter", post=inside(entering.begin)),
    ]


def ways(site: Site) -> list[BaseRoute]:
    """The doors between a provider's console and a customer's, where nobody may be in yet."""
    way, on = "/console/handover/{begun}/{browser}/{signature}", f"{resuming.AT}/{{tenant}}"
    return [
        door(site, "/console/arrive/{home}/{begun}", get=entering.tell_browser),
        door(site, way, get=inside(entering.hand)),
        door(site, "/console/enter/{code}", get=entering.arrive),
        door(site, entering.LEAVE, post=entering.leave),
        *(
            door(site, f"{on}/{then}", get=inside(entering.go_on(then)))
            for then in ("resume", "users/{id}/{deed}", "directories/{directory}")
        ),
    ]


def _cases(site: Site, one: str) -> list[BaseRoute]:
    """Cases, the proofs in them, and what they permit; `one`: the path of a case."""
    code, word = f"{one}/proofs/{{method}}", f"{one}/temporary/{{directory}}"
    return [
        door(site, "/console/cases", get=inside(cases.index), post=inside(casework.open_for)),
        door(site, one, get=inside(cases.show)),
        door(site, f"{one}/take", post=inside(casework.take)),
        door(site, f"{one}/hand", post=inside(casework.hand)),
        door(site, f"{one}/note", post=inside(casework.note)),
        door(site, f"{one}/close", post=inside(cases.close)),
        door(site, f"{one}/proofs", get=inside(cases.proofs)),
        door(site, code, get=inside(proving.show), post=inside(proving.send)),
        door(site, f"{code}/enter", post=inside(proving.enter)),
        door(site, f"{one}/ask", post=inside(proving.ask)),
        door(site, f"{one}/approve", get=inside(proving.ask_word), post=inside(proving.word)),
        door(site, f"{one}/link", post=inside(casework.resend)),
        door(site, f"{one}/lost", get=inside(casework.ask_lost), post=inside(casework.lost)),
        door(site, f"{one}/lost/stop", post=inside(casework.stop_lost)),
        door(site, f"{one}/number", get=inside(casework.ask_number), post=inside(casework.number)),
        door(site, word, get=inside(temporary.show)),
        door(site, f"{word}/recipients", post=inside(temporary.recipients)),
        door(site, f"{word}/submit", post=inside(temporary.submit)),
        door(site, f"{word}/{{job}}", get=inside(temporary.watch)),
    ]


def _second(site: Site, one: str) -> list[BaseRoute]:
    """What waits for a second person; `one`: the path of a user."""
    waits = f"{approvals.HOME}/{{approval}}"
    return [
        door(site, approvals.HOME, get=inside(approvals.index)),
        door(site, waits, get=inside(approvals.show)),
        *(door(site, f"{waits}/{word}", post=inside(approvals.answers(word)))
          for word in approvals.ANSWERS),
        door(site, f"{one}/role", get=inside(approvals.ask_role), post=inside(approvals.give_role)),
    ]  # fmt: skip


def _batches(site: Site) -> list[BaseRoute]:
    """Something done with many people together."""
    every, one = batches.ROOT, f"{batches.ROOT}/{{batch}}"
    return [
        door(site, every, get=inside(batches.index)),
        door(site, f"{every}/file", post=inside(batches.of_file)),
        door(site, f"{every}/search", post=inside(batches.of_search)),
        door(site, f"{every}/list", post=inside(batches.of_list)),
        door(site, f"{every}/import", get=inside(batches.bring), post=inside(batches.of_import)),
        door(
            site,
            f"{every}/directories/{{directory}}",
            get=inside(batches.choose),
            post=inside(batches.of_directory),
        ),
        door(site, one, get=inside(batches.show)),
        door(site, f"{one}/start", post=inside(batches.start)),
        door(site, f"{one}/stop", post=inside(batches.stop)),
        door(site, f"{one}/events", get=inside(batches.watch)),
        door(site, f"{one}/outcome.csv", get=inside(batches.outcome)),
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


def _policies(site: Site) -> list[BaseRoute]:
    """What the tenant decides; each policy has a page."""
    return [
        door(site, policies.HOME, get=inside(policies.index)),
        *(
            door(
                site,
                f"{policies.HOME}/{key}",
                get=inside(policies.shows(key)),
                post=inside(policies.saves(key)),
            )
            for key in POLICIES
        ),
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
