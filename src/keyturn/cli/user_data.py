"""`keyturn user export` and `keyturn user delete`: one person's data."""

from __future__ import annotations

import json as codec
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from keyturn.cli.failures import NotDone
from keyturn.cli.opened import Desk, desk
from keyturn.cli.options import CONFIG, JSON, TENANT
from keyturn.cli.terminal import OUT, as_json, iso, moment
from keyturn.flows import data, erasing
from keyturn.flows.data import Asked, Exported, LastOwner
from keyturn.ports.store import Tx
from keyturn.rules.accounts import User

WHO = Annotated[str, typer.Argument(metavar="USER", help="Any of the person's names, or the id.")]


def export(
    who: WHO,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="A new file; else it is printed.")
    ] = None,
    tenant: TENANT = None,
    config: CONFIG = None,
) -> None:
    """Everything that is stored about a person, as JSON; without anything secret.

    The person gets a mail that it was made.
    """
    with desk(config, tenant) as at:
        answer = at.run(data.export_for(at.house.parts, at.staff, at.user(who).id))
    if not isinstance(answer, Exported):
        raise NotDone("That account is gone.")
    text = codec.dumps(answer.document, ensure_ascii=False, indent=2, default=str) + "\n"
    if out is None:
        sys.stdout.write(text)
        return
    try:
        out.touch(0o600, exist_ok=False)
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise NotDone(f"{out} cannot be written: {error.strerror}.") from error
    OUT.print(f"Written to {out}.")


def delete(
    who: WHO,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    now: Annotated[
        bool, typer.Option("--now", help="Erase at once, without the week to change one's mind.")
    ] = False,
    tenant: TENANT = None,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """Delete a person's account: disabled at once, erased after a week.

    `keyturn user enable` keeps it until then; after it nobody can.
    """
    question = f"Erase {who} NOW, for good?" if now else f"Delete the account of {who}?"
    if not yes and not typer.confirm(question, err=True):
        raise NotDone("Nothing was changed.")
    with desk(config, tenant) as at:
        user = at.user(who)
        erase_at = _asked(at, user)
        if now:
            _erase(at, user)
    if json:
        as_json({"id": user.id, "erase_at": iso(erase_at), "erased": now})
    elif now:
        OUT.print(Text(f"The account {user.id} is erased. Its names are free again."))
    else:
        when = moment(erase_at)
        OUT.print(Text(f"{user.name} is disabled and will be erased at {when}."))
        OUT.print(Text(f"`keyturn user enable {user.id}` keeps the account until then.", "dim"))


def _asked(at: Desk, user: User) -> int:
    match at.run(data.delete_for(at.house.parts, at.staff, user.id)):
        case Asked(erase_at=when):
            return when
        case LastOwner():
            remedy = "Give somebody else the role first: `keyturn user role grant USER owner`."
            raise NotDone("That is the last owner. Nothing was changed.", remedy)
        case _:
            raise NotDone("That account is gone.")


def _erase(at: Desk, user: User) -> None:
    """Let the wait be over, and do what the server would do then."""

    def step(tx: Tx) -> None:
        found = tx.users.lock(user.tenant_id, user.id)
        if found is not None:
            tx.users.save(replace(found, erase_at=at.house.parts.clock.now()))

    at.house.store.submit_write(step).result()
    at.run(erasing.erase_one(at.house.parts, user.tenant_id, user.id))
