"""`keyturn user`: find, create, invite, unlock, disable, enable; sessions, roles, an owner; data.

No command takes a password, and none shows one: whoever lost theirs sets a new one by
"Forgot your password?".
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from keyturn.cli import user_batch, user_bulk, user_data, user_phone
from keyturn.cli import user_filter as options
from keyturn.cli.audit import _lines as trail_lines
from keyturn.cli.failures import NotDone, WrongUse
from keyturn.cli.opened import Desk, desk
from keyturn.cli.opened import who as caller_name
from keyturn.cli.options import CONFIG, JSON, TENANT
from keyturn.cli.terminal import OUT, as_json, clean, iso, moment
from keyturn.flows import inviting, staff, user_lists
from keyturn.flows import owner as owners
from keyturn.flows.inviting import Enrolled
from keyturn.flows.staff import Done, InUse, LastOwner, NotAllowed, NotFound, Unfit
from keyturn.ports.parts import Parts
from keyturn.rules.access import Staff
from keyturn.rules.accounts import Role, User, UserState
from keyturn.rules.user_lists import Filter
from keyturn.steps.user_rows import UserRow
from keyturn.steps.views import LaneRow, UserPage

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True,
    help="People: find, create, unlock, disable, enable; sessions, roles, a new owner.",
)  # fmt: skip
role_app = typer.Typer(no_args_is_help=True, help="Who is staff here.", rich_markup_mode=None)
app.add_typer(role_app, name="role")
app.command("export")(user_data.export)
app.command("delete")(user_data.delete)
app.command("invite")(user_batch.invite)
app.command("batch")(user_batch.batch)
app.command("bulk")(user_bulk.bulk)
app.command("import")(user_bulk.bring)
app.command("reset")(user_phone.reset)

WHO = Annotated[str, typer.Argument(metavar="USER", help="Any of the person's names, or the id.")]
YES = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
SHOWN_ENTRIES = 8


@app.command("list")
def list_users(
    query: options.QUERY = "",
    state: options.STATE = None,
    locked: options.LOCKED = False,
    enrolled: options.ENROLLED = None,
    role: options.ROLE = None,
    staff: options.STAFF = False,
    of: options.OF = None,
    sort: options.SORT = None,
    down: options.DOWN = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="How many.")] = 100,
    tenant: TENANT = None,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """Search people."""
    with desk(config, tenant) as at:
        wanted = options.wanted(
            at, query, state, enrolled, of, locked=locked,
            role=options.role_of(role, staff=staff), sort=sort, down=down,
        )  # fmt: skip
        rows, total = _search(at, wanted, limit)
    if json:
        for row in rows:
            as_json(_row_document(row))
        return
    OUT.print(*_lines(rows), sep="\n", end="\n" if rows else "")
    OUT.print(f"{len(rows)} shown, {total} in all.", style="dim")


def _search(at: Desk, wanted: Filter, limit: int) -> tuple[list[UserRow], int]:
    rows: list[UserRow] = []
    after: str | None = None
    while True:
        page = at.run(user_lists.look(at.house.parts, at.staff, wanted, after))
        rows.extend(page.users)
        after = page.after
        if after is None or len(rows) >= limit:
            return rows[:limit], page.total


def _row_document(row: UserRow) -> dict[str, object]:
    return {
        "id": row.id, "name": row.name, "username": row.username, "email": row.email,
        "phone": row.phone, "state": row.state, "frozen_at": iso(row.frozen_at),
        "locked_until": iso(row.locked_until), "last_signin_at": iso(row.last_signin_at),
        "created_at": iso(row.created_at), "totp": row.totp, "passkey": row.passkey,
        "phone_app": row.app, "role": row.role, "directories": list(row.directories),
    }  # fmt: skip


def _lines(rows: list[UserRow]) -> list[Text]:
    """One line each, addresses whole: they are what is copied into the next command."""
    wide = max((len(row.email) for row in rows), default=0)
    return [
        Text.assemble(
            (f"{clean(row.email):{wide}}", "cyan"), f"  {clean(row.name):20}  ", _state(row),
            (f"  last in {moment(row.last_signin_at)[:16]}", "dim"),
        )
        for row in rows
    ]  # fmt: skip


def _state(row: UserRow) -> Text:
    state = Text(row.state, "" if row.state is UserState.ACTIVE else "yellow")
    if row.locked_until:
        state.append(f", locked until {moment(row.locked_until)[11:]}", "red")
    if row.frozen_at:
        state.append(", frozen", "red")
    return state


@app.command()
def show(who: WHO, tenant: TENANT = None, config: CONFIG = None, json: JSON = False) -> None:
    """Everything about one person, without anything secret."""
    with desk(config, tenant) as at:
        user_id = at.user(who).id
        page = at.run(staff.user(at.house.parts, at.staff, user_id))
        enrolled = at.run(inviting.standing(at.house.parts, at.staff, user_id))
    if isinstance(page, NotFound) or isinstance(enrolled, inviting.NotFound):
        raise NotDone("That account is gone.")
    if json:
        as_json({**document(page), "phone_app": user_phone.document(enrolled)})
    else:
        _show_page(page, enrolled)


def document(page: UserPage) -> dict[str, object]:
    """A user for programs."""
    user = page.user
    return {
        **_user_document(user),
        "role": page.role, "last_signin_at": iso(page.last_signin_at),
        "totp": page.factors.totp, "recovery_codes_left": page.factors.recovery_left,
        "passkeys": [
            {"name": x.name, "created_at": iso(x.created_at), "used_at": iso(x.used_at),
             "copied_at": iso(x.cloned_at)} for x in page.factors.passkeys
        ],
        "lanes": [
            {"kind": x.kind, "client": x.client, "failed": x.failed, "total": x.total,
             "locked_until": iso(x.locked_until), "closed": x.closed} for x in page.lanes
        ],
        "sessions": len(page.sessions), "clients": len(page.clients),
        "cases": [case.ref for case in page.cases],
    }  # fmt: skip


def _user_document(user: User) -> dict[str, object]:
    return {
        "id": user.id, "name": user.name, "username": user.username, "email": user.email,
        "phone": user.phone, "state": user.state, "frozen_at": iso(user.frozen_at),
        "created_at": iso(user.created_at),
    }  # fmt: skip


def _show_page(page: UserPage, enrolled: Enrolled) -> None:
    user = page.user
    role = f", {page.role}" if page.role else ""
    OUT.print()
    OUT.print(Text.assemble((clean(user.name), "bold"), f"  {user.state}{role}"))
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column()
    for label, text in {**_facts(page), **user_phone.facts(enrolled)}.items():
        table.add_row(f"  {label}", Text(clean(text)))
    OUT.print(table)
    OUT.print(Text("\nLately", "bold"))
    OUT.print(*trail_lines(page.entries[:SHOWN_ENTRIES][::-1]), sep="\n")
    OUT.print(Text(f"\n`keyturn diagnose {user.email}` says why they cannot get in.", "dim"))


def _facts(page: UserPage) -> dict[str, str]:
    user, factors = page.user, page.factors
    steps = ["authenticator"] if factors.totp else []
    steps += [f"passkey {x.name}{' (copied)' if x.cloned_at else ''}" for x in factors.passkeys]
    second = ", ".join(steps) or "none"
    facts = {
        "names": ", ".join(n for n in (user.username, user.email, user.phone) if n),
        "id": user.id,
        "last sign-in": moment(page.last_signin_at),
        "second step": f"{second}, {factors.recovery_left} recovery codes left",
        "signed in": f"{len(page.sessions)} sessions, {len(page.clients)} known clients",
        "cases": ", ".join(case.ref for case in page.cases) or "none",
    }
    if user.frozen_at:
        facts["frozen"] = f"since {moment(user.frozen_at)}"
    facts.update({_lane_name(lane): _lane(lane) for lane in page.lanes})
    return facts


def _lane_name(lane: LaneRow) -> str:
    names = {"unknown": "unknown clients", "second": "second step"}
    return names.get(lane.kind, f"on {clean(lane.client)}")


def _lane(lane: LaneRow) -> str:
    if lane.locked_until:
        return f"locked until {moment(lane.locked_until)}"
    closed = "; password closed until recovery" if lane.closed else ""
    return f"{lane.failed} of 5 failures in a row, {lane.total} in all{closed}"


@app.command()
def create(
    email: Annotated[str, typer.Argument(help="The person's address.")],
    name: Annotated[str, typer.Option("--name", help="The person's name.")],
    username: Annotated[str, typer.Option("--username", help="A short name, if wanted.")] = "",
    tenant: TENANT = None,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """Make an account without a password: its owner sets it by "Forgot your password?"."""
    with desk(config, tenant) as at:
        answer = at.run(staff.create_user(at.house.parts, at.staff, name, email, username))
    match answer:
        case Unfit():
            bad = [n for n in ("name", "email", "username") if getattr(answer, n) is not None]
            raise WrongUse(f"Not as it must be: {', '.join(bad)}. Nothing was stored.")
        case InUse(what=what):
            raise NotDone(f"Somebody has this {what} already. Nothing was stored.")
    _tell(answer, "{} can set a password now by “Forgot your password?”.", "", json=json)


Acting = Callable[[Parts, Staff, str], Coroutine[Any, Any, object]]


def _act(who: str, tenant: str | None, config: Any, flow: Acting) -> object:
    with desk(config, tenant) as at:
        return at.run(flow(at.house.parts, at.staff, at.user(who).id))


def _tell(answer: object, done: str, nothing: str, *, json: bool) -> None:
    """Say what was done. Raises NotDone where it may not be."""
    match answer:
        case Done(user=user, count=count):
            if json:
                as_json({**_user_document(user), "changed": count})
            else:
                OUT.print(Text((done if count or not nothing else nothing).format(user.name)))
        case LastOwner():
            raise NotDone("This is the last owner. Nothing was changed.", "Make another one first.")
        case NotAllowed(why=why):
            raise NotDone(f"That may not be done ({why}). Nothing was changed.")
        case _:
            raise NotDone("That account is gone. Nothing was changed.")


@app.command()
def unlock(who: WHO, tenant: TENANT = None, config: CONFIG = None, json: JSON = False) -> None:
    """End every lock of a person. A password closed by 100 failures stays closed."""
    answer = _act(who, tenant, config, staff.unlock)
    _tell(answer, "{} is unlocked.", "{} was not locked.", json=json)


@app.command()
def disable(
    who: WHO, yes: YES = False, tenant: TENANT = None, config: CONFIG = None, json: JSON = False
) -> None:
    """Let nobody into an account any more, and end its sessions."""
    _ask(f"Disable {who}?", yes=yes)
    answer = _act(who, tenant, config, staff.disable)
    _tell(answer, "{} is disabled; all sessions ended.", "{} was disabled already.", json=json)


@app.command()
def enable(who: WHO, tenant: TENANT = None, config: CONFIG = None, json: JSON = False) -> None:
    """Make a disabled account what it was before."""
    answer = _act(who, tenant, config, staff.enable)
    _tell(answer, "{} is enabled.", "{} was not disabled.", json=json)


@app.command("end-sessions")
def end_sessions(
    who: WHO, tenant: TENANT = None, config: CONFIG = None, json: JSON = False
) -> None:
    """Sign a person out everywhere."""
    answer = _act(who, tenant, config, staff.end_sessions)
    _tell(answer, "{} is signed out everywhere.", "", json=json)


@app.command()
def unfreeze(who: WHO, tenant: TENANT = None, config: CONFIG = None, json: JSON = False) -> None:
    """Allow changes again that "this wasn't me" has frozen."""
    answer = _act(who, tenant, config, staff.unfreeze)
    _tell(answer, "{} can make changes again.", "{} was not frozen.", json=json)


@role_app.command("grant")
def grant(
    who: WHO, role: Annotated[Role, typer.Argument(help="The role.")],
    tenant: TENANT = None, config: CONFIG = None, json: JSON = False,
) -> None:  # fmt: skip
    """Give a person a role, in place of the one they had; they sign in again for it."""
    with desk(config, tenant) as at:
        flow = staff.grant_role(at.house.parts, at.staff, at.user(who).id, role)
        answer = at.run(flow)
    _tell(answer, f"{{}} is {role} now.", "", json=json)


@role_app.command("revoke")
def revoke(who: WHO, tenant: TENANT = None, config: CONFIG = None, json: JSON = False) -> None:
    """Take a person's role away; their sessions end."""
    answer = _act(who, tenant, config, staff.revoke_role)
    _tell(answer, "{} is no staff any more.", "{} had no role.", json=json)


@app.command()
def owner(
    break_glass: Annotated[
        bool, typer.Option("--break-glass", help="Although there is an owner already.")
    ] = False,
    yes: YES = False,
    tenant: TENANT = None,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """A one-time link that makes an owner. Every one is in the audit trail."""
    if break_glass:
        _ask("Make a link that gives whoever opens it all rights?", yes=yes)
    with desk(config, tenant) as at:
        flow = owners.setup_link(
            at.house.parts, at.tenant, break_glass=break_glass, client=caller_name()
        )
        link = at.run(flow)
    if link is None:
        remedy = "If the last owner is lost: `keyturn user owner --break-glass`."
        raise NotDone("There is an owner already. No link was made.", remedy)
    if json:
        as_json({"link": link, "break_glass": break_glass})
        return
    if break_glass:
        OUT.print(
            Text(" BREAK GLASS ", "bold white on red"),
            "in the audit trail; every owner gets a mail.",
        )
    OUT.print(link)
    OUT.print("Whoever opens it becomes an owner. It works once, for an hour.", style="dim")


def _ask(question: str, *, yes: bool) -> None:
    """Go on only if somebody says so."""
    if not yes and not typer.confirm(question, err=True):
        raise NotDone("Nothing was changed.")
