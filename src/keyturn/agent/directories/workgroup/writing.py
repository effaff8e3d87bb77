"""One change: one call, sent once."""

from __future__ import annotations

from keyturn.agent.directories.workgroup.line import Line
from keyturn.agent.directories.workgroup.machine import Machine
from keyturn.agent.directories.workgroup.records import Setting, User
from keyturn.agent.directories.workgroup.samr import USER_SET, Said
from keyturn.agent.ports import Change, NotFound, Refused
from keyturn.rules.directories.answers import Refusal
from keyturn.rules.directories.protected import protected
from keyturn.rules.directories.workgroup import EXPIRED, LOCKED, judged, millis, refusal

#: what PasswordLastSet resolves on Samba; two sets within it would have one stamp
_TICK_MS = 1_000
#: a clock that is further behind the last set than this does not come back by waiting
_BEHIND_MS = 2_000


def make(line: Line, machine: Machine, rid: int, change: Change) -> None:
    """Raises Refused, NotFound, Said, and what the line and the client raise; whether it may have
    been made then is known to the line.
    """
    if change == Change():
        raise Refused(Refusal("malformed"))
    user = _allowed(machine, rid, change.password)
    setting = _setting(user, change)
    if setting is None:
        return
    handle = _opened(machine, rid)
    if change.password is not None:
        _outlast(line, machine, user)
    line.sending()
    try:
        machine.sam.set_user(handle, setting)
    except Said as said:
        raise _refused(rid, said) from None


def _allowed(machine: Machine, rid: int, password: str | None) -> User:
    """Read, just before, whether it may be set at all; what the look showed may be old."""
    seen = machine.seen(rid)
    if seen is None:
        raise NotFound(str(rid))
    if why := protected(seen.standing):
        raise Refused(Refusal("protected", {"why": why}))
    if password is not None:
        policy = machine.policy()
        # Samba would take any: what cannot be held to a policy is not sent
        if policy is None:
            raise Refused(Refusal("policy", {}, "the machine's policy cannot be read"))
        if complaint := judged(policy, password, seen.user.name, seen.user.display):
            raise Refused(complaint)
    return seen.user


def _setting(user: User, change: Change) -> Setting | None:
    """None: it is so already."""
    locked = bool(user.flags & LOCKED)
    flags = user.flags & ~(LOCKED | EXPIRED) if change.unlock and locked else None
    if change.password is None and flags is None and not change.must_change:
        return None
    return Setting(change.password, flags, change.must_change)


def _opened(machine: Machine, rid: int) -> bytes:
    try:
        handle = machine.open(rid, USER_SET)
    except Said as said:
        raise _refused(rid, said) from None
    if handle is None:
        raise NotFound(str(rid))
    return handle


def _refused(rid: int, said: Said) -> Exception:
    refused = refusal(said.status)
    return NotFound(str(rid)) if refused.reason == "gone" else Refused(refused)


def _outlast(line: Line, machine: Machine, user: User) -> None:
    """Until what is set now has another moment than what was set last."""
    last = millis(user.last_set)
    if last is None:
        return
    gap = last + _TICK_MS - machine.clock_ms()
    if gap > _BEHIND_MS:
        raise Refused(Refusal("busy", {}, f"the machine's clock is {gap} ms behind the last set"))
    if gap > 0:
        line.wait(gap / 1000)
