"""Errors around sessions, second steps and recoveries for the explorer to find."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from keyturn.flows import objection, recovery, signin
from keyturn.rules import sessions as rules
from keyturn.rules.accounts import UserState
from keyturn.steps import entrance, lanes, sessions
from tests.models import accounts
from tests.models.accounts import Rules

_alive, _start, _enter, _pending = (
    rules.alive, sessions.start, sessions.enter, entrance._second_pending,
)  # fmt: skip


def _no_epoch(tx: Any, act: Any, user: Any, _cause: str) -> Any:
    """The rows are ended; sessions that begin at this moment are not."""
    tx.users.save(user)
    tx.sessions.end(act.tenant.id, user.id, None)
    return user


def _epoch_not_saved(tx: Any, act: Any, user: Any, _cause: str) -> Any:
    tx.sessions.end(act.tenant.id, user.id, None)
    return replace(user, epoch=user.epoch + 1)


def _alive_whatever_the_epoch(session: Any, user: Any, *times: int) -> bool:
    return _alive(replace(session, epoch=user.epoch), user, *times)


def _alive_at_another_epoch(session: Any, user: Any, *times: int) -> bool:
    """`>=` for `==`, the wrong way round."""
    older = session.epoch <= user.epoch
    return _alive(replace(session, epoch=user.epoch), user, *times) and older


def _started_with_todays_epoch(tx: Any, act: Any, user: Any, *rest: Any) -> str:
    return _start(tx, act, tx.users.get(act.tenant.id, user.id), *rest)


def _pending_with_todays_epoch(tx: Any, act: Any, user: Any, *rest: Any) -> Any:
    return _pending(tx, act, tx.users.get(act.tenant.id, user.id), *rest)


def _never(*_happened: object) -> bool:
    return False


def _only_the_state(_flow: Any, user: Any) -> bool:
    return user.state is not UserState.ACTIVE


def _everything(tx: Any, act: Any, user: Any) -> None:
    for key in tx.lanes.of_user(act.tenant.id, user.id):
        lanes.reopen(tx, act, key, user)


def _nothing(*_happened: object) -> None:
    """What should have been done is forgotten."""


def _straight_in(tx: Any, act: Any, user: Any, *_rest: Any) -> Any:
    """The second step is forgotten where one is enrolled."""
    return _enter(tx, act, user, None, level=1, trusted=False)


def _kept(_tx: Any, _act: Any, user: Any, _cause: str) -> Any:
    return user


def _everywhere(part: Any) -> tuple[tuple[object, str, Any], ...]:
    """`end_all` as every room sees it."""
    return ((sessions, "end_all", part), (accounts, "end_all", part))


#: without a second step, and with one. That a disabled account's session is dead shows twice, in
#: the state and in the epoch: an error in one of them alone changes nothing.
PLAIN: dict[str, Rules] = {
    "the epoch stays when sessions end": Rules(_everywhere(_no_epoch)),
    "a session lives on whatever ended it": Rules(((rules, "alive", _alive_whatever_the_epoch),)),
    "a session of an older epoch lives": Rules(((rules, "alive", _alive_at_another_epoch),)),
    "the next epoch is not stored": Rules(_everywhere(_epoch_not_saved)),
    "an overtaken try begins a session of today": Rules(
        ((sessions, "start", _started_with_todays_epoch),)
    ),
    "a recovery overtaken sets its password": Rules(((recovery, "_overtaken", _never),)),
    "a recovery overtaken by another sets its password": Rules(
        ((recovery, "_overtaken", _only_the_state),)
    ),
    "a disabling or an objection lets tries under way in": Rules(
        ((lanes, "interrupt", _nothing),)
    ),
    "a recovery forgives guesses at the second step": Rules(((lanes, "recover", _everything),)),
    "a recovery lets tries under way in": Rules(((lanes, "recover", _nothing),)),
    "an objection ends no session": Rules(
        ((objection, "sessions", SimpleNamespace(end_all=_kept)),)
    ),
}  # fmt: skip
SECOND: dict[str, Rules] = {
    "a second step that was overtaken lets in": Rules(((signin, "_overtaken", _never),)),
    "a second step outlives a new password": Rules(((signin, "_overtaken", _only_the_state),)),
    "a second step that waits is of today": Rules(
        ((entrance, "_second_pending", _pending_with_todays_epoch),)
    ),
    "the password alone lets in": Rules(((entrance, "_second_pending", _straight_in),)),
}
