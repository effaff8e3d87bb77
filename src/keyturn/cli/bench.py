"""`keyturn bench`: hands over to keyturn.bench, whose options are its own."""

from __future__ import annotations

from typing import Annotated

import typer

from keyturn import bench as benches

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def bench(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="|".join(benches.NAMES))] = "--help",
) -> None:
    """Measure something: lockout, signin, oracle, start, growth, console, directory, sync."""
    if name in {"-h", "--help"}:
        typer.echo(f"Usage: keyturn bench {{{'|'.join(benches.NAMES)}}} [OPTIONS]\n")
        typer.echo("`keyturn bench NAME --help` lists the options of one.")
        raise typer.Exit
    if name not in benches.NAMES:
        typer.echo(f"There is no bench `{name[:40]}`: {', '.join(benches.NAMES)}.", err=True)
        raise typer.Exit(2)
    raise typer.Exit(benches.run(name, context.args))
