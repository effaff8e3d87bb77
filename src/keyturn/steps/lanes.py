"""Lanes: which one a try runs in, taking a slot, giving it back with its verdict."""

from __future__ import annotations

from keyturn.ports.store import Lookup, SeenLane, Tx, Wanted
from keyturn.rules import lockout
from keyturn.rules.accounts import Client, User, UserState
from keyturn.rules.budgets import LOCK_NOTICES, NETWORK, Budget
from keyturn.rules.callers import network_of
from keyturn.rules.events import Event
from keyturn.rules.identifiers import canonical
from keyturn.rules.lockout import HOUR, Failed, Lane, Lapsed, Locked, Notice, Passed, Reserved, Wait
from keyturn.steps.acts import Act, record
from keyturn.steps.clients import recognised
from keyturn.steps.outbox import mail_notice

#: refusals by one lock that leave a row in the audit trail; the rest are only counted,
#: so that hammering on a locked name cannot fill the disk
REFUSALS_KEPT = 20


def absent_key(act: Act, canonical: str) -> str:
    """The lane of a name that nobody has. Keyed, so that a stolen database holds no names."""
    return "a:" + act.parts.sealer.digest("lane", f"{act.tenant.id}|{canonical}")


def unknown_key(user: User) -> str:
    """The lane that all unknown clients of an account share."""
    return "u:" + user.id


def shared_key(act: Act, user: User) -> str:
    """The lane of unknown clients that try a user's own name; see `password_key`."""
    if user.state is UserState.UNVERIFIED:
        return absent_key(act, canonical(user.email) or "")
    return unknown_key(user)


def second_key(user: User) -> str:
    """The lane of guesses at an account's second step."""
    return "2:" + user.id


def password_key(act: Act, found: Lookup, client: Client | None, absent: str) -> str:
    """The lane of a password try: the known client's own, the account's, or the name's.

    A sign-up that was never confirmed counts in the name's, as before it and after another
    one has taken its place: a fresh lane with each would tell which names are free.
    """
    if not found.known or found.user.state is UserState.UNVERIFIED:
        return absent
    if client is None or act.tenant.policy.lockout_scope == "account":
        return unknown_key(found.user)
    return "c:" + client.id


def look(tx: Tx, act: Act, name: str) -> tuple[Lookup, Client | None, str]:
    """Whom a name belongs to, the known client this is, and the lane of its tries."""
    absent = absent_key(act, name)  # made for every name, so that each takes the same time
    found = tx.users.lookup(
        Wanted(
            tenant_id=act.tenant.id,
            canonical=name,
            clients=[offer.id for offer in act.caller.offers],
            network=network_of(act.caller.ip),
            absent=absent,
            own_lanes=act.tenant.policy.lockout_scope != "account",
        )
    )
    client = recognised(act.caller, found.client)
    return found, client, password_key(act, found, client, absent)


def lane_of(tx: Tx, act: Act, user: User) -> str:
    """The lane in which this caller's passwords for `user` are tried."""
    if act.tenant.policy.lockout_scope == "account":
        return shared_key(act, user)
    known = (recognised(act.caller, c) for c in tx.clients.of_user(act.tenant.id, user.id))
    client = next((c for c in known if c is not None), None)
    return shared_key(act, user) if client is None else "c:" + client.id


def reserve_seen(
    tx: Tx, act: Act, seen: SeenLane, user: User
) -> tuple[Reserved, SeenLane] | Locked | None:
    """Take a slot of a lane as it was read, in one statement, without holding it.

    None: somebody was faster, all slots are taken, or leases ran out: then `reserve`.

    The slot need not be on the disk before the comparison: nobody hears what that comes to
    before the verdict is, and with it all that was written earlier. If the database falls in
    between, the guess is forgotten and so is its answer.
    """
    after, answer, notices = lockout.reserve(seen.lane, act.now, act.id())
    if isinstance(answer, Locked) and not notices:
        _refused(tx, act, seen.key, user, answer)
        return answer
    if notices or not isinstance(answer, Reserved):
        return None
    swapped = tx.lanes.swap(act.tenant.id, seen, after, _owner(act, user), durable=False)
    return (answer, swapped) if swapped else None


def settle_seen(
    tx: Tx, act: Act, seen: SeenLane, user: User, held: str, *, right: bool
) -> Passed | Failed | None:
    """Give a slot back in one statement if the lane is still as it was; None: `settle`."""
    after, answer, notices = lockout.settle(seen.lane, act.now, held, right)
    if notices or isinstance(answer, Lapsed):
        return None
    return answer if tx.lanes.swap(act.tenant.id, seen, after, _owner(act, user)) else None


def _owner(act: Act, user: User) -> str | None:
    """Whose lane it is; the decoy of an absent name is nobody, and a sign-up that was never
    confirmed has none: it would go with the account.
    """
    nobody = user.id == act.tenant.id or user.state is UserState.UNVERIFIED
    return None if nobody else user.id


def reserve(tx: Tx, act: Act, key: str, user: User) -> Reserved | Locked | Wait:
    """Take a slot of the lane, see rules.lockout.reserve."""
    lane = tx.lanes.lock(act.tenant.id, key, act.now)
    after, answer, notices = lockout.reserve(lane, act.now, act.id())
    if after != lane:
        _save(tx, act, key, after, user)
    _announce(tx, act, key, user, notices)
    if isinstance(answer, Locked):
        _refused(tx, act, key, user, answer)
    return answer


def settle(
    tx: Tx, act: Act, key: str, user: User, held: str, *, right: bool
) -> Passed | Failed | Lapsed:
    """Give the slot back with its verdict, see rules.lockout.settle."""
    lane = tx.lanes.lock(act.tenant.id, key, act.now)
    after, answer, notices = lockout.settle(lane, act.now, held, right)
    _save(tx, act, key, after, user)
    _announce(tx, act, key, user, notices)
    return answer


def release(tx: Tx, act: Act, key: str, user: User, held: str) -> None:
    """Give the slot back unused: the try does not count, unless its lease has run out; then
    it has counted, and a lock that began by it stands.
    """
    lane = tx.lanes.lock(act.tenant.id, key, act.now)
    seen, notices = lockout.observe(lane, act.now)
    _save(tx, act, key, lockout.release(seen, held), user)
    _announce(tx, act, key, user, notices)


def sweep(tx: Tx, act: Act, key: str, user: User) -> None:
    """Count reservations whose holder died; their lock and its notice come now at the latest."""
    lane = tx.lanes.lock(act.tenant.id, key, act.now)
    after, notices = lockout.observe(lane, act.now)
    _save(tx, act, key, after, user)
    _announce(tx, act, key, user, notices)


def recover(tx: Tx, act: Act, user: User) -> None:
    """A new password was set: every lane opens again, running locks keep their end. Not
    that of the second step, which a new password says nothing about.
    """
    for key in tx.lanes.of_user(act.tenant.id, user.id):
        if not key.startswith("2:"):
            reopen(tx, act, key, user)


def reopen(tx: Tx, act: Act, key: str, user: User) -> None:
    """The owner is back for certain, see rules.lockout.recover."""
    lane = tx.lanes.lock(act.tenant.id, key, act.now)
    after, notices = lockout.recover(lane, act.now)
    _save(tx, act, key, after, user)
    _announce(tx, act, key, user, notices)


def interrupt(tx: Tx, act: Act, user: User) -> None:
    """Tries under way in every lane count as wrong: whoever is disabled or has objected must
    not find a browser made known by a password that was being compared at that moment.
    """
    for key, lane in tx.lanes.of_user(act.tenant.id, user.id).items():
        after, notices = lockout.interrupt(lane, act.now)
        _save(tx, act, key, after, user)
        _announce(tx, act, key, user, notices)


def unlock(tx: Tx, act: Act, user: User) -> int:
    """Staff open every lane of a user; returns how many were locked."""
    locked = 0
    for key, lane in tx.lanes.of_user(act.tenant.id, user.id).items():
        seen, _ = lockout.observe(lane, act.now)
        locked += seen.locked_until > act.now
        after, notices = lockout.unlock(lane, act.now)
        _save(tx, act, key, after, user)
        _announce(tx, act, key, user, notices)
    return locked


def _save(tx: Tx, act: Act, key: str, lane: Lane, user: User) -> None:
    tx.lanes.save(act.tenant.id, key, lane, _owner(act, user))


def _refused(tx: Tx, act: Act, key: str, user: User, locked: Locked) -> None:
    if tx.lanes.refused(act.tenant.id, key) <= REFUSALS_KEPT:
        facts = {"cause": "locked", "until": locked.until, "lane": key[0]}
        record(tx, act, Event.SIGNIN_REFUSED, user, facts)


def _announce(tx: Tx, act: Act, key: str, user: User, notices: tuple[Notice, ...]) -> None:
    """A lock began: an audit row, and one mail; from the fourth in a day on, one digest."""
    for notice in notices:
        facts = {"until": notice.until, "lane": key[0], "closed": notice.closed}
        record(tx, act, Event.SIGNIN_LOCKED, user, facts)
        spent = tx.budgets.spend(act.tenant.id, key, act.now, LOCK_NOTICES)
        values = {
            "since": notice.since,
            "until": notice.until,
            "client": act.caller.client_name,
            "ip": act.caller.ip,
            "attempts": lockout.DEFAULT.limit,
            "second": key.startswith("2:"),
        }
        if LOCK_NOTICES.allows(spent):
            mail_notice(tx, act, "lock_notice", user, values)
        elif spent.count == LOCK_NOTICES.limit + 1:
            end = spent.start + LOCK_NOTICES.window_ms
            mail_notice(tx, act, "lock_digest", user, {"since": spent.start}, run_at=end)


def network_budget(act: Act) -> Budget:
    """Failed tries of unknown clients from one network, over all names."""
    return Budget(NETWORK, act.parts.limits.network_failures, HOUR)


def spend_network(tx: Tx, act: Act) -> None:
    """One failure of an unknown client."""
    tx.budgets.spend(act.tenant.id, network_of(act.caller.ip), act.now, network_budget(act))
