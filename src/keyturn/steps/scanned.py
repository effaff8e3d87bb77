"""What a phone has read off a page: compared, and what it will trust from then on.

Of what is scanned and of what is typed a code's row has digests under keys outside the database,
made with the code's id, so that none fits another row.  Where there is no code the same work is
done, and the answer is no.
"""

from __future__ import annotations

from typing import Final

from keyturn.ports.store import Tx
from keyturn.rules.accounts import User
from keyturn.rules.directories.things import Directory
from keyturn.rules.enrolment import ScanCode
from keyturn.steps.acts import Act

#: purposes of the digests (ports.secrets.Sealer.digest): SCANNED of "id|secret", as the address
#: has it; TYPED of "id|letters", as enrolment.typed_name reads them
SCANNED: Final = "enrolment-scanned"
TYPED: Final = "enrolment-typed"


def is_secret(act: Act, code: ScanCode | None, secret: str) -> bool:
    """Whether `secret` is the code's; in constant time."""
    stored = code.digest if code else ""
    return act.parts.sealer.matches(SCANNED, f"{code.id if code else ''}|{secret}", stored)


def is_typed(act: Act, code: ScanCode | None, letters: str) -> bool:
    """Whether these ten letters are the code's; in constant time."""
    stored = code.typed if code else ""
    return act.parts.sealer.matches(TYPED, f"{code.id if code else ''}|{letters}", stored)


def directories(tx: Tx, tenant_id: str) -> tuple[Directory, ...]:
    """The tenant's directories whose identity key is known, by id: all that a phone trusts."""
    known = (one for one in tx.directories.all(tenant_id) if one.identity is not None)
    return tuple(sorted(known, key=lambda one: one.id))


def account_name(user: User) -> str:
    """What an account is called where a person is to recognise it."""
    return user.username or user.email or user.phone or user.name
