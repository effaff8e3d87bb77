"""`keyturn directory`: list, add, token, agents, revoke, sync, signin, link, unlink,
jobs.

No command takes a password, and none shows one; a token is shown once, on standard output.
"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from keyturn.cli import directory_links, directory_signin, directory_sync
from keyturn.cli.directory_found import (
    DIRECTORY,
    agent_document,
    directory_document,
    directory_of,
    job_document,
    row_document,
    row_of,
)
from keyturn.cli.failures import NotDone, WrongUse
from keyturn.cli.opened import desk
from keyturn.cli.options import CONFIG, JSON, TENANT
from keyturn.cli.terminal import OUT, as_json, clean, iso, moment
from keyturn.flows import directories as flow
from keyturn.flows import resetting
from keyturn.flows.directories import BadName, Invited, Known, Revoked
from keyturn.flows.resetting import JobView
from keyturn.rules.directories.entries import DirectoryKind
from keyturn.rules.directories.names import Unnamed
from keyturn.rules.directories.things import AgentRole, Directory
from keyturn.steps.directory_views import AgentRow
from keyturn.wire.certificates import fingerprint

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True,
    help="Directories: connect one, let agents in, revoke them; whose account is whose; jobs.",
)  # fmt: skip
app.command("link")(directory_links.link)
app.command("unlink")(directory_links.unlink)
app.command("sync")(directory_sync.sync)
app.command("signin")(directory_signin.signin)

YES = Annotated[bool, typer.Option("--yes", help="Do not ask.")]

_NO_DOMAIN = {
    Unnamed.EMPTY: "Nothing was named.",
    Unnamed.SHORT: "That is a short (NetBIOS) name: certificates do not carry it.",
    Unnamed.ADDRESS: "That is an address.",
    Unnamed.ACCOUNT: "That is somebody's account.",
    Unnamed.MALFORMED: "That is no DNS name.",
}


@app.command("list")
def list_directories(tenant: TENANT = None, config: CONFIG = None, json: JSON = False) -> None:
    """Every directory, and how it stands."""
    with desk(config, tenant) as at:
        rows = at.run(flow.everyone(at.house.parts, at.staff))
    if json:
        for row in rows:
            as_json(row_document(row))
        return
    if not rows:
        OUT.print("No directory is connected. `keyturn directory add DOMAIN` adds one.")
    for row in rows:
        primary = f"primary {row.primary.name}" if row.primary else "no primary"
        OUT.print(
            Text.assemble((row.directory.name, "cyan"), f"  {row.standing}  ", (primary, "dim"))
        )


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="DOMAIN", help="Its DNS name.")],
    kind: Annotated[
        DirectoryKind, typer.Option("--kind", help="What it is; never changes afterwards.")
    ] = DirectoryKind.ACTIVE_DIRECTORY,
    tenant: TENANT = None,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """Connect a directory by its DNS name; nothing in it is changed."""
    with desk(config, tenant) as at:
        answer = at.run(flow.add(at.house.parts, at.staff, name, kind))
    match answer:
        case BadName(why=why):
            raise WrongUse(_NO_DOMAIN[why], "It is the domain's DNS name: corp.example.com.")
        case Known():
            raise NotDone("That directory is there already.")
        case Directory():
            if json:
                as_json(directory_document(answer))
            else:
                OUT.print(
                    f"{answer.name} is added. `keyturn directory token {answer.name}` lets its "
                    "first agent in."
                )


@app.command()
def token(
    directory: DIRECTORY,
    role: Annotated[AgentRole, typer.Option("--role", help="What it may become.")] = (
        AgentRole.CANDIDATE
    ),
    tenant: TENANT = None,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """A token that lets one agent in, once, within a day. Shown once."""
    with desk(config, tenant) as at:
        found = directory_of(at, directory)
        answer = at.run(flow.invite(at.house.parts, at.staff, found.id, role))
    if not isinstance(answer, Invited):
        raise NotDone("That directory is gone.")
    if json:
        as_json({"token": answer.token, "role": answer.role, "directory": found.name,
                 "expires_at": iso(answer.expires_at)})  # fmt: skip
        return
    OUT.print(answer.token)
    OUT.print(
        f"Lets one {role} into {found.name}, once, until {moment(answer.expires_at)}. Give it to "
        "`keyturn agent enrol` on the agent's host.", style="dim",
    )  # fmt: skip


@app.command()
def agents(
    directory: DIRECTORY, tenant: TENANT = None, config: CONFIG = None, json: JSON = False
) -> None:
    """The agents of a directory: who is primary, who is heard, who waits."""
    with desk(config, tenant) as at:
        row = row_of(at, directory)
    if json:
        for each in row.agents:
            as_json(agent_document(each))
        return
    if not row.agents:
        OUT.print(f"{row.directory.name} has no agent.")
    for each in row.agents:
        OUT.print(_line(each))


def _line(row: AgentRow) -> Text:
    agent = row.agent
    heard = f"heard {moment(agent.run.seen_at)} on {clean(agent.run.place)}" if agent.run else ""
    mark = "  primary" if row.primary else ""
    print_of = fingerprint(agent.signing_key, agent.sealing_key)
    return Text.assemble(
        (f"{clean(agent.name):16}", "cyan"), f"  {agent.role:9}  {row.standing:8}{mark}  {heard}\n",
        (f"  {agent.id}  {print_of}", "dim"),
    )  # fmt: skip


@app.command()
def revoke(
    directory: DIRECTORY,
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="Its name, or its id.")],
    yes: YES = False,
    tenant: TENANT = None,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """Listen to an agent no more, from this moment on."""
    with desk(config, tenant) as at:
        row = row_of(at, directory)
        found = [
            r for r in row.agents
            if agent == r.agent.id or (agent == r.agent.name and r.standing != "revoked")
        ]  # fmt: skip
        if not found:
            remedy = f"`keyturn directory agents {row.directory.name}` lists them."
            raise NotDone(f"{row.directory.name} has no agent `{clean(agent[:60])}`.", remedy)
        if not yes and not typer.confirm(f"Revoke {found[0].agent.name}?", err=True):
            raise NotDone("Nothing was changed.")
        place, agent_id = row.directory.id, found[0].agent.id
        answer = at.run(flow.revoke(at.house.parts, at.staff, place, agent_id))
    if not isinstance(answer, Revoked):
        raise NotDone("That agent is gone.")
    if json:
        as_json({"id": answer.agent.id, "name": answer.agent.name,
                 "revoked_at": iso(answer.agent.revoked_at)})  # fmt: skip
    else:
        OUT.print(f"{clean(answer.agent.name)} is revoked. To come back it enrols anew.")


@app.command()
def jobs(
    directory: Annotated[
        str | None, typer.Argument(metavar="[DIRECTORY]", help="Only of this one.")
    ] = None,
    tenant: TENANT = None,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """Resets, unlocks and required changes; the newest first."""
    with desk(config, tenant) as at:
        place = directory_of(at, directory).id if directory else None
        found = at.run(resetting.jobs_of(at.house.parts, at.staff, place, None))
    for job in found:
        as_json(job_document(job)) if json else OUT.print(_job_line(job))
    if not found and not json:
        OUT.print("There is no job.")


def _job_line(job: JobView) -> Text:
    answer = "everywhere" if job.everywhere_at else str(job.state).replace("_", " ")
    style = {"done": "green", "not_done": "red", "changed": "yellow"}.get(job.state, "")
    return Text.assemble(
        f"{moment(job.created_at)}  {job.kind:14}  {clean(job.account):20}  {job.directory}  ",
        (answer, style), (f"  {job.reason}" if job.reason else "", "dim"),
    )  # fmt: skip
