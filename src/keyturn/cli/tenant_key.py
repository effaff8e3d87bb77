"""`keyturn tenant key`: keys by which a tenant's programs verify callers, or work on cases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from keyturn.cli.failures import NotDone, WrongUse
from keyturn.cli.opened import Desk, desk
from keyturn.cli.options import CONFIG, JSON
from keyturn.cli.terminal import OUT, as_json, clean, iso
from keyturn.flows import api_keys as flow
from keyturn.flows.api_keys import BadName, Made, NotAllowed
from keyturn.rules.api_keys import ApiKey, Scope

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True,
    help="Keys by which programs verify callers (a ticket system), or work on cases.",
)  # fmt: skip

SLUG = Annotated[str, typer.Argument(help="The tenant's name in links, /t/SLUG.")]
NAME = Annotated[str, typer.Argument(help="Of the program; people's phones show it.")]


@app.command()
def add(
    slug: SLUG,
    name: NAME,
    cases: Annotated[
        bool, typer.Option("--cases", help="For a help desk's own tool: cases, and nothing else.")
    ] = False,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """Make a key, which is shown once."""
    scope = Scope.CASES if cases else Scope.VERIFY
    with desk(config, slug) as at:
        answer = at.run(flow.add(at.house.parts, at.staff, name, scope))
    match answer:
        case Made(stored=stored, key=key) if json:
            as_json({**_document(stored), "key": key})
        case Made(stored=stored, key=key):
            OUT.print(f"The key of {clean(stored.name)}, shown this once:", markup=False)
            OUT.print(key, soft_wrap=True)
        case BadName():
            raise WrongUse(
                "No key can be called like that.",
                "A name has 1 to 40 characters that can be read, and is no web address.",
            )
        case _:
            raise NotDone("Another key has this name.", "`keyturn tenant key list` shows them.")


@app.command("list")
def list_keys(slug: SLUG, config: CONFIG = None, json: JSON = False) -> None:
    """The keys that open something, with when each was last used."""
    with desk(config, slug) as at:
        found = _keys(at)
    if not found and not json:
        OUT.print("There is no key. `keyturn tenant key add` makes one.")
    for key in found:
        if json:
            as_json(_document(key))
            continue
        used = f"last used {iso(key.used_at)}" if key.used_at else "never used"
        line = f"{clean(key.name)}  {key.hint}…  made {iso(key.made_at)}, {used}"
        OUT.print(line, markup=False)


@app.command()
def revoke(slug: SLUG, name: NAME, config: CONFIG = None) -> None:
    """Let a key open nothing any more, at once."""
    with desk(config, slug) as at:
        meant = next((key for key in _keys(at) if key.name == name), None)
        if meant is not None:
            at.run(flow.revoke(at.house.parts, at.staff, meant.id))
    if meant is None:
        remedy = "`keyturn tenant key list` shows them."
        raise NotDone(f"There is no key of `{clean(name[:60])}`.", remedy)
    OUT.print(f"The key of {clean(name)} opens nothing any more.", markup=False)


def _keys(at: Desk) -> Sequence[ApiKey]:
    """All of them; a command on the host acts as an owner. Raises NotDone."""
    found = at.run(flow.everyone(at.house.parts, at.staff))
    if isinstance(found, NotAllowed):
        raise NotDone("Owners alone see keys.")
    return found


def _document(key: ApiKey) -> dict[str, object]:
    """A key for programs."""
    return {
        "id": key.id, "name": key.name, "begins": key.hint, "made_at": iso(key.made_at),
        "used_at": iso(key.used_at), "opens": key.scope.name.lower(),
    }  # fmt: skip
