"""Making an account: judging what was typed, taking an address."""

from __future__ import annotations

import re
from dataclasses import dataclass

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.accounts import Tenant, User, UserState
from keyturn.rules.identifiers import (
    Email,
    EmailProblem,
    NameProblem,
    display_name,
    parse_email,
)
from keyturn.rules.passwords import PasswordProblem, SpaceWarning, normalised
from keyturn.steps import passwords
from keyturn.steps.acts import Act

ZONE_MAX = 64
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*")


@dataclass(frozen=True, slots=True)
class Details:
    """What a new account is made of. `password` is in the form that is hashed."""

    name: str
    email: Email
    password: str


@dataclass(frozen=True, slots=True)
class Unfit:
    """What is wrong with it, field by field; `warnings` are to be confirmed, not mended."""

    name: NameProblem | None
    email: EmailProblem | None
    password: tuple[PasswordProblem, ...]
    warnings: tuple[SpaceWarning, ...]


def judge(
    parts: Parts, tenant: Tenant, name: str, email: str, password: str, *, spaces_meant: bool
) -> Details | Unfit:
    """All that is wrong at once, so that a form is sent back once.

    Args:
        spaces_meant: the person was asked about a space at the password's start or end.
    """
    named, address = display_name(name), parse_email(email)
    problems, warnings = passwords.judge(
        parts, tenant, (name, email), password, spaces_meant=spaces_meant
    )
    if isinstance(named, str) and isinstance(address, Email) and not problems and not warnings:
        return Details(name=named, email=address, password=normalised(password))
    return Unfit(
        name=None if isinstance(named, str) else named,
        email=None if isinstance(address, Email) else address,
        password=problems,
        warnings=warnings,
    )


def new_user(
    act: Act, details: Details, encoded: str, state: UserState, timezone: str | None
) -> User:
    """The account that `details` make."""
    zone = timezone if timezone and len(timezone) <= ZONE_MAX else ""
    return User(
        id=act.id(),
        tenant_id=act.tenant.id,
        state=state,
        name=details.name,
        username=None,
        email=details.email.address,
        phone=None,
        phone_verified_at=None,
        password_hash=encoded,
        password_set_at=act.now,
        epoch=0,
        frozen_at=None,
        timezone=zone if _ZONE.fullmatch(zone) else None,
        created_at=act.now,
        language=act.caller.language,
    )


def take_address(tx: Tx, act: Act, user: User, name: str) -> User | None:
    """Store `user` under `name`; a sign-up that never confirmed the address gives way.

    Whatever becomes of it costs the same statements: one account is deleted and one is
    added, and where the address is taken the one added is the one deleted.

    Returns: who has the address already; then nothing is kept. None if `user` has it now.
    Raises Taken if somebody else takes it at this very moment: run the transaction again.
    """
    found = tx.users.named(act.tenant.id, name)
    holder = tx.users.lock(act.tenant.id, found.id if found else user.id)
    if holder is None or holder.state is UserState.UNVERIFIED:
        tx.users.delete(act.tenant.id, holder.id if holder else user.id)
        tx.users.add(user, [name])
        return None
    tx.users.add(user, [f"{user.id}@invalid"])
    tx.users.delete(act.tenant.id, user.id)
    return holder
