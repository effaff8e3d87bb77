"""The phone's own lock as the key of the app lock: asked, judged, made, forgotten.

A question is a flow of the phone's, five minutes, one answer, right or wrong; its challenge is an
HMAC over the flow's id, the phone and the very thing that is to be done, so that an answer opens
nothing else: no other question, operation, phone or tenant.

    asked --answer--> over                         (done, or not)
          --answer to "choose"--> goes on --the same answer, for that job--> over

Choosing a directory password is two requests, the second of which hands it in: the person is asked
once, so the answer to the first is good for that job's handing in, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from keyturn.ports.passkeys import Unacceptable
from keyturn.ports.phones import Kept
from keyturn.ports.store import Tx
from keyturn.rules import app_lock as rules
from keyturn.rules.accounts import Flow
from keyturn.rules.app_lock import Doing, LockKey, Proof
from keyturn.rules.events import Event
from keyturn.rules.passkeys import LIFE_MS, SPARE_MS, Assertion, Attestation, went_back
from keyturn.rules.phone_app import Phone
from keyturn.steps import openings, passkeys
from keyturn.steps.acts import Act, record
from keyturn.steps.notices import tell
from keyturn.steps.phone_door import Heard
from keyturn.steps.scanned import account_name

Options = Mapping[str, object]

#: kinds of flows, and what an answer to "choose" leaves
ASK: Final = "app-lock"
NEW: Final = "app-lock-new"
ASKED: Final = "asked"
GOES_ON: Final = "goes-on"


def key_of(tx: Tx, act: Act, phone: Phone) -> LockKey | None:
    """The key, if the phone has one."""
    kept = tx.phones.kept(act.tenant.id, phone.id)
    return kept.key if kept else None


# -- questions


def ask(tx: Tx, act: Act, found: Heard, doing: Doing) -> Options | None:
    """Ask the phone's own lock, for one thing; None: it is no key here."""
    key = key_of(tx, act, found.phone)
    if key is None:
        return None
    flow = _standing(tx, act, found, ASK)
    challenge = _challenge(act, found.phone, doing, flow)
    return rules.request_options(passkeys.party(act), challenge, key)


def creation(tx: Tx, act: Act, found: Heard) -> Options:
    """Ask the phone to make a key."""
    phone, flow = found.phone, _standing(tx, act, found, NEW)
    names = account_name(found.user), phone.name
    challenge = _challenge(act, phone, None, flow)
    return rules.creation_options(passkeys.party(act), challenge, _handle(act, phone), names)


def _standing(tx: Tx, act: Act, found: Heard, kind: str) -> Flow:
    """The question; one that stands serves again, so that a phone that asks and asks stores nothing
    more: its challenge is another one for each thing.
    """
    hand = _hand(act, found.phone)
    flow = tx.flows.open(act.tenant.id, hand, kind, act.now)
    if flow is not None and flow.step == ASKED and flow.expires_at - act.now > SPARE_MS:
        return flow
    return openings.start(tx, act, kind, ASKED, found.user.id, {}, LIFE_MS, browser=hand)


def _hand(act: Act, phone: Phone) -> str:
    """A phone has no cookie: what stands in a browser's place."""
    return act.parts.sealer.digest("app-lock-hand", f"{act.tenant.id}|{phone.id}")


def _handle(act: Act, phone: Phone) -> str:
    return act.parts.sealer.digest("app-lock-handle", f"{act.tenant.id}|{phone.id}")


def _challenge(act: Act, phone: Phone, doing: Doing | None, flow: Flow) -> str:
    what = "new" if doing is None else f"{doing.does}|{doing.about}"
    words = f"{act.tenant.id}|{phone.id}|{what}|{flow.id}"
    return act.parts.sealer.digest("app-lock-challenge", words)


def _used_up(tx: Tx, act: Act, phone: Phone, kind: str) -> Flow | None:
    flow = tx.flows.open(act.tenant.id, _hand(act, phone), kind, act.now)
    if flow is not None:
        tx.flows.save(replace(flow, step="done", closed_at=act.now))
    return flow


# -- answers


def opens(tx: Tx, act: Act, found: Heard, doing: Doing, given: Assertion) -> bool:
    """Whether the phone's own lock was opened for this very thing.

    Args:
        found: held, so that of two uses of one answer one is second.
    """
    flow, key = _used_up(tx, act, found.phone, ASK), key_of(tx, act, found.phone)
    if flow is None or key is None:
        return False
    if flow.step == GOES_ON:
        return flow.data == _left(act, doing, given)
    return _judged(tx, act, found, key, given, _challenge(act, found.phone, doing, flow))


def _judged(
    tx: Tx, act: Act, found: Heard, key: LockKey, given: Assertion, challenge: str
) -> bool:  # fmt: skip
    """Signature, then counter, as with passkeys (steps/passkeys.py)."""
    told = given.user_handle
    if given.id != key.credential_id or told not in (None, _handle(act, found.phone)):
        return False
    judge = act.parts.passkeys.asserted
    try:
        seen = judge(passkeys.party(act), challenge, given, key.public_key, verified=True)
    except Unacceptable:
        return False
    if went_back(key.sign_count, seen.sign_count):
        _forget(tx, act, found, "copied")
        return False
    _keep(tx, act, found.phone, replace(key, sign_count=seen.sign_count))
    return True


def goes_on(tx: Tx, act: Act, found: Heard, doing: Doing, proof: Proof | None) -> None:
    """The answer that was right just now opens the lock once more, for what it has begun."""
    if isinstance(proof, Assertion):
        left, hand = _left(act, doing, proof), _hand(act, found.phone)
        openings.start(tx, act, ASK, GOES_ON, found.user.id, left, LIFE_MS, browser=hand)


def _left(act: Act, doing: Doing, given: Assertion) -> dict[str, str | int | bool | None]:
    answer = act.parts.sealer.digest("app-lock-answer", given.signature)
    return {"does": str(doing.does), "about": doing.about, "answer": answer}


# -- made and forgotten


def make(tx: Tx, act: Act, found: Heard, given: Attestation) -> bool:
    """The phone's own lock opens the app from now on, besides the PIN; whether what it made proves
    that it is one, and that it made sure who holds the phone. Its owner is told.
    """
    flow = _used_up(tx, act, found.phone, NEW)
    if flow is None:
        return False
    challenge = _challenge(act, found.phone, None, flow)
    try:
        made = act.parts.passkeys.attested(passkeys.party(act), challenge, given, verified=True)
    except Unacceptable:
        return False
    key = LockKey(made.credential_id, made.public_key, made.sign_count, act.now)
    _keep(tx, act, found.phone, key)
    record(tx, act, Event.APP_LOCK, found.user, {"phone": found.phone.id, "what": "lock-on"})
    tell(tx, act, "app_changed", found.user, what="lock-on", phone=found.phone.name)
    return True


def forget(tx: Tx, act: Act, found: Heard) -> None:
    """The PIN alone opens the app from now on. Its owner is told, if anything was forgotten."""
    if key_of(tx, act, found.phone) is not None:
        _forget(tx, act, found, "off")


def _forget(tx: Tx, act: Act, found: Heard, why: str) -> None:
    """why: "off": its owner wants it so; "copied": its counter says that it exists twice."""
    _keep(tx, act, found.phone, None)
    what = f"lock-{why}"
    record(tx, act, Event.APP_LOCK, found.user, {"phone": found.phone.id, "what": what})
    tell(tx, act, "app_changed", found.user, what=what, phone=found.phone.name)


def _keep(tx: Tx, act: Act, phone: Phone, key: LockKey | None) -> None:
    kept = tx.phones.kept(act.tenant.id, phone.id) or Kept()
    tx.phones.keep(act.tenant.id, phone.id, replace(kept, key=key))
