"""Asking for a second person, and who could be one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from keyturn.ports.store import Tx
from keyturn.rules import countersigns as rules
from keyturn.rules.access import Action, Staff, lacking, rank
from keyturn.rules.accounts import Role, User
from keyturn.rules.countersigns import LIFE_MS, Countersign
from keyturn.rules.events import Event
from keyturn.steps import colleagues, views
from keyturn.steps.acts import Act, record
from keyturn.steps.outbox import mail_notice

SECOND_STEP: Final = 2
#: at most so many colleagues are told by mail
TOLD: Final = 20


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing was done yet: somebody else has to agree."""

    one: Countersign


@dataclass(frozen=True, slots=True)
class Alone:
    """Nothing was done: somebody else has to agree, and nobody else here has the right to."""


def at_stake(tx: Tx, user: User, action: Action, detail: str) -> int:
    """The user's highest rank anywhere, or that of the role they are to have."""
    wanted = rank(Role(detail)) if action is Action.ROLES and detail else 0
    return max(views.highest_rank(tx, user), wanted)


def ask(
    tx: Tx, act: Act, staff: Staff, action: Action, user: User, detail: str = ""
) -> Waiting | Alone | None:
    """Let a second person be asked where one is needed; None where none is. Asked for twice it
    waits once.
    """
    if not rules.needed(staff, action, at_stake(tx, user, action, detail)):
        return None
    asker = staff.user.id if staff.user else ""
    for old in tx.countersigns.of_user(act.tenant.id, user.id):
        same = (old.action, old.detail, old.asked_by) == (action, detail, asker)
        if same and rules.is_open(old, act.now):
            return Waiting(old)
    one = Countersign(
        id=act.id(), tenant_id=act.tenant.id, user_id=user.id, action=action, detail=detail,
        asked_by=asker, browser=act.caller.browser, made_at=act.now,
        expires_at=act.now + LIFE_MS,
    )  # fmt: skip
    able = _able(tx, act, one, user, staff.user)
    if not able:
        return Alone()
    tx.countersigns.add(one)
    record(tx, act, Event.COUNTERSIGN_ASKED, user, facts(one))
    told = {**_about(act, one, user, staff.user), "until": one.expires_at}
    own = [colleague for colleague in able if colleague.tenant_id == act.tenant.id]
    for colleague in own[:TOLD]:
        mail_notice(tx, act, "countersign_asked", colleague, told)
    return Waiting(one)


def facts(one: Countersign) -> dict[str, object]:
    """For the audit trail; the same `ref` stands in the rows of one that was asked."""
    what = {"role": one.detail} if one.action is Action.ROLES and one.detail else {}
    return {"action": str(one.action), "ref": one.id, **what}


def may(tx: Tx, act: Act, user_id: str, one: Countersign, user: User) -> User | None:
    """Somebody of staff who, as things are now, has the right to do it themselves; or None."""
    role = tx.roles.of_user(user_id).get(act.tenant.id)
    who = colleagues.acting(tx, act.tenant.id, user_id)
    if role is None or who is None:
        return None
    staff = Staff(act.caller, who, role, SECOND_STEP)
    theirs = at_stake(tx, user, one.action, one.detail)
    return who if lacking(staff, one.action, user, theirs) is None else None


def _able(tx: Tx, act: Act, one: Countersign, user: User, asker: User | None) -> list[User]:
    """Who could agree, at a browser of their own. Staff may be many: looked at are those alone
    whose role has the right.
    """
    theirs = at_stake(tx, user, one.action, one.detail)
    anyone = (Staff(act.caller, None, role, SECOND_STEP) for role in Role)
    able = [s.role for s in anyone if lacking(s, one.action, user, theirs) is None]
    every = {who for role in able for _, who in tx.roles.holders(act.tenant.id, role)}
    found = (may(tx, act, who, one, user) for who in sorted(every))
    others = [who for who in found if who is not None]
    return [who for who in others if not rules.unfit(one, who, asker, user)]


def tell_end(
    tx: Tx, act: Act, one: Countersign, user: User, asker: User | None, second: User
) -> None:
    """Tell both of the two how it ended."""
    agreed = one.state is rules.State.DONE
    told = {**_about(act, one, user, asker), "second": second.name, "agreed": agreed, "at": act.now}
    for each in (asker, second):  # a provider's people read it in the console
        if each is not None and each.tenant_id == act.tenant.id:
            mail_notice(tx, act, "countersign_done", each, told)


def _about(act: Act, one: Countersign, user: User, asker: User | None) -> dict[str, object]:
    """What both mails tell."""
    return {
        "action": str(one.action), "role": one.detail if one.action is Action.ROLES else "",
        "subject": user.name, "asker": asker.name if asker else "",
        "link": act.parts.link(act.tenant, f"/console/approvals/{one.id}"),
    }  # fmt: skip
