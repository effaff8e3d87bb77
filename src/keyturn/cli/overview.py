"""`keyturn --help`."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from keyturn.cli.commands import GROUPS
from keyturn.cli.terminal import OUT


def show() -> None:
    """Print the commands, by what they are for."""
    OUT.print()
    OUT.print(Text.assemble(("Keyturn", "bold"), " gets people back into their accounts, safely,"))
    OUT.print("and says why they could not get in.")
    OUT.print()
    OUT.print(Text.assemble(("Usage  ", "dim"), "keyturn COMMAND [OPTIONS]"))
    table = Table.grid(padding=(0, 2))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column()
    for title, commands in GROUPS.items():
        table.add_row()
        table.add_row(Text(title, "bold"))
        for name, command in commands.items():
            table.add_row(f"  {name}", command.text)
    OUT.print(table)
    OUT.print()
    OUT.print("`keyturn COMMAND --help` says more of one command. New here? `keyturn demo`.")
    OUT.print(
        "Settings come from keyturn.toml and the environment: `keyturn settings`.", style="dim"
    )
    OUT.print("Exit status: 0 done, 1 not done, 2 wrong usage or settings.", style="dim")
    OUT.print()
