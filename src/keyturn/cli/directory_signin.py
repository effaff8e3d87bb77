"""`keyturn directory signin`: whether a directory's passwords sign people in."""

from __future__ import annotations

from typing import Annotated

import typer

from keyturn.cli.directory_found import DIRECTORY, directory_of
from keyturn.cli.failures import NotDone
from keyturn.cli.opened import desk
from keyturn.cli.options import CONFIG, JSON, TENANT
from keyturn.cli.terminal import OUT, as_json
from keyturn.flows import directory_switch
from keyturn.flows.directory_switch import Switched


def signin(
    directory: DIRECTORY,
    on: Annotated[
        bool | None, typer.Option("--on/--off", help="Switch it; without either it is shown.")
    ] = None,
    tenant: TENANT = None,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """Whether people sign in with their password of that directory, on a page of its own."""
    with desk(config, tenant) as at:
        found, parts = directory_of(at, directory), at.house.parts
        if on is None:
            answer: object = at.run(directory_switch.look(parts, at.staff, found.id))
        else:
            answer = at.run(directory_switch.switch(parts, at.staff, found.id, on=on))
    if not isinstance(answer, Switched):
        raise NotDone("That directory is gone.")
    if json:
        as_json({"directory": answer.directory.name, "on": answer.on})
    elif answer.on:
        OUT.print(f"Passwords of {answer.directory.name} sign people in, at /signin/directory.")
    else:
        OUT.print(f"Passwords of {answer.directory.name} sign nobody in.")
