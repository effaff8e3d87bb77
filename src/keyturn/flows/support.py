"""A case for somebody who still can't get in, with what Keyturn knows.

A stranger hears the neutral text and whatever their own browser has done, the same
whether the name exists or not, at the cost of the same statements.  Somebody who proved
in this browser that the account is theirs (a recovery past its code, or a session) hears
what keeps them out.  The case holds the evidence either way, for the help desk.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.accounts import Case, User, UserState
from keyturn.rules.budgets import CASE_MAILS, CASES
from keyturn.rules.callers import Caller, network_of
from keyturn.rules.cases import LENGTH, SecretKind, looks_like_secret, reference
from keyturn.rules.diagnosis import (
    Diagnosis,
    Facts,
    Symptom,
    Voice,
    diagnose,
    diagnose_stranger,
)
from keyturn.rules.events import Event
from keyturn.steps import lanes
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.evidence import Subject, collect
from keyturn.steps.naming import name_of
from keyturn.steps.outbox import mail_notice

IDENTIFIER_MAX = 254
CONTACT_MAX = 254
NOTE_MAX = 2000
#: steps of a recovery at which the address has been proved
_PROVED = frozenset({"first", "second", "password", "done"})
#: accounts whose address is known to be theirs
_MAILED = frozenset({UserState.ACTIVE, UserState.DISABLED})


@dataclass(frozen=True, slots=True)
class Opened:
    """The case is open.

    Attributes:
        ref: what the person reads out.
        voice: in which the findings are to be spoken: STRANGER or PERSON.
        diagnosis: for that voice; a stranger's was made from public facts alone.
    """

    ref: str
    voice: Voice
    diagnosis: Diagnosis


@dataclass(frozen=True, slots=True)
class HeldBack:
    """The text in `field` looks like a secret that nobody needs; nothing was stored."""

    field: str
    kind: SecretKind


@dataclass(frozen=True, slots=True)
class TooMany:
    """This network opened too many cases; from `until` on more can be."""

    until: int


@dataclass(frozen=True, slots=True)
class NotAName:
    """What was typed cannot be anybody's name."""


@dataclass(frozen=True, slots=True)
class _Request:
    """What the person wrote."""

    name: str
    typed: str
    contact: str
    note: str
    signed_in: User | None
    symptom: Symptom
    refused: str | None


async def open_case(
    parts: Parts,
    caller: Caller,
    typed: str,
    contact: str,
    note: str,
    *,
    signed_in: User | None = None,
    symptom: Symptom = Symptom.SIGNIN,
    refused: str | None = None,
) -> Opened | HeldBack | TooMany | NotAName:
    """Open a case for whoever types this name.

    Args:
        contact: how to reach the person, as they say; shown to staff, never written to.
        note: what happened, in their words.
        signed_in: whose session this browser holds, if any.
        refused: what this browser was last shown instead of a way in (see the fact
            `here.refused`), if the door knows.
    """
    name = name_of(parts, caller.tenant, typed)
    if name is None:
        return NotAName()
    held = _held_back(contact, note)
    if held is not None:
        return held
    asked = _Request(
        name, typed[:IDENTIFIER_MAX], contact[:CONTACT_MAX], note[:NOTE_MAX], signed_in,
        symptom, refused,
    )  # fmt: skip
    return await parts.store.write(lambda tx: _open(tx, begin(parts, caller), asked))


def _held_back(contact: str, note: str) -> HeldBack | None:
    """A note may hold no code; a contact may, because a short number looks like one."""
    kind = looks_like_secret(note)
    if kind is not None:
        return HeldBack("note", kind)
    kind = looks_like_secret(contact)
    return None if kind in {None, SecretKind.CODE} else HeldBack("contact", kind)


def _open(tx: Tx, act: Act, asked: _Request) -> Opened | TooMany:
    spent = tx.budgets.spend(act.tenant.id, network_of(act.caller.ip), act.now, CASES)
    if not CASES.allows(spent):
        return TooMany(until=spent.start + CASES.window_ms)
    found, _, lane = lanes.look(tx, act, asked.name)
    proved = _is_theirs(tx, act, asked, found.user) and found.known
    facts = collect(
        tx, act, Subject(found.user, asked.typed, here=True, refused=asked.refused)
    )  # fmt: skip
    case = _case(tx, act, asked, found.user if found.known else None, facts)
    tx.cases.add(case)
    record(tx, act, Event.CASE_OPENED, found.user, {"ref": case.ref, "proved": proved})
    _mail(tx, act, found.user, lane, case.ref)
    if proved:
        return Opened(case.ref, Voice.PERSON, diagnose(facts, act.now, asked.symptom))
    return Opened(case.ref, Voice.STRANGER, diagnose_stranger(facts, act.now, asked.symptom))


def _is_theirs(tx: Tx, act: Act, asked: _Request, user: User) -> bool:
    """Whether this browser has proved that the account is its person's."""
    flow = tx.flows.open(act.tenant.id, act.caller.browser, "recovery", act.now)
    if flow is not None and flow.step in _PROVED and flow.user_id == user.id:
        return True
    return asked.signed_in is not None and asked.signed_in.id == user.id


def _case(tx: Tx, act: Act, asked: _Request, user: User | None, facts: Facts) -> Case:
    return Case(
        id=act.id(),
        ref=_free_reference(tx, act),
        tenant_id=act.tenant.id,
        user_id=user.id if user else None,
        identifier=asked.typed,
        state="open",
        contact=asked.contact,
        note=asked.note,
        facts=facts.stored(),
        created_at=act.now,
    )


def _free_reference(tx: Tx, act: Act) -> str:
    """A reference that no case of the tenant has."""
    while True:
        ref = reference(act.parts.random.letters(LENGTH))
        if tx.cases.get(act.tenant.id, ref) is None:
            return ref


def _mail(tx: Tx, act: Act, user: User, lane: str, ref: str) -> None:
    """Tell the owner, whose mailbox is not to be flooded by it."""
    spent = tx.budgets.spend(act.tenant.id, lane, act.now, CASE_MAILS)
    if not CASE_MAILS.allows(spent):
        return
    nobody = replace(user, id=act.tenant.id)  # a mail to the decoy is dropped
    owner = user if user.state in _MAILED else nobody
    mail_notice(tx, act, "case_opened", owner, {"ref": ref, "at": act.now})
