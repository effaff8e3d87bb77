"""Passkeys within a transaction: asked for and judged.

A question is a flow of the browser, of a kind of its own for each purpose; its challenge is
an HMAC of the flow's id, so that it is stored nowhere.  Any answer uses the question up.

    answer --> this browser's open question?  --> a passkey of this person?  --> signature?
           --> counter grew?  no: the key exists twice, and is refused from now on
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from keyturn.ports.passkeys import Attested, Unacceptable
from keyturn.ports.store import Tx
from keyturn.rules import passkeys as rules
from keyturn.rules.accounts import Flow, Passkey, User
from keyturn.rules.events import Event
from keyturn.rules.passkeys import VERIFIED, Assertion, Attestation, Party, Purpose
from keyturn.steps import openings
from keyturn.steps.acts import Act, record
from keyturn.steps.notices import tell

Options = Mapping[str, object]

#: why a passkey was refused, as the audit trail and diagnosis name it
REFUSED: Final = "passkey"
CLONED: Final = "passkey-cloned"


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer and what was asked for."""

    purpose: Purpose
    assertion: Assertion


def party(act: Act) -> Party:
    """Who asks: the tenant, at the address it is configured to have."""
    address = urlsplit(act.parts.link(act.tenant, "/"))
    origin = f"{address.scheme}://{address.netloc}"
    return Party(id=address.hostname or "", origin=origin, name=act.tenant.name)


def handle(act: Act, user_id: str) -> str:
    """How authenticators tell this account from others; 256 bits that say nothing."""
    return act.parts.sealer.digest("passkey-user", f"{act.tenant.id}|{user_id}")


def of_user(tx: Tx, act: Act, user_id: str) -> Sequence[Passkey]:
    """A user's passkeys, oldest first, copied ones too."""
    return tx.passkeys.of_user(act.tenant.id, user_id)


def usable(tx: Tx, act: Act, user_id: str) -> list[Passkey]:
    """Those that are still accepted."""
    return [passkey for passkey in of_user(tx, act, user_id) if passkey.cloned_at is None]


# -- questions


def request(tx: Tx, act: Act, purpose: Purpose, user_id: str | None) -> Options:
    """Ask for a passkey. `user_id` None: whose it is, the answer will tell, and the list of
    passkeys, which would tell who has any, stays empty.
    """
    allow = usable(tx, act, user_id) if user_id else []
    challenge = _challenge(act, _asked(tx, act, purpose, user_id))
    return rules.request_options(party(act), challenge, purpose, allow)


def creation(tx: Tx, act: Act, user: User) -> Options:
    """Ask for a new passkey."""
    challenge = _challenge(act, _asked(tx, act, Purpose.NEW, user.id))
    exclude = of_user(tx, act, user.id)
    return rules.creation_options(
        party(act), challenge, handle(act, user.id), user.username or user.email, exclude
    )


def stands(tx: Tx, act: Act, purpose: Purpose) -> bool:
    """Whether this browser was asked already, so that asking again stores nothing."""
    standing = _open(tx, act, purpose)
    return standing is not None and _lasts(act, standing)


def _open(tx: Tx, act: Act, purpose: Purpose) -> Flow | None:
    return tx.flows.open(act.tenant.id, act.caller.browser, _kind(purpose), act.now)


def _asked(tx: Tx, act: Act, purpose: Purpose, user_id: str | None) -> Flow:
    """The question; the one that stands goes on, so that two tabs do not undo each other."""
    standing = _open(tx, act, purpose)
    if standing is not None and standing.user_id == user_id and _lasts(act, standing):
        return standing
    return openings.start(tx, act, _kind(purpose), "asked", user_id, {}, rules.LIFE_MS)


def _lasts(act: Act, flow: Flow) -> bool:
    return flow.expires_at - act.now > rules.SPARE_MS


def _kind(purpose: Purpose) -> str:
    return f"key-{purpose}"


def _challenge(act: Act, flow: Flow) -> str:
    """256 bits that only this server can make of the flow's id, which is never told."""
    return act.parts.sealer.digest("passkey-challenge", flow.id)


def _used_up(tx: Tx, act: Act, purpose: Purpose) -> Flow | None:
    """The open question, closed: it takes one answer."""
    flow = _open(tx, act, purpose)
    if flow is not None:
        tx.flows.save(replace(flow, step="done", closed_at=act.now))
    return flow


# -- answers


def owner_of(tx: Tx, act: Act, given: Assertion) -> User | None:
    """Whose passkey it says it is, held; None if nobody has it."""
    found = tx.passkeys.named(act.tenant.id, given.id)
    return tx.users.lock(act.tenant.id, found.user_id) if found else None


def accept(tx: Tx, act: Act, user: User | None, shown: Shown) -> bool:
    """Whether an answer proves that this is `user`.

    Args:
        user: held. None: nobody has the passkey; the question is used up all the same.
    """
    given, flow = shown.assertion, _used_up(tx, act, shown.purpose)
    passkey = tx.passkeys.named(act.tenant.id, given.id)
    if flow is None or user is None or passkey is None or passkey.user_id != user.id:
        return False
    if flow.user_id not in (None, user.id) or not _is_theirs(act, user, shown):
        return False
    if passkey.cloned_at is not None:
        return False
    return _judged(tx, act, user, passkey, shown, _challenge(act, flow))


def why(tx: Tx, act: Act, user: User | None, given: Assertion) -> str:
    """Why an answer was refused, for the audit trail and diagnosis."""
    passkey = tx.passkeys.named(act.tenant.id, given.id)
    theirs = passkey is not None and user is not None and passkey.user_id == user.id
    return CLONED if theirs and passkey is not None and passkey.cloned_at else REFUSED


def _is_theirs(act: Act, user: User, shown: Shown) -> bool:
    """The handle is the user's; only who is known already may leave it out (§7.2, step 6)."""
    told = shown.assertion.user_handle
    if told is None:
        return shown.purpose is not Purpose.SIGNIN
    return act.parts.sealer.matches("passkey-user", f"{act.tenant.id}|{user.id}", told)


def _judged(tx: Tx, act: Act, user: User, passkey: Passkey, shown: Shown, challenge: str) -> bool:
    """Signature, then counter: only whoever has the key can make it look copied."""
    verified = shown.purpose in VERIFIED
    judge = act.parts.passkeys.asserted
    try:
        seen = judge(party(act), challenge, shown.assertion, passkey.public_key, verified=verified)
    except Unacceptable:
        return False
    if rules.went_back(passkey.sign_count, seen.sign_count):
        _mark(tx, act, user, passkey, seen.sign_count)
        return False
    tx.passkeys.save(replace(passkey, sign_count=seen.sign_count, used_at=act.now))
    return True


def _mark(tx: Tx, act: Act, user: User, passkey: Passkey, count: int) -> None:
    """The key exists twice: it opens nothing any more, and its owner hears of it."""
    tx.passkeys.save(replace(passkey, cloned_at=act.now))
    facts = {"passkey": passkey.id, "name": passkey.name, "kept": passkey.sign_count}
    record(tx, act, Event.PASSKEY_CLONED, user, {**facts, "shown": count})
    tell(tx, act, "passkey_cloned", user, passkey=passkey.name)


def attested(tx: Tx, act: Act, user: User, given: Attestation) -> Attested | None:
    """What the answer to `creation` proves; None if it proves nothing."""
    flow = _used_up(tx, act, Purpose.NEW)
    if flow is None or flow.user_id != user.id:
        return None
    try:
        return act.parts.passkeys.attested(party(act), _challenge(act, flow), given)
    except Unacceptable:
        return None
