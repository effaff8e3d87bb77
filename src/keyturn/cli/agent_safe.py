"""The directory's identity key, into the owner's safe and out of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from keyturn.agent import keys as keyring
from keyturn.agent.identity import public
from keyturn.cli.agent_self import CONFIG, ELSEWHERE, enrolled
from keyturn.cli.agent_words import worded
from keyturn.cli.failures import NotDone, WrongUse
from keyturn.cli.terminal import OUT
from keyturn.wire.certificates import fingerprint


def export_identity(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Made; it must not be there.")],
    passphrase_file: Annotated[
        Path | None,
        typer.Option("--passphrase-file", metavar="FILE", help="Read the pass-phrase from a file."),
    ] = None,
    config: CONFIG = None,
) -> None:
    """The directory's identity key into a file for the owner's safe, sealed by a pass-phrase.

    Whoever has file and pass-phrase can make agents that the phones of this directory believe.
    """
    with worded():
        _settings, state, who = enrolled(config)
        key = keyring.identity(state)
        if key is None:
            raise NotDone("This agent does not have the identity key.", ELSEWHERE)
        phrase = _passphrase(passphrase_file, confirm=True)
        text = keyring.sealed_export(key, who.directory_id, who.directory, phrase)
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise NotDone(f"{file} cannot be made: {error.strerror}.") from None
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
    shown = fingerprint(public(key))
    OUT.print(Text.assemble(f"{file}  ", ("directory's key ", "dim"), (shown, "bold cyan")))
    OUT.print("Keep file and pass-phrase in different places.", style="dim")


def import_identity(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What export-identity made.")],
    passphrase_file: Annotated[
        Path | None,
        typer.Option("--passphrase-file", metavar="FILE", help="Read the pass-phrase from a file."),
    ] = None,
    config: CONFIG = None,
) -> None:
    """The directory's identity key out of the safe, when no approved agent is left.

    Enrol first, import, then start the agent: with the key it needs nobody's approval.
    """
    with worded():
        _settings, state, who = enrolled(config)
        phrase = _passphrase(passphrase_file, confirm=False)
        key = keyring.opened_export(file, who.directory_id, phrase)
        with state.lock():
            keyring.keep_identity(state, key)
    OUT.print("The identity key is in place. Start the agent.")


def _passphrase(path: Path | None, *, confirm: bool) -> str:
    try:
        if path is not None:
            phrase = path.read_text(encoding="utf-8").rstrip("\r\n")
        elif sys.stdin.isatty():
            phrase = typer.prompt(
                "Pass-phrase", hide_input=True, confirmation_prompt=confirm, err=True
            )
        else:
            phrase = sys.stdin.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse("The pass-phrase's file cannot be read.", str(error)) from None
    if confirm and len(phrase) < keyring.SHORTEST_PASSPHRASE:
        least = keyring.SHORTEST_PASSPHRASE
        raise WrongUse(f"A pass-phrase for a safe has at least {least} characters.")
    return phrase
