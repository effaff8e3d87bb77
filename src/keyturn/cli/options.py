"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

CONFIG = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The settings' file; else $KEYTURN_CONFIG, else ./keyturn.toml.",
    ),
]
JSON = Annotated[bool, typer.Option("--json", help="For programs: JSON, one document a line.")]
TENANT = Annotated[
    str | None,
    typer.Option("--tenant", metavar="SLUG", help="Which tenant; not needed if there is one."),
]
