"""Codes that the phone app shows without a network: TOTP (RFC 6238), a secret of the phone's own.

The secret is made here and told once; the phone keeps it under a key that it cannot export.  It
hangs on the phone's row, so that it is dead with the phone.
"""

from __future__ import annotations

from dataclasses import replace

from keyturn.ports.phones import Kept
from keyturn.ports.store import Tx
from keyturn.rules.accounts import User
from keyturn.rules.events import Event
from keyturn.rules.phone_app import Phone
from keyturn.steps.acts import Act, record
from keyturn.steps.naming import digits_of
from keyturn.steps.notices import tell
from keyturn.steps.phone_door import Heard


def renew(tx: Tx, act: Act, found: Heard) -> str:
    """A new secret in base32, in place of the one before; held by the caller."""
    phone, secret = found.phone, act.parts.otp.new_secret()
    kept = tx.phones.kept(act.tenant.id, phone.id) or Kept()
    sealed = act.parts.sealer.seal(secret.encode(), _context(phone))
    tx.phones.keep(act.tenant.id, phone.id, replace(kept, offline=sealed, used=None))
    record(tx, act, Event.APP_OFFLINE, found.user, {"phone": phone.id})
    if kept.offline:  # the first one comes with the phone, of which they have heard
        tell(tx, act, "app_changed", found.user, what="offline", phone=phone.name)
    return secret


def usable(tx: Tx, act: Act, user_id: str) -> bool:
    """Whether the user's phone shows codes."""
    phone = _phone(tx, act, user_id)
    kept = tx.phones.kept(act.tenant.id, phone.id) if phone else None
    return kept is not None and bool(kept.offline)


def accept(tx: Tx, act: Act, user: User, code: str) -> bool:
    """Whether `code` is what the user's phone shows, or showed half a minute ago; it is used up.

    Tries are the caller's to count.
    """
    phone = _phone(tx, act, user.id)
    kept = tx.phones.kept(act.tenant.id, phone.id) if phone else None
    if phone is None or kept is None or not kept.offline:
        return False
    secret = act.parts.sealer.open(kept.offline, _context(phone)).decode()
    used = act.parts.otp.verify(secret, digits_of(code), act.now, kept.used)
    if used is None:
        return False
    tx.phones.keep(act.tenant.id, phone.id, replace(kept, used=used))
    return True


def _phone(tx: Tx, act: Act, user_id: str) -> Phone | None:
    return tx.phones.active(act.tenant.id, [user_id]).get(user_id)


def _context(phone: Phone) -> str:
    return f"offline|{phone.id}"
