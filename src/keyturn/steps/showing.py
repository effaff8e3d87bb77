"""The page that shows a code to scan: its next code, and what became of it.

Secret and letters stand in the page's flow, sealed, so that the same code is there when the page
is opened again; the code's own row has digests alone (steps/scanned.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Final

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules import binding, codes, enrolment, enrolment_address
from keyturn.rules.accounts import Flow, Tenant, User
from keyturn.rules.binding import No, Rows
from keyturn.rules.budgets import exhausted
from keyturn.rules.directories.things import Directory
from keyturn.rules.enrolment import ScanCode
from keyturn.rules.events import Event
from keyturn.rules.matching import Ended
from keyturn.steps import scanned, two_digits
from keyturn.steps.acts import Act, record

#: where the page's flow names the link that led there (0: none) and the user's epoch then, and
#: keeps what its newest code carries
LINK, EPOCH, SECRETS = "link", "epoch", "secrets"
#: the step of a flow that shows codes
SCAN: Final = "scan"


@dataclass(frozen=True, slots=True)
class Capped:
    """No more codes are made for now.

    Attributes:
        numbers: because wrong numbers ended too many of them: somebody may see the page.
    """

    until: int
    numbers: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """The newest code of a page, as it is now.

    Attributes:
        secret: what is scanned, besides the code's id.
        letters: what is typed, as enrolment.spelled has it.
        known: the directories that the phone will trust.
        tried_out: no more letters are taken; the code can still be scanned.
    """

    code: ScanCode
    secret: str = field(repr=False)
    letters: str = field(repr=False)
    known: tuple[Directory, ...] = field(repr=False)
    tried_out: bool


def address(parts: Parts, tenant: Tenant, shown: Shown, installation: bytes) -> str:
    """What the code to scan holds: the app's address with everything behind its #.

    Args:
        installation: the public half of the key that signs answers (ports.channel.Notary).
    """
    keys = {one.id: one.identity for one in shown.known if one.identity is not None}
    content = enrolment_address.Content(
        code_id=shown.code.id.upper(), secret=shown.secret,
        installation=enrolment_address.installation_pin(installation),
        directories=enrolment_address.directories_pin(keys),
    )  # fmt: skip
    return parts.link(tenant, f"/app/#{enrolment_address.fragment(content)}")


def show(tx: Tx, act: Act, rows: Rows, flow: Flow) -> Flow | Capped | No:
    """The page's next code; the user's others are over.

    Args:
        rows: of the page's user, held.
        flow: the page's, open, with LINK and EPOCH.

    Returns: the flow as stored.
    """
    link = int(flow.data[LINK] or 0)
    if rows.user.frozen_at is not None:
        return No.USER
    if link and rows.bound:  # else a mailbox alone would replace the phone
        return No.LINK
    capped = _capped(tx, act, rows.user.id)
    if capped is not None:
        return capped
    random = act.parts.random
    secret, letters = random.token(enrolment.SECRET_BYTES), random.letters(enrolment.TYPED)
    code = _code(act, flow, rows.user, secret, letters)
    after = binding.show(rows, code, act.now)
    if isinstance(after, No):
        return after
    tx.phones.save(rows, after)
    record(tx, act, Event.ENROLMENT_SHOWN, rows.user, {"code": code.id})
    sealed = act.parts.sealer.seal(json.dumps([secret, letters]).encode(), _context(flow, code))
    kept = replace(flow, step=SCAN, data={**flow.data, SECRETS: sealed})
    tx.flows.save(kept)
    return kept


def _code(act: Act, flow: Flow, user: User, secret: str, letters: str) -> ScanCode:
    code_id, digest = act.id(), act.parts.sealer.digest
    return ScanCode(
        id=code_id, tenant_id=act.tenant.id, user_id=user.id, flow_id=flow.id,
        link=int(flow.data[LINK] or 0), epoch=int(flow.data[EPOCH] or 0),
        digest=digest(scanned.SCANNED, f"{code_id}|{secret}"),
        name=letters[: enrolment.NAMING], typed=digest(scanned.TYPED, f"{code_id}|{letters}"),
        number=two_digits.fresh(act.parts), made_at=act.now, expires_at=act.now + enrolment.LIFE_MS,
    )  # fmt: skip


def _context(flow: Flow, code: ScanCode) -> str:
    return f"enrolment|{flow.id}|{code.id}"


def _capped(tx: Tx, act: Act, user_id: str) -> Capped | None:
    """Codes that ended by wrong numbers are looked at (whoever binds spends them); this one
    is spent.
    """
    tenant_id, mismatches = act.tenant.id, enrolment.MISMATCHES
    wrong = tx.budgets.look(tenant_id, user_id, mismatches)
    if wrong is not None and exhausted(wrong, act.now, mismatches):
        return Capped(wrong.start + mismatches.window_ms, numbers=True)
    spent = tx.budgets.spend(tenant_id, user_id, act.now, enrolment.CODES)
    if not enrolment.CODES.allows(spent):
        return Capped(spent.start + enrolment.CODES.window_ms, numbers=False)
    return None


def standing(tx: Tx, act: Act, flow: Flow) -> Shown | None:
    """The newest code of a page; None: it has shown none yet."""
    code = tx.phones.code_of_flow(act.tenant.id, flow.id)
    if code is None:
        return None
    opened = act.parts.sealer.open(str(flow.data[SECRETS]), _context(flow, code))
    secret, letters = json.loads(opened)
    return Shown(
        code=enrolment.shown(code, act.now), secret=secret, letters=enrolment.spelled(letters),
        known=scanned.directories(tx, act.tenant.id), tried_out=code.tries >= codes.TRIES,
    )  # fmt: skip


def end(tx: Tx, act: Act, rows: Rows, flow_id: str) -> Rows:
    """The codes of one page are over, because another page took its place; stored."""
    ended = tuple(
        enrolment.ended(enrolment.shown(code, act.now), Ended.NEWER, act.now)
        if code.flow_id == flow_id
        else code
        for code in rows.codes
    )
    after = replace(rows, codes=ended)
    tx.phones.save(rows, after)
    return after
