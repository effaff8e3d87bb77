"""Forgotten password: a code to the stored address, a second proof where there is one, a
new password.  Allowed during a lock, whose end does not move.

    step       what is pending            next
    ---------  -------------------------  ------------------------------------------
    code       the mailed code or link    first (the account was never activated),
                                          second (a factor is enrolled), else password
    first      going on to set up the     done
               phone, by a link of just
               now (steps.invitations)
    second     authenticator, saved       password
               recovery code or passkey
    password   the new password           done
    done       nothing; the page says     (a new start replaces it)
               from when it works

One recovery is open in a browser: asking again goes back to it instead of making codes
that kill each other.  For a name that nobody has every step up to the code looks and
costs the same; its code can never be right.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from keyturn.ports.parts import Parts
from keyturn.ports.secrets import Busy
from keyturn.ports.store import Tx
from keyturn.rules import lockout
from keyturn.rules.accounts import FactorKind, Flow, User, UserState
from keyturn.rules.budgets import Budget
from keyturn.rules.callers import Caller, network_of
from keyturn.rules.codes import Right, Verdict
from keyturn.rules.events import Event
from keyturn.rules.lockout import HOUR, Locked
from keyturn.rules.passkeys import Assertion, Purpose
from keyturn.rules.passwords import PasswordProblem, SpaceWarning, normalised
from keyturn.steps import (
    codes,
    fates,
    invitations,
    lanes,
    links,
    openings,
    passkeys,
    passwords,
    second,
    sessions,
    texted,
)
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.codes import Sent, TooSoon
from keyturn.steps.fates import Fate
from keyturn.steps.invitations import Handed, Later, NotSent
from keyturn.steps.links import LinkState
from keyturn.steps.naming import name_of
from keyturn.steps.notices import tell
from keyturn.steps.passkeys import Options, Shown
from keyturn.steps.questions import Answered, ByPhone
from keyturn.steps.texted import Texted

__all__ = [
    "Handed", "Later", "LinkState", "NotAName", "NotSent", "NothingOpen", "Open", "Overloaded",
    "Refused", "Sent", "TooMany", "TooSoon", "ask_passkey", "current", "enter_code", "first_day",
    "follow_link", "give_up", "look_at_link", "resend", "second_proof", "set_password", "start",
]  # fmt: skip

KIND = "recovery"
LIFE_MS = HOUR
KINDS = ("recovery_code", "recovery_link")
#: the same for an account that was invited and never activated: its password comes later
FIRST_KINDS = ("first_code", "first_link")
#: recoveries begun from one network in an hour, over all names
STARTS = "recoveries"


@dataclass(frozen=True, slots=True)
class Open:
    """The recovery open in this browser.

    Attributes:
        step: see the table above.
        typed: the name as typed; never the address, which would tell who exists.
        sent: what was sent when, until the code was right.
        methods, texted: at step "second": what can be used, and the last text.
        works_from: at step "done": end of a lock that still runs, or None.
        again: this recovery was open already when it was asked for.
        mail: what became of the mail; told only in a browser that the account knows, for
            it tells that there is an account.
    """

    step: str
    typed: str
    sent: Sent | None
    methods: tuple[FactorKind, ...]
    works_from: int | None
    started_at: int
    again: bool = False
    texted: Texted | None = None
    mail: Fate | None = None


@dataclass(frozen=True, slots=True)
class NothingOpen:
    """No recovery is open in this browser (any more)."""


@dataclass(frozen=True, slots=True)
class NotAName:
    """What was typed cannot be anybody's name."""


@dataclass(frozen=True, slots=True)
class TooMany:
    """The network began too many recoveries; from `until` on more can be."""

    until: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The new password was not taken: what is wrong with it, or what to confirm."""

    problems: tuple[PasswordProblem, ...]
    warnings: tuple[SpaceWarning, ...]


@dataclass(frozen=True, slots=True)
class Overloaded:
    """Too much to hash right now; nothing was changed."""

    retry_after: int


async def start(parts: Parts, caller: Caller, typed: str) -> Open | NotAName | TooMany:
    """Begin a recovery, or go back to the one that is open in this browser."""
    name = name_of(parts, caller.tenant, typed)
    if name is None:
        return NotAName()
    return await parts.store.write(lambda tx: _start(tx, begin(parts, caller), name, typed))


def _start(tx: Tx, act: Act, name: str, typed: str) -> Open | TooMany:
    flow = tx.flows.open(act.tenant.id, act.caller.browser, KIND, act.now)
    if flow is not None and flow.step != "done":
        return replace(_shown(tx, act, flow), again=True)
    network = network_of(act.caller.ip)
    budget = Budget(STARTS, act.parts.limits.network_failures, HOUR)
    spent = tx.budgets.spend(act.tenant.id, network, act.now, budget)
    if not budget.allows(spent):
        return TooMany(until=spent.start + HOUR)
    return _begin(tx, act, name, typed)


def _begin(tx: Tx, act: Act, name: str, typed: str) -> Open:
    """A new flow and its first mail."""
    found, client, lane = lanes.look(tx, act, name)
    helped = found.known and _is_helped(act, found.user)
    flow = openings.start(
        tx, act, KIND, "code", found.user.id if helped else None,
        {"typed": typed[:254], "lane": lane, "link_only": False}, LIFE_MS,
    )  # fmt: skip
    record(tx, act, Event.RECOVERY_STARTED, found.user, {"known_client": client is not None})
    sent = _send(tx, act, flow, found.user, helped=helped)
    return replace(_shown(tx, act, flow), sent=sent)


def _is_helped(act: Act, user: User) -> bool:
    """Whether a code can bring its person back in; or in for the first time, where people may ask
    for a link by themselves.
    """
    invited = user.state is UserState.INVITED and act.tenant.policy.activation_again
    return user.state is UserState.ACTIVE or invited


def _send(tx: Tx, act: Act, flow: Flow, user: User, *, helped: bool) -> Sent:
    address = user.email if helped else None
    lane, typed = str(flow.data["lane"]), str(flow.data["typed"])
    kinds = FIRST_KINDS if user.state is UserState.INVITED else KINDS
    return codes.mail(tx, act, flow, kinds, user=user, address=address, lane=lane, typed=typed)


def _shown(tx: Tx, act: Act, flow: Flow) -> Open:
    owner = flow.user_id if flow.step == "second" else None
    methods = second.methods(tx, act, owner) if owner else ()
    works_from = flow.data.get("works_from")
    return Open(
        step=flow.step,
        typed=str(flow.data["typed"]),
        sent=codes.standing(tx, flow) if flow.step == "code" else None,
        methods=methods,
        works_from=int(works_from) if works_from else None,
        started_at=flow.created_at,
        texted=texted.standing(tx, act, owner or "", methods),
    )


async def current(parts: Parts, caller: Caller) -> Open | NothingOpen:
    """What is open in this browser."""
    act = begin(parts, caller)

    def step(tx: Tx) -> Open | NothingOpen:
        flow = tx.flows.open(act.tenant.id, caller.browser, KIND, act.now)
        if flow is None:
            return NothingOpen()
        opened = _shown(tx, act, flow)
        return replace(opened, mail=fates.for_owner(tx, act, flow)) if opened.sent else opened

    return await parts.store.read(step)


async def give_up(parts: Parts, caller: Caller) -> None:
    """Close the open recovery, to begin with another name."""

    def step(tx: Tx) -> None:
        act = begin(parts, caller)
        flow = tx.flows.open(act.tenant.id, caller.browser, KIND, act.now)
        if flow is not None:
            tx.flows.save(replace(flow, closed_at=act.now))

    await parts.store.write(step)


async def resend(parts: Parts, caller: Caller) -> Sent | TooSoon | NothingOpen:
    """Send another code; the flow's earlier one is replaced."""

    def step(tx: Tx) -> Sent | TooSoon | NothingOpen:
        act = begin(parts, caller)
        flow = _at(tx, act, "code")
        if flow is None:
            return NothingOpen()
        early = codes.too_soon(tx, act, flow)
        if early is not None:
            return early
        # without an account the decoy, so that the same rows are written
        user = tx.users.get(act.tenant.id, flow.user_id or act.tenant.id)
        if user is None:
            return NothingOpen()
        return _send(tx, act, flow, user, helped=flow.user_id is not None)

    return await parts.store.write(step)


def _at(tx: Tx, act: Act, step: str) -> Flow | None:
    """The open recovery of this browser if it is at `step`: no step can be skipped."""
    flow = tx.flows.open(act.tenant.id, act.caller.browser, KIND, act.now)
    return flow if flow is not None and flow.step == step else None


async def enter_code(parts: Parts, caller: Caller, typed: str) -> Open | Verdict | NothingOpen:
    """Judge what was typed as the mailed code; Open at its next step if it was right."""

    def step(tx: Tx) -> Open | Verdict | NothingOpen:
        act = begin(parts, caller)
        flow = _at(tx, act, "code")
        if flow is None:
            return NothingOpen()
        user = tx.users.get(act.tenant.id, flow.user_id or act.tenant.id)
        verdict = codes.check(tx, act, flow, user, typed, str(flow.data["lane"]))
        if not isinstance(verdict, Right) or user is None or flow.user_id is None:
            return verdict
        return _proved(tx, act, flow, user)

    return await parts.store.write(step)


def _proved(tx: Tx, act: Act, flow: Flow, user: User) -> Open:
    """The address is proved: on to the second proof, or to the new password; or, where the
    account waits for its first day, to that.
    """
    step = "second" if second.methods(tx, act, user.id) else "password"
    if user.state is UserState.INVITED:
        step = "first"
    after = replace(flow, step=step, data={**flow.data, "epoch": user.epoch})
    tx.flows.save(after)
    record(tx, act, Event.RECOVERY_PROVED, user, {"by": "mail"})
    return _shown(tx, act, after)


async def first_day(parts: Parts, caller: Caller) -> Handed | NotSent | Later | NothingOpen:
    """A link to set up the account that was never activated; the recovery is done by that."""

    def step(tx: Tx) -> Handed | NotSent | Later | NothingOpen:
        act = begin(parts, caller)
        flow = _at(tx, act, "first")
        rows = tx.phones.held(act.tenant.id, flow.user_id or "", act.now) if flow else None
        if flow is None or rows is None or rows.user.state is not UserState.INVITED:
            return NothingOpen()
        answer = invitations.at_hand(tx, act, rows)
        if isinstance(answer, Handed):
            tx.flows.save(replace(flow, closed_at=act.now))
        return answer

    return await parts.store.write(step)


async def look_at_link(parts: Parts, caller: Caller, token: str) -> LinkState:
    """A mail's long link was opened: says what it is worth and changes nothing."""
    act = begin(parts, caller)
    return await parts.store.read(lambda tx: links.look(tx, act, token, KIND))


async def follow_link(parts: Parts, caller: Caller, token: str) -> Open | Verdict | NothingOpen:
    """The long link was confirmed: its recovery goes on in *this* browser.

    Whoever began it elsewhere is left with a closed flow: a link that a stranger caused
    to be sent helps the owner who follows it, and never the stranger.
    """

    def step(tx: Tx) -> Open | Verdict | NothingOpen:
        act = begin(parts, caller)
        followed = links.follow(tx, act, token, KIND)
        user = tx.users.get(act.tenant.id, followed[0].user_id or "") if followed else None
        if followed is None or user is None:
            return NothingOpen()
        origin, verdict = followed
        if not isinstance(verdict, Right):
            return verdict
        return _proved(tx, act, _moved(tx, act, origin, user), user)

    return await parts.store.write(step)


def _moved(tx: Tx, act: Act, origin: Flow, user: User) -> Flow:
    """The recovery in the browser that followed the link; the one it came from is closed."""
    lane = lanes.lane_of(tx, act, user)
    tx.flows.save(replace(origin, closed_at=act.now))
    moved = replace(
        origin,
        id=act.id(),
        browser=act.caller.browser,
        data={**origin.data, "lane": lane},
        created_at=act.now,
        expires_at=act.now + LIFE_MS,
        closed_at=None,
    )
    tx.flows.add(moved)
    return moved


async def ask_passkey(parts: Parts, caller: Caller) -> Options | NothingOpen:
    """Ask for a passkey as the second proof of the open recovery."""

    def step(tx: Tx) -> Options | NothingOpen:
        act = begin(parts, caller)
        flow = _at(tx, act, "second")
        if flow is None or not passkeys.usable(tx, act, flow.user_id or ""):
            return NothingOpen()
        return passkeys.request(tx, act, Purpose.RECOVER, flow.user_id)

    return await parts.store.write(step)


async def second_proof(
    parts: Parts, caller: Caller, proof: str | Assertion | ByPhone
) -> Open | Locked | NothingOpen | None:
    """The second proof of the open recovery; None if it was wrong.

    Args:
        proof: a code as typed, a passkey's answer to `ask_passkey`, or what the phone said.
    """
    shown = Shown(Purpose.RECOVER, proof) if isinstance(proof, Assertion) else proof
    if isinstance(shown, Shown):
        await parts.passkeys.ready()

    def step(tx: Tx) -> Open | Locked | NothingOpen | None:
        act = begin(parts, caller)
        flow = _at(tx, act, "second")
        user = tx.users.lock(act.tenant.id, flow.user_id or "") if flow else None
        if flow is None or user is None or _overtaken(flow, user):
            return NothingOpen()
        given = Answered(flow.id) if isinstance(shown, ByPhone) else shown
        verdict = second.attempt(tx, act, user, given)
        if isinstance(verdict, Locked):
            return verdict
        if not verdict:
            return None
        after = replace(flow, step="password")
        tx.flows.save(after)
        record(tx, act, Event.RECOVERY_PROVED, user, {"by": "second"})
        return _shown(tx, act, after)

    return await parts.store.write(step)


async def set_password(
    parts: Parts, caller: Caller, password: str, *, spaces_meant: bool
) -> Open | Refused | NothingOpen | Overloaded:
    """The new password. The old one dies, all sessions end, nobody is signed in by it.

    Args:
        spaces_meant: the person was asked about a space at its start or end and meant it.
    """
    act = begin(parts, caller)
    owner = await parts.store.read(lambda tx: _owner(tx, act))
    if owner is None:
        return NothingOpen()
    refused = _judge(parts, owner, caller, password, spaces_meant=spaces_meant)
    if refused is not None:
        return refused
    try:
        encoded = await parts.hasher.hash(normalised(password))
    except Busy as busy:
        return Overloaded(busy.retry_after)
    return await parts.store.write(lambda tx: _set(tx, begin(parts, caller), encoded))


def _owner(tx: Tx, act: Act) -> User | None:
    flow = _at(tx, act, "password")
    return tx.users.get(act.tenant.id, flow.user_id or "") if flow else None


def _judge(
    parts: Parts, user: User, caller: Caller, password: str, *, spaces_meant: bool
) -> Refused | None:
    """What is wrong with a password, if anything is."""
    about = (user.name, user.email, user.username)
    problems, warnings = passwords.judge(
        parts, caller.tenant, about, password, spaces_meant=spaces_meant
    )
    return Refused(problems=problems, warnings=warnings) if problems or warnings else None


def _set(tx: Tx, act: Act, encoded: str) -> Open | NothingOpen:
    flow = _at(tx, act, "password")
    user = tx.users.lock(act.tenant.id, flow.user_id or "") if flow else None
    if flow is None or user is None or _overtaken(flow, user):
        return NothingOpen()
    changed = replace(user, password_hash=encoded, password_set_at=act.now)
    changed = sessions.end_all(tx, act, changed, "recovery")
    lanes.recover(tx, act, changed)
    works_from = _works_from(tx, act, flow)
    data = {**flow.data, "works_from": works_from}
    after = replace(flow, step="done", data=data)
    tx.flows.save(after)
    facts = {"works_from": works_from, "took_ms": act.now - flow.created_at}
    record(tx, act, Event.RECOVERY_DONE, changed, facts)
    tell(tx, act, "password_changed", changed, works_from=works_from)
    return _shown(tx, act, after)


def _overtaken(flow: Flow, user: User) -> bool:
    """Whether another recovery, an objection or a disabling came after the proof: what was
    proved before it counts no more, or a stranger who had got so far could undo it.
    """
    return user.state is not UserState.ACTIVE or user.epoch != flow.data["epoch"]


def _works_from(tx: Tx, act: Act, flow: Flow) -> int | None:
    """The end of the lock that this browser would meet at sign-in."""
    lane = tx.lanes.get(act.tenant.id, str(flow.data["lane"]))
    if lane is None:
        return None
    seen, _ = lockout.observe(lane, act.now)
    return seen.locked_until if seen.locked_until > act.now else None
