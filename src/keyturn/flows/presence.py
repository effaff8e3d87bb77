"""A technician asks a caller to show that they are beside a device of theirs (SPEC A2).

    asked --the device signs a press, or the technician types what the caller reads--> given

What it proves is rules.presence.Proof: to this technician, in this case, for minutes.  It is one
proof, never the only one: in a case it is one of rules.proofs, and what it permits together with
others stands in rules.grants.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from keyturn.ports.parts import Parts
from keyturn.ports.store import Tx
from keyturn.rules import devices, presence
from keyturn.rules import proofs as proofs_of
from keyturn.rules.access import Action, Staff, Why, hindrance
from keyturn.rules.accounts import User
from keyturn.rules.devices import Device, Held, Pairing
from keyturn.rules.events import Event
from keyturn.rules.presence import ASKED, Challenge, Ended, Method, No, Proof, State
from keyturn.rules.proofs import Outcome
from keyturn.steps import casework, device_codes, device_ends, views
from keyturn.steps.acts import Act, begin, record
from keyturn.steps.casework import NotYours
from keyturn.steps.device_codes import Locked, Right, Wrong
from keyturn.steps.naming import is_id

__all__ = [
    "Asked", "Given", "Locked", "Method", "NotAllowed", "NotFound", "NotNow", "NotYours", "Often",
    "Proof", "Released", "Theirs", "Wrong", "devices_of", "look", "proofs", "read_out", "release",
    "start",
]  # fmt: skip

#: what each is in a case
METHODS: Final[Mapping[Method, proofs_of.Method]] = {
    Method.BUTTON: proofs_of.Method.PRESENCE, Method.CODE: proofs_of.Method.DEVICE,
}  # fmt: skip
#: more questions than one user is asked within the life of a proof
_MOST = 100


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """Staff may not do that; nothing was asked."""

    why: Why


@dataclass(frozen=True, slots=True)
class NotFound:
    """No such user, device, case or question in this tenant, or one that somebody else asked."""


@dataclass(frozen=True, slots=True)
class NotNow:
    """This device proves nothing now. until: of No.FRESH, else None."""

    why: No
    until: int | None


@dataclass(frozen=True, slots=True)
class Often:
    """The user was asked five times in fifteen minutes."""

    until: int


@dataclass(frozen=True, slots=True)
class Theirs:
    """A device of a user, as staff see it.

    Attributes:
        seen_at: when it was last heard. silent: that is too long ago to press it.
        proves_from: from when it proves anything.
        locked: codes of it are not taken; None: they are.
    """

    pairing: Pairing
    device: Device
    seen_at: int | None
    silent: bool
    proves_from: int
    locked: Locked | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of presence, as whoever asked it sees it.

    Attributes:
        proof: what it proves now, to whoever looks.
    """

    one: Challenge
    user: User
    of: Theirs
    proof: Proof | None


@dataclass(frozen=True, slots=True)
class Given:
    """The code was right."""


@dataclass(frozen=True, slots=True)
class Released:
    """The device is nobody's."""

    user_id: str


# -- looking


async def devices_of(parts: Parts, staff: Staff, user_id: str) -> Sequence[Theirs]:
    """A user's devices, the newest first."""

    def step(tx: Tx) -> Sequence[Theirs]:
        act = _act(parts, staff)
        every = tx.devices.of_user(act.tenant.id, user_id)
        found = (_theirs(tx, act, one) for one in every if one.state is Held.ACTIVE)
        return [one for one in found if one is not None]

    return await parts.store.read(step)


def _act(parts: Parts, staff: Staff) -> Act:
    return begin(parts, staff.caller, staff.user)


def _theirs(tx: Tx, act: Act, one: Pairing) -> Theirs | None:
    device = tx.devices.get(act.tenant.id, one.device_id)
    if device is None:
        return None
    seen_at = tx.devices.last(act.tenant.id, one.id).seen_at
    return Theirs(
        pairing=one, device=device, seen_at=seen_at, silent=devices.silent(seen_at, act.now),
        proves_from=devices.proves_from(one), locked=device_codes.locked(tx, act, one),
    )  # fmt: skip


async def proofs(parts: Parts, staff: Staff, user_id: str) -> Sequence[Proof]:
    """What a user has shown to whoever looks, and still counts."""

    def step(tx: Tx) -> Sequence[Proof]:
        act = _act(parts, staff)
        user, me = _find(tx, act, user_id), staff.user
        if user is None or me is None:
            return []
        every = tx.devices.challenges_of(act.tenant.id, user.id, _MOST)
        mine = (one for one in every if one.subject == me.id)
        found = (presence.proof(one, user, act.now) for one in mine)
        return [one for one in found if one is not None]

    return await parts.store.read(step)


async def look(parts: Parts, staff: Staff, challenge_id: str) -> Asked | NotFound:
    """How a question stands, for whoever asked it. That nobody answered is recorded when it is
    first seen.
    """
    found = await parts.store.read(lambda tx: _look(tx, _act(parts, staff), staff, challenge_id))
    if isinstance(found, Asked) and found.one.ended is Ended.EXPIRED:
        await parts.store.write(lambda tx: _note_end(tx, _act(parts, staff), found.one))
    return found


def _look(tx: Tx, act: Act, staff: Staff, challenge_id: str) -> Asked | NotFound:
    one = tx.devices.challenge(act.tenant.id, challenge_id) if is_id(challenge_id) else None
    if one is None or staff.user is None or one.subject != staff.user.id:
        return NotFound()
    user = tx.users.get(act.tenant.id, one.user_id)
    pairing = tx.devices.pairing(act.tenant.id, one.pairing_id)
    of = _theirs(tx, act, pairing) if pairing is not None else None
    if user is None or of is None:
        return NotFound()
    return Asked(presence.shown(one, act.now), user, of, presence.proof(one, user, act.now))


def _note_end(tx: Tx, act: Act, seen: Challenge) -> None:
    """Store an end that only the clock has brought, once."""
    user = tx.users.lock(act.tenant.id, seen.user_id)
    stored = tx.devices.challenge(act.tenant.id, seen.id)
    if user is None or stored is None or stored.state is not State.WAITING:
        return
    tx.devices.save_challenge(seen)
    _failed(tx, act, user, seen)


def _failed(tx: Tx, act: Act, user: User, one: Challenge) -> None:
    facts = {"challenge": one.id, "method": str(one.method), "why": str(one.ended)}
    record(tx, act, Event.PRESENCE_FAILED, user, facts)
    if one.ended is Ended.EXPIRED:
        casework.came(tx, act, one.id, Outcome.NO_ANSWER, act.now)


# -- asking


async def start(
    parts: Parts, staff: Staff, user_id: str, pairing_id: str, method: Method, case: str = ""
) -> Asked | NotNow | Often | Locked | NotAllowed | NotFound | NotYours:
    """Ask whoever stands at a device of this user.

    Args:
        staff: as authorised at this request; a command on the host speaks with no caller.
        case: reference of the case that it is for, which is theirs: what the device shows is a
            proof in it. "" for none.
    """

    def step(tx: Tx) -> Asked | NotNow | Often | Locked | NotAllowed | NotFound | NotYours:
        act = _act(parts, staff)
        user = _find(tx, act, user_id, hold=True)
        pairing = tx.devices.pairing(act.tenant.id, pairing_id) if is_id(pairing_id) else None
        if user is None or pairing is None or pairing.user_id != user.id:
            return NotFound()
        held = casework.theirs(tx, act, staff, case, user) if case else None
        if isinstance(held, casework.NotFound):
            return NotFound()
        if isinstance(held, NotYours):
            return held
        why = hindrance(staff, Action.VERIFY, user, views.highest_rank(tx, user))
        if staff.user is None or why is not None:
            return NotAllowed(why or Why.NO_ROLE)
        if held is not None and held.standing.spent and method is Method.CODE:
            return NotNow(No.SPENT, None)
        wanted = (method, staff.user.id, held.case.ref if held else "")
        asked = _ask(tx, act, user, pairing, wanted)
        if isinstance(asked, Asked) and held is not None:
            until = {"until": asked.one.expires_at}
            casework.asked(tx, act, held, METHODS[method], asked.one.id, until)
        return asked

    return await parts.store.write(step)


def _find(tx: Tx, act: Act, user_id: str, *, hold: bool = False) -> User | None:
    """A user of this tenant; never its decoy."""
    take = tx.users.lock if hold else tx.users.get
    real = is_id(user_id) and user_id != act.tenant.id
    return take(act.tenant.id, user_id) if real else None


def _ask(
    tx: Tx, act: Act, user: User, pairing: Pairing, wanted: tuple[Method, str, str]
) -> Asked | NotNow | Often | Locked | NotFound:
    """wanted: method, who asks, in which case."""
    method, subject, case = wanted
    no = presence.hindrance(pairing, user, act.now)
    if no is not None:
        return NotNow(no, devices.proves_from(pairing) if no is No.FRESH else None)
    history = tx.devices.challenges_of(act.tenant.id, user.id, ASKED)
    often = presence.often_until(history, act.now)
    shut = device_codes.locked(tx, act, pairing) if method is Method.CODE else None
    if often is not None or shut is not None:
        return shut or Often(often or 0)
    one = Challenge(
        id=act.id(), tenant_id=act.tenant.id, user_id=user.id, pairing_id=pairing.id,
        method=method, subject=subject, case=case, epoch=user.epoch, made_at=act.now,
        expires_at=act.now + presence.LIFE_MS,
    )  # fmt: skip
    for before in history:
        if before.state is State.WAITING:
            tx.devices.save_challenge(presence.over(presence.shown(before, act.now), Ended.NEWER))
    tx.devices.add_challenge(one)
    record(tx, act, Event.PRESENCE_ASKED, user, {"challenge": one.id, "method": str(method)})
    of = _theirs(tx, act, pairing)
    return NotFound() if of is None else Asked(one, user, of, None)


# -- a code that is read out


async def read_out(
    parts: Parts, staff: Staff, challenge_id: str, typed: str
) -> Given | Wrong | Locked | NotAllowed | NotFound:
    """The technician types what the caller reads from the device."""

    def step(tx: Tx) -> Given | Wrong | Locked | NotAllowed | NotFound:
        act = _act(parts, staff)
        why = hindrance(staff, Action.VERIFY, None, 0)
        if why is not None:
            return NotAllowed(why)
        found = _look(tx, act, staff, challenge_id)
        if isinstance(found, NotFound) or found.one.method is not Method.CODE:
            return NotFound()
        user = tx.users.lock(act.tenant.id, found.user.id)
        one = tx.devices.challenge(act.tenant.id, challenge_id)
        if user is None or one is None or presence.shown(one, act.now).state is not State.WAITING:
            return NotFound()
        return _entered(tx, act, user, found.of.pairing, one, typed)

    return await parts.store.write(step)


def _entered(
    tx: Tx, act: Act, user: User, pairing: Pairing, one: Challenge, typed: str
) -> Given | Wrong | Locked | NotFound:
    verdict = device_codes.enter(tx, act, pairing, typed)
    if not isinstance(verdict, Right):
        casework.came(tx, act, one.id, Outcome.WRONG, act.now)
    if isinstance(verdict, Wrong):
        return verdict
    if isinstance(verdict, Right):
        after, given = presence.answer(one, pairing, user, Method.CODE, act.now)
    else:
        after, given = presence.over(one, Ended.WRONG), False
    tx.devices.save_challenge(after)
    if given:
        facts = {"challenge": one.id, "method": str(one.method), "by": one.subject}
        record(tx, act, Event.PRESENCE_PROVED, user, facts)
        casework.came(tx, act, one.id, None, pairing.paired_at)
        return Given()
    _failed(tx, act, user, after)
    return verdict if isinstance(verdict, Locked) else NotFound()


# -- taking a device away


async def release(
    parts: Parts, staff: Staff, user_id: str, pairing_id: str
) -> Released | NotAllowed | NotFound:
    """A device is lost, sold or broken: it speaks for nobody, and whoever has it may set it up."""

    def step(tx: Tx) -> Released | NotAllowed | NotFound:
        act = _act(parts, staff)
        user = _find(tx, act, user_id, hold=True)
        pairing = tx.devices.pairing(act.tenant.id, pairing_id) if is_id(pairing_id) else None
        if user is None or pairing is None or pairing.user_id != user.id:
            return NotFound()
        why = hindrance(staff, Action.RELEASE_DEVICE, user, views.highest_rank(tx, user))
        if why is not None:
            return NotAllowed(why)
        ended = device_ends.end(tx, act, pairing.id, Held.RELEASED)
        return NotFound() if ended is None else Released(user.id)

    return await parts.store.write(step)
