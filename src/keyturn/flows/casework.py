"""Working on a case: opening one for a caller, taking it, handing it over, notes; and its page.

    open --take--> mine --hand over--> theirs … --close--> closed

Who may work on it stands in `rules.access`; whose it is, what is proved and what that permits are
read from its log (steps/casework.py).  Nobody works on a case of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules import proofs
from keyturn.rules.access import ALLOWED, Action, Staff, Why, hindrance, lacking, same_person
from keyturn.rules.accounts import Case, User, UserState
from keyturn.rules.budgets import CASE_MAILS
from keyturn.rules.caselog import Kind, Row
from keyturn.rules.cases import SecretKind, looks_like_secret
from keyturn.rules.grants import Deed, Permit, Short
from keyturn.rules.proofs import Method
from keyturn.rules.recoveries import Recovery
from keyturn.steps import casework, directory_views, invitations, lost_phones, proving, views
from keyturn.steps.acts import Act, begin
from keyturn.steps.cases import open_case
from keyturn.steps.casework import Held, NotAllowed, NotFound, NotYours, Over
from keyturn.steps.directory_views import AccountRow
from keyturn.steps.evidence import Subject, collect
from keyturn.steps.invitations import NotSent, Sent
from keyturn.steps.naming import name_of
from keyturn.steps.outbox import mail_notice
from keyturn.steps.proving import Way
from keyturn.steps.views import CasePage

__all__ = [
    "Capable", "Cases", "Desk", "Done", "Entry", "HeldBack", "NoSuchName", "NotAllowed",
    "NotFound", "NotPermitted", "NotSent", "NotYours", "Over", "Proved", "Running", "Sent",
    "hand", "index", "look", "note", "of_question", "open_for", "resend_link", "take",
]  # fmt: skip

NOTE_MAX, NAME_MAX = 2000, 254
#: cases in a list
MOST = 100
#: the lists of cases besides all, open and closed
MINE, FREE = "mine", "free"
_WORKERS = tuple(role for role, may in ALLOWED.items() if Action.VERIFY in may)


@dataclass(frozen=True, slots=True)
class Done:
    """It is so now. `ref`: of the case."""

    ref: str


@dataclass(frozen=True, slots=True)
class HeldBack:
    """The note looks like a secret that nobody needs; nothing was stored."""

    kind: SecretKind


@dataclass(frozen=True, slots=True)
class NoSuchName:
    """Nobody here is called that."""


@dataclass(frozen=True, slots=True)
class NotPermitted:
    """The proofs do not permit it (yet)."""

    short: Short


@dataclass(frozen=True, slots=True)
class Cases:
    """A list of cases, the newest first. `holders`: names of whose each is, by the case's id."""

    cases: tuple[Case, ...]
    holders: dict[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the log.

    Attributes:
        actor: name of who of staff did it; "": the person, or nobody who is here.
        about: name of whose the case is from then on, or of the colleague who is asked.
    """

    row: Row
    actor: str
    about: str


@dataclass(frozen=True, slots=True)
class Proved:
    """A proof that counts now. `by`: name of whose word it is."""

    method: Method
    until: int
    by: str


@dataclass(frozen=True, slots=True)
class Running:
    """A proof that is being asked for. `colleague`: name of who is asked."""

    method: Method
    about: str
    until: int
    colleague: str


@dataclass(frozen=True, slots=True)
class Capable:
    """Somebody of staff whom a case can be handed to, or who can be asked for their word."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Desk:
    """A case on one screen.

    Attributes:
        holder: name of whose it is; "": nobody's.
        mine: it is the reader's.
        asks_me: the reader is asked for their word, until then.
        recovery: of the user's lost phone, the last one that was begun in this case or that is
            open.
        can: what the reader may do to whom it concerns.
        accounts: of the user's in directories.
    """

    page: CasePage
    holder: str
    mine: bool
    entries: tuple[Entry, ...]
    proofs: tuple[Proved, ...]
    running: tuple[Running, ...]
    ways: tuple[Way, ...]
    deeds: tuple[Permit | Short, ...]
    colleagues: tuple[Capable, ...]
    asks_me: int | None
    recovery: Recovery | None
    can: frozenset[Action]
    accounts: tuple[AccountRow, ...]


# -- looking


async def index(parts: Parts, staff: Staff, which: str | None) -> Cases:
    """Cases: "open", "closed", one's own (MINE), nobody's (FREE), or all of them (None)."""

    def step(tx: Tx) -> Cases:
        act = _act(parts, staff)
        found = _some(tx, act, staff, which)
        holders = tx.case_log.holders(act.tenant.id, [case.id for case in found])
        known = {who: casework.name_of(tx, act, who) for who in set(holders.values())}
        return Cases(found, {case_id: known[who] for case_id, who in holders.items()})

    return await parts.store.read(step)


def _some(tx: Tx, act: Act, staff: Staff, which: str | None) -> tuple[Case, ...]:
    me = staff.user.id if staff.user else act.tenant.id  # a command on the host has no cases
    if which in {MINE, FREE}:
        holder = me if which == MINE else ""
        return tuple(tx.case_log.open_of(act.tenant.id, holder, MOST))
    return tuple(tx.cases.recent(act.tenant.id, which, MOST))


async def look(parts: Parts, staff: Staff, ref: str) -> Desk | NotFound:
    """A case by its reference, as read out on the phone."""

    def step(tx: Tx) -> Desk | NotFound:
        act = _act(parts, staff)
        held = casework.look(tx, act, ref)
        return _desk(tx, act, staff, held) if held else NotFound()

    return await parts.store.read(step)


def _desk(tx: Tx, act: Act, staff: Staff, held: Held) -> Desk:
    standing, me = held.standing, staff.user.id if staff.user else ""
    is_open = held.case.state == "open"
    return Desk(
        page=views.case_page(tx, act, held.case),
        holder=casework.name_of(tx, act, standing.holder),
        mine=is_open and bool(me) and standing.holder == me,
        entries=tuple(_entry(tx, act, row) for row in held.rows),
        proofs=_proofs(tx, act, held),
        running=tuple(_running(tx, act, row) for row in _asked(held, act.now)),
        ways=proving.ways(tx, act, held) if is_open else (),
        deeds=tuple(casework.permitted(tx, act, held, deed) for deed in Deed),
        colleagues=_colleagues(tx, act, held, me) if is_open else (),
        asks_me=_asks(held, me, act.now),
        recovery=_recovery(tx, act, held),
        can=_can(tx, staff, held),
        accounts=directory_views.accounts(tx, act, held.user) if held.user else (),
    )


def _entry(tx: Tx, act: Act, row: Row) -> Entry:
    other = row.about if row.kind in {Kind.TAKEN, Kind.HANDED} else row.facts.get("colleague", "")
    return Entry(row, casework.name_of(tx, act, row.actor_id or ""),
                 casework.name_of(tx, act, str(other)))  # fmt: skip


def _proofs(tx: Tx, act: Act, held: Held) -> tuple[Proved, ...]:
    wanted = casework.about(held)
    if wanted is None:
        return ()
    good = (one for one in held.standing.proofs if proofs.counts(one, wanted, act.now))
    return tuple(
        Proved(one.method, proofs.until(one), casework.name_of(tx, act, one.by)) for one in good
    )


def _asked(held: Held, now: int) -> tuple[Row, ...]:
    return tuple(row for row in held.standing.asked.values() if now < _until(row))


def _until(row: Row) -> int:
    until = row.facts.get("until")
    return until if isinstance(until, int) else row.at


def _running(tx: Tx, act: Act, row: Row) -> Running:
    colleague = casework.name_of(tx, act, str(row.facts.get("colleague", "")))
    return Running(Method(str(row.facts["method"])), row.about, _until(row), colleague)


def _asks(held: Held, me: str, now: int) -> int | None:
    mine = (row for row in _asked(held, now) if me and row.facts.get("colleague") == me)
    return next((_until(row) for row in mine), None)


def _colleagues(tx: Tx, act: Act, held: Held, me: str) -> tuple[Capable, ...]:
    """Who may work on the case besides the reader; of a case of staff, who may do the same."""
    every = {pair for role in _WORKERS for pair in tx.roles.holders(act.tenant.id, role)}
    found = (tx.users.get(home, who) for home, who in sorted(every) if who != me)
    people = [one for one in found if one is not None and one.state is UserState.ACTIVE]
    fit = [one for one in people if held.user is None or _fit(tx, act, one, held.user)]
    return tuple(Capable(one.id, one.name) for one in sorted(fit, key=lambda one: one.name))


def _fit(tx: Tx, act: Act, one: User, user: User) -> bool:
    return casework.may(tx, act, one.id, Action.VERIFY, user)


def _recovery(tx: Tx, act: Act, held: Held) -> Recovery | None:
    user = held.user
    of_case = tx.recoveries.of_case(act.tenant.id, held.case.id)
    if user is None:
        return None
    if of_case is not None:
        return lost_phones.shown(tx, act, of_case, user)
    return lost_phones.newest(tx, act, user)


def _can(tx: Tx, staff: Staff, held: Held) -> frozenset[Action]:
    user = held.user
    theirs = views.highest_rank(tx, user) if user else 0
    wanted = (Action.CLOSE_CASE, Action.VERIFY, Action.RESET_USER, Action.INVITE)
    may = frozenset(a for a in wanted if lacking(staff, a, user, theirs) is None)
    own = user is not None and staff.user is not None and same_person(staff.user, user)
    return frozenset() if own else may


async def of_question(parts: Parts, staff: Staff, approval_id: str) -> str:
    """The reference of the case in which the phone was asked; "" for none."""
    tenant_id = staff.caller.tenant.id
    found = await parts.store.read(lambda tx: tx.case_log.asked(tenant_id, approval_id))
    return found[0].ref if found else ""


# -- acting


async def open_for(
    parts: Parts, staff: Staff, typed: str, contact: str, words: str, request: str = ""
) -> Done | HeldBack | NoSuchName | NotAllowed:
    """A case for somebody who calls and says their user name, which is all they need; it is the
    case of who opens it. The user hears of it by mail.

    Args:
        contact: how to reach the caller; shown to staff, never written to.
        words: what they say, noted.
        request: a program's word for this request: sent again for the same user while the case is
            open and theirs, it is the same case. "" for none.
    """
    if (no := hindrance(staff, Action.CLOSE_CASE, None, 0)) is not None:
        return NotAllowed(no)
    held_back = looks_like_secret(words)
    if held_back is not None:
        return HeldBack(held_back)
    name = name_of(parts, staff.caller.tenant, typed)

    def step(tx: Tx) -> Done | NoSuchName | NotAllowed:
        act = _act(parts, staff)
        user = tx.users.named(act.tenant.id, name) if name else None
        if user is None or user.id == act.tenant.id:
            return NoSuchName()
        why = hindrance(staff, Action.CLOSE_CASE, user, views.highest_rank(tx, user))
        if staff.user is None or why is not None:
            return NotAllowed(why or Why.NO_ROLE)
        if same_person(staff.user, user):
            return NotAllowed(Why.SELF)
        before = _opened_before(tx, act, user, staff.user.id, request) if request else None
        if before is not None:
            return Done(before.ref)
        said = (typed[:NAME_MAX], contact[:NAME_MAX], words)
        return _opened(tx, act, staff.user, user, said, request)

    return await parts.store.write(step)


def _opened_before(tx: Tx, act: Act, user: User, me: str, request: str) -> Case | None:
    """The case that this very request has opened. The user's row is held first, so that of two at
    once the second finds the first's.
    """
    tx.users.lock(act.tenant.id, user.id)
    theirs = (one for one in tx.case_log.open_of(act.tenant.id, me, MOST) if one.user_id == user.id)
    for case in theirs:
        rows = tx.case_log.rows(act.tenant.id, case.id)
        if any(row.kind is Kind.OPENED and row.facts.get("request") == request for row in rows):
            return case
    return None


def _opened(
    tx: Tx, act: Act, me: User, user: User, said: tuple[str, str, str], request: str
) -> Done:
    typed, contact, words = said
    facts = collect(tx, act, Subject(user=user)).stored()
    case = open_case(
        tx, act, user, identifier=typed, contact=contact, note=words[:NOTE_MAX], facts=facts
    )
    told = {"request": request} if request else {}
    held = casework.add(tx, act, Held(case, user, ()), Kind.OPENED, facts=told)
    casework.add(tx, act, held, Kind.TAKEN, me.id)
    if CASE_MAILS.allows(tx.budgets.spend(act.tenant.id, user.id, act.now, CASE_MAILS)):
        mail_notice(tx, act, "case_opened", user, {"ref": case.ref, "at": act.now})
    return Done(case.ref)


async def take(parts: Parts, staff: Staff, ref: str) -> Done | NotAllowed | NotFound | Over:
    """The case is one's own, also if it was a colleague's: what was proved to them is gone."""

    def step(tx: Tx) -> Done | NotAllowed | NotFound | Over:
        act = _act(parts, staff)
        held = casework.open_to(tx, act, staff, ref)
        if not isinstance(held, Held) or staff.user is None:
            return held if not isinstance(held, Held) else NotAllowed(Why.NO_ROLE)
        if held.standing.holder != staff.user.id:
            casework.add(tx, act, held, Kind.TAKEN, staff.user.id)
        return Done(held.case.ref)

    return await parts.store.write(step)


async def hand(
    parts: Parts, staff: Staff, ref: str, to: str
) -> Done | NotAllowed | NotFound | NotYours | Over:
    """The case is a colleague's from now on. `to`: their id."""

    def do(tx: Tx, act: Act, held: Held) -> Done | NotFound:
        if to not in {one.id for one in _colleagues(tx, act, held, held.standing.holder)}:
            return NotFound()
        casework.add(tx, act, held, Kind.HANDED, to)
        return Done(held.case.ref)

    return await parts.store.write(
        lambda tx: casework.within(tx, _act(parts, staff), staff, ref, Action.CLOSE_CASE, do)
    )


async def note(
    parts: Parts, staff: Staff, ref: str, words: str, request: str = ""
) -> Done | HeldBack | NotAllowed | NotFound | Over:
    """Note something in a case, whosever it is. What looks like a secret is handed back.

    Args:
        request: a program's word for this request, by which it is noted once; "" for none.
    """
    kind = looks_like_secret(words)
    if kind is not None:
        return HeldBack(kind)

    def step(tx: Tx) -> Done | NotAllowed | NotFound | Over:
        act = _act(parts, staff)
        held = casework.open_to(tx, act, staff, ref)
        if not isinstance(held, Held):
            return held
        known = request and any(row.facts.get("request") == request for row in held.rows)
        if words.strip() and not known:
            told = {"text": words.strip()[:NOTE_MAX], **({"request": request} if request else {})}
            casework.add(tx, act, held, Kind.NOTE, facts=told)
        return Done(held.case.ref)

    return await parts.store.write(step)


async def resend_link(
    parts: Parts, staff: Staff, ref: str
) -> Sent | NotSent | NotPermitted | NotAllowed | NotFound | NotYours | Over:
    """Mail the activation link to the address on file anew, as one proof permits."""

    def do(tx: Tx, act: Act, held: Held) -> Sent | NotSent | NotPermitted | NotFound:
        rows = tx.phones.held(act.tenant.id, held.user.id, act.now) if held.user else None
        if rows is None:
            return NotFound()
        bar = invitations.bar_to_invite(rows.user, bound=rows.bound)
        if bar is not None:
            return NotSent(bar)
        found = casework.do(tx, act, held, Deed.RESEND_LINK)
        if isinstance(found, Short):
            return NotPermitted(found)
        return invitations.invite(tx, act, rows)

    return await parts.store.write(
        lambda tx: casework.within(tx, _act(parts, staff), staff, ref, Action.INVITE, do)
    )


def _act(parts: Parts, staff: Staff) -> Act:
    return begin(parts, staff.caller, staff.user)
