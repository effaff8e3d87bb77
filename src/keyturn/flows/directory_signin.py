"""Signing in with a directory password: a page of its own, sealed, the same for everybody.

    begin --> the page seals what is typed --> submit --> the agent tries it --> answer
                                                 |
                                  a name that nobody has goes the same way

The password never comes here.  What may be tried stands in rules/directories/signins, what the
agent is given in steps/guesses; here is the person's side.  Known, absent, disabled, without a
directory account: the same statements, the same rows, the same answers at the same moments.
Only a right password leads further, and then by the ordinary rules (steps/entrance).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules.accounts import Client, Flow, User
from keyturn.rules.budgets import TRIES, Budget, exhausted
from keyturn.rules.callers import Caller, network_of
from keyturn.rules.directories.resets import Envelope
from keyturn.rules.directories.signins.answers import Way
from keyturn.rules.directories.signins.budget import LEAVE_MOST_MS
from keyturn.rules.directories.signins.spellings import spelt
from keyturn.rules.directories.signins.tries import DEADLINE_MS, SEAL_MS, Try, outcome
from keyturn.rules.directories.things import Directory, LinkedAccount
from keyturn.rules.events import Event
from keyturn.rules.lockout import HOUR, MINUTE
from keyturn.steps import (
    clients,
    entrance,
    guess_changes,
    guesses,
    lanes,
    openings,
    sealing,
    second,
)
from keyturn.steps.acts import Act, record
from keyturn.steps.acts import begin as act_now
from keyturn.steps.entrance import WELCOME, AddressPending, SecondPending
from keyturn.steps.guess_traces import KIND
from keyturn.steps.naming import name_of
from keyturn.steps.sealing import Recipient
from keyturn.steps.sessions import SignedIn

__all__ = [
    "AddressPending", "Answer", "Asked", "Barred", "Begun", "Full", "Gone", "MustChange",
    "NoAgent", "NotAName", "NotSealed", "Off", "SecondPending", "SignedIn", "TooMany", "Trouble",
    "Waiting", "Wrong", "answer", "begin", "submit", "ways",
]  # fmt: skip

#: as long as a try can be on its way, and a little longer to come and ask for its answer
LIFE_MS: Final = SEAL_MS + DEADLINE_MS + LEAVE_MOST_MS + MINUTE
#: pages that one network may open for each failure it may have
PAGES_PER_FAILURE: Final = 10


@dataclass(frozen=True, slots=True)
class Begun:
    """A page may seal.

    Attributes:
        identity: the directory's identity key, Ed25519, 32 bytes; the page has it pinned.
        recipients: seal to each of them, to no other.
        expires_at: until when what is sealed is good, which the seal binds.
    """

    try_id: str
    directory: Directory
    identity: bytes
    recipients: tuple[Recipient, ...]
    expires_at: int


@dataclass(frozen=True, slots=True)
class Off:
    """This directory's passwords do not sign anybody in here."""


@dataclass(frozen=True, slots=True)
class NoAgent:
    """No program beside the directory is heard; no name has to do with it."""


@dataclass(frozen=True, slots=True)
class TooMany:
    """The network has used up its failures, or its pages; every name is answered like this."""

    until: int


@dataclass(frozen=True, slots=True)
class Asked:
    """The directory is asked; `answer` tells what came of it."""


@dataclass(frozen=True, slots=True)
class NotSealed:
    """Not one envelope of the right size for each agent that can open it. Begin again."""


@dataclass(frozen=True, slots=True)
class Full:
    """Too many wait for this directory already, whatever their names."""


@dataclass(frozen=True, slots=True)
class NotAName:
    """What was typed cannot be anybody's name."""


@dataclass(frozen=True, slots=True)
class Gone:
    """Nothing of this kind waits in this browser (any more). Begin again."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """There is no answer to be shown yet."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """The one neutral answer."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Nothing could be asked, of whatever name (rules…answers.TROUBLES)."""

    reason: str


@dataclass(frozen=True, slots=True)
class MustChange:
    """The password was right, and the directory wants another one first. It lets nobody in.

    Attributes:
        offered: flows.directory_change goes on in this browser.
    """

    directory: str
    offered: bool


@dataclass(frozen=True, slots=True)
class Barred:
    """The password was right, and the directory does not let the account in.

    Attributes:
        reason: "disabled", "account_expired", "hours", "workstation" or another word of the
            directory's.
    """

    directory: str
    reason: str


Answer = (
    Waiting | SignedIn | SecondPending | AddressPending | MustChange | Barred | Wrong | Trouble
    | Gone
)  # fmt: skip


# -- what the page needs


async def ways(parts: Parts, caller: Caller) -> tuple[Directory, ...]:
    """The directories whose passwords sign people in here, by name."""

    def step(tx: Tx) -> tuple[Directory, ...]:
        return tuple(one for one in tx.directories.all(caller.tenant.id) if _is_on(tx, one))

    return await parts.store.read(step)


def _is_on(tx: Tx, directory: Directory) -> bool:
    """As stored now: other servers may have read the tenant some seconds ago."""
    tenant = tx.tenants.get(directory.tenant_id)
    return tenant is not None and directory.id in tenant.policy.directory_signin


async def begin(parts: Parts, caller: Caller, directory_id: str) -> Begun | Off | NoAgent | TooMany:
    """What a page is to seal to. Nobody has been named yet."""

    def step(tx: Tx) -> Begun | Off | NoAgent | TooMany:
        act = act_now(parts, caller)
        budget = Budget(TRIES, PAGES_PER_FAILURE * parts.limits.network_failures, HOUR)
        spent = tx.budgets.spend(act.tenant.id, network_of(caller.ip), act.now, budget)
        if not budget.allows(spent):
            return TooMany(spent.start + HOUR)
        directory = tx.directories.get(act.tenant.id, directory_id)
        return _begun(tx, act, directory) if directory and _is_on(tx, directory) else Off()

    return await parts.store.write(step)


def _begun(tx: Tx, act: Act, directory: Directory) -> Begun | NoAgent:
    recipients = sealing.recipients_of(tx, act.tenant.id, directory.id, act.now)
    if directory.identity is None or not recipients:
        return NoAgent()
    one = guesses.begin(tx, act, directory.id)
    openings.start(tx, act, KIND, "sealing", None, {}, LIFE_MS, flow_id=one.id)
    return Begun(one.id, directory, directory.identity, recipients, one.expires_at)


# -- handing it in


@dataclass(frozen=True, slots=True)
class _Named:
    """Whose name it is.

    Attributes:
        account: None where there is nobody to be tried.
        epoch: the user's, 0 for nobody.
        known: this browser is a known client of theirs.
    """

    account: LinkedAccount | None
    epoch: int
    known: bool


async def submit(
    parts: Parts, caller: Caller, try_id: str, typed: str, envelopes: Sequence[Envelope]
) -> Asked | NotSealed | Full | NotAName | TooMany | Gone:
    """Hand a name and the sealed password in. Doing so twice in the same words is doing it once.

    Args:
        typed: any identifier, or what the directory calls the account.
    """
    name = name_of(parts, caller.tenant, typed)
    if name is None:
        return NotAName()
    act = act_now(parts, caller)
    named = await parts.store.read(lambda tx: _named(tx, act, try_id, name))
    if not isinstance(named, _Named):
        return named

    def step(tx: Tx) -> Asked | NotSealed | Full | Gone:
        return _submit(tx, act_now(parts, caller), try_id, name, named, envelopes)

    return await parts.store.write(step)


def _named(tx: Tx, act: Act, try_id: str, name: str) -> _Named | TooMany | Gone:
    """The same statements for every name. In a read of its own: going through a directory's
    names is nothing to keep writers waiting for.
    """
    one = tx.signins.get(act.tenant.id, try_id)
    directory = tx.directories.get(act.tenant.id, one.directory_id) if one else None
    if directory is None:
        return Gone()
    found, _, _ = lanes.look(tx, act, name)
    linked = tx.directories.linked(act.tenant.id, found.user.id)
    called = tx.signins.called(act.tenant.id, directory.id, *spelt(name, directory.name))
    own = next((a for a in linked if a.directory_id == directory.id), None)
    account = own or (called[0] if len(called) == 1 else None)
    owner = account.user_id if account else act.tenant.id  # the decoy's id
    user, client = tx.users.get(act.tenant.id, owner), _client(tx, act, owner)
    if client is None and exhausted(found.network, act.now, lanes.network_budget(act)):
        return TooMany((found.network.start if found.network else 0) + HOUR)
    welcome = user is not None and user.state in WELCOME
    if account is None or user is None or not welcome or not account.opens:
        return _Named(None, 0, known=False)
    return _Named(account, user.epoch, known=client is not None)


def _client(tx: Tx, act: Act, user_id: str) -> Client | None:
    """The known client of theirs that this browser is."""
    theirs = tx.clients.of_user(act.tenant.id, user_id)
    known = (clients.recognised(act.caller, client) for client in theirs)
    return next((client for client in known if client is not None), None)


def _submit(
    tx: Tx, act: Act, try_id: str, name: str, named: _Named, envelopes: Sequence[Envelope]
) -> Asked | NotSealed | Full | Gone:
    one = tx.signins.lock(act.tenant.id, try_id)  # before the flow, as an agent's word does
    flow = _flow(tx, act, try_id)
    if one is None or flow is None:
        return Gone()
    match guesses.submit(tx, act, one, named.account, name, envelopes):
        case "":
            pass
        case "sealed":
            return NotSealed()
        case "full":
            return Full()
        case _:
            return Gone()
    data: dict[str, str | int | bool | None] = {
        "ip": act.caller.ip, "name": act.caller.client_name, "known": named.known,
        "epoch": named.epoch,
    }  # fmt: skip
    tx.flows.save(replace(flow, step="asked", data=data))
    return Asked()


def _flow(tx: Tx, act: Act, try_id: str) -> Flow | None:
    """What is open in this browser, if it is of this try."""
    flow = tx.flows.open(act.tenant.id, act.caller.browser, KIND, act.now)
    return flow if flow is not None and flow.id == try_id else None


# -- what came of it


async def answer(parts: Parts, caller: Caller, try_id: str) -> Answer:
    """What came of a try: once, to the browser that handed it in."""
    act = act_now(parts, caller)
    due = await parts.store.read(lambda tx: _due(tx, act, try_id))
    if not isinstance(due, _Due):
        return due

    def step(tx: Tx) -> Answer:
        act = act_now(parts, caller)
        again = _due(tx, act, try_id)
        return _conclude(tx, act, again) if isinstance(again, _Due) else again

    return await parts.store.write(step)


@dataclass(frozen=True, slots=True)
class _Due:
    """There is an answer, and it may be shown."""

    flow: Flow
    one: Try
    way: Way


def _due(tx: Tx, act: Act, try_id: str) -> _Due | Waiting | Gone:
    flow = _flow(tx, act, try_id)
    one = tx.signins.get(act.tenant.id, try_id) if flow else None
    if flow is None or one is None or one.asked_at is None:
        return Gone()
    way = outcome(one, act.now)
    return Waiting() if way is None else _Due(flow, one, way)


def _conclude(tx: Tx, act: Act, due: _Due) -> Answer:
    tx.flows.save(replace(due.flow, step="done", closed_at=act.now))
    match due.way:
        case Way.REFUSED:
            return Wrong()
        case Way.TROUBLE:
            return Trouble(due.one.reason)
        case _:
            return _right(tx, act, due)


def _right(tx: Tx, act: Act, due: _Due) -> Answer:
    """The directory has found the password right: what follows, if they are still who they were
    when it was tried.
    """
    user = _still(tx, act, due)
    if user is None:
        return Wrong()
    directory = tx.directories.get(act.tenant.id, due.one.directory_id)
    name = directory.name if directory else ""
    if due.way is Way.CHANGE:
        return MustChange(name, guess_changes.offer(tx, act, user, due.one))
    if due.way is Way.BARRED:
        return Barred(name, due.one.reason)
    factors = frozenset(second.methods(tx, act, user.id))
    staff = bool(tx.roles.of_user(user.id))
    client = _client(tx, act, user.id)
    return entrance.enter(tx, act, user, client, factors, staff=staff, by="directory")


def _still(tx: Tx, act: Act, due: _Due) -> User | None:
    """The user, held, unless a disabling, "this wasn't me", another link or the switch came
    between.
    """
    one = due.one
    user = tx.users.lock(act.tenant.id, one.user_id or "")
    holder = tx.directories.holder(act.tenant.id, one.directory_id, one.guid)
    directory = tx.directories.get(act.tenant.id, one.directory_id)
    same = user is not None and user.state in WELCOME and user.epoch == due.flow.data["epoch"]
    theirs = holder is not None and holder.opens and holder.user_id == one.user_id
    if same and theirs and directory is not None and _is_on(tx, directory):
        return user
    facts = {"directory": one.directory_id, "bind": "", "reason": "changed"}
    record(tx, act, Event.SIGNIN_DIRECTORY, user, facts)
    return None
