"""Passkeys as stored: one more, one less."""

from __future__ import annotations

from collections.abc import Sequence

from keyturn.ports.passkeys import Attested
from keyturn.ports.store import Tx
from keyturn.rules.accounts import FactorKind, Passkey, User
from keyturn.rules.events import Event
from keyturn.rules.passkeys import suggested_name
from keyturn.steps import factors
from keyturn.steps.acts import Act, record
from keyturn.steps.notices import tell
from keyturn.steps.passkeys import of_user


def add(
    tx: Tx, act: Act, user: User, made: Attested, transports: Sequence[str]
) -> tuple[Passkey, tuple[str, ...]]:
    """Store a new passkey under a name that it can be told by.

    Returns: the passkey, and recovery codes, shown this once; () if there are some.
    Raises Taken if the tenant knows the credential already.
    """
    names = [passkey.name for passkey in of_user(tx, act, user.id)]
    passkey = Passkey(
        id=act.id(),
        tenant_id=act.tenant.id,
        user_id=user.id,
        credential_id=made.credential_id,
        public_key=made.public_key,
        sign_count=made.sign_count,
        name=suggested_name(act.caller.client_name, made.aaguid, names),
        aaguid=made.aaguid,
        transports=" ".join(transports),
        synced=made.synced,
        created_at=act.now,
        used_at=None,
        cloned_at=None,
    )
    tx.passkeys.add(passkey)
    record(tx, act, Event.FACTOR_ADDED, user, {"kind": "passkey", "name": passkey.name})
    tell(tx, act, "factor_changed", user, what="passkey.added", passkey=passkey.name)
    saved = factors.has(tx.factors.of_user(act.tenant.id, user.id), FactorKind.RECOVERY)
    return passkey, () if saved else factors.new_codes(tx, act, user)


def remove(tx: Tx, act: Act, user: User, passkey: Passkey) -> None:
    """Take a passkey away, and the saved codes if nothing is left for them."""
    tx.passkeys.remove(act.tenant.id, user.id, passkey.id)
    factors.drop_idle_codes(tx, act, user)
    record(tx, act, Event.FACTOR_REMOVED, user, {"kind": "passkey", "name": passkey.name})
    tell(tx, act, "factor_changed", user, what="passkey.removed", passkey=passkey.name)
