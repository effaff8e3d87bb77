"""What can be seen of the account itself: its state, its lanes, its second steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from keyturn.ports.store import Tx
from keyturn.rules import lockout
from keyturn.rules.accounts import Client, FactorKind, Passkey, User
from keyturn.rules.circular import is_circular
from keyturn.rules.diagnosis import Blind
from keyturn.rules.lockout import Lane
from keyturn.steps import clients, lanes
from keyturn.steps.acts import Act
from keyturn.steps.evidence.here import locked_until
from keyturn.steps.evidence.page import Page

#: how much of a name must fit, and how many accounts that fit are counted
SIMILAR_LETTERS = 4
SIMILAR_MOST = 10
_LEAST = 3


def account(page: Page, tx: Tx, act: Act, user: User, *, here: bool) -> None:
    """State, password, known clients, lanes, second steps."""
    page.note(
        "account.", exists=True, state=str(user.state), frozen_at=user.frozen_at,
        staff=bool(tx.roles.of_user(user.id)),
        circular=is_circular(user.email, act.tenant.policy.directory_domains),
    )  # fmt: skip
    page.note("password.", exists=user.password_hash is not None, set_at=user.password_set_at)
    known = tx.clients.of_user(act.tenant.id, user.id)
    page.note("clients.", known=len(known))
    mine = _mine(page, act, known) if here else None
    if not here:
        page.miss(Blind.NOT_LOOKED_AT, "this_client.known", "this_client.trusted")
    shared = tx.lanes.get(act.tenant.id, lanes.shared_key(act, user)) or Lane()
    _lanes(page, act, user, shared, tx.lanes.of_user(act.tenant.id, user.id), mine)
    factors = tx.factors.of_user(act.tenant.id, user.id)
    left = sum(f.kind is FactorKind.RECOVERY and f.used is None for f in factors)
    page.note("factors.", totp=any(f.kind is FactorKind.TOTP for f in factors), recovery_left=left)
    _passkeys(page, tx.passkeys.of_user(act.tenant.id, user.id))


def _passkeys(page: Page, kept: Sequence[Passkey]) -> None:
    copied = [passkey.cloned_at for passkey in kept if passkey.cloned_at is not None]
    page.note(
        "passkeys.", usable=len(kept) - len(copied), copied_at=max(copied) if copied else None
    )


def _mine(page: Page, act: Act, known: Sequence[Client]) -> Client | None:
    """The known client that asks."""
    found = (clients.recognised(act.caller, client) for client in known)
    mine = next((client for client in found if client is not None), None)
    page.note("this_client.", known=mine is not None, trusted=mine is not None and mine.trusted)
    return mine


def _lanes(
    page: Page, act: Act, user: User, shared: Lane, kept: Mapping[str, Lane], mine: Client | None
) -> None:
    own = "c:" + mine.id if mine else _locked_last(kept)
    for name, stored in (("unknown", shared), ("client", kept.get(own, Lane()))):
        lane = lockout.observe(stored, act.now)[0]
        page.note(f"lane.{name}.", failed=lane.failed, total=lane.total)
        _lock(page, name, lane, act.now)
    _lock(page, "second", kept.get(lanes.second_key(user), Lane()), act.now)


def _lock(page: Page, name: str, lane: Lane, now: int) -> None:
    closed = lockout.observe(lane, now)[0].closed
    page.note(f"lane.{name}.", locked_until=locked_until(lane, now), closed=closed)


def _locked_last(kept: Mapping[str, Lane]) -> str:
    """For staff: the known client whose lane was locked last."""
    own = [key for key in kept if key.startswith("c:")]
    return max(own, key=lambda key: kept[key].locked_until, default="")


def similar(tx: Tx, act: Act, typed: str) -> int:
    """How many accounts have a name, address or number like the one that nobody has."""
    part = typed.strip().split("@")[0][:SIMILAR_LETTERS]
    if len(part) < _LEAST:
        return 0
    return len(tx.users.search(act.tenant.id, part, None, None, SIMILAR_MOST).users)
