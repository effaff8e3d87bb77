"""`keyturn directory link | unlink`: whose account is whose."""

from __future__ import annotations

import threading
from typing import Annotated

import typer

from keyturn.cli.directory_found import DIRECTORY, directory_of
from keyturn.cli.failures import NotDone, WrongUse
from keyturn.cli.opened import Desk, desk
from keyturn.cli.options import CONFIG, JSON, TENANT
from keyturn.cli.terminal import OUT, as_json, clean
from keyturn.flows import linking
from keyturn.flows.linking import Answer, Asked, Held, Hindered, Linked, Stale
from keyturn.rules.accounts import User
from keyturn.rules.directories.things import Directory

YES = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
WHO = Annotated[str, typer.Argument(metavar="USER", help="Any of the person's names, or the id.")]
#: how often the answer to a look is looked for
LOOK_S = 0.5
pause = threading.Event().wait
_HINDERED = {
    "no_agent": "No agent of this directory may act yet.",
    "agent_silent": "No agent of this directory is heard at this moment.",
    "spent": "Too many names were asked for within the hour.",
}


def link(
    who: WHO,
    directory: DIRECTORY,
    name: Annotated[str, typer.Argument(help="Its sign-in name in the directory, or its UPN.")],
    yes: YES = False,
    tenant: TENANT = None,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """Say which directory account is whose. The directory is asked, and its answer confirmed."""
    with desk(config, tenant) as at:
        user, found = at.user(who), directory_of(at, directory)
        answer = _asked(at, user, found, name)
        if not yes and not typer.confirm(_question(user, answer), err=True):
            raise NotDone("Nothing was changed.")
        done = at.run(linking.link(at.house.parts, at.staff, user.id, answer.look_id))
    _linked(done, json=json)


def _asked(at: Desk, user: User, found: Directory, name: str) -> Answer:
    """What the directory says of a name. Raises NotDone without an account to confirm."""
    asked = at.run(linking.ask(at.house.parts, at.staff, user.id, found.id, name))
    match asked:
        case Asked(look_id=look_id):
            answer = _waited(at, user, look_id)
        case Hindered(why=why):
            raise NotDone(_HINDERED[why], f"`keyturn directory agents {found.name}` shows them.")
        case _:
            raise WrongUse("That cannot be an account's name.")
    if answer.candidate is None:
        why = "knows no such account" if answer.cause == "not_found" else "did not answer"
        raise NotDone(f"{found.name} {why} ({answer.cause}).")
    if answer.candidate.protected:
        why = answer.candidate.protected.replace("_", " ")
        raise NotDone(f"{clean(answer.candidate.name)} is protected ({why}): never touched.")
    return answer


def _waited(at: Desk, user: User, look_id: str) -> Answer:
    """The answer, as soon as it is there; with a cause when its time is over."""
    while True:
        answer = at.run(linking.answer(at.house.parts, at.staff, user.id, look_id))
        if not isinstance(answer, Answer):
            raise NotDone("That question is gone.")
        if answer.candidate is not None or answer.cause:
            return answer
        pause(LOOK_S)


def _question(user: User, answer: Answer) -> str:
    c = answer.candidate
    told = f"{c.display} ({c.upn or c.name}, {c.guid})" if c else ""
    return f"{clean(told)} in {answer.directory.name}: is this {clean(user.name)}'s account?"


def _linked(done: object, *, json: bool) -> None:
    match done:
        case Linked(user=user, accounts=rows):
            if json:
                as_json({"user": user.id, "accounts": [
                    {"directory": r.directory, "name": r.account.name, "upn": r.account.upn,
                     "guid": r.account.guid} for r in rows]})  # fmt: skip
                return
            names = ", ".join(f"{clean(r.account.name)} in {r.directory}" for r in rows)
            OUT.print(f"{clean(user.name)} has {names or 'no directory account now'}.")
        case Held(holder=holder):
            whose = f" ({holder.name})" if holder else ""
            raise NotDone(f"Somebody else{whose} has that account.", "Unlink it there first.")
        case Stale():
            raise NotDone("The answer can no longer be confirmed. Ask again.")
        case _:
            raise NotDone("That account is gone.")


def unlink(
    who: WHO,
    directory: DIRECTORY,
    tenant: TENANT = None,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """Take a link away; nothing in the directory is changed."""
    with desk(config, tenant) as at:
        user, found = at.user(who), directory_of(at, directory)
        done = at.run(linking.unlink(at.house.parts, at.staff, user.id, found.id))
    if not isinstance(done, Linked):
        raise NotDone(f"{user.name} has no account in {found.name}.")
    _linked(done, json=json)
