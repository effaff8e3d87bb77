"""`keyturn mail-key`: a key that signs mail, and the record that makes it count."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from keyturn import couriers
from keyturn.cli.failures import NotDone
from keyturn.cli.terminal import OUT

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def mail_key(
    domain: Annotated[str, typer.Argument(help="The domain of the tenant's sender address.")],
    selector: Annotated[str, typer.Argument(help="A name for this key, e.g. kt2026.")],
    file: Annotated[
        Path | None, typer.Option("--file", help="Where to write it; else DOMAIN.SELECTOR.pem.")
    ] = None,
    rsa: Annotated[
        bool, typer.Option("--rsa", help="RSA 2048, for receivers that cannot read Ed25519.")
    ] = False,
) -> None:
    """Make a key that signs mail (DKIM, RFC 6376); print its DNS record and its setting.

    Most receivers still check RSA only: make one of each, with two selectors.
    """
    path = file or Path(f"{domain}.{selector}.pem")
    pem, record = couriers.mail_key(domain, selector, "rsa" if rsa else "ed25519")
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise NotDone(
            f"{path} cannot be made: {error.strerror}.", "Name another --file."
        ) from error
    with os.fdopen(handle, "wb") as out:
        out.write(pem)
    OUT.print(Text(f"The private key is in {path}. Publish this record in the DNS:\n", "bold"))
    typer.echo(record)
    OUT.print(Text("\nThen add this to keyturn.toml and restart:\n", "bold"))
    typer.echo(f'[[mail.dkim]]\ndomain = "{domain}"\nselector = "{selector}"\nfile = "{path}"')
