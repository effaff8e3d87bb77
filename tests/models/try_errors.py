"""Errors for the explorer to find: rules, steps and a store that are wrong in one way each.

Those of the rules alone come from tests/unit/rules/test_lockout_model.py, where they are tried
on a lane without transactions; here stand the ones that only transactions make possible.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from keyturn.ports.store import SeenLane
from keyturn.rules import lockout
from keyturn.rules.lockout import Lane, Locked, LockoutPolicy, Reserved, Wait
from keyturn.steps import lanes
from tests.models.tries import NAMES, Rules
from tests.models.twin import LaneTx
from tests.unit.rules import test_lockout_model as alone

# -- rules ----------------------------------------------------------------------------------


def _refused_tries_count(lane: Lane, now: int, name: str, policy: LockoutPolicy) -> Any:
    after, answer, notices = lockout.reserve(lane, now, name, policy)
    if isinstance(answer, Locked):
        after = replace(after, total=after.total + 1, closed=after.total + 1 >= policy.close_after)
    return after, answer, notices


def _limit_is_not_reached(lane: Lane, now: int, name: str, policy: LockoutPolicy) -> Any:
    """`>` for `>=`: only tries under way are counted, failures are not."""
    after, answer, notices = lockout.reserve(replace(lane, failed=0), now, name, policy)
    return replace(after, failed=after.failed or lane.failed), answer, notices


def _leases_end_a_moment_late(lane: Lane, now: int, policy: LockoutPolicy) -> Any:
    """`<` for `<=`."""
    held = tuple(replace(r, until=r.until + 1) for r in lane.reservations)
    after, notices = lockout.observe(replace(lane, reservations=held), now, policy)
    left = tuple(replace(r, until=r.until - 1) for r in after.reservations)
    return replace(after, reservations=left), notices


def _old_streaks_stay(lane: Lane, now: int, policy: LockoutPolicy) -> Any:
    return lockout.observe(lane, now, replace(policy, streak_ms=10**9))


def _lease_is_longer(lane: Lane, now: int, name: str, policy: LockoutPolicy) -> Any:
    return lockout.reserve(lane, now, name, replace(policy, lease_ms=policy.lease_ms + 1))


def _lock_is_longer(lane: Lane, now: int, held: str, right: bool, policy: LockoutPolicy) -> Any:
    return lockout.settle(lane, now, held, right, replace(policy, lock_ms=policy.lock_ms + 1))


def _wait_is_longer(lane: Lane, now: int, name: str, policy: LockoutPolicy) -> Any:
    after, answer, notices = lockout.reserve(lane, now, name, policy)
    return after, Wait(answer.at + 2) if isinstance(answer, Wait) else answer, notices


def _recovery_closes(lane: Lane, now: int, policy: LockoutPolicy) -> Any:
    lane, notices = lockout.recover(lane, now, policy)
    return replace(lane, closed=True), notices


def _interrupt_forgives(lane: Lane, now: int, policy: LockoutPolicy) -> Any:
    lane, notices = lockout.observe(lane, now, policy)
    return replace(lane, reservations=()), notices


def _interrupt_does_nothing(lane: Lane, now: int, policy: LockoutPolicy) -> Any:
    return lockout.observe(lane, now, policy)


def _closes_late(lane: Lane, now: int, held: str, right: bool, policy: LockoutPolicy) -> Any:
    return lockout.settle(lane, now, held, right, replace(policy, close_after=10**9))


RULES: dict[str, dict[str, Any]] = {
    "a refused try counts": {"reserve": _refused_tries_count},
    "failures are forgotten when a slot is given": {"reserve": _limit_is_not_reached},
    "leases end a moment late": {"observe": _leases_end_a_moment_late},
    "an old streak is not forgotten": {"observe": _old_streaks_stay},
    "a lease is a moment longer": {"reserve": _lease_is_longer},
    "a lock is a moment longer": {"settle": _lock_is_longer},
    "whoever waits is told to look too late": {"reserve": _wait_is_longer},
    "recovery closes the lane": {"recover": _recovery_closes},
    "a disabling forgets guesses under way": {"interrupt": _interrupt_forgives},
    "a disabling lets tries under way in": {"interrupt": _interrupt_does_nothing},
    "no number of failures closes the lane": {"settle": _closes_late},
}


def _rules() -> Any:
    """The rules that the steps see at this moment."""
    return vars(lanes)["lockout"]


# -- transactions ---------------------------------------------------------------------------


def _believed_slot(tx: Any, act: Any, seen: SeenLane, user: Any) -> Any:
    """That nothing was stored is not noticed when a slot is taken."""
    after, answer, _ = _rules().reserve(seen.lane, act.now, act.id())
    if not isinstance(answer, Reserved):
        return None
    kept = tx.lanes.swap(act.tenant.id, seen, after, None)
    return answer, kept or SeenLane(seen.key, after, seen.version)


def _believed_verdict(tx: Any, act: Any, seen: SeenLane, _user: Any, held: str, *, right: bool) -> Any:  # fmt: skip  # noqa: E501
    """That nothing was stored is not noticed when a slot is given back."""
    after, answer, notices = _rules().settle(seen.lane, act.now, held, right)
    if notices:
        return None
    tx.lanes.swap(act.tenant.id, seen, after, None)
    return answer


def _quick_notice_lost(tx: Any, act: Any, seen: SeenLane, _user: Any, held: str, *, right: bool) -> Any:  # fmt: skip  # noqa: E501
    """A lock begins in the quick way, where nobody tells of it."""
    after, answer, _ = _rules().settle(seen.lane, act.now, held, right)
    if isinstance(answer, lockout.Lapsed):
        return None
    return answer if tx.lanes.swap(act.tenant.id, seen, after, None) else None


def _swap_is_enough(tx: Any, act: Any, seen: SeenLane, _user: Any, held: str, *, right: bool) -> Any:  # fmt: skip  # noqa: E501
    """The comparison of versions at settling is forgotten: what was read is stored."""
    after, answer, notices = _rules().settle(seen.lane, act.now, held, right)
    if notices:
        return None
    tx.lanes.save(act.tenant.id, seen.key, after, None)
    return answer


def _slot_stored_blindly(tx: Any, act: Any, seen: SeenLane, _user: Any) -> Any:
    """The comparison of versions at reserving is forgotten."""
    after, answer, notices = _rules().reserve(seen.lane, act.now, act.id())
    if notices or not isinstance(answer, Reserved):
        return None
    tx.lanes.save(act.tenant.id, seen.key, after, None)
    return answer, SeenLane(seen.key, after, tx.version)


def _silent_sweep(tx: Any, act: Any, key: str, _user: Any) -> None:
    lane = tx.lanes.lock(act.tenant.id, key, act.now)
    tx.lanes.save(act.tenant.id, key, _rules().observe(lane, act.now)[0], None)


def _release_without_looking(tx: Any, act: Any, key: str, _user: Any, held: str) -> None:
    """As it was until the explorer found it: a lapsed slot is taken back, and a lock with it."""
    lane = tx.lanes.lock(act.tenant.id, key, act.now)
    tx.lanes.save(act.tenant.id, key, lockout.release(lane, held), None)


def _no_release(_tx: Any, _act: Any, _key: str, _user: Any, _held: str) -> None:
    """A try that was never compared keeps its slot, and counts when its lease is over."""


def _no_recovery(_tx: Any, _act: Any, _user: Any) -> None:
    """A new password leaves the lanes as they are."""


def _mailed_twice(tx: Any, act: Any, key: str, user: Any, notices: Any) -> None:
    for notice in notices:
        _announce(tx, act, key, user, (notice,))
        tx.messages.add(tx.written.messages[-1])


def _told_twice(tx: Any, act: Any, key: str, user: Any, notices: Any) -> None:
    _announce(tx, act, key, user, (*notices, *notices))


def _only_audited(tx: Any, act: Any, key: str, user: Any, notices: Any) -> None:
    _announce(tx, act, key, user, notices)
    tx.written.messages.clear()


def _nobody_is_not_told(tx: Any, act: Any, key: str, user: Any, notices: Any) -> None:
    """No mail is written for a name that nobody has: the absence shows in the outbox."""
    _announce(tx, act, key, user, notices)
    if user.id == act.tenant.id:
        tx.written.entries.clear()


def _settled_unsaved(tx: Any, act: Any, key: str, user: Any, held: str, *, right: bool) -> Any:
    lane = tx.lanes.lock(act.tenant.id, key, act.now)
    _, answer, notices = _rules().settle(lane, act.now, held, right)
    _announce(tx, act, key, user, notices)
    return answer


_announce = lanes._announce

STEPS: dict[str, dict[str, Any]] = {
    "a slot that was not stored is believed": {"reserve_seen": _believed_slot},
    "a verdict that was not stored is believed": {"settle_seen": _believed_verdict},
    "a lock begins where nobody tells of it": {"settle_seen": _quick_notice_lost},
    "a verdict is stored over what others stored": {"settle_seen": _swap_is_enough},
    "a slot is stored over what others stored": {"reserve_seen": _slot_stored_blindly},
    "the sweep tells nobody": {"sweep": _silent_sweep},
    "a lapsed slot is taken back": {"release": _release_without_looking},
    "a slot is not given back": {"release": _no_release},
    "recovery does not touch the lanes": {"recover": _no_recovery},
    "a notice is mailed twice": {"_announce": _mailed_twice},
    "a lock is told of twice": {"_announce": _told_twice},
    "a lock is audited and not mailed": {"_announce": _only_audited},
    "a verdict is not stored": {"settle": _settled_unsaved},
}

ABSENT: dict[str, dict[str, Any]] = {
    "a name that nobody has leaves no trace": {"_announce": _nobody_is_not_told}
}


class ForgetfulTx(LaneTx):
    """A store whose held way leaves the version as it was."""

    def save(self, tenant: str, key: str, lane: Lane, user: str | None) -> None:
        super().save(tenant, key, lane, user)
        self.version -= 1


class BlindTx(LaneTx):
    """A store that forgets to compare the version."""

    def swap(
        self, tenant: str, seen: SeenLane, lane: Lane, user: str | None, *, durable: bool = True
    ) -> SeenLane | None:
        seen = replace(seen, version=self.version)
        return super().swap(tenant, seen, lane, user, durable=durable)


STORES = {
    "the store compares no versions": BlindTx,
    "a held store leaves the version as it was": ForgetfulTx,
}


def _alone(rules: Any) -> Rules:
    """An error of tests/unit/rules as one of these."""
    named = {name: getattr(rules, name, None) for name in NAMES}
    return Rules({n: f for n, f in named.items() if f and f is not getattr(lockout, n)})


ERRORS: dict[str, Rules] = {
    **{name: _alone(rules) for name, rules in alone.MUTANTS.items()},
    **{name: Rules(rules) for name, rules in RULES.items()},
    **{name: Rules(steps=steps) for name, steps in STEPS.items()},
    **{name: Rules(store=store) for name, store in STORES.items()},
}
ABSENT_ERRORS = {name: Rules(steps=steps) for name, steps in ABSENT.items()}
