"""`keyturn settings`: the documented list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from keyturn.cli.options import CONFIG, JSON
from keyturn.cli.terminal import OUT, as_json, indented
from keyturn.settings import Setting, load, reference

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def settings(
    name: Annotated[str, typer.Argument(help="Only those whose name holds this text.")] = "",
    check: Annotated[bool, typer.Option("--check", help="Read them, and say what is bad.")] = False,
    config: CONFIG = None,
    json: JSON = False,
) -> None:
    """Every setting: what it means, what it may be, its default."""
    if check:
        return _check(config)
    wanted = [s for section in reference() for s in section.settings if name in s.name]
    if json:
        return as_json([_document(setting) for setting in wanted])
    if not wanted:
        OUT.print(f"No setting's name holds `{name}`.")
        raise typer.Exit(1)
    for setting in wanted:
        _show(setting)
    return None


def _check(config: Path | None) -> None:
    load(config)
    OUT.print("The settings are good.")


def _document(setting: Setting) -> dict[str, object]:
    return {
        "name": setting.name,
        "variable": setting.variable,
        "meaning": setting.text,
        "allowed": setting.allowed,
        "default": setting.default or None,
        "secret": setting.secret,
    }


def _show(setting: Setting) -> None:
    OUT.print(Text(setting.name, "bold cyan"))
    lines = [setting.text, f"Allowed: {setting.allowed}"]
    lines.append(f"Default: {setting.default or 'not set'}   Environment: {setting.variable}")
    for line, style in zip(lines, ("", "dim", "dim"), strict=True):
        OUT.print(indented(Text(line, style), 2))
    OUT.print()
