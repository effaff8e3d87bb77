"""The options of `keyturn tenant set`; what is not named stays."""

from __future__ import annotations

from typing import Annotated

import typer

NAME = Annotated[str | None, typer.Option("--name", help="The name that people read.")]
HOST = Annotated[str | None, typer.Option("--host", help='A host name of its own; "" for none.')]
SENDER = Annotated[str | None, typer.Option("--sender", help="Its mails' sender.")]
ACCENT = Annotated[str | None, typer.Option("--accent", help="Its colour, #rrggbb.")]
TIMEZONE = Annotated[str | None, typer.Option("--timezone", help="An IANA time zone.")]
SUPPORT = Annotated[
    list[str] | None,
    typer.Option("--support", help='"LABEL|ADDRESS|HOURS", in order; replaces all.'),
]
SIGNUP = Annotated[
    bool | None, typer.Option("--signup/--no-signup", help="People may sign up themselves.")
]
VOICE = Annotated[bool | None, typer.Option("--voice/--no-voice", help="The SMS gateway can call.")]
SMS_SECOND = Annotated[
    bool | None,
    typer.Option(
        "--sms-second/--no-sms-second",
        help="A code by text is a second step for who proved a number; never for staff.",
    ),
]
PHONE = Annotated[str | None, typer.Option("--phone", help="off, optional or required at sign-up.")]
PHONE_UNIQUE = Annotated[
    str | None,
    typer.Option(
        "--phone-unique",
        help="A number is one user's of the tenant, or of all tenants of its provider that say so.",
    ),
]
PASSWORD_MIN = Annotated[
    int | None, typer.Option("--password-min", help="Shortest password, 8 to 64.")
]
LOCKOUT_SCOPE = Annotated[str | None, typer.Option("--lockout-scope", help="client or account.")]
REGION = Annotated[str | None, typer.Option("--region", help="Country of numbers without +.")]
SMS_COUNTRIES = Annotated[
    str | None, typer.Option("--sms-countries", help='Countries texts go to, "GB,IE"; "" for all.')
]
LANGUAGE = Annotated[
    str | None, typer.Option("--language", help="Of mails, and of pages if none is asked for.")
]
DIRECTORY_DOMAIN = Annotated[
    list[str] | None,
    typer.Option(
        "--directory-domain",
        help="A mail domain whose mailboxes open with the directory password; replaces "
        'all, "" for none.',
    ),
]
ACTIVATION_AGAIN = Annotated[
    bool | None,
    typer.Option(
        "--activation-again/--no-activation-again",
        help="People may ask for another activation link by themselves.",
    ),
]
DRY_RUN = Annotated[
    bool, typer.Option("--dry-run", help="Show what it would do, to how many; store nothing.")
]
SURE = Annotated[
    bool, typer.Option("--sure", help="Also where people are left without a second step by it.")
]
